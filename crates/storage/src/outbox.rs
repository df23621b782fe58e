//! The outbox: pending rows with the events they point at, settling, leases, and the trimming of the log.

pub(crate) mod leases;
mod moved;

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use confab_domain::ports::{Outbox, Pending, PendingEvent, PendingKey, PendingPage};
use confab_domain::{Epoch, Event, IncarnationId, Result, RoomId, RoomKind, Trace};
use sea_orm::DbErr;
use serde_json::Value as Json;

pub(crate) use self::moved::MovedHeads;
use crate::account_outbox::{self, AccountRow};
use crate::connect::{Store, bounded};
use crate::log::{self, Events, Run, Runs};
use crate::rows::{self, Row};

#[async_trait]
impl Outbox for Store {
    async fn hold_partitions(&self, owner: IncarnationId, lease: Duration) -> Result<Vec<u16>> {
        bounded(leases::hold(self, leases::OUTBOX, owner, lease)).await
    }

    async fn release_partitions(&self, owner: IncarnationId) -> Result<()> {
        bounded(leases::release(self, leases::OUTBOX, owner)).await
    }

    async fn pending(&self, partition: u16, limit: usize) -> Result<PendingPage> {
        bounded(pending(self, partition, limit)).await
    }

    async fn settle(&self, keys: &[PendingKey]) -> Result<()> {
        bounded(settle(self, keys)).await
    }

    async fn moved_heads(&self, partition: u16, since: Duration, limit: usize) -> Result<Vec<(RoomId, i64)>> {
        let room_ids = self.moved_heads().lately(partition, since, limit);
        if room_ids.is_empty() {
            return Ok(Vec::new());
        }
        let sql = format!(
            "SELECT h.room_id, h.last_seq FROM {} AS list JOIN room_heads h ON h.room_id = list.id ORDER BY list.ord",
            self.dialect().ids_table("$1")
        );
        bounded(async {
            let ids = self.dialect().ids(room_ids.iter().map(|id| id.0));
            let rows = self.reader().all(&sql, vec![ids]).await?;
            rows.iter()
                .map(|row| Ok((row.id("room_id")?, row.get("last_seq")?)))
                .collect()
        })
        .await
    }

    async fn trim_log(&self, keep: Duration, limit: usize) -> Result<u64> {
        bounded(trim_log(self, keep, limit)).await
    }
}

/// A row as it stands; the event of a room is read from the log.
struct OutboxRow {
    row_id: i64,
    room: Option<(RoomId, i64, RoomKind, Option<String>)>,
    /// Whether its event is a message's own, which `messages` tells.
    is_message: bool,
    account: AccountRow,
}

async fn pending(store: &Store, partition: u16, limit: usize) -> std::result::Result<PendingPage, DbErr> {
    let run = store.reader();
    let sql = format!(
        "SELECT e.name AS epoch, o.position, o.room_id, o.seq, o.occurred_at, o.user_id, o.event_id, o.event_type,
            o.facts, o.correlation_id, o.traceparent, r.kind, r.external_key, {}
         FROM epoch e
         LEFT JOIN (SELECT * FROM outbox WHERE partition_id = $1 ORDER BY position LIMIT $2) o ON true
         LEFT JOIN rooms r ON r.id = o.room_id LEFT JOIN users u ON u.id = o.user_id
         ORDER BY o.position",
        rows::USER
    );
    let arguments = vec![
        i64::from(partition).into(),
        i64::try_from(limit).unwrap_or(i64::MAX).into(),
    ];
    let found = run.all(&sql, arguments).await?;
    let epoch = found.first().map(|row| row.get::<String>("epoch")).transpose()?;
    let epoch = epoch.ok_or_else(|| DbErr::RecordNotFound("the epoch".into()))?;
    let mut pending_rows = Vec::with_capacity(found.len());
    for row in &found {
        // An empty outbox is one row that bears the epoch alone.
        if row.get::<Option<i64>>("position")?.is_some() {
            pending_rows.push(outbox_row(row)?);
        }
    }
    let found = pending_rows;
    // Read after the rows: each event was committed with its row. Most pages are messages alone.
    let (messages, others): (Vec<_>, Vec<_>) = found.iter().partition(|row| row.is_message);
    let mut events = Events::new();
    if let Some(runs) = Runs::of(run.dialect, &runs(messages)) {
        log::add_messages(&run, &runs, &mut events).await?;
    }
    if let Some(runs) = Runs::of(run.dialect, &runs(others)) {
        log::add_others(&run, &runs, &mut events).await?;
    }
    let now = store.clock().now();
    let oldest_waited = found
        .first()
        .map_or(Duration::ZERO, |row| now.since(row.account.occurred_at));
    let mut pending = Vec::with_capacity(found.len());
    let mut lost = Vec::new();
    for row in found {
        let key = PendingKey {
            partition,
            row_id: row.row_id,
        };
        let created_at = row.account.occurred_at;
        if let Some((room_id, seq, ..)) = &row.room {
            store.moved_heads().note(partition, *room_id, *seq);
        }
        match told(row, &events) {
            Some(event) => pending.push(Pending {
                key,
                created_at,
                event,
            }),
            None => lost.push(key),
        }
    }
    if !lost.is_empty() {
        // An event whose room was purged, or a kind that only a newer version knows how to tell: nobody
        // could ever publish it from here, and it must not stop what comes after it.
        tracing::error!(
            partition,
            rows = lost.len(),
            "outbox rows point at nothing and are dropped"
        );
        settle(store, &lost).await?;
    }
    Ok(PendingPage {
        epoch: Epoch::new(epoch),
        rows: pending,
        oldest_waited,
    })
}

fn outbox_row(row: &Row) -> std::result::Result<OutboxRow, DbErr> {
    let room_id: Option<RoomId> = row.id_or_none("room_id")?;
    let room = match (room_id, row.get::<Option<i64>>("seq")?) {
        (Some(room_id), Some(seq)) => {
            let kind = row
                .get::<Option<String>>("kind")?
                .as_deref()
                .and_then(RoomKind::parse);
            // A purged room has no events either, so its kind no longer matters.
            Some((
                room_id,
                seq,
                kind.unwrap_or(RoomKind::Private),
                row.get("external_key")?,
            ))
        }
        _ => None,
    };
    let event_type: String = row.get("event_type")?;
    Ok(OutboxRow {
        row_id: row.get("position")?,
        room,
        is_message: event_type == "message_created",
        account: AccountRow {
            event_id: row.id("event_id")?,
            event_type,
            facts: row.get::<Option<Json>>("facts")?.unwrap_or(Json::Null),
            user_id: row.id_or_none("user_id")?,
            user: rows::user_or_none(row)?,
            occurred_at: row.time("occurred_at")?,
            trace: Trace {
                correlation_id: row.get::<Option<String>>("correlation_id")?.map(Into::into),
                traceparent: row.get::<Option<String>>("traceparent")?.map(Into::into),
            },
        },
    })
}

/// The runs of the log that the rows point at.
fn runs(rows: Vec<&OutboxRow>) -> Vec<Run> {
    let mut places: BTreeMap<RoomId, Vec<i64>> = BTreeMap::new();
    for (room_id, seq, ..) in rows.into_iter().filter_map(|row| row.room.as_ref()) {
        places.entry(*room_id).or_default().push(*seq);
    }
    let mut runs: Vec<Run> = Vec::new();
    for (room_id, mut places) in places {
        places.sort_unstable();
        for seq in places {
            match runs.last_mut() {
                Some(run) if run.room_id == room_id && run.until_seq == seq - 1 => run.until_seq = seq,
                _ => runs.push(Run {
                    room_id,
                    after_seq: seq - 1,
                    until_seq: seq,
                }),
            }
        }
    }
    runs
}

fn told(row: OutboxRow, events: &Events) -> Option<PendingEvent> {
    let Some((room_id, seq, room_kind, external_key)) = row.room else {
        return account_outbox::pending_event(row.account);
    };
    let event = events.get(&room_id)?.get(&seq)?;
    let event = Event {
        trace: row.account.trace,
        ..event.as_ref().clone()
    };
    Some(PendingEvent::Room {
        event: Box::new(event),
        room_kind,
        external_key,
    })
}

async fn settle(store: &Store, keys: &[PendingKey]) -> std::result::Result<(), DbErr> {
    let mut by_partition: BTreeMap<u16, Vec<i64>> = BTreeMap::new();
    for key in keys {
        by_partition.entry(key.partition).or_default().push(key.row_id);
    }
    let sql = format!(
        "DELETE FROM outbox WHERE partition_id = $2 AND position BETWEEN $3 AND $4 AND {}{}",
        store.dialect().is_among("position", "$1"),
        store.dialect().and_soon_durable()
    );
    for (partition, mut row_ids) in by_partition {
        // Two publishers that settle the same rows take them in the same order.
        row_ids.sort_unstable();
        let (Some(first), Some(last)) = (row_ids.first().copied(), row_ids.last().copied()) else {
            continue;
        };
        // The bounds keep the cost to what a page holds, whatever plan a long backlog has led to.
        let arguments = vec![
            store.dialect().integers(row_ids),
            i64::from(partition).into(),
            first.into(),
            last.into(),
        ];
        store.writer().execute(&sql, arguments).await?;
    }
    Ok(())
}

/// Removes the oldest events, room by room as a prefix, and notes on each head how far.
async fn trim_log(store: &Store, keep: Duration, limit: usize) -> std::result::Result<u64, DbErr> {
    let until = store.clock().now().minus(keep);
    let sql = "SELECT room_id, seq FROM events WHERE occurred_at < $1 ORDER BY occurred_at LIMIT $2";
    let arguments = vec![
        store.dialect().time(until),
        i64::try_from(limit).unwrap_or(i64::MAX).into(),
    ];
    let mut floors: BTreeMap<RoomId, i64> = BTreeMap::new();
    for row in store.reader().all(sql, arguments).await? {
        let floor = floors.entry(row.id("room_id")?).or_default();
        *floor = (*floor).max(row.get("seq")?);
    }
    let mut trimmed = 0;
    for (room_id, floor) in floors {
        let transaction = store.begin().await?;
        let run = store.within(&transaction);
        let lock = format!(
            "SELECT log_floor_seq FROM room_heads WHERE room_id = $1{}",
            run.dialect.for_update()
        );
        run.first(&lock, vec![room_id.0.into()]).await?;
        let pending = "SELECT min(seq) AS lowest FROM outbox WHERE partition_id = $2 AND room_id = $1";
        let partition = i64::from(confab_domain::ports::partition_of(room_id.0));
        let lowest = run
            .first(pending, vec![room_id.0.into(), partition.into()])
            .await?;
        let lowest: Option<i64> = lowest.map(|row| row.get("lowest")).transpose()?.flatten();
        let floor = lowest.map_or(floor, |pending| floor.min(pending - 1));
        let arguments = || vec![room_id.0.into(), floor.into()];
        run.execute(
            "UPDATE room_heads SET log_floor_seq = $2 WHERE room_id = $1 AND log_floor_seq < $2",
            arguments(),
        )
        .await?;
        trimmed += run
            .execute("DELETE FROM events WHERE room_id = $1 AND seq <= $2", arguments())
            .await?;
        transaction.commit().await?;
    }
    Ok(trimmed)
}
