//! Bans, blocks, links and direct rooms: what one node decided, every other one knows when it is answered.

use std::time::Duration;

use confab_testkit::fleet::Fleet;
use confab_testkit::http_client::{Answer, HttpClient, Method};
use confab_testkit::web_socket::WebSocket;
use serde_json::{Value, json};

use crate::stage::{Follower, Person, fleet, gateways, log, person, room, say, start};

fn node(fleet: &Fleet, index: usize) -> HttpClient {
    HttpClient::new(fleet.api(index).url())
}

async fn call(fleet: &Fleet, index: usize, method: Method, path: &str, who: &Person) -> Answer {
    node(fleet, index)
        .call(method, path, Some(&who.token), None)
        .await
}

async fn socket(fleet: &Fleet, index: usize, who: &Person, room_id: &str) -> WebSocket {
    let url = format!("{}/ws", fleet.gateway(index).ws_url());
    let mut socket = WebSocket::connect_with_bearer(&url, &who.token)
        .await
        .expect("a socket");
    socket
        .expect_where("subscribed", |frame| frame["room_id"] == room_id)
        .await;
    socket
}

/// The direct room of two people, asked for by one of them through this node.
async fn direct(fleet: &Fleet, index: usize, who: &Person, other: &Person) -> Answer {
    let body = json!({"user_id": other.id});
    node(fleet, index).post("/rooms/direct", &who.token, &body).await
}

fn id(made: &Value) -> String {
    made["id"].as_str().expect("an id").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_banned_through_one_node_is_out_on_every_other_and_stays_out() {
    let fleet = start(fleet().apis(2)).await;
    let (ada, bob) = (person(&fleet, "ada").await, person(&fleet, "bob").await);
    for kind in ["private", "public"] {
        let body = json!({"kind": kind, "name": "house", "member_ids": [bob.id]});
        let made = node(&fleet, 0)
            .post("/rooms", &ada.token, &body)
            .await
            .expect(201);
        let room_id = id(&made);
        let links = format!("/rooms/{room_id}/invitations");
        let link = call(&fleet, 0, Method::POST, &links, &ada).await.expect(201);
        let accept = format!("/invitations/{}/accept", link["token"].as_str().expect("a token"));
        let mut his = socket(&fleet, 1, &bob, &room_id).await;
        let mut hers = Follower::open(&gateways(&fleet), &ada, &room_id).await;

        let ban = format!("/rooms/{room_id}/bans/{}", bob.id);
        call(&fleet, 0, Method::PUT, &ban, &ada).await.expect(200);
        // Answered is decided: whatever bob does from here on is refused, whoever he asks.
        let send = format!("/rooms/{room_id}/messages");
        let refused = node(&fleet, 1)
            .post(&send, &bob.token, &json!({"content": "let me explain"}))
            .await;
        assert_eq!(
            refused.status,
            if kind == "private" { 404 } else { 403 },
            "{}",
            refused.text()
        );
        his.send_json(&json!({"type": "message", "ref": "m", "room_id": room_id, "content": "please"}))
            .await;
        let code = his.expect_reply("m").await["code"].clone();
        assert_eq!(
            code,
            if kind == "private" {
                "not_found"
            } else {
                "forbidden"
            }
        );
        let join = format!("/rooms/{room_id}/join");
        let refused = call(&fleet, 1, Method::POST, &join, &bob).await;
        assert_eq!(refused.status, if kind == "private" { 404 } else { 403 });
        call(&fleet, 1, Method::POST, &accept, &bob).await.expect(403);
        let add = json!({"user_id": bob.id});
        node(&fleet, 1)
            .post(&format!("/rooms/{room_id}/members"), &ada.token, &add)
            .await
            .expect(422);

        // His socket elsewhere hears of his leaving, then the last word, then no more.
        let of_room = |frame: &Value| frame["room_id"] == room_id.as_str();
        let left = his.expect_where("user_left", of_room).await;
        assert_eq!(
            (&left["user_id"], &left["reason"]),
            (&json!(bob.id), &json!("banned"))
        );
        assert_eq!(
            his.expect_where("unsubscribed", of_room).await["reason"],
            "banned"
        );
        let after = say(&fleet, &ada, &room_id, "without him").await;
        hers.hear_until(after["seq"].as_i64().expect("a seq")).await;
        his.expect_none(of_room, Duration::from_millis(300)).await;
        let types: Vec<&str> = hers
            .heard
            .iter()
            .filter_map(|event| event["type"].as_str())
            .collect();
        assert_eq!(types, ["user_left", "user_banned", "message_created"]);

        call(&fleet, 1, Method::DELETE, &ban, &ada).await.expect(204);
        call(&fleet, 0, Method::POST, &accept, &bob).await.expect(200);
        his.expect_where("subscribed", of_room).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_at_two_nodes_one_gets_the_last_use_and_both_the_same_direct_room() {
    let fleet = start(fleet().apis(2)).await;
    let mut people = Vec::new();
    for n in 0..5 {
        people.push(person(&fleet, &format!("person{n}")).await);
    }
    let ada = person(&fleet, "ada").await;
    for _ in 0..10 {
        let room_id = room(&fleet, &ada, &[]).await;
        let links = format!("/rooms/{room_id}/invitations");
        let link = node(&fleet, 0)
            .post(&links, &ada.token, &json!({"max_uses": 1}))
            .await
            .expect(201);
        let accept = format!("/invitations/{}/accept", link["token"].as_str().expect("a token"));
        let (one, other) = tokio::join!(
            call(&fleet, 0, Method::POST, &accept, &people[0]),
            call(&fleet, 1, Method::POST, &accept, &people[1])
        );
        let mut statuses = [one.status, other.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 404], "{} {}", one.text(), other.text());
        let members = format!("/rooms/{room_id}/members");
        let members = node(&fleet, 1).get(&members, &ada.token).await.expect(200);
        let winner = usize::from(other.status == 200);
        let mut there: Vec<&str> = members["items"]
            .as_array()
            .expect("items")
            .iter()
            .filter_map(|member| member["user_id"].as_str())
            .collect();
        let mut expected = [ada.id.as_str(), people[winner].id.as_str()];
        there.sort_unstable();
        expected.sort_unstable();
        assert_eq!(there, expected);
        let listed = node(&fleet, 0).get(&links, &ada.token).await.expect(200);
        assert_eq!(listed["items"][0]["uses"], 1);
    }
    for (n, one) in people.iter().enumerate() {
        for other in &people[n + 1..] {
            let (from_one, from_other) =
                tokio::join!(direct(&fleet, 0, one, other), direct(&fleet, 1, other, one));
            let mut statuses = [from_one.status, from_other.status];
            statuses.sort_unstable();
            assert_eq!(statuses, [200, 201], "one makes it, the other finds it");
            assert_eq!(from_one.json()["id"], from_other.json()["id"]);
        }
    }
    let rooms = "SELECT count(*) FROM rooms WHERE kind = 'direct'";
    assert_eq!(fleet.pipes().query(rooms).await.expect("a count").trim(), "10");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_block_through_one_node_ends_what_flows_through_the_other() {
    let fleet = start(fleet().apis(2)).await;
    let (ada, bob) = (person(&fleet, "ada").await, person(&fleet, "bob").await);
    let room_id = id(&direct(&fleet, 0, &ada, &bob).await.expect(201));
    let mut his = socket(&fleet, 1, &bob, &room_id).await;
    let block = format!("/me/blocks/{}", bob.id);
    for round in 0..5 {
        for number in 0..40 {
            let reference = format!("{round}-{number}");
            let frame = json!({"type": "message", "ref": reference, "room_id": room_id, "content": "x"});
            his.feed_json(&frame).await.expect("an open socket");
        }
        his.flush().await.expect("an open socket");
        call(&fleet, 0, Method::PUT, &block, &ada).await.expect(204);
        // Once it is answered nothing more commits, though half of it is on its way.
        let then = log(&fleet, &ada, &room_id).await.len();
        let send = format!("/rooms/{room_id}/messages");
        for who in [&ada, &bob] {
            node(&fleet, 1)
                .post(&send, &who.token, &json!({"content": "x"}))
                .await
                .expect(403);
        }
        let mut acked = 0;
        for number in 0..40 {
            let reply = his.expect_reply(&format!("{round}-{number}")).await;
            match reply["type"].as_str() {
                Some("ack") => {
                    acked += 1;
                    assert!(reply["seq"].as_i64().expect("a seq") <= then as i64, "{reply}");
                }
                _ => assert_eq!(reply["code"], "forbidden", "{reply}"),
            }
        }
        let events = log(&fleet, &ada, &room_id).await;
        assert_eq!(events.len(), then, "round {round}: {acked} were taken");
        direct(&fleet, 1, &bob, &ada).await.expect(200);
        call(&fleet, 1, Method::DELETE, &block, &ada).await.expect(204);
        his.send_json(&json!({"type": "message", "ref": "again", "room_id": room_id, "content": "x"}))
            .await;
        assert_eq!(his.expect_reply("again").await["type"], "ack");
    }
}
