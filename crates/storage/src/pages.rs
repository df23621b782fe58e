//! Pages of lists: one row more than asked for tells whether there is more.

use confab_domain::Result;
use confab_domain::ports::Page;
use sea_orm::{DbErr, Value};

use crate::error::from_db;
use crate::rows::Row;

/// The argument of a `LIMIT` that also tells whether there is more.
pub(crate) fn one_more(limit: usize) -> Value {
    i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1).into()
}

/// A page from rows of which one more than `limit` was asked for.
pub(crate) fn page<T, K>(
    found: &[Row],
    limit: usize,
    read: impl Fn(&Row) -> Result<T, DbErr>,
    key: impl Fn(&T) -> K,
) -> Result<Page<T, K>> {
    let items: Vec<T> = found
        .iter()
        .take(limit)
        .map(read)
        .collect::<Result<_, _>>()
        .map_err(from_db)?;
    let next = if found.len() > limit {
        items.last().map(key)
    } else {
        None
    };
    Ok(Page { items, next })
}
