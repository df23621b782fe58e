//! One's own list of rooms over REST, receipts, and what people say of themselves.

use std::time::Duration;

use serde_json::{Value, json};

use crate::desk::{Desk, Person, fields, id};

async fn direct(desk: &Desk, who: &Person, other: &Person) -> String {
    let body = json!({"user_id": other.id});
    id(&desk.post(who, "/rooms/direct", body).await.expect(201))
}

#[tokio::test]
async fn the_list_shows_what_is_new_and_what_one_set() {
    let desk = Desk::open().await;
    let (ada, bob) = (desk.person().await, desk.person().await);
    let lobby = desk.room(&ada, "public").await;
    desk.poke(&bob, &format!("/rooms/{lobby}/join")).await.expect(200);
    desk.advance(Duration::from_secs(1));
    let room = direct(&desk, &ada, &bob).await;
    desk.advance(Duration::from_secs(1));
    let said = id(&desk.say(&ada, &room, "hello").await);
    desk.call(
        "PUT",
        &format!("/messages/{said}/reactions/%F0%9F%91%8D"),
        Some(&ada.token),
        None,
    )
    .await
    .expect(200);
    let page = desk.get(&bob, "/conversations").await.expect(200);
    let first = &page["items"][0];
    assert_eq!(
        (&first["room"]["id"], &first["unread"], &first["last_read_number"]),
        (&json!(room), &json!(1), &json!(0))
    );
    assert_eq!(first["last_message"]["content"], "hello");
    assert_eq!(
        first["last_message"]["reactions"],
        json!([{"emoji": "👍", "count": 1, "mine": false}])
    );
    assert_eq!(first["peer"]["user"]["id"], ada.id);
    assert_eq!(first["peer"]["presence"]["status"], "offline");
    assert!(page["items"][1]["peer"].is_null() && page["items"][1]["last_message"].is_null());
    assert_eq!(
        desk.get(&bob, "/me/unread").await.expect(200),
        json!({"unread": 1, "mentions": 0, "rooms": 1, "muted": {"unread": 0, "mentions": 0, "rooms": 0}})
    );

    let path = format!("/conversations/{room}");
    let muted = desk
        .patch(&bob, &path, json!({"archived": true, "notifications": "none"}))
        .await
        .expect(200);
    assert_eq!(
        muted["settings"],
        json!({"archived": true, "pinned": false, "notifications": "none", "muted_until": null})
    );
    assert_eq!(
        desk.get(&bob, "/me/unread").await.expect(200)["muted"]["unread"],
        1
    );
    let rooms = |page: &Value| -> Vec<Value> {
        let items = page["items"].as_array().unwrap();
        items.iter().map(|item| item["room"]["id"].clone()).collect()
    };
    assert_eq!(
        rooms(&desk.get(&bob, "/conversations").await.expect(200)),
        [json!(lobby)]
    );
    assert_eq!(
        rooms(&desk.get(&bob, "/conversations?archived=true").await.expect(200)),
        [json!(room)]
    );
    desk.patch(
        &bob,
        &path,
        json!({"archived": false, "pinned": true, "notifications": "all"}),
    )
    .await
    .expect(200);
    let first = desk.get(&bob, "/conversations?limit=1").await.expect(200);
    assert_eq!(rooms(&first), [json!(room)]);
    let cursor = first["next_cursor"].as_str().unwrap();
    let rest = desk
        .get(&bob, &format!("/conversations?limit=1&cursor={cursor}"))
        .await
        .expect(200);
    assert_eq!(
        (rooms(&rest), &rest["has_more"]),
        (vec![json!(lobby)], &json!(false))
    );
    let other = desk
        .get(&bob, &format!("/conversations?archived=true&cursor={cursor}"))
        .await;
    assert_eq!(fields(&other), ["cursor"]);
}

#[tokio::test]
async fn one_lists_what_is_unread_and_reads_it_all() {
    let desk = Desk::open().await;
    let (ada, bob) = (desk.person().await, desk.person().await);
    let lobby = desk.room(&ada, "public").await;
    desk.poke(&bob, &format!("/rooms/{lobby}/join")).await.expect(200);
    let room = direct(&desk, &ada, &bob).await;
    for room in [&lobby, &room] {
        desk.say(&ada, room, "hello").await;
    }
    let count = async |query: &str| {
        let page = desk
            .get(&bob, &format!("/conversations?{query}"))
            .await
            .expect(200);
        page["items"].as_array().unwrap().len()
    };
    assert_eq!((count("unread=true").await, count("unread=false").await), (2, 0));
    assert_eq!(
        (count("kind=direct").await, count("kind=public&unread=true").await),
        (1, 1)
    );
    for (query, field) in [("kind=group", "kind"), ("unread=some", "unread")] {
        let answer = desk.get(&bob, &format!("/conversations?{query}")).await;
        assert_eq!(fields(&answer), [field]);
    }
    let first = desk
        .get(&bob, "/conversations?unread=true&limit=1")
        .await
        .expect(200);
    let cursor = first["next_cursor"].as_str().unwrap();
    let other = desk.get(&bob, &format!("/conversations?cursor={cursor}")).await;
    assert_eq!(fields(&other), ["cursor"], "of another list");

    let left = desk.poke(&bob, "/me/read").await.expect(200);
    assert_eq!((&left["unread"], &left["rooms"]), (&json!(0), &json!(0)));
    assert_eq!((count("unread=true").await, count("unread=false").await), (0, 2));
    let receipts = desk
        .get(&ada, &format!("/rooms/{lobby}/receipts"))
        .await
        .expect(200);
    let of_bob = receipts["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["user_id"] == json!(bob.id));
    assert_eq!(of_bob.unwrap()["last_read_number"], 1);
}

#[tokio::test]
async fn settings_are_checked_and_for_members_alone() {
    let desk = Desk::open().await;
    let (ada, eve) = (desk.person().await, desk.person().await);
    let (open, shut) = (desk.room(&ada, "public").await, desk.room(&ada, "private").await);
    for (body, field) in [
        (json!({"notifications": "some"}), "notifications"),
        (json!({"muted_until": "tomorrow"}), "muted_until"),
        (json!({"archived": "yes"}), "archived"),
        (json!({"colour": "green"}), "colour"),
    ] {
        let answer = desk
            .patch(&ada, &format!("/conversations/{open}"), body.clone())
            .await;
        assert_eq!(fields(&answer), [field], "{body}");
    }
    desk.patch(&eve, &format!("/conversations/{open}"), json!({"pinned": true}))
        .await
        .expect(403);
    desk.patch(&eve, &format!("/conversations/{shut}"), json!({"pinned": true}))
        .await
        .expect(404);
    assert_eq!(
        fields(&desk.get(&ada, "/conversations?archived=perhaps").await),
        ["archived"]
    );
    let until = json!({"muted_until": "2030-01-01T00:00:00Z"});
    let muted = desk
        .patch(&ada, &format!("/conversations/{open}"), until)
        .await
        .expect(200);
    assert_eq!(muted["settings"]["muted_until"], "2030-01-01T00:00:00.000Z");
    let ended = desk
        .patch(
            &ada,
            &format!("/conversations/{open}"),
            json!({"muted_until": null}),
        )
        .await;
    assert!(ended.expect(200)["settings"]["muted_until"].is_null());
}

#[tokio::test]
async fn receipts_tell_who_has_a_message_and_respect_who_hides() {
    let desk = Desk::open().await;
    let (ada, bob, eve) = (desk.person().await, desk.person().await, desk.person().await);
    let room = desk.room(&ada, "public").await;
    desk.poke(&bob, &format!("/rooms/{room}/join")).await.expect(200);
    let said = id(&desk.say(&ada, &room, "hello").await);
    let path = format!("/messages/{said}/receipts");
    let none = desk.get(&ada, &path).await.expect(200);
    assert_eq!(
        (
            &none["recipient_count"],
            &none["delivered_count"],
            &none["read_count"]
        ),
        (&json!(1), &json!(0), &json!(0))
    );
    desk.post(&bob, &format!("/rooms/{room}/delivered"), json!({"number": 1}))
        .await
        .expect(200);
    let delivered = desk.get(&ada, &path).await.expect(200);
    assert_eq!(
        (&delivered["delivered_count"], &delivered["read_count"]),
        (&json!(1), &json!(0))
    );
    assert_eq!(
        (&delivered["items"][0]["user_id"], &delivered["items"][0]["read"]),
        (&json!(bob.id), &json!(false))
    );
    desk.post(&bob, &format!("/rooms/{room}/read"), json!({"number": 1}))
        .await
        .expect(200);
    assert_eq!(desk.get(&ada, &path).await.expect(200)["read_count"], 1);
    let me = desk
        .patch(&bob, "/me", json!({"shares_read_marks": false}))
        .await
        .expect(200);
    assert_eq!(
        (&me["shares_read_marks"], &me["shares_last_seen"]),
        (&json!(false), &json!(true))
    );
    let hidden = desk.get(&ada, &path).await.expect(200);
    assert_eq!(
        (&hidden["delivered_count"], &hidden["read_count"]),
        (&json!(1), &json!(0))
    );
    assert!(hidden["items"][0]["read"].is_null());
    assert!(
        desk.get(&bob, &path).await.expect(200)["read_count"].is_null(),
        "both ways"
    );
    desk.get(&eve, &path).await.expect(404);
}

#[tokio::test]
async fn a_status_is_told_until_it_ends() {
    let desk = Desk::open().await;
    let (ada, bob) = (desk.person().await, desk.person().await);
    let room = desk.room(&ada, "public").await;
    desk.poke(&bob, &format!("/rooms/{room}/join")).await.expect(200);
    let until = "2026-01-01T00:05:00.000Z";
    let status = json!({"emoji": "🌴", "text": " On holiday ", "until": until});
    let me = desk
        .patch(&ada, "/me", json!({"status": status}))
        .await
        .expect(200);
    let kept = json!({"emoji": "🌴", "text": "On holiday", "until": until});
    assert_eq!(me["status"], kept);
    let profile = format!("/users/{}", ada.id);
    assert_eq!(desk.get(&bob, &profile).await.expect(200)["status"], kept);
    let presence = format!("/users/{}/presence", ada.id);
    assert_eq!(desk.get(&bob, &presence).await.expect(200)["custom_status"], kept);
    for (bad, field) in [
        (json!({}), "status"),
        (json!({"emoji": "x"}), "status.emoji"),
        (json!({"text": "x".repeat(101)}), "status.text"),
        (json!({"text": "two\nlines"}), "status.text"),
        (
            json!({"text": "x", "until": "2020-01-01T00:00:00Z"}),
            "status.until",
        ),
        (json!({"text": "x", "until": "soon"}), "status.until"),
        (json!({"colour": "x"}), "status.colour"),
    ] {
        let answer = desk.patch(&ada, "/me", json!({"status": bad})).await;
        assert_eq!(fields(&answer), [field], "{bad}");
    }
    desk.advance(Duration::from_mins(5));
    for path in ["/me".to_owned(), profile.clone()] {
        assert!(
            desk.get(&ada, &path).await.expect(200)["status"].is_null(),
            "{path}"
        );
    }
    assert!(desk.get(&bob, &presence).await.expect(200)["custom_status"].is_null());
    let members = desk
        .get(&bob, &format!("/rooms/{room}/members"))
        .await
        .expect(200);
    assert!(
        members["items"]
            .as_array()
            .unwrap()
            .iter()
            .all(|item| item["user"]["status"].is_null())
    );
    desk.patch(&ada, "/me", json!({"status": {"text": "back"}}))
        .await
        .expect(200);
    let cleared = desk.patch(&ada, "/me", json!({"status": null})).await.expect(200);
    assert!(cleared["status"].is_null());
}

#[tokio::test]
async fn when_one_was_last_there_is_told_only_by_who_shares_it() {
    let desk = Desk::open().await;
    let (ada, bob) = (desk.person().await, desk.person().await);
    let room = desk.room(&ada, "public").await;
    desk.poke(&bob, &format!("/rooms/{room}/join")).await.expect(200);
    let ada_id: confab_domain::UserId = ada.id.parse().unwrap();
    let now = desk.ports.clock.now();
    desk.ports
        .accounts
        .touch_last_seen(&[(ada_id, now)])
        .await
        .unwrap();
    let paths = [
        (format!("/users/{}", ada.id), "/last_seen_at"),
        (format!("/users/{}/presence", ada.id), "/last_seen_at"),
        (format!("/rooms/{room}/members/{}", ada.id), "/user/last_seen_at"),
    ];
    let seen = async || {
        let mut seen = Vec::new();
        for (path, pointer) in &paths {
            let answer = desk.get(&bob, path).await;
            if answer.status == 200 {
                seen.push(answer.expect(200).pointer(pointer).unwrap().is_string());
            }
        }
        seen
    };
    assert!(seen().await.iter().all(|told| *told));
    desk.patch(&ada, "/me", json!({"shares_last_seen": false}))
        .await
        .expect(200);
    assert!(seen().await.iter().all(|told| !*told));
    assert!(seen().await.len() >= 2);
}
