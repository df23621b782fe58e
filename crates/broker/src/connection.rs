//! One connection to RabbitMQ that surely ends: its socket is ours to shut down.
//!
//! lapin drives each connection on a thread of its own, which waits for the broker for ever during a
//! handshake or a goodbye. A broker that accepts and stays silent would so leave a thread and a socket behind
//! for every attempt; shutting the socket down ends both.

use std::sync::Arc;
use std::time::Duration;

use confab_domain::Error;
use lapin::tcp::TLSConfig;
use lapin::uri::{AMQPScheme, AMQPUri};
use lapin::{AsyncTcpStream, Channel, Connection, ConnectionProperties};
use parking_lot::Mutex;
use socket2::{SockRef, Socket};
use tokio::time::timeout;

use crate::settings::RabbitMqSettings;

const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);
const AWAY: &str = "RabbitMQ";

/// An open connection. Dropping it cuts the socket; [`Link::close`] says goodbye first.
pub(crate) struct Link {
    connection: Connection,
    _socket: CutWhenDropped,
}

impl Link {
    /// Connects within `connect_timeout`.
    pub(crate) async fn open(settings: &RabbitMqSettings, purpose: &str) -> Result<Self, Error> {
        let uri = settings.uri()?;
        // From here on every way out but success cuts the socket, also being dropped half way.
        let socket = CutWhenDropped::default();
        let silence_max = Duration::from_secs(u64::from(settings.heartbeat_seconds) * 2);
        let properties = ConnectionProperties::default()
            .with_connection_name(format!("{} {purpose}", settings.connection_name).into());
        let runtime = lapin::runtime::default_runtime().map_err(|error| Error::internal(AWAY, error))?;

        let kept = socket.0.clone();
        let limit = settings.connect_timeout;
        let connecting = Connection::connector(
            uri,
            runtime,
            async move |uri: AMQPUri, runtime| {
                let host = &uri.authority.host;
                let connect = async {
                    let mut last = std::io::Error::from(std::io::ErrorKind::AddrNotAvailable);
                    for address in tokio::net::lookup_host(format!("{host}:{}", uri.authority.port)).await? {
                        match AsyncTcpStream::connect(&runtime, address).await {
                            Ok(stream) => {
                                if let AsyncTcpStream::Plain(plain) = &stream {
                                    let socket = SockRef::from(plain.get_ref());
                                    socket.set_tcp_user_timeout(Some(silence_max))?;
                                    kept.keep(socket.try_clone()?)?;
                                }
                                return match uri.scheme {
                                    AMQPScheme::AMQP => Ok(stream),
                                    AMQPScheme::AMQPS => stream.into_tls(host, TLSConfig::default()).await,
                                };
                            }
                            Err(error) => last = error,
                        }
                    }
                    Err(last)
                };
                match timeout(limit, connect).await {
                    Ok(connected) => connected.map_err(lapin::Error::from),
                    Err(_) => Err(std::io::Error::from(std::io::ErrorKind::TimedOut).into()),
                }
            },
            properties,
        );
        let connection = within(limit, connecting).await?;
        Ok(Self {
            connection,
            _socket: socket,
        })
    }

    /// A new channel, within `limit`.
    pub(crate) async fn channel(&self, limit: Duration) -> Result<Channel, Error> {
        within(limit, self.connection.create_channel()).await
    }

    /// Whether the handshake is done and nobody closed it since.
    pub(crate) fn is_open(&self) -> bool {
        self.connection.status().connected()
    }

    /// Whether the broker takes no messages for now (memory or disk alarm).
    pub(crate) fn is_blocked(&self) -> bool {
        self.connection.status().blocked()
    }

    /// Says goodbye, for at most two seconds, so that what is written reaches the broker.
    pub(crate) async fn close(&self) {
        if self.is_open() {
            let _ = timeout(CLOSE_TIMEOUT, self.connection.close(200, "OK".into())).await;
        }
    }
}

/// Waits for an answer of the broker, for a while.
pub(crate) async fn within<T>(
    limit: Duration,
    answer: impl Future<Output = lapin::Result<T>>,
) -> Result<T, Error> {
    match timeout(limit, answer).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(error)) => Err(Error::unavailable(AWAY, error)),
        Err(late) => Err(Error::unavailable(AWAY, late)),
    }
}

#[derive(Default)]
struct CutWhenDropped(Arc<Shutdown>);

impl Drop for CutWhenDropped {
    fn drop(&mut self) {
        self.0.now();
    }
}

/// A handle on a socket that somebody else reads and writes.
#[derive(Default)]
struct Shutdown(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    socket: Option<Socket>,
    is_over: bool,
}

impl Shutdown {
    /// Keeps the socket, unless the connection was given up meanwhile.
    fn keep(&self, socket: Socket) -> std::io::Result<()> {
        let mut kept = self.0.lock();
        if kept.is_over {
            return Err(std::io::ErrorKind::TimedOut.into());
        }
        kept.socket = Some(socket);
        Ok(())
    }

    fn now(&self) {
        let mut kept = self.0.lock();
        kept.is_over = true;
        if let Some(socket) = kept.socket.take() {
            // It fails when the other side was faster.
            let _ = socket.shutdown(std::net::Shutdown::Both);
        }
    }
}

/// An error with what it came from, for the log.
pub(crate) struct Chain<'a>(pub(crate) &'a Error);

impl std::fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)?;
        let mut source = std::error::Error::source(self.0);
        while let Some(error) = source {
            write!(f, ": {error}")?;
            source = error.source();
        }
        Ok(())
    }
}
