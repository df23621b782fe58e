//! The composition root: makes every part that a role needs, shared or embedded, and ends them in order.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use async_trait::async_trait;
use confab_broker::{
    ExchangeMemory, ExchangeRabbitMq, LiveMemory, LiveMemorySettings, LiveRabbitMq, RabbitMqSettings,
};
use confab_cache::{
    CacheFeeder, CachedRooms, CachedStandings, MemoryPresence, MemoryRateLimits, MemorySignals,
    PresenceSettings, RateLimitSettings, RedisLink, RedisPresence, RedisRateLimits, RedisSettings,
    RedisSignals, RoomCache, RoomCacheSettings, SignalSettings, StandingsSettings,
};
use confab_domain::ports::{
    EventExchange, Files, LiveIn, LiveOut, Ports, Presence, RateLimits, Signals, StoreHealth,
};
use confab_domain::{Clock, IncarnationId};
use confab_event_publisher::{EventPublisher, PublisherPorts, PublisherSettings};
use confab_identity::RandomSecrets;
use confab_storage::Store;
use tokio::time::Instant;

use crate::clock::SystemClock;
use crate::config::{Role, Settings};
use crate::data_folder::DataFolder;
use crate::fan::Fan;
use crate::readiness::{PART_TIMEOUT, Part};
use crate::{archive, keys};

/// Events that a listener within the process may lag by.
const EVENTS_IN_PROCESS_MAX: usize = 1024;

/// Everything a process is made of.
pub(crate) struct Parts {
    /// This run of this process.
    pub(crate) incarnation: IncarnationId,
    /// What commands and queries work with. None for the event publisher, which runs none.
    pub(crate) ports: Option<Ports>,
    /// What those about files work with besides. None when this process answers no REST.
    pub(crate) files: Option<Files>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) store: Store,
    pub(crate) live_out: Arc<dyn LiveOut>,
    pub(crate) live_in: Arc<dyn LiveIn>,
    /// At work. None when this process publishes no events.
    publisher: Option<Arc<EventPublisher>>,
    rabbitmq: Option<Arc<LiveRabbitMq>>,
    rabbitmq_exchange: Option<Arc<ExchangeRabbitMq>>,
    redis: Option<RedisLink>,
}

impl Parts {
    /// Makes them. RabbitMQ and Redis may be away: they are connected to in the background.
    pub(crate) async fn assemble(
        settings: &Settings,
        role: Role,
        folder: Option<&DataFolder>,
    ) -> Result<Self> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let incarnation = IncarnationId::mint(clock.now());
        tracing::info!(%incarnation, role = role.name(), version = env!("CARGO_PKG_VERSION"), "starting");

        let rabbitmq = match &settings.rabbitmq_url {
            Some(url) => Some(Arc::new(
                LiveRabbitMq::start(incarnation, rabbitmq_settings(settings, &url.0, role))
                    .context("RABBITMQ_URL")?,
            )),
            None => None,
        };
        let (live_out, live_in): (Arc<dyn LiveOut>, Arc<dyn LiveIn>) = if let Some(live) = &rabbitmq {
            (Arc::<LiveRabbitMq>::clone(live), Arc::<LiveRabbitMq>::clone(live))
        } else {
            let live = Arc::new(LiveMemory::new(incarnation, LiveMemorySettings::default()));
            (Arc::<LiveMemory>::clone(&live), live)
        };
        let redis = match &settings.redis_url {
            Some(url) => Some(RedisLink::start(redis_settings(settings, &url.0)).context("REDIS_URL")?),
            None => None,
        };
        let cache_settings = RoomCacheSettings::default();
        let cache = match &redis {
            Some(link) => RoomCache::redis(link.clone(), &cache_settings),
            None => RoomCache::memory(Arc::clone(&clock), &cache_settings),
        };
        let fan = Fan {
            live: Arc::clone(&live_out),
            cache: CacheFeeder::start(cache.clone(), &cache_settings),
        };
        let store = archive::connect(settings, Arc::new(fan)).await?;
        let mut parts = Self {
            incarnation,
            ports: None,
            files: None,
            clock,
            store,
            live_out,
            live_in,
            publisher: None,
            rabbitmq,
            rabbitmq_exchange: None,
            redis,
        };
        if role.has_event_publisher() {
            parts.start_publisher(settings, role)?;
        }
        if role.has_api() || role.has_gateway() {
            parts.ports = Some(parts.ports(settings, folder, cache)?);
        }
        if role.has_api() {
            parts.files = Some(crate::files::files(settings, folder, &parts.store)?);
        }
        Ok(parts)
    }

    fn start_publisher(&mut self, settings: &Settings, role: Role) -> Result<()> {
        let exchange: Arc<dyn EventExchange> = match &settings.rabbitmq_url {
            Some(url) => {
                let exchange = ExchangeRabbitMq::start(rabbitmq_settings(settings, &url.0, role));
                let exchange = Arc::new(exchange.context("RABBITMQ_URL")?);
                self.rabbitmq_exchange = Some(Arc::clone(&exchange));
                exchange
            }
            None => Arc::new(ExchangeMemory::new(EVENTS_IN_PROCESS_MAX)),
        };
        let ports = PublisherPorts {
            outbox: Arc::new(self.store.clone()),
            exchange,
            live_out: Arc::clone(&self.live_out),
            live_in: Arc::clone(&self.live_in),
        };
        let publisher_settings = PublisherSettings {
            with_content: settings.events_content,
            log_keep: settings.log_keep.0,
            ..PublisherSettings::default()
        };
        let publisher = EventPublisher::start(self.incarnation, ports, publisher_settings);
        self.publisher = Some(Arc::new(publisher));
        Ok(())
    }

    fn ports(&self, settings: &Settings, folder: Option<&DataFolder>, cache: RoomCache) -> Result<Ports> {
        let clock = Arc::clone(&self.clock);
        let store = Arc::new(self.store.clone());
        let standings = CachedStandings::new(
            Arc::<Store>::clone(&store),
            Arc::clone(&clock),
            &StandingsSettings::default(),
        );
        let (rate_limits, presence, signals) = self.short_memory();
        Ok(Ports {
            accounts: Arc::<Store>::clone(&store),
            host: Arc::<Store>::clone(&store),
            standings: Arc::new(standings),
            room_writes: Arc::<Store>::clone(&store),
            message_reads: Arc::<Store>::clone(&store),
            room_reads: Arc::new(CachedRooms::new(Arc::<Store>::clone(&store), cache)),
            search: Arc::<Store>::clone(&store),
            moderation: Arc::<Store>::clone(&store),
            conversations: store,
            tokens: Arc::new(keys::keyring(settings, folder)?),
            passwords: keys::passwords(),
            secrets: Arc::new(RandomSecrets),
            rate_limits,
            presence,
            signals,
            limits: Arc::new(settings.limits()),
            clock,
        })
    }

    fn short_memory(&self) -> (Arc<dyn RateLimits>, Arc<dyn Presence>, Arc<dyn Signals>) {
        let clock = Arc::clone(&self.clock);
        let (limits, signals) = (RateLimitSettings::default(), SignalSettings::default());
        match &self.redis {
            Some(link) => (
                Arc::new(RedisRateLimits::new(link.clone(), clock, &limits)),
                Arc::new(RedisPresence::new(link.clone(), PresenceSettings::default())),
                Arc::new(RedisSignals::start(link, &signals)),
            ),
            None => (
                Arc::new(MemoryRateLimits::new(clock, &limits)),
                Arc::new(MemoryPresence::new(PresenceSettings::default())),
                Arc::new(MemorySignals::new(&signals)),
            ),
        }
    }

    /// What readiness asks.
    pub(crate) fn asked(&self, role: Role) -> Vec<Box<dyn Part>> {
        let mut asked: Vec<Box<dyn Part>> = vec![Box::new(Database(self.store.clone()))];
        if let Some(link) = &self.redis {
            asked.push(Box::new(Redis(link.clone())));
        }
        if let Some(live) = &self.rabbitmq {
            asked.push(Box::new(Live(Arc::clone(live))));
        }
        if let Some(publisher) = &self.publisher {
            // Chat goes on without it; a process that does nothing else has nothing to do.
            let is_needed = role == Role::EventPublisher;
            asked.push(Box::new(Publisher {
                publisher: Arc::clone(publisher),
                is_needed,
            }));
        }
        asked
    }

    /// Ends them: the publisher settles what is confirmed, the store finishes what it has, the wire sends what
    /// that made.
    pub(crate) async fn close(self, deadline: Instant) {
        if let Some(publisher) = &self.publisher {
            publisher.stop(left(deadline)).await;
        }
        if tokio::time::timeout_at(deadline, self.store.close())
            .await
            .is_err()
        {
            tracing::warn!("the database did not finish in time");
        }
        if let Some(live) = &self.rabbitmq {
            live.close(left(deadline)).await;
        }
        if let Some(exchange) = &self.rabbitmq_exchange {
            let _ = tokio::time::timeout_at(deadline, exchange.close()).await;
        }
    }
}

/// What is left until the deadline, and a moment for last words after it.
fn left(deadline: Instant) -> Duration {
    deadline.saturating_duration_since(Instant::now()).max(LAST_WORDS)
}

fn rabbitmq_settings(settings: &Settings, url: &str, role: Role) -> RabbitMqSettings {
    let mut broker = RabbitMqSettings::new(url);
    broker.connection_name = format!("confab {}", role.name());
    broker.events_log_age = settings.events_log_max_age.0;
    broker
}

fn redis_settings(settings: &Settings, url: &str) -> RedisSettings {
    RedisSettings {
        url: url.to_owned(),
        key_prefix: settings.redis_prefix.clone(),
        ..RedisSettings::default()
    }
}

struct Database(Store);

#[async_trait]
impl Part for Database {
    fn name(&self) -> &'static str {
        "database"
    }
    fn is_needed(&self) -> bool {
        true
    }
    async fn ask(&self) -> Result<(), String> {
        self.0.ping(PART_TIMEOUT).await.map_err(|error| error.to_string())
    }
}

struct Redis(RedisLink);

#[async_trait]
impl Part for Redis {
    fn name(&self) -> &'static str {
        "redis"
    }
    fn is_needed(&self) -> bool {
        false
    }
    async fn ask(&self) -> Result<(), String> {
        self.0.ping().await.map_err(|error| error.to_string())
    }
}

struct Live(Arc<LiveRabbitMq>);

#[async_trait]
impl Part for Live {
    fn name(&self) -> &'static str {
        "live_feed"
    }
    fn is_needed(&self) -> bool {
        false
    }
    async fn ask(&self) -> Result<(), String> {
        if self.0.is_sending() {
            Ok(())
        } else {
            Err("RabbitMQ is away or takes nothing".to_owned())
        }
    }
}

struct Publisher {
    publisher: Arc<EventPublisher>,
    is_needed: bool,
}

#[async_trait]
impl Part for Publisher {
    fn name(&self) -> &'static str {
        "event_publisher"
    }
    fn is_needed(&self) -> bool {
        self.is_needed
    }
    async fn ask(&self) -> Result<(), String> {
        let state = self.publisher.state();
        match (state.is_connected, state.is_store_reached) {
            (true, true) => Ok(()),
            (false, _) => Err("RabbitMQ is away or takes nothing".to_owned()),
            (true, false) => Err("the database does not answer".to_owned()),
        }
    }
}

/// How long each part of a graceful stop may take, at least, when others took all the time.
pub(crate) const LAST_WORDS: Duration = Duration::from_millis(500);
