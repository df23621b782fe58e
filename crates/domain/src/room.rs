//! Rooms, their hot heads, and membership.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{RoomId, Timestamp, UserId};

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum $name { $($(#[$vdoc])* #[serde(rename = $word)] $variant),* }

        impl $name {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// Its name on the wire and in the store.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),* }
            }

            /// The one of that name.
            pub fn parse(text: &str) -> Option<Self> {
                match text { $($word => Some(Self::$variant),)* _ => None }
            }
        }
    };
}
pub(crate) use words;

words! {
    /// What a room is.
    RoomKind {
        /// Anyone may see its description and join it.
        Public = "public",
        /// Entered by being added or invited; to strangers it does not exist.
        Private = "private",
        /// Two people, for ever the same room.
        Direct = "direct",
    }
}

words! {
    /// Who may send into a room.
    #[derive(Default)]
    Posting {
        /// Every member.
        #[default]
        Members = "members",
        /// Moderators and above, and the host product: others read, react and leave.
        Moderators = "moderators",
    }
}

words! {
    /// How much a newcomer may read.
    History {
        /// Everything.
        All = "all",
        /// What was said since they joined.
        SinceJoin = "since_join",
    }
}

/// A room's slow part: what changes when somebody edits it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Room {
    /// Its id.
    pub id: RoomId,
    /// What it is.
    pub kind: RoomKind,
    /// None for direct rooms.
    pub name: Option<String>,
    /// At most 2,000 characters.
    pub description: Option<String>,
    /// The host product's own data, an object.
    pub metadata: Value,
    /// The host product's own key.
    pub external_key: Option<String>,
    /// How much a newcomer may read.
    pub history: History,
    /// False once it is closed.
    pub is_active: bool,
    /// A picture.
    #[serde(default)]
    pub avatar_url: Option<String>,
    /// Who may send.
    #[serde(default)]
    pub posting: Posting,
    /// Seconds between two messages of one member; 0 is off. Moderators and above are free of it.
    #[serde(default)]
    pub slow_mode_seconds: i64,
    /// Whether joining, leaving and renaming are also told by messages of type `system`.
    #[serde(default)]
    pub system_messages: bool,
    /// For how many seconds after sending a message may be edited; none: always.
    #[serde(default)]
    pub edit_window_seconds: Option<i64>,
    /// Who made it; none once that is forgotten.
    pub created_by: Option<UserId>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When its slow part last changed.
    pub updated_at: Timestamp,
}

/// A room's hot part: what every message moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomHead {
    /// Number of the latest durable event: 1, 2, 3 … without holes.
    pub last_seq: i64,
    /// Number of the latest message.
    pub last_number: i64,
    /// When the latest message was written.
    pub last_message_at: Option<Timestamp>,
    /// People in it now.
    pub member_count: i64,
    /// The `seq` of the latest change of the slow part; the version of a cached room.
    pub room_changed_seq: i64,
    /// Events up to here were trimmed from the log.
    pub log_floor_seq: i64,
}

/// Standing in a room, lowest first: the order is the rank.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MemberRole {
    /// Reads, sends, reacts, edits and deletes their own.
    Member,
    /// Also deletes others' messages, mutes and kicks members.
    Moderator,
    /// Also edits the room, adds, bans, and changes roles below theirs.
    Admin,
    /// Also deletes the room and hands it on.
    Owner,
}

impl MemberRole {
    /// Lowest first.
    pub const ALL: [Self; 4] = [Self::Member, Self::Moderator, Self::Admin, Self::Owner];

    /// Its name on the wire and in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Member => "member",
            Self::Moderator => "moderator",
            Self::Admin => "admin",
            Self::Owner => "owner",
        }
    }

    /// The role of that name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == text)
    }
}

/// One person's place in one room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// The room.
    pub room_id: RoomId,
    /// The person.
    pub user_id: UserId,
    /// Their standing.
    pub role: MemberRole,
    /// When they (last) joined.
    pub joined_at: Timestamp,
    /// The `seq` of their (last) joining.
    pub joined_seq: i64,
    /// The first message number they may read; 0 where all is open.
    pub visible_from_number: i64,
    /// When they left; the row stays, so that a rejoin does not clear a mute.
    pub left_at: Option<Timestamp>,
    /// Until when they may not send.
    pub muted_until: Option<Timestamp>,
    /// They have read up to this message number.
    pub last_read_number: i64,
    /// Their client has received up to this message number.
    pub last_delivered_number: i64,
}

impl Member {
    /// Whether they belong to the room now.
    pub const fn is_current(&self) -> bool {
        self.left_at.is_none()
    }

    /// What of the room they may see.
    pub const fn horizon(&self) -> Horizon {
        Horizon {
            visible_from_number: self.visible_from_number,
            joined_seq: self.joined_seq,
        }
    }

    /// Messages they have not read, given the room's latest number. Cannot drift: both are counters.
    pub fn unread(&self, last_number: i64) -> i64 {
        (last_number - self.last_read_number.max(self.visible_from_number - 1)).max(0)
    }
}

/// From where on a member may see a room. In a room whose history is open to all both are 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Horizon {
    /// Messages with a lower number are not theirs to see, nor events about them.
    pub visible_from_number: i64,
    /// The `seq` of their joining; with a `visible_from_number`, events before it are hidden.
    pub joined_seq: i64,
}

impl Horizon {
    /// Sees everything.
    pub const ALL: Self = Self {
        visible_from_number: 0,
        joined_seq: 0,
    };

    /// Whether a message of that number may be seen.
    pub const fn shows_message(&self, number: i64) -> bool {
        number >= self.visible_from_number
    }

    /// Whether an event may be seen; if not, it is listed as `hidden`, so that `seq` stays whole.
    pub const fn shows_event(&self, seq: i64, about_number: Option<i64>) -> bool {
        if self.visible_from_number == 0 {
            return true;
        }
        if seq < self.joined_seq {
            return false;
        }
        match about_number {
            Some(number) => self.shows_message(number),
            None => true,
        }
    }
}

/// Somebody who may not come into a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ban {
    /// Who.
    pub user_id: UserId,
    /// By whom.
    pub banned_by: UserId,
    /// Why, for everybody in the room to read.
    pub reason: Option<String>,
    /// Since when.
    pub created_at: Timestamp,
}

/// Somebody whom a person does not want to hear from directly.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// Who.
    pub user_id: UserId,
    /// Since when.
    pub created_at: Timestamp,
}

/// What its admins set for a room, beside its name and description.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RoomSettings {
    /// A picture.
    pub avatar_url: Option<String>,
    /// Who may send.
    pub posting: Posting,
    /// Seconds between two messages of one member; 0 is off. At most [`SLOW_MODE_SECONDS_MAX`].
    pub slow_mode_seconds: i64,
    /// Whether what happens is also told by messages of type `system`.
    pub system_messages: bool,
    /// For how many seconds after sending a message may be edited; none: always. At most
    /// [`EDIT_WINDOW_SECONDS_MAX`].
    pub edit_window_seconds: Option<i64>,
}

/// Slowest pace of a room: six hours between two messages of one member.
pub const SLOW_MODE_SECONDS_MAX: i64 = 21_600;
/// Longest time for edits that has an end: a year.
pub const EDIT_WINDOW_SECONDS_MAX: i64 = 31_536_000;

/// What a viewer may know of a room's membership and counters: one primary-key read.
#[derive(Clone, Debug)]
pub struct RoomAccess {
    /// The room.
    pub room_id: RoomId,
    /// What it is.
    pub kind: RoomKind,
    /// False once it is closed or deleted.
    pub is_active: bool,
    /// The database's life in which this was read.
    pub epoch: crate::Epoch,
    /// The counters.
    pub head: RoomHead,
    /// The viewer's row, current or former.
    pub membership: Option<Member>,
}

impl RoomAccess {
    /// The viewer's row when they belong to the room now.
    pub fn current(&self) -> Option<&Member> {
        self.membership.as_ref().filter(|member| member.is_current())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_horizon_hides_what_was_before_the_joining() {
        let horizon = Horizon {
            visible_from_number: 10,
            joined_seq: 20,
        };
        assert!(horizon.shows_event(20, None));
        assert!(!horizon.shows_event(19, None));
        assert!(!horizon.shows_event(30, Some(9)), "an edit of an old message");
        assert!(horizon.shows_event(30, Some(10)));
        assert!(Horizon::ALL.shows_event(1, Some(1)));
    }

    #[test]
    fn roles_are_ranked() {
        assert!(MemberRole::Owner > MemberRole::Admin);
        assert!(MemberRole::Moderator > MemberRole::Member);
    }
}
