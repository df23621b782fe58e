//! Messages.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::room::words;
use crate::{Error, MessageId, Result, RoomId, Timestamp, UploadId, UserId, naming};

/// Files of one message.
pub const ATTACHMENTS_MAX: usize = 10;
/// People that one message names; further names are plain text.
pub const MENTIONS_MAX: usize = 50;
/// Members of a room in which anyone may name everybody; above it moderators may.
pub const HERE_MEMBERS_MAX: i64 = 500;
/// Links that are found in one message.
pub const LINKS_MAX: usize = 20;
/// Different emoji on one message.
pub const REACTION_KINDS_MAX: usize = 50;
/// Pinned messages of one room.
pub const PINS_MAX: i64 = 100;
/// Characters of a parent's text that its replies show.
pub const PREVIEW_CHARS_MAX: usize = 200;

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
    /// Its files, in the sender's order; none once deleted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<Attachment>,
    /// What most messages have none of.
    #[serde(default, skip_serializing_if = "Extras::is_empty")]
    pub extras: Extras,
}

/// A file of a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    /// The upload.
    pub id: UploadId,
    /// As its sender named it, without folders.
    pub filename: String,
    /// As it was sniffed, never as the sender says.
    pub content_type: String,
    /// Bytes.
    pub size: i64,
    /// Pixels, of pictures.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub width: Option<u32>,
    /// Pixels, of pictures.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub height: Option<u32>,
    /// A few bytes as text that a client blurs into a placeholder, of pictures.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preview: Option<String>,
    /// Whether there is a thumbnail.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub has_thumbnail: bool,
}

/// What came with a message, and what became of it: most messages have none of this.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Extras {
    /// Whom and what its text names.
    #[serde(flatten)]
    pub named: Named,
    /// Whose words it repeats.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub forwarded_from: Option<ForwardedFrom>,
    /// The message it answers as it is now. None where not every viewer may see that one, and where nobody asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent: Option<Box<Preview>>,
    /// How often which emoji, in the order they came first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reactions: Vec<ReactionCount>,
    /// Messages that answer it and are not deleted.
    #[serde(skip_serializing_if = "is_zero")]
    pub reply_count: i64,
    /// When it was last answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_reply_at: Option<Timestamp>,
    /// When it was pinned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pinned_at: Option<Timestamp>,
    /// Who pinned it. None too where that was before it was kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pinned_by: Option<UserId>,
    /// Who deleted it, when that was not its sender.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deleted_by: Option<UserId>,
    /// Why a moderator deleted it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delete_reason: Option<String>,
}

impl Extras {
    /// Whether there is none of it.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Counts one more person who reacted so.
    pub fn count_reaction(&mut self, emoji: &str) {
        match self.reactions.iter_mut().find(|reaction| reaction.emoji == emoji) {
            Some(reaction) => reaction.count += 1,
            None => self.reactions.push(ReactionCount {
                emoji: emoji.to_owned(),
                count: 1,
            }),
        }
    }

    /// Counts one person less; an emoji that nobody is left for goes.
    pub fn discount_reaction(&mut self, emoji: &str) {
        if let Some(reaction) = self.reactions.iter_mut().find(|reaction| reaction.emoji == emoji) {
            reaction.count -= 1;
        }
        self.reactions.retain(|reaction| reaction.count > 0);
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
const fn is_zero(count: &i64) -> bool {
    *count == 0
}

/// Whom and what a text names, as the server understood it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Named {
    /// Members whose `@username` it has, in the order of the text; at most [`MENTIONS_MAX`].
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub mentions: Vec<UserId>,
    /// Whether it has `@here`: meant for everybody in the room.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub here: bool,
    /// Addresses (`http`, `https`) in the order of the text; at most [`LINKS_MAX`]. Never fetched.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub links: Vec<String>,
}

/// Where a forwarded message came from. Its room is not told: the reader may have no business there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForwardedFrom {
    /// The message as it was first said.
    pub message_id: MessageId,
    /// Who said it.
    pub sender_id: UserId,
    /// When.
    pub created_at: Timestamp,
}

/// A message as its replies show it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preview {
    /// Which.
    pub id: MessageId,
    /// Its number, by which it is hidden from newcomers.
    pub number: i64,
    /// Who said it.
    pub sender_id: UserId,
    /// Its text now, cut to [`PREVIEW_CHARS_MAX`]; none once deleted.
    pub content: Option<String>,
    /// Whether only its tombstone is left.
    pub is_deleted: bool,
    /// How many files it has.
    #[serde(default)]
    pub attachment_count: i64,
}

/// How often one emoji.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReactionCount {
    /// Which.
    pub emoji: String,
    /// By how many people.
    pub count: i64,
}

/// One person's reaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reaction {
    /// With what.
    pub emoji: String,
    /// Who.
    pub user_id: UserId,
    /// When.
    pub created_at: Timestamp,
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
    /// 1–16,384 characters; empty only beside files.
    pub content: String,
    /// How the text is to be read.
    pub content_type: ContentType,
    /// The message it answers, of the same room.
    pub reply_to: Option<MessageId>,
    /// The host product's own data, an object.
    pub metadata: Value,
    /// Files, in order: uploads of the sender that no message has yet. At most [`ATTACHMENTS_MAX`].
    pub attachments: Vec<UploadId>,
    /// Whom and what the text names. It does not tell a repeat from another message: it follows from the text.
    pub named: Named,
    /// The message it repeats.
    pub forward: Option<Forward>,
}

/// What is said again in another room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forward {
    /// The very message that is forwarded, which may be a forward itself. A repeat is known by it.
    pub source_id: MessageId,
    /// The room that message is in, by whose rights it is read.
    pub source_room_id: RoomId,
    /// Where it was first said.
    pub origin: ForwardedFrom,
}

impl Body {
    /// What a forward of this message says: its text and files as they are now. It names nobody in the other room,
    /// and bears no metadata, which is the host product's about the first place. `Conflict` where there is
    /// nothing to forward.
    pub fn forwarding(source: &Message) -> Result<Self> {
        let Some(content) = source.content.clone().filter(|_| !source.is_deleted()) else {
            return Err(Error::Conflict("the message is deleted"));
        };
        if source.content_type == ContentType::System {
            return Err(Error::Conflict("a system message is not forwarded"));
        }
        let origin = source.extras.forwarded_from.clone();
        Ok(Self {
            named: Named {
                links: naming::read(&content, source.content_type).links,
                ..Named::default()
            },
            content,
            content_type: source.content_type,
            reply_to: None,
            metadata: json!({}),
            // The store gives the new message copies of these.
            attachments: source.attachments.iter().map(|file| file.id).collect(),
            forward: Some(Forward {
                source_id: source.id,
                source_room_id: source.room_id,
                origin: origin.unwrap_or(ForwardedFrom {
                    message_id: source.id,
                    sender_id: source.sender_id,
                    created_at: source.created_at,
                }),
            }),
        })
    }
}
