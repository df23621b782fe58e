//! Nobody reads or writes where they don't belong, however the moments fall.

use std::time::Duration;

use confab_testkit::http_client::Method;
use confab_testkit::waiting::wait_until;
use confab_testkit::web_socket::WebSocket;
use serde_json::{Value, json};

use crate::stage::{Follower, PATIENCE, api, fleet, gateways, log, person, room, say, start};

#[tokio::test(flavor = "multi_thread")]
async fn a_member_removed_while_sending_leaves_no_message_behind_the_removal() {
    let fleet = start(fleet()).await;
    let (ada, bob) = (person(&fleet, "ada").await, person(&fleet, "bob").await);
    for _ in 0..5 {
        let room_id = room(&fleet, &ada, &[&bob]).await;
        let url = format!("{}/ws", fleet.gateway(1).ws_url());
        let mut socket = WebSocket::connect_with_bearer(&url, &bob.token)
            .await
            .expect("a socket");
        socket
            .expect_where("subscribed", |frame| frame["room_id"] == room_id.as_str())
            .await;
        let removal = {
            let (client, path) = (api(&fleet), format!("/rooms/{room_id}/members/{}", bob.id));
            let token = ada.token.clone();
            tokio::spawn(async move {
                client
                    .call(Method::DELETE, &path, Some(&token), None)
                    .await
                    .expect(204)
            })
        };
        for number in 0..50 {
            let frame =
                json!({"type": "message", "ref": number.to_string(), "room_id": room_id, "content": "x"});
            socket.feed_json(&frame).await.expect("an open socket");
        }
        socket.flush().await.expect("an open socket");
        removal.await.expect("no panic");

        let mut acked = Vec::new();
        for number in 0..50 {
            let reply = socket.expect_reply(&number.to_string()).await;
            match reply["type"].as_str() {
                Some("ack") => acked.push(reply["seq"].as_i64().expect("a seq")),
                _ => assert!(["not_found", "forbidden"].contains(&reply["code"].as_str().expect("a code"))),
            }
        }
        let last = socket
            .expect_where("unsubscribed", |frame| frame["room_id"] == room_id.as_str())
            .await;
        assert_eq!(last["reason"], "removed");

        let events = log(&fleet, &ada, &room_id).await;
        let left = events
            .iter()
            .find(|event| event["type"] == "user_left")
            .expect("the removal");
        let removed_at = left["seq"].as_i64().expect("a seq");
        let by_bob: Vec<i64> = events
            .iter()
            .filter(|event| event["type"] == "message_created" && event["actor_id"] == bob.id.as_str())
            .filter_map(|event| event["seq"].as_i64())
            .collect();
        assert!(
            by_bob.iter().all(|seq| *seq < removed_at),
            "nothing of theirs comes after {removed_at}"
        );
        assert_eq!(by_bob, acked, "what was acked is there, and nothing else");
        // And nothing more is heard.
        say(&fleet, &ada, &room_id, "without you").await;
        let others = |frame: &Value| {
            frame["room_id"] == room_id.as_str() && frame["seq"].as_i64().is_some_and(|seq| seq > removed_at)
        };
        socket.expect_none(others, Duration::from_millis(300)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_send_that_waits_for_the_removals_lock_does_not_commit() {
    let fleet = start(fleet()).await;
    let (ada, bob) = (person(&fleet, "ada").await, person(&fleet, "bob").await);
    let room_id = room(&fleet, &ada, &[&bob]).await;
    let before = log(&fleet, &ada, &room_id).await.len();
    // A removal that takes its time between taking the lock and committing.
    let removal = format!(
        "BEGIN; SELECT 1 FROM room_heads WHERE room_id = '{room_id}' FOR UPDATE; SELECT pg_sleep(0.6); \
         UPDATE members SET left_at = now() WHERE room_id = '{room_id}' AND user_id = '{}'; COMMIT",
        bob.id
    );
    let (removed, refused) = tokio::join!(fleet.pipes().query(&removal), async {
        wait_until("the removal holds the lock", PATIENCE, || async {
            let sleeping = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep' \
                            AND datname = current_database()";
            fleet
                .pipes()
                .query(sleeping)
                .await
                .is_ok_and(|count| count.contains('1'))
        })
        .await;
        api(&fleet)
            .post(
                &format!("/rooms/{room_id}/messages"),
                &bob.token,
                &json!({"content": "late"}),
            )
            .await
    });
    removed.expect("the removal commits");
    assert_eq!(refused.status, 404, "{}", refused.text());
    assert_eq!(
        log(&fleet, &ada, &room_id).await.len(),
        before,
        "nothing was written"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_added_hears_the_room_on_a_gateway_that_never_served_it() {
    let fleet = start(fleet()).await;
    let (ada, bob) = (person(&fleet, "ada").await, person(&fleet, "bob").await);
    let room_id = room(&fleet, &ada, &[]).await;
    let url = format!("{}/ws", fleet.gateway(1).ws_url());
    let mut socket = WebSocket::connect_with_bearer(&url, &bob.token)
        .await
        .expect("a socket");
    socket.expect("hello").await;

    let path = format!("/rooms/{room_id}/members");
    api(&fleet)
        .post(&path, &ada.token, &json!({"user_id": bob.id}))
        .await
        .expect(201);
    let subscribed = socket
        .expect_where("subscribed", |frame| frame["room_id"] == room_id.as_str())
        .await;
    assert_eq!(subscribed["my_role"], "member");
    let sent = say(&fleet, &ada, &room_id, "welcome").await;
    let heard = socket.expect("message_created").await;
    assert_eq!(heard["seq"], sent["seq"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resume_that_races_a_removal_leaks_nothing() {
    let fleet = start(fleet()).await;
    let (ada, bob) = (person(&fleet, "ada").await, person(&fleet, "bob").await);
    for round in 0..10_u64 {
        let room_id = room(&fleet, &ada, &[&bob]).await;
        for number in 0..20 {
            say(&fleet, &ada, &room_id, &format!("before {number}")).await;
        }
        let url = format!(
            "{}/ws?subscribe=none",
            fleet.gateway((round % 2) as usize).ws_url()
        );
        let mut socket = WebSocket::connect_with_bearer(&url, &bob.token)
            .await
            .expect("a socket");
        let epoch = socket.expect("hello").await["epoch"].clone();
        let resume = json!({
            "type": "resume", "ref": "r", "epoch": epoch, "rooms": {&room_id: 0}, "rest": "none"
        });
        let path = format!("/rooms/{room_id}/members/{}", bob.id);
        let client = api(&fleet);
        let removal = async {
            client
                .call(Method::DELETE, &path, Some(&ada.token), None)
                .await
                .expect(204);
            say(&fleet, &ada, &room_id, "SECRET").await;
        };
        tokio::join!(socket.send_json(&resume), removal);

        // Either the room was theirs for a moment more, and then ends with their own leaving; or it was not.
        let is_end = |frame: &Value| frame["type"] == "unsubscribed" || frame["code"] == "not_found";
        let end = socket.next_where(is_end, PATIENCE).await.expect("an end");
        let heard: Vec<Value> = socket.mailbox().cloned().collect();
        assert!(
            !format!("{heard:?}").contains("SECRET"),
            "round {round}: {heard:?}"
        );
        let seqs: Vec<i64> = heard
            .iter()
            .filter(|frame| frame["event_id"].is_string())
            .filter_map(|frame| frame["seq"].as_i64())
            .collect();
        let is_ordered = seqs.windows(2).all(|pair| pair[1] > pair[0]);
        assert!(is_ordered, "round {round}: {seqs:?} and then {end}");
        socket
            .expect_none(
                |frame| format!("{frame}").contains("SECRET"),
                Duration::from_millis(200),
            )
            .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deactivated_account_is_silenced_and_comes_back_whole() {
    let fleet = start(fleet()).await;
    let (ada, bob) = (person(&fleet, "ada").await, person(&fleet, "bob").await);
    let room_id = room(&fleet, &ada, &[&bob]).await;
    let url = format!("{}/ws", fleet.gateway(0).ws_url());
    let mut socket = WebSocket::connect_with_bearer(&url, &bob.token)
        .await
        .expect("a socket");
    socket.expect("subscribed").await;
    confab(&fleet, &["user", "deactivate", "bob"]).await;
    assert_eq!(socket.expect_close(PATIENCE).await.code, 4504);
    wait_until("REST refuses them", PATIENCE, || async {
        api(&fleet).get("/me", &bob.token).await.status == 401
    })
    .await;
    confab(&fleet, &["user", "reactivate", "bob"]).await;
    let login = json!({"username": "bob", "password": "a house test's password"});
    let tokens = api(&fleet)
        .call(Method::POST, "/auth/login", None, Some(&login))
        .await
        .expect(200);
    let bob = crate::stage::Person {
        token: tokens["access_token"].as_str().expect("a token").into(),
        ..bob
    };
    let mut follower = Follower::open(&gateways(&fleet), &bob, &room_id).await;
    let seq = say(&fleet, &ada, &room_id, "welcome back").await["seq"]
        .as_i64()
        .expect("a seq");
    follower.hear_until(seq).await;
}

/// Runs an operator's verb against the fleet's servers.
async fn confab(fleet: &confab_testkit::fleet::Fleet, args: &[&str]) {
    let pipes = fleet.pipes();
    let output = tokio::process::Command::new(env!("CARGO_BIN_EXE_confab"))
        .args(args)
        .current_dir(std::env::temp_dir())
        .env("DATABASE_URL", pipes.database_url())
        .env("RABBITMQ_URL", pipes.rabbitmq_url())
        .env("REDIS_URL", pipes.redis_url())
        .env("JWT_SECRET", "a secret of thirty-two bytes or more, for tests")
        .output()
        .await
        .expect("the binary runs");
    assert!(
        output.status.success(),
        "{args:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
}
