//! Signals between all nodes over Redis pub/sub.
//!
//! One's own listeners are told directly and at once; what comes back from Redis with one's own mark is
//! dropped. So a node without Redis still hears itself, and nobody hears anything twice.

use std::sync::Arc;
use std::time::Duration;

use confab_domain::RoomId;
use confab_domain::ports::{SHARDS, Signal, Signals, partition_of, shard_of};
use futures_util::StreamExt;
use redis::{Msg, RedisResult};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::sync::watch;
use tokio::time::{Instant, timeout};
use tokio_util::sync::{CancellationToken, DropGuard};
use uuid::Uuid;

use crate::link::RedisLink;
use crate::listeners::Listeners;
use crate::measures;
use crate::settings::SignalSettings;

/// Signals in one message; a rush is sent in several.
const SIGNALS_MAX: usize = 256;
/// A connection that lived so long was a good one: the next attempt begins without a pause.
const GOOD_LIFE: Duration = Duration::from_secs(1);

/// Signals over Redis. It ends with its last reference.
pub struct RedisSignals {
    listeners: Arc<Listeners>,
    outbox: Sender<Signal>,
    is_listening: watch::Receiver<bool>,
    _end: DropGuard,
}

/// What goes over a channel. Signals that a newer version sends are skipped one by one.
#[derive(Serialize, Deserialize)]
struct Envelope {
    from: Uuid,
    signals: Vec<Box<RawValue>>,
}

impl RedisSignals {
    /// Begins to listen, on a connection of its own, and to send, over the shared link.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn start(link: &RedisLink, settings: &SignalSettings) -> Self {
        let own_mark = Uuid::new_v4();
        let listeners = Arc::new(Listeners::new(settings.inbox_max));
        let (outbox, waiting) = channel(settings.outbox_max.max(1));
        let (listening, is_listening) = watch::channel(false);
        let end = CancellationToken::new();
        let sending = send_all(link.clone(), own_mark, waiting);
        let hearing = Hearing {
            link: link.clone(),
            own_mark,
            listeners: Arc::clone(&listeners),
            listening,
            ping_interval: settings.ping_interval,
        };
        tokio::spawn(end.clone().run_until_cancelled_owned(sending));
        tokio::spawn(end.clone().run_until_cancelled_owned(hearing.run()));
        Self {
            listeners,
            outbox,
            is_listening,
            _end: end.drop_guard(),
        }
    }

    /// Whether signals of other nodes are heard now.
    pub fn is_listening(&self) -> bool {
        *self.is_listening.borrow()
    }
}

impl Signals for RedisSignals {
    fn send(&self, signal: Signal) {
        self.listeners.tell(&signal);
        let outcome = if self.outbox.try_send(signal).is_ok() {
            "sent"
        } else {
            "dropped_out"
        };
        measures::signals(outcome, 1);
    }

    fn listen(&self) -> Receiver<Signal> {
        self.listeners.listen()
    }
}

/// The channel of a signal: by its room, so that one day a node may listen to some shards only.
fn shard(signal: &Signal) -> u16 {
    match signal {
        Signal::Typing { room_id, .. } | Signal::Read { room_id, .. } | Signal::Delivered { room_id, .. } => {
            shard_of(*room_id)
        }
        Signal::Presence { user_id, .. }
        | Signal::Status { user_id, .. }
        | Signal::Profile { user_id, .. }
        | Signal::Block { user_id, .. }
        | Signal::Conversation { user_id, .. } => partition_of(user_id.0) % SHARDS,
        Signal::Replaced { connection_id, .. } => shard_of(RoomId(connection_id.0)),
    }
}

/// Sends what waits, all of it at once, grouped by shard.
async fn send_all(link: RedisLink, own_mark: Uuid, mut waiting: Receiver<Signal>) {
    let mut signals = Vec::with_capacity(SIGNALS_MAX);
    while waiting.recv_many(&mut signals, SIGNALS_MAX).await > 0 {
        let count = signals.len();
        let mut by_shard: Vec<Vec<Box<RawValue>>> = (0..SHARDS).map(|_| Vec::new()).collect();
        for signal in signals.drain(..) {
            let json =
                serde_json::value::to_raw_value(&signal).expect("a signal has no key that is not text");
            by_shard[usize::from(shard(&signal))].push(json);
        }
        let mut pipeline = redis::pipe();
        for (shard, signals) in (0..SHARDS)
            .zip(by_shard)
            .filter(|(_, signals)| !signals.is_empty())
        {
            let envelope = Envelope {
                from: own_mark,
                signals,
            };
            let json = serde_json::to_vec(&envelope).expect("an envelope has no key that is not text");
            pipeline
                .cmd("PUBLISH")
                .arg(link.keys().signals(shard))
                .arg(json)
                .ignore();
        }
        if link
            .pipeline::<()>(&pipeline, link.settings().bulk_timeout)
            .await
            .is_err()
        {
            measures::signals("unsent", count);
        }
    }
}

struct Hearing {
    link: RedisLink,
    own_mark: Uuid,
    listeners: Arc<Listeners>,
    listening: watch::Sender<bool>,
    ping_interval: Duration,
}

impl Hearing {
    async fn run(self) {
        let mut pauses = self.link.pauses();
        loop {
            let begun_at = Instant::now();
            if let Err(error) = self.listen_once().await {
                tracing::debug!(kind = ?error.kind(), "cannot listen to signals");
            }
            if self.listening.send_replace(false) {
                tracing::warn!("lost the signals of other nodes");
            }
            if begun_at.elapsed() >= GOOD_LIFE {
                pauses = self.link.pauses();
            }
            let longest = self.link.settings().reconnect_delay_max;
            tokio::time::sleep(pauses.next().unwrap_or(longest)).await;
        }
    }

    /// Listens until the connection ends or stays silent on a ping.
    async fn listen_once(&self) -> RedisResult<()> {
        let connect = async {
            let mut connection = self.link.client().get_async_pubsub().await?;
            let channels: Vec<String> = (0..SHARDS).map(|shard| self.link.keys().signals(shard)).collect();
            connection.subscribe(channels).await?;
            RedisResult::Ok(connection)
        };
        let Ok(connection) = timeout(self.link.settings().connect_timeout, connect).await else {
            return Ok(());
        };
        let (mut sink, mut messages) = connection?.split();
        self.listening.send_replace(true);
        let mut pings = tokio::time::interval_at(Instant::now() + self.ping_interval, self.ping_interval);
        loop {
            tokio::select! {
                message = messages.next() => match message {
                    Some(message) => self.hear(&message),
                    None => return Ok(()),
                },
                _ = pings.tick() => {
                    let pong = timeout(self.ping_interval, self.hear_until(&mut messages, sink.ping::<()>())).await;
                    match pong {
                        Ok(answer) => answer?,
                        Err(_) => return Ok(()),
                    }
                }
            }
        }
    }

    /// Goes on hearing while something else is awaited, so that nothing piles up behind it.
    async fn hear_until<T>(
        &self,
        messages: &mut (impl futures_util::Stream<Item = Msg> + Unpin),
        awaited: impl Future<Output = T>,
    ) -> T {
        let mut awaited = std::pin::pin!(awaited);
        loop {
            tokio::select! {
                answer = &mut awaited => return answer,
                Some(message) = messages.next() => self.hear(&message),
            }
        }
    }

    fn hear(&self, message: &Msg) {
        let Ok(envelope) = serde_json::from_slice::<Envelope>(message.get_payload_bytes()) else {
            tracing::debug!("a signal in a form that is not ours");
            return;
        };
        if envelope.from == self.own_mark {
            return;
        }
        for signal in envelope.signals {
            if let Ok(signal) = serde_json::from_str(signal.get()) {
                self.listeners.tell(&signal);
            }
        }
    }
}
