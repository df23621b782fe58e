//! Whoever is out of a room hears their own `user_left`, then `unsubscribed`, then nothing of it.

use std::sync::atomic::Ordering;

use confab_domain::Trace;
use confab_domain::commands::{delete_room, leave_room, remove_member};
use serde_json::json;

use crate::house::{House, PATIENCE, Plan, events_up_to, seqs};

#[tokio::test]
async fn the_removed_hear_their_own_leaving_last() {
    let house = House::new().await;
    let (ada, bob) = (house.guest("ada").await, house.guest("bob").await);
    let room = house.room(&[&ada, &bob]).await;
    let (mut hers, mut his) = (house.following(&ada, 1).await, house.following(&bob, 1).await);
    house.say(&ada, room, "one").await;
    remove_member(&house.ports, &ada.actor, room, bob.id, Trace::default())
        .await
        .unwrap();
    let last = house.say(&ada, room, "for ada alone").await;
    events_up_to(&mut hers, room, last).await;

    let left = his.expect("user_left").await;
    assert_eq!(
        (&left["user_id"], &left["reason"]),
        (&json!(bob.id), &json!("removed"))
    );
    let last_word = his.expect("unsubscribed").await;
    assert_eq!(
        (&last_word["room_id"], &last_word["reason"]),
        (&json!(room), &json!("removed"))
    );
    his.send_json(&json!({"type": "ping", "ref": "p"})).await;
    his.expect_reply("p").await;
    let heard: Vec<_> = his
        .mailbox()
        .filter(|frame| frame["type"] == "message_created")
        .collect();
    assert_eq!(heard.len(), 1, "{heard:?}");
    assert_eq!(heard[0]["message"]["content"], "one");
}

#[tokio::test]
async fn a_removal_that_was_lost_on_the_way_is_found_in_the_store() {
    let house = House::new().await;
    let (ada, bob) = (house.guest("ada").await, house.guest("bob").await);
    let room = house.room(&[&ada, &bob]).await;
    let (mut hers, mut his) = (house.following(&ada, 1).await, house.following(&bob, 1).await);
    // The removal's batch is lost, its control message is not.
    house.nodes[0].tap.drops_batches.store(true, Ordering::Relaxed);
    remove_member(&house.ports, &ada.actor, room, bob.id, Trace::default())
        .await
        .unwrap();
    assert_eq!(his.expect("user_left").await["user_id"], json!(bob.id));
    his.expect("unsubscribed").await;
    hers.expect("user_left").await;
}

#[tokio::test]
async fn a_run_from_the_store_shows_the_removed_nothing_but_their_leaving() {
    let house = House::new().await;
    let (ada, bob) = (house.guest("ada").await, house.guest("bob").await);
    let room = house.room(&[&ada, &bob]).await;
    let (mut hers, mut his) = (house.following(&ada, 1).await, house.following(&bob, 1).await);
    let tap = &house.nodes[0].tap;
    let before = house.head(room).await;
    tap.drops_batches.store(true, Ordering::Relaxed);
    tap.drops_controls.store(true, Ordering::Relaxed);
    // The message is changed after the removal: the store's run would show bob the new text.
    let seq = house.say(&ada, room, "first text").await;
    remove_member(&house.ports, &ada.actor, room, bob.id, Trace::default())
        .await
        .unwrap();
    tap.drops_batches.store(false, Ordering::Relaxed);
    let last = house.say(&ada, room, "heals the hole").await;
    assert_eq!(
        seqs(&events_up_to(&mut hers, room, last).await),
        (before + 1..=last).collect::<Vec<_>>()
    );
    his.expect("unsubscribed").await;
    let left = his.expect("user_left").await;
    assert_eq!(left["seq"], seq + 1);
    assert!(his.mailbox().all(|frame| frame["type"] != "message_created"));
}

#[tokio::test]
async fn who_was_removed_while_away_resumes_into_a_farewell() {
    let house = House::new().await;
    let (ada, bob, eve) = (
        house.guest("ada").await,
        house.guest("bob").await,
        house.guest("eve").await,
    );
    let room = house.room(&[&ada, &bob]).await;
    let seen = house.head(room).await;
    house.say(&ada, room, "missed").await;
    leave_room(&house.ports, &bob.actor, room, Trace::default())
        .await
        .unwrap();
    house.say(&ada, room, "not for bob").await;
    let epoch = house.epoch().await;
    let resume = json!({"type": "resume", "ref": "r", "epoch": epoch, "rooms": {room.to_string(): seen}});
    let mut his = house.quiet(&bob).await;
    his.send_json(&resume).await;
    assert_eq!(his.expect("user_left").await["reason"], "left");
    assert_eq!(his.expect("unsubscribed").await["reason"], "left");
    his.expect("ack").await;
    assert!(his.mailbox().all(|frame| frame["type"] != "message_created"));

    // A stranger is told what a room that never was would be told.
    let mut hers = house.quiet(&eve).await;
    hers.send_json(&resume).await;
    let error = hers.expect("error").await;
    assert_eq!(
        (&error["code"], &error["room_id"]),
        (&json!("not_found"), &json!(room))
    );
    hers.expect("ack").await;
    assert_eq!(hers.mailbox().count(), 0);
}

#[tokio::test]
async fn the_farewell_of_the_removed_is_found_however_much_came_before_and_after_it() {
    let house = House::new().await;
    let (ada, bob) = (house.guest("ada").await, house.guest("bob").await);
    let room = house.room(&[&ada, &bob]).await;
    let seen = house.head(room).await;
    let say = async |count: usize| {
        for _ in 0..count {
            house.say(&ada, room, "not for bob any more").await;
        }
    };
    say(230).await;
    leave_room(&house.ports, &bob.actor, room, Trace::default())
        .await
        .unwrap();
    house.add(&ada, room, &bob).await;
    say(230).await;
    remove_member(&house.ports, &ada.actor, room, bob.id, Trace::default())
        .await
        .unwrap();
    let own_leaving = house.head(room).await;
    say(30).await;
    let epoch = house.epoch().await;
    let resume = json!({"type": "resume", "ref": "r", "epoch": epoch, "rooms": {room.to_string(): seen}});
    let mut his = house.quiet(&bob).await;
    his.send_json(&resume).await;
    his.expect("ack").await;
    let heard: Vec<_> = his.mailbox().cloned().collect();
    assert_eq!(heard.len(), 2, "{heard:?}");
    assert_eq!(
        (&heard[0]["type"], &heard[0]["seq"], &heard[0]["reason"]),
        (&json!("user_left"), &json!(own_leaving), &json!("removed"))
    );
    assert_eq!(
        (&heard[1]["type"], &heard[1]["reason"]),
        (&json!("unsubscribed"), &json!("removed"))
    );
}

#[tokio::test]
async fn a_farewell_further_away_than_a_replay_may_reach_is_not_found() {
    let mut plan = Plan::default();
    plan.limits.replay_events_per_room_max = 300;
    let house = House::build(plan).await;
    let (ada, bob) = (house.guest("ada").await, house.guest("bob").await);
    let room = house.room(&[&ada, &bob]).await;
    let seen = house.head(room).await;
    for _ in 0..401 {
        house.say(&ada, room, "x").await;
    }
    leave_room(&house.ports, &bob.actor, room, Trace::default())
        .await
        .unwrap();
    let epoch = house.epoch().await;
    for (epoch, seq) in [(epoch.as_str(), seen), (epoch.as_str(), 0), ("another", 0)] {
        let mut his = house.quiet(&bob).await;
        his.send_json(
            &json!({"type": "resume", "ref": "r", "epoch": epoch, "rooms": {room.to_string(): seq}}),
        )
        .await;
        his.expect("ack").await;
        let heard: Vec<_> = his.mailbox().cloned().collect();
        assert_eq!(heard.len(), 1, "{heard:?}");
        assert_eq!(heard[0]["code"], "not_found");
    }
}

#[tokio::test]
async fn a_deleted_room_says_goodbye_to_everybody() {
    let house = House::new().await;
    let (ada, bob) = (house.guest("ada").await, house.guest("bob").await);
    let room = house.room(&[&ada, &bob]).await;
    let (mut hers, mut his) = (house.following(&ada, 1).await, house.following(&bob, 1).await);
    delete_room(&house.ports, &ada.actor, room, Trace::default())
        .await
        .unwrap();
    for socket in [&mut hers, &mut his] {
        socket.expect("room_deleted").await;
        assert_eq!(socket.expect("unsubscribed").await["reason"], "room_deleted");
    }
}

#[tokio::test]
async fn with_controls_lost_a_recheck_adds_and_removes() {
    // Without beats the feed is never healthy, so rights are read again every second.
    let house = House::build(Plan {
        beats: false,
        ..Plan::default()
    })
    .await;
    let (ada, bob) = (house.guest("ada").await, house.guest("bob").await);
    let (old, new) = (house.room(&[&ada, &bob]).await, house.room(&[&ada]).await);
    let mut his = house.following(&bob, 1).await;
    let tap = &house.nodes[0].tap;
    tap.drops_batches.store(true, Ordering::Relaxed);
    tap.drops_controls.store(true, Ordering::Relaxed);
    remove_member(&house.ports, &ada.actor, old, bob.id, Trace::default())
        .await
        .unwrap();
    house.add(&ada, new, &bob).await;
    assert_eq!(his.expect("unsubscribed").await["room_id"], json!(old));
    assert_eq!(his.expect("subscribed").await["room_id"], json!(new));
    confab_domain::commands::revoke_session(&house.ports, &bob.actor, bob.actor.session_id.unwrap())
        .await
        .unwrap();
    assert_eq!(his.expect_close(PATIENCE).await.code, 4504);
}
