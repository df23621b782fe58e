//! A broker that accepts and says nothing: attempts leave no thread and no socket behind.
//!
//! Alone in its process, because it counts threads.

#![expect(clippy::unwrap_used, reason = "a test may panic, its helpers too")]

use std::time::Duration;

use confab_broker::{LiveRabbitMq, RabbitMqSettings};
use confab_domain::IncarnationId;
use confab_testkit::wait_until;
use tokio::net::TcpListener;

/// Threads by which the client drives connections.
fn client_threads() -> usize {
    std::fs::read_dir("/proc/self/task")
        .unwrap()
        .filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("comm")).ok())
        .filter(|name| name.starts_with("lapin"))
        .count()
}

#[tokio::test]
async fn attempts_leave_nothing_behind() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let pause = Duration::from_millis(20);
    let settings = RabbitMqSettings {
        connect_timeout: Duration::from_millis(100),
        reconnect_delay_min: pause,
        reconnect_delay_max: pause,
        ..RabbitMqSettings::new(format!("amqp://guest:guest@127.0.0.1:{port}/%2f"))
    };
    let live = LiveRabbitMq::start(IncarnationId(uuid::Uuid::new_v4()), settings).unwrap();
    let mut accepted = Vec::new();
    while accepted.len() < 15 {
        accepted.push(listener.accept().await.unwrap());
    }
    assert!(!live.is_sending());
    wait_until(
        "only the latest attempt is left",
        Duration::from_secs(5),
        async || client_threads() <= 1,
    )
    .await;
    live.close(Duration::from_secs(1)).await;
    wait_until("nothing is left", Duration::from_secs(5), async || {
        client_threads() == 0
    })
    .await;
}
