//! Who is kept out of a room, and whom one keeps away from oneself.

use super::access_for;
use crate::ports::{Page, Ports};
use crate::rights::Act;
use crate::{
    Actor, Ban, Block, Error, Invitation, InvitationId, MessageId, Report, Result, Room, RoomId, User,
    UserId, UserRole,
};

/// Who is banned from a room.
pub async fn list_bans(
    ports: &Ports,
    actor: &Actor,
    room_id: RoomId,
    after: Option<UserId>,
    limit: usize,
) -> Result<Page<(Ban, User), UserId>> {
    access_for(ports, actor, room_id, Act::ListBans).await?;
    ports.moderation.bans(room_id, after, limit).await
}

/// Whom one has blocked.
pub async fn list_blocks(
    ports: &Ports,
    actor: &Actor,
    after: Option<UserId>,
    limit: usize,
) -> Result<Page<(Block, User), UserId>> {
    ports.moderation.blocks(actor.user_id, after, limit).await
}

/// The links of a room, live or not.
pub async fn list_invitations(
    ports: &Ports,
    actor: &Actor,
    room_id: RoomId,
    before: Option<InvitationId>,
    limit: usize,
) -> Result<Page<Invitation, InvitationId>> {
    access_for(ports, actor, room_id, Act::Invite).await?;
    ports.moderation.invitations(room_id, before, limit).await
}

/// What somebody sees of a room before they accept.
#[derive(Clone, Debug)]
pub struct InvitationView {
    /// The link.
    pub invitation: Invitation,
    /// Where it leads.
    pub room: Room,
    /// People there now.
    pub member_count: i64,
    /// Whether one is in already.
    pub is_member: bool,
}

/// What one would come into. One answer for a link that never was, has ended, was taken back or is used up.
pub async fn preview_invitation(ports: &Ports, actor: &Actor, token: &str) -> Result<InvitationView> {
    let hash = ports.secrets.hash(token);
    let invitation = ports.moderation.invitation_of(hash).await?;
    let invitation = invitation.ok_or(Error::NotFound)?;
    let room_id = invitation.room_id;
    let access = ports.room_reads.access(room_id, actor.user_id).await?;
    let access = access.filter(|access| access.is_active).ok_or(Error::NotFound)?;
    let is_member = access.current().is_some();
    if !is_member && !invitation.is_live(ports.clock.now()) {
        return Err(Error::NotFound);
    }
    if ports.moderation.ban(room_id, actor.user_id).await?.is_some() {
        return Err(Error::Forbidden("you are banned from this room"));
    }
    let room = ports
        .room_reads
        .room(room_id, access.head.room_changed_seq)
        .await?;
    Ok(InvitationView {
        invitation,
        room: room.ok_or(Error::NotFound)?,
        member_count: access.head.member_count,
        is_member,
    })
}

/// What was told of a room's messages.
pub async fn list_reports(
    ports: &Ports,
    actor: &Actor,
    room_id: RoomId,
    is_resolved: bool,
    before: Option<(MessageId, UserId)>,
    limit: usize,
) -> Result<Page<Report, (MessageId, UserId)>> {
    access_for(ports, actor, room_id, Act::ListBans).await?;
    ports
        .moderation
        .reports(Some(room_id), is_resolved, before, limit)
        .await
}

/// What was told of messages anywhere; for those in office. Ids and reasons alone: the messages stay the rooms'.
pub async fn list_all_reports(
    ports: &Ports,
    actor: &Actor,
    is_resolved: bool,
    before: Option<(MessageId, UserId)>,
    limit: usize,
) -> Result<Page<Report, (MessageId, UserId)>> {
    if actor.role == UserRole::User {
        return Err(Error::Forbidden(
            "only those in office see the reports of all rooms",
        ));
    }
    ports.moderation.reports(None, is_resolved, before, limit).await
}
