//! What people set for themselves in a room. Their own state: no event, and nobody else is told.

use super::budgets;
use crate::ports::{Ports, Signal};
use crate::rights::Act;
use crate::{Actor, Conversation, ConversationPatch, Error, Result, RoomId, queries};

/// Puts a conversation away, pins it, silences it, or marks it unread, for oneself. All devices of the person are told.
pub async fn update_conversation(
    ports: &Ports,
    actor: &Actor,
    room_id: RoomId,
    patch: ConversationPatch,
) -> Result<Conversation> {
    budgets::take_of(ports, "marks", actor, ports.limits.marks).await?;
    let updated = ports
        .conversations
        .update_conversation(room_id, actor.user_id, patch, ports.clock.now())
        .await;
    let conversation = match updated {
        // The store knows members alone. Who is none gets the table's answer.
        Err(Error::NotFound) => {
            queries::access_for(ports, actor, room_id, Act::Signal).await?;
            return Err(Error::NotFound);
        }
        outcome => outcome?,
    };
    ports.signals.send(Signal::Conversation {
        user_id: actor.user_id,
        room_id,
        last_read_number: None,
        unread: None,
        is_marked_unread: patch.is_marked_unread,
        settings: patch.has_settings().then_some(conversation.settings),
    });
    Ok(conversation)
}
