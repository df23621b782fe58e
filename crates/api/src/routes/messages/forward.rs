//! Forwards a message into another room.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use confab_contract::Message;
use confab_domain::RoomId;
use confab_domain::commands::{self, ForwardMessage};
use confab_domain::ports::Ports;
use http::HeaderMap;
use serde::Deserialize;
use utoipa::ToSchema;

use super::send::{answer, client_id};
use crate::extract::{Caller, JsonBody, MessagePath, Path};
use crate::failure::Answer;
use crate::openapi::{Conflict, Forbidden, NotFound, RateLimited};

/// Where to forward a message.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"room_id": "018cc251-f400-7000-8000-0000000000b2", "client_id": "web-2"}))]
pub(crate) struct ForwardMessageBody {
    /// The room to say it in.
    #[schema(value_type = uuid::Uuid)]
    room_id: RoomId,
    /// One's own id of the new message, of visible ASCII: a repeat is the same message.
    #[schema(min_length = 1, max_length = 128)]
    client_id: Option<String>,
}

/// Forward a message
///
/// Read by the rights of its own room, sent by those of the other. The new message bears the text as it is
/// now, its files, and `forwarded_from` with the first origin, but not the room it came from. A deleted message
/// and one of the system are `conflict`.
#[utoipa::path(
    post, path = "/messages/{message_id}/forward", tag = "messages", request_body = ForwardMessageBody,
    params(
        MessagePath,
        ("Idempotency-Key" = Option<String>, Header, description = "The same as `client_id`.", max_length = 128)
    ),
    responses(
        (status = 201, description = "The new message is durable.", body = Message),
        (
            status = 200, description = "It was forwarded before; this is the first one.", body = Message,
            headers(("Idempotent-Replayed" = bool, description = "Always `true`."))
        ),
        Forbidden, NotFound, Conflict, RateLimited
    ),
    security(("access_token" = []), ("api_key" = ["messages"]))
)]
pub(crate) async fn forward_message(
    State(ports): State<Arc<Ports>>,
    caller: Caller,
    Path(path): Path<MessagePath>,
    headers: HeaderMap,
    JsonBody(body): JsonBody<ForwardMessageBody>,
) -> Answer<Response> {
    let forward = ForwardMessage {
        message_id: path.message_id,
        room_id: body.room_id,
        client_id: client_id(&headers, body.client_id)?,
    };
    let sent = commands::forward_message(&ports, &caller.actor, forward, caller.trace.clone()).await?;
    answer(&ports, &caller, sent).await
}
