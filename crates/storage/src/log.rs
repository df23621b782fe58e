//! The log of rooms: the union of `messages` (each its own `message_created`) and `events`, by `seq`.
//!
//! A log has no holes, so a run of it is a range of `seq` in both tables, and many runs of many rooms are one
//! statement each. What an event tells of (its message, room or person) is joined as it is now: a message
//! that was deleted since is a tombstone wherever it appears.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use confab_domain::ports::{LogPage, LogRequest};
use confab_domain::{
    Epoch, Event, EventBody, Member, Result, Room, RoomHead, RoomId, RoomKind, Timestamp, Trace, UserId,
};
use sea_orm::{ConnectionTrait, DbErr};

use crate::connect::{Store, bounded};
use crate::dialect::{Dialect, Runner};
use crate::facts::{self, Told};
use crate::lists::{self, ListColumn};
use crate::rows::{self, HEAD, MEMBER, ROOM, Row, USER};

/// Runs of logs with memberships, heads and epoch, all in one snapshot.
pub(crate) async fn log(store: &Store, requests: &[LogRequest]) -> Result<Vec<LogPage>> {
    if requests.is_empty() {
        return Ok(Vec::new());
    }
    bounded(store.doubt().repeated(|| pages(store, requests))).await
}

async fn pages(store: &Store, requests: &[LogRequest]) -> Result<Vec<LogPage>, DbErr> {
    let transaction = store.begin_snapshot().await?;
    let run = store.within(&transaction);
    let fronts = fronts(&run, requests).await?;
    let runs: Vec<Run> = requests
        .iter()
        .zip(&fronts)
        .filter_map(|(request, front)| wanted(request, front))
        .collect();
    let events = events(&run, &runs).await?;
    transaction.commit().await?;
    Ok(requests
        .iter()
        .zip(fronts)
        .map(|(request, front)| page(request, front, &events))
        .collect())
}

/// A run of a room's log: all events with `after_seq < seq <= until_seq`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Run {
    pub(crate) room_id: RoomId,
    pub(crate) after_seq: i64,
    pub(crate) until_seq: i64,
}

/// Events by room and `seq`.
pub(crate) type Events = HashMap<RoomId, BTreeMap<i64, Arc<Event>>>;

/// All of a page but its events.
struct Front {
    epoch: Epoch,
    /// None when there is no such room.
    room: Option<FrontRoom>,
    membership: Option<Member>,
}

struct FrontRoom {
    kind: RoomKind,
    is_active: bool,
    is_deleted: bool,
    head: RoomHead,
}

impl Front {
    /// The head, when the reader of this request may be given events at all: of a deleted room only the
    /// system hears, so that it can pass on the last event.
    fn readable(&self, request: &LogRequest) -> Option<&RoomHead> {
        let room = self.room.as_ref()?;
        (!room.is_deleted || request.viewer.is_none()).then_some(&room.head)
    }
}

/// One front for each request, in order.
async fn fronts<C: ConnectionTrait>(
    run: &Runner<'_, C>,
    requests: &[LogRequest],
) -> Result<Vec<Front>, DbErr> {
    let sql = format!(
        "SELECT e.name AS epoch, h.room_id AS h_room_id, r.kind, r.is_active, r.deleted_at, {HEAD}, {MEMBER} \
         FROM {} AS list CROSS JOIN epoch e LEFT JOIN room_heads h ON h.room_id = list.room_id \
         LEFT JOIN rooms r ON r.id = list.room_id \
         LEFT JOIN members m ON m.room_id = list.room_id AND m.user_id = list.user_id ORDER BY list.ord",
        lists::table(
            run.dialect,
            "$1",
            &[ListColumn::Id("room_id"), ListColumn::Id("user_id")]
        )
    );
    let asked = requests.iter().map(|request| {
        vec![
            lists::id(request.room_id.0),
            request.viewer.map_or(serde_json::Value::Null, |v| lists::id(v.0)),
        ]
    });
    let found = run.all(&sql, vec![lists::argument(asked)]).await?;
    found.iter().map(front).collect()
}

fn front(row: &Row) -> Result<Front, DbErr> {
    let room = match row.id_or_none::<RoomId>("h_room_id")? {
        None => None,
        Some(_) => Some(FrontRoom {
            kind: row.word("kind", RoomKind::parse)?,
            is_active: row.get("is_active")?,
            is_deleted: row.time_or_none("deleted_at")?.is_some(),
            head: rows::head(row)?,
        }),
    };
    Ok(Front {
        epoch: Epoch::new(row.get::<String>("epoch")?),
        room,
        membership: rows::member_or_none(row)?,
    })
}

/// What to read for a request: nothing below the floor, where the log is no longer whole.
fn wanted(request: &LogRequest, front: &Front) -> Option<Run> {
    let head = front.readable(request)?;
    if request.after_seq < head.log_floor_seq {
        return None;
    }
    let until_seq = end_of(request).min(head.last_seq);
    // The event the reader holds is read along, to be compared.
    let after_seq = if request.event_id.is_some() {
        request.after_seq - 1
    } else {
        request.after_seq
    };
    (after_seq < until_seq).then_some(Run {
        room_id: request.room_id,
        after_seq,
        until_seq,
    })
}

fn end_of(request: &LogRequest) -> i64 {
    request
        .after_seq
        .saturating_add(i64::try_from(request.limit).unwrap_or(i64::MAX))
}

fn page(request: &LogRequest, front: Front, events: &Events) -> LogPage {
    let readable = front
        .readable(request)
        .filter(|head| request.after_seq >= head.log_floor_seq)
        .copied();
    let room_events = events.get(&request.room_id).filter(|_| readable.is_some());
    let taken = room_events.map(|room_events| {
        // The runs of other requests for this room are in there too.
        let mine =
            request.after_seq.saturating_add(1)..=end_of(request).max(request.after_seq.saturating_add(1));
        room_events
            .range(mine)
            .take(request.limit)
            .map(|(_, event)| event.clone())
            .collect::<Vec<_>>()
    });
    let id_differs = request.event_id.is_some_and(|held| {
        let there = room_events.and_then(|room_events| room_events.get(&request.after_seq));
        match (there, readable) {
            (Some(event), _) => event.id != held,
            // Beyond the head there is no such event; at the floor it can no longer be told.
            (None, Some(head)) => request.after_seq > head.last_seq,
            (None, None) => false,
        }
    });
    let known = front.room.as_ref();
    LogPage {
        room_id: request.room_id,
        epoch: front.epoch,
        kind: known.filter(|room| !room.is_deleted).map(|room| room.kind),
        is_active: known.is_some_and(|room| room.is_active && !room.is_deleted),
        head: known.map_or(NO_HEAD, |room| room.head),
        membership: front.membership,
        events: taken.unwrap_or_default(),
        id_differs,
    }
}

const NO_HEAD: RoomHead = RoomHead {
    last_seq: 0,
    last_number: 0,
    last_message_at: None,
    member_count: 0,
    room_changed_seq: 0,
    log_floor_seq: 0,
};

/// The events of these runs as they are now. Runs may overlap.
pub(crate) async fn events<C: ConnectionTrait>(run: &Runner<'_, C>, runs: &[Run]) -> Result<Events, DbErr> {
    let mut events = Events::new();
    if let Some(runs) = Runs::of(run.dialect, runs) {
        add_messages(run, &runs, &mut events).await?;
        add_others(run, &runs, &mut events).await?;
    }
    Ok(events)
}

/// Runs as a statement takes them.
pub(crate) struct Runs {
    table: String,
    argument: sea_orm::Value,
}

impl Runs {
    /// None when there is no run, so that nothing is asked.
    pub(crate) fn of(dialect: Dialect, runs: &[Run]) -> Option<Self> {
        if runs.is_empty() {
            return None;
        }
        let columns = [
            ListColumn::Id("room_id"),
            ListColumn::Integer("after_seq"),
            ListColumn::Integer("until_seq"),
        ];
        let argument = lists::argument(merged(runs.to_vec()).iter().map(|run| {
            vec![
                lists::id(run.room_id.0),
                run.after_seq.into(),
                run.until_seq.into(),
            ]
        }));
        Some(Self {
            table: lists::table(dialect, "$1", &columns),
            argument,
        })
    }
}

/// Adds the `message_created` of these runs.
pub(crate) async fn add_messages<C: ConnectionTrait>(
    run: &Runner<'_, C>,
    runs: &Runs,
    events: &mut Events,
) -> Result<(), DbErr> {
    let sql = format!(
        "SELECT {} FROM {} AS list JOIN messages g ON g.room_id = list.room_id \
         AND g.seq > list.after_seq AND g.seq <= list.until_seq",
        rows::shown_message(run.dialect),
        runs.table
    );
    for row in run.all(&sql, vec![runs.argument.clone()]).await? {
        let message = rows::shown(&row)?;
        keep(
            events,
            Event {
                id: message.id.into(),
                room_id: message.room_id,
                seq: message.seq,
                occurred_at: message.created_at,
                actor_id: message.sender_id,
                body: EventBody::MessageCreated {
                    message: Box::new(message),
                },
                // Kept in the outbox only: in `messages` it would be a tenth of a row.
                trace: Trace::default(),
            },
        );
    }
    Ok(())
}

/// Adds all but the `message_created` of these runs.
pub(crate) async fn add_others<C: ConnectionTrait>(
    run: &Runner<'_, C>,
    runs: &Runs,
    events: &mut Events,
) -> Result<(), DbErr> {
    let sql = format!(
        "SELECT v.seq, v.occurred_at, v.room_id, v.id, v.actor_id, v.message_id, v.user_id, v.event_type, v.facts, \
         v.correlation_id, v.traceparent, {}, {USER} FROM {} AS list JOIN events v ON v.room_id = list.room_id \
         AND v.seq > list.after_seq AND v.seq <= list.until_seq \
         LEFT JOIN messages g ON g.id = v.message_id AND v.event_type = 'message_updated' \
         LEFT JOIN users u ON u.id = v.user_id AND v.event_type = 'user_joined'",
        rows::shown_message(run.dialect),
        runs.table
    );
    let found = run.all(&sql, vec![runs.argument.clone()]).await?;
    let rooms = rooms_told_of(run, &found).await?;
    for row in &found {
        keep(events, event(row, &rooms)?);
    }
    Ok(())
}

fn keep(events: &mut Events, event: Event) {
    events
        .entry(event.room_id)
        .or_default()
        .insert(event.seq, Arc::new(event));
}

/// Runs of one room that touch become one, so that nothing is read twice.
fn merged(mut runs: Vec<Run>) -> Vec<Run> {
    runs.sort_unstable();
    let mut merged: Vec<Run> = Vec::with_capacity(runs.len());
    for run in runs {
        match merged.last_mut() {
            Some(last) if last.room_id == run.room_id && run.after_seq <= last.until_seq => {
                last.until_seq = last.until_seq.max(run.until_seq);
            }
            _ => merged.push(run),
        }
    }
    merged
}

/// The rooms that `room_created` and `room_updated` among these rows show, deleted ones too.
async fn rooms_told_of<C: ConnectionTrait>(
    run: &Runner<'_, C>,
    found: &[Row],
) -> Result<HashMap<RoomId, (Room, RoomHead)>, DbErr> {
    let mut room_ids = Vec::new();
    for row in found {
        if matches!(
            row.get::<String>("event_type")?.as_str(),
            "room_created" | "room_updated"
        ) {
            room_ids.push(row.id::<RoomId>("room_id")?);
        }
    }
    if room_ids.is_empty() {
        return Ok(HashMap::new());
    }
    room_ids.sort_unstable();
    room_ids.dedup();
    let sql = format!(
        "SELECT {ROOM}, {HEAD} FROM {} AS list JOIN rooms r ON r.id = list.id \
         JOIN room_heads h ON h.room_id = list.id",
        run.dialect.ids_table("$1")
    );
    let ids = run.dialect.ids(room_ids.iter().map(|room_id| room_id.0));
    let rooms = run.all(&sql, vec![ids]).await?;
    rooms
        .iter()
        .map(|row| {
            let room = rows::room(row)?;
            Ok((room.id, (room, rows::head(row)?)))
        })
        .collect()
}

fn event(row: &Row, rooms: &HashMap<RoomId, (Room, RoomHead)>) -> Result<Event, DbErr> {
    let room_id: RoomId = row.id("room_id")?;
    let occurred_at: Timestamp = row.time("occurred_at")?;
    let body = facts::body_of(Told {
        event_type: row.get("event_type")?,
        message_id: row.id_or_none("message_id")?,
        user_id: row.id_or_none::<UserId>("user_id")?,
        facts: row.get::<Option<serde_json::Value>>("facts")?.unwrap_or_default(),
        message: rows::shown_or_none(row)?,
        user: rows::user_or_none(row)?,
        room: rooms.get(&room_id).map(|(room, head)| (room, head)),
    });
    Ok(Event {
        id: row.id("id")?,
        room_id,
        seq: row.get("seq")?,
        occurred_at,
        actor_id: row.id("actor_id")?,
        body,
        trace: Trace {
            correlation_id: row.get::<Option<String>>("correlation_id")?.map(Into::into),
            traceparent: row.get::<Option<String>>("traceparent")?.map(Into::into),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_that_touch_are_read_once() {
        let (one, other) = (RoomId(uuid::Uuid::from_u128(1)), RoomId(uuid::Uuid::from_u128(2)));
        let run = |room_id, after_seq, until_seq| Run {
            room_id,
            after_seq,
            until_seq,
        };
        assert_eq!(
            merged(vec![
                run(one, 8, 9),
                run(other, 0, 5),
                run(one, 0, 5),
                run(one, 3, 7),
                run(one, 1, 2)
            ]),
            vec![run(one, 0, 7), run(one, 8, 9), run(other, 0, 5)]
        );
    }
}
