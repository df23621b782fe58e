//! A conversation can be marked unread, to be come back to.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::ConnectionTrait;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[expect(
    elided_lifetimes_in_paths,
    reason = "the trait of the other crate is declared so, and must be met to the letter"
)]
#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // The read mark as it stood then: whatever moves that mark ends this one, and no send pays for it.
        let step = "ALTER TABLE members ADD COLUMN marked_unread_number bigint";
        manager.get_connection().execute_unprepared(step).await?;
        // Whether its person opened a direct room, or set anything in it, before there was a word in it.
        let step = "ALTER TABLE members ADD COLUMN is_opened boolean";
        manager.get_connection().execute_unprepared(step).await?;
        Ok(())
    }

    async fn down(&self, _manager: &SchemaManager) -> Result<(), DbErr> {
        Err(DbErr::Migration("migrations only go forward".to_owned()))
    }
}
