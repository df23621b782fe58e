//! A graceful stop: told, answered, closed, gone.

use std::time::Duration;

use confab_testkit::WebSocket;

use crate::house::{House, PATIENCE, message};

#[tokio::test]
async fn clients_are_told_when_to_come_back_and_what_is_in_flight_is_acked() {
    let house = House::new().await;
    let ada = house.guest("ada").await;
    let room = house.room(&[&ada]).await;
    let mut socket = house.following(&ada, 1).await;
    for number in 0..10 {
        socket
            .feed_json(&message(room, &format!("m{number}"), "last words"))
            .await
            .unwrap();
    }
    socket.flush().await.unwrap();
    let gateway = house.nodes[0].gateway.clone();
    let stopping = tokio::spawn(async move { gateway.shutdown(Duration::from_secs(5)).await });
    let closing = socket.expect("server_closing").await;
    assert!(closing["reconnect_after_ms"].as_u64().unwrap() <= 5_000);
    assert_eq!(socket.expect_close(PATIENCE).await.code, 4001);
    let acks = socket.mailbox().filter(|frame| frame["type"] == "ack").count();
    assert_eq!(acks, 10);
    stopping.await.unwrap();
    assert!(!house.nodes[0].gateway.readiness().is_ready);
    assert_eq!(house.nodes[0].gateway.readiness().connections, 0);
    let refused = WebSocket::connect_with_bearer(&format!("{}/ws", house.nodes[0].url), &ada.token).await;
    assert_eq!(refused.unwrap_err().status, 503);
}
