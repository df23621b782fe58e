//! Asks a running process over its own port, for containers without tools.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::config::Settings;

const TIMEOUT: Duration = Duration::from_secs(2);

/// Succeeds when the process lives, or (`ready`) is ready.
pub(crate) async fn run(settings: &Settings, ready: bool) -> Result<()> {
    // Who listens everywhere listens here.
    let host = match settings.host {
        IpAddr::V4(address) if address.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(address) if address.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        address => address,
    };
    let path = if ready { "/ready" } else { "/health" };
    let address = SocketAddr::new(host, settings.port);
    let status = tokio::time::timeout(TIMEOUT, ask(address, path))
        .await
        .with_context(|| format!("{address} does not answer"))??;
    if !status.starts_with("HTTP/1.1 200") {
        bail!("{address}{path} answers {status}");
    }
    Ok(())
}

/// The first line of the answer.
async fn ask(address: SocketAddr, path: &str) -> Result<String> {
    let mut stream = TcpStream::connect(address)
        .await
        .with_context(|| format!("connecting to {address}"))?;
    let request = format!("GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.take(4096).read_to_end(&mut answer).await?;
    let answer = String::from_utf8_lossy(&answer);
    Ok(answer.lines().next().unwrap_or_default().to_owned())
}
