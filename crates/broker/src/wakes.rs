//! Wake hints: which shards moved, as bits, so that a thousand hints for one shard are one.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use confab_domain::ports::SHARDS;
use tokio::sync::Notify;
use tokio::sync::mpsc::{self, Receiver};

/// Shards that moved and were not told yet.
#[derive(Debug, Default)]
pub(crate) struct Wakes {
    shards: AtomicU32,
    notify: Notify,
}

impl Wakes {
    /// Notes a shard; numbers that are no shard are ignored.
    pub(crate) fn wake(&self, shard: u16) {
        if shard < SHARDS {
            self.shards.fetch_or(1 << shard, Ordering::Release);
            self.notify.notify_one();
        }
    }

    /// Notes all shards: something may have been missed.
    pub(crate) fn wake_all(&self) {
        self.shards.fetch_or((1 << SHARDS) - 1, Ordering::Release);
        self.notify.notify_one();
    }

    /// Hands the hints out until the receiver is dropped, then calls nobody any more.
    pub(crate) fn forward(self: &Arc<Self>) -> Receiver<u16> {
        let (sender, receiver) = mpsc::channel(usize::from(SHARDS));
        let wakes = self.clone();
        tokio::spawn(async move {
            loop {
                tokio::select! {
                    () = wakes.notify.notified() => {}
                    () = sender.closed() => return,
                }
                let shards = wakes.shards.swap(0, Ordering::AcqRel);
                for shard in (0..SHARDS).filter(|shard| shards & (1 << shard) != 0) {
                    if sender.send(shard).await.is_err() {
                        return;
                    }
                }
            }
        });
        receiver
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn many_hints_for_one_shard_are_one() {
        let wakes = Arc::new(Wakes::default());
        for _ in 0..1_000 {
            wakes.wake(3);
        }
        wakes.wake(5);
        wakes.wake(SHARDS);
        let mut told = wakes.forward();
        assert_eq!(told.recv().await, Some(3));
        assert_eq!(told.recv().await, Some(5));
        assert!(told.try_recv().is_err());
    }
}
