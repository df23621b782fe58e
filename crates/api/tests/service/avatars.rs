//! Pictures of people and rooms that were uploaded: set, shown to everybody, kept while they are in use, and gone.

use std::time::Duration;

use confab_domain::commands;
use confab_testkit::http_client::{Answer, Method};
use serde_json::{Value, json};

use crate::desk::{Desk, PASSWORD, Person, fields, id};
use crate::files::{GIF, said, upload};
use crate::host::key;
use crate::schema;

const ELSEWHERE: &str = "https://img.example/a.png";

async fn set(desk: &Desk, who: &Person, path: &str, upload: &Value) -> Answer {
    let body = json!({"upload_id": upload["id"]});
    desk.call("PUT", path, Some(&who.token), Some(&body)).await
}

fn address(upload: &Value) -> String {
    format!("/avatars/{}", id(upload))
}

/// As a browser asks for it: without a token.
async fn shown(desk: &Desk, upload: &Value) -> Answer {
    desk.call("GET", &address(upload), None, None).await
}

async fn sweep(desk: &Desk) {
    commands::sweep_files(&desk.files, desk.now(), 100).await.unwrap();
}

/// Events of a room, by type, latest last.
async fn events(desk: &Desk, who: &Person, room: &str) -> Vec<Value> {
    let log = desk.get(who, &format!("/rooms/{room}/events?after_seq=0")).await;
    log.expect(200)["items"].as_array().unwrap().clone()
}

#[tokio::test]
async fn an_upload_becomes_a_persons_picture() {
    let desk = Desk::open().await;
    let (ada, bob) = (desk.person().await, desk.person().await);
    let file = upload(&desk, &ada, "ada.gif", GIF).await;
    shown(&desk, &file).await.expect(404);
    let me = set(&desk, &ada, "/me/avatar", &file).await.expect(200);
    assert_eq!(me["avatar_url"], address(&file));
    assert_eq!(desk.get(&ada, "/me").await.expect(200), me);
    assert_eq!(set(&desk, &ada, "/me/avatar", &file).await.expect(200), me);
    let seen = desk.get(&bob, &format!("/users/{}", ada.id)).await.expect(200);
    assert_eq!(seen["avatar_url"], address(&file));

    // The small picture, to everybody, for long.
    let picture = shown(&desk, &file).await;
    assert_eq!(
        (picture.status, picture.header("content-type")),
        (200, "image/jpeg")
    );
    for (name, value) in [
        ("cache-control", "public, max-age=604800, immutable"),
        ("x-content-type-options", "nosniff"),
        ("cross-origin-resource-policy", "cross-origin"),
        ("content-disposition", "inline"),
    ] {
        assert_eq!(picture.header(name), value, "{name}");
    }
    assert!(picture.header("content-security-policy").contains("sandbox"));
    let thumbnail = desk.get(&ada, file["thumbnail_url"].as_str().unwrap()).await;
    assert_eq!(picture.text(), thumbnail.text());
    let etag = picture.header("etag").to_owned();
    for (copy, status) in [(etag.as_str(), 304), ("\"another\"", 200)] {
        let asked = desk.client.request(Method::GET, &address(&file));
        let answer = asked.header("If-None-Match", copy).send().await;
        schema::check("GET", &address(&file), &answer);
        assert_eq!(answer.status, status);
        assert_eq!(
            answer.header("cache-control"),
            "public, max-age=604800, immutable"
        );
    }
    let head = desk.client.request(Method::HEAD, &address(&file)).send().await;
    assert_eq!((head.status, head.text().len()), (200, 0));

    // Not the file itself: that is the owner's alone, and no link is signed to anybody else.
    let whole = file["url"].as_str().unwrap();
    assert_eq!(
        (
            desk.get(&ada, whole).await.status,
            desk.get(&bob, whole).await.status
        ),
        (200, 404)
    );
    let ids = json!({"ids": [file["id"]]});
    let signed = desk.post(&bob, "/media/sign", ids).await.expect(200);
    assert_eq!(signed["items"], json!([]));
    let room = desk.room(&ada, "public").await;
    let body = json!({"attachments": [file["id"]]});
    let refused = desk.post(&ada, &format!("/rooms/{room}/messages"), body).await;
    assert_eq!(fields(&refused), ["attachments[0]"]);
    assert!(refused.text().contains("picture"), "{}", refused.text());

    // What nobody knows, and what is no id.
    let (never, odd) = ("/avatars/018cc251-f400-7000-8000-0000000000d1", "/avatars/x");
    desk.call("GET", never, None, None).await.expect(404);
    assert_eq!(fields(&desk.call("GET", odd, None, None).await), ["upload_id"]);
}

#[tokio::test]
async fn an_upload_becomes_a_rooms_picture() {
    let desk = Desk::open().await;
    let (ada, bob) = (desk.person().await, desk.person().await);
    let body = json!({"kind": "private", "name": "room", "system_messages": true});
    let room = id(&desk.post(&ada, "/rooms", body).await.expect(201));
    let path = format!("/rooms/{room}/avatar");
    let file = upload(&desk, &ada, "room.gif", GIF).await;
    let before = events(&desk, &ada, &room).await.len();
    let changed = set(&desk, &ada, &path, &file).await.expect(200);
    assert_eq!(changed["avatar_url"], address(&file));
    assert_eq!(
        desk.get(&ada, &format!("/rooms/{room}")).await.expect(200),
        changed
    );
    shown(&desk, &file).await;
    let told = events(&desk, &ada, &room).await;
    let types: Vec<_> = told[before..].iter().map(|event| event["type"].clone()).collect();
    assert_eq!(types, ["room_updated", "message_created"]);
    assert_eq!(told[before]["room"]["avatar_url"], address(&file));
    assert!(
        told[before + 1].to_string().contains("avatar_changed"),
        "as when a room is renamed"
    );

    // Once more, and with the whole room sent back: nothing new.
    assert_eq!(set(&desk, &ada, &path, &file).await.expect(200), changed);
    let back = json!({"name": "room", "avatar_url": changed["avatar_url"]});
    desk.patch(&ada, &format!("/rooms/{room}"), back)
        .await
        .expect(200);
    assert_eq!(events(&desk, &ada, &room).await.len(), told.len());

    // The next one of somebody who may, and none.
    let members = format!("/rooms/{room}/members");
    let body = json!({"user_id": bob.id, "role": "admin"});
    desk.post(&ada, &members, body).await.expect(201);
    let next = upload(&desk, &bob, "next.gif", GIF).await;
    let changed = set(&desk, &bob, &path, &next).await.expect(200);
    assert_eq!(changed["avatar_url"], address(&next));
    shown(&desk, &file).await.expect(404);
    assert_eq!(shown(&desk, &next).await.status, 200);
    let cleared = desk.delete(&ada, &path).await.expect(200);
    assert_eq!(cleared["avatar_url"], Value::Null);
    shown(&desk, &next).await.expect(404);
    assert_eq!(desk.delete(&ada, &path).await.expect(200), cleared);
    assert_eq!(desk.kept_files(), 4);
    sweep(&desk).await;
    assert_eq!(desk.kept_files(), 0);

    // A room takes its picture along.
    let last = upload(&desk, &ada, "last.gif", GIF).await;
    set(&desk, &ada, &path, &last).await.expect(200);
    desk.delete(&ada, &format!("/rooms/{room}")).await.expect(204);
    shown(&desk, &last).await.expect(404);
    sweep(&desk).await;
    assert_eq!(desk.kept_files(), 0);
}

#[tokio::test]
async fn what_is_no_free_picture_of_ones_own_is_named() {
    let desk = Desk::open().await;
    let (ada, bob) = (desk.person().await, desk.person().await);
    let room = desk.room(&ada, "public").await;
    let path = format!("/rooms/{room}/avatar");
    let (_, attached) = said(&desk, &ada, &room, "said.gif", GIF).await;
    let (text, bobs) = (
        upload(&desk, &ada, "a.txt", b"text").await,
        upload(&desk, &bob, "bob.gif", GIF).await,
    );
    let (own, never) = (
        upload(&desk, &ada, "ada.gif", GIF).await,
        json!({"id": "018cc251-f400-7000-8000-0000000000d1"}),
    );
    set(&desk, &ada, "/me/avatar", &own).await.expect(200);
    for wrong in [&attached, &text, &bobs, &never] {
        for path in ["/me/avatar", &path] {
            assert_eq!(fields(&set(&desk, &ada, path, wrong).await), ["upload_id"]);
        }
    }
    assert_eq!(fields(&set(&desk, &ada, &path, &own).await), ["upload_id"]);
    // The same words of a file of somebody else and of none at all.
    let reason = async |wrong: &Value| {
        let answer = set(&desk, &ada, "/me/avatar", wrong).await;
        answer.json()["errors"].clone()
    };
    assert_eq!(reason(&bobs).await, reason(&never).await);
    for body in [
        json!({}),
        json!({"upload_id": "x"}),
        json!({"upload_id": own["id"], "x": 1}),
    ] {
        let answer = desk
            .call("PUT", "/me/avatar", Some(&ada.token), Some(&body))
            .await;
        assert_eq!(answer.status, 422, "{body}");
    }

    // Paths of this server are set by no other way.
    let of_bob = json!({"avatar_url": address(&own)});
    for (path, who) in [("/me".to_owned(), &bob), (format!("/rooms/{room}"), &ada)] {
        let refused = desk.patch(who, &path, of_bob.clone()).await;
        assert_eq!(fields(&refused), ["avatar_url"], "{path}");
        let refused = desk.patch(who, &path, json!({"avatar_url": "/a.png"})).await;
        assert_eq!(fields(&refused), ["avatar_url"], "{path}");
    }
    let made = json!({"kind": "public", "name": "x", "avatar_url": address(&own)});
    assert_eq!(fields(&desk.post(&ada, "/rooms", made).await), ["avatar_url"]);
    assert_eq!(shown(&desk, &own).await.status, 200, "it is Ada's still");
}

#[tokio::test]
async fn a_picture_outlives_its_day_and_goes_with_its_use() {
    let desk = Desk::open().await;
    let ada = desk.person().await;
    let file = upload(&desk, &ada, "ada.gif", GIF).await;
    set(&desk, &ada, "/me/avatar", &file).await.expect(200);
    desk.advance(Duration::from_hours(24 * 400));
    sweep(&desk).await;
    assert_eq!(shown(&desk, &file).await.status, 200);
    let body = json!({"username": ada.username, "password": PASSWORD});
    let tokens = desk.call("POST", "/auth/login", None, Some(&body)).await;
    let ada = Person::of(&tokens.expect(200));
    // With the whole profile sent back it stays; an address elsewhere, and none, let it go.
    let back = json!({"display_name": "Ada", "avatar_url": address(&file)});
    desk.patch(&ada, "/me", back).await.expect(200);
    assert_eq!(shown(&desk, &file).await.status, 200);
    for gone in [json!(ELSEWHERE), Value::Null] {
        let file = upload(&desk, &ada, "ada.gif", GIF).await;
        set(&desk, &ada, "/me/avatar", &file).await.expect(200);
        let me = desk.patch(&ada, "/me", json!({"avatar_url": gone})).await;
        assert_eq!(me.expect(200)["avatar_url"], gone);
        shown(&desk, &file).await.expect(404);
    }
    let last = upload(&desk, &ada, "ada.gif", GIF).await;
    set(&desk, &ada, "/me/avatar", &last).await.expect(200);
    let me = desk.delete(&ada, "/me/avatar").await.expect(200);
    assert_eq!(me["avatar_url"], Value::Null);
    shown(&desk, &last).await.expect(404);
    sweep(&desk).await;
    assert_eq!(desk.kept_files(), 0);
}

#[tokio::test]
async fn a_key_sets_a_rooms_picture_and_reads_what_it_may_read() {
    let desk = Desk::open().await;
    let (admin, ada) = (desk.admin().await, desk.person().await);
    let room = desk.room(&ada, "private").await;
    let (host, _) = key(&desk, &admin, &["read", "rooms", "messages", "users"]).await;
    let (reader, _) = key(&desk, &admin, &["read"]).await;
    let (writer, _) = key(&desk, &admin, &["rooms", "messages"]).await;
    let path = format!("/rooms/{room}/avatar");
    let file = upload(&desk, &host, "room.gif", GIF).await;
    set(&desk, &reader, &path, &file).await.expect(403);
    let changed = set(&desk, &host, &path, &file).await.expect(200);
    assert_eq!(changed["avatar_url"], address(&file));
    assert_eq!(shown(&desk, &file).await.status, 200);
    let own = upload(&desk, &host, "shop.gif", GIF).await;
    let me = set(&desk, &host, "/me/avatar", &own).await.expect(200);
    assert_eq!(me["avatar_url"], address(&own));
    desk.delete(&host, &path).await.expect(200);
    desk.delete(&host, "/me/avatar").await.expect(200);

    // Files of messages are read by the scope that reads messages, as far as the service may read the room.
    let (_, plan) = said(&desk, &ada, &room, "plan.txt", b"the plan").await;
    let loose = upload(&desk, &ada, "loose.txt", b"Ada's own").await;
    let url = |file: &Value| file["url"].as_str().unwrap().to_owned();
    assert_eq!(desk.get(&reader, &url(&plan)).await.text(), "the plan");
    desk.get(&reader, &url(&loose)).await.expect(404);
    desk.get(&writer, &url(&plan)).await.expect(403);
    let ids = json!({"ids": [plan["id"], loose["id"]]});
    desk.post(&writer, "/media/sign", ids.clone()).await.expect(403);
    let signed = desk.post(&reader, "/media/sign", ids).await.expect(200);
    assert_eq!(signed["items"].as_array().unwrap().len(), 1);
    let link = signed["items"][0]["url"].as_str().unwrap();
    assert_eq!(desk.call("GET", link, None, None).await.text(), "the plan");
    desk.call("GET", &url(&plan), None, None).await.expect(401);
}
