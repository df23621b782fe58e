//! Signals within one process.

use confab_domain::ports::{Signal, Signals};
use tokio::sync::mpsc::Receiver;

use crate::listeners::Listeners;
use crate::measures;
use crate::settings::SignalSettings;

/// Signals that stay in this process.
pub struct MemorySignals {
    listeners: Listeners,
}

impl MemorySignals {
    /// Nobody listens yet.
    pub fn new(settings: &SignalSettings) -> Self {
        Self {
            listeners: Listeners::new(settings.inbox_max),
        }
    }
}

impl Signals for MemorySignals {
    fn send(&self, signal: Signal) {
        measures::signals("sent", 1);
        self.listeners.tell(&signal);
    }

    fn listen(&self) -> Receiver<Signal> {
        self.listeners.listen()
    }
}
