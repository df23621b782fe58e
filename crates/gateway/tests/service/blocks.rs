//! Of two people of whom one has blocked the other, neither hears live what the other does in their direct room.

use std::time::Duration;

use confab_domain::commands::{UpdateProfile, block_user, open_direct_room, unblock_user, update_profile};
use confab_domain::{CustomStatus, Trace};
use confab_testkit::{WebSocket, wait_until};
use serde_json::{Value, json};

use crate::house::{Guest, House, PATIENCE};

const SIGNALS: [&str; 7] = [
    "typing",
    "read",
    "delivered",
    "user_online",
    "user_offline",
    "user_status",
    "user_updated",
];

fn is_of(guest: &Guest) -> impl Fn(&Value) -> bool + use<> {
    let id = json!(guest.id);
    move |frame: &Value| SIGNALS.iter().any(|name| frame["type"] == *name) && frame["user_id"] == id
}

async fn set_status(house: &House, who: &Guest, text: &str) {
    let status = CustomStatus {
        emoji: None,
        text: Some(text.to_owned()),
        until: None,
    };
    let wanted = UpdateProfile {
        status: Some(Some(status)),
        display_name: Some(Some(text.to_owned())),
        ..UpdateProfile::default()
    };
    update_profile(&house.ports, &who.actor, wanted, Trace::default())
        .await
        .unwrap();
}

/// All that somebody may show: marks, typing, and how they are.
async fn show_everything(house: &House, who: &Guest, socket: &mut WebSocket, room: &str, number: i64) {
    for frame in [
        json!({"type": "typing", "ref": "t", "room_id": room}),
        json!({"type": "delivered", "ref": "d", "room_id": room, "number": number}),
        json!({"type": "read", "ref": "r", "room_id": room, "number": number}),
        json!({"type": "presence", "ref": "p", "status": if number % 2 == 0 { "busy" } else { "away" }}),
    ] {
        socket.send_json(&frame).await;
        let reply = socket.expect_reply(frame["ref"].as_str().unwrap()).await;
        assert_eq!(
            reply["type"], "ack",
            "nobody learns of a block by an error: {reply}"
        );
    }
    set_status(house, who, &format!("status {number}")).await;
}

/// What a new connection is told of who is there.
async fn present_count(house: &House, who: &Guest) -> Value {
    let mut socket = house.open(0, "/ws", who).await;
    socket.expect("hello").await;
    let subscribed = socket.expect("subscribed").await;
    socket.close().await;
    subscribed["present_count"].clone()
}

#[tokio::test]
async fn a_direct_room_goes_quiet_both_ways_and_groups_do_not() {
    let house = House::new().await;
    let (ada, bob) = (house.guest("ada").await, house.guest("bob").await);
    let made = open_direct_room(&house.ports, &ada.actor, bob.id, Trace::default()).await;
    let room_id = made.unwrap().0.room.id;
    let room = room_id.to_string();
    for n in 0..4 {
        house.say(&ada, room_id, &format!("to bob {n}")).await;
    }
    let mut hers = house.following(&ada, 1).await;
    let mut his = house.following(&bob, 1).await;
    hers.expect("user_online").await;
    wait_until("both are counted", PATIENCE, || async {
        present_count(&house, &ada).await == 2
    })
    .await;
    show_everything(&house, &bob, &mut his, &room, 1).await;
    for name in [
        "typing",
        "delivered",
        "read",
        "user_online",
        "user_status",
        "user_updated",
    ] {
        hers.expect_where(name, is_of(&bob)).await;
    }

    his.send_json(&json!({"type": "typing", "room_id": room, "active": false}))
        .await;
    hers.expect_where("typing", |frame| frame["active"] == false)
        .await;

    // That she came online was told before all of this, and has been read with it.
    his.forget();

    block_user(&house.ports, &ada.actor, bob.id).await.unwrap();
    show_everything(&house, &bob, &mut his, &room, 2).await;
    show_everything(&house, &ada, &mut hers, &room, 4).await;
    for who in [&ada, &bob] {
        assert_eq!(present_count(&house, who).await, 1);
    }
    his.expect_none(is_of(&ada), Duration::from_millis(300)).await;
    his.close().await;
    // Longer than the grace of who goes.
    hers.expect_none(is_of(&bob), Duration::from_millis(900)).await;
    let mut his = house.following(&bob, 1).await;
    hers.expect_none(is_of(&bob), Duration::from_millis(300)).await;

    let eve = house.guest("eve").await;
    let group = house.room(&[&eve, &ada, &bob]).await;
    for socket in [&mut hers, &mut his] {
        socket
            .expect_where("subscribed", |frame| frame["room_id"] == json!(group))
            .await;
    }
    house.say(&ada, group, "to all").await;
    show_everything(&house, &bob, &mut his, &group.to_string(), 1).await;
    for name in [
        "typing",
        "delivered",
        "read",
        "user_online",
        "user_status",
        "user_updated",
    ] {
        let heard = hers.expect_where(name, is_of(&bob)).await;
        assert!(heard["room_id"].is_null() || heard["room_id"] == json!(group));
    }

    unblock_user(&house.ports, &ada.actor, bob.id).await.unwrap();
    his.send_json(&json!({"type": "read", "room_id": room, "number": 3}))
        .await;
    let read = hers
        .expect_where("read", |frame| frame["room_id"] == json!(room))
        .await;
    assert_eq!((&read["user_id"], &read["number"]), (&json!(bob.id), &json!(3)));
}
