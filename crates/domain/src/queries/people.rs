//! People, their presence and their marks.

use super::access_for;
use crate::ports::{Page, Ports, Receipt, RoomPresence, UserPresence};
use crate::rights::Act;
use crate::{Actor, Error, Result, RoomAccess, RoomId, RoomKind, User, UserId, UserRole};

/// Somebody's profile; last seen only for oneself, for people who share a room, and for those in office.
pub async fn profile(ports: &Ports, actor: &Actor, user_id: UserId) -> Result<User> {
    let mut user = ports.accounts.user(user_id).await?.ok_or(Error::NotFound)?;
    if !may_see_presence(ports, actor, user_id).await? {
        user.last_seen_at = None;
    }
    if user_id != actor.user_id {
        user.email = None;
    }
    user.expire_status(ports.clock.now());
    Ok(user)
}

/// Open accounts by name. Without e-mail addresses and last seen.
pub async fn search_users(
    ports: &Ports,
    query: &str,
    after: Option<&str>,
    limit: usize,
) -> Result<Page<User, String>> {
    let mut page = ports.accounts.search_users(query, after, limit).await?;
    for user in &mut page.items {
        user.email = None;
        user.last_seen_at = None;
        user.expire_status(ports.clock.now());
    }
    Ok(page)
}

/// Somebody's presence, for people who share a room; to others that person does not exist.
pub async fn user_presence(ports: &Ports, actor: &Actor, user_id: UserId) -> Result<(UserPresence, User)> {
    if !may_see_presence(ports, actor, user_id).await? {
        return Err(Error::NotFound);
    }
    let mut user = ports.accounts.user(user_id).await?.ok_or(Error::NotFound)?;
    user.expire_status(ports.clock.now());
    let presence = ports.presence.users(&[user_id], ports.clock.now()).await?.pop();
    Ok((
        presence.ok_or(Error::Internal("presence answered for nobody", None))?,
        user,
    ))
}

/// Who is active in a room now.
pub async fn list_presence(
    ports: &Ports,
    actor: &Actor,
    room_id: RoomId,
    limit: usize,
) -> Result<(RoomPresence, Vec<UserPresence>)> {
    let access = access_for(ports, actor, room_id, Act::SeePresence).await?;
    let now = ports.clock.now();
    let mut room = ports.presence.room(room_id, limit, now).await?;
    if is_kept_apart(ports, actor, &access).await? {
        room.user_ids.retain(|user_id| *user_id == actor.user_id);
        room.count = room.user_ids.len() as u64;
    }
    let people = ports.presence.users(&room.user_ids, now).await?;
    Ok((room, people))
}

/// Who has read and received what.
pub async fn list_receipts(
    ports: &Ports,
    actor: &Actor,
    room_id: RoomId,
    after: Option<UserId>,
    limit: usize,
) -> Result<Page<Receipt, UserId>> {
    let access = access_for(ports, actor, room_id, Act::SeePresence).await?;
    let mut page = ports
        .room_reads
        .receipts(room_id, actor.user_id, after, limit)
        .await?;
    if is_kept_apart(ports, actor, &access).await? {
        page.items.retain(|receipt| receipt.user_id == actor.user_id);
    }
    Ok(page)
}

/// Whether the actor sees nothing of the other person of their direct room: no marks, no presence, no last seen.
///
/// So it is when one of the two has blocked the other, or the other's account is shut; which of these, nobody
/// learns. **Every query that tells of somebody's marks or presence by a room asks this.** In rooms of more people
/// a block changes nothing.
pub(super) async fn is_kept_apart(ports: &Ports, actor: &Actor, access: &RoomAccess) -> Result<bool> {
    if access.kind != RoomKind::Direct || access.current().is_none() {
        return Ok(false);
    }
    let voice = ports.moderation.voice(access.room_id, actor.user_id).await?;
    Ok(voice.is_some_and(|voice| voice.is_peer_unreachable))
}

async fn may_see_presence(ports: &Ports, actor: &Actor, user_id: UserId) -> Result<bool> {
    if user_id == actor.user_id || actor.role != UserRole::User {
        return Ok(true);
    }
    ports.room_reads.share_a_room(actor.user_id, user_id).await
}
