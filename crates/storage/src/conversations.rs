//! The port of conversations on the [`Store`].

use std::sync::Arc;

use async_trait::async_trait;
use confab_domain::ports::{Conversations, Page, PinKey, ReactionKey};
use confab_domain::{Horizon, Message, MessageId, Reaction, Result, RoomId, User, UserId};

use crate::connect::Store;
use crate::reactions;

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
}
