//! The events exchange on RabbitMQ: persistent, mandatory, pipelined, and answered exactly.
//!
//! Each call of `publish` has a channel to itself, because the client hands a returned message to whichever
//! confirm it resolves next: only who owns all confirms of a channel can match returns by `message_id`.

mod message;
mod publishing;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use confab_domain::ports::{Delivery, EventExchange, OutgoingEvent, PARTITIONS};
use confab_domain::{Error, Result};
use lapin::Channel;
use lapin::options::ConfirmSelectOptions;
use parking_lot::Mutex;
use tokio::sync::{Semaphore, watch};
use tokio::time::Instant;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::connection::{Chain, Link, within};
use crate::retries::Retries;
use crate::settings::RabbitMqSettings;
use crate::topology::declare_events;

const PURPOSE: &str = "events";
/// Calls of `publish` at once: one for each partition; more wait.
const CHANNELS_MAX: usize = PARTITIONS as usize;
/// How soon a lost or blocked connection is noticed while nothing is published.
const WATCH_INTERVAL: Duration = Duration::from_millis(100);

/// The topic exchange `confab.events` on RabbitMQ, over a connection of its own.
#[derive(Debug)]
pub struct ExchangeRabbitMq {
    shared: Arc<Shared>,
    stop: CancellationToken,
    _stop_when_dropped: DropGuard,
}

struct Shared {
    settings: RabbitMqSettings,
    /// The connection while it stands and takes messages.
    link: watch::Sender<Option<Arc<Link>>>,
    idle: Mutex<Vec<Idle>>,
    permits: Semaphore,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

/// A channel with confirms on, none of which is open, and the connection it belongs to.
struct Idle {
    link: Arc<Link>,
    channel: Channel,
}

impl ExchangeRabbitMq {
    /// Starts to connect. `Invalid` names a wrong setting. Needs a Tokio runtime.
    pub fn start(settings: RabbitMqSettings) -> Result<Self> {
        settings.check()?;
        let shared = Arc::new(Shared {
            settings,
            link: watch::channel(None).0,
            idle: Mutex::default(),
            permits: Semaphore::new(CHANNELS_MAX),
        });
        let stop = CancellationToken::new();
        tokio::spawn(keep_connected(shared.clone(), stop.clone()));
        Ok(Self {
            shared,
            _stop_when_dropped: stop.clone().drop_guard(),
            stop,
        })
    }

    /// Says goodbye and publishes nothing more.
    pub async fn close(&self) {
        self.stop.cancel();
        self.shared.idle.lock().clear();
        let link = self.shared.link.send_replace(None);
        if let Some(link) = link {
            link.close().await;
        }
    }
}

#[async_trait]
impl EventExchange for ExchangeRabbitMq {
    async fn publish(&self, events: Vec<OutgoingEvent>, timeout: Duration) -> Vec<Delivery> {
        let deadline = Instant::now() + timeout;
        let started = Instant::now();
        let count = events.len();
        metrics::counter!("confab_broker_events_published_total").increment(count as u64);
        let deliveries = match tokio::time::timeout_at(deadline, self.shared.take_channel()).await {
            Ok(Ok((idle, permit))) => {
                let deliveries = publishing::publish_all(&idle.channel, &events, deadline).await;
                // A channel with an open confirm is of no more use, and one that returned a message may lack
                // its topology: the next one declares it again.
                if deliveries.iter().all(|delivery| *delivery == Delivery::Confirmed) {
                    self.shared.idle.lock().push(idle);
                }
                drop(permit);
                deliveries
            }
            Ok(Err(error)) => {
                tracing::debug!(error = %Chain(&error), "no channel to RabbitMQ");
                vec![Delivery::Lost; count]
            }
            Err(_) => vec![Delivery::Lost; count],
        };
        for (name, delivery) in [
            ("confirmed", Delivery::Confirmed),
            ("returned", Delivery::Returned),
            ("refused", Delivery::Refused),
            ("lost", Delivery::Lost),
        ] {
            let count = deliveries.iter().filter(|one| **one == delivery).count();
            metrics::counter!("confab_broker_events_answered_total", "delivery" => name)
                .increment(count as u64);
        }
        metrics::histogram!("confab_broker_events_publish_seconds").record(started.elapsed().as_secs_f64());
        deliveries
    }

    async fn ready(&self) -> Result<()> {
        let mut link = self.shared.link.subscribe();
        match link.wait_for(Option::is_some).await {
            Ok(_) => Ok(()),
            Err(closed) => Err(Error::unavailable("RabbitMQ", closed)),
        }
    }

    fn is_connected(&self) -> bool {
        self.shared.link.borrow().is_some()
    }
}

impl Shared {
    async fn take_channel(&self) -> Result<(Idle, tokio::sync::SemaphorePermit<'_>)> {
        let away = || Error::Unavailable("RabbitMQ is away", None);
        let link = self.link.borrow().clone().ok_or_else(away)?;
        let permit = self
            .permits
            .acquire()
            .await
            .map_err(|closed| Error::internal("channels", closed))?;
        loop {
            let idle = self.idle.lock().pop();
            match idle {
                Some(idle) if Arc::ptr_eq(&idle.link, &link) && idle.channel.status().connected() => {
                    return Ok((idle, permit));
                }
                Some(_) => {}
                None => break,
            }
        }
        let channel = self.open_channel(&link).await?;
        Ok((Idle { link, channel }, permit))
    }

    async fn open_channel(&self, link: &Link) -> Result<Channel> {
        let limit = self.settings.connect_timeout;
        let channel = link.channel(limit).await?;
        declare_events(link, &channel, &self.settings).await?;
        within(limit, channel.confirm_select(ConfirmSelectOptions::default())).await?;
        Ok(channel)
    }
}

async fn keep_connected(shared: Arc<Shared>, stop: CancellationToken) {
    let mut retries = Retries::new(&shared.settings);
    loop {
        let error = tokio::select! {
            error = connect_and_watch(&shared, &mut retries) => error,
            () = stop.cancelled() => return,
        };
        shared.link.send_replace(None);
        shared.idle.lock().clear();
        tracing::warn!(connection = PURPOSE, error = %Chain(&error), "RabbitMQ is away");
        metrics::gauge!("confab_broker_connected", "connection" => PURPOSE).set(0.0);
        metrics::counter!("confab_broker_reconnects_total", "connection" => PURPOSE).increment(1);
        tokio::select! {
            () = tokio::time::sleep(retries.next_pause()) => {}
            () = stop.cancelled() => return,
        }
    }
}

/// Connects, offers the connection while it takes messages, and returns why it ended.
async fn connect_and_watch(shared: &Shared, retries: &mut Retries) -> Error {
    let link = match Link::open(&shared.settings, PURPOSE).await {
        Ok(link) => Arc::new(link),
        Err(error) => return error,
    };
    match shared.open_channel(&link).await {
        Ok(channel) => shared.idle.lock().push(Idle {
            link: link.clone(),
            channel,
        }),
        Err(error) => return error,
    }
    retries.reset();
    tracing::info!(connection = PURPOSE, "connected to RabbitMQ");
    while link.is_open() {
        let is_blocked = link.is_blocked();
        metrics::gauge!("confab_broker_connected", "connection" => PURPOSE)
            .set(f64::from(u8::from(!is_blocked)));
        shared.link.send_if_modified(|offered| {
            let is_changed = offered.is_some() == is_blocked;
            *offered = (!is_blocked).then(|| link.clone());
            is_changed
        });
        tokio::time::sleep(WATCH_INTERVAL).await;
    }
    Error::Unavailable("RabbitMQ closed the connection", None)
}
