//! Makes, changes and ends rooms.

use serde_json::{Value, json};

use super::budgets;
use crate::ports::{Changed, NewRoom, Ports};
use crate::{
    Actor, Deed, Error, Findings, History, Result, RoomId, RoomKind, RoomPatch, Timestamp, Trace, UserId,
    text,
};

/// Most members given when a room is made, or added at once.
pub const MEMBERS_AT_ONCE_MAX: usize = 100;

/// A room to be made, unchecked.
#[derive(Clone, Debug)]
pub struct CreateRoom {
    /// `public` or `private`.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// The host product's own data.
    pub metadata: Option<Value>,
    /// `all` (default) or `since_join`.
    pub history: Option<String>,
    /// Further members, at most 100.
    pub member_ids: Vec<UserId>,
}

/// New values, unchecked: outer `None` keeps, inner `None` clears.
#[derive(Clone, Debug, Default)]
pub struct UpdateRoom {
    /// A new name; cannot be cleared.
    pub name: Option<Option<String>>,
    /// A new description.
    pub description: Option<Option<String>>,
    /// New metadata.
    pub metadata: Option<Option<Value>>,
}

/// Makes a public or private room, with the actor as its owner.
pub async fn create_room(ports: &Ports, actor: &Actor, wanted: CreateRoom, trace: Trace) -> Result<Changed> {
    let now = ports.clock.now();
    let room = checked(wanted, now)?;
    budgets::take_of(ports, "room_changes", actor, ports.limits.room_changes).await?;
    ports.room_writes.create_room(room, actor, now, trace).await
}

/// The room that is wanted, or what is wrong with it.
pub(super) fn checked(wanted: CreateRoom, now: Timestamp) -> Result<NewRoom> {
    let mut findings = Findings::default();
    let kind = match RoomKind::parse(&wanted.kind) {
        Some(kind @ (RoomKind::Public | RoomKind::Private)) => Some(kind),
        Some(RoomKind::Direct) => {
            findings.add("kind", "a direct room is made by POST /rooms/direct");
            None
        }
        None => {
            findings.add("kind", "must be \"public\" or \"private\"");
            None
        }
    };
    let name = findings.take("name", text::name(&wanted.name));
    let history = match wanted.history.as_deref().map(History::parse) {
        None => Some(History::All),
        Some(Some(history)) => Some(history),
        Some(None) => {
            findings.add("history", "must be \"all\" or \"since_join\"");
            None
        }
    };
    if let Some(description) = &wanted.description {
        findings.take("description", text::description(description));
    }
    let metadata = wanted.metadata.unwrap_or_else(|| json!({}));
    findings.take("metadata", text::metadata(&metadata));
    if wanted.member_ids.len() > MEMBERS_AT_ONCE_MAX {
        findings.add("member_ids", format!("must be at most {MEMBERS_AT_ONCE_MAX}"));
    }
    findings.finish()?;
    let (Some(kind), Some(name), Some(history)) = (kind, name, history) else {
        return Err(Error::Internal("a checked room lacks a field", None));
    };
    Ok(NewRoom {
        id: RoomId::mint(now),
        kind,
        name,
        description: wanted.description.filter(|text| !text.is_empty()),
        metadata,
        history,
        member_ids: wanted.member_ids,
    })
}

/// The direct room with somebody, made when there is none: true when made.
pub async fn open_direct_room(
    ports: &Ports,
    actor: &Actor,
    peer: UserId,
    trace: Trace,
) -> Result<(Changed, bool)> {
    if peer == actor.user_id {
        return Err(Error::invalid("user_id", "must be somebody else"));
    }
    budgets::take_of(ports, "room_changes", actor, ports.limits.room_changes).await?;
    let now = ports.clock.now();
    ports
        .room_writes
        .direct_room(RoomId::mint(now), actor, peer, now, trace)
        .await
}

/// Edits a room. New values equal to the old change nothing.
pub async fn update_room(
    ports: &Ports,
    actor: &Actor,
    room_id: RoomId,
    wanted: UpdateRoom,
    trace: Trace,
) -> Result<Changed> {
    let mut findings = Findings::default();
    let name = match wanted.name {
        None => None,
        Some(None) => {
            findings.add("name", "cannot be cleared");
            None
        }
        Some(Some(name)) => findings.take("name", text::name(&name)),
    };
    if let Some(Some(description)) = &wanted.description {
        findings.take("description", text::description(description));
    }
    let metadata = wanted
        .metadata
        .map(|metadata| metadata.unwrap_or_else(|| json!({})));
    if let Some(metadata) = &metadata {
        findings.take("metadata", text::metadata(metadata));
    }
    findings.finish()?;
    let description = wanted
        .description
        .map(|text| text.filter(|text| !text.is_empty()));
    let deed = Deed::UpdateRoom(RoomPatch {
        name,
        description,
        metadata,
    });
    ports
        .room_writes
        .change(room_id, actor, deed, ports.clock.now(), trace)
        .await
}

/// Ends a room: gone at once for everybody.
pub async fn delete_room(ports: &Ports, actor: &Actor, room_id: RoomId, trace: Trace) -> Result<Changed> {
    ports
        .room_writes
        .change(room_id, actor, Deed::DeleteRoom, ports.clock.now(), trace)
        .await
}
