//! Search: finding by terms, and the index that is filled from the log behind the sends.
//!
//! The index only narrows down. What it names is joined to `messages`, `rooms` and `members` and read as it is
//! now, so that a text that was deleted or edited away is never found, however far the index lags.

mod behind;
mod documents;
mod eras;
mod filters;
mod find;
pub(crate) mod indexer;
mod indexing;
mod reading;

use std::time::Duration;

use async_trait::async_trait;
use confab_domain::ports::{Indexed, RoomsBehind, Search, SearchFound, SearchIndex, SearchRequest};
use confab_domain::{IncarnationId, Result, RoomId, Timestamp};

use crate::connect::{Store, bounded};
use crate::outbox::leases;

#[async_trait]
impl Search for Store {
    async fn search(&self, request: &SearchRequest) -> Result<SearchFound> {
        find::find(self, request).await
    }
}

#[async_trait]
impl SearchIndex for Store {
    async fn hold_search_partitions(&self, owner: IncarnationId, lease: Duration) -> Result<Vec<u16>> {
        bounded(leases::hold(self, leases::SEARCH, owner, lease)).await
    }

    async fn release_search_partitions(&self, owner: IncarnationId) -> Result<()> {
        bounded(leases::release(self, leases::SEARCH, owner)).await
    }

    async fn rooms_moved_lately(&self, since: Timestamp, limit: usize) -> Result<Vec<RoomId>> {
        bounded(behind::moved_lately(self, since, limit)).await
    }

    async fn rooms_behind(&self, after: Option<RoomId>, limit: usize) -> Result<RoomsBehind> {
        bounded(behind::behind(self, after, limit)).await
    }

    async fn index_rooms(&self, room_ids: &[RoomId], events_max: i64) -> Result<Indexed> {
        bounded(indexing::index_rooms(self, room_ids, events_max)).await
    }
}
