//! One message: show, edit, delete. The room it is judged by is its own.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use confab_contract::Message;
use confab_domain::ports::Ports;
use confab_domain::{commands, queries};
use http::StatusCode;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::message_seen;
use crate::extract::{Caller, JsonBody, MessagePath, Path, Query};
use crate::failure::Answer;
use crate::openapi::{Conflict, Forbidden, NotFound};

/// A message
#[utoipa::path(
    get, path = "/messages/{message_id}", tag = "messages", params(MessagePath),
    responses((status = 200, description = "The message as it is now.", body = Message), NotFound),
    security(("access_token" = []), ("api_key" = ["read"]))
)]
pub(crate) async fn message(
    State(ports): State<Arc<Ports>>,
    caller: Caller,
    Path(path): Path<MessagePath>,
) -> Answer<Json<Message>> {
    let view = queries::message(&ports, &caller.actor, path.message_id).await?;
    Ok(Json(message_seen(&ports, &caller.actor, &view.message).await?))
}

/// A new text.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"content": "Hello, all!"}))]
pub(crate) struct EditMessageBody {
    /// At most 32 KiB of UTF-8; no control characters but newline and tab. Empty only where there are files.
    #[schema(max_length = 16384)]
    content: String,
}

/// Edit a message
///
/// One's own, within the room's `edit_window_seconds`. Whom and what it names is found anew; the former text
/// goes to the history. A change to the same text changes nothing.
#[utoipa::path(
    patch, path = "/messages/{message_id}", tag = "messages", params(MessagePath),
    request_body = EditMessageBody,
    responses(
        (status = 200, description = "The message as it is now.", body = Message),
        Forbidden, NotFound, Conflict
    ),
    security(("access_token" = []), ("api_key" = ["messages"]))
)]
pub(crate) async fn edit_message(
    State(ports): State<Arc<Ports>>,
    caller: Caller,
    Path(path): Path<MessagePath>,
    JsonBody(body): JsonBody<EditMessageBody>,
) -> Answer<Json<Message>> {
    commands::edit_message(&ports, &caller.actor, path.message_id, body.content, caller.trace).await?;
    let view = queries::message(&ports, &caller.actor, path.message_id).await?;
    Ok(Json(message_seen(&ports, &caller.actor, &view.message).await?))
}

/// Why it is deleted.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct DeleteMessage {
    /// A moderator's reason, for everybody in the room to read on the tombstone. Of one's own message it is
    /// not kept.
    #[param(min_length = 1, max_length = 500)]
    reason: Option<String>,
}

/// Delete a message
///
/// One's own, or as a moderator; a tombstone stays. Deleting twice changes nothing.
#[utoipa::path(
    delete, path = "/messages/{message_id}", tag = "messages", params(MessagePath, DeleteMessage),
    responses((status = 204, description = "Its text is gone."), Forbidden, NotFound),
    security(("access_token" = []), ("api_key" = ["messages"]))
)]
pub(crate) async fn delete_message(
    State(ports): State<Arc<Ports>>,
    caller: Caller,
    Path(path): Path<MessagePath>,
    Query(wanted): Query<DeleteMessage>,
) -> Answer<StatusCode> {
    commands::delete_message(
        &ports,
        &caller.actor,
        path.message_id,
        wanted.reason,
        caller.trace,
    )
    .await?;
    Ok(StatusCode::NO_CONTENT)
}
