//! Members: added, listed, changed, removed; joining and leaving.

use serde_json::json;
use uuid::Uuid;

use crate::desk::{Desk, fields};

#[tokio::test]
async fn members_are_added_one_or_many() {
    let desk = Desk::open().await;
    let (ada, bob, eve) = (desk.person().await, desk.person().await, desk.person().await);
    let path = format!("/rooms/{}/members", desk.room(&ada, "private").await);
    let one = desk
        .post(&ada, &path, json!({"user_id": bob.id, "role": "moderator"}))
        .await
        .expect(201);
    assert_eq!(
        (&one["items"][0]["user_id"], &one["items"][0]["role"]),
        (&json!(bob.id), &json!("moderator"))
    );
    desk.post(&ada, &path, json!({"user_id": bob.id}))
        .await
        .expect(200);
    let many = json!({"members": [{"user_id": bob.id}, {"user_id": eve.id}]});
    let many = desk.post(&ada, &path, many).await.expect(201);
    assert_eq!(many["items"].as_array().unwrap().len(), 2);
    assert_eq!(
        many["items"][0]["role"], "moderator",
        "who is in stays as they are"
    );

    let page = desk.get(&eve, &format!("{path}?limit=2")).await.expect(200);
    assert_eq!(page["items"].as_array().unwrap().len(), 2);
    assert_eq!(page["as_of"]["seq"], 4);
    let next = format!("{path}?limit=2&cursor={}", page["next_cursor"].as_str().unwrap());
    let page = desk.get(&eve, &next).await.expect(200);
    assert_eq!(
        (page["items"].as_array().unwrap().len(), &page["has_more"]),
        (1, &json!(false))
    );

    desk.post(&eve, &path, json!({"user_id": Uuid::now_v7()}))
        .await
        .expect(403);
    for (body, field) in [
        (json!({}), "user_id"),
        (json!({"members": []}), "members"),
        (json!({"user_id": bob.id, "members": []}), "members"),
        (json!({"members": [], "role": "admin"}), "role"),
        (json!({"user_id": bob.id, "role": "king"}), "role"),
        (json!({"user_id": bob.id, "role": "owner"}), "role"),
        (
            json!({"members": [{"user_id": bob.id}, {"user_id": bob.id, "role": "king"}]}),
            "members[1].role",
        ),
        (json!({"members": [{"user_id": "x"}]}), "members[0].user_id"),
        (json!({"members": [[bob.id]]}), "members[0]"),
        (json!({"user_id": Uuid::now_v7()}), "user_id"),
        (
            json!({"members": vec![json!({"user_id": bob.id}); 101]}),
            "members",
        ),
    ] {
        let answer = desk.post(&ada, &path, body.clone()).await;
        assert_eq!(fields(&answer), [field], "{body}");
    }
}

#[tokio::test]
async fn roles_change_below_ones_own_and_the_room_is_handed_on() {
    let desk = Desk::open().await;
    let (ada, bob, eve) = (desk.person().await, desk.person().await, desk.person().await);
    let room = desk.room(&ada, "public").await;
    for person in [&bob, &eve] {
        desk.poke(person, &format!("/rooms/{room}/join"))
            .await
            .expect(200);
    }
    let member = |person: &crate::desk::Person| format!("/rooms/{room}/members/{}", person.id);
    desk.patch(&bob, &member(&eve), json!({"role": "moderator"}))
        .await
        .expect(403);
    let changed = desk
        .patch(&ada, &member(&bob), json!({"role": "admin"}))
        .await
        .expect(200);
    assert_eq!(changed["role"], "admin");
    desk.patch(&bob, &member(&eve), json!({"role": "admin"}))
        .await
        .expect(403);
    desk.patch(&bob, &member(&eve), json!({"role": "moderator"}))
        .await
        .expect(200);
    assert_eq!(
        fields(&desk.patch(&ada, &member(&eve), json!({"role": "king"})).await),
        ["role"]
    );
    desk.patch(&ada, &member(&bob), json!({"role": "owner"}))
        .await
        .expect(200);
    let seen = desk.get(&ada, &format!("/rooms/{room}")).await.expect(200);
    assert_eq!(seen["my_role"], "admin");
    let nobody = format!("/rooms/{room}/members/{}", Uuid::now_v7());
    desk.patch(&bob, &nobody, json!({"role": "admin"}))
        .await
        .expect(404);
}

#[tokio::test]
async fn a_removed_member_sees_nothing_any_more() {
    let desk = Desk::open().await;
    let (ada, bob) = (desk.person().await, desk.person().await);
    let room = desk.room(&ada, "private").await;
    desk.post(
        &ada,
        &format!("/rooms/{room}/members"),
        json!({"user_id": bob.id}),
    )
    .await
    .expect(201);
    let said = desk.say(&bob, &room, "hello").await;
    let member = format!("/rooms/{room}/members/{}", bob.id);
    desk.delete(&bob, &format!("/rooms/{room}/members/{}", ada.id))
        .await
        .expect(403);
    desk.delete(&ada, &member).await.expect(204);
    desk.delete(&ada, &member).await.expect(204);
    for path in [
        format!("/rooms/{room}"),
        format!("/rooms/{room}/messages"),
        format!("/rooms/{room}/members"),
        format!("/rooms/{room}/events"),
        format!("/messages/{}", said["id"].as_str().unwrap()),
    ] {
        desk.get(&bob, &path).await.expect(404);
    }
    let path = format!("/rooms/{room}/messages");
    desk.post(&bob, &path, json!({"content": "still here?"}))
        .await
        .expect(404);
}

#[tokio::test]
async fn joining_and_leaving_twice_changes_nothing() {
    let desk = Desk::open().await;
    let (ada, bob) = (desk.person().await, desk.person().await);
    let path = format!("/rooms/{}", desk.room(&ada, "public").await);
    let messages = format!("{path}/messages");
    desk.get(&bob, &messages).await.expect(403);
    let once = desk.poke(&bob, &format!("{path}/join")).await.expect(200);
    let twice = desk.poke(&bob, &format!("{path}/join")).await.expect(200);
    assert_eq!(once, twice);
    desk.get(&bob, &messages).await.expect(200);
    desk.poke(&bob, &format!("{path}/leave")).await.expect(204);
    desk.poke(&bob, &format!("{path}/leave")).await.expect(204);
    desk.get(&bob, &messages).await.expect(403);
    // The owner goes last: the room is closed.
    desk.poke(&ada, &format!("{path}/leave")).await.expect(204);
    desk.poke(&bob, &format!("{path}/join")).await.expect(403);
}

#[tokio::test]
async fn who_adds_one_is_told_of_its_own_fields() {
    let desk = Desk::open().await;
    let (ada, nobody) = (desk.person().await, Uuid::now_v7());
    let path = format!("/rooms/{}/members", desk.room(&ada, "private").await);
    let one = json!({"user_id": nobody});
    assert_eq!(fields(&desk.post(&ada, &path, one).await), ["user_id"]);
    let owner = json!({"user_id": nobody, "role": "owner"});
    assert_eq!(fields(&desk.post(&ada, &path, owner).await), ["role"]);
    let many = json!({"members": [{"user_id": ada.id}, {"user_id": nobody}]});
    assert_eq!(
        fields(&desk.post(&ada, &path, many).await),
        ["members[1].user_id"]
    );
}

#[tokio::test]
async fn an_owner_who_is_put_out_by_the_host_leaves_an_owner_behind() {
    let desk = Desk::open().await;
    let (ada, bob, host) = (desk.person().await, desk.person().await, desk.service().await);
    let path = format!("/rooms/{}/members", desk.room(&ada, "private").await);
    desk.post(&ada, &path, json!({"user_id": bob.id}))
        .await
        .expect(201);
    desk.delete(&host, &format!("{path}/{}", ada.id))
        .await
        .expect(204);
    let left = desk.get(&bob, &path).await.expect(200);
    assert_eq!(left["items"].as_array().unwrap().len(), 1);
    assert_eq!(left["items"][0]["role"], "owner");
}

#[tokio::test]
async fn the_host_names_one_owner_and_the_room_keeps_one() {
    let desk = Desk::open().await;
    let (ada, bob, host) = (desk.person().await, desk.person().await, desk.service().await);
    let path = format!("/rooms/{}/members", desk.room(&ada, "private").await);
    desk.post(&ada, &path, json!({"user_id": bob.id}))
        .await
        .expect(201);
    let (of_ada, of_bob) = (format!("{path}/{}", ada.id), format!("{path}/{}", bob.id));
    let refused = desk
        .patch(&host, &of_ada, json!({"role": "member"}))
        .await
        .expect(409);
    assert_eq!(refused["code"], "conflict");
    desk.patch(&host, &of_bob, json!({"role": "owner"}))
        .await
        .expect(200);
    let members = desk.get(&host, &path).await.expect(200);
    let roles: Vec<_> = members["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|member| (member["user_id"].clone(), member["role"].clone()))
        .collect();
    assert!(roles.contains(&(json!(ada.id), json!("admin"))), "{roles:?}");
    assert!(roles.contains(&(json!(bob.id), json!("owner"))), "{roles:?}");
}
