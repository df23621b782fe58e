//! The gateway as `server` sees it: started over ports, routed, asked for readiness, shut down.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use confab_domain::IncarnationId;
use confab_domain::ports::{LiveIn, Ports};
use parking_lot::Mutex;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::feed::{self, Controls, Epochs, FeedState, Healer};
use crate::hub::Hub;
use crate::presence::{CoalescedSignals, Desk, Typing, hear};
use crate::protocol::CloseCode;
use crate::replay::Replays;
use crate::routes;
use crate::session::OrderedWrites;
use crate::settings::Settings;
use crate::shared::Shared;

/// Longest wait for the short memory to be told that this node is gone.
const LEAVE_TIMEOUT: Duration = Duration::from_secs(1);

/// The sockets and streams of one process.
#[derive(Clone)]
pub struct Gateway {
    shared: Arc<Shared>,
    background: TaskTracker,
}

/// What readiness tells of the gateway.
#[derive(Clone, Copy, Debug)]
pub struct Readiness {
    /// Takes new connections.
    pub is_ready: bool,
    /// What state the live feed is in. Chat goes on, a little later, while it is not healthy.
    pub feed: FeedState,
    /// Sockets and streams open now.
    pub connections: usize,
}

impl Gateway {
    /// Starts the background tasks; they end with `stop` or after [`Self::shutdown`].
    ///
    /// `standings` in `ports` should read the store itself: a cached answer would let an ended login live on
    /// until the next re-check.
    pub fn start(
        ports: Ports,
        live: Arc<dyn LiveIn>,
        node: IncarnationId,
        settings: Settings,
        stop: &CancellationToken,
    ) -> Self {
        let signals = Arc::new(CoalescedSignals::new(ports.signals.clone()));
        let ports = Ports {
            room_writes: Arc::new(OrderedWrites(ports.room_writes.clone())),
            signals: signals.clone(),
            ..ports
        };
        let shared = Arc::new(Shared {
            hub: Hub::new(ports.limits.rooms_per_connection_max),
            ports,
            settings,
            node,
            epochs: Epochs::default(),
            healer: Healer::default(),
            controls: Controls::default(),
            replays: Replays::default(),
            desk: Desk::default(),
            typing: Typing::default(),
            feed_state: Mutex::new(FeedState::Away),
            open: AtomicUsize::new(0),
            is_stopping: AtomicBool::new(false),
            stop: stop.child_token(),
            sessions: TaskTracker::new(),
        });
        let gateway = Self {
            shared: shared.clone(),
            background: TaskTracker::new(),
        };
        gateway.keep(|shared| async move { feed::run(shared, live).await });
        gateway.keep(|shared| async move { shared.epochs.watch(&shared).await });
        gateway.keep(|shared| async move { shared.healer.run(&shared).await });
        gateway.keep(|shared| async move { shared.controls.run(&shared).await });
        gateway.keep(|shared| async move { shared.replays.run(&shared).await });
        gateway.keep(|shared| async move { shared.desk.run(&shared).await });
        gateway.keep(|shared| async move { shared.typing.run(&shared).await });
        gateway.keep(|shared| async move { hear(&shared).await });
        gateway.keep(|_| async move { signals.run().await });
        gateway
    }

    fn keep<F: Future<Output = ()> + Send + 'static>(&self, task: impl FnOnce(Arc<Shared>) -> F) {
        let stop = self.shared.stop.clone();
        let task = task(self.shared.clone());
        self.background.spawn(async move {
            stop.run_until_cancelled(task).await;
        });
    }

    /// What its parts share.
    #[cfg(test)]
    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// `/ws`, `/ws/{room_id}`, `/stream` and `/rooms/{room_id}/stream`.
    pub fn router(&self) -> Router {
        routes::router(self.shared.clone())
    }

    /// What readiness tells.
    pub fn readiness(&self) -> Readiness {
        Readiness {
            is_ready: !self.shared.is_stopping.load(Ordering::Relaxed),
            feed: *self.shared.feed_state.lock(),
            connections: self.shared.open.load(Ordering::Relaxed),
        }
    }

    /// Takes no new connections, tells clients when to come back (each another moment), answers what is in
    /// flight, closes with 4001 and returns once all are gone, after `grace` at the latest.
    pub async fn shutdown(&self, grace: Duration) {
        let shared = &self.shared;
        shared.is_stopping.store(true, Ordering::Relaxed);
        let most_ms = shared.settings.reconnect_after_max.as_millis() as u64;
        for connection in shared.hub.connections() {
            connection.announce_closing(rand::random_range(0..=most_ms));
        }
        sleep((grace / 10).min(Duration::from_millis(200))).await;
        shared.hub.close_all(CloseCode::GoingAway);
        shared.sessions.close();
        if timeout(grace, shared.sessions.wait()).await.is_err() {
            tracing::warn!(
                connections = self.readiness().connections,
                "some clients did not go in time"
            );
        }
        // The desk told of each departure meanwhile; this ends what is left of this node at once.
        if !matches!(
            timeout(LEAVE_TIMEOUT, shared.ports.presence.leave(shared.node)).await,
            Ok(Ok(()))
        ) {
            tracing::warn!(
                "the short memory was not told that this node is gone; its leases will end by themselves"
            );
        }
        shared.stop.cancel();
        self.background.close();
        self.background.wait().await;
    }
}
