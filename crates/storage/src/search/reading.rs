//! What is to be indexed: the next stretch of some rooms' logs, with the messages as they are now.

use std::collections::BTreeMap;

use confab_domain::{Message, RoomId};
use sea_orm::DbErr;
use serde_json::json;

use crate::connect::Store;
use crate::lists::{self, ListColumn};
use crate::rows::{self, MESSAGE};

/// A room and the stretch of its log that comes next.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stretch {
    pub(super) room_id: RoomId,
    /// What was indexed when this was read; none when the room is new to the index.
    pub(super) was_seq: Option<i64>,
    /// Indexed from after this `seq`.
    pub(super) after_seq: i64,
    /// Indexed up to this `seq`.
    pub(super) until_seq: i64,
    /// The head's.
    pub(super) last_seq: i64,
    pub(super) floor_seq: i64,
    /// Whether the room was deleted: its documents go.
    pub(super) is_gone: bool,
}

/// Where the rooms stand, with at most `events_max` events to index in all.
pub(super) async fn stretches(
    store: &Store,
    room_ids: &[RoomId],
    events_max: i64,
) -> Result<Vec<Stretch>, DbErr> {
    let run = store.reader();
    let sql = format!(
        "SELECT h.room_id, h.last_seq, h.log_floor_seq, s.indexed_seq, s.floor_seq, \
         r.deleted_at IS NOT NULL AS is_gone FROM {} AS list JOIN room_heads h ON h.room_id = list.id \
         JOIN rooms r ON r.id = h.room_id LEFT JOIN search_rooms s ON s.room_id = h.room_id \
         WHERE s.indexed_seq IS NULL OR s.indexed_seq < h.last_seq ORDER BY list.ord",
        run.dialect.ids_table("$1")
    );
    let ids = run.dialect.ids(room_ids.iter().map(|id| id.0));
    // No room takes it all while others wait.
    let share = if room_ids.len() > 1 {
        (events_max + 3) / 4
    } else {
        events_max
    };
    let mut left = events_max;
    let mut stretches = Vec::new();
    for row in run.all(&sql, vec![ids]).await? {
        let (last_seq, log_floor_seq): (i64, i64) = (row.get("last_seq")?, row.get("log_floor_seq")?);
        let (was_seq, begun_floor): (Option<i64>, Option<i64>) =
            (row.get("indexed_seq")?, row.get("floor_seq")?);
        let indexed_seq = was_seq.unwrap_or(0);
        let begun_floor = begun_floor.unwrap_or(log_floor_seq);
        // Trimmed beyond what was indexed, since the room was begun: an edit may be among what is gone. Every
        // message is read anew.
        let is_begun_anew = log_floor_seq > indexed_seq && log_floor_seq > begun_floor;
        let after_seq = if is_begun_anew { 0 } else { indexed_seq };
        let until_seq = last_seq.min(after_seq + left.min(share));
        if until_seq <= after_seq {
            break;
        }
        left -= until_seq - after_seq;
        stretches.push(Stretch {
            room_id: row.id("room_id")?,
            was_seq,
            after_seq,
            until_seq,
            last_seq,
            floor_seq: if is_begun_anew { log_floor_seq } else { begun_floor },
            is_gone: row.get("is_gone")?,
        });
    }
    Ok(stretches)
}

/// The messages that were made or changed there, as they are now, each once.
pub(super) async fn messages(store: &Store, stretches: &[Stretch]) -> Result<Vec<Message>, DbErr> {
    let run = store.reader();
    let columns = [
        ListColumn::Id("room_id"),
        ListColumn::Integer("after_seq"),
        ListColumn::Integer("until_seq"),
    ];
    let list = lists::table(run.dialect, "$1", &columns);
    let made = format!(
        "SELECT {MESSAGE} FROM {list} AS list JOIN messages g ON g.room_id = list.room_id \
         AND g.seq > list.after_seq AND g.seq <= list.until_seq"
    );
    let changed = format!(
        "SELECT {MESSAGE} FROM {list} AS list JOIN events e ON e.room_id = list.room_id \
         AND e.seq > list.after_seq AND e.seq <= list.until_seq \
         AND e.event_type IN ('message_updated', 'message_deleted') JOIN messages g ON g.id = e.message_id"
    );
    let argument = || {
        lists::argument(
            stretches
                .iter()
                .filter(|stretch| !stretch.is_gone)
                .map(|stretch| {
                    vec![
                        lists::id(stretch.room_id.0),
                        json!(stretch.after_seq),
                        json!(stretch.until_seq),
                    ]
                }),
        )
    };
    let mut found = BTreeMap::new();
    for sql in [made, changed] {
        for row in run.all(&sql, vec![argument()]).await? {
            let message = rows::message(&row)?;
            found.insert((message.room_id, message.seq), message);
        }
    }
    Ok(found.into_values().collect())
}
