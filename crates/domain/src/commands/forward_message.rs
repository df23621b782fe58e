//! Says in one room what was said in another, with the first sender's name on it.

use serde_json::json;

use super::send_message::{new_message, within_budget};
use crate::ports::{Ports, Sent};
use crate::{
    Actor, Body, ContentType, Findings, Forward, ForwardedFrom, MessageId, Named, Result, RoomId, Trace,
    queries, text,
};

/// A forward as it came in, unchecked.
#[derive(Clone, Debug)]
pub struct ForwardMessage {
    /// Which message.
    pub message_id: MessageId,
    /// Where to.
    pub room_id: RoomId,
    /// The sender's own id of the new message; makes the forward repeatable.
    pub client_id: Option<String>,
}

/// Forwards a message: read by the rights of its own room, said by those of the other. Both are asked again under
/// the locks of both rooms, so that nothing is forwarded by who was removed or that was deleted.
///
/// A forward of a forward names the first origin. A repeat of a `client_id` answers the first forward, also when
/// the source is gone or out of reach by then.
pub async fn forward_message(
    ports: &Ports,
    actor: &Actor,
    forward: ForwardMessage,
    trace: Trace,
) -> Result<Sent> {
    let ForwardMessage {
        message_id,
        room_id,
        client_id,
    } = forward;
    let mut findings = Findings::default();
    if let Some(client_id) = &client_id {
        findings.take("client_id", text::client_id(client_id));
    }
    findings.finish()?;
    let source = queries::message(ports, actor, message_id).await;
    let body = source.and_then(|view| Body::forwarding(&view.message));
    let is_repeatable = client_id.is_some();
    let message = |body| new_message(ports, actor, room_id, body, client_id, trace);
    let (message, refusal) = match body {
        Ok(body) => {
            let refusal = within_budget(ports, actor, room_id).await.err();
            (message(body), refusal)
        }
        Err(refusal) if is_repeatable => (message(remembered(message_id)), Some(refusal)),
        Err(refusal) => return Err(refusal),
    };
    match refusal {
        None => ports.room_writes.send(message).await,
        Some(refusal) => match ports.room_writes.sent_before(&message).await {
            Ok(Some(first)) => Ok(first),
            Ok(None) => Err(refusal),
            Err(error) => Err(error),
        },
    }
}

/// A body that is known again by the message it repeats alone, for nothing else of that can be told any more.
fn remembered(source_id: MessageId) -> Body {
    Body {
        content: String::new(),
        content_type: ContentType::Plain,
        reply_to: None,
        metadata: json!({}),
        attachments: Vec::new(),
        named: Named::default(),
        forward: Some(Forward {
            source_id,
            source_room_id: RoomId(uuid::Uuid::nil()),
            origin: ForwardedFrom {
                message_id: source_id,
                sender_id: crate::UserId(uuid::Uuid::nil()),
                created_at: crate::Timestamp::from_millis(0),
            },
        }),
    }
}
