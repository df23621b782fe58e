//! The live path: what was committed, on its way to every gateway.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc::Receiver;

use crate::{AccountEvent, Control, Epoch, Event, IncarnationId, Result, RoomId, Timestamp, UserId};

/// Shards of the live feed; lanes follow them.
pub const SHARDS: u16 = 8;
/// Partitions of the outbox: a multiple of the shards, so that a shard wakes exactly two.
pub const PARTITIONS: u16 = 16;

/// The partition of a room, or of an account by its user id: from the random tail of the UUID.
pub const fn partition_of(id: uuid::Uuid) -> u16 {
    id.as_bytes()[15] as u16 % PARTITIONS
}

/// The shard of a room; every room of a partition has the same.
pub const fn shard_of(room_id: RoomId) -> u16 {
    partition_of(room_id.0) % SHARDS
}

/// What one transaction committed, in room order. Every event is durable already.
#[derive(Clone, Debug)]
pub struct CommittedBatch {
    /// The database's life, read in the same transaction.
    pub epoch: Epoch,
    /// The shard of all its rooms.
    pub shard: u16,
    /// By room, ascending `seq`.
    pub events: Vec<Arc<Event>>,
    /// Hints about rights that changed.
    pub controls: Vec<Control>,
    /// What happened to accounts; these ride the outbox only, and wake it.
    pub account_events: Vec<Arc<AccountEvent>>,
}

/// Takes what was committed. Called after the acks, in commit order per shard; must not block or fail:
/// whoever cannot take a batch drops it, and the readers heal.
pub trait CommittedBatches: Send + Sync {
    /// Takes one batch.
    fn committed(&self, batch: &Arc<CommittedBatch>);
}

/// A batch on its way to the gateways.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LiveBatch {
    /// The database's life at its commit.
    pub epoch: Epoch,
    /// Which process committed it.
    pub producer: IncarnationId,
    /// The shard of all its rooms.
    pub shard: u16,
    /// Counts the batches of this producer and shard: 1, 2, 3 …, also those that were then dropped, so
    /// that a gap tells of a loss.
    pub number: u64,
    /// By room, ascending `seq`.
    pub events: Vec<Arc<Event>>,
}

/// What an event publisher says every 500 ms for each partition it holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Beat {
    /// The database's life as the publisher last read it.
    pub epoch: Epoch,
    /// Which publisher.
    pub publisher: IncarnationId,
    /// Which partition.
    pub partition: u16,
    /// How long its oldest pending row has waited, in milliseconds.
    pub lag_ms: u64,
    /// Rooms that moved lately, and their heads.
    pub heads: Vec<(RoomId, i64)>,
}

/// What a gateway hears.
#[derive(Clone, Debug, PartialEq)]
pub enum FeedItem {
    /// A queue of our own was (re)made: whatever was sent before is lost to us.
    Connected,
    /// The wire is away.
    Disconnected,
    /// Events.
    Batch(Arc<LiveBatch>),
    /// A publisher lives.
    Beat(Beat),
    /// Rights may have changed.
    Control(Vec<Control>),
}

/// The sending side of the live feed. At most once; in order per producer and shard; never blocks.
pub trait LiveOut: Send + Sync {
    /// Numbers the batch and sends it, or drops it when the bounded queue is full or the wire is away.
    /// Its control messages are sent too.
    fn publish(&self, batch: &Arc<CommittedBatch>);

    /// Sends control messages.
    fn control(&self, controls: Vec<Control>);

    /// Sends a beat.
    fn beat(&self, beat: Beat);
}

/// The receiving side of the live feed.
#[async_trait]
pub trait LiveIn: Send + Sync {
    /// Everything from now on. The queue is bounded; when it overflows the oldest are dropped (the gap in
    /// numbers tells). Runs its own reconnect loop until the receiver is dropped.
    fn listen(&self) -> Receiver<FeedItem>;

    /// Shards in which something was committed, as hints for the event publisher; coalesced.
    fn listen_wakes(&self) -> Receiver<u16>;
}

/// An event as it leaves for the other services.
#[derive(Clone, Debug, PartialEq)]
pub struct OutgoingEvent {
    /// `message_id`: stable over every retry.
    pub event_id: crate::EventId,
    /// Its type, without version.
    pub event_type: String,
    /// `<type>.<room_id>` or `<type>.<user_id>`.
    pub routing_key: String,
    /// `/rooms/<room_id>` or `/users/<user_id>`.
    pub source: String,
    /// Whom it is about.
    pub subject: UserId,
    /// Its place in the room; none for account events.
    pub seq: Option<i64>,
    /// When it happened.
    pub occurred_at: Timestamp,
    /// The request it came from.
    pub correlation_id: Option<Arc<str>>,
    /// W3C trace context.
    pub traceparent: Option<Arc<str>>,
    /// The JSON body.
    pub body: Vec<u8>,
}

/// What became of one publish.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// The broker has it, in at least one queue.
    Confirmed,
    /// No queue took it: not sent.
    Returned,
    /// The broker refused it.
    Refused,
    /// The channel died before an answer: it may or may not have it.
    Lost,
}

/// The exchange that other services consume.
#[async_trait]
pub trait EventExchange: Send + Sync {
    /// Publishes all in order, pipelined, and answers for each, in the same order. Waits at most
    /// `timeout`; what is unanswered then is `Lost`. Never errs: away means `Lost`.
    async fn publish(&self, events: Vec<OutgoingEvent>, timeout: Duration) -> Vec<Delivery>;

    /// Returns when a channel is open and the topology declared.
    async fn ready(&self) -> Result<()>;

    /// Whether a channel is open now.
    fn is_connected(&self) -> bool;
}
