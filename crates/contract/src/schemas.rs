//! A JSON Schema (2020-12) for each event that other services receive, made from the types that are sent.

use serde_json::{Map, Value, json};
use utoipa::PartialSchema;

use crate::flat;

/// Every event type on RabbitMQ with its JSON Schema. A breaking change will be a new version beside it.
pub fn event_schemas() -> Vec<(&'static str, Value)> {
    let message = flat::MessageFacts::schema();
    let room = flat::RoomFacts::schema();
    let account = flat::AccountFacts::schema();
    vec![
        ("message_created", room_event("message_created", &message)),
        ("message_updated", room_event("message_updated", &message)),
        (
            "message_deleted",
            room_event("message_deleted", &flat::DeletionFacts::schema()),
        ),
        (
            "reaction_added",
            room_event("reaction_added", &flat::ReactionFacts::schema()),
        ),
        (
            "reaction_removed",
            room_event("reaction_removed", &flat::ReactionFacts::schema()),
        ),
        (
            "message_pinned",
            room_event("message_pinned", &flat::PinFacts::schema()),
        ),
        (
            "message_unpinned",
            room_event("message_unpinned", &flat::PinFacts::schema()),
        ),
        (
            "user_banned",
            room_event("user_banned", &flat::BanFacts::schema()),
        ),
        (
            "user_unbanned",
            room_event("user_unbanned", &flat::NoFacts::schema()),
        ),
        (
            "user_joined",
            room_event("user_joined", &flat::JoiningFacts::schema()),
        ),
        (
            "user_left",
            room_event("user_left", &flat::LeavingFacts::schema()),
        ),
        (
            "member_updated",
            room_event("member_updated", &flat::StandingFacts::schema()),
        ),
        ("room_created", room_event("room_created", &room)),
        ("room_updated", room_event("room_updated", &room)),
        (
            "room_deleted",
            room_event("room_deleted", &flat::NoFacts::schema()),
        ),
        ("user_registered", account_event("user_registered", &account)),
        ("user_updated", account_event("user_updated", &account)),
        ("user_deactivated", account_event("user_deactivated", &account)),
        ("user_reactivated", account_event("user_reactivated", &account)),
    ]
}

fn room_event<S: serde::Serialize>(event_type: &str, facts: &S) -> Value {
    let mut schema = merged(
        event_type,
        &[
            json!(flat::Head::schema()),
            json!(facts),
            json!(flat::RoomTail::schema()),
        ],
    );
    schema["properties"]["room_id"] = json!({"type": "string", "format": "uuid"});
    schema["properties"]["seq"] = json!({"type": "integer", "format": "int64", "minimum": 1});
    schema
}

fn account_event<S: serde::Serialize>(event_type: &str, facts: &S) -> Value {
    let mut schema = merged(event_type, &[json!(flat::Head::schema()), json!(facts)]);
    schema["properties"]["room_id"] = json!({"type": "null"});
    schema["properties"]["seq"] = json!({"type": "null"});
    schema
}

/// One object schema of all parts' properties. What is nullable is still always there, so every property
/// of the parts is required but `content`, which a setting may leave out.
fn merged(event_type: &str, parts: &[Value]) -> Value {
    let mut properties = Map::new();
    for part in parts {
        for (name, schema) in part["properties"].as_object().into_iter().flatten() {
            properties.insert(name.clone(), inline_attachments(schema.clone()));
        }
    }
    properties.insert("event_type".into(), json!({"const": event_type}));
    let required: Vec<&String> = properties.keys().filter(|name| *name != "content").collect();
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": format!("/schemas/{event_type}.v1.json"),
        "title": event_type,
        "type": "object",
        "required": required,
        "properties": properties,
    })
}

/// A schema that stands alone cannot point into OpenAPI's components.
fn inline_attachments(schema: Value) -> Value {
    if schema["items"].get("$ref").is_some() {
        return json!({"type": "array", "items": crate::Attachment::schema(), "description": schema["description"]});
    }
    schema
}

#[cfg(test)]
mod tests {
    use confab_domain::{
        Epoch, Event, EventBody, EventId, LeaveReason, MemberRole, MessageId, RoomId, RoomKind, Timestamp,
        Trace, UserId,
    };
    use uuid::Uuid;

    use super::*;

    fn flat_of(body: EventBody) -> Value {
        let event = Event {
            id: EventId(Uuid::nil()),
            room_id: RoomId(Uuid::nil()),
            seq: 42,
            occurred_at: Timestamp::from_millis(0),
            actor_id: UserId(Uuid::nil()),
            body,
            trace: Trace::default(),
        };
        let around = flat::Surroundings {
            epoch: &Epoch::new("e"),
            room_kind: RoomKind::Direct,
            external_key: None,
            with_content: true,
        };
        flat::room_event(&event, around).unwrap()
    }

    /// Names a body lacks or has beyond its schema.
    fn differences(event_type: &str, body: &Value) -> Vec<String> {
        let schemas = event_schemas();
        let schema = &schemas
            .iter()
            .find(|(name, _)| *name == event_type)
            .expect("a known type")
            .1;
        let properties = schema["properties"].as_object().unwrap();
        let body = body.as_object().unwrap();
        let lacking = properties.keys().filter(|name| !body.contains_key(*name));
        let beyond = body.keys().filter(|name| !properties.contains_key(*name));
        lacking.chain(beyond).cloned().collect()
    }

    #[test]
    fn bodies_have_just_what_their_schemas_say() {
        let user_id = UserId(Uuid::nil());
        for body in [
            EventBody::UserJoined {
                user_id,
                role: MemberRole::Member,
                user: None,
            },
            EventBody::UserLeft {
                user_id,
                reason: LeaveReason::Left,
            },
            EventBody::MemberUpdated {
                user_id,
                role: MemberRole::Member,
                muted_until: None,
            },
            EventBody::MessageDeleted {
                message_id: MessageId(Uuid::nil()),
                number: 1,
            },
            EventBody::RoomDeleted {},
        ] {
            let event_type = body.event_type().to_owned();
            assert_eq!(
                differences(&event_type, &flat_of(body)),
                Vec::<String>::new(),
                "{event_type}"
            );
        }
    }

    #[test]
    fn the_first_eight_keys_are_in_every_one() {
        for (event_type, schema) in event_schemas() {
            for key in [
                "event_type",
                "event_id",
                "epoch",
                "room_id",
                "seq",
                "user_id",
                "actor_id",
                "timestamp",
            ] {
                assert!(
                    schema["properties"].get(key).is_some(),
                    "{event_type} lacks {key}"
                );
            }
        }
    }
}
