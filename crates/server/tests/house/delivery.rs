//! A message from socket to socket, over two gateways.

use confab_testkit::http_client::{HttpClient, Method};
use confab_testkit::web_socket::WebSocket;
use serde_json::json;

use crate::stage::{
    Follower, OtherService, PATIENCE, api, fleet, gateways, insist, person, room, say, start,
};

#[tokio::test(flavor = "multi_thread")]
async fn two_people_chat_over_two_gateways_and_another_service_hears_it() {
    let fleet = start(fleet()).await;
    let mut service = OtherService::subscribe(&fleet).await;
    let (ada, bob) = (person(&fleet, "ada").await, person(&fleet, "bob").await);
    let room_id = room(&fleet, &ada, &[&bob]).await;
    let mut adas = WebSocket::connect_with_bearer(&format!("{}/ws", fleet.gateway(0).ws_url()), &ada.token)
        .await
        .expect("a socket");
    let mut bobs = WebSocket::connect_with_bearer(&format!("{}/ws", fleet.gateway(1).ws_url()), &bob.token)
        .await
        .expect("a socket");
    adas.expect("subscribed").await;
    bobs.expect("subscribed").await;

    adas.send_json(&json!({"type": "message", "ref": "1", "room_id": room_id, "content": "Hello, Bob"}))
        .await;
    let ack = adas.expect_reply("1").await;
    assert_eq!(ack["type"], "ack");
    assert_eq!(ack["number"], 1);
    let heard = bobs.expect("message_created").await;
    assert_eq!(heard["message"]["content"], "Hello, Bob");
    assert_eq!(heard["seq"], ack["seq"]);
    assert_eq!(heard["event_id"], ack["message_id"]);
    let own = adas.expect("message_created").await;
    assert_eq!(own["seq"], ack["seq"]);

    // By history, and by another service.
    let page = api(&fleet)
        .get(&format!("/rooms/{room_id}/messages"), &bob.token)
        .await
        .expect(200);
    assert_eq!(page["items"][0]["id"], ack["message_id"]);
    service
        .accept_until(&room_id, ack["seq"].as_i64().expect("a seq"))
        .await;
    let types: Vec<&str> = service
        .accepted
        .iter()
        .filter_map(|body| body["event_type"].as_str())
        .collect();
    assert!(
        types.contains(&"user_joined") && types.contains(&"user_registered"),
        "{types:?}"
    );
    let event = service
        .accepted
        .iter()
        .find(|body| body["event_id"] == ack["message_id"])
        .expect("it");
    assert_eq!(event["content"], "Hello, Bob");
    assert_eq!(event["user_id"], ada.id.as_str());
    assert_eq!(event["room_kind"], "private");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_said_over_a_gateway_is_found_over_every_api() {
    let fleet = start(fleet().apis(2)).await;
    let ada = person(&fleet, "ada").await;
    let room_id = room(&fleet, &ada, &[]).await;
    let mut adas = WebSocket::connect_with_bearer(&format!("{}/ws", fleet.gateway(0).ws_url()), &ada.token)
        .await
        .expect("a socket");
    adas.expect("subscribed").await;
    adas.send_json(&json!({"type": "message", "ref": "1", "room_id": room_id, "content": "Sought after"}))
        .await;
    let ack = adas.expect_reply("1").await;
    let deadline = tokio::time::Instant::now() + PATIENCE;
    for node in 0..2 {
        let http = HttpClient::new(fleet.api(node).url());
        loop {
            let page = http.get("/search?q=sought", &ada.token).await.expect(200);
            if page["items"][0]["message"]["id"] == ack["message_id"] {
                break;
            }
            assert!(tokio::time::Instant::now() < deadline, "not found: {page}");
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_send_twice_over_two_nodes_is_one_message() {
    let fleet = start(fleet().apis(2)).await;
    let ada = person(&fleet, "ada").await;
    let room_id = room(&fleet, &ada, &[]).await;
    let urls = [fleet.api(0).url(), fleet.api(1).url()];
    for round in 0..20 {
        let client_id = format!("twin-{round}");
        let (one, other) = tokio::join!(
            insist(&urls[0], &ada, &room_id, &client_id),
            insist(&urls[1], &ada, &room_id, &client_id)
        );
        assert_eq!(one["id"], other["id"]);
        assert_eq!(one["number"], round + 1, "nothing is counted twice");
    }
    // Over the socket too, and with another body it is a conflict.
    let mut socket =
        WebSocket::connect_with_bearer(&format!("{}/ws/{room_id}", fleet.gateway(0).ws_url()), &ada.token)
            .await
            .expect("a socket");
    socket
        .send_json(&json!({"type": "message", "ref": "a", "content": "twin-0", "client_id": "twin-0"}))
        .await;
    let ack = socket.expect_reply("a").await;
    assert_eq!((&ack["duplicate"], &ack["number"]), (&json!(true), &json!(1)));
    socket
        .send_json(&json!({"type": "message", "ref": "b", "content": "other", "client_id": "twin-0"}))
        .await;
    assert_eq!(socket.expect_reply("b").await["code"], "conflict");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_reader_is_closed_while_others_go_on() {
    let fleet = start(fleet().gateways(1)).await;
    let (ada, bob, slow) = (
        person(&fleet, "ada").await,
        person(&fleet, "bob").await,
        person(&fleet, "slow").await,
    );
    let room_id = room(&fleet, &ada, &[&bob, &slow]).await;
    let gateways = vec![fleet.gateway(0).ws_url()];
    let mut stuck = WebSocket::connect_with_bearer(&format!("{}/ws", gateways[0]), &slow.token)
        .await
        .expect("a socket");
    stuck.expect("subscribed").await;
    let mut follower = Follower::open(&gateways, &bob, &room_id).await;
    // More than the server's queue (1 MiB) and both kernels' socket buffers hold, which the slow one never reads.
    let text = "x".repeat(15_000);
    let mut last_seq = 0;
    for _ in 0..800 {
        last_seq = say(&fleet, &ada, &room_id, &text).await["seq"]
            .as_i64()
            .expect("a seq");
        // Bob reads along.
        if last_seq % 50 == 0 {
            follower.hear_until(last_seq).await;
        }
    }
    follower.hear_until(last_seq).await;
    assert_eq!(follower.resumed, 0, "the others notice nothing");
    let close = stuck.expect_close(PATIENCE).await;
    assert!([4003, 1006].contains(&close.code), "{close:?}");
    let metrics = HttpClient::new(fleet.gateway(0).admin_url())
        .call(Method::GET, "/metrics", None, None)
        .await;
    assert!(metrics.text().contains("code=\"4003\""), "it is counted");
    // And the slow one may come back and resume.
    let mut back = Follower::open(&gateways, &slow, &room_id).await;
    let seq = say(&fleet, &ada, &room_id, "again").await["seq"]
        .as_i64()
        .expect("a seq");
    back.hear_until(seq).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_was_away_gets_edits_and_deletions_too() {
    let fleet = start(fleet()).await;
    let (ada, bob) = (person(&fleet, "ada").await, person(&fleet, "bob").await);
    let room_id = room(&fleet, &ada, &[&bob]).await;
    let mut follower = Follower::open(&gateways(&fleet), &bob, &room_id).await;
    let first = say(&fleet, &ada, &room_id, "first").await;
    follower.hear_until(first["seq"].as_i64().expect("a seq")).await;
    follower.lose_connection();

    let second = say(&fleet, &ada, &room_id, "second").await;
    let api = api(&fleet);
    let edit = json!({"content": "first, edited"});
    let path = format!("/messages/{}", first["id"].as_str().expect("an id"));
    api.call(Method::PATCH, &path, Some(&ada.token), Some(&edit))
        .await
        .expect(200);
    let path = format!("/messages/{}", second["id"].as_str().expect("an id"));
    api.call(Method::DELETE, &path, Some(&ada.token), None)
        .await
        .expect(204);
    let last = say(&fleet, &ada, &room_id, "last").await;
    follower.hear_until(last["seq"].as_i64().expect("a seq")).await;

    let types: Vec<&str> = follower
        .heard
        .iter()
        .filter_map(|event| event["type"].as_str())
        .collect();
    assert_eq!(
        types,
        [
            "message_created",
            "message_created",
            "message_updated",
            "message_deleted",
            "message_created"
        ]
    );
    let replayed = &follower.heard[1]["message"];
    assert!(
        replayed["content"].is_null() && replayed["deleted_at"].is_string(),
        "a tombstone: {replayed}"
    );
    assert_eq!(follower.heard[2]["message"]["content"], "first, edited");
    assert!(
        !format!("{:?}", &follower.heard[1..]).contains("second"),
        "deleted text is nowhere"
    );
}
