//! Makes, changes and ends rooms.

use serde_json::{Value, json};

use super::accounts::check_avatar;
use super::budgets;
use super::change::change;
use crate::ports::{Changed, NewRoom, Ports};
use crate::{
    Actor, Deed, EDIT_WINDOW_SECONDS_MAX, Error, Findings, History, NewAvatar, Posting, Result, RoomId,
    RoomKind, RoomPatch, RoomSettings, SLOW_MODE_SECONDS_MAX, Timestamp, Trace, UserId, text,
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
    /// Who may send: `members` (default) or `moderators`.
    pub posting: Option<String>,
    /// What else its founder sets.
    pub settings: RoomSettings,
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
    /// A new picture.
    pub avatar: Option<NewAvatar>,
    /// Who may send; clearing lets every member.
    pub posting: Option<Option<String>>,
    /// Another pace; clearing switches it off.
    pub slow_mode_seconds: Option<Option<i64>>,
    /// Whether what happens is also told by messages; clearing switches it off.
    pub system_messages: Option<Option<bool>>,
    /// Another time for edits; clearing leaves them for ever.
    pub edit_window_seconds: Option<Option<i64>>,
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
    let posting = checked_posting(wanted.posting.as_deref(), &mut findings);
    check_settings(&wanted.settings, &mut findings);
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
        settings: RoomSettings {
            posting,
            ..wanted.settings
        },
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
    let posting = wanted
        .posting
        .map(|word| checked_posting(word.as_deref(), &mut findings));
    let settings = RoomSettings {
        slow_mode_seconds: wanted.slow_mode_seconds.flatten().unwrap_or(0),
        edit_window_seconds: wanted.edit_window_seconds.flatten(),
        ..RoomSettings::default()
    };
    check_settings(&settings, &mut findings);
    check_avatar(wanted.avatar.as_ref(), &mut findings);
    findings.finish()?;
    let description = wanted
        .description
        .map(|text| text.filter(|text| !text.is_empty()));
    let deed = Deed::UpdateRoom(RoomPatch {
        name,
        description,
        metadata,
        avatar: wanted.avatar,
        posting,
        slow_mode_seconds: wanted.slow_mode_seconds.map(Option::unwrap_or_default),
        system_messages: wanted.system_messages.map(Option::unwrap_or_default),
        edit_window_seconds: wanted.edit_window_seconds,
    });
    budgets::take_of(ports, "room_changes", actor, ports.limits.room_changes).await?;
    change(ports, actor, room_id, deed, trace).await
}

fn checked_posting(word: Option<&str>, findings: &mut Findings) -> Posting {
    match word.map(Posting::parse) {
        None => Posting::default(),
        Some(Some(posting)) => posting,
        Some(None) => {
            findings.add("posting", "must be \"members\" or \"moderators\"");
            Posting::default()
        }
    }
}

fn check_settings(settings: &RoomSettings, findings: &mut Findings) {
    if let Some(avatar_url) = &settings.avatar_url {
        findings.take("avatar_url", text::url(avatar_url));
    }
    if !(0..=SLOW_MODE_SECONDS_MAX).contains(&settings.slow_mode_seconds) {
        findings.add(
            "slow_mode_seconds",
            format!("must be 0 to {SLOW_MODE_SECONDS_MAX}"),
        );
    }
    let window = settings.edit_window_seconds;
    if window.is_some_and(|seconds| !(0..=EDIT_WINDOW_SECONDS_MAX).contains(&seconds)) {
        findings.add(
            "edit_window_seconds",
            format!("must be 0 to {EDIT_WINDOW_SECONDS_MAX}, or null"),
        );
    }
}

/// Ends a room: gone at once for everybody.
pub async fn delete_room(ports: &Ports, actor: &Actor, room_id: RoomId, trace: Trace) -> Result<Changed> {
    budgets::take_of(ports, "room_changes", actor, ports.limits.room_changes).await?;
    change(ports, actor, room_id, Deed::DeleteRoom, trace).await
}
