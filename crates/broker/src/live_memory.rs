//! The in-process live feed: the same numbers, bounds and gaps as RabbitMQ's, without a wire.

use std::sync::{Arc, Weak};

use async_trait::async_trait;
use confab_domain::ports::{Beat, CommittedBatch, FeedItem, LiveBatch, LiveIn, LiveOut, SHARDS};
use confab_domain::{Control, IncarnationId};
use parking_lot::Mutex;
use tokio::sync::broadcast::{self, error::RecvError};
use tokio::sync::mpsc::{self, Receiver};

use crate::settings::LiveMemorySettings;
use crate::wakes::Wakes;

/// Both sides of the live feed within one process.
#[derive(Debug)]
pub struct LiveMemory {
    producer: IncarnationId,
    numbers: [Mutex<u64>; SHARDS as usize],
    feed: broadcast::Sender<FeedItem>,
    wakes: Mutex<Vec<Weak<Wakes>>>,
}

impl LiveMemory {
    /// A feed on which this process is the only producer.
    pub fn new(producer: IncarnationId, settings: LiveMemorySettings) -> Self {
        let (feed, _) = broadcast::channel(settings.queue_items_max.max(1));
        Self {
            producer,
            numbers: std::array::from_fn(|_| Mutex::new(0)),
            feed,
            wakes: Mutex::default(),
        }
    }

    fn send(&self, kind: &'static str, item: FeedItem) {
        metrics::counter!("confab_broker_live_sent_total", "kind" => kind).increment(1);
        // Nobody listens: nothing to do.
        let _ = self.feed.send(item);
    }
}

impl LiveOut for LiveMemory {
    fn publish(&self, batch: &Arc<CommittedBatch>) {
        let shard = batch.shard % SHARDS;
        {
            // Held over the send, so that numbers arrive in order whoever commits at the same time.
            let mut number = self.numbers[usize::from(shard)].lock();
            *number += 1;
            let live = LiveBatch {
                epoch: batch.epoch.clone(),
                producer: self.producer,
                shard,
                number: *number,
                events: batch.events.clone(),
            };
            self.send("batch", FeedItem::Batch(Arc::new(live)));
        }
        if !batch.controls.is_empty() {
            self.control(batch.controls.clone());
        }
        self.wakes.lock().retain(|wakes| match wakes.upgrade() {
            Some(wakes) => {
                wakes.wake(shard);
                true
            }
            None => false,
        });
    }

    fn control(&self, controls: Vec<Control>) {
        self.send("control", FeedItem::Control(controls));
    }

    fn beat(&self, beat: Beat) {
        self.send("beat", FeedItem::Beat(beat));
    }
}

#[async_trait]
impl LiveIn for LiveMemory {
    fn listen(&self) -> Receiver<FeedItem> {
        // The broadcast is the queue; the channel only hands over.
        let (sender, receiver) = mpsc::channel(1);
        let mut feed = self.feed.subscribe();
        tokio::spawn(async move {
            let mut item = FeedItem::Connected;
            loop {
                if sender.send(item).await.is_err() {
                    return;
                }
                item = tokio::select! {
                    received = feed.recv() => match received {
                        Ok(item) => item,
                        Err(RecvError::Lagged(count)) => {
                            metrics::counter!("confab_broker_live_overflows_total").increment(count);
                            // Control messages bear no number: say so when some are gone.
                            FeedItem::Connected
                        }
                        Err(RecvError::Closed) => return,
                    },
                    () = sender.closed() => return,
                };
            }
        });
        receiver
    }

    fn listen_wakes(&self) -> Receiver<u16> {
        let wakes = Arc::new(Wakes::default());
        self.wakes.lock().push(Arc::downgrade(&wakes));
        wakes.wake_all();
        wakes.forward()
    }
}
