//! Who listens to signals in this process, each with a bounded queue.

use confab_domain::ports::Signal;
use parking_lot::Mutex;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::mpsc::{Receiver, Sender, channel};

use crate::measures;

/// The listeners of this process. A full queue loses the signal for its listener alone.
pub(crate) struct Listeners {
    queues: Mutex<Vec<Sender<Signal>>>,
    queue_max: usize,
}

impl Listeners {
    pub(crate) fn new(queue_max: usize) -> Self {
        Self {
            queues: Mutex::default(),
            queue_max: queue_max.max(1),
        }
    }

    pub(crate) fn listen(&self) -> Receiver<Signal> {
        let (sender, receiver) = channel(self.queue_max);
        self.queues.lock().push(sender);
        receiver
    }

    pub(crate) fn tell(&self, signal: &Signal) {
        self.queues
            .lock()
            .retain(|queue| match queue.try_send(signal.clone()) {
                Ok(()) => {
                    measures::signals("heard", 1);
                    true
                }
                Err(TrySendError::Full(_)) => {
                    measures::signals("dropped_in", 1);
                    true
                }
                Err(TrySendError::Closed(_)) => false,
            });
    }
}
