//! Measures search: how long the index takes to be made and how large it is, how long typical queries take, and how far the
//! index lags behind sends.
//!
//! `cargo xtask bench search`, or `cargo run --release -p confab-storage --example search_rate -- [--url sqlite] [--messages N]
//! [--rooms N] [--rate N] [--seconds N]`. Without `--url` it starts a PostgreSQL of its own, fsync on.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a tool that prints its findings"
)]

use std::sync::Arc;
use std::time::Duration;

use confab_domain::ports::{
    Accounts, CommittedBatch, CommittedBatches, NewMessage, NewRoom, NewUser, RoomWrites, SearchIndex,
    SearchRequest,
};
use confab_domain::queries::answers;
use confab_domain::search::{Closeness, Query};
use confab_domain::{
    Actor, Body, Clock, ContentType, History, IncarnationId, MessageId, RoomId, RoomKind, Timestamp, Trace,
    UserId, UserRole,
};
use confab_storage::{SearchIndexer, SearchIndexerSettings, Store, StoreSettings};
use confab_testkit::Postgres;
use confab_testkit::postgres::Options;
use futures_util::stream::{self, StreamExt};
use serde_json::json;
use tokio::time::Instant;

/// Words of which messages are made, the frequent ones first: the n-th is said about 1/n as often as the first.
const SYLLABLES: [&str; 20] = [
    "ka", "lo", "mi", "ter", "san", "vel", "dor", "na", "pri", "sto", "ell", "ing", "ra", "bu", "che", "mo",
    "fin", "gar", "tu", "wen",
];
const WORDS: u64 = 60_000;
const HAN: &str = "的一是在不了有和人这中大为上个国我以要他时来用们生到作地于出就分对成会可主发年动同工也能下过子说产种面而方后多定行学法所民得经";
const QUERY_ROUNDS: usize = 30;

/// Ticks from a fixed moment, and can be moved, so that a million messages lie in a year.
struct Ticks(Instant, std::sync::atomic::AtomicI64);

impl Clock for Ticks {
    fn now(&self) -> Timestamp {
        let moved = self.1.load(std::sync::atomic::Ordering::Relaxed);
        Timestamp::from_millis(1_704_110_400_000 + moved).plus(self.0.elapsed())
    }
}

struct Unheard;

impl CommittedBatches for Unheard {
    fn committed(&self, _batch: &Arc<CommittedBatch>) {}
}

fn option<T: std::str::FromStr>(name: &str) -> Option<T> {
    let mut arguments = std::env::args().skip_while(|argument| argument != name);
    arguments.nth(1).and_then(|value| value.parse().ok())
}

/// Numbers that look random and are the same in each run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % below
    }

    /// Often small, seldom large.
    fn rank(&mut self, below: u64) -> u64 {
        let fraction = self.roll(1 << 30) as f64 / f64::from(1 << 30);
        ((below as f64).powf(fraction) as u64)
            .saturating_sub(1)
            .min(below - 1)
    }
}

fn word(rank: u64) -> String {
    let mut number = rank;
    let mut word = String::new();
    loop {
        word.push_str(SYLLABLES[(number % 20) as usize]);
        number /= 20;
        if number == 0 {
            return word;
        }
    }
}

fn text(dice: &mut Dice) -> String {
    if dice.roll(20) == 0 {
        let han: Vec<char> = HAN.chars().collect();
        let length = 6 + dice.roll(20);
        return (0..length)
            .map(|_| han[dice.rank(han.len() as u64) as usize])
            .collect();
    }
    let length = 2 + dice.roll(20);
    let words: Vec<String> = (0..length).map(|_| word(dice.rank(WORDS))).collect();
    words.join(" ")
}

#[tokio::main]
async fn main() {
    let messages: u64 = option("--messages").unwrap_or(1_000_000);
    let rooms: usize = option("--rooms").unwrap_or(1_000);
    let folder = tempfile::tempdir().unwrap();
    let server = match option::<String>("--url") {
        None => {
            let settings = vec!["max_wal_size=4GB".to_owned(), "shared_buffers=512MB".to_owned()];
            let options = Options {
                fsync: true,
                settings,
            };
            Some(Postgres::start_with(options).await.unwrap())
        }
        Some(_) => None,
    };
    let url = match &server {
        Some(server) => server.create_database().await.unwrap(),
        None => format!("sqlite://{}?mode=rwc", folder.path().join("confab.db").display()),
    };
    confab_migration::run(&url).await.unwrap();
    let clock = Arc::new(Ticks(Instant::now(), std::sync::atomic::AtomicI64::new(0)));
    let mut settings = StoreSettings::new(url.clone());
    settings.lanes.count = 4;
    let store = Store::connect(settings, clock.clone(), Arc::new(Unheard))
        .await
        .unwrap();
    let (people, room_ids) = populate(&store, &clock, rooms).await;

    let begun = Instant::now();
    say(&store, &clock, &people, &room_ids, messages).await;
    println!(
        "{messages} messages in {rooms} rooms said in {:.0} s",
        begun.elapsed().as_secs_f64()
    );
    let begun = Instant::now();
    index_all(&store).await;
    let took = begun.elapsed().as_secs_f64();
    println!(
        "indexed in {took:.0} s without pauses: {:.0} messages/s",
        messages as f64 / took
    );
    print_sizes(&url).await;

    measure(&store, &clock, &people, &room_ids).await;
    lag(&store, &clock, &people, &room_ids).await;
    store.close().await;
}

/// Everybody is in a twentieth of the rooms; the first person is in ten, the second in all.
async fn populate(store: &Store, clock: &Ticks, rooms: usize) -> (Vec<Actor>, Vec<RoomId>) {
    let mut people = Vec::new();
    for n in 0..20 {
        let user = NewUser {
            id: UserId::mint(clock.now()),
            username: format!("person{n}"),
            email: None,
            display_name: format!("Person {n}"),
            avatar_url: None,
            password_hash: None,
            role: UserRole::User,
        };
        let user = store.register(user, clock.now(), Trace::default()).await.unwrap();
        people.push(Actor {
            user_id: user.id,
            role: UserRole::User,
            session_id: None,
        });
    }
    let mut room_ids = Vec::new();
    for n in 0..rooms {
        let mut members = vec![people[1].user_id];
        if n < 10 {
            members.push(people[0].user_id);
        }
        let room = NewRoom {
            id: RoomId::mint(clock.now()),
            kind: RoomKind::Private,
            name: format!("room {n}"),
            description: None,
            metadata: json!({}),
            history: History::All,
            member_ids: members,
            settings: confab_domain::RoomSettings::default(),
        };
        let founder = &people[2 + n % 18];
        let made = store
            .create_room(room, founder, clock.now(), Trace::default())
            .await
            .unwrap();
        room_ids.push(made.room.id);
    }
    (people, room_ids)
}

fn message(clock: &Ticks, dice: &mut Dice, people: &[Actor], room_ids: &[RoomId]) -> NewMessage {
    // Some rooms are much busier than others.
    let room = dice.rank(room_ids.len() as u64) as usize;
    let id = MessageId::mint(clock.now());
    NewMessage {
        id,
        room_id: room_ids[room],
        actor: people[2 + room % 18].clone(),
        client_id: id.to_string(),
        body: Body {
            content: text(dice),
            content_type: ContentType::Plain,
            reply_to: None,
            metadata: json!({}),
            attachments: Vec::new(),
            named: confab_domain::Named::default(),
            forward: None,
        },
        created_at: clock.now(),
        trace: Trace::default(),
    }
}

async fn say(store: &Store, clock: &Ticks, people: &[Actor], room_ids: &[RoomId], count: u64) {
    let mut dice = Dice(88_172_645_463_325_252);
    // A year for all of them.
    let step = 365 * 86_400_000 / i64::try_from(count.max(1)).unwrap();
    let sends = (0..count).map(|_| {
        clock.1.fetch_add(step, std::sync::atomic::Ordering::Relaxed);
        let message = message(clock, &mut dice, people, room_ids);
        async move { store.send(message).await.unwrap() }
    });
    stream::iter(sends)
        .buffer_unordered(256)
        .for_each(|_| async {})
        .await;
}

async fn index_all(store: &Store) {
    let mut after = None;
    loop {
        let stretch = store.rooms_behind(after, 200).await.unwrap();
        let mut behind: Vec<RoomId> = stretch.rooms.iter().map(|room| room.room_id).collect();
        while !behind.is_empty() {
            let some: Vec<RoomId> = behind.drain(..behind.len().min(64)).collect();
            behind.extend(store.index_rooms(&some, 400).await.unwrap().behind);
        }
        after = stretch.next;
        if after.is_none() {
            return;
        }
    }
}

async fn print_sizes(url: &str) {
    if let Some(path) = url.strip_prefix("sqlite://") {
        let file = path.split('?').next().unwrap();
        println!("the file: {} MiB", std::fs::metadata(file).unwrap().len() >> 20);
        return;
    }
    let pool = sqlx::PgPool::connect(url).await.unwrap();
    for (what, size) in [
        ("messages", "pg_table_size('messages')"),
        ("indexes of messages", "pg_indexes_size('messages')"),
        ("search_documents", "pg_table_size('search_documents')"),
        (
            "search_documents_by_terms",
            "pg_relation_size('search_documents_by_terms')",
        ),
        (
            "search_documents_pkey",
            "pg_relation_size('search_documents_pkey')",
        ),
    ] {
        let sql = sqlx::AssertSqlSafe(format!("SELECT {size}"));
        let (bytes,): (i64,) = sqlx::query_as(sql).fetch_one(&pool).await.unwrap();
        println!("{what}: {} MiB", bytes >> 20);
    }
    pool.close().await;
}

async fn measure(store: &Store, clock: &Ticks, people: &[Actor], room_ids: &[RoomId]) {
    let (few, all) = (&people[0], &people[1]);
    let service = Actor {
        role: UserRole::Service,
        ..people[1].clone()
    };
    let common = word(1);
    let (middling, rare) = (word(300), word(50_000));
    let mut mistyped = word(9_000);
    mistyped.replace_range(2..3, "x");
    let part = &word(30_000)[2..7];
    let pair = format!("{} {}", word(2), word(40));
    let cases: [(&str, &str, &Actor, Option<RoomId>); 13] = [
        ("common word, in my 10 rooms", &common, few, None),
        ("common word, in a busy room", &common, all, Some(room_ids[0])),
        ("common word, in all rooms (service)", &common, &service, None),
        ("common word, in 1,000 rooms of mine", &common, all, None),
        ("middling word, in my 10 rooms", &middling, few, None),
        ("rare word, in my 10 rooms", &rare, few, None),
        ("rare word, in all rooms (service)", &rare, &service, None),
        ("two common words, in my 10 rooms", &pair, few, None),
        ("part of a word, in my 10 rooms", part, few, None),
        ("mistyped word, in my 10 rooms", &mistyped, few, None),
        ("Chinese, in my 10 rooms", "中国", few, None),
        ("Chinese, in a busy room", "我们", few, Some(room_ids[0])),
        ("nothing, in my 10 rooms", "zzyzxq", few, None),
    ];
    for (what, text, viewer, room_id) in cases {
        let query = Query::parse(text).unwrap();
        let mut times = Vec::new();
        let mut hits = 0;
        for _ in 0..QUERY_ROUNDS {
            let request = SearchRequest {
                viewer: viewer.clone(),
                room_id,
                terms: query.terms(Closeness::Part),
                sender_id: None,
                since: None,
                until: None,
                has_file: false,
                now: clock.now(),
            };
            let begun = Instant::now();
            match answers(store, &query, request, clock.now()).await {
                Ok(found) => hits = found.len(),
                Err(error) => println!("{what}: {error}"),
            }
            times.push(begun.elapsed());
        }
        times.sort_unstable();
        let ms = |time: Duration| time.as_secs_f64() * 1_000.0;
        println!(
            "{what} ({text}): {hits} hits, p50 {:.1} ms, p99 {:.1} ms",
            ms(times[QUERY_ROUNDS / 2]),
            ms(times[QUERY_ROUNDS - 1])
        );
    }
}

/// Sends at a rate, with an indexer as a process has it, and looks when each message of a sample is found.
async fn lag(store: &Store, clock: &Arc<Ticks>, people: &[Actor], room_ids: &[RoomId]) {
    let rate: u64 = option("--rate").unwrap_or(500);
    let seconds: u64 = option("--seconds").unwrap_or(10);
    let owner = IncarnationId::mint(clock.now());
    let indexer = SearchIndexer::new(
        Arc::new(store.clone()),
        clock.clone(),
        owner,
        SearchIndexerSettings::default(),
    );
    let indexer = tokio::spawn(indexer.run());
    let mut dice = Dice(1_234_567_891_234);
    let begun = Instant::now();
    let mut sends = tokio::task::JoinSet::new();
    for n in 0..rate * seconds {
        tokio::time::sleep_until(begun + Duration::from_secs(1) * n as u32 / rate as u32).await;
        let (store, message) = (store.clone(), message(clock, &mut dice, people, room_ids));
        sends.spawn(async move {
            let begun = Instant::now();
            store.send(message).await.unwrap();
            begun.elapsed()
        });
    }
    let mut acks: Vec<Duration> = sends.join_all().await;
    acks.sort_unstable();
    let said = Instant::now();
    while !store.rooms_behind(None, 100_000).await.unwrap().rooms.is_empty() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    println!(
        "{rate} sends/s for {seconds} s with the indexer at work: acks p50 {:.1} ms, p99 {:.1} ms; all indexed {:.2} s after the last",
        acks[acks.len() / 2].as_secs_f64() * 1_000.0,
        acks[acks.len() * 99 / 100].as_secs_f64() * 1_000.0,
        said.elapsed().as_secs_f64()
    );
    indexer.abort();
}
