//! Answers of a search.

use confab_domain::queries::MessageFound;
use confab_domain::search;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Message;

/// A message that answers a search.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SearchHit {
    /// The message as it is now.
    pub message: Message,
    /// How closely it answers, in the word it answers least closely: `exact` (whole words), `part` (part of a word)
    /// or `similar` (one letter wrong).
    #[schema(example = "exact")]
    pub closeness: String,
    /// Where: ascending, apart from each other, at most 64. Empty when only a file's name answers.
    pub highlights: Vec<Highlight>,
}

/// A stretch of a message's `content` that answers, in UTF-16 code units, as JavaScript's `slice` counts. It is a
/// place, never markup: escape the text, then mark it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Highlight {
    /// Its first unit.
    #[schema(example = 0)]
    pub start: u32,
    /// The unit after its last.
    #[schema(example = 5)]
    pub end: u32,
}

impl From<MessageFound> for SearchHit {
    fn from(found: MessageFound) -> Self {
        let highlights = found.hit.highlights.iter().map(|highlight| Highlight {
            start: highlight.start,
            end: highlight.end,
        });
        Self {
            highlights: highlights.collect(),
            closeness: match found.hit.closeness {
                search::Closeness::Exact => "exact",
                search::Closeness::Part => "part",
                search::Closeness::Similar => "similar",
            }
            .to_owned(),
            message: found.message.as_ref().clone().into(),
        }
    }
}
