//! Messages beyond a room's pages: threads, former texts, previews, and whom a text names.

use std::collections::HashMap;

use async_trait::async_trait;

use crate::ports::{MessagePage, Page};
use crate::{Horizon, MentionFound, MessageId, Preview, Result, RoomId, Timestamp, UserId};

/// What a message said before an edit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormerText {
    /// The text.
    pub content: String,
    /// When it was sent or edited to be so.
    pub written_at: Timestamp,
    /// When it was replaced.
    pub replaced_at: Timestamp,
    /// The event that replaced it.
    pub replaced_seq: i64,
}

/// Where a list of mentions goes on: after the message of this time, room and number.
pub type MentionKey = (Timestamp, RoomId, i64);

/// Reads of messages. Rights are the caller's to check; horizons are given.
#[async_trait]
pub trait MessageReads: Send + Sync {
    /// Messages that answer this one directly, ascending after `after_seq`, from `horizon` on, tombstones
    /// too; in one snapshot with the head.
    async fn replies(
        &self,
        room_id: RoomId,
        message_id: MessageId,
        horizon: Horizon,
        after_seq: i64,
        limit: usize,
    ) -> Result<MessagePage>;

    /// Former texts, oldest first, after the one that was replaced at `after_seq`. None of a deleted message.
    async fn former_texts(
        &self,
        room_id: RoomId,
        message_id: MessageId,
        after_seq: i64,
        limit: usize,
    ) -> Result<Page<FormerText, i64>>;

    /// These messages of the room as their replies show them; unknown ones are left out.
    async fn previews(&self, room_id: RoomId, message_ids: &[MessageId]) -> Result<Vec<Preview>>;

    /// Who of the room's members bears these usernames, which are case-folded. Others are left out.
    async fn members_named(&self, room_id: RoomId, usernames: &[String]) -> Result<HashMap<String, UserId>>;

    /// Messages of each room beyond the person's read mark that name them, or everybody (`@here`); those at
    /// or below the mark, and before their horizon, count nothing. Rooms without any are left out, and so are
    /// those they do not belong to.
    async fn unread_mentions(&self, user_id: UserId, room_ids: &[RoomId]) -> Result<HashMap<RoomId, i64>>;

    /// Messages that name the person, or everybody (`@here`), in the rooms they belong to now, from their horizon in
    /// each on, the newest first over all rooms. A page costs two looks into an index for each of their rooms, however
    /// many mentions there are.
    async fn mentions(
        &self,
        user_id: UserId,
        after: Option<MentionKey>,
        limit: usize,
    ) -> Result<Page<MentionFound, MentionKey>>;
}
