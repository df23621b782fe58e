//! What connections ask for many rooms at once: seats, heads, memberships.

use confab_domain::ports::Seat;
use confab_domain::{Epoch, Member, Result, RoomId, RoomKind, UserId};
use sea_orm::DbErr;

use crate::change::are_apart;
use crate::connect::{Store, bounded};
use crate::error::from_db;
use crate::lists::{self, ListColumn};
use crate::pages::one_more;
use crate::rows::{self, HEAD, MEMBER, Row};

/// Most rooms that are asked for their presence.
const SMALL_ROOMS_MAX: i64 = 1_000;

/// Rooms a person belongs to, by last activity: the last message, or the joining where nothing was said yet.
pub(crate) async fn seats(store: &Store, user_id: UserId, limit: usize) -> Result<(Epoch, Vec<Seat>, bool)> {
    let sql = format!(
        "SELECT e.name AS epoch, x.* FROM epoch e LEFT JOIN (\
         SELECT r.kind, {HEAD}, {MEMBER}, COALESCE(h.last_message_at, m.joined_at) AS active_at \
         FROM members m JOIN room_heads h ON h.room_id = m.room_id JOIN rooms r ON r.id = m.room_id \
         WHERE m.user_id = $1 AND m.left_at IS NULL AND r.deleted_at IS NULL \
         ORDER BY active_at DESC, m.room_id DESC LIMIT $2) AS x ON true \
         ORDER BY x.active_at DESC, x.m_room_id DESC"
    );
    let found = bounded(store.reader().all(&sql, vec![user_id.0.into(), one_more(limit)])).await?;
    let read = || {
        let epoch = epoch_of(&found)?;
        let seated = found.iter().filter_map(|row| seat(row).transpose());
        Ok((epoch, seated.collect::<Result<Vec<Seat>, DbErr>>()?))
    };
    let (epoch, mut seats) = read().map_err(from_db)?;
    let has_more = seats.len() > limit;
    seats.truncate(limit);
    Ok((epoch, seats, has_more))
}

fn seat(row: &Row) -> Result<Option<Seat>, DbErr> {
    let Some(member) = rows::member_or_none(row)? else {
        return Ok(None);
    };
    Ok(Some(Seat {
        kind: row.word("kind", RoomKind::parse)?,
        head: rows::head(row)?,
        member,
    }))
}

/// The rooms each person belongs to, by last activity, at most `limit` a person.
pub(crate) async fn current_rooms(
    store: &Store,
    user_ids: &[UserId],
    limit: usize,
) -> Result<Vec<(UserId, RoomId)>> {
    if user_ids.is_empty() {
        return Ok(Vec::new());
    }
    let sql = format!(
        "SELECT user_id, room_id FROM (SELECT m.user_id, m.room_id, list.ord, row_number() OVER \
         (PARTITION BY list.ord ORDER BY COALESCE(h.last_message_at, m.joined_at) DESC, m.room_id DESC) AS place \
         FROM {} AS list JOIN members m ON m.user_id = list.id AND m.left_at IS NULL \
         JOIN room_heads h ON h.room_id = m.room_id JOIN rooms r ON r.id = m.room_id AND r.deleted_at IS NULL) \
         AS placed WHERE place <= $2 ORDER BY ord, place",
        store.dialect().ids_table("$1")
    );
    let ids = store.dialect().ids(user_ids.iter().map(|user_id| user_id.0));
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let found = bounded(store.reader().all(&sql, vec![ids, limit.into()])).await?;
    let read = |row: &Row| Ok((row.id("user_id")?, row.id("room_id")?));
    found.iter().map(read).collect::<Result<_, _>>().map_err(from_db)
}

/// The epoch that stands in every row of an answer.
fn epoch_of(found: &[Row]) -> Result<Epoch, DbErr> {
    let first = found
        .first()
        .ok_or_else(|| DbErr::RecordNotFound("the epoch".into()))?;
    first.get::<String>("epoch").map(Epoch::new)
}

/// The latest `seq` of each room, deleted ones too: their last event is still to be told.
pub(crate) async fn heads(store: &Store, room_ids: &[RoomId]) -> Result<(Epoch, Vec<(RoomId, i64)>)> {
    let sql = format!(
        "SELECT e.name AS epoch, x.room_id, x.last_seq FROM epoch e LEFT JOIN (\
         SELECT h.room_id, h.last_seq FROM {} AS list JOIN room_heads h ON h.room_id = list.id) AS x ON true",
        store.dialect().ids_table("$1")
    );
    let ids = store.dialect().ids(room_ids.iter().map(|room_id| room_id.0));
    let found = bounded(store.reader().all(&sql, vec![ids])).await?;
    let read = || {
        let epoch = epoch_of(&found)?;
        let mut heads = Vec::with_capacity(found.len());
        for row in &found {
            if let Some(room_id) = row.id_or_none("room_id")? {
                heads.push((room_id, row.get("last_seq")?));
            }
        }
        Ok((epoch, heads))
    };
    read().map_err(from_db)
}

/// The current row of each pair, in order.
pub(crate) async fn memberships(store: &Store, pairs: &[(RoomId, UserId)]) -> Result<Vec<Option<Member>>> {
    if pairs.is_empty() {
        return Ok(Vec::new());
    }
    let columns = [ListColumn::Id("room_id"), ListColumn::Id("user_id")];
    let sql = format!(
        "SELECT {MEMBER} FROM {} AS list LEFT JOIN (members m JOIN rooms r ON r.id = m.room_id \
         AND r.deleted_at IS NULL) ON m.room_id = list.room_id AND m.user_id = list.user_id \
         AND m.left_at IS NULL ORDER BY list.ord",
        lists::table(store.dialect(), "$1", &columns)
    );
    let asked = pairs
        .iter()
        .map(|(room_id, user_id)| vec![lists::id(room_id.0), lists::id(user_id.0)]);
    let found = bounded(store.reader().all(&sql, vec![lists::argument(asked)])).await?;
    found
        .iter()
        .map(rows::member_or_none)
        .collect::<Result<_, _>>()
        .map_err(from_db)
}

/// Rooms of few members that a person belongs to, the newest first; not the direct ones in which one of the two
/// has blocked the other.
pub(crate) async fn small_rooms_of(store: &Store, user_id: UserId, members_max: i64) -> Result<Vec<RoomId>> {
    let sql = format!(
        "SELECT m.room_id FROM members m JOIN room_heads h ON h.room_id = m.room_id \
         JOIN rooms r ON r.id = m.room_id WHERE m.user_id = $1 AND m.left_at IS NULL \
         AND r.deleted_at IS NULL AND h.member_count <= $2 \
         AND NOT (r.kind = 'direct' AND {}) ORDER BY m.room_id DESC LIMIT $3",
        are_apart("r.direct_low", "r.direct_high")
    );
    let arguments = vec![user_id.0.into(), members_max.into(), SMALL_ROOMS_MAX.into()];
    let found = bounded(store.reader().all(&sql, arguments)).await?;
    found
        .iter()
        .map(|row| row.id("room_id"))
        .collect::<Result<_, _>>()
        .map_err(from_db)
}

/// Whether two people share a room now; a direct one does not count when one of them has blocked the other.
pub(crate) async fn share_a_room(store: &Store, one: UserId, other: UserId) -> Result<bool> {
    let sql = format!(
        "SELECT m.room_id FROM members m JOIN members o ON o.room_id = m.room_id AND o.user_id = $2 \
         AND o.left_at IS NULL JOIN rooms r ON r.id = m.room_id AND r.deleted_at IS NULL \
         WHERE m.user_id = $1 AND m.left_at IS NULL AND NOT (r.kind = 'direct' AND {}) LIMIT 1",
        are_apart("$1", "$2")
    );
    let found = bounded(store.reader().first(&sql, vec![one.0.into(), other.0.into()])).await?;
    Ok(found.is_some())
}
