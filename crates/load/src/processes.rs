//! What processes cost: CPU time and memory, read from /proc.

use std::time::Duration;

use anyhow::{Context, Result};

/// Kernel clock ticks a second; 100 on every Linux that Rust runs on.
const TICKS_PER_SECOND: u64 = 100;

/// Reads `name=pid`.
pub(crate) fn named_pid(text: &str) -> Result<(String, u32), String> {
    let (name, pid) = text.split_once('=').ok_or("must be name=pid")?;
    Ok((name.to_owned(), pid.parse().map_err(|error| format!("{error}"))?))
}

/// CPU time that a process has used, user and system, children that ended included.
pub(crate) fn cpu_time(pid: u32) -> Result<Duration> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))
        .with_context(|| format!("process {pid} is not there"))?;
    // The name may hold spaces and brackets: the fields begin after the last bracket.
    let fields: Vec<&str> = stat
        .rsplit_once(')')
        .context("an odd stat line")?
        .1
        .split_whitespace()
        .collect();
    let ticks: u64 = fields[11..15]
        .iter()
        .filter_map(|field| field.parse::<u64>().ok())
        .sum();
    Ok(Duration::from_millis(ticks * 1000 / TICKS_PER_SECOND))
}

/// Memory of a process that is in RAM, in bytes.
pub(crate) fn resident_bytes(pid: u32) -> Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status
        .lines()
        .find(|line| line.starts_with("VmRSS:"))
        .context("no VmRSS")?;
    let kilobytes: u64 = line.split_whitespace().nth(1).context("an odd VmRSS")?.parse()?;
    Ok(kilobytes * 1024)
}

/// CPU times of named processes, each with all its children (PostgreSQL's backends).
pub(crate) struct CpuMeter {
    begun: Vec<(String, Vec<(u32, Duration)>)>,
}

impl CpuMeter {
    pub(crate) fn start(pids: &[(String, u32)]) -> Self {
        let own = ("(this tool)".to_owned(), std::process::id());
        let begun = pids
            .iter()
            .chain([&own])
            .map(|(name, pid)| {
                let tree = family(*pid);
                let times = tree
                    .into_iter()
                    .filter_map(|pid| Some((pid, cpu_time(pid).ok()?)))
                    .collect();
                (name.clone(), times)
            })
            .collect();
        Self { begun }
    }

    /// CPU time used since the start, by name; of the present children too.
    pub(crate) fn stop(self) -> Vec<(String, Duration)> {
        self.begun
            .into_iter()
            .map(|(name, before)| {
                let root = before.first().map_or(0, |(pid, _)| *pid);
                let used = family(root)
                    .into_iter()
                    .filter_map(|pid| {
                        let now = cpu_time(pid).ok()?;
                        let then = before
                            .iter()
                            .find(|(known, _)| *known == pid)
                            .map(|(_, time)| *time);
                        Some(now.saturating_sub(then.unwrap_or_default()))
                    })
                    .sum();
                (name, used)
            })
            .collect()
    }
}

/// A process and its children, recursively.
fn family(root: u32) -> Vec<u32> {
    let mut found = vec![root];
    let mut next = 0;
    while next < found.len() {
        let pid = found[next];
        let children =
            std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
        found.extend(
            children
                .split_whitespace()
                .filter_map(|child| child.parse::<u32>().ok()),
        );
        next += 1;
    }
    found
}
