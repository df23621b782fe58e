//! Takes a batch through its transaction: again where that is safe, in halves where a send is poisoned.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use confab_domain::ports::{CommittedBatch, CommittedBatches, Sent, shard_of};
use confab_domain::{Clock, Epoch, Error, Event, EventBody, RoomId};
use parking_lot::Mutex;
use sea_orm::DbErr;
use sqlx::postgres::PgConnectOptions;
use sqlx::{Connection, PgConnection};
use tokio::time::Instant;

use super::job::Job;
use super::optimistic::{self, Caution};
use super::plan::{Plan, Verdict, plan};
use super::transaction::{LaneTransaction, db};
use crate::connect::{CONNECT_TIMEOUT, LaneSource, OPERATION_TIMEOUT};
use crate::doubt::Doubt;
use crate::error::{Failure, failure};

/// Commits batches on one connection.
pub(crate) struct Committer {
    source: LaneSource,
    /// PostgreSQL's; made when needed, thrown away after any doubt.
    connection: Option<Sound>,
    caution: Caution,
    clock: Arc<dyn Clock>,
    committed: Arc<dyn CommittedBatches>,
    doubt: Arc<Doubt>,
}

/// A connection, and when it was last known to be sound.
struct Sound {
    connection: PgConnection,
    at: Instant,
}

/// Makes committers, and keeps those of waiting transactions, with their connections, for the next that wait.
pub(crate) struct Committers {
    source: LaneSource,
    clock: Arc<dyn Clock>,
    committed: Arc<dyn CommittedBatches>,
    doubt: Arc<Doubt>,
    /// As many as may wait at once, at most.
    idle: Mutex<Vec<Committer>>,
}

impl Committers {
    pub(crate) fn new(
        source: LaneSource,
        clock: Arc<dyn Clock>,
        committed: Arc<dyn CommittedBatches>,
        doubt: Arc<Doubt>,
    ) -> Self {
        Self {
            source,
            clock,
            committed,
            doubt,
            idle: Mutex::new(Vec::new()),
        }
    }

    pub(crate) fn make(&self) -> Committer {
        Committer {
            source: self.source.clone(),
            connection: None,
            caution: Caution::default(),
            clock: Arc::clone(&self.clock),
            committed: Arc::clone(&self.committed),
            doubt: Arc::clone(&self.doubt),
        }
    }

    pub(crate) fn take(&self) -> Committer {
        let idle = self.idle.lock().pop();
        idle.unwrap_or_else(|| self.make())
    }

    pub(crate) fn give_back(&self, committer: Committer) {
        self.idle.lock().push(committer);
    }
}

/// What one transaction has done.
struct Done {
    plan: Plan,
    epoch: Epoch,
}

impl Committer {
    /// Commits the batch and answers each send. What comes back is left out, in order: sends of rooms that
    /// somebody else holds. With `waits` nothing is left out.
    pub(crate) async fn commit(&mut self, jobs: Vec<Job>, waits: bool) -> Vec<Job> {
        let mut left_out: Vec<Job> = Vec::new();
        let mut left_rooms: HashSet<RoomId> = HashSet::new();
        // A stack of parts of the batch: the earlier half is always on top, so that order is kept.
        let mut parts = vec![(jobs, 0_u8)];
        while let Some((jobs, attempt)) = parts.pop() {
            // Once a room is left out, nothing later of it may go before.
            let (held, jobs): (Vec<_>, Vec<_>) = jobs
                .into_iter()
                .partition(|job| left_rooms.contains(&job.message.room_id));
            left_out.extend(held);
            if jobs.is_empty() {
                continue;
            }
            match self.attempt(&jobs, waits).await {
                Ok(done) => {
                    for job in self.finish(done, jobs) {
                        left_rooms.insert(job.message.room_id);
                        left_out.push(job);
                    }
                }
                Err(error) => match after(&error, jobs.len(), attempt) {
                    Next::Again => parts.push((jobs, attempt + 1)),
                    Next::Halves => {
                        let mut earlier = jobs;
                        let later = earlier.split_off(earlier.len() / 2);
                        parts.push((later, attempt));
                        parts.push((earlier, attempt));
                    }
                    Next::GiveUp => give_up(jobs, &error),
                },
            }
        }
        left_out
    }

    /// One transaction. After an error nothing is known of its outcome; a second attempt finds out, because
    /// it looks for the `client_id`s before anything else.
    async fn attempt(&mut self, jobs: &[Job], waits: bool) -> Result<Done, DbErr> {
        let now = self.clock.now();
        let attempt = async {
            let mut transaction = match &self.source {
                LaneSource::Sqlite(writer) => LaneTransaction::begin_sqlite(writer).await?,
                LaneSource::Postgres(options) => {
                    let kept = self.connection.take();
                    let sound = match kept.filter(|sound| !self.doubt.is_about(sound.at)) {
                        Some(sound) => sound,
                        None => connected(options, &self.doubt).await?,
                    };
                    let connection = &mut self.connection.insert(sound).connection;
                    if !waits && optimistic::is_plain(jobs) && self.caution.allows() {
                        let committed = optimistic::commit(connection, jobs, now).await?;
                        self.caution.note(committed.is_none());
                        if let Some((plan, epoch)) = committed {
                            return Ok(Done { plan, epoch });
                        }
                    }
                    LaneTransaction::begin_postgres(connection).await?
                }
            };
            // What is forwarded is read under the lock of its own room, too.
            let forwards = jobs.iter().filter_map(|job| job.message.body.forward.as_ref());
            let mut room_ids: Vec<RoomId> = forwards.map(|forward| forward.source_room_id).collect();
            room_ids.extend(jobs.iter().map(|job| job.message.room_id));
            room_ids.sort_unstable();
            room_ids.dedup();
            let heads = transaction.lock(&room_ids, waits).await?;
            let facts = transaction.facts(jobs).await?;
            let repeat_ids: Vec<_> = facts.rows.iter().filter_map(|row| row.repeat_id).collect();
            let repeats = transaction.repeats(&repeat_ids).await?;
            let sources = transaction.sources(jobs).await?;
            let uploads = transaction.uploads(jobs).await?;
            let plan = plan(jobs, &heads, &facts.rows, &repeats, &uploads, &sources, now);
            if !plan.messages.is_empty() {
                transaction.write(&plan, jobs).await?;
            }
            transaction.commit().await?;
            Ok(Done {
                plan,
                epoch: facts.epoch,
            })
        };
        let outcome = tokio::time::timeout(OPERATION_TIMEOUT, attempt)
            .await
            .unwrap_or_else(|_| Err(db(sqlx::Error::PoolTimedOut)));
        match &outcome {
            Ok(_) => {
                if let Some(sound) = &mut self.connection {
                    sound.at = Instant::now();
                }
            }
            Err(error) => {
                self.doubt.note(error);
                if failure(error) == Failure::Away {
                    self.connection = None;
                }
            }
        }
        outcome
    }

    /// After the commit: first the answers, then the live feed. Returns the sends that were left out.
    fn finish(&self, done: Done, jobs: Vec<Job>) -> Vec<Job> {
        let Done { plan, epoch } = done;
        let mut events: BTreeMap<u16, Vec<Arc<Event>>> = BTreeMap::new();
        for (index, message) in &plan.messages {
            let job = &jobs[*index];
            let event = Event {
                id: message.id.into(),
                room_id: message.room_id,
                seq: message.seq,
                occurred_at: message.created_at,
                actor_id: message.sender_id,
                body: EventBody::MessageCreated {
                    message: Box::new(message.as_ref().clone()),
                },
                trace: job.message.trace.clone(),
            };
            events
                .entry(shard_of(message.room_id))
                .or_default()
                .push(Arc::new(event));
        }
        metrics::histogram!("confab_send_batch_messages").record(plan.messages.len() as f64);
        let mut left_out = Vec::new();
        for (job, verdict) in jobs.into_iter().zip(plan.verdicts) {
            let answer = match verdict {
                Verdict::LeftOut => {
                    left_out.push(job);
                    continue;
                }
                Verdict::Accepted(index) => Ok(Sent {
                    message: Arc::clone(&plan.messages[index].1),
                    is_duplicate: false,
                }),
                Verdict::RepeatInBatch(index) => Ok(Sent {
                    message: Arc::clone(&plan.messages[index].1),
                    is_duplicate: true,
                }),
                Verdict::Repeat { message, is_own } => Ok(Sent {
                    message,
                    is_duplicate: !is_own,
                }),
                Verdict::Refused(error) => Err(error),
            };
            // Whoever asked may have gone; the message stays sent.
            let _ = job.reply.send(answer);
        }
        for (shard, mut events) in events {
            events.sort_by_key(|event| (event.room_id, event.seq));
            self.committed.committed(&Arc::new(CommittedBatch {
                epoch: epoch.clone(),
                shard,
                events,
                controls: Vec::new(),
                account_events: Vec::new(),
            }));
        }
        left_out
    }
}

/// A new connection; a database that is about to be back is waited for.
async fn connected(options: &PgConnectOptions, doubt: &Doubt) -> Result<Sound, DbErr> {
    let connect = || async {
        let connecting = tokio::time::timeout(CONNECT_TIMEOUT, PgConnection::connect_with(options));
        connecting
            .await
            .unwrap_or(Err(sqlx::Error::PoolTimedOut))
            .map_err(db)
    };
    let connection = doubt.repeated(connect).await?;
    Ok(Sound {
        connection,
        at: Instant::now(),
    })
}

/// What to do after a failed attempt.
#[derive(Debug, PartialEq, Eq)]
enum Next {
    Again,
    Halves,
    GiveUp,
}

fn after(error: &DbErr, jobs: usize, attempt: u8) -> Next {
    match failure(error) {
        // Safe to repeat whatever became of it, for each send has its id; but only once, and not when
        // somebody was waited for in vain.
        Failure::Away if attempt == 0 && !waited_in_vain(error) => Next::Again,
        Failure::Taken | Failure::Refused if jobs > 1 => Next::Halves,
        Failure::Raced | Failure::Taken if attempt == 0 => Next::Again,
        Failure::Away | Failure::Raced | Failure::Taken | Failure::Refused => Next::GiveUp,
    }
}

/// Whether the database itself ended the wait: for a lock, a statement, a free connection.
fn waited_in_vain(error: &DbErr) -> bool {
    use sea_orm::RuntimeErr::SqlxError;
    let (DbErr::Query(SqlxError(inner)) | DbErr::Exec(SqlxError(inner))) = error else {
        return false;
    };
    match inner.as_ref() {
        sqlx::Error::PoolTimedOut => true,
        sqlx::Error::Database(refusal) => {
            matches!(
                refusal.code().as_deref(),
                Some("55P03" | "57014" | "5" | "261" | "517")
            )
        }
        _ => false,
    }
}

fn give_up(jobs: Vec<Job>, error: &DbErr) {
    let kind = failure(error);
    tracing::warn!(send.count = jobs.len(), %error, ?kind, "sends were not committed");
    metrics::counter!("confab_send_batches_failed_total").increment(1);
    for job in jobs {
        let answer = match kind {
            Failure::Away | Failure::Raced if waited_in_vain(error) => {
                Error::Unavailable("the room is busy", None)
            }
            Failure::Away | Failure::Raced => Error::Unavailable("the store does not answer", None),
            Failure::Taken | Failure::Refused => Error::Internal("the store refused this message", None),
        };
        let _ = job.reply.send(Err(answer));
    }
}
