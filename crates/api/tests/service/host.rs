//! The host product's side: keys and what they open, people and rooms by its own ids, tokens for its people.

use std::time::Duration;

use confab_domain::UserRole;
use confab_domain::ports::Accounts;
use confab_testkit::http_client::{Answer, Method};
use serde_json::{Value, json};

use crate::desk::{Desk, Person, fields, id};

const ALL: [&str; 6] = ["read", "rooms", "members", "messages", "users", "tokens"];

/// A key, as somebody with a token.
pub(crate) async fn key(desk: &Desk, admin: &Person, scopes: &[&str]) -> (Person, String) {
    let body = json!({"name": "The shop", "service": "shop", "scopes": scopes});
    let made = desk.post(admin, "/api-keys", body).await.expect(201);
    let bearer = Person {
        id: made["user_id"].as_str().unwrap().to_owned(),
        username: "shop".into(),
        token: made["key"].as_str().unwrap().to_owned(),
        refresh_token: String::new(),
    };
    (bearer, id(&made))
}

async fn put(desk: &Desk, who: &Person, path: &str, body: Value) -> Answer {
    desk.call("PUT", path, Some(&who.token), Some(&body)).await
}

#[tokio::test]
async fn a_key_is_shown_once_and_opens_what_it_says() {
    let desk = Desk::open().await;
    let (admin, ada) = (desk.admin().await, desk.person().await);
    let (reader, key_id) = key(&desk, &admin, &["read"]).await;
    let room = desk.room(&ada, "private").await;
    desk.say(&ada, &room, "hello").await;

    let listed = desk.get(&admin, "/api-keys").await;
    assert!(!listed.text().contains(&reader.token), "never shown again");
    let listed = listed.expect(200);
    let shown = &listed["items"][0];
    assert_eq!(
        (&shown["scopes"], &shown["name"]),
        (&json!(["read"]), &json!("The shop"))
    );
    assert!(reader.token.starts_with(shown["prefix"].as_str().unwrap()));
    assert!(shown["last_used_at"].is_null());

    desk.get(&reader, &format!("/rooms/{room}/messages"))
        .await
        .expect(200);
    let client = desk.client.request(Method::GET, "/me");
    let me = client.header("x-api-key", &reader.token).send().await.expect(200);
    assert_eq!(me["role"], "service");
    let listed = desk.get(&admin, "/api-keys").await.expect(200);
    assert!(listed["items"][0]["last_used_at"].is_string());

    let path = format!("/rooms/{room}/messages");
    let refused = desk
        .post(&reader, &path, json!({"content": "x"}))
        .await
        .expect(403);
    assert!(
        refused["detail"].as_str().unwrap().contains("messages"),
        "{refused}"
    );
    desk.poke(&reader, "/auth/ticket").await.expect(403);
    desk.get(&reader, "/api-keys").await.expect(403);
    put(&desk, &reader, "/users/by-external-id/7", json!({}))
        .await
        .expect(403);
    desk.get(&ada, "/api-keys").await.expect(403);
    let body = json!({"name": "x", "service": "shop", "scopes": ["read"]});
    desk.post(&ada, "/api-keys", body).await.expect(403);

    desk.delete(&admin, &format!("/api-keys/{key_id}"))
        .await
        .expect(204);
    desk.get(&reader, "/me").await.expect(401);
    desk.delete(&admin, &format!("/api-keys/{key_id}"))
        .await
        .expect(404);
    assert_eq!(
        desk.get(&admin, "/api-keys").await.expect(200)["items"],
        json!([])
    );
}

#[tokio::test]
async fn a_key_ends_with_its_time_and_with_its_account() {
    let desk = Desk::open().await;
    let admin = desk.admin().await;
    let body = json!({"name": "x", "service": "shop", "scopes": ALL, "expires_in": 60});
    let made = desk.post(&admin, "/api-keys", body).await.expect(201);
    let (forever, _) = key(&desk, &admin, &ALL).await;
    assert_eq!(made["user_id"], forever.id, "one service, several keys");
    let short = Person {
        token: made["key"].as_str().unwrap().to_owned(),
        ..forever.clone()
    };
    desk.get(&short, "/me").await.expect(200);
    desk.advance(Duration::from_mins(1));
    let expired = desk.get(&short, "/me").await.expect(401);
    assert_eq!(expired["detail"], "the API key has expired");
    desk.get(&forever, "/me").await.expect(200);
    desk.poke(&admin, &format!("/users/{}/deactivate", forever.id))
        .await
        .expect(200);
    desk.get(&forever, "/me").await.expect(401);
    desk.poke(&admin, &format!("/users/{}/reactivate", forever.id))
        .await
        .expect(200);
    desk.get(&forever, "/me").await.expect(200);
    let user_id = forever.id.parse().unwrap();
    let now = desk.ports.clock.now();
    desk.store.set_role(user_id, UserRole::User, now).await.unwrap();
    desk.get(&forever, "/me").await.expect(401);
    for wrong in [
        "ck_",
        "ck_x",
        &format!("{}x", forever.token),
        &format!("ck_{}", "x".repeat(9_000)),
    ] {
        let answer = desk.call("GET", "/me", Some(wrong), None).await;
        answer.expect(401);
    }
}

#[tokio::test]
async fn a_wrong_key_is_named_by_its_fields() {
    let desk = Desk::open().await;
    let (admin, ada) = (desk.admin().await, desk.person().await);
    for (body, field) in [
        (json!({"name": "", "service": "shop", "scopes": ["read"]}), "name"),
        (
            json!({"name": "x", "service": "a b", "scopes": ["read"]}),
            "service",
        ),
        (json!({"name": "x", "service": "shop", "scopes": []}), "scopes"),
        (
            json!({"name": "x", "service": "shop", "scopes": ["everything"]}),
            "scopes",
        ),
        (
            json!({"name": "x", "service": "shop", "scopes": ["read"], "expires_in": 0}),
            "expires_in",
        ),
        (
            json!({"name": "x", "service": "shop", "scopes": ["read"], "expires_in": u64::MAX}),
            "expires_in",
        ),
    ] {
        let answer = desk.post(&admin, "/api-keys", body.clone()).await;
        assert_eq!(fields(&answer), [field], "{body}");
    }
    let body = json!({"name": "x", "service": ada.username, "scopes": ["read"]});
    desk.post(&admin, "/api-keys", body).await.expect(409);
}

#[tokio::test]
async fn people_are_kept_by_outside_id() {
    let desk = Desk::open().await;
    let admin = desk.admin().await;
    let (host, _) = key(&desk, &admin, &ALL).await;
    let path = "/users/by-external-id/customer%2F7%20%C3%BC";
    let body = json!({"display_name": "Ada", "email": "ada@example.org"});
    let made = put(&desk, &host, path, body.clone()).await.expect(201);
    assert_eq!(made["external_id"], "customer/7 ü");
    assert_eq!(
        (&made["role"], &made["email"]),
        (&json!("user"), &json!("ada@example.org"))
    );
    assert_eq!(put(&desk, &host, path, body).await.expect(200), made);
    assert_eq!(desk.get(&host, path).await.expect(200), made);
    let changed = put(&desk, &host, path, json!({"email": null, "username": "ada"}))
        .await
        .expect(200);
    assert_eq!(
        (&changed["email"], &changed["username"], &changed["display_name"]),
        (&Value::Null, &json!("ada"), &json!("Ada"))
    );
    desk.get(&host, "/users/by-external-id/nobody").await.expect(404);

    // To others the outside id is nothing.
    let bob = desk.person().await;
    let seen = desk.get(&bob, &format!("/users/{}", id(&made))).await.expect(200);
    assert!(seen.get("external_id").is_none());
    put(&desk, &bob, path, json!({})).await.expect(403);
    desk.get(&bob, path).await.expect(403);
    desk.get(&admin, path).await.expect(403);

    for (body, field) in [
        (json!({"username": "a b"}), "username"),
        (json!({"username": null}), "username"),
        (json!({"display_name": null}), "display_name"),
        (json!({"avatar_url": "javascript:x"}), "avatar_url"),
        (json!({"email": "x"}), "email"),
        (json!({"role": "admin"}), "role"),
    ] {
        let answer = put(&desk, &host, path, body.clone()).await;
        assert_eq!(fields(&answer), [field], "{body}");
    }
    let long = format!("/users/by-external-id/{}", "x".repeat(201));
    assert_eq!(
        fields(&put(&desk, &host, &long, json!({})).await),
        ["external_id"]
    );
    let taken = json!({"username": bob.username});
    put(&desk, &host, path, taken).await.expect(409);
}

#[tokio::test]
async fn many_people_at_once_and_one_that_is_refused_hinders_no_other() {
    let desk = Desk::open().await;
    let admin = desk.admin().await;
    let (host, _) = key(&desk, &admin, &ALL).await;
    let body = json!({"users": [
        {"external_id": "1", "display_name": "One"},
        {"external_id": "2", "username": "a b"},
        {"external_id": "3", "username": admin.username},
        {"external_id": "1", "display_name": "Uno"},
    ]});
    let kept = desk.post(&host, "/users/batch", body).await.expect(200);
    let statuses: Vec<_> = kept["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["status"].clone())
        .collect();
    assert_eq!(statuses, [201, 422, 409, 200]);
    assert_eq!(kept["items"][1]["errors"][0]["field"], "username");
    assert_eq!(kept["items"][2]["code"], "conflict");
    assert_eq!(kept["items"][3]["user"]["display_name"], "Uno");

    let one = kept["items"][0]["user"]["id"].clone();
    let body = json!({"external_ids": ["nobody", "1"], "user_ids": [one, host.id]});
    let found = desk.post(&host, "/users/lookup", body).await.expect(200);
    let ids: Vec<_> = found["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["id"].clone())
        .collect();
    assert_eq!(ids, [one.clone(), one, json!(host.id)]);

    let bob = desk.person().await;
    for path in ["/users/batch", "/users/lookup"] {
        let body = if path.ends_with("batch") {
            json!({"users": [{"external_id": "9"}]})
        } else {
            json!({"external_ids": ["1"]})
        };
        desk.post(&bob, path, body).await.expect(403);
    }
    let many = json!({"users": vec![json!({"external_id": "1"}); 101]});
    assert_eq!(fields(&desk.post(&host, "/users/batch", many).await), ["users"]);
    assert_eq!(
        fields(&desk.post(&host, "/users/batch", json!({"users": []})).await),
        ["users"]
    );
    let many = json!({"external_ids": vec!["1"; 101]});
    assert_eq!(
        fields(&desk.post(&host, "/users/lookup", many).await),
        ["external_ids"]
    );
}

#[tokio::test]
async fn rooms_are_kept_by_key_with_members_in_the_same_call() {
    let desk = Desk::open().await;
    let admin = desk.admin().await;
    let (host, _) = key(&desk, &admin, &ALL).await;
    let (ada, eve) = (desk.person().await, desk.person().await);
    put(&desk, &host, "/users/by-external-id/seller", json!({}))
        .await
        .expect(201);
    let path = "/rooms/by-key/offer%2F7";
    let body = json!({
        "name": "Offer 7", "metadata": {"offer": 7}, "member_ids": [ada.id],
        "member_external_ids": ["seller"]
    });
    let made = put(&desk, &host, path, body.clone()).await.expect(201);
    assert_eq!(
        (
            &made["external_key"],
            &made["kind"],
            &made["member_count"],
            &made["my_role"]
        ),
        (&json!("offer/7"), &json!("private"), &json!(2), &Value::Null)
    );
    let other = json!({"name": "Another name", "kind": "public"});
    let found = put(&desk, &host, path, other).await.expect(200);
    assert_eq!((&found["id"], &found["name"]), (&made["id"], &json!("Offer 7")));

    assert_eq!(desk.get(&ada, path).await.expect(200)["id"], made["id"]);
    desk.get(&eve, path).await.expect(404);
    desk.get(&eve, "/rooms/by-key/none").await.expect(404);
    put(&desk, &ada, path, body.clone()).await.expect(403);
    put(&desk, &admin, path, body).await.expect(403);

    for (body, field) in [
        (json!({}), "name"),
        (json!({"name": "x", "kind": "direct"}), "kind"),
        (
            json!({"name": "x", "member_external_ids": ["seller", "nobody"]}),
            "member_external_ids[1]",
        ),
        (
            json!({"name": "x", "member_ids": [uuid::Uuid::now_v7()]}),
            "member_ids[0]",
        ),
        (
            json!({"name": "x", "member_ids": [ada.id], "member_external_ids": vec!["seller"; 100]}),
            "member_external_ids",
        ),
    ] {
        let answer = put(&desk, &host, "/rooms/by-key/new", body.clone()).await;
        assert_eq!(fields(&answer), [field], "{body}");
    }
    let long = format!("/rooms/by-key/{}", "x".repeat(201));
    assert_eq!(
        fields(&put(&desk, &host, &long, json!({"name": "x"})).await),
        ["external_key"]
    );

    // The service speaks as the system, where it is no member; nobody else does.
    let say = format!("/rooms/{}/messages", id(&made));
    let body = json!({"content": "Sold.", "content_type": "system"});
    let said = desk.post(&host, &say, body.clone()).await.expect(201);
    assert_eq!(
        (&said["content_type"], &said["sender_id"]),
        (&json!("system"), &json!(host.id))
    );
    assert_eq!(fields(&desk.post(&ada, &say, body).await), ["content_type"]);
}

#[tokio::test]
async fn a_room_that_is_deleted_while_it_is_kept_is_made_again() {
    let desk = Desk::open().await;
    let admin = desk.admin().await;
    let (host, _) = key(&desk, &admin, &ALL).await;
    let body = json!({"name": "Offer"});
    let mut statuses = std::collections::BTreeSet::new();
    for round in 0..40 {
        let path = format!("/rooms/by-key/{round}");
        let room = id(&put(&desk, &host, &path, body.clone()).await.expect(201));
        let keeping = futures_util::future::join_all((0..6).map(|_| put(&desk, &host, &path, body.clone())));
        let deleted = format!("/rooms/{room}");
        let (kept, _) = tokio::join!(keeping, desk.delete(&host, &deleted));
        statuses.extend(kept.iter().map(|answer| answer.status));
    }
    assert!(
        statuses.iter().all(|status| [200, 201].contains(status)),
        "{statuses:?}"
    );
}

#[tokio::test]
async fn members_come_and_go_by_outside_id_and_many_at_once() {
    let desk = Desk::open().await;
    let admin = desk.admin().await;
    let (host, _) = key(&desk, &admin, &ALL).await;
    let ada = desk.person().await;
    for name in ["one", "two"] {
        let path = format!("/users/by-external-id/{name}");
        put(&desk, &host, &path, json!({})).await.expect(201);
    }
    let room = desk.room(&ada, "private").await;
    let path = format!("/rooms/{room}/members");
    let one = json!({"external_id": "one", "role": "moderator"});
    let added = desk.post(&host, &path, one).await.expect(201);
    assert_eq!(added["items"][0]["role"], "moderator");
    let many = json!({"members": [{"user_id": ada.id}, {"external_id": "two"}]});
    desk.post(&host, &path, many).await.expect(201);
    for (body, field) in [
        (json!({"external_id": "nobody"}), "external_id"),
        (json!({"external_id": "one", "user_id": ada.id}), "external_id"),
        (
            json!({"members": [{"user_id": ada.id}, {"external_id": "nobody"}]}),
            "members[1].external_id",
        ),
        (json!({"members": [{}]}), "members[0].user_id"),
    ] {
        let answer = desk.post(&host, &path, body.clone()).await;
        assert_eq!(fields(&answer), [field], "{body}");
    }
    desk.post(&ada, &path, json!({"external_id": "one"}))
        .await
        .expect(403);

    let remove = format!("{path}/remove");
    let body = json!({"user_ids": [uuid::Uuid::now_v7()], "external_ids": ["one", "two"]});
    let removed = desk.post(&host, &remove, body).await.expect(200);
    assert_eq!(removed["removed"].as_array().unwrap().len(), 2);
    assert_eq!(
        desk.get(&ada, &path).await.expect(200)["items"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    assert_eq!(fields(&desk.post(&ada, &remove, json!({})).await), ["user_ids"]);
    let eve = desk.person().await;
    desk.post(&eve, &remove, json!({"user_ids": [ada.id]}))
        .await
        .expect(404);
}

#[tokio::test]
async fn tokens_are_handed_out_for_people_and_can_be_ended() {
    let desk = Desk::open().await;
    let admin = desk.admin().await;
    let (host, _) = key(&desk, &admin, &ALL).await;
    let user = put(&desk, &host, "/users/by-external-id/7", json!({}))
        .await
        .expect(201);
    let by_id = format!("/users/{}/tokens", id(&user));
    let short = desk
        .post(&host, &by_id, json!({"device": "Phone"}))
        .await
        .expect(201);
    assert!(short["refresh_token"].is_null());
    assert_eq!(short["expires_in"], 900);
    let by_external_id = "/users/by-external-id/7/tokens";
    let long = desk
        .post(&host, by_external_id, json!({"renewable": true}))
        .await
        .expect(201);
    let bearer = |tokens: &Value| Person {
        id: id(&user),
        username: String::new(),
        token: tokens["access_token"].as_str().unwrap().to_owned(),
        refresh_token: tokens["refresh_token"].as_str().unwrap_or_default().to_owned(),
    };
    let (short, long) = (bearer(&short), bearer(&long));
    let sessions = desk.get(&short, "/me/sessions").await.expect(200);
    let mine = sessions["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|item| item["current"] == true)
        .unwrap();
    assert_eq!(
        (&mine["issued_by"], &mine["user_agent"]),
        (&json!(host.id), &json!("Phone"))
    );
    let body = json!({"refresh_token": long.refresh_token});
    let next = desk
        .call("POST", "/auth/refresh", None, Some(&body))
        .await
        .expect(200);
    let long = Person {
        token: next["access_token"].as_str().unwrap().to_owned(),
        ..long
    };

    desk.advance(Duration::from_secs(901));
    desk.get(&short, "/me").await.expect(401);
    desk.delete(&host, &by_id).await.expect(204);
    desk.get(&long, "/me").await.expect(401);

    for target in [&admin.id, &host.id] {
        let path = format!("/users/{target}/tokens");
        desk.post(&host, &path, json!({})).await.expect(403);
        desk.delete(&host, &path).await.expect(403);
    }
    for who in [&admin, &desk.person().await] {
        desk.post(who, &by_id, json!({})).await.expect(403);
        desk.post(who, by_external_id, json!({})).await.expect(403);
        desk.delete(who, &by_id).await.expect(403);
    }
    assert_eq!(
        fields(&desk.post(&host, &by_id, json!({"device": "x".repeat(201)})).await),
        ["device"]
    );
    desk.poke(&host, &format!("/users/{}/deactivate", id(&user)))
        .await
        .expect(200);
    desk.post(&host, &by_id, json!({})).await.expect(403);
    desk.post(&host, "/users/by-external-id/nobody/tokens", json!({}))
        .await
        .expect(404);
}

#[tokio::test]
async fn accounts_are_shut_by_administrators_and_people_by_the_host() {
    let desk = Desk::open().await;
    let admin = desk.admin().await;
    let (host, _) = key(&desk, &admin, &ALL).await;
    let (ada, bob) = (desk.person().await, desk.person().await);
    let room = desk.room(&ada, "private").await;
    desk.post(
        &ada,
        &format!("/rooms/{room}/members"),
        json!({"user_id": bob.id}),
    )
    .await
    .expect(201);
    let said = desk.say(&bob, &room, "I was here").await;
    let shut = format!("/users/{}/deactivate", bob.id);
    desk.poke(&ada, &shut).await.expect(403);
    assert!(desk.poke(&host, &shut).await.expect(200)["deactivated_at"].is_string());
    desk.poke(&host, &shut).await.expect(200);
    desk.get(&bob, "/me").await.expect(401);
    let login = json!({"username": bob.username, "password": crate::desk::PASSWORD});
    desk.call("POST", "/auth/login", None, Some(&login))
        .await
        .expect(401);
    // Still a member, still the name on what was said.
    let members = desk
        .get(&ada, &format!("/rooms/{room}/members"))
        .await
        .expect(200);
    assert_eq!(members["items"].as_array().unwrap().len(), 2);
    let message = desk
        .get(&ada, &format!("/messages/{}", id(&said)))
        .await
        .expect(200);
    assert_eq!(
        (&message["sender_id"], &message["content"]),
        (&json!(bob.id), &json!("I was here"))
    );
    desk.get(&ada, &format!("/users/{}", bob.id)).await.expect(200);

    desk.poke(&admin, &format!("/users/{}/reactivate", bob.id))
        .await
        .expect(200);
    let again = Person::of(
        &desk
            .call("POST", "/auth/login", None, Some(&login))
            .await
            .expect(200),
    );
    desk.say(&again, &room, "I am back").await;

    for target in [&admin.id, &host.id] {
        desk.poke(&host, &format!("/users/{target}/deactivate"))
            .await
            .expect(403);
    }
    desk.poke(&admin, &format!("/users/{}/deactivate", admin.id))
        .await
        .expect(403);
    desk.poke(&admin, &format!("/users/{}/deactivate", uuid::Uuid::now_v7()))
        .await
        .expect(404);
}

#[tokio::test]
async fn other_sessions_are_ended_at_once() {
    let desk = Desk::open().await;
    let ada = desk.person().await;
    let login = json!({"username": ada.username, "password": crate::desk::PASSWORD});
    let other = Person::of(
        &desk
            .call("POST", "/auth/login", None, Some(&login))
            .await
            .expect(200),
    );
    desk.delete(&ada, "/me/sessions").await.expect(204);
    desk.get(&other, "/me").await.expect(401);
    let left = desk.get(&ada, "/me/sessions").await.expect(200);
    assert_eq!(left["items"].as_array().unwrap().len(), 1);
    assert_eq!(left["items"][0]["current"], true);
}
