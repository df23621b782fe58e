//! What surrounds every request: ids, headers, origins, slashes, unknown paths, time.

use std::time::Duration;

use confab_domain::ports::{Outbox, PendingEvent, partition_of};
use confab_testkit::http_client::Method;
use http::HeaderValue;
use serde_json::json;

use crate::desk::{Desk, PASSWORD, Wishes};

#[tokio::test]
async fn a_path_nobody_knows_and_a_method_nobody_takes_are_problems() {
    let desk = Desk::open().await;
    for path in ["/nothing", "/rooms/direct/x", "/%00", "/me/x", "/ws/x/y"] {
        let problem = desk.call("GET", path, None, None).await.expect(404);
        assert_eq!(problem["code"], "not_found");
        assert_eq!(problem["type"], "urn:confab:problem:not_found");
    }
    let refused = desk.call("DELETE", "/rooms", None, None).await;
    assert_eq!(refused.expect(405)["code"], "method_not_allowed");
    let mut allowed: Vec<&str> = refused.header("allow").split(',').map(str::trim).collect();
    allowed.sort_unstable();
    assert_eq!(allowed, ["GET", "HEAD", "POST"]);
    desk.call("BREW", "/me", None, None).await.expect(405);
}

#[tokio::test]
async fn a_slash_at_the_end_changes_nothing() {
    let desk = Desk::open().await;
    let ada = desk.person().await;
    let room = desk.room(&ada, "public").await;
    assert_eq!(
        desk.get(&ada, "/me/").await.expect(200),
        desk.get(&ada, "/me").await.expect(200)
    );
    desk.get(&ada, &format!("/rooms/{room}/")).await.expect(200);
    desk.get(&ada, "/rooms/?limit=1").await.expect(200);
    desk.post(&ada, &format!("/rooms/{room}/messages/"), json!({"content": "x"}))
        .await
        .expect(201);
}

#[tokio::test]
async fn a_request_keeps_its_id() {
    let desk = Desk::open().await;
    let ask = async |id: &str| {
        let answer = desk
            .client
            .request(Method::GET, "/me")
            .header("x-request-id", id)
            .send()
            .await;
        assert_eq!(answer.json()["request_id"], answer.header("x-request-id"));
        answer.header("x-request-id").to_owned()
    };
    assert_eq!(ask("mine-1").await, "mine-1");
    assert_ne!(ask("not mine").await, "not mine");
    assert_ne!(ask(&"x".repeat(500)).await.len(), 500);
}

const TRACEPARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

#[tokio::test]
async fn the_id_and_the_trace_travel_with_the_event() {
    let desk = Desk::open().await;
    let ada = desk.person().await;
    let room = desk.room(&ada, "public").await;
    let changed = desk
        .client
        .request(Method::PATCH, &format!("/rooms/{room}"))
        .bearer(&ada.token);
    let changed = changed
        .header("x-request-id", "mine-1")
        .header("traceparent", TRACEPARENT);
    changed.json(&json!({"name": "other"})).send().await.expect(200);
    let partition = partition_of(room.parse().unwrap());
    let pending = desk.store.pending(partition, 100).await.unwrap();
    let mut events = pending.rows.into_iter().filter_map(|row| match row.event {
        PendingEvent::Room { event, .. } => Some(event),
        _ => None,
    });
    let changed = events
        .find(|event| event.body.event_type() == "room_updated")
        .unwrap();
    assert_eq!(changed.trace.correlation_id.as_deref(), Some("mine-1"));
    assert_eq!(changed.trace.traceparent.as_deref(), Some(TRACEPARENT));
}

#[tokio::test]
async fn every_answer_is_private_and_plain_unless_it_says_otherwise() {
    let desk = Desk::open().await;
    let ada = desk.person().await;
    for answer in [
        desk.get(&ada, "/me").await,
        desk.call("GET", "/nothing", None, None).await,
    ] {
        for (name, value) in [
            ("cache-control", "no-store"),
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "no-referrer"),
            (
                "content-security-policy",
                "default-src 'none'; frame-ancestors 'none'",
            ),
        ] {
            assert_eq!(answer.header(name), value, "{name}");
        }
        assert_eq!(answer.header("server"), "");
    }
}

#[tokio::test]
async fn browsers_of_listed_origins_alone_may_call() {
    let mut wishes = Wishes::default();
    wishes.settings.cors_origins = vec![HeaderValue::from_static("https://app.example.org")];
    let desk = Desk::open_with(wishes).await;
    let ask = async |origin: &str| {
        let preflight = desk
            .client
            .request(Method::OPTIONS, "/rooms")
            .header("origin", origin);
        let preflight = preflight.header("access-control-request-method", "POST");
        let preflight = preflight
            .header("access-control-request-headers", "authorization,content-type")
            .send()
            .await;
        let call = desk
            .client
            .request(Method::GET, "/me")
            .header("origin", origin)
            .send()
            .await;
        assert_eq!(
            call.header("access-control-allow-origin"),
            preflight.header("access-control-allow-origin")
        );
        assert_eq!(call.header("access-control-allow-credentials"), "");
        preflight.header("access-control-allow-origin").to_owned()
    };
    assert_eq!(ask("https://app.example.org").await, "https://app.example.org");
    for other in [
        "https://app.example.org.evil.example",
        "http://app.example.org",
        "null",
        "https://evil.example",
    ] {
        assert_eq!(ask(other).await, "", "{other}");
    }
}

#[tokio::test]
async fn large_answers_are_compressed_for_those_who_ask() {
    let desk = Desk::open().await;
    let ask = async |path: &str| {
        desk.client
            .request(Method::GET, path)
            .header("accept-encoding", "gzip")
            .send()
            .await
    };
    let document = ask("/openapi.json").await;
    assert_eq!(document.header("content-encoding"), "gzip");
    assert!(document.body.len() < 60_000);
    assert_eq!(ask("/health").await.header("content-encoding"), "");
}

#[tokio::test]
async fn what_takes_too_long_is_answered_all_the_same() {
    let mut wishes = Wishes::default();
    wishes.settings.request_timeout = Duration::from_micros(1);
    let desk = Desk::open_with(wishes).await;
    let body = json!({"username": "ada", "password": PASSWORD});
    let answer = desk.call("POST", "/auth/register", None, Some(&body)).await;
    assert_eq!(answer.expect(503)["code"], "unavailable");
    assert_eq!(answer.header("retry-after"), "1");
}

#[tokio::test]
async fn a_head_answers_without_a_body() {
    let desk = Desk::open().await;
    let head = desk.client.request(Method::HEAD, "/me").send().await;
    assert_eq!((head.status, head.body.len()), (401, 0));
    let head = desk.client.request(Method::HEAD, "/health").send().await;
    assert_eq!((head.status, head.body.len()), (200, 0));
}
