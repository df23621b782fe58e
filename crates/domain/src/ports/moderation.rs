//! Who is kept out of what: bans of rooms. Written by deeds of [`crate::change`], read here.

use async_trait::async_trait;

use crate::ports::Page;
use crate::{Ban, Result, RoomId, User, UserId};

/// Reads of what keeps people apart. Never cached: what stands here decides who hears whom.
#[async_trait]
pub trait Moderation: Send + Sync {
    /// Who is banned from a room, with their profiles, by user id after `after`.
    async fn bans(
        &self,
        room_id: RoomId,
        after: Option<UserId>,
        limit: usize,
    ) -> Result<Page<(Ban, User), UserId>>;

    /// The ban of one person.
    async fn ban(&self, room_id: RoomId, user_id: UserId) -> Result<Option<(Ban, User)>>;
}
