//! Search in messages: what a text is found by, what a query asks for, and how well a message answers it.
//!
//! A store only narrows down: it keeps the [`index_terms`] of each text and finds texts by a [`Terms`]
//! expression over them. Whether a message really answers, how well and where, is decided here from its
//! present text ([`Query::hit`]). So both databases find the same, and an index that lags never brings
//! back what was edited away.

mod folding;
mod matching;
mod names;
mod pieces;
mod query;
mod similar;
mod terms;

pub use matching::{Closeness, Highlight, Hit};
pub use names::{NameQuery, folded_names};
pub use query::{QUERY_CHARS_MAX, Query};
pub use terms::{Terms, index_terms};
