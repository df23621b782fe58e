//! The log of a room, nested and flat.

use serde_json::{Value, json};

use crate::desk::{Desk, fields, id};

#[tokio::test]
async fn the_log_is_whole_and_in_order() {
    let desk = Desk::open().await;
    let (ada, bob) = (desk.person().await, desk.person().await);
    let room = desk.room(&ada, "public").await;
    desk.poke(&bob, &format!("/rooms/{room}/join")).await.expect(200);
    let message = id(&desk.say(&bob, &room, "first words").await);
    desk.patch(
        &bob,
        &format!("/messages/{message}"),
        json!({"content": "other words"}),
    )
    .await
    .expect(200);
    desk.delete(&bob, &format!("/messages/{message}"))
        .await
        .expect(204);
    let path = format!("/rooms/{room}/events");
    let page = desk.get(&ada, &format!("{path}?limit=4")).await;
    assert!(!page.text().contains("words"), "a deleted text is nowhere");
    let page = page.expect(200);
    let types = |page: &Value, key: &str| -> Vec<String> {
        page["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|item| item[key].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(
        types(&page, "type"),
        ["room_created", "user_joined", "user_joined", "message_created"]
    );
    assert_eq!(
        (&page["has_more"], &page["last_seq"], &page["reset"]),
        (&json!(true), &json!(6), &json!(false))
    );
    let epoch = page["epoch"].as_str().unwrap();
    let rest = desk
        .get(&ada, &format!("{path}?after_seq=4&epoch={epoch}&form=flat"))
        .await
        .expect(200);
    assert_eq!(types(&rest, "event_type"), ["message_updated", "message_deleted"]);
    assert_eq!(rest["has_more"], false);
    let flat = &rest["items"][1];
    for (key, value) in [
        ("seq", json!(6)),
        ("epoch", json!(epoch)),
        ("room_id", json!(room)),
        ("room_kind", json!("public")),
    ] {
        assert_eq!(flat[key], value, "{key}");
    }
    for (query, reset) in [
        ("after_seq=6", false),
        ("after_seq=7", true),
        ("after_seq=1&epoch=another", true),
    ] {
        let page = desk.get(&ada, &format!("{path}?{query}")).await.expect(200);
        assert_eq!(
            (&page["reset"], &page["items"]),
            (&json!(reset), &json!([])),
            "{query}"
        );
    }
    for (query, field) in [
        ("after_seq=-1", "after_seq"),
        ("form=x", "form"),
        ("limit=101", "limit"),
        ("seq=1", "seq"),
    ] {
        assert_eq!(
            fields(&desk.get(&ada, &format!("{path}?{query}")).await),
            [field],
            "{query}"
        );
    }
}

#[tokio::test]
async fn what_was_before_a_newcomer_is_hidden() {
    let desk = Desk::open().await;
    let (ada, bob) = (desk.person().await, desk.person().await);
    let body = json!({"kind": "private", "name": "r", "history": "since_join"});
    let room = id(&desk.post(&ada, "/rooms", body).await.expect(201));
    let old = id(&desk.say(&ada, &room, "among us").await);
    desk.post(
        &ada,
        &format!("/rooms/{room}/members"),
        json!({"user_id": bob.id}),
    )
    .await
    .expect(201);
    desk.say(&ada, &room, "welcome").await;
    let log = desk.get(&bob, &format!("/rooms/{room}/events")).await.expect(200);
    let items = log["items"].as_array().unwrap();
    let hidden: Vec<&Value> = items.iter().filter(|item| item["type"] == "hidden").collect();
    assert_eq!(items.len(), 5, "seq stays whole");
    assert_eq!(hidden.len(), 3);
    desk.get(&bob, &format!("/messages/{old}")).await.expect(404);
    let page = desk
        .get(&bob, &format!("/rooms/{room}/messages"))
        .await
        .expect(200);
    assert_eq!(page["items"].as_array().unwrap().len(), 1);
    assert_eq!(page["has_older"], false);
}

#[tokio::test]
async fn the_host_products_service_reads_any_room() {
    let desk = Desk::open().await;
    let (ada, host) = (desk.person().await, desk.service().await);
    let room = desk.room(&ada, "private").await;
    desk.say(&ada, &room, "hello").await;
    let log = desk
        .get(&host, &format!("/rooms/{room}/events?form=flat"))
        .await
        .expect(200);
    assert_eq!(log["items"][2]["content"], "hello");
    let body = json!({"content": "from the host", "content_type": "system"});
    desk.post(&host, &format!("/rooms/{room}/messages"), body)
        .await
        .expect(201);
}
