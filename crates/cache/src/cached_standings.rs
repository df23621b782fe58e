//! Standings of sessions and accounts, at most a second old, read in batches.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;
use std::sync::Arc;

use async_trait::async_trait;
use confab_domain::ports::{AccountState, SessionState, Standings};
use confab_domain::{Clock, Error, Result, SessionId, Timestamp, UserId};
use futures_util::future::BoxFuture;
use parking_lot::Mutex;
use tokio::sync::watch;

use crate::generations::Generations;
use crate::measures;
use crate::settings::StandingsSettings;
use crate::single_flight::again;

/// Standings behind a cache of a second, for checks on each request. Nothing is invalidated but what this
/// process did to an account itself, and so nobody who acts on a control message may ask here: they ask the store.
///
/// Whatever is asked for while a read is under way makes up the next one: each id is in one read at a time,
/// and a storm of requests costs two.
pub struct CachedStandings {
    clock: Arc<dyn Clock>,
    sessions: Arc<Desk<SessionId, SessionState>>,
    accounts: Arc<Desk<UserId, Option<AccountState>>>,
}

impl CachedStandings {
    /// Puts a cache before a store.
    pub fn new(store: Arc<dyn Standings>, clock: Arc<dyn Clock>, settings: &StandingsSettings) -> Self {
        let read_sessions: Read<SessionId, SessionState> = {
            let store = Arc::clone(&store);
            Box::new(move |ids, now| {
                let store = Arc::clone(&store);
                Box::pin(async move {
                    let states = store.session_states(&ids, now).await?;
                    Ok(states
                        .into_iter()
                        .map(|state| (state.session_id, state))
                        .collect())
                })
            })
        };
        let read_accounts: Read<UserId, Option<AccountState>> = Box::new(move |ids, _| {
            let store = Arc::clone(&store);
            Box::pin(async move {
                let states = store.account_states(&ids).await?;
                // That there is no such account is an answer, too.
                let mut found: HashMap<_, _> = ids.into_iter().map(|id| (id, None)).collect();
                found.extend(states.into_iter().map(|state| (state.user_id, Some(state))));
                Ok(found)
            })
        });
        Self {
            sessions: Arc::new(Desk::new(read_sessions, Arc::clone(&clock), settings)),
            accounts: Arc::new(Desk::new(read_accounts, Arc::clone(&clock), settings)),
            clock,
        }
    }
}

#[async_trait]
impl Standings for CachedStandings {
    async fn session_states(&self, session_ids: &[SessionId], now: Timestamp) -> Result<Vec<SessionState>> {
        let found = Desk::get(&self.sessions, session_ids, now).await?;
        let unknown = |session_id| SessionState {
            session_id,
            is_live: false,
        };
        Ok(session_ids
            .iter()
            .map(|id| found.get(id).copied().unwrap_or_else(|| unknown(*id)))
            .collect())
    }

    async fn account_states(&self, user_ids: &[UserId]) -> Result<Vec<AccountState>> {
        let found = Desk::get(&self.accounts, user_ids, self.clock.now()).await?;
        Ok(user_ids
            .iter()
            .filter_map(|id| found.get(id).copied().flatten())
            .collect())
    }

    fn forget(&self, user_id: UserId) {
        self.accounts.state.lock().known.remove(&user_id);
    }
}

type Read<K, V> = Box<dyn Fn(Vec<K>, Timestamp) -> BoxFuture<'static, Result<HashMap<K, V>>> + Send + Sync>;
type Answer<K, V> = Option<std::result::Result<Arc<HashMap<K, V>>, Arc<Error>>>;

type Coming<K, V> = watch::Receiver<Answer<K, V>>;

/// Answers by id, from what is known or with the next read.
struct Desk<K, V> {
    read: Read<K, V>,
    clock: Arc<dyn Clock>,
    age_max: std::time::Duration,
    batch_max: usize,
    state: Mutex<DeskState<K, V>>,
}

struct DeskState<K, V> {
    known: Generations<K, Known<V>>,
    /// What the next read will ask for.
    next: Option<Round<K, V>>,
    is_reading: bool,
}

struct Known<V> {
    value: V,
    /// Before it was asked for.
    read_at: Timestamp,
}

struct Round<K, V> {
    ids: HashSet<K>,
    now: Timestamp,
    answer: watch::Sender<Answer<K, V>>,
}

impl<K, V> Desk<K, V>
where
    K: Copy + Eq + Hash + Send + Sync + 'static,
    V: Copy + Send + Sync + 'static,
{
    fn new(read: Read<K, V>, clock: Arc<dyn Clock>, settings: &StandingsSettings) -> Self {
        Self {
            read,
            clock,
            age_max: settings.age_max,
            batch_max: settings.batch_max.max(1),
            state: Mutex::new(DeskState {
                known: Generations::new(settings.entries_max, settings.age_max * 10),
                next: None,
                is_reading: false,
            }),
        }
    }

    async fn get(this: &Arc<Self>, ids: &[K], now: Timestamp) -> Result<HashMap<K, V>> {
        let (mut found, answer) = this.look(ids, now);
        measures::cache_reads("standing", true, found.len());
        let Some(mut answer) = answer else {
            return Ok(found);
        };
        measures::cache_reads("standing", false, ids.len() - found.len().min(ids.len()));
        match answer.wait_for(Option::is_some).await.as_deref() {
            Ok(Some(Ok(read))) => {
                for id in ids {
                    if let Some(value) = read.get(id) {
                        found.insert(*id, *value);
                    }
                }
                Ok(found)
            }
            Ok(Some(Err(error))) => Err(again(error)),
            Ok(None) | Err(_) => Err(Error::Internal(
                "a read of standings ended without an answer",
                None,
            )),
        }
    }

    /// What is known, and where the answer for the rest will come.
    fn look(self: &Arc<Self>, ids: &[K], now: Timestamp) -> (HashMap<K, V>, Option<Coming<K, V>>) {
        let at = self.clock.now();
        let mut state = self.state.lock();
        let mut found = HashMap::with_capacity(ids.len());
        let mut missing = Vec::new();
        for id in ids {
            match state.known.get_mut(id, at) {
                // Not from the future either: the clock may have been put back.
                Some(known) if at >= known.read_at && at.since(known.read_at) < self.age_max => {
                    found.insert(*id, known.value);
                }
                _ => missing.push(*id),
            }
        }
        if missing.is_empty() {
            return (found, None);
        }
        let round = state.next.get_or_insert_with(|| Round {
            ids: HashSet::new(),
            now,
            answer: watch::Sender::new(None),
        });
        round.ids.extend(missing);
        round.now = round.now.max(now);
        let answer = round.answer.subscribe();
        if !state.is_reading {
            state.is_reading = true;
            tokio::spawn(Reading(Arc::clone(self)).run());
        }
        (found, Some(answer))
    }

    async fn read_round(&self, ids: Vec<K>, now: Timestamp) -> Result<HashMap<K, V>> {
        let mut all = HashMap::with_capacity(ids.len());
        for some in ids.chunks(self.batch_max) {
            let read_at = self.clock.now();
            let read = (self.read)(some.to_vec(), now).await?;
            let mut state = self.state.lock();
            for (id, value) in &read {
                state.known.insert(
                    *id,
                    Known {
                        value: *value,
                        read_at,
                    },
                    read_at,
                );
            }
            drop(state);
            all.extend(read);
        }
        Ok(all)
    }
}

/// Reads round after round until nobody waits.
struct Reading<K, V>(Arc<Desk<K, V>>);

impl<K, V> Reading<K, V>
where
    K: Copy + Eq + Hash + Send + Sync + 'static,
    V: Copy + Send + Sync + 'static,
{
    async fn run(self) {
        while let Some(round) = self.next() {
            let ids = round.ids.into_iter().collect();
            let read = self.0.read_round(ids, round.now).await;
            round
                .answer
                .send_replace(Some(read.map(Arc::new).map_err(Arc::new)));
        }
    }

    fn next(&self) -> Option<Round<K, V>> {
        let mut state = self.0.state.lock();
        let next = state.next.take();
        state.is_reading = next.is_some();
        next
    }
}

/// Also after a panic of the store: whoever waits is refused, and the next one begins anew.
impl<K, V> Drop for Reading<K, V> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let mut state = self.0.state.lock();
            state.is_reading = false;
            state.next = None;
        }
    }
}
