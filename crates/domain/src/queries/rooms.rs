//! Rooms and their members.

use super::access_for;
use super::people::is_kept_apart;
use crate::ports::{MemberFilter, Page, Ports, RoomFilter, RoomListing};
use crate::rights::Act;
use crate::{Actor, Error, Member, Result, Room, RoomAccess, RoomId, User, UserId};

/// A room as one viewer sees it.
#[derive(Clone, Debug)]
pub struct RoomView {
    /// The slow part.
    pub room: Room,
    /// The counters and the viewer's row.
    pub access: RoomAccess,
}

/// One room.
pub async fn room(ports: &Ports, actor: &Actor, room_id: RoomId) -> Result<RoomView> {
    let access = access_for(ports, actor, room_id, Act::SeeRoom).await?;
    let room = ports
        .room_reads
        .room(room_id, access.head.room_changed_seq)
        .await?;
    Ok(RoomView {
        room: room.ok_or(Error::NotFound)?,
        access,
    })
}

/// Public rooms and the actor's own, newest first.
pub async fn list_rooms(
    ports: &Ports,
    actor: &Actor,
    filter: &RoomFilter,
    after: Option<RoomId>,
    limit: usize,
) -> Result<Page<RoomListing, RoomId>> {
    ports.room_reads.rooms(actor, filter, after, limit).await
}

/// Who is in a room.
pub async fn list_members(
    ports: &Ports,
    actor: &Actor,
    room_id: RoomId,
    filter: &MemberFilter,
    after: Option<UserId>,
    limit: usize,
) -> Result<Page<(Member, User), UserId>> {
    let access = access_for(ports, actor, room_id, Act::ListMembers).await?;
    let is_apart = is_kept_apart(ports, actor, &access).await?;
    let mut page = ports.room_reads.members(room_id, filter, after, limit).await?;
    for (_, user) in &mut page.items {
        user.expire_status(ports.clock.now());
        if is_apart && user.id != actor.user_id {
            user.last_seen_at = None;
        }
    }
    Ok(page)
}

/// One member of a room.
pub async fn member(
    ports: &Ports,
    actor: &Actor,
    room_id: RoomId,
    user_id: UserId,
) -> Result<(Member, User)> {
    access_for(ports, actor, room_id, Act::ListMembers).await?;
    ports
        .room_reads
        .member(room_id, user_id)
        .await?
        .ok_or(Error::NotFound)
}
