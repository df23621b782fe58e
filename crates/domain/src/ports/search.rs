//! The index of messages' texts: asked by people who search, filled from the log behind the sends.

use std::time::Duration;

use async_trait::async_trait;

use crate::search::Terms;
use crate::{Actor, IncarnationId, Message, Result, RoomId, Timestamp, UserId};

/// Which messages may answer a query.
#[derive(Clone, Debug)]
pub struct SearchRequest {
    /// Who searches.
    pub viewer: Actor,
    /// Only in this room.
    pub room_id: Option<RoomId>,
    /// What their texts must have.
    pub terms: Terms,
    /// Only of this person.
    pub sender_id: Option<UserId>,
    /// Only sent at this moment or later.
    pub since: Option<Timestamp>,
    /// Only sent before this moment.
    pub until: Option<Timestamp>,
    /// Only with files.
    pub has_file: bool,
    /// The present moment: what is newest lies before it.
    pub now: Timestamp,
}

/// Messages that may answer a query.
#[derive(Clone, Debug)]
pub struct SearchFound {
    /// As they are now: none that was deleted.
    pub messages: Vec<Message>,
    /// Whether these are all; else the newest of them, as far as the bounds reach.
    pub is_complete: bool,
}

/// Finds messages by the terms of their texts.
#[async_trait]
pub trait Search: Send + Sync {
    /// Messages that the viewer may read now (of rooms they belong to, from where they may see; a service: of
    /// any room), at most [`SEARCH_CANDIDATES_MAX`]. A text may have changed since it was indexed: whether a
    /// message answers is to be asked of what is returned. `Unavailable` when it takes too long.
    async fn search(&self, request: &SearchRequest) -> Result<SearchFound>;
}

/// Messages that are judged for one query: where there are more, the newest.
pub const SEARCH_CANDIDATES_MAX: usize = 1_000;

/// A room whose log goes on behind what is indexed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RoomBehind {
    /// Which.
    pub room_id: RoomId,
    /// How many events are not indexed.
    pub events: i64,
}

/// A stretch of rooms, by id.
#[derive(Clone, Debug)]
pub struct RoomsBehind {
    /// Those that are behind.
    pub rooms: Vec<RoomBehind>,
    /// The last room looked at, to go on after; none at the end.
    pub next: Option<RoomId>,
}

/// What one step of the indexing did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Indexed {
    /// Messages read and indexed, or taken out.
    pub messages: u64,
    /// How long ago the oldest message was sent that this step indexed for the first time.
    pub oldest_age: Option<Duration>,
    /// Rooms of the step that are still behind.
    pub behind: Vec<RoomId>,
}

/// The filling of the index. Correctness never rests on who does it: each room remembers up to which `seq` it
/// is indexed, and of two that go on from the same place one wins.
#[async_trait]
pub trait SearchIndex: Send + Sync {
    /// Renews this owner's leases on partitions of rooms and takes its fair share of them.
    async fn hold_search_partitions(&self, owner: IncarnationId, lease: Duration) -> Result<Vec<u16>>;

    /// Gives all partitions back, at a graceful stop.
    async fn release_search_partitions(&self, owner: IncarnationId) -> Result<()>;

    /// Rooms in which something was said, edited or deleted lately, by the clocks of the senders' nodes: a hint
    /// that costs little. At most `limit` messages are looked at, newest first.
    async fn rooms_moved_lately(&self, since: Timestamp, limit: usize) -> Result<Vec<RoomId>>;

    /// Looks at `limit` rooms after `after` for what is behind, whatever hints were missed.
    async fn rooms_behind(&self, after: Option<RoomId>, limit: usize) -> Result<RoomsBehind>;

    /// Indexes the next stretch of these rooms' logs, at most `events_max` events in all.
    async fn index_rooms(&self, room_ids: &[RoomId], events_max: i64) -> Result<Indexed>;
}
