//! Where cached rooms lie: one seam, two twins.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use confab_domain::ports::CommittedBatch;
use confab_domain::{Clock, Epoch, Event, EventBody, Room, RoomId};
use rand::RngExt;

use crate::link::RedisLink;
use crate::recent::Recent;
use crate::settings::RoomCacheSettings;
use crate::shelf_memory::MemoryShelf;
use crate::shelf_redis::RedisShelf;

/// The place where [`crate::CachedRooms`] and [`crate::CacheFeeder`] meet. Cheap to clone.
#[derive(Clone)]
pub struct RoomCache(pub(crate) Arc<dyn Shelf>);

impl RoomCache {
    /// In Redis, for all nodes. While it is away everything is read from the store.
    pub fn redis(link: RedisLink, settings: &RoomCacheSettings) -> Self {
        Self(Arc::new(RedisShelf::new(link, settings)))
    }

    /// In this process.
    pub fn memory(clock: Arc<dyn Clock>, settings: &RoomCacheSettings) -> Self {
        Self(Arc::new(MemoryShelf::new(clock, settings)))
    }
}

/// Keeps rooms, by epoch and version. **An older version never replaces a newer one**; what cannot be read,
/// kept or found is a miss, never an error.
#[async_trait]
pub(crate) trait Shelf: Send + Sync {
    /// The recent messages exactly as of `seq`.
    async fn recent(&self, room_id: RoomId, epoch: &Epoch, seq: i64) -> Option<Arc<Recent>>;

    /// Keeps recent messages.
    async fn put_recent(&self, room_id: RoomId, epoch: &Epoch, recent: &Arc<Recent>);

    /// The slow part of exactly this version.
    async fn room(&self, room_id: RoomId, epoch: &Epoch, version: i64) -> Option<Room>;

    /// Keeps the slow part of a version.
    async fn put_room(&self, epoch: &Epoch, version: i64, room: &Room);

    /// Moves on by what was committed, in order.
    async fn move_on(&self, runs: &[Run]);
}

/// Consecutive events of one room.
#[derive(Clone, Debug)]
pub(crate) struct Run {
    pub(crate) epoch: Epoch,
    pub(crate) room_id: RoomId,
    /// Ascending, without holes, at least one.
    pub(crate) events: Vec<Arc<Event>>,
}

impl Run {
    /// The runs of a batch.
    pub(crate) fn all_of(batch: &CommittedBatch) -> impl Iterator<Item = Self> {
        let follows =
            |one: &Arc<Event>, next: &Arc<Event>| one.room_id == next.room_id && one.seq + 1 == next.seq;
        batch.events.chunk_by(follows).map(|events| Self {
            epoch: batch.epoch.clone(),
            room_id: events[0].room_id,
            events: events.to_vec(),
        })
    }

    /// The first and the last `seq`.
    pub(crate) fn bounds(&self) -> (i64, i64) {
        let seq = |event: Option<&Arc<Event>>| event.map_or(0, |event| event.seq);
        (seq(self.events.first()), seq(self.events.last()))
    }

    /// The slow part as the run leaves it, with its version, when the run changes it.
    pub(crate) fn room(&self) -> Option<(i64, &Room)> {
        self.events.iter().rev().find_map(|event| match &event.body {
            EventBody::RoomCreated { room } | EventBody::RoomUpdated { room } => {
                Some((event.seq, &room.room))
            }
            _ => None,
        })
    }
}

/// A time to live up to a tenth shorter, so that what was filled together does not run out together.
pub(crate) fn jittered(ttl: Duration) -> Duration {
    ttl.mul_f64(rand::rng().random_range(0.9..=1.0))
}
