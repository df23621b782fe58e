//! Holes: rooms that lack events for longer than a moment are read from the store, many in one query.

use std::collections::HashMap;
use std::time::Duration;

use confab_domain::ports::{LogPage, LogRequest};
use confab_domain::{Error, Result, RoomId};
use foldhash::fast::FixedState;
use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until, timeout};

use crate::hub::Delivered;
use crate::measures;
use crate::shared::{STORE_TIMEOUT, Shared};

/// Rooms in one query.
const ROOMS_AT_ONCE: usize = 64;
/// Events of one room in one query.
const EVENTS_AT_ONCE: usize = 200;
/// How long to wait before reading again what could not be read.
const RETRY: Duration = Duration::from_millis(200);

/// Rooms that are to be looked at.
#[derive(Debug, Default)]
pub(crate) struct Healer {
    due: Mutex<HashMap<RoomId, Due, FixedState>>,
    wake: Notify,
}

#[derive(Clone, Copy, Debug)]
struct Due {
    at: Instant,
    /// Look even if the room knows of nothing it lacks.
    anyway: bool,
}

impl Healer {
    /// Looks at a room after `delay`, if it still lacks something then. An earlier look stands.
    pub(crate) fn note(&self, room_id: RoomId, delay: Duration) {
        self.put(room_id, delay, false);
    }

    /// Looks at a room now, whatever it knows.
    pub(crate) fn examine(&self, room_id: RoomId) {
        self.put(room_id, Duration::ZERO, true);
    }

    fn put(&self, room_id: RoomId, delay: Duration, anyway: bool) {
        let at = Instant::now() + delay;
        let mut due = self.due.lock();
        let entry = due.entry(room_id).or_insert(Due { at, anyway });
        entry.at = entry.at.min(at);
        entry.anyway |= anyway;
        drop(due);
        self.wake.notify_one();
    }

    /// Heals for as long as the gateway runs.
    pub(crate) async fn run(&self, shared: &Shared) {
        loop {
            let earliest = self.due.lock().values().map(|due| due.at).min();
            match earliest {
                None => self.wake.notified().await,
                Some(at) if at > Instant::now() => {
                    tokio::select! {
                        () = sleep_until(at) => {}
                        () = self.wake.notified() => {}
                    }
                }
                Some(_) => self.heal_due(shared).await,
            }
        }
    }

    async fn heal_due(&self, shared: &Shared) {
        let now = Instant::now();
        let mut rooms = Vec::new();
        self.due.lock().retain(|room_id, due| {
            let is_taken = due.at <= now && rooms.len() < ROOMS_AT_ONCE;
            if is_taken {
                rooms.push((*room_id, due.anyway));
            }
            !is_taken
        });
        let requests: Vec<LogRequest> = rooms
            .iter()
            .filter_map(|(room_id, anyway)| {
                let lacks = shared.hub.lacks_after(*room_id);
                let after_seq = if *anyway {
                    lacks.or_else(|| shared.hub.position(*room_id))
                } else {
                    lacks
                };
                Some(request(*room_id, after_seq?))
            })
            .collect();
        if requests.is_empty() {
            return;
        }
        match heal(shared, &requests).await {
            Ok(behind) => {
                for (room_id, after_seq) in behind {
                    // Whatever the store says, nobody is asked without pause for what it does not give.
                    let has_moved = shared.hub.position(room_id) != Some(after_seq);
                    self.note(room_id, if has_moved { Duration::ZERO } else { RETRY });
                }
            }
            Err(error) => {
                tracing::warn!(%error, rooms = requests.len(), "holes could not be read from the store");
                for request in &requests {
                    self.put(request.room_id, RETRY, true);
                }
            }
        }
    }
}

/// Reads one room up to its head now, in as many steps as it takes.
pub(super) async fn heal_room(shared: &Shared, room_id: RoomId) -> Result<()> {
    let mut read_after = None;
    while let Some(after_seq) = shared.hub.position(room_id) {
        let has_moved = read_after.replace(after_seq) != Some(after_seq);
        if !has_moved || heal(shared, &[request(room_id, after_seq)]).await?.is_empty() {
            break;
        }
    }
    Ok(())
}

fn request(room_id: RoomId, after_seq: i64) -> LogRequest {
    LogRequest {
        room_id,
        viewer: None,
        after_seq,
        limit: EVENTS_AT_ONCE,
        event_id: None,
    }
}

/// Reads and hands on; the rooms that still lack something, and after which `seq` they were read.
async fn heal(shared: &Shared, requests: &[LogRequest]) -> Result<Vec<(RoomId, i64)>> {
    // Taken before the query: what was heard by then is in the store, unless the store went back.
    let heard: Vec<i64> = requests
        .iter()
        .map(|request| shared.hub.heard(request.room_id))
        .collect();
    let pages = timeout(STORE_TIMEOUT, shared.ports.room_reads.log(requests))
        .await
        .unwrap_or(Err(Error::Unavailable("the store does not answer", None)))?;
    let mut behind = Vec::new();
    for ((request, page), heard) in requests.iter().zip(&pages).zip(heard) {
        if take_page(shared, request.room_id, page, heard) {
            behind.push((request.room_id, request.after_seq));
        }
    }
    Ok(behind)
}

fn take_page(shared: &Shared, room_id: RoomId, page: &LogPage, heard: i64) -> bool {
    let Some(life) = shared.epochs.hold(&page.epoch) else {
        return false;
    };
    if page.kind.is_none() && page.events.is_empty() {
        shared.after_delivery(shared.hub.dissolve(room_id));
        return false;
    }
    let head = page
        .events
        .last()
        .map_or(page.head.last_seq, |event| event.seq.max(page.head.last_seq));
    if head < heard {
        drop(life);
        shared.epochs.went_back();
        return false;
    }
    let mut done = Delivered::default();
    let is_behind = shared.hub.fill(room_id, &page.events, head, &mut done);
    if !page.events.is_empty() {
        measures::holes_healed(page.events.len() as u64);
        tracing::debug!(room.id = %room_id, events = page.events.len(), "read what the live feed lacked");
    }
    shared.after_delivery(done);
    is_behind
}
