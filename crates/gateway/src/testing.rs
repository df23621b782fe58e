//! Small makers of domain values for this crate's own tests.

use std::sync::Arc;

use confab_domain::{Event, EventBody, EventId, MessageId, RoomId, Timestamp, Trace, UserId};
use uuid::Uuid;

/// The room that tests are in unless they say otherwise.
pub(crate) fn a_room() -> RoomId {
    RoomId(Uuid::from_u128(0xB1))
}

/// A person by number.
pub(crate) fn person(number: u128) -> UserId {
    UserId(Uuid::from_u128(0xA000 + number))
}

/// An event of [`a_room`] with a body.
pub(crate) fn event(seq: i64, body: EventBody) -> Arc<Event> {
    Arc::new(Event {
        id: EventId(Uuid::from_u128(seq as u128)),
        room_id: a_room(),
        seq,
        occurred_at: Timestamp::from_millis(seq),
        actor_id: person(0),
        body,
        trace: Trace::default(),
    })
}

/// The smallest event there is: a message was deleted.
pub(crate) fn deleted_event(seq: i64) -> Arc<Event> {
    event(
        seq,
        EventBody::MessageDeleted {
            message_id: MessageId(Uuid::nil()),
            number: seq,
        },
    )
}
