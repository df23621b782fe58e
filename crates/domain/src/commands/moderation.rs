//! Keeps people out of a room, silent in it, or apart from one another.

use super::budgets;
use super::change::change;
use crate::ports::{Changed, Ports, Signal};
use crate::{Actor, Deed, Error, Result, RoomId, Timestamp, Trace, UserId, text};

/// Puts somebody out and keeps them out, member or not. A repeat changes nothing but the reason, when one is
/// given that differs.
pub async fn ban_user(
    ports: &Ports,
    actor: &Actor,
    room_id: RoomId,
    user_id: UserId,
    reason: Option<String>,
    trace: Trace,
) -> Result<Changed> {
    if let Some(reason) = &reason {
        text::reason(reason).map_err(|refusal| Error::invalid("reason", refusal))?;
    }
    budgets::take_of(ports, "room_changes", actor, ports.limits.room_changes).await?;
    let deed = Deed::Ban { user_id, reason };
    change(ports, actor, room_id, deed, trace).await
}

/// Lets somebody come back. Who is not banned stays so.
pub async fn unban_user(
    ports: &Ports,
    actor: &Actor,
    room_id: RoomId,
    user_id: UserId,
    trace: Trace,
) -> Result<Changed> {
    budgets::take_of(ports, "room_changes", actor, ports.limits.room_changes).await?;
    change(ports, actor, room_id, Deed::Unban(user_id), trace).await
}

/// Keeps somebody from speaking until then, or until further notice; until when it is from now on.
pub async fn mute_member(
    ports: &Ports,
    actor: &Actor,
    room_id: RoomId,
    user_id: UserId,
    until: Option<Timestamp>,
    trace: Trace,
) -> Result<Timestamp> {
    let now = ports.clock.now();
    let until = until.unwrap_or(Timestamp::NEVER);
    if until <= now {
        return Err(Error::invalid("until", "must be in the future"));
    }
    budgets::take_of(ports, "room_changes", actor, ports.limits.room_changes).await?;
    let deed = Deed::Mute { user_id, until };
    ports.room_writes.change(room_id, actor, deed, now, trace).await?;
    Ok(until)
}

/// Lets somebody speak again. Who is not muted stays so.
pub async fn unmute_member(
    ports: &Ports,
    actor: &Actor,
    room_id: RoomId,
    user_id: UserId,
    trace: Trace,
) -> Result<Changed> {
    budgets::take_of(ports, "room_changes", actor, ports.limits.room_changes).await?;
    change(ports, actor, room_id, Deed::Unmute(user_id), trace).await
}

/// Blocks somebody: no direct messages either way from now on, and what the blocker does is no longer shown to
/// the other in their direct room. Nobody but one's own devices is told. Blocking twice changes nothing.
pub async fn block_user(ports: &Ports, actor: &Actor, user_id: UserId) -> Result<bool> {
    if user_id == actor.user_id {
        return Err(Error::invalid("user_id", "must be somebody else"));
    }
    budgets::take_of(ports, "blocks", actor, ports.limits.blocks).await?;
    let now = ports.clock.now();
    let has_changed = ports.moderation.block(actor.user_id, user_id, now).await?;
    tell_own_devices(ports, actor, user_id, has_changed, true);
    Ok(has_changed)
}

/// Takes a block back. Who is not blocked stays so.
pub async fn unblock_user(ports: &Ports, actor: &Actor, user_id: UserId) -> Result<bool> {
    let has_changed = ports.moderation.unblock(actor.user_id, user_id).await?;
    tell_own_devices(ports, actor, user_id, has_changed, false);
    Ok(has_changed)
}

fn tell_own_devices(ports: &Ports, actor: &Actor, blocked_id: UserId, has_changed: bool, is_blocked: bool) {
    if has_changed {
        ports.signals.send(Signal::Block {
            user_id: actor.user_id,
            blocked_id,
            is_blocked,
        });
    }
}
