//! What a stream of server-sent events says beside events and signals.

use std::collections::BTreeMap;

use confab_domain::{ConnectionId, RoomId, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

/// A frame that only server-sent events have.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum StreamFrame {
    /// The first word.
    Connected {
        /// Names this connection, e.g. when asking for help.
        #[schema(value_type = uuid::Uuid)]
        connection_id: ConnectionId,
        /// The life of the database.
        epoch: String,
        /// The time of the server.
        #[schema(value_type = String, format = DateTime)]
        server_time: Timestamp,
        /// Of a stream of all rooms: the `seq` after which each is live.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schema(value_type = Option<BTreeMap<String, i64>>)]
        rooms: Option<BTreeMap<RoomId, i64>>,
    },
    /// The last word.
    Closing {
        /// The code that a WebSocket would be closed with.
        code: u16,
        /// The same in words.
        #[schema(value_type = String)]
        reason: &'static str,
        /// When to come back; null when there is no use in that.
        reconnect_after_ms: Option<u64>,
    },
}

impl StreamFrame {
    /// Its `type`.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Connected { .. } => "connected",
            Self::Closing { .. } => "closing",
        }
    }

    /// Its JSON text.
    ///
    /// # Panics
    ///
    /// Never: it has string keys and integers only.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("a frame has string keys and integers only")
    }
}
