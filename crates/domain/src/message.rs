//! Messages.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::room::words;
use crate::{MessageId, RoomId, Timestamp, UserId};

words! {
    /// How a message's text is to be read.
    ContentType {
        /// As it stands.
        Plain = "text/plain",
        /// Markdown, rendered by the safe rule of the docs.
        Markdown = "text/markdown",
        /// Written by the system.
        System = "system",
    }
}

/// A message as it is now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Its id; also the id of the event that made it.
    pub id: MessageId,
    /// Where it was said.
    pub room_id: RoomId,
    /// Counts messages of the room: 1, 2, 3 …
    pub number: i64,
    /// The event that made it.
    pub seq: i64,
    /// Its latest change; equal to `seq` when there was none.
    pub updated_seq: i64,
    /// Who said it.
    pub sender_id: UserId,
    /// The sender's own id of it; the message id when none was given.
    pub client_id: String,
    /// None once deleted.
    pub content: Option<String>,
    /// How the text is to be read.
    pub content_type: ContentType,
    /// The message it answers.
    pub reply_to: Option<MessageId>,
    /// The host product's own data, an object.
    pub metadata: Value,
    /// When it was sent.
    pub created_at: Timestamp,
    /// When its text last changed.
    pub edited_at: Option<Timestamp>,
    /// When it was deleted.
    pub deleted_at: Option<Timestamp>,
}

impl Message {
    /// Whether only its tombstone is left.
    pub const fn is_deleted(&self) -> bool {
        self.deleted_at.is_some()
    }
}

/// The body of a message as it was sent, before it has a place in the room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Body {
    /// 1–16,384 characters.
    pub content: String,
    /// How the text is to be read.
    pub content_type: ContentType,
    /// The message it answers, of the same room.
    pub reply_to: Option<MessageId>,
    /// The host product's own data, an object.
    pub metadata: Value,
}
