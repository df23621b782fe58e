//! Order and completeness, whatever the exchange does with single events and however many publishers work.

#![expect(dead_code, reason = "each suite uses a part of the support")]

mod support;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use confab_domain::IncarnationId;
use confab_domain::ports::Delivery;
use confab_event_publisher::EventPublisher;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use support::{Consumer, ScriptedExchange, ScriptedOutbox, impatient, live, message, ports, room};
use uuid::Uuid;

/// An exchange that fails an event in ten, in every way there is.
fn flaky(seed: u64, failures_in_100: u32) -> ScriptedExchange {
    let mut random = StdRng::seed_from_u64(seed);
    ScriptedExchange::new(move |_| {
        if random.random_range(0..100) >= failures_in_100 {
            return (true, Delivery::Confirmed);
        }
        match random.random_range(0..5) {
            0 => (false, Delivery::Returned),
            1 => (false, Delivery::Refused),
            // Some queues took it, one did not.
            2 => (true, Delivery::Refused),
            3 => (false, Delivery::Lost),
            _ => (true, Delivery::Lost),
        }
    })
}

async fn everything_arrives_in_order(seed: u64, publishers: usize, leases_overlap: bool) {
    let outbox = Arc::new(ScriptedOutbox::default());
    outbox.is_shared.store(leases_overlap, Ordering::Release);
    let exchange = Arc::new(flaky(seed, 10));
    let live = live();
    let running: Vec<_> = (0..publishers)
        .map(|_| {
            let ports = ports(&outbox, exchange.clone(), &live);
            EventPublisher::start(IncarnationId(Uuid::new_v4()), ports, impatient())
        })
        .collect();
    // Rooms of three partitions, written to while the publishers are at work.
    let rooms = [room(0x100), room(0x200), room(0x301), room(0x40f)];
    let mut random = StdRng::seed_from_u64(seed + 1);
    for _ in 0..600 {
        let room_id = rooms[random.random_range(0..rooms.len())];
        outbox.commit(room_id, |seq| message(room_id, seq));
        if random.random_range(0..20) == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
    outbox.drained().await;
    for publisher in &running {
        publisher.stop(support::PATIENCE).await;
    }
    let arrived = exchange.arrived.lock();
    let consumer = Consumer::take_all(&arrived);
    let accepted: i64 = rooms.iter().map(|room_id| consumer.accepted(*room_id)).sum();
    assert_eq!(
        accepted, 600,
        "seed {seed}, {publishers} publishers: {:?}",
        consumer.0
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_publisher() {
    for seed in 0..8 {
        everything_arrives_in_order(seed, 1, false).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_publishers_that_share() {
    for seed in 10..18 {
        everything_arrives_in_order(seed, 2, false).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_publishers_that_hold_the_same_partitions() {
    for seed in 20..28 {
        everything_arrives_in_order(seed, 3, true).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_room_that_cannot_be_sent_stops_no_other() {
    let outbox = Arc::new(ScriptedOutbox::default());
    let stuck = room(0x100);
    let source = format!("/rooms/{stuck}");
    let exchange = Arc::new(ScriptedExchange::new(move |event| {
        if event.source == source {
            (false, Delivery::Returned)
        } else {
            (true, Delivery::Confirmed)
        }
    }));
    // Four pages of the stuck room lie before the others of its partition.
    for _ in 0..200 {
        outbox.commit(stuck, |seq| message(stuck, seq));
    }
    let other = room(0x200);
    for _ in 0..100 {
        outbox.commit(other, |seq| message(other, seq));
    }
    let live = live();
    let ports = ports(&outbox, exchange.clone(), &live);
    let publisher = EventPublisher::start(IncarnationId(Uuid::new_v4()), ports, impatient());
    confab_testkit::wait_until("the other room is through", support::PATIENCE, async || {
        outbox.pending_count() == 200
    })
    .await;
    assert_eq!(Consumer::take_all(&exchange.arrived.lock()).accepted(other), 100);
    publisher.stop(support::PATIENCE).await;
}
