//! One live connection as the hub knows it: who, what it follows, and its bounded queue.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use confab_domain::ports::Status;
use confab_domain::{Actor, ConnectionId, RoomId, SessionId, Timestamp, UserId, UserRole};
use parking_lot::Mutex;

use super::Encoded;
use crate::protocol::CloseCode;

/// Most frames that wait for one client. Far above what one committed batch can bring to a busy room at once:
/// a bound of 256 closed clients that had had no moment to read. What waits is shared by all of a room's
/// clients, and its bytes have a bound of their own.
pub(crate) const QUEUE_FRAMES_MAX: usize = 4_096;
/// Most bytes that wait for one client.
pub(crate) const QUEUE_BYTES_MAX: usize = 1024 * 1024;

/// What a connection is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// All rooms of the person, or those they name.
    Rooms,
    /// One room.
    Room(RoomId),
}

/// Rooms that a session is to follow because something changed, not because it asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Follow {
    pub(crate) room_id: RoomId,
    /// What was missed cannot be had: say so.
    pub(crate) reset: bool,
    /// From after this event, when it is known.
    pub(crate) after_seq: Option<i64>,
}

/// A live connection.
#[derive(Debug)]
pub(crate) struct Subscriber {
    pub(crate) id: ConnectionId,
    pub(crate) user_id: UserId,
    pub(crate) opened_at: Timestamp,
    pub(crate) scope: Scope,
    inbox: Mutex<Inbox>,
}

#[derive(Debug)]
struct Inbox {
    role: UserRole,
    shares_read_marks: bool,
    session_id: Option<SessionId>,
    status: Status,
    /// Rooms the person comes into are followed without asking.
    follows_new_rooms: bool,
    items: VecDeque<Arc<Encoded>>,
    bytes: usize,
    follow: Vec<Follow>,
    close: Option<CloseCode>,
    /// The server stops: come back after so many milliseconds.
    reconnect_after_ms: Option<u64>,
    waker: Option<Waker>,
    /// Rooms it has a subscription in, pending or live.
    rooms: HashSet<RoomId, foldhash::fast::FixedState>,
    /// Rooms it does not want.
    declined: HashSet<RoomId, foldhash::fast::FixedState>,
}

/// What was waiting.
#[derive(Debug, Default)]
pub(crate) struct Taken {
    pub(crate) frames: Vec<Arc<Encoded>>,
    pub(crate) follow: Vec<Follow>,
    pub(crate) close: Option<CloseCode>,
    pub(crate) reconnect_after_ms: Option<u64>,
}

impl Subscriber {
    pub(crate) fn new(
        id: ConnectionId,
        actor: &Actor,
        scope: Scope,
        follows_new_rooms: bool,
        now: Timestamp,
    ) -> Arc<Self> {
        Arc::new(Self {
            id,
            user_id: actor.user_id,
            opened_at: now,
            scope,
            inbox: Mutex::new(Inbox {
                role: actor.role,
                shares_read_marks: true,
                session_id: actor.session_id,
                status: Status::Online,
                follows_new_rooms,
                items: VecDeque::new(),
                bytes: 0,
                follow: Vec::new(),
                close: None,
                reconnect_after_ms: None,
                waker: None,
                rooms: HashSet::default(),
                declined: HashSet::default(),
            }),
        })
    }

    /// Who acts through it, as their account stands now.
    pub(crate) fn actor(&self) -> Actor {
        let inbox = self.inbox.lock();
        Actor {
            user_id: self.user_id,
            role: inbox.role,
            session_id: inbox.session_id,
        }
    }

    /// The login it rests on, whose end is its end.
    pub(crate) fn session_id(&self) -> Option<SessionId> {
        self.inbox.lock().session_id
    }

    /// Takes over a newer token of the same person, which may be of another login; whether it is.
    pub(crate) fn renew(&self, actor: &Actor) -> bool {
        let mut inbox = self.inbox.lock();
        inbox.role = actor.role;
        std::mem::replace(&mut inbox.session_id, actor.session_id) != actor.session_id
    }

    /// Whether the person shares what they have read, and so may be told of others.
    pub(crate) fn shares_read_marks(&self) -> bool {
        self.inbox.lock().shares_read_marks
    }

    pub(crate) fn set_shares_read_marks(&self, shares: bool) {
        self.inbox.lock().shares_read_marks = shares;
    }

    pub(crate) fn set_role(&self, role: UserRole) {
        self.inbox.lock().role = role;
    }

    pub(crate) fn status(&self) -> Status {
        self.inbox.lock().status
    }

    /// Sets what the connection says of its person; whether that is new.
    pub(crate) fn set_status(&self, status: Status) -> bool {
        std::mem::replace(&mut self.inbox.lock().status, status) != status
    }

    pub(crate) fn set_follows_new_rooms(&self, follows: bool) {
        self.inbox.lock().follows_new_rooms = follows;
    }

    /// Queues frames in order; the client that does not keep up is told to close.
    pub(crate) fn push<'a>(&self, frames: impl IntoIterator<Item = &'a Arc<Encoded>>) {
        let mut inbox = self.inbox.lock();
        if inbox.close.is_some() {
            return;
        }
        for frame in frames {
            let bytes = frame.queue_bytes();
            // One frame above the bound of bytes may stand alone, or it could never be delivered.
            let is_full = inbox.items.len() >= QUEUE_FRAMES_MAX
                || (inbox.bytes + bytes > QUEUE_BYTES_MAX && !inbox.items.is_empty());
            if is_full {
                inbox.close = Some(CloseCode::SlowConsumer);
                inbox.items = VecDeque::new();
                inbox.bytes = 0;
                break;
            }
            inbox.bytes += bytes;
            inbox.items.push_back(frame.clone());
        }
        inbox.wake();
    }

    /// Tells the session to close. The first reason stands.
    pub(crate) fn close(&self, code: CloseCode) {
        let mut inbox = self.inbox.lock();
        inbox.close.get_or_insert(code);
        inbox.wake();
    }

    /// Tells the session that the server stops.
    pub(crate) fn announce_closing(&self, reconnect_after_ms: u64) {
        let mut inbox = self.inbox.lock();
        inbox.reconnect_after_ms = Some(reconnect_after_ms);
        inbox.wake();
    }

    /// Asks the session to follow a room again, or one it was added to.
    pub(crate) fn follow(&self, follow: Follow) {
        let mut inbox = self.inbox.lock();
        if !inbox
            .follow
            .iter()
            .any(|waiting| waiting.room_id == follow.room_id)
        {
            inbox.follow.push(follow);
            inbox.wake();
        }
    }

    /// Whether a room that its person belongs to is to be followed without asking, and is not yet.
    pub(crate) fn wants(&self, room_id: RoomId, rooms_max: usize) -> bool {
        let inbox = self.inbox.lock();
        inbox.follows_new_rooms
            && inbox.rooms.len() < rooms_max
            && !inbox.rooms.contains(&room_id)
            && !inbox.declined.contains(&room_id)
    }

    /// Notes a subscription; false when it would be one too many.
    pub(super) fn add_room(&self, room_id: RoomId, rooms_max: usize) -> bool {
        let mut inbox = self.inbox.lock();
        inbox.declined.remove(&room_id);
        if !inbox.rooms.contains(&room_id) && inbox.rooms.len() >= rooms_max {
            return false;
        }
        inbox.rooms.insert(room_id);
        inbox.drop_room(room_id);
        true
    }

    /// Forgets a subscription and what waits of its room.
    pub(super) fn remove_room(&self, room_id: RoomId, drop_queued: bool) {
        let mut inbox = self.inbox.lock();
        inbox.rooms.remove(&room_id);
        if drop_queued {
            inbox.drop_room(room_id);
        }
    }

    /// Notes that its person does not want a room on this connection.
    pub(crate) fn decline(&self, room_id: RoomId, declined_max: usize) {
        let mut inbox = self.inbox.lock();
        if inbox.declined.len() < declined_max {
            inbox.declined.insert(room_id);
        }
    }

    /// Rooms it has a subscription in.
    pub(crate) fn rooms(&self) -> Vec<RoomId> {
        self.inbox.lock().rooms.iter().copied().collect()
    }

    pub(crate) fn follows(&self, room_id: RoomId) -> bool {
        self.inbox.lock().rooms.contains(&room_id)
    }

    /// Takes what waits: notices always, frames up to `bytes_max` (0: none). Pending when there is nothing.
    pub(crate) fn poll_take(&self, cx: &mut Context<'_>, bytes_max: usize) -> Poll<Taken> {
        let mut inbox = self.inbox.lock();
        let mut taken = Taken {
            frames: Vec::new(),
            follow: std::mem::take(&mut inbox.follow),
            close: inbox.close,
            reconnect_after_ms: inbox.reconnect_after_ms.take(),
        };
        let mut bytes = 0;
        while bytes < bytes_max {
            let Some(frame) = inbox.items.pop_front() else {
                break;
            };
            bytes += frame.queue_bytes();
            taken.frames.push(frame);
        }
        inbox.bytes -= bytes;
        if inbox.items.is_empty() && inbox.items.capacity() > 8 {
            inbox.items = VecDeque::new();
        }
        let is_nothing = taken.frames.is_empty()
            && taken.follow.is_empty()
            && taken.close.is_none()
            && taken.reconnect_after_ms.is_none();
        if is_nothing {
            match &mut inbox.waker {
                Some(waker) => waker.clone_from(cx.waker()),
                none => *none = Some(cx.waker().clone()),
            }
            return Poll::Pending;
        }
        Poll::Ready(taken)
    }
}

impl Inbox {
    fn wake(&mut self) {
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }

    fn drop_room(&mut self, room_id: RoomId) {
        if self.items.iter().any(|frame| frame.room_id == Some(room_id)) {
            self.items.retain(|frame| frame.room_id != Some(room_id));
            self.bytes = self.items.iter().map(|frame| frame.queue_bytes()).sum();
        }
    }
}
