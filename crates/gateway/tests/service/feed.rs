//! Lost live messages heal from the store; another life of the database ends all sockets.

use std::sync::atomic::Ordering;

use confab_gateway::FeedState;
use confab_testkit::wait_until;

use crate::house::{House, PATIENCE, Plan, events_up_to, seqs};

#[tokio::test]
async fn a_hole_is_read_from_the_store_before_what_follows_it_goes_on() {
    let house = House::new().await;
    let ada = house.guest("ada").await;
    let room = house.room(&[&ada]).await;
    let mut socket = house.following(&ada, 1).await;
    let before = house.head(room).await;
    let tap = &house.nodes[0].tap;
    for round in 0..10 {
        tap.drops_batches.store(round % 2 == 0, Ordering::Relaxed);
        let dropped = tap.dropped.load(Ordering::Relaxed);
        for _ in 0..5 {
            house.say(&ada, room, "x").await;
        }
        if round % 2 == 0 {
            wait_until("all five were dropped", PATIENCE, || async {
                tap.dropped.load(Ordering::Relaxed) >= dropped + 5
            })
            .await;
        }
    }
    let events = events_up_to(&mut socket, room, before + 50).await;
    assert_eq!(seqs(&events), (before + 1..=before + 50).collect::<Vec<_>>());
}

#[tokio::test]
async fn the_last_message_of_a_quiet_room_heals_though_nothing_follows_it() {
    // No beats: the feed is unhealthy, the store is compared once a second.
    let house = House::build(Plan {
        beats: false,
        ..Plan::default()
    })
    .await;
    let ada = house.guest("ada").await;
    let room = house.room(&[&ada]).await;
    let mut socket = house.following(&ada, 1).await;
    house.nodes[0].tap.drops_batches.store(true, Ordering::Relaxed);
    house.say(&ada, room, "lost on the way").await;
    let event = socket.expect("message_created").await;
    assert_eq!(event["message"]["content"], "lost on the way");
    assert!(matches!(
        house.nodes[0].gateway.readiness().feed,
        FeedState::Degraded(_)
    ));
}

#[tokio::test]
async fn another_life_of_the_database_closes_all_sockets() {
    let house = House::new().await;
    let ada = house.guest("ada").await;
    let room = house.room(&[&ada]).await;
    let mut socket = house.following(&ada, 1).await;
    let former = house.epoch().await;
    let present = house.bump_epoch().await;
    assert_ne!(former, present);
    assert_eq!(socket.expect_close(PATIENCE).await.code, 4004);
    let mut again = house.open(0, "/ws", &ada).await;
    assert_eq!(again.expect("hello").await["epoch"], present);
    again.expect("subscribed").await;
    house.say(&ada, room, "a new life").await;
    again.expect("message_created").await;
}
