//! Bans, mutes and the settings of a room.

use std::time::Duration;

use serde_json::{Value, json};
use uuid::Uuid;

use crate::desk::{Desk, Person, fields, id};

/// A PUT with or without a body.
async fn put(
    desk: &Desk,
    who: &Person,
    path: &str,
    body: Option<Value>,
) -> confab_testkit::http_client::Answer {
    desk.call("PUT", path, Some(&who.token), body.as_ref()).await
}

#[tokio::test]
async fn who_is_banned_stays_out_until_the_ban_is_lifted() {
    let desk = Desk::open().await;
    let (ada, bob, eve) = (desk.person().await, desk.person().await, desk.person().await);
    let room = desk.room(&ada, "public").await;
    let join = format!("/rooms/{room}/join");
    desk.poke(&bob, &join).await.expect(200);
    let bans = format!("/rooms/{room}/bans");
    let ban = |who: &Person| format!("{bans}/{}", who.id);
    put(&desk, &bob, &ban(&eve), None).await.expect(403);
    let made = put(&desk, &ada, &ban(&bob), Some(json!({"reason": "spam"})))
        .await
        .expect(200);
    assert_eq!(
        (&made["reason"], &made["banned_by"]),
        (&json!("spam"), &json!(ada.id))
    );
    let again = put(&desk, &ada, &ban(&bob), None).await.expect(200);
    assert_eq!(again, made, "a repeat changes nothing");
    put(&desk, &ada, &ban(&eve), None).await.expect(200);
    for who in [&bob, &eve] {
        desk.poke(who, &join).await.expect(403);
    }
    let refused = desk
        .post(
            &ada,
            &format!("/rooms/{room}/members"),
            json!({"user_id": bob.id}),
        )
        .await;
    assert_eq!(fields(&refused), ["user_id"]);

    let page = desk.get(&ada, &format!("{bans}?limit=1")).await.expect(200);
    assert_eq!(page["has_more"], true);
    let next = format!("{bans}?limit=1&cursor={}", page["next_cursor"].as_str().unwrap());
    let next = desk.get(&ada, &next).await.expect(200);
    assert_eq!(next["items"].as_array().unwrap().len(), 1);
    assert_ne!(next["items"][0]["user_id"], page["items"][0]["user_id"]);
    desk.get(&eve, &bans).await.expect(403);

    for _ in 0..2 {
        desk.delete(&ada, &ban(&bob)).await.expect(204);
    }
    desk.poke(&bob, &join).await.expect(200);
    desk.get(&bob, &bans).await.expect(403);

    put(&desk, &ada, &ban(&ada), None).await.expect(422);
    let nobody = format!("{bans}/{}", Uuid::now_v7());
    put(&desk, &ada, &nobody, None).await.expect(404);
    let host = desk.service().await;
    put(&desk, &ada, &ban(&host), None).await.expect(403);
    for (body, field) in [
        (json!({"reason": ""}), "reason"),
        (json!({"reason": "x".repeat(501)}), "reason"),
        (json!({"why": "x"}), "why"),
    ] {
        assert_eq!(fields(&put(&desk, &ada, &ban(&bob), Some(body)).await), [field]);
    }
}

#[tokio::test]
async fn who_is_muted_reads_and_does_not_speak() {
    let desk = Desk::open().await;
    let (ada, bob) = (desk.person().await, desk.person().await);
    let room = desk.room(&ada, "public").await;
    desk.poke(&bob, &format!("/rooms/{room}/join")).await.expect(200);
    let mute = format!("/rooms/{room}/mutes/{}", bob.id);
    let path = format!("/rooms/{room}/messages");
    put(&desk, &bob, &mute, None).await.expect(403);
    let muted = put(&desk, &ada, &mute, Some(json!({"until": "2026-01-01T00:10:00Z"})))
        .await
        .expect(200);
    assert_eq!(muted["muted_until"], "2026-01-01T00:10:00.000Z");
    desk.post(&bob, &path, json!({"content": "x"})).await.expect(403);
    desk.get(&bob, &path).await.expect(200);
    desk.advance(Duration::from_mins(10));
    desk.post(&bob, &path, json!({"content": "x"})).await.expect(201);
    let muted = put(&desk, &ada, &mute, None).await.expect(200);
    assert_eq!(muted["muted_until"], "9999-12-31T23:59:59.999Z");
    desk.post(&bob, &path, json!({"content": "x"})).await.expect(403);
    desk.delete(&bob, &mute).await.expect(403);
    for _ in 0..2 {
        desk.delete(&ada, &mute).await.expect(204);
    }
    desk.post(&bob, &path, json!({"content": "x"})).await.expect(201);
    for (body, field) in [
        (json!({"until": "2026-01-01T00:00:00Z"}), "until"),
        (json!({"until": "tomorrow"}), "until"),
    ] {
        assert_eq!(fields(&put(&desk, &ada, &mute, Some(body)).await), [field]);
    }
    let nobody = format!("/rooms/{room}/mutes/{}", Uuid::now_v7());
    put(&desk, &ada, &nobody, None).await.expect(404);
}

#[tokio::test]
async fn a_room_has_settings_from_the_start_and_later() {
    let desk = Desk::open().await;
    let ada = desk.person().await;
    let body = json!({
        "kind": "private", "name": "r", "avatar_url": "https://example.org/a.png", "slow_mode_seconds": 5,
        "system_messages": true, "edit_window_seconds": 0
    });
    let made = desk.post(&ada, "/rooms", body).await.expect(201);
    assert_eq!(
        (
            &made["avatar_url"],
            &made["slow_mode_seconds"],
            &made["system_messages"],
            &made["edit_window_seconds"]
        ),
        (
            &json!("https://example.org/a.png"),
            &json!(5),
            &json!(true),
            &json!(0)
        )
    );
    let path = format!("/rooms/{}", id(&made));
    let cleared = json!({
        "avatar_url": null, "slow_mode_seconds": null, "system_messages": null, "edit_window_seconds": null
    });
    let cleared = desk.patch(&ada, &path, cleared).await.expect(200);
    assert_eq!(
        (
            &cleared["avatar_url"],
            &cleared["slow_mode_seconds"],
            &cleared["system_messages"],
            &cleared["edit_window_seconds"]
        ),
        (&Value::Null, &json!(0), &json!(false), &Value::Null)
    );
    for (field, value) in [
        ("avatar_url", json!("javascript:alert(1)")),
        ("slow_mode_seconds", json!(21_601)),
        ("slow_mode_seconds", json!(-1)),
        ("slow_mode_seconds", json!("x")),
        ("system_messages", json!(1)),
        ("edit_window_seconds", json!(-1)),
    ] {
        let mut patch = json!({});
        patch[field] = value.clone();
        assert_eq!(
            fields(&desk.patch(&ada, &path, patch.clone()).await),
            [field],
            "{patch}"
        );
        patch["kind"] = json!("public");
        patch["name"] = json!("r");
        assert_eq!(fields(&desk.post(&ada, "/rooms", patch).await), [field]);
    }
}
