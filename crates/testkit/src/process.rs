//! Child processes that are watched, spoken to by signals, and that never outlive the test.
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use tokio::sync::watch;

use crate::packages;
use crate::system_user::SystemUser;

mod log;
mod spawner;

pub use log::Log;
pub use rustix::process::Signal;

/// How long a dropped process may take to obey its death signal before it is killed.
const DROP_TIMEOUT: Duration = Duration::from_secs(5);

/// Becomes the program. If our process died before `setpriv` asked for the death signal, that signal never comes; the
/// child has then another parent already, and ends by itself.
const UNLESS_ORPHANED: &str = r#"[ "$PPID" = "$0" ] && exec "$@""#;

/// The signal that ends a child whose owner is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeathSignal {
    /// SIGKILL: at once, without a chance to object.
    Kill,
    /// SIGQUIT, which to PostgreSQL means: end all backends, write nothing.
    Quit,
}

impl DeathSignal {
    /// As `setpriv` wants it.
    fn name(self) -> &'static str {
        match self {
            Self::Kill => "KILL",
            Self::Quit => "QUIT",
        }
    }
}

impl From<DeathSignal> for Signal {
    fn from(signal: DeathSignal) -> Self {
        match signal {
            DeathSignal::Kill => Self::KILL,
            DeathSignal::Quit => Self::QUIT,
        }
    }
}

/// What to start, and how.
#[derive(Clone, Debug)]
pub struct Command {
    pub(crate) name: String,
    pub(crate) program: PathBuf,
    pub(crate) args: Vec<OsString>,
    pub(crate) env: BTreeMap<OsString, OsString>,
    pub(crate) folder: Option<PathBuf>,
    pub(crate) run_as: Option<SystemUser>,
    pub(crate) death_signal: DeathSignal,
}

impl Command {
    /// `program`, called `name` in errors and logs.
    ///
    /// It gets no environment but `PATH`, `HOME` and `TMPDIR` of this process and what [`Self::env`] adds, so
    /// that a developer's own `DATABASE_URL` never leaks into a test.
    pub fn new(name: impl Into<String>, program: impl AsRef<Path>) -> Self {
        let env = ["PATH", "HOME", "TMPDIR"]
            .into_iter()
            .filter_map(|key| Some((key.into(), std::env::var_os(key)?)))
            .collect();
        Self {
            name: name.into(),
            program: program.as_ref().to_owned(),
            args: Vec::new(),
            env,
            folder: None,
            run_as: None,
            death_signal: DeathSignal::Kill,
        }
    }

    /// Adds one argument.
    #[must_use]
    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.args.push(arg.as_ref().to_owned());
        self
    }

    /// Adds several arguments.
    #[must_use]
    pub fn args(mut self, args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        self.args
            .extend(args.into_iter().map(|arg| arg.as_ref().to_owned()));
        self
    }

    /// Sets one environment variable.
    #[must_use]
    pub fn env(mut self, key: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.env
            .insert(key.as_ref().to_owned(), value.as_ref().to_owned());
        self
    }

    /// Sets several environment variables.
    #[must_use]
    pub fn envs<K: AsRef<OsStr>, V: AsRef<OsStr>>(self, vars: impl IntoIterator<Item = (K, V)>) -> Self {
        vars.into_iter()
            .fold(self, |command, (key, value)| command.env(key, value))
    }

    /// The working directory; that of this process by default.
    #[must_use]
    pub fn folder(mut self, folder: impl AsRef<Path>) -> Self {
        self.folder = Some(folder.as_ref().to_owned());
        self
    }

    /// The signal that ends the process when it is dropped or when this process dies; SIGKILL by default.
    #[must_use]
    pub fn death_signal(mut self, signal: DeathSignal) -> Self {
        self.death_signal = signal;
        self
    }

    pub(crate) fn run_as(mut self, user: Option<SystemUser>) -> Self {
        self.run_as = user;
        self
    }

    /// Starts it. Returns once it is forked, which says nothing about whether it is ready.
    pub fn start(self) -> Result<Process> {
        if !self.program.is_file() {
            bail!(
                "cannot start {}: there is no {}",
                self.name,
                self.program.display()
            );
        }
        let setpriv = packages::binary("setpriv", "util-linux")?;
        let mut command = std::process::Command::new(setpriv);
        command.arg("--pdeathsig").arg(self.death_signal.name());
        if let Some(user) = &self.run_as {
            command.args([
                "--reuid",
                &user.uid.to_string(),
                "--regid",
                &user.gid.to_string(),
                "--clear-groups",
            ]);
        }
        command
            .args(["--", "/bin/sh", "-c", UNLESS_ORPHANED])
            .arg(std::process::id().to_string())
            .arg(&self.program)
            .args(&self.args)
            .env_clear()
            .envs(&self.env);
        if let Some(folder) = &self.folder {
            command.current_dir(folder);
        }
        let log = Arc::new(Log::default());
        let spawned = spawner::spawn(command, Arc::clone(&log))
            .with_context(|| format!("cannot start {}", self.name))?;
        Ok(Process {
            name: self.name,
            death_signal: self.death_signal,
            log,
            spawned,
        })
    }

    /// Starts it, waits for its end and returns what it printed; an error, with the output, unless it exits
    /// with 0 within `timeout`.
    pub async fn run(self, timeout: Duration) -> Result<String> {
        let process = self.start()?;
        let exit = process.wait(timeout).await?;
        process.log.wait_closed(Duration::from_secs(1)).await;
        if exit.code != Some(0) {
            bail!("{} ended with {exit}:\n{}", process.name, process.log.tail(50));
        }
        Ok(process.log.tail(usize::MAX))
    }
}

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exit {
    /// The exit code, unless a signal ended it.
    pub code: Option<i32>,
    /// The number of the signal that ended it.
    pub signal: Option<i32>,
}

impl std::fmt::Display for Exit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.code, self.signal) {
            (Some(code), _) => write!(f, "exit code {code}"),
            (None, Some(signal)) => write!(f, "signal {signal}"),
            (None, None) => write!(f, "an unknown end"),
        }
    }
}

/// A running child. Dropping it ends it; so does the end of this process, however it comes.
#[derive(Debug)]
pub struct Process {
    name: String,
    death_signal: DeathSignal,
    log: Arc<Log>,
    spawned: spawner::Spawned,
}

impl Process {
    /// `Command::new` with the arguments and variables that most callers have.
    pub fn start<A: AsRef<OsStr>, K: AsRef<OsStr>, V: AsRef<OsStr>>(
        name: &str,
        program: impl AsRef<Path>,
        args: impl IntoIterator<Item = A>,
        env: impl IntoIterator<Item = (K, V)>,
    ) -> Result<Self> {
        Command::new(name, program).args(args).envs(env).start()
    }

    /// Its name in errors.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.spawned.pid()
    }

    /// What it printed on both outputs: the last lines of it.
    pub fn log(&self) -> &Arc<Log> {
        &self.log
    }

    /// How it ended, when it has.
    pub fn exit(&self) -> Option<Exit> {
        *self.spawned.exit().borrow()
    }

    /// Sends a signal; an error when the process has ended.
    pub fn signal(&self, signal: Signal) -> Result<()> {
        self.spawned
            .signal(signal)
            .with_context(|| format!("cannot signal {}", self.name))
    }

    /// Kills it (SIGKILL) and waits until it is gone. Fine when it is gone already.
    pub async fn kill(&self) -> Result<Exit> {
        if self.exit().is_none() {
            // It may end between the question and the signal, which is what we want anyway.
            let _ = self.signal(Signal::KILL);
        }
        self.wait(DROP_TIMEOUT).await
    }

    /// Asks it to end (SIGTERM) and waits for that.
    ///
    /// # Errors
    /// When it has ended before, or takes longer than `timeout`.
    pub async fn terminate(&self, timeout: Duration) -> Result<Exit> {
        self.signal(Signal::TERM)?;
        self.wait(timeout).await
    }

    /// Freezes it (SIGSTOP): its sockets stay open, and nothing moves.
    pub fn pause(&self) -> Result<()> {
        self.signal(Signal::STOP)
    }

    /// Thaws it (SIGCONT).
    pub fn resume(&self) -> Result<()> {
        self.signal(Signal::CONT)
    }

    /// Waits until it ends by itself.
    pub async fn wait(&self, timeout: Duration) -> Result<Exit> {
        let mut exit = self.spawned.exit().clone();
        let ended = tokio::time::timeout(timeout, exit.wait_for(Option::is_some)).await;
        match ended {
            Ok(Ok(exit)) => Ok(exit.expect("waited for some")),
            Ok(Err(_)) => Err(anyhow!("lost sight of {}", self.name)),
            Err(_) => Err(anyhow!(
                "{} has not ended in {timeout:?}:\n{}",
                self.name,
                self.log.tail(30)
            )),
        }
    }

    /// Waits for a printed line that contains `needle`, and returns it. Lines from before the call count.
    ///
    /// # Errors
    /// With the last lines of its log, when it ends first or when `timeout` has passed.
    pub async fn wait_for_line(&self, needle: &str, timeout: Duration) -> Result<String> {
        let failure = |why: String| {
            anyhow!(
                "{} {why} before it printed {needle:?}:\n{}",
                self.name,
                self.log.tail(50)
            )
        };
        tokio::select! {
            line = self.log.wait_for_line(needle) => Ok(line),
            exit = self.ended() => {
                // Its last words may still be in the pipe.
                self.log.wait_closed(Duration::from_secs(1)).await;
                self.log.find(needle).ok_or_else(|| failure(format!("ended with {exit}")))
            }
            () = tokio::time::sleep(timeout) => Err(failure(format!("took longer than {timeout:?}"))),
        }
    }

    /// Waits until a GET of `url` is answered with 200.
    ///
    /// # Errors
    /// With the last answer and the last lines of its log, when it ends first or when `timeout` has passed.
    pub async fn wait_for_ok(&self, url: &str, timeout: Duration) -> Result<()> {
        let client = reqwest::Client::builder()
            .no_proxy()
            .timeout(Duration::from_secs(2))
            .build()?;
        let last = watch::Sender::new(String::from("nothing"));
        let ok = crate::waiting::poll(timeout, async || {
            match client.get(url).send().await {
                Ok(answer) if answer.status() == 200 => return Some(()),
                Ok(answer) => {
                    let status = answer.status();
                    last.send_replace(format!("{status} {}", answer.text().await.unwrap_or_default()));
                }
                Err(error) => _ = last.send_replace(error.to_string()),
            }
            None
        });
        let why = tokio::select! {
            ok = ok => match ok {
                Some(()) => return Ok(()),
                None => format!("took longer than {timeout:?}"),
            },
            exit = self.ended() => format!("ended with {exit}"),
        };
        self.log.wait_closed(Duration::from_millis(100)).await;
        bail!(
            "{} {why}; {url} last answered {}; its log:\n{}",
            self.name,
            *last.borrow(),
            self.log.tail(50)
        )
    }

    async fn ended(&self) -> Exit {
        let mut exit = self.spawned.exit().clone();
        match exit.wait_for(Option::is_some).await {
            Ok(exit) => exit.expect("waited for some"),
            Err(_) => std::future::pending().await,
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if self.spawned.signal(self.death_signal.into()).is_err() {
            return;
        }
        if self.death_signal != DeathSignal::Kill {
            // A stopped process hears nothing but SIGKILL until it goes on.
            let _ = self.spawned.signal(Signal::CONT);
        }
        if !self.spawned.wait_blocking(DROP_TIMEOUT) {
            let _ = self.spawned.signal(Signal::KILL);
            self.spawned.wait_blocking(DROP_TIMEOUT);
        }
        if std::thread::panicking() {
            self.log.print(&self.name);
        }
    }
}

#[cfg(test)]
mod tests;
