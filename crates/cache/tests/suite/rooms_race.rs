//! Writers, editors, deleters and readers race, and no reader ever sees a difference from the store.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use confab_cache::{CacheFeeder, RoomCache, RoomCacheSettings};
use confab_domain::ports::{CommittedBatch, CommittedBatches, PageAt, RoomReads};
use confab_domain::{Horizon, RoomId, RoomKind, UserId};
use confab_testkit::Redis;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::reference::Reference;
use crate::rooms::{Node, assert_same, memory_cache, redis_cache};

const ROOMS: usize = 3;
const WRITERS: u64 = 4;
const READERS: u64 = 6;
const WRITES: usize = 400;

struct Race {
    store: Arc<Reference>,
    nodes: Vec<Node>,
    room_ids: Vec<RoomId>,
    writers_left: AtomicUsize,
    is_over: AtomicBool,
}

impl Race {
    fn new(caches: &[RoomCache]) -> Arc<Self> {
        let store = Arc::new(Reference::dawdling());
        let nodes = caches.iter().map(|cache| Node::new(&store, cache)).collect();
        let room_ids = (0..ROOMS)
            .map(|_| store.create_room(RoomKind::Private).0)
            .collect();
        let writers_left = AtomicUsize::new(usize::try_from(WRITERS).unwrap());
        Arc::new(Self {
            store,
            nodes,
            room_ids,
            writers_left,
            is_over: AtomicBool::new(false),
        })
    }

    /// Runs to its end; the number of pages that were held against the store.
    async fn run(self: Arc<Self>, seed: u64) -> usize {
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| tokio::spawn(Arc::clone(&self).write(seed * 100 + writer)))
            .collect();
        let readers: Vec<_> = (0..READERS)
            .map(|reader| tokio::spawn(Arc::clone(&self).read(seed * 100 + 50 + reader)))
            .collect();
        for writer in writers {
            writer.await.unwrap();
        }
        let mut pages = 0;
        for reader in readers {
            pages += reader.await.unwrap();
        }
        pages
    }

    async fn write(self: Arc<Self>, seed: u64) {
        let mut random = StdRng::seed_from_u64(seed);
        let mut held_back: Vec<(Arc<CommittedBatch>, usize)> = Vec::new();
        for step in 0..WRITES {
            let room_id = self.room_ids[random.random_range(0..ROOMS)];
            let last = self.store.last_number(room_id);
            let some = if random.random_bool(0.7) {
                random.random_range((last - 5).max(0)..=last)
            } else {
                random.random_range(0..=last)
            };
            let batch = match random.random_range(0..100) {
                0..25 => self.store.send(room_id, &format!("{seed} said {step}")),
                25..40 => {
                    self.store
                        .reply_all(room_id, some, &[&format!("{seed} answered {step}"), "and again"])
                }
                40..50 => self.store.send_all(room_id, &["a", "b", "c"]),
                50..60 => self.store.edit(room_id, some, &format!("{seed} edited {step}")),
                60..68 => self.store.react(room_id, some, emoji(&mut random)),
                68..72 => self.store.unreact(room_id, some, emoji(&mut random)),
                72..75 => self.store.pin(room_id, some, true),
                75..77 => self.store.pin(room_id, some, false),
                77..85 => self.store.delete(room_id, some),
                85..90 => self.store.change_strangely(room_id, some),
                90..95 => self.store.rename(room_id, &format!("{seed} renamed {step}")),
                _ => self.store.join(room_id),
            };
            let node = random.random_range(0..self.nodes.len());
            match random.random_range(0..10) {
                // Lost.
                0 => {}
                // Late, and out of order.
                1 | 2 => held_back.push((batch, node)),
                _ => self.nodes[node].feeder.committed(&batch),
            }
            if random.random_bool(0.2) && !held_back.is_empty() {
                let (batch, node) = held_back.swap_remove(random.random_range(0..held_back.len()));
                self.nodes[node].feeder.committed(&batch);
            }
            pause(&mut random).await;
        }
        if self.writers_left.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.is_over.store(true, Ordering::SeqCst);
        }
    }

    async fn read(self: Arc<Self>, seed: u64) -> usize {
        let mut random = StdRng::seed_from_u64(seed);
        let mut pages = 0;
        while !self.is_over.load(Ordering::SeqCst) {
            let room_id = self.room_ids[random.random_range(0..ROOMS)];
            let rooms = &self.nodes[random.random_range(0..self.nodes.len())].rooms;
            let access = rooms
                .access(room_id, UserId(uuid::Uuid::nil()))
                .await
                .unwrap()
                .unwrap();
            let head = access.head;
            if random.random_bool(0.2) {
                // Between the two.
                pause(&mut random).await;
            }
            if random.random_bool(0.1) {
                let room = rooms.room(room_id, head.room_changed_seq).await.unwrap().unwrap();
                let truth = self.store.room_as_of(room_id, head.room_changed_seq, &room);
                assert!(
                    truth,
                    "an older room than access told: {:?} at {}",
                    room.name, head.room_changed_seq
                );
                continue;
            }
            let visible_from_number = if random.random_bool(0.5) {
                0
            } else {
                random.random_range(0..=head.last_number + 1)
            };
            let horizon = Horizon {
                visible_from_number,
                joined_seq: 0,
            };
            let limit = random.random_range(1..60);
            let at = match random.random_range(0..4) {
                0 => PageAt::After(head.last_seq - random.random_range(0..60)),
                1 => PageAt::Before(head.last_seq - random.random_range(0..60)),
                _ => PageAt::Newest,
            };
            let found = rooms.messages(&access, horizon, at, limit).await.unwrap();
            assert!(
                found.last_seq >= head.last_seq,
                "{} is older than {}",
                found.last_seq,
                head.last_seq
            );
            let truth = self.store.page_as_of(room_id, found.last_seq, horizon, at, limit);
            assert_same(
                &found,
                &truth,
                &format!("seed {seed}, {horizon:?}, {at:?}, limit {limit}"),
            );
            pages += 1;
        }
        pages
    }
}

fn emoji(random: &mut StdRng) -> &'static str {
    ["👍", "🎉", "❤️"][random.random_range(0..3)]
}

async fn pause(random: &mut StdRng) {
    if random.random_bool(0.5) {
        tokio::task::yield_now().await;
    } else {
        // Not to wait for anything: to shuffle who comes first.
        tokio::time::sleep(Duration::from_micros(random.random_range(0..1_500))).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_difference_in_memory() {
    for seed in 0..3 {
        let race = Race::new(&[memory_cache()]);
        let store = Arc::clone(&race.store);
        let pages = race.run(seed).await;
        assert!(pages > 1_000, "only {pages} pages were read");
        // Half of them, on a busy machine of two cores.
        let reads = store.message_reads();
        assert!(reads * 3 < pages * 2, "{reads} reads for {pages} pages");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_difference_over_redis() {
    let redis = Redis::start().await.unwrap();
    for seed in 10..13 {
        let race = Race::new(&[redis_cache(&redis).await, redis_cache(&redis).await]);
        let store = Arc::clone(&race.store);
        let pages = race.run(seed).await;
        assert!(pages > 250, "only {pages} pages were read");
        assert!(
            store.message_reads() < pages,
            "{} reads for {pages} pages",
            store.message_reads()
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_difference_while_redis_forgets_and_dies() {
    let redis = Redis::start().await.unwrap();
    let race = Race::new(&[redis_cache(&redis).await, redis_cache(&redis).await]);
    let running = tokio::spawn(Arc::clone(&race).run(20));
    let trouble = async {
        for round in 0.. {
            if race.is_over.load(Ordering::SeqCst) {
                break;
            }
            if round % 4 == 3 {
                redis.kill().await.unwrap();
                redis.start_again().await.unwrap();
            } else {
                redis.flush().await.unwrap();
            }
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
    };
    let (pages, ()) = tokio::join!(running, trouble);
    assert!(pages.unwrap() > 500);
}

/// A feeder that cannot keep up drops what it cannot take, without waiting.
#[tokio::test]
async fn a_full_feeder_drops() {
    let store = Arc::new(Reference::new());
    let cache = memory_cache();
    let node = Node::new(&store, &cache);
    let small = RoomCacheSettings {
        feed_batches_max: 1,
        ..RoomCacheSettings::default()
    };
    let feeder = CacheFeeder::start(cache, &small);
    let (room_id, _) = store.create_room(RoomKind::Private);
    for step in 0..100 {
        feeder.committed(&store.send(room_id, &format!("{step}")));
    }
    let found = node.read(room_id, Horizon::ALL, PageAt::Newest, 10).await;
    let truth = store.page_as_of(room_id, 101, Horizon::ALL, PageAt::Newest, 10);
    assert_same(&found, &truth, "after a rush");
}
