//! RabbitMQ killed, silent, in alarm, and its exchanges and queues deleted under load.
#![expect(clippy::unwrap_used, reason = "a test may panic, its helpers too")]

mod support;

use std::time::Duration;

use confab_broker::{
    EVENTS_EXCHANGE, EVENTS_LOG_QUEUE, ExchangeRabbitMq, LIVE_EXCHANGE, LiveRabbitMq, RabbitMqSettings,
};
use confab_domain::ports::{Delivery, EventExchange, FeedItem, LiveIn, LiveOut, SHARDS};
use confab_testkit::tcp_proxy::Direction;
use confab_testkit::{RabbitMq, Servers, TcpProxy, wait_until};
use lapin::options::{ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable};
use support::{PATIENCE, batch, impatient, incarnation, next, next_batch, outgoing, sending, until, vhost};
use tokio::time::Instant;

async fn proxied() -> (TcpProxy, RabbitMqSettings) {
    let proxy = TcpProxy::start(Servers::shared().rabbitmq().await.address()).unwrap();
    let settings = impatient(&proxy.url(&vhost().await));
    (proxy, settings)
}

async fn connected(exchange: &ExchangeRabbitMq) {
    tokio::time::timeout(PATIENCE, exchange.ready())
        .await
        .expect("connected in time")
        .unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn batches_dropped_while_away_leave_a_gap_in_the_numbers() {
    let (proxy, settings) = proxied().await;
    let live = sending(LiveRabbitMq::start(incarnation(), settings).unwrap()).await;
    let mut feed = live.listen();
    until(&mut feed, &FeedItem::Connected).await;
    live.publish(&batch(5, 1));
    assert_eq!(next_batch(&mut feed).await.number, 1);

    proxy.cut().await;
    until(&mut feed, &FeedItem::Disconnected).await;
    wait_until("the sending side has noticed", PATIENCE, async || {
        !live.is_sending()
    })
    .await;
    for seq in 2..=4 {
        live.publish(&batch(5, seq));
    }
    proxy.pass().await.unwrap();
    until(&mut feed, &FeedItem::Connected).await;
    let live = sending(live).await;
    live.publish(&batch(5, 5));
    assert_eq!(next_batch(&mut feed).await.number, 5);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_silent_broker_is_given_up_within_bounds() {
    let (proxy, settings) = proxied().await;
    let live = sending(LiveRabbitMq::start(incarnation(), settings.clone()).unwrap()).await;
    let exchange = ExchangeRabbitMq::start(settings).unwrap();
    let mut feed = live.listen();
    until(&mut feed, &FeedItem::Connected).await;
    connected(&exchange).await;

    proxy.stall(Direction::Both).await.unwrap();
    let stalled = Instant::now();
    until(&mut feed, &FeedItem::Disconnected).await;
    wait_until("both sending sides have noticed", PATIENCE, async || {
        !live.is_sending() && !exchange.is_connected()
    })
    .await;
    // A heartbeat of 1 s: given up after 2 s, looked at every half second.
    assert!(
        stalled.elapsed() < Duration::from_secs(5),
        "took {:?}",
        stalled.elapsed()
    );
    assert_eq!(
        exchange.publish(vec![outgoing(1, 1)], PATIENCE).await,
        [Delivery::Lost]
    );

    proxy.pass().await.unwrap();
    until(&mut feed, &FeedItem::Connected).await;
    connected(&exchange).await;
    let live = sending(live).await;
    live.publish(&batch(2, 1));
    assert_eq!(next_batch(&mut feed).await.shard, 2);
    assert_eq!(
        exchange.publish(vec![outgoing(1, 1)], PATIENCE).await,
        [Delivery::Confirmed]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_live_exchange_is_declared_again() {
    let url = vhost().await;
    let live = sending(LiveRabbitMq::start(incarnation(), impatient(&url)).unwrap()).await;
    let mut feed = live.listen();
    let mut wakes = live.listen_wakes();
    until(&mut feed, &FeedItem::Connected).await;
    for _ in 0..SHARDS {
        next(&mut wakes).await;
    }
    Servers::shared()
        .rabbitmq()
        .await
        .delete_exchange(&url, LIVE_EXCHANGE)
        .await
        .unwrap();
    // Under load all the time, as it would be.
    let mut published = 0;
    let heard = async {
        loop {
            live.publish(&batch(3, 1));
            published += 1;
            if let Ok(heard) = tokio::time::timeout(Duration::from_millis(50), next_batch(&mut feed)).await {
                return heard.number;
            }
        }
    };
    let number = tokio::time::timeout(PATIENCE, heard)
        .await
        .expect("heard again in time");
    assert!(number > 1 && number <= published, "{number} of {published}");
    let woken = async {
        while next(&mut wakes).await != 3 {
            live.publish(&batch(3, 1));
        }
    };
    tokio::time::timeout(PATIENCE, woken)
        .await
        .expect("woken again in time");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deleted_feed_queue_is_made_again() {
    let url = vhost().await;
    let rabbitmq = Servers::shared().rabbitmq().await;
    let live = sending(LiveRabbitMq::start(incarnation(), impatient(&url)).unwrap()).await;
    let mut feed = live.listen();
    until(&mut feed, &FeedItem::Connected).await;
    let vhost_name = url.rsplit_once('/').unwrap().1;
    let queues = rabbitmq
        .manage(reqwest::Method::GET, &format!("queues/{vhost_name}"), None)
        .await
        .unwrap();
    let queue = queues[0]["name"].as_str().unwrap().to_owned();
    assert!(queue.starts_with("confab.live.live-in."), "{queue}");
    // An exclusive queue cannot be deleted by others: its connection is closed instead.
    let connections = rabbitmq
        .manage(
            reqwest::Method::GET,
            &format!("vhosts/{vhost_name}/connections"),
            None,
        )
        .await
        .unwrap();
    for connection in connections.as_array().unwrap() {
        let name = connection["name"]
            .as_str()
            .unwrap()
            .replace(' ', "%20")
            .replace("->", "-%3E");
        rabbitmq
            .manage(reqwest::Method::DELETE, &format!("connections/{name}"), None)
            .await
            .unwrap();
    }
    if !connections.as_array().unwrap().is_empty() {
        until(&mut feed, &FeedItem::Disconnected).await;
        until(&mut feed, &FeedItem::Connected).await;
    }
    let live = sending(live).await;
    live.publish(&batch(1, 1));
    assert_eq!(next_batch(&mut feed).await.shard, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unroutable_event_is_returned_and_the_log_declared_again() {
    let url = vhost().await;
    let exchange = ExchangeRabbitMq::start(impatient(&url)).unwrap();
    connected(&exchange).await;
    Servers::shared()
        .rabbitmq()
        .await
        .delete_queue(&url, EVENTS_LOG_QUEUE)
        .await
        .unwrap();
    let events: Vec<_> = (1..=50).map(|seq| outgoing(1, seq)).collect();
    assert_eq!(
        exchange.publish(events.clone(), PATIENCE).await,
        vec![Delivery::Returned; 50]
    );
    assert_eq!(
        exchange.publish(events, PATIENCE).await,
        vec![Delivery::Confirmed; 50]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn some_returned_and_some_confirmed_are_told_apart() {
    let url = vhost().await;
    let exchange = ExchangeRabbitMq::start(impatient(&url)).unwrap();
    connected(&exchange).await;
    let connection = lapin::Connection::connect(&url, lapin::ConnectionProperties::default())
        .await
        .unwrap();
    let channel = connection.create_channel().await.unwrap();
    let durable = QueueDeclareOptions {
        durable: true,
        ..Default::default()
    };
    channel
        .queue_declare("some".into(), durable, FieldTable::default())
        .await
        .unwrap();
    let key = outgoing(1, 1).routing_key.as_str().into();
    let (bind, exchange_name) = (QueueBindOptions::default(), EVENTS_EXCHANGE.into());
    channel
        .queue_bind("some".into(), exchange_name, key, bind, FieldTable::default())
        .await
        .unwrap();
    Servers::shared()
        .rabbitmq()
        .await
        .delete_queue(&url, EVENTS_LOG_QUEUE)
        .await
        .unwrap();

    // Persistent ones are confirmed late and returned ones at once, so answers and returns come crossed.
    let events: Vec<_> = (1..=200)
        .map(|seq| outgoing(if seq % 3 == 0 { 2 } else { 1 }, seq))
        .collect();
    let expected: Vec<_> = events
        .iter()
        .map(|event| {
            if event.seq.unwrap() % 3 == 0 {
                Delivery::Returned
            } else {
                Delivery::Confirmed
            }
        })
        .collect();
    assert_eq!(exchange.publish(events, PATIENCE).await, expected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deleted_exchange_means_lost_and_is_declared_again() {
    let url = vhost().await;
    let exchange = ExchangeRabbitMq::start(impatient(&url)).unwrap();
    connected(&exchange).await;
    Servers::shared()
        .rabbitmq()
        .await
        .delete_exchange(&url, EVENTS_EXCHANGE)
        .await
        .unwrap();
    let events: Vec<_> = (1..=50).map(|seq| outgoing(1, seq)).collect();
    assert_eq!(
        exchange.publish(events.clone(), PATIENCE).await,
        vec![Delivery::Lost; 50]
    );
    assert_eq!(
        exchange.publish(events, PATIENCE).await,
        vec![Delivery::Confirmed; 50]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_queue_that_rejects_means_refused() {
    let url = vhost().await;
    let exchange = ExchangeRabbitMq::start(impatient(&url)).unwrap();
    connected(&exchange).await;
    let connection = lapin::Connection::connect(&url, lapin::ConnectionProperties::default())
        .await
        .unwrap();
    let channel = connection.create_channel().await.unwrap();
    let mut arguments = FieldTable::default();
    arguments.insert("x-max-length".into(), AMQPValue::LongLongInt(0));
    arguments.insert(
        "x-overflow".into(),
        AMQPValue::LongString("reject-publish".into()),
    );
    channel
        .queue_declare("full".into(), QueueDeclareOptions::default(), arguments)
        .await
        .unwrap();
    let (bind, exchange_name) = (QueueBindOptions::default(), EVENTS_EXCHANGE.into());
    channel
        .queue_bind(
            "full".into(),
            exchange_name,
            "#".into(),
            bind,
            FieldTable::default(),
        )
        .await
        .unwrap();
    assert_eq!(
        exchange.publish(vec![outgoing(1, 1)], PATIENCE).await,
        [Delivery::Refused]
    );
    channel
        .queue_delete("full".into(), lapin::options::QueueDeleteOptions::default())
        .await
        .unwrap();
    assert_eq!(
        exchange.publish(vec![outgoing(1, 1)], PATIENCE).await,
        [Delivery::Confirmed]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_cut_before_the_confirms_means_lost() {
    let (proxy, settings) = proxied().await;
    let exchange = ExchangeRabbitMq::start(settings).unwrap();
    connected(&exchange).await;
    // Opens the channel; then the broker still hears us, and we hear nothing of it.
    assert_eq!(
        exchange.publish(vec![outgoing(1, 1)], PATIENCE).await,
        [Delivery::Confirmed]
    );
    proxy.stall(Direction::ToClient).await.unwrap();
    let events: Vec<_> = (1..=20).map(|seq| outgoing(1, seq)).collect();
    let (deliveries, ()) = tokio::join!(exchange.publish(events.clone(), PATIENCE), proxy.cut());
    assert_eq!(deliveries, vec![Delivery::Lost; 20]);
    wait_until("the loss is noticed", PATIENCE, async || !exchange.is_connected()).await;
    proxy.pass().await.unwrap();
    connected(&exchange).await;
    assert_eq!(
        exchange.publish(events, PATIENCE).await,
        vec![Delivery::Confirmed; 20]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unanswered_publish_ends_with_its_timeout() {
    let (proxy, settings) = proxied().await;
    let exchange = ExchangeRabbitMq::start(RabbitMqSettings {
        heartbeat_seconds: 30,
        ..settings
    })
    .unwrap();
    connected(&exchange).await;
    proxy.stall(Direction::Both).await.unwrap();
    let started = Instant::now();
    assert_eq!(
        exchange
            .publish(vec![outgoing(1, 1)], Duration::from_millis(300))
            .await,
        [Delivery::Lost]
    );
    assert!(
        started.elapsed() < Duration::from_secs(2),
        "took {:?}",
        started.elapsed()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_with_other_arguments_is_taken_as_it_is() {
    let url = vhost().await;
    let connection = lapin::Connection::connect(&url, lapin::ConnectionProperties::default())
        .await
        .unwrap();
    let channel = connection.create_channel().await.unwrap();
    let mut arguments = FieldTable::default();
    arguments.insert("x-queue-type".into(), AMQPValue::LongString("stream".into()));
    arguments.insert("x-max-age".into(), AMQPValue::LongString("1D".into()));
    let durable = QueueDeclareOptions {
        durable: true,
        ..Default::default()
    };
    channel
        .queue_declare(EVENTS_LOG_QUEUE.into(), durable, arguments)
        .await
        .unwrap();
    let exchange = ExchangeRabbitMq::start(impatient(&url)).unwrap();
    connected(&exchange).await;
    assert_eq!(
        exchange.publish(vec![outgoing(1, 1)], PATIENCE).await,
        [Delivery::Confirmed]
    );
    let passive = ExchangeDeclareOptions {
        passive: true,
        ..Default::default()
    };
    let kind = lapin::ExchangeKind::Topic;
    channel
        .exchange_declare(EVENTS_EXCHANGE.into(), kind, passive, FieldTable::default())
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_alarm_and_a_kill_pass() {
    let rabbitmq = RabbitMq::start().await.unwrap();
    let url = rabbitmq.create_vhost().await.unwrap();
    let live = sending(LiveRabbitMq::start(incarnation(), impatient(&url)).unwrap()).await;
    let exchange = ExchangeRabbitMq::start(impatient(&url)).unwrap();
    let mut feed = live.listen();
    until(&mut feed, &FeedItem::Connected).await;
    connected(&exchange).await;
    assert_eq!(
        exchange.publish(vec![outgoing(1, 1)], PATIENCE).await,
        [Delivery::Confirmed]
    );

    // An alarm: publishes are lost or dropped, nothing blocks, and all of it comes back by itself.
    rabbitmq.set_memory_alarm(true).await.unwrap();
    // RabbitMQ tells a connection of the alarm once it publishes.
    wait_until("the alarm is noticed", PATIENCE, async || {
        live.publish(&batch(1, 1));
        let lost = exchange
            .publish(vec![outgoing(1, 2)], Duration::from_millis(300))
            .await
            == [Delivery::Lost];
        lost && !exchange.is_connected() && !live.is_sending()
    })
    .await;
    rabbitmq.set_memory_alarm(false).await.unwrap();
    connected(&exchange).await;
    let live = sending(live).await;
    assert_eq!(
        exchange.publish(vec![outgoing(1, 3)], PATIENCE).await,
        [Delivery::Confirmed]
    );

    // A stop in order. Not only for its own sake: a node that is killed within seconds of its first stream
    // forgets who leads it (its directory of streams is written with a delay) and never finds it again.
    rabbitmq.stop_app().await.unwrap();
    until(&mut feed, &FeedItem::Disconnected).await;
    rabbitmq.start_app().await.unwrap();
    until(&mut feed, &FeedItem::Connected).await;
    let confirmed = async || {
        let deliveries = exchange.publish(vec![outgoing(1, 3)], PATIENCE).await;
        deliveries == [Delivery::Confirmed]
    };
    wait_until("events are confirmed again", PATIENCE, confirmed).await;

    // kill -9, and again.
    rabbitmq.kill().await.unwrap();
    until(&mut feed, &FeedItem::Disconnected).await;
    wait_until("the loss is noticed", PATIENCE, async || !exchange.is_connected()).await;
    assert_eq!(
        exchange.publish(vec![outgoing(1, 4)], PATIENCE).await,
        [Delivery::Lost]
    );
    rabbitmq.start_again().await.unwrap();
    until(&mut feed, &FeedItem::Connected).await;
    connected(&exchange).await;
    let live = sending(live).await;
    live.publish(&batch(6, 9));
    loop {
        if next_batch(&mut feed).await.shard == 6 {
            break;
        }
    }
    assert_eq!(
        exchange.publish(vec![outgoing(1, 5)], PATIENCE).await,
        [Delivery::Confirmed]
    );
    rabbitmq.stop().await.unwrap();
}
