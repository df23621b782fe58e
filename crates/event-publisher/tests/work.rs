//! What an event publisher does besides keeping the order: wakes, beats, control messages, leases, stopping.

#![expect(dead_code, reason = "each suite uses a part of the support")]

mod support;

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use confab_domain::ports::{Beat, FeedItem, LiveIn, LiveOut, PARTITIONS, PendingEvent, partition_of};
use confab_domain::{
    AccountEvent, AccountEventKind, Control, EventBody, EventId, IncarnationId, LeaveReason, SessionId,
    Timestamp, Trace, UserId,
};
use confab_event_publisher::{EventPublisher, PublisherSettings};
use confab_testkit::wait_until;
use support::{PATIENCE, ScriptedExchange, ScriptedOutbox, impatient, live, message, ports, room, waking};
use tokio::sync::mpsc::Receiver;
use tokio::time::{Instant, timeout};
use uuid::Uuid;

fn incarnation() -> IncarnationId {
    IncarnationId(Uuid::new_v4())
}

async fn next_beat(feed: &mut Receiver<FeedItem>, partition: u16) -> Beat {
    let beat = async {
        loop {
            match feed.recv().await.expect("the feed goes on") {
                FeedItem::Beat(beat) if beat.partition == partition => return beat,
                _ => {}
            }
        }
    };
    timeout(PATIENCE, beat).await.expect("a beat in time")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wake_is_faster_than_the_poll() {
    let (outbox, exchange, live) = (
        Arc::new(ScriptedOutbox::default()),
        Arc::new(ScriptedExchange::reliable()),
        live(),
    );
    let settings = PublisherSettings {
        poll_interval: Duration::from_mins(10),
        ..impatient()
    };
    let publisher = EventPublisher::start(incarnation(), ports(&outbox, exchange, &live), settings);
    wait_until("all partitions were looked at", PATIENCE, async || {
        outbox.fetches.load(Ordering::Relaxed) >= usize::from(PARTITIONS)
    })
    .await;
    let room_id = room(0x105);
    outbox.commit(room_id, |seq| message(room_id, seq));
    live.publish(&waking(room_id));
    outbox.drained().await;
    publisher.stop(PATIENCE).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn beats_tell_heads_and_lag_also_while_the_broker_is_away() {
    let (outbox, exchange, live) = (
        Arc::new(ScriptedOutbox::default()),
        Arc::new(ScriptedExchange::reliable()),
        live(),
    );
    let mut feed = live.listen();
    let room_id = room(0x103);
    outbox.commit(room_id, |seq| message(room_id, seq));
    let id = incarnation();
    let publisher = EventPublisher::start(id, ports(&outbox, exchange.clone(), &live), impatient());
    outbox.drained().await;
    let beat = next_beat(&mut feed, 3).await;
    assert_eq!(
        (beat.publisher, beat.epoch.as_str(), beat.heads),
        (id, "life", vec![(room_id, 1)])
    );

    exchange.set_up(false);
    outbox.commit(room_id, |seq| message(room_id, seq));
    let calls = exchange.calls.load(Ordering::Relaxed);
    let fetches = outbox.fetches.load(Ordering::Relaxed);
    let away = Instant::now();
    while next_beat(&mut feed, 3).await.lag_ms < 500 {}
    let state = publisher.state();
    assert!(!state.is_connected && state.is_store_reached && state.lag >= Duration::from_millis(500));
    assert_eq!(state.partitions, usize::from(PARTITIONS));
    // No busy loop: each partition looks once a poll, and publishes nothing.
    let polls = away.elapsed().as_millis() / 50 + 2;
    let fetched = outbox.fetches.load(Ordering::Relaxed) - fetches;
    assert!(
        fetched as u128 <= polls * u128::from(PARTITIONS) * 2,
        "{fetched} fetches in {polls} polls"
    );
    assert!(exchange.calls.load(Ordering::Relaxed) <= calls + 1);

    exchange.set_up(true);
    outbox.drained().await;
    while next_beat(&mut feed, 3).await.lag_ms > 0 {}
    assert_eq!(publisher.state().lag, Duration::ZERO);
    publisher.stop(PATIENCE).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn control_messages_of_settled_rows_go_out_once_more() {
    let (outbox, exchange, live) = (
        Arc::new(ScriptedOutbox::default()),
        Arc::new(ScriptedExchange::reliable()),
        live(),
    );
    let mut feed = live.listen();
    let (room_id, user_id) = (room(0x102), UserId(Uuid::from_u128(2)));
    let session = Control::Session {
        session_id: SessionId(Uuid::from_u128(5)),
        user_id,
    };
    outbox.commit(room_id, |_| EventBody::UserLeft {
        user_id,
        reason: LeaveReason::Removed,
    });
    outbox.commit_row(partition_of(user_id.0), PendingEvent::Control(session));
    let account = AccountEvent {
        id: EventId(Uuid::new_v4()),
        kind: AccountEventKind::Deactivated,
        user_id,
        actor_id: user_id,
        occurred_at: Timestamp::from_millis(0),
        user: None,
        trace: Trace::default(),
    };
    outbox.commit_row(partition_of(user_id.0), PendingEvent::Account(Box::new(account)));
    let publisher = EventPublisher::start(
        incarnation(),
        ports(&outbox, exchange.clone(), &live),
        impatient(),
    );
    let mut awaited = HashSet::from([
        Control::Membership { room_id, user_id },
        session,
        Control::Account { user_id },
    ]);
    let heard = async {
        while !awaited.is_empty() {
            if let Some(FeedItem::Control(controls)) = feed.recv().await {
                for control in controls {
                    awaited.remove(&control);
                }
            }
        }
    };
    timeout(PATIENCE, heard).await.expect("all are told");
    outbox.drained().await;
    {
        let arrived = exchange.arrived.lock();
        let account = arrived
            .iter()
            .find(|event| event.seq.is_none())
            .expect("the account's event");
        assert_eq!(account.routing_key, format!("user_deactivated.{user_id}"));
        assert_eq!(account.source, format!("/users/{user_id}"));
        assert_eq!(arrived.len(), 2);
    }
    publisher.stop(PATIENCE).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_content_no_text_leaves() {
    for (with_content, expected) in [(true, 1), (false, 0)] {
        let (outbox, exchange, live) = (
            Arc::new(ScriptedOutbox::default()),
            Arc::new(ScriptedExchange::reliable()),
            live(),
        );
        let room_id = room(0x10a);
        outbox.commit(room_id, |seq| message(room_id, seq));
        let settings = PublisherSettings {
            with_content,
            ..impatient()
        };
        let publisher =
            EventPublisher::start(incarnation(), ports(&outbox, exchange.clone(), &live), settings);
        outbox.drained().await;
        publisher.stop(PATIENCE).await;
        let arrived = exchange.arrived.lock();
        let secrets = arrived
            .iter()
            .filter(|event| String::from_utf8_lossy(&event.body).contains("secret"));
        assert_eq!(secrets.count(), expected);
        assert_eq!(arrived[0].routing_key, format!("message_created.{room_id}"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stopping_gives_the_partitions_to_the_others() {
    let (outbox, exchange, live) = (
        Arc::new(ScriptedOutbox::default()),
        Arc::new(ScriptedExchange::reliable()),
        live(),
    );
    let start = || {
        EventPublisher::start(
            incarnation(),
            ports(&outbox, exchange.clone(), &live),
            impatient(),
        )
    };
    let (one, two) = (start(), start());
    wait_until("the work is shared", PATIENCE, async || {
        one.state().partitions == 8 && two.state().partitions == 8
    })
    .await;
    one.stop(PATIENCE).await;
    assert_eq!(one.state().partitions, 0);
    wait_until("the other has all", PATIENCE, async || {
        two.state().partitions == 16
    })
    .await;
    two.stop(PATIENCE).await;
    assert_eq!(outbox.owned(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_goes_and_comes_is_survived() {
    let (outbox, exchange, live) = (
        Arc::new(ScriptedOutbox::default()),
        Arc::new(ScriptedExchange::reliable()),
        live(),
    );
    let publisher = EventPublisher::start(incarnation(), ports(&outbox, exchange, &live), impatient());
    wait_until("it works", PATIENCE, async || publisher.state().partitions == 16).await;
    outbox.is_away.store(true, Ordering::Release);
    wait_until("it knows", PATIENCE, async || {
        let state = publisher.state();
        !state.is_store_reached && state.partitions == 0
    })
    .await;
    let room_id = room(0x10b);
    outbox.commit(room_id, |seq| message(room_id, seq));
    outbox.is_away.store(false, Ordering::Release);
    outbox.drained().await;
    wait_until("logs are trimmed", PATIENCE, async || outbox.trims() > 0).await;
    publisher.stop(PATIENCE).await;
}
