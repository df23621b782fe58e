//! Messages, and pages of them.

use confab_domain::{MessageId, RoomId, Timestamp, UploadId, UserId};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::{AsOf, LogEntry, User};

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
    /// What most messages have none of.
    #[serde(flatten)]
    pub extras: MessageExtras,
}

/// What came with a message, and what became of it; each is absent where there is none.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct MessageExtras {
    /// True when it has `@here`: meant for everybody in the room.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[schema(required = false)]
    pub mentions_here: bool,
    /// Addresses in its text, in order; at most 20. The server never fetches them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub links: Vec<String>,
    /// Whose words it repeats.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(required = false, nullable = false)]
    pub forwarded_from: Option<ForwardedFrom>,
    /// The message it answers, as it is now. In rooms with `history: "since_join"`, where not every viewer may
    /// see that one, over REST alone, and to those who may.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(required = false, nullable = false)]
    pub parent: Option<MessagePreview>,
    /// Messages that answer it and are not deleted. Absent in events: a client adds those that come after the
    /// `as_of` of its page.
    #[serde(default, skip_serializing_if = "is_zero")]
    #[schema(required = false)]
    pub reply_count: i64,
    /// When it was last answered. Absent in events.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, format = DateTime, required = false)]
    pub last_reply_at: Option<Timestamp>,
    /// When it was pinned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, format = DateTime, required = false)]
    pub pinned_at: Option<Timestamp>,
    /// Who pinned it; absent too for pins made before this was kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = uuid::Uuid, required = false)]
    pub pinned_by: Option<UserId>,
    /// Who deleted it, when that was not its sender.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = uuid::Uuid, required = false)]
    pub deleted_by: Option<UserId>,
    /// Why a moderator deleted it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(required = false, nullable = false)]
    pub delete_reason: Option<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
const fn is_zero(count: &i64) -> bool {
    *count == 0
}

/// Where a forwarded message came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ForwardedFrom {
    /// The message as it was first said.
    #[schema(value_type = uuid::Uuid)]
    pub message_id: MessageId,
    /// Who said it.
    #[schema(value_type = uuid::Uuid)]
    pub sender_id: UserId,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
}

/// A message as its replies show it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MessagePreview {
    /// Which.
    #[schema(value_type = uuid::Uuid)]
    pub id: MessageId,
    /// Its number in the room.
    pub number: i64,
    /// Who said it.
    #[schema(value_type = uuid::Uuid)]
    pub sender_id: UserId,
    /// The first 200 characters of its text now; null once deleted.
    pub content: Option<String>,
    /// Whether only its tombstone is left.
    pub is_deleted: bool,
    /// How many files it has.
    pub attachment_count: i64,
}

impl From<confab_domain::Message> for Message {
    fn from(message: confab_domain::Message) -> Self {
        let extras = message.extras;
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
            attachments: message.attachments.into_iter().map(Attachment::from).collect(),
            mentions: extras.named.mentions,
            metadata: message.metadata,
            reactions: extras.reactions.into_iter().map(ReactionCount::from).collect(),
            created_at: message.created_at,
            edited_at: message.edited_at,
            deleted_at: message.deleted_at,
            extras: MessageExtras {
                mentions_here: extras.named.here,
                links: extras.named.links,
                forwarded_from: extras.forwarded_from.map(ForwardedFrom::from),
                parent: extras.parent.map(|parent| (*parent).into()),
                reply_count: extras.reply_count,
                last_reply_at: extras.last_reply_at,
                pinned_at: extras.pinned_at,
                pinned_by: extras.pinned_by,
                deleted_by: extras.deleted_by,
                delete_reason: extras.delete_reason,
            },
        }
    }
}

impl From<confab_domain::ForwardedFrom> for ForwardedFrom {
    fn from(from: confab_domain::ForwardedFrom) -> Self {
        Self {
            message_id: from.message_id,
            sender_id: from.sender_id,
            created_at: from.created_at,
        }
    }
}

impl From<confab_domain::Preview> for MessagePreview {
    fn from(preview: confab_domain::Preview) -> Self {
        Self {
            id: preview.id,
            number: preview.number,
            sender_id: preview.sender_id,
            content: preview.content,
            is_deleted: preview.is_deleted,
            attachment_count: preview.attachment_count,
        }
    }
}

/// What may stand in a path's segment as it is.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// A file of a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Attachment {
    /// The upload.
    #[schema(value_type = uuid::Uuid)]
    pub id: UploadId,
    /// As it was named.
    pub filename: String,
    /// Its sniffed type.
    pub content_type: String,
    /// Bytes.
    pub size: i64,
    /// Where to fetch it: a path, with Bearer or a signature of `POST /media/sign`.
    pub url: String,
    /// Where to fetch its thumbnail; null where there is none.
    pub thumbnail_url: Option<String>,
    /// Pixels; null where it is no picture.
    pub width: Option<u32>,
    /// Pixels; null where it is no picture.
    pub height: Option<u32>,
    /// A placeholder to show before the picture is there (a blurhash); null where it is no picture.
    pub preview: Option<String>,
}

impl From<confab_domain::Attachment> for Attachment {
    fn from(file: confab_domain::Attachment) -> Self {
        let url = format!(
            "/media/{}/{}",
            file.id,
            utf8_percent_encode(&file.filename, SEGMENT)
        );
        Self {
            id: file.id,
            thumbnail_url: file.has_thumbnail.then(|| format!("{url}?size=thumbnail")),
            url,
            filename: file.filename,
            content_type: file.content_type,
            size: file.size,
            width: file.width,
            height: file.height,
            preview: file.preview,
        }
    }
}

/// A file of a room, with the message that bears it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RoomFile {
    /// The file, as its message shows it.
    #[serde(flatten)]
    pub file: Attachment,
    /// The message that bears it.
    #[schema(value_type = uuid::Uuid)]
    pub message_id: MessageId,
    /// That message's number in the room.
    #[schema(example = 40)]
    pub number: i64,
    /// That message's `seq`: `around` it the room's pages show the message.
    #[schema(example = 42)]
    pub seq: i64,
    /// Who sent that message.
    pub sender: User,
    /// When that message was sent.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
}

impl From<confab_domain::RoomFile> for RoomFile {
    fn from(found: confab_domain::RoomFile) -> Self {
        Self {
            file: found.file.into(),
            message_id: found.message_id,
            number: found.number,
            seq: found.seq,
            sender: found.sender.into(),
            created_at: found.created_at,
        }
    }
}

/// How often one emoji.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReactionCount {
    /// Which.
    pub emoji: String,
    /// By how many people.
    pub count: i64,
    /// Whether the viewer is one of them. Over REST alone: what goes to everybody is the same for everybody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(required = false, nullable = false)]
    pub mine: Option<bool>,
}

impl From<confab_domain::ReactionCount> for ReactionCount {
    fn from(reaction: confab_domain::ReactionCount) -> Self {
        Self {
            emoji: reaction.emoji,
            count: reaction.count,
            mine: None,
        }
    }
}

impl Message {
    /// As one viewer sees it over REST: `is_own` says of each emoji whether it is theirs.
    pub fn for_viewer(message: confab_domain::Message, is_own: impl Fn(&str) -> bool) -> Self {
        let mut message = Self::from(message);
        for reaction in &mut message.reactions {
            reaction.mine = Some(is_own(&reaction.emoji));
        }
        message
    }
}

/// One person's reaction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Reaction {
    /// With what.
    #[schema(example = "👍")]
    pub emoji: String,
    /// Who.
    #[schema(value_type = uuid::Uuid)]
    pub user_id: UserId,
    /// Their profile.
    pub user: User,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
}

impl Reaction {
    /// From the reaction and the profile.
    pub fn new(reaction: confab_domain::Reaction, user: confab_domain::User) -> Self {
        Self {
            emoji: reaction.emoji,
            user_id: reaction.user_id,
            user: user.into(),
            created_at: reaction.created_at,
        }
    }
}

/// What a message said before an edit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FormerText {
    /// The text.
    pub content: String,
    /// When it was sent, or edited to be so.
    #[schema(value_type = String, format = DateTime)]
    pub written_at: Timestamp,
    /// When it was replaced.
    #[schema(value_type = String, format = DateTime)]
    pub replaced_at: Timestamp,
    /// The event that replaced it.
    pub replaced_seq: i64,
}

impl From<confab_domain::ports::FormerText> for FormerText {
    fn from(former: confab_domain::ports::FormerText) -> Self {
        Self {
            content: former.content,
            written_at: former.written_at,
            replaced_at: former.replaced_at,
            replaced_seq: former.replaced_seq,
        }
    }
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
