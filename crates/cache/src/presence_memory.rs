//! Presence of one process: the embedded twin, and what a node answers from without Redis.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use async_trait::async_trait;
use confab_domain::ports::{LiveConnection, NodePresence, Presence, RoomPresence, UserPresence};
use confab_domain::{ConnectionId, IncarnationId, Result, RoomId, Timestamp, UserId};
use parking_lot::Mutex;

use crate::presence::{is_leased, merge};
use crate::settings::PresenceSettings;

type Map<K, V> = HashMap<K, V, foldhash::fast::RandomState>;

/// Presence in this process. Grows with its live connections only: what has no lease any more goes with the
/// next heartbeat or sweep.
pub struct MemoryPresence {
    settings: PresenceSettings,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    nodes: Map<IncarnationId, Timestamp>,
    connections: Map<UserId, Map<(IncarnationId, ConnectionId), Seen>>,
    active: Map<RoomId, Map<UserId, Timestamp>>,
}

struct Seen {
    connection: LiveConnection,
    at: Timestamp,
}

impl MemoryPresence {
    /// Nobody is there yet.
    pub fn new(settings: PresenceSettings) -> Self {
        Self {
            settings,
            state: Mutex::default(),
        }
    }

    /// Rooms in which somebody is active through this process, with these people. For the shared twin, which
    /// has to take them out of Redis when its node leaves.
    pub(crate) fn all_active(&self) -> Vec<(RoomId, Vec<UserId>)> {
        let state = self.state.lock();
        state
            .active
            .iter()
            .map(|(room_id, people)| (*room_id, people.keys().copied().collect()))
            .collect()
    }
}

impl State {
    fn note(&mut self, node: IncarnationId, connection: &LiveConnection, now: Timestamp) {
        let seen = Seen {
            connection: connection.clone(),
            at: now,
        };
        self.connections
            .entry(connection.user_id)
            .or_default()
            .insert((node, connection.connection_id), seen);
    }

    fn live(&self, user_id: UserId, settings: &PresenceSettings, now: Timestamp) -> UserPresence {
        let connections = self.connections.get(&user_id).into_iter().flatten();
        let live = connections.filter(|(_, seen)| is_leased(seen.at, settings.lease, now));
        merge(
            user_id,
            live.map(|((node, _), seen)| (*node, seen.connection.clone()))
                .collect(),
        )
    }

    /// Takes a node's connections from a person: whether there were any.
    fn end(&mut self, node: IncarnationId, user_id: UserId) -> bool {
        let Entry::Occupied(mut known) = self.connections.entry(user_id) else {
            return false;
        };
        let before = known.get().len();
        known.get_mut().retain(|(at, _), _| *at != node);
        let ended = known.get().len() < before;
        if known.get().is_empty() {
            known.remove();
        }
        ended
    }

    fn users_of(&self, node: IncarnationId) -> Vec<UserId> {
        let users = self.connections.iter();
        let here = users.filter(|(_, known)| known.keys().any(|(at, _)| *at == node));
        here.map(|(user_id, _)| *user_id).collect()
    }

    fn forget_old(&mut self, settings: &PresenceSettings, now: Timestamp) {
        self.connections.retain(|_, known| {
            known.retain(|_, seen| now.since(seen.at) < settings.key_ttl);
            !known.is_empty()
        });
        self.active.retain(|_, people| {
            people.retain(|_, at| is_leased(*at, settings.lease, now));
            !people.is_empty()
        });
    }
}

#[async_trait]
impl Presence for MemoryPresence {
    async fn heartbeat(&self, node: IncarnationId, presence: &NodePresence, now: Timestamp) -> Result<()> {
        let mut state = self.state.lock();
        state.nodes.insert(node, now);
        for connection in &presence.connections {
            state.note(node, connection, now);
        }
        for (room_id, user_ids) in &presence.active {
            let people = state.active.entry(*room_id).or_default();
            people.extend(user_ids.iter().map(|user_id| (*user_id, now)));
        }
        state.forget_old(&self.settings, now);
        Ok(())
    }

    async fn arrive(
        &self,
        node: IncarnationId,
        connection: &LiveConnection,
        now: Timestamp,
    ) -> Result<UserPresence> {
        let mut state = self.state.lock();
        state.nodes.insert(node, now);
        state.note(node, connection, now);
        Ok(state.live(connection.user_id, &self.settings, now))
    }

    async fn depart(
        &self,
        node: IncarnationId,
        connection_id: ConnectionId,
        user_id: UserId,
        now: Timestamp,
    ) -> Result<UserPresence> {
        let mut state = self.state.lock();
        if let Some(known) = state.connections.get_mut(&user_id) {
            known.remove(&(node, connection_id));
        }
        let presence = state.live(user_id, &self.settings, now);
        if presence.connections.is_empty() {
            // Whoever is told offline now must not be told so again by a sweep.
            state.connections.remove(&user_id);
        }
        Ok(presence)
    }

    async fn set_active(
        &self,
        node: IncarnationId,
        room_ids: &[RoomId],
        user_id: UserId,
        active: bool,
        now: Timestamp,
    ) -> Result<()> {
        let mut state = self.state.lock();
        let is_elsewhere = || {
            let live = state.live(user_id, &self.settings, now);
            live.connections.iter().any(|(at, _)| *at != node)
        };
        // Somebody who is connected through another node may be active there: their lease decides.
        if !active && is_elsewhere() {
            return Ok(());
        }
        for room_id in room_ids {
            if active {
                state.active.entry(*room_id).or_default().insert(user_id, now);
            } else if let Entry::Occupied(mut people) = state.active.entry(*room_id) {
                if people.get().get(&user_id).is_some_and(|at| *at <= now) {
                    people.get_mut().remove(&user_id);
                }
                if people.get().is_empty() {
                    people.remove();
                }
            }
        }
        Ok(())
    }

    async fn users(&self, user_ids: &[UserId], now: Timestamp) -> Result<Vec<UserPresence>> {
        let state = self.state.lock();
        Ok(user_ids
            .iter()
            .map(|user_id| state.live(*user_id, &self.settings, now))
            .collect())
    }

    async fn room(&self, room_id: RoomId, limit: usize, now: Timestamp) -> Result<RoomPresence> {
        let state = self.state.lock();
        let people = state.active.get(&room_id).into_iter().flatten();
        let mut live: Vec<_> = people
            .filter(|(_, at)| is_leased(**at, self.settings.lease, now))
            .collect();
        live.sort_unstable_by_key(|(user_id, at)| (std::cmp::Reverse(**at), std::cmp::Reverse(**user_id)));
        Ok(RoomPresence {
            count: live.len() as u64,
            user_ids: live
                .into_iter()
                .take(limit)
                .map(|(user_id, _)| *user_id)
                .collect(),
        })
    }

    async fn sweep(&self, _node: IncarnationId, now: Timestamp) -> Result<Vec<UserId>> {
        let mut state = self.state.lock();
        let nodes = state.nodes.iter();
        let dead = nodes.filter(|(_, at)| !is_leased(**at, self.settings.lease, now));
        let dead: Vec<_> = dead.map(|(node, _)| *node).collect();
        let mut gone = Vec::new();
        for node in dead {
            state.nodes.remove(&node);
            for user_id in state.users_of(node) {
                state.end(node, user_id);
                if state.live(user_id, &self.settings, now).connections.is_empty() && !gone.contains(&user_id)
                {
                    gone.push(user_id);
                }
            }
        }
        Ok(gone)
    }

    async fn leave(&self, node: IncarnationId) -> Result<()> {
        let mut state = self.state.lock();
        let users = state.users_of(node);
        for user_id in &users {
            state.end(node, *user_id);
        }
        state.nodes.remove(&node);
        let state = &mut *state;
        let connections = &state.connections;
        state.active.retain(|_, people| {
            people.retain(|user_id, _| !users.contains(user_id) || connections.contains_key(user_id));
            !people.is_empty()
        });
        Ok(())
    }
}
