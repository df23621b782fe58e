//! Rooms and their local viewers: one lock a shard of rooms, encode once, bounded queues.
//!
//! **Under a room's lock, and only there, an event goes on, a viewer goes live, and a viewer is taken out**:
//! that is what makes joining free of holes and leaving free of leaks.

mod encoded;
mod order;
mod room;
mod subscriber;
#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};
use std::hash::BuildHasher;
use std::sync::Arc;

use confab_domain::ports::Signal;
use confab_domain::{ConnectionId, Event, Horizon, RoomId, UserId};
use foldhash::fast::FixedState;
use parking_lot::Mutex;

pub(crate) use encoded::{Encoded, replayed};
pub(crate) use room::{Delivered, word_of};
pub(crate) use subscriber::{Follow, Scope, Subscriber, Taken};

use crate::protocol::CloseCode;
use room::{Room, State, Subscription, unsubscribed};

/// Locks over all rooms; more only costs memory.
const SHARDS: usize = 256;

type Rooms = HashMap<RoomId, Room, FixedState>;

/// All rooms with local viewers, and all local connections.
#[derive(Debug)]
pub(crate) struct Hub {
    shards: Box<[Mutex<Rooms>]>,
    people: Mutex<HashMap<UserId, Vec<Arc<Subscriber>>, FixedState>>,
    hasher: FixedState,
    rooms_per_connection_max: usize,
}

/// What came of an attempt to go live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum GoLive {
    /// Every event after the one replayed last will come. `lacks` says that the node itself is behind.
    Live { lacks: bool },
    /// Events up to this `seq` exist already: read on.
    Behind(i64),
    /// The subscription is gone: it was ended meanwhile.
    Gone,
}

impl Hub {
    pub(crate) fn new(rooms_per_connection_max: usize) -> Self {
        Self {
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
            people: Mutex::default(),
            hasher: FixedState::default(),
            rooms_per_connection_max,
        }
    }

    fn shard(&self, room_id: RoomId) -> &Mutex<Rooms> {
        &self.shards[self.hasher.hash_one(room_id) as usize % SHARDS]
    }

    // Connections.

    /// Adds a connection; how many the person has here now.
    pub(crate) fn register(&self, subscriber: &Arc<Subscriber>) -> usize {
        let mut people = self.people.lock();
        let own = people.entry(subscriber.user_id).or_default();
        own.push(subscriber.clone());
        own.len()
    }

    /// Removes a connection with its subscriptions; the rooms in which it was its person's last here.
    pub(crate) fn unregister(&self, subscriber: &Arc<Subscriber>) -> Vec<RoomId> {
        let mut left = subscriber.rooms();
        left.retain(|room_id| self.detach(subscriber, *room_id, false));
        let mut people = self.people.lock();
        if let Some(own) = people.get_mut(&subscriber.user_id) {
            own.retain(|other| other.id != subscriber.id);
            if own.is_empty() {
                people.remove(&subscriber.user_id);
            }
        }
        left
    }

    /// A person's connections here, oldest first.
    pub(crate) fn connections_of(&self, user_id: UserId) -> Vec<Arc<Subscriber>> {
        self.people.lock().get(&user_id).cloned().unwrap_or_default()
    }

    /// All connections here.
    pub(crate) fn connections(&self) -> Vec<Arc<Subscriber>> {
        self.people.lock().values().flatten().cloned().collect()
    }

    /// People with connections here.
    pub(crate) fn user_ids(&self) -> Vec<UserId> {
        self.people.lock().keys().copied().collect()
    }

    pub(crate) fn has_user(&self, user_id: UserId) -> bool {
        self.people.lock().contains_key(&user_id)
    }

    // Joining and leaving.

    /// Begins (or begins anew) to follow a room, pending: what happens there from now on is noted. False when
    /// the connection follows as many rooms as it may.
    pub(crate) fn begin(&self, subscriber: &Arc<Subscriber>, room_id: RoomId) -> bool {
        let mut rooms = self.shard(room_id).lock();
        if !subscriber.add_room(room_id, self.rooms_per_connection_max) {
            return false;
        }
        let subscription = Subscription {
            subscriber: subscriber.clone(),
            state: State::Pending,
        };
        rooms
            .entry(room_id)
            .or_default()
            .viewers
            .insert(subscriber.id, subscription);
        true
    }

    /// Goes live after everything up to `replayed_seq` was handed over, read in a snapshot in which the person
    /// was a member with this horizon.
    pub(crate) fn go_live(
        &self,
        subscriber: &Subscriber,
        room_id: RoomId,
        replayed_seq: i64,
        horizon: Horizon,
    ) -> GoLive {
        let mut rooms = self.shard(room_id).lock();
        let Some(room) = rooms.get_mut(&room_id) else {
            return GoLive::Gone;
        };
        let Some(viewer) = room.viewers.get_mut(&subscriber.id) else {
            return GoLive::Gone;
        };
        let known = room.order.position().unwrap_or_else(|| room.order.heard());
        if replayed_seq < known {
            return GoLive::Behind(known);
        }
        viewer.state = State::Live {
            after_seq: replayed_seq,
            horizon,
        };
        match room.order.position() {
            None => room.order.place(replayed_seq),
            Some(_) => room.order.hear(replayed_seq),
        }
        GoLive::Live {
            lacks: room.order.is_behind(),
        }
    }

    /// Ends a subscription and forgets what waits of the room; whether the person follows it here no longer.
    pub(crate) fn end(&self, subscriber: &Subscriber, room_id: RoomId) -> bool {
        self.detach(subscriber, room_id, true)
    }

    fn detach(&self, subscriber: &Subscriber, room_id: RoomId, drop_queued: bool) -> bool {
        let mut rooms = self.shard(room_id).lock();
        subscriber.remove_room(room_id, drop_queued);
        let Some(room) = rooms.get_mut(&room_id) else {
            return false;
        };
        let was_there = room.viewers.remove(&subscriber.id).is_some();
        if room.viewers.is_empty() {
            rooms.remove(&room_id);
            return was_there;
        }
        drop(rooms);
        was_there && !self.is_followed_by(room_id, subscriber.user_id)
    }

    /// Takes a person out of a room whose `user_left` did not come, with `unsubscribed` as the last word.
    pub(crate) fn remove(&self, room_id: RoomId, user_id: UserId, reason: &'static str) -> Delivered {
        let mut done = Delivered::default();
        let own = self.connections_of(user_id);
        let mut rooms = self.shard(room_id).lock();
        let Some(room) = rooms.get_mut(&room_id) else {
            return done;
        };
        let farewell = unsubscribed(room_id, reason);
        for subscriber in own {
            // A pending one finds out by itself: its pages read the membership.
            if room
                .viewers
                .get(&subscriber.id)
                .is_some_and(|viewer| matches!(viewer.state, State::Live { .. }))
            {
                room.viewers.remove(&subscriber.id);
                subscriber.remove_room(room_id, true);
                subscriber.push([&farewell]);
                done.frames += 1;
                done.gone.push((subscriber, room_id));
            }
        }
        if room.viewers.is_empty() {
            rooms.remove(&room_id);
        }
        done
    }

    /// Takes everybody out of a room that is no more and whose `room_deleted` cannot be had.
    pub(crate) fn dissolve(&self, room_id: RoomId) -> Delivered {
        let mut done = Delivered::default();
        let mut rooms = self.shard(room_id).lock();
        let Some(room) = rooms.remove(&room_id) else {
            return done;
        };
        let farewell = unsubscribed(room_id, "room_deleted");
        for viewer in room.viewers.into_values() {
            viewer.subscriber.remove_room(room_id, true);
            viewer.subscriber.push([&farewell]);
            done.frames += 1;
            done.gone.push((viewer.subscriber, room_id));
        }
        done
    }

    /// The highest `seq` that a room served here is known to have; 0 for others.
    pub(crate) fn heard(&self, room_id: RoomId) -> i64 {
        let rooms = self.shard(room_id).lock();
        rooms.get(&room_id).map_or(0, |room| room.order.heard())
    }

    /// Where a room stands, when it is served here.
    pub(crate) fn position(&self, room_id: RoomId) -> Option<i64> {
        self.shard(room_id).lock().get(&room_id)?.order.position()
    }

    /// Whether a connection gets a room's events now: its person is known to belong there.
    pub(crate) fn is_live(&self, subscriber: &Subscriber, room_id: RoomId) -> bool {
        let rooms = self.shard(room_id).lock();
        let viewer = rooms
            .get(&room_id)
            .and_then(|room| room.viewers.get(&subscriber.id));
        viewer.is_some_and(|viewer| matches!(viewer.state, State::Live { .. }))
    }

    /// Whether any connection of a person follows a room here.
    pub(crate) fn is_followed_by(&self, room_id: RoomId, user_id: UserId) -> bool {
        self.connections_of(user_id)
            .iter()
            .any(|own| own.follows(room_id))
    }

    // Events.

    /// Takes events of one room as they were heard; whether the room now lacks some.
    pub(crate) fn offer(&self, room_id: RoomId, events: &[Arc<Event>], done: &mut Delivered) -> bool {
        let mut rooms = self.shard(room_id).lock();
        let Some(room) = rooms.get_mut(&room_id) else {
            return false;
        };
        let mut next = Vec::with_capacity(events.len());
        room.order.offer(events, &mut next);
        room.deliver(room_id, &next, false, done);
        let is_behind = room.order.is_behind();
        if room.viewers.is_empty() {
            rooms.remove(&room_id);
            return false;
        }
        is_behind
    }

    /// Takes a run that was read from the store; whether the room still lacks events. Where the log does not
    /// reach back far enough, viewers are told to begin anew.
    pub(crate) fn fill(
        &self,
        room_id: RoomId,
        events: &[Arc<Event>],
        head: i64,
        done: &mut Delivered,
    ) -> bool {
        let mut rooms = self.shard(room_id).lock();
        let Some(room) = rooms.get_mut(&room_id) else {
            return false;
        };
        let mut next = Vec::with_capacity(events.len());
        let filled = room.order.fill(events, &mut next);
        room.order.hear(head);
        let found_nothing =
            events.is_empty() && room.order.position().is_some_and(|position| head > position);
        if filled.is_err() || found_nothing {
            room.order.unplace();
            for viewer in room.viewers.values_mut() {
                viewer.state = State::Pending;
                viewer.subscriber.follow(Follow {
                    room_id,
                    reset: true,
                    after_seq: None,
                });
            }
            return false;
        }
        room.deliver(room_id, &next, true, done);
        let is_behind = room.order.is_behind();
        if room.viewers.is_empty() {
            rooms.remove(&room_id);
            return false;
        }
        is_behind
    }

    /// Notes that a room's log reaches `seq`; whether the room lacks events.
    pub(crate) fn hear(&self, room_id: RoomId, seq: i64) -> bool {
        let mut rooms = self.shard(room_id).lock();
        rooms.get_mut(&room_id).is_some_and(|room| {
            room.order.hear(seq);
            room.order.is_behind()
        })
    }

    /// After which `seq` a room lacks events; none when it lacks none.
    pub(crate) fn lacks_after(&self, room_id: RoomId) -> Option<i64> {
        let rooms = self.shard(room_id).lock();
        let order = &rooms.get(&room_id)?.order;
        order.is_behind().then(|| order.position()).flatten()
    }

    /// Rooms served here and where they stand.
    pub(crate) fn positions(&self) -> Vec<(RoomId, i64)> {
        let mut positions = Vec::new();
        for shard in &self.shards {
            let rooms = shard.lock();
            positions.extend(
                rooms
                    .iter()
                    .filter_map(|(room_id, room)| Some((*room_id, room.order.position()?))),
            );
        }
        positions
    }

    /// Each person in each room served here, once.
    pub(crate) fn viewers(&self) -> Vec<(RoomId, Vec<UserId>)> {
        let mut viewers = Vec::new();
        for shard in &self.shards {
            for (room_id, room) in shard.lock().iter() {
                let people: HashSet<UserId, FixedState> = room
                    .viewers
                    .values()
                    .filter(|viewer| matches!(viewer.state, State::Live { .. }))
                    .map(|viewer| viewer.subscriber.user_id)
                    .collect();
                if !people.is_empty() {
                    viewers.push((*room_id, people.into_iter().collect()));
                }
            }
        }
        viewers
    }

    /// Rooms served here.
    pub(crate) fn room_count(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().len()).sum()
    }

    // Signals.

    /// Hands a signal to whom it concerns; how many frames were queued.
    pub(crate) fn signal(&self, signal: &Signal) -> u64 {
        match signal {
            Signal::Typing { room_id, user_id, .. } => {
                self.signal_room(*room_id, signal, |subscriber| subscriber.user_id != *user_id)
            }
            // Who does not share what they have read is not told of others' either.
            Signal::Read { room_id, user_id, .. } => self.signal_room(*room_id, signal, |subscriber| {
                subscriber.user_id == *user_id || subscriber.shares_read_marks()
            }),
            Signal::Delivered { room_id, .. } => self.signal_room(*room_id, signal, |_| true),
            Signal::Status {
                user_id, room_ids, ..
            }
            | Signal::Profile {
                user_id, room_ids, ..
            } => self.signal_presence(*user_id, room_ids, signal) + self.signal_own(*user_id, signal),
            Signal::Block { user_id, .. } | Signal::Conversation { user_id, .. } => {
                self.signal_own(*user_id, signal)
            }
            Signal::Presence {
                user_id, room_ids, ..
            } => self.signal_presence(*user_id, room_ids, signal),
            Signal::Replaced { .. } => 0,
        }
    }

    fn signal_room(&self, room_id: RoomId, signal: &Signal, is_meant: impl Fn(&Subscriber) -> bool) -> u64 {
        let rooms = self.shard(room_id).lock();
        let Some(room) = rooms.get(&room_id) else { return 0 };
        let Some(encoded) = Encoded::signal(signal) else {
            return 0;
        };
        let mut frames = 0;
        for viewer in room.viewers.values() {
            if matches!(viewer.state, State::Live { .. }) && is_meant(&viewer.subscriber) {
                viewer.subscriber.push([&encoded]);
                frames += 1;
            }
        }
        frames
    }

    /// To a person's own connections, whatever they follow.
    fn signal_own(&self, user_id: UserId, signal: &Signal) -> u64 {
        let own = self.connections_of(user_id);
        if own.is_empty() {
            return 0;
        }
        let Some(encoded) = Encoded::signal(signal) else {
            return 0;
        };
        for connection in &own {
            connection.push([&encoded]);
        }
        own.len() as u64
    }

    /// Once to each connection, however many rooms it shares with the person.
    fn signal_presence(&self, user_id: UserId, room_ids: &[RoomId], signal: &Signal) -> u64 {
        let mut told: HashSet<ConnectionId, FixedState> = HashSet::default();
        let mut encoded = None;
        for room_id in room_ids {
            let rooms = self.shard(*room_id).lock();
            let Some(room) = rooms.get(room_id) else { continue };
            for viewer in room.viewers.values() {
                let is_meant =
                    matches!(viewer.state, State::Live { .. }) && viewer.subscriber.user_id != user_id;
                if is_meant && told.insert(viewer.subscriber.id) {
                    if encoded.is_none() {
                        encoded = Encoded::signal(signal);
                    }
                    let Some(encoded) = &encoded else { return 0 };
                    viewer.subscriber.push([encoded]);
                }
            }
        }
        told.len() as u64
    }

    // Endings.

    /// Closes every connection, and forgets where rooms stand.
    pub(crate) fn close_all(&self, code: CloseCode) {
        for shard in &self.shards {
            for room in shard.lock().values_mut() {
                room.order = order::RoomOrder::default();
                for viewer in room.viewers.values_mut() {
                    viewer.state = State::Pending;
                }
            }
        }
        for subscriber in self.connections() {
            subscriber.close(code);
        }
    }
}
