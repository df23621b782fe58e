//! The frames as AsyncAPI describes them. Server frames from their types; client frames, which are read by
//! hand so that every wrong field can be named, from a table that a test reads with the same reader.

use confab_contract::{FieldProblem, MessageDoc, samples, tagged};
use confab_domain::{ConnectionId, MemberRole, MessageId, RoomId, Timestamp};
use serde_json::{Map, Value, json};
use utoipa::PartialSchema;
use uuid::Uuid;

use super::{CloseCode, FrameLimits, ServerFrame, StreamFrame};

/// What clients send, each with an example.
pub fn client_frames() -> Vec<MessageDoc> {
    let room = json!({"type": "string", "format": "uuid", "description": "Which room; may be left out on `/ws/{room_id}`."});
    let message = json!({"type": "string", "format": "uuid", "description": "Which message."});
    let emoji = json!({"type": "string", "maxLength": 64, "description": "Exactly one emoji, with or without variation selectors."});
    let number = json!({"type": "integer", "minimum": 0, "description": "Up to which message number."});
    let epoch =
        json!({"type": "string", "maxLength": 32, "description": "The life of the database, from `hello`."});
    let seq = json!({"type": "integer", "minimum": 0, "description": "The last `seq` seen."});
    let (room_id, message_id) = (RoomId(sample(0xb1)), MessageId(sample(0xc1)));
    let epoch_name = samples::epoch();
    vec![
        frame(
            "auth",
            "Who I am: as the first frame, or later to renew. Another person's token closes with 4501.",
            &[(
                "token",
                json!({"type": "string", "description": "An access token."}),
                true,
            )],
            json!({"token": "eyJhbGciOi…"}),
        ),
        frame(
            "subscribe",
            "Follow a room, from its head or from after a `seq`.",
            &[
                ("room_id", room.clone(), false),
                ("after_seq", seq.clone(), false),
                ("epoch", epoch.clone(), false),
                (
                    "event_id",
                    json!({"type": "string", "format": "uuid", "description": "The event held for `after_seq`."}),
                    false,
                ),
            ],
            json!({"room_id": room_id, "after_seq": 41, "epoch": epoch_name}),
        ),
        frame(
            "unsubscribe",
            "Follow a room no longer.",
            &[("room_id", room.clone(), false)],
            json!({"room_id": room_id}),
        ),
        frame(
            "resume",
            "Follow these rooms from where I was, and the rest from their heads (or not at all).",
            &[
                ("epoch", epoch, true),
                (
                    "rooms",
                    json!({
                        "type": "object",
                        "description": "By room id: the last `seq` seen, or `{seq, event_id}` for an exact check.",
                        "additionalProperties": {"oneOf": [seq.clone(), {
                            "type": "object",
                            "required": ["seq"],
                            "properties": {"seq": seq, "event_id": {"type": "string", "format": "uuid"}},
                        }]},
                    }),
                    true,
                ),
                (
                    "rest",
                    json!({"type": "string", "enum": ["head", "none"], "default": "head"}),
                    false,
                ),
            ],
            json!({"epoch": epoch_name, "rooms": {room_id.to_string(): 41}, "rest": "head"}),
        ),
        frame(
            "message",
            "Say something. The `ack` says that it is durable. `@username` of members, `@here` and links are found in the text.",
            &[
                ("room_id", room.clone(), false),
                (
                    "content",
                    json!({"type": "string", "minLength": 1, "maxLength": 16_384}),
                    true,
                ),
                (
                    "client_id",
                    json!({"type": "string", "minLength": 1, "maxLength": 128, "description": "Makes the send repeatable; visible ASCII."}),
                    false,
                ),
                (
                    "reply_to",
                    json!({"type": ["string", "null"], "format": "uuid", "description": "The message it answers, of the same room. The event shows it as `parent`."}),
                    false,
                ),
                (
                    "attachments",
                    json!({"type": "array", "items": {"type": "string", "format": "uuid"}}),
                    false,
                ),
                (
                    "content_type",
                    json!({"type": "string", "enum": ["text/plain", "text/markdown", "system"], "default": "text/plain", "description": "`system` is for service accounts."}),
                    false,
                ),
                (
                    "metadata",
                    json!({"type": "object", "description": "At most 4 KiB and 8 levels."}),
                    false,
                ),
            ],
            json!({"room_id": room_id, "content": "Hello!", "client_id": "web-1"}),
        ),
        frame(
            "edit",
            "Change what I said. The former text goes to the message's history.",
            &[
                ("message_id", message.clone(), true),
                (
                    "content",
                    json!({"type": "string", "maxLength": 16_384, "description": "Empty only where there are files."}),
                    true,
                ),
            ],
            json!({"message_id": message_id, "content": "Hello, Bob!"}),
        ),
        frame(
            "delete",
            "Delete a message: my own, or as a moderator.",
            &[
                ("message_id", message.clone(), true),
                (
                    "reason",
                    json!({"type": "string", "minLength": 1, "maxLength": 500, "description": "A moderator's, for everybody to read on the tombstone."}),
                    false,
                ),
            ],
            json!({"message_id": message_id, "reason": "spam"}),
        ),
        frame(
            "forward",
            "Say in one room what was said in another. Answered like `message`.",
            &[
                ("message_id", message.clone(), true),
                ("room_id", room.clone(), false),
                (
                    "client_id",
                    json!({"type": "string", "minLength": 1, "maxLength": 128, "description": "Makes the forward repeatable; visible ASCII."}),
                    false,
                ),
            ],
            json!({"message_id": message_id, "room_id": room_id, "client_id": "web-2"}),
        ),
        frame(
            "react",
            "React to a message. Reacting twice changes nothing.",
            &[
                ("message_id", message.clone(), true),
                ("emoji", emoji.clone(), true),
            ],
            json!({"message_id": message_id, "emoji": "👍"}),
        ),
        frame(
            "unreact",
            "Take my reaction back.",
            &[("message_id", message.clone(), true), ("emoji", emoji, true)],
            json!({"message_id": message_id, "emoji": "👍"}),
        ),
        frame(
            "pin",
            "Pin a message in its room. At most 100 a room.",
            &[("message_id", message.clone(), true)],
            json!({"message_id": message_id}),
        ),
        frame(
            "unpin",
            "Pin it no longer.",
            &[("message_id", message, true)],
            json!({"message_id": message_id}),
        ),
        frame(
            "typing",
            "I type, or stopped. Told to others at most once in 3 s; ends by itself after 6 s.",
            &[
                ("room_id", room.clone(), false),
                ("active", json!({"type": "boolean", "default": true}), false),
            ],
            json!({"room_id": room_id, "active": true}),
        ),
        frame(
            "read",
            "I have read up to a message.",
            &[("room_id", room.clone(), false), ("number", number.clone(), true)],
            json!({"room_id": room_id, "number": 40}),
        ),
        frame(
            "delivered",
            "My client has received up to a message.",
            &[("room_id", room, false), ("number", number, true)],
            json!({"room_id": room_id, "number": 40}),
        ),
        frame(
            "presence",
            "How I am here.",
            &[(
                "status",
                json!({"type": "string", "enum": ["online", "away", "busy"]}),
                true,
            )],
            json!({"status": "away"}),
        ),
        frame("ping", "Are you there? Answered by `pong`.", &[], json!({})),
    ]
}

/// What the server says to one client, each with an example.
pub fn server_frames() -> Vec<MessageDoc> {
    let now = Timestamp::from_millis(1_704_110_400_000);
    let reference = || Some("1".to_owned());
    let room_id = RoomId(sample(0xb1));
    let user = samples::people()
        .into_iter()
        .next()
        .expect("the samples have people");
    let examples = [
        ServerFrame::Hello {
            connection_id: ConnectionId(sample(0xd1)),
            epoch: samples::epoch().to_string(),
            user: Box::new(user.into()),
            heartbeat_interval_ms: 25_000,
            limits: FrameLimits {
                frame_bytes_max: 131_072,
                frames_per_window: 120,
                frames_window_ms: 10_000,
                frames_in_flight_max: 32,
                rooms_max: 1_000,
            },
            protocol: 1,
            server_time: now,
            rooms_truncated: false,
        },
        ServerFrame::Ack {
            reference: reference(),
            message_id: Some(MessageId(sample(0xc1))),
            number: Some(40),
            seq: Some(42),
            created_at: Some(now),
            duplicate: Some(false),
            unread: None,
            expires_at: None,
        },
        ServerFrame::Error {
            reference: reference(),
            code: "invalid",
            reason: "invalid: content: must not be empty".to_owned(),
            errors: vec![FieldProblem {
                field: "content".to_owned(),
                reason: "must not be empty".to_owned(),
            }],
            retry_after_ms: None,
            room_id: None,
        },
        ServerFrame::Pong {
            reference: reference(),
            server_time: now,
        },
        ServerFrame::Subscribed {
            reference: reference(),
            room_id,
            last_seq: 42,
            reset: false,
            my_role: MemberRole::Member,
            last_read_number: 39,
            unread: 1,
            present_count: 2,
        },
        ServerFrame::Unsubscribed {
            reference: None,
            room_id,
            reason: "removed",
        },
        ServerFrame::TokenExpiring { expires_at: now },
        ServerFrame::ServerClosing {
            reconnect_after_ms: 1_250,
        },
    ];
    let examples: Vec<Value> = examples.iter().map(|frame| json!(frame)).collect();
    tagged(&json!(ServerFrame::schema()), &examples)
}

/// What a stream of server-sent events says beside events and signals, each with an example.
pub fn stream_frames() -> Vec<MessageDoc> {
    let examples = [
        StreamFrame::Connected {
            connection_id: ConnectionId(sample(0xd1)),
            epoch: samples::epoch().to_string(),
            server_time: Timestamp::from_millis(1_704_110_400_000),
            rooms: Some([(RoomId(sample(0xb1)), 42)].into()),
        },
        StreamFrame::Closing {
            code: CloseCode::GoingAway.number(),
            reason: CloseCode::GoingAway.reason(),
            reconnect_after_ms: Some(1_250),
        },
    ];
    let examples = examples.map(|frame| json!(frame));
    let mut docs = tagged(&json!(StreamFrame::schema()), &examples);
    // The same for both.
    docs.extend(
        server_frames()
            .into_iter()
            .filter(|doc| ["subscribed", "unsubscribed"].contains(&doc.name.as_str())),
    );
    docs
}

fn frame(name: &str, summary: &str, fields: &[(&str, Value, bool)], example: Value) -> MessageDoc {
    let mut properties: Map<String, Value> = fields
        .iter()
        .map(|(name, schema, _)| ((*name).to_owned(), schema.clone()))
        .collect();
    properties.insert("type".into(), json!({"const": name}));
    properties.insert(
        "ref".into(),
        json!({"type": "string", "maxLength": super::REF_CHARS_MAX, "description": "Borne by the reply."}),
    );
    let required: Vec<&str> = std::iter::once("type")
        .chain(
            fields
                .iter()
                .filter(|(_, _, is_required)| *is_required)
                .map(|(name, ..)| *name),
        )
        .collect();
    let mut full = json!({"type": name, "ref": "1"});
    if let (Some(full), Value::Object(example)) = (full.as_object_mut(), example) {
        full.extend(example);
    }
    MessageDoc {
        name: name.to_owned(),
        summary: summary.to_owned(),
        schema: json!({"type": "object", "description": summary, "required": required, "properties": properties}),
        example: full,
    }
}

fn sample(last: u8) -> Uuid {
    samples::id(last)
}

#[cfg(test)]
mod tests {
    use super::super::Request;
    use super::*;

    #[test]
    fn every_example_of_a_client_frame_is_understood() {
        for doc in client_frames() {
            let request = Request::parse(&doc.example.to_string(), None, 10);
            assert!(request.frame.is_ok(), "{}: {:?}", doc.name, request.frame);
            for name in doc.schema["required"].as_array().unwrap() {
                let mut lacking = doc.example.clone();
                lacking.as_object_mut().unwrap().remove(name.as_str().unwrap());
                let request = Request::parse(&lacking.to_string(), None, 10);
                // Content may be left out beside attachments; the command says when it is missed.
                assert!(
                    request.frame.is_err() || name == "content",
                    "{} without {name}",
                    doc.name
                );
            }
        }
    }

    #[test]
    fn every_type_that_is_understood_is_described() {
        let unknown = Request::parse(r#"{"type":"nonsense"}"#, None, 10)
            .frame
            .unwrap_err();
        let names: Vec<String> = client_frames().into_iter().map(|doc| doc.name).collect();
        assert!(
            unknown[0].reason.ends_with(&names.join(", ")),
            "{}",
            unknown[0].reason
        );
    }

    #[test]
    fn every_server_frame_is_described_with_an_example() {
        let variants = json!(ServerFrame::schema())["oneOf"].as_array().unwrap().len();
        assert_eq!(server_frames().len(), variants);
        for doc in server_frames() {
            for name in doc.schema["required"].as_array().unwrap() {
                let name = name.as_str().unwrap();
                let skipped = ["errors", "rooms_truncated"].contains(&name);
                assert!(
                    skipped || doc.example.get(name).is_some(),
                    "the example of {} lacks {name}",
                    doc.name
                );
            }
        }
    }
}
