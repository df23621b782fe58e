//! What people see of conversations beside their logs: reactions, pins, and what each keeps for themselves.

use std::sync::Arc;

use async_trait::async_trait;

use crate::ports::Page;
use crate::{
    Conversation, ConversationFilter, ConversationPatch, Horizon, Message, MessageId, MessageReceipt,
    Reaction, ReadToTheEnd, ReceiptCounts, Result, RoomId, Timestamp, Unread, User, UserId,
};

/// Where a list of reactions goes on: after this emoji and person.
pub type ReactionKey = (String, UserId);
/// Where a list of pins goes on: after this moment of pinning and this `seq` of the message.
pub type PinKey = (Timestamp, i64);

/// Where a list of conversations goes on: after one that is pinned or not, of this activity, of this room.
pub type ConversationKey = (bool, Timestamp, RoomId);

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

    /// A person's conversations, archived ones or the others, all or some: pinned first, then by last activity. One
    /// statement a page.
    async fn conversations(
        &self,
        user_id: UserId,
        filter: ConversationFilter,
        after: Option<ConversationKey>,
        now: Timestamp,
        limit: usize,
    ) -> Result<Page<Conversation, ConversationKey>>;

    /// Changes what a person set in a room. `NotFound` for who is no member.
    async fn update_conversation(
        &self,
        room_id: RoomId,
        user_id: UserId,
        patch: ConversationPatch,
        now: Timestamp,
    ) -> Result<Conversation>;

    /// Moves a person's read marks to the end of their rooms, at most `limit` of those with anything unread or
    /// marked unread, and says which. A mark that moves meanwhile is not moved back.
    async fn mark_all_read(&self, user_id: UserId, limit: usize) -> Result<Vec<ReadToTheEnd>>;

    /// What is unread in all of a person's rooms.
    async fn unread(&self, user_id: UserId, now: Timestamp) -> Result<Unread>;

    /// How many have a message, and how many have read it, as far as `viewer` may know.
    async fn receipt_counts(&self, message: &Message, viewer: UserId) -> Result<ReceiptCounts>;

    /// Who has a message, by user id after `after`, as far as `viewer` may know.
    async fn message_receipts(
        &self,
        message: &Message,
        viewer: UserId,
        after: Option<UserId>,
        limit: usize,
    ) -> Result<Page<MessageReceipt, UserId>>;
}
