//! A throwaway PostgreSQL server.
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use tempfile::TempDir;
use tokio::sync::Mutex;

use crate::process::{Command, DeathSignal, Process, Signal};
use crate::system_user::SystemUser;
use crate::{packages, ports, scratch};

const INIT_TIMEOUT: Duration = Duration::from_mins(1);
const READY_TIMEOUT: Duration = Duration::from_secs(30);
const QUERY_TIMEOUT: Duration = Duration::from_secs(30);
const READY_LINE: &str = "database system is ready to accept connections";

/// What to start.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Whether commits reach the disk. Off by default, for speed: kills of the server lose nothing then either,
    /// only a crash of the machine would. On where the cost of durability is what is measured.
    pub fsync: bool,
    /// More `name=value` settings.
    pub settings: Vec<String>,
}

/// A PostgreSQL server on 127.0.0.1 with one superuser `confab` who needs no password.
#[derive(Debug)]
pub struct Postgres {
    base_url: String,
    psql: PathBuf,
    own: Option<Own>,
}

#[derive(Debug)]
struct Own {
    // Before the folder, so that it ends before its folder is removed.
    process: Mutex<Option<Process>>,
    server: Command,
    _folder: TempDir,
}

impl Postgres {
    /// Starts a server without fsync; about two seconds.
    pub async fn start() -> Result<Self> {
        Self::start_with(Options::default()).await
    }

    /// Starts a server.
    pub async fn start_with(options: Options) -> Result<Self> {
        let binaries = packages::postgres_folder()?;
        let user = SystemUser::for_server("postgres", "postgresql")?;
        let folder = scratch::folder("postgres")?;
        scratch::give_to(folder.path(), user.as_ref())?;
        let data = folder.path().join("data");
        Command::new("initdb", binaries.join("initdb"))
            .arg("-D")
            .arg(&data)
            .args([
                "-U",
                "confab",
                "--auth=trust",
                "-E",
                "UTF8",
                "--no-locale",
                "--no-sync",
            ])
            .folder(folder.path())
            .run_as(user.clone())
            .run(INIT_TIMEOUT)
            .await?;

        let port = ports::free_port();
        let durability = if options.fsync { "on" } else { "off" };
        let mut settings = vec![
            "listen_addresses=127.0.0.1".to_owned(),
            format!("unix_socket_directories={}", folder.path().display()),
            format!("fsync={durability}"),
            format!("full_page_writes={durability}"),
            "synchronous_commit=on".to_owned(),
            // Many tests at once, each with pools of its own.
            "max_connections=400".to_owned(),
            "shared_buffers=64MB".to_owned(),
            "log_line_prefix=%m [%p] %d ".to_owned(),
        ];
        settings.extend(options.settings);
        let server = Command::new("postgres", binaries.join("postgres"))
            .arg("-D")
            .arg(&data)
            .args(["-p", &port.to_string()])
            .args(settings.iter().flat_map(|setting| ["-c", setting]))
            .folder(folder.path())
            .run_as(user)
            // Immediate shutdown: ends all backends and frees the shared memory, which SIGKILL would leave.
            .death_signal(DeathSignal::Quit);
        let process = server.clone().start()?;
        process.wait_for_line(READY_LINE, READY_TIMEOUT).await?;
        Ok(Self {
            base_url: format!("postgres://confab@127.0.0.1:{port}"),
            psql: binaries.join("psql"),
            own: Some(Own {
                process: Mutex::new(Some(process)),
                server,
                _folder: folder,
            }),
        })
    }

    /// A server that somebody else started and stops. `url` is that of any of its databases, as a superuser.
    pub fn at(url: &str) -> Result<Self> {
        let (base, database) = url.rsplit_once('/').unwrap_or_default();
        if !base.contains("://") || database.contains('@') {
            bail!("a PostgreSQL URL looks like postgres://user@host:port/database");
        }
        Ok(Self {
            base_url: base.to_owned(),
            psql: packages::postgres_folder()?.join("psql"),
            own: None,
        })
    }

    /// The URL of a database, made or not.
    pub fn url(&self, database: &str) -> String {
        format!("{}/{database}", self.base_url)
    }

    /// `host:port` of the server, for a proxy in front of it.
    pub fn address(&self) -> &str {
        address_of(&self.base_url)
    }

    /// Makes an empty database with a name of its own and returns its URL; about 50 ms.
    pub async fn create_database(&self) -> Result<String> {
        self.create_database_like("template0").await
    }

    /// Makes a copy of the database named `template`, to which nobody may be connected, and returns its URL.
    pub async fn create_database_like(&self, template: &str) -> Result<String> {
        let name = format!("t_{}", uuid::Uuid::new_v4().simple());
        self.query("postgres", &format!("CREATE DATABASE {name} TEMPLATE {template}"))
            .await?;
        Ok(self.url(&name))
    }

    /// Runs SQL in a database (a name or a URL of this server) and returns the rows: a line each, columns
    /// separated by `|`.
    pub async fn query(&self, database: &str, sql: &str) -> Result<String> {
        let url = if database.contains("://") {
            database.to_owned()
        } else {
            self.url(database)
        };
        Command::new("psql", &self.psql)
            .args(["-XAtq", "-v", "ON_ERROR_STOP=1", "-d", &url, "-c", sql])
            .env("PGCONNECT_TIMEOUT", "10")
            .run(QUERY_TIMEOUT)
            .await
    }

    /// Crashes the server (`pg_ctl -m immediate`) and starts it again on the same port, data kept; about 0.3 s.
    pub async fn restart_immediate(&self) -> Result<()> {
        self.end(Signal::QUIT).await?;
        self.start_again().await
    }

    /// Kills the server's main process (SIGKILL). Its backends notice and end a moment later.
    pub async fn kill(&self) -> Result<()> {
        self.end(Signal::KILL).await
    }

    /// Stops the server, rolling back what is in flight (`pg_ctl -m fast`).
    pub async fn stop(&self) -> Result<()> {
        self.end(Signal::INT).await
    }

    /// Starts the stopped or killed server again, on the same port, data kept.
    pub async fn start_again(&self) -> Result<()> {
        let own = self.own()?;
        let mut slot = own.process.lock().await;
        if slot.as_ref().is_some_and(|process| process.exit().is_none()) {
            bail!("PostgreSQL is running already");
        }
        // After SIGKILL the old backends hold the shared memory for a moment, and the new server gives up.
        let started = crate::waiting::poll(READY_TIMEOUT, async || {
            let process = match own.server.clone().start() {
                Ok(process) => process,
                Err(error) => return Some(Err(error)),
            };
            match process.wait_for_line(READY_LINE, READY_TIMEOUT).await {
                Ok(_) => Some(Ok(process)),
                Err(_) if process.log().find("is still in use").is_some() => None,
                Err(error) => Some(Err(error)),
            }
        });
        *slot = Some(started.await.context("PostgreSQL does not start again")??);
        Ok(())
    }

    /// The process id of the server; none when it is stopped or somebody else started it.
    pub async fn pid(&self) -> Option<u32> {
        self.own.as_ref()?.process.lock().await.as_ref().map(Process::pid)
    }

    /// The last lines of the server's log; empty for one that somebody else started.
    pub async fn log_tail(&self, lines: usize) -> String {
        let Some(own) = &self.own else {
            return String::new();
        };
        own.process
            .lock()
            .await
            .as_ref()
            .map(|process| process.log().tail(lines))
            .unwrap_or_default()
    }

    async fn end(&self, signal: Signal) -> Result<()> {
        let mut slot = self.own()?.process.lock().await;
        let process = slot.take().context("PostgreSQL is stopped already")?;
        process.signal(signal)?;
        process.wait(READY_TIMEOUT).await?;
        Ok(())
    }

    fn own(&self) -> Result<&Own> {
        self.own.as_ref().ok_or_else(|| {
            anyhow!("this PostgreSQL is shared by all tests: start one with `Postgres::start` to stop it")
        })
    }
}

/// `host:port` of a URL.
pub(crate) fn address_of(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split('/').next().unwrap_or(rest);
    authority.rsplit('@').next().unwrap_or(authority)
}
