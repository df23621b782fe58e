//! Changes and deletes messages.

use super::budgets;
use crate::ports::{Changed, Ports};
use crate::rights::{Act, Verdict};
use crate::{Actor, Deed, Error, MessageId, Result, RoomId, Trace, UserRole, queries, text};

/// Changes the text of one's own message. A change to the same text changes nothing.
pub async fn edit_message(
    ports: &Ports,
    actor: &Actor,
    message_id: MessageId,
    content: String,
    trace: Trace,
) -> Result<Changed> {
    text::content(&content).map_err(|reason| Error::invalid("content", reason))?;
    budgets::take_of(ports, "edits", actor, ports.limits.edits).await?;
    let room_id = room_of(ports, actor, message_id).await?;
    let deed = Deed::EditMessage { message_id, content };
    ports
        .room_writes
        .change(room_id, actor, deed, ports.clock.now(), trace)
        .await
}

/// Deletes a message to a tombstone: one's own, or as a moderator. Deleting twice changes nothing.
pub async fn delete_message(
    ports: &Ports,
    actor: &Actor,
    message_id: MessageId,
    trace: Trace,
) -> Result<Changed> {
    budgets::take_of(ports, "deletes", actor, ports.limits.deletes).await?;
    let room_id = room_of(ports, actor, message_id).await?;
    ports
        .room_writes
        .change(
            room_id,
            actor,
            Deed::DeleteMessage(message_id),
            ports.clock.now(),
            trace,
        )
        .await
}

/// The message's own room, never one that the caller names; hidden from who cannot see the room.
async fn room_of(ports: &Ports, actor: &Actor, message_id: MessageId) -> Result<RoomId> {
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
        Verdict::Allowed => Ok(message.room_id),
        Verdict::Forbidden | Verdict::Hidden => Err(Error::NotFound),
    }
}
