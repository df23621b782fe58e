//! The one thread that starts all children.
//!
//! The kernel sends a parent-death signal when the *thread* that forked the child ends. Tests run on threads of
//! their own that end with the test, while a shared server has to outlive it: so all children are forked by
//! one thread that lives exactly as long as the process.
use std::io;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, mpsc};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};
use tokio::sync::watch;

use super::{Exit, Log};

struct Job {
    command: std::process::Command,
    reply: mpsc::SyncSender<io::Result<Child>>,
}

/// A started child and the watch over its end.
#[derive(Debug)]
pub(super) struct Spawned {
    pid: Pid,
    exit: watch::Receiver<Option<Exit>>,
    /// Held while a signal is sent and while the dead child is reaped, so that no signal hits a stranger who
    /// was given the same id. True once reaped.
    reaped: Arc<Mutex<bool>>,
}

pub(super) fn spawn(mut command: std::process::Command, log: Arc<Log>) -> io::Result<Spawned> {
    // A group of its own: ctrl-c in the terminal reaches us alone, and we end the children in order.
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0);
    let (reply, replied) = mpsc::sync_channel(1);
    spawner()
        .send(Job { command, reply })
        .map_err(|_| lost_spawner())?;
    let mut child = replied.recv().map_err(|_| lost_spawner())??;

    let outputs: [Option<Box<dyn io::Read + Send>>; 2] = [
        child.stdout.take().map(|output| Box::new(output) as _),
        child.stderr.take().map(|output| Box::new(output) as _),
    ];
    for output in outputs.into_iter().flatten() {
        let log = Arc::clone(&log);
        thread("log", move || log.read(output))?;
    }

    let pid = Pid::from_child(&child);
    let reaped = Arc::new(Mutex::new(false));
    let (ended, exit) = watch::channel(None);
    let reaping = Arc::clone(&reaped);
    thread("reaper", move || {
        // Waits without reaping: until the lock is held the id stays taken.
        while let Err(rustix::io::Errno::INTR) =
            waitid(WaitId::Pid(pid), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT)
        {}
        let mut reaped = reaping.lock().unwrap_or_else(PoisonError::into_inner);
        let status = child.wait();
        *reaped = true;
        let status = status.ok();
        ended.send_replace(Some(Exit {
            code: status.and_then(|status| status.code()),
            signal: status.and_then(|status| status.signal()),
        }));
    })?;
    Ok(Spawned { pid, exit, reaped })
}

impl Spawned {
    pub(super) fn pid(&self) -> u32 {
        self.pid.as_raw_nonzero().get().unsigned_abs()
    }

    pub(super) fn exit(&self) -> &watch::Receiver<Option<Exit>> {
        &self.exit
    }

    pub(super) fn signal(&self, signal: Signal) -> io::Result<()> {
        let reaped = self.reaped.lock().unwrap_or_else(PoisonError::into_inner);
        if *reaped {
            return Err(io::Error::new(io::ErrorKind::NotFound, "the process has ended"));
        }
        Ok(kill_process(self.pid, signal)?)
    }

    /// For `drop`, which cannot await: whether the process ended within `timeout`.
    pub(super) fn wait_blocking(&self, timeout: Duration) -> bool {
        let deadline = Instant::now() + timeout;
        while self.exit.borrow().is_none() {
            if Instant::now() > deadline {
                return false;
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        true
    }
}

fn spawner() -> &'static mpsc::SyncSender<Job> {
    static SPAWNER: OnceLock<mpsc::SyncSender<Job>> = OnceLock::new();
    SPAWNER.get_or_init(|| {
        let (jobs, inbox) = mpsc::sync_channel::<Job>(16);
        thread("spawner", move || {
            for mut job in inbox {
                // Whoever asked waits for the answer.
                let _ = job.reply.send(job.command.spawn());
            }
        })
        .expect("a thread can be started");
        jobs
    })
}

fn thread(name: &str, work: impl FnOnce() + Send + 'static) -> io::Result<()> {
    std::thread::Builder::new()
        .name(format!("testkit-{name}"))
        .spawn(work)
        .map(drop)
}

fn lost_spawner() -> io::Error {
    io::Error::other("the thread that starts processes has died")
}
