//! Group commit: sends that arrive while a transaction is in flight form the next one. No timer: a lone send
//! waits for nothing, a busy lane grows its batches.

mod commit;
mod job;
mod lane;
mod optimistic;
mod plan;
mod transaction;

use std::sync::Arc;

use confab_domain::ports::{CommittedBatches, NewMessage, Sent, shard_of};
use confab_domain::{Clock, Error, Result};
use parking_lot::Mutex;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinHandle;

use self::commit::Committers;
use self::job::Job;
pub(crate) use self::job::{body_hash, client_key};
use self::lane::Lane;
pub(crate) use self::plan::another_body;
use crate::connect::LaneSource;
use crate::doubt::Doubt;

/// Transactions that may wait for a room held elsewhere, at once, over all lanes.
const WAITING_MAX: usize = 4;

/// How sends are grouped.
#[derive(Clone, Debug)]
pub struct LaneSettings {
    /// Lanes on PostgreSQL, each with a connection of its own; a room's shard says which is its. Few lanes
    /// make large batches, which are cheap; many make small waits. SQLite has one.
    pub count: usize,
    /// Sends that may wait in a lane; above that the answer is `unavailable` at once.
    pub inbox_jobs_max: usize,
}

impl Default for LaneSettings {
    fn default() -> Self {
        Self {
            count: 4,
            inbox_jobs_max: 4096,
        }
    }
}

/// All lanes of a store. They end when the store is closed or dropped.
pub(crate) struct Lanes {
    inboxes: Mutex<Vec<mpsc::Sender<Job>>>,
    tasks: Mutex<Vec<JoinHandle<()>>>,
}

impl Lanes {
    pub(crate) fn start(
        settings: &LaneSettings,
        source: &LaneSource,
        clock: &Arc<dyn Clock>,
        committed: &Arc<dyn CommittedBatches>,
        doubt: &Arc<Doubt>,
    ) -> Self {
        let count = match source {
            LaneSource::Postgres(_) => settings.count.max(1),
            LaneSource::Sqlite(_) => 1,
        };
        let (source, clock, committed) = (source.clone(), Arc::clone(clock), Arc::clone(committed));
        let committers = Arc::new(Committers::new(source, clock, committed, Arc::clone(doubt)));
        let permits = Arc::new(Semaphore::new(WAITING_MAX));
        let (inboxes, tasks) = (0..count)
            .map(|_| {
                let (sender, inbox) = mpsc::channel(settings.inbox_jobs_max);
                let lane = Lane::new(
                    inbox,
                    Arc::clone(&committers),
                    Arc::clone(&permits),
                    settings.inbox_jobs_max,
                );
                (sender, tokio::spawn(lane.run()))
            })
            .unzip();
        Self {
            inboxes: Mutex::new(inboxes),
            tasks: Mutex::new(tasks),
        }
    }

    /// Sends a message; answered after its commit.
    pub(crate) async fn send(&self, message: NewMessage) -> Result<Sent> {
        let shard = usize::from(shard_of(message.room_id));
        let (job, answer) = Job::new(message);
        {
            let inboxes = self.inboxes.lock();
            let Some(inbox) = inboxes.get(shard.checked_rem(inboxes.len()).unwrap_or(0)) else {
                return Err(Error::Unavailable("this process is stopping", None));
            };
            inbox.try_send(job).map_err(|refused| match refused {
                mpsc::error::TrySendError::Full(_) => {
                    metrics::counter!("confab_send_inbox_full_total").increment(1);
                    Error::Unavailable("too many messages are waiting", None)
                }
                mpsc::error::TrySendError::Closed(_) => Error::Internal("a lane has stopped", None),
            })?;
        }
        answer
            .await
            .unwrap_or_else(|gone| Err(Error::internal("a lane dropped a message", gone)))
    }

    /// Takes no more, and waits until all that was taken is answered.
    pub(crate) async fn close(&self) {
        self.inboxes.lock().clear();
        let tasks = std::mem::take(&mut *self.tasks.lock());
        for task in tasks {
            if let Err(error) = task.await {
                tracing::error!(%error, "a lane has failed");
            }
        }
    }
}
