//! When the way to the database was last seen to break: connections from before that are tried before they are
//! trusted, and what can safely be repeated is repeated for a moment.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use confab_domain::Error;
use parking_lot::Mutex;
use sea_orm::{DbErr, RuntimeErr};
use tokio::time::Instant;

/// How long after its first lost connection an operation is begun anew. A database that restarts is back
/// within it; whoever has lost it for good should hear so soon.
const PATIENCE: Duration = Duration::from_secs(1);
/// The first pause before another try; each further one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(10);
/// The longest pause before another try.
const LONGEST_PAUSE: Duration = Duration::from_millis(100);

/// Shared by all connections of a store.
#[derive(Debug, Default)]
pub(crate) struct Doubt {
    broken_at: Mutex<Option<Instant>>,
    statements: AtomicU64,
}

impl Doubt {
    /// Counts a statement on its way.
    pub(crate) fn count(&self) {
        self.statements.fetch_add(1, Ordering::Relaxed);
    }

    /// Statements so far.
    pub(crate) fn counted(&self) -> u64 {
        self.statements.load(Ordering::Relaxed)
    }

    /// Remembers this moment when the failure is that of a connection.
    pub(crate) fn note(&self, error: &DbErr) {
        if is_connection_lost(error) {
            *self.broken_at.lock() = Some(Instant::now());
        }
    }

    /// Whether a connection that was sound at that moment may have broken since.
    pub(crate) fn is_about(&self, sound_at: Instant) -> bool {
        self.broken_at
            .lock()
            .is_some_and(|broken_at| sound_at <= broken_at)
    }

    /// Does what changes nothing by being done twice, again and again for a moment while connections break.
    pub(crate) async fn repeated<T, F>(&self, operation: impl Fn() -> F) -> Result<T, DbErr>
    where
        F: Future<Output = Result<T, DbErr>>,
    {
        let mut patience = Patience::default();
        loop {
            let outcome = operation().await;
            match &outcome {
                Err(error) if is_connection_lost(error) => {
                    self.note(error);
                    if !patience.wait().await {
                        return outcome;
                    }
                }
                _ => return outcome,
            }
        }
    }
}

/// Counts the time since the first failure.
#[derive(Debug, Default)]
pub(crate) struct Patience {
    until: Option<Instant>,
    pause: Duration,
}

impl Patience {
    /// Waits before another try. False, at once, when there should be none.
    pub(crate) async fn wait(&mut self) -> bool {
        let until = *self.until.get_or_insert_with(|| Instant::now() + PATIENCE);
        if Instant::now() >= until {
            return false;
        }
        self.pause = (self.pause * 2).clamp(FIRST_PAUSE, LONGEST_PAUSE);
        tokio::time::sleep(self.pause).await;
        true
    }
}

/// Whether a connection broke, or none could be made for now. Nothing is known of what was under way on it,
/// but that it was not committed if nobody asked for that.
pub(crate) fn is_connection_lost(error: &DbErr) -> bool {
    let (DbErr::Conn(RuntimeErr::SqlxError(inner))
    | DbErr::Exec(RuntimeErr::SqlxError(inner))
    | DbErr::Query(RuntimeErr::SqlxError(inner))) = error
    else {
        return false;
    };
    match inner.as_ref() {
        sqlx::Error::Io(_) | sqlx::Error::Protocol(_) | sqlx::Error::BeginFailed => true,
        sqlx::Error::Database(refusal) => refusal.code().is_some_and(|code| {
            // PostgreSQL: the connection exceptions; ended by an operator, by a crash of a neighbour, not ready
            // yet; idle for too long in a transaction.
            code.len() == 5
                && (code.starts_with("08") || matches!(&*code, "57P01" | "57P02" | "57P03" | "25P03"))
        }),
        _ => false,
    }
}

/// As [`is_connection_lost`], of a failure that already bears the domain's name.
pub(crate) fn is_lost(error: &Error) -> bool {
    let Error::Unavailable(_, Some(source)) = error else {
        return false;
    };
    source.downcast_ref().is_some_and(is_connection_lost)
}
