//! Brings people into rooms and out of them.

use super::budgets;
use super::change::change;
use super::rooms::MEMBERS_AT_ONCE_MAX;
use crate::change::grantable;
use crate::ports::{Changed, Ports};
use crate::{Actor, Deed, Error, Findings, MemberRole, Result, RoomId, Trace, UserId};

/// Comes in. Joining twice changes nothing.
pub async fn join_room(ports: &Ports, actor: &Actor, room_id: RoomId, trace: Trace) -> Result<Changed> {
    budgets::take_of(ports, "room_changes", actor, ports.limits.room_changes).await?;
    change(ports, actor, room_id, Deed::Join, trace).await
}

/// Goes. Leaving twice changes nothing.
pub async fn leave_room(ports: &Ports, actor: &Actor, room_id: RoomId, trace: Trace) -> Result<Changed> {
    change(ports, actor, room_id, Deed::Leave, trace).await
}

/// Brings others in, at most 100 at once. Who is in already stays as they are.
pub async fn add_members(
    ports: &Ports,
    actor: &Actor,
    room_id: RoomId,
    members: Vec<(UserId, MemberRole)>,
    trace: Trace,
) -> Result<Changed> {
    let mut findings = Findings::default();
    if members.is_empty() || members.len() > MEMBERS_AT_ONCE_MAX {
        findings.add("members", format!("must be 1 to {MEMBERS_AT_ONCE_MAX}"));
    }
    for (index, (_, role)) in members.iter().enumerate() {
        findings.take(&format!("members[{index}].role"), grantable(*role));
    }
    findings.finish()?;
    budgets::take_of(ports, "room_changes", actor, ports.limits.room_changes).await?;
    change(ports, actor, room_id, Deed::AddMembers(members), trace).await
}

/// Puts somebody out. Who is out already stays out.
pub async fn remove_member(
    ports: &Ports,
    actor: &Actor,
    room_id: RoomId,
    user_id: UserId,
    trace: Trace,
) -> Result<Changed> {
    budgets::take_of(ports, "room_changes", actor, ports.limits.room_changes).await?;
    change(ports, actor, room_id, Deed::RemoveMember(user_id), trace).await
}

/// Puts several out, each in a change of its own. Whom one may not put out ends it; those before them are out.
pub async fn remove_members(
    ports: &Ports,
    actor: &Actor,
    room_id: RoomId,
    user_ids: &[UserId],
    trace: Trace,
) -> Result<Vec<UserId>> {
    if user_ids.is_empty() || user_ids.len() > MEMBERS_AT_ONCE_MAX {
        let reason = format!("must be 1 to {MEMBERS_AT_ONCE_MAX}");
        return Err(Error::invalid("user_ids", reason));
    }
    budgets::take_of(ports, "room_changes", actor, ports.limits.room_changes).await?;
    let mut removed = Vec::new();
    for user_id in user_ids {
        let deed = Deed::RemoveMember(*user_id);
        let changed = change(ports, actor, room_id, deed, trace.clone()).await?;
        if !changed.events.is_empty() {
            removed.push(*user_id);
        }
    }
    Ok(removed)
}

/// Gives somebody another role; `owner` hands the room on.
pub async fn change_role(
    ports: &Ports,
    actor: &Actor,
    room_id: RoomId,
    user_id: UserId,
    role: &str,
    trace: Trace,
) -> Result<Changed> {
    let role = MemberRole::parse(role).ok_or_else(|| {
        Error::invalid(
            "role",
            "must be \"owner\", \"admin\", \"moderator\" or \"member\"",
        )
    })?;
    budgets::take_of(ports, "room_changes", actor, ports.limits.room_changes).await?;
    let deed = Deed::ChangeRole(user_id, role);
    change(ports, actor, room_id, deed, trace).await
}
