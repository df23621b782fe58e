//! From what a database says to the few kinds of failure that the domain knows.

use confab_domain::Error;
use sea_orm::{DbErr, RuntimeErr};

/// What a failure allows to be done next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The database or the way to it is away, or something there is held too long.
    Away,
    /// Two transactions got in each other's way: the same again may well succeed.
    Raced,
    /// A unique key is taken.
    Taken,
    /// The data or the statement are refused: the same again fails again.
    Refused,
}

/// What kind of failure an error of sea-orm is.
pub(crate) fn failure(error: &DbErr) -> Failure {
    match error {
        DbErr::ConnectionAcquire(_) | DbErr::Conn(_) => Failure::Away,
        DbErr::Exec(RuntimeErr::SqlxError(inner)) | DbErr::Query(RuntimeErr::SqlxError(inner)) => {
            sqlx_failure(inner)
        }
        _ => Failure::Refused,
    }
}

/// What kind of failure an error of sqlx is.
pub(crate) fn sqlx_failure(error: &sqlx::Error) -> Failure {
    match error {
        sqlx::Error::Database(refusal) => {
            if refusal.is_unique_violation() {
                return Failure::Taken;
            }
            match refusal.code().as_deref() {
                // Serialisation failure, deadlock.
                Some("40001" | "40P01") => Failure::Raced,
                // SQLite: SQLITE_BUSY, SQLITE_LOCKED and their kin; SQLITE_FULL, SQLITE_IOERR. PostgreSQL: lock not
                // available, a standby that only reads, idle too long.
                Some("5" | "6" | "261" | "262" | "517" | "13" | "10" | "55P03" | "25006" | "25P03") => {
                    Failure::Away
                }
                // PostgreSQL's classes of connection, resource, operator (also timeouts) and system failures.
                Some(code)
                    if code.len() == 5
                        && ["08", "53", "57", "58"]
                            .iter()
                            .any(|class| code.starts_with(class)) =>
                {
                    Failure::Away
                }
                _ => Failure::Refused,
            }
        }
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::Protocol(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::BeginFailed
        | sqlx::Error::WorkerCrashed => Failure::Away,
        _ => Failure::Refused,
    }
}

/// An error of sea-orm as the domain's.
pub(crate) fn from_db(error: DbErr) -> Error {
    match failure(&error) {
        Failure::Away | Failure::Raced => Error::unavailable("the store does not answer", error),
        Failure::Taken | Failure::Refused => Error::internal("the store refused", error),
    }
}
