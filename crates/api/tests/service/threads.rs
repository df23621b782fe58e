//! Messages as conversations need them: replies, threads, names, links, histories, reasons, forwards.

use std::time::Duration;

use confab_domain::Rate;
use serde_json::{Value, json};

use crate::desk::{Desk, Person, Wishes, fields, id};

async fn join(desk: &Desk, who: &Person, room: &str) {
    desk.poke(who, &format!("/rooms/{room}/join")).await.expect(200);
}

async fn send(desk: &Desk, who: &Person, room: &str, body: Value) -> Value {
    desk.post(who, &format!("/rooms/{room}/messages"), body)
        .await
        .expect(201)
}

async fn reply(desk: &Desk, who: &Person, room: &str, parent: &Value, content: &str) -> Value {
    send(
        desk,
        who,
        room,
        json!({"content": content, "reply_to": parent["id"]}),
    )
    .await
}

fn path(message: &Value) -> String {
    format!("/messages/{}", id(message))
}

#[tokio::test]
async fn a_reply_shows_its_parent_and_is_counted_there() {
    let desk = Desk::open().await;
    let ada = desk.person().await;
    let room = desk.room(&ada, "public").await;
    let said = desk.say(&ada, &room, "question").await;
    assert!(said.get("reply_count").is_none());
    let answer = reply(&desk, &ada, &room, &said, "answer").await;
    let preview = json!({
        "id": said["id"], "number": 1, "sender_id": ada.id, "content": "question",
        "is_deleted": false, "attachment_count": 0
    });
    assert_eq!(answer["parent"], preview);
    desk.patch(&ada, &path(&said), json!({"content": "better"}))
        .await
        .expect(200);
    let page = desk
        .get(&ada, &format!("/rooms/{room}/messages"))
        .await
        .expect(200);
    assert_eq!(page["items"][0]["parent"]["content"], "better");
    assert_eq!(page["items"][1]["reply_count"], 1);
    assert!(page["items"][1]["last_reply_at"].is_string());
    let log = desk.get(&ada, &format!("/rooms/{room}/events")).await.expect(200);
    let created = &log["items"][2];
    assert_eq!(created["message"]["id"], said["id"]);
    assert!(
        created["message"].get("reply_count").is_none(),
        "events count nothing"
    );
    desk.delete(&ada, &path(&said)).await.expect(204);
    let answer = desk.get(&ada, &path(&answer)).await.expect(200);
    assert_eq!(
        (&answer["parent"]["content"], &answer["parent"]["is_deleted"]),
        (&Value::Null, &json!(true))
    );
    reply(&desk, &ada, &room, &said, "to a tombstone").await;
}

#[tokio::test]
async fn a_reply_mentions_whom_it_answers() {
    let desk = Desk::open().await;
    let (ada, bob, cyd) = (desk.person().await, desk.person().await, desk.person().await);
    let room = desk.room(&ada, "public").await;
    for who in [&bob, &cyd] {
        join(&desk, who, &room).await;
    }
    let mentions = async |who: &Person| {
        let list = desk.get(who, "/conversations").await.expect(200);
        list["items"][0]["mention_count"].clone()
    };
    let question = send(&desk, &ada, &room, json!({"content": "Lunch?"})).await;
    let answer = reply(&desk, &bob, &room, &question, "Yes").await;
    assert_eq!(
        (&answer["mentions"], mentions(&ada).await),
        (&json!([ada.id]), json!(1))
    );
    let both = format!("@{} asks @{}", ada.username, cyd.username);
    let answer = reply(&desk, &bob, &room, &question, &both).await;
    assert_eq!(answer["mentions"], json!([ada.id, cyd.id]), "each once");
    assert_eq!((mentions(&ada).await, mentions(&cyd).await), (json!(2), json!(1)));
    // An edit says other words to the same person.
    let edited = desk
        .patch(&bob, &path(&answer), json!({"content": "No"}))
        .await
        .expect(200);
    assert_eq!(edited["mentions"], json!([ada.id]));
    assert_eq!((mentions(&ada).await, mentions(&cyd).await), (json!(2), json!(0)));
    desk.delete(&bob, &path(&answer)).await.expect(204);
    assert_eq!(mentions(&ada).await, 1);

    let own = reply(&desk, &ada, &room, &question, "Anyone?").await;
    assert_eq!(own["mentions"], json!([]), "nobody calls themselves");
    desk.delete(&ada, &path(&own)).await.expect(204);
    let to_nobody = reply(&desk, &bob, &room, &own, "gone").await;
    assert_eq!(to_nobody["mentions"], json!([]), "a tombstone is nobody's word");
    let bobs = send(&desk, &bob, &room, json!({"content": "bye"})).await;
    desk.poke(&bob, &format!("/rooms/{room}/leave")).await.expect(204);
    let late = reply(&desk, &ada, &room, &bobs, "wait").await;
    assert_eq!(late["mentions"], json!([]), "who has left is not called");

    desk.patch(&ada, &format!("/rooms/{room}"), json!({"system_messages": true}))
        .await
        .expect(200);
    join(&desk, &bob, &room).await;
    let newest = desk
        .get(&ada, &format!("/rooms/{room}/messages?limit=1"))
        .await
        .expect(200);
    let notice = newest["items"][0].clone();
    assert_eq!(
        (&notice["content_type"], &notice["sender_id"]),
        (&json!("system"), &json!(bob.id))
    );
    let welcome = reply(&desk, &ada, &room, &notice, "welcome").await;
    assert_eq!(welcome["mentions"], json!([]), "the system's words are nobody's");

    let body = json!({"kind": "public", "name": "since", "history": "since_join"});
    let since = id(&desk.post(&ada, "/rooms", body).await.expect(201));
    join(&desk, &cyd, &since).await;
    let said = send(&desk, &ada, &since, json!({"content": "early"})).await;
    let answer = reply(&desk, &cyd, &since, &said, "ok").await;
    assert_eq!(
        answer["mentions"],
        json!([]),
        "whose it was is not for those who came later"
    );
}

#[tokio::test]
async fn a_thread_goes_in_pages_and_stays_with_those_who_may_read() {
    let desk = Desk::open().await;
    let (ada, bob, eve) = (desk.person().await, desk.person().await, desk.person().await);
    let room = desk.room(&ada, "public").await;
    join(&desk, &bob, &room).await;
    let said = desk.say(&ada, &room, "question").await;
    for number in 0..5 {
        reply(&desk, &bob, &room, &said, &format!("{number}")).await;
        desk.say(&ada, &room, "between").await;
    }
    let replies = format!("{}/replies", path(&said));
    let (mut query, mut texts) = (String::from("limit=2"), Vec::new());
    loop {
        let page = desk.get(&ada, &format!("{replies}?{query}")).await.expect(200);
        assert_eq!(page["as_of"]["seq"], 14);
        for item in page["items"].as_array().unwrap() {
            texts.push(item["content"].as_str().unwrap().to_owned());
        }
        match page["next_cursor"].as_str() {
            Some(cursor) => query = format!("limit=2&cursor={cursor}"),
            None => break,
        }
    }
    assert_eq!(texts, ["0", "1", "2", "3", "4"]);
    for list in ["replies", "history"] {
        let of_message = format!("{}/{list}", path(&said));
        desk.get(&eve, &of_message).await.expect(404);
        assert_eq!(
            fields(&desk.get(&ada, &format!("{of_message}?limit=0")).await),
            ["limit"]
        );
        let other = format!("{of_message}?cursor=bm9uZQ");
        assert_eq!(fields(&desk.get(&ada, &other).await), ["cursor"]);
    }
}

#[tokio::test]
async fn a_newcomer_sees_no_parent_of_before() {
    let desk = Desk::open().await;
    let (ada, bob) = (desk.person().await, desk.person().await);
    let body = json!({"kind": "public", "name": "room", "history": "since_join"});
    let room = id(&desk.post(&ada, "/rooms", body).await.expect(201));
    let secret = desk.say(&ada, &room, "a secret").await;
    join(&desk, &bob, &room).await;
    let answer = reply(&desk, &ada, &room, &secret, "an answer").await;
    assert_eq!(answer["parent"]["content"], "a secret", "to who may see it");
    let list = format!("/rooms/{room}/messages");
    for _ in 0..2 {
        let hers = desk.get(&ada, &list).await.expect(200);
        assert_eq!(hers["items"][0]["parent"]["content"], "a secret");
        let his = desk.get(&bob, &list).await;
        assert!(!his.text().contains("secret"), "{}", his.text());
    }
    let his = desk.get(&bob, &path(&answer)).await;
    assert!(!his.text().contains("secret"));
    assert_eq!(his.expect(200)["reply_to"], secret["id"]);
    let log = desk.get(&ada, &format!("/rooms/{room}/events")).await.expect(200);
    let event = log["items"].as_array().unwrap().last().unwrap();
    assert!(event["message"].get("parent").is_none(), "the same for everybody");
    for list in ["replies", "history"] {
        desk.get(&bob, &format!("{}/{list}", path(&secret)))
            .await
            .expect(404);
    }
    let nested = reply(&desk, &bob, &room, &answer, "visible").await;
    assert_eq!(nested["parent"]["content"], "an answer");
    let body = json!({"content": "x", "reply_to": secret["id"]});
    assert_eq!(fields(&desk.post(&bob, &list, body).await), ["reply_to"]);
}

#[tokio::test]
async fn names_of_members_and_links_are_found_at_send_and_at_edit() {
    let desk = Desk::open().await;
    let (ada, bob, eve) = (desk.person().await, desk.person().await, desk.person().await);
    let room = desk.room(&ada, "public").await;
    join(&desk, &bob, &room).await;
    let text = format!(
        "@{}. and @{}, @{} mail x@{} https://example.org/@{}",
        bob.username.to_uppercase(),
        bob.username,
        eve.username,
        bob.username,
        bob.username
    );
    let said = desk.say(&ada, &room, &text).await;
    assert_eq!(said["mentions"], json!([bob.id]), "members, once");
    assert_eq!(
        said["links"],
        json!([format!("https://example.org/@{}", bob.username)])
    );
    assert!(said.get("mentions_here").is_none());
    let code = json!({"content": format!("`@{}` @here", bob.username), "content_type": "text/markdown"});
    let said = send(&desk, &ada, &room, code).await;
    assert_eq!(
        (&said["mentions"], &said["mentions_here"]),
        (&json!([]), &json!(true))
    );
    let edited = format!("@{} @{}", ada.username, bob.username);
    let edited = desk
        .patch(&ada, &path(&said), json!({"content": edited}))
        .await
        .expect(200);
    assert_eq!(edited["mentions"], json!([ada.id, bob.id]));
    assert!(edited.get("mentions_here").is_none());
    let counts = desk
        .ports
        .message_reads
        .unread_mentions(bob.id.parse().unwrap(), &[room.parse().unwrap()])
        .await
        .unwrap();
    assert_eq!(counts.values().copied().collect::<Vec<_>>(), [2]);
}

#[tokio::test]
async fn former_texts_are_read_by_those_who_read_the_message() {
    let desk = Desk::open().await;
    let (ada, bob) = (desk.person().await, desk.person().await);
    let room = desk.room(&ada, "public").await;
    join(&desk, &bob, &room).await;
    let said = desk.say(&ada, &room, "one").await;
    for text in ["two", "three"] {
        desk.advance(Duration::from_secs(1));
        desk.patch(&ada, &path(&said), json!({"content": text}))
            .await
            .expect(200);
    }
    let history = format!("{}/history", path(&said));
    let page = desk.get(&bob, &history).await.expect(200);
    let texts: Vec<_> = page["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| &item["content"])
        .collect();
    assert_eq!(texts, ["one", "two"]);
    assert_eq!(page["items"][0]["written_at"], said["created_at"]);
    assert_eq!(page["items"][1]["written_at"], page["items"][0]["replaced_at"]);
    let first = desk.get(&bob, &format!("{history}?limit=1")).await.expect(200);
    let cursor = first["next_cursor"].as_str().unwrap();
    let second = desk
        .get(&bob, &format!("{history}?cursor={cursor}"))
        .await
        .expect(200);
    assert_eq!(
        (&second["items"][0]["content"], &second["has_more"]),
        (&json!("two"), &json!(false))
    );
    desk.delete(&ada, &path(&said)).await.expect(204);
    assert_eq!(desk.get(&bob, &history).await.expect(200)["items"], json!([]));
}

#[tokio::test]
async fn a_moderator_says_why_and_a_sender_need_not() {
    let desk = Desk::open().await;
    let (ada, bob) = (desk.person().await, desk.person().await);
    let room = desk.room(&ada, "public").await;
    join(&desk, &bob, &room).await;
    let (his, hers) = (
        desk.say(&bob, &room, "spam").await,
        desk.say(&ada, &room, "mine").await,
    );
    let why = |message: &Value, reason: &str| format!("{}?reason={reason}", path(message));
    assert_eq!(fields(&desk.delete(&ada, &why(&his, "")).await), ["reason"]);
    assert_eq!(
        fields(&desk.delete(&ada, &why(&his, &"x".repeat(501))).await),
        ["reason"]
    );
    desk.delete(&bob, &why(&hers, "revenge")).await.expect(403);
    desk.delete(&ada, &why(&his, "no%20advertising"))
        .await
        .expect(204);
    let tombstone = desk.get(&bob, &path(&his)).await.expect(200);
    assert_eq!(
        (&tombstone["deleted_by"], &tombstone["delete_reason"]),
        (&json!(ada.id), &json!("no advertising"))
    );
    desk.delete(&ada, &why(&hers, "mine")).await.expect(204);
    let tombstone = desk.get(&bob, &path(&hers)).await.expect(200);
    assert!(tombstone.get("deleted_by").is_none() && tombstone.get("delete_reason").is_none());
}

async fn forward(
    desk: &Desk,
    who: &Person,
    message: &Value,
    body: Value,
) -> confab_testkit::http_client::Answer {
    desk.post(who, &format!("{}/forward", path(message)), body).await
}

#[tokio::test]
async fn a_forward_names_its_first_sender_and_not_its_room() {
    let desk = Desk::open().await;
    let (ada, bob, eve) = (desk.person().await, desk.person().await, desk.person().await);
    let (private, open) = (desk.room(&ada, "private").await, desk.room(&bob, "public").await);
    join(&desk, &ada, &open).await;
    let body = json!({
        "content": format!("see https://example.org @{}", bob.username), "content_type": "text/markdown",
        "metadata": {"offer": 1}
    });
    let said = send(&desk, &ada, &private, body).await;
    let wanted = json!({"room_id": open, "client_id": "f-1"});
    let made = forward(&desk, &ada, &said, wanted.clone()).await.expect(201);
    let from = json!({"message_id": said["id"], "sender_id": ada.id, "created_at": said["created_at"]});
    assert_eq!(made["forwarded_from"], from);
    assert_eq!(
        (&made["content"], &made["content_type"]),
        (&said["content"], &said["content_type"])
    );
    assert_eq!(
        (&made["links"], &made["mentions"]),
        (&json!(["https://example.org"]), &json!([]))
    );
    assert_eq!(made["metadata"], json!({}));
    assert!(!made.to_string().contains(&private), "the room is not told");

    // Repeated, also when the source is edited or gone.
    desk.patch(&ada, &path(&said), json!({"content": "edited"}))
        .await
        .expect(200);
    for _ in 0..2 {
        let again = forward(&desk, &ada, &said, wanted.clone()).await;
        assert_eq!(again.header("idempotent-replayed"), "true");
        assert_eq!(again.expect(200)["id"], made["id"]);
        desk.delete(&ada, &path(&said)).await.expect(204);
    }
    let onward = forward(&desk, &bob, &made, json!({"room_id": open}))
        .await
        .expect(201);
    assert_eq!(onward["forwarded_from"], from, "the first origin");

    forward(&desk, &ada, &said, json!({"room_id": open}))
        .await
        .expect(409);
    forward(&desk, &bob, &said, json!({"room_id": open}))
        .await
        .expect(404);
    forward(&desk, &bob, &made, json!({"room_id": private}))
        .await
        .expect(404);
    forward(&desk, &eve, &made, json!({"room_id": open}))
        .await
        .expect(404);
    assert_eq!(
        fields(&forward(&desk, &ada, &made, json!({"room_id": open, "client_id": "a b"})).await),
        ["client_id"]
    );
    desk.patch(&ada, &path(&made), json!({"content": "not what was said"}))
        .await
        .expect(403);
    let host = desk.service().await;
    let system = json!({"content": "joined", "content_type": "system"});
    let system = send(&desk, &host, &open, system).await;
    forward(&desk, &bob, &system, json!({"room_id": open}))
        .await
        .expect(409);
}

#[tokio::test]
async fn a_lost_ack_of_a_forward_is_healed_when_its_source_is_out_of_reach() {
    let desk = Desk::open().await;
    let (ada, bob) = (desk.person().await, desk.person().await);
    let (private, open) = (desk.room(&ada, "private").await, desk.room(&bob, "public").await);
    desk.post(
        &ada,
        &format!("/rooms/{private}/members"),
        json!({"user_id": bob.id}),
    )
    .await
    .expect(201);
    let said = desk.say(&ada, &private, "said").await;
    let link = forward(&desk, &ada, &said, json!({"room_id": private}))
        .await
        .expect(201);
    let wanted = |client_id: &str| json!({"room_id": open, "client_id": client_id});
    let firsts = [
        forward(&desk, &bob, &said, wanted("1")).await.expect(201),
        forward(&desk, &bob, &link, wanted("2")).await.expect(201),
    ];
    desk.delete(&ada, &format!("/rooms/{private}/members/{}", bob.id))
        .await
        .expect(204);
    for (source, client_id, first) in [(&said, "1", &firsts[0]), (&link, "2", &firsts[1])] {
        let again = forward(&desk, &bob, source, wanted(client_id)).await;
        assert_eq!(again.header("idempotent-replayed"), "true");
        assert_eq!(again.expect(200), *first, "of a forward of a forward, too");
        forward(&desk, &bob, source, wanted("new")).await.expect(404);
        forward(&desk, &bob, source, json!({"room_id": open}))
            .await
            .expect(404);
    }
    // Another message under a used id stays a conflict.
    forward(&desk, &bob, &said, wanted("2")).await.expect(409);
}

#[tokio::test]
async fn forwards_take_from_the_budget_of_sends() {
    let mut wishes = Wishes::default();
    wishes.limits.room_sends = Rate::per_minute(2);
    let desk = Desk::open_with(wishes).await;
    let ada = desk.person().await;
    let room = desk.room(&ada, "public").await;
    let said = desk.say(&ada, &room, "again and again").await;
    let wanted = json!({"room_id": room, "client_id": "f-1"});
    forward(&desk, &ada, &said, wanted.clone()).await.expect(201);
    forward(&desk, &ada, &said, wanted).await.expect(200);
    forward(&desk, &ada, &said, json!({"room_id": room}))
        .await
        .expect(429);
}
