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
        "system_messages": true, "edit_window_seconds": 0, "posting": "moderators"
    });
    let made = desk.post(&ada, "/rooms", body).await.expect(201);
    assert_eq!(
        (
            &made["avatar_url"],
            &made["slow_mode_seconds"],
            &made["system_messages"],
            &made["edit_window_seconds"],
            &made["posting"]
        ),
        (
            &json!("https://example.org/a.png"),
            &json!(5),
            &json!(true),
            &json!(0),
            &json!("moderators")
        )
    );
    let path = format!("/rooms/{}", id(&made));
    let cleared = json!({
        "avatar_url": null, "slow_mode_seconds": null, "system_messages": null, "edit_window_seconds": null,
        "posting": null
    });
    let cleared = desk.patch(&ada, &path, cleared).await.expect(200);
    assert_eq!(
        (
            &cleared["avatar_url"],
            &cleared["slow_mode_seconds"],
            &cleared["system_messages"],
            &cleared["edit_window_seconds"],
            &cleared["posting"]
        ),
        (
            &Value::Null,
            &json!(0),
            &json!(false),
            &Value::Null,
            &json!("members")
        )
    );
    for (field, value) in [
        ("avatar_url", json!("javascript:alert(1)")),
        ("slow_mode_seconds", json!(21_601)),
        ("posting", json!("nobody")),
        ("posting", json!(1)),
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

#[tokio::test]
async fn a_block_is_ones_own_affair() {
    let desk = Desk::open().await;
    let (ada, bob) = (desk.person().await, desk.person().await);
    let direct = desk
        .post(&ada, "/rooms/direct", json!({"user_id": bob.id}))
        .await
        .expect(201);
    let path = format!("/rooms/{}/messages", id(&direct));
    let block = format!("/me/blocks/{}", bob.id);
    for _ in 0..2 {
        put(&desk, &ada, &block, None).await.expect(204);
    }
    let mut refusals = Vec::new();
    for who in [&ada, &bob] {
        let refused = desk.post(who, &path, json!({"content": "x"})).await.expect(403);
        refusals.push(refused["detail"].clone());
    }
    assert_eq!(refusals[0], refusals[1]);
    let listed = desk.get(&ada, "/me/blocks").await.expect(200);
    assert_eq!(listed["items"][0]["user_id"], bob.id.as_str());
    assert_eq!(desk.get(&bob, "/me/blocks").await.expect(200)["items"], json!([]));
    desk.get(&bob, &format!("/users/{}/presence", ada.id))
        .await
        .expect(404);
    desk.get(&bob, &path).await.expect(200);
    let receipts = format!("/rooms/{}/receipts", id(&direct));
    let seen = desk.get(&bob, &receipts).await.expect(200);
    assert_eq!(seen["items"].as_array().unwrap().len(), 1, "one's own");
    for _ in 0..2 {
        desk.delete(&ada, &block).await.expect(204);
    }
    desk.post(&bob, &path, json!({"content": "x"})).await.expect(201);
    put(&desk, &ada, &format!("/me/blocks/{}", ada.id), None)
        .await
        .expect(422);
    put(&desk, &ada, &format!("/me/blocks/{}", Uuid::now_v7()), None)
        .await
        .expect(404);
}

#[tokio::test]
async fn announcements_are_for_moderators_to_make_and_for_all_to_read() {
    let desk = Desk::open().await;
    let (ada, bob, host) = (desk.person().await, desk.person().await, desk.service().await);
    let body = json!({"kind": "public", "name": "news", "posting": "everybody"});
    assert_eq!(fields(&desk.post(&ada, "/rooms", body).await), ["posting"]);
    let body = json!({"kind": "public", "name": "news", "member_ids": [bob.id]});
    let room = id(&desk.post(&ada, "/rooms", body).await.expect(201));
    let bobs = desk.say(&bob, &room, "before").await;
    desk.patch(&ada, &format!("/rooms/{room}"), json!({"posting": "moderators"}))
        .await
        .expect(200);
    let messages = format!("/rooms/{room}/messages");
    let news = desk.say(&ada, &room, "news").await;
    for body in [
        json!({"content": "hm"}),
        json!({"content": "hm", "reply_to": news["id"]}),
    ] {
        let refused = desk.post(&bob, &messages, body).await.expect(403);
        assert_eq!(refused["detail"], "only moderators post in this room");
    }
    let elsewhere = desk.room(&bob, "private").await;
    let joke = desk.say(&bob, &elsewhere, "a joke").await;
    let forward = format!("/messages/{}/forward", id(&joke));
    desk.post(&bob, &forward, json!({"room_id": room}))
        .await
        .expect(403);
    // All else is as it was.
    desk.get(&bob, &messages).await.expect(200);
    put(
        &desk,
        &bob,
        &format!("/messages/{}/reactions/👍", id(&news)),
        None,
    )
    .await
    .expect(200);
    desk.patch(
        &bob,
        &format!("/messages/{}", id(&bobs)),
        json!({"content": "then"}),
    )
    .await
    .expect(200);
    desk.post(&host, &messages, json!({"content": "from the house"}))
        .await
        .expect(201);
}

#[tokio::test]
async fn slow_mode_says_when_to_come_back() {
    let desk = Desk::open().await;
    let (ada, bob) = (desk.person().await, desk.person().await);
    let body = json!({"kind": "public", "name": "r", "slow_mode_seconds": 30, "member_ids": [bob.id]});
    let room = id(&desk.post(&ada, "/rooms", body).await.expect(201));
    let path = format!("/rooms/{room}/messages");
    let send = json!({"content": "x", "client_id": "a"});
    desk.post(&bob, &path, send.clone()).await.expect(201);
    desk.advance(Duration::from_millis(500));
    let refused = desk.post(&bob, &path, json!({"content": "y"})).await;
    assert_eq!(refused.expect(429)["retry_after_ms"], 29_500);
    desk.post(&bob, &path, send).await.expect(200);
    desk.post(&ada, &path, json!({"content": "y"})).await.expect(201);
    desk.advance(Duration::from_millis(29_500));
    desk.post(&bob, &path, json!({"content": "y"})).await.expect(201);
}

#[tokio::test]
async fn a_link_lets_people_in_and_tells_its_secret_once() {
    let desk = Desk::open().await;
    let (ada, bob, eve) = (desk.person().await, desk.person().await, desk.person().await);
    let room = desk.room(&ada, "private").await;
    let path = format!("/rooms/{room}/invitations");
    let made = desk
        .post(&ada, &path, json!({"expires_in": 3600, "max_uses": 1}))
        .await
        .expect(201);
    let token = made["token"].as_str().unwrap().to_owned();
    assert!(token.len() >= 22, "128 random bits at least");
    assert_eq!(made["expires_at"], "2026-01-01T01:00:00.000Z");
    let (look, accept) = (
        format!("/invitations/{token}"),
        format!("/invitations/{token}/accept"),
    );
    let preview = desk.get(&bob, &look).await.expect(200);
    assert_eq!(
        (
            &preview["room_id"],
            &preview["name"],
            &preview["member_count"],
            &preview["is_member"]
        ),
        (&json!(room), &json!("room"), &json!(1), &json!(false))
    );
    desk.get(&bob, &format!("/rooms/{room}")).await.expect(404);
    for _ in 0..2 {
        let entered = desk.poke(&bob, &accept).await.expect(200);
        assert_eq!(
            (&entered["id"], &entered["my_role"]),
            (&json!(room), &json!("member"))
        );
    }
    let unknown = desk.poke(&eve, "/invitations/nothing/accept").await.expect(404);
    let used_up = desk.poke(&eve, &accept).await.expect(404);
    assert_eq!(used_up["detail"], unknown["detail"], "one answer");
    desk.get(&eve, &look).await.expect(404);
    let listed = desk.get(&ada, &path).await.expect(200);
    assert_eq!(
        (&listed["items"][0]["uses"], &listed["items"][0]["max_uses"]),
        (&json!(1), &json!(1))
    );
    assert!(!listed.to_string().contains(&token));
    desk.get(&bob, &path).await.expect(403);
    desk.post(&bob, &path, json!({})).await.expect(403);

    let open = desk.poke(&ada, &path).await.expect(201);
    assert_eq!(open["max_uses"], Value::Null);
    let accept = format!("/invitations/{}/accept", open["token"].as_str().unwrap());
    put(&desk, &ada, &format!("/rooms/{room}/bans/{}", eve.id), None)
        .await
        .expect(200);
    desk.poke(&eve, &accept).await.expect(403);
    desk.delete(&ada, &format!("/rooms/{room}/bans/{}", eve.id))
        .await
        .expect(204);
    for _ in 0..2 {
        desk.delete(&ada, &format!("{path}/{}", id(&open)))
            .await
            .expect(204);
    }
    desk.poke(&eve, &accept).await.expect(404);
    desk.delete(&ada, &format!("{path}/{}", Uuid::now_v7()))
        .await
        .expect(404);
    for (body, field) in [
        (json!({"expires_in": 59}), "expires_in"),
        (json!({"expires_in": 31_536_001}), "expires_in"),
        (json!({"max_uses": 0}), "max_uses"),
        (json!({"max_uses": "1"}), "max_uses"),
        (json!({"uses": 1}), "uses"),
    ] {
        assert_eq!(fields(&desk.post(&ada, &path, body).await), [field]);
    }
    let direct = desk
        .post(&ada, "/rooms/direct", json!({"user_id": bob.id}))
        .await
        .expect(201);
    let path = format!("/rooms/{}/invitations", id(&direct));
    desk.poke(&ada, &path).await.expect(403);
}

#[tokio::test]
async fn moderators_are_told_of_messages() {
    let desk = Desk::open().await;
    let (ada, bob, eve) = (desk.person().await, desk.person().await, desk.person().await);
    let room = desk.room(&ada, "public").await;
    for who in [&bob, &eve] {
        desk.poke(who, &format!("/rooms/{room}/join")).await.expect(200);
    }
    let said = id(&desk.say(&bob, &room, "rude").await);
    let report = format!("/messages/{said}/report");
    for reason in ["rude", "really"] {
        desk.post(&eve, &report, json!({"reason": reason}))
            .await
            .expect(204);
    }
    desk.post(&bob, &report, json!({"reason": "mine"}))
        .await
        .expect(403);
    let stranger = desk.person().await;
    desk.post(&stranger, &report, json!({"reason": "x"}))
        .await
        .expect(404);
    assert_eq!(fields(&desk.post(&eve, &report, json!({})).await), ["reason"]);
    assert_eq!(
        fields(&desk.post(&eve, &report, json!({"reason": " "})).await),
        ["reason"]
    );
    let list = format!("/rooms/{room}/reports");
    let listed = desk.get(&ada, &list).await.expect(200);
    let items = listed["items"].as_array().unwrap();
    assert_eq!(items.len(), 1);
    assert_eq!(
        (
            &items[0]["reason"],
            &items[0]["reporter_id"],
            &items[0]["sender_id"]
        ),
        (&json!("rude"), &json!(eve.id), &json!(bob.id))
    );
    desk.get(&eve, &list).await.expect(403);
    desk.get(&ada, "/reports").await.expect(403);
    let host = desk.service().await;
    let all = desk.get(&host, "/reports").await.expect(200);
    assert_eq!(all["items"], listed["items"]);
    let resolve = format!("{list}/{said}");
    desk.delete(&eve, &resolve).await.expect(403);
    for _ in 0..2 {
        desk.delete(&ada, &resolve).await.expect(204);
    }
    assert_eq!(desk.get(&ada, &list).await.expect(200)["items"], json!([]));
    let resolved = desk.get(&ada, &format!("{list}?resolved=true")).await.expect(200);
    assert_eq!(resolved["items"][0]["resolved_by"], ada.id.as_str());
    desk.delete(&bob, &format!("/messages/{said}")).await.expect(204);
    desk.post(&eve, &report, json!({"reason": "late"}))
        .await
        .expect(409);
}
