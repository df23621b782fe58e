//! A running event publisher: holds its share of the partitions and works on each.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use confab_domain::IncarnationId;
use confab_domain::ports::{EventExchange, LiveIn, LiveOut, Outbox, PARTITIONS, SHARDS};
use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{Instant, timeout};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::beats::beat;
use crate::partition::Partition;
use crate::progress::{AllProgress, PublisherState};
use crate::settings::PublisherSettings;
use crate::trimming::trim_logs;

/// What an event publisher works with.
#[derive(Clone)]
pub struct PublisherPorts {
    /// What is pending.
    pub outbox: Arc<dyn Outbox>,
    /// Where it goes.
    pub exchange: Arc<dyn EventExchange>,
    /// Where beats and control messages go.
    pub live_out: Arc<dyn LiveOut>,
    /// Where the wake hints come from.
    pub live_in: Arc<dyn LiveIn>,
}

/// An event publisher at work. Several at once share the partitions; should two hold the same one, events go
/// out twice, in order all the same.
pub struct EventPublisher {
    ports: PublisherPorts,
    progress: Arc<AllProgress>,
    work: Mutex<Option<JoinHandle<()>>>,
    stop: CancellationToken,
    _stop_when_dropped: DropGuard,
}

impl EventPublisher {
    /// Starts to work; it never ends by itself. Needs a Tokio runtime.
    pub fn start(publisher: IncarnationId, ports: PublisherPorts, settings: PublisherSettings) -> Self {
        let stop = CancellationToken::new();
        let progress = Arc::new(AllProgress::default());
        let supervisor = Supervisor {
            publisher,
            ports: ports.clone(),
            settings: Arc::new(settings),
            progress: progress.clone(),
            wakes: std::array::from_fn(|_| Arc::new(Notify::new())),
            stop: stop.clone(),
        };
        let work = Mutex::new(Some(tokio::spawn(supervisor.run())));
        Self {
            ports,
            progress,
            work,
            _stop_when_dropped: stop.clone().drop_guard(),
            stop,
        }
    }

    /// What readiness tells.
    pub fn state(&self) -> PublisherState {
        self.progress.state(self.ports.exchange.is_connected())
    }

    /// Fetches nothing more, waits for the confirms of what is in flight, settles it and gives the partitions
    /// back; at most `limit`. What is not settled then goes out once more from elsewhere.
    pub async fn stop(&self, limit: Duration) {
        self.stop.cancel();
        let work = self.work.lock().take();
        if let Some(mut work) = work
            && timeout(limit, &mut work).await.is_err()
        {
            tracing::warn!("the event publisher did not finish in time");
            work.abort();
        }
    }
}

struct Supervisor {
    publisher: IncarnationId,
    ports: PublisherPorts,
    settings: Arc<PublisherSettings>,
    progress: Arc<AllProgress>,
    wakes: [Arc<Notify>; PARTITIONS as usize],
    stop: CancellationToken,
}

impl Supervisor {
    async fn run(self) {
        let mut work = JoinSet::new();
        let mut held: HashMap<u16, CancellationToken> = HashMap::new();
        let mut hints = self.ports.live_in.listen_wakes();
        let trimming = trim_logs(
            self.ports.clone(),
            self.settings.clone(),
            self.progress.clone(),
            self.stop.clone(),
        );
        work.spawn(async move {
            trimming.await;
            None
        });
        let mut renewals = tokio::time::interval(self.settings.lease / 3);
        renewals.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut held_until = Instant::now();
        loop {
            tokio::select! {
                _ = renewals.tick() => self.renew(&mut held, &mut held_until, &mut work).await,
                Some(shard) = hints.recv() => self.wake(shard),
                Some(ended) = work.join_next() => self.ended(ended, &mut held),
                () = self.stop.cancelled() => break,
            }
        }
        for stop in held.values() {
            stop.cancel();
        }
        while work.join_next().await.is_some() {}
        let release = self.ports.outbox.release_partitions(self.publisher);
        if !matches!(timeout(self.settings.store_timeout, release).await, Ok(Ok(()))) {
            tracing::warn!("the partitions were not given back; their leases run out");
        }
        for progress in &self.progress.partitions {
            progress.hold(false);
        }
    }

    /// Wakes the partitions of a shard.
    fn wake(&self, shard: u16) {
        for partition in (0..PARTITIONS).filter(|partition| partition % SHARDS == shard) {
            self.wakes[usize::from(partition)].notify_one();
        }
    }

    async fn renew(
        &self,
        held: &mut HashMap<u16, CancellationToken>,
        held_until: &mut Instant,
        work: &mut JoinSet<Option<u16>>,
    ) {
        let asked = Instant::now();
        let holding = self
            .ports
            .outbox
            .hold_partitions(self.publisher, self.settings.lease);
        let mine = match timeout(self.settings.store_timeout, holding).await {
            Ok(Ok(mine)) => {
                self.progress.is_store_reached.store(true, Ordering::Release);
                *held_until = asked + self.settings.lease;
                mine
            }
            failed => {
                self.progress.is_store_reached.store(false, Ordering::Release);
                let error = match failed {
                    Ok(Err(error)) => error.to_string(),
                    _ => "too late".to_owned(),
                };
                tracing::warn!(error, "the leases are not renewed");
                if Instant::now() < *held_until {
                    return;
                }
                Vec::new()
            }
        };
        held.retain(|partition, stop| {
            let stays = mine.contains(partition);
            if !stays {
                stop.cancel();
                self.progress.partitions[usize::from(*partition)].hold(false);
            }
            stays
        });
        for number in mine.into_iter().filter(|number| *number < PARTITIONS) {
            held.entry(number).or_insert_with(|| self.take(number, work));
        }
        metrics::gauge!("confab_event_publisher_partitions").set(held.len() as f64);
        metrics::gauge!("confab_event_publisher_connected")
            .set(f64::from(u8::from(self.ports.exchange.is_connected())));
    }

    fn take(&self, number: u16, work: &mut JoinSet<Option<u16>>) -> CancellationToken {
        let partition = Partition {
            number,
            ports: self.ports.clone(),
            settings: self.settings.clone(),
            all_progress: self.progress.clone(),
            wake: self.wakes[usize::from(number)].clone(),
            stop: CancellationToken::new(),
        };
        let stop = partition.stop.clone();
        partition.progress().hold(true);
        let publisher = self.publisher;
        work.spawn(async move {
            tokio::join!(partition.publish_all(), beat(&partition, publisher));
            Some(number)
        });
        stop
    }

    /// A partition's work ended: because it was given back, or by a bug, after which it is taken up again.
    fn ended(
        &self,
        ended: Result<Option<u16>, tokio::task::JoinError>,
        held: &mut HashMap<u16, CancellationToken>,
    ) {
        if let Err(error) = ended {
            tracing::error!(%error, "the work on a partition failed; all are taken up again");
            for (number, stop) in held.drain() {
                stop.cancel();
                self.progress.partitions[usize::from(number)].hold(false);
            }
        }
    }
}
