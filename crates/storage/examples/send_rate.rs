//! Measures the lanes: durable sends a second, batch size, and CPU time a send, client and server.
//!
//! `cargo run --release -p confab-storage --example send_rate -- [--url URL] [--lanes N] [--rooms N]
//! [--senders N] [--seconds N] [--rate N] [--bytes N]`. Without `--url` it starts a PostgreSQL of its own, fsync on; with
//! `--url sqlite` it makes a SQLite file. `--rate` sends evenly, so many a second, to measure waiting times.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a tool that prints its findings"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use confab_domain::ports::{
    Accounts, CommittedBatch, CommittedBatches, NewMessage, NewRoom, NewUser, RoomWrites,
};
use confab_domain::{
    Actor, Body, Clock, ContentType, History, MessageId, RoomId, RoomKind, Timestamp, Trace, UserId, UserRole,
};
use confab_storage::{LaneSettings, Store, StoreSettings};
use confab_testkit::Postgres;
use confab_testkit::postgres::Options;
use serde_json::json;
use tokio::time::Instant;

const MEMBERS: usize = 10;
/// About what people write when they chat with each other.
const TEXT_BYTES: usize = 102;

/// Ticks from a fixed moment: this tool needs no calendar.
struct Ticks(Instant);

impl Clock for Ticks {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(1_704_110_400_000).plus(self.0.elapsed())
    }
}

#[derive(Default)]
struct Count {
    batches: AtomicU64,
    events: AtomicU64,
}

impl CommittedBatches for Count {
    fn committed(&self, batch: &Arc<CommittedBatch>) {
        self.batches.fetch_add(1, Ordering::Relaxed);
        self.events
            .fetch_add(batch.events.len() as u64, Ordering::Relaxed);
    }
}

fn option<T: std::str::FromStr>(name: &str) -> Option<T> {
    let mut arguments = std::env::args().skip_while(|argument| argument != name);
    arguments.nth(1).and_then(|value| value.parse().ok())
}

/// CPU time of this process, and of all PostgreSQL processes of this machine, in milliseconds.
fn cpu_ms() -> (u64, u64) {
    let times = |path: &std::path::Path| {
        let stat = std::fs::read_to_string(path.join("stat")).ok()?;
        let (head, rest) = stat.rsplit_once(')')?;
        let fields: Vec<u64> = rest
            .split_whitespace()
            .skip(11)
            .take(4)
            .filter_map(|f| f.parse().ok())
            .collect();
        // A tick is 10 ms. Children that have ended count with their parent.
        Some((head.contains("(postgres"), fields.iter().sum::<u64>() * 10))
    };
    let own = times(std::path::Path::new("/proc/self")).map_or(0, |(_, ms)| ms);
    let servers = std::fs::read_dir("/proc")
        .unwrap()
        .flatten()
        .filter_map(|entry| times(&entry.path()))
        .filter(|(is_postgres, _)| *is_postgres)
        .map(|(_, ms)| ms)
        .sum();
    (own, servers)
}

#[tokio::main]
async fn main() {
    let url: Option<String> = option("--url");
    let folder = tempfile::tempdir().unwrap();
    let server = match url.as_deref() {
        None => {
            let settings = vec!["max_wal_size=4GB".to_owned(), "shared_buffers=256MB".to_owned()];
            Some(
                Postgres::start_with(Options {
                    fsync: true,
                    settings,
                })
                .await
                .unwrap(),
            )
        }
        Some(_) => None,
    };
    let url = match (url.as_deref(), &server) {
        (Some("sqlite"), _) => format!("sqlite://{}?mode=rwc", folder.path().join("confab.db").display()),
        (Some(url), _) => url.to_owned(),
        (None, server) => server.as_ref().unwrap().create_database().await.unwrap(),
    };
    confab_migration::run(&url).await.unwrap();
    let lanes = LaneSettings {
        count: option("--lanes").unwrap_or(4),
        ..LaneSettings::default()
    };
    let settings = StoreSettings {
        lanes,
        ..StoreSettings::new(&url)
    };
    let clock = Arc::new(Ticks(Instant::now()));
    let count = Arc::new(Count::default());
    let store = Store::connect(settings, clock.clone(), count.clone())
        .await
        .unwrap();

    let mut people = Vec::new();
    for n in 0..MEMBERS {
        let id = UserId::mint(clock.now());
        let user = NewUser {
            id,
            username: format!("user{n}-{id}"),
            email: None,
            display_name: format!("User {n}"),
            avatar_url: None,
            password_hash: None,
            role: UserRole::User,
        };
        store.register(user, clock.now(), Trace::default()).await.unwrap();
        people.push(Actor {
            user_id: id,
            role: UserRole::User,
            session_id: None,
        });
    }
    let mut rooms = Vec::new();
    for n in 0..option("--rooms").unwrap_or(50) {
        let room = NewRoom {
            id: RoomId::mint(clock.now()),
            kind: RoomKind::Private,
            name: format!("Room {n}"),
            description: None,
            metadata: json!({}),
            history: History::All,
            member_ids: people[1..].iter().map(|actor| actor.user_id).collect(),
            settings: confab_domain::RoomSettings::default(),
        };
        rooms.push(
            store
                .create_room(room, &people[0], clock.now(), Trace::default())
                .await
                .unwrap()
                .room
                .id,
        );
    }

    let seconds: u64 = option("--seconds").unwrap_or(5);
    let senders: usize = option("--senders").unwrap_or(1000);
    let rate: Option<u64> = option("--rate");
    let text = "What I say. ".repeat(1000)[..option("--bytes").unwrap_or(TEXT_BYTES)].to_owned();
    let (cpu_before, started) = (cpu_ms(), Instant::now());
    let (batches, events) = (
        count.batches.load(Ordering::Relaxed),
        count.events.load(Ordering::Relaxed),
    );
    let until = started + Duration::from_secs(seconds);
    let tasks: Vec<_> = (0..senders)
        .map(|n| {
            let (store, clock, people, rooms) = (store.clone(), clock.clone(), people.clone(), rooms.clone());
            let text = text.clone();
            tokio::spawn(async move {
                let mut waits = Vec::new();
                let pause = rate.map(|rate| Duration::from_nanos(1_000_000_000 * senders as u64 / rate));
                let mut next = started + pause.unwrap_or_default() * n as u32 / senders as u32;
                let mut turn = n;
                while Instant::now() < until {
                    if let Some(pause) = pause {
                        tokio::time::sleep_until(next).await;
                        next += pause;
                    }
                    turn += 7;
                    let now = clock.now();
                    let id = MessageId::mint(now);
                    let message = NewMessage {
                        id,
                        room_id: rooms[turn % rooms.len()],
                        actor: people[(turn / rooms.len() + n) % people.len()].clone(),
                        client_id: id.to_string(),
                        body: Body {
                            content: text.clone(),
                            content_type: ContentType::Plain,
                            reply_to: None,
                            metadata: json!({}),
                            attachments: Vec::new(),
                            named: confab_domain::Named::default(),
                            forward: None,
                        },
                        created_at: now,
                        trace: Trace {
                            correlation_id: Some(id.to_string().into()),
                            traceparent: None,
                        },
                    };
                    let sent_at = Instant::now();
                    store.send(message).await.unwrap();
                    waits.push(sent_at.elapsed());
                }
                waits
            })
        })
        .collect();
    let mut waits = Vec::new();
    for task in tasks {
        waits.extend(task.await.unwrap());
    }
    let (elapsed, cpu) = (started.elapsed().as_secs_f64(), cpu_ms());
    waits.sort_unstable();
    let events = count.events.load(Ordering::Relaxed) - events;
    let batches = count.batches.load(Ordering::Relaxed) - batches;
    let a_send = |ms: u64| ms as f64 * 1000.0 / waits.len() as f64;
    let percentile = |p: usize| waits[(waits.len() - 1) * p / 100].as_secs_f64() * 1000.0;
    println!(
        "{:.0} sends/s · {:.1} a live batch · p50 {:.2} ms, p99 {:.2} ms · CPU a send: {:.1} µs here, {:.1} µs PostgreSQL",
        waits.len() as f64 / elapsed,
        events as f64 / batches as f64,
        percentile(50),
        percentile(99),
        a_send(cpu.0 - cpu_before.0),
        a_send(cpu.1.saturating_sub(cpu_before.1)),
    );
    store.close().await;
}
