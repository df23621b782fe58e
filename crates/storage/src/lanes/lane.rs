//! One lane: gathers what waits, commits it, and keeps rooms that are held elsewhere out of everybody's way.

use std::collections::{HashMap, VecDeque};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use confab_domain::{Error, RoomId};
use futures_util::FutureExt;
use tokio::sync::{Semaphore, mpsc};

use super::commit::{Committer, Committers};
use super::job::Job;

/// Most sends of one transaction.
const BATCH_JOBS_MAX: usize = 256;
/// Most text of one transaction, in bytes; one send more may exceed it.
const BATCH_BYTES_MAX: usize = 1024 * 1024;
/// How long sends of a blocked room wait for one of the few transactions that wait.
const PERMIT_TIMEOUT: Duration = Duration::from_secs(1);

/// A lane's own state; it runs until its inbox is closed and empty.
pub(crate) struct Lane {
    inbox: mpsc::Receiver<Job>,
    committer: Committer,
    /// Committers of the transactions that wait.
    committers: Arc<Committers>,
    /// Transactions that may wait at once, over all lanes.
    waiting_permits: Arc<Semaphore>,
    /// Taken from the inbox, or let go by a blocked room; before what the inbox still holds.
    ready: VecDeque<Job>,
    /// Rooms for which a transaction waits, with the sends that queue behind it.
    blocked: HashMap<RoomId, VecDeque<Job>>,
    blocked_jobs: usize,
    blocked_jobs_max: usize,
    released: mpsc::Receiver<Released>,
    release: mpsc::Sender<Released>,
}

impl Lane {
    pub(crate) fn new(
        inbox: mpsc::Receiver<Job>,
        committers: Arc<Committers>,
        waiting_permits: Arc<Semaphore>,
        inbox_jobs_max: usize,
    ) -> Self {
        let (release, released) = mpsc::channel(64);
        Self {
            inbox,
            committer: committers.make(),
            committers,
            waiting_permits,
            ready: VecDeque::new(),
            blocked: HashMap::new(),
            blocked_jobs: 0,
            blocked_jobs_max: inbox_jobs_max,
            released,
            release,
        }
    }

    /// A panic costs the sends that were in hand, which are answered `internal`; the lane goes on.
    pub(crate) async fn run(mut self) {
        loop {
            match surviving(self.turn()).await {
                Some(true) => {}
                Some(false) => return,
                // Whatever was open on its connection is rolled back with it.
                None => self.committer = self.committers.make(),
            }
        }
    }

    /// Commits what is there, or waits for work. False when there will be no more.
    async fn turn(&mut self) -> bool {
        let batch = self.gather();
        if batch.is_empty() {
            return self.wait_for_work().await;
        }
        let left_out = self.committer.commit(batch, false).await;
        self.hold_back(left_out);
        true
    }

    /// What can be committed now, without waiting for more.
    fn gather(&mut self) -> Vec<Job> {
        while let Ok(released) = self.released.try_recv() {
            self.unblock(released);
        }
        let mut batch = Vec::new();
        let mut bytes = 0;
        while batch.len() < BATCH_JOBS_MAX && bytes < BATCH_BYTES_MAX {
            let Some(job) = self.ready.pop_front().or_else(|| self.inbox.try_recv().ok()) else {
                break;
            };
            if self.blocked.contains_key(&job.message.room_id) {
                self.set_aside(job);
            } else {
                bytes += job.weight();
                batch.push(job);
            }
        }
        batch
    }

    /// False when there will be no more.
    async fn wait_for_work(&mut self) -> bool {
        tokio::select! {
            Some(released) = self.released.recv(), if !self.blocked.is_empty() => {
                self.unblock(released);
                true
            }
            job = self.inbox.recv() => match job {
                Some(job) => {
                    self.ready.push_back(job);
                    true
                }
                None if self.blocked.is_empty() => false,
                None => {
                    if let Some(released) = self.released.recv().await {
                        self.unblock(released);
                    }
                    true
                }
            },
        }
    }

    /// Queues a send behind its blocked room.
    fn set_aside(&mut self, job: Job) {
        if self.blocked_jobs >= self.blocked_jobs_max {
            return refuse(vec![job]);
        }
        self.blocked_jobs += 1;
        self.blocked
            .entry(job.message.room_id)
            .or_default()
            .push_back(job);
    }

    /// Gives each room that was left out a transaction of its own, which waits.
    fn hold_back(&mut self, left_out: Vec<Job>) {
        let mut by_room: HashMap<RoomId, Vec<Job>> = HashMap::new();
        for job in left_out {
            by_room.entry(job.message.room_id).or_default().push(job);
        }
        for (room_id, jobs) in by_room {
            if self.blocked_jobs + jobs.len() > self.blocked_jobs_max {
                refuse(jobs);
                continue;
            }
            metrics::counter!("confab_send_rooms_blocked_total").increment(1);
            self.blocked_jobs += jobs.len();
            self.blocked.insert(room_id, VecDeque::new());
            let waiting = Waiting {
                room_id,
                jobs,
                permits: Arc::clone(&self.waiting_permits),
                committers: Arc::clone(&self.committers),
                release: self.release.clone(),
            };
            tokio::spawn(waiting.run());
        }
    }

    /// What queued behind the room goes next, in its order.
    fn unblock(&mut self, released: Released) {
        let jobs = self.blocked.remove(&released.room_id).unwrap_or_default();
        self.blocked_jobs -= jobs.len() + released.jobs;
        for job in jobs.into_iter().rev() {
            self.ready.push_front(job);
        }
    }
}

/// Tells the lane that a blocked room has had its transaction, for so many sends.
struct Released {
    room_id: RoomId,
    jobs: usize,
}

/// The sends of one room, whose transaction waits for whoever holds it.
struct Waiting {
    room_id: RoomId,
    jobs: Vec<Job>,
    permits: Arc<Semaphore>,
    committers: Arc<Committers>,
    release: mpsc::Sender<Released>,
}

impl Waiting {
    async fn run(self) {
        let released = Released {
            room_id: self.room_id,
            jobs: self.jobs.len(),
        };
        match tokio::time::timeout(PERMIT_TIMEOUT, self.permits.acquire()).await {
            Ok(Ok(_permit)) => {
                let mut committer = self.committers.take();
                if let Some(left_out) = surviving(committer.commit(self.jobs, true)).await {
                    self.committers.give_back(committer);
                    // Nothing is left out by one that waits, but for a room that went away meanwhile.
                    refuse(left_out);
                }
            }
            _ => refuse(self.jobs),
        }
        // The lane outlives its blocked rooms.
        let _ = self.release.send(released).await;
    }
}

/// None after a panic. Sends that it took along are answered `internal`, for nobody holds their replies.
async fn surviving<T>(work: impl Future<Output = T>) -> Option<T> {
    // What the panic may have left half done is thrown away by whoever gets None.
    let outcome = AssertUnwindSafe(work).catch_unwind().await;
    if outcome.is_err() {
        // The panic hook has said where.
        tracing::error!("a lane panicked; its sends are answered `internal`");
        metrics::counter!("confab_send_lane_panics_total").increment(1);
    }
    outcome.ok()
}

fn refuse(jobs: Vec<Job>) {
    for job in jobs {
        let _ = job.reply.send(Err(Error::Unavailable("the room is busy", None)));
    }
}
