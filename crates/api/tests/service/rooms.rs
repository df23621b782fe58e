//! Rooms: made, listed, edited, ended; direct rooms; what strangers see.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::desk::{Desk, fields, id};

#[tokio::test]
async fn a_room_is_made_with_members_and_shown() {
    let desk = Desk::open().await;
    let (ada, bob) = (desk.person().await, desk.person().await);
    let body = json!({
        "kind": "private", "name": "  Offers ", "description": "of today", "metadata": {"offer": {"id": 7}},
        "history": "since_join", "member_ids": [bob.id],
    });
    let room = desk.post(&ada, "/rooms", body).await.expect(201);
    assert_eq!(room["name"], "Offers");
    assert_eq!(room["metadata"]["offer"]["id"], 7);
    assert_eq!(
        (room["member_count"].as_i64(), room["my_role"].as_str()),
        (Some(2), Some("owner"))
    );
    assert_eq!(room["last_seq"], 3, "room_created and two user_joined");
    let seen = desk.get(&bob, &format!("/rooms/{}", id(&room))).await.expect(200);
    assert_eq!(seen["my_role"], "member");
}

#[tokio::test]
async fn a_private_room_and_none_at_all_look_the_same_to_a_stranger() {
    let desk = Desk::open().await;
    let (ada, eve) = (desk.person().await, desk.person().await);
    let there = desk.room(&ada, "private").await;
    let message = id(&desk.say(&ada, &there, "secret").await);
    let nowhere = Uuid::now_v7().to_string();
    let rest = ["", "/messages", "/members", "/events", "/receipts", "/presence"];
    for (method, rest, body) in rest.iter().map(|rest| ("GET", *rest, None)).chain([
        ("POST", "/messages", Some(json!({"content": "x"}))),
        ("POST", "/read", Some(json!({"number": 1}))),
        ("POST", "/members", Some(json!({"user_id": eve.id}))),
        ("POST", "/join", None),
        ("POST", "/leave", None),
        ("PATCH", "", Some(json!({"name": "x"}))),
        ("DELETE", "", None),
    ]) {
        let ask = async |room: &str| {
            let path = format!("/rooms/{room}{rest}");
            let answer = desk.call(method, &path, Some(&eve.token), body.as_ref()).await;
            let mut problem = answer.expect(404);
            problem["request_id"].take();
            problem
        };
        assert_eq!(ask(&there).await, ask(&nowhere).await, "{method} {rest}");
    }
    for method in ["GET", "PATCH", "DELETE"] {
        let body = (method == "PATCH").then(|| json!({"content": "x"}));
        let ask = async |message: &str| {
            let path = format!("/messages/{message}");
            let mut problem = desk
                .call(method, &path, Some(&eve.token), body.as_ref())
                .await
                .expect(404);
            problem["request_id"].take();
            problem
        };
        assert_eq!(ask(&message).await, ask(&nowhere).await, "{method}");
    }
}

#[tokio::test]
async fn rooms_are_listed_page_by_page() {
    let desk = Desk::open().await;
    let (ada, bob) = (desk.person().await, desk.person().await);
    let mut public = Vec::new();
    for _ in 0..5 {
        desk.advance(std::time::Duration::from_millis(5));
        public.push(desk.room(&ada, "public").await);
    }
    desk.room(&ada, "private").await;
    public.reverse();
    let mut path = "/rooms?limit=2".to_owned();
    let mut seen = Vec::new();
    loop {
        let page = desk.get(&bob, &path).await.expect(200);
        seen.extend(page["items"].as_array().unwrap().iter().map(id));
        let Some(cursor) = page["next_cursor"].as_str() else {
            break;
        };
        assert_eq!(page["has_more"], true);
        path = format!("/rooms?limit=2&cursor={cursor}");
    }
    assert_eq!(seen, public);
    let mine = desk.get(&ada, "/rooms?kind=private&query=ROO").await.expect(200);
    assert_eq!(mine["items"].as_array().unwrap().len(), 1);
    for (query, field) in [
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("cursor=x", "cursor"),
        ("kind=x", "kind"),
    ] {
        assert_eq!(
            fields(&desk.get(&ada, &format!("/rooms?{query}")).await),
            [field],
            "{query}"
        );
    }
}

#[tokio::test]
async fn null_clears_and_absence_keeps() {
    let desk = Desk::open().await;
    let (ada, bob) = (desk.person().await, desk.person().await);
    let path = format!("/rooms/{}", desk.room(&ada, "public").await);
    let room = desk
        .patch(&ada, &path, json!({"description": "d", "metadata": {"a": 1}}))
        .await
        .expect(200);
    assert_eq!(
        (&room["description"], &room["metadata"]),
        (&json!("d"), &json!({"a": 1}))
    );
    let room = desk
        .patch(&ada, &path, json!({"description": null}))
        .await
        .expect(200);
    assert_eq!(
        (&room["description"], &room["metadata"]),
        (&Value::Null, &json!({"a": 1}))
    );
    let same = desk
        .patch(&ada, &path, json!({"name": room["name"]}))
        .await
        .expect(200);
    assert_eq!(
        same["last_seq"], room["last_seq"],
        "nothing changed, so nothing is announced"
    );
    assert_eq!(
        fields(&desk.patch(&ada, &path, json!({"name": null})).await),
        ["name"]
    );
    desk.patch(&bob, &path, json!({"name": "mine"})).await.expect(403);
}

#[tokio::test]
async fn an_ended_room_is_gone_for_everybody() {
    let desk = Desk::open().await;
    let (ada, bob) = (desk.person().await, desk.person().await);
    let path = format!("/rooms/{}", desk.room(&ada, "public").await);
    desk.poke(&bob, &format!("{path}/join")).await.expect(200);
    desk.delete(&bob, &path).await.expect(403);
    desk.delete(&ada, &path).await.expect(204);
    desk.get(&ada, &path).await.expect(404);
    desk.get(&bob, &path).await.expect(404);
    desk.delete(&ada, &path).await.expect(404);
}

#[tokio::test]
async fn two_people_have_one_direct_room() {
    let desk = Desk::open().await;
    let (ada, bob) = (desk.person().await, desk.person().await);
    let made = desk
        .post(&ada, "/rooms/direct", json!({"user_id": bob.id}))
        .await
        .expect(201);
    let found = desk
        .post(&bob, "/rooms/direct", json!({"user_id": ada.id}))
        .await
        .expect(200);
    assert_eq!(made["id"], found["id"]);
    assert_eq!(made["name"], Value::Null);
    let oneself = desk.post(&ada, "/rooms/direct", json!({"user_id": ada.id})).await;
    assert_eq!(fields(&oneself), ["user_id"]);
    let nobody = desk
        .post(&ada, "/rooms/direct", json!({"user_id": Uuid::now_v7()}))
        .await;
    assert_eq!(fields(&nobody), ["user_id"]);
    let path = format!("/rooms/{}", id(&made));
    desk.poke(&ada, &format!("{path}/leave")).await.expect(403);
    desk.patch(&ada, &path, json!({"name": "x"})).await.expect(403);
    desk.delete(&ada, &path).await.expect(403);
}
