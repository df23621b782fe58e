//! The contract of the write path: every case runs on SQLite and on PostgreSQL.
#![expect(clippy::unwrap_used, reason = "tests")]

mod changes;
mod conversation_races;
mod faults;
mod invitations;
mod moderation;
mod notices;
mod outbox;
mod purge;
mod races;
mod reactions;
mod sends;
mod world;
