//! One served room: its order and its viewers. Everything here runs under the room's lock.

use std::collections::HashMap;
use std::sync::Arc;

use confab_domain::{ConnectionId, Event, EventBody, Horizon, LeaveReason, RoomId, UserId};

use super::encoded::{Encoded, Outgoing};
use super::order::RoomOrder;
use super::subscriber::Subscriber;
use crate::protocol::ServerFrame;

/// A viewer of a room.
#[derive(Debug)]
pub(super) struct Subscription {
    pub(super) subscriber: Arc<Subscriber>,
    pub(super) state: State,
}

/// How far a viewer is in joining.
#[derive(Clone, Copy, Debug)]
pub(super) enum State {
    /// Catching up from the store: live events are noted by the room's order, not queued.
    Pending,
    /// Gets every event after `after_seq`.
    Live { after_seq: i64, horizon: Horizon },
}

/// A served room.
#[derive(Debug, Default)]
pub(super) struct Room {
    pub(super) order: RoomOrder,
    pub(super) viewers: HashMap<ConnectionId, Subscription, foldhash::fast::FixedState>,
}

/// What delivering did, for whoever must act on it after the lock is released.
#[derive(Debug, Default)]
pub(crate) struct Delivered {
    /// Frames queued, over all viewers.
    pub(crate) frames: u64,
    /// Viewers whom an event took out of the room.
    pub(crate) gone: Vec<(Arc<Subscriber>, RoomId)>,
    /// People who came in: their other connections may want the room.
    pub(crate) came: Vec<(RoomId, UserId)>,
}

impl Room {
    /// Delivers events that go on now, in order. `from_store` says that the run shows the present state, so
    /// that whom it removes must not see the rest of it.
    pub(super) fn deliver(
        &mut self,
        room_id: RoomId,
        run: &[Arc<Event>],
        from_store: bool,
        done: &mut Delivered,
    ) {
        if run.is_empty() {
            return;
        }
        let outgoing: Vec<Outgoing<'_>> = run.iter().map(Outgoing::new).collect();
        if from_store {
            for out in outgoing.iter().rev() {
                self.take_out_whom_it_removes(room_id, out, done);
            }
            self.send(&outgoing, done);
        } else {
            let mut rest = outgoing.as_slice();
            while let Some(at) = rest.iter().position(|out| removal(out.event).is_some()) {
                self.send(&rest[..at], done);
                self.take_out_whom_it_removes(room_id, &rest[at], done);
                rest = &rest[at..];
                self.send(&rest[..1], done);
                rest = &rest[1..];
            }
            self.send(rest, done);
        }
        for event in run {
            if let EventBody::UserJoined { user_id, .. } = event.body {
                done.came.push((room_id, user_id));
            }
        }
    }

    /// One wake a viewer, however many events.
    fn send(&self, outgoing: &[Outgoing<'_>], done: &mut Delivered) {
        let Some(last) = outgoing.last() else { return };
        for viewer in self.viewers.values() {
            let State::Live { after_seq, horizon } = viewer.state else {
                continue;
            };
            if last.event.seq <= after_seq {
                continue;
            }
            let first = outgoing.partition_point(|out| out.event.seq <= after_seq);
            let frames = outgoing[first..].iter().map(|out| out.for_viewer(horizon));
            viewer.subscriber.push(frames);
            done.frames += (outgoing.len() - first) as u64;
        }
    }

    /// The removed person's own `user_left` is the last event they get, then `unsubscribed`.
    fn take_out_whom_it_removes(&mut self, room_id: RoomId, out: &Outgoing<'_>, done: &mut Delivered) {
        let Some((who, reason)) = removal(out.event) else {
            return;
        };
        let seq = out.event.seq;
        let farewell = unsubscribed(room_id, reason);
        self.viewers.retain(|_, viewer| {
            let State::Live { after_seq, .. } = viewer.state else {
                return true;
            };
            let is_meant = seq > after_seq && who.is_none_or(|user_id| viewer.subscriber.user_id == user_id);
            if is_meant {
                viewer.subscriber.push([out.for_viewer(Horizon::ALL), &farewell]);
                viewer.subscriber.remove_room(room_id, false);
                done.frames += 2;
                done.gone.push((viewer.subscriber.clone(), room_id));
            }
            !is_meant
        });
    }
}

/// Whom an event takes out of its room (none: everybody), and why.
fn removal(event: &Event) -> Option<(Option<UserId>, &'static str)> {
    match event.body {
        EventBody::UserLeft { user_id, reason } => Some((Some(user_id), word_of(reason))),
        EventBody::RoomDeleted {} => Some((None, "room_deleted")),
        _ => None,
    }
}

/// Why somebody is out of a room, as `unsubscribed` says it.
pub(crate) fn word_of(reason: LeaveReason) -> &'static str {
    reason.as_str()
}

/// The last word of a room.
pub(super) fn unsubscribed(room_id: RoomId, reason: &'static str) -> Arc<Encoded> {
    let frame = ServerFrame::Unsubscribed {
        reference: None,
        room_id,
        reason,
    };
    Encoded::notice("unsubscribed", room_id, &frame.to_json())
}
