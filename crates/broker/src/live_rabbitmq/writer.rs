//! The sending side's task: takes what is queued in bunches, encodes it and writes it, or drops it.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use confab_domain::ports::{Beat, CommittedBatch};
use confab_domain::{Control, Error, IncarnationId};
use futures_util::future::try_join_all;
use futures_util::poll;
use lapin::options::BasicPublishOptions;
use lapin::{BasicProperties, Channel};
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::connection::{Chain, Link};
use crate::encoding::{encode_batch, encode_beat, encode_controls};
use crate::retries::Retries;
use crate::settings::RabbitMqSettings;
use crate::topology::{BEAT_KEY, CONTROL_KEY, LIVE_EXCHANGE, declare_live};

const PURPOSE: &str = "live-out";
/// Items that go out in one run of writes.
const BUNCH_ITEMS: usize = 64;
/// How soon a lost or blocked connection is noticed while nothing is sent.
const WATCH_INTERVAL: Duration = Duration::from_millis(100);

/// Something to be sent.
#[derive(Debug)]
pub(super) enum Outgoing {
    Batch {
        batch: Arc<CommittedBatch>,
        number: u64,
        bytes: usize,
    },
    Beat(Beat),
    Control(Vec<Control>),
}

impl Outgoing {
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Batch { .. } => "batch",
            Self::Beat(_) => "beat",
            Self::Control(_) => "control",
        }
    }

    /// About how much memory it holds.
    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::Batch { bytes, .. } => *bytes,
            Self::Beat(beat) => 128 + 24 * beat.heads.len(),
            Self::Control(controls) => 40 * controls.len(),
        }
    }

    fn encode(&self, producer: IncarnationId) -> Option<(String, Vec<u8>)> {
        match self {
            Self::Batch { batch, number, .. } => {
                encode_batch(batch, producer, *number).map(|body| (batch.shard.to_string(), body))
            }
            Self::Beat(beat) => encode_beat(beat).map(|body| (BEAT_KEY.to_owned(), body)),
            Self::Control(controls) => encode_controls(controls).map(|body| (CONTROL_KEY.to_owned(), body)),
        }
    }
}

/// What the port reads without waiting.
#[derive(Debug, Default)]
pub(super) struct WriterState {
    /// Connected, and no alarm.
    pub(super) is_open: AtomicBool,
    pub(super) queued_bytes: AtomicUsize,
}

impl WriterState {
    fn set_open(&self, is_open: bool) {
        self.is_open.store(is_open, Ordering::Release);
        metrics::gauge!("confab_broker_connected", "connection" => PURPOSE).set(f64::from(u8::from(is_open)));
    }
}

pub(super) struct Writer {
    pub(super) producer: IncarnationId,
    pub(super) settings: RabbitMqSettings,
    pub(super) inbox: mpsc::Receiver<Outgoing>,
    pub(super) state: Arc<WriterState>,
    pub(super) stop: CancellationToken,
}

impl Writer {
    pub(super) async fn run(mut self) {
        let mut retries = Retries::new(&self.settings);
        let stop = self.stop.clone();
        loop {
            let opened = tokio::select! {
                opened = self.open() => opened,
                () = stop.cancelled() => return,
            };
            match opened {
                Ok((link, channel)) => {
                    retries.reset();
                    tracing::info!(connection = PURPOSE, "connected to RabbitMQ");
                    let ended = self.serve(&link, &channel).await;
                    self.state.set_open(false);
                    self.drop_queued();
                    match ended {
                        Ok(()) => {
                            link.close().await;
                            return;
                        }
                        Err(error) => {
                            tracing::warn!(connection = PURPOSE, error = %Chain(&error), "RabbitMQ lost");
                        }
                    }
                }
                Err(error) => {
                    tracing::warn!(connection = PURPOSE, error = %Chain(&error), "RabbitMQ is away");
                }
            }
            metrics::counter!("confab_broker_reconnects_total", "connection" => PURPOSE).increment(1);
            tokio::select! {
                () = tokio::time::sleep(retries.next_pause()) => {}
                () = stop.cancelled() => return,
            }
        }
    }

    async fn open(&self) -> Result<(Link, Channel), Error> {
        let link = Link::open(&self.settings, PURPOSE).await?;
        let channel = link.channel(self.settings.connect_timeout).await?;
        declare_live(&channel, self.settings.connect_timeout).await?;
        Ok((link, channel))
    }

    /// Sends until the connection is lost (an error) or nothing more is to be sent.
    async fn serve(&mut self, link: &Link, channel: &Channel) -> Result<(), Error> {
        let mut bunch = Vec::with_capacity(BUNCH_ITEMS);
        let stop = self.stop.clone();
        loop {
            self.state.set_open(!link.is_blocked());
            let is_stopping = stop.is_cancelled();
            let count = if is_stopping {
                while bunch.len() < BUNCH_ITEMS
                    && let Ok(item) = self.inbox.try_recv()
                {
                    bunch.push(item);
                }
                bunch.len()
            } else {
                tokio::select! {
                    count = self.inbox.recv_many(&mut bunch, BUNCH_ITEMS) => count,
                    () = tokio::time::sleep(WATCH_INTERVAL) => {
                        if !link.is_open() || !channel.status().connected() {
                            return Err(Error::Unavailable("RabbitMQ closed the connection", None));
                        }
                        continue;
                    }
                    () = stop.cancelled() => continue,
                }
            };
            if count == 0 {
                return Ok(());
            }
            for item in &bunch {
                self.state.queued_bytes.fetch_sub(item.bytes(), Ordering::AcqRel);
            }
            if link.is_blocked() {
                dropped(&bunch, "blocked");
            } else {
                self.send(link, channel, &bunch).await?;
            }
            bunch.clear();
        }
    }

    /// Writes a bunch in order. An alarm in the midst of it is no failure: the rest goes out after it.
    async fn send(&self, link: &Link, channel: &Channel, bunch: &[Outgoing]) -> Result<(), Error> {
        let mut writes: Vec<Pin<Box<dyn Future<Output = lapin::Result<()>> + Send + '_>>> = Vec::new();
        for item in bunch {
            let Some((key, body)) = item.encode(self.producer) else {
                continue;
            };
            let mut write = Box::pin(async move {
                let options = BasicPublishOptions::default();
                let (exchange, properties) = (LIVE_EXCHANGE.into(), transient());
                channel
                    .basic_publish(exchange, key.into(), options, &body, properties)
                    .await
                    .map(drop)
            });
            // The first poll queues the frames: one after the other keeps the order.
            match poll!(write.as_mut()) {
                std::task::Poll::Ready(written) => written.map_err(away)?,
                std::task::Poll::Pending => writes.push(write),
            }
            metrics::counter!("confab_broker_live_sent_total", "kind" => item.kind()).increment(1);
        }
        match timeout(self.settings.send_timeout, try_join_all(writes)).await {
            Ok(written) => written.map(drop).map_err(away),
            Err(_) if link.is_blocked() => Ok(()),
            Err(late) => Err(Error::unavailable("RabbitMQ takes nothing", late)),
        }
    }

    fn drop_queued(&mut self) {
        while let Ok(item) = self.inbox.try_recv() {
            self.state.queued_bytes.fetch_sub(item.bytes(), Ordering::AcqRel);
            dropped(&[item], "away");
        }
    }
}

fn dropped(items: &[Outgoing], reason: &'static str) {
    for item in items {
        metrics::counter!("confab_broker_live_dropped_total", "kind" => item.kind(), "reason" => reason)
            .increment(1);
    }
}

fn transient() -> BasicProperties {
    BasicProperties::default()
        .with_content_type("application/json".into())
        .with_delivery_mode(1)
}

fn away(error: lapin::Error) -> Error {
    Error::unavailable("RabbitMQ", error)
}
