//! All that PostgreSQL and SQLite say differently; every other statement is written once for both.

use confab_domain::Timestamp;
use sea_orm::{ConnectionTrait, DbBackend, DbErr, Statement, Value};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::doubt::Doubt;
use crate::rows::Row;

/// Which database it is.
///
/// `$1` works in both, ids are `Uuid` in both (`uuid`, a blob of 16 bytes), so are texts, integers and
/// booleans. Times, JSON and lists go through here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// PostgreSQL 14 or later.
    Postgres,
    /// The SQLite that is built in.
    Sqlite,
}

impl Dialect {
    /// The database of that address.
    pub(crate) fn of_url(url: &str) -> Option<Self> {
        if url.starts_with("sqlite:") {
            Some(Self::Sqlite)
        } else if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            Some(Self::Postgres)
        } else {
            None
        }
    }

    pub(crate) const fn backend(self) -> DbBackend {
        match self {
            Self::Postgres => DbBackend::Postgres,
            Self::Sqlite => DbBackend::Sqlite,
        }
    }

    /// A statement with its arguments. Its text should not vary with the data: plans are kept by text.
    pub(crate) fn statement(self, sql: &str, arguments: Vec<Value>) -> Statement {
        Statement::from_sql_and_values(self.backend(), sql, arguments)
    }

    /// A time as an argument.
    pub(crate) fn time(self, moment: Timestamp) -> Value {
        self.time_or_null(Some(moment))
    }

    /// A time or NULL as an argument.
    pub(crate) fn time_or_null(self, moment: Option<Timestamp>) -> Value {
        match self {
            Self::Postgres => moment.map(OffsetDateTime::from).into(),
            Self::Sqlite => moment.map(Timestamp::as_millis).into(),
        }
    }

    /// A JSON argument, given as text, in the place of `placeholder`: `json("$3")`.
    pub(crate) fn json(self, placeholder: &str) -> String {
        match self {
            Self::Postgres => format!("CAST({placeholder} AS json)"),
            Self::Sqlite => placeholder.to_owned(),
        }
    }

    /// A list of ids as one argument, for [`Self::ids_table`].
    pub(crate) fn ids(self, ids: impl IntoIterator<Item = Uuid>) -> Value {
        self.ids_text(ids).into()
    }

    /// The text of [`Self::ids`].
    pub(crate) fn ids_text(self, ids: impl IntoIterator<Item = Uuid>) -> String {
        let (open, quote, close) = match self {
            Self::Postgres => ('{', "", '}'),
            Self::Sqlite => ('[', "\"", ']'),
        };
        let mut list = String::from(open);
        for id in ids {
            if list.len() > 1 {
                list.push(',');
            }
            list.push_str(quote);
            list.push_str(id.simple().encode_lower(&mut Uuid::encode_buffer()));
            list.push_str(quote);
        }
        list.push(close);
        list
    }

    /// A list of ids as something to select from, with the columns `id` and `ord` (from 1):
    /// `format!("… FROM {} AS list JOIN …", dialect.ids_table("$1"))`.
    pub(crate) fn ids_table(self, placeholder: &str) -> String {
        match self {
            Self::Postgres => format!(
                "(SELECT id, ord FROM unnest(CAST(CAST({placeholder} AS text) AS uuid[])) WITH ORDINALITY u(id, ord))"
            ),
            Self::Sqlite => {
                format!("(SELECT unhex(value) AS id, key + 1 AS ord FROM json_each({placeholder}))")
            }
        }
    }

    /// A list of integers as one argument, for [`Self::integers_table`].
    pub(crate) fn integers(self, integers: impl IntoIterator<Item = i64>) -> Value {
        let list = integers
            .into_iter()
            .map(|integer| integer.to_string())
            .collect::<Vec<_>>()
            .join(",");
        match self {
            Self::Postgres => format!("{{{list}}}").into(),
            Self::Sqlite => format!("[{list}]").into(),
        }
    }

    /// Whether a column is among a list of integers. Not a join with a table made of the list: that compared
    /// each with every row there is.
    pub(crate) fn is_among(self, column: &str, placeholder: &str) -> String {
        match self {
            Self::Postgres => format!("{column} = ANY(CAST(CAST({placeholder} AS text) AS bigint[]))"),
            Self::Sqlite => format!("{column} IN (SELECT value FROM json_each({placeholder}))"),
        }
    }

    /// A condition that always holds and lets this one commit return before it is on disk. For settling
    /// alone: a settled row that a crash brings back is published twice, which is promised to consumers
    /// anyway, and the disk is left to the sends, whose senders wait for it.
    pub(crate) const fn and_soon_durable(self) -> &'static str {
        match self {
            Self::Postgres => " AND (SELECT set_config('synchronous_commit', 'off', true)) IS NOT NULL",
            Self::Sqlite => "",
        }
    }

    /// A list of integers as something to select from, with the columns `value` and `ord` (from 1).
    pub(crate) fn integers_table(self, placeholder: &str) -> String {
        match self {
            Self::Postgres => format!(
                "(SELECT value, ord FROM unnest(CAST(CAST({placeholder} AS text) AS bigint[])) WITH ORDINALITY u(value, ord))"
            ),
            Self::Sqlite => format!("(SELECT value, key + 1 AS ord FROM json_each({placeholder}))"),
        }
    }

    /// The elements of one JSON argument as something to select from, with the columns `value` and `ord`.
    /// Fields of an element that is an array: `value ->> 0`, with [`Self::id_of`].
    pub(crate) fn elements_table(self, placeholder: &str) -> String {
        match self {
            Self::Postgres => format!(
                "(SELECT value, ord FROM json_array_elements(CAST({placeholder} AS json)) WITH ORDINALITY e(value, ord))"
            ),
            Self::Sqlite => format!("(SELECT value, key + 1 AS ord FROM json_each({placeholder}))"),
        }
    }

    /// An id from its text.
    pub(crate) fn id_of(self, text: &str) -> String {
        match self {
            Self::Postgres => format!("CAST({text} AS uuid)"),
            // Hyphens may stand between the digits.
            Self::Sqlite => format!("unhex({text}, '-')"),
        }
    }

    /// A time from an integer of milliseconds.
    pub(crate) fn time_of_ms(self, ms: &str) -> String {
        match self {
            Self::Postgres => format!("to_timestamp({ms} / 1000.0)"),
            Self::Sqlite => ms.to_owned(),
        }
    }

    /// Locks the rows read, where the database locks rows: SQLite's writer is alone from its BEGIN on.
    pub(crate) const fn for_update(self) -> &'static str {
        match self {
            Self::Postgres => " FOR UPDATE",
            Self::Sqlite => "",
        }
    }

    /// The present moment by the database's clock, in milliseconds since 1970.
    pub(crate) const fn now_ms(self) -> &'static str {
        match self {
            Self::Postgres => "CAST(extract(epoch FROM clock_timestamp()) * 1000 AS bigint)",
            Self::Sqlite => "CAST(unixepoch('subsec') * 1000 AS integer)",
        }
    }
}

/// Runs statements on a pool or in a transaction.
#[derive(Clone, Copy)]
pub(crate) struct Runner<'a, C> {
    pub(crate) dialect: Dialect,
    pub(crate) on: &'a C,
    /// Told of connections that break.
    pub(crate) doubt: &'a Doubt,
    /// Whether all that runs here only reads, so that it may run again.
    pub(crate) repeats: bool,
}

impl<C: ConnectionTrait> Runner<'_, C> {
    /// All rows.
    pub(crate) async fn all(&self, sql: &str, arguments: Vec<Value>) -> Result<Vec<Row>, DbErr> {
        self.doubt.count();
        let statement = self.dialect.statement(sql, arguments);
        let rows = if self.repeats {
            let query = || self.on.query_all_raw(statement.clone());
            self.doubt.repeated(query).await
        } else {
            self.noted(self.on.query_all_raw(statement).await)
        }?;
        Ok(rows.into_iter().map(|row| Row::new(self.dialect, row)).collect())
    }

    /// The first row, if any.
    pub(crate) async fn first(&self, sql: &str, arguments: Vec<Value>) -> Result<Option<Row>, DbErr> {
        self.doubt.count();
        let statement = self.dialect.statement(sql, arguments);
        let row = if self.repeats {
            let query = || self.on.query_one_raw(statement.clone());
            self.doubt.repeated(query).await
        } else {
            self.noted(self.on.query_one_raw(statement).await)
        }?;
        Ok(row.map(|row| Row::new(self.dialect, row)))
    }

    /// How many rows it touched. Never runs twice.
    pub(crate) async fn execute(&self, sql: &str, arguments: Vec<Value>) -> Result<u64, DbErr> {
        self.doubt.count();
        let done = self.on.execute_raw(self.dialect.statement(sql, arguments)).await;
        Ok(self.noted(done)?.rows_affected())
    }

    fn noted<T>(&self, outcome: Result<T, DbErr>) -> Result<T, DbErr> {
        outcome.inspect_err(|error| self.doubt.note(error))
    }
}
