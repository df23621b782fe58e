//! Log reads of joining sessions, shared: what asks while a query runs goes together into the next one.

use std::sync::Arc;

use confab_domain::ports::{LogPage, LogRequest};
use confab_domain::{Error, Result};
use parking_lot::Mutex;
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::time::timeout;

use crate::measures;
use crate::shared::{STORE_TIMEOUT, Shared};

/// Sessions that wait for their turn; above this they are told to come back.
const WAITING_MAX: usize = 4_096;
/// Requests in one query, unless a single session asks for more.
const REQUESTS_AT_ONCE: usize = 256;
/// Events in one query, unless a single session asks for more.
const EVENTS_AT_ONCE: usize = 2_000;
/// Queries at once.
const QUERIES_AT_ONCE: usize = 3;

struct Asked {
    requests: Vec<LogRequest>,
    answer: oneshot::Sender<Result<Vec<LogPage>>>,
}

/// Where log reads are gathered.
pub(crate) struct Replays {
    sender: mpsc::Sender<Asked>,
    receiver: Mutex<Option<mpsc::Receiver<Asked>>>,
}

impl Default for Replays {
    fn default() -> Self {
        let (sender, receiver) = mpsc::channel(WAITING_MAX);
        Self {
            sender,
            receiver: Mutex::new(Some(receiver)),
        }
    }
}

const AWAY: Error = Error::Unavailable("the log cannot be read now", None);

impl Replays {
    /// Reads runs of logs, in the order asked.
    pub(crate) async fn read(&self, requests: Vec<LogRequest>) -> Result<Vec<LogPage>> {
        let (answer, answered) = oneshot::channel();
        self.sender
            .try_send(Asked { requests, answer })
            .map_err(|_| AWAY)?;
        answered.await.unwrap_or(Err(AWAY))
    }

    /// Gathers and asks for as long as the gateway runs.
    pub(crate) async fn run(&self, shared: &Arc<Shared>) {
        let Some(mut receiver) = self.receiver.lock().take() else {
            return;
        };
        let permits = Arc::new(Semaphore::new(QUERIES_AT_ONCE));
        let mut waiting: Option<Asked> = None;
        loop {
            let first = match waiting.take() {
                Some(first) => first,
                None => match receiver.recv().await {
                    Some(first) => first,
                    None => return,
                },
            };
            // While all queries are busy, more sessions gather behind this one.
            let Ok(permit) = permits.clone().acquire_owned().await else {
                return;
            };
            let (mut requests, mut events) = (first.requests.len(), cost(&first));
            let mut lot = vec![first];
            while let Ok(next) = receiver.try_recv() {
                requests += next.requests.len();
                events += cost(&next);
                if requests > REQUESTS_AT_ONCE || events > EVENTS_AT_ONCE {
                    waiting = Some(next);
                    break;
                }
                lot.push(next);
            }
            let shared = shared.clone();
            tokio::spawn(async move {
                answer_all(&shared, lot).await;
                drop(permit);
            });
        }
    }
}

fn cost(asked: &Asked) -> usize {
    asked.requests.iter().map(|request| request.limit).sum()
}

async fn answer_all(shared: &Shared, lot: Vec<Asked>) {
    let requests: Vec<LogRequest> = lot
        .iter()
        .flat_map(|asked| asked.requests.iter().copied())
        .collect();
    measures::replay_query(requests.len() as u64);
    let read = timeout(STORE_TIMEOUT, shared.ports.room_reads.log(&requests))
        .await
        .unwrap_or(Err(AWAY));
    match read {
        Ok(pages) => {
            let mut pages = pages.into_iter();
            for asked in lot {
                let own: Vec<LogPage> = pages.by_ref().take(asked.requests.len()).collect();
                let is_whole = own.len() == asked.requests.len();
                // Whoever asked may be gone: nothing is lost then.
                let _ = asked.answer.send(if is_whole { Ok(own) } else { Err(AWAY) });
            }
        }
        Err(error) => {
            tracing::warn!(%error, requests = requests.len(), "logs could not be read for joining sessions");
            for asked in lot {
                let _ = asked.answer.send(Err(AWAY));
            }
        }
    }
}
