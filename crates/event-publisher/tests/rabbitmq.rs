//! The publisher against RabbitMQ: complete and in order for a consumer, and a backlog drains fast.

#![expect(dead_code, reason = "each suite uses a part of the support")]
#![expect(clippy::unwrap_used, reason = "a test may panic, its helpers too")]

mod support;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use confab_broker::{EVENTS_EXCHANGE, ExchangeRabbitMq, RabbitMqSettings};
use confab_domain::IncarnationId;
use confab_domain::ports::EventExchange;
use confab_event_publisher::{EventPublisher, PublisherSettings};
use confab_testkit::{RabbitMq, Servers, TcpProxy, wait_until};
use reqwest::Method;
use serde_json::{Value, json};
use support::{PATIENCE, ScriptedOutbox, live, message, ports, room};
use tokio::time::Instant;
use uuid::Uuid;

const ROOMS: u128 = 64;

fn rooms() -> impl Iterator<Item = confab_domain::RoomId> {
    (0..ROOMS).map(|number| room(0x1000 + number))
}

/// The publisher with the broker cut off, back, and cut off again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backlog_drains_and_nothing_is_lost() {
    let rabbitmq = Servers::shared().rabbitmq().await;
    let url = rabbitmq.create_vhost().await.unwrap();
    let proxy = TcpProxy::start(rabbitmq.address()).unwrap();
    let settings = RabbitMqSettings {
        reconnect_delay_min: Duration::from_millis(20),
        reconnect_delay_max: Duration::from_millis(200),
        ..RabbitMqSettings::new(proxy.url(&url))
    };
    let exchange = Arc::new(ExchangeRabbitMq::start(settings).unwrap());
    let outbox = Arc::new(ScriptedOutbox::default());
    let live = live();
    let publisher = EventPublisher::start(
        IncarnationId(Uuid::new_v4()),
        ports(&outbox, exchange.clone(), &live),
        PublisherSettings {
            retry_delay_min: Duration::from_millis(5),
            ..PublisherSettings::default()
        },
    );
    tokio::time::timeout(PATIENCE, exchange.ready())
        .await
        .unwrap()
        .unwrap();

    let queue = make_queue(rabbitmq, &url).await;

    proxy.cut().await;
    wait_until("the publisher knows", PATIENCE, async || {
        !publisher.state().is_connected
    })
    .await;
    let mut written = 0_u32;
    for _ in 0..6_400 / ROOMS {
        for room_id in rooms() {
            outbox.commit(room_id, |seq| message(room_id, seq));
            written += 1;
        }
    }
    proxy.pass().await.unwrap();
    tokio::time::timeout(PATIENCE, exchange.ready())
        .await
        .unwrap()
        .unwrap();
    let started = Instant::now();
    // The link goes once more in the midst of it, confirms on their way.
    wait_until("some are through", PATIENCE, async || {
        outbox.pending_count() < 5_000
    })
    .await;
    proxy.cut_existing().await;
    outbox.drained().await;
    let took = started.elapsed();
    println!(
        "{written} events drained in {took:?}: {:.0} a second",
        f64::from(written) / took.as_secs_f64()
    );
    assert!(took < Duration::from_secs(20), "{written} events took {took:?}");
    publisher.stop(PATIENCE).await;

    let (accepted, arrived) = accepted(rabbitmq, &queue).await;
    println!("{arrived} arrived");
    assert_eq!(accepted, written);
}

/// A queue of another service, bound to everything.
async fn make_queue(rabbitmq: &RabbitMq, url: &str) -> String {
    let vhost = url.rsplit_once('/').unwrap().1;
    let queue = json!({"durable": true, "auto_delete": false, "arguments": {}});
    rabbitmq
        .manage(Method::PUT, &format!("queues/{vhost}/other"), Some(&queue))
        .await
        .unwrap();
    let binding = json!({"routing_key": "#", "arguments": {}});
    let path = format!("bindings/{vhost}/e/{EVENTS_EXCHANGE}/q/other");
    rabbitmq
        .manage(Method::POST, &path, Some(&binding))
        .await
        .unwrap();
    format!("queues/{vhost}/other/get")
}

/// How many events a service accepts that takes only the next `seq` of a room, and how many arrived.
async fn accepted(rabbitmq: &RabbitMq, queue: &str) -> (u32, usize) {
    let take = json!({"count": 500, "ackmode": "ack_requeue_false", "encoding": "auto"});
    let mut messages = Vec::new();
    loop {
        let page = rabbitmq.manage(Method::POST, queue, Some(&take)).await.unwrap();
        let page = page.as_array().unwrap().clone();
        if page.is_empty() {
            break;
        }
        messages.extend(page);
    }
    let mut last: HashMap<String, i64> = HashMap::new();
    let mut accepted = 0;
    for message in &messages {
        let body: Value = serde_json::from_str(message["payload"].as_str().unwrap()).unwrap();
        let last = last
            .entry(body["room_id"].as_str().unwrap().to_owned())
            .or_default();
        if body["seq"].as_i64().unwrap() == *last + 1 {
            *last += 1;
            accepted += 1;
        }
    }
    (accepted, messages.len())
}
