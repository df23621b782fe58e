#![doc = include_str!("../README.md")]

mod m20261121_000001_foundation;
mod m20261121_000002_trace_of_events;
mod m20261121_000003_conversations;
mod m20261121_000004_files;
mod m20261121_000005_search;
mod m20261121_000006_api_keys;
mod m20261121_000008_archived_conversations;
mod m20261121_000009_moderation;
mod m20261121_000010_ended_things;
mod m20261121_000011_marked_unread;
mod m20261121_000012_avatars;
mod m20261121_000013_lists;
mod m20261121_000014_posting;

use std::time::Duration;

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbBackend, Statement,
};

/// What every node asks PostgreSQL for before it touches the schema ("confab" in ASCII).
const ADVISORY_LOCK: i64 = 0x636f_6e66_6162;
/// How long to wait for another node that migrates.
const LOCK_WAIT_MS: u32 = 120_000;
/// How long one attempt to reach the database may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Why the schema could not be brought up to date, or read.
#[derive(Debug)]
pub enum MigrationError {
    /// The address is neither `postgres://…` nor `sqlite:…`.
    UnknownDatabase,
    /// The schema is newer than this binary, and yet lacks steps this binary knows: two lines of
    /// development met. Names the unknown steps.
    Diverged(Vec<String>),
    /// The database refused, or is away.
    Database(Box<dyn std::error::Error + Send + Sync>),
}

impl std::fmt::Display for MigrationError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::UnknownDatabase => {
                f.write_str("the database address must begin with postgres:// or sqlite:")
            }
            Self::Diverged(steps) => {
                write!(
                    f,
                    "the schema has steps this version does not know: {}",
                    steps.join(", ")
                )
            }
            Self::Database(source) => write!(f, "the database refused the migration: {source}"),
        }
    }
}

impl std::error::Error for MigrationError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Database(source) => Some(source.as_ref()),
            Self::UnknownDatabase | Self::Diverged(_) => None,
        }
    }
}

impl From<DbErr> for MigrationError {
    fn from(error: DbErr) -> Self {
        Self::Database(Box::new(error))
    }
}

/// One step of the schema, and whether this database has taken it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Its name; steps are taken in the order of their names.
    pub name: String,
    /// Whether the database has taken it.
    pub is_applied: bool,
}

struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20261121_000001_foundation::Migration),
            Box::new(m20261121_000002_trace_of_events::Migration),
            Box::new(m20261121_000003_conversations::Migration),
            Box::new(m20261121_000004_files::Migration),
            Box::new(m20261121_000005_search::Migration),
            Box::new(m20261121_000006_api_keys::Migration),
            Box::new(m20261121_000008_archived_conversations::Migration),
            Box::new(m20261121_000009_moderation::Migration),
            Box::new(m20261121_000010_ended_things::Migration),
            Box::new(m20261121_000011_marked_unread::Migration),
            Box::new(m20261121_000012_avatars::Migration),
            Box::new(m20261121_000013_lists::Migration),
            Box::new(m20261121_000014_posting::Migration),
        ]
    }
}

/// Brings the schema up to date: does nothing when it is, waits (at most two minutes) for another node
/// that is at it, and leaves a schema that is ahead of this binary alone (rolling upgrades).
pub async fn run(url: &str) -> Result<(), MigrationError> {
    let db = connect(url, true).await?;
    let outcome = match db.get_database_backend() {
        DbBackend::Postgres => run_postgres(&db).await,
        _ => run_sqlite(&db).await,
    };
    // Closing also frees the advisory lock or rolls back, whatever happened before.
    let closed = db.close().await;
    outcome?;
    closed?;
    Ok(())
}

/// Every step this binary knows and whether the database has taken it. Changes nothing.
pub async fn status(url: &str) -> Result<Vec<Step>, MigrationError> {
    let db = connect(url, false).await?;
    let applied = applied(&db).await;
    db.close().await?;
    let applied = applied?;
    Ok(known()
        .into_iter()
        .map(|name| Step {
            is_applied: applied.contains(&name),
            name,
        })
        .collect())
}

/// Names of the steps this database lacks; empty means ready. Changes nothing.
pub async fn pending(url: &str) -> Result<Vec<String>, MigrationError> {
    Ok(status(url)
        .await?
        .into_iter()
        .filter(|step| !step.is_applied)
        .map(|step| step.name)
        .collect())
}

fn known() -> Vec<String> {
    Migrator::migrations()
        .iter()
        .map(|migration| migration.name().to_owned())
        .collect()
}

async fn run_postgres(db: &DatabaseConnection) -> Result<(), MigrationError> {
    // A session lock, held by the only connection of this pool until it closes.
    db.execute_unprepared(&format!("SET lock_timeout = {LOCK_WAIT_MS}"))
        .await?;
    db.execute_unprepared(&format!("SELECT pg_advisory_lock({ADVISORY_LOCK})"))
        .await?;
    // Whoever alters a live table waits for it only briefly, or every reader would queue behind.
    db.execute_unprepared("SET lock_timeout = 5000").await?;
    if is_needed(db).await? {
        Migrator::up(db, None).await?;
        analyze_postgres(db).await?;
    }
    Ok(())
}

/// Fresh statistics for the tables that hold anything. An empty table is left out on purpose: once told
/// that it has no rows, PostgreSQL plans scans of the whole of it and keeps such plans while it fills.
async fn analyze_postgres(db: &DatabaseConnection) -> Result<(), MigrationError> {
    let tables = "SELECT format('%I.%I', schemaname, relname) AS name FROM pg_stat_user_tables \
                  WHERE schemaname = current_schema() AND pg_relation_size(relid) > 0";
    let rows = db
        .query_all_raw(Statement::from_string(DbBackend::Postgres, tables))
        .await?;
    for row in rows {
        let name: String = row.try_get("", "name")?;
        db.execute_unprepared(&format!("ANALYZE {name}")).await?;
    }
    Ok(())
}

async fn run_sqlite(db: &DatabaseConnection) -> Result<(), MigrationError> {
    // One transaction around all steps, on the only connection of this pool: others wait at its door.
    db.execute_unprepared("BEGIN IMMEDIATE").await?;
    let outcome = async {
        if is_needed(db).await? {
            Migrator::up(db, None).await?;
        }
        Ok(())
    }
    .await;
    let end = if outcome.is_ok() { "COMMIT" } else { "ROLLBACK" };
    db.execute_unprepared(end).await?;
    if outcome.is_ok() {
        db.execute_unprepared("PRAGMA optimize").await?;
    }
    outcome
}

async fn is_needed(db: &DatabaseConnection) -> Result<bool, MigrationError> {
    let applied = applied(db).await?;
    let known = known();
    let is_complete = known.iter().all(|name| applied.contains(name));
    let unknown: Vec<String> = applied.into_iter().filter(|name| !known.contains(name)).collect();
    match (is_complete, unknown.is_empty()) {
        (true, true) => Ok(false),
        (true, false) => {
            tracing::info!(steps = ?unknown, "the schema is newer than this binary");
            Ok(false)
        }
        (false, true) => Ok(true),
        (false, false) => Err(MigrationError::Diverged(unknown)),
    }
}

async fn applied(db: &DatabaseConnection) -> Result<Vec<String>, MigrationError> {
    let backend = db.get_database_backend();
    let table = match backend {
        DbBackend::Postgres => {
            "SELECT 1 AS found FROM pg_tables \
             WHERE schemaname = current_schema() AND tablename = 'seaql_migrations'"
        }
        _ => "SELECT 1 AS found FROM sqlite_master WHERE type = 'table' AND name = 'seaql_migrations'",
    };
    if db
        .query_one_raw(Statement::from_string(backend, table))
        .await?
        .is_none()
    {
        return Ok(Vec::new());
    }
    let versions = "SELECT version FROM seaql_migrations ORDER BY version";
    let rows = db
        .query_all_raw(Statement::from_string(backend, versions))
        .await?;
    Ok(rows
        .iter()
        .map(|row| row.try_get("", "version"))
        .collect::<Result<_, DbErr>>()?)
}

async fn connect(url: &str, creates: bool) -> Result<DatabaseConnection, MigrationError> {
    let is_sqlite = url.starts_with("sqlite:");
    if !is_sqlite && !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
        return Err(MigrationError::UnknownDatabase);
    }
    let mut options = ConnectOptions::new(url);
    // One connection: locks and transactions belong to it.
    options
        .max_connections(1)
        .min_connections(0)
        .connect_timeout(CONNECT_TIMEOUT)
        .acquire_timeout(CONNECT_TIMEOUT)
        .test_before_acquire(false)
        .sqlx_logging(false)
        .set_application_name("confab-migration");
    if is_sqlite {
        let wait = Duration::from_millis(u64::from(LOCK_WAIT_MS));
        options.map_sqlx_sqlite_opts(move |sqlite| sqlite.create_if_missing(creates).busy_timeout(wait));
    }
    Ok(Database::connect(options).await?)
}
