//! The cache of standings: a second, batched, one read at a time.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use confab_cache::{CachedStandings, StandingsSettings};
use confab_domain::ports::{AccountState, SessionState, Standings};
use confab_domain::{Clock, Error, Result, SessionId, Timestamp, UserId, UserRole};
use parking_lot::Mutex;
use tokio::sync::Semaphore;

use crate::TestClock;

/// A store whose reads can be counted, held up, and made to fail.
struct Store {
    live: Mutex<Vec<SessionId>>,
    open: Mutex<Vec<UserId>>,
    reads: Mutex<Vec<usize>>,
    gate: Semaphore,
    is_failing: Mutex<bool>,
}

impl Store {
    async fn read(&self, count: usize) -> Result<()> {
        self.reads.lock().push(count);
        self.gate.acquire().await.unwrap().forget();
        if *self.is_failing.lock() {
            return Err(Error::Unavailable("the store is away", None));
        }
        Ok(())
    }
}

#[async_trait]
impl Standings for Store {
    async fn session_states(&self, ids: &[SessionId], _now: Timestamp) -> Result<Vec<SessionState>> {
        self.read(ids.len()).await?;
        let live = self.live.lock();
        Ok(ids
            .iter()
            .map(|id| SessionState {
                session_id: *id,
                is_live: live.contains(id),
            })
            .collect())
    }

    async fn account_states(&self, ids: &[UserId]) -> Result<Vec<AccountState>> {
        self.read(ids.len()).await?;
        let open = self.open.lock();
        let known = ids.iter().filter(|id| open.contains(id));
        Ok(known
            .map(|id| AccountState {
                user_id: *id,
                role: UserRole::User,
                is_open: true,
                shares_read_marks: true,
            })
            .collect())
    }
}

fn set_up() -> (Arc<Store>, Arc<TestClock>, Arc<CachedStandings>) {
    let store = Arc::new(Store {
        live: Mutex::default(),
        open: Mutex::default(),
        reads: Mutex::default(),
        gate: Semaphore::new(1_000),
        is_failing: Mutex::new(false),
    });
    let clock = Arc::new(TestClock::new());
    let cached = CachedStandings::new(
        Arc::clone(&store) as Arc<dyn Standings>,
        Arc::clone(&clock) as Arc<dyn Clock>,
        &StandingsSettings::default(),
    );
    (store, clock, Arc::new(cached))
}

#[tokio::test]
async fn an_answer_is_at_most_a_second_old() {
    let (store, clock, cached) = set_up();
    let id = SessionId::mint(clock.now());
    let is_live = async || cached.session_states(&[id], clock.now()).await.unwrap()[0].is_live;
    store.live.lock().push(id);
    assert!(is_live().await);
    store.live.lock().clear();
    clock.advance(Duration::from_millis(999));
    assert!(is_live().await, "from the cache");
    clock.advance(Duration::from_millis(1));
    assert!(!is_live().await, "read anew");
    assert_eq!(*store.reads.lock(), [1, 1]);
}

#[tokio::test]
async fn what_this_process_did_to_an_account_holds_at_once() {
    let (store, clock, cached) = set_up();
    let ann = UserId::mint(clock.now());
    let is_known = async || !cached.account_states(&[ann]).await.unwrap().is_empty();
    store.open.lock().push(ann);
    assert!(is_known().await);
    store.open.lock().clear();
    assert!(is_known().await, "from the cache");
    cached.forget(ann);
    assert!(!is_known().await, "read anew");
}

#[tokio::test]
async fn unknown_accounts_are_left_out_and_remembered() {
    let (store, clock, cached) = set_up();
    let (ann, nobody) = (UserId::mint(clock.now()), UserId::mint(clock.now()));
    store.open.lock().push(ann);
    for _ in 0..2 {
        let states = cached.account_states(&[nobody, ann]).await.unwrap();
        assert_eq!(
            states,
            [AccountState {
                user_id: ann,
                role: UserRole::User,
                is_open: true,
                shares_read_marks: true,
            }]
        );
    }
    assert_eq!(*store.reads.lock(), [2]);
}

#[tokio::test]
async fn a_storm_costs_two_reads() {
    let (store, clock, cached) = set_up();
    store.gate.forget_permits(1_000);
    let ids: Vec<SessionId> = (0..100).map(|_| SessionId::mint(clock.now())).collect();
    store.live.lock().extend(&ids);
    let ask = |id: SessionId| {
        let (cached, now) = (Arc::clone(&cached), clock.now());
        tokio::spawn(async move { cached.session_states(&[id], now).await.unwrap()[0].is_live })
    };
    let first = ask(ids[0]);
    confab_testkit::wait_until("the first read begins", crate::PATIENCE, async || {
        store.reads.lock().len() == 1
    })
    .await;
    let rest: Vec<_> = ids.iter().cycle().skip(1).take(500).map(|id| ask(*id)).collect();
    // All have asked, and wait behind the first.
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    store.gate.add_permits(2);
    assert!(first.await.unwrap());
    for answer in rest {
        assert!(answer.await.unwrap());
    }
    assert_eq!(store.reads.lock().len(), 2, "{:?}", store.reads.lock());
}

#[tokio::test]
async fn failures_are_told_and_not_kept() {
    let (store, clock, cached) = set_up();
    let id = SessionId::mint(clock.now());
    store.live.lock().push(id);
    *store.is_failing.lock() = true;
    let failed = cached.session_states(&[id], clock.now()).await;
    assert!(matches!(failed, Err(Error::Unavailable(..))), "{failed:?}");
    *store.is_failing.lock() = false;
    assert!(cached.session_states(&[id], clock.now()).await.unwrap()[0].is_live);
}
