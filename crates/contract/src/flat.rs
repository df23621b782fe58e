//! Events as other services receive them on RabbitMQ and read them with `form=flat`: one flat object each.

use confab_domain::{
    self as domain, AccountEvent, Epoch, Error, Event, EventBody, EventId, MessageId, Result, RoomId,
    RoomKind, Timestamp, UserId,
};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// What a flat body says besides the event: of its room, and whether text goes out at all.
#[derive(Clone, Copy, Debug)]
pub struct Surroundings<'a> {
    /// The life of the database.
    pub epoch: &'a Epoch,
    /// What the room is.
    pub room_kind: RoomKind,
    /// The host product's key of the room.
    pub external_key: Option<&'a str>,
    /// False (`EVENTS_CONTENT=false`): message text stays at home.
    pub with_content: bool,
}

/// Whom an event is about: sender, joiner, leaver, reactor, banned; else the actor.
pub fn subject(event: &Event) -> UserId {
    match &event.body {
        EventBody::MessageCreated { message } | EventBody::MessageUpdated { message } => message.sender_id,
        body => body.subject_user_id().unwrap_or(event.actor_id),
    }
}

/// The eight keys that every flat event begins with.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Head {
    /// What happened.
    pub event_type: String,
    /// Stable over every retry and replay: dedupe by it.
    #[schema(value_type = uuid::Uuid)]
    pub event_id: EventId,
    /// The life of the database.
    pub epoch: String,
    /// Where it happened; null for account events.
    #[schema(value_type = Option<uuid::Uuid>)]
    pub room_id: Option<RoomId>,
    /// Its place in the room: 1, 2, 3 … without holes; null for account events.
    pub seq: Option<i64>,
    /// Whom it is about: sender, joiner, leaver; else the actor.
    #[schema(value_type = uuid::Uuid)]
    pub user_id: UserId,
    /// Who did it.
    #[schema(value_type = uuid::Uuid)]
    pub actor_id: UserId,
    /// When it was committed.
    #[schema(value_type = String, format = DateTime)]
    pub timestamp: Timestamp,
}

/// What a room's event says of its room and its cause.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RoomTail {
    /// `public`, `private` or `direct`.
    pub room_kind: String,
    /// The host product's key of the room.
    pub external_key: Option<String>,
    /// The request it came from.
    pub correlation_id: Option<String>,
}

/// The facts of `message_created` and `message_updated`.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct MessageFacts {
    /// Which message.
    #[schema(value_type = uuid::Uuid)]
    pub message_id: MessageId,
    /// Its number in the room.
    pub number: i64,
    /// The text; null once deleted; absent with `EVENTS_CONTENT=false`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, required = false)]
    pub content: Option<Option<String>>,
    /// `text/plain`, `text/markdown` or `system`.
    pub content_type: String,
    /// The message it answers.
    #[schema(value_type = Option<uuid::Uuid>)]
    pub reply_to: Option<MessageId>,
    /// Files.
    pub attachments: Vec<crate::Attachment>,
    /// People it names.
    #[schema(value_type = Vec<uuid::Uuid>)]
    pub mentions: Vec<UserId>,
    /// Whether it has `@here`: meant for everybody in the room.
    pub mentions_here: bool,
    /// The host product's own data.
    #[schema(value_type = Object)]
    pub metadata: Value,
    /// When its text last changed.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub edited_at: Option<Timestamp>,
    /// When it was deleted.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub deleted_at: Option<Timestamp>,
}

/// The facts of `message_deleted`.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DeletionFacts {
    /// Which message.
    #[schema(value_type = uuid::Uuid)]
    pub message_id: MessageId,
    /// Its number in the room.
    pub number: i64,
}

/// The facts of `reaction_added` and `reaction_removed`; `user_id` is the reactor.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ReactionFacts {
    /// Which message.
    #[schema(value_type = uuid::Uuid)]
    pub message_id: MessageId,
    /// Its number in the room.
    pub number: i64,
    /// With what.
    pub emoji: String,
}

/// The facts of `message_pinned` and `message_unpinned`.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PinFacts {
    /// Which message.
    #[schema(value_type = uuid::Uuid)]
    pub message_id: MessageId,
    /// Its number in the room.
    pub number: i64,
}

/// The facts of `user_banned`; `user_id` is the banned.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct BanFacts {
    /// Why, for everybody in the room to read.
    pub reason: Option<String>,
}

/// The facts of `user_joined`.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct JoiningFacts {
    /// As what: `owner`, `admin`, `moderator` or `member`.
    pub role: String,
}

/// The facts of `user_left`.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct LeavingFacts {
    /// `left`, `removed` or `banned`.
    pub reason: String,
}

/// The facts of `member_updated`.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct StandingFacts {
    /// The role from now on.
    pub role: String,
    /// Until when they may not send.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub muted_until: Option<Timestamp>,
}

/// The facts of `room_created` and `room_updated`.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RoomFacts {
    /// Null for direct rooms.
    pub name: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// The host product's own data.
    #[schema(value_type = Object)]
    pub metadata: Value,
    /// `all` or `since_join`.
    pub history: String,
    /// False once it is closed.
    pub is_active: bool,
    /// A picture.
    pub avatar_url: Option<String>,
}

/// The facts of `room_deleted`: none.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct NoFacts {}

/// The facts of account events.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AccountFacts {
    /// Unique, whatever its case; null once the account is gone.
    pub username: Option<String>,
    /// What others read.
    pub display_name: Option<String>,
    /// A picture.
    pub avatar_url: Option<String>,
    /// `user`, `admin` or `service`.
    pub role: Option<String>,
    /// The request it came from.
    pub correlation_id: Option<String>,
}

#[derive(Serialize)]
struct Flat<F, T> {
    #[serde(flatten)]
    head: Head,
    #[serde(flatten)]
    facts: F,
    #[serde(flatten)]
    tail: T,
}

/// The flat body of a room's event, as JSON bytes.
pub fn encode_room_event(event: &Event, around: Surroundings<'_>) -> Result<Vec<u8>> {
    match &event.body {
        EventBody::MessageCreated { message } | EventBody::MessageUpdated { message } => {
            encode(event, around, message_facts(message, around.with_content))
        }
        EventBody::MessageDeleted { message_id, number } => encode(
            event,
            around,
            DeletionFacts {
                message_id: *message_id,
                number: *number,
            },
        ),
        EventBody::ReactionAdded {
            message_id,
            number,
            emoji,
            ..
        }
        | EventBody::ReactionRemoved {
            message_id,
            number,
            emoji,
            ..
        } => encode(
            event,
            around,
            ReactionFacts {
                message_id: *message_id,
                number: *number,
                emoji: emoji.clone(),
            },
        ),
        EventBody::MessagePinned { message_id, number }
        | EventBody::MessageUnpinned { message_id, number } => encode(
            event,
            around,
            PinFacts {
                message_id: *message_id,
                number: *number,
            },
        ),
        EventBody::UserBanned { reason, .. } => encode(
            event,
            around,
            BanFacts {
                reason: reason.clone(),
            },
        ),
        EventBody::UserJoined { role, .. } => encode(
            event,
            around,
            JoiningFacts {
                role: role.as_str().to_owned(),
            },
        ),
        EventBody::UserLeft { reason, .. } => encode(
            event,
            around,
            LeavingFacts {
                reason: reason.as_str().to_owned(),
            },
        ),
        EventBody::MemberUpdated {
            role, muted_until, ..
        } => encode(
            event,
            around,
            StandingFacts {
                role: role.as_str().to_owned(),
                muted_until: *muted_until,
            },
        ),
        EventBody::RoomCreated { room } | EventBody::RoomUpdated { room } => {
            encode(event, around, room_facts(&room.room))
        }
        EventBody::UserUnbanned { .. } | EventBody::RoomDeleted {} => encode(event, around, NoFacts {}),
        EventBody::Unknown { data, .. } => {
            encode(event, around, data.as_object().cloned().unwrap_or_else(Map::new))
        }
    }
}

/// The flat body of a room's event, as a JSON value.
pub fn room_event(event: &Event, around: Surroundings<'_>) -> Result<Value> {
    serde_json::from_slice(&encode_room_event(event, around)?).map_err(unreadable)
}

/// The flat body of an account's event, as JSON bytes: `room_id` and `seq` are null.
pub fn encode_account_event(event: &AccountEvent, epoch: &Epoch) -> Result<Vec<u8>> {
    let user = event.user.as_deref();
    let facts = AccountFacts {
        username: user.map(|user| user.username.clone()),
        display_name: user.map(|user| user.display_name.clone()),
        avatar_url: user.and_then(|user| user.avatar_url.clone()),
        role: user.map(|user| user.role.as_str().to_owned()),
        correlation_id: event.trace.correlation_id.as_deref().map(str::to_owned),
    };
    let head = Head {
        event_type: event.kind.as_str().to_owned(),
        event_id: event.id,
        epoch: epoch.as_str().to_owned(),
        room_id: None,
        seq: None,
        user_id: event.user_id,
        actor_id: event.actor_id,
        timestamp: event.occurred_at,
    };
    serde_json::to_vec(&Flat {
        head,
        facts,
        tail: NoFacts {},
    })
    .map_err(unreadable)
}

fn encode<F: Serialize>(event: &Event, around: Surroundings<'_>, facts: F) -> Result<Vec<u8>> {
    let head = Head {
        event_type: event.body.event_type().to_owned(),
        event_id: event.id,
        epoch: around.epoch.as_str().to_owned(),
        room_id: Some(event.room_id),
        seq: Some(event.seq),
        user_id: subject(event),
        actor_id: event.actor_id,
        timestamp: event.occurred_at,
    };
    let tail = RoomTail {
        room_kind: around.room_kind.as_str().to_owned(),
        external_key: around.external_key.map(str::to_owned),
        correlation_id: event.trace.correlation_id.as_deref().map(str::to_owned),
    };
    serde_json::to_vec(&Flat { head, facts, tail }).map_err(unreadable)
}

fn message_facts(message: &domain::Message, with_content: bool) -> MessageFacts {
    MessageFacts {
        message_id: message.id,
        number: message.number,
        content: with_content.then(|| message.content.clone()),
        content_type: message.content_type.as_str().to_owned(),
        reply_to: message.reply_to,
        attachments: message.attachments.iter().cloned().map(Into::into).collect(),
        mentions: message.extras.named.mentions.clone(),
        mentions_here: message.extras.named.here,
        metadata: message.metadata.clone(),
        edited_at: message.edited_at,
        deleted_at: message.deleted_at,
    }
}

fn room_facts(room: &domain::Room) -> RoomFacts {
    RoomFacts {
        name: room.name.clone(),
        description: room.description.clone(),
        metadata: room.metadata.clone(),
        history: room.history.as_str().to_owned(),
        is_active: room.is_active,
        avatar_url: room.avatar_url.clone(),
    }
}

fn unreadable(error: serde_json::Error) -> Error {
    Error::internal("an event could not be written as JSON", error)
}
