//! Who is kept out of a room.

use super::access_for;
use crate::ports::{Page, Ports};
use crate::rights::Act;
use crate::{Actor, Ban, Result, RoomId, User, UserId};

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
