//! Documents as they are written: terms and nothing to read.

use confab_domain::queries::searched_text;
use confab_domain::search::index_terms;
use confab_domain::{Message, RoomId};
use sea_orm::{DatabaseTransaction, DbErr};
use serde_json::{Value as Json, json};

use super::{eras, filters};
use crate::dialect::{Dialect, Runner};
use crate::lists;

/// Documents of a deleted room that go at once.
const GONE_AT_ONCE: i64 = 1_000;

type Run<'a> = Runner<'a, DatabaseTransaction>;

/// What becomes of one message in the index.
#[derive(Debug)]
pub(super) struct Document {
    room_id: RoomId,
    seq: i64,
    /// None: it is not to be found.
    terms: Option<String>,
    created_at_ms: i64,
    bytes: usize,
}

impl Document {
    pub(super) fn of(dialect: Dialect, message: &Message) -> Self {
        let text = searched_text(message);
        let terms = text.as_deref().map(|text| {
            let mut terms = index_terms(text);
            terms.push(filters::room(message.room_id.0));
            terms.push(filters::sender(message.sender_id.0));
            terms.extend(eras::terms(message.created_at));
            if !message.attachments.is_empty() {
                terms.push(filters::FILE.to_owned());
            }
            filters::document(dialect, &terms)
        });
        Self {
            room_id: message.room_id,
            seq: message.seq,
            terms,
            created_at_ms: message.created_at.as_millis(),
            bytes: text.map_or(0, |text| text.len()),
        }
    }

    pub(super) const fn room_id(&self) -> RoomId {
        self.room_id
    }

    fn key(&self) -> Vec<Json> {
        vec![lists::id(self.room_id.0), json!(self.seq)]
    }
}

/// Writes them all.
pub(super) async fn write(run: &Run<'_>, documents: &[Document]) -> Result<(), DbErr> {
    let keys = || lists::argument(documents.iter().map(Document::key));
    let columns = [
        lists::ListColumn::Id("room_id"),
        lists::ListColumn::Integer("seq"),
    ];
    let list = lists::table(run.dialect, "$1", &columns);
    if run.dialect == Dialect::Sqlite {
        let sql = format!(
            "DELETE FROM search_terms WHERE rowid IN (SELECT d.position FROM {list} AS list \
             JOIN search_documents d ON d.room_id = list.room_id AND d.seq = list.seq)"
        );
        run.execute(&sql, vec![keys()]).await?;
    }
    let gone = documents.iter().filter(|document| document.terms.is_none());
    let gone: Vec<Vec<Json>> = gone.map(Document::key).collect();
    if !gone.is_empty() {
        let sql = format!(
            "DELETE FROM search_documents WHERE (room_id, seq) IN (SELECT list.room_id, list.seq FROM {list} AS list)"
        );
        run.execute(&sql, vec![lists::argument(gone)]).await?;
    }
    let found = documents.iter().filter_map(|document| {
        let mut tuple = document.key();
        tuple.extend([
            json!(document.created_at_ms),
            json!(document.bytes),
            json!(document.terms.as_ref()?),
        ]);
        Some(tuple)
    });
    let found: Vec<Vec<Json>> = found.collect();
    if !found.is_empty() {
        insert(run, found).await?;
    }
    Ok(())
}

async fn insert(run: &Run<'_>, tuples: Vec<Vec<Json>>) -> Result<(), DbErr> {
    let elements = run.dialect.elements_table("$1");
    let (room_id, created_at) = (
        run.dialect.id_of("value ->> 0"),
        run.dialect.time_of_ms("CAST(value ->> 2 AS bigint)"),
    );
    let (column, term) = match run.dialect {
        Dialect::Postgres => (", terms", ", CAST(value ->> 4 AS tsvector)"),
        Dialect::Sqlite => ("", ""),
    };
    let renewed = match run.dialect {
        Dialect::Postgres => ", terms = excluded.terms",
        Dialect::Sqlite => "",
    };
    let sql = format!(
        "INSERT INTO search_documents (room_id, seq, created_at, bytes{column}) \
         SELECT {room_id}, CAST(value ->> 1 AS bigint), {created_at}, CAST(value ->> 3 AS integer){term} \
         FROM {elements} AS list WHERE true \
         ON CONFLICT (room_id, seq) DO UPDATE SET bytes = excluded.bytes{renewed}"
    );
    run.execute(&sql, vec![lists::argument(tuples.iter().cloned())])
        .await?;
    if run.dialect == Dialect::Sqlite {
        let sql = format!(
            "INSERT INTO search_terms (rowid, terms) SELECT d.position, list.value ->> 4 FROM {elements} AS list \
             CROSS JOIN search_documents d ON d.room_id = {} AND d.seq = list.value ->> 1",
            run.dialect.id_of("list.value ->> 0")
        );
        run.execute(&sql, vec![lists::argument(tuples)]).await?;
    }
    Ok(())
}

/// Takes a load of a deleted room's documents out. Whether any may be left.
pub(super) async fn drop_room(run: &Run<'_>, room_id: RoomId) -> Result<bool, DbErr> {
    let some = "SELECT seq FROM search_documents WHERE room_id = $1 ORDER BY seq LIMIT $2";
    let arguments = || vec![room_id.0.into(), GONE_AT_ONCE.into()];
    if run.dialect == Dialect::Sqlite {
        let sql = format!(
            "DELETE FROM search_terms WHERE rowid IN (SELECT position FROM search_documents \
             WHERE room_id = $1 AND seq IN ({some}))"
        );
        run.execute(&sql, arguments()).await?;
    }
    let sql = format!("DELETE FROM search_documents WHERE room_id = $1 AND seq IN ({some})");
    let gone = run.execute(&sql, arguments()).await?;
    Ok(i64::try_from(gone).unwrap_or(i64::MAX) >= GONE_AT_ONCE)
}
