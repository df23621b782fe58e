//! Small chores that nobody waits for: what has expired goes, the process measures itself.

use std::time::Duration;

use confab_domain::ports::{Accounts, Files};
use confab_domain::{Clock, Timestamp, commands};
use confab_storage::{EndedBefore, Store};
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::clock::SystemClock;

const SWEEP_INTERVAL: Duration = Duration::from_mins(1);
const CHORE_TIMEOUT: Duration = Duration::from_secs(20);
/// What is left of a deleted room stays so long, for consumers that are behind.
const DELETED_ROOMS_KEPT: Duration = Duration::from_hours(1);
/// Rows that one statement removes: short locks, then again.
const ROWS_AT_ONCE: usize = 1_000;
/// Files that are removed in one go, one after another.
const FILES_AT_ONCE: usize = 100;
/// How long one go may take. Not longer than rows are left to whoever took them.
const FILES_TIMEOUT: Duration = Duration::from_secs(100);
/// Rounds of one chore; what is left waits for the next time.
const ROUNDS_MAX: usize = 50;
const MEASURE_INTERVAL: Duration = Duration::from_secs(5);

/// How long what has ended is kept.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EndedKeep {
    pub(crate) invitations: Duration,
    pub(crate) reports: Duration,
    pub(crate) api_keys: Duration,
}

impl EndedKeep {
    fn before(self, now: Timestamp) -> EndedBefore {
        EndedBefore {
            invitations: now.minus(self.invitations),
            reports: now.minus(self.reports),
            api_keys: now.minus(self.api_keys),
        }
    }
}

/// Something that is done over and over until little of it is left.
#[derive(Clone, Copy)]
struct Chore {
    name: &'static str,
    /// What one go takes at most.
    at_once: usize,
    /// How long one go may take.
    timeout: Duration,
}

impl Chore {
    const fn of_rows(name: &'static str) -> Self {
        Self {
            name,
            at_once: ROWS_AT_ONCE,
            timeout: CHORE_TIMEOUT,
        }
    }

    /// Repeats it while it finds a full load.
    async fn repeat<F>(self, mut once: impl FnMut(usize) -> F)
    where
        F: Future<Output = confab_domain::Result<u64>>,
    {
        let chore = self.name;
        for _ in 0..ROUNDS_MAX {
            match tokio::time::timeout(self.timeout, once(self.at_once)).await {
                Ok(Ok(removed)) => {
                    metrics::counter!("confab_swept_rows_total", "chore" => chore).increment(removed);
                    if removed < self.at_once as u64 {
                        return;
                    }
                }
                Ok(Err(error)) => {
                    return tracing::warn!(%error, chore, "a chore failed; it will be tried again");
                }
                Err(_) => return tracing::warn!(chore, "a chore took too long; it will be tried again"),
            }
        }
    }
}

/// Spread over the fleet, so that processes started together do not sweep together.
fn sweeps() -> Interval {
    let offset = SWEEP_INTERVAL.mul_f64(rand::random::<f64>());
    let mut ticks = interval_at(Instant::now() + offset, SWEEP_INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

/// Starts to remove what has expired. Several processes may do so at once: each removes what it finds.
pub(crate) fn sweep(tasks: &TaskTracker, store: Store, keep: EndedKeep, stopping: CancellationToken) {
    tasks.spawn(stopping.run_until_cancelled_owned(async move {
        let mut ticks = sweeps();
        loop {
            ticks.tick().await;
            let purged_before = SystemClock.now().minus(DELETED_ROOMS_KEPT);
            let rooms = Chore::of_rows("deleted_rooms");
            rooms
                .repeat(|at_once| store.purge_deleted_rooms(purged_before, at_once))
                .await;
            let expired = Chore::of_rows("expired");
            expired
                .repeat(|at_once| store.sweep_expired(SystemClock.now(), at_once))
                .await;
            let incomplete = Chore::of_rows("incomplete");
            incomplete.repeat(|at_once| store.complete_rows(at_once)).await;
            let ended = keep.before(SystemClock.now());
            let sweeping = Chore::of_rows("ended");
            sweeping.repeat(|at_once| store.sweep_ended(ended, at_once)).await;
        }
    }));
}

/// Starts to remove files that nobody bears. Several processes may do so at once: each takes its own load.
pub(crate) fn sweep_files(tasks: &TaskTracker, files: Files, stopping: CancellationToken) {
    tasks.spawn(stopping.run_until_cancelled_owned(async move {
        let mut ticks = sweeps();
        let chore = Chore {
            name: "files",
            at_once: FILES_AT_ONCE,
            timeout: FILES_TIMEOUT,
        };
        loop {
            ticks.tick().await;
            chore
                .repeat(|at_once| commands::sweep_files(&files, SystemClock.now(), at_once))
                .await;
        }
    }));
}

/// Starts to measure the process, and keeps the histograms small.
pub(crate) fn measure(tasks: &TaskTracker, metrics: PrometheusHandle, stopping: CancellationToken) {
    metrics::describe_gauge!("process_resident_memory_bytes", "Memory in use.");
    metrics::describe_gauge!("process_open_fds", "Open file descriptors.");
    tasks.spawn(stopping.run_until_cancelled_owned(async move {
        let mut ticks = interval_at(Instant::now(), MEASURE_INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            metrics.run_upkeep();
            if let Some(bytes) = resident_bytes() {
                metrics::gauge!("process_resident_memory_bytes").set(bytes as f64);
            }
            if let Ok(descriptors) = std::fs::read_dir("/proc/self/fd") {
                metrics::gauge!("process_open_fds").set(descriptors.count() as f64);
            }
        }
    }));
}

/// From `/proc`, where there is one.
fn resident_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}
