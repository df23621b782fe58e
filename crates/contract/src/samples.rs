//! One example of each event and signal, for the documents and their tests.

use confab_domain::{
    AccountEvent, AccountEventKind, ContentType, ConversationSettings, CustomStatus, Epoch, Event, EventBody,
    EventId, Extras, History, LeaveReason, MemberRole, Message, MessageId, Notifications, Posting, Room,
    RoomId, RoomKind, RoomSnapshot, Timestamp, Trace, User, UserId, UserRole, ports,
};
use serde_json::json;
use uuid::Uuid;

const MOMENT: Timestamp = Timestamp::from_millis(1_704_110_400_000);

/// An id of the examples, by its last byte.
pub const fn id(last: u8) -> Uuid {
    let mut bytes = [
        0x01, 0x8c, 0xc5, 0x1f, 0xf4, 0, 0x70, 0, 0x80, 0, 0, 0, 0, 0, 0, 0,
    ];
    bytes[15] = last;
    Uuid::from_bytes(bytes)
}

const ADA: UserId = UserId(id(1));
const BOB: UserId = UserId(id(2));
const ROOM: RoomId = RoomId(id(0xb1));
const MESSAGE: MessageId = MessageId(id(0xc1));

/// The epoch of all examples.
pub fn epoch() -> Epoch {
    Epoch::new("5f0c2d7be19a4c33")
}

/// The people of the examples.
pub fn people() -> Vec<User> {
    vec![bob()]
}

/// One durable event of each type, in the order of their documentation.
pub fn events() -> Vec<Event> {
    let message = || {
        Box::new(Message {
            id: MESSAGE,
            room_id: ROOM,
            number: 40,
            seq: 42,
            updated_seq: 42,
            sender_id: ADA,
            client_id: "web-1".to_owned(),
            content: Some("Hello!".to_owned()),
            content_type: ContentType::Plain,
            reply_to: None,
            metadata: json!({}),
            created_at: MOMENT,
            edited_at: None,
            deleted_at: None,
            attachments: Vec::new(),
            extras: Extras::default(),
        })
    };
    let edited = || {
        Box::new(Message {
            updated_seq: 43,
            content: Some("Hello, Bob!".to_owned()),
            edited_at: Some(MOMENT),
            ..*message()
        })
    };
    let room = || {
        Box::new(RoomSnapshot {
            room: Room {
                id: ROOM,
                kind: RoomKind::Private,
                name: Some("Offer 1".to_owned()),
                description: None,
                metadata: json!({"offer": 1}),
                external_key: Some("offer-1".to_owned()),
                history: History::All,
                is_active: true,
                avatar_url: None,
                posting: Posting::Members,
                slow_mode_seconds: 0,
                system_messages: false,
                edit_window_seconds: None,
                created_by: Some(ADA),
                created_at: MOMENT,
                updated_at: MOMENT,
            },
            last_seq: 42,
            last_number: 40,
            last_message_at: Some(MOMENT),
        })
    };
    vec![
        event(
            42,
            MESSAGE.into(),
            EventBody::MessageCreated { message: message() },
        ),
        event(
            43,
            EventId(id(0xe3)),
            EventBody::MessageUpdated { message: edited() },
        ),
        event(
            44,
            EventId(id(0xe4)),
            EventBody::MessageDeleted {
                message_id: MESSAGE,
                number: 40,
            },
        ),
        event(
            45,
            EventId(id(0xe5)),
            EventBody::UserJoined {
                user_id: BOB,
                role: MemberRole::Member,
                user: Some(Box::new(bob())),
            },
        ),
        event(
            46,
            EventId(id(0xe6)),
            EventBody::UserLeft {
                user_id: BOB,
                reason: LeaveReason::Left,
            },
        ),
        event(
            47,
            EventId(id(0xe7)),
            EventBody::MemberUpdated {
                user_id: BOB,
                role: MemberRole::Moderator,
                muted_until: None,
            },
        ),
        event(
            50,
            EventId(id(0xeb)),
            EventBody::ReactionAdded {
                message_id: MESSAGE,
                number: 40,
                emoji: "👍".to_owned(),
                user_id: ADA,
            },
        ),
        event(
            51,
            EventId(id(0xec)),
            EventBody::ReactionRemoved {
                message_id: MESSAGE,
                number: 40,
                emoji: "👍".to_owned(),
                user_id: ADA,
            },
        ),
        event(
            52,
            EventId(id(0xed)),
            EventBody::MessagePinned {
                message_id: MESSAGE,
                number: 40,
            },
        ),
        event(
            53,
            EventId(id(0xee)),
            EventBody::MessageUnpinned {
                message_id: MESSAGE,
                number: 40,
            },
        ),
        event(
            54,
            EventId(id(0xef)),
            EventBody::UserBanned {
                user_id: BOB,
                reason: Some("spam".to_owned()),
            },
        ),
        event(55, EventId(id(0xf0)), EventBody::UserUnbanned { user_id: BOB }),
        event(1, EventId(id(0xe8)), EventBody::RoomCreated { room: room() }),
        event(48, EventId(id(0xe9)), EventBody::RoomUpdated { room: room() }),
        event(49, EventId(id(0xea)), EventBody::RoomDeleted {}),
    ]
}

/// One account event of each kind.
pub fn account_events() -> Vec<AccountEvent> {
    AccountEventKind::ALL
        .iter()
        .map(|kind| AccountEvent {
            id: EventId(id(0xf1)),
            kind: *kind,
            user_id: BOB,
            actor_id: BOB,
            occurred_at: MOMENT,
            user: Some(Box::new(bob())),
            trace: trace(),
        })
        .collect()
}

/// One signal of each type.
pub fn signals() -> Vec<ports::Signal> {
    use ports::{Signal, Status};
    let presence = |status, last_seen_at| Signal::Presence {
        user_id: BOB,
        status,
        last_seen_at,
        room_ids: Vec::new(),
    };
    vec![
        Signal::Typing {
            room_id: ROOM,
            user_id: BOB,
            active: true,
        },
        presence(Status::Online, None),
        presence(Status::Offline, Some(MOMENT)),
        Signal::Read {
            room_id: ROOM,
            user_id: BOB,
            number: 40,
        },
        Signal::Delivered {
            room_id: ROOM,
            user_id: BOB,
            number: 40,
        },
        Signal::Status {
            user_id: BOB,
            status: Some(CustomStatus {
                emoji: Some("🌴".to_owned()),
                text: Some("On holiday".to_owned()),
                until: None,
            }),
            room_ids: Vec::new(),
        },
        Signal::Profile {
            user_id: BOB,
            username: "bob".to_owned(),
            display_name: "Bob".to_owned(),
            avatar_url: None,
            room_ids: Vec::new(),
        },
        Signal::Block {
            user_id: ADA,
            blocked_id: BOB,
            is_blocked: true,
        },
        Signal::Conversation {
            user_id: BOB,
            room_id: ROOM,
            last_read_number: Some(40),
            unread: Some(0),
            is_marked_unread: Some(false),
            settings: Some(ConversationSettings {
                is_archived: false,
                is_pinned: true,
                notifications: Notifications::Mentions,
                muted_until: None,
            }),
        },
    ]
}

fn event(seq: i64, event_id: EventId, body: EventBody) -> Event {
    Event {
        id: event_id,
        room_id: ROOM,
        seq,
        occurred_at: MOMENT,
        actor_id: ADA,
        body,
        trace: trace(),
    }
}

fn trace() -> Trace {
    Trace {
        correlation_id: Some(id(0xaa).to_string().into()),
        traceparent: None,
    }
}

fn bob() -> User {
    User {
        id: BOB,
        username: "bob".to_owned(),
        email: None,
        display_name: "Bob".to_owned(),
        avatar_url: None,
        role: UserRole::User,
        created_at: MOMENT,
        last_seen_at: None,
        deactivated_at: None,
        external_id: None,
        status: None,
        privacy: confab_domain::Privacy::default(),
    }
}
