//! Rows that a process of the version before wrote during an upgrade, given what this version lists them by.

use confab_domain::Result;
use confab_domain::search::folded_names;
use sea_orm::{DbErr, Value};
use serde_json::Value as Json;

use crate::connect::{Store, bounded};
use crate::lists::{self, ListColumn};

/// The bearing messages' numbers.
const UPLOADS: &str = "UPDATE uploads SET number = (SELECT g.number FROM messages g WHERE g.id = uploads.message_id) \
    WHERE id IN (SELECT f.id FROM uploads f JOIN messages g ON g.id = f.message_id \
    WHERE f.number IS NULL AND f.message_id IS NOT NULL LIMIT $1)";

/// Where and when the naming messages are. A number is never above its `seq`.
const MENTIONS: &str = "UPDATE mentions SET said_at = list.said_at, seq = list.seq FROM ( \
    SELECT n.room_id, n.number, n.user_id, g.seq, g.created_at AS said_at FROM ( \
    SELECT x.room_id, x.number, x.user_id FROM mentions x WHERE x.said_at IS NULL LIMIT $1) AS n \
    JOIN messages g ON g.room_id = n.room_id AND g.seq >= n.number AND g.number = n.number) AS list \
    WHERE mentions.room_id = list.room_id AND mentions.number = list.number AND mentions.user_id = list.user_id";

impl Store {
    /// Completes at most about `limit` rows of each kind; how many. Fewer than `limit` when none is left. Several nodes
    /// may do so at once: they write the same.
    pub async fn complete_rows(&self, limit: usize) -> Result<u64> {
        let most = || Value::from(i64::try_from(limit).unwrap_or(i64::MAX));
        let mut completed = 0;
        for sql in [UPLOADS, MENTIONS] {
            completed += bounded(self.writer().execute(sql, vec![most()])).await?;
        }
        let users = "SELECT u.id, u.username AS one, u.display_name AS other FROM users u \
                     WHERE u.name_folded IS NULL LIMIT $1";
        completed += bounded(complete_names(self, "users", users, most())).await?;
        let rooms = "SELECT r.id, r.name AS one, NULL AS other FROM rooms r \
                     WHERE r.name_folded IS NULL AND r.name IS NOT NULL LIMIT $1";
        completed += bounded(complete_names(self, "rooms", rooms, most())).await?;
        Ok(completed)
    }
}

async fn complete_names(store: &Store, table: &str, list: &str, most: Value) -> Result<u64, DbErr> {
    let mut names: Vec<Vec<Json>> = Vec::new();
    for row in store.reader().all(list, vec![most]).await? {
        let one: String = row.get("one")?;
        let other: Option<String> = row.get("other")?;
        let folded = folded_names(std::iter::once(one.as_str()).chain(other.as_deref()));
        names.push(vec![lists::id(row.get("id")?), folded.into()]);
    }
    if names.is_empty() {
        return Ok(0);
    }
    let columns = [ListColumn::Id("id"), ListColumn::Text("name_folded")];
    // Whoever was renamed meanwhile has a name of this version, which stands.
    let sql = format!(
        "UPDATE {table} SET name_folded = list.name_folded FROM {} AS list \
         WHERE {table}.id = list.id AND {table}.name_folded IS NULL",
        lists::table(store.dialect(), "$1", &columns)
    );
    store.writer().execute(&sql, vec![lists::argument(names)]).await
}
