//! Search in messages, of one room or of all.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use confab_contract::{Page, SearchHit};
use confab_domain::ports::Ports;
use confab_domain::queries::{self, SearchMessages};
use confab_domain::search::QUERY_CHARS_MAX;
use confab_domain::{RoomId, Timestamp, UserId};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::messages::messages_seen;
use crate::cursor;
use crate::extract::{Caller, Path, Query, RoomPath};
use crate::failure::{Answer, Failure};
use crate::openapi::{Forbidden, NotFound, RateLimited};
use crate::router::AppState;

/// Most answers in a page.
pub(crate) const HITS_MAX: usize = 50;
/// Answers in a page when nothing is said.
const HITS_DEFAULT: usize = 20;

pub(crate) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(search_messages))
        .routes(routes!(search_room))
}

/// What is searched for.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct SearchQuery {
    /// Words in any order; each is found whole, as part of a word from three letters on, at the beginning of one with
    /// two. `"Quotes"` hold a phrase together. There is no other syntax.
    #[param(min_length = 1, max_length = 200, example = "release notes")]
    q: String,
    /// Only of this person.
    #[param(value_type = Option<uuid::Uuid>)]
    from: Option<UserId>,
    /// Only sent at this moment or later (RFC 3339).
    #[param(value_type = Option<String>, format = DateTime, example = "2024-01-01T00:00:00Z")]
    since: Option<Timestamp>,
    /// Only sent before this moment (RFC 3339).
    #[param(value_type = Option<String>, format = DateTime, example = "2030-01-01T00:00:00Z")]
    until: Option<Timestamp>,
    /// `file`: only messages with files.
    #[param(pattern = "^file$", example = "file")]
    has: Option<String>,
    /// Most items in a page.
    #[param(minimum = 1, maximum = 50, default = 20)]
    limit: Option<i64>,
    /// `next_cursor` of the page before. Opaque, and good for this search only.
    cursor: Option<String>,
}

/// Search all my rooms
///
/// In the rooms one belongs to now, from where one may see; a service: in all rooms. Best answers first. What was
/// said less than a second ago may not be found yet; what was deleted or edited away is never found.
#[utoipa::path(
    get, path = "/search", tag = "messages", params(SearchQuery),
    responses((status = 200, description = "Messages that answer.", body = Page<SearchHit>), RateLimited),
    security(("access_token" = []), ("api_key" = ["read"]))
)]
async fn search_messages(
    State(ports): State<Arc<Ports>>,
    caller: Caller,
    Query(wanted): Query<SearchQuery>,
) -> Answer<Json<Page<SearchHit>>> {
    answer(&ports, &caller, None, wanted).await
}

/// Search a room
///
/// As `GET /search`, in one room.
#[utoipa::path(
    get, path = "/rooms/{room_id}/search", tag = "messages", params(RoomPath, SearchQuery),
    responses(
        (status = 200, description = "Messages that answer.", body = Page<SearchHit>),
        Forbidden, NotFound, RateLimited
    ),
    security(("access_token" = []), ("api_key" = ["read"]))
)]
async fn search_room(
    State(ports): State<Arc<Ports>>,
    caller: Caller,
    Path(path): Path<RoomPath>,
    Query(wanted): Query<SearchQuery>,
) -> Answer<Json<Page<SearchHit>>> {
    answer(&ports, &caller, Some(path.room_id), wanted).await
}

async fn answer(
    ports: &Ports,
    caller: &Caller,
    room_id: Option<RoomId>,
    wanted: SearchQuery,
) -> Answer<Json<Page<SearchHit>>> {
    let limit = page_size(wanted.limit)?;
    if wanted.q.chars().count() > QUERY_CHARS_MAX {
        return Err(Failure::field(
            "q",
            format!("must be at most {QUERY_CHARS_MAX} characters"),
        ));
    }
    if wanted.has.as_deref().is_some_and(|has| has != "file") {
        return Err(Failure::field("has", "must be `file`"));
    }
    let list = list_name(room_id, &wanted);
    let after = cursor::decode(&list, wanted.cursor.as_deref())?;
    let search = SearchMessages {
        text: wanted.q,
        room_id,
        sender_id: wanted.from,
        since: wanted.since,
        until: wanted.until,
        has_file: wanted.has.is_some(),
    };
    let page = queries::search_messages(ports, &caller.actor, &search, after, limit).await?;
    let found: Vec<_> = page.items.iter().map(|found| found.message.clone()).collect();
    let seen = messages_seen(ports, &caller.actor, &found).await?;
    let mut page = cursor::page(&list, page, SearchHit::from);
    for (hit, message) in page.items.iter_mut().zip(seen) {
        hit.message = message;
    }
    Ok(Json(page))
}

fn page_size(limit: Option<i64>) -> Answer<usize> {
    let Some(limit) = limit else {
        return Ok(HITS_DEFAULT);
    };
    usize::try_from(limit)
        .ok()
        .filter(|limit| (1..=HITS_MAX).contains(limit))
        .ok_or_else(|| Failure::field("limit", format!("must be 1 to {HITS_MAX}")))
}

/// Everything that decides which answers there are.
fn list_name(room_id: Option<RoomId>, wanted: &SearchQuery) -> String {
    let SearchQuery {
        q,
        from,
        since,
        until,
        has,
        ..
    } = wanted;
    // In a cursor each control character would be six.
    let q = q.replace(char::is_control, " ");
    let part = |part: Option<String>| part.unwrap_or_default();
    format!(
        "search:{}:{}:{}:{}:{}:{q}",
        part(room_id.map(|id| id.to_string())),
        part(from.map(|id| id.to_string())),
        part(since.map(|moment| moment.to_string())),
        part(until.map(|moment| moment.to_string())),
        part(has.clone()),
    )
}
