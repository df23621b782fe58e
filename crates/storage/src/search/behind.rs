//! Which rooms have something that is not indexed: a cheap hint from the newest rows, and a walk over all heads.
//!
//! Not `outbox::moved`, which remembers what passed through a publisher's hands: whatever was indexed must be seen by
//! all indexers and outlive each of them, so the tables are asked, and they know only what is behind.

use std::collections::BTreeSet;

use confab_domain::ports::{RoomBehind, RoomsBehind};
use confab_domain::{RoomId, Timestamp};
use sea_orm::DbErr;
use uuid::Uuid;

use crate::connect::Store;
use crate::rows::Row;

/// Ids of messages begin with the moment they were minted, and the log is indexed by time, so that what is new
/// lies at the end of both indexes. Nothing has to be written by a send for it.
pub(super) async fn moved_lately(
    store: &Store,
    since: Timestamp,
    limit: usize,
) -> Result<Vec<RoomId>, DbErr> {
    let run = store.reader();
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let sql = behind_of("SELECT room_id FROM messages WHERE id > $1 ORDER BY id DESC LIMIT $2");
    let mut rows: Vec<Row> = run
        .all(&sql, vec![first_id_of(since).into(), limit.into()])
        .await?;
    let sql = behind_of(
        "SELECT room_id FROM events WHERE occurred_at > $1 \
         AND event_type IN ('message_updated', 'message_deleted', 'room_deleted') LIMIT $2",
    );
    rows.extend(run.all(&sql, vec![run.dialect.time(since), limit.into()]).await?);
    let rooms: BTreeSet<RoomId> = rows
        .iter()
        .map(|row| row.id("room_id"))
        .collect::<Result<_, _>>()?;
    Ok(rooms.into_iter().collect())
}

/// Of the rooms that a statement names, those that are behind.
fn behind_of(rooms: &str) -> String {
    format!(
        "SELECT moved.room_id FROM (SELECT DISTINCT room_id FROM ({rooms}) AS rows_moved) AS moved \
         JOIN room_heads h ON h.room_id = moved.room_id LEFT JOIN search_rooms s ON s.room_id = moved.room_id \
         WHERE h.last_seq > COALESCE(s.indexed_seq, 0)"
    )
}

/// The least UUIDv7 of a moment.
fn first_id_of(moment: Timestamp) -> Uuid {
    let ms = u64::try_from(moment.as_millis()).unwrap_or(0);
    Uuid::from_u64_pair(ms << 16, 0)
}

/// A stretch of the walk.
pub(super) async fn behind(store: &Store, after: Option<RoomId>, limit: usize) -> Result<RoomsBehind, DbErr> {
    let sql = "SELECT h.room_id, h.last_seq - COALESCE(s.indexed_seq, 0) AS events FROM \
               (SELECT room_id, last_seq FROM room_heads WHERE room_id > $1 ORDER BY room_id LIMIT $2) h \
               LEFT JOIN search_rooms s ON s.room_id = h.room_id ORDER BY h.room_id";
    let arguments = vec![
        after.map_or(Uuid::nil(), |room_id| room_id.0).into(),
        i64::try_from(limit).unwrap_or(i64::MAX).into(),
    ];
    let found = store.reader().all(sql, arguments).await?;
    let rooms: Vec<RoomBehind> = found
        .iter()
        .map(|row| {
            Ok(RoomBehind {
                room_id: row.id("room_id")?,
                events: row.get("events")?,
            })
        })
        .collect::<Result<_, DbErr>>()?;
    let next = if found.len() < limit {
        None
    } else {
        rooms.last().map(|room| room.room_id)
    };
    Ok(RoomsBehind {
        rooms: rooms.into_iter().filter(|room| room.events > 0).collect(),
        next,
    })
}
