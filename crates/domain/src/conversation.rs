//! A person's conversations: rooms as their list shows them, with what they set for themselves.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::ports::Mark;
use crate::room::words;
use crate::{Member, Message, Room, RoomHead, RoomId, RoomKind, Timestamp, User, UserId};

words! {
    /// What a person wants to be told of.
    Notifications {
        /// Every message.
        All = "all",
        /// Messages that name them.
        Mentions = "mentions",
        /// Nothing, until further notice.
        None = "none",
    }
}

/// What a person set for themselves in a room. Nobody else sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConversationSettings {
    /// Put away. It comes back with the next message, unless it is muted.
    pub is_archived: bool,
    /// At the top of the list.
    pub is_pinned: bool,
    /// What they want to be told of.
    pub notifications: Notifications,
    /// Until when they want to be told of nothing.
    pub muted_until: Option<Timestamp>,
}

/// New settings; none keeps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ConversationPatch {
    /// Put away, or take out.
    pub is_archived: Option<bool>,
    /// To the top, or back.
    pub is_pinned: Option<bool>,
    /// What to be told of.
    pub notifications: Option<Notifications>,
    /// Until when to be told of nothing; inner none: from now on again.
    pub muted_until: Option<Option<Timestamp>>,
    /// To be come back to, or no longer.
    pub is_marked_unread: Option<bool>,
}

/// Which conversations to list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ConversationFilter {
    /// Those that are put away, or the others.
    pub is_archived: bool,
    /// Only those with something unread, those marked unread among them; or only the others.
    pub is_unread: Option<bool>,
    /// Only of this kind.
    pub kind: Option<RoomKind>,
}

/// A conversation that a person has read to its end, at once with their others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadToTheEnd {
    /// Which.
    pub room_id: RoomId,
    /// Where their mark stands.
    pub mark: Mark,
    /// Whether others in the room may see it: not in a direct room whose two are kept apart.
    pub is_shown: bool,
}

impl ConversationPatch {
    /// Whether it sets anything of what stands in [`ConversationSettings`].
    pub const fn has_settings(&self) -> bool {
        self.is_archived.is_some()
            || self.is_pinned.is_some()
            || self.notifications.is_some()
            || self.muted_until.is_some()
    }
}

/// A room in a person's list.
#[derive(Clone, Debug)]
pub struct Conversation {
    /// The slow part.
    pub room: Room,
    /// The counters.
    pub head: RoomHead,
    /// The person's row.
    pub member: Member,
    /// When something happened last: the last message, or their joining when that is later.
    pub active_at: Timestamp,
    /// The room's last message, as far as the person may see it; a tombstone where it was deleted.
    pub last_message: Option<Arc<Message>>,
    /// Unread messages that name them, or everybody.
    pub mention_count: i64,
    /// Whether they marked it to be come back to, and have neither read nor said anything since.
    pub is_marked_unread: bool,
    /// What they set.
    pub settings: ConversationSettings,
    /// The other person of a direct room.
    pub peer: Option<User>,
    /// Whether they are shut, or have blocked, or are blocked by, the person.
    pub is_peer_unreachable: bool,
}

/// A message that names a person, or everybody in a room of theirs.
#[derive(Clone, Debug)]
pub struct MentionFound {
    /// The message as it is now.
    pub message: Arc<Message>,
    /// Whether it is beyond their read mark.
    pub is_unread: bool,
}

/// What is unread in a number of rooms.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UnreadCounts {
    /// Messages.
    pub unread: i64,
    /// Those among them that name the person, or everybody.
    pub mentions: i64,
    /// Rooms with any, and those that are marked unread.
    pub rooms: i64,
}

/// What is unread in all of a person's rooms.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unread {
    /// In rooms they want to hear of.
    pub heard: UnreadCounts,
    /// In rooms that are muted or put away.
    pub quiet: UnreadCounts,
}

/// How far a message has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReceiptCounts {
    /// Members for whom it was meant: there when it was said and now, but its sender.
    pub recipients: i64,
    /// Those whose client has it.
    pub delivered: i64,
    /// Those who have read it and share that. None for a viewer who shares no read marks.
    pub read: Option<i64>,
}

/// Somebody whose client has a message.
#[derive(Clone, Debug)]
pub struct MessageReceipt {
    /// Who.
    pub user: User,
    /// Whether they have read it; none where they or the viewer share no read marks.
    pub is_read: Option<bool>,
}

impl MessageReceipt {
    /// Whose it is; lists go by this.
    pub const fn user_id(&self) -> UserId {
        self.user.id
    }
}
