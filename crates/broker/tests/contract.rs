//! One suite per port, run on both twins.
#![expect(clippy::unwrap_used, reason = "a test may panic, its helpers too")]

mod support;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use confab_broker::{ExchangeMemory, ExchangeRabbitMq, LiveMemory, LiveMemorySettings, LiveRabbitMq};
use confab_domain::ports::{
    Beat, CommittedBatch, Delivery, EventExchange, FeedItem, LiveIn, LiveOut, SHARDS,
};
use confab_domain::{Control, Epoch, IncarnationId, RoomId, UserId};
use futures_util::StreamExt;
use lapin::options::{BasicConsumeOptions, QueueBindOptions, QueueDeclareOptions};
use lapin::types::FieldTable;
use support::{PATIENCE, batch, impatient, incarnation, next, next_batch, outgoing, sending, until, vhost};
use tokio::sync::mpsc::Receiver;
use uuid::Uuid;

fn membership(room: u128) -> Control {
    Control::Membership {
        room_id: RoomId(Uuid::from_u128(room)),
        user_id: UserId(Uuid::from_u128(2)),
    }
}

trait Live: LiveIn + LiveOut {}
impl<T: LiveIn + LiveOut> Live for T {}

async fn on_rabbitmq(producer: IncarnationId) -> LiveRabbitMq {
    sending(LiveRabbitMq::start(producer, impatient(&vhost().await)).unwrap()).await
}

fn in_process(producer: IncarnationId) -> LiveMemory {
    LiveMemory::new(producer, LiveMemorySettings::default())
}

macro_rules! on_both {
    ($($suite:ident),* $(,)?) => {
        mod rabbitmq {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $suite() {
                let producer = super::incarnation();
                super::$suite(&super::on_rabbitmq(producer).await, producer).await;
            })*
        }
        mod memory {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $suite() {
                let producer = super::incarnation();
                super::$suite(&super::in_process(producer), producer).await;
            })*
        }
    };
}

on_both!(
    batches_arrive_in_order_and_numbered,
    every_listener_hears_everything,
    controls_and_beats_arrive,
    a_batch_without_room_events_still_wakes,
    wakes_are_coalesced,
    concurrent_producers_keep_their_numbers_in_order,
);

async fn batches_arrive_in_order_and_numbered(live: &dyn Live, producer: IncarnationId) {
    let mut feed = live.listen();
    assert_eq!(next(&mut feed).await, FeedItem::Connected);
    for seq in 1..=200 {
        live.publish(&batch(3, seq));
        live.publish(&batch(4, seq));
    }
    let mut numbers: HashMap<u16, u64> = HashMap::new();
    for _ in 0..400 {
        let heard = next_batch(&mut feed).await;
        let number = numbers.entry(heard.shard).or_default();
        *number += 1;
        assert_eq!(
            (heard.number, heard.producer, heard.epoch.as_str()),
            (*number, producer, "life")
        );
        assert_eq!(heard.events[0].seq, i64::try_from(*number).unwrap());
        assert_eq!(
            heard.events[0].room_id,
            RoomId(Uuid::from_u128(u128::from(heard.shard)))
        );
    }
    assert_eq!(numbers, HashMap::from([(3, 200), (4, 200)]));
}

async fn every_listener_hears_everything(live: &dyn Live, _: IncarnationId) {
    let mut feeds = [live.listen(), live.listen()];
    for feed in &mut feeds {
        assert_eq!(next(feed).await, FeedItem::Connected);
    }
    for shard in 0..SHARDS {
        live.publish(&batch(shard, 1));
    }
    for feed in &mut feeds {
        for shard in 0..SHARDS {
            assert_eq!(next_batch(feed).await.shard, shard);
        }
    }
}

async fn controls_and_beats_arrive(live: &dyn Live, publisher: IncarnationId) {
    let mut feed = live.listen();
    assert_eq!(next(&mut feed).await, FeedItem::Connected);
    let with_controls = CommittedBatch {
        controls: vec![membership(9), Control::Epoch],
        ..Arc::unwrap_or_clone(batch(1, 1))
    };
    live.publish(&Arc::new(with_controls));
    live.control(vec![membership(10)]);
    let beat = Beat {
        epoch: Epoch::new("life"),
        publisher,
        partition: 15,
        lag_ms: 7,
        heads: vec![(RoomId(Uuid::from_u128(9)), 42)],
    };
    live.beat(beat.clone());
    assert!(matches!(next(&mut feed).await, FeedItem::Batch(batch) if batch.number == 1));
    assert_eq!(
        next(&mut feed).await,
        FeedItem::Control(vec![membership(9), Control::Epoch])
    );
    assert_eq!(next(&mut feed).await, FeedItem::Control(vec![membership(10)]));
    assert_eq!(next(&mut feed).await, FeedItem::Beat(beat));
}

async fn all_shards(wakes: &mut Receiver<u16>) {
    let mut seen = [false; SHARDS as usize];
    while seen.contains(&false) {
        seen[usize::from(next(wakes).await)] = true;
    }
}

async fn a_batch_without_room_events_still_wakes(live: &dyn Live, _: IncarnationId) {
    let mut wakes = live.listen_wakes();
    all_shards(&mut wakes).await;
    let account_only = CommittedBatch {
        events: Vec::new(),
        ..Arc::unwrap_or_clone(batch(6, 1))
    };
    live.publish(&Arc::new(account_only));
    assert_eq!(next(&mut wakes).await, 6);
}

async fn wakes_are_coalesced(live: &dyn Live, _: IncarnationId) {
    let mut wakes = live.listen_wakes();
    all_shards(&mut wakes).await;
    for seq in 1..=1_000 {
        live.publish(&batch(2, seq));
    }
    live.publish(&batch(7, 1));
    let mut hints = 0;
    while next(&mut wakes).await != 7 {
        hints += 1;
    }
    assert!((1..500).contains(&hints), "{hints} hints for 1,000 batches");
}

async fn concurrent_producers_keep_their_numbers_in_order(live: &dyn Live, _: IncarnationId) {
    let mut feed = live.listen();
    assert_eq!(next(&mut feed).await, FeedItem::Connected);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| (1..=100).for_each(|seq| live.publish(&batch(0, seq))));
        }
    });
    for number in 1..=400 {
        assert_eq!(next_batch(&mut feed).await.number, number);
    }
}

/// A reader that pauses loses the oldest, sees the gap, and still gets the newest.
async fn a_slow_reader_sees_a_gap(live: &dyn Live) {
    let mut feed = live.listen();
    assert_eq!(next(&mut feed).await, FeedItem::Connected);
    live.publish(&batch(0, 1));
    assert_eq!(next_batch(&mut feed).await.number, 1);
    let last = 600;
    for seq in 2..=600 {
        live.publish(&batch(0, seq));
        // Not faster than the sending side can take it: this is about the reader.
        tokio::task::yield_now().await;
    }
    // A second listener tells when all of it has passed the wire.
    let mut heard = vec![1];
    while *heard.last().unwrap() != last {
        heard.push(next_batch(&mut feed).await.number);
    }
    assert!(
        heard.is_sorted_by(|one, other| one < other),
        "in order: {heard:?}"
    );
    assert!((heard.len() as u64) < last, "the oldest were dropped");
}

#[tokio::test]
async fn memory_slow_reader() {
    let live = LiveMemory::new(incarnation(), LiveMemorySettings { queue_items_max: 8 });
    a_slow_reader_sees_a_gap(&live).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rabbitmq_slow_reader() {
    let settings = confab_broker::RabbitMqSettings {
        live_queue_messages_max: 8,
        live_prefetch: 4,
        live_in_items_max: 1,
        ..impatient(&vhost().await)
    };
    let live = sending(LiveRabbitMq::start(incarnation(), settings).unwrap()).await;
    a_slow_reader_sees_a_gap(&live).await;
}

async fn exchange_confirms_in_order(exchange: &dyn EventExchange) -> Vec<Vec<u8>> {
    tokio::time::timeout(PATIENCE, exchange.ready())
        .await
        .unwrap()
        .unwrap();
    assert!(exchange.is_connected());
    let events: Vec<_> = (1..=300).map(|seq| outgoing(7, seq)).collect();
    let bodies = events.iter().map(|event| event.body.clone()).collect();
    let deliveries = exchange.publish(events, PATIENCE).await;
    assert_eq!(deliveries, vec![Delivery::Confirmed; 300]);
    assert!(exchange.publish(Vec::new(), PATIENCE).await.is_empty());
    bodies
}

#[tokio::test]
async fn memory_exchange() {
    let exchange = ExchangeMemory::new(1_024);
    let mut listener = exchange.subscribe();
    for body in exchange_confirms_in_order(&exchange).await {
        assert_eq!(listener.recv().await.unwrap().body, body);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rabbitmq_exchange() {
    let url = vhost().await;
    let exchange = ExchangeRabbitMq::start(impatient(&url)).unwrap();
    exchange.ready().await.unwrap();

    let connection = lapin::Connection::connect(&url, lapin::ConnectionProperties::default())
        .await
        .unwrap();
    let channel = connection.create_channel().await.unwrap();
    let queue = QueueDeclareOptions {
        exclusive: true,
        ..Default::default()
    };
    channel
        .queue_declare("other".into(), queue, FieldTable::default())
        .await
        .unwrap();
    let (bind, key) = (QueueBindOptions::default(), "message_created.*".into());
    channel
        .queue_bind(
            "other".into(),
            "confab.events".into(),
            key,
            bind,
            FieldTable::default(),
        )
        .await
        .unwrap();
    let consume = BasicConsumeOptions {
        no_ack: true,
        ..Default::default()
    };
    let mut consumer = channel
        .basic_consume("other".into(), "".into(), consume, FieldTable::default())
        .await
        .unwrap();

    for (seq, body) in (1_u32..).zip(exchange_confirms_in_order(&exchange).await) {
        let delivery = tokio::time::timeout(PATIENCE, consumer.next())
            .await
            .unwrap()
            .unwrap()
            .unwrap();
        assert_eq!(delivery.data, body);
        let properties = &delivery.properties;
        let id = properties.message_id().clone().unwrap().to_string();
        assert_eq!(properties.delivery_mode(), &Some(2));
        assert_eq!(
            properties.content_type().as_ref().unwrap().as_str(),
            "application/json"
        );
        assert_eq!(properties.kind().as_ref().unwrap().as_str(), "message_created");
        assert_eq!(properties.timestamp(), &Some(1_704_110_400));
        assert_eq!(
            properties.correlation_id().as_ref().unwrap().as_str(),
            "request-1"
        );
        assert_eq!(properties.app_id().as_ref().unwrap().as_str(), "confab");
        let headers: HashMap<String, String> = properties
            .headers()
            .as_ref()
            .unwrap()
            .into_iter()
            .map(|(name, value)| (name.to_string(), value.as_long_string().unwrap().to_string()))
            .collect();
        let room = Uuid::from_u128(7);
        let expected = [
            ("cloudEvents_specversion", "1.0".to_owned()),
            ("cloudEvents_type", "confab.message_created.v1".to_owned()),
            ("cloudEvents_source", format!("/rooms/{room}")),
            ("cloudEvents_id", id),
            ("cloudEvents_time", "2024-01-01T12:00:00.007Z".to_owned()),
            ("cloudEvents_subject", Uuid::from_u128(1).to_string()),
            ("cloudEvents_sequence", format!("{seq:020}")),
            (
                "traceparent",
                "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".to_owned(),
            ),
        ];
        assert_eq!(
            headers,
            HashMap::from(expected.map(|(name, value)| (name.to_owned(), value)))
        );
    }
    exchange.close().await;
    assert!(!exchange.is_connected());
    assert_eq!(
        exchange.publish(vec![outgoing(7, 1)], PATIENCE).await,
        [Delivery::Lost]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn closing_sends_what_is_queued() {
    let url = vhost().await;
    let producer = sending(LiveRabbitMq::start(incarnation(), impatient(&url)).unwrap()).await;
    let reader = LiveRabbitMq::start(incarnation(), impatient(&url)).unwrap();
    let mut feed = reader.listen();
    until(&mut feed, &FeedItem::Connected).await;
    for seq in 1..=500 {
        producer.publish(&batch(1, seq));
    }
    producer.close(Duration::from_secs(10)).await;
    producer.publish(&batch(1, 501));
    for number in 1..=500 {
        assert_eq!(next_batch(&mut feed).await.number, number);
    }
    assert!(!producer.is_sending());
}
