//! What every part of one gateway shares.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use confab_domain::ports::Ports;
use confab_domain::{Control, IncarnationId};
use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::feed::{Controls, Epochs, FeedState, Healer};
use crate::hub::{Delivered, Hub, Scope};
use crate::measures;
use crate::presence::{Desk, Typing};
use crate::protocol::CloseCode;
use crate::replay::Replays;
use crate::settings::Settings;

/// Longest wait for any answer of the store.
pub(crate) const STORE_TIMEOUT: Duration = Duration::from_secs(5);

/// One gateway's parts.
pub(crate) struct Shared {
    pub(crate) ports: Ports,
    pub(crate) settings: Settings,
    pub(crate) node: IncarnationId,
    pub(crate) hub: Hub,
    pub(crate) epochs: Epochs,
    pub(crate) healer: Healer,
    pub(crate) controls: Controls,
    pub(crate) replays: Replays,
    pub(crate) desk: Desk,
    pub(crate) typing: Typing,
    pub(crate) feed_state: Mutex<FeedState>,
    /// Sockets and streams, signed in or not.
    pub(crate) open: AtomicUsize,
    /// No new connections.
    pub(crate) is_stopping: AtomicBool,
    /// Ends background tasks.
    pub(crate) stop: CancellationToken,
    /// Sessions, waited for at the end.
    pub(crate) sessions: TaskTracker,
}

impl Shared {
    /// Acts on what a delivery did, outside the room's lock.
    pub(crate) fn after_delivery(&self, done: Delivered) {
        if done.frames > 0 {
            measures::deliveries(done.frames);
        }
        for (subscriber, room_id) in done.gone {
            if !self.hub.is_followed_by(room_id, subscriber.user_id) {
                self.desk.left_rooms(subscriber.user_id, vec![room_id]);
            }
            if subscriber.scope == Scope::Room(room_id) {
                subscriber.close(CloseCode::Forbidden);
            }
        }
        for (room_id, user_id) in done.came {
            self.controls.hint(self, Control::Membership { room_id, user_id });
        }
    }

    /// Takes a place for a connection; none when there are too many or the gateway stops.
    pub(crate) fn admit(self: &std::sync::Arc<Self>) -> Option<Place> {
        if self.is_stopping.load(Ordering::Relaxed) {
            return None;
        }
        let before = self.open.fetch_add(1, Ordering::Relaxed);
        let place = Place(self.clone());
        (before < self.settings.connections_max).then_some(place)
    }
}

/// A connection's place, given back when it ends.
pub(crate) struct Place(std::sync::Arc<Shared>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::Relaxed);
    }
}
