//! The small facts that a row of `events` keeps of an event, beside the ids: written and read in one place.
//!
//! Never a message text and never a profile: those are joined when the event is read, so that it shows the
//! present state. `message_created` has no row, its message is the row.

use confab_domain::{
    EventBody, LeaveReason, MemberRole, Message, MessageId, Room, RoomHead, RoomSnapshot, Timestamp, User,
    UserId,
};
use serde_json::{Value, json};

/// What to keep in `facts`; none when the ids say it all.
pub(crate) fn facts_of(body: &EventBody) -> Option<Value> {
    match body {
        EventBody::MessageCreated { .. }
        | EventBody::RoomCreated { .. }
        | EventBody::RoomUpdated { .. }
        | EventBody::UserUnbanned { .. }
        | EventBody::RoomDeleted {} => None,
        EventBody::MessageUpdated { message } => Some(json!({ "number": message.number })),
        EventBody::MessageDeleted { number, .. }
        | EventBody::MessagePinned { number, .. }
        | EventBody::MessageUnpinned { number, .. } => Some(json!({ "number": number })),
        EventBody::ReactionAdded { number, emoji, .. } | EventBody::ReactionRemoved { number, emoji, .. } => {
            Some(json!({ "number": number, "emoji": emoji }))
        }
        EventBody::UserBanned { reason, .. } => Some(json!({ "reason": reason })),
        EventBody::UserJoined { role, .. } => Some(json!({ "role": role })),
        EventBody::UserLeft { reason, .. } => Some(json!({ "reason": reason })),
        EventBody::MemberUpdated {
            role, muted_until, ..
        } => Some(json!({ "role": role, "muted_until": muted_until })),
        EventBody::Unknown { data, .. } => Some(data.clone()),
    }
}

/// What to keep in `message_id`.
pub(crate) fn message_id_of(body: &EventBody) -> Option<MessageId> {
    match body {
        EventBody::MessageCreated { message } | EventBody::MessageUpdated { message } => Some(message.id),
        EventBody::MessageDeleted { message_id, .. }
        | EventBody::ReactionAdded { message_id, .. }
        | EventBody::ReactionRemoved { message_id, .. }
        | EventBody::MessagePinned { message_id, .. }
        | EventBody::MessageUnpinned { message_id, .. } => Some(*message_id),
        _ => None,
    }
}

/// What a row of `events` says, with what was joined to it.
pub(crate) struct Told<'a> {
    /// `event_type`.
    pub(crate) event_type: String,
    /// `message_id`.
    pub(crate) message_id: Option<MessageId>,
    /// `user_id`.
    pub(crate) user_id: Option<UserId>,
    /// `facts`.
    pub(crate) facts: Value,
    /// The message of that id as it is now.
    pub(crate) message: Option<Message>,
    /// The person of that id as they are now.
    pub(crate) user: Option<User>,
    /// The room of the event as it is now.
    pub(crate) room: Option<(&'a Room, &'a RoomHead)>,
}

/// The event a row tells of. A type that only a newer version knows, or one whose facts have another shape
/// than this version knows, passes through.
pub(crate) fn body_of(told: Told<'_>) -> EventBody {
    let unknown = (told.event_type.clone(), told.facts.clone());
    known_body(told).unwrap_or(EventBody::Unknown {
        event_type: unknown.0,
        data: unknown.1,
    })
}

fn known_body(told: Told<'_>) -> Option<EventBody> {
    let word = |key: &str| told.facts.get(key).and_then(Value::as_str);
    let number = || told.facts.get("number").and_then(Value::as_i64);
    Some(match told.event_type.as_str() {
        "message_updated" => EventBody::MessageUpdated {
            message: Box::new(told.message?),
        },
        "message_deleted" => EventBody::MessageDeleted {
            message_id: told.message_id?,
            number: number()?,
        },
        "reaction_added" => EventBody::ReactionAdded {
            message_id: told.message_id?,
            number: number()?,
            emoji: word("emoji")?.to_owned(),
            user_id: told.user_id?,
        },
        "reaction_removed" => EventBody::ReactionRemoved {
            message_id: told.message_id?,
            number: number()?,
            emoji: word("emoji")?.to_owned(),
            user_id: told.user_id?,
        },
        "message_pinned" => EventBody::MessagePinned {
            message_id: told.message_id?,
            number: number()?,
        },
        "message_unpinned" => EventBody::MessageUnpinned {
            message_id: told.message_id?,
            number: number()?,
        },
        "user_banned" => EventBody::UserBanned {
            user_id: told.user_id?,
            reason: word("reason").map(str::to_owned),
        },
        "user_unbanned" => EventBody::UserUnbanned {
            user_id: told.user_id?,
        },
        "user_joined" => EventBody::UserJoined {
            user_id: told.user_id?,
            role: MemberRole::parse(word("role")?)?,
            user: told.user.map(|user| Box::new(profile(user))),
        },
        "user_left" => EventBody::UserLeft {
            user_id: told.user_id?,
            reason: LeaveReason::parse(word("reason")?)?,
        },
        "member_updated" => EventBody::MemberUpdated {
            user_id: told.user_id?,
            role: MemberRole::parse(word("role")?)?,
            muted_until: word("muted_until").and_then(Timestamp::parse),
        },
        "room_created" => EventBody::RoomCreated {
            room: Box::new(snapshot(told.room?)),
        },
        "room_updated" => EventBody::RoomUpdated {
            room: Box::new(snapshot(told.room?)),
        },
        "room_deleted" => EventBody::RoomDeleted {},
        _ => return None,
    })
}

/// A person as an event shows them to everybody: nothing that is theirs alone or differs per viewer.
pub(crate) fn profile(user: User) -> User {
    User {
        email: None,
        external_id: None,
        last_seen_at: None,
        status: None,
        privacy: confab_domain::Privacy::default(),
        ..user
    }
}

/// A room as an event shows it.
pub(crate) fn snapshot((room, head): (&Room, &RoomHead)) -> RoomSnapshot {
    RoomSnapshot {
        room: room.clone(),
        last_seq: head.last_seq,
        last_number: head.last_number,
        last_message_at: head.last_message_at,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told<'a>(event_type: &str, facts: Value) -> Told<'a> {
        Told {
            event_type: event_type.into(),
            message_id: None,
            user_id: Some(UserId(uuid::Uuid::nil())),
            facts,
            message: None,
            user: None,
            room: None,
        }
    }

    #[test]
    fn what_is_written_reads_back() {
        for body in [
            EventBody::UserLeft {
                user_id: UserId(uuid::Uuid::nil()),
                reason: LeaveReason::Banned,
            },
            EventBody::MemberUpdated {
                user_id: UserId(uuid::Uuid::nil()),
                role: MemberRole::Admin,
                muted_until: Some(Timestamp::from_millis(1_704_110_400_007)),
            },
            EventBody::UserJoined {
                user_id: UserId(uuid::Uuid::nil()),
                role: MemberRole::Moderator,
                user: None,
            },
            EventBody::ReactionAdded {
                message_id: MessageId(uuid::Uuid::nil()),
                number: 7,
                emoji: "❤️".into(),
                user_id: UserId(uuid::Uuid::nil()),
            },
            EventBody::MessagePinned {
                message_id: MessageId(uuid::Uuid::nil()),
                number: 7,
            },
            EventBody::UserBanned {
                user_id: UserId(uuid::Uuid::nil()),
                reason: None,
            },
            EventBody::UserUnbanned {
                user_id: UserId(uuid::Uuid::nil()),
            },
        ] {
            let facts = facts_of(&body).unwrap_or_default();
            let told = Told {
                message_id: message_id_of(&body),
                ..told(body.event_type(), facts)
            };
            assert_eq!(body_of(told), body);
        }
    }

    #[test]
    fn what_only_a_newer_version_knows_passes_through() {
        let body = body_of(told("room_painted", json!({ "colour": "green" })));
        assert_eq!(body.event_type(), "room_painted");
        assert_eq!(facts_of(&body), Some(json!({ "colour": "green" })));
        let body = body_of(told("user_left", json!({ "reason": "evaporated" })));
        assert!(matches!(body, EventBody::Unknown { .. }), "{body:?}");
    }
}
