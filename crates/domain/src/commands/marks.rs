//! Moves marks and shows typing: state of one person that others may see.

use super::budgets;
use crate::ports::{Mark, Ports, Signal};
use crate::rights::Act;
use crate::{Actor, Error, Result, RoomId, queries};

/// Marks everything up to `number` as read. Never moves back, never beyond the last message.
pub async fn mark_read(ports: &Ports, actor: &Actor, room_id: RoomId, number: i64) -> Result<Mark> {
    checked(number)?;
    budgets::take_of(ports, "marks", actor, ports.limits.marks).await?;
    let moved = ports.room_writes.mark_read(room_id, actor.user_id, number).await;
    let mark = or_refused(ports, actor, room_id, moved).await?;
    let user_id = actor.user_id;
    // Who hides what they have read has received it all the same, which others may know.
    if let Some(number) = mark.delivered {
        ports.signals.send(Signal::Delivered {
            room_id,
            user_id,
            number,
        });
    }
    if mark.has_moved && mark.is_shared {
        ports.signals.send(Signal::Read {
            room_id,
            user_id,
            number: mark.number,
        });
    }
    if mark.has_moved {
        ports.signals.send(Signal::Conversation {
            user_id,
            room_id,
            last_read_number: Some(mark.number),
            unread: Some(mark.unread),
            settings: None,
        });
    }
    Ok(mark)
}

/// Marks everything up to `number` as received by the person's client.
pub async fn mark_delivered(ports: &Ports, actor: &Actor, room_id: RoomId, number: i64) -> Result<Mark> {
    checked(number)?;
    budgets::take_of(ports, "marks", actor, ports.limits.marks).await?;
    let moved = ports
        .room_writes
        .mark_delivered(room_id, actor.user_id, number)
        .await;
    let mark = or_refused(ports, actor, room_id, moved).await?;
    if mark.has_moved {
        ports.signals.send(Signal::Delivered {
            room_id,
            user_id: actor.user_id,
            number: mark.number,
        });
    }
    Ok(mark)
}

/// Shows that the person types, or stopped. A live session that follows the room knows that it may, and
/// passes `is_known_member`; anybody else is checked against the store.
pub async fn set_typing(
    ports: &Ports,
    actor: &Actor,
    room_id: RoomId,
    active: bool,
    is_known_member: bool,
) -> Result<()> {
    if !is_known_member {
        queries::access_for(ports, actor, room_id, Act::Signal).await?;
    }
    ports.signals.send(Signal::Typing {
        room_id,
        user_id: actor.user_id,
        active,
    });
    Ok(())
}

/// The store knows members alone. Who is none gets the table's answer: of a public room, that it is not theirs.
async fn or_refused(ports: &Ports, actor: &Actor, room_id: RoomId, moved: Result<Mark>) -> Result<Mark> {
    if matches!(moved, Err(Error::NotFound)) {
        queries::access_for(ports, actor, room_id, Act::Signal).await?;
    }
    moved
}

fn checked(number: i64) -> Result<()> {
    if number < 0 {
        Err(Error::invalid("number", "must be 0 or more"))
    } else {
        Ok(())
    }
}
