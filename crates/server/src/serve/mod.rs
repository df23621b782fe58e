//! Takes connections and serves HTTP on them: own accept loop, so that nothing about a connection is unbounded.

mod client_address;
mod connection;
mod doors;
mod listener;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub(crate) use client_address::client_address;
pub(crate) use doors::{Doors, Place};
pub(crate) use listener::{Port, bind};

use crate::config::Network;

/// How connections to one port are treated.
#[derive(Clone, Debug)]
pub(crate) struct ConnectionRules {
    /// The name of the port in logs and metrics.
    pub port_name: &'static str,
    /// Connections at once.
    pub connections_max: usize,
    /// Connections of one address at once; trusted proxies are exempt.
    pub connections_per_address_max: usize,
    /// A head that is not complete by then, or an idle connection, is closed.
    pub header_read_timeout: Duration,
    /// Whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Arc<[Network]>,
}

/// Serves `app` on a port until `stopping`; then finishes what is in flight. Connections that were upgraded
/// are their taker's business from then on. Resolves when the last connection has ended.
pub(crate) async fn serve(port: Port, app: Router, rules: ConnectionRules, stopping: CancellationToken) {
    let doors = Doors::new(&rules);
    let connections = TaskTracker::new();
    loop {
        let accepted = tokio::select! {
            biased;
            () = stopping.cancelled() => break,
            accepted = port.listener.accept() => accepted,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                listener::after_accept_error(&error, rules.port_name).await;
                continue;
            }
        };
        let Some(place) = doors.enter(peer.ip()) else {
            metrics::counter!("confab_connections_refused_total", "port" => rules.port_name).increment(1);
            continue;
        };
        if let Err(error) = listener::tune(&stream) {
            tracing::debug!(%error, "a connection ended before it began");
            continue;
        }
        let connection = connection::Connection {
            stream,
            peer,
            place,
            app: app.clone(),
            header_read_timeout: rules.header_read_timeout,
            trusted_proxies: Arc::clone(&rules.trusted_proxies),
            stopping: stopping.clone(),
        };
        connections.spawn(connection.serve());
    }
    // The socket closes here: newcomers are refused by the kernel and go elsewhere.
    drop(port);
    connections.close();
    connections.wait().await;
}

#[cfg(test)]
mod tests;
