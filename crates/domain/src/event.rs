//! Durable events: everything that happened in a room, each with its place in the room's one order.
//!
//! Events are the only serialisable nouns of the domain, because processes of two versions exchange them:
//! unknown fields are ignored, unknown types pass through as [`EventBody::Unknown`].

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::room::words;
use crate::{EventId, MemberRole, Message, MessageId, Room, RoomId, Timestamp, User, UserId};

/// A name for one life of the database. It changes after a restore or a failover that lost its tail.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Epoch(Arc<str>);

impl Epoch {
    /// Longest name, in bytes.
    pub const BYTES_MAX: usize = 32;

    /// An epoch of that name.
    pub fn new(name: impl Into<Arc<str>>) -> Self {
        Self(name.into())
    }

    /// A new random name.
    pub fn random() -> Self {
        Self(uuid::Uuid::new_v4().simple().to_string()[..16].into())
    }

    /// Its name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Epoch({})", self.0)
    }
}

/// Where an action came from, carried from the request to the last consumer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trace {
    /// The request's id (`x-request-id`, or one made for a frame).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correlation_id: Option<Arc<str>>,
    /// W3C trace context.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<Arc<str>>,
}

/// A durable event of a room.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Stable over every retry and replay.
    pub id: EventId,
    /// Where it happened.
    pub room_id: RoomId,
    /// Its place in the room: 1, 2, 3 … without holes, in commit order.
    pub seq: i64,
    /// When it was committed, by the writer's clock.
    pub occurred_at: Timestamp,
    /// Who did it.
    pub actor_id: UserId,
    /// What happened.
    #[serde(flatten)]
    pub body: EventBody,
    /// Where it came from.
    #[serde(default)]
    pub trace: Trace,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", content = "data", rename_all = "snake_case")]
pub enum EventBody {
    /// Somebody said something.
    MessageCreated {
        /// As it is now: a tombstone where it was deleted since.
        message: Box<Message>,
    },
    /// Somebody changed what they said.
    MessageUpdated {
        /// As it is now.
        message: Box<Message>,
    },
    /// A message was deleted; its text is gone.
    MessageDeleted {
        /// Which.
        message_id: MessageId,
        /// Its number.
        number: i64,
    },
    /// Somebody reacted to a message.
    ReactionAdded {
        /// Which message.
        message_id: MessageId,
        /// Its number.
        number: i64,
        /// With what.
        emoji: String,
        /// Who.
        user_id: UserId,
    },
    /// Somebody took a reaction back.
    ReactionRemoved {
        /// Which message.
        message_id: MessageId,
        /// Its number.
        number: i64,
        /// What.
        emoji: String,
        /// Whose.
        user_id: UserId,
    },
    /// A message was pinned.
    MessagePinned {
        /// Which.
        message_id: MessageId,
        /// Its number.
        number: i64,
    },
    /// A message is pinned no longer.
    MessageUnpinned {
        /// Which.
        message_id: MessageId,
        /// Its number.
        number: i64,
    },
    /// Somebody may not come back.
    UserBanned {
        /// Who.
        user_id: UserId,
        /// Why, for everybody in the room to read.
        reason: Option<String>,
    },
    /// Somebody may come back.
    UserUnbanned {
        /// Who.
        user_id: UserId,
    },
    /// Somebody came in.
    UserJoined {
        /// Who.
        user_id: UserId,
        /// As what.
        role: MemberRole,
        /// Their profile; none once the account is gone.
        user: Option<Box<User>>,
    },
    /// Somebody went, or was put out.
    UserLeft {
        /// Who.
        user_id: UserId,
        /// Why.
        reason: LeaveReason,
    },
    /// Somebody's standing changed.
    MemberUpdated {
        /// Whose.
        user_id: UserId,
        /// Their role now.
        role: MemberRole,
        /// Until when they may not send.
        muted_until: Option<Timestamp>,
    },
    /// The room was made.
    RoomCreated {
        /// As it is now.
        room: Box<RoomSnapshot>,
    },
    /// The room's slow part changed.
    RoomUpdated {
        /// As it is now.
        room: Box<RoomSnapshot>,
    },
    /// The room is gone.
    RoomDeleted {},
    /// Something a newer version knows; passed through as it is.
    #[serde(untagged)]
    Unknown {
        /// Its type.
        #[serde(rename = "type")]
        event_type: String,
        /// Its facts.
        #[serde(default)]
        data: Value,
    },
}

/// A room with its counters, as events and lists show it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RoomSnapshot {
    /// The slow part.
    pub room: Room,
    /// Number of the latest durable event.
    pub last_seq: i64,
    /// Number of the latest message.
    pub last_number: i64,
    /// When the latest message was written.
    pub last_message_at: Option<Timestamp>,
}

words! {
    /// Why somebody is out of a room.
    LeaveReason {
        /// They left.
        Left = "left",
        /// They were put out.
        Removed = "removed",
        /// They were put out and may not come back.
        Banned = "banned",
    }
}

impl EventBody {
    /// The name of the type on the wire.
    pub fn event_type(&self) -> &str {
        match self {
            Self::MessageCreated { .. } => "message_created",
            Self::MessageUpdated { .. } => "message_updated",
            Self::MessageDeleted { .. } => "message_deleted",
            Self::ReactionAdded { .. } => "reaction_added",
            Self::ReactionRemoved { .. } => "reaction_removed",
            Self::MessagePinned { .. } => "message_pinned",
            Self::MessageUnpinned { .. } => "message_unpinned",
            Self::UserBanned { .. } => "user_banned",
            Self::UserUnbanned { .. } => "user_unbanned",
            Self::UserJoined { .. } => "user_joined",
            Self::UserLeft { .. } => "user_left",
            Self::MemberUpdated { .. } => "member_updated",
            Self::RoomCreated { .. } => "room_created",
            Self::RoomUpdated { .. } => "room_updated",
            Self::RoomDeleted {} => "room_deleted",
            Self::Unknown { event_type, .. } => event_type,
        }
    }

    /// The number of the message it is about, by which history is hidden from newcomers.
    pub fn about_number(&self) -> Option<i64> {
        match self {
            Self::MessageCreated { message } | Self::MessageUpdated { message } => Some(message.number),
            Self::MessageDeleted { number, .. }
            | Self::ReactionAdded { number, .. }
            | Self::ReactionRemoved { number, .. }
            | Self::MessagePinned { number, .. }
            | Self::MessageUnpinned { number, .. } => Some(*number),
            _ => None,
        }
    }

    /// The person it is about, besides the actor.
    pub fn subject_user_id(&self) -> Option<UserId> {
        match self {
            Self::ReactionAdded { user_id, .. }
            | Self::ReactionRemoved { user_id, .. }
            | Self::UserBanned { user_id, .. }
            | Self::UserUnbanned { user_id } => Some(*user_id),
            _ => self.standing_user_id(),
        }
    }

    /// The person whose membership or standing it changed.
    pub fn standing_user_id(&self) -> Option<UserId> {
        match self {
            Self::UserJoined { user_id, .. }
            | Self::UserLeft { user_id, .. }
            | Self::MemberUpdated { user_id, .. } => Some(*user_id),
            _ => None,
        }
    }
}

words! {
    /// What happened to an account. No order is promised among these.
    AccountEventKind {
        /// A new account.
        Registered = "user_registered",
        /// Its profile changed.
        Updated = "user_updated",
        /// It was shut.
        Deactivated = "user_deactivated",
        /// It was opened again.
        Reactivated = "user_reactivated",
    }
}

/// An event of an account: not in any room, so without `seq`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AccountEvent {
    /// Stable over every retry.
    pub id: EventId,
    /// What happened.
    pub kind: AccountEventKind,
    /// Whose account.
    pub user_id: UserId,
    /// Who did it.
    pub actor_id: UserId,
    /// When.
    pub occurred_at: Timestamp,
    /// The account as it is now; none once it is gone.
    pub user: Option<Box<User>>,
    /// Where it came from.
    #[serde(default)]
    pub trace: Trace,
}

/// A hint that rights may have changed. Who hears it reads the store and acts on what it finds, so late,
/// doubled and crossed ones do no harm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Control {
    /// Somebody came into a room, went, or has another standing there.
    Membership {
        /// Where.
        room_id: RoomId,
        /// Who.
        user_id: UserId,
    },
    /// A login was ended.
    Session {
        /// Which.
        session_id: crate::SessionId,
        /// Whose.
        user_id: UserId,
    },
    /// An account changed, was shut or opened again.
    Account {
        /// Whose.
        user_id: UserId,
    },
    /// The database may have begun another life.
    Epoch,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn event(body: EventBody) -> Event {
        Event {
            id: EventId(uuid::Uuid::nil()),
            room_id: RoomId(uuid::Uuid::nil()),
            seq: 7,
            occurred_at: Timestamp::from_millis(0),
            actor_id: UserId(uuid::Uuid::nil()),
            body,
            trace: Trace::default(),
        }
    }

    #[test]
    fn events_survive_the_wire() {
        for body in [
            EventBody::MessageDeleted {
                message_id: MessageId(uuid::Uuid::nil()),
                number: 3,
            },
            EventBody::UserLeft {
                user_id: UserId(uuid::Uuid::nil()),
                reason: LeaveReason::Removed,
            },
            EventBody::RoomDeleted {},
            EventBody::ReactionAdded {
                message_id: MessageId(uuid::Uuid::nil()),
                number: 3,
                emoji: "👍🏽".into(),
                user_id: UserId(uuid::Uuid::nil()),
            },
            EventBody::UserBanned {
                user_id: UserId(uuid::Uuid::nil()),
                reason: Some("spam".into()),
            },
        ] {
            let there = serde_json::to_string(&event(body.clone())).unwrap();
            assert_eq!(
                serde_json::from_str::<Event>(&there).unwrap(),
                event(body),
                "{there}"
            );
        }
    }

    #[test]
    fn a_type_of_a_newer_version_passes_through() {
        let mut json = serde_json::to_value(event(EventBody::RoomDeleted {})).unwrap();
        json["type"] = json!("room_painted");
        json["data"] = json!({"colour": "green"});
        json["unheard_of"] = json!(1);
        let read: Event = serde_json::from_value(json).unwrap();
        assert_eq!(read.body.event_type(), "room_painted");
        let again = serde_json::to_value(&read).unwrap();
        assert_eq!(again["data"], json!({"colour": "green"}));
    }
}
