//! A WebSocket client that costs little, so that the measured machine is not busy with the measuring.

use std::net::SocketAddr;

use anyhow::{Context, Result, bail};
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpSocket;
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};

pub(crate) type Sender = SplitSink<WebSocketStream<TcpStream>, Message>;
pub(crate) type Receiver = SplitStream<WebSocketStream<TcpStream>>;

/// What is read of a frame: enough to count and time it, nothing more.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Heard<'a> {
    Ack(&'a str),
    Error(&'a str),
    Created(&'a str),
    Other,
}

/// Opens `/ws` as this token's bearer, from the source address of the given index (one address has only
/// 28,000 ports).
pub(crate) async fn open(gateway: &str, token: &str, index: usize) -> Result<(Sender, Receiver)> {
    let url = format!("{}/ws", gateway.trim_end_matches('/'));
    let mut request = url.as_str().into_client_request()?;
    request
        .headers_mut()
        .insert("authorization", format!("Bearer {token}").parse()?);
    let authority = request
        .uri()
        .authority()
        .context("a gateway's URL names a host")?
        .to_string();
    let address: SocketAddr = tokio::net::lookup_host(&authority)
        .await?
        .next()
        .context("no address")?;
    let socket = TcpSocket::new_v4()?;
    if address.ip().is_loopback() {
        let last = 2 + u8::try_from(index / 20_000).unwrap_or(0);
        socket.bind(SocketAddr::from(([127, 0, 0, last], 0)))?;
    }
    let stream = socket.connect(address).await?;
    stream.set_nodelay(true)?;
    let config = WebSocketConfig::default()
        .read_buffer_size(8 * 1024)
        .write_buffer_size(0);
    let (socket, _) = tokio_tungstenite::client_async_with_config(request, stream, Some(config))
        .await
        .with_context(|| url)?;
    Ok(socket.split())
}

/// Reads until `hello` and, where rooms follow, their `subscribed`.
pub(crate) async fn until_subscribed(receiver: &mut Receiver, rooms: usize) -> Result<()> {
    let mut subscribed = 0;
    let mut hello = false;
    while !hello || subscribed < rooms {
        let text = next(receiver).await?.context("closed before it was subscribed")?;
        hello |= text.contains(r#""type":"hello""#);
        subscribed += usize::from(text.contains(r#""type":"subscribed""#));
    }
    Ok(())
}

/// The next text frame; none when the socket was closed.
pub(crate) async fn next(receiver: &mut Receiver) -> Result<Option<Utf8Bytes>> {
    loop {
        match receiver.next().await {
            Some(Ok(Message::Text(text))) => return Ok(Some(text)),
            Some(Ok(Message::Close(frame))) => {
                if let Some(frame) = frame {
                    bail!("closed with {}: {}", frame.code, frame.reason);
                }
                return Ok(None);
            }
            Some(Ok(_)) => {}
            Some(Err(error)) => return Err(error.into()),
            None => return Ok(None),
        }
    }
}

/// Queues frames and writes them in one go.
pub(crate) async fn send_all(sender: &mut Sender, frames: impl IntoIterator<Item = String>) -> Result<()> {
    for frame in frames {
        sender.feed(Message::text(frame)).await?;
    }
    Ok(sender.flush().await?)
}

/// Sorts a frame without parsing it whole.
pub(crate) fn hear(text: &str) -> Heard<'_> {
    match field(text, "type") {
        Some("ack") => Heard::Ack(field(text, "ref").unwrap_or_default()),
        Some("error") => Heard::Error(text),
        Some("message_created") => Heard::Created(field(text, "content").unwrap_or_default()),
        _ => Heard::Other,
    }
}

/// The value of the first string field of this name. Good for what this tool itself wrote.
fn field<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let mut from = 0;
    while let Some(at) = text[from..].find(name) {
        let after = from + at + name.len();
        if let Some(value) = text[after..].strip_prefix("\":\"") {
            return value.split('"').next();
        }
        from = after;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_sorted() {
        assert_eq!(hear(r#"{"type":"ack","ref":"7","seq":1}"#), Heard::Ack("7"));
        assert_eq!(
            hear(r#"{"type":"message_created","message":{"content_type":"text/plain","content":"12 x"}}"#),
            Heard::Created("12 x")
        );
        assert_eq!(hear(r#"{"type":"typing"}"#), Heard::Other);
    }
}
