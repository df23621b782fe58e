//! Rooms and members.

use confab_domain::{RoomHead, RoomId, RoomSnapshot, Timestamp, UserId, ports as domain_ports};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::User;

/// A room, the same for every viewer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(example = json!({
    "id": "018cc251-f400-7000-8000-0000000000b1", "kind": "public", "name": "lobby",
    "description": null, "metadata": {}, "external_key": null, "history": "all", "is_active": true,
    "avatar_url": null, "posting": "members", "slow_mode_seconds": 0, "system_messages": false, "edit_window_seconds": null,
    "created_by": "018cc251-f400-7000-8000-000000000001", "created_at": "2024-01-01T12:00:00.000Z",
    "updated_at": "2024-01-01T12:00:00.000Z", "last_seq": 42, "last_number": 40,
    "last_message_at": "2024-01-01T12:00:00.000Z"
}))]
pub struct Room {
    /// Its id.
    #[schema(value_type = uuid::Uuid)]
    pub id: RoomId,
    /// `public`, `private` or `direct`.
    pub kind: String,
    /// Null for direct rooms.
    pub name: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// The host product's own data.
    #[schema(value_type = Object)]
    pub metadata: Value,
    /// The host product's own key.
    pub external_key: Option<String>,
    /// `all` or `since_join`.
    pub history: String,
    /// False once it is closed.
    pub is_active: bool,
    /// A picture: an http(s) URL, or a path of this server that needs no token.
    #[serde(default)]
    pub avatar_url: Option<String>,
    /// Who may send: `members`, or `moderators` and above.
    #[serde(default = "every_member")]
    pub posting: String,
    /// Seconds between two messages of one member; 0 is off. Moderators and above are free of it.
    #[serde(default)]
    pub slow_mode_seconds: i64,
    /// Whether joining, leaving and renaming are also told by messages of type `system`.
    #[serde(default)]
    pub system_messages: bool,
    /// For how many seconds after sending a message may be edited; null: always.
    #[serde(default)]
    pub edit_window_seconds: Option<i64>,
    /// Who made it.
    #[schema(value_type = Option<uuid::Uuid>)]
    pub created_by: Option<UserId>,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// When it was last edited.
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Timestamp,
    /// Number of the latest durable event.
    pub last_seq: i64,
    /// Number of the latest message.
    pub last_number: i64,
    /// When the latest message was written.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub last_message_at: Option<Timestamp>,
}

/// What rooms of before there was a choice are.
fn every_member() -> String {
    confab_domain::Posting::default().as_str().to_owned()
}

impl Room {
    /// From its slow part and its counters.
    pub fn new(room: confab_domain::Room, head: &RoomHead) -> Self {
        Self::with_counters(room, head.last_seq, head.last_number, head.last_message_at)
    }

    fn with_counters(
        room: confab_domain::Room,
        last_seq: i64,
        last_number: i64,
        last_message_at: Option<Timestamp>,
    ) -> Self {
        Self {
            id: room.id,
            kind: room.kind.as_str().to_owned(),
            name: room.name,
            description: room.description,
            metadata: room.metadata,
            external_key: room.external_key,
            history: room.history.as_str().to_owned(),
            is_active: room.is_active,
            avatar_url: room.avatar_url,
            posting: room.posting.as_str().to_owned(),
            slow_mode_seconds: room.slow_mode_seconds,
            system_messages: room.system_messages,
            edit_window_seconds: room.edit_window_seconds,
            created_by: room.created_by,
            created_at: room.created_at,
            updated_at: room.updated_at,
            last_seq,
            last_number,
            last_message_at,
        }
    }
}

impl From<RoomSnapshot> for Room {
    fn from(snapshot: RoomSnapshot) -> Self {
        Self::with_counters(
            snapshot.room,
            snapshot.last_seq,
            snapshot.last_number,
            snapshot.last_message_at,
        )
    }
}

/// A room as one viewer sees it over REST.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RoomForViewer {
    /// The room.
    #[serde(flatten)]
    pub room: Room,
    /// People in it now.
    #[schema(example = 2)]
    pub member_count: i64,
    /// `owner`, `admin`, `moderator` or `member`; null for who is not in it.
    #[schema(example = "owner")]
    pub my_role: Option<String>,
    /// Messages the viewer has not read; 0 for who is not in it.
    #[schema(example = 3)]
    pub unread: i64,
}

impl RoomForViewer {
    /// As the holder of `membership` sees it.
    pub fn new(
        room: confab_domain::Room,
        head: &RoomHead,
        membership: Option<&confab_domain::Member>,
    ) -> Self {
        let current = membership.filter(|member| member.is_current());
        Self {
            room: Room::new(room, head),
            member_count: head.member_count,
            my_role: current.map(|member| member.role.as_str().to_owned()),
            unread: current.map_or(0, |member| member.unread(head.last_number)),
        }
    }
}

/// A member of a room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Member {
    /// Who.
    #[schema(value_type = uuid::Uuid)]
    pub user_id: UserId,
    /// `owner`, `admin`, `moderator` or `member`.
    #[schema(example = "member")]
    pub role: String,
    /// When they (last) joined.
    #[schema(value_type = String, format = DateTime)]
    pub joined_at: Timestamp,
    /// Until when they may not send.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub muted_until: Option<Timestamp>,
    /// Their profile.
    pub user: User,
}

impl Member {
    /// From the row and the profile.
    pub fn new(member: &confab_domain::Member, user: confab_domain::User) -> Self {
        Self {
            user_id: member.user_id,
            role: member.role.as_str().to_owned(),
            joined_at: member.joined_at,
            muted_until: member.muted_until,
            user: user.into(),
        }
    }
}

/// Where one's own mark stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(example = json!({"number": 40, "unread": 0}))]
pub struct Mark {
    /// Read up to this message number.
    pub number: i64,
    /// Messages after it.
    pub unread: i64,
}

impl From<domain_ports::Mark> for Mark {
    fn from(mark: domain_ports::Mark) -> Self {
        Self {
            number: mark.number,
            unread: mark.unread,
        }
    }
}
