//! Running cargo and other tools, in sight of the user.
use std::ffi::OsStr;
use std::process::ExitStatus;

use anyhow::{Context, Result, anyhow, bail};
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::{Child, Command};

use crate::interrupt::Interrupts;

/// The cargo that runs us.
pub(crate) fn cargo() -> Command {
    command(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// Any tool, at the workspace's root.
pub(crate) fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    if let Ok(root) = crate::root() {
        command.current_dir(root);
    }
    command
}

/// Runs it and waits; an error unless it succeeds. Ctrl-c and SIGTERM end it, with all it started, and then us.
pub(crate) async fn run(command: &mut Command, interrupts: &mut Interrupts) -> Result<()> {
    let status = status(command, interrupts).await?;
    if !status.success() {
        bail!("{} failed ({status})", describe(command));
    }
    Ok(())
}

/// As [`run`], but any end is an answer, save one by interruption.
pub(crate) async fn status(command: &mut Command, interrupts: &mut Interrupts) -> Result<ExitStatus> {
    eprintln!("+ {}", describe(command));
    // A group of its own, so that a signal reaches what it started too, and only when we pass it on.
    let mut child = command
        .stdin(std::process::Stdio::null())
        .process_group(0)
        .spawn()
        .with_context(|| format!("cannot start {}", describe(command)))?;
    tokio::select! {
        status = child.wait() => Ok(status?),
        number = interrupts.next() => {
            end_group(&child, if number == 2 { Signal::INT } else { Signal::TERM });
            tokio::select! {
                _ = child.wait() => {}
                // Asked twice: at once, then.
                _ = interrupts.next() => end_group(&child, Signal::KILL),
            }
            Err(anyhow!("interrupted"))
        }
    }
}

fn end_group(child: &Child, signal: Signal) {
    // No id means that it has ended and was waited for.
    if let Some(group) = child.id().and_then(|id| Pid::from_raw(id.cast_signed())) {
        let _ = kill_process_group(group, signal);
    }
}

fn describe(command: &Command) -> String {
    let command = command.as_std();
    let program = std::path::Path::new(command.get_program())
        .file_name()
        .unwrap_or(command.get_program());
    let words = std::iter::once(program).chain(command.get_args());
    words.map(OsStr::to_string_lossy).collect::<Vec<_>>().join(" ")
}
