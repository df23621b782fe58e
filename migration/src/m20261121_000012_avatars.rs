//! Pictures of people and rooms may be uploads: each says whose picture it is, and nobody has two.

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
        let id = match manager.get_database_backend() {
            DbBackend::Postgres => "uuid",
            _ => "blob",
        };
        let steps = [
            // What everybody is shown is borne by no message, and comes due to be removed only once it is given up.
            format!(
                "ALTER TABLE uploads ADD COLUMN avatar_user_id {id} \
                 CHECK (avatar_user_id IS NULL OR (message_id IS NULL AND due_at IS NULL))"
            ),
            format!(
                "ALTER TABLE uploads ADD COLUMN avatar_room_id {id} \
                 CHECK (avatar_room_id IS NULL OR \
                 (avatar_user_id IS NULL AND message_id IS NULL AND due_at IS NULL))"
            ),
            "CREATE UNIQUE INDEX uploads_avatar_of_user ON uploads (avatar_user_id) \
             WHERE avatar_user_id IS NOT NULL"
                .to_owned(),
            "CREATE UNIQUE INDEX uploads_avatar_of_room ON uploads (avatar_room_id) \
             WHERE avatar_room_id IS NOT NULL"
                .to_owned(),
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
