//! Feed health is what is heard: beats of every partition, gapless numbers of every producer.

use std::collections::HashMap;
use std::time::Duration;

use confab_domain::IncarnationId;
use confab_domain::ports::{Beat, LiveBatch, PARTITIONS};
use foldhash::fast::FixedState;
use tokio::time::Instant;

/// A partition that was not heard for so long is not healthy.
const BEAT_SILENCE_MAX: Duration = Duration::from_secs(2);
/// A publisher that lags more than this is not healthy.
const LAG_MAX: Duration = Duration::from_secs(1);
/// A producer that was not heard for so long is forgotten.
const PRODUCER_SILENCE_MAX: Duration = Duration::from_mins(10);
/// Most producers and shards that are remembered.
const PRODUCERS_MAX: usize = 4_096;

/// What state the live feed is in, for readiness and metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FeedState {
    /// Everything that is committed is heard.
    Healthy,
    /// Something may have been missed; the store is compared once a second while it lasts.
    Degraded(&'static str),
    /// The wire is away; the store is polled once a second.
    Away,
}

impl FeedState {
    /// Its name in readiness.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Degraded(why) => why,
            Self::Away => "away",
        }
    }
}

/// What was heard, and when.
#[derive(Debug)]
pub(super) struct Health {
    is_connected: bool,
    /// Counts what may have lost something; the heads comparison that began after it heals it.
    faults: u64,
    healed_faults: u64,
    beats: [Option<Instant>; PARTITIONS as usize],
    lags: [Duration; PARTITIONS as usize],
    producers: HashMap<(IncarnationId, u16), (u64, Instant), FixedState>,
}

impl Health {
    pub(super) fn new() -> Self {
        Self {
            is_connected: false,
            faults: 1,
            healed_faults: 0,
            beats: [None; PARTITIONS as usize],
            lags: [Duration::ZERO; PARTITIONS as usize],
            producers: HashMap::default(),
        }
    }

    pub(super) fn connected(&mut self) {
        self.is_connected = true;
        self.faults += 1;
        self.producers.clear();
    }

    pub(super) fn disconnected(&mut self) {
        self.is_connected = false;
        self.faults += 1;
    }

    /// Notes a batch; whether a gap in the producer's numbers tells of a loss.
    pub(super) fn batch(&mut self, batch: &LiveBatch, now: Instant) -> bool {
        self.is_connected = true;
        let key = (batch.producer, batch.shard);
        let before = self.producers.get(&key).copied();
        // One that comes twice or late does not turn the count back.
        let number = before.map_or(batch.number, |(number, _)| number.max(batch.number));
        self.producers.insert(key, (number, now));
        if before.is_none() && self.producers.len() > PRODUCERS_MAX {
            self.producers
                .retain(|_, (_, heard)| now.duration_since(*heard) < PRODUCER_SILENCE_MAX);
            if self.producers.len() > PRODUCERS_MAX {
                self.producers.clear();
                self.faults += 1;
            }
        }
        // A first number above 1 counts as a gap: either the batches before it were lost, or they were sent
        // before our queue was there, and then a comparison is due anyway.
        let is_gap = before.map_or(batch.number > 1, |(number, _)| batch.number > number + 1);
        if is_gap {
            self.faults += 1;
        }
        is_gap
    }

    pub(super) fn beat(&mut self, beat: &Beat, now: Instant) {
        self.is_connected = true;
        if let Some(heard) = self.beats.get_mut(usize::from(beat.partition)) {
            *heard = Some(now);
            self.lags[usize::from(beat.partition)] = Duration::from_millis(beat.lag_ms);
        }
    }

    /// A mark to hand to [`Self::compared`] once a comparison that begins now is done.
    pub(super) fn faults(&self) -> u64 {
        self.faults
    }

    /// All rooms were compared with the store after these faults.
    pub(super) fn compared(&mut self, faults: u64) {
        self.healed_faults = self.healed_faults.max(faults);
    }

    pub(super) fn state(&self, now: Instant) -> FeedState {
        let is_silent =
            |heard: &Option<Instant>| heard.is_none_or(|heard| now.duration_since(heard) > BEAT_SILENCE_MAX);
        if !self.is_connected {
            FeedState::Away
        } else if self.beats.iter().any(is_silent) {
            FeedState::Degraded("a partition is silent")
        } else if self.lags.iter().any(|lag| *lag > LAG_MAX) {
            FeedState::Degraded("a publisher lags")
        } else if self.healed_faults < self.faults {
            FeedState::Degraded("something may have been lost")
        } else {
            FeedState::Healthy
        }
    }
}

#[cfg(test)]
mod tests {
    use confab_domain::Epoch;
    use uuid::Uuid;

    use super::*;

    fn batch(producer: u128, number: u64) -> LiveBatch {
        LiveBatch {
            epoch: Epoch::new("e"),
            producer: IncarnationId(Uuid::from_u128(producer)),
            shard: 0,
            number,
            events: Vec::new(),
        }
    }

    fn beat_all(health: &mut Health, lag_ms: u64, now: Instant) {
        for partition in 0..PARTITIONS {
            let beat = Beat {
                epoch: Epoch::new("e"),
                publisher: IncarnationId(Uuid::nil()),
                partition,
                lag_ms,
                heads: Vec::new(),
            };
            health.beat(&beat, now);
        }
    }

    fn healthy(now: Instant) -> Health {
        let mut health = Health::new();
        health.connected();
        beat_all(&mut health, 0, now);
        health.compared(health.faults());
        assert_eq!(health.state(now), FeedState::Healthy);
        health
    }

    #[test]
    fn a_new_queue_a_gap_silence_and_lag_are_each_unhealthy() {
        let now = Instant::now();
        let mut health = healthy(now);
        assert!(!health.batch(&batch(1, 1), now));
        assert!(!health.batch(&batch(1, 2), now));
        assert_eq!(health.state(now), FeedState::Healthy);
        assert!(health.batch(&batch(1, 4), now));
        assert_ne!(health.state(now), FeedState::Healthy);
        health.compared(health.faults());
        assert_eq!(health.state(now), FeedState::Healthy);

        beat_all(&mut health, 1_500, now);
        assert_eq!(health.state(now), FeedState::Degraded("a publisher lags"));
        beat_all(&mut health, 0, now);
        let later = now + Duration::from_millis(2_100);
        assert_eq!(health.state(later), FeedState::Degraded("a partition is silent"));
        beat_all(&mut health, 0, later);
        assert_eq!(health.state(later), FeedState::Healthy);

        health.disconnected();
        assert_eq!(health.state(later), FeedState::Away);
        health.connected();
        assert_ne!(
            health.state(later),
            FeedState::Healthy,
            "a new queue lost what was sent before"
        );
    }

    #[test]
    fn the_lost_first_batch_of_a_new_producer_is_a_gap() {
        let now = Instant::now();
        let mut health = healthy(now);
        assert!(health.batch(&batch(2, 2), now));
    }

    #[test]
    fn a_comparison_does_not_heal_what_was_lost_after_it_began() {
        let now = Instant::now();
        let mut health = healthy(now);
        health.batch(&batch(1, 1), now);
        health.batch(&batch(1, 3), now);
        let mark = health.faults();
        health.batch(&batch(1, 9), now);
        health.compared(mark);
        assert_ne!(health.state(now), FeedState::Healthy);
    }
}
