//! The live feed over RabbitMQ: one transient message per batch, beat and run of control messages.

mod reader;
mod writer;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use async_trait::async_trait;
use confab_domain::ports::{Beat, CommittedBatch, FeedItem, LiveIn, LiveOut, SHARDS};
use confab_domain::{Control, EventBody, IncarnationId, Result};
use parking_lot::Mutex;
use tokio::sync::mpsc::{self, Receiver};
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::settings::RabbitMqSettings;
use crate::wakes::Wakes;
use writer::{Outgoing, Writer, WriterState};

/// About what an event costs beside its text.
const EVENT_BYTES: usize = 768;

/// Both sides of the live feed. Sending has a connection of its own; so has each listener.
#[derive(Debug)]
pub struct LiveRabbitMq {
    producer: IncarnationId,
    settings: RabbitMqSettings,
    numbers: [Mutex<u64>; SHARDS as usize],
    queue: mpsc::Sender<Outgoing>,
    state: Arc<WriterState>,
    writer: Mutex<Option<JoinHandle<()>>>,
    stop: CancellationToken,
    _stop_when_dropped: DropGuard,
}

impl LiveRabbitMq {
    /// Starts to connect; what is published before a connection stands is dropped. `Invalid` names a wrong
    /// setting. Needs a Tokio runtime.
    pub fn start(producer: IncarnationId, settings: RabbitMqSettings) -> Result<Self> {
        settings.check()?;
        let (queue, inbox) = mpsc::channel(settings.live_out_items_max);
        let state = Arc::new(WriterState::default());
        let stop = CancellationToken::new();
        let writer = Writer {
            producer,
            settings: settings.clone(),
            inbox,
            state: state.clone(),
            stop: stop.clone(),
        };
        let writer = tokio::spawn(writer.run());
        Ok(Self {
            producer,
            settings,
            numbers: std::array::from_fn(|_| Mutex::new(0)),
            queue,
            state,
            writer: Mutex::new(Some(writer)),
            _stop_when_dropped: stop.clone().drop_guard(),
            stop,
        })
    }

    /// Whether what is published now goes out: connected, and no alarm.
    pub fn is_sending(&self) -> bool {
        self.state.is_open.load(Ordering::Acquire)
    }

    /// Sends what is queued, says goodbye and sends nothing more; at most `timeout`.
    pub async fn close(&self, timeout: Duration) {
        self.stop.cancel();
        let writer = self.writer.lock().take();
        if let Some(mut writer) = writer
            && tokio::time::timeout(timeout, &mut writer).await.is_err()
        {
            writer.abort();
        }
    }

    fn enqueue(&self, item: Outgoing) {
        let kind = item.kind();
        let refused = if !self.is_sending() || self.stop.is_cancelled() {
            Some("away")
        } else {
            let bytes = item.bytes();
            let queued = self.state.queued_bytes.fetch_add(bytes, Ordering::AcqRel);
            if queued + bytes > self.settings.live_out_bytes_max || self.queue.try_send(item).is_err() {
                self.state.queued_bytes.fetch_sub(bytes, Ordering::AcqRel);
                Some("full")
            } else {
                None
            }
        };
        if let Some(reason) = refused {
            metrics::counter!("confab_broker_live_dropped_total", "kind" => kind, "reason" => reason)
                .increment(1);
        }
    }
}

impl LiveOut for LiveRabbitMq {
    fn publish(&self, batch: &Arc<CommittedBatch>) {
        // Held over the send, so that numbers go out in order whoever commits at the same time.
        let mut number = self.numbers[usize::from(batch.shard % SHARDS)].lock();
        *number += 1;
        let bytes = batch.events.iter().map(|event| event_bytes(&event.body)).sum();
        self.enqueue(Outgoing::Batch {
            batch: batch.clone(),
            number: *number,
            bytes,
        });
        drop(number);
        if !batch.controls.is_empty() {
            self.control(batch.controls.clone());
        }
    }

    fn control(&self, controls: Vec<Control>) {
        self.enqueue(Outgoing::Control(controls));
    }

    fn beat(&self, beat: Beat) {
        self.enqueue(Outgoing::Beat(beat));
    }
}

#[async_trait]
impl LiveIn for LiveRabbitMq {
    fn listen(&self) -> Receiver<FeedItem> {
        let (sender, receiver) = mpsc::channel(self.settings.live_in_items_max);
        tokio::spawn(reader::feed(self.producer, self.settings.clone(), sender));
        receiver
    }

    fn listen_wakes(&self) -> Receiver<u16> {
        let wakes = Arc::new(Wakes::default());
        let receiver = wakes.forward();
        tokio::spawn(reader::wakes(
            self.producer,
            self.settings.clone(),
            Arc::downgrade(&wakes),
        ));
        receiver
    }
}

fn event_bytes(body: &EventBody) -> usize {
    match body {
        EventBody::MessageCreated { message } | EventBody::MessageUpdated { message } => {
            EVENT_BYTES + message.content.as_ref().map_or(0, String::len)
        }
        _ => EVENT_BYTES,
    }
}
