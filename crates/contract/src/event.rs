//! Durable events as sockets, SSE and the log show them: the same for every viewer.

use confab_domain::{self as domain, EventId, MessageId, Result, RoomId, Timestamp, UserId};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use utoipa::ToSchema;
use utoipa::openapi::schema::{Object, ObjectBuilder, Type};

use crate::{Message, Room, User};

/// A durable event: `type` names it, the other fields depend on it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Event {
    /// What happened.
    #[serde(flatten)]
    pub body: EventBody,
    /// Stable over every replay.
    #[schema(value_type = uuid::Uuid)]
    pub event_id: EventId,
    /// Where it happened.
    #[schema(value_type = uuid::Uuid)]
    pub room_id: RoomId,
    /// Its place in the room: 1, 2, 3 … without holes.
    #[schema(example = 42)]
    pub seq: i64,
    /// When it was committed.
    #[schema(value_type = String, format = DateTime)]
    pub occurred_at: Timestamp,
    /// Who did it.
    #[schema(value_type = uuid::Uuid)]
    pub actor_id: UserId,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum EventBody {
    /// Somebody said something.
    MessageCreated {
        /// As it is now: a tombstone where it was deleted since.
        message: Message,
    },
    /// Somebody changed what they said.
    MessageUpdated {
        /// As it is now.
        message: Message,
    },
    /// A message was deleted; its text is gone.
    MessageDeleted {
        /// Which.
        #[schema(value_type = uuid::Uuid)]
        message_id: MessageId,
        /// Its number.
        number: i64,
    },
    /// Somebody reacted to a message.
    ReactionAdded {
        /// Which message.
        #[schema(value_type = uuid::Uuid)]
        message_id: MessageId,
        /// Its number.
        number: i64,
        /// With what.
        emoji: String,
        /// Who.
        #[schema(value_type = uuid::Uuid)]
        user_id: UserId,
    },
    /// Somebody took a reaction back.
    ReactionRemoved {
        /// Which message.
        #[schema(value_type = uuid::Uuid)]
        message_id: MessageId,
        /// Its number.
        number: i64,
        /// What.
        emoji: String,
        /// Whose.
        #[schema(value_type = uuid::Uuid)]
        user_id: UserId,
    },
    /// A message was pinned.
    MessagePinned {
        /// Which.
        #[schema(value_type = uuid::Uuid)]
        message_id: MessageId,
        /// Its number.
        number: i64,
    },
    /// A message is pinned no longer.
    MessageUnpinned {
        /// Which.
        #[schema(value_type = uuid::Uuid)]
        message_id: MessageId,
        /// Its number.
        number: i64,
    },
    /// Somebody may not come back.
    UserBanned {
        /// Who.
        #[schema(value_type = uuid::Uuid)]
        user_id: UserId,
        /// Why, for everybody in the room to read.
        reason: Option<String>,
    },
    /// Somebody may come back.
    UserUnbanned {
        /// Who.
        #[schema(value_type = uuid::Uuid)]
        user_id: UserId,
    },
    /// Somebody came in.
    UserJoined {
        /// Who.
        #[schema(value_type = uuid::Uuid)]
        user_id: UserId,
        /// As what.
        role: String,
        /// Their profile.
        user: Option<User>,
    },
    /// Somebody went, or was put out.
    UserLeft {
        /// Who.
        #[schema(value_type = uuid::Uuid)]
        user_id: UserId,
        /// `left`, `removed` or `banned`.
        reason: String,
    },
    /// Somebody's standing changed.
    MemberUpdated {
        /// Whose.
        #[schema(value_type = uuid::Uuid)]
        user_id: UserId,
        /// Their role now.
        role: String,
        /// Until when they may not send.
        #[schema(value_type = Option<String>, format = DateTime)]
        muted_until: Option<Timestamp>,
    },
    /// The room was made.
    RoomCreated {
        /// As it is now.
        room: Room,
    },
    /// The room was edited.
    RoomUpdated {
        /// As it is now.
        room: Room,
    },
    /// The room is gone.
    RoomDeleted {},
}

/// An event before the viewer's time: only its place is told, so that `seq` stays whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(example = json!({"type": "hidden", "room_id": "018cc251-f400-7000-8000-0000000000b1", "seq": 7}))]
pub struct HiddenEvent {
    /// Always `hidden`.
    #[serde(rename = "type")]
    #[schema(schema_with = always_hidden)]
    pub event_type: String,
    /// Where.
    #[schema(value_type = uuid::Uuid)]
    pub room_id: RoomId,
    /// Its place in the room.
    pub seq: i64,
}

/// As narrow as the other events' `type`, so that readers can tell them apart by it.
fn always_hidden() -> Object {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .enum_values(Some(["hidden"]))
        .description(Some("Always `hidden`."))
        .build()
}

/// An entry of a room's log: an event (nested or flat, as asked for) or `hidden`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum LogEntry {
    /// `form=nested`: as on the sockets.
    Nested(Box<Event>),
    /// `form=flat`: as on RabbitMQ. Also events of types this version does not know.
    Flat(Value),
    /// Before the viewer's time.
    Hidden(HiddenEvent),
}

/// An event as JSON text, encoded once for all its readers. Types of a newer version pass through.
pub fn encode_event(event: &domain::Event) -> Result<String> {
    let encoded = match nested(event) {
        Ok(event) => serde_json::to_string(&event),
        Err(unknown) => serde_json::to_string(&unknown),
    };
    encoded.map_err(|error| domain::Error::internal("an event could not be written as JSON", error))
}

/// The `hidden` entry of a place in a room, as JSON text.
pub fn encode_hidden(room_id: RoomId, seq: i64) -> String {
    json!({"type": "hidden", "room_id": room_id, "seq": seq}).to_string()
}

impl LogEntry {
    /// As on the sockets.
    pub fn nested(event: &domain::Event) -> Self {
        match nested(event) {
            Ok(event) => Self::Nested(Box::new(event)),
            Err(unknown) => Self::Flat(Value::Object(unknown)),
        }
    }

    /// Before the viewer's time.
    pub fn hidden(room_id: RoomId, seq: i64) -> Self {
        Self::Hidden(HiddenEvent {
            event_type: "hidden".to_owned(),
            room_id,
            seq,
        })
    }
}

/// An event of a type this version knows; another one as a bare object.
/// A message as events show it. A client that counts the replies it is told of would count those twice that a
/// replayed message already counts.
fn without_counts(message: domain::Message) -> Message {
    let mut message = Message::from(message);
    message.extras.reply_count = 0;
    message.extras.last_reply_at = None;
    message
}

fn nested(event: &domain::Event) -> Result<Event, Map<String, Value>> {
    use domain::EventBody as From;
    let body = match event.body.clone() {
        From::MessageCreated { message } => EventBody::MessageCreated {
            message: without_counts(*message),
        },
        From::MessageUpdated { message } => EventBody::MessageUpdated {
            message: without_counts(*message),
        },
        From::MessageDeleted { message_id, number } => EventBody::MessageDeleted { message_id, number },
        From::ReactionAdded {
            message_id,
            number,
            emoji,
            user_id,
        } => EventBody::ReactionAdded {
            message_id,
            number,
            emoji,
            user_id,
        },
        From::ReactionRemoved {
            message_id,
            number,
            emoji,
            user_id,
        } => EventBody::ReactionRemoved {
            message_id,
            number,
            emoji,
            user_id,
        },
        From::MessagePinned { message_id, number } => EventBody::MessagePinned { message_id, number },
        From::MessageUnpinned { message_id, number } => EventBody::MessageUnpinned { message_id, number },
        From::UserBanned { user_id, reason } => EventBody::UserBanned { user_id, reason },
        From::UserUnbanned { user_id } => EventBody::UserUnbanned { user_id },
        From::UserJoined { user_id, role, user } => EventBody::UserJoined {
            user_id,
            role: role.as_str().to_owned(),
            user: user.map(|user| {
                // The same for every viewer, so without what only some may know.
                User {
                    last_seen_at: None,
                    ..(*user).into()
                }
            }),
        },
        From::UserLeft { user_id, reason } => EventBody::UserLeft {
            user_id,
            reason: reason.as_str().to_owned(),
        },
        From::MemberUpdated {
            user_id,
            role,
            muted_until,
        } => EventBody::MemberUpdated {
            user_id,
            role: role.as_str().to_owned(),
            muted_until,
        },
        From::RoomCreated { room } => EventBody::RoomCreated { room: (*room).into() },
        From::RoomUpdated { room } => EventBody::RoomUpdated { room: (*room).into() },
        From::RoomDeleted {} => EventBody::RoomDeleted {},
        From::Unknown { event_type, data } => return Err(bare(event, &event_type, data)),
    };
    Ok(Event {
        body,
        event_id: event.id,
        room_id: event.room_id,
        seq: event.seq,
        occurred_at: event.occurred_at,
        actor_id: event.actor_id,
    })
}

fn bare(event: &domain::Event, event_type: &str, data: Value) -> Map<String, Value> {
    let mut object = match data {
        Value::Object(object) => object,
        _ => Map::new(),
    };
    object.insert("type".into(), json!(event_type));
    object.insert("event_id".into(), json!(event.id));
    object.insert("room_id".into(), json!(event.room_id));
    object.insert("seq".into(), json!(event.seq));
    object.insert("occurred_at".into(), json!(event.occurred_at));
    object.insert("actor_id".into(), json!(event.actor_id));
    object
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn event(body: domain::EventBody) -> domain::Event {
        domain::Event {
            id: EventId(Uuid::nil()),
            room_id: RoomId(Uuid::nil()),
            seq: 42,
            occurred_at: Timestamp::from_millis(0),
            actor_id: UserId(Uuid::nil()),
            body,
            trace: domain::Trace::default(),
        }
    }

    #[test]
    fn an_event_bears_its_type_beside_its_fields() {
        let left = domain::EventBody::UserLeft {
            user_id: UserId(Uuid::nil()),
            reason: domain::LeaveReason::Left,
        };
        let text = encode_event(&event(left)).unwrap();
        let value: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(
            value,
            json!({
                "type": "user_left", "user_id": Uuid::nil(), "reason": "left", "event_id": Uuid::nil(),
                "room_id": Uuid::nil(), "seq": 42, "occurred_at": "1970-01-01T00:00:00.000Z",
                "actor_id": Uuid::nil()
            })
        );
        assert_eq!(serde_json::from_str::<Event>(&text).unwrap().seq, 42);
    }

    #[test]
    fn a_type_of_a_newer_version_passes_through() {
        let unknown = domain::EventBody::Unknown {
            event_type: "room_painted".into(),
            data: json!({"colour": "green", "seq": "not mine to say"}),
        };
        let value: Value = serde_json::from_str(&encode_event(&event(unknown)).unwrap()).unwrap();
        assert_eq!(value["type"], "room_painted");
        assert_eq!(value["colour"], "green");
        assert_eq!(value["seq"], 42);
    }
}
