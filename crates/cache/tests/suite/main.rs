//! The contracts of the ports, each held against both twins; and what happens when Redis does not behave.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod outages;
mod presence;
mod rate_limits;
mod reference;
mod rooms;
mod rooms_race;
mod signals;
mod standings;

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use confab_cache::{RedisLink, RedisSettings};
use confab_domain::{Clock, Timestamp};
use confab_testkit::Redis;

/// Long enough for a machine that is busy with other tests.
const PATIENCE: Duration = Duration::from_secs(20);

/// A clock that stands still until it is moved.
struct TestClock(AtomicI64);

impl TestClock {
    fn new() -> Self {
        Self(AtomicI64::new(1_800_000_000_000))
    }

    fn advance(&self, duration: Duration) {
        let millis = i64::try_from(duration.as_millis()).unwrap();
        self.0.fetch_add(millis, Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst))
    }
}

/// Settings for tests of what Redis answers: patient, so that a busy machine does not look like an outage.
fn patient(url: &str) -> RedisSettings {
    RedisSettings {
        url: url.to_owned(),
        connect_timeout: PATIENCE,
        command_timeout: PATIENCE,
        bulk_timeout: PATIENCE,
        ..RedisSettings::default()
    }
}

async fn link(redis: &Redis) -> RedisLink {
    linked(patient(redis.url())).await
}

async fn linked(settings: RedisSettings) -> RedisLink {
    let link = RedisLink::start(settings).unwrap();
    link.ready(PATIENCE).await.unwrap();
    link
}
