//! Who is kept apart from what: bans of rooms, written by deeds of [`crate::change`] and read here, and blocks
//! between two people.

use async_trait::async_trait;

use crate::ports::{Page, SecretHash};
use crate::{
    Ban, Block, Invitation, InvitationId, Member, MessageId, Posting, Report, Result, RoomId, RoomKind,
    Timestamp, User, UserId,
};

/// Most people that one person blocks.
pub const BLOCKS_MAX: i64 = 1_000;

/// Whether somebody may be heard in a room now, by what is not durable.
#[derive(Clone, Debug)]
pub struct Voice {
    /// What the room is.
    pub kind: RoomKind,
    /// Who may send there.
    pub posting: Posting,
    /// Their row in the room, current or former.
    pub membership: Option<Member>,
    /// In a direct room: whether the other person is shut or has blocked, or is blocked by, them.
    pub is_peer_unreachable: bool,
}

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

    /// Blocks somebody; once it has returned, neither of the two sends directly to the other any more: a send
    /// that races it commits before, or not at all. False when it was so already. `NotFound` for an unknown
    /// person, `Conflict` above [`BLOCKS_MAX`].
    async fn block(&self, blocker_id: UserId, blocked_id: UserId, now: Timestamp) -> Result<bool>;

    /// Takes a block back. False when there was none.
    async fn unblock(&self, blocker_id: UserId, blocked_id: UserId) -> Result<bool>;

    /// Whom somebody has blocked, with their profiles, by user id after `after`.
    async fn blocks(
        &self,
        blocker_id: UserId,
        after: Option<UserId>,
        limit: usize,
    ) -> Result<Page<(Block, User), UserId>>;

    /// The links of a room, live or not, newest first, before `before`.
    async fn invitations(
        &self,
        room_id: RoomId,
        before: Option<InvitationId>,
        limit: usize,
    ) -> Result<Page<Invitation, InvitationId>>;

    /// The link of this secret, live or not.
    async fn invitation_of(&self, token: SecretHash) -> Result<Option<Invitation>>;

    /// What was told of messages, of one room or (none) of all, by message newest first, before `before`; only
    /// what a moderator was done with, or was not.
    async fn reports(
        &self,
        room_id: Option<RoomId>,
        is_resolved: bool,
        before: Option<(MessageId, UserId)>,
        limit: usize,
    ) -> Result<Page<Report, (MessageId, UserId)>>;

    /// Whether somebody may be heard in a room now; none when there is no such room.
    async fn voice(&self, room_id: RoomId, user_id: UserId) -> Result<Option<Voice>>;
}
