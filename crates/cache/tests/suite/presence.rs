//! The contract of [`Presence`].

use std::sync::Arc;
use std::time::Duration;

use confab_cache::{MemoryPresence, PresenceSettings, RedisPresence};
use confab_domain::ports::{LiveConnection, NodePresence, Presence, Status};
use confab_domain::{ConnectionId, IncarnationId, RoomId, Timestamp, UserId};
use confab_testkit::Redis;

use crate::link;

const START: Timestamp = Timestamp::from_millis(1_800_000_000_000);

fn at(seconds: u64) -> Timestamp {
    START.plus(Duration::from_secs(seconds))
}

/// A node and its view of presence.
struct Node {
    id: IncarnationId,
    presence: Arc<dyn Presence>,
}

impl Node {
    fn new(presence: Arc<dyn Presence>) -> Self {
        Self {
            id: IncarnationId::mint(START),
            presence,
        }
    }

    async fn arrive(&self, connection: &LiveConnection, now: Timestamp) -> Status {
        self.presence
            .arrive(self.id, connection, now)
            .await
            .unwrap()
            .status
    }

    async fn depart(&self, connection: &LiveConnection, now: Timestamp) -> Status {
        let (id, user_id) = (connection.connection_id, connection.user_id);
        self.presence
            .depart(self.id, id, user_id, now)
            .await
            .unwrap()
            .status
    }

    async fn beat(&self, connections: &[&LiveConnection], active: &[(RoomId, Vec<UserId>)], now: Timestamp) {
        let connections = connections
            .iter()
            .map(|connection| (*connection).clone())
            .collect();
        let state = NodePresence {
            connections,
            active: active.to_vec(),
        };
        self.presence.heartbeat(self.id, &state, now).await.unwrap();
    }

    async fn status(&self, user_id: UserId, now: Timestamp) -> Status {
        self.presence.users(&[user_id], now).await.unwrap()[0].status
    }

    async fn set_active(&self, room_id: RoomId, user_id: UserId, active: bool, now: Timestamp) {
        self.presence
            .set_active(self.id, &[room_id], user_id, active, now)
            .await
            .unwrap();
    }

    async fn active(&self, room_id: RoomId, now: Timestamp) -> u64 {
        self.presence.room(room_id, 100, now).await.unwrap().count
    }

    async fn sweep(&self, now: Timestamp) -> Vec<UserId> {
        self.presence.sweep(self.id, now).await.unwrap()
    }
}

fn connection(user_id: UserId, status: Status, opened_at: Timestamp) -> LiveConnection {
    LiveConnection {
        connection_id: ConnectionId::mint(opened_at),
        user_id,
        opened_at,
        status,
    }
}

fn user() -> UserId {
    UserId::mint(START)
}

async fn contract(nodes: &[Node; 2]) {
    devices_merge(nodes).await;
    leases_run_out(nodes).await;
    rooms_count_who_is_active(nodes).await;
    limits_bound_the_names_not_the_count(nodes).await;
    the_dead_are_swept_once(nodes).await;
    who_is_elsewhere_is_not_swept(nodes).await;
    who_left_is_not_swept(nodes).await;
}

async fn devices_merge([one, two]: &[Node; 2]) {
    let ann = user();
    assert_eq!(one.status(ann, at(0)).await, Status::Offline);
    let mut phone = connection(ann, Status::Away, at(0));
    let desk = connection(ann, Status::Online, at(1));
    assert_eq!(one.arrive(&phone, at(0)).await, Status::Away);
    assert_eq!(two.arrive(&desk, at(1)).await, Status::Online);
    phone.status = Status::Busy;
    assert_eq!(
        one.arrive(&phone, at(2)).await,
        Status::Busy,
        "a new status of the same connection"
    );
    let presence = &two.presence.users(&[user(), ann], at(2)).await.unwrap()[1];
    assert_eq!(presence.user_id, ann, "in the order asked");
    assert_eq!(
        presence.connections,
        [(one.id, phone.clone()), (two.id, desk.clone())],
        "oldest first"
    );
    assert_eq!(one.depart(&phone, at(3)).await, Status::Online);
    assert_eq!(
        one.depart(&phone, at(3)).await,
        Status::Online,
        "twice does no harm"
    );
    assert_eq!(two.depart(&desk, at(4)).await, Status::Offline);
    assert!(one.presence.users(&[], at(4)).await.unwrap().is_empty());
}

async fn leases_run_out([one, two]: &[Node; 2]) {
    let ann = user();
    let phone = connection(ann, Status::Online, at(0));
    one.arrive(&phone, at(0)).await;
    assert_eq!(two.status(ann, at(44)).await, Status::Online);
    assert_eq!(two.status(ann, at(45)).await, Status::Offline);
    one.beat(&[&phone], &[], at(40)).await;
    assert_eq!(two.status(ann, at(84)).await, Status::Online, "renewed");
    one.beat(&[], &[], at(50)).await;
    assert_eq!(
        two.status(ann, at(85)).await,
        Status::Offline,
        "no longer renewed"
    );
    one.depart(&phone, at(85)).await;
}

async fn rooms_count_who_is_active([one, two]: &[Node; 2]) {
    let (room, ann, bob) = (RoomId::mint(START), user(), user());
    assert_eq!(one.active(room, at(0)).await, 0);
    one.set_active(room, ann, true, at(0)).await;
    two.set_active(room, bob, true, at(5)).await;
    two.set_active(room, bob, true, at(6)).await;
    assert_eq!(one.active(room, at(6)).await, 2);
    assert_eq!(two.active(room, at(44)).await, 2);
    assert_eq!(two.active(room, at(45)).await, 1, "ann was not renewed");
    one.beat(&[], &[(room, vec![ann, bob])], at(46)).await;
    assert_eq!(two.active(room, at(46)).await, 2, "renewed in full");
    two.set_active(room, bob, false, at(47)).await;
    let present = one.presence.room(room, 10, at(47)).await.unwrap();
    assert_eq!((present.count, present.user_ids), (1, vec![ann]));

    // Active through both, and gone from one: the other's lease decides.
    let (phone, desk) = (
        connection(ann, Status::Online, at(48)),
        connection(ann, Status::Online, at(48)),
    );
    one.arrive(&phone, at(48)).await;
    two.arrive(&desk, at(48)).await;
    two.set_active(room, ann, true, at(48)).await;
    one.depart(&phone, at(49)).await;
    one.set_active(room, ann, false, at(49)).await;
    assert_eq!(one.active(room, at(49)).await, 1);
    two.depart(&desk, at(50)).await;
    two.set_active(room, ann, false, at(50)).await;
    assert_eq!(one.active(room, at(50)).await, 0);
}

async fn limits_bound_the_names_not_the_count([one, _]: &[Node; 2]) {
    let room = RoomId::mint(START);
    let people: Vec<UserId> = (0..1_200).map(|_| user()).collect();
    one.beat(&[], &[(room, people)], at(60)).await;
    let present = one.presence.room(room, 7, at(61)).await.unwrap();
    assert_eq!((present.count, present.user_ids.len()), (1_200, 7));
    assert!(
        one.presence
            .room(room, 0, at(61))
            .await
            .unwrap()
            .user_ids
            .is_empty()
    );
}

/// Later scenes happen later, so that the nodes of earlier ones are not taken for dead.
async fn the_dead_are_swept_once([one, two]: &[Node; 2]) {
    let dead = Node {
        id: IncarnationId::mint(START),
        presence: Arc::clone(&two.presence),
    };
    let (ann, bob) = (user(), user());
    dead.arrive(&connection(ann, Status::Online, at(100)), at(100))
        .await;
    dead.arrive(&connection(bob, Status::Busy, at(100)), at(100))
        .await;
    one.beat(&[], &[], at(130)).await;
    two.beat(&[], &[], at(130)).await;
    assert!(one.sweep(at(144)).await.is_empty(), "its lease still runs");
    let (by_one, by_two) = tokio::join!(one.sweep(at(146)), two.sweep(at(146)));
    // Whoever did not get the lock may come too late for it: let them sweep once more.
    let mut gone = [by_one, by_two, one.sweep(at(147)).await, two.sweep(at(147)).await].concat();
    gone.sort();
    let mut both = [ann, bob];
    both.sort();
    assert_eq!(gone, both, "each told once");
    assert_eq!(one.status(ann, at(147)).await, Status::Offline);
}

async fn who_is_elsewhere_is_not_swept([one, two]: &[Node; 2]) {
    let dead = Node {
        id: IncarnationId::mint(START),
        presence: Arc::clone(&two.presence),
    };
    let (ann, bob, cid) = (user(), user(), user());
    for person in [ann, bob, cid] {
        dead.arrive(&connection(person, Status::Online, at(200)), at(200))
            .await;
    }
    let elsewhere = connection(ann, Status::Away, at(230));
    one.arrive(&elsewhere, at(230)).await;
    // Bob came back, and left again, with the word of the node that saw it.
    let back = connection(bob, Status::Online, at(231));
    one.arrive(&back, at(231)).await;
    one.depart(&back, at(246)).await;
    one.beat(&[&elsewhere], &[], at(245)).await;
    two.beat(&[], &[], at(245)).await;
    assert_eq!(two.sweep(at(250)).await, [cid]);
    assert_eq!(two.status(ann, at(250)).await, Status::Away);
    one.depart(&elsewhere, at(251)).await;
}

async fn who_left_is_not_swept([one, two]: &[Node; 2]) {
    let leaver = Node {
        id: IncarnationId::mint(START),
        presence: Arc::clone(&two.presence),
    };
    let (room, ann) = (RoomId::mint(START), user());
    leaver
        .arrive(&connection(ann, Status::Online, at(300)), at(300))
        .await;
    leaver.set_active(room, ann, true, at(300)).await;
    assert_eq!(one.active(room, at(301)).await, 1);
    leaver.presence.leave(leaver.id).await.unwrap();
    assert_eq!(one.status(ann, at(301)).await, Status::Offline, "at once");
    assert_eq!(one.active(room, at(301)).await, 0, "at once");
    one.beat(&[], &[], at(340)).await;
    two.beat(&[], &[], at(340)).await;
    assert!(
        one.sweep(at(360)).await.is_empty(),
        "nobody is left to be told of"
    );
}

#[tokio::test]
async fn memory_keeps_the_contract() {
    let shared: Arc<dyn Presence> = Arc::new(MemoryPresence::new(PresenceSettings::default()));
    contract(&[Node::new(Arc::clone(&shared)), Node::new(shared)]).await;
}

async fn redis_node(redis: &Redis) -> Node {
    Node::new(Arc::new(RedisPresence::new(
        link(redis).await,
        PresenceSettings::default(),
    )))
}

#[tokio::test]
async fn redis_keeps_the_contract() {
    let redis = Redis::start().await.unwrap();
    contract(&[redis_node(&redis).await, redis_node(&redis).await]).await;
}

#[tokio::test]
async fn a_flush_heals_with_the_next_heartbeat() {
    let redis = Redis::start().await.unwrap();
    let (one, two) = (redis_node(&redis).await, redis_node(&redis).await);
    let (room, ann) = (RoomId::mint(START), user());
    let phone = connection(ann, Status::Busy, at(0));
    one.arrive(&phone, at(0)).await;
    one.set_active(room, ann, true, at(0)).await;
    redis.flush().await.unwrap();
    assert_eq!(two.status(ann, at(1)).await, Status::Offline);
    one.beat(&[&phone], &[(room, vec![ann])], at(15)).await;
    assert_eq!(two.status(ann, at(16)).await, Status::Busy);
    assert_eq!(two.active(room, at(16)).await, 1);
    two.beat(&[], &[], at(60)).await;
    assert_eq!(
        two.sweep(at(61)).await,
        [ann],
        "and the sweep knows of them again"
    );
}

#[tokio::test]
async fn every_key_runs_out_but_the_list_of_nodes() {
    let redis = Redis::start().await.unwrap();
    let node = redis_node(&redis).await;
    let (room, ann) = (RoomId::mint(START), user());
    let phone = connection(ann, Status::Busy, at(0));
    node.arrive(&phone, at(0)).await;
    node.set_active(room, ann, true, at(0)).await;
    node.beat(&[&phone], &[(room, vec![ann])], at(15)).await;
    let keys = redis.command(&["KEYS", "*"]).await.unwrap();
    let keys: Vec<&str> = keys.lines().filter(|line| line.starts_with("confab:")).collect();
    assert_eq!(keys.len(), 4, "{keys:?}");
    for key in keys.into_iter().filter(|key| !key.ends_with(":nodes")) {
        let ttl = redis.command(&["PTTL", key]).await.unwrap();
        let ttl_ms: i64 = ttl.trim_start_matches(':').trim().parse().unwrap();
        assert!((1..=300_000).contains(&ttl_ms), "{key} lives {ttl_ms} ms");
    }
}
