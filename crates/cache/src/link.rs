//! The link to Redis: one multiplexed connection, kept by a task of its own, with a circuit breaker.

use std::sync::Arc;
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use confab_domain::{Error, Result};
use parking_lot::RwLock;
use redis::aio::MultiplexedConnection;
use redis::io::tcp::TcpSettings;
use redis::io::tcp::socket2::TcpKeepalive;
use redis::{
    AsyncConnectionConfig, Client, Cmd, ErrorKind, FromRedisValue, IntoConnectionInfo, Pipeline, RedisError,
    ServerErrorKind,
};
use tokio::sync::watch;
use tokio::time::{Instant, timeout};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::keys::Keys;
use crate::settings::RedisSettings;
use crate::{measures, scripts};

/// A connection that lived so long was a good one: the next attempt begins without a pause.
const GOOD_LIFE: Duration = Duration::from_secs(1);

/// Why Redis did not answer. Never the end of a call: each falls back to what this node knows.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Away {
    /// There is no connection: refused at once.
    #[error("no connection to Redis")]
    NotConnected,
    /// No answer in time; the breaker is open now.
    #[error("no answer from Redis in time")]
    TimedOut,
    /// It refused, or the connection broke.
    #[error("Redis failed")]
    Failed(#[from] RedisError),
}

impl Away {
    const fn reason(&self) -> &'static str {
        match self {
            Self::NotConnected => "not_connected",
            Self::TimedOut => "timed_out",
            Self::Failed(_) => "failed",
        }
    }
}

/// The link to Redis. Cheap to clone; it ends with its last clone.
///
/// A call that gets no answer in time, or a broken connection, opens the breaker: further calls are refused at
/// once, without waiting, until the link's own task has a new connection that answers.
#[derive(Clone)]
pub struct RedisLink {
    inner: Arc<Inner>,
    _end: Arc<DropGuard>,
}

struct Inner {
    client: Client,
    keys: Keys,
    settings: RedisSettings,
    /// The connection and its generation; none while the breaker is open.
    connection: RwLock<Option<MultiplexedConnection>>,
    /// The generation of the connection that is (or was last) in use, and whether it is.
    state: watch::Sender<State>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct State {
    generation: u64,
    is_connected: bool,
}

impl RedisLink {
    /// Begins to connect, in the background. `Invalid` names `redis_url` or `redis_key_prefix`.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn start(settings: RedisSettings) -> Result<Self> {
        let keys = Keys::new(&settings.key_prefix)?;
        let unfit = |error: RedisError| {
            // The error's own text can quote the URL, and with it a password.
            drop(error);
            Error::invalid(
                "redis_url",
                "must be redis://[user:password@]host[:port][/database] or rediss://…",
            )
        };
        let address = settings.url.as_str().into_connection_info().map_err(unfit)?;
        let address = address.set_tcp_settings(tcp_settings(&settings));
        let client = Client::open(address).map_err(unfit)?;
        let (state, _) = watch::channel(State {
            generation: 0,
            is_connected: false,
        });
        let inner = Arc::new(Inner {
            client,
            keys,
            settings,
            connection: RwLock::new(None),
            state,
        });
        let end = CancellationToken::new();
        let task = Arc::clone(&inner);
        let ended = end.clone();
        tokio::spawn(async move { ended.run_until_cancelled_owned(keep_connected(task)).await });
        Ok(Self {
            inner,
            _end: Arc::new(end.drop_guard()),
        })
    }

    /// Whether Redis answers now, as far as is known.
    pub fn is_connected(&self) -> bool {
        self.inner.state.borrow().is_connected
    }

    /// Returns when Redis answers; `Unavailable` when it has not within `patience`.
    pub async fn ready(&self, patience: Duration) -> Result<()> {
        let mut state = self.inner.state.subscribe();
        let connected = timeout(patience, state.wait_for(|state| state.is_connected)).await;
        match connected {
            Ok(Ok(_)) => Ok(()),
            _ => Err(Error::Unavailable("Redis is away", None)),
        }
    }

    /// Asks Redis for a sign of life, for readiness; `Unavailable` without one.
    pub async fn ping(&self) -> Result<()> {
        self.query::<()>(&redis::cmd("PING"))
            .await
            .map_err(|away| Error::unavailable("Redis is away", away))
    }

    pub(crate) fn keys(&self) -> &Keys {
        &self.inner.keys
    }

    pub(crate) fn client(&self) -> &Client {
        &self.inner.client
    }

    pub(crate) fn settings(&self) -> &RedisSettings {
        &self.inner.settings
    }

    /// The pauses between attempts to connect: growing, with jitter, without end.
    pub(crate) fn pauses(&self) -> impl Iterator<Item = Duration> {
        pauses(&self.inner.settings)
    }

    /// Sends a command for which a caller waits.
    pub(crate) async fn query<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, Away> {
        self.query_within(command, self.inner.settings.command_timeout)
            .await
    }

    /// Sends a command with another timeout than the callers' usual one.
    pub(crate) async fn query_within<T: FromRedisValue>(
        &self,
        command: &Cmd,
        within: Duration,
    ) -> Result<T, Away> {
        self.run(within, |mut connection| async move {
            command.query_async(&mut connection).await
        })
        .await
    }

    /// Sends many commands in one go. They share no transaction unless the pipeline is atomic.
    pub(crate) async fn pipeline<T: FromRedisValue>(
        &self,
        pipeline: &Pipeline,
        within: Duration,
    ) -> Result<T, Away> {
        self.run(within, |mut connection| async move {
            pipeline.query_async(&mut connection).await
        })
        .await
    }

    async fn run<T, F>(&self, within: Duration, ask: impl Fn(MultiplexedConnection) -> F) -> Result<T, Away>
    where
        F: Future<Output = Result<T, RedisError>>,
    {
        let answer = self.attempt(within, &ask).await;
        measures::redis_call(answer.as_ref().err().map(Away::reason));
        answer
    }

    async fn attempt<T, F>(
        &self,
        within: Duration,
        ask: &impl Fn(MultiplexedConnection) -> F,
    ) -> Result<T, Away>
    where
        F: Future<Output = Result<T, RedisError>>,
    {
        let generation = self.inner.state.borrow().generation;
        let connection = self.inner.connection.read().clone();
        let Some(connection) = connection else {
            return Err(Away::NotConnected);
        };
        let with_scripts = async {
            match ask(connection.clone()).await {
                // Somebody flushed the scripts. All that is asked with scripts may be asked twice.
                Err(error) if error.kind() == ErrorKind::Server(ServerErrorKind::NoScript) => {
                    scripts::load_all().exec_async(&mut connection.clone()).await?;
                    ask(connection).await
                }
                answer => answer,
            }
        };
        match timeout(within, with_scripts).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => {
                if breaks_the_connection(&error) {
                    self.inner.open_breaker(generation);
                }
                Err(Away::Failed(error))
            }
            Err(_) => {
                self.inner.open_breaker(generation);
                Err(Away::TimedOut)
            }
        }
    }
}

impl Inner {
    /// Refuses calls from now on, unless a newer connection stands already.
    fn open_breaker(&self, generation: u64) {
        self.state.send_if_modified(|state| {
            let is_news = state.is_connected && state.generation == generation;
            if is_news {
                *self.connection.write() = None;
                state.is_connected = false;
            }
            is_news
        });
    }

    fn close_breaker(&self, connection: MultiplexedConnection) {
        self.state.send_modify(|state| {
            *self.connection.write() = Some(connection);
            state.generation += 1;
            state.is_connected = true;
        });
    }

    async fn connect(&self) -> Result<MultiplexedConnection, Away> {
        // Each call brings its own timeout.
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(self.settings.connect_timeout))
            .set_response_timeout(None);
        let connecting = async {
            let mut connection = self
                .client
                .get_multiplexed_async_connection_with_config(&config)
                .await?;
            scripts::load_all().exec_async(&mut connection).await?;
            Ok(connection)
        };
        match timeout(self.settings.connect_timeout, connecting).await {
            Ok(Ok(connection)) => Ok(connection),
            Ok(Err(error)) => Err(Away::Failed(error)),
            Err(_) => Err(Away::TimedOut),
        }
    }
}

async fn keep_connected(link: Arc<Inner>) {
    let mut delays = pauses(&link.settings);
    let mut is_outage_told = false;
    let mut state = link.state.subscribe();
    loop {
        match link.connect().await {
            Ok(connection) => {
                link.close_breaker(connection);
                measures::redis_up(true);
                tracing::info!("connected to Redis");
                let since = Instant::now();
                // An error means that nobody holds the link any more; then this task ends, too.
                if state.wait_for(|state| !state.is_connected).await.is_err() {
                    return;
                }
                measures::redis_up(false);
                tracing::warn!("lost Redis; this node goes on by itself");
                is_outage_told = true;
                if since.elapsed() >= GOOD_LIFE {
                    delays = pauses(&link.settings);
                    continue;
                }
            }
            Err(error) => {
                measures::redis_up(false);
                if !is_outage_told {
                    tracing::warn!(error = error.reason(), detail = ?kind_of(&error), "cannot connect to Redis; this node goes on by itself");
                    is_outage_told = true;
                }
            }
        }
        let pause = delays.next().unwrap_or(link.settings.reconnect_delay_max);
        tokio::time::sleep(pause).await;
    }
}

fn kind_of(away: &Away) -> Option<ErrorKind> {
    match away {
        Away::Failed(error) => Some(error.kind()),
        Away::NotConnected | Away::TimedOut => None,
    }
}

fn pauses(settings: &RedisSettings) -> impl Iterator<Item = Duration> + use<> {
    ExponentialBuilder::new()
        .with_min_delay(settings.reconnect_delay_min)
        .with_max_delay(settings.reconnect_delay_max)
        .without_max_times()
        .with_jitter()
        .build()
}

/// Whether a new connection is needed: this one broke, or leads to a server that was demoted.
fn breaks_the_connection(error: &RedisError) -> bool {
    matches!(
        error.kind(),
        ErrorKind::Io | ErrorKind::Parse | ErrorKind::Server(ServerErrorKind::ReadOnly)
    ) || error.is_unrecoverable_error()
}

fn tcp_settings(settings: &RedisSettings) -> TcpSettings {
    TcpSettings::default()
        .set_nodelay(true)
        .set_keepalive(TcpKeepalive::new().with_time(Duration::from_secs(15)))
        .set_user_timeout(settings.bulk_timeout * 2)
}
