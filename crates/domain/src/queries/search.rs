//! Search in messages: the store narrows down, what it returns is judged by its present text and ranked.

use std::collections::HashMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::access_for;
use super::messages::add_parents_of_rooms;
use crate::commands::budgets;
use crate::ports::{Page, Ports, Search, SearchFound, SearchRequest};
use crate::rights::Act;
use crate::search::{Closeness, Hit, Query};
use crate::{Actor, Error, Message, MessageId, Result, RoomId, Timestamp, UserId};

/// With fewer answers, words with one letter wrong are tried.
const ENOUGH: usize = 10;
/// With so many answers that have the words themselves among the newest, older ones are not looked for.
const ENOUGH_EXACT: usize = 200;
/// Taken from an answer's relevance each time its age doubles, from a minute on.
const AGEING: i64 = 7;

/// What is searched for, and where.
#[derive(Clone, Debug, Default)]
pub struct SearchMessages {
    /// What was typed, 1–200 characters.
    pub text: String,
    /// Only in this room; none: in all that the actor belongs to, or all there are for a service.
    pub room_id: Option<RoomId>,
    /// Only of this person.
    pub sender_id: Option<UserId>,
    /// Only sent at this moment or later.
    pub since: Option<Timestamp>,
    /// Only sent before this moment.
    pub until: Option<Timestamp>,
    /// Only with files.
    pub has_file: bool,
}

/// A message that answers.
#[derive(Clone, Debug)]
pub struct MessageFound {
    /// As it is now.
    pub message: Arc<Message>,
    /// How it answers. Highlights lie in its text; what was found in a file's name has none.
    pub hit: Hit,
    /// Its place among the answers.
    pub place: SearchPlace,
}

/// A place among the answers of a query: better ones first, then newer ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SearchPlace {
    /// The moment by which all ages are reckoned: that of the first page.
    pub asked_at: Timestamp,
    /// Relevance less age.
    pub score: i64,
    /// The message.
    pub message_id: MessageId,
}

/// Messages that answer, best first, after `after`.
///
/// `NotFound` and `Forbidden` as for reading the room; `RateLimited`; `Invalid` names `q`.
pub async fn search_messages(
    ports: &Ports,
    actor: &Actor,
    wanted: &SearchMessages,
    after: Option<SearchPlace>,
    limit: usize,
) -> Result<Page<MessageFound, SearchPlace>> {
    let query = Query::parse(&wanted.text).map_err(|reason| Error::invalid("q", reason))?;
    if let Some(room_id) = wanted.room_id {
        access_for(ports, actor, room_id, Act::Read).await?;
    }
    budgets::take_of(ports, "searches", actor, ports.limits.searches).await?;
    let now = ports.clock.now();
    // What was sent since the first page does not push the others down.
    let until = match after {
        Some(place) => Some(
            wanted
                .until
                .map_or(place.asked_at, |until| until.min(place.asked_at)),
        ),
        None => wanted.until,
    };
    let request = SearchRequest {
        viewer: actor.clone(),
        room_id: wanted.room_id,
        terms: query.terms(Closeness::Part),
        sender_id: wanted.sender_id,
        since: wanted.since,
        until,
        has_file: wanted.has_file,
        now,
    };
    let asked_at = after.map_or(now, |place| place.asked_at);
    let mut found = answers(ports.search.as_ref(), &query, request, asked_at).await?;
    if let Some(after) = after {
        found.retain(|answer| answer.place < after);
    }
    let next = (found.len() > limit).then(|| found[limit - 1].place);
    found.truncate(limit);
    show_parents(ports, actor, &mut found).await?;
    Ok(Page { items: found, next })
}

/// Gives the replies among answers the previews of their parents, as they have everywhere. Only what is shown is
/// asked for, not all that was judged.
async fn show_parents(ports: &Ports, actor: &Actor, found: &mut [MessageFound]) -> Result<()> {
    let mut messages: Vec<_> = found.iter_mut().map(|answer| &mut answer.message).collect();
    add_parents_of_rooms(ports, actor, &mut messages).await
}

/// All answers to a query, best first: of the newest [`crate::ports::SEARCH_CANDIDATES_MAX`] that have its words
/// in whole or in part, of as many that have them in whole, and, when these are few, of those that have words
/// with one letter wrong. The terms of `request` are those of the query.
pub async fn answers(
    search: &dyn Search,
    query: &Query,
    request: SearchRequest,
    asked_at: Timestamp,
) -> Result<Vec<MessageFound>> {
    let searching = Searching {
        search,
        query,
        request,
        asked_at,
    };
    let mut found = searching.run().await?;
    found.sort_unstable_by_key(|answer| std::cmp::Reverse(answer.place));
    Ok(found)
}

struct Searching<'a> {
    search: &'a dyn Search,
    query: &'a Query,
    request: SearchRequest,
    asked_at: Timestamp,
}

impl Searching<'_> {
    async fn run(&self) -> Result<Vec<MessageFound>> {
        if self.query.is_empty() {
            return Ok(Vec::new());
        }
        let mut answers = HashMap::new();
        let is_complete = self.add(&mut answers, Closeness::Part).await?;
        // Newer texts with part of a word must not keep out older ones with the word itself.
        let is_exact = |answer: &&MessageFound| answer.hit.closeness == Closeness::Exact;
        if !is_complete && self.query.has_parts() && answers.values().filter(is_exact).count() < ENOUGH_EXACT
        {
            self.add(&mut answers, Closeness::Exact).await?;
        }
        if answers.len() < ENOUGH && self.query.is_forgiving() {
            self.add(&mut answers, Closeness::Similar).await?;
        }
        Ok(answers.into_values().collect())
    }

    /// Adds the answers this close, and tells whether these are all.
    async fn add(
        &self,
        answers: &mut HashMap<MessageId, MessageFound>,
        closeness: Closeness,
    ) -> Result<bool> {
        let request = SearchRequest {
            terms: self.query.terms(closeness),
            ..self.request.clone()
        };
        let SearchFound {
            messages,
            is_complete,
        } = self.search.search(&request).await?;
        for message in messages {
            if let Some(hit) = self.judge(&message, closeness.min(Closeness::Part)) {
                let place = SearchPlace {
                    asked_at: self.asked_at,
                    score: hit.relevance - ageing(self.asked_at, message.created_at),
                    message_id: message.id,
                };
                answers.entry(message.id).or_insert_with(|| MessageFound {
                    message: Arc::new(message),
                    hit,
                    place,
                });
            }
        }
        Ok(is_complete)
    }

    /// How a message answers by what it says now.
    fn judge(&self, message: &Message, least: Closeness) -> Option<Hit> {
        let mut hit = self.query.hit(&searched_text(message)?, least)?;
        let end = message
            .content
            .as_deref()
            .unwrap_or_default()
            .encode_utf16()
            .count() as u32;
        hit.highlights.retain(|highlight| highlight.end <= end);
        Some(hit)
    }
}

/// What a message is found by: its text and the names of its files. None for what the system says, and for
/// tombstones.
pub fn searched_text(message: &Message) -> Option<String> {
    if message.is_deleted() || message.content_type == crate::ContentType::System {
        return None;
    }
    let mut text = message.content.clone().unwrap_or_default();
    for attachment in &message.attachments {
        text.push('\n');
        text.push_str(&attachment.filename);
    }
    Some(text)
}

fn ageing(now: Timestamp, created_at: Timestamp) -> i64 {
    let minutes = now.since(created_at).as_secs() / 60;
    i64::from((minutes + 1).ilog2()) * AGEING
}
