//! Sends a message, once whatever the number of attempts.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use confab_contract::Message;
use confab_domain::commands::{self, SendMessage};
use confab_domain::ports::{Ports, Sent};
use confab_domain::{MessageId, queries, text};
use http::{HeaderMap, HeaderName, StatusCode};
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::message_seen;
use crate::extract::{Caller, JsonBody, Path, RoomPath};
use crate::failure::{Answer, Failure};
use crate::openapi::{Conflict, Forbidden, NotFound, RateLimited};

const IDEMPOTENCY_KEY: &str = "Idempotency-Key";
const IDEMPOTENT_REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// A message to be sent.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"content": "Hello!", "client_id": "web-1", "content_type": "text/plain"}))]
pub(crate) struct SendMessageBody {
    /// At most 32 KiB of UTF-8; no control characters but newline and tab. May be left out beside attachments.
    #[schema(max_length = 16384)]
    content: Option<String>,
    /// One's own id of the message, of visible ASCII: a repeat with the same body is the same message.
    #[schema(min_length = 1, max_length = 128)]
    client_id: Option<String>,
    /// The message it answers, of the same room; also one that is deleted.
    #[schema(value_type = Option<Uuid>)]
    reply_to: Option<MessageId>,
    /// Uploads of yours that no message bears yet, in the order they are to be shown; at most 10.
    #[schema(max_items = 10)]
    attachments: Option<Vec<Uuid>>,
    /// `text/plain` (default) or `text/markdown`.
    content_type: Option<String>,
    /// The host product's own data: an object of at most 4 KiB and 8 levels.
    #[schema(value_type = Option<Object>)]
    metadata: Option<Value>,
}

/// Send a message
///
/// Answered after the commit. `client_id` or the header `Idempotency-Key` (both: equal) makes it
/// repeatable, for ever: after `internal` and `unavailable` the outcome is unknown, so repeat with the same
/// one. `@username` of members, `@here` and links are found in the text.
#[utoipa::path(
    post, path = "/rooms/{room_id}/messages", tag = "messages", request_body = SendMessageBody,
    params(
        RoomPath,
        ("Idempotency-Key" = Option<String>, Header, description = "The same as `client_id`.", max_length = 128)
    ),
    responses(
        (status = 201, description = "The message is durable.", body = Message),
        (
            status = 200, description = "It was sent before; this is the first one.", body = Message,
            headers(("Idempotent-Replayed" = bool, description = "Always `true`."))
        ),
        Forbidden, NotFound, Conflict, RateLimited
    ),
    security(("access_token" = []), ("api_key" = ["messages"]))
)]
pub(crate) async fn send_message(
    State(ports): State<Arc<Ports>>,
    caller: Caller,
    Path(path): Path<RoomPath>,
    headers: HeaderMap,
    JsonBody(body): JsonBody<SendMessageBody>,
) -> Answer<Response> {
    let send = SendMessage {
        client_id: client_id(&headers, body.client_id)?,
        content: body.content,
        reply_to: body.reply_to,
        attachments: body.attachments.unwrap_or_default(),
        content_type: body.content_type,
        metadata: body.metadata,
    };
    let sent =
        commands::send_message(&ports, &caller.actor, path.room_id, send, caller.trace.clone()).await?;
    answer(&ports, &caller, sent).await
}

/// 201 with the new message, or 200 with the one that was there before.
pub(super) async fn answer(ports: &Ports, caller: &Caller, sent: Sent) -> Answer<Response> {
    let message = queries::sent_message(ports, &caller.actor, sent.message).await?;
    // A repeat may have been reacted to since.
    let message = Json(message_seen(ports, &caller.actor, &message).await?);
    Ok(if sent.is_duplicate {
        ([(IDEMPOTENT_REPLAYED, "true")], message).into_response()
    } else {
        (StatusCode::CREATED, message).into_response()
    })
}

/// The one id of a send, from the header or the body.
pub(super) fn client_id(headers: &HeaderMap, in_body: Option<String>) -> Answer<Option<String>> {
    let mut keys = headers.get_all(IDEMPOTENCY_KEY).iter();
    let Some(key) = keys.next() else {
        return Ok(in_body);
    };
    if keys.next().is_some() {
        return Err(Failure::field(IDEMPOTENCY_KEY, "must be given once"));
    }
    let key = key.to_str().unwrap_or_default();
    text::client_id(key).map_err(|reason| Failure::field(IDEMPOTENCY_KEY, reason))?;
    match in_body {
        Some(client_id) if client_id != key => {
            Err(Failure::field("client_id", "must equal the Idempotency-Key"))
        }
        _ => Ok(Some(key.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn the_header_and_the_body_must_agree() {
        let header = |value: &str| {
            HeaderMap::from_iter([(
                HeaderName::from_static("idempotency-key"),
                HeaderValue::from_bytes(value.as_bytes()).unwrap(),
            )])
        };
        let body = || Some("a".to_owned());
        assert_eq!(client_id(&HeaderMap::new(), None).unwrap(), None);
        assert_eq!(client_id(&HeaderMap::new(), body()).unwrap(), body());
        assert_eq!(client_id(&header("a"), None).unwrap(), body());
        assert_eq!(client_id(&header("a"), body()).unwrap(), body());
        assert_eq!(
            client_id(&header("b"), body()).unwrap_err().errors[0].field,
            "client_id"
        );
        for bad in ["", "a b", "é", &"x".repeat(129)] {
            let failure = client_id(&header(bad), None).unwrap_err();
            assert_eq!(failure.errors[0].field, "Idempotency-Key", "{bad}");
        }
    }
}
