//! The indexer of one process: finds rooms that moved, indexes them, and walks over all rooms for what it missed.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use confab_domain::ports::{Indexed, SearchIndex, partition_of};
use confab_domain::{Clock, IncarnationId, RoomId};
use tokio::time::Instant;

/// Rooms that wait in one queue; the walk finds the others again.
const WAITING_MAX: usize = 10_000;

/// When there is much to do, so many times as long as a step took belongs to others: a fifth of one core, some 1,000
/// messages a second on a small machine, is what an index may cost that has fallen behind.
const REST: u32 = 4;

/// How an indexer works.
#[derive(Clone, Debug)]
pub struct SearchIndexerSettings {
    /// How often it looks for rooms that moved.
    pub poll_interval: Duration,
    /// How far back it looks: nodes' clocks must not differ by more, or the walk has to find what they wrote.
    pub lately: Duration,
    /// Messages it looks at for that, newest first.
    pub lately_messages_max: usize,
    /// Rooms in one step.
    pub rooms_at_once: usize,
    /// Events in one step: a transaction of so many documents.
    pub events_at_once: i64,
    /// Rooms that the walk looks at in one go, when nothing else waits.
    pub walk_rooms: usize,
    /// Pause between two walks over all rooms.
    pub walk_pause: Duration,
    /// How long partitions stay with an indexer that is not heard of; renewed three times as often.
    pub lease: Duration,
}

impl Default for SearchIndexerSettings {
    fn default() -> Self {
        Self {
            poll_interval: Duration::from_millis(500),
            lately: Duration::from_secs(30),
            lately_messages_max: 5_000,
            rooms_at_once: 64,
            events_at_once: 400,
            walk_rooms: 1_000,
            walk_pause: Duration::from_secs(5),
            lease: Duration::from_secs(10),
        }
    }
}

/// Indexes the rooms of the partitions it holds. Several at once share them; should two index the same room, one
/// of them wins each step.
pub struct SearchIndexer {
    index: Arc<dyn SearchIndex>,
    clock: Arc<dyn Clock>,
    owner: IncarnationId,
    settings: SearchIndexerSettings,
    held: Vec<u16>,
    held_until: Instant,
    /// Rooms in which something was said just now.
    fresh: VecDeque<RoomId>,
    /// Rooms with more behind them than one step could take, and what the walk found.
    old: VecDeque<RoomId>,
    walked_to: Option<RoomId>,
    walks_at: Instant,
    events_behind: i64,
}

impl SearchIndexer {
    /// An indexer for this run of this process.
    pub fn new(
        index: Arc<dyn SearchIndex>,
        clock: Arc<dyn Clock>,
        owner: IncarnationId,
        settings: SearchIndexerSettings,
    ) -> Self {
        metrics::describe_gauge!(
            "confab_search_lag_seconds",
            "Age of the oldest new message of the last step when it was indexed."
        );
        metrics::describe_gauge!(
            "confab_search_events_behind",
            "Events that the last walk over all rooms found to be not indexed."
        );
        Self {
            index,
            clock,
            owner,
            settings,
            held: Vec::new(),
            held_until: Instant::now(),
            fresh: VecDeque::new(),
            old: VecDeque::new(),
            walked_to: None,
            walks_at: Instant::now(),
            events_behind: 0,
        }
    }

    /// Works until it is dropped. What fails is tried again at the next look.
    pub async fn run(mut self) {
        let (mut renews_at, mut looks_at) = (Instant::now(), Instant::now());
        loop {
            if Instant::now() >= renews_at {
                self.renew().await;
                renews_at = Instant::now() + self.settings.lease / 3;
            }
            if Instant::now() >= looks_at {
                self.look().await;
                looks_at = Instant::now() + self.settings.poll_interval;
            }
            metrics::gauge!("confab_search_rooms_waiting").set((self.fresh.len() + self.old.len()) as f64);
            if self.held.is_empty() || self.fresh.is_empty() && self.old.is_empty() {
                tokio::time::sleep_until(renews_at.min(looks_at)).await;
            } else if let Err(error) = self.step().await {
                tracing::warn!(%error, "a step of the search index failed; it will be tried again");
                // The walk finds again what is forgotten here.
                self.fresh.clear();
                self.old.clear();
                self.walks_at = Instant::now();
                tokio::time::sleep_until(looks_at).await;
            }
        }
    }

    async fn renew(&mut self) {
        let asked = Instant::now();
        match self
            .index
            .hold_search_partitions(self.owner, self.settings.lease)
            .await
        {
            Ok(held) => {
                self.held = held;
                self.held_until = asked + self.settings.lease;
            }
            Err(error) => {
                tracing::warn!(%error, "the leases of the search index are not renewed");
                if Instant::now() >= self.held_until {
                    self.held.clear();
                }
            }
        }
    }

    /// Looks for rooms that moved; when none wait, goes on with the walk.
    async fn look(&mut self) {
        if self.held.is_empty() {
            return;
        }
        let since = self.clock.now().minus(self.settings.lately);
        match self
            .index
            .rooms_moved_lately(since, self.settings.lately_messages_max)
            .await
        {
            Ok(rooms) => self.take(rooms, true),
            Err(error) => tracing::debug!(%error, "rooms that moved are not known"),
        }
        if self.old.is_empty() && Instant::now() >= self.walks_at {
            self.walk().await;
        }
    }

    async fn walk(&mut self) {
        match self
            .index
            .rooms_behind(self.walked_to, self.settings.walk_rooms)
            .await
        {
            Ok(stretch) => {
                self.events_behind += stretch.rooms.iter().map(|room| room.events).sum::<i64>();
                self.take(stretch.rooms.into_iter().map(|room| room.room_id), false);
                self.walked_to = stretch.next;
                if self.walked_to.is_none() {
                    metrics::gauge!("confab_search_events_behind").set(self.events_behind as f64);
                    self.events_behind = 0;
                    self.walks_at = Instant::now() + self.settings.walk_pause;
                }
            }
            Err(error) => tracing::debug!(%error, "rooms that are behind are not known"),
        }
    }

    fn take(&mut self, rooms: impl IntoIterator<Item = RoomId>, is_fresh: bool) {
        let held = &self.held;
        let queue = if is_fresh { &mut self.fresh } else { &mut self.old };
        for room_id in rooms {
            let is_ours = held.contains(&partition_of(room_id.0));
            if is_ours && queue.len() < WAITING_MAX && !queue.contains(&room_id) {
                queue.push_back(room_id);
            }
        }
    }

    /// One load of fresh rooms, then one of the others: neither waits for all of the other kind.
    async fn step(&mut self) -> confab_domain::Result<()> {
        let begun = Instant::now();
        let mut messages = 0;
        for is_fresh in [true, false] {
            let queue = if is_fresh { &mut self.fresh } else { &mut self.old };
            let count = queue.len().min(self.settings.rooms_at_once);
            let rooms: Vec<RoomId> = queue.drain(..count).collect();
            if rooms.is_empty() {
                continue;
            }
            let indexed = self
                .index
                .index_rooms(&rooms, self.settings.events_at_once)
                .await?;
            messages += indexed.messages;
            note(&indexed, is_fresh);
            self.take(indexed.behind, false);
        }
        if messages as i64 > self.settings.events_at_once / 2 {
            // There is much to do, and the sends go first: a document costs the database as much as a send in a full
            // batch.
            tokio::time::sleep(begun.elapsed() * REST).await;
        }
        Ok(())
    }
}

fn note(indexed: &Indexed, is_fresh: bool) {
    metrics::counter!("confab_search_indexed_messages_total").increment(indexed.messages);
    if let (true, Some(age)) = (is_fresh, indexed.oldest_age) {
        metrics::gauge!("confab_search_lag_seconds").set(age.as_secs_f64());
    }
}
