//! Pages of lists.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A page of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Page<T> {
    /// At most `limit` items.
    pub items: Vec<T>,
    /// To be given as `cursor` for the next page; null at the end.
    pub next_cursor: Option<String>,
    /// Whether there is a next page.
    pub has_more: bool,
}

/// The moment of a room at which a page was read: joining the stream from there leaves no hole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AsOf {
    /// The life of the database.
    #[schema(example = "5f0c2d7be19a4c33")]
    pub epoch: String,
    /// The room's latest `seq` in the same snapshot.
    #[schema(example = 42)]
    pub seq: i64,
}

/// A page of a list of one room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RoomPage<T> {
    /// At most `limit` items.
    pub items: Vec<T>,
    /// To be given as `cursor` for the next page; null at the end.
    pub next_cursor: Option<String>,
    /// Whether there is a next page.
    pub has_more: bool,
    /// The moment of the page, or one just before it.
    pub as_of: AsOf,
}
