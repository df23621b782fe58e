//! Changes and deletes messages.

use std::sync::Arc;

use super::change::change;
use super::{budgets, naming};
use crate::ports::{Changed, Ports};
use crate::rights::{Act, Verdict};
use crate::{Actor, Deed, Error, Message, MessageId, Result, Trace, UserRole, queries, text};

/// Changes the text of one's own message, and finds anew whom and what it names. A change to the same text
/// changes nothing.
pub async fn edit_message(
    ports: &Ports,
    actor: &Actor,
    message_id: MessageId,
    content: String,
    trace: Trace,
) -> Result<Changed> {
    // Whether a message may do without text is its files' to say.
    if !content.is_empty() {
        text::content(&content).map_err(|reason| Error::invalid("content", reason))?;
    }
    budgets::take_of(ports, "edits", actor, ports.limits.edits).await?;
    let message = message_of(ports, actor, message_id).await?;
    let (room_id, content_type) = (message.room_id, message.content_type);
    let named = naming::named(ports, actor, room_id, &content, content_type, message.reply_to).await?;
    let deed = Deed::EditMessage {
        message_id,
        content,
        named,
    };
    change(ports, actor, message.room_id, deed, trace).await
}

/// Deletes a message to a tombstone: one's own, or as a moderator, who may say why. Deleting twice changes
/// nothing.
pub async fn delete_message(
    ports: &Ports,
    actor: &Actor,
    message_id: MessageId,
    reason: Option<String>,
    trace: Trace,
) -> Result<Changed> {
    if let Some(reason) = &reason {
        text::reason(reason).map_err(|wrong| Error::invalid("reason", wrong))?;
    }
    budgets::take_of(ports, "deletes", actor, ports.limits.deletes).await?;
    let room_id = message_of(ports, actor, message_id).await?.room_id;
    let deed = Deed::DeleteMessage { message_id, reason };
    change(ports, actor, room_id, deed, trace).await
}

/// The message, judged by its own room, never one that the caller names; hidden from who cannot see the room.
async fn message_of(ports: &Ports, actor: &Actor, message_id: MessageId) -> Result<Arc<Message>> {
    let (message, access) = ports
        .room_reads
        .message(message_id, actor.user_id)
        .await?
        .ok_or(Error::NotFound)?;
    // A site admin moderates by id without reading; anybody else must be able to read the message, or it
    // does not exist for them.
    let by_office = actor.role == UserRole::Admin;
    let act = if by_office { Act::SeeRoom } else { Act::Read };
    match queries::verdict_on(act, actor, &access) {
        Verdict::Allowed => Ok(message),
        Verdict::Forbidden | Verdict::Hidden => Err(Error::NotFound),
    }
}
