//! A throwaway Redis server.
use std::fmt::Write as _;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Mutex;

use crate::postgres::address_of;
use crate::process::{Command, Process, Signal};
use crate::{packages, ports, scratch};

const READY_TIMEOUT: Duration = Duration::from_secs(10);
const COMMAND_TIMEOUT: Duration = Duration::from_secs(10);
const READY_LINE: &str = "Ready to accept connections";
const REPLY_BYTES_MAX: usize = 16 * 1024 * 1024;

/// A Redis server on 127.0.0.1 that keeps nothing on disk.
#[derive(Debug)]
pub struct Redis {
    url: String,
    own: Option<Own>,
}

#[derive(Debug)]
struct Own {
    process: Mutex<Option<Process>>,
    server: Command,
    _folder: TempDir,
}

impl Redis {
    /// Starts a server; some milliseconds.
    pub async fn start() -> Result<Self> {
        let folder = scratch::folder("redis")?;
        let port = ports::free_port();
        let server = Command::new("redis", packages::binary("redis-server", "redis-server")?)
            .args([
                "--port",
                &port.to_string(),
                "--bind",
                "127.0.0.1",
                "--save",
                "",
                "--appendonly",
                "no",
                "--dir",
            ])
            .arg(folder.path())
            .folder(folder.path());
        let process = server.clone().start()?;
        process.wait_for_line(READY_LINE, READY_TIMEOUT).await?;
        Ok(Self {
            url: format!("redis://127.0.0.1:{port}"),
            own: Some(Own {
                process: Mutex::new(Some(process)),
                server,
                _folder: folder,
            }),
        })
    }

    /// A server that somebody else started and stops.
    pub fn at(url: &str) -> Result<Self> {
        if !url.starts_with("redis://") {
            bail!("a Redis URL looks like redis://host:port");
        }
        Ok(Self {
            url: url.trim_end_matches('/').to_owned(),
            own: None,
        })
    }

    /// Its URL, `redis://127.0.0.1:port`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// `host:port` of the server, for a proxy in front of it.
    pub fn address(&self) -> &str {
        address_of(&self.url)
    }

    /// A key prefix that nobody else has, by which tests on one server are kept apart.
    pub fn unique_prefix(&self) -> String {
        format!("t{}:", uuid::Uuid::new_v4().simple())
    }

    /// Forgets everything. Refused for a shared server, where it would hit other tests.
    pub async fn flush(&self) -> Result<()> {
        self.own()?;
        match self.command(&["FLUSHALL"]).await?.trim() {
            "+OK" => Ok(()),
            other => bail!("Redis answered FLUSHALL with {other}"),
        }
    }

    /// Runs one command over a connection of its own and returns the raw reply (RESP2).
    pub async fn command(&self, words: &[&str]) -> Result<String> {
        tokio::time::timeout(COMMAND_TIMEOUT, self.exchange(words))
            .await
            .with_context(|| format!("Redis has not answered {words:?} in {COMMAND_TIMEOUT:?}"))?
    }

    async fn exchange(&self, words: &[&str]) -> Result<String> {
        let mut stream = TcpStream::connect(self.address()).await?;
        // QUIT makes the server close the connection after the reply, so that its end needs no parser.
        stream
            .write_all((resp(words) + &resp(&["QUIT"])).as_bytes())
            .await?;
        let mut reply = Vec::new();
        stream
            .take(REPLY_BYTES_MAX as u64)
            .read_to_end(&mut reply)
            .await?;
        let reply = String::from_utf8_lossy(&reply).into_owned();
        Ok(reply.strip_suffix("+OK\r\n").map(str::to_owned).unwrap_or(reply))
    }

    /// Kills the server (SIGKILL); what it knew is gone.
    pub async fn kill(&self) -> Result<()> {
        let process = self
            .own()?
            .process
            .lock()
            .await
            .take()
            .context("Redis is stopped already")?;
        process.kill().await.map(drop)
    }

    /// Freezes the server: connections stay open, and nothing moves.
    pub async fn pause(&self) -> Result<()> {
        self.signal(Signal::STOP).await
    }

    /// Thaws the server.
    pub async fn resume(&self) -> Result<()> {
        self.signal(Signal::CONT).await
    }

    /// Starts the killed server again, empty, on the same port.
    pub async fn start_again(&self) -> Result<()> {
        let own = self.own()?;
        let mut slot = own.process.lock().await;
        if slot.is_some() {
            bail!("Redis is running already");
        }
        let process = own.server.clone().start()?;
        process.wait_for_line(READY_LINE, READY_TIMEOUT).await?;
        *slot = Some(process);
        Ok(())
    }

    /// The process id of the server; none when it is stopped or somebody else started it.
    pub async fn pid(&self) -> Option<u32> {
        self.own.as_ref()?.process.lock().await.as_ref().map(Process::pid)
    }

    async fn signal(&self, signal: Signal) -> Result<()> {
        self.own()?
            .process
            .lock()
            .await
            .as_ref()
            .context("Redis is stopped")?
            .signal(signal)
    }

    fn own(&self) -> Result<&Own> {
        self.own.as_ref().ok_or_else(|| {
            anyhow!("this Redis is shared by all tests: start one with `Redis::start` for that")
        })
    }
}

fn resp(words: &[&str]) -> String {
    let mut encoded = format!("*{}\r\n", words.len());
    for word in words {
        let _ = write!(encoded, "${}\r\n{word}\r\n", word.len());
    }
    encoded
}
