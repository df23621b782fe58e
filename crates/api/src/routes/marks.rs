//! Marks: what has been read and received.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use confab_contract::{Mark, MessageReceipt, MessageReceipts, Receipt, RoomPage};
use confab_domain::ports::Ports;
use confab_domain::rights::Act;
use confab_domain::{UserId, commands, queries};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::cursor;
use crate::extract::{Caller, JsonBody, Listing, MessagePath, Path, Query, RoomPath};
use crate::failure::Answer;
use crate::openapi::{Forbidden, NotFound};
use crate::router::AppState;

pub(crate) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(mark_read))
        .routes(routes!(list_receipts))
        .routes(routes!(message_receipts))
        .routes(routes!(mark_delivered))
}

/// Up to where one has read.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"number": 40}))]
pub(crate) struct MarkReadBody {
    /// The number of the last message read.
    #[schema(minimum = 0)]
    number: i64,
}

/// Mark as read
///
/// Never moves back, nor beyond the last message.
#[utoipa::path(
    post, path = "/rooms/{room_id}/read", tag = "marks", params(RoomPath), request_body = MarkReadBody,
    responses((status = 200, description = "Where the mark stands.", body = Mark), Forbidden, NotFound),
    security(("access_token" = []), ("api_key" = ["messages"]))
)]
async fn mark_read(
    State(ports): State<Arc<Ports>>,
    caller: Caller,
    Path(path): Path<RoomPath>,
    JsonBody(body): JsonBody<MarkReadBody>,
) -> Answer<Json<Mark>> {
    let mark = commands::mark_read(&ports, &caller.actor, path.room_id, body.number).await?;
    Ok(Json(mark.into()))
}

/// Mark as received
///
/// By the client's word: what a socket only sent is not received. Never moves back, nor beyond the last message.
#[utoipa::path(
    post, path = "/rooms/{room_id}/delivered", tag = "marks", params(RoomPath), request_body = MarkReadBody,
    responses((status = 200, description = "Where the mark stands.", body = Mark), Forbidden, NotFound),
    security(("access_token" = []))
)]
async fn mark_delivered(
    State(ports): State<Arc<Ports>>,
    caller: Caller,
    Path(path): Path<RoomPath>,
    JsonBody(body): JsonBody<MarkReadBody>,
) -> Answer<Json<Mark>> {
    let mark = commands::mark_delivered(&ports, &caller.actor, path.room_id, body.number).await?;
    Ok(Json(mark.into()))
}

/// Receipts of a message
///
/// How far it has come: to how many, read by how many, and who. Of the members who were there when it was said.
#[utoipa::path(
    get, path = "/messages/{message_id}/receipts", tag = "marks", params(MessagePath, Listing),
    responses((status = 200, description = "Who has it.", body = MessageReceipts), Forbidden, NotFound),
    security(("access_token" = []), ("api_key" = ["read"]))
)]
async fn message_receipts(
    State(ports): State<Arc<Ports>>,
    caller: Caller,
    Path(path): Path<MessagePath>,
    Query(wanted): Query<Listing>,
) -> Answer<Json<MessageReceipts>> {
    let list = format!("message_receipts:{}", path.message_id);
    let after: Option<UserId> = cursor::decode(&list, wanted.cursor.as_deref())?;
    let limit = cursor::page_size(wanted.limit)?;
    let (access, counts, page) =
        queries::message_receipts(&ports, &caller.actor, path.message_id, after, limit).await?;
    let page = cursor::room_page(&access, cursor::page(&list, page, MessageReceipt::from));
    Ok(Json(MessageReceipts {
        recipient_count: counts.recipients,
        delivered_count: counts.delivered,
        read_count: counts.read,
        items: page.items,
        next_cursor: page.next_cursor,
        has_more: page.has_more,
        as_of: page.as_of,
    }))
}

/// Receipts
///
/// Up to which message each member has read and received. What somebody does not share is null.
#[utoipa::path(
    get, path = "/rooms/{room_id}/receipts", tag = "marks", params(RoomPath, Listing),
    responses((status = 200, description = "The members' marks.", body = RoomPage<Receipt>), Forbidden, NotFound),
    security(("access_token" = []), ("api_key" = ["read"]))
)]
async fn list_receipts(
    State(ports): State<Arc<Ports>>,
    caller: Caller,
    Path(path): Path<RoomPath>,
    Query(wanted): Query<Listing>,
) -> Answer<Json<RoomPage<Receipt>>> {
    let list = format!("receipts:{}", path.room_id);
    let after: Option<UserId> = cursor::decode(&list, wanted.cursor.as_deref())?;
    let limit = cursor::page_size(wanted.limit)?;
    let access = queries::access_for(&ports, &caller.actor, path.room_id, Act::SeePresence).await?;
    let page = queries::list_receipts(&ports, &caller.actor, path.room_id, after, limit).await?;
    Ok(Json(cursor::room_page(
        &access,
        cursor::page(&list, page, Receipt::from),
    )))
}
