//! The example consumer as another service runs it: duplicates, a hole, and the log over REST.

#![expect(clippy::unwrap_used, reason = "a test may panic, its helpers too")]

use std::process::Stdio;
use std::time::Duration;

use confab_broker::{ExchangeRabbitMq, RabbitMqSettings};
use confab_domain::ports::{Delivery, EventExchange, OutgoingEvent};
use confab_domain::{EventId, Timestamp, UserId};
use confab_testkit::{Servers, wait_until};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use uuid::Uuid;

const PATIENCE: Duration = Duration::from_secs(30);

fn body(room: Uuid, seq: i64) -> String {
    format!(
        r#"{{"event_type":"message_created","event_id":"{}","epoch":"life","room_id":"{room}","seq":{seq}}}"#,
        Uuid::new_v4()
    )
}

fn event(room: Uuid, seq: i64) -> OutgoingEvent {
    OutgoingEvent {
        event_id: EventId(Uuid::new_v4()),
        event_type: "message_created".to_owned(),
        routing_key: format!("message_created.{room}"),
        source: format!("/rooms/{room}"),
        subject: UserId(Uuid::nil()),
        seq: Some(seq),
        occurred_at: Timestamp::from_millis(0),
        correlation_id: None,
        traceparent: None,
        body: body(room, seq).into_bytes(),
    }
}

/// A log that has the third event and nothing else; answers any request.
async fn serve_log(listener: TcpListener, room: Uuid) {
    loop {
        let (mut socket, _) = listener.accept().await.unwrap();
        let mut request = vec![0; 4_096];
        let count = socket.read(&mut request).await.unwrap();
        let request = String::from_utf8_lossy(&request[..count]).into_owned();
        assert!(
            request.contains(&format!("/rooms/{room}/events?after_seq=2&epoch=life&form=flat")),
            "{request}"
        );
        let items = format!(
            r#"{{"items":[{}],"has_more":false,"reset":false}}"#,
            body(room, 3)
        );
        let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n";
        let answer = format!("{head}Content-Length: {}\r\n\r\n{items}", items.len());
        socket.write_all(answer.as_bytes()).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_example_accepts_each_event_once_and_in_order() {
    let rabbitmq = Servers::shared().rabbitmq().await;
    let url = rabbitmq.create_vhost().await.unwrap();
    let exchange = ExchangeRabbitMq::start(RabbitMqSettings::new(&url)).unwrap();
    exchange.ready().await.unwrap();
    let room = Uuid::new_v4();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let log_url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(serve_log(listener, room));

    // `cargo test` builds the examples beside the tests.
    let tests = std::env::current_exe().unwrap();
    let example = tests
        .parent()
        .unwrap()
        .parent()
        .unwrap()
        .join("examples/consumer");
    let mut consumer = tokio::process::Command::new(&example)
        .args([&url, &log_url, "a token"])
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap_or_else(|error| {
            panic!(
                "{}: {error}; run `cargo test -p confab-broker`",
                example.display()
            )
        });
    let mut lines = BufReader::new(consumer.stdout.take().unwrap()).lines();

    let queue = format!("queues/{}/example.events", url.rsplit_once('/').unwrap().1);
    wait_until("the example consumes", PATIENCE, async || {
        let queue = rabbitmq.manage(reqwest::Method::GET, &queue, None).await;
        queue.is_ok_and(|queue| queue["name"] == "example.events")
    })
    .await;
    // The queue may be there a moment before its binding.
    wait_until("it is bound", PATIENCE, async || {
        let bindings = rabbitmq
            .manage(reqwest::Method::GET, &format!("{queue}/bindings"), None)
            .await;
        bindings.is_ok_and(|bindings| bindings.as_array().is_some_and(|all| all.len() == 2))
    })
    .await;
    // 3 never comes, 2 comes twice, 5 before 4.
    let events = [1, 2, 2, 5, 4].map(|seq| event(room, seq)).to_vec();
    assert_eq!(
        exchange.publish(events, PATIENCE).await,
        vec![Delivery::Confirmed; 5]
    );
    for seq in 1..=5 {
        let line = tokio::time::timeout(PATIENCE, lines.next_line())
            .await
            .unwrap()
            .unwrap()
            .unwrap();
        assert_eq!(line, format!("\"{room}\" {seq} message_created"));
    }
    consumer.kill().await.unwrap();
}
