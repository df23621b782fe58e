//! Asks a running process over its own port, for containers without tools and for other verbs.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::config::Settings;

const TIMEOUT: Duration = Duration::from_secs(2);
const ANSWER_BYTES_MAX: u64 = 64 * 1024;

/// Succeeds when the process lives, or (`ready`) is ready.
pub(crate) async fn run(settings: &Settings, ready: bool) -> Result<()> {
    let path = if ready { "/ready" } else { "/health" };
    let address = own_address(settings);
    let (status, _) = tokio::time::timeout(TIMEOUT, ask(address, "GET", path, ""))
        .await
        .with_context(|| format!("{address} does not answer"))??;
    if status.split(' ').nth(1) != Some("200") {
        bail!("{address}{path} answers {status}");
    }
    Ok(())
}

/// Where a process with these settings is to be found from this machine.
pub(super) fn own_address(settings: &Settings) -> SocketAddr {
    // Who listens everywhere listens here.
    let host = match settings.host {
        IpAddr::V4(address) if address.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(address) if address.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        address => address,
    };
    SocketAddr::new(host, settings.port)
}

/// The first line of the answer, and its body.
pub(super) async fn ask(
    address: SocketAddr,
    method: &str,
    path: &str,
    body: &str,
) -> Result<(String, String)> {
    let mut stream = TcpStream::connect(address)
        .await
        .with_context(|| format!("connecting to {address}"))?;
    // HTTP/1.0 for an answer in one piece, which needs no reading of chunks.
    let length = body.len();
    let request = format!(
        "{method} {path} HTTP/1.0\r\nhost: {address}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.take(ANSWER_BYTES_MAX).read_to_end(&mut answer).await?;
    let answer = String::from_utf8_lossy(&answer);
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let status = head.lines().next().unwrap_or_default();
    Ok((status.to_owned(), body.to_owned()))
}
