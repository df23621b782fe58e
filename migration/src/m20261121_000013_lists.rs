//! Lists: files of a room, mentions over all rooms, people and rooms by any spelling of their names, who pinned.

use confab_domain::search::folded_names;
use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend, QueryResult, Statement, Value};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

/// Rows that one statement fills.
const ROWS_AT_ONCE: i64 = 1_000;
/// How much of a room's log one statement looks through for messages that name somebody.
const SEQS_AT_ONCE: i64 = 20_000;

#[expect(
    elided_lifetimes_in_paths,
    reason = "the trait of the other crate is declared so, and must be met to the letter"
)]
#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_connection();
        let schema = match manager.get_database_backend() {
            DbBackend::Postgres => include_str!("m20261121_000013_lists/postgres.sql"),
            _ => include_str!("m20261121_000013_lists/sqlite.sql"),
        };
        // One by one: sent together they would be one transaction, and hold each table for all of it.
        for statement in statements(schema) {
            db.execute_unprepared(statement).await?;
        }
        let filling = Filling {
            db,
            is_postgres: manager.get_database_backend() == DbBackend::Postgres,
        };
        filling.uploads().await?;
        filling.mentions().await?;
        filling.names("users", "u.username", "u.display_name").await?;
        filling.names("rooms", "u.name", "NULL").await
    }

    async fn down(&self, _manager: &SchemaManager) -> Result<(), DbErr> {
        Err(DbErr::Migration("migrations only go forward".to_owned()))
    }

    fn use_transaction(&self) -> Option<bool> {
        // While tables are filled others write to them. SQLite's steps are all in one transaction around them.
        Some(false)
    }
}

/// Each statement of a file in which none holds a semicolon.
fn statements(schema: &str) -> impl Iterator<Item = &str> {
    schema
        .split(";\n")
        .map(str::trim)
        .filter(|statement| !statement.is_empty())
}

/// Fills the new columns of what is there, some rows at a time. Ids are texts here, which both databases understand.
struct Filling<'a, C> {
    db: &'a C,
    is_postgres: bool,
}

impl<C: ConnectionTrait> Filling<'_, C> {
    async fn uploads(&self) -> Result<(), DbErr> {
        let (text, id) = (self.text("id"), self.id("$1"));
        let list = format!(
            "SELECT {text} AS id_text FROM uploads WHERE number IS NULL AND message_id IS NOT NULL AND id > {id} \
             ORDER BY id LIMIT {ROWS_AT_ONCE}"
        );
        let fill = format!(
            "UPDATE uploads SET number = (SELECT g.number FROM messages g WHERE g.id = uploads.message_id) \
             WHERE number IS NULL AND message_id IS NOT NULL AND id > {id} AND id <= {}",
            self.id("$2")
        );
        let mut after = NO_ID.to_owned();
        while let Some(last) = self.all(&list, vec![after.clone().into()]).await?.pop() {
            let last: String = last.try_get("", "id_text")?;
            self.execute(&fill, vec![after.into(), last.clone().into()])
                .await?;
            after = last;
        }
        Ok(())
    }

    /// A room at a time, a stretch of its log at a time: a message is found by its number in no other way.
    async fn mentions(&self) -> Result<(), DbErr> {
        let next = format!(
            "SELECT {} AS id_text, h.last_seq FROM room_heads h WHERE h.room_id = (SELECT n.room_id FROM mentions n \
             WHERE n.said_at IS NULL AND n.room_id > {} ORDER BY n.room_id LIMIT 1)",
            self.text("h.room_id"),
            self.id("$1")
        );
        let room = self.id("$1");
        let fill = format!(
            "UPDATE mentions SET seq = g.seq, said_at = g.created_at FROM messages g \
             WHERE g.room_id = {room} AND g.seq > $2 AND g.seq <= $3 AND g.extras IS NOT NULL \
             AND mentions.room_id = {room} AND mentions.number = g.number AND mentions.said_at IS NULL"
        );
        let mut after = NO_ID.to_owned();
        while let Some(found) = self.all(&next, vec![after.into()]).await?.pop() {
            let room_id: String = found.try_get("", "id_text")?;
            let last_seq: i64 = found.try_get("", "last_seq")?;
            let mut seq = 0;
            while seq < last_seq {
                let arguments = vec![room_id.clone().into(), seq.into(), (seq + SEQS_AT_ONCE).into()];
                self.execute(&fill, arguments).await?;
                seq += SEQS_AT_ONCE;
            }
            after = room_id;
        }
        Ok(())
    }

    async fn names(&self, table: &str, one: &str, other: &str) -> Result<(), DbErr> {
        let list = format!(
            "SELECT {} AS id_text, {one} AS one, {other} AS other FROM {table} u \
             WHERE u.name_folded IS NULL AND {one} IS NOT NULL AND u.id > {} ORDER BY u.id LIMIT {ROWS_AT_ONCE}",
            self.text("u.id"),
            self.id("$1")
        );
        let values = if self.is_postgres {
            "jsonb_array_elements(CAST($1 AS jsonb)) AS l(value)"
        } else {
            "json_each($1) AS l"
        };
        let fill = format!(
            "UPDATE {table} SET name_folded = l.value ->> 1 FROM {values} \
             WHERE {table}.id = {} AND {table}.name_folded IS NULL",
            self.id("(l.value ->> 0)")
        );
        let mut after = NO_ID.to_owned();
        loop {
            let found = self.all(&list, vec![after.into()]).await?;
            let folded = found
                .iter()
                .map(|row| {
                    let id: String = row.try_get("", "id_text")?;
                    let one: String = row.try_get("", "one")?;
                    let other: Option<String> = row.try_get("", "other")?;
                    let names = std::iter::once(one.as_str()).chain(other.as_deref());
                    Ok((id, folded_names(names)))
                })
                .collect::<Result<Vec<_>, DbErr>>()?;
            let Some((last, _)) = folded.last() else {
                return Ok(());
            };
            after = last.clone();
            let values = serde_json::to_string(&folded).map_err(|error| DbErr::Json(error.to_string()))?;
            self.execute(&fill, vec![values.into()]).await?;
        }
    }

    fn text(&self, id: &str) -> String {
        if self.is_postgres {
            format!("CAST({id} AS text)")
        } else {
            format!("hex({id})")
        }
    }

    fn id(&self, text: &str) -> String {
        if self.is_postgres {
            format!("CAST(CAST({text} AS text) AS uuid)")
        } else {
            format!("unhex({text})")
        }
    }

    async fn all(&self, sql: &str, arguments: Vec<Value>) -> Result<Vec<QueryResult>, DbErr> {
        self.db.query_all_raw(self.statement(sql, arguments)).await
    }

    async fn execute(&self, sql: &str, arguments: Vec<Value>) -> Result<(), DbErr> {
        self.db
            .execute_raw(self.statement(sql, arguments))
            .await
            .map(|_| ())
    }

    fn statement(&self, sql: &str, arguments: Vec<Value>) -> Statement {
        Statement::from_sql_and_values(self.db.get_database_backend(), sql, arguments)
    }
}

/// Before every id.
const NO_ID: &str = "00000000000000000000000000000000";
