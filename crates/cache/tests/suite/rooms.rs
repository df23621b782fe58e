//! The cache of rooms cannot be told from the store behind it, but by what it spares that.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use confab_cache::{CacheFeeder, CachedRooms, RoomCache, RoomCacheSettings};
use confab_domain::ports::{
    CommittedBatch, CommittedBatches, MemberFilter, MessagePage, PageAt, RoomFilter, RoomReads,
};
use confab_domain::{Actor, Clock, Error, Horizon, MessageId, RoomId, RoomKind, UserId, UserRole};
use confab_testkit::{Redis, wait_until};

use crate::reference::{Reference, START, text_of};
use crate::{PATIENCE, TestClock, link};

/// A node: its cached reads, and what keeps its cache warm.
pub(crate) struct Node {
    pub(crate) rooms: Arc<CachedRooms>,
    pub(crate) feeder: Arc<CacheFeeder>,
}

impl Node {
    pub(crate) fn new(store: &Arc<Reference>, cache: &RoomCache) -> Self {
        let store = Arc::clone(store) as Arc<dyn RoomReads>;
        Self {
            rooms: Arc::new(CachedRooms::new(store, cache.clone())),
            feeder: Arc::new(CacheFeeder::start(cache.clone(), &RoomCacheSettings::default())),
        }
    }

    pub(crate) async fn read(
        &self,
        room_id: RoomId,
        horizon: Horizon,
        at: PageAt,
        limit: usize,
    ) -> MessagePage {
        let access = self.rooms.access(room_id, viewer()).await.unwrap().unwrap();
        self.rooms.messages(&access, horizon, at, limit).await.unwrap()
    }

    async fn newest(&self, room_id: RoomId) -> MessagePage {
        self.read(room_id, Horizon::ALL, PageAt::Newest, 50).await
    }

    async fn name(&self, room_id: RoomId) -> String {
        let access = self.rooms.access(room_id, viewer()).await.unwrap().unwrap();
        let room = self
            .rooms
            .room(room_id, access.head.room_changed_seq)
            .await
            .unwrap()
            .unwrap();
        room.name.unwrap()
    }

    fn feed(&self, batch: Arc<CommittedBatch>) {
        self.feeder.committed(&batch);
    }
}

fn viewer() -> UserId {
    UserId(uuid::Uuid::nil())
}

pub(crate) fn memory_cache() -> RoomCache {
    RoomCache::memory(Arc::new(TestClock::new()), &RoomCacheSettings::default())
}

pub(crate) async fn redis_cache(redis: &Redis) -> RoomCache {
    RoomCache::redis(link(redis).await, &RoomCacheSettings::default())
}

/// Two nodes over one cache, and rooms of one store.
async fn contract(cache: &RoomCache) {
    pages_are_those_of_the_store(cache).await;
    what_follows_keeps_the_page_warm(cache).await;
    a_deleted_text_is_gone_at_once(cache).await;
    replies_keep_the_page_warm_and_show_no_former_parent(cache).await;
    reactions_and_pins_keep_the_page_warm(cache).await;
    a_batch_that_was_lost_or_late_does_no_harm(cache).await;
    what_is_not_understood_is_not_followed(cache).await;
    an_old_fill_does_not_replace_a_newer_one(cache).await;
    a_stampede_is_filled_once(cache).await;
    another_epoch_is_another_cache(cache).await;
    long_texts_are_not_kept(cache).await;
    the_slow_part_is_kept_by_version(cache).await;
    the_rest_is_the_store_s(cache).await;
}

async fn pages_are_those_of_the_store(cache: &RoomCache) {
    for count in [0, 1, 49, 50, 51, 120] {
        let store = Arc::new(Reference::new());
        let node = Node::new(&store, cache);
        let (room_id, _) = store.create_room(RoomKind::Private);
        for number in 0..count {
            store.send(room_id, &format!("text {number}"));
            if number % 10 == 3 {
                store.join(room_id);
            }
        }
        let last_seq = store
            .access(room_id, viewer())
            .await
            .unwrap()
            .unwrap()
            .head
            .last_seq;
        let horizons = [
            0,
            1,
            2,
            count - 51,
            count - 50,
            count - 49,
            count - 3,
            count,
            count + 1,
            count + 5,
        ];
        for visible_from_number in horizons.map(|number| number.max(0)) {
            let horizon = Horizon {
                visible_from_number,
                joined_seq: 0,
            };
            for limit in [1, 2, 3, 49, 50, 51, 100] {
                let near = (-2..55).map(|back| last_seq - back);
                let ats = near.flat_map(|seq| [PageAt::After(seq), PageAt::Before(seq), PageAt::Around(seq)]);
                // All of them for some limits, to keep the test short.
                let step = if limit == 3 || limit == 50 { 1 } else { 29 };
                for at in ats.step_by(step).chain([
                    PageAt::Newest,
                    PageAt::After(i64::MIN),
                    PageAt::After(i64::MAX),
                ]) {
                    let found = node.read(room_id, horizon, at, limit).await;
                    let truth = store.page_as_of(room_id, last_seq, horizon, at, limit);
                    assert_same(
                        &found,
                        &truth,
                        &format!("{count} messages, {horizon:?}, {at:?}, limit {limit}"),
                    );
                }
            }
        }
    }
}

pub(crate) fn assert_same(found: &MessagePage, truth: &MessagePage, what: &str) {
    let shape = |page: &MessagePage| {
        (
            page.epoch.clone(),
            page.last_seq,
            page.messages.clone(),
            page.has_older,
            page.has_newer,
        )
    };
    assert!(
        shape(found) == shape(truth),
        "{what}\nfound {found:?}\ntruth {truth:?}"
    );
}

/// Waits until the cache has followed: a read at the head asks the store no more.
async fn until_warm(node: &Node, store: &Reference, room_id: RoomId) {
    wait_until("the page is warm", PATIENCE, async || {
        let before = store.message_reads();
        node.newest(room_id).await;
        store.message_reads() == before
    })
    .await;
}

async fn what_follows_keeps_the_page_warm(cache: &RoomCache) {
    let store = Arc::new(Reference::new());
    let (one, two) = (Node::new(&store, cache), Node::new(&store, cache));
    let (room_id, _) = store.create_room(RoomKind::Private);
    store.send_all(room_id, &["one", "two"]);
    one.newest(room_id).await;
    assert_eq!(store.message_reads(), 1);
    two.newest(room_id).await;
    assert_eq!(
        store.message_reads(),
        1,
        "another node reads what the first has filled"
    );
    for text in ["three", "four"] {
        one.feed(store.send(room_id, text));
    }
    one.feed(store.join(room_id));
    one.feed(store.edit(room_id, 1, "ONE"));
    one.feed(store.send_all(room_id, &["five", "six"]));
    // Nobody has read meanwhile, so this is the feeder's work alone.
    let access = store.access(room_id, viewer()).await.unwrap().unwrap();
    assert_eq!(access.head.last_seq, 9);
    wait_until("the feeder is done", PATIENCE, async || {
        let reads = store.message_reads();
        let page = two.newest(room_id).await;
        assert_eq!(text_of(&page), ["six", "five", "four", "three", "two", "ONE"]);
        reads == store.message_reads()
    })
    .await;
    // A page that is full lets its oldest go.
    let texts: Vec<String> = (0..60).map(|number| format!("more {number}")).collect();
    for text in &texts {
        one.feed(store.send(room_id, text));
    }
    until_warm(&two, &store, room_id).await;
    let page = two.newest(room_id).await;
    assert_eq!((page.messages.len(), page.has_older), (50, true));
    one.feed(store.edit(room_id, 2, "too old to be kept"));
    until_warm(&two, &store, room_id).await;
    assert_eq!(
        two.newest(room_id).await.messages[0].content.as_deref(),
        Some("more 59")
    );
}

async fn a_deleted_text_is_gone_at_once(cache: &RoomCache) {
    let store = Arc::new(Reference::new());
    let node = Node::new(&store, cache);
    let (room_id, _) = store.create_room(RoomKind::Private);
    store.send_all(room_id, &["keep", "secret", "keep too"]);
    node.newest(room_id).await;
    // Not fed: the head alone gives it away.
    let lost = store.delete(room_id, 2);
    assert_eq!(
        text_of(&node.newest(room_id).await),
        ["keep too", "(deleted)", "keep"]
    );
    node.feed(lost);
    node.feed(store.send(room_id, "next"));
    node.feed(store.delete(room_id, 1));
    assert_eq!(
        text_of(&node.newest(room_id).await),
        ["next", "keep too", "(deleted)", "(deleted)"]
    );
    until_warm(&node, &store, room_id).await;
    let found = node.newest(room_id).await;
    let truth = store.page_as_of(room_id, found.last_seq, Horizon::ALL, PageAt::Newest, 50);
    assert_same(&found, &truth, "tombstones have the store's own form");
}

async fn replies_keep_the_page_warm_and_show_no_former_parent(cache: &RoomCache) {
    let store = Arc::new(Reference::new());
    let node = Node::new(&store, cache);
    let (room_id, _) = store.create_room(RoomKind::Private);
    store.send_all(room_id, &["parent", "other"]);
    node.newest(room_id).await;
    let reads = store.message_reads();
    node.feed(store.reply_all(room_id, 1, &["one", "two"]));
    node.feed(store.reply_all(room_id, 1, &["three"]));
    wait_until("the replies are followed", PATIENCE, async || {
        let before = store.message_reads();
        let page = node.newest(room_id).await;
        assert_eq!(page.messages[4].extras.reply_count, 3);
        before == store.message_reads()
    })
    .await;
    assert!(
        store.message_reads() <= reads + 2,
        "counted here, not read again for each"
    );
    let same_as_store = async || {
        let found = node.newest(room_id).await;
        let truth = store.page_as_of(room_id, found.last_seq, Horizon::ALL, PageAt::Newest, 50);
        assert_same(&found, &truth, "with replies");
        found
    };
    // An edit of the parent itself, of a reply, and of a parent that is no longer among the recent ones.
    node.feed(store.edit(room_id, 1, "edited"));
    until_warm(&node, &store, room_id).await;
    let shown = same_as_store().await.messages[0].extras.parent.clone().unwrap();
    assert_eq!(shown.content.as_deref(), Some("edited"));
    node.feed(store.edit(room_id, 3, "one, edited"));
    node.feed(store.delete(room_id, 4));
    until_warm(&node, &store, room_id).await;
    assert_eq!(same_as_store().await.messages[4].extras.reply_count, 2);
    for text in 0..48 {
        node.feed(store.send(room_id, &format!("{text}")));
    }
    until_warm(&node, &store, room_id).await;
    assert_eq!(same_as_store().await.messages[49].number, 4);
    node.feed(store.edit(room_id, 1, "edited again"));
    node.feed(store.delete(room_id, 1));
    until_warm(&node, &store, room_id).await;
    let shown = same_as_store().await.messages[48].extras.parent.clone().unwrap();
    assert!(shown.is_deleted && shown.content.is_none());
}

async fn reactions_and_pins_keep_the_page_warm(cache: &RoomCache) {
    let store = Arc::new(Reference::new());
    let node = Node::new(&store, cache);
    let (room_id, _) = store.create_room(RoomKind::Private);
    store.send_all(room_id, &["one", "two"]);
    store.react(room_id, 1, "❤️");
    node.newest(room_id).await;
    // From here on only what is kept answers, so what is answered is the feeder's work alone.
    store.is_away.store(true, Ordering::SeqCst);
    let nth_kept = async |number: usize| {
        let access = store.access(room_id, viewer()).await.unwrap().unwrap();
        wait_until("the feeder is done", PATIENCE, async || {
            let page = node.rooms.messages(&access, Horizon::ALL, PageAt::Newest, 50);
            page.await.is_ok()
        })
        .await;
        let found = node.newest(room_id).await;
        let truth = store.page_as_of(room_id, found.last_seq, Horizon::ALL, PageAt::Newest, 50);
        assert_same(&found, &truth, "with reactions and pins");
        found.messages[found.messages.len() - number].clone()
    };
    for emoji in ["👍", "🎉", "👍"] {
        node.feed(store.react(room_id, 1, emoji));
    }
    node.feed(store.unreact(room_id, 1, "❤️"));
    node.feed(store.pin(room_id, 1, true));
    node.feed(store.pin(room_id, 2, true));
    node.feed(store.pin(room_id, 2, false));
    let one = nth_kept(1).await;
    let counts: Vec<_> = one
        .extras
        .reactions
        .iter()
        .map(|kind| (kind.emoji.as_str(), kind.count))
        .collect();
    assert_eq!(counts, [("👍", 2), ("🎉", 1)]);
    assert!(one.extras.pinned_at.is_some() && one.extras.pinned_by.is_some());
    // What an edit tells holds it all; it is not counted twice.
    node.feed(store.edit(room_id, 1, "ONE"));
    node.feed(store.react(room_id, 1, "👍"));
    assert_eq!(nth_kept(1).await.extras.reactions[0].count, 3);
    // A message that is not kept any more.
    for text in 0..50 {
        node.feed(store.send(room_id, &format!("{text}")));
    }
    node.feed(store.react(room_id, 2, "👍"));
    node.feed(store.pin(room_id, 2, true));
    assert_eq!(nth_kept(1).await.number, 3);
    // However many react, the page is right, whether or not it is kept.
    store.is_away.store(false, Ordering::SeqCst);
    for count in 0..200 {
        node.feed(store.react(room_id, 52, ["👍", "🎉"][count % 2]));
    }
    until_warm(&node, &store, room_id).await;
    let found = node.newest(room_id).await;
    let truth = store.page_as_of(room_id, found.last_seq, Horizon::ALL, PageAt::Newest, 50);
    assert_same(&found, &truth, "after a storm of reactions");
}

async fn a_batch_that_was_lost_or_late_does_no_harm(cache: &RoomCache) {
    let store = Arc::new(Reference::new());
    let node = Node::new(&store, cache);
    let (room_id, _) = store.create_room(RoomKind::Private);
    store.send(room_id, "one");
    node.newest(room_id).await;
    let late = store.send(room_id, "two");
    let _lost = store.edit(room_id, 1, "ONE");
    node.feed(store.send(room_id, "three"));
    node.feed(late);
    assert_eq!(text_of(&node.newest(room_id).await), ["three", "two", "ONE"]);
    node.feed(store.send(room_id, "four"));
    until_warm(&node, &store, room_id).await;
    assert_eq!(
        text_of(&node.newest(room_id).await),
        ["four", "three", "two", "ONE"]
    );
}

async fn what_is_not_understood_is_not_followed(cache: &RoomCache) {
    let store = Arc::new(Reference::new());
    let node = Node::new(&store, cache);
    let (room_id, _) = store.create_room(RoomKind::Private);
    store.send_all(room_id, &["one", "two"]);
    node.newest(room_id).await;
    node.feed(store.change_strangely(room_id, 1));
    until_warm(&node, &store, room_id).await;
    let found = node.newest(room_id).await;
    let truth = store.page_as_of(room_id, found.last_seq, Horizon::ALL, PageAt::Newest, 50);
    assert_same(&found, &truth, "after an event of a newer version");
}

async fn an_old_fill_does_not_replace_a_newer_one(cache: &RoomCache) {
    let store = Arc::new(Reference::new());
    let (slow, quick) = (Node::new(&store, cache), Node::new(&store, cache));
    let (room_id, _) = store.create_room(RoomKind::Private);
    store.send(room_id, "secret");
    store.held.send_replace(1..3);
    let old = tokio::spawn(async move { slow.newest(room_id).await });
    wait_until("the old read has its snapshot", PATIENCE, async || {
        store.message_reads() == 1
    })
    .await;
    store.delete(room_id, 1);
    let new = tokio::spawn(async move { (quick.newest(room_id).await, quick) });
    wait_until("the new read has its snapshot", PATIENCE, async || {
        store.message_reads() == 2
    })
    .await;
    store.held.send_replace(1..2);
    let (page, quick) = new.await.unwrap();
    assert_eq!(text_of(&page), ["(deleted)"]);
    store.held.send_replace(0..0);
    assert_eq!(
        text_of(&old.await.unwrap()),
        ["secret"],
        "as it was when it was asked"
    );
    let reads = store.message_reads();
    assert_eq!(text_of(&quick.newest(room_id).await), ["(deleted)"]);
    assert_eq!(store.message_reads(), reads, "the new fill is there still");
}

async fn a_stampede_is_filled_once(cache: &RoomCache) {
    let store = Arc::new(Reference::new());
    let node = Arc::new(Node::new(&store, cache));
    let (room_id, _) = store.create_room(RoomKind::Private);
    store.send_all(room_id, &["one", "two"]);
    store.held.send_replace(1..usize::MAX);
    let readers: Vec<_> = (0..200)
        .map(|reader| {
            let node = Arc::clone(&node);
            // Each with a view of its own.
            let horizon = Horizon {
                visible_from_number: reader % 3,
                joined_seq: 0,
            };
            tokio::spawn(async move { (horizon, node.read(room_id, horizon, PageAt::Newest, 50).await) })
        })
        .collect();
    wait_until("the read begins", PATIENCE, async || store.message_reads() == 1).await;
    store.held.send_replace(0..0);
    for reader in readers {
        let (horizon, page) = reader.await.unwrap();
        let hidden = usize::from(horizon.visible_from_number == 2);
        assert_eq!(page.messages.len(), 2 - hidden, "{horizon:?}");
    }
    assert_eq!(store.message_reads(), 1);
}

async fn another_epoch_is_another_cache(cache: &RoomCache) {
    let store = Arc::new(Reference::new());
    let node = Node::new(&store, cache);
    let (room_id, _) = store.create_room(RoomKind::Private);
    store.send(room_id, "one");
    node.newest(room_id).await;
    node.name(room_id).await;
    store.bump_epoch("second");
    let (messages, rooms) = (store.message_reads(), store.room_reads());
    assert_eq!(node.newest(room_id).await.epoch.as_str(), "second");
    node.name(room_id).await;
    assert_eq!(
        (store.message_reads(), store.room_reads()),
        (messages + 1, rooms + 1)
    );
}

async fn long_texts_are_not_kept(cache: &RoomCache) {
    let store = Arc::new(Reference::new());
    let node = Node::new(&store, cache);
    let (room_id, _) = store.create_room(RoomKind::Private);
    let long = "x".repeat(16 * 1024);
    node.newest(room_id).await;
    node.feed(store.send(room_id, &long));
    assert_eq!(text_of(&node.newest(room_id).await), [long.as_str()]);
    for _ in 0..40 {
        store.send(room_id, &long);
    }
    let reads = store.message_reads();
    for _ in 0..3 {
        let found = node.newest(room_id).await;
        let truth = store.page_as_of(room_id, found.last_seq, Horizon::ALL, PageAt::Newest, 50);
        assert_same(&found, &truth, "long texts");
    }
    assert!(store.message_reads() >= reads + 3, "each read from the store");
}

async fn the_slow_part_is_kept_by_version(cache: &RoomCache) {
    let store = Arc::new(Reference::new());
    let (one, two) = (Node::new(&store, cache), Node::new(&store, cache));
    let (room_id, _) = store.create_room(RoomKind::Private);
    assert_eq!(one.name(room_id).await, "the room");
    assert_eq!(two.name(room_id).await, "the room");
    assert_eq!(store.room_reads(), 1);
    store.send(room_id, "does not change it");
    one.name(room_id).await;
    assert_eq!(store.room_reads(), 1);
    let lost = store.rename(room_id, "second");
    assert_eq!(two.name(room_id).await, "second");
    let fed = store.rename(room_id, "third");
    one.feed(fed);
    one.feed(lost);
    wait_until("the feeder has brought it", PATIENCE, async || {
        let reads = store.room_reads();
        assert_eq!(two.name(room_id).await, "third");
        store.room_reads() == reads
    })
    .await;
    // In all its parts.
    let access = store.access(room_id, viewer()).await.unwrap().unwrap();
    let version = access.head.room_changed_seq;
    assert_eq!(
        one.rooms.room(room_id, version).await.unwrap(),
        store.room(room_id, version).await.unwrap()
    );
    assert!(one.rooms.room(RoomId::mint(START), 1).await.unwrap().is_none());
    let reads = store.room_reads();
    for _ in 0..3 {
        assert_eq!(one.rooms.kind(room_id).await.unwrap(), Some(RoomKind::Private));
    }
    assert_eq!(store.room_reads(), reads + 1, "what never changes is read once");
}

async fn the_rest_is_the_store_s(cache: &RoomCache) {
    let rooms = Node::new(&Arc::new(Reference::new()), cache).rooms;
    let (room_id, user_id) = (RoomId::mint(START), viewer());
    let actor = Actor {
        user_id,
        role: UserRole::User,
        session_id: None,
    };
    let name = |error: Option<Error>| match error {
        Some(Error::Unavailable(name, _)) => name,
        other => panic!("not delegated: {other:?}"),
    };
    let filter = RoomFilter::default();
    assert_eq!(name(rooms.rooms(&actor, &filter, None, 1).await.err()), "rooms");
    assert_eq!(
        name(
            rooms
                .members(room_id, &MemberFilter::default(), None, 1)
                .await
                .err()
        ),
        "members"
    );
    assert_eq!(name(rooms.member(room_id, user_id).await.err()), "member");
    assert_eq!(
        name(rooms.message(MessageId::mint(START), user_id).await.err()),
        "message"
    );
    assert_eq!(name(rooms.log(&[]).await.err()), "log");
    assert_eq!(name(rooms.seats(user_id, 1).await.err()), "seats");
    assert_eq!(
        name(rooms.current_rooms(&[user_id], 1).await.err()),
        "current_rooms"
    );
    assert_eq!(name(rooms.heads(&[]).await.err()), "heads");
    assert_eq!(name(rooms.memberships(&[]).await.err()), "memberships");
    assert_eq!(
        name(rooms.small_rooms_of(user_id, 1).await.err()),
        "small_rooms_of"
    );
    assert_eq!(
        name(rooms.share_a_room(user_id, user_id).await.err()),
        "share_a_room"
    );
    assert_eq!(
        name(rooms.receipts(room_id, user_id, None, 1).await.err()),
        "receipts"
    );
}

#[tokio::test]
async fn memory_keeps_the_contract() {
    contract(&memory_cache()).await;
}

#[tokio::test]
async fn redis_keeps_the_contract() {
    let redis = Redis::start().await.unwrap();
    contract(&redis_cache(&redis).await).await;
}

#[tokio::test]
async fn every_key_in_redis_runs_out() {
    let redis = Redis::start().await.unwrap();
    let store = Arc::new(Reference::new());
    let node = Node::new(&store, &redis_cache(&redis).await);
    let (room_id, _) = store.create_room(RoomKind::Private);
    store.send(room_id, "secret");
    node.newest(room_id).await;
    node.name(room_id).await;
    for (what, ttl_max_ms) in [("recent", 1_800_000), ("room", 3_600_000)] {
        let key = format!("confab:v3:{what}:{{{room_id}}}:first");
        let ttl = redis.command(&["PTTL", &key]).await.unwrap();
        let ttl_ms: i64 = ttl.trim_start_matches(':').trim().parse().unwrap();
        assert!(
            ttl_ms > ttl_max_ms / 10 * 8 && ttl_ms <= ttl_max_ms,
            "{key} lives {ttl_ms} ms"
        );
    }
    // A deletion takes the text out of Redis, too.
    node.feed(store.delete(room_id, 1));
    let key = format!("confab:v3:recent:{{{room_id}}}:first");
    wait_until("the text is gone", PATIENCE, async || {
        !redis
            .command(&["HGETALL", &key])
            .await
            .unwrap()
            .contains("secret")
    })
    .await;
}

/// Keeps the clock in use on both sides of the seam.
#[tokio::test]
async fn memory_forgets_by_the_clock() {
    let clock = Arc::new(TestClock::new());
    let settings = RoomCacheSettings::default();
    let cache = RoomCache::memory(Arc::clone(&clock) as Arc<dyn Clock>, &settings);
    let store = Arc::new(Reference::new());
    let node = Node::new(&store, &cache);
    let (room_id, _) = store.create_room(RoomKind::Private);
    store.send(room_id, "one");
    node.newest(room_id).await;
    clock.advance(settings.recent_ttl / 10 * 8);
    node.newest(room_id).await;
    assert_eq!(store.message_reads(), 1);
    clock.advance(settings.recent_ttl / 10 * 2);
    node.newest(room_id).await;
    assert_eq!(store.message_reads(), 2);
}
