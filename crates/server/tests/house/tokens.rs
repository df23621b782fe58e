//! Tokens and sessions that end while a socket lives.

use std::time::Duration;

use confab_testkit::http_client::Method;
use confab_testkit::web_socket::WebSocket;
use serde_json::json;

use crate::stage::{PATIENCE, api, fleet, person, room, say, start};

#[tokio::test(flavor = "multi_thread")]
async fn a_token_expires_on_a_live_socket_unless_it_is_renewed() {
    let fleet = start(fleet().env("ACCESS_TOKEN_TTL", "10s")).await;
    let ada = person(&fleet, "ada").await;
    let room_id = room(&fleet, &ada, &[]).await;
    let url = format!("{}/ws", fleet.gateway(0).ws_url());
    let mut renewing = WebSocket::connect_with_bearer(&url, &ada.token)
        .await
        .expect("a socket");
    let mut lapsing = WebSocket::connect_with_bearer(&url, &ada.token)
        .await
        .expect("a socket");
    renewing.expect("token_expiring").await;
    lapsing.expect("token_expiring").await;

    // Half the token's life later, and well before its end, one of the two renews.
    renewing
        .expect_none(|frame| frame["type"] == "error", Duration::from_secs(5))
        .await;
    let body = json!({"refresh_token": ada.refresh_token});
    let tokens = api(&fleet)
        .call(Method::POST, "/auth/refresh", None, Some(&body))
        .await
        .expect(200);
    renewing
        .send_json(&json!({"type": "auth", "ref": "a", "token": tokens["access_token"]}))
        .await;
    assert_eq!(renewing.expect_reply("a").await["type"], "ack");
    assert_eq!(lapsing.expect_close(PATIENCE).await.code, 4006);

    let token = tokens["access_token"].as_str().expect("a token").to_owned();
    let ada = crate::stage::Person { token, ..ada };
    // The renewed one lives on past the first token's end.
    let sent = say(&fleet, &ada, &room_id, "still here").await;
    let heard = renewing.expect("message_created").await;
    assert_eq!(heard["seq"], sent["seq"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_persons_token_does_not_renew() {
    let fleet = start(fleet()).await;
    let (ada, bob) = (person(&fleet, "ada").await, person(&fleet, "bob").await);
    let url = format!("{}/ws", fleet.gateway(0).ws_url());
    let mut socket = WebSocket::connect_with_bearer(&url, &ada.token)
        .await
        .expect("a socket");
    socket.expect("hello").await;
    socket
        .send_json(&json!({"type": "auth", "ref": "a", "token": bob.token}))
        .await;
    assert_eq!(socket.expect_close(PATIENCE).await.code, 4501);
}

#[tokio::test(flavor = "multi_thread")]
async fn logging_out_closes_the_sessions_sockets_on_every_gateway() {
    let fleet = start(fleet()).await;
    let ada = person(&fleet, "ada").await;
    let mut sockets = Vec::new();
    for index in 0..2 {
        let url = format!("{}/ws", fleet.gateway(index).ws_url());
        let mut socket = WebSocket::connect_with_bearer(&url, &ada.token)
            .await
            .expect("a socket");
        socket.expect("hello").await;
        sockets.push(socket);
    }
    let body = json!({"refresh_token": ada.refresh_token});
    api(&fleet)
        .post("/auth/logout", &ada.token, &body)
        .await
        .expect(204);
    for socket in &mut sockets {
        assert_eq!(socket.expect_close(PATIENCE).await.code, 4504);
    }
}
