//! A client of server-sent events for tests.
use std::time::Duration;

use anyhow::{Context, Result, bail};
use futures_util::{Stream, StreamExt};
use serde_json::Value;
use std::pin::Pin;
use tokio::time::{Instant, timeout_at};

/// A line longer than this is an error.
const LINE_BYTES_MAX: usize = 4 * 1024 * 1024;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// One event as it came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SentEvent {
    /// The field `event`; empty when there was none.
    pub event: String,
    /// The field `id`, when there was one.
    pub id: Option<String>,
    /// The field `data`, lines joined.
    pub data: String,
}

impl SentEvent {
    /// The data as JSON.
    ///
    /// # Panics
    /// When it is not JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.data).unwrap_or_else(|error| panic!("{error} in {:?}", self.data))
    }
}

/// An open stream of events.
pub struct EventStream {
    /// The HTTP status; the stream of a refused one holds no events.
    pub status: u16,
    chunks: Pin<Box<dyn Stream<Item = reqwest::Result<Vec<u8>>> + Send>>,
    buffer: Vec<u8>,
    comments: u64,
}

impl std::fmt::Debug for EventStream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EventStream")
            .field("status", &self.status)
            .finish_non_exhaustive()
    }
}

impl EventStream {
    /// Opens `url` with extra headers (`authorization`, `last-event-id` …).
    pub async fn connect(url: &str, headers: &[(&str, &str)]) -> Result<Self> {
        let client = reqwest::Client::builder()
            .no_proxy()
            .connect_timeout(CONNECT_TIMEOUT)
            .build()?;
        let mut request = client.get(url).header("accept", "text/event-stream");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = tokio::time::timeout(CONNECT_TIMEOUT, request.send())
            .await
            .context("no answer")??;
        let status = answer.status().as_u16();
        let chunks = answer
            .bytes_stream()
            .map(|chunk| chunk.map(|bytes| bytes.to_vec()))
            .boxed();
        Ok(Self {
            status,
            chunks,
            buffer: Vec::new(),
            comments: 0,
        })
    }

    /// The next event; `None` when the server ended the stream.
    ///
    /// # Errors
    /// When none comes in time or the connection breaks.
    pub async fn next(&mut self, patience: Duration) -> Result<Option<SentEvent>> {
        let deadline = Instant::now() + patience;
        let mut event = SentEvent::default();
        let mut is_empty = true;
        loop {
            while let Some(end) = self.buffer.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.buffer.drain(..=end).collect();
                let line = String::from_utf8(line).context("an event stream is UTF-8")?;
                let line = line.trim_end_matches(['\n', '\r']);
                if line.is_empty() {
                    if !is_empty {
                        return Ok(Some(event));
                    }
                    continue;
                }
                let (field, value) = line.split_once(':').unwrap_or((line, ""));
                let value = value.strip_prefix(' ').unwrap_or(value);
                match field {
                    "" => {
                        self.comments += 1;
                        continue;
                    }
                    "event" => value.clone_into(&mut event.event),
                    "id" => event.id = Some(value.to_owned()),
                    "data" if event.data.is_empty() => value.clone_into(&mut event.data),
                    "data" => event.data = format!("{}\n{value}", event.data),
                    _ => {}
                }
                is_empty = false;
            }
            if self.buffer.len() > LINE_BYTES_MAX {
                bail!("a line of more than {LINE_BYTES_MAX} bytes");
            }
            match timeout_at(deadline, self.chunks.next()).await {
                Err(_) => bail!("no event in {patience:?}"),
                Ok(None) => return Ok(None),
                Ok(Some(chunk)) => self.buffer.extend(chunk.context("the stream broke off")?),
            }
        }
    }

    /// The next event of this name, skipping others.
    ///
    /// # Panics
    /// When none comes within ten seconds or the stream ends first, naming what came instead.
    pub async fn expect(&mut self, name: &str) -> SentEvent {
        let mut skipped = Vec::new();
        loop {
            match self.next(crate::web_socket::PATIENCE).await {
                Ok(Some(event)) if event.event == name => return event,
                Ok(Some(event)) => skipped.push(event.event),
                Ok(None) => panic!("the stream ended before {name}, after {skipped:?}"),
                Err(error) => panic!("waited for {name}, after {skipped:?}: {error:#}"),
            }
        }
    }

    /// How many comments (keep-alives) were read so far.
    pub fn comments(&self) -> u64 {
        self.comments
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn reads_events_comments_and_the_end() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/stream", listener.local_addr().unwrap());
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0; 1024];
            let _ = stream.read(&mut request).await.unwrap();
            let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";
            stream.write_all(head.as_bytes()).await.unwrap();
            for part in [
                "event: connec",
                "ted\ndata: {\"a\":\ndata: 1}\n\n: still here\n\n",
                "id: e.7\nevent: x\ndata:y\n\n",
            ] {
                stream.write_all(part.as_bytes()).await.unwrap();
                stream.flush().await.unwrap();
            }
        });
        let mut events = EventStream::connect(&url, &[]).await.unwrap();
        assert_eq!(events.status, 200);
        assert_eq!(
            events.expect("connected").await.json(),
            serde_json::json!({"a": 1})
        );
        let last = events.next(Duration::from_secs(5)).await.unwrap().unwrap();
        assert_eq!((last.id.as_deref(), last.data.as_str()), (Some("e.7"), "y"));
        assert_eq!(events.comments(), 1);
        assert_eq!(events.next(Duration::from_secs(5)).await.unwrap(), None);
    }
}
