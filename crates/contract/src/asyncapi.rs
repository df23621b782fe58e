//! The AsyncAPI 3 document: socket frames, server-sent events and RabbitMQ events, made from the types
//! that are sent and one encoded example of each.

use confab_domain::RoomKind;
use serde_json::{Map, Value, json};
use utoipa::{PartialSchema, ToSchema};

use crate::{Event, EventBody, HiddenEvent, Signal, encode_event, encode_signal, flat, samples, schemas};

/// A message of a channel.
#[derive(Clone, Debug)]
pub struct MessageDoc {
    /// Its `type`.
    pub name: String,
    /// What it says, in a line.
    pub summary: String,
    /// JSON Schema of its payload.
    pub schema: Value,
    /// An encoded example.
    pub example: Value,
}

/// The document. The gateway knows its own frames and gives them: what clients send, what a server says to one
/// client, and what a stream of server-sent events says beside events and signals.
pub fn asyncapi(
    client_frames: Vec<MessageDoc>,
    server_frames: Vec<MessageDoc>,
    stream_frames: Vec<MessageDoc>,
) -> Value {
    let events = events();
    let signals = signals();
    let rabbitmq = rabbitmq_events();
    let mut schemas = components();
    schemas.insert("HiddenEvent".into(), json!(HiddenEvent::schema()));
    let mut messages = Map::new();
    add(&mut messages, "client.", &client_frames);
    add(&mut messages, "server.", &server_frames);
    add(&mut messages, "stream.", &stream_frames);
    add(&mut messages, "event.", &events);
    add(&mut messages, "event.", &hidden());
    add(&mut messages, "signal.", &signals);
    add(&mut messages, "rabbitmq.", &rabbitmq);
    let to_client: Vec<String> = names("server.", &server_frames)
        .into_iter()
        .chain(names("event.", &events))
        .chain(["event.hidden".to_owned()])
        .chain(names("signal.", &signals))
        .collect();
    let from_client = names("client.", &client_frames);
    let both: Vec<String> = from_client.iter().chain(&to_client).cloned().collect();
    let streamed: Vec<String> = names("stream.", &stream_frames)
        .into_iter()
        .chain(
            to_client
                .iter()
                .filter(|name| !name.starts_with("server."))
                .cloned(),
        )
        .collect();
    let flat = names("rabbitmq.", &rabbitmq);
    let room_id = json!({"roomId": {"description": "The room's id."}});
    json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "Confab streams",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Frames of the WebSocket, server-sent events, and the events that other services receive from RabbitMQ. Requests are described by /openapi.json.",
            "license": {"name": "MIT OR Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "servers": {
            "gateway": {"host": "localhost:8080", "protocol": "ws", "description": "The all-in-one, or the proxy in front of a fleet."},
            "http": {"host": "localhost:8080", "protocol": "http", "description": "Server-sent events."},
            "rabbitmq": {"host": "localhost:5672", "protocol": "amqp", "description": "The broker of a fleet."},
        },
        "channels": {
            "socket": {
                "address": "/ws",
                "description": "All rooms of the person. `?subscribe=none` follows none until `resume` or `subscribe`.",
                "servers": [{"$ref": "#/servers/gateway"}],
                "messages": channel_messages(&both),
                "bindings": {"ws": {"method": "GET"}},
            },
            "roomSocket": {
                "address": "/ws/{roomId}",
                "description": "One room; frames may leave `room_id` out.",
                "servers": [{"$ref": "#/servers/gateway"}],
                "parameters": room_id,
                "messages": channel_messages(&both),
                "bindings": {"ws": {"method": "GET"}},
            },
            "stream": {
                "address": "/stream",
                "description": "Server-sent events of all rooms: `event:` is the type, `data:` the body. Starts with `connected`, ends with `closing`.",
                "servers": [{"$ref": "#/servers/http"}],
                "messages": channel_messages(&streamed),
            },
            "roomStream": {
                "address": "/rooms/{roomId}/stream",
                "description": "Server-sent events of one room, with ids `<epoch>.<seq>`; resumes by `Last-Event-ID`.",
                "servers": [{"$ref": "#/servers/http"}],
                "parameters": room_id,
                "messages": channel_messages(&streamed),
            },
            "events": {
                "address": "{type}.{id}",
                "description": "Topic exchange `confab.events`; routing key `<type>.<room_id>`, for account events `<type>.<user_id>`. At least once, in order per room once duplicates are dropped.",
                "servers": [{"$ref": "#/servers/rabbitmq"}],
                "parameters": {
                    "type": {"description": "The event's type."},
                    "id": {"description": "The room's id; the user's for account events."},
                },
                "messages": channel_messages(&flat),
                "bindings": {"amqp": {
                    "is": "routingKey",
                    "exchange": {"name": "confab.events", "type": "topic", "durable": true, "autoDelete": false, "vhost": "/"},
                }},
            },
        },
        "operations": {
            "receiveFrames": operation("receive", "socket", &from_client, "The server receives frames."),
            "sendFrames": operation("send", "socket", &to_client, "The server sends frames."),
            "receiveRoomFrames": operation("receive", "roomSocket", &from_client, "The server receives frames of one room."),
            "sendRoomFrames": operation("send", "roomSocket", &to_client, "The server sends frames of one room."),
            "stream": operation("send", "stream", &streamed, "The server streams all rooms."),
            "streamRoom": operation("send", "roomStream", &streamed, "The server streams one room."),
            "publishEvents": operation("send", "events", &flat, "The event publisher publishes durable events."),
        },
        "components": {"messages": messages, "schemas": schemas},
    })
}

/// Takes an internally tagged enum's schema apart: one document per `type`, with its example.
pub fn tagged(schema: &Value, examples: &[Value]) -> Vec<MessageDoc> {
    let variants = schema["oneOf"].as_array().cloned().unwrap_or_default();
    variants
        .into_iter()
        .filter_map(|variant| {
            let name = variant["properties"]["type"]["enum"][0].as_str()?.to_owned();
            let example = examples
                .iter()
                .find(|example| example["type"] == name.as_str())?
                .clone();
            let summary = variant["description"].as_str().unwrap_or_default().to_owned();
            Some(MessageDoc {
                name,
                summary,
                schema: variant,
                example,
            })
        })
        .collect()
}

fn events() -> Vec<MessageDoc> {
    let examples: Vec<Value> = samples::events()
        .iter()
        .filter_map(|event| serde_json::from_str(&encode_event(event).ok()?).ok())
        .collect();
    let header = header_of_events();
    let mut docs = tagged(&json!(EventBody::schema()), &examples);
    for doc in &mut docs {
        if let (Some(required), Some(names)) = (doc.schema["required"].as_array_mut(), header.as_object()) {
            required.extend(names.keys().map(|name| json!(name)));
        }
        if let (Some(properties), Some(header)) =
            (doc.schema["properties"].as_object_mut(), header.as_object())
        {
            properties.extend(header.clone());
        }
    }
    docs
}

/// The fields that every event has, from the schema of `Event`: what stands beside its body.
fn header_of_events() -> Value {
    let schema = json!(Event::schema());
    schema["allOf"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|part| part["properties"].clone())
        .find(Value::is_object)
        .unwrap_or_default()
}

fn hidden() -> Vec<MessageDoc> {
    let schema = json!(HiddenEvent::schema());
    let example = schema["example"].clone();
    vec![MessageDoc {
        name: "hidden".into(),
        summary: "An event before the viewer's time: only its place is told.".into(),
        schema: json!({"$ref": "#/components/schemas/HiddenEvent"}),
        example,
    }]
}

fn signals() -> Vec<MessageDoc> {
    let examples: Vec<Value> = samples::signals()
        .iter()
        .filter_map(|signal| serde_json::from_str(&encode_signal(signal)?).ok())
        .collect();
    tagged(&json!(Signal::schema()), &examples)
}

fn rabbitmq_events() -> Vec<MessageDoc> {
    let epoch = samples::epoch();
    let around = flat::Surroundings {
        epoch: &epoch,
        room_kind: RoomKind::Private,
        external_key: Some("offer-1"),
        with_content: true,
    };
    let of_rooms = samples::events()
        .into_iter()
        .filter_map(|event| flat::room_event(&event, around).ok());
    let of_accounts = samples::account_events()
        .into_iter()
        .filter_map(|event| serde_json::from_slice(&flat::encode_account_event(&event, &epoch).ok()?).ok());
    let examples: Vec<Value> = of_rooms.chain(of_accounts).collect();
    schemas::event_schemas()
        .into_iter()
        .filter_map(|(name, schema)| {
            let example = examples
                .iter()
                .find(|example| example["event_type"] == name)?
                .clone();
            Some(MessageDoc {
                name: name.to_owned(),
                summary: format!("The flat body of `{name}`, version 1."),
                schema,
                example,
            })
        })
        .collect()
}

/// What the payloads point at.
fn components() -> Map<String, Value> {
    let mut found = Vec::new();
    Event::schemas(&mut found);
    Signal::schemas(&mut found);
    crate::Me::schemas(&mut found);
    let own = [
        ("Me", json!(crate::Me::schema())),
        ("FieldProblem", json!(crate::FieldProblem::schema())),
        ("Room", json!(crate::Room::schema())),
    ];
    found
        .into_iter()
        .map(|(name, schema)| (name, json!(schema)))
        .chain(own.map(|(n, s)| (n.into(), s)))
        .collect()
}

fn add(messages: &mut Map<String, Value>, prefix: &str, docs: &[MessageDoc]) {
    for doc in docs {
        let is_flat = prefix == "rabbitmq.";
        let mut message = json!({
            "name": doc.name,
            "title": doc.name,
            "summary": doc.summary,
            "contentType": "application/json",
            "payload": doc.schema,
            "examples": [{"name": doc.name, "payload": doc.example}],
        });
        if is_flat {
            message["headers"] = amqp_headers(&doc.name);
        }
        messages.insert(format!("{prefix}{}", doc.name), message);
    }
}

fn amqp_headers(event_type: &str) -> Value {
    let text = |description: &str| json!({"type": "string", "description": description});
    json!({
        "type": "object",
        "properties": {
            "cloudEvents_specversion": {"const": "1.0"},
            "cloudEvents_type": {"const": format!("confab.{event_type}.v1")},
            "cloudEvents_source": text("`/rooms/<room_id>`, or `/users/<user_id>` for account events."),
            "cloudEvents_id": text("The event id, as in `message_id`."),
            "cloudEvents_time": text("When it was committed."),
            "cloudEvents_subject": text("Whom it is about."),
            "cloudEvents_sequence": text("`seq`, zero-padded to 20 digits; absent for account events."),
            "traceparent": text("W3C trace context, where the request had one."),
        },
    })
}

fn names(prefix: &str, docs: &[MessageDoc]) -> Vec<String> {
    docs.iter().map(|doc| format!("{prefix}{}", doc.name)).collect()
}

fn channel_messages(names: &[String]) -> Value {
    let messages: Map<String, Value> = names
        .iter()
        .map(|name| {
            (
                name.clone(),
                json!({"$ref": format!("#/components/messages/{name}")}),
            )
        })
        .collect();
    Value::Object(messages)
}

fn operation(action: &str, channel: &str, names: &[String], summary: &str) -> Value {
    let messages: Vec<Value> = names
        .iter()
        .map(|name| json!({"$ref": format!("#/channels/{channel}/messages/{name}")}))
        .collect();
    json!({
        "action": action,
        "channel": {"$ref": format!("#/channels/{channel}")},
        "summary": summary,
        "messages": messages,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every `$ref` of the document, followed.
    fn dangling(document: &Value, part: &Value, found: &mut Vec<String>) {
        match part {
            Value::Object(map) => {
                if let Some(Value::String(target)) = map.get("$ref")
                    && document.pointer(target.trim_start_matches('#')).is_none()
                {
                    found.push(target.clone());
                }
                map.values().for_each(|value| dangling(document, value, found));
            }
            Value::Array(list) => list.iter().for_each(|value| dangling(document, value, found)),
            _ => {}
        }
    }

    #[test]
    fn every_reference_leads_somewhere() {
        let document = asyncapi(Vec::new(), Vec::new(), Vec::new());
        let mut found = Vec::new();
        dangling(&document, &document, &mut found);
        assert_eq!(found, Vec::<String>::new());
    }

    #[test]
    fn every_event_and_signal_is_described_with_an_example() {
        assert_eq!(events().len(), samples::events().len());
        assert!(
            events()
                .iter()
                .all(|doc| doc.schema["properties"].get("seq").is_some())
        );
        assert_eq!(signals().len(), samples::signals().len());
        assert_eq!(rabbitmq_events().len(), schemas::event_schemas().len());
    }

    #[test]
    fn examples_have_what_their_schemas_require() {
        for doc in events().into_iter().chain(signals()).chain(rabbitmq_events()) {
            for name in doc.schema["required"].as_array().expect("required names") {
                let name = name.as_str().expect("a name");
                assert!(
                    doc.example.get(name).is_some(),
                    "the example of {} lacks {name}",
                    doc.name
                );
            }
        }
    }
}
