//! Says in one room what was said in another, with the first sender's name on it.

use serde_json::json;

use super::send_message::{new_message, within_budget};
use crate::ports::{Ports, Sent};
use crate::{
    Actor, Body, ContentType, Error, Findings, ForwardedFrom, Message, MessageId, Named, Result, RoomId,
    Trace, naming, queries, text,
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

/// Forwards a message: read by the rights of its own room, said by those of the other.
///
/// The text is copied as it is now. It names nobody in the other room, and bears no metadata, which is the
/// host product's about the first place. A forward of a forward names the first origin. A repeat of a
/// `client_id` answers the first forward, also when the source is gone or out of reach by then.
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
    let body = source.and_then(|view| forwarded(&view.message));
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
            // A source out of reach may itself have been a forward, and then nobody can tell what it was.
            Ok(None) | Err(Error::Conflict(_)) => Err(refusal),
            Err(error) => Err(error),
        },
    }
}

fn forwarded(source: &Message) -> Result<Body> {
    let Some(content) = source.content.clone().filter(|_| !source.is_deleted()) else {
        return Err(Error::Conflict("the message is deleted"));
    };
    if source.content_type == ContentType::System {
        return Err(Error::Conflict("a system message is not forwarded"));
    }
    let origin = source.extras.forwarded_from.clone();
    Ok(Body {
        named: Named {
            links: naming::read(&content, source.content_type).links,
            ..Named::default()
        },
        content,
        content_type: source.content_type,
        // The store gives the new message copies of these.
        attachments: source.attachments.iter().map(|file| file.id).collect(),
        forwarded_from: Some(origin.unwrap_or(ForwardedFrom {
            message_id: source.id,
            sender_id: source.sender_id,
            created_at: source.created_at,
        })),
        ..remembered(source.id)
    })
}

/// A body that is known again by whose words it repeats alone: the text may have changed meanwhile.
fn remembered(message_id: MessageId) -> Body {
    Body {
        content: String::new(),
        content_type: ContentType::Plain,
        reply_to: None,
        metadata: json!({}),
        attachments: Vec::new(),
        named: Named::default(),
        forwarded_from: Some(ForwardedFrom {
            message_id,
            sender_id: crate::UserId(uuid::Uuid::nil()),
            created_at: crate::Timestamp::from_millis(0),
        }),
    }
}
