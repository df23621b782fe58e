//! The outbox: what other services have yet to be told.

use std::time::Duration;

use async_trait::async_trait;

use crate::{AccountEvent, Epoch, Event, IncarnationId, Result, RoomId, RoomKind, Timestamp};

/// A pending row with the event it points at, as it is now.
#[derive(Clone, Debug)]
pub struct Pending {
    /// The row, for settling.
    pub key: PendingKey,
    /// When it was written.
    pub created_at: Timestamp,
    /// What it tells.
    pub event: PendingEvent,
}

/// Names a pending row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PendingKey {
    /// Its partition.
    pub partition: u16,
    /// Its place in the partition: rows of one room ascend as their `seq` does.
    pub row_id: i64,
}

/// What a pending row tells.
#[derive(Clone, Debug)]
pub enum PendingEvent {
    /// Something in a room.
    Room {
        /// The event, current state.
        event: Box<Event>,
        /// What the room is.
        room_kind: RoomKind,
        /// The host product's key of the room.
        external_key: Option<String>,
    },
    /// Something about an account.
    Account(Box<AccountEvent>),
    /// Nothing to publish: a control message (a session's end) that goes out once more.
    Control(crate::Control),
}

/// A page of a partition's pending rows.
#[derive(Clone, Debug)]
pub struct PendingPage {
    /// The database's life.
    pub epoch: Epoch,
    /// The oldest rows of the partition, ascending `row_id`: of each room in it the lowest pending `seq`
    /// comes first and none is skipped.
    pub rows: Vec<Pending>,
    /// How long the oldest pending row has waited.
    pub oldest_waited: Duration,
}

/// The outbox in the store. Correctness never rests on who holds a partition: two holders only duplicate.
#[async_trait]
pub trait Outbox: Send + Sync {
    /// Renews this owner's leases and takes free or expired ones, up to its fair share of all partitions
    /// among living owners; gives back what exceeds the share. Expiry is by the database's clock.
    async fn hold_partitions(&self, owner: IncarnationId, lease: Duration) -> Result<Vec<u16>>;

    /// Gives all partitions back, at a graceful stop.
    async fn release_partitions(&self, owner: IncarnationId) -> Result<()>;

    /// The oldest pending rows of one partition, at most `limit`.
    async fn pending(&self, partition: u16, limit: usize) -> Result<PendingPage>;

    /// Removes rows that were confirmed. Unknown ones are ignored.
    async fn settle(&self, keys: &[PendingKey]) -> Result<()>;

    /// Heads of rooms of this partition that moved within `since`, for the beat; at most `limit`, latest first.
    async fn moved_heads(&self, partition: u16, since: Duration, limit: usize) -> Result<Vec<(RoomId, i64)>>;

    /// Trims the log's prefix older than `keep`, never past a pending row; at most `limit` events.
    async fn trim_log(&self, keep: Duration, limit: usize) -> Result<u64>;
}
