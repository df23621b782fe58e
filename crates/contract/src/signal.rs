//! Signals as sockets and SSE show them: they may be missed, so they have no `seq`.

use confab_domain::ports as domain_ports;
use confab_domain::{RoomId, Timestamp, UserId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{ConversationSettings, CustomStatus};

/// A signal: `type` names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Signal {
    /// Somebody types, or stopped; ends by itself after 6 s.
    Typing {
        /// Where.
        #[schema(value_type = uuid::Uuid)]
        room_id: RoomId,
        /// Who.
        #[schema(value_type = uuid::Uuid)]
        user_id: UserId,
        /// Begun or ended.
        active: bool,
    },
    /// Somebody is there, or has another status.
    UserOnline {
        /// Who.
        #[schema(value_type = uuid::Uuid)]
        user_id: UserId,
        /// `online`, `away` or `busy`.
        status: String,
        /// When they were last connected.
        #[schema(value_type = Option<String>, format = DateTime)]
        last_seen_at: Option<Timestamp>,
    },
    /// Somebody has had no session for 10 s.
    UserOffline {
        /// Who.
        #[schema(value_type = uuid::Uuid)]
        user_id: UserId,
        /// `offline`.
        status: String,
        /// When they were last connected.
        #[schema(value_type = Option<String>, format = DateTime)]
        last_seen_at: Option<Timestamp>,
    },
    /// Somebody has read up to a number.
    Read {
        /// Where.
        #[schema(value_type = uuid::Uuid)]
        room_id: RoomId,
        /// Who.
        #[schema(value_type = uuid::Uuid)]
        user_id: UserId,
        /// Up to which message.
        number: i64,
    },
    /// Somebody's client has received up to a number.
    Delivered {
        /// Where.
        #[schema(value_type = uuid::Uuid)]
        room_id: RoomId,
        /// Who.
        #[schema(value_type = uuid::Uuid)]
        user_id: UserId,
        /// Up to which message.
        number: i64,
    },
    /// Somebody says something else of themselves.
    UserStatus {
        /// Who.
        #[schema(value_type = uuid::Uuid)]
        user_id: UserId,
        /// What; null: nothing any more. It ends by itself at its `until`, without another signal.
        status: Option<CustomStatus>,
    },
    /// Somebody has another name or picture.
    UserUpdated {
        /// Who.
        #[schema(value_type = uuid::Uuid)]
        user_id: UserId,
        /// Their username.
        username: String,
        /// What others read.
        display_name: String,
        /// Their picture.
        avatar_url: Option<String>,
    },
    /// One blocked somebody, or no longer, on whatever device; to one's own connections alone.
    BlockUpdated {
        /// Whom.
        #[schema(value_type = uuid::Uuid)]
        user_id: UserId,
        /// Begun or ended.
        blocked: bool,
    },
    /// One's own mark or settings in a room changed, on whatever device; to one's own connections alone. Only
    /// what changed is there.
    ConversationUpdated {
        /// Where.
        #[schema(value_type = uuid::Uuid)]
        room_id: RoomId,
        /// One's read mark.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schema(required = false, nullable = false)]
        last_read_number: Option<i64>,
        /// Messages not read yet.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schema(required = false, nullable = false)]
        unread: Option<i64>,
        /// Whether one marked it unread.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schema(required = false, nullable = false)]
        marked_unread: Option<bool>,
        /// One's settings.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schema(required = false, nullable = false)]
        settings: Option<ConversationSettings>,
    },
}

/// A signal as JSON text, encoded once for all its readers; none for what is between nodes alone.
pub fn encode_signal(signal: &domain_ports::Signal) -> Option<String> {
    use domain_ports::{Signal as From, Status};
    let body = match signal {
        From::Typing {
            room_id,
            user_id,
            active,
        } => Signal::Typing {
            room_id: *room_id,
            user_id: *user_id,
            active: *active,
        },
        From::Presence {
            user_id,
            status,
            last_seen_at,
            ..
        } => {
            let (user_id, last_seen_at) = (*user_id, *last_seen_at);
            let word = status.as_str().to_owned();
            if *status == Status::Offline {
                Signal::UserOffline {
                    user_id,
                    status: word,
                    last_seen_at,
                }
            } else {
                Signal::UserOnline {
                    user_id,
                    status: word,
                    last_seen_at,
                }
            }
        }
        From::Read {
            room_id,
            user_id,
            number,
        } => Signal::Read {
            room_id: *room_id,
            user_id: *user_id,
            number: *number,
        },
        From::Delivered {
            room_id,
            user_id,
            number,
        } => Signal::Delivered {
            room_id: *room_id,
            user_id: *user_id,
            number: *number,
        },
        From::Status { user_id, status, .. } => Signal::UserStatus {
            user_id: *user_id,
            status: status.clone().map(CustomStatus::from),
        },
        From::Profile {
            user_id,
            username,
            display_name,
            avatar_url,
            ..
        } => Signal::UserUpdated {
            user_id: *user_id,
            username: username.clone(),
            display_name: display_name.clone(),
            avatar_url: avatar_url.clone(),
        },
        From::Block {
            blocked_id,
            is_blocked,
            ..
        } => Signal::BlockUpdated {
            user_id: *blocked_id,
            blocked: *is_blocked,
        },
        From::Conversation {
            room_id,
            last_read_number,
            unread,
            is_marked_unread,
            settings,
            ..
        } => Signal::ConversationUpdated {
            room_id: *room_id,
            last_read_number: *last_read_number,
            unread: *unread,
            marked_unread: *is_marked_unread,
            settings: settings.map(ConversationSettings::from),
        },
        From::Replaced { .. } => return None,
    };
    serde_json::to_string(&body).ok()
}
