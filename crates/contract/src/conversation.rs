//! A person's conversations, what is unread, and how far a message has come.

use confab_domain::{RoomId, Timestamp, UserId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{AsOf, Message, Presence, RoomForViewer, User};

/// A room in one's own list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Conversation {
    /// The room, with what is unread in it.
    pub room: RoomForViewer,
    /// When something happened last: the last message, or one's joining when that is later.
    #[schema(value_type = String, format = DateTime)]
    pub active_at: Timestamp,
    /// The last message, as far as one may see it; a tombstone where it was deleted.
    pub last_message: Option<Message>,
    /// Messages not read yet.
    #[schema(example = 3)]
    pub unread: i64,
    /// Those among them that name one, or everybody (`@here`).
    #[schema(example = 1)]
    pub mention_count: i64,
    /// Whether one marked it unread, to come back to it: until one reads or says something there.
    pub marked_unread: bool,
    /// Read up to this message number.
    #[schema(example = 37)]
    pub last_read_number: i64,
    /// Received up to this message number.
    #[schema(example = 40)]
    pub last_delivered_number: i64,
    /// What one set for oneself.
    pub settings: ConversationSettings,
    /// The other person of a direct room; null in other rooms.
    pub peer: Option<Peer>,
}

/// The other person of a direct room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Peer {
    /// Their profile.
    pub user: User,
    /// Whether they are there; null when that is not known now.
    pub presence: Option<Presence>,
}

/// What a person set for themselves in a room. Nobody else sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(example = json!({"archived": false, "pinned": true, "notifications": "mentions", "muted_until": null}))]
pub struct ConversationSettings {
    /// Put away. It comes back with the next message, unless it is muted.
    pub archived: bool,
    /// At the top of the list.
    pub pinned: bool,
    /// `all`, `mentions` or `none`.
    pub notifications: String,
    /// Until when one wants to be told of nothing.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub muted_until: Option<Timestamp>,
}

impl From<confab_domain::ConversationSettings> for ConversationSettings {
    fn from(settings: confab_domain::ConversationSettings) -> Self {
        Self {
            archived: settings.is_archived,
            pinned: settings.is_pinned,
            notifications: settings.notifications.as_str().to_owned(),
            muted_until: settings.muted_until,
        }
    }
}

impl Conversation {
    /// From the conversation, its last message as the viewer sees it, and the presence of a direct room's other.
    pub fn new(
        conversation: confab_domain::Conversation,
        last_message: Option<Message>,
        presence: Option<Presence>,
    ) -> Self {
        let member = &conversation.member;
        let peer = conversation.peer.map(|user| Peer {
            user: user.into(),
            presence,
        });
        Self {
            active_at: conversation.active_at,
            last_message,
            unread: member.unread(conversation.head.last_number),
            mention_count: conversation.mention_count,
            marked_unread: conversation.is_marked_unread,
            last_read_number: member.last_read_number,
            last_delivered_number: member.last_delivered_number,
            settings: conversation.settings.into(),
            peer,
            room: RoomForViewer::new(conversation.room, &conversation.head, Some(member)),
        }
    }
}

/// A message that names one, or everybody in a room of one's own (`@here`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Mention {
    /// The room it is in.
    #[schema(value_type = uuid::Uuid)]
    pub room_id: RoomId,
    /// The message as it is now.
    pub message: Message,
    /// Whether it is beyond one's read mark in that room.
    #[schema(example = true)]
    pub unread: bool,
}

/// What is unread in a number of rooms.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UnreadCounts {
    /// Messages.
    pub unread: i64,
    /// Those among them that name one, or everybody (`@here`).
    pub mentions: i64,
    /// Rooms with any, and rooms that one marked unread.
    pub rooms: i64,
}

/// What is unread in all of one's rooms.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(example = json!({
    "unread": 7, "mentions": 1, "rooms": 2, "muted": {"unread": 120, "mentions": 0, "rooms": 1}
}))]
pub struct Unread {
    /// In rooms that are neither muted nor archived.
    #[serde(flatten)]
    pub heard: UnreadCounts,
    /// In those that are.
    pub muted: UnreadCounts,
}

impl From<confab_domain::Unread> for Unread {
    fn from(unread: confab_domain::Unread) -> Self {
        let counts = |counts: confab_domain::UnreadCounts| UnreadCounts {
            unread: counts.unread,
            mentions: counts.mentions,
            rooms: counts.rooms,
        };
        Self {
            heard: counts(unread.heard),
            muted: counts(unread.quiet),
        }
    }
}

/// Somebody whose client has a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MessageReceipt {
    /// Who.
    #[schema(value_type = uuid::Uuid)]
    pub user_id: UserId,
    /// Their profile.
    pub user: User,
    /// Whether they have read it; null where they or the viewer share no read marks.
    pub read: Option<bool>,
}

impl From<confab_domain::MessageReceipt> for MessageReceipt {
    fn from(receipt: confab_domain::MessageReceipt) -> Self {
        Self {
            user_id: receipt.user.id,
            user: receipt.user.into(),
            read: receipt.is_read,
        }
    }
}

/// How far a message has come, and a page of those who have it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MessageReceipts {
    /// Members for whom it was meant: there when it was said and now, but its sender.
    #[schema(example = 6)]
    pub recipient_count: i64,
    /// Those whose client has it.
    #[schema(example = 5)]
    pub delivered_count: i64,
    /// Those who have read it and share that; null for a viewer who shares no read marks.
    #[schema(example = 3)]
    pub read_count: Option<i64>,
    /// Those whose client has it, by user id.
    pub items: Vec<MessageReceipt>,
    /// To be given as `cursor` for the next page; null at the end.
    pub next_cursor: Option<String>,
    /// Whether there is a next page.
    pub has_more: bool,
    /// The moment of the page.
    pub as_of: AsOf,
}
