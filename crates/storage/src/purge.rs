//! What is left of rooms that were deleted, removed piece by piece once their events are out.

use confab_domain::ports::partition_of;
use confab_domain::{Result, RoomId, Timestamp};
use sea_orm::DbErr;

use crate::connect::{Store, bounded};
use crate::dialect::Dialect;

/// Rooms that one round looks at.
const ROOMS_AT_ONCE: i64 = 10;

/// What belongs to a room, with the key of each table.
const TABLES: [(&str, &str); 11] = [
    ("search_documents", "room_id, seq"),
    ("search_rooms", "room_id"),
    ("reactions", "room_id, message_id, emoji, user_id"),
    ("mentions", "room_id, user_id, number"),
    ("message_edits", "room_id, message_id, replaced_seq"),
    ("reports", "room_id, message_id, reporter_id"),
    ("messages", "room_id, seq"),
    ("events", "room_id, seq"),
    ("bans", "room_id, user_id"),
    ("invitations", "id"),
    ("members", "room_id, user_id"),
];

impl Store {
    /// Removes at most about `limit` rows of rooms that were deleted before `before` and have no event left in the
    /// outbox. How many; fewer than `limit` when nothing is left to be removed now. Several nodes may do so at
    /// once: a room that another one holds is left to it.
    pub async fn purge_deleted_rooms(&self, before: Timestamp, limit: usize) -> Result<u64> {
        let sql = "SELECT id FROM rooms WHERE deleted_at < $1 ORDER BY deleted_at, id LIMIT $2";
        let arguments = vec![self.dialect().time(before), ROOMS_AT_ONCE.into()];
        let rooms = bounded(self.reader().all(sql, arguments)).await?;
        let mut left = limit as u64;
        for row in rooms {
            let room_id: RoomId = row.id("id").map_err(crate::error::from_db)?;
            left = left.saturating_sub(bounded(purge_some(self, room_id, left)).await?);
            if left == 0 {
                break;
            }
        }
        Ok(limit as u64 - left)
    }
}

/// Removes at most `limit` rows of a room, and the room itself when nothing else is left.
async fn purge_some(store: &Store, room_id: RoomId, limit: u64) -> Result<u64, DbErr> {
    let transaction = store.begin().await?;
    let run = store.within(&transaction);
    let skip = match store.dialect() {
        Dialect::Postgres => " FOR UPDATE SKIP LOCKED",
        Dialect::Sqlite => "",
    };
    let id = || sea_orm::Value::from(room_id.0);
    let sql = format!("SELECT room_id FROM room_heads WHERE room_id = $1{skip}");
    if run.first(&sql, vec![id()]).await?.is_none() {
        return Ok(0);
    }
    // Its events must be out, and its files given up.
    let sql = "SELECT 1 AS found FROM outbox WHERE partition_id = $1 AND room_id = $2
               UNION ALL SELECT 1 FROM rooms_to_empty WHERE room_id = $2 LIMIT 1";
    // Sixteen partitions fit anywhere.
    let partition = partition_of(room_id.0) as i16;
    if run.first(sql, vec![partition.into(), id()]).await?.is_some() {
        return Ok(0);
    }
    let mut left = limit;
    for (table, key) in TABLES {
        let most = i64::try_from(left).unwrap_or(i64::MAX);
        if table == "search_documents" && store.dialect() == Dialect::Sqlite {
            // What is found by hangs on the document by its position alone.
            let sql = "DELETE FROM search_terms WHERE rowid IN (SELECT position FROM search_documents
                       WHERE room_id = $1 ORDER BY room_id, seq LIMIT $2)";
            run.execute(sql, vec![id(), most.into()]).await?;
        }
        let sql = format!(
            "DELETE FROM {table} WHERE ({key}) IN (SELECT {key} FROM {table} WHERE room_id = $1
             ORDER BY {key} LIMIT $2)"
        );
        left = left.saturating_sub(run.execute(&sql, vec![id(), most.into()]).await?);
        if left == 0 {
            transaction.commit().await?;
            return Ok(limit);
        }
    }
    for sql in [
        "DELETE FROM room_heads WHERE room_id = $1",
        "DELETE FROM rooms WHERE id = $1",
    ] {
        run.execute(sql, vec![id()]).await?;
    }
    transaction.commit().await?;
    Ok(limit - left)
}
