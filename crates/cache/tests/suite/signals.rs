//! The contract of [`Signals`].

use std::sync::Arc;
use std::time::Duration;

use confab_cache::{MemorySignals, RedisSignals, SignalSettings};
use confab_domain::ports::{Signal, Signals, Status};
use confab_domain::{ConnectionId, IncarnationId, RoomId, Timestamp, UserId};
use confab_testkit::{Redis, wait_until};
use tokio::sync::mpsc::Receiver;
use tokio::time::timeout;

use crate::{PATIENCE, link};

pub(crate) fn every_kind() -> Vec<Signal> {
    let now = Timestamp::from_millis(1_800_000_000_000);
    let (room_id, user_id) = (RoomId::mint(now), UserId::mint(now));
    vec![
        Signal::Typing {
            room_id,
            user_id,
            active: true,
        },
        Signal::Presence {
            user_id,
            status: Status::Away,
            last_seen_at: Some(now),
            room_ids: vec![room_id],
        },
        Signal::Read {
            room_id,
            user_id,
            number: 7,
        },
        Signal::Delivered {
            room_id,
            user_id,
            number: 9,
        },
        Signal::Replaced {
            node: IncarnationId::mint(now),
            connection_id: ConnectionId::mint(now),
        },
    ]
}

fn typing(number: u8) -> Signal {
    let id = uuid::Uuid::from_bytes([number; 16]);
    Signal::Typing {
        room_id: RoomId(id),
        user_id: UserId(id),
        active: true,
    }
}

async fn next(inbox: &mut Receiver<Signal>) -> Signal {
    timeout(PATIENCE, inbox.recv())
        .await
        .expect("a signal in time")
        .expect("the wire stands")
}

/// What is heard until this signal, in no certain order; none twice.
async fn heard_until(inbox: &mut Receiver<Signal>, last: &Signal) -> Vec<Signal> {
    let mut heard = Vec::new();
    loop {
        let signal = next(inbox).await;
        if signal == *last {
            return heard;
        }
        assert!(!heard.contains(&signal), "heard twice: {signal:?}");
        heard.push(signal);
    }
}

async fn contract(one: &dyn Signals, two: &dyn Signals) {
    let (mut here, mut also_here, mut there) = (one.listen(), one.listen(), two.listen());
    let sent = every_kind();
    for signal in &sent {
        one.send(signal.clone());
    }
    for inbox in [&mut here, &mut also_here, &mut there] {
        let mut missing = sent.clone();
        while !missing.is_empty() {
            let signal = next(inbox).await;
            let place = missing.iter().position(|other| *other == signal);
            missing.remove(place.unwrap_or_else(|| panic!("unexpected: {signal:?}")));
        }
    }
    // A listener that is gone is no burden, and a later one hears from then on.
    drop(here);
    let mut later = two.listen();
    two.send(typing(1));
    for inbox in [&mut also_here, &mut there, &mut later] {
        assert!(heard_until(inbox, &typing(1)).await.is_empty());
    }
}

async fn a_full_listener_loses_only_its_own(signals: &dyn Signals, inbox_max: usize) {
    let (mut slow, mut quick) = (signals.listen(), signals.listen());
    for number in 0..=u8::try_from(inbox_max * 2).unwrap() {
        signals.send(typing(number));
        assert_eq!(next(&mut quick).await, typing(number));
    }
    for number in 0..u8::try_from(inbox_max).unwrap() {
        assert_eq!(next(&mut slow).await, typing(number));
    }
    assert!(slow.try_recv().is_err());
}

#[tokio::test]
async fn memory_keeps_the_contract() {
    let signals = MemorySignals::new(&SignalSettings::default());
    contract(&signals, &signals).await;
    let small = SignalSettings {
        inbox_max: 8,
        ..SignalSettings::default()
    };
    a_full_listener_loses_only_its_own(&MemorySignals::new(&small), 8).await;
}

async fn redis_signals(redis: &Redis, settings: &SignalSettings) -> Arc<RedisSignals> {
    let signals = Arc::new(RedisSignals::start(&link(redis).await, settings));
    wait_until("it listens", PATIENCE, async || signals.is_listening()).await;
    signals
}

#[tokio::test]
async fn redis_keeps_the_contract() {
    let redis = Redis::start().await.unwrap();
    let settings = SignalSettings::default();
    contract(
        &*redis_signals(&redis, &settings).await,
        &*redis_signals(&redis, &settings).await,
    )
    .await;
    let small = SignalSettings {
        inbox_max: 8,
        ..settings
    };
    a_full_listener_loses_only_its_own(&*redis_signals(&redis, &small).await, 8).await;
}

#[tokio::test]
async fn a_rush_arrives_whole() {
    let redis = Redis::start().await.unwrap();
    let settings = SignalSettings::default();
    let (one, two) = (
        redis_signals(&redis, &settings).await,
        redis_signals(&redis, &settings).await,
    );
    let mut there = two.listen();
    let sent: Vec<Signal> = (0..1_000).map(read).collect();
    for signal in &sent {
        one.send(signal.clone());
    }
    for signal in &sent {
        assert_eq!(next(&mut there).await, *signal, "of one room in order");
    }
}

fn read(number: i64) -> Signal {
    Signal::Read {
        room_id: RoomId(uuid::Uuid::nil()),
        user_id: UserId(uuid::Uuid::nil()),
        number,
    }
}

#[tokio::test]
async fn what_a_newer_version_says_is_skipped() {
    let redis = Redis::start().await.unwrap();
    let signals = redis_signals(&redis, &SignalSettings::default()).await;
    let mut inbox = signals.listen();
    let known = serde_json::to_string(&typing(3)).unwrap();
    let unknown = r#"{"type":"wave","user_id":"x"}"#;
    let envelope = format!(
        r#"{{"from":"{}","signals":[{unknown},{known}],"more":1}}"#,
        uuid::Uuid::nil()
    );
    for payload in ["not json", "{}", &envelope] {
        redis
            .command(&["PUBLISH", "confab:v3:signals:0", payload])
            .await
            .unwrap();
    }
    assert!(heard_until(&mut inbox, &typing(3)).await.is_empty());
}

#[tokio::test]
async fn the_listening_connection_heals() {
    let redis = Redis::start().await.unwrap();
    let settings = SignalSettings {
        ping_interval: Duration::from_millis(200),
        ..SignalSettings::default()
    };
    let (one, two) = (
        redis_signals(&redis, &settings).await,
        redis_signals(&redis, &settings).await,
    );
    let (mut here, mut there) = (one.listen(), two.listen());
    redis.kill().await.unwrap();
    wait_until("the loss is noticed", PATIENCE, async || !two.is_listening()).await;
    one.send(typing(1));
    assert_eq!(
        next(&mut here).await,
        typing(1),
        "a node hears itself without Redis"
    );
    redis.start_again().await.unwrap();
    wait_until("it listens again", PATIENCE, async || {
        one.is_listening() && two.is_listening()
    })
    .await;
    wait_until("it is heard again", PATIENCE, || {
        one.send(typing(2));
        std::future::ready(there.try_recv() == Ok(typing(2)))
    })
    .await;

    // A server that keeps the connection and says nothing any more.
    redis.pause().await.unwrap();
    wait_until("the silence is noticed", PATIENCE, async || !two.is_listening()).await;
    redis.resume().await.unwrap();
    wait_until("it listens once more", PATIENCE, async || two.is_listening()).await;
}
