//! Hands what was committed to those who asked for it: the live feed, which also wakes the event publisher,
//! and the cache.

use std::sync::Arc;

use confab_cache::CacheFeeder;
use confab_domain::ports::{CommittedBatch, CommittedBatches, LiveOut};

/// Everybody who takes committed batches. Never waits for any of them.
pub(crate) struct Fan {
    pub(crate) live: Arc<dyn LiveOut>,
    pub(crate) cache: CacheFeeder,
}

impl CommittedBatches for Fan {
    fn committed(&self, batch: &Arc<CommittedBatch>) {
        // The feed first: somebody waits for it.
        self.live.publish(batch);
        self.cache.committed(batch);
    }
}
