//! Who comes, who goes, and the ninth connection.

use std::time::Duration;

use confab_domain::commands::{UpdateProfile, leave_room, update_profile};
use confab_domain::ports::Status;
use confab_domain::queries::list_presence;
use confab_domain::{CustomStatus, Limits, Trace};
use confab_testkit::wait_until;
use serde_json::json;

use crate::house::{House, PATIENCE, Plan};

#[tokio::test]
async fn coming_is_told_going_only_after_a_grace() {
    let house = House::new().await;
    let (ada, bob) = (house.guest("ada").await, house.guest("bob").await);
    house.room(&[&ada, &bob]).await;
    let mut hers = house.following(&ada, 1).await;
    let his = house.following(&bob, 1).await;
    assert_eq!(hers.expect("user_online").await["user_id"], json!(bob.id));
    his.close().await;
    // Back within the grace: nobody hears of it.
    let mut his = house.following(&bob, 1).await;
    hers.expect_none(
        |frame| frame["type"] == "user_offline",
        Duration::from_millis(800),
    )
    .await;
    his.send_json(&json!({"type": "presence", "status": "busy"}))
        .await;
    assert_eq!(
        hers.expect_where("user_online", |frame| frame["status"] == "busy")
            .await["user_id"],
        json!(bob.id)
    );
    his.close().await;
    let offline = hers.expect("user_offline").await;
    assert_eq!(
        (&offline["user_id"], &offline["status"]),
        (&json!(bob.id), &json!("offline"))
    );
    assert!(offline["last_seen_at"].is_string());
}

#[tokio::test]
async fn who_comes_is_counted_at_once() {
    let house = House::build(Plan {
        nodes: 2,
        ..Plan::default()
    })
    .await;
    let guests = [
        house.guest("ada").await,
        house.guest("bob").await,
        house.guest("eve").await,
    ];
    let room_id = house.room(&guests.each_ref()).await;
    let mut sockets = Vec::new();
    let mut counts = Vec::new();
    // The last comes once more.
    for (node, guest) in [(0, &guests[0]), (0, &guests[1]), (1, &guests[2]), (1, &guests[2])] {
        let known = sockets.len().min(2) as u64;
        wait_until("those before are known everywhere", PATIENCE, || async {
            let presence = &house.ports.presence;
            let there = presence.room(room_id, 0, house.ports.clock.now()).await;
            there.unwrap().count >= known
        })
        .await;
        let mut socket = house.open(node, "/ws", guest).await;
        counts.push(socket.expect("subscribed").await["present_count"].clone());
        sockets.push(socket);
    }
    assert_eq!(counts, [1, 2, 3, 3]);
}

#[tokio::test]
async fn one_connection_too_many_closes_the_oldest_wherever_it_is() {
    let limits = Limits {
        connections_per_user_max: 2,
        ..Plan::default().limits
    };
    let house = House::build(Plan {
        limits,
        nodes: 2,
        ..Plan::default()
    })
    .await;
    let ada = house.guest("ada").await;
    let mut first = house.following_on(0, &ada, 0).await;
    let mut second = house.following_on(1, &ada, 0).await;
    let mut third = house.following_on(1, &ada, 0).await;
    assert_eq!(first.expect_close(PATIENCE).await.code, 4506);
    for socket in [&mut second, &mut third] {
        socket.send_json(&json!({"type": "ping", "ref": "p"})).await;
        socket.expect_reply("p").await;
    }
}

#[tokio::test]
async fn in_a_room_above_the_bound_presence_is_asked_for_and_not_told() {
    let limits = Limits {
        presence_signal_members_max: 2,
        ..Plan::default().limits
    };
    let house = House::build(Plan {
        limits,
        ..Plan::default()
    })
    .await;
    let (ada, bob, eve) = (
        house.guest("ada").await,
        house.guest("bob").await,
        house.guest("eve").await,
    );
    let big = house.room(&[&ada, &bob, &eve]).await;
    house.room(&[&eve, &bob]).await;
    let mut hers = house.following(&ada, 1).await;
    let mut eves = house.following(&eve, 2).await;
    let mut his = house.following(&bob, 2).await;
    let is_of_bob = |frame: &serde_json::Value| {
        ["user_online", "user_offline", "user_status"]
            .iter()
            .any(|kind| frame["type"] == *kind)
            && frame["user_id"] == json!(bob.id)
    };
    eves.expect_where("user_online", is_of_bob).await;
    his.send_json(&json!({"type": "presence", "status": "busy"}))
        .await;
    eves.expect_where("user_online", |frame| frame["status"] == "busy")
        .await;
    let status = UpdateProfile {
        status: Some(Some(CustomStatus {
            emoji: None,
            text: Some("away for lunch".to_owned()),
            until: None,
        })),
        ..UpdateProfile::default()
    };
    update_profile(&house.ports, &bob.actor, status, Trace::default())
        .await
        .unwrap();
    eves.expect_where("user_status", is_of_bob).await;
    // Who is in the big room alone may ask.
    wait_until("all three are counted", PATIENCE, || async {
        let (room, people) = list_presence(&house.ports, &ada.actor, big, 50).await.unwrap();
        room.count == 3
            && people
                .iter()
                .any(|one| one.user_id == bob.id && one.status == Status::Busy)
    })
    .await;
    his.send_json(&json!({"type": "typing", "room_id": big})).await;
    hers.expect("typing").await;
    his.close().await;
    eves.expect_where("user_offline", is_of_bob).await;
    // What eve was told of, ada would have been told of at the same moment.
    hers.expect_none(is_of_bob, Duration::from_millis(200)).await;
    // Two are no longer too many.
    leave_room(&house.ports, &eve.actor, big, Trace::default())
        .await
        .unwrap();
    let his = house.following(&bob, 2).await;
    hers.expect_where("user_online", is_of_bob).await;
    his.close().await;
}
