//! Time from start to listening, and memory then, of the all-in-one on a data folder of its own.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use clap::Args;

use crate::processes::{cpu_time, resident_bytes};

/// Start-up time and idle memory of the all-in-one.
#[derive(Args)]
pub(crate) struct Startup {
    /// The `confab` binary.
    #[arg(long, default_value = "target/release/confab")]
    binary: PathBuf,
    /// How often.
    #[arg(long, default_value_t = 11)]
    times: usize,
    /// A free port.
    #[arg(long, default_value_t = 18_080)]
    port: u16,
}

pub(crate) async fn run(measure: Startup) -> Result<()> {
    let folder = std::env::temp_dir().join(format!("confab-startup-{}", std::process::id()));
    let mut first = Duration::ZERO;
    let mut later = Vec::new();
    let mut memory = Vec::new();
    let mut idle_cpu = Duration::ZERO;
    for round in 0..measure.times.max(2) {
        let begun = Instant::now();
        let mut child = tokio::process::Command::new(&measure.binary)
            .env("DATA_DIR", &folder)
            .env("HOST", "127.0.0.1")
            .env("PORT", measure.port.to_string())
            .env("ADMIN_PORT", "0")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()?;
        let took = listening(measure.port, begun).await?;
        if round == 0 {
            first = took;
        } else {
            later.push(took);
        }
        let pid = child.id().unwrap_or_default();
        tokio::time::sleep(Duration::from_secs(1)).await;
        memory.push(resident_bytes(pid)?);
        if round == 1 {
            let before = cpu_time(pid)?;
            tokio::time::sleep(Duration::from_secs(5)).await;
            idle_cpu = cpu_time(pid)?.saturating_sub(before);
        }
        child.kill().await?;
    }
    std::fs::remove_dir_all(&folder)?;
    later.sort();
    memory.sort_unstable();
    println!(
        "first start (new database): {:>8.1} ms",
        first.as_secs_f64() * 1e3
    );
    println!(
        "later starts, median:       {:>8.1} ms",
        later[later.len() / 2].as_secs_f64() * 1e3
    );
    println!(
        "resident when idle, median: {:>8} KiB",
        memory[memory.len() / 2] / 1024
    );
    println!(
        "CPU when idle:              {:>8.2} % of a core",
        idle_cpu.as_secs_f64() / 5.0 * 100.0
    );
    Ok(())
}

async fn listening(port: u16, begun: Instant) -> Result<Duration> {
    while begun.elapsed() < Duration::from_secs(20) {
        if tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_ok() {
            return Ok(begun.elapsed());
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    bail!("it did not listen on port {port} within 20 s")
}
