//! Accounts that are shut and opened again while they talk, and keys that are taken back.

use std::time::Duration;

use confab_testkit::http_client::Method;
use confab_testkit::web_socket::WebSocket;
use serde_json::{Value, json};

use crate::stage::{OtherService, PATIENCE, Person, api, fleet, log, person, room, say, start};

/// Somebody whom an operator made an administrator.
async fn admin(fleet: &confab_testkit::fleet::Fleet) -> Person {
    let admin = person(fleet, "admin").await;
    let promote = format!("UPDATE users SET role = 'admin' WHERE id = '{}'", admin.id);
    fleet.pipes().query(&promote).await.expect("promoted");
    confab_testkit::wait_until("the role is known", PATIENCE, || async {
        api(fleet).get("/api-keys", &admin.token).await.status == 200
    })
    .await;
    admin
}

async fn poke(fleet: &confab_testkit::fleet::Fleet, who: &Person, path: &str) -> Value {
    api(fleet)
        .call(Method::POST, path, Some(&who.token), None)
        .await
        .expect(200)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shut_account_loses_its_sockets_and_keeps_its_rooms() {
    let fleet = start(fleet()).await;
    let admin = admin(&fleet).await;
    let (ada, bob) = (person(&fleet, "ada").await, person(&fleet, "bob").await);
    let room_id = room(&fleet, &ada, &[&bob]).await;
    let said = say(&fleet, &bob, &room_id, "I was here").await;
    let mut other = OtherService::subscribe(&fleet).await;
    let mut sockets = Vec::new();
    for index in 0..2 {
        let url = format!("{}/ws", fleet.gateway(index).ws_url());
        let mut socket = WebSocket::connect_with_bearer(&url, &bob.token)
            .await
            .expect("a socket");
        socket.expect("hello").await;
        sockets.push(socket);
    }
    let before = log(&fleet, &ada, &room_id).await;

    let shut = poke(&fleet, &admin, &format!("/users/{}/deactivate", bob.id)).await;
    assert!(shut["deactivated_at"].is_string());
    for socket in &mut sockets {
        assert_eq!(socket.expect_close(PATIENCE).await.code, 4504);
    }
    let path = format!("/rooms/{room_id}/messages");
    let body = json!({"content": "still here?"});
    confab_testkit::wait_until("the account is known to be shut", PATIENCE, || async {
        api(&fleet).post(&path, &bob.token, &body).await.status == 401
    })
    .await;
    assert_eq!(
        log(&fleet, &ada, &room_id).await,
        before,
        "nothing happened in the room"
    );
    let message = format!("/messages/{}", said["id"].as_str().expect("an id"));
    let message = api(&fleet).get(&message, &ada.token).await.expect(200);
    assert_eq!(message["sender_id"], bob.id.as_str());

    poke(&fleet, &admin, &format!("/users/{}/reactivate", bob.id)).await;
    let login = json!({"username": "bob", "password": "a house test's password"});
    let mut token = String::new();
    confab_testkit::wait_until("bob is let in again", PATIENCE, || async {
        let answer = api(&fleet)
            .call(Method::POST, "/auth/login", None, Some(&login))
            .await;
        answer.status == 200
    })
    .await;
    let answer = api(&fleet)
        .call(Method::POST, "/auth/login", None, Some(&login))
        .await
        .expect(200);
    token.push_str(answer["access_token"].as_str().expect("a token"));
    let url = format!("{}/ws", fleet.gateway(1).ws_url());
    let mut socket = WebSocket::connect_with_bearer(&url, &token)
        .await
        .expect("a socket");
    socket
        .expect_where("subscribed", |frame| frame["room_id"] == room_id.as_str())
        .await;
    let bob = Person { token, ..bob };
    say(&fleet, &bob, &room_id, "I am back").await;
    socket.expect("message_created").await;

    let of_bob = |other: &OtherService<'_>| -> Vec<String> {
        let about_bob = other
            .accepted
            .iter()
            .filter(|event| event["user_id"] == bob.id.as_str() && event["room_id"].is_null());
        about_bob
            .map(|event| event["event_type"].as_str().expect("a type").to_owned())
            .collect()
    };
    let deadline = tokio::time::Instant::now() + PATIENCE;
    while of_bob(&other).len() < 2 {
        assert!(tokio::time::Instant::now() < deadline, "{:?}", of_bob(&other));
        other.fetch().await;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let mut told = of_bob(&other);
    told.sort();
    assert_eq!(told, ["user_deactivated", "user_reactivated"], "each once");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_taken_back_is_shut_on_every_node_at_once() {
    let fleet = start(fleet().apis(2)).await;
    let admin = admin(&fleet).await;
    let body = json!({"name": "shop", "service": "shop", "scopes": ["read", "rooms", "users"]});
    let key = api(&fleet)
        .post("/api-keys", &admin.token, &body)
        .await
        .expect(201);
    let secret = key["key"].as_str().expect("a key");
    let node = |index: usize| confab_testkit::HttpClient::new(fleet.api(index).url());
    let put = async |index: usize, path: &str, body: Value| {
        let request = node(index).request(Method::PUT, path);
        request.header("x-api-key", secret).json(&body).send().await
    };
    // Two nodes at once make one room and one user.
    for round in 0..5 {
        let room = format!("/rooms/by-key/offer-{round}");
        let user = format!("/users/by-external-id/customer-{round}");
        let named = json!({"name": "Offer"});
        let (one, two) = tokio::join!(put(0, &room, named.clone()), put(1, &room, named.clone()));
        let mut statuses = [one.status, two.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 201]);
        assert_eq!(one.json()["id"], two.json()["id"]);
        let (one, two) = tokio::join!(put(0, &user, json!({})), put(1, &user, json!({})));
        let mut statuses = [one.status, two.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 201]);
        assert_eq!(one.json()["id"], two.json()["id"]);
    }
    // A key opens no socket.
    let url = format!("{}/ws", fleet.gateway(0).ws_url());
    assert!(WebSocket::connect_with_bearer(&url, secret).await.is_err());

    let path = format!("/api-keys/{}", key["id"].as_str().expect("an id"));
    node(0)
        .call(Method::DELETE, &path, Some(&admin.token), None)
        .await
        .expect(204);
    for index in 0..2 {
        node(index).get("/me", secret).await.expect(401);
    }
}
