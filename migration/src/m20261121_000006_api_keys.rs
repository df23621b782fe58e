//! The host product's keys, its own ids of people, and who logged a person in on its behalf.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[expect(
    elided_lifetimes_in_paths,
    reason = "the trait of the other crate is declared so, and must be met to the letter"
)]
#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let (time, id, bytes) = match manager.get_database_backend() {
            DbBackend::Postgres => ("timestamptz", "uuid", "bytea"),
            _ => ("integer", "blob", "blob"),
        };
        let steps = [
            // A key that was taken back stays: who had one is part of what happened.
            format!(
                "CREATE TABLE api_keys (
                    created_at {time} NOT NULL,
                    expires_at {time},
                    last_used_at {time},
                    revoked_at {time},
                    id {id} PRIMARY KEY,
                    user_id {id} NOT NULL REFERENCES users (id),
                    created_by {id},
                    secret_hash {bytes} NOT NULL UNIQUE,
                    name text NOT NULL,
                    prefix text NOT NULL,
                    scopes text NOT NULL
                )"
            ),
            "CREATE INDEX api_keys_by_user ON api_keys (user_id)".to_owned(),
            "ALTER TABLE users ADD COLUMN external_id text".to_owned(),
            "CREATE UNIQUE INDEX users_by_external_id ON users (external_id) WHERE external_id IS NOT NULL"
                .to_owned(),
            // No reference: the login is told apart by it, and outlives nothing.
            format!("ALTER TABLE sessions ADD COLUMN issued_by {id}"),
        ];
        for step in steps {
            manager.get_connection().execute_unprepared(&step).await?;
        }
        Ok(())
    }

    async fn down(&self, _manager: &SchemaManager) -> Result<(), DbErr> {
        Err(DbErr::Migration("migrations only go forward".to_owned()))
    }
}
