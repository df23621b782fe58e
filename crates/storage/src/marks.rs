//! Read and delivered marks: state of a person, not of the room, so without event; they only move forward.

use confab_domain::ports::{Mark, Page, Receipt};
use confab_domain::{Error, Member, ReadToTheEnd, Result, RoomId, UserId};
use sea_orm::{ConnectionTrait, DbErr};
use uuid::Uuid;

use crate::change::is_peer_shut;
use crate::connect::{Store, bounded, bounded_domain};
use crate::dialect::{Dialect, Runner};
use crate::error::from_db;
use crate::lists::{self, ListColumn};
use crate::pages::{one_more, page};
use crate::rows::{self, MEMBER, Row};

/// Whether the member `m` marked the conversation unread and has since neither read nor said anything: either moves
/// the read mark.
pub(crate) const MARKED_UNREAD: &str =
    "(m.marked_unread_number IS NOT NULL AND m.marked_unread_number = m.last_read_number)";

#[derive(Clone, Copy)]
enum Kind {
    Read,
    Delivered,
}

/// Moves the read mark forward, never beyond the room's last number, and the delivered mark with it.
/// `NotFound` for who is not a member now.
pub(crate) async fn mark_read(store: &Store, room_id: RoomId, user_id: UserId, number: i64) -> Result<Mark> {
    mark(store, room_id, user_id, number, Kind::Read).await
}

/// Moves the delivered mark forward, likewise.
pub(crate) async fn mark_delivered(
    store: &Store,
    room_id: RoomId,
    user_id: UserId,
    number: i64,
) -> Result<Mark> {
    mark(store, room_id, user_id, number, Kind::Delivered).await
}

async fn mark(store: &Store, room_id: RoomId, user_id: UserId, number: i64, kind: Kind) -> Result<Mark> {
    bounded_domain(async {
        let stands = standing(&store.reader(), room_id, user_id).await?;
        let number = number.min(stands.last_number);
        let looks = matches!(kind, Kind::Read) && stands.is_marked_unread;
        if number <= current(&stands.member, kind) {
            let has_unmarked = looks && unmark(&store.writer(), room_id, user_id).await?;
            return Ok(Mark {
                has_unmarked,
                ..answer(&stands, kind, None)
            });
        }
        // The room's last number only grows, so what was read just now still bounds it.
        let sql = match kind {
            Kind::Read => {
                "UPDATE members SET last_read_number = $3, last_delivered_number = \
                 CASE WHEN last_delivered_number < $3 THEN $3 ELSE last_delivered_number END \
                 WHERE room_id = $1 AND user_id = $2 AND left_at IS NULL AND last_read_number < $3"
            }
            Kind::Delivered => {
                "UPDATE members SET last_delivered_number = $3 \
                 WHERE room_id = $1 AND user_id = $2 AND left_at IS NULL AND last_delivered_number < $3"
            }
        };
        let arguments = vec![room_id.0.into(), user_id.0.into(), number.into()];
        let has_moved = store.writer().execute(sql, arguments).await.map_err(from_db)? == 1;
        if has_moved {
            // A mark that has moved is no longer the one that was marked unread.
            return Ok(Mark {
                has_unmarked: looks,
                ..answer(&stands, kind, Some(number))
            });
        }
        // Overtaken: by a higher mark, or by the end of the membership.
        let stands = standing(&store.reader(), room_id, user_id).await?;
        Ok(answer(&stands, kind, None))
    })
    .await
}

/// Reads a person's conversations to their ends. Their rows are locked in the order in which all writers lock rows of
/// members, before the ends are read of which none moves back.
pub(crate) async fn mark_all_read(store: &Store, user_id: UserId, limit: usize) -> Result<Vec<ReadToTheEnd>> {
    let dialect = store.dialect();
    let locked = match dialect {
        Dialect::Postgres => "FOR UPDATE OF m",
        Dialect::Sqlite => "",
    };
    let is_unread = format!(
        "(h.last_number > m.last_read_number AND h.last_number >= m.visible_from_number OR {MARKED_UNREAD})"
    );
    let found_sql = format!(
        "SELECT {MEMBER}, h.last_number, u.shares_read_marks, {MARKED_UNREAD} AS is_marked_unread, \
         {is_peer_shut} AS is_peer_shut FROM members m JOIN room_heads h ON h.room_id = m.room_id \
         JOIN rooms r ON r.id = m.room_id JOIN users u ON u.id = m.user_id \
         WHERE m.user_id = $1 AND m.left_at IS NULL AND r.deleted_at IS NULL AND {is_unread} \
         ORDER BY m.room_id LIMIT $2 {locked}",
        is_peer_shut = is_peer_shut("$1")
    );
    let columns = [ListColumn::Id("room_id"), ListColumn::Integer("number")];
    let move_sql = format!(
        "UPDATE members SET last_read_number = list.number, marked_unread_number = NULL, last_delivered_number = \
         CASE WHEN last_delivered_number < list.number THEN list.number ELSE last_delivered_number END \
         FROM {} AS list WHERE members.room_id = list.room_id AND members.user_id = $2",
        lists::table(dialect, "$1", &columns)
    );
    bounded_domain(async {
        let transaction = store.begin().await.map_err(from_db)?;
        let run = store.within(&transaction);
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let found = run
            .all(&found_sql, vec![user_id.0.into(), limit.into()])
            .await
            .map_err(from_db)?;
        let mut read = Vec::with_capacity(found.len());
        let mut list = Vec::with_capacity(found.len());
        for row in &found {
            let stands = stands(row)?;
            let number = stands.last_number.max(stands.member.last_read_number);
            let has_moved = number > stands.member.last_read_number;
            list.push(vec![lists::id(stands.member.room_id.0), number.into()]);
            read.push(ReadToTheEnd {
                room_id: stands.member.room_id,
                mark: Mark {
                    has_unmarked: stands.is_marked_unread,
                    ..answer(&stands, Kind::Read, has_moved.then_some(number))
                },
                is_shown: !row
                    .get::<Option<bool>>("is_peer_shut")
                    .map_err(from_db)?
                    .unwrap_or(false),
            });
        }
        if !list.is_empty() {
            let arguments = vec![lists::argument(list), user_id.0.into()];
            run.execute(&move_sql, arguments).await.map_err(from_db)?;
        }
        transaction.commit().await.map_err(from_db)?;
        Ok(read)
    })
    .await
}

/// Ends that the person marked the conversation unread; whether this call did.
async fn unmark<C: ConnectionTrait>(run: &Runner<'_, C>, room_id: RoomId, user_id: UserId) -> Result<bool> {
    let sql = "UPDATE members SET marked_unread_number = NULL \
               WHERE room_id = $1 AND user_id = $2 AND marked_unread_number IS NOT NULL";
    let arguments = vec![room_id.0.into(), user_id.0.into()];
    Ok(run.execute(sql, arguments).await.map_err(from_db)? == 1)
}

/// What a mark is judged by.
struct Stands {
    member: Member,
    last_number: i64,
    /// Whether the person shares what they have read.
    is_sharing: bool,
    /// Whether they marked the conversation unread.
    is_marked_unread: bool,
}

/// The current membership and the room's last number.
async fn standing<C: ConnectionTrait>(
    run: &Runner<'_, C>,
    room_id: RoomId,
    user_id: UserId,
) -> Result<Stands> {
    let sql = format!(
        "SELECT {MEMBER}, h.last_number, u.shares_read_marks, {MARKED_UNREAD} AS is_marked_unread FROM members m \
         JOIN room_heads h ON h.room_id = m.room_id JOIN rooms r ON r.id = m.room_id \
         JOIN users u ON u.id = m.user_id \
         WHERE m.room_id = $1 AND m.user_id = $2 AND m.left_at IS NULL AND r.deleted_at IS NULL"
    );
    let row = run
        .first(&sql, vec![room_id.0.into(), user_id.0.into()])
        .await
        .map_err(from_db)?;
    stands(&row.ok_or(Error::NotFound)?)
}

fn stands(row: &Row) -> Result<Stands> {
    let read = || {
        Ok(Stands {
            member: rows::member(row)?,
            last_number: row.get("last_number")?,
            is_sharing: row.get("shares_read_marks")?,
            is_marked_unread: row.get("is_marked_unread")?,
        })
    };
    read().map_err(from_db)
}

const fn current(member: &Member, kind: Kind) -> i64 {
    match kind {
        Kind::Read => member.last_read_number,
        Kind::Delivered => member.last_delivered_number,
    }
}

/// Where the mark stands after it was moved to `moved`, or was not.
fn answer(stands: &Stands, kind: Kind, moved: Option<i64>) -> Mark {
    let was = &stands.member;
    let read = matches!(kind, Kind::Read).then_some(moved).flatten();
    let now = Member {
        last_read_number: read.unwrap_or(was.last_read_number),
        ..was.clone()
    };
    Mark {
        number: moved.unwrap_or_else(|| current(was, kind)),
        unread: now.unread(stands.last_number),
        has_moved: moved.is_some(),
        has_unmarked: false,
        // What is read was received.
        delivered: read.filter(|number| *number > was.last_delivered_number),
        is_shared: stands.is_sharing,
    }
}

/// Marks of current members.
pub(crate) async fn receipts(
    store: &Store,
    room_id: RoomId,
    viewer: UserId,
    after: Option<UserId>,
    limit: usize,
) -> Result<Page<Receipt, UserId>> {
    // Who does not share what they have read is not told of others' either.
    let sql = "SELECT m.user_id, m.last_delivered_number, CASE WHEN m.user_id = $4 OR (u.shares_read_marks AND \
               COALESCE((SELECT v.shares_read_marks FROM users v WHERE v.id = $4), FALSE)) \
               THEN m.last_read_number END AS last_read_number \
               FROM members m JOIN users u ON u.id = m.user_id \
               WHERE m.room_id = $1 AND m.user_id > $2 AND m.left_at IS NULL ORDER BY m.user_id LIMIT $3";
    let after = after.map_or(Uuid::nil(), |user_id| user_id.0);
    let arguments = vec![room_id.0.into(), after.into(), one_more(limit), viewer.0.into()];
    let found = bounded(store.reader().all(sql, arguments)).await?;
    page(&found, limit, receipt, |receipt| receipt.user_id)
}

fn receipt(row: &Row) -> Result<Receipt, DbErr> {
    Ok(Receipt {
        user_id: row.id("user_id")?,
        last_read_number: row.get("last_read_number")?,
        last_delivered_number: row.get("last_delivered_number")?,
    })
}
