//! A connection's place in the hub and at the desk; given back however its task ends.

use std::sync::Arc;

use crate::hub::Subscriber;
use crate::measures;
use crate::protocol::CloseCode;
use crate::shared::{Place, Shared};

/// A registered connection.
pub(crate) struct Registration {
    shared: Arc<Shared>,
    subscriber: Arc<Subscriber>,
    kind: &'static str,
    has_arrived: bool,
    has_ended: bool,
    _place: Place,
}

impl Registration {
    /// Registers with the hub: what is revoked from now on is told to this connection too.
    pub(crate) fn new(
        shared: &Arc<Shared>,
        subscriber: &Arc<Subscriber>,
        kind: &'static str,
        place: Place,
    ) -> Self {
        shared.hub.register(subscriber);
        Self {
            shared: shared.clone(),
            subscriber: subscriber.clone(),
            kind,
            has_arrived: false,
            has_ended: false,
            _place: place,
        }
    }

    /// Reports the connection as open.
    pub(crate) fn arrive(&mut self) {
        self.has_arrived = true;
        self.shared.desk.arrived(&self.subscriber);
        measures::connection_opened(self.kind);
    }

    /// Ends all its subscriptions and reports it as closed; nothing is queued for it from now on.
    pub(crate) fn end(&mut self, code: Option<CloseCode>) {
        if std::mem::replace(&mut self.has_ended, true) {
            return;
        }
        let left = self.shared.hub.unregister(&self.subscriber);
        if self.has_arrived {
            self.shared.desk.departed(&self.subscriber, left);
            measures::connection_closed(self.kind, code);
        }
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        self.end(None);
    }
}
