//! Frames from the client: parsed, bounded, every wrong field named. Unknown fields are ignored.

use confab_domain::commands::{ForwardMessage, SendMessage};
use confab_domain::ports::Status;
use confab_domain::{Epoch, EventId, FieldError, MessageId, RoomId};
use serde_json::Value;

use super::fields::{Fields, REF_CHARS_MAX, count_of, kind_of};
use super::halves;

/// Most attachments that are looked at in one frame.
const ATTACHMENTS_MAX: usize = 100;
const AN_ID: &str = "a UUID";

/// What a client asks.
#[derive(Clone, Debug)]
pub enum ClientFrame {
    /// Who I am, first or to renew.
    Auth {
        /// An access token.
        token: String,
    },
    /// Follow a room, from the head or from after a `seq`.
    Subscribe {
        /// Which.
        room_id: RoomId,
        /// What was seen last, and in which life of the database.
        after: Option<(Epoch, Cursor)>,
    },
    /// Follow a room no longer.
    Unsubscribe {
        /// Which.
        room_id: RoomId,
    },
    /// Follow these rooms from where I was.
    Resume {
        /// The life of the database in which it was.
        epoch: Epoch,
        /// What was seen last, by room.
        rooms: Vec<(RoomId, Cursor)>,
        /// What to do with my other rooms.
        rest: Rest,
    },
    /// Say something.
    Message {
        /// Where.
        room_id: RoomId,
        /// What.
        send: Box<SendMessage>,
    },
    /// Change what I said.
    Edit {
        /// Which message.
        message_id: MessageId,
        /// The new text.
        content: String,
    },
    /// Delete a message.
    Delete {
        /// Which.
        message_id: MessageId,
        /// Why, as a moderator.
        reason: Option<String>,
    },
    /// Say in one room what was said in another.
    Forward(ForwardMessage),
    /// React to a message.
    React {
        /// Which.
        message_id: MessageId,
        /// With what.
        emoji: String,
    },
    /// Take my reaction back.
    Unreact {
        /// Of which message.
        message_id: MessageId,
        /// What.
        emoji: String,
    },
    /// Pin a message in its room.
    Pin {
        /// Which.
        message_id: MessageId,
    },
    /// Pin it no longer.
    Unpin {
        /// Which.
        message_id: MessageId,
    },
    /// I type, or stopped.
    Typing {
        /// Where.
        room_id: RoomId,
        /// Begun (default) or ended.
        active: bool,
    },
    /// I have read up to a message.
    Read {
        /// Where.
        room_id: RoomId,
        /// Up to which number.
        number: i64,
    },
    /// My client has received up to a message.
    Delivered {
        /// Where.
        room_id: RoomId,
        /// Up to which number.
        number: i64,
    },
    /// How I am here.
    Presence {
        /// `online`, `away` or `busy`.
        status: Status,
    },
    /// Are you there?
    Ping,
}

impl ClientFrame {
    /// Its `type`.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Auth { .. } => "auth",
            Self::Subscribe { .. } => "subscribe",
            Self::Unsubscribe { .. } => "unsubscribe",
            Self::Resume { .. } => "resume",
            Self::Message { .. } => "message",
            Self::Edit { .. } => "edit",
            Self::Delete { .. } => "delete",
            Self::Forward(_) => "forward",
            Self::React { .. } => "react",
            Self::Unreact { .. } => "unreact",
            Self::Pin { .. } => "pin",
            Self::Unpin { .. } => "unpin",
            Self::Typing { .. } => "typing",
            Self::Read { .. } => "read",
            Self::Delivered { .. } => "delivered",
            Self::Presence { .. } => "presence",
            Self::Ping => "ping",
        }
    }
}

/// What a client saw last of a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// The event's place.
    pub seq: i64,
    /// The event's id, for an exact check.
    pub event_id: Option<EventId>,
}

/// What a resume does with rooms it does not name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Rest {
    /// Follow them from their heads.
    #[default]
    Head,
    /// Leave them.
    None,
}

/// A frame with its `ref`.
#[derive(Clone, Debug)]
pub struct Request {
    /// To be borne by the reply.
    pub reference: Option<String>,
    /// What is asked; or what is wrong with it.
    pub frame: Result<ClientFrame, Vec<FieldError>>,
}

impl Request {
    /// Reads one frame. `only_room` is the room of a socket that has one: it may be left out, and no other
    /// may be named. `rooms_max` bounds a `resume`.
    pub fn parse(text: &str, only_room: Option<RoomId>, rooms_max: usize) -> Self {
        let map = match serde_json::from_str(text) {
            Ok(Value::Object(map)) => map,
            Ok(other) => return Self::malformed(format!("must be a JSON object, not {}", kind_of(&other))),
            Err(error) => {
                return Self::with_half_characters(text).unwrap_or_else(|| {
                    Self::malformed(format!(
                        "is not JSON (line {}, column {})",
                        error.line(),
                        error.column()
                    ))
                });
            }
        };
        let mut fields = Fields::new(map);
        let reference = fields.string("ref").filter(|text| {
            let fits = text.chars().count() <= REF_CHARS_MAX;
            if !fits {
                fields.refuse("ref", format!("must be at most {REF_CHARS_MAX} characters"));
            }
            fits
        });
        let parsed = parse_type(&mut fields, only_room, rooms_max);
        let frame = match (fields.finish(), parsed) {
            (Err(errors), _) => Err(errors),
            (Ok(()), Some(frame)) => Ok(frame),
            (Ok(()), None) => Err(vec![wrong("type", "is not understood".to_owned())]),
        };
        Self { reference, frame }
    }

    /// A text cut in the middle of a character, as JavaScript does it, is not JSON to others. Its sender learns which
    /// field that is, by their `ref`. None when something else is wrong.
    fn with_half_characters(text: &str) -> Option<Self> {
        let Value::Object(map) = serde_json::from_str(&halves::replaced(text)?).ok()? else {
            return None;
        };
        let errors = map
            .iter()
            .filter(|(_, value)| value.to_string().contains(char::REPLACEMENT_CHARACTER))
            .map(|(name, _)| wrong(name, "holds half of a character (a lone surrogate)".to_owned()))
            .collect();
        let reference = map.get("ref").and_then(Value::as_str).map(str::to_owned);
        let is_whole = |text: &String| !text.contains(char::REPLACEMENT_CHARACTER);
        Some(Self {
            reference: reference.filter(|text| is_whole(text) && text.chars().count() <= REF_CHARS_MAX),
            frame: Err(errors),
        })
    }

    fn malformed(reason: String) -> Self {
        Self {
            reference: None,
            frame: Err(vec![wrong("frame", reason)]),
        }
    }
}

fn wrong(field: &str, reason: String) -> FieldError {
    FieldError {
        field: field.to_owned(),
        reason,
    }
}

/// The frame, or none with at least one finding.
fn parse_type(fields: &mut Fields, only_room: Option<RoomId>, rooms_max: usize) -> Option<ClientFrame> {
    let kind = fields.required_string("type");
    let frame = match kind.as_str() {
        "auth" => ClientFrame::Auth {
            token: fields.required_string("token"),
        },
        "subscribe" => {
            let room_id = room(fields, only_room);
            let after = after(fields);
            ClientFrame::Subscribe {
                room_id: room_id?,
                after,
            }
        }
        "unsubscribe" => ClientFrame::Unsubscribe {
            room_id: room(fields, only_room)?,
        },
        "resume" => {
            fields.need("epoch");
            let epoch = epoch(fields);
            let rooms = cursors(fields, only_room, rooms_max);
            let rest = rest(fields);
            ClientFrame::Resume {
                epoch: epoch?,
                rooms,
                rest,
            }
        }
        "message" => {
            let room_id = room(fields, only_room);
            let send = Box::new(SendMessage {
                content: fields.string("content"),
                client_id: fields.string("client_id"),
                reply_to: fields.parsed("reply_to", AN_ID),
                attachments: attachments(fields),
                content_type: fields.string("content_type"),
                metadata: fields.value("metadata"),
            });
            ClientFrame::Message {
                room_id: room_id?,
                send,
            }
        }
        "edit" => {
            let message_id = message(fields);
            let content = fields.required_string("content");
            ClientFrame::Edit {
                message_id: message_id?,
                content,
            }
        }
        "delete" => {
            let message_id = message(fields);
            let reason = fields.string("reason");
            ClientFrame::Delete {
                message_id: message_id?,
                reason,
            }
        }
        "forward" => {
            let message_id = message(fields);
            let room_id = room(fields, only_room);
            let client_id = fields.string("client_id");
            ClientFrame::Forward(ForwardMessage {
                message_id: message_id?,
                room_id: room_id?,
                client_id,
            })
        }
        "react" => {
            let (message_id, emoji) = reaction(fields);
            ClientFrame::React {
                message_id: message_id?,
                emoji,
            }
        }
        "unreact" => {
            let (message_id, emoji) = reaction(fields);
            ClientFrame::Unreact {
                message_id: message_id?,
                emoji,
            }
        }
        "pin" => ClientFrame::Pin {
            message_id: message(fields)?,
        },
        "unpin" => ClientFrame::Unpin {
            message_id: message(fields)?,
        },
        "typing" => {
            let room_id = room(fields, only_room);
            let active = fields.boolean("active").unwrap_or(true);
            ClientFrame::Typing {
                room_id: room_id?,
                active,
            }
        }
        "read" => {
            let (room_id, number) = mark(fields, only_room);
            ClientFrame::Read {
                room_id: room_id?,
                number: number?,
            }
        }
        "delivered" => {
            let (room_id, number) = mark(fields, only_room);
            ClientFrame::Delivered {
                room_id: room_id?,
                number: number?,
            }
        }
        "presence" => ClientFrame::Presence {
            status: status(fields)?,
        },
        "ping" => ClientFrame::Ping,
        "" => return None,
        unknown => {
            let shown: String = unknown.chars().take(40).collect();
            fields.refuse("type", format!("{shown:?} is none of auth, subscribe, unsubscribe, resume, message, edit, delete, forward, react, unreact, pin, unpin, typing, read, delivered, presence, ping"));
            return None;
        }
    };
    Some(frame)
}

fn room(fields: &mut Fields, only_room: Option<RoomId>) -> Option<RoomId> {
    if only_room.is_none() {
        fields.need("room_id");
    }
    let named = fields.parsed("room_id", AN_ID);
    match (named, only_room) {
        (Some(named), Some(only)) if named != only => {
            fields.refuse(
                "room_id",
                "this socket is for one room; another one needs another socket, or /ws",
            );
            None
        }
        (named, only) => named.or(only),
    }
}

fn message(fields: &mut Fields) -> Option<MessageId> {
    fields.need("message_id");
    fields.parsed("message_id", AN_ID)
}

fn reaction(fields: &mut Fields) -> (Option<MessageId>, String) {
    let message_id = message(fields);
    (message_id, fields.required_string("emoji"))
}

fn mark(fields: &mut Fields, only_room: Option<RoomId>) -> (Option<RoomId>, Option<i64>) {
    let room_id = room(fields, only_room);
    fields.need("number");
    (room_id, fields.count("number"))
}

fn epoch(fields: &mut Fields) -> Option<Epoch> {
    let name = fields.string("epoch")?;
    if name.is_empty() || name.len() > Epoch::BYTES_MAX {
        fields.refuse("epoch", format!("must be 1 to {} bytes", Epoch::BYTES_MAX));
        return None;
    }
    Some(Epoch::new(name))
}

fn after(fields: &mut Fields) -> Option<(Epoch, Cursor)> {
    let epoch = epoch(fields);
    let seq = fields.count("after_seq");
    let event_id = fields.parsed("event_id", AN_ID);
    if seq.is_some() && epoch.is_none() {
        fields.refuse("epoch", "is required with after_seq");
    }
    Some((epoch?, Cursor { seq: seq?, event_id }))
}

fn cursors(fields: &mut Fields, only_room: Option<RoomId>, rooms_max: usize) -> Vec<(RoomId, Cursor)> {
    fields.need("rooms");
    let map = match fields.value("rooms") {
        Some(Value::Object(map)) => map,
        Some(other) => {
            fields.refuse(
                "rooms",
                format!("must be an object of room id to seq, not {}", kind_of(&other)),
            );
            return Vec::new();
        }
        None => return Vec::new(),
    };
    if map.len() > rooms_max {
        fields.refuse("rooms", format!("must name at most {rooms_max} rooms"));
        return Vec::new();
    }
    let mut cursors = Vec::with_capacity(map.len());
    for (key, value) in map {
        let field: String = format!("rooms.{}", key.chars().take(40).collect::<String>());
        match (key.parse::<RoomId>(), cursor(&value)) {
            (Ok(room_id), Some(_)) if only_room.is_some_and(|only| only != room_id) => {
                fields.refuse(&field, "this socket is for one room");
            }
            (Ok(room_id), Some(cursor)) => cursors.push((room_id, cursor)),
            (Err(_), _) => fields.refuse(&field, "is not a room id"),
            (_, None) => fields.refuse(&field, "must be a seq, or {seq, event_id}"),
        }
    }
    cursors
}

fn cursor(value: &Value) -> Option<Cursor> {
    if let Some(seq) = count_of(value) {
        return Some(Cursor { seq, event_id: None });
    }
    let object = value.as_object()?;
    let event_id = match object.get("event_id") {
        None | Some(Value::Null) => None,
        Some(id) => Some(id.as_str()?.parse().ok()?),
    };
    Some(Cursor {
        seq: count_of(object.get("seq")?)?,
        event_id,
    })
}

fn rest(fields: &mut Fields) -> Rest {
    match fields.string("rest").as_deref() {
        None | Some("head") => Rest::Head,
        Some("none") => Rest::None,
        Some(_) => {
            fields.refuse("rest", "must be \"head\" or \"none\"");
            Rest::Head
        }
    }
}

fn status(fields: &mut Fields) -> Option<Status> {
    fields.need("status");
    let status = Status::parse(&fields.string("status")?);
    if matches!(status, Some(Status::Online | Status::Away | Status::Busy)) {
        return status;
    }
    fields.refuse("status", "must be \"online\", \"away\" or \"busy\"");
    None
}

fn attachments(fields: &mut Fields) -> Vec<uuid::Uuid> {
    let items = match fields.value("attachments") {
        None => return Vec::new(),
        Some(Value::Array(items)) => items,
        Some(other) => {
            fields.refuse(
                "attachments",
                format!("must be an array of ids, not {}", kind_of(&other)),
            );
            return Vec::new();
        }
    };
    if items.len() > ATTACHMENTS_MAX {
        fields.refuse("attachments", format!("must hold at most {ATTACHMENTS_MAX}"));
        return Vec::new();
    }
    let mut ids = Vec::with_capacity(items.len());
    for (index, item) in items.iter().enumerate() {
        match item.as_str().and_then(|text| text.parse().ok()) {
            Some(id) => ids.push(id),
            None => fields.refuse(&format!("attachments[{index}]"), "must be a UUID"),
        }
    }
    ids
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOM: &str = "018cc251-f400-7000-8000-0000000000b1";

    fn parse(text: &str) -> Request {
        Request::parse(text, None, 10)
    }

    fn refused_fields(text: &str) -> Vec<String> {
        parse(text)
            .frame
            .unwrap_err()
            .into_iter()
            .map(|error| error.field)
            .collect()
    }

    #[test]
    fn half_a_character_is_named_and_the_ref_kept() {
        let text =
            r#"{"type":"message","ref":"7","content":"hi\ud83d","metadata":{"a":["\udc00"]},"room_id":"x"}"#;
        assert_eq!(refused_fields(text), ["content", "metadata"]);
        assert_eq!(parse(text).reference.as_deref(), Some("7"));
        assert_eq!(
            refused_fields(r#"{"type":"message","ref":"7","content":"\ud83d"#),
            ["frame"]
        );
    }

    #[test]
    fn a_message_with_everything_it_may_bear() {
        let request = parse(&format!(
            r#"{{"type":"message","ref":"r1","room_id":"{ROOM}","content":"hi","client_id":"c","metadata":{{"a":1}},"unheard_of":true}}"#
        ));
        assert_eq!(request.reference.as_deref(), Some("r1"));
        let Ok(ClientFrame::Message { room_id, send }) = request.frame else {
            panic!()
        };
        assert_eq!(room_id.to_string(), ROOM);
        assert_eq!(send.content.as_deref(), Some("hi"));
    }

    #[test]
    fn every_wrong_field_is_named() {
        assert_eq!(refused_fields("nonsense"), ["frame"]);
        assert_eq!(refused_fields("[]"), ["frame"]);
        assert_eq!(refused_fields("{}"), ["type"]);
        assert_eq!(refused_fields(r#"{"type":{}}"#), ["type"]);
        assert_eq!(refused_fields(r#"{"type":"dance"}"#), ["type"]);
        assert_eq!(
            refused_fields(r#"{"type":"message","room_id":"x","content":{"$gt":""},"client_id":7}"#),
            ["room_id", "content", "client_id"]
        );
        assert_eq!(refused_fields(r#"{"type":"ping","ref":{"a":1}}"#), ["ref"]);
        assert_eq!(
            refused_fields(&format!(r#"{{"type":"ping","ref":"{}"}}"#, "x".repeat(65))),
            ["ref"]
        );
        assert_eq!(
            refused_fields(&format!(
                r#"{{"type":"subscribe","room_id":"{ROOM}","after_seq":3}}"#
            )),
            ["epoch"]
        );
        assert_eq!(
            refused_fields(&format!(r#"{{"type":"read","room_id":"{ROOM}","number":-1}}"#)),
            ["number"]
        );
        assert_eq!(
            refused_fields(r#"{"type":"resume","epoch":"e","rooms":[]}"#),
            ["rooms"]
        );
        assert_eq!(
            refused_fields(r#"{"type":"resume","epoch":"e","rooms":{"x":1}}"#),
            ["rooms.x"]
        );
        assert_eq!(
            refused_fields(r#"{"type":"presence","status":"offline"}"#),
            ["status"]
        );
    }

    #[test]
    fn a_resume_takes_both_forms_of_a_cursor() {
        let request = parse(&format!(
            r#"{{"type":"resume","epoch":"e","rooms":{{"{ROOM}":{{"seq":4,"event_id":"{ROOM}"}}}},"rest":"none"}}"#
        ));
        let Ok(ClientFrame::Resume { rooms, rest, .. }) = request.frame else {
            panic!()
        };
        assert_eq!(rest, Rest::None);
        assert_eq!(rooms[0].1.seq, 4);
        assert!(rooms[0].1.event_id.is_some());
    }

    #[test]
    fn a_socket_of_one_room_needs_no_room_id_and_takes_no_other() {
        let only = Some(ROOM.parse().unwrap());
        let request = Request::parse(r#"{"type":"typing"}"#, only, 10);
        assert!(matches!(
            request.frame,
            Ok(ClientFrame::Typing { active: true, .. })
        ));
        let other = r#"{"type":"typing","room_id":"018cc251-f400-7000-8000-0000000000b2"}"#;
        assert_eq!(
            Request::parse(other, only, 10).frame.unwrap_err()[0].field,
            "room_id"
        );
    }
}
