//! Sends a message: validated, within the sender's budget, once whatever the number of attempts.

use serde_json::{Value, json};

use super::{budgets, naming};
use crate::offices::{self, OfficeAct};
use crate::ports::{NewMessage, Ports, Sent};
use crate::{
    ATTACHMENTS_MAX, Actor, Body, ContentType, Findings, MessageId, Named, Result, RoomId, RoomKind, Trace,
    UploadId, UserRole, text,
};

/// A send as it came in, unchecked.
#[derive(Clone, Debug, Default)]
pub struct SendMessage {
    /// The text.
    pub content: Option<String>,
    /// The sender's own id of it; makes the send repeatable.
    pub client_id: Option<String>,
    /// The message it answers.
    pub reply_to: Option<MessageId>,
    /// Uploads of the sender to attach, in order; at most 10. With any, the text may be left out.
    pub attachments: Vec<uuid::Uuid>,
    /// `text/plain` (default) or `text/markdown`; `system` for the host product's service only.
    pub content_type: Option<String>,
    /// The host product's own data.
    pub metadata: Option<Value>,
}

/// Sends a message into a room.
///
/// A repeat of a `client_id` answers the first message, also when the budget is used up by then.
pub async fn send_message(
    ports: &Ports,
    actor: &Actor,
    room_id: RoomId,
    send: SendMessage,
    trace: Trace,
) -> Result<Sent> {
    let (body, client_id) = checked(send, actor.role)?;
    let mut message = new_message(ports, actor, room_id, body, client_id, trace);
    if let Err(refusal) = within_budget(ports, actor, room_id).await {
        return match ports.room_writes.sent_before(&message).await? {
            Some(first) => Ok(first),
            None => Err(refusal),
        };
    }
    let body = &mut message.body;
    body.named = naming::named(
        ports,
        actor,
        room_id,
        &body.content,
        body.content_type,
        body.reply_to,
    )
    .await?;
    ports.room_writes.send(message).await
}

/// A message on its way, with an id of its own.
pub(super) fn new_message(
    ports: &Ports,
    actor: &Actor,
    room_id: RoomId,
    body: Body,
    client_id: Option<String>,
    trace: Trace,
) -> NewMessage {
    let now = ports.clock.now();
    let id = MessageId::mint(now);
    NewMessage {
        id,
        room_id,
        actor: actor.clone(),
        client_id: client_id.unwrap_or_else(|| id.to_string()),
        body,
        created_at: now,
        trace,
    }
}

/// Takes one send from the sender's budget.
pub(super) async fn within_budget(ports: &Ports, actor: &Actor, room_id: RoomId) -> Result<()> {
    let limits = &ports.limits;
    if actor.role == UserRole::Service || (limits.direct_sends.limit == 0 && limits.room_sends.limit == 0) {
        return Ok(());
    }
    let (name, rate) = match ports.room_reads.kind(room_id).await? {
        Some(RoomKind::Direct) => ("send_direct", limits.direct_sends),
        _ => ("send_room", limits.room_sends),
    };
    budgets::take_of(ports, name, actor, rate).await
}

fn checked(send: SendMessage, role: UserRole) -> Result<(Body, Option<String>)> {
    let mut findings = Findings::default();
    let content = send.content.unwrap_or_default();
    // Files may stand alone.
    if !content.is_empty() || send.attachments.is_empty() {
        findings.take("content", text::content(&content));
    }
    if let Some(client_id) = &send.client_id {
        findings.take("client_id", text::client_id(client_id));
    }
    let content_type = match send.content_type.as_deref() {
        None | Some("text/plain") => ContentType::Plain,
        Some("system") if offices::may(OfficeAct::SpeakAsSystem, role) => ContentType::System,
        Some("text/markdown") => ContentType::Markdown,
        Some(_) => {
            findings.add("content_type", "must be \"text/plain\" or \"text/markdown\"");
            ContentType::Plain
        }
    };
    let attachments: Vec<UploadId> = send.attachments.into_iter().map(UploadId).collect();
    if attachments.len() > ATTACHMENTS_MAX {
        findings.add("attachments", format!("must hold at most {ATTACHMENTS_MAX}"));
    }
    for (index, id) in attachments.iter().enumerate().take(ATTACHMENTS_MAX) {
        if attachments[..index].contains(id) {
            findings.add(format!("attachments[{index}]"), "is given twice");
        }
    }
    let metadata = send.metadata.unwrap_or_else(|| json!({}));
    findings.take("metadata", text::metadata(&metadata));
    findings.finish()?;
    Ok((
        Body {
            content,
            content_type,
            reply_to: send.reply_to,
            metadata,
            attachments,
            named: Named::default(),
            forward: None,
        },
        send.client_id,
    ))
}
