//! Moves marks and shows typing: state of one person that others may see.

use super::budgets;
use crate::ports::{Mark, Ports, Signal};
use crate::rights::{self, Act, Standing};
use crate::{Actor, Error, Result, RoomId, RoomKind, UserId, queries};

/// Marks everything up to `number` as read. Never moves back, never beyond the last message. Whether it moves or not,
/// the conversation is no longer marked unread: its person has looked.
pub async fn mark_read(ports: &Ports, actor: &Actor, room_id: RoomId, number: i64) -> Result<Mark> {
    checked(number)?;
    budgets::take_of(ports, "marks", actor, ports.limits.marks).await?;
    let moved = ports.room_writes.mark_read(room_id, actor.user_id, number).await;
    let mark = or_refused(ports, actor, room_id, moved).await?;
    let is_told = mark.delivered.is_some() || mark.has_moved && mark.is_shared;
    let is_shown = is_told && is_shown(ports, actor, room_id).await?;
    tell(ports, actor.user_id, room_id, mark, is_shown);
    Ok(mark)
}

/// Most conversations that are read at once.
pub const READ_AT_ONCE_MAX: usize = 1_000;

/// Marks everything in all of the person's conversations as read, in at most 1,000 of them; in how many it was news.
pub async fn mark_all_read(ports: &Ports, actor: &Actor) -> Result<usize> {
    budgets::take_of(ports, "marks", actor, ports.limits.marks).await?;
    let read = ports
        .conversations
        .mark_all_read(actor.user_id, READ_AT_ONCE_MAX)
        .await?;
    for one in &read {
        tell(ports, actor.user_id, one.room_id, one.mark, one.is_shown);
    }
    Ok(read.len())
}

/// Tells others of a read mark as far as they may see it, and the person's own devices.
fn tell(ports: &Ports, user_id: UserId, room_id: RoomId, mark: Mark, is_shown: bool) {
    // Who hides what they have read has received it all the same, which others may know.
    if let Some(number) = mark.delivered.filter(|_| is_shown) {
        ports.signals.send(Signal::Delivered {
            room_id,
            user_id,
            number,
        });
    }
    if mark.has_moved && mark.is_shared && is_shown {
        ports.signals.send(Signal::Read {
            room_id,
            user_id,
            number: mark.number,
        });
    }
    if mark.has_moved || mark.has_unmarked {
        ports.signals.send(Signal::Conversation {
            user_id,
            room_id,
            last_read_number: Some(mark.number),
            unread: Some(mark.unread),
            is_marked_unread: mark.has_unmarked.then_some(false),
            settings: None,
        });
    }
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
    if mark.has_moved && is_shown(ports, actor, room_id).await? {
        ports.signals.send(Signal::Delivered {
            room_id,
            user_id: actor.user_id,
            number: mark.number,
        });
    }
    Ok(mark)
}

/// Shows that the person types, or stopped; whether it was shown. Who begins is checked against the store, for
/// they may have been muted, or blocked, meanwhile; who ends may do so as a live session that follows the room
/// (`is_known_member`).
pub async fn set_typing(
    ports: &Ports,
    actor: &Actor,
    room_id: RoomId,
    active: bool,
    is_known_member: bool,
) -> Result<bool> {
    if active || !is_known_member {
        let voice = ports.moderation.voice(room_id, actor.user_id).await?;
        let voice = voice.ok_or(Error::NotFound)?;
        let member = voice.membership.as_ref();
        rights::check(
            Act::Signal,
            Standing {
                kind: voice.kind,
                user_role: actor.role,
                member_role: member
                    .filter(|member| member.is_current())
                    .map(|member| member.role),
            },
        )?;
        let muted_until = member.and_then(|member| member.muted_until);
        if active && muted_until.is_some_and(|until| until > ports.clock.now()) {
            return Err(Error::Forbidden("you are muted in this room"));
        }
        if active {
            rights::may_post(voice.posting, actor.role, member)?;
        }
        // Of two of whom one has blocked the other, neither learns of it by an error.
        if voice.is_peer_unreachable {
            return Ok(false);
        }
    }
    ports.signals.send(Signal::Typing {
        room_id,
        user_id: actor.user_id,
        active,
    });
    Ok(true)
}

/// Whether the other person of a direct room may see what one does there.
async fn is_shown(ports: &Ports, actor: &Actor, room_id: RoomId) -> Result<bool> {
    if ports.room_reads.kind(room_id).await? != Some(RoomKind::Direct) {
        return Ok(true);
    }
    let voice = ports.moderation.voice(room_id, actor.user_id).await?;
    Ok(voice.is_some_and(|voice| !voice.is_peer_unreachable))
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
