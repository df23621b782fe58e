//! Pins: messages that a room keeps in sight.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use confab_contract::{Message, Page, RoomPage};
use confab_domain::ports::{PinKey, Ports};
use confab_domain::{commands, queries};
use http::StatusCode;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::messages::{message_seen, messages_seen};
use crate::cursor;
use crate::extract::{Caller, Listing, Path, Query, RoomMessagePath, RoomPath};
use crate::failure::Answer;
use crate::openapi::{Conflict, Forbidden, NotFound, RateLimited};
use crate::router::AppState;

pub(crate) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(pin_message, unpin_message))
        .routes(routes!(list_pins))
}

/// Pin a message
///
/// As a moderator, or in a direct room; at most 100 a room. Pinning twice changes nothing; deleting a message
/// unpins it.
#[utoipa::path(
    put, path = "/rooms/{room_id}/pins/{message_id}", tag = "reactions", params(RoomMessagePath),
    responses(
        (status = 200, description = "The message as it is now.", body = Message),
        Forbidden, NotFound, Conflict, RateLimited
    ),
    security(("access_token" = []), ("api_key" = ["messages"]))
)]
async fn pin_message(
    State(ports): State<Arc<Ports>>,
    caller: Caller,
    Path(path): Path<RoomMessagePath>,
) -> Answer<Json<Message>> {
    let room_id = Some(path.room_id);
    commands::pin_message(&ports, &caller.actor, room_id, path.message_id, caller.trace).await?;
    let view = queries::message(&ports, &caller.actor, path.message_id).await?;
    Ok(Json(message_seen(&ports, &caller.actor, &view.message).await?))
}

/// Unpin a message
#[utoipa::path(
    delete, path = "/rooms/{room_id}/pins/{message_id}", tag = "reactions", params(RoomMessagePath),
    responses((status = 204, description = "It is pinned no longer."), Forbidden, NotFound, RateLimited),
    security(("access_token" = []), ("api_key" = ["messages"]))
)]
async fn unpin_message(
    State(ports): State<Arc<Ports>>,
    caller: Caller,
    Path(path): Path<RoomMessagePath>,
) -> Answer<StatusCode> {
    let room_id = Some(path.room_id);
    commands::unpin_message(&ports, &caller.actor, room_id, path.message_id, caller.trace).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Pinned messages
///
/// The newest pin first.
#[utoipa::path(
    get, path = "/rooms/{room_id}/pins", tag = "reactions", params(RoomPath, Listing),
    responses(
        (status = 200, description = "The pinned messages.", body = RoomPage<Message>), Forbidden, NotFound
    ),
    security(("access_token" = []), ("api_key" = ["read"]))
)]
async fn list_pins(
    State(ports): State<Arc<Ports>>,
    caller: Caller,
    Path(path): Path<RoomPath>,
    Query(wanted): Query<Listing>,
) -> Answer<Json<RoomPage<Message>>> {
    let list = format!("pins:{}", path.room_id);
    let after: Option<PinKey> = cursor::decode(&list, wanted.cursor.as_deref())?;
    let limit = cursor::page_size(wanted.limit)?;
    let (access, page) = queries::list_pins(&ports, &caller.actor, path.room_id, after, limit).await?;
    let items = messages_seen(&ports, &caller.actor, &page.items).await?;
    let next_cursor = page.next.map(|key| cursor::encode(&list, &key));
    let page = Page {
        items,
        has_more: next_cursor.is_some(),
        next_cursor,
    };
    Ok(Json(cursor::room_page(&access, page)))
}
