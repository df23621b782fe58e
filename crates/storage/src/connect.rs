//! The way to the database: pools, their limits, and the [`Store`] that everything else hangs on.

use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use confab_domain::ports::{CommittedBatch, CommittedBatches};
use confab_domain::{Clock, Error, Result, RoomId};
use sea_orm::{
    DatabaseConnection, DatabaseTransaction, DbErr, SqliteTransactionMode, TransactionOptions,
    TransactionTrait,
};
use sqlx::ConnectOptions;
use sqlx::pool::PoolOptions;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqliteSynchronous};
use tokio::sync::Semaphore;
use tokio::time::Instant;

use crate::dialect::{Dialect, Runner};
use crate::doubt::Doubt;
use crate::error::from_db;
use crate::lanes::{LaneSettings, Lanes};
use crate::outbox::MovedHeads;

/// How long one connection of a lane may take to be made.
pub(crate) const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// How long to wait for a free connection before the answer is `unavailable`.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(2);
/// A connection idle for longer is tried before it is used: the database may have been restarted. One that was
/// idle when another broke is tried in any case.
const TRUSTED_IDLE: Duration = Duration::from_secs(1);
/// How long an idle connection may take to answer before another is made in its place.
const PING_TIMEOUT: Duration = Duration::from_millis(500);
/// How long SQLite waits for another process (a backup, an operator's tool) that writes.
const SQLITE_BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// Readers of SQLite beside its one writer.
const SQLITE_READERS: u32 = 4;
/// Searches at once, so that they leave connections for everything else. More wait for their turn.
const POSTGRES_SEARCHES: usize = 4;
/// Half of the readers.
const SQLITE_SEARCHES: usize = 2;
/// Bounds one operation from outside, should the way to the database swallow everything without a word.
/// Above every timeout that the database itself keeps.
pub(crate) const OPERATION_TIMEOUT: Duration = Duration::from_secs(8);
/// Turns at rooms' locks; rooms share them by their ids.
const TURNS: usize = 64;

/// Kept by PostgreSQL for each of our connections, in milliseconds; and how it plans for us. All our
/// statements touch few rows by an index. Planned while a table was new and small, a scan of the whole table
/// would be kept long after it has grown.
const POSTGRES_OPTIONS: [(&str, &str); 9] = [
    ("lock_timeout", "1000"),
    ("statement_timeout", "5000"),
    ("idle_in_transaction_session_timeout", "3000"),
    ("tcp_user_timeout", "10000"),
    ("jit", "off"),
    ("enable_seqscan", "off"),
    ("enable_hashjoin", "off"),
    ("enable_mergejoin", "off"),
    ("enable_material", "off"),
];

/// How to reach and use the database.
#[derive(Clone)]
pub struct StoreSettings {
    /// `postgres://…` (a Unix socket by `?host=/folder` where there is one: sqlx does not set TCP_NODELAY)
    /// or `sqlite://path?mode=rwc`.
    pub url: String,
    /// Most connections to PostgreSQL, besides one per lane. SQLite has one writer and four readers.
    pub connections_max: u32,
    /// How sends are grouped.
    pub lanes: LaneSettings,
}

impl StoreSettings {
    /// The defaults for a database.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            connections_max: 12,
            lanes: LaneSettings::default(),
        }
    }
}

impl std::fmt::Debug for StoreSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Not the address: it may bear a password.
        f.debug_struct("StoreSettings")
            .field("connections_max", &self.connections_max)
            .field("lanes", &self.lanes)
            .finish_non_exhaustive()
    }
}

/// The archive. Cheap to clone; implements every store port of the domain.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    dialect: Dialect,
    reader: DatabaseConnection,
    writer: DatabaseConnection,
    clock: Arc<dyn Clock>,
    committed: Arc<dyn CommittedBatches>,
    lanes: Lanes,
    moved_heads: MovedHeads,
    doubt: Arc<Doubt>,
    turns: Vec<tokio::sync::Mutex<()>>,
    searches: Semaphore,
}

/// Where a lane gets its connections from.
#[derive(Clone)]
pub(crate) enum LaneSource {
    /// Each lane has one of its own.
    Postgres(Box<PgConnectOptions>),
    /// The one writer.
    Sqlite(SqlitePool),
}

impl Store {
    /// Connects, and starts the lanes. The schema must be up to date (`confab_migration::run`).
    ///
    /// `Invalid` names `DATABASE_URL` when the address cannot be read; `Unavailable` when nobody answers.
    pub async fn connect(
        settings: StoreSettings,
        clock: Arc<dyn Clock>,
        committed: Arc<dyn CommittedBatches>,
    ) -> Result<Self> {
        let bad_url = |reason: &str| Error::invalid("DATABASE_URL", reason);
        let dialect = Dialect::of_url(&settings.url)
            .ok_or_else(|| bad_url("must begin with postgres:// or sqlite:"))?;
        let doubt = Arc::new(Doubt::default());
        let (reader, writer, source) = match dialect {
            Dialect::Postgres => {
                let options = PgConnectOptions::from_str(&settings.url)
                    .map_err(|_| bad_url("is not an address that PostgreSQL understands"))?;
                let options = postgres_options(options);
                let pool = postgres_pool(&options, settings.connections_max, &doubt).await?;
                // The statements of a lane have one good plan each, whatever the statistics say.
                let options = options.options([("plan_cache_mode", "force_generic_plan")]);
                (
                    pool.clone().into(),
                    pool.into(),
                    LaneSource::Postgres(Box::new(options)),
                )
            }
            Dialect::Sqlite => {
                let options = SqliteConnectOptions::from_str(&settings.url)
                    .map_err(|_| bad_url("is not an address that SQLite understands"))?;
                let (reader, writer) = sqlite_pools(options).await?;
                (reader.into(), writer.clone().into(), LaneSource::Sqlite(writer))
            }
        };
        let lanes = Lanes::start(&settings.lanes, &source, &clock, &committed, &doubt);
        Ok(Self {
            inner: Arc::new(Inner {
                dialect,
                reader,
                writer,
                clock,
                committed,
                lanes,
                moved_heads: MovedHeads::default(),
                doubt,
                turns: (0..TURNS).map(|_| tokio::sync::Mutex::default()).collect(),
                searches: Semaphore::new(match dialect {
                    Dialect::Postgres => POSTGRES_SEARCHES,
                    Dialect::Sqlite => SQLITE_SEARCHES,
                }),
            }),
        })
    }

    /// Lets the lanes finish what they have, then closes all connections.
    pub async fn close(&self) {
        self.inner.lanes.close().await;
        // Whatever is still open is rolled back by the database; there is nobody left to tell.
        let _ = self.inner.reader.clone().close().await;
        let _ = self.inner.writer.clone().close().await;
    }

    /// Statements so far, but for those of the send lanes and of transactions' ends. For tests that hold a
    /// list to one statement a page.
    pub fn statement_count(&self) -> u64 {
        self.inner.doubt.counted()
    }

    pub(crate) fn dialect(&self) -> Dialect {
        self.inner.dialect
    }

    pub(crate) fn clock(&self) -> &dyn Clock {
        self.inner.clock.as_ref()
    }

    /// The turn of those who change a room here: one at a time holds a connection while it waits for the room's
    /// lock. Else a room in which fifty people react at once would keep every connection from the other rooms.
    pub(crate) fn turn(&self, room_id: RoomId) -> &tokio::sync::Mutex<()> {
        &self.inner.turns[usize::from(room_id.0.as_bytes()[15]) % TURNS]
    }

    pub(crate) fn lanes(&self) -> &Lanes {
        &self.inner.lanes
    }

    pub(crate) fn moved_heads(&self) -> &MovedHeads {
        &self.inner.moved_heads
    }

    /// Turns for searches.
    pub(crate) fn searches(&self) -> &Semaphore {
        &self.inner.searches
    }

    pub(crate) fn doubt(&self) -> &Doubt {
        &self.inner.doubt
    }

    /// Runs single reads, each in its own snapshot, and again when a connection breaks.
    pub(crate) fn reader(&self) -> Runner<'_, DatabaseConnection> {
        Runner {
            dialect: self.inner.dialect,
            on: &self.inner.reader,
            doubt: &self.inner.doubt,
            repeats: true,
        }
    }

    /// Runs single writes, each its own transaction.
    pub(crate) fn writer(&self) -> Runner<'_, DatabaseConnection> {
        Runner {
            dialect: self.inner.dialect,
            on: &self.inner.writer,
            doubt: &self.inner.doubt,
            repeats: false,
        }
    }

    /// Opens a transaction that writes. Dropped without [`DatabaseTransaction::commit`] it is rolled back.
    pub(crate) async fn begin(&self) -> std::result::Result<DatabaseTransaction, DbErr> {
        let options = TransactionOptions {
            // A transaction that reads first and then writes could not wait for another one: it must begin
            // as a writer.
            sqlite_transaction_mode: (self.inner.dialect == Dialect::Sqlite)
                .then_some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        // Nothing is lost with a transaction that has not begun.
        let begin = || self.inner.writer.begin_with_options(options);
        self.inner.doubt.repeated(begin).await
    }

    /// Opens a transaction that only reads, all of it in one snapshot.
    pub(crate) async fn begin_snapshot(&self) -> std::result::Result<DatabaseTransaction, DbErr> {
        let options = TransactionOptions {
            isolation_level: (self.inner.dialect == Dialect::Postgres)
                .then_some(sea_orm::IsolationLevel::RepeatableRead),
            ..TransactionOptions::default()
        };
        let begin = || self.inner.reader.begin_with_options(options);
        self.inner.doubt.repeated(begin).await
    }

    /// Runs statements in a transaction.
    pub(crate) fn within<'a>(
        &'a self,
        transaction: &'a DatabaseTransaction,
    ) -> Runner<'a, DatabaseTransaction> {
        Runner {
            dialect: self.inner.dialect,
            on: transaction,
            doubt: &self.inner.doubt,
            repeats: false,
        }
    }

    /// Hands on what a transaction has committed. To be called after its commit and its answer are certain.
    pub(crate) fn announce(&self, batch: CommittedBatch) {
        self.inner.committed.committed(&Arc::new(batch));
    }
}

/// Bounds an operation on the store from outside, and gives its failures the domain's names.
pub(crate) async fn bounded<T>(operation: impl Future<Output = std::result::Result<T, DbErr>>) -> Result<T> {
    bounded_domain(async { operation.await.map_err(from_db) }).await
}

/// As [`bounded`], for an operation that has refusals of its own.
pub(crate) async fn bounded_domain<T>(operation: impl Future<Output = Result<T>>) -> Result<T> {
    match tokio::time::timeout(OPERATION_TIMEOUT, operation).await {
        Ok(outcome) => outcome,
        Err(elapsed) => Err(Error::unavailable("the store does not answer", elapsed)),
    }
}

fn postgres_options(options: PgConnectOptions) -> PgConnectOptions {
    options
        .application_name("confab")
        .options(POSTGRES_OPTIONS)
        .statement_cache_capacity(256)
        .disable_statement_logging()
}

async fn postgres_pool(
    options: &PgConnectOptions,
    connections_max: u32,
    doubt: &Arc<Doubt>,
) -> Result<PgPool> {
    let doubt = Arc::clone(doubt);
    let pool: PgPoolOptions = PoolOptions::new()
        .max_connections(connections_max)
        .min_connections(1)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .idle_timeout(Duration::from_mins(5))
        .max_lifetime(Duration::from_hours(1))
        .test_before_acquire(false)
        .before_acquire(move |connection: &mut sqlx::PgConnection, about| {
            // The pool tried it when it came back.
            let sound_at = Instant::now().checked_sub(about.idle_for);
            let is_trusted =
                about.idle_for <= TRUSTED_IDLE && sound_at.is_some_and(|moment| !doubt.is_about(moment));
            Box::pin(async move {
                if is_trusted {
                    return Ok(true);
                }
                let ping = <sqlx::PgConnection as sqlx::Connection>::ping(connection);
                Ok(matches!(
                    tokio::time::timeout(PING_TIMEOUT, ping).await,
                    Ok(Ok(()))
                ))
            })
        });
    pool.connect_with(options.clone())
        .await
        .map_err(|error| Error::unavailable("PostgreSQL does not answer", error))
}

async fn sqlite_pools(options: SqliteConnectOptions) -> Result<(SqlitePool, SqlitePool)> {
    let options = options
        .journal_mode(SqliteJournalMode::Wal)
        // Acknowledged means durable: each commit is on the disk.
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(SQLITE_BUSY_TIMEOUT)
        .foreign_keys(true)
        .statement_cache_capacity(256)
        .disable_statement_logging();
    let pool = |connections: u32| -> PoolOptions<sqlx::Sqlite> {
        PoolOptions::new()
            .max_connections(connections)
            .min_connections(1)
            .acquire_timeout(SQLITE_BUSY_TIMEOUT)
            .idle_timeout(None)
            .max_lifetime(None)
            .test_before_acquire(false)
    };
    let gone = |error| Error::unavailable("the SQLite file cannot be opened", error);
    let writer = pool(1).connect_with(options.clone()).await.map_err(gone)?;
    let reader = pool(SQLITE_READERS)
        .connect_with(options.pragma("query_only", "on"))
        .await
        .map_err(gone)?;
    Ok((reader, writer))
}
