//! The one task that hears the live feed: hands events to the hub, watches the feed's health.

use std::sync::Arc;
use std::time::Duration;

use confab_domain::ports::{FeedItem, LiveBatch, LiveIn};
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::compare::compare_heads;
use super::health::{FeedState, Health};
use super::recheck::recheck;
use crate::hub::Delivered;
use crate::measures;
use crate::shared::Shared;

/// How often health is judged.
const TICK: Duration = Duration::from_millis(100);
/// How often the store is compared while the feed is not healthy.
const UNHEALTHY_INTERVAL: Duration = Duration::from_secs(1);
/// How long to wait before listening anew to a feed that ended.
const LISTEN_AGAIN: Duration = Duration::from_secs(1);
/// How long after the start a feed that is not healthy yet is no news.
const COMING_UP: Duration = Duration::from_secs(5);
/// Items taken between two looks at the clock.
const ITEMS_AT_ONCE: usize = 64;

/// A job that runs beside the feed, at most once at a time.
struct Beside {
    running: Option<tokio::task::JoinHandle<bool>>,
    began: Option<Instant>,
    /// The last run came to nothing: the next one is due soon.
    has_failed: bool,
}

impl Beside {
    const fn new() -> Self {
        Self {
            running: None,
            began: None,
            has_failed: false,
        }
    }

    /// Whether it ended since it was last asked, and well.
    async fn take_ended(&mut self) -> bool {
        if self
            .running
            .as_ref()
            .is_some_and(tokio::task::JoinHandle::is_finished)
            && let Some(handle) = self.running.take()
        {
            let went_well = handle.await.unwrap_or(false);
            self.has_failed = !went_well;
            return went_well;
        }
        false
    }

    fn is_due(&self, every: Duration, now: Instant) -> bool {
        let every = if self.has_failed {
            UNHEALTHY_INTERVAL.min(every)
        } else {
            every
        };
        self.running.is_none() && self.began.is_none_or(|began| now.duration_since(began) >= every)
    }

    fn begin(&mut self, job: impl Future<Output = bool> + Send + 'static, now: Instant) {
        self.began = Some(now);
        self.running = Some(tokio::spawn(job));
    }
}

/// Hears the feed for as long as the gateway runs.
pub(crate) async fn run(shared: Arc<Shared>, live: Arc<dyn LiveIn>) {
    let mut health = Health::new();
    let mut comparing = Beside::new();
    let mut comparing_faults = 0;
    let mut rechecking = Beside::new();
    rechecking.began = Some(Instant::now());
    let mut tick = interval(TICK);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    measures::feed_is_healthy(false);
    let mut feed = live.listen();
    let mut listen_again_at: Option<Instant> = None;
    let mut telling = Telling::new(Instant::now());
    let mut items = Vec::with_capacity(ITEMS_AT_ONCE);
    loop {
        tokio::select! {
            count = feed.recv_many(&mut items, ITEMS_AT_ONCE), if listen_again_at.is_none() => {
                if count == 0 {
                    health.disconnected();
                    listen_again_at = Some(Instant::now() + LISTEN_AGAIN);
                }
                for item in items.drain(..) {
                    take(&shared, &mut health, item);
                }
            }
            _ = tick.tick() => {}
        }
        let now = Instant::now();
        if listen_again_at.is_some_and(|at| at <= now) {
            listen_again_at = None;
            feed = live.listen();
        }
        let state = health.state(now);
        telling.note(&shared, state, now);
        let is_healthy = state == FeedState::Healthy;
        if comparing.take_ended().await {
            health.compared(comparing_faults);
        }
        if !is_healthy && comparing.is_due(UNHEALTHY_INTERVAL, now) {
            comparing_faults = health.faults();
            let shared = shared.clone();
            let job = async move {
                compare_heads(&shared)
                    .await
                    .inspect_err(|error| tracing::warn!(%error, "heads were not compared"))
                    .is_ok()
            };
            comparing.begin(job, now);
        }
        rechecking.take_ended().await;
        let every = if is_healthy {
            shared.settings.recheck_interval
        } else {
            UNHEALTHY_INTERVAL
        };
        if rechecking.is_due(every, now)
            || (rechecking.running.is_none() && shared.controls.take_recheck_due())
        {
            let shared = shared.clone();
            let job = async move {
                recheck(&shared)
                    .await
                    .inspect_err(|error| tracing::warn!(%error, "rights were not read again"))
                    .is_ok()
            };
            rechecking.begin(job, now);
        }
    }
}

/// What was said of the feed's state.
struct Telling {
    told: Option<FeedState>,
    /// A feed comes up in a second or two: until then its absence is no news.
    quiet_until: Instant,
}

impl Telling {
    fn new(now: Instant) -> Self {
        Self {
            told: None,
            quiet_until: now + COMING_UP,
        }
    }

    fn note(&mut self, shared: &Shared, state: FeedState, now: Instant) {
        let mut known = shared.feed_state.lock();
        if *known != state {
            *known = state;
            measures::feed_is_healthy(state == FeedState::Healthy);
        }
        drop(known);
        let is_coming_up = self.told.is_none() && now < self.quiet_until && state != FeedState::Healthy;
        if self.told == Some(state) || is_coming_up {
            return;
        }
        if state == FeedState::Healthy {
            tracing::info!("the live feed is healthy");
        } else {
            tracing::warn!(
                state = state.as_str(),
                "the live feed is not healthy; the store is compared"
            );
        }
        self.told = Some(state);
    }
}

fn take(shared: &Shared, health: &mut Health, item: FeedItem) {
    match item {
        FeedItem::Connected => health.connected(),
        FeedItem::Disconnected => health.disconnected(),
        FeedItem::Batch(batch) => {
            // Its number was heard, whatever becomes of it: who is told of another life, or of the first one, begins
            // from the store.
            if health.batch(&batch, Instant::now()) {
                measures::feed_fault("gap");
            }
            if let Some(_life) = shared.epochs.hold(&batch.epoch) {
                take_batch(shared, &batch);
            }
        }
        FeedItem::Beat(beat) => {
            if let Some(_life) = shared.epochs.hold(&beat.epoch) {
                health.beat(&beat, Instant::now());
                for (room_id, seq) in &beat.heads {
                    if shared.hub.hear(*room_id, *seq) {
                        shared.healer.note(*room_id, shared.settings.hole_patience);
                    }
                }
            }
        }
        FeedItem::Control(controls) => {
            for control in controls {
                shared.controls.hint(shared, control);
            }
        }
    }
}

/// Hands a batch to the hub, room by room.
pub(super) fn take_batch(shared: &Shared, batch: &LiveBatch) {
    measures::feed_batch();
    let mut done = Delivered::default();
    for run in batch.events.chunk_by(|one, other| one.room_id == other.room_id) {
        let Some(first) = run.first() else { continue };
        if shared.hub.offer(first.room_id, run, &mut done) {
            shared.healer.note(first.room_id, shared.settings.hole_patience);
        }
    }
    shared.after_delivery(done);
}
