//! The listening socket and what is set on every connection.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use tokio::net::{TcpListener, TcpSocket, TcpStream};

/// Connections that may wait to be accepted: a reconnect storm comes at once.
const BACKLOG: u32 = 4096;
/// A peer that acknowledges nothing for so long is gone.
const USER_TIMEOUT: Duration = Duration::from_secs(30);
const KEEPALIVE_TIME: Duration = Duration::from_mins(1);
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(10);
/// Pause when no file descriptor is left: others have to close theirs first.
const EXHAUSTED_PAUSE: Duration = Duration::from_millis(100);

/// A bound port.
#[derive(Debug)]
pub(crate) struct Port {
    pub(super) listener: TcpListener,
    /// Where it is; the real port when any free one was asked for.
    pub address: SocketAddr,
}

/// Binds a port and listens.
pub(crate) fn bind(host: IpAddr, port: u16) -> io::Result<Port> {
    let address = SocketAddr::new(host, port);
    let socket = if address.is_ipv4() {
        TcpSocket::new_v4()?
    } else {
        TcpSocket::new_v6()?
    };
    // A restart must not wait for the connections of the process before it.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    let listener = socket.listen(BACKLOG)?;
    let address = listener.local_addr()?;
    Ok(Port { listener, address })
}

/// No delay for small frames, and an end for peers that have vanished.
pub(super) fn tune(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let socket = SockRef::from(stream);
    socket.set_tcp_keepalive(
        &TcpKeepalive::new()
            .with_time(KEEPALIVE_TIME)
            .with_interval(KEEPALIVE_INTERVAL)
            .with_retries(3),
    )?;
    #[cfg(target_os = "linux")]
    socket.set_tcp_user_timeout(Some(USER_TIMEOUT))?;
    Ok(())
}

/// A connection that died in the queue is nothing; an exhausted process has to wait.
pub(super) async fn after_accept_error(error: &io::Error, port_name: &'static str) {
    let is_of_the_peer = matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionRefused
    );
    if !is_of_the_peer {
        metrics::counter!("confab_accept_errors_total", "port" => port_name).increment(1);
        tracing::warn!(%error, port = port_name, "no connection can be taken now");
        tokio::time::sleep(EXHAUSTED_PAUSE).await;
    }
}
