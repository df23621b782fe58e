//! The one place that reports arrivals, departures and heartbeats, in the order they happened.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use confab_domain::ports::{LiveConnection, NodePresence, RoomPresence};
use confab_domain::{ConnectionId, RoomId, UserId};
use foldhash::fast::FixedState;
use parking_lot::Mutex;
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};

use super::announce::Announcer;
use crate::hub::Subscriber;
use crate::measures;
use crate::shared::Shared;

/// Reports that wait; more are dropped, and the next heartbeat tells what they said.
const WAITING_MAX: usize = 16_384;
/// Longest wait for an answer of the short memory.
pub(super) const PRESENCE_TIMEOUT: Duration = Duration::from_secs(1);
/// How often graces are looked at.
const GRACE_TICK: Duration = Duration::from_millis(250);
/// How long a counted room is not counted again.
const COUNT_KEPT: Duration = Duration::from_secs(2);
/// Longest wait for a count; without it the local one is told.
const COUNT_TIMEOUT: Duration = Duration::from_millis(100);
/// Counted rooms that are kept.
const COUNTS_MAX: usize = 10_000;
/// Where more are active, one more or less is not looked for.
const COUNTED_NAMES_MAX: usize = 50;

/// What happened.
pub(super) enum Report {
    Arrived(Arc<Subscriber>),
    Departed {
        connection_id: ConnectionId,
        user_id: UserId,
    },
    Changed(Arc<Subscriber>),
    Active {
        user_id: UserId,
        room_ids: Vec<RoomId>,
        active: bool,
    },
}

/// Takes reports of sessions; never makes them wait.
pub(crate) struct Desk {
    sender: mpsc::Sender<Report>,
    receiver: Mutex<Option<mpsc::Receiver<Report>>>,
    counts: Mutex<HashMap<RoomId, Counted, FixedState>>,
}

impl Default for Desk {
    fn default() -> Self {
        let (sender, receiver) = mpsc::channel(WAITING_MAX);
        Self {
            sender,
            receiver: Mutex::new(Some(receiver)),
            counts: Mutex::default(),
        }
    }
}

/// Who was active in a room a moment ago.
#[derive(Debug)]
struct Counted {
    count: u64,
    /// All of them, or the first [`COUNTED_NAMES_MAX`].
    user_ids: Vec<UserId>,
    at: Instant,
}

impl Counted {
    /// How many they are with this person.
    fn with(&mut self, user_id: UserId) -> u64 {
        let are_all_named =
            self.user_ids.len() as u64 == self.count && self.user_ids.len() < COUNTED_NAMES_MAX;
        if are_all_named && !self.user_ids.contains(&user_id) {
            self.user_ids.push(user_id);
            self.count += 1;
        }
        self.count.max(1)
    }
}

impl Desk {
    /// A connection was opened.
    pub(crate) fn arrived(&self, subscriber: &Arc<Subscriber>) {
        self.report(Report::Arrived(subscriber.clone()));
    }

    /// A connection was closed; in these rooms it was its person's last here.
    pub(crate) fn departed(&self, subscriber: &Subscriber, left: Vec<RoomId>) {
        self.left_rooms(subscriber.user_id, left);
        self.report(Report::Departed {
            connection_id: subscriber.id,
            user_id: subscriber.user_id,
        });
    }

    /// A connection says something else of its person.
    pub(crate) fn changed(&self, subscriber: &Arc<Subscriber>) {
        self.report(Report::Changed(subscriber.clone()));
    }

    /// A person is active in rooms.
    pub(crate) fn entered_rooms(&self, user_id: UserId, room_ids: Vec<RoomId>) {
        self.report(Report::Active {
            user_id,
            room_ids,
            active: true,
        });
    }

    /// A person is no longer active in rooms.
    pub(crate) fn left_rooms(&self, user_id: UserId, room_ids: Vec<RoomId>) {
        if !room_ids.is_empty() {
            self.report(Report::Active {
                user_id,
                room_ids,
                active: false,
            });
        }
    }

    fn report(&self, report: Report) {
        if self.sender.try_send(report).is_err() {
            measures::presence_dropped();
        }
    }

    /// How many people are active in a room, with the one who asks, of whom nobody may know yet; kept for a moment.
    pub(crate) async fn present_count(&self, shared: &Shared, room_id: RoomId, user_id: UserId) -> u64 {
        let now = Instant::now();
        if let Some(counted) = self.counts.lock().get_mut(&room_id)
            && now.duration_since(counted.at) < COUNT_KEPT
        {
            return counted.with(user_id);
        }
        let presence = &shared.ports.presence;
        let counting = presence.room(room_id, COUNTED_NAMES_MAX, shared.ports.clock.now());
        let mut counted = match timeout(COUNT_TIMEOUT, counting).await {
            Ok(Ok(RoomPresence { count, user_ids })) => Counted {
                count,
                user_ids,
                at: now,
            },
            _ => return 1,
        };
        let count = counted.with(user_id);
        let mut counts = self.counts.lock();
        if counts.len() >= COUNTS_MAX {
            counts.clear();
        }
        counts.insert(room_id, counted);
        count
    }

    /// Works on reports and keeps the heartbeat for as long as the gateway runs.
    pub(crate) async fn run(&self, shared: &Shared) {
        let Some(mut receiver) = self.receiver.lock().take() else {
            return;
        };
        let mut announcer = Announcer::default();
        let mut heartbeat = interval(shared.settings.presence_interval);
        heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut graces = interval(GRACE_TICK);
        graces.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                report = receiver.recv() => match report {
                    Some(report) => announcer.take(shared, report).await,
                    None => return,
                },
                _ = heartbeat.tick() => {
                    beat(shared).await;
                    announcer.sweep(shared).await;
                }
                _ = graces.tick() => announcer.end_graces(shared).await,
            }
        }
    }
}

pub(super) fn live_connection(subscriber: &Subscriber) -> LiveConnection {
    LiveConnection {
        connection_id: subscriber.id,
        user_id: subscriber.user_id,
        opened_at: subscriber.opened_at,
        status: subscriber.status(),
    }
}

async fn beat(shared: &Shared) {
    let state = NodePresence {
        connections: shared
            .hub
            .connections()
            .iter()
            .map(|subscriber| live_connection(subscriber))
            .collect(),
        active: shared.hub.viewers(),
    };
    measures::rooms_served(shared.hub.room_count());
    let beating = shared
        .ports
        .presence
        .heartbeat(shared.node, &state, shared.ports.clock.now());
    match timeout(PRESENCE_TIMEOUT * 5, beating).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::warn!(%error, "presence was not renewed"),
        Err(_) => tracing::warn!("presence was not renewed in time"),
    }
}
