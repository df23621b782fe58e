//! Without Redis every call answers fast from what this node knows, and all heals by itself.

use std::sync::Arc;
use std::time::Duration;

use confab_cache::{
    PresenceSettings, RateLimitSettings, RedisLink, RedisPresence, RedisRateLimits, RedisSettings, RoomCache,
    RoomCacheSettings,
};
use confab_domain::ports::{LiveConnection, NodePresence, PageAt, Presence, RateLimits, Status};
use confab_domain::{Clock, ConnectionId, Error, Horizon, IncarnationId, Rate, RoomId, RoomKind, UserId};
use confab_testkit::{Redis, TcpProxy, wait_until};
use tokio::time::Instant;

use crate::reference::{Reference, START, text_of};
use crate::rooms::Node;
use crate::{PATIENCE, TestClock, linked};

/// As in production, but for a longer wait: so that a pause of this machine is not taken for an outage.
fn strict(url: &str) -> RedisSettings {
    RedisSettings {
        url: url.to_owned(),
        command_timeout: Duration::from_millis(300),
        bulk_timeout: Duration::from_millis(300),
        reconnect_delay_max: Duration::from_millis(200),
        ..RedisSettings::default()
    }
}

struct Fixture {
    redis: Redis,
    link: RedisLink,
    limits: RedisRateLimits,
    presence: RedisPresence,
    store: Arc<Reference>,
    node: Node,
    room_id: RoomId,
    me: IncarnationId,
}

impl Fixture {
    fn new(redis: Redis, link: RedisLink) -> Self {
        let clock = Arc::new(TestClock::new()) as Arc<dyn Clock>;
        let limit_settings = RateLimitSettings {
            answer_timeout: Duration::from_millis(300),
            ..Default::default()
        };
        let store = Arc::new(Reference::new());
        let node = Node::new(
            &store,
            &RoomCache::redis(link.clone(), &RoomCacheSettings::default()),
        );
        let (room_id, _) = store.create_room(RoomKind::Private);
        store.send(room_id, "one");
        Self {
            limits: RedisRateLimits::new(link.clone(), clock, &limit_settings),
            presence: RedisPresence::new(link.clone(), PresenceSettings::default()),
            redis,
            link,
            store,
            node,
            room_id,
            me: IncarnationId::mint(START),
        }
    }

    /// Everything answers, from Redis or not: how long it took.
    async fn everything(&self) -> Duration {
        let begun_at = Instant::now();
        let user_id = UserId::mint(START);
        let connection = LiveConnection {
            connection_id: ConnectionId::mint(START),
            user_id,
            opened_at: START,
            status: Status::Away,
        };
        let arrived = self.presence.arrive(self.me, &connection, START).await.unwrap();
        assert_eq!(arrived.status, Status::Away);
        self.presence
            .set_active(self.me, &[self.room_id], user_id, true, START)
            .await
            .unwrap();
        assert_eq!(
            self.presence.users(&[user_id], START).await.unwrap()[0]
                .connections
                .len(),
            1
        );
        assert!(
            self.presence
                .room(self.room_id, 1_000, START)
                .await
                .unwrap()
                .user_ids
                .contains(&user_id)
        );
        let state = NodePresence {
            connections: vec![connection.clone()],
            active: vec![],
        };
        self.presence.heartbeat(self.me, &state, START).await.unwrap();
        assert!(self.presence.sweep(self.me, START).await.unwrap().is_empty());
        assert!(
            self.limits
                .take("sends", &user_id.to_string(), Rate::per_minute(3))
                .await
                .is_allowed
        );
        let page = self
            .node
            .read(self.room_id, Horizon::ALL, PageAt::Newest, 50)
            .await;
        assert_eq!(text_of(&page), ["one"]);
        let gone = self
            .presence
            .depart(self.me, connection.connection_id, user_id, START)
            .await
            .unwrap();
        assert_eq!(gone.status, Status::Offline);
        self.presence
            .set_active(self.me, &[self.room_id], user_id, false, START)
            .await
            .unwrap();
        begun_at.elapsed()
    }
}

#[tokio::test]
async fn a_killed_redis_costs_little_and_heals() {
    let redis = Redis::start().await.unwrap();
    let link = linked(strict(redis.url())).await;
    let fixture = Fixture::new(redis, link);
    fixture.everything().await;
    fixture.redis.kill().await.unwrap();
    fixture.everything().await;
    assert!(!fixture.link.is_connected());
    assert!(matches!(fixture.link.ping().await, Err(Error::Unavailable(..))));
    // The breaker is open: twenty rounds of ten calls each cost no timeout at all.
    let begun_at = Instant::now();
    for _ in 0..20 {
        fixture.everything().await;
    }
    assert!(
        begun_at.elapsed() < Duration::from_secs(2),
        "took {:?}",
        begun_at.elapsed()
    );
    for attempt in 0..6 {
        let allowance = fixture.limits.take("own", "ann", Rate::per_minute(3)).await;
        assert_eq!(allowance.is_allowed, attempt < 3, "this node counts by itself");
    }
    fixture.redis.start_again().await.unwrap();
    fixture.link.ready(PATIENCE).await.unwrap();
    fixture.link.ping().await.unwrap();
    fixture.everything().await;
    let reads = fixture.store.message_reads();
    fixture.everything().await;
    assert_eq!(fixture.store.message_reads(), reads, "the cache is in use again");
}

#[tokio::test]
async fn a_silent_redis_costs_one_timeout() {
    let redis = Redis::start().await.unwrap();
    let link = linked(strict(redis.url())).await;
    let fixture = Fixture::new(redis, link);
    fixture.everything().await;
    fixture.redis.pause().await.unwrap();
    let first = fixture.everything().await;
    assert!(
        first >= Duration::from_millis(300) && first < Duration::from_millis(1_500),
        "took {first:?}"
    );
    let second = fixture.everything().await;
    assert!(
        second < Duration::from_secs(1),
        "took {second:?} with the breaker open"
    );
    fixture.redis.resume().await.unwrap();
    fixture.link.ready(PATIENCE).await.unwrap();
    fixture.everything().await;
}

#[tokio::test]
async fn cut_connections_are_made_anew() {
    let redis = Redis::start().await.unwrap();
    let proxy = TcpProxy::start(redis.address().to_owned()).unwrap();
    let link = linked(strict(&proxy.url(redis.url()))).await;
    let fixture = Fixture::new(redis, link);
    for _ in 0..3 {
        proxy.cut_existing().await;
        fixture.everything().await;
        wait_until("the link stands again", PATIENCE, async || {
            fixture.link.ping().await.is_ok()
        })
        .await;
    }
}

#[tokio::test]
async fn redis_may_come_later() {
    let redis = Redis::start().await.unwrap();
    redis.kill().await.unwrap();
    let link = RedisLink::start(strict(redis.url())).unwrap();
    assert!(link.ready(Duration::from_millis(50)).await.is_err());
    let fixture = Fixture::new(redis, link);
    fixture.everything().await;
    fixture.redis.start_again().await.unwrap();
    fixture.link.ready(PATIENCE).await.unwrap();
    fixture.everything().await;
}

#[tokio::test]
async fn forgotten_scripts_are_loaded_again() {
    let redis = Redis::start().await.unwrap();
    let link = linked(strict(redis.url())).await;
    let fixture = Fixture::new(redis, link);
    fixture.redis.command(&["SCRIPT", "FLUSH"]).await.unwrap();
    for left in [1, 0] {
        let allowance = fixture.limits.take("scripts", "ann", Rate::per_minute(2)).await;
        assert_eq!(allowance.remaining, left);
    }
    let kept = fixture.redis.command(&["KEYS", "*budget*"]).await.unwrap();
    assert!(kept.contains("{scripts:"), "counted in Redis, not here: {kept}");
}

#[tokio::test]
async fn bad_settings_are_named() {
    let field = |settings: RedisSettings| match RedisLink::start(settings).err() {
        Some(Error::Invalid(fields)) => fields[0].field.clone(),
        other => panic!("accepted: {other:?}"),
    };
    for url in ["", "localhost", "http://localhost", "redis://localhost:port"] {
        assert_eq!(
            field(RedisSettings {
                url: url.to_owned(),
                ..Default::default()
            }),
            "redis_url"
        );
    }
    assert_eq!(
        field(RedisSettings {
            key_prefix: "{x}".to_owned(),
            ..Default::default()
        }),
        "redis_key_prefix"
    );
    let secret = RedisSettings {
        url: "redis://:hunter2@localhost".to_owned(),
        ..Default::default()
    };
    assert!(!format!("{secret:?}").contains("hunter2"));
}
