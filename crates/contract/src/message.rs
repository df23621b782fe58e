//! Messages, and pages of them.

use confab_domain::{MessageId, RoomId, Timestamp, UserId};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{AsOf, LogEntry};

/// A message as it is now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(example = json!({
    "id": "018cc251-f400-7000-8000-0000000000c1", "room_id": "018cc251-f400-7000-8000-0000000000b1",
    "number": 40, "seq": 42, "updated_seq": 42, "sender_id": "018cc251-f400-7000-8000-000000000001",
    "client_id": "web-1", "content": "Hello!", "content_type": "text/plain", "reply_to": null,
    "attachments": [], "mentions": [], "metadata": {}, "reactions": [],
    "created_at": "2024-01-01T12:00:00.000Z", "edited_at": null, "deleted_at": null
}))]
pub struct Message {
    /// Its id; also the id of the event that made it.
    #[schema(value_type = uuid::Uuid)]
    pub id: MessageId,
    /// Where it was said.
    #[schema(value_type = uuid::Uuid)]
    pub room_id: RoomId,
    /// Counts messages of the room.
    pub number: i64,
    /// The event that made it.
    pub seq: i64,
    /// Its latest change: a client keeps the message with the larger.
    pub updated_seq: i64,
    /// Who said it.
    #[schema(value_type = uuid::Uuid)]
    pub sender_id: UserId,
    /// The sender's own id of it; the message id when none was given.
    pub client_id: String,
    /// The text; null once deleted.
    pub content: Option<String>,
    /// `text/plain`, `text/markdown` or `system`.
    pub content_type: String,
    /// The message it answers.
    #[schema(value_type = Option<uuid::Uuid>)]
    pub reply_to: Option<MessageId>,
    /// Files.
    pub attachments: Vec<Attachment>,
    /// People it names.
    #[schema(value_type = Vec<uuid::Uuid>)]
    pub mentions: Vec<UserId>,
    /// The host product's own data.
    #[schema(value_type = Object)]
    pub metadata: Value,
    /// How often which emoji.
    pub reactions: Vec<ReactionCount>,
    /// When it was sent.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// When its text last changed.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub edited_at: Option<Timestamp>,
    /// When it was deleted.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub deleted_at: Option<Timestamp>,
}

impl From<confab_domain::Message> for Message {
    fn from(message: confab_domain::Message) -> Self {
        Self {
            id: message.id,
            room_id: message.room_id,
            number: message.number,
            seq: message.seq,
            updated_seq: message.updated_seq,
            sender_id: message.sender_id,
            client_id: message.client_id,
            content: message.content,
            content_type: message.content_type.as_str().to_owned(),
            reply_to: message.reply_to,
            attachments: Vec::new(),
            mentions: Vec::new(),
            metadata: message.metadata,
            reactions: Vec::new(),
            created_at: message.created_at,
            edited_at: message.edited_at,
            deleted_at: message.deleted_at,
        }
    }
}

/// A file of a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Attachment {
    /// The upload.
    pub id: Uuid,
    /// As it was named.
    pub filename: String,
    /// Its sniffed type.
    pub content_type: String,
    /// Bytes.
    pub size: i64,
    /// Where to fetch it.
    pub url: String,
}

/// How often one emoji.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReactionCount {
    /// Which.
    pub emoji: String,
    /// By how many people.
    pub count: i64,
}

/// A page of a room's messages.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct MessagePage {
    /// At most `limit` messages.
    pub items: Vec<Message>,
    /// To be given as `cursor` for the next page in the same direction; null at the end.
    pub next_cursor: Option<String>,
    /// Whether there is a next page in the same direction.
    pub has_more: bool,
    /// Whether there are messages older than the page.
    pub has_older: bool,
    /// Whether there are messages newer than the page.
    pub has_newer: bool,
    /// The moment of the page.
    pub as_of: AsOf,
}

/// A run of a room's log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct LogPage {
    /// Ascending from `after_seq + 1`; empty with `reset`.
    pub items: Vec<LogEntry>,
    /// Whether the log goes on after the last item.
    pub has_more: bool,
    /// The room's latest `seq`.
    #[schema(example = 42)]
    pub last_seq: i64,
    /// The life of the database.
    #[schema(example = "5f0c2d7be19a4c33")]
    pub epoch: String,
    /// The run cannot be given whole: read history and begin anew at `last_seq`.
    pub reset: bool,
}
