//! What people see of conversations beside their logs: reactions, pins, and what each keeps for themselves.

use std::sync::Arc;

use async_trait::async_trait;

use crate::ports::Page;
use crate::{Horizon, Message, MessageId, Reaction, Result, RoomId, Timestamp, User, UserId};

/// Where a list of reactions goes on: after this emoji and person.
pub type ReactionKey = (String, UserId);
/// Where a list of pins goes on: after this moment of pinning and this `seq` of the message.
pub type PinKey = (Timestamp, i64);

/// Conversations in the store. Never cached: each answer is what is committed.
#[async_trait]
pub trait Conversations: Send + Sync {
    /// Who reacted to a message, by emoji and user id, with their profiles; with `emoji` only those who
    /// reacted so.
    async fn reactions(
        &self,
        room_id: RoomId,
        message_id: MessageId,
        emoji: Option<&str>,
        after: Option<ReactionKey>,
        limit: usize,
    ) -> Result<Page<(Reaction, User), ReactionKey>>;

    /// Which of these reactions (room, message, emoji) are this person's own. One statement for all.
    async fn own_reactions(
        &self,
        user_id: UserId,
        asked: &[(RoomId, MessageId, String)],
    ) -> Result<Vec<(MessageId, String)>>;

    /// Pinned messages from `horizon` on, the newest pin first.
    async fn pins(
        &self,
        room_id: RoomId,
        horizon: Horizon,
        after: Option<PinKey>,
        limit: usize,
    ) -> Result<Page<Arc<Message>, PinKey>>;
}
