//! Decides every durable change of a room but sending: from facts read under the room's lock to effects.
//!
//! [`decide`] is pure. The store locks the room's head, reads what [`Deed::needs`] names, calls it, and
//! commits each effect together with its event; an empty answer means that nothing changed and nothing is
//! announced.

mod invitations;
mod moderation;
mod reactions;
mod reports;
pub mod system;

use std::collections::HashMap;

use serde_json::Value;

use crate::ports::SecretHash;
use crate::rights::{self, Act, Standing};
use crate::{
    Actor, Ban, ContentType, Error, Invitation, InvitationId, LeaveReason, Member, MemberRole, Message,
    MessageId, Named, NewAvatar, Posting, Result, Room, RoomHead, RoomKind, Timestamp, Upload, UploadId,
    UserId, UserRole, next_avatar_url,
};

/// Largest room, in members; a bound, not a promise of speed.
pub const ROOM_MEMBERS_MAX: i64 = 100_000;

/// What somebody wants to change.
#[derive(Clone, Debug, PartialEq)]
pub enum Deed {
    /// Come in.
    Join,
    /// Go. An owner who goes hands on; the last one out closes the room.
    Leave,
    /// Bring others in, each as what. At most 100.
    AddMembers(Vec<(UserId, MemberRole)>),
    /// Put somebody out.
    RemoveMember(UserId),
    /// Give somebody another role. To `owner`: hands the room on, and the former owner becomes admin.
    ChangeRole(UserId, MemberRole),
    /// Edit the room.
    UpdateRoom(RoomPatch),
    /// End the room.
    DeleteRoom,
    /// Change what one said.
    EditMessage {
        /// Which.
        message_id: MessageId,
        /// The new text; empty only where there are files.
        content: String,
        /// Whom and what the new text names.
        named: Named,
    },
    /// Delete a message.
    DeleteMessage {
        /// Which.
        message_id: MessageId,
        /// Why, for everybody in the room to read; kept only where it is not one's own.
        reason: Option<String>,
    },
    /// React to a message with an emoji, in its kept form.
    AddReaction {
        /// Which message.
        message_id: MessageId,
        /// With what.
        emoji: String,
    },
    /// Take one's own reaction back.
    RemoveReaction {
        /// Which message.
        message_id: MessageId,
        /// What.
        emoji: String,
    },
    /// Pin a message of the room.
    PinMessage(MessageId),
    /// Pin it no longer.
    UnpinMessage(MessageId),
    /// Put somebody out for good, member or not; a further time gives another reason.
    Ban {
        /// Whom.
        user_id: UserId,
        /// Why, for everybody in the room to read; none keeps what was said.
        reason: Option<String>,
    },
    /// Let somebody come back.
    Unban(UserId),
    /// Keep somebody from speaking: until then, or until further notice ([`Timestamp::NEVER`]).
    Mute {
        /// Whom.
        user_id: UserId,
        /// Until when.
        until: Timestamp,
    },
    /// Let somebody speak again.
    Unmute(UserId),
    /// Make a link by which people come in.
    Invite {
        /// Its id.
        id: InvitationId,
        /// What its secret is known by.
        token_hash: SecretHash,
        /// When it ends by itself.
        expires_at: Timestamp,
        /// People whom it lets in; none: any number.
        uses_max: Option<i64>,
    },
    /// Take a link back.
    RevokeInvitation(InvitationId),
    /// Come in by a link.
    AcceptInvitation(InvitationId),
    /// Tell the moderators of a message.
    Report {
        /// Which.
        message_id: MessageId,
        /// Why.
        reason: String,
    },
    /// Be done with what was told of a message.
    ResolveReports(MessageId),
}

/// New values of a room's slow part: outer `None` keeps, inner `None` clears.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RoomPatch {
    /// A new name; cannot be cleared.
    pub name: Option<String>,
    /// A new description.
    pub description: Option<Option<String>>,
    /// New metadata; clearing leaves `{}`.
    pub metadata: Option<Value>,
    /// A new picture.
    pub avatar: Option<NewAvatar>,
    /// Another pace, in seconds.
    pub slow_mode_seconds: Option<i64>,
    /// Who may send from now on.
    pub posting: Option<Posting>,
    /// Whether what happens is also told by messages.
    pub system_messages: Option<bool>,
    /// Another time for edits, in seconds; clearing leaves them for ever.
    pub edit_window_seconds: Option<Option<i64>>,
}

/// What must be read, under the lock, to decide a deed; besides the room, its head and the actor's own row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// Rows of these people in the room, and whether their accounts exist and are open.
    pub user_ids: Vec<UserId>,
    /// This message.
    pub message_id: Option<MessageId>,
    /// Who follows as owner whoever goes, the actor or another: highest role first, then longest-serving.
    pub successor: bool,
    /// Who owns the room now.
    pub owners: bool,
    /// This link, when it leads to this room.
    pub invitation_id: Option<InvitationId>,
    /// How many links are live.
    pub live_invitations: bool,
    /// Whether the actor has reacted to the message with this emoji.
    pub reaction: Option<String>,
    /// How many messages are pinned.
    pub pins: bool,
    /// This upload, and it locked, to become the room's picture.
    pub avatar: Option<UploadId>,
}

impl Deed {
    /// What must be read to decide it.
    pub fn needs(&self) -> Needs {
        match self {
            Self::AddMembers(members) => Needs {
                user_ids: members.iter().map(|(user_id, _)| *user_id).collect(),
                ..Needs::default()
            },
            Self::RemoveMember(user_id) | Self::Ban { user_id, .. } => Needs {
                user_ids: vec![*user_id],
                successor: true,
                ..Needs::default()
            },
            Self::Unban(user_id) | Self::Mute { user_id, .. } | Self::Unmute(user_id) => Needs {
                user_ids: vec![*user_id],
                ..Needs::default()
            },
            Self::ChangeRole(user_id, _) => Needs {
                user_ids: vec![*user_id],
                owners: true,
                ..Needs::default()
            },
            Self::EditMessage { message_id, .. }
            | Self::DeleteMessage { message_id, .. }
            | Self::Report { message_id, .. }
            | Self::ResolveReports(message_id) => Needs {
                message_id: Some(*message_id),
                ..Needs::default()
            },
            Self::AddReaction { message_id, emoji } | Self::RemoveReaction { message_id, emoji } => Needs {
                message_id: Some(*message_id),
                reaction: Some(emoji.clone()),
                ..Needs::default()
            },
            Self::PinMessage(message_id) | Self::UnpinMessage(message_id) => Needs {
                message_id: Some(*message_id),
                pins: true,
                ..Needs::default()
            },
            Self::Leave => Needs {
                successor: true,
                ..Needs::default()
            },
            Self::Invite { .. } => Needs {
                live_invitations: true,
                ..Needs::default()
            },
            Self::RevokeInvitation(id) | Self::AcceptInvitation(id) => Needs {
                invitation_id: Some(*id),
                ..Needs::default()
            },
            Self::UpdateRoom(patch) => Needs {
                avatar: match patch.avatar {
                    Some(NewAvatar::Upload(id)) => Some(id),
                    _ => None,
                },
                ..Needs::default()
            },
            Self::Join | Self::DeleteRoom => Needs::default(),
        }
    }

    /// Whom it puts out, when that is not the actor.
    pub const fn puts_out(&self) -> Option<UserId> {
        match self {
            Self::RemoveMember(user_id) | Self::Ban { user_id, .. } => Some(*user_id),
            _ => None,
        }
    }
}

/// What is so, while the room is locked.
#[derive(Clone, Debug)]
pub struct Facts {
    /// The room.
    pub room: Room,
    /// Its counters.
    pub head: RoomHead,
    /// The actor's row, current or former.
    pub membership: Option<Member>,
    /// Whether the actor's account is shut.
    pub actor_deactivated: bool,
    /// Whether the actor is banned from the room.
    pub is_actor_banned: bool,
    /// In a direct room: whether the other person is shut or has blocked, or is blocked by, the actor.
    pub is_peer_unreachable: bool,
    /// The people the deed names: absent when there is no such account.
    pub people: HashMap<UserId, Person>,
    /// The message the deed names, when it is in this room.
    pub message: Option<Message>,
    /// Who follows as owner whoever goes, the actor or another, when anybody is left.
    pub successor: Option<UserId>,
    /// Who owns the room now, where the deed needs it: one, or none in a room that the host product made.
    pub owners: Vec<Member>,
    /// The link that the deed names, live or not, when it leads to this room.
    pub invitation: Option<Invitation>,
    /// Links that are live, where the deed needs it.
    pub live_invitations: i64,
    /// Whether the actor has reacted to the message with the emoji the deed names.
    pub has_reacted: bool,
    /// How many messages are pinned, where the deed needs it.
    pub pinned_count: i64,
    /// The upload that is to become the room's picture, when it is there whole.
    pub avatar: Option<Upload>,
    /// The moment of the decision.
    pub now: Timestamp,
}

/// Somebody a deed names.
#[derive(Clone, Debug)]
pub struct Person {
    /// Whether the account is shut.
    pub is_deactivated: bool,
    /// What they are across all rooms.
    pub user_role: UserRole,
    /// Whether, and why, they may not come in.
    pub ban: Option<Ban>,
    /// Whether they and the actor are kept apart: one of them has blocked the other.
    pub is_apart: bool,
    /// Their row in the room, current or former.
    pub membership: Option<Member>,
}

impl Person {
    /// Whether an actor of this role may not bring them in because of a block. By their office some may.
    pub fn is_out_of_reach_of(&self, role: UserRole) -> bool {
        self.is_apart && role == UserRole::User
    }

    fn current(&self) -> Option<&Member> {
        self.membership.as_ref().filter(|member| member.is_current())
    }
}

/// One change to commit. Each becomes exactly one event, in this order; but what only its admins see (links,
/// reports) becomes none.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Insert or revive the member: joining sets the read mark to the head, a rejoin keeps a mute.
    Joined {
        /// Who.
        user_id: UserId,
        /// As what.
        role: MemberRole,
    },
    /// End the membership; the row stays.
    Left {
        /// Who.
        user_id: UserId,
        /// Why.
        reason: LeaveReason,
    },
    /// Change a standing.
    MemberUpdated {
        /// Whose.
        user_id: UserId,
        /// Their role from now on.
        role: MemberRole,
        /// Until when they may not send.
        muted_until: Option<Timestamp>,
    },
    /// Change the room to this.
    RoomUpdated(Box<Room>),
    /// End the room: inactive and gone at once, its external key free.
    RoomDeleted,
    /// Change a message's text; the former text goes to its history.
    MessageUpdated {
        /// Which.
        message_id: MessageId,
        /// Its number.
        number: i64,
        /// The new text.
        content: String,
        /// Whom and what it names: mentions that are no longer in it are forgotten.
        named: Named,
    },
    /// Add a person's reaction and count it.
    ReactionAdded {
        /// Which message.
        message_id: MessageId,
        /// Its number.
        number: i64,
        /// With what.
        emoji: String,
        /// Who.
        user_id: UserId,
    },
    /// Take a person's reaction away and count it no longer.
    ReactionRemoved {
        /// Which message.
        message_id: MessageId,
        /// Its number.
        number: i64,
        /// What.
        emoji: String,
        /// Whose.
        user_id: UserId,
    },
    /// Pin a message from now on.
    MessagePinned {
        /// Which.
        message_id: MessageId,
        /// Its number.
        number: i64,
    },
    /// Pin it no longer.
    MessageUnpinned {
        /// Which.
        message_id: MessageId,
        /// Its number.
        number: i64,
    },
    /// Bar somebody from coming in, for this reason from now on.
    Banned {
        /// Whom.
        user_id: UserId,
        /// Why.
        reason: Option<String>,
    },
    /// Bar them no longer.
    Unbanned {
        /// Whom.
        user_id: UserId,
    },
    /// Keep a new link.
    Invited {
        /// Its id.
        id: InvitationId,
        /// What its secret is known by.
        token_hash: SecretHash,
        /// When it ends by itself.
        expires_at: Timestamp,
        /// People whom it lets in; none: any number.
        uses_max: Option<i64>,
    },
    /// Take a link back.
    InvitationRevoked(InvitationId),
    /// Count one person more whom a link let in.
    InvitationUsed(InvitationId),
    /// Keep what somebody tells of a message, unless they did already.
    Reported {
        /// Which message.
        message_id: MessageId,
        /// Why.
        reason: String,
    },
    /// Be done with what was told of a message.
    ReportsResolved(MessageId),
    /// Leave a tombstone; erase text, files, metadata, edit history, reactions, pin and mentions, and count it no
    /// longer among the replies of its parent.
    MessageDeleted {
        /// Which.
        message_id: MessageId,
        /// Its number.
        number: i64,
        /// Who did it, when that was not the sender.
        deleted_by: Option<UserId>,
        /// Why, when it was not the sender.
        reason: Option<String>,
    },
}

/// Decides a deed, or says why not. No effects: it is so already.
pub fn decide(actor: &Actor, deed: &Deed, facts: &Facts) -> Result<Vec<Effect>> {
    let member = facts.membership.as_ref().filter(|member| member.is_current());
    let standing = Standing {
        kind: facts.room.kind,
        user_role: actor.role,
        member_role: member.map(|member| member.role),
    };
    if facts.actor_deactivated {
        return Err(Error::Forbidden(rights::DEACTIVATED));
    }
    let permit = |act: Act| {
        rights::check(act, standing)?;
        if facts.room.is_active {
            Ok(())
        } else {
            Err(Error::Forbidden("the room is closed"))
        }
    };
    match deed {
        Deed::Join => {
            permit(Act::Join)?;
            come_in(actor, member, facts)
        }
        Deed::Leave => {
            rights::check(Act::Leave, standing)?;
            Ok(member
                .map(|member| leave(actor.user_id, member, facts))
                .unwrap_or_default())
        }
        Deed::AddMembers(wanted) => {
            permit(Act::AddMember)?;
            add_members(wanted, standing, facts)
        }
        Deed::RemoveMember(user_id) => {
            if *user_id == actor.user_id {
                return Err(Error::invalid("user_id", "leave the room to remove yourself"));
            }
            permit(Act::RemoveMember)?;
            put_out(*user_id, LeaveReason::Removed, standing, facts)
        }
        Deed::Ban { user_id, reason } => {
            permit(Act::BanMember)?;
            moderation::ban(actor, *user_id, reason.as_deref(), standing, facts)
        }
        Deed::Unban(user_id) => {
            permit(Act::BanMember)?;
            Ok(moderation::unban(*user_id, facts))
        }
        Deed::Invite {
            id,
            token_hash,
            expires_at,
            uses_max,
        } => {
            permit(Act::Invite)?;
            invitations::invite(facts)?;
            Ok(vec![Effect::Invited {
                id: *id,
                token_hash: *token_hash,
                expires_at: *expires_at,
                uses_max: *uses_max,
            }])
        }
        Deed::RevokeInvitation(_) => {
            rights::check(Act::Invite, standing)?;
            invitations::revoke(facts)
        }
        Deed::AcceptInvitation(_) => {
            let invitation = invitations::presented(member, facts)?;
            permit(Act::AcceptInvitation)?;
            let mut effects = come_in(actor, member, facts)?;
            if !effects.is_empty() {
                effects.push(Effect::InvitationUsed(invitation.id));
            }
            Ok(effects)
        }
        Deed::Report { message_id, reason } => {
            let message = visible_message(facts, standing)?;
            rights::check(Act::Report, standing)?;
            reports::report(actor, message)?;
            Ok(vec![Effect::Reported {
                message_id: *message_id,
                reason: reason.clone(),
            }])
        }
        Deed::ResolveReports(message_id) => {
            rights::check(Act::ListBans, standing)?;
            Ok(vec![Effect::ReportsResolved(*message_id)])
        }
        Deed::Mute { user_id, until } => {
            permit(Act::MuteMember)?;
            moderation::mute(actor, *user_id, *until, standing, facts)
        }
        Deed::Unmute(user_id) => {
            permit(Act::MuteMember)?;
            moderation::unmute(actor, *user_id, standing, facts)
        }
        Deed::ChangeRole(user_id, role) => {
            permit(Act::ChangeRole)?;
            change_role(actor, *user_id, *role, standing, facts)
        }
        Deed::UpdateRoom(patch) => {
            permit(Act::EditRoom)?;
            let changed = patched(actor, patch, facts)?;
            Ok(changed
                .map(|room| Effect::RoomUpdated(Box::new(room)))
                .into_iter()
                .collect())
        }
        Deed::DeleteRoom => {
            rights::check(Act::DeleteRoom, standing)?;
            Ok(vec![Effect::RoomDeleted])
        }
        Deed::EditMessage {
            message_id,
            content,
            named,
        } => {
            let message = visible_message(facts, standing)?;
            if !is_own(actor, message) {
                return Err(Error::Forbidden("only the sender may edit a message"));
            }
            permit(Act::EditOwnMessage)?;
            if message.is_deleted() {
                return Err(Error::Conflict("the message is deleted"));
            }
            if message.content.as_deref() == Some(content) {
                return Ok(Vec::new());
            }
            if content.is_empty() && message.attachments.is_empty() {
                return Err(Error::invalid("content", "must not be empty"));
            }
            editable_still(actor, message, facts)?;
            may_speak(actor, facts)?;
            Ok(vec![Effect::MessageUpdated {
                message_id: *message_id,
                number: message.number,
                content: content.clone(),
                named: named.clone(),
            }])
        }
        Deed::AddReaction { emoji, .. } => {
            let message = visible_message(facts, standing)?;
            permit(Act::React)?;
            reactions::add(actor, message, emoji, facts)
        }
        Deed::RemoveReaction { emoji, .. } => {
            let message = visible_message(facts, standing)?;
            permit(Act::React)?;
            Ok(reactions::remove(actor, message, emoji, facts))
        }
        Deed::PinMessage(_) => {
            // The right comes first: who may not pin is not told which messages there are.
            permit(Act::Pin)?;
            reactions::pin(actor, visible_message(facts, standing)?, facts)
        }
        Deed::UnpinMessage(_) => {
            permit(Act::Pin)?;
            Ok(reactions::unpin(visible_message(facts, standing)?))
        }
        Deed::DeleteMessage { message_id, reason } => {
            let message = visible_message(facts, standing)?;
            let own = is_own(actor, message);
            rights::check(
                if own {
                    Act::DeleteOwnMessage
                } else {
                    Act::DeleteOthersMessage
                },
                standing,
            )?;
            if message.is_deleted() {
                return Ok(Vec::new());
            }
            Ok(vec![Effect::MessageDeleted {
                message_id: *message_id,
                number: message.number,
                deleted_by: (!own).then_some(actor.user_id),
                reason: reason.clone().filter(|_| !own),
            }])
        }
    }
}

/// Who is in already stays as they are; who is banned stays out.
fn come_in(actor: &Actor, member: Option<&Member>, facts: &Facts) -> Result<Vec<Effect>> {
    if member.is_some() {
        return Ok(Vec::new());
    }
    if facts.is_actor_banned {
        return Err(Error::Forbidden("you are banned from this room"));
    }
    room_for(1, facts)?;
    Ok(vec![Effect::Joined {
        user_id: actor.user_id,
        role: MemberRole::Member,
    }])
}

/// Who is out already stays out.
fn put_out(user_id: UserId, reason: LeaveReason, standing: Standing, facts: &Facts) -> Result<Vec<Effect>> {
    let Some(target) = facts.people.get(&user_id).and_then(Person::current) else {
        return Ok(Vec::new());
    };
    outranks(standing, target.role)?;
    // An office may put out even the owner; the room must not be left without one.
    let heir = facts.successor.filter(|_| target.role == MemberRole::Owner);
    let mut effects: Vec<_> = heir.map(handed_to).into_iter().collect();
    effects.push(Effect::Left { user_id, reason });
    Ok(effects)
}

fn leave(user_id: UserId, member: &Member, facts: &Facts) -> Vec<Effect> {
    let left = Effect::Left {
        user_id,
        reason: LeaveReason::Left,
    };
    match facts.successor {
        Some(heir) if member.role == MemberRole::Owner => vec![handed_to(heir), left],
        Some(_) => vec![left],
        None => {
            let closed = Room {
                is_active: false,
                // Nobody is left who could take it away.
                avatar_url: None,
                updated_at: facts.now,
                ..facts.room.clone()
            };
            // The closing comes first, so that the leaver's own `user_left` is the last word they hear.
            vec![Effect::RoomUpdated(Box::new(closed)), left]
        }
    }
}

/// The heir's mute, if any, does not outlive the handing on: an owner answers to nobody.
const fn handed_to(heir: UserId) -> Effect {
    Effect::MemberUpdated {
        user_id: heir,
        role: MemberRole::Owner,
        muted_until: None,
    }
}

fn add_members(wanted: &[(UserId, MemberRole)], standing: Standing, facts: &Facts) -> Result<Vec<Effect>> {
    let mut effects = Vec::new();
    let mut findings = crate::Findings::default();
    for (index, (user_id, role)) in wanted.iter().enumerate() {
        match facts.people.get(user_id) {
            None => findings.add(format!("members[{index}].user_id"), "there is no such user"),
            Some(person) if person.current().is_some() => {}
            Some(person) if person.is_deactivated => {
                findings.add(format!("members[{index}].user_id"), rights::DEACTIVATED);
            }
            Some(person) if person.ban.is_some() => {
                findings.add(format!("members[{index}].user_id"), "is banned from this room");
            }
            Some(person) if person.is_out_of_reach_of(standing.user_role) => {
                findings.add(format!("members[{index}].user_id"), rights::UNREACHABLE);
            }
            Some(_)
                if effects
                    .iter()
                    .any(|e| matches!(e, Effect::Joined { user_id: u, .. } if u == user_id)) => {}
            Some(_) => {
                if !may_grant(standing, *role) {
                    return Err(Error::Forbidden("a role must be below your own"));
                }
                effects.push(Effect::Joined {
                    user_id: *user_id,
                    role: *role,
                });
            }
        }
    }
    findings.finish()?;
    room_for(effects.len(), facts)?;
    Ok(effects)
}

fn change_role(
    actor: &Actor,
    user_id: UserId,
    role: MemberRole,
    standing: Standing,
    facts: &Facts,
) -> Result<Vec<Effect>> {
    let Some(target) = facts.people.get(&user_id).and_then(Person::current) else {
        return Err(Error::NotFound);
    };
    if target.role == role {
        return Ok(Vec::new());
    }
    if user_id == actor.user_id && standing.user_role != UserRole::Service {
        return Err(Error::Forbidden(
            "nobody changes their own role; an owner hands the room on",
        ));
    }
    outranks(standing, target.role)?;
    let updated = |member: &Member, role| Effect::MemberUpdated {
        user_id: member.user_id,
        role,
        muted_until: member.muted_until,
    };
    let others = || facts.owners.iter().filter(|owner| owner.user_id != user_id);
    if role == MemberRole::Owner {
        if !others().any(|owner| owner.user_id == actor.user_id) && standing.user_role != UserRole::Service {
            return Err(Error::Forbidden("only the owner hands the room on"));
        }
        let mut effects = vec![handed_to(user_id)];
        // A room has one owner, also when the host product names them.
        effects.extend(others().map(|owner| updated(owner, MemberRole::Admin)));
        return Ok(effects);
    }
    if target.role == MemberRole::Owner && others().next().is_none() {
        return Err(Error::Conflict(
            "the room would have no owner; make somebody else its owner instead",
        ));
    }
    if !may_grant(standing, role) {
        return Err(Error::Forbidden("a role must be below your own"));
    }
    Ok(vec![updated(target, role)])
}

fn visible_message(facts: &Facts, standing: Standing) -> Result<&Message> {
    let message = facts.message.as_ref().ok_or(Error::NotFound)?;
    rights::check(Act::SeeRoom, standing)?;
    let shown = facts
        .membership
        .as_ref()
        .is_none_or(|member| !member.is_current() || member.horizon().shows_message(message.number));
    if shown { Ok(message) } else { Err(Error::NotFound) }
}

/// Whether it is the actor's to change. What the system wrote about somebody bears their name, but is not
/// theirs.
fn is_own(actor: &Actor, message: &Message) -> bool {
    message.sender_id == actor.user_id
        && (message.content_type != ContentType::System || actor.role == UserRole::Service)
}

fn editable_still(actor: &Actor, message: &Message, facts: &Facts) -> Result<()> {
    if message.extras.forwarded_from.is_some() {
        return Err(Error::Forbidden(
            "a forwarded message says what its first sender said",
        ));
    }
    let window = facts.room.edit_window_seconds;
    let age_ms = facts.now.as_millis() - message.created_at.as_millis();
    let is_late = window.is_some_and(|seconds| age_ms > seconds.saturating_mul(1_000));
    if is_late && actor.role != UserRole::Service {
        return Err(Error::Forbidden("the time to edit this message is over"));
    }
    Ok(())
}

/// Whether somebody who belongs to the room may say anything there now: edit, react, pin. For sends, see
/// [`rights::may_send`].
fn may_speak(actor: &Actor, facts: &Facts) -> Result<()> {
    if facts.is_peer_unreachable {
        return Err(Error::Forbidden(rights::UNREACHABLE));
    }
    let muted_until = facts.membership.as_ref().and_then(|member| member.muted_until);
    if actor.role != UserRole::Service && muted_until.is_some_and(|until| until > facts.now) {
        return Err(Error::Forbidden("you are muted in this room"));
    }
    Ok(())
}

fn outranks(standing: Standing, target: MemberRole) -> Result<()> {
    let by_office = matches!(standing.user_role, UserRole::Service | UserRole::Admin);
    if by_office || standing.member_role.is_some_and(|role| role > target) {
        Ok(())
    } else {
        Err(Error::Forbidden("this member does not rank below you"))
    }
}

fn may_grant(standing: Standing, role: MemberRole) -> bool {
    standing.user_role == UserRole::Service || standing.member_role.is_some_and(|own| role < own)
}

fn room_for(newcomers: usize, facts: &Facts) -> Result<()> {
    if facts.head.member_count + i64::try_from(newcomers).unwrap_or(i64::MAX) > ROOM_MEMBERS_MAX {
        return Err(Error::Conflict("the room is full"));
    }
    Ok(())
}

fn patched(actor: &Actor, patch: &RoomPatch, facts: &Facts) -> Result<Option<Room>> {
    let room = &facts.room;
    let mut changed = room.clone();
    if let Some(name) = &patch.name {
        changed.name = Some(name.clone());
    }
    if let Some(description) = &patch.description {
        changed.description.clone_from(description);
    }
    if let Some(metadata) = &patch.metadata {
        changed.metadata.clone_from(metadata);
    }
    if let Some(avatar) = &patch.avatar {
        let present = room.avatar_url.as_deref();
        changed.avatar_url = next_avatar_url(avatar, present, facts.avatar.as_ref(), actor)?;
    }
    if let Some(posting) = patch.posting {
        changed.posting = posting;
    }
    if let Some(seconds) = patch.slow_mode_seconds {
        changed.slow_mode_seconds = seconds;
    }
    if let Some(system_messages) = patch.system_messages {
        changed.system_messages = system_messages;
    }
    if let Some(seconds) = patch.edit_window_seconds {
        changed.edit_window_seconds = seconds;
    }
    if changed == *room {
        return Ok(None);
    }
    changed.updated_at = facts.now;
    Ok(Some(changed))
}

/// Roles a member may be given when a room is made or somebody is added: never `owner`.
pub fn grantable(role: MemberRole) -> Result<MemberRole, String> {
    if role == MemberRole::Owner {
        Err("must be below owner; hand the room on instead".into())
    } else {
        Ok(role)
    }
}

/// The role of somebody from a room's first moment: direct rooms have two plain members for ever.
pub const fn founding_role(kind: RoomKind, is_founder: bool) -> MemberRole {
    if is_founder && !matches!(kind, RoomKind::Direct) {
        MemberRole::Owner
    } else {
        MemberRole::Member
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use uuid::Uuid;

    use super::*;
    use crate::{Attachment, ForwardedFrom, History, RoomId, UploadId};

    pub(super) const NOW: Timestamp = Timestamp::from_millis(1_000_000);

    pub(super) fn id(n: u8) -> UserId {
        UserId(Uuid::from_bytes([n; 16]))
    }

    pub(super) fn actor(n: u8, role: UserRole) -> Actor {
        Actor {
            user_id: id(n),
            role,
            session_id: None,
        }
    }

    pub(super) fn member(n: u8, role: MemberRole) -> Member {
        Member {
            room_id: RoomId(Uuid::nil()),
            user_id: id(n),
            role,
            joined_at: NOW,
            joined_seq: 1,
            visible_from_number: 0,
            left_at: None,
            muted_until: None,
            last_read_number: 0,
            last_delivered_number: 0,
        }
    }

    /// An open account without a place in the room.
    pub(super) fn stranger() -> Person {
        Person {
            is_deactivated: false,
            user_role: UserRole::User,
            ban: None,
            is_apart: false,
            membership: None,
        }
    }

    pub(super) fn facts(kind: RoomKind, own: Option<MemberRole>, others: &[(u8, MemberRole)]) -> Facts {
        Facts {
            room: Room {
                id: RoomId(Uuid::nil()),
                kind,
                name: Some("lobby".into()),
                description: None,
                metadata: json!({}),
                external_key: None,
                history: History::All,
                is_active: true,
                avatar_url: None,
                posting: Posting::Members,
                slow_mode_seconds: 0,
                system_messages: false,
                edit_window_seconds: None,
                created_by: None,
                created_at: NOW,
                updated_at: NOW,
            },
            head: RoomHead {
                last_seq: 10,
                last_number: 5,
                last_message_at: None,
                member_count: 3,
                room_changed_seq: 1,
                log_floor_seq: 0,
            },
            membership: own.map(|role| member(1, role)),
            actor_deactivated: false,
            is_actor_banned: false,
            is_peer_unreachable: false,
            people: others
                .iter()
                .map(|(n, role)| {
                    (
                        id(*n),
                        Person {
                            membership: Some(member(*n, *role)),
                            ..stranger()
                        },
                    )
                })
                .collect(),
            message: None,
            successor: None,
            owners: own
                .map(|role| (1, role))
                .into_iter()
                .chain(others.iter().copied())
                .filter(|(_, role)| *role == MemberRole::Owner)
                .map(|(n, role)| member(n, role))
                .collect(),
            has_reacted: false,
            pinned_count: 0,
            avatar: None,
            invitation: None,
            live_invitations: 0,
            now: NOW,
        }
    }

    pub(super) fn message(sender: u8) -> Message {
        Message {
            id: MessageId(Uuid::from_bytes([9; 16])),
            room_id: RoomId(Uuid::nil()),
            number: 5,
            seq: 9,
            updated_seq: 9,
            sender_id: id(sender),
            client_id: "c".into(),
            content: Some("hello".into()),
            content_type: ContentType::Plain,
            reply_to: None,
            metadata: json!({}),
            created_at: NOW,
            edited_at: None,
            deleted_at: None,
            attachments: Vec::new(),
            extras: crate::Extras::default(),
        }
    }

    const USER: UserRole = UserRole::User;

    #[test]
    fn joining_twice_changes_nothing() {
        let outside = facts(RoomKind::Public, None, &[]);
        assert_eq!(
            decide(&actor(1, USER), &Deed::Join, &outside).unwrap(),
            [Effect::Joined {
                user_id: id(1),
                role: MemberRole::Member
            }]
        );
        let inside = facts(RoomKind::Public, Some(MemberRole::Admin), &[]);
        assert_eq!(decide(&actor(1, USER), &Deed::Join, &inside).unwrap(), []);
        let hidden = facts(RoomKind::Private, None, &[]);
        assert!(matches!(
            decide(&actor(1, USER), &Deed::Join, &hidden),
            Err(Error::NotFound)
        ));
    }

    #[test]
    fn an_owner_who_leaves_hands_on_and_the_last_one_closes() {
        let mut room = facts(RoomKind::Private, Some(MemberRole::Owner), &[]);
        room.successor = Some(id(2));
        let effects = decide(&actor(1, USER), &Deed::Leave, &room).unwrap();
        assert!(
            matches!(&effects[0], Effect::MemberUpdated { user_id, role: MemberRole::Owner, .. } if *user_id == id(2))
        );
        assert_eq!(
            effects[1],
            Effect::Left {
                user_id: id(1),
                reason: LeaveReason::Left
            }
        );

        room.successor = None;
        let effects = decide(&actor(1, USER), &Deed::Leave, &room).unwrap();
        assert!(matches!(&effects[0], Effect::RoomUpdated(room) if !room.is_active));
        assert_eq!(
            effects.len(),
            2,
            "the leaver's own user_left is the last event they hear"
        );
    }

    #[test]
    fn an_owner_who_is_put_out_leaves_an_owner_behind() {
        let mut room = facts(
            RoomKind::Private,
            None,
            &[(2, MemberRole::Owner), (3, MemberRole::Member)],
        );
        room.successor = Some(id(3));
        for office in [UserRole::Service, UserRole::Admin] {
            let effects = decide(&actor(1, office), &Deed::RemoveMember(id(2)), &room).unwrap();
            let left = Effect::Left {
                user_id: id(2),
                reason: LeaveReason::Removed,
            };
            assert_eq!(effects, [handed_to(id(3)), left.clone()]);
            room.successor = None;
            let effects = decide(&actor(1, office), &Deed::RemoveMember(id(2)), &room).unwrap();
            assert_eq!(effects, [left], "the host product's room may stand empty");
            room.successor = Some(id(3));
            let effects = decide(&actor(1, office), &Deed::RemoveMember(id(3)), &room).unwrap();
            assert_eq!(effects.len(), 1, "a member has nothing to hand on");
        }
        assert!(Deed::RemoveMember(id(2)).needs().successor);
    }

    #[test]
    fn nobody_puts_out_their_equal_or_better() {
        for (own, target, allowed) in [
            (MemberRole::Moderator, MemberRole::Member, true),
            (MemberRole::Moderator, MemberRole::Moderator, false),
            (MemberRole::Moderator, MemberRole::Owner, false),
            (MemberRole::Admin, MemberRole::Moderator, true),
            (MemberRole::Owner, MemberRole::Admin, true),
            (MemberRole::Member, MemberRole::Member, false),
        ] {
            let room = facts(RoomKind::Public, Some(own), &[(2, target)]);
            let decided = decide(&actor(1, USER), &Deed::RemoveMember(id(2)), &room);
            assert_eq!(decided.is_ok(), allowed, "{own:?} puts out {target:?}");
        }
    }

    #[test]
    fn roles_are_given_below_ones_own() {
        let room = facts(
            RoomKind::Public,
            Some(MemberRole::Admin),
            &[(2, MemberRole::Member)],
        );
        let to = |role| decide(&actor(1, USER), &Deed::ChangeRole(id(2), role), &room);
        assert!(to(MemberRole::Moderator).is_ok());
        assert!(matches!(to(MemberRole::Admin), Err(Error::Forbidden(_))));
        assert!(matches!(to(MemberRole::Owner), Err(Error::Forbidden(_))));
        let own = facts(
            RoomKind::Public,
            Some(MemberRole::Admin),
            &[(1, MemberRole::Admin)],
        );
        let raise = Deed::ChangeRole(id(1), MemberRole::Owner);
        assert!(matches!(
            decide(&actor(1, USER), &raise, &own),
            Err(Error::Forbidden(_))
        ));
    }

    #[test]
    fn the_host_product_names_one_owner_and_leaves_none_out() {
        let people = [(2, MemberRole::Owner), (3, MemberRole::Member)];
        let room = facts(RoomKind::Private, None, &people);
        let to = |n, role, room: &Facts| {
            decide(&actor(1, UserRole::Service), &Deed::ChangeRole(id(n), role), room)
        };
        let former = Effect::MemberUpdated {
            user_id: id(2),
            role: MemberRole::Admin,
            muted_until: None,
        };
        assert_eq!(
            to(3, MemberRole::Owner, &room).unwrap(),
            [handed_to(id(3)), former]
        );
        assert!(matches!(
            to(2, MemberRole::Member, &room),
            Err(Error::Conflict(_))
        ));
        let ownerless = facts(RoomKind::Private, None, &[(3, MemberRole::Member)]);
        assert_eq!(to(3, MemberRole::Owner, &ownerless).unwrap(), [handed_to(id(3))]);
        let both = [(2, MemberRole::Owner), (3, MemberRole::Owner)];
        let room = facts(RoomKind::Private, None, &both);
        assert_eq!(
            to(2, MemberRole::Member, &room).unwrap().len(),
            1,
            "another one owns it still"
        );
        assert!(Deed::ChangeRole(id(2), MemberRole::Owner).needs().owners);
    }

    #[test]
    fn an_owner_hands_the_room_on_and_steps_down() {
        let room = facts(
            RoomKind::Public,
            Some(MemberRole::Owner),
            &[(2, MemberRole::Member)],
        );
        let effects = decide(
            &actor(1, USER),
            &Deed::ChangeRole(id(2), MemberRole::Owner),
            &room,
        )
        .unwrap();
        assert_eq!(
            effects,
            [
                Effect::MemberUpdated {
                    user_id: id(2),
                    role: MemberRole::Owner,
                    muted_until: None
                },
                Effect::MemberUpdated {
                    user_id: id(1),
                    role: MemberRole::Admin,
                    muted_until: None
                },
            ]
        );
    }

    #[test]
    fn a_direct_room_is_neither_left_nor_changed() {
        let room = facts(
            RoomKind::Direct,
            Some(MemberRole::Member),
            &[(2, MemberRole::Member)],
        );
        for deed in [
            Deed::Leave,
            Deed::RemoveMember(id(2)),
            Deed::AddMembers(vec![(id(3), MemberRole::Member)]),
            Deed::UpdateRoom(RoomPatch {
                name: Some("x".into()),
                ..RoomPatch::default()
            }),
            Deed::DeleteRoom,
            Deed::ChangeRole(id(2), MemberRole::Admin),
        ] {
            for role in [USER, UserRole::Service] {
                let decided = decide(&actor(1, role), &deed, &room);
                assert!(
                    matches!(decided, Err(Error::Forbidden(_))),
                    "{deed:?} as {role:?}"
                );
            }
        }
    }

    #[test]
    fn messages_are_edited_by_their_sender_alone() {
        let edit = Deed::EditMessage {
            message_id: message(1).id,
            content: "new".into(),
            named: Named::default(),
        };
        let mut room = facts(RoomKind::Public, Some(MemberRole::Owner), &[]);
        assert!(matches!(
            decide(&actor(1, USER), &edit, &room),
            Err(Error::NotFound)
        ));
        room.message = Some(message(2));
        assert!(matches!(
            decide(&actor(1, USER), &edit, &room),
            Err(Error::Forbidden(_))
        ));
        room.message = Some(message(1));
        assert_eq!(decide(&actor(1, USER), &edit, &room).unwrap().len(), 1);
        let same = Deed::EditMessage {
            message_id: message(1).id,
            content: "hello".into(),
            named: Named::default(),
        };
        assert_eq!(decide(&actor(1, USER), &same, &room).unwrap(), []);
        room.message = Some(Message {
            deleted_at: Some(NOW),
            content: None,
            ..message(1)
        });
        assert!(matches!(
            decide(&actor(1, USER), &edit, &room),
            Err(Error::Conflict(_))
        ));
        room.membership = None;
        assert!(
            decide(&actor(1, USER), &edit, &room).is_err(),
            "who has left edits nothing"
        );
    }

    #[test]
    fn deletion_is_the_senders_and_the_moderators() {
        let deed = Deed::DeleteMessage {
            message_id: message(2).id,
            reason: Some("spam".into()),
        };
        let with = |own| Facts {
            message: Some(message(2)),
            ..facts(RoomKind::Public, Some(own), &[])
        };
        assert!(decide(&actor(1, USER), &deed, &with(MemberRole::Member)).is_err());
        assert_eq!(
            decide(&actor(1, USER), &deed, &with(MemberRole::Moderator))
                .unwrap()
                .len(),
            1
        );
        assert_eq!(
            decide(&actor(2, USER), &deed, &with(MemberRole::Member))
                .unwrap()
                .len(),
            1
        );
    }

    #[test]
    fn a_moderator_is_named_with_their_reason_and_a_sender_is_not() {
        let deed = Deed::DeleteMessage {
            message_id: message(2).id,
            reason: Some("spam".into()),
        };
        let room = Facts {
            message: Some(message(2)),
            ..facts(RoomKind::Public, Some(MemberRole::Moderator), &[])
        };
        let deleted = |deleted_by, reason: Option<&str>| {
            [Effect::MessageDeleted {
                message_id: message(2).id,
                number: 5,
                deleted_by,
                reason: reason.map(str::to_owned),
            }]
        };
        let by_moderator = decide(&actor(1, USER), &deed, &room).unwrap();
        assert_eq!(by_moderator, deleted(Some(id(1)), Some("spam")));
        let by_sender = decide(&actor(2, USER), &deed, &room).unwrap();
        assert_eq!(by_sender, deleted(None, None));
    }

    fn edit(content: &str) -> Deed {
        Deed::EditMessage {
            message_id: message(1).id,
            content: content.into(),
            named: Named::default(),
        }
    }

    #[test]
    fn a_room_says_for_how_long_a_message_may_be_edited() {
        let mut room = Facts {
            message: Some(message(1)),
            now: NOW.plus(std::time::Duration::from_mins(1)),
            ..facts(RoomKind::Public, Some(MemberRole::Owner), &[])
        };
        for (window, role, allowed) in [
            (None, USER, true),
            (Some(60), USER, true),
            (Some(59), USER, false),
            (Some(0), USER, false),
            (Some(0), UserRole::Service, true),
        ] {
            room.room.edit_window_seconds = window;
            let decided = decide(&actor(1, role), &edit("new"), &room);
            assert_eq!(decided.is_ok(), allowed, "{window:?} as {role:?}");
            assert!(
                decide(&actor(1, role), &edit("hello"), &room).is_ok(),
                "it is so already"
            );
        }
    }

    #[test]
    fn only_files_stand_without_text() {
        let mut room = Facts {
            message: Some(message(1)),
            ..facts(RoomKind::Public, Some(MemberRole::Member), &[])
        };
        assert!(matches!(
            decide(&actor(1, USER), &edit(""), &room),
            Err(Error::Invalid(_))
        ));
        room.message.as_mut().unwrap().attachments = vec![Attachment {
            id: UploadId(Uuid::nil()),
            filename: "a.txt".into(),
            content_type: "text/plain".into(),
            size: 1,
            width: None,
            height: None,
            preview: None,
            has_thumbnail: false,
        }];
        assert_eq!(decide(&actor(1, USER), &edit(""), &room).unwrap().len(), 1);
    }

    #[test]
    fn what_others_said_through_somebody_is_not_theirs_to_change() {
        let mut room = Facts {
            message: Some(message(1)),
            ..facts(RoomKind::Public, Some(MemberRole::Member), &[])
        };
        let delete = Deed::DeleteMessage {
            message_id: message(1).id,
            reason: None,
        };
        room.message.as_mut().unwrap().extras.forwarded_from = Some(ForwardedFrom {
            message_id: message(2).id,
            sender_id: id(2),
            created_at: NOW,
        });
        assert!(decide(&actor(1, USER), &edit("new"), &room).is_err());
        assert!(decide(&actor(1, USER), &delete, &room).is_ok());
        room.message = Some(Message {
            content_type: ContentType::System,
            ..message(1)
        });
        assert!(decide(&actor(1, USER), &edit("new"), &room).is_err());
        assert!(decide(&actor(1, USER), &delete, &room).is_err());
        assert!(decide(&actor(1, UserRole::Service), &edit("new"), &room).is_ok());
    }

    #[test]
    fn what_a_newcomer_may_not_see_they_cannot_touch() {
        let deed = Deed::DeleteMessage {
            message_id: message(2).id,
            reason: Some("spam".into()),
        };
        let mut room = Facts {
            message: Some(message(2)),
            ..facts(RoomKind::Public, Some(MemberRole::Owner), &[])
        };
        room.membership = Some(Member {
            visible_from_number: 6,
            ..member(1, MemberRole::Owner)
        });
        assert!(matches!(
            decide(&actor(1, USER), &deed, &room),
            Err(Error::NotFound)
        ));
    }

    #[test]
    fn adding_names_each_person_it_refuses() {
        let mut room = facts(
            RoomKind::Private,
            Some(MemberRole::Admin),
            &[(2, MemberRole::Member)],
        );
        room.people.insert(
            id(3),
            Person {
                is_deactivated: true,
                ..stranger()
            },
        );
        room.people.insert(id(4), stranger());
        let add = |ids: &[u8]| Deed::AddMembers(ids.iter().map(|n| (id(*n), MemberRole::Member)).collect());
        match decide(&actor(1, USER), &add(&[2, 3, 5]), &room) {
            Err(Error::Invalid(fields)) => {
                let names: Vec<_> = fields.iter().map(|f| f.field.as_str()).collect();
                assert_eq!(names, ["members[1].user_id", "members[2].user_id"]);
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(
            decide(&actor(1, USER), &add(&[2, 4, 4]), &room).unwrap(),
            [Effect::Joined {
                user_id: id(4),
                role: MemberRole::Member
            }]
        );
    }
}
