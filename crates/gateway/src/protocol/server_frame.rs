//! Frames to one client: greetings, replies and notices. Events and signals come from `confab_contract`.

use confab_contract::{FieldProblem, Me};
use confab_domain::{ConnectionId, Error, MemberRole, MessageId, RoomId, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

/// A frame that only one client gets.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ServerFrame {
    /// The first word.
    Hello {
        /// Names this connection, e.g. when asking for help.
        #[schema(value_type = uuid::Uuid)]
        connection_id: ConnectionId,
        /// The life of the database, for `resume`.
        epoch: String,
        /// Who the server takes the client for.
        user: Box<Me>,
        /// How often the server pings, in milliseconds.
        heartbeat_interval_ms: u64,
        /// What the server takes.
        #[schema(inline)]
        limits: FrameLimits,
        /// Version of this protocol.
        protocol: u8,
        /// The server's time.
        #[schema(value_type = String, format = DateTime)]
        server_time: Timestamp,
        /// The person has more rooms than a connection follows; the most recently active are.
        #[serde(skip_serializing_if = "is_false")]
        rooms_truncated: bool,
    },
    /// It is done.
    Ack {
        /// The frame's own.
        #[serde(rename = "ref", skip_serializing_if = "Option::is_none")]
        reference: Option<String>,
        /// What was sent, edited or deleted.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schema(value_type = Option<uuid::Uuid>)]
        message_id: Option<MessageId>,
        /// The message's number.
        #[serde(skip_serializing_if = "Option::is_none")]
        number: Option<i64>,
        /// The event's place in the room.
        #[serde(skip_serializing_if = "Option::is_none")]
        seq: Option<i64>,
        /// When the message was written.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schema(value_type = Option<String>, format = DateTime)]
        created_at: Option<Timestamp>,
        /// The message was there before: this attempt created nothing.
        #[serde(skip_serializing_if = "Option::is_none")]
        duplicate: Option<bool>,
        /// Messages not read yet, after a mark.
        #[serde(skip_serializing_if = "Option::is_none")]
        unread: Option<i64>,
        /// When the renewed token ends.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schema(value_type = Option<String>, format = DateTime)]
        expires_at: Option<Timestamp>,
    },
    /// It is not done.
    Error {
        /// The frame's own.
        #[serde(rename = "ref", skip_serializing_if = "Option::is_none")]
        reference: Option<String>,
        /// One of the closed list.
        #[schema(value_type = String)]
        code: &'static str,
        /// For a developer to read.
        reason: String,
        /// The fields that are wrong.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        errors: Vec<FieldProblem>,
        /// When to try again.
        #[serde(skip_serializing_if = "Option::is_none")]
        retry_after_ms: Option<u64>,
        /// The room it is about, of a `subscribe` or `resume`.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schema(value_type = Option<uuid::Uuid>)]
        room_id: Option<RoomId>,
    },
    /// The answer to `ping`.
    Pong {
        /// The frame's own.
        #[serde(rename = "ref", skip_serializing_if = "Option::is_none")]
        reference: Option<String>,
        /// The server's time.
        #[schema(value_type = String, format = DateTime)]
        server_time: Timestamp,
    },
    /// The room is followed from here on; what was missed came before this.
    Subscribed {
        /// The frame's own.
        #[serde(rename = "ref", skip_serializing_if = "Option::is_none")]
        reference: Option<String>,
        /// Which room.
        #[schema(value_type = uuid::Uuid)]
        room_id: RoomId,
        /// The latest event's place: the next live one is one more.
        last_seq: i64,
        /// What was missed is not all here: read the history.
        reset: bool,
        /// The viewer's role.
        #[schema(value_type = String)]
        my_role: MemberRole,
        /// The viewer's read mark.
        last_read_number: i64,
        /// Messages after it.
        unread: i64,
        /// People active in the room now.
        present_count: u64,
    },
    /// The last word of a room.
    Unsubscribed {
        /// The frame's own, when the client asked.
        #[serde(rename = "ref", skip_serializing_if = "Option::is_none")]
        reference: Option<String>,
        /// Which room.
        #[schema(value_type = uuid::Uuid)]
        room_id: RoomId,
        /// `requested`, `left`, `removed`, `banned` or `room_deleted`.
        #[schema(value_type = String)]
        reason: &'static str,
    },
    /// Renew with an `auth` frame.
    TokenExpiring {
        /// When it ends.
        #[schema(value_type = String, format = DateTime)]
        expires_at: Timestamp,
    },
    /// The server stops.
    ServerClosing {
        /// When to come back, different for each connection.
        reconnect_after_ms: u64,
    },
}

/// What the server takes, as `hello` tells it.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct FrameLimits {
    /// Largest frame.
    pub frame_bytes_max: usize,
    /// Frames in a window.
    pub frames_per_window: u32,
    /// The window.
    pub frames_window_ms: u64,
    /// Frames being worked on at once.
    pub frames_in_flight_max: usize,
    /// Rooms that one connection follows.
    pub rooms_max: usize,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde calls it with a reference"
)]
fn is_false(value: &bool) -> bool {
    !value
}

impl ServerFrame {
    /// A bare acknowledgement.
    pub fn ack(reference: Option<String>) -> Self {
        Self::Ack {
            reference,
            message_id: None,
            number: None,
            seq: None,
            created_at: None,
            duplicate: None,
            unread: None,
            expires_at: None,
        }
    }

    /// The frame as JSON text.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("a frame has string keys and finite numbers only")
    }
}

/// How a failure is told: what the client may know, never what the log must know.
pub(crate) fn error_frame(reference: Option<String>, room_id: Option<RoomId>, error: &Error) -> ServerFrame {
    let (reason, errors, retry_after_ms) = match error {
        Error::Invalid(fields) => {
            let errors = fields
                .iter()
                .map(|field| FieldProblem {
                    field: field.field.clone(),
                    reason: field.reason.clone(),
                })
                .collect();
            (error.to_string(), errors, None)
        }
        Error::Unauthenticated(reason) | Error::Forbidden(reason) | Error::Conflict(reason) => {
            ((*reason).to_owned(), Vec::new(), None)
        }
        Error::TooLarge { .. } | Error::OverQuota { .. } | Error::UnsupportedMedia(_) => {
            (error.to_string(), Vec::new(), None)
        }
        Error::NotFound => (
            "there is no such thing, or not for you".to_owned(),
            Vec::new(),
            None,
        ),
        Error::RateLimited { retry_after, .. } => (
            "too many of these; try again later".to_owned(),
            Vec::new(),
            Some(retry_after.as_millis() as u64),
        ),
        Error::Unavailable(..) => (
            "outcome unknown; retry with the same client_id".to_owned(),
            Vec::new(),
            Some(1_000),
        ),
        Error::Internal(..) => (
            "outcome unknown; retry with the same client_id".to_owned(),
            Vec::new(),
            None,
        ),
    };
    ServerFrame::Error {
        reference,
        code: error.code().as_str(),
        reason,
        errors,
        retry_after_ms,
        room_id,
    }
}
