//! The last lines that a process printed.
use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

const LINES_MAX: usize = 5_000;
const LINE_BYTES_MAX: u64 = 16 * 1024;

/// The last 5,000 lines of both outputs, each cut at 16 KiB.
#[derive(Debug)]
pub struct Log {
    lines: Mutex<Lines>,
    progress: watch::Sender<Progress>,
}

#[derive(Debug, Default)]
struct Lines {
    kept: VecDeque<String>,
    dropped: u64,
}

#[derive(Clone, Copy, Debug, Default)]
struct Progress {
    lines: u64,
    closed_outputs: u8,
}

impl Default for Log {
    fn default() -> Self {
        Self {
            lines: Mutex::default(),
            progress: watch::Sender::new(Progress::default()),
        }
    }
}

impl Log {
    /// The last `count` lines, joined by newlines.
    pub fn tail(&self, count: usize) -> String {
        let lines = self.lines();
        let skipped = lines.kept.len().saturating_sub(count);
        lines
            .kept
            .iter()
            .skip(skipped)
            .map(String::as_str)
            .collect::<Vec<_>>()
            .join("\n")
    }

    /// The oldest kept line that contains `needle`.
    pub fn find(&self, needle: &str) -> Option<String> {
        self.lines()
            .kept
            .iter()
            .find(|line| line.contains(needle))
            .cloned()
    }

    /// How many lines were printed so far; a mark for [`Self::find_after`].
    pub fn position(&self) -> u64 {
        self.progress.borrow().lines
    }

    /// The first line printed after the mark `position` that contains `needle`.
    pub fn find_after(&self, position: u64, needle: &str) -> Option<String> {
        let lines = self.lines();
        let skipped = position.saturating_sub(lines.dropped) as usize;
        lines
            .kept
            .iter()
            .skip(skipped)
            .find(|line| line.contains(needle))
            .cloned()
    }

    /// Waits, for ever if need be, for a line that contains `needle`.
    pub(crate) async fn wait_for_line(&self, needle: &str) -> String {
        let mut progress = self.progress.subscribe();
        loop {
            if let Some(line) = self.find(needle) {
                return line;
            }
            progress.changed().await.expect("the sender lives in self");
        }
    }

    /// Waits until both outputs are closed, so that nothing can follow, or `timeout` has passed.
    pub(crate) async fn wait_closed(&self, timeout: Duration) {
        let mut progress = self.progress.subscribe();
        let _ = tokio::time::timeout(
            timeout,
            progress.wait_for(|progress| progress.closed_outputs == 2),
        )
        .await;
    }

    #[expect(
        clippy::print_stderr,
        reason = "the log of a process whose test failed is what one wants to see"
    )]
    pub(crate) fn print(&self, name: &str) {
        eprintln!("---- the last lines of {name}\n{}\n----", self.tail(40));
    }

    /// Reads one output to its end.
    pub(crate) fn read(&self, output: impl Read) {
        let mut reader = BufReader::new(output);
        let mut line = Vec::new();
        loop {
            line.clear();
            match reader.by_ref().take(LINE_BYTES_MAX).read_until(b'\n', &mut line) {
                Ok(0) | Err(_) => break,
                Ok(_) => self.push(String::from_utf8_lossy(&line).trim_end_matches('\n').to_owned()),
            }
        }
        self.progress.send_modify(|progress| progress.closed_outputs += 1);
    }

    fn push(&self, line: String) {
        {
            let mut lines = self.lines();
            if lines.kept.len() == LINES_MAX {
                lines.kept.pop_front();
                lines.dropped += 1;
            }
            lines.kept.push_back(line);
        }
        self.progress.send_modify(|progress| progress.lines += 1);
    }

    fn lines(&self) -> MutexGuard<'_, Lines> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
