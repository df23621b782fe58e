//! What has ended is found without a scan, to be swept: links, and reports that a moderator was done with.

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
        let time = match manager.get_database_backend() {
            DbBackend::Postgres => "timestamptz",
            _ => "integer",
        };
        let steps = [
            format!("ALTER TABLE invitations ADD COLUMN last_used_at {time}"),
            "CREATE INDEX invitations_revoked ON invitations (revoked_at) WHERE revoked_at IS NOT NULL"
                .to_owned(),
            // One that was used before there was this column ended when it was made, for all that is known.
            "CREATE INDEX invitations_used_up ON invitations (COALESCE(last_used_at, created_at)) \
             WHERE uses >= uses_max"
                .to_owned(),
            "CREATE INDEX reports_resolved ON reports (resolved_at) WHERE resolved_at IS NOT NULL".to_owned(),
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
