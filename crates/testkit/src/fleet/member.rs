//! One process of a fleet, which keeps its ports over restarts.
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::process::{Command, Exit, Process, Signal};
use crate::waiting;

const READY_TIMEOUT: Duration = Duration::from_mins(1);

/// What a process does in the fleet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// REST.
    Api,
    /// WebSocket and SSE.
    Gateway,
    /// The outbox to RabbitMQ.
    EventPublisher,
}

impl Role {
    /// As people call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Gateway => "gateway",
            Self::EventPublisher => "publisher",
        }
    }

    pub(super) fn verb(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Gateway => "gateway",
            Self::EventPublisher => "event-publisher",
        }
    }
}

/// A process of a fleet.
#[derive(Debug)]
pub struct Member {
    role: Role,
    name: String,
    command: Command,
    port: u16,
    admin_port: u16,
    current: Mutex<Option<Current>>,
}

#[derive(Clone, Debug)]
struct Current {
    process: Arc<Process>,
    /// Whether it was asked to end; if not, its end is a death.
    is_ending: bool,
}

impl Member {
    pub(super) fn new(role: Role, name: String, command: Command, port: u16, admin_port: u16) -> Self {
        Self {
            role,
            name,
            command,
            port,
            admin_port,
            current: Mutex::default(),
        }
    }

    /// What it does.
    pub fn role(&self) -> Role {
        self.role
    }

    /// Its role and index, like `gateway 1`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// `http://127.0.0.1:port`.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// `ws://127.0.0.1:port`, to which a path like `/ws` is added.
    pub fn ws_url(&self) -> String {
        format!("ws://127.0.0.1:{}", self.port)
    }

    /// `http://127.0.0.1:port` of the admin port.
    pub fn admin_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.admin_port)
    }

    /// Its process, running or ended; `None` before the first start and after [`Self::kill`] or [`Self::stop`].
    pub fn process(&self) -> Option<Arc<Process>> {
        self.current()
            .as_ref()
            .map(|current| Arc::clone(&current.process))
    }

    /// Its last log lines.
    pub fn log_tail(&self, lines: usize) -> String {
        self.process()
            .map(|process| process.log().tail(lines))
            .unwrap_or_default()
    }

    /// Starts it, with the ports it always had, and waits until it is ready.
    pub async fn start(&self) -> Result<()> {
        self.start_unready()?;
        self.wait_ready(READY_TIMEOUT).await
    }

    /// Starts it and doesn't wait.
    pub fn start_unready(&self) -> Result<()> {
        let mut current = self.current();
        if current
            .as_ref()
            .is_some_and(|current| current.process.exit().is_none())
        {
            bail!("{} is running already", self.name);
        }
        let process = Arc::new(self.command.clone().start()?);
        *current = Some(Current {
            process,
            is_ending: false,
        });
        Ok(())
    }

    /// Waits until it answers `GET /ready` on its admin port with 200.
    ///
    /// # Errors
    /// With what it last answered and its log, when it ends first or when `timeout` has passed.
    pub async fn wait_ready(&self, timeout: Duration) -> Result<()> {
        self.running()?
            .wait_for_ok(&format!("{}/ready", self.admin_url()), timeout)
            .await
    }

    /// Kills it (SIGKILL) and waits until it is gone.
    pub async fn kill(&self) -> Result<()> {
        self.take()?.kill().await.map(drop)
    }

    /// Kills it and starts it again, with the same ports; waits until it is ready.
    pub async fn restart(&self) -> Result<()> {
        self.kill().await?;
        self.start().await
    }

    /// Asks it to end (SIGTERM) and waits for that. Fine when it is not running.
    ///
    /// # Errors
    /// When it takes longer than `timeout` or ends with anything but exit code 0.
    pub async fn stop(&self, timeout: Duration) -> Result<()> {
        let Ok(process) = self.take() else { return Ok(()) };
        let exit = process
            .terminate(timeout)
            .await
            .with_context(|| format!("stopping {}", self.name))?;
        if exit
            != (Exit {
                code: Some(0),
                signal: None,
            })
        {
            bail!("{} ended with {exit}:\n{}", self.name, process.log().tail(30));
        }
        Ok(())
    }

    /// Sends SIGTERM and returns at once; [`Self::wait`] tells how it ended.
    pub fn terminate_soon(&self) -> Result<()> {
        if let Some(current) = self.current().as_mut() {
            current.is_ending = true;
        }
        self.running()?.signal(Signal::TERM)
    }

    /// Waits until it has ended.
    pub async fn wait(&self, timeout: Duration) -> Result<Exit> {
        self.running()?.wait(timeout).await
    }

    /// Freezes it (SIGSTOP).
    pub fn pause(&self) -> Result<()> {
        self.running()?.pause()
    }

    /// Thaws it (SIGCONT).
    pub fn resume(&self) -> Result<()> {
        self.running()?.resume()
    }

    /// Waits until the process ends without being asked to, and describes that.
    pub(super) async fn death(&self) -> String {
        loop {
            let exit = waiting::poll(Duration::from_mins(1), || {
                let current = self.current().clone().filter(|current| !current.is_ending);
                std::future::ready(current.and_then(|current| current.process.exit()))
            });
            if let Some(exit) = exit.await {
                return format!(
                    "{} ended with {exit}; its last words:\n{}",
                    self.name,
                    self.log_tail(30)
                );
            }
        }
    }

    fn running(&self) -> Result<Arc<Process>> {
        self.process()
            .with_context(|| format!("{} is not running", self.name))
    }

    fn take(&self) -> Result<Arc<Process>> {
        let taken = self.current().take();
        taken
            .map(|current| current.process)
            .with_context(|| format!("{} is not running", self.name))
    }

    fn current(&self) -> MutexGuard<'_, Option<Current>> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
