//! Lists of tuples as one argument, so that one statement serves many rooms and its text never changes.

use sea_orm::Value;
use serde_json::Value as Json;
use uuid::Uuid;

use crate::dialect::Dialect;

/// A column of a list.
#[derive(Clone, Copy)]
pub(crate) enum ListColumn {
    /// An id, or NULL.
    Id(&'static str),
    /// An integer.
    Integer(&'static str),
    /// A text.
    Text(&'static str),
}

/// An id in a tuple.
pub(crate) fn id(id: Uuid) -> Json {
    Json::String(id.simple().to_string())
}

/// The argument for [`table`]: JSON in both databases.
pub(crate) fn argument(tuples: impl IntoIterator<Item = Vec<Json>>) -> Value {
    Json::from_iter(tuples).to_string().into()
}

/// A list as something to select from, with these columns and `ord` (from 1).
pub(crate) fn table(dialect: Dialect, placeholder: &str, columns: &[ListColumn]) -> String {
    let selected: String = columns
        .iter()
        .enumerate()
        .map(|(index, column)| match (dialect, column) {
            (Dialect::Postgres, ListColumn::Id(name)) => {
                format!("CAST(t.value ->> {index} AS uuid) AS {name}, ")
            }
            (Dialect::Postgres, ListColumn::Integer(name)) => {
                format!("CAST(t.value ->> {index} AS bigint) AS {name}, ")
            }
            (Dialect::Postgres | Dialect::Sqlite, ListColumn::Text(name)) => {
                format!("t.value ->> {index} AS {name}, ")
            }
            (Dialect::Sqlite, ListColumn::Id(name)) => format!("unhex(t.value ->> {index}) AS {name}, "),
            (Dialect::Sqlite, ListColumn::Integer(name)) => format!("t.value ->> {index} AS {name}, "),
        })
        .collect();
    match dialect {
        Dialect::Postgres => format!(
            "(SELECT {selected}t.ord FROM jsonb_array_elements(CAST({placeholder} AS jsonb)) \
             WITH ORDINALITY t(value, ord))"
        ),
        Dialect::Sqlite => format!("(SELECT {selected}t.key + 1 AS ord FROM json_each({placeholder}) t)"),
    }
}
