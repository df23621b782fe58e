//! One step of the indexing: read a stretch of some rooms' logs, make documents, and write them if nobody else
//! has gone on from the same place.

use std::collections::HashSet;
use std::time::Duration;

use confab_domain::ports::Indexed;
use confab_domain::{Message, RoomId};
use sea_orm::{DatabaseTransaction, DbErr};
use serde_json::{Value as Json, json};

use super::documents::{self, Document};
use super::reading::{self, Stretch};
use crate::connect::Store;
use crate::dialect::{Dialect, Runner};
use crate::lists::{self, ListColumn};

/// SQLite has one writer, for whom the sends wait: short steps.
const SQLITE_EVENTS_MAX: i64 = 100;

type Run<'a> = Runner<'a, DatabaseTransaction>;

/// Indexes what comes next in these rooms.
///
/// Reading and the making of terms hold no lock. An edit in between makes the document old, but lies behind the
/// stretch: the room stays behind and the message comes up again.
pub(super) async fn index_rooms(
    store: &Store,
    room_ids: &[RoomId],
    events_max: i64,
) -> Result<Indexed, DbErr> {
    let events_max = match store.dialect() {
        Dialect::Postgres => events_max,
        Dialect::Sqlite => events_max.min(SQLITE_EVENTS_MAX),
    };
    let stretches = reading::stretches(store, room_ids, events_max).await?;
    if stretches.is_empty() {
        return Ok(Indexed::default());
    }
    let messages = reading::messages(store, &stretches).await?;
    let oldest_age = oldest_age(store, &stretches, &messages);
    let count = messages.len() as u64;
    let dialect = store.dialect();
    let made = tokio::task::spawn_blocking(move || {
        messages
            .iter()
            .map(|message| Document::of(dialect, message))
            .collect::<Vec<_>>()
    });
    let mut made = made
        .await
        .map_err(|error| DbErr::Custom(format!("the terms of a text could not be made: {error}")))?;

    let transaction = store.begin().await?;
    let run = store.within(&transaction);
    let mut unfinished = HashSet::new();
    for stretch in stretches.iter().filter(|stretch| stretch.is_gone) {
        if documents::drop_room(&run, stretch.room_id).await? {
            unfinished.insert(stretch.room_id);
        }
    }
    let moving: Vec<&Stretch> = stretches
        .iter()
        .filter(|stretch| !unfinished.contains(&stretch.room_id))
        .collect();
    let moved = move_on(&run, &moving).await?;
    made.retain(|document| moved.contains(&document.room_id()));
    if !made.is_empty() {
        documents::write(&run, &made).await?;
    }
    transaction.commit().await?;

    let is_behind = |stretch: &&Stretch| {
        unfinished.contains(&stretch.room_id)
            || !moved.contains(&stretch.room_id)
            || !stretch.is_gone && stretch.until_seq < stretch.last_seq
    };
    let seen: HashSet<RoomId> = stretches.iter().map(|stretch| stretch.room_id).collect();
    let mut behind: Vec<RoomId> = stretches
        .iter()
        .filter(is_behind)
        .map(|stretch| stretch.room_id)
        .collect();
    // Those for which no events were left may be behind as well.
    if stretches
        .iter()
        .map(|stretch| stretch.until_seq - stretch.after_seq)
        .sum::<i64>()
        >= events_max
    {
        behind.extend(room_ids.iter().filter(|room_id| !seen.contains(room_id)));
    }
    Ok(Indexed {
        messages: count,
        oldest_age,
        behind,
    })
}

/// Of messages that were never indexed, those made in their room's stretch.
fn oldest_age(store: &Store, stretches: &[Stretch], messages: &[Message]) -> Option<Duration> {
    let now = store.clock().now();
    let is_new = |message: &&Message| {
        stretches
            .iter()
            .any(|stretch| stretch.room_id == message.room_id && stretch.was_seq.unwrap_or(0) < message.seq)
    };
    messages
        .iter()
        .filter(is_new)
        .map(|message| now.since(message.created_at))
        .max()
}

/// Moves the rooms on, those that still stand where they were read; the others are somebody else's. In one
/// order, so that two who meet wait for each other only once.
async fn move_on(run: &Run<'_>, stretches: &[&Stretch]) -> Result<HashSet<RoomId>, DbErr> {
    let columns = [
        ListColumn::Id("room_id"),
        ListColumn::Integer("was_seq"),
        ListColumn::Integer("indexed_seq"),
        ListColumn::Integer("floor_seq"),
    ];
    let list = lists::table(run.dialect, "$1", &columns);
    let tuple = |stretch: &&&Stretch| -> Vec<Json> {
        let indexed_seq = if stretch.is_gone {
            stretch.last_seq
        } else {
            stretch.until_seq
        };
        vec![
            lists::id(stretch.room_id.0),
            json!(stretch.was_seq.unwrap_or(-1)),
            json!(indexed_seq),
            json!(stretch.floor_seq),
        ]
    };
    let argument = |is_new: bool| {
        let mut wanted: Vec<_> = stretches
            .iter()
            .filter(|stretch| stretch.was_seq.is_none() == is_new)
            .collect();
        wanted.sort_unstable_by_key(|stretch| stretch.room_id);
        lists::argument(wanted.iter().map(tuple))
    };
    let begin = format!(
        "INSERT INTO search_rooms (room_id, indexed_seq, floor_seq) \
         SELECT room_id, indexed_seq, floor_seq FROM {list} AS list WHERE true \
         ON CONFLICT (room_id) DO NOTHING RETURNING room_id"
    );
    let go_on = format!(
        "UPDATE search_rooms SET indexed_seq = list.indexed_seq, floor_seq = list.floor_seq FROM {list} AS list \
         WHERE search_rooms.room_id = list.room_id AND search_rooms.indexed_seq = list.was_seq \
         RETURNING search_rooms.room_id"
    );
    let mut moved = HashSet::new();
    for (sql, is_new) in [(begin, true), (go_on, false)] {
        for row in run.all(&sql, vec![argument(is_new)]).await? {
            moved.insert(row.id("room_id")?);
        }
    }
    Ok(moved)
}
