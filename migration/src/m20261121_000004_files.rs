//! Files: who brought them, which message bears them, which are to be removed.

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
        let schema = match manager.get_database_backend() {
            DbBackend::Postgres => include_str!("m20261121_000004_files/postgres.sql"),
            _ => include_str!("m20261121_000004_files/sqlite.sql"),
        };
        manager.get_connection().execute_unprepared(schema).await?;
        Ok(())
    }

    async fn down(&self, _manager: &SchemaManager) -> Result<(), DbErr> {
        Err(DbErr::Migration("migrations only go forward".to_owned()))
    }
}
