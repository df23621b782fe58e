//! Rooms that moved lately, as the publisher of a partition learns it: all their rows pass through its hands.
//!
//! Not what `search::behind` asks the tables: this is a memory of one process about its own partitions, lost with it
//! and by nobody missed, so that a beat costs no statement. The indexer holds no partition, and may run where nobody
//! publishes.

use std::collections::HashMap;
use std::time::Duration;

use confab_domain::RoomId;
use parking_lot::Mutex;
use tokio::time::Instant;

/// Rooms remembered per partition; above that the longest unmoved are forgotten.
const ROOMS_MAX: usize = 10_000;

#[derive(Default)]
pub(crate) struct MovedHeads {
    partitions: Mutex<HashMap<u16, HashMap<RoomId, Moved>>>,
}

#[derive(Clone, Copy)]
struct Moved {
    seq: i64,
    noted_at: Instant,
}

impl MovedHeads {
    /// Notes that the room has an event of that `seq`. The same `seq` again does not make it any later.
    pub(crate) fn note(&self, partition: u16, room_id: RoomId, seq: i64) {
        let moved = Moved {
            seq,
            noted_at: Instant::now(),
        };
        let mut partitions = self.partitions.lock();
        let rooms = partitions.entry(partition).or_default();
        let known = rooms.entry(room_id).or_insert(moved);
        if known.seq < seq {
            *known = moved;
        }
        if rooms.len() > ROOMS_MAX {
            let mut ages: Vec<Instant> = rooms.values().map(|moved| moved.noted_at).collect();
            ages.sort_unstable();
            let median = ages[ages.len() / 2];
            rooms.retain(|_, moved| moved.noted_at > median);
        }
    }

    /// Rooms noted within `since`, latest first.
    pub(crate) fn lately(&self, partition: u16, since: Duration, limit: usize) -> Vec<RoomId> {
        let partitions = self.partitions.lock();
        let Some(rooms) = partitions.get(&partition) else {
            return Vec::new();
        };
        let mut found: Vec<(Duration, RoomId)> = rooms
            .iter()
            .map(|(room_id, moved)| (moved.noted_at.elapsed(), *room_id))
            .filter(|(age, _)| *age <= since)
            .collect();
        found.sort_unstable();
        found.truncate(limit);
        found.into_iter().map(|(_, room_id)| room_id).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn rooms_that_moved_come_latest_first_and_are_forgotten() {
        let heads = MovedHeads::default();
        let room = |n: u128| RoomId(uuid::Uuid::from_u128(n));
        heads.note(1, room(1), 1);
        tokio::time::advance(Duration::from_secs(1)).await;
        heads.note(1, room(2), 1);
        heads.note(1, room(1), 1);
        heads.note(2, room(3), 1);
        assert_eq!(heads.lately(1, Duration::from_secs(5), 10), [room(2), room(1)]);
        assert_eq!(heads.lately(1, Duration::from_secs(5), 1), [room(2)]);
        assert_eq!(heads.lately(1, Duration::from_millis(500), 10), [room(2)]);
        heads.note(1, room(1), 2);
        assert_eq!(heads.lately(1, Duration::from_millis(500), 10).len(), 2);
    }
}
