//! Keeps the search index behind the sends: a task of every process that serves the API; they share the rooms.

use std::sync::Arc;
use std::time::Duration;

use confab_domain::IncarnationId;
use confab_domain::ports::SearchIndex;
use confab_storage::{SearchIndexer, SearchIndexerSettings, Store};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::clock::SystemClock;

/// How long giving the leases back may take at a stop; they run out by themselves.
const RELEASE_TIMEOUT: Duration = Duration::from_secs(1);

/// Starts to index, until the process stops.
pub(crate) fn index(tasks: &TaskTracker, store: Store, owner: IncarnationId, stopping: CancellationToken) {
    let index: Arc<dyn SearchIndex> = Arc::new(store);
    let settings = SearchIndexerSettings::default();
    let indexer = SearchIndexer::new(Arc::clone(&index), Arc::new(SystemClock), owner, settings);
    tasks.spawn(async move {
        stopping.run_until_cancelled(indexer.run()).await;
        let release = index.release_search_partitions(owner);
        if !matches!(tokio::time::timeout(RELEASE_TIMEOUT, release).await, Ok(Ok(()))) {
            tracing::debug!("the partitions of the search index were not given back");
        }
    });
}
