//! Reacts to messages and pins them.

use super::budgets;
use super::change::change;
use crate::ports::{Changed, Ports};
use crate::{Actor, Deed, Error, MessageId, Result, RoomId, Trace, emoji, queries};

/// Reacts to a message with an emoji; reacting twice changes nothing.
pub async fn add_reaction(
    ports: &Ports,
    actor: &Actor,
    message_id: MessageId,
    emoji: &str,
    trace: Trace,
) -> Result<Changed> {
    let emoji = checked(emoji)?;
    let room_id = queries::message(ports, actor, message_id).await?.message.room_id;
    let deed = Deed::AddReaction { message_id, emoji };
    wear(ports, actor, room_id, deed, trace).await
}

/// Takes one's own reaction back; what was never there is taken back already.
pub async fn remove_reaction(
    ports: &Ports,
    actor: &Actor,
    message_id: MessageId,
    emoji: &str,
    trace: Trace,
) -> Result<Changed> {
    let emoji = checked(emoji)?;
    let room_id = queries::message(ports, actor, message_id).await?.message.room_id;
    let deed = Deed::RemoveReaction { message_id, emoji };
    wear(ports, actor, room_id, deed, trace).await
}

/// Pins a message of a room; without a room, of the message's own. Pinning twice changes nothing.
pub async fn pin_message(
    ports: &Ports,
    actor: &Actor,
    room_id: Option<RoomId>,
    message_id: MessageId,
    trace: Trace,
) -> Result<Changed> {
    let room_id = room_of(ports, actor, room_id, message_id).await?;
    wear(ports, actor, room_id, Deed::PinMessage(message_id), trace).await
}

/// Pins a message no longer.
pub async fn unpin_message(
    ports: &Ports,
    actor: &Actor,
    room_id: Option<RoomId>,
    message_id: MessageId,
    trace: Trace,
) -> Result<Changed> {
    let room_id = room_of(ports, actor, room_id, message_id).await?;
    wear(ports, actor, room_id, Deed::UnpinMessage(message_id), trace).await
}

async fn wear(ports: &Ports, actor: &Actor, room_id: RoomId, deed: Deed, trace: Trace) -> Result<Changed> {
    budgets::take_of(ports, "reactions", actor, ports.limits.reactions).await?;
    change(ports, actor, room_id, deed, trace).await
}

async fn room_of(
    ports: &Ports,
    actor: &Actor,
    room_id: Option<RoomId>,
    message_id: MessageId,
) -> Result<RoomId> {
    match room_id {
        Some(room_id) => Ok(room_id),
        None => Ok(queries::message(ports, actor, message_id).await?.message.room_id),
    }
}

fn checked(emoji: &str) -> Result<String> {
    emoji::parse(emoji).map_err(|reason| Error::invalid("emoji", reason))
}
