//! Keeps cached rooms warm by what was committed.

use std::sync::Arc;

use confab_domain::ports::{CommittedBatch, CommittedBatches};
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::measures;
use crate::settings::RoomCacheSettings;
use crate::shelf::{RoomCache, Run};

/// Batches taken at once.
const BATCHES_MAX: usize = 64;

/// Moves cached rooms on by each committed batch. It ends with its last reference.
///
/// Nothing rests on it: a batch that is dropped, late or out of order leaves a page that no reader takes for
/// current, and the next reader refills it.
pub struct CacheFeeder {
    queue: Sender<Arc<CommittedBatch>>,
    _end: DropGuard,
}

impl CacheFeeder {
    /// Begins to take batches.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn start(cache: RoomCache, settings: &RoomCacheSettings) -> Self {
        let (queue, batches) = channel(settings.feed_batches_max.max(1));
        let end = CancellationToken::new();
        tokio::spawn(end.clone().run_until_cancelled_owned(feed(cache, batches)));
        Self {
            queue,
            _end: end.drop_guard(),
        }
    }
}

impl CommittedBatches for CacheFeeder {
    fn committed(&self, batch: &Arc<CommittedBatch>) {
        if !batch.events.is_empty() {
            measures::batch_fed(self.queue.try_send(Arc::clone(batch)).is_ok());
        }
    }
}

async fn feed(cache: RoomCache, mut batches: Receiver<Arc<CommittedBatch>>) {
    let mut taken = Vec::with_capacity(BATCHES_MAX);
    while batches.recv_many(&mut taken, BATCHES_MAX).await > 0 {
        let runs: Vec<Run> = taken.iter().flat_map(|batch| Run::all_of(batch)).collect();
        taken.clear();
        cache.0.move_on(&runs).await;
    }
}
