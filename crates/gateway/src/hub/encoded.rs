//! What goes to many clients, encoded once.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::sync::Arc;

use confab_contract::{encode_event, encode_hidden, encode_signal};
use confab_domain::ports::Signal;
use confab_domain::{Event, Horizon, RoomId};

use crate::websocket::Frame;

/// A frame with what SSE and the queues need to know of it.
#[derive(Clone, Debug)]
pub(crate) struct Encoded {
    /// Ready for any socket; its payload is the `data` of SSE.
    pub(crate) frame: Frame,
    /// `event` of SSE.
    pub(crate) name: Cow<'static, str>,
    /// The room it belongs to.
    pub(crate) room_id: Option<RoomId>,
    /// Its place in the room, when it is durable.
    pub(crate) seq: Option<i64>,
}

impl Encoded {
    /// A durable event. None when it cannot be written, which is logged.
    pub(crate) fn event(event: &Event) -> Option<Arc<Self>> {
        match encode_event(event) {
            Ok(json) => Some(Arc::new(Self {
                frame: Frame::text(&json),
                name: Cow::Owned(event.body.event_type().to_owned()),
                room_id: Some(event.room_id),
                seq: Some(event.seq),
            })),
            Err(error) => {
                tracing::error!(event.id = %event.id, %error, "an event could not be encoded");
                None
            }
        }
    }

    /// The place of an event before the viewer's time.
    pub(crate) fn hidden(room_id: RoomId, seq: i64) -> Arc<Self> {
        Arc::new(Self {
            frame: Frame::text(&encode_hidden(room_id, seq)),
            name: Cow::Borrowed("hidden"),
            room_id: Some(room_id),
            seq: Some(seq),
        })
    }

    /// A signal; none for what is between nodes alone.
    pub(crate) fn signal(signal: &Signal) -> Option<Arc<Self>> {
        let (name, room_id) = match signal {
            Signal::Typing { room_id, .. } => ("typing", Some(*room_id)),
            Signal::Read { room_id, .. } => ("read", Some(*room_id)),
            Signal::Delivered { room_id, .. } => ("delivered", Some(*room_id)),
            Signal::Presence { status, .. } if *status == confab_domain::ports::Status::Offline => {
                ("user_offline", None)
            }
            Signal::Presence { .. } => ("user_online", None),
            Signal::Status { .. } => ("user_status", None),
            Signal::Profile { .. } => ("user_updated", None),
            Signal::Block { .. } => ("block_updated", None),
            Signal::Conversation { .. } => ("conversation_updated", None),
            Signal::Replaced { .. } => return None,
        };
        let json = encode_signal(signal)?;
        Some(Arc::new(Self {
            frame: Frame::text(&json),
            name: Cow::Borrowed(name),
            room_id,
            seq: None,
        }))
    }

    /// A frame of the gateway itself, about a room.
    pub(crate) fn notice(name: &'static str, room_id: RoomId, json: &str) -> Arc<Self> {
        Arc::new(Self {
            frame: Frame::text(json),
            name: Cow::Borrowed(name),
            room_id: Some(room_id),
            seq: None,
        })
    }

    /// A frame of the gateway itself to one client.
    pub(crate) fn reply(name: &'static str, json: &str) -> Arc<Self> {
        Arc::new(Self {
            frame: Frame::text(json),
            name: Cow::Borrowed(name),
            room_id: None,
            seq: None,
        })
    }

    /// Bytes it takes in a queue.
    pub(crate) fn queue_bytes(&self) -> usize {
        self.frame.bytes().len()
    }
}

/// An event on its way to many viewers: each form is encoded when the first one needs it.
pub(crate) struct Outgoing<'a> {
    pub(crate) event: &'a Arc<Event>,
    shown: OnceCell<Arc<Encoded>>,
    hidden: OnceCell<Arc<Encoded>>,
}

impl<'a> Outgoing<'a> {
    pub(crate) fn new(event: &'a Arc<Event>) -> Self {
        Self {
            event,
            shown: OnceCell::new(),
            hidden: OnceCell::new(),
        }
    }

    /// The form that a viewer with this horizon gets.
    pub(crate) fn for_viewer(&self, horizon: Horizon) -> &Arc<Encoded> {
        if horizon.shows_event(self.event.seq, self.event.body.about_number()) {
            self.shown.get_or_init(|| {
                // An event that cannot be written still has its place: without it `seq` would have a hole.
                Encoded::event(self.event)
                    .unwrap_or_else(|| Encoded::hidden(self.event.room_id, self.event.seq))
            })
        } else {
            self.hidden
                .get_or_init(|| Encoded::hidden(self.event.room_id, self.event.seq))
        }
    }
}

/// Events of a replay as one viewer gets them.
pub(crate) fn replayed(events: &[Arc<Event>], horizon: Horizon) -> impl Iterator<Item = Arc<Encoded>> {
    events
        .iter()
        .map(move |event| Outgoing::new(event).for_viewer(horizon).clone())
}
