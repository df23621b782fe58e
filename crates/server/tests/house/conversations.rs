//! Reactions by many at once, and what who was away finds: over two nodes of everything.

use std::collections::HashMap;

use confab_testkit::http_client::{HttpClient, Method};
use confab_testkit::web_socket::WebSocket;
use serde_json::{Value, json};

use crate::stage::{
    Follower, OtherService, PATIENCE, Person, api, fleet, gateways, person, room, say, start,
};

const THUMB: &str = "%F0%9F%91%8D";

#[tokio::test(flavor = "multi_thread")]
async fn many_who_react_at_once_are_counted_everywhere_alike() {
    let fleet = start(fleet().apis(2)).await;
    let mut service = OtherService::subscribe(&fleet).await;
    let ada = person(&fleet, "ada").await;
    let mut people = Vec::new();
    for n in 0..12 {
        people.push(person(&fleet, &format!("person{n}")).await);
    }
    let members: Vec<&Person> = people.iter().collect();
    let room_id = room(&fleet, &ada, &members).await;
    let mut follower = Follower::open(&gateways(&fleet), &ada, &room_id).await;
    let message = say(&fleet, &ada, &room_id, "react").await;
    let path = format!(
        "/messages/{}/reactions/{THUMB}",
        message["id"].as_str().expect("an id")
    );
    let urls = [fleet.api(0).url(), fleet.api(1).url()];
    let reacting = people.iter().enumerate().map(|(n, person)| {
        let (client, path, token) = (HttpClient::new(&urls[n % 2]), path.clone(), person.token.clone());
        tokio::spawn(async move {
            client
                .call(Method::PUT, &path, Some(&token), None)
                .await
                .expect(200);
            if n % 3 == 0 {
                client
                    .call(Method::DELETE, &path, Some(&token), None)
                    .await
                    .expect(204);
            }
        })
    });
    for outcome in reacting.collect::<Vec<_>>() {
        outcome.await.expect("no panic");
    }
    for url in &urls {
        let page = HttpClient::new(url)
            .get(&format!("/rooms/{room_id}/messages"), &people[1].token)
            .await
            .expect(200);
        assert_eq!(
            page["items"][0]["reactions"],
            json!([{"emoji": "👍", "count": 8, "mine": true}])
        );
        assert_eq!(page["items"][0]["updated_seq"], page["as_of"]["seq"]);
    }
    let rows = fleet
        .pipes()
        .query("SELECT count(*) FROM reactions")
        .await
        .expect("a count");
    assert_eq!(rows.trim(), "8");
    // Whoever counts the events comes to the same.
    let last_seq = message["seq"].as_i64().expect("a seq") + 12 + 4;
    follower.hear_until(last_seq).await;
    service.accept_until(&room_id, last_seq).await;
    let count = |events: &[Value], key: &str| {
        let of = |name: &str| events.iter().filter(|event| event[key] == name).count();
        (of("reaction_added"), of("reaction_removed"))
    };
    assert_eq!(count(&follower.heard, "type"), (12, 4));
    assert_eq!(count(&service.accepted, "event_type"), (12, 4));
    let told = service
        .accepted
        .iter()
        .find(|body| body["event_type"] == "reaction_added")
        .expect("one");
    assert_eq!(
        (&told["emoji"], &told["message_id"]),
        (&json!("👍"), &message["id"])
    );
    assert!(people.iter().any(|person| told["user_id"] == person.id.as_str()));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_was_away_finds_everything_once_and_alike_on_every_device() {
    let fleet = start(fleet().apis(2)).await;
    let (ada, bob) = (person(&fleet, "ada").await, person(&fleet, "bob").await);
    let room_id = room(&fleet, &ada, &[&bob]).await;
    let mut phone = Follower::open(&gateways(&fleet), &bob, &room_id).await;
    phone.lose_connection();
    let mut last = Value::Null;
    for n in 0..5 {
        last = say(&fleet, &ada, &room_id, &format!("while you were away {n}")).await;
    }
    let path = format!("/messages/{}", last["id"].as_str().expect("an id"));
    let client = api(&fleet);
    client
        .call(
            Method::PUT,
            &format!("{path}/reactions/{THUMB}"),
            Some(&ada.token),
            None,
        )
        .await
        .expect(200);
    client
        .call(Method::DELETE, &path, Some(&ada.token), None)
        .await
        .expect(204);
    let end = last["seq"].as_i64().expect("a seq") + 2;
    phone.hear_until(end).await;
    assert_eq!(phone.resumed, 1);
    let mut heard: HashMap<&str, usize> = HashMap::new();
    for event in &phone.heard {
        *heard.entry(event["type"].as_str().expect("a type")).or_default() += 1;
    }
    let expected = [
        ("message_created", 5),
        ("reaction_added", 1),
        ("message_deleted", 1),
    ];
    assert_eq!(heard, expected.into());

    // Emission is not delivery: the mark moves by the client's word alone.
    let receipts = format!("{path}/receipts");
    assert_eq!(
        client.get(&receipts, &ada.token).await.expect(200)["delivered_count"],
        0
    );
    let number = last["number"].as_i64().expect("a number");
    let mut tablet = WebSocket::connect_with_bearer(
        &format!("{}/ws?subscribe=none", fleet.gateway(1).ws_url()),
        &bob.token,
    )
    .await
    .expect("a socket");
    tablet.expect("hello").await;
    let url = format!("{}/ws/{room_id}", fleet.gateway(0).ws_url());
    let mut laptop = WebSocket::connect_with_bearer(&url, &bob.token)
        .await
        .expect("a socket");
    let subscribed = laptop.expect("subscribed").await;
    assert_eq!(
        (&subscribed["unread"], &subscribed["last_read_number"]),
        (&json!(5), &json!(0))
    );
    laptop
        .send_json(&json!({"type": "delivered", "ref": "d", "number": number}))
        .await;
    laptop.expect_reply("d").await;
    let counts = client.get(&receipts, &ada.token).await.expect(200);
    assert_eq!(
        (&counts["delivered_count"], &counts["read_count"]),
        (&json!(1), &json!(0))
    );
    laptop
        .send_json(&json!({"type": "read", "ref": "r", "number": number - 1}))
        .await;
    laptop.expect_reply("r").await;
    let of_room = |frame: &Value| frame["last_read_number"] == json!(number - 1);
    let told = tablet.expect_where("conversation_updated", of_room).await;
    assert_eq!((&told["room_id"], &told["unread"]), (&json!(room_id), &json!(1)));
    for node in [fleet.api(0).url(), fleet.api(1).url()] {
        let list = HttpClient::new(node)
            .get("/conversations", &bob.token)
            .await
            .expect(200);
        let listed = &list["items"][0];
        assert_eq!(
            (
                &listed["unread"],
                &listed["last_read_number"],
                &listed["last_delivered_number"]
            ),
            (&json!(1), &json!(number - 1), &json!(number))
        );
        assert!(listed["last_message"]["content"].is_null(), "a tombstone");
    }
    // And one who connects anew starts where the others are.
    let url = format!("{}/ws/{room_id}", fleet.gateway(1).ws_url());
    let mut another = WebSocket::connect_with_bearer(&url, &bob.token)
        .await
        .expect("a socket");
    let subscribed = another.expect("subscribed").await;
    assert_eq!(subscribed["unread"], 1);
    assert!(
        another
            .next(PATIENCE / 100)
            .await
            .is_none_or(|frame| frame["event_id"].is_null())
    );
}
