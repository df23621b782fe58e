//! Registering, logging in, renewing, one's own profile and logins; other people's profiles.

use std::time::Duration;

use confab_domain::{Rate, UserRole};
use serde_json::json;

use crate::desk::{ACCESS_TOKEN_TTL, Desk, PASSWORD, Person, Wishes, fields, id};

#[tokio::test]
async fn an_account_is_made_once_whatever_the_case_of_its_name() {
    let desk = Desk::open().await;
    let body = json!({"username": "Ada", "password": PASSWORD, "email": "ada@example.org", "display_name": " Ada L. "});
    let made = desk
        .call("POST", "/auth/register", None, Some(&body))
        .await
        .expect(201);
    assert_eq!(made["token_type"], "Bearer");
    assert_eq!(made["expires_in"], 900);
    assert_eq!(made["user"]["display_name"], "Ada L.");
    assert_eq!(made["user"]["email"], "ada@example.org");
    let ada = Person::of(&made);
    let me = desk.get(&ada, "/me").await;
    assert_eq!(me.header("cache-control"), "no-store");
    assert_eq!(me.expect(200)["username"], "Ada");

    let again = json!({"username": "aDA", "password": PASSWORD});
    let conflict = desk
        .call("POST", "/auth/register", None, Some(&again))
        .await
        .expect(409);
    assert_eq!(conflict["code"], "conflict");

    for name in ["ADA", "Ada@Example.org"] {
        let body = json!({"username": name, "password": PASSWORD});
        desk.call("POST", "/auth/login", None, Some(&body))
            .await
            .expect(200);
    }
}

#[tokio::test]
async fn a_refused_registration_names_all_fields_at_once() {
    let desk = Desk::open().await;
    let body =
        json!({"username": "a b", "password": "short", "email": "nobody", "display_name": "\u{202e}x"});
    let answer = desk.call("POST", "/auth/register", None, Some(&body)).await;
    assert_eq!(fields(&answer), ["username", "password", "email", "display_name"]);
    assert!(!answer.text().contains("short"), "a password does not come back");
}

#[tokio::test]
async fn a_login_does_not_tell_who_exists() {
    let desk = Desk::open().await;
    let ada = desk.person().await;
    let wrong = json!({"username": ada.username, "password": "not the one"});
    let nobody = json!({"username": "nobody", "password": "not the one"});
    let mut wrong = desk
        .call("POST", "/auth/login", None, Some(&wrong))
        .await
        .expect(401);
    let mut nobody = desk
        .call("POST", "/auth/login", None, Some(&nobody))
        .await
        .expect(401);
    wrong["request_id"].take();
    nobody["request_id"].take();
    assert_eq!(wrong, nobody);
}

#[tokio::test]
async fn a_budget_that_is_used_up_says_when_to_come_back() {
    let mut wishes = Wishes::default();
    wishes.limits.logins = Rate::per_minute(2);
    let desk = Desk::open_with(wishes).await;
    let ada = desk.person().await;
    let body = json!({"username": ada.username, "password": "not the one"});
    for _ in 0..2 {
        desk.call("POST", "/auth/login", None, Some(&body))
            .await
            .expect(401);
    }
    let refused = desk.call("POST", "/auth/login", None, Some(&body)).await;
    let problem = refused.expect(429);
    assert_eq!(problem["code"], "rate_limited");
    let wait: u64 = refused.header("retry-after").parse().unwrap();
    assert!((1..=60).contains(&wait), "{wait}");
    assert_eq!(refused.header("ratelimit-policy"), "\"login\";q=2;w=60");
    assert_eq!(refused.header("ratelimit"), format!("\"login\";r=0;t={wait}"));
    desk.advance(Duration::from_secs(wait));
    desk.call("POST", "/auth/login", None, Some(&body))
        .await
        .expect(401);
}

#[tokio::test]
async fn a_refresh_token_is_spent_once() {
    let desk = Desk::open().await;
    let ada = desk.person().await;
    let body = json!({"refresh_token": ada.refresh_token});
    let next = Person::of(
        &desk
            .call("POST", "/auth/refresh", None, Some(&body))
            .await
            .expect(200),
    );
    desk.get(&next, "/me").await.expect(200);
    desk.advance(Duration::from_mins(1));
    desk.call("POST", "/auth/refresh", None, Some(&body))
        .await
        .expect(401);
    desk.advance(Duration::from_secs(2));
    desk.get(&next, "/me").await.expect(401);
    let body = json!({"refresh_token": next.refresh_token});
    desk.call("POST", "/auth/refresh", None, Some(&body))
        .await
        .expect(401);
}

#[tokio::test]
async fn logging_out_ends_the_session() {
    let desk = Desk::open().await;
    let ada = desk.person().await;
    let body = json!({"refresh_token": ada.refresh_token});
    desk.post(&ada, "/auth/logout", body.clone()).await.expect(204);
    desk.advance(Duration::from_secs(2));
    let refused = desk.get(&ada, "/me").await;
    assert_eq!(refused.expect(401)["code"], "unauthenticated");
    assert_eq!(
        refused.header("www-authenticate"),
        "Bearer realm=\"confab\", error=\"invalid_token\""
    );
    desk.call("POST", "/auth/refresh", None, Some(&body))
        .await
        .expect(401);
}

#[tokio::test]
async fn a_token_ends_when_its_time_is_over() {
    let desk = Desk::open().await;
    let ada = desk.person().await;
    desk.advance(ACCESS_TOKEN_TTL + Duration::from_secs(10));
    let problem = desk.get(&ada, "/me").await.expect(401);
    assert_eq!(problem["detail"], "the token has expired");
}

#[tokio::test]
async fn a_profile_is_changed_field_by_field() {
    let desk = Desk::open().await;
    let ada = desk.person().await;
    let url = "https://example.org/ada.png";
    let me = desk
        .patch(&ada, "/me", json!({"display_name": "Ada", "avatar_url": url}))
        .await
        .expect(200);
    assert_eq!(
        (me["display_name"].as_str(), me["avatar_url"].as_str()),
        (Some("Ada"), Some(url))
    );
    let me = desk
        .patch(&ada, "/me", json!({"avatar_url": null}))
        .await
        .expect(200);
    assert_eq!(
        (me["display_name"].as_str(), me["avatar_url"].as_str()),
        (Some("Ada"), None)
    );
    let me = desk.patch(&ada, "/me", json!({})).await.expect(200);
    assert_eq!(me["display_name"], "Ada");
    let refused = desk
        .patch(
            &ada,
            "/me",
            json!({"display_name": null, "avatar_url": "javascript:x"}),
        )
        .await;
    assert_eq!(fields(&refused), ["display_name", "avatar_url"]);
}

#[tokio::test]
async fn a_new_password_ends_the_other_sessions() {
    let desk = Desk::open().await;
    let ada = desk.person().await;
    let login = json!({"username": ada.username, "password": PASSWORD});
    let other = Person::of(
        &desk
            .call("POST", "/auth/login", None, Some(&login))
            .await
            .expect(200),
    );
    let path = "/me/password";
    let wrong = json!({"current_password": "not the one", "new_password": "staple by moonlight"});
    let refused = desk.call("PUT", path, Some(&ada.token), Some(&wrong)).await;
    assert_eq!(fields(&refused), ["current_password"]);
    let right = json!({"current_password": PASSWORD, "new_password": "staple by moonlight"});
    desk.call("PUT", path, Some(&ada.token), Some(&right))
        .await
        .expect(204);
    desk.advance(Duration::from_secs(2));
    desk.get(&ada, "/me").await.expect(200);
    desk.get(&other, "/me").await.expect(401);
    desk.call("POST", "/auth/login", None, Some(&login))
        .await
        .expect(401);
}

#[tokio::test]
async fn a_person_shuts_their_own_account_and_an_administrator_opens_it_again() {
    let desk = Desk::open().await;
    let (ada, bob) = (desk.person().await, desk.person().await);
    let room = desk.room(&bob, "public").await;
    desk.poke(&ada, &format!("/rooms/{room}/join")).await.expect(200);
    let said = desk.say(&ada, &room, "I was here").await;
    let shut = async |who: &Person, password: &str| {
        desk.post(who, "/me/deactivate", json!({"password": password}))
            .await
    };
    assert_eq!(fields(&shut(&ada, "not the one").await), ["password"]);
    assert_eq!(
        fields(&desk.post(&ada, "/me/deactivate", json!({})).await),
        ["password"]
    );
    desk.get(&ada, "/me").await.expect(200);

    shut(&ada, PASSWORD).await.expect(204);
    desk.get(&ada, "/me").await.expect(401);
    let login = json!({"username": ada.username, "password": PASSWORD});
    let refused = desk.call("POST", "/auth/login", None, Some(&login)).await;
    refused.expect(401);
    let message = desk
        .get(&bob, &format!("/messages/{}", id(&said)))
        .await
        .expect(200);
    assert_eq!(
        (&message["content"], &message["sender_id"]),
        (&json!("I was here"), &json!(ada.id))
    );
    let members = desk
        .get(&bob, &format!("/rooms/{room}/members"))
        .await
        .expect(200);
    assert_eq!(members["items"].as_array().unwrap().len(), 2);

    let admin = desk.admin().await;
    desk.poke(&admin, &format!("/users/{}/reactivate", ada.id))
        .await
        .expect(200);
    desk.call("POST", "/auth/login", None, Some(&login))
        .await
        .expect(200);
    // Those in office are shut by another, and those without a password where they come from.
    shut(&admin, PASSWORD).await.expect(403);
    let outside = confab_scenery::somebody(&desk.ports, UserRole::User).await.into();
    let refused = shut(&outside, PASSWORD).await;
    assert_eq!(fields(&refused), ["password"]);
    desk.get(&outside, "/me").await.expect(200);
}

#[tokio::test]
async fn sessions_are_listed_and_ended() {
    let desk = Desk::open().await;
    let (ada, bob) = (desk.person().await, desk.person().await);
    desk.advance(Duration::from_secs(1));
    let login = json!({"username": ada.username, "password": PASSWORD});
    let other = Person::of(
        &desk
            .call("POST", "/auth/login", None, Some(&login))
            .await
            .expect(200),
    );
    let page = desk.get(&ada, "/me/sessions").await.expect(200);
    let sessions = page["items"].as_array().unwrap();
    assert_eq!(sessions.len(), 2);
    let foreign = sessions
        .iter()
        .find(|session| session["current"] == false)
        .unwrap();
    let path = format!("/me/sessions/{}", foreign["id"].as_str().unwrap());
    desk.delete(&bob, &path).await.expect(404);
    desk.delete(&ada, &path).await.expect(204);
    desk.delete(&ada, &path).await.expect(404);
    desk.advance(Duration::from_secs(2));
    desk.get(&other, "/me").await.expect(401);
    desk.get(&ada, "/me").await.expect(200);
}

#[tokio::test]
async fn a_ticket_is_made_and_keys_are_public() {
    let desk = Desk::open().await;
    let ada = desk.person().await;
    let ticket = desk.poke(&ada, "/auth/ticket").await.expect(201);
    assert_eq!(ticket["expires_in"], 30);
    assert!(ticket["ticket"].as_str().unwrap().len() >= 32);
    let keys = desk.call("GET", "/.well-known/jwks.json", None, None).await;
    assert_eq!(keys.header("cache-control"), "public, max-age=300");
    assert!(keys.expect(200)["keys"].is_array());
}

#[tokio::test]
async fn people_are_found_and_their_last_seen_is_for_those_who_share_a_room() {
    let desk = Desk::open().await;
    let (ada, bob) = (desk.person().await, desk.person().await);
    let found = desk
        .get(&ada, &format!("/users?query={}", bob.username.to_uppercase()))
        .await
        .expect(200);
    assert_eq!(found["items"][0]["id"], bob.id);
    assert!(found["items"][0].get("email").is_none());

    let first = desk.get(&ada, "/users?limit=1").await.expect(200);
    assert_eq!(first["has_more"], true);
    let next = format!("/users?limit=1&cursor={}", first["next_cursor"].as_str().unwrap());
    let second = desk.get(&ada, &next).await.expect(200);
    assert_ne!(first["items"][0]["id"], second["items"][0]["id"]);
    // A cursor is good for its own list only.
    assert_eq!(
        fields(&desk.get(&ada, &format!("{next}&query=x")).await),
        ["cursor"]
    );

    let seen = [(bob.id.parse().unwrap(), desk.ports.clock.now())];
    desk.ports.accounts.touch_last_seen(&seen).await.unwrap();
    let profile = format!("/users/{}", bob.id);
    assert!(desk.get(&ada, &profile).await.expect(200)["last_seen_at"].is_null());
    desk.get(&ada, &format!("{profile}/presence")).await.expect(404);
    desk.post(&ada, "/rooms/direct", json!({"user_id": bob.id}))
        .await
        .expect(201);
    assert!(desk.get(&ada, &profile).await.expect(200)["last_seen_at"].is_string());
    let presence = desk.get(&ada, &format!("{profile}/presence")).await.expect(200);
    assert_eq!(presence["status"], "offline");
}
