//! The port of conversations on the [`Store`].

use std::sync::Arc;

use async_trait::async_trait;
use confab_domain::ports::{ConversationKey, Conversations, Page, PinKey, ReactionKey};
use confab_domain::{
    Conversation, ConversationFilter, ConversationPatch, Horizon, Message, MessageId, MessageReceipt,
    Reaction, ReadToTheEnd, ReceiptCounts, Result, RoomId, Timestamp, Unread, User, UserId,
};

use crate::connect::Store;
use crate::{conversation_list, marks, message_receipts, reactions};

#[async_trait]
impl Conversations for Store {
    async fn reactions(
        &self,
        room_id: RoomId,
        message_id: MessageId,
        emoji: Option<&str>,
        after: Option<ReactionKey>,
        limit: usize,
    ) -> Result<Page<(Reaction, User), ReactionKey>> {
        reactions::reactions(self, room_id, message_id, emoji, after, limit).await
    }

    async fn own_reactions(
        &self,
        user_id: UserId,
        asked: &[(RoomId, MessageId, String)],
    ) -> Result<Vec<(MessageId, String)>> {
        reactions::own_reactions(self, user_id, asked).await
    }

    async fn pins(
        &self,
        room_id: RoomId,
        horizon: Horizon,
        after: Option<PinKey>,
        limit: usize,
    ) -> Result<Page<Arc<Message>, PinKey>> {
        reactions::pins(self, room_id, horizon, after, limit).await
    }

    async fn conversations(
        &self,
        user_id: UserId,
        filter: ConversationFilter,
        after: Option<ConversationKey>,
        now: Timestamp,
        limit: usize,
    ) -> Result<Page<Conversation, ConversationKey>> {
        conversation_list::conversations(self, user_id, filter, after, now, limit).await
    }

    async fn update_conversation(
        &self,
        room_id: RoomId,
        user_id: UserId,
        patch: ConversationPatch,
        now: Timestamp,
    ) -> Result<Conversation> {
        conversation_list::update_conversation(self, room_id, user_id, patch, now).await
    }

    async fn mark_all_read(&self, user_id: UserId, limit: usize) -> Result<Vec<ReadToTheEnd>> {
        marks::mark_all_read(self, user_id, limit).await
    }

    async fn unread(&self, user_id: UserId, now: Timestamp) -> Result<Unread> {
        conversation_list::unread(self, user_id, now).await
    }

    async fn receipt_counts(&self, message: &Message, viewer: UserId) -> Result<ReceiptCounts> {
        message_receipts::counts(self, message, viewer).await
    }

    async fn message_receipts(
        &self,
        message: &Message,
        viewer: UserId,
        after: Option<UserId>,
        limit: usize,
    ) -> Result<Page<MessageReceipt, UserId>> {
        message_receipts::list(self, message, viewer, after, limit).await
    }
}
