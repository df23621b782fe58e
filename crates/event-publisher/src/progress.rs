//! How far a publisher is: for beats, readiness and metrics.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use confab_domain::Epoch;
use confab_domain::ports::PARTITIONS;
use parking_lot::Mutex;
use tokio::time::Instant;

/// What readiness tells of a publisher.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PublisherState {
    /// Whether the exchange takes events now.
    pub is_connected: bool,
    /// Whether the store answered the latest question.
    pub is_store_reached: bool,
    /// Partitions held.
    pub partitions: usize,
    /// How long the oldest pending row of those has waited.
    pub lag: Duration,
}

/// One partition as its holder knows it.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    is_held: AtomicBool,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    epoch: Option<Epoch>,
    /// Since when the oldest pending row has waited.
    waiting_since: Option<Instant>,
}

impl Progress {
    /// Notes that the partition is held, or given back.
    pub(crate) fn hold(&self, is_held: bool) {
        self.is_held.store(is_held, Ordering::Release);
        if !is_held {
            *self.known.lock() = Known::default();
        }
    }

    pub(crate) fn is_held(&self) -> bool {
        self.is_held.load(Ordering::Acquire)
    }

    /// Notes what a page said; none waiting when it was empty.
    pub(crate) fn read(&self, epoch: &Epoch, oldest_waited: Option<Duration>) {
        let now = Instant::now();
        let mut known = self.known.lock();
        known.waiting_since = oldest_waited.map(|waited| now.checked_sub(waited).unwrap_or(now));
        if known.epoch.as_ref() != Some(epoch) {
            known.epoch = Some(epoch.clone());
        }
    }

    /// Notes that all that was seen is settled.
    pub(crate) fn caught_up(&self) {
        self.known.lock().waiting_since = None;
    }

    /// How long the oldest pending row has waited.
    pub(crate) fn lag(&self) -> Duration {
        self.known
            .lock()
            .waiting_since
            .map_or(Duration::ZERO, |since| since.elapsed())
    }

    /// The database's life as last read.
    pub(crate) fn epoch(&self) -> Option<Epoch> {
        self.known.lock().epoch.clone()
    }
}

/// All partitions.
#[derive(Debug)]
pub(crate) struct AllProgress {
    pub(crate) partitions: [Progress; PARTITIONS as usize],
    pub(crate) is_store_reached: AtomicBool,
}

impl Default for AllProgress {
    fn default() -> Self {
        Self {
            partitions: std::array::from_fn(|_| Progress::default()),
            is_store_reached: AtomicBool::new(false),
        }
    }
}

impl AllProgress {
    pub(crate) fn state(&self, is_connected: bool) -> PublisherState {
        let held = || self.partitions.iter().filter(|partition| partition.is_held());
        PublisherState {
            is_connected,
            is_store_reached: self.is_store_reached.load(Ordering::Acquire),
            partitions: held().count(),
            lag: held().map(Progress::lag).max().unwrap_or_default(),
        }
    }
}
