//! A WebSocket client for tests, with a mailbox: frames are taken by what they are, not by when they came.
use std::collections::VecDeque;
use std::fmt::Write as _;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::{HeaderName, HeaderValue, header};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{Error as WsError, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

/// How long [`WebSocket::expect`] and its like wait.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// Frames kept until somebody asks for them; the oldest go first.
const MAILBOX_MAX: usize = 10_000;
const SEND_TIMEOUT: Duration = Duration::from_secs(10);

/// Why a handshake was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The status of the HTTP answer; 0 when there was none.
    pub status: u16,
    /// The body of the HTTP answer, or the error.
    pub body: String,
}

/// How the server closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Close {
    /// The close code; 1005 for a close frame without one, 1006 for an end without a close frame.
    pub code: u16,
    /// The reason in the close frame.
    pub reason: String,
}

/// An open (or by now closed) socket.
///
/// Frames that were read while looking for another stay in the mailbox, oldest first, so that `ack` and event
/// may come in either order. [`Self::forget`] empties it where "from now on" matters.
#[derive(Debug)]
pub struct WebSocket {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
    mailbox: VecDeque<Value>,
    close: Option<Close>,
    subprotocol: Option<String>,
}

impl WebSocket {
    /// Opens `url` (`ws://…`) with extra headers and subprotocols.
    pub async fn connect(
        url: &str,
        headers: &[(&str, &str)],
        subprotocols: &[&str],
    ) -> Result<Self, Refusal> {
        let refusal = |status: u16, body: String| Refusal { status, body };
        let mut request = url
            .into_client_request()
            .map_err(|error| refusal(0, error.to_string()))?;
        for (name, value) in headers {
            let name: HeaderName = name
                .parse()
                .map_err(|_| refusal(0, format!("bad header name {name}")))?;
            let value =
                HeaderValue::from_str(value).map_err(|_| refusal(0, format!("bad value of {name}")))?;
            request.headers_mut().append(name, value);
        }
        if !subprotocols.is_empty() {
            let offered = HeaderValue::from_str(&subprotocols.join(", "))
                .map_err(|_| refusal(0, "bad subprotocols".to_owned()))?;
            request
                .headers_mut()
                .insert(header::SEC_WEBSOCKET_PROTOCOL, offered);
        }
        let connecting = tokio_tungstenite::connect_async_with_config(request, None, true);
        match tokio::time::timeout(PATIENCE, connecting).await {
            Err(_) => Err(refusal(0, format!("no answer in {PATIENCE:?}"))),
            Ok(Err(WsError::Http(answer))) => {
                let body = answer
                    .body()
                    .as_deref()
                    .map(String::from_utf8_lossy)
                    .unwrap_or_default();
                Err(refusal(answer.status().as_u16(), body.into_owned()))
            }
            Ok(Err(error)) => Err(refusal(0, error.to_string())),
            Ok(Ok((stream, answer))) => {
                let chosen = answer.headers().get(header::SEC_WEBSOCKET_PROTOCOL);
                let subprotocol = chosen.and_then(|value| value.to_str().ok()).map(str::to_owned);
                Ok(Self {
                    stream,
                    mailbox: VecDeque::new(),
                    close: None,
                    subprotocol,
                })
            }
        }
    }

    /// Opens `url` with a bearer token.
    pub async fn connect_with_bearer(url: &str, token: &str) -> Result<Self, Refusal> {
        Self::connect(url, &[("authorization", &format!("Bearer {token}"))], &[]).await
    }

    /// The subprotocol that the server chose.
    pub fn subprotocol(&self) -> Option<&str> {
        self.subprotocol.as_deref()
    }

    /// Sends one JSON text frame.
    ///
    /// # Panics
    /// When the socket is closed or takes nothing for ten seconds.
    pub async fn send_json(&mut self, frame: &Value) {
        self.send(Message::text(frame.to_string()))
            .await
            .unwrap_or_else(|error| panic!("{error:#}"));
    }

    /// Sends any frame: broken JSON, binary, ping …
    pub async fn send(&mut self, message: Message) -> Result<()> {
        tokio::time::timeout(SEND_TIMEOUT, self.stream.send(message))
            .await
            .context("the socket takes nothing")?
            .context("the socket is closed")
    }

    /// Queues a text frame without waiting for it to leave; [`Self::flush`] sends all that is queued at once.
    pub async fn feed_json(&mut self, frame: &Value) -> Result<()> {
        self.stream
            .feed(Message::text(frame.to_string()))
            .await
            .context("the socket is closed")
    }

    /// Sends what was queued.
    pub async fn flush(&mut self) -> Result<()> {
        self.stream.flush().await.context("the socket is closed")
    }

    /// The next frame whose `type` is `kind`, from the mailbox or from the wire.
    ///
    /// # Panics
    /// When none comes within [`PATIENCE`] or the socket closes first, showing what came instead.
    pub async fn expect(&mut self, kind: &str) -> Value {
        self.expect_where(kind, |_| true).await
    }

    /// The next frame whose `type` is `kind` and which `predicate` accepts.
    ///
    /// # Panics
    /// As [`Self::expect`].
    pub async fn expect_where(&mut self, kind: &str, predicate: impl Fn(&Value) -> bool) -> Value {
        self.next_where(|frame| frame["type"] == kind && predicate(frame), PATIENCE)
            .await
            .unwrap_or_else(|error| panic!("waited for {kind}: {error:#}"))
    }

    /// The reply to the frame that bore `reference` as its `ref`.
    ///
    /// # Panics
    /// As [`Self::expect`].
    pub async fn expect_reply(&mut self, reference: &str) -> Value {
        self.next_where(|frame| frame["ref"] == reference, PATIENCE)
            .await
            .unwrap_or_else(|error| panic!("waited for the reply to {reference}: {error:#}"))
    }

    /// The next frame that `predicate` accepts, from the mailbox or from the wire.
    ///
    /// # Errors
    /// When none comes in time or the socket closes first, with what came instead.
    pub async fn next_where(
        &mut self,
        predicate: impl Fn(&Value) -> bool,
        patience: Duration,
    ) -> Result<Value> {
        if let Some(position) = self.mailbox.iter().position(&predicate) {
            return Ok(self
                .mailbox
                .remove(position)
                .expect("the position is that of a frame"));
        }
        let deadline = Instant::now() + patience;
        loop {
            match self.read(deadline).await {
                Read::Frame(frame) if predicate(&frame) => return Ok(frame),
                Read::Frame(frame) => self.keep(frame),
                Read::Closed => bail!(
                    "the socket closed with {:?}{}",
                    self.close,
                    self.describe_mailbox()
                ),
                Read::TimedOut => bail!("not in {patience:?}{}", self.describe_mailbox()),
            }
        }
    }

    /// The next frame of any kind: the oldest in the mailbox, or else from the wire; `None` when none comes in
    /// time or the socket is closed.
    pub async fn next(&mut self, patience: Duration) -> Option<Value> {
        self.next_where(|_| true, patience).await.ok()
    }

    /// Reads for as long as `time` and panics when a frame comes, or waits in the mailbox, that `predicate`
    /// accepts. Others are kept.
    ///
    /// # Panics
    /// When there is such a frame.
    pub async fn expect_none(&mut self, predicate: impl Fn(&Value) -> bool, time: Duration) {
        if let Ok(frame) = self.next_where(predicate, time).await {
            panic!("got a frame that must not come: {frame}");
        }
    }

    /// What was read and not asked for yet, oldest first.
    pub fn mailbox(&self) -> impl Iterator<Item = &Value> {
        self.mailbox.iter()
    }

    /// Empties the mailbox.
    pub fn forget(&mut self) {
        self.mailbox.clear();
    }

    /// Reads on until the server closes, and says how. Frames are kept.
    ///
    /// # Panics
    /// When it is still open after `patience`.
    pub async fn expect_close(&mut self, patience: Duration) -> Close {
        let deadline = Instant::now() + patience;
        loop {
            match self.read(deadline).await {
                Read::Frame(frame) => self.keep(frame),
                Read::Closed => return self.close.clone().expect("set when closed"),
                Read::TimedOut => panic!("still open after {patience:?}{}", self.describe_mailbox()),
            }
        }
    }

    /// How the server closed, as far as was read.
    pub fn close_seen(&self) -> Option<&Close> {
        self.close.as_ref()
    }

    /// Closes in order (1000) and waits for the server to agree.
    pub async fn close(mut self) {
        let frame = CloseFrame {
            code: 1000.into(),
            reason: "".into(),
        };
        if tokio::time::timeout(SEND_TIMEOUT, self.stream.close(Some(frame)))
            .await
            .is_ok()
        {
            let deadline = Instant::now() + SEND_TIMEOUT;
            while let Read::Frame(_) = self.read(deadline).await {}
        }
    }

    /// Breaks the connection off with a TCP reset, as a lost phone does at best.
    pub fn reset(self) {
        if let MaybeTlsStream::Plain(stream) = self.stream.get_ref() {
            let _ = stream.set_zero_linger();
        }
    }

    async fn read(&mut self, deadline: Instant) -> Read {
        if self.close.is_some() {
            return Read::Closed;
        }
        loop {
            let Ok(message) = timeout_at(deadline, self.stream.next()).await else {
                return Read::TimedOut;
            };
            let close = match message {
                Some(Ok(Message::Text(text))) => {
                    let frame =
                        serde_json::from_str(&text).unwrap_or_else(|_| Value::String(text.to_string()));
                    return Read::Frame(frame);
                }
                Some(Ok(Message::Binary(bytes))) => {
                    return Read::Frame(Value::String(format!("{} bytes of binary", bytes.len())));
                }
                Some(Ok(Message::Close(frame))) => match frame {
                    Some(frame) => Close {
                        code: frame.code.into(),
                        reason: frame.reason.to_string(),
                    },
                    None => Close {
                        code: 1005,
                        reason: String::new(),
                    },
                },
                Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => continue,
                Some(Err(error)) => Close {
                    code: 1006,
                    reason: error.to_string(),
                },
                None => Close {
                    code: 1006,
                    reason: "end of stream".to_owned(),
                },
            };
            self.close = Some(close);
            // Sends our half of the closing handshake.
            let _ = timeout_at(deadline, self.stream.flush()).await;
            return Read::Closed;
        }
    }

    fn keep(&mut self, frame: Value) {
        if self.mailbox.len() == MAILBOX_MAX {
            self.mailbox.pop_front();
        }
        self.mailbox.push_back(frame);
    }

    fn describe_mailbox(&self) -> String {
        let shown = 20;
        let mut text = format!("; {} other frames came", self.mailbox.len());
        for frame in self.mailbox.iter().rev().take(shown).rev() {
            let _ = write!(text, "\n  {frame}");
        }
        text
    }
}

enum Read {
    Frame(Value),
    Closed,
    TimedOut,
}

#[cfg(test)]
mod tests;
