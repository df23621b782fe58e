//! The contract of [`RateLimits`].

use std::sync::Arc;
use std::time::Duration;

use confab_cache::{MemoryRateLimits, RateLimitSettings, RedisRateLimits};
use confab_domain::ports::RateLimits;
use confab_domain::{Clock, Rate};
use confab_testkit::Redis;
use rand::{RngExt, SeedableRng};

use crate::{PATIENCE, TestClock, link};

fn settings() -> RateLimitSettings {
    RateLimitSettings {
        answer_timeout: PATIENCE,
        ..RateLimitSettings::default()
    }
}

async fn redis_limits(redis: &Redis, clock: &Arc<TestClock>) -> RedisRateLimits {
    RedisRateLimits::new(
        link(redis).await,
        Arc::clone(clock) as Arc<dyn Clock>,
        &settings(),
    )
}

fn memory_limits(clock: &Arc<TestClock>) -> MemoryRateLimits {
    MemoryRateLimits::new(Arc::clone(clock) as Arc<dyn Clock>, &settings())
}

async fn contract(limits: &dyn RateLimits, clock: &TestClock) {
    the_whole_window_is_the_burst(limits, clock).await;
    budgets_are_apart(limits).await;
    zero_allows_everything(limits).await;
}

async fn the_whole_window_is_the_burst(limits: &dyn RateLimits, clock: &TestClock) {
    let rate = Rate::per_minute(30);
    for attempt in 1..=30 {
        let allowance = limits.take("sends", "ann", rate).await;
        assert!(allowance.is_allowed, "attempt {attempt}");
        assert_eq!(allowance.remaining, 30 - attempt);
        assert_eq!(allowance.retry_after, Duration::ZERO);
        assert_eq!(allowance.reset_after, Duration::from_secs(2) * attempt);
    }
    for _ in 0..3 {
        let refused = limits.take("sends", "ann", rate).await;
        assert!(!refused.is_allowed);
        assert_eq!(
            (refused.remaining, refused.retry_after),
            (0, Duration::from_secs(2))
        );
        assert_eq!(
            refused.reset_after,
            Duration::from_mins(1),
            "a refused attempt takes nothing"
        );
    }
    clock.advance(Duration::from_millis(1_999));
    let refused = limits.take("sends", "ann", rate).await;
    assert_eq!(
        (refused.is_allowed, refused.retry_after),
        (false, Duration::from_millis(1))
    );
    clock.advance(Duration::from_millis(1));
    assert!(limits.take("sends", "ann", rate).await.is_allowed);
    assert!(!limits.take("sends", "ann", rate).await.is_allowed);
    clock.advance(Duration::from_mins(1));
    assert_eq!(limits.take("sends", "ann", rate).await.remaining, 29);
}

async fn budgets_are_apart(limits: &dyn RateLimits) {
    let rate = Rate::per_minute(1);
    assert!(limits.take("logins", "10.0.0.1", rate).await.is_allowed);
    assert!(!limits.take("logins", "10.0.0.1", rate).await.is_allowed);
    assert!(limits.take("logins", "10.0.0.2", rate).await.is_allowed);
    assert!(limits.take("registrations", "10.0.0.1", rate).await.is_allowed);
    assert!(
        limits
            .take("logins", &"}{ \r\n".repeat(1_000), rate)
            .await
            .is_allowed,
        "any key will do"
    );
}

async fn zero_allows_everything(limits: &dyn RateLimits) {
    for _ in 0..100 {
        assert!(limits.take("off", "ann", Rate::per_minute(0)).await.is_allowed);
    }
}

#[tokio::test]
async fn memory_keeps_the_contract() {
    let clock = Arc::new(TestClock::new());
    contract(&memory_limits(&clock), &clock).await;
}

#[tokio::test]
async fn redis_keeps_the_contract() {
    let redis = Redis::start().await.unwrap();
    let clock = Arc::new(TestClock::new());
    contract(&redis_limits(&redis, &clock).await, &clock).await;
}

#[tokio::test]
async fn the_twins_answer_alike() {
    let redis = Redis::start().await.unwrap();
    let clock = Arc::new(TestClock::new());
    let (shared, own) = (redis_limits(&redis, &clock).await, memory_limits(&clock));
    let mut random = rand::rngs::StdRng::seed_from_u64(7);
    for step in 0..2_000 {
        // An odd limit, whose interval does not divide its window.
        let rate = Rate {
            limit: 7,
            window: Duration::from_secs(10),
        };
        let key = ["ann", "bob", "cid"][random.random_range(0..3)];
        let (one, other) = (
            shared.take("twins", key, rate).await,
            own.take("twins", key, rate).await,
        );
        assert_eq!(one, other, "step {step}");
        if random.random_bool(0.5) {
            clock.advance(Duration::from_millis(random.random_range(0..2_000)));
        }
        if random.random_bool(0.01) {
            // A clock may step back, too.
            clock.0.fetch_sub(
                random.random_range(0..30_000),
                std::sync::atomic::Ordering::SeqCst,
            );
        }
    }
}

#[tokio::test]
async fn nodes_share_a_budget() {
    let redis = Redis::start().await.unwrap();
    let clock = Arc::new(TestClock::new());
    let nodes = [
        redis_limits(&redis, &clock).await,
        redis_limits(&redis, &clock).await,
    ];
    let mut allowed = 0;
    for attempt in 0..100 {
        let allowance = nodes[attempt % 2]
            .take("sends", "ann", Rate::per_minute(30))
            .await;
        allowed += u32::from(allowance.is_allowed);
    }
    assert_eq!(allowed, 30);
}
