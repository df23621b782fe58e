//! Pages of a room's messages, in both directions.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use confab_contract::{AsOf, Message, MessagePage};
use confab_domain::ports::{self, PageAt, Ports};
use confab_domain::{RoomId, queries};
use serde::{Deserialize, Serialize};
use utoipa::IntoParams;

use super::messages_seen;
use crate::cursor;
use crate::extract::{Caller, Path, Query, RoomPath};
use crate::failure::{Answer, Failure};
use crate::openapi::{Forbidden, NotFound};

/// Largest `seq` a client may name: what JSON numbers carry exactly everywhere.
pub(crate) const SEQ_MAX: i64 = (1 << 53) - 1;

/// Which messages: the newest, or those at one of `before`, `after`, `around` and `cursor`.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListMessages {
    /// Messages before this `seq`, newest first.
    #[param(minimum = 0)]
    before: Option<i64>,
    /// Messages after this `seq`, oldest first.
    #[param(minimum = 0)]
    after: Option<i64>,
    /// Messages around this `seq`, oldest first.
    #[param(minimum = 0)]
    around: Option<i64>,
    /// `next_cursor` of the page before: goes on in its direction. Opaque, and good for this room only.
    cursor: Option<String>,
    /// Most items in a page.
    #[param(minimum = 1, maximum = 100, default = 50)]
    limit: Option<i64>,
}

/// Read messages
///
/// Newest first, or oldest first with `after` and `around`. `as_of` is the moment of the page: a stream
/// joined from there leaves no hole.
#[utoipa::path(
    get, path = "/rooms/{room_id}/messages", tag = "messages", params(RoomPath, ListMessages),
    responses((status = 200, description = "A page of messages.", body = MessagePage), Forbidden, NotFound),
    security(("access_token" = []), ("api_key" = ["read"]))
)]
pub(crate) async fn list_messages(
    State(ports): State<Arc<Ports>>,
    caller: Caller,
    Path(path): Path<RoomPath>,
    Query(wanted): Query<ListMessages>,
) -> Answer<Json<MessagePage>> {
    let limit = cursor::page_size(wanted.limit)?;
    let at = place(path.room_id, &wanted)?;
    let view = queries::list_messages(&ports, &caller.actor, path.room_id, at, limit).await?;
    let items = messages_seen(&ports, &caller.actor, &view.page.messages).await?;
    Ok(Json(shaped(path.room_id, at, view.page, items)))
}

/// Where the next page begins.
#[derive(Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
enum Place {
    Before(i64),
    After(i64),
}

fn list_name(room_id: RoomId) -> String {
    format!("messages:{room_id}")
}

fn place(room_id: RoomId, wanted: &ListMessages) -> Answer<PageAt> {
    let given = [
        ("before", wanted.before.map(PageAt::Before)),
        ("after", wanted.after.map(PageAt::After)),
        ("around", wanted.around.map(PageAt::Around)),
        ("cursor", from_cursor(room_id, wanted.cursor.as_deref())?),
    ];
    let mut given = given.into_iter().filter_map(|(name, at)| Some((name, at?)));
    let Some((name, at)) = given.next() else {
        return Ok(PageAt::Newest);
    };
    if let Some((second, _)) = given.next() {
        return Err(Failure::field(second, format!("must not come with {name}")));
    }
    let (PageAt::Before(seq) | PageAt::After(seq) | PageAt::Around(seq)) = at else {
        return Ok(at);
    };
    if !(0..=SEQ_MAX).contains(&seq) {
        return Err(Failure::field(name, format!("must be 0 to {SEQ_MAX}")));
    }
    Ok(at)
}

fn from_cursor(room_id: RoomId, cursor: Option<&str>) -> Answer<Option<PageAt>> {
    let place = cursor::decode(&list_name(room_id), cursor)?;
    Ok(place.map(|place| match place {
        Place::Before(seq) => PageAt::Before(seq),
        Place::After(seq) => PageAt::After(seq),
    }))
}

fn shaped(room_id: RoomId, at: PageAt, page: ports::MessagePage, items: Vec<Message>) -> MessagePage {
    let last_seq = page.messages.last().map(|message| message.seq);
    let (has_more, next) = match at {
        PageAt::Newest | PageAt::Before(_) => (page.has_older, last_seq.map(Place::Before)),
        PageAt::After(_) | PageAt::Around(_) => (page.has_newer, last_seq.map(Place::After)),
    };
    let next = next.filter(|_| has_more);
    MessagePage {
        items,
        has_more: next.is_some(),
        next_cursor: next.map(|place| cursor::encode(&list_name(room_id), &place)),
        has_older: page.has_older,
        has_newer: page.has_newer,
        as_of: AsOf {
            epoch: page.epoch.to_string(),
            seq: page.last_seq,
        },
    }
}
