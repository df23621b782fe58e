//! Four ways to say who one is, and every way to be refused.

use std::time::Duration;

use confab_domain::commands::revoke_session;
use confab_testkit::{EventStream, WebSocket};
use serde_json::json;

use crate::house::{House, PATIENCE, Plan};
use confab_gateway::Settings;

#[tokio::test]
async fn header_subprotocol_ticket_and_first_frame_all_greet() {
    let house = House::new().await;
    let ada = house.guest("ada").await;
    let url = format!("{}/ws", house.nodes[0].url);

    let mut by_header = WebSocket::connect_with_bearer(&url, &ada.token).await.unwrap();
    let hello = by_header.expect("hello").await;
    assert_eq!(hello["user"]["id"], json!(ada.id));
    assert_eq!(hello["epoch"], house.epoch().await);
    assert_eq!(
        (&hello["protocol"], &hello["heartbeat_interval_ms"]),
        (&json!(1), &json!(25_000))
    );

    let offered = format!("bearer.{}", ada.token);
    let mut by_subprotocol = WebSocket::connect(&url, &[], &["confab.v1", &offered])
        .await
        .unwrap();
    by_subprotocol.expect("hello").await;
    assert_eq!(by_subprotocol.subprotocol(), Some("confab.v1"));

    let ticket = house.ticket(&ada).await;
    let with_ticket = format!("{url}?ticket={ticket}");
    WebSocket::connect(&with_ticket, &[], &[])
        .await
        .unwrap()
        .expect("hello")
        .await;
    let mut spent = WebSocket::connect(&with_ticket, &[], &[]).await.unwrap();
    assert_eq!(spent.expect_close(PATIENCE).await.code, 4006);

    let mut by_frame = WebSocket::connect(&url, &[], &[]).await.unwrap();
    by_frame
        .send_json(&json!({"type": "auth", "token": ada.token}))
        .await;
    by_frame.expect("hello").await;
}

#[tokio::test]
async fn what_is_no_proof_is_refused_in_the_way_of_its_door() {
    let settings = Settings {
        authentication_timeout: Duration::from_millis(300),
        ..Settings::default()
    };
    let house = House::build(Plan {
        settings,
        ..Plan::default()
    })
    .await;
    let ada = house.guest("ada").await;
    let url = format!("{}/ws", house.nodes[0].url);

    let bad_header = WebSocket::connect_with_bearer(&url, "nonsense")
        .await
        .unwrap_err();
    assert_eq!(bad_header.status, 401);
    let in_query = WebSocket::connect(&format!("{url}?token={}", ada.token), &[], &[])
        .await
        .unwrap_err();
    assert_eq!(in_query.status, 422);
    assert!(!in_query.body.contains(&ada.token));

    let mut bad = WebSocket::connect(&url, &[], &["confab.v1", "bearer.nonsense"])
        .await
        .unwrap();
    assert_eq!(bad.expect_close(PATIENCE).await.code, 4501);
    let mut bad_frame = WebSocket::connect(&url, &[], &[]).await.unwrap();
    bad_frame
        .send_json(&json!({"type": "auth", "token": "nonsense"}))
        .await;
    assert_eq!(bad_frame.expect_close(PATIENCE).await.code, 4501);
    let mut silent = WebSocket::connect(&url, &[], &[]).await.unwrap();
    assert_eq!(silent.expect_close(PATIENCE).await.code, 4502);

    house.clock.advance(Duration::from_secs(1_000));
    let expired = WebSocket::connect_with_bearer(&url, &ada.token)
        .await
        .unwrap_err();
    assert_eq!(expired.status, 401);
    let offered = format!("bearer.{}", ada.token);
    let mut expired = WebSocket::connect(&url, &[], &["confab.v1", &offered])
        .await
        .unwrap();
    assert_eq!(expired.expect_close(PATIENCE).await.code, 4006);
}

#[tokio::test]
async fn a_foreign_page_opens_nothing() {
    let house = House::new().await;
    let ada = house.guest("ada").await;
    let url = format!("{}/ws", house.nodes[0].url);
    let bearer = format!("Bearer {}", ada.token);
    let headers = [
        ("authorization", bearer.as_str()),
        ("origin", "https://evil.example"),
    ];
    assert_eq!(
        WebSocket::connect(&url, &headers, &[]).await.unwrap_err().status,
        403
    );
    let own = house.nodes[0].http_url.clone();
    let headers = [("authorization", bearer.as_str()), ("origin", own.as_str())];
    WebSocket::connect(&url, &headers, &[])
        .await
        .unwrap()
        .expect("hello")
        .await;
}

#[tokio::test]
async fn a_token_is_renewed_in_band_by_its_own_person_only() {
    // The warning is due from the start, so that the one timer fires at once.
    let settings = Settings {
        expiry_warning: Duration::from_mins(50),
        ..Settings::default()
    };
    let house = House::build(Plan {
        settings,
        ..Plan::default()
    })
    .await;
    let (ada, bob) = (house.guest("ada").await, house.guest("bob").await);
    let mut socket = house.quiet(&ada).await;
    socket.expect("token_expiring").await;
    house.clock.advance(Duration::from_mins(10));
    let again = house
        .ports
        .tokens
        .issue(ada.id, ada.actor.role, ada.actor.session_id, house_now(&house))
        .unwrap()
        .0;
    socket
        .send_json(&json!({"type": "auth", "ref": "a", "token": again}))
        .await;
    let ack = socket.expect_reply("a").await;
    assert_eq!(ack["type"], "ack");
    assert!(ack["expires_at"].is_string());
    socket.expect("token_expiring").await;

    socket
        .send_json(&json!({"type": "auth", "ref": "b", "token": bob.token}))
        .await;
    assert_eq!(socket.expect_close(PATIENCE).await.code, 4501);
}

#[tokio::test]
async fn an_expired_token_ends_a_live_socket() {
    let settings = Settings {
        heartbeat_interval: Duration::from_millis(200),
        silence_max: Duration::from_mins(1),
        ..Settings::default()
    };
    let house = House::build(Plan {
        settings,
        ..Plan::default()
    })
    .await;
    let ada = house.guest("ada").await;
    let mut socket = house.quiet(&ada).await;
    house.clock.advance(Duration::from_secs(1_000));
    assert_eq!(socket.expect_close(PATIENCE).await.code, 4006);
}

#[tokio::test]
async fn an_ended_login_loses_its_sockets_and_no_others() {
    let house = House::new().await;
    let (ada, bob) = (house.guest("ada").await, house.guest("bob").await);
    let mut hers = house.quiet(&ada).await;
    let mut his = house.quiet(&bob).await;
    revoke_session(&house.ports, &ada.actor, ada.actor.session_id.unwrap())
        .await
        .unwrap();
    assert_eq!(hers.expect_close(PATIENCE).await.code, 4504);
    his.send_json(&json!({"type": "ping", "ref": "p"})).await;
    assert_eq!(his.expect_reply("p").await["type"], "pong");
}

#[tokio::test]
async fn a_ticket_ends_with_its_login() {
    let house = House::new().await;
    let ada = house.guest("ada").await;
    let room = house.room(&[&ada]).await;
    for door in [
        "/ws?ticket=",
        "/stream?ticket=",
        &format!("/rooms/{room}/stream?ticket="),
    ] {
        let login = house.log_in_again("ada").await;
        let ticket = house.ticket(&login).await;
        revoke_session(&house.ports, &ada.actor, login.actor.session_id.unwrap())
            .await
            .unwrap();
        let node = &house.nodes[0];
        if door.starts_with("/ws") {
            let url = format!("{}{door}{ticket}", node.url);
            let mut late = WebSocket::connect(&url, &[], &[]).await.unwrap();
            assert_eq!(late.expect_close(PATIENCE).await.code, 4501);
        } else {
            let url = format!("{}{door}{ticket}", node.http_url);
            assert_eq!(
                EventStream::connect(&url, &[]).await.unwrap().status,
                401,
                "{door}"
            );
        }
    }
}

#[tokio::test]
async fn a_socket_renewed_with_another_login_rests_on_that_one() {
    let house = House::new().await;
    let ada = house.guest("ada").await;
    let (second, third) = (house.log_in_again("ada").await, house.log_in_again("ada").await);
    let mut socket = house.quiet(&ada).await;
    for login in [&second, &third] {
        socket
            .send_json(&json!({"type": "auth", "ref": "r", "token": login.token}))
            .await;
        assert_eq!(socket.expect_reply("r").await["type"], "ack");
    }
    for ended in [&ada, &second] {
        revoke_session(&house.ports, &third.actor, ended.actor.session_id.unwrap())
            .await
            .unwrap();
    }
    socket.send_json(&json!({"type": "ping", "ref": "p"})).await;
    assert_eq!(socket.expect_reply("p").await["type"], "pong");
    revoke_session(&house.ports, &third.actor, third.actor.session_id.unwrap())
        .await
        .unwrap();
    assert_eq!(socket.expect_close(PATIENCE).await.code, 4504);
}

fn house_now(house: &House) -> confab_domain::Timestamp {
    house.ports.clock.now()
}
