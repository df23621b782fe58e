//! What the suites of this crate share: batches, events, and both twins of each port.

use std::sync::Arc;
use std::time::Duration;

use confab_broker::{LiveRabbitMq, RabbitMqSettings};
use confab_domain::ports::{CommittedBatch, FeedItem, LiveBatch, OutgoingEvent};
use confab_domain::{Epoch, Event, EventBody, EventId, IncarnationId, RoomId, Timestamp, Trace, UserId};
use confab_testkit::{Servers, wait_until};
use tokio::sync::mpsc::Receiver;
use tokio::time::timeout;
use uuid::Uuid;

/// Longer than anything here takes.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) fn incarnation() -> IncarnationId {
    IncarnationId(Uuid::new_v4())
}

pub(crate) fn event(room: u128, seq: i64) -> Event {
    Event {
        id: EventId(Uuid::new_v4()),
        room_id: RoomId(Uuid::from_u128(room)),
        seq,
        occurred_at: Timestamp::from_millis(1_704_110_400_007),
        actor_id: UserId(Uuid::from_u128(1)),
        body: EventBody::RoomDeleted {},
        trace: Trace::default(),
    }
}

/// A batch with one event; its `seq` tells which.
pub(crate) fn batch(shard: u16, seq: i64) -> Arc<CommittedBatch> {
    Arc::new(CommittedBatch {
        epoch: Epoch::new("life"),
        shard,
        events: vec![Arc::new(event(u128::from(shard), seq))],
        controls: Vec::new(),
        account_events: Vec::new(),
    })
}

pub(crate) fn outgoing(room: u128, seq: i64) -> OutgoingEvent {
    let room_id = Uuid::from_u128(room);
    OutgoingEvent {
        event_id: EventId(Uuid::new_v4()),
        event_type: "message_created".to_owned(),
        routing_key: format!("message_created.{room_id}"),
        source: format!("/rooms/{room_id}"),
        subject: UserId(Uuid::from_u128(1)),
        seq: Some(seq),
        occurred_at: Timestamp::from_millis(1_704_110_400_007),
        correlation_id: Some("request-1".into()),
        traceparent: Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".into()),
        body: format!(r#"{{"seq":{seq}}}"#).into_bytes(),
    }
}

/// Settings for tests: quick to give up and quick to come back.
pub(crate) fn impatient(url: &str) -> RabbitMqSettings {
    RabbitMqSettings {
        connection_name: "test".to_owned(),
        heartbeat_seconds: 1,
        connect_timeout: Duration::from_secs(2),
        send_timeout: Duration::from_secs(2),
        reconnect_delay_min: Duration::from_millis(50),
        reconnect_delay_max: Duration::from_millis(500),
        live_silence: Duration::from_millis(500),
        ..RabbitMqSettings::new(url)
    }
}

/// A virtual host of the shared RabbitMQ.
pub(crate) async fn vhost() -> String {
    Servers::shared().rabbitmq().await.create_vhost().await.unwrap()
}

pub(crate) async fn sending(live: LiveRabbitMq) -> LiveRabbitMq {
    wait_until("the live feed is connected", PATIENCE, async || live.is_sending()).await;
    live
}

pub(crate) async fn next<T>(receiver: &mut Receiver<T>) -> T {
    timeout(PATIENCE, receiver.recv())
        .await
        .expect("something arrives in time")
        .expect("the feed goes on")
}

/// The next batch; beats, control messages and states are passed over.
pub(crate) async fn next_batch(feed: &mut Receiver<FeedItem>) -> Arc<LiveBatch> {
    loop {
        if let FeedItem::Batch(batch) = next(feed).await {
            return batch;
        }
    }
}

/// Waits for the feed to say so.
pub(crate) async fn until(feed: &mut Receiver<FeedItem>, awaited: &FeedItem) {
    while next(feed).await != *awaited {}
}
