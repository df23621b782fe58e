//! Messages: sent once, paged in both directions, edited, deleted; marks.

use confab_domain::Rate;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::desk::{Desk, Wishes, fields, id};

#[tokio::test]
async fn a_message_is_sent_once() {
    let desk = Desk::open().await;
    let ada = desk.person().await;
    let path = format!("/rooms/{}/messages", desk.room(&ada, "public").await);
    let body = json!({"content": "Hello!", "client_id": "web-1", "metadata": {"a": [1]}});
    let first = desk.post(&ada, &path, body.clone()).await;
    assert_eq!(first.header("idempotent-replayed"), "");
    let first = first.expect(201);
    assert_eq!(
        (&first["number"], &first["seq"], &first["client_id"]),
        (&json!(1), &json!(3), &json!("web-1"))
    );
    let again = desk.post(&ada, &path, body).await;
    assert_eq!(again.header("idempotent-replayed"), "true");
    assert_eq!(again.expect(200), first);
    let other = json!({"content": "Something else", "client_id": "web-1"});
    assert_eq!(
        desk.post(&ada, &path, other).await.expect(409)["code"],
        "conflict"
    );

    // The header is the same name as the field.
    let keyed = desk
        .client
        .request(confab_testkit::http_client::Method::POST, &path)
        .bearer(&ada.token);
    let keyed = keyed
        .header("Idempotency-Key", "web-1")
        .json(&json!({"content": "Hello!", "metadata": {"a": [1]}}));
    let keyed = keyed.send().await;
    assert_eq!(keyed.header("idempotent-replayed"), "true");
    assert_eq!(keyed.expect(200), first);
    let crossed = desk
        .client
        .request(confab_testkit::http_client::Method::POST, &path)
        .bearer(&ada.token);
    let crossed = crossed
        .header("Idempotency-Key", "a")
        .json(&json!({"content": "x", "client_id": "b"}));
    assert_eq!(fields(&crossed.send().await), ["client_id"]);
}

#[tokio::test]
async fn a_repeat_is_answered_when_the_budget_is_used_up() {
    let mut wishes = Wishes::default();
    wishes.limits.room_sends = Rate::per_minute(1);
    let desk = Desk::open_with(wishes).await;
    let ada = desk.person().await;
    let path = format!("/rooms/{}/messages", desk.room(&ada, "public").await);
    let body = json!({"content": "Hello!", "client_id": "1"});
    desk.post(&ada, &path, body.clone()).await.expect(201);
    desk.post(&ada, &path, body).await.expect(200);
    let refused = desk
        .post(&ada, &path, json!({"content": "More", "client_id": "2"}))
        .await;
    assert_eq!(refused.expect(429)["code"], "rate_limited");
    assert!(!refused.header("retry-after").is_empty());
}

#[tokio::test]
async fn pages_go_in_both_directions_and_meet() {
    let desk = Desk::open().await;
    let ada = desk.person().await;
    let room = desk.room(&ada, "public").await;
    for index in 1..=7 {
        desk.say(&ada, &room, &format!("message {index}")).await;
    }
    let path = format!("/rooms/{room}/messages");
    let numbers = |page: &Value| -> Vec<i64> {
        page["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|item| item["number"].as_i64().unwrap())
            .collect()
    };
    let walk = async |first: &str| {
        let (mut query, mut seen) = (first.to_owned(), Vec::new());
        loop {
            let page = desk
                .get(&ada, &format!("{path}?limit=3&{query}"))
                .await
                .expect(200);
            assert_eq!(page["as_of"]["seq"], 9);
            seen.extend(numbers(&page));
            let Some(cursor) = page["next_cursor"].as_str() else {
                return seen;
            };
            query = format!("cursor={cursor}");
        }
    };
    assert_eq!(walk("").await, [7, 6, 5, 4, 3, 2, 1]);
    assert_eq!(walk("after=0").await, [1, 2, 3, 4, 5, 6, 7]);
    assert_eq!(walk("before=6").await, [3, 2, 1]);
    let around = desk
        .get(&ada, &format!("{path}?limit=3&around=6"))
        .await
        .expect(200);
    assert!(numbers(&around).contains(&4), "{:?}", numbers(&around));
    assert_eq!(
        (&around["has_older"], &around["has_newer"]),
        (&json!(true), &json!(true))
    );

    let other = format!("/rooms/{}/messages", desk.room(&ada, "public").await);
    let page = desk.get(&ada, &format!("{path}?limit=1")).await.expect(200);
    let cursor = page["next_cursor"].as_str().unwrap();
    assert_eq!(
        fields(&desk.get(&ada, &format!("{other}?cursor={cursor}")).await),
        ["cursor"]
    );
    for (query, field) in [
        ("before=1&after=2", "after"),
        ("around=1&cursor=x", "cursor"),
        ("before=-1", "before"),
        ("after=x", "after"),
        ("around=9007199254740992", "around"),
        ("limit=0", "limit"),
        ("newest=1", "newest"),
    ] {
        assert_eq!(
            fields(&desk.get(&ada, &format!("{path}?{query}")).await),
            [field],
            "{query}"
        );
    }
    let page = desk
        .get(&ada, &format!("{path}?before=9007199254740991&limit=1"))
        .await
        .expect(200);
    assert_eq!(numbers(&page), [7]);
    let page = desk
        .get(&ada, &format!("{path}?after=9007199254740991"))
        .await
        .expect(200);
    assert!(numbers(&page).is_empty());
}

#[tokio::test]
async fn a_message_is_edited_by_its_sender_and_deleted_for_good() {
    let desk = Desk::open().await;
    let (ada, bob) = (desk.person().await, desk.person().await);
    let room = desk.room(&ada, "public").await;
    desk.poke(&bob, &format!("/rooms/{room}/join")).await.expect(200);
    let path = format!("/messages/{}", id(&desk.say(&bob, &room, "before").await));
    let edited = desk
        .patch(&bob, &path, json!({"content": "after"}))
        .await
        .expect(200);
    assert_eq!(edited["content"], "after");
    assert!(edited["edited_at"].is_string());
    let same = desk
        .patch(&bob, &path, json!({"content": "after"}))
        .await
        .expect(200);
    assert_eq!(same["updated_seq"], edited["updated_seq"]);
    desk.patch(&ada, &path, json!({"content": "mine"}))
        .await
        .expect(403);
    assert_eq!(
        fields(&desk.patch(&bob, &path, json!({"content": ""})).await),
        ["content"]
    );
    desk.delete(&ada, &path).await.expect(204);
    desk.delete(&ada, &path).await.expect(204);
    let tombstone = desk.get(&bob, &path).await.expect(200);
    assert!(tombstone["content"].is_null() && tombstone["deleted_at"].is_string());
    desk.patch(&bob, &path, json!({"content": "again"}))
        .await
        .expect(409);
}

#[tokio::test]
async fn a_reply_names_a_message_of_the_same_room() {
    let desk = Desk::open().await;
    let ada = desk.person().await;
    let (room, other) = (desk.room(&ada, "public").await, desk.room(&ada, "public").await);
    let said = id(&desk.say(&ada, &room, "question").await);
    let path = format!("/rooms/{room}/messages");
    let reply = desk
        .post(&ada, &path, json!({"content": "answer", "reply_to": said}))
        .await
        .expect(201);
    assert_eq!(reply["reply_to"], said);
    let foreign = format!("/rooms/{other}/messages");
    let refused = desk
        .post(&ada, &foreign, json!({"content": "answer", "reply_to": said}))
        .await;
    assert_eq!(fields(&refused), ["reply_to"]);
    let refused = desk
        .post(
            &ada,
            &path,
            json!({"content": "answer", "reply_to": Uuid::now_v7()}),
        )
        .await;
    assert_eq!(fields(&refused), ["reply_to"]);
}

#[tokio::test]
async fn marks_move_forward_only() {
    let desk = Desk::open().await;
    let (ada, bob) = (desk.person().await, desk.person().await);
    let room = desk.room(&ada, "public").await;
    desk.poke(&bob, &format!("/rooms/{room}/join")).await.expect(200);
    for _ in 0..3 {
        desk.say(&ada, &room, "hello").await;
    }
    let path = format!("/rooms/{room}/read");
    assert_eq!(
        desk.get(&bob, &format!("/rooms/{room}")).await.expect(200)["unread"],
        3
    );
    let mark = desk.post(&bob, &path, json!({"number": 2})).await.expect(200);
    assert_eq!(mark, json!({"number": 2, "unread": 1}));
    assert_eq!(
        desk.post(&bob, &path, json!({"number": 1})).await.expect(200)["number"],
        2
    );
    assert_eq!(
        desk.post(&bob, &path, json!({"number": 99})).await.expect(200)["number"],
        3
    );
    assert_eq!(
        fields(&desk.post(&bob, &path, json!({"number": -1})).await),
        ["number"]
    );
    let receipts = desk
        .get(&ada, &format!("/rooms/{room}/receipts"))
        .await
        .expect(200);
    let of_bob = receipts["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|item| item["user_id"] == bob.id)
        .unwrap();
    assert_eq!(
        (&of_bob["last_read_number"], &of_bob["last_delivered_number"]),
        (&json!(3), &json!(3))
    );
    let present = desk
        .get(&ada, &format!("/rooms/{room}/presence"))
        .await
        .expect(200);
    assert_eq!(present, json!({"present_count": 0, "items": []}));
}

#[tokio::test]
async fn who_is_no_member_has_no_marks() {
    let desk = Desk::open().await;
    let (ada, eve, host) = (desk.person().await, desk.person().await, desk.service().await);
    let (open, shut) = (desk.room(&ada, "public").await, desk.room(&ada, "private").await);
    let mark = json!({"number": 1});
    for (who, room, status) in [
        (&eve, &open, 403),
        (&eve, &shut, 404),
        (&host, &open, 403),
        (&host, &shut, 403),
        (&ada, &shut, 200),
    ] {
        let answer = desk.post(who, &format!("/rooms/{room}/read"), mark.clone()).await;
        assert_eq!(answer.status, status, "{}", answer.text());
    }
}
