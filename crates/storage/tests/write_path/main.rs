//! The contract of the write path: every case runs on SQLite and on PostgreSQL.
#![expect(clippy::unwrap_used, reason = "tests")]

mod changes;
mod faults;
mod moderation;
mod outbox;
mod races;
mod reactions;
mod sends;
mod world;
