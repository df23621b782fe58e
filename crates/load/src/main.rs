#![doc = include_str!("../README.md")]
#![expect(clippy::print_stdout, reason = "a command-line tool talks on standard output")]

mod idle;
mod latency;
mod people;
mod processes;
mod socket;
mod startup;
mod throughput;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

/// Puts a load on a running Confab and prints what it measured.
#[derive(Parser)]
#[command(version, about)]
struct Cli {
    #[command(subcommand)]
    measure: Measure,
}

#[derive(Subcommand)]
enum Measure {
    /// Durable sends acked per second, each sender keeping a window of sends in flight.
    Throughput(throughput::Throughput),
    /// Ack and delivery times at a fixed rate of sends.
    Latency(latency::Latency),
    /// Memory per idle connection.
    Idle(idle::Idle),
    /// Time from start to listening, and memory then, of the all-in-one.
    Startup(startup::Startup),
}

/// Where the load goes.
#[derive(Args, Clone)]
struct Target {
    /// Base URL of the API, e.g. `http://127.0.0.1:8080`.
    #[arg(long, default_value = "http://127.0.0.1:8080")]
    api: String,
    /// Base URLs of the gateways, e.g. `ws://127.0.0.1:8081`; connections go round them.
    #[arg(long = "gateway", default_value = "ws://127.0.0.1:8080")]
    gateways: Vec<String>,
    /// Process ids whose CPU time is measured along, by name: `gateway=123`.
    #[arg(long = "pid", value_parser = processes::named_pid)]
    pids: Vec<(String, u32)>,
    /// Worker threads of this tool.
    #[arg(long, default_value_t = 1)]
    threads: usize,
}

/// Who talks where.
#[derive(Args, Clone)]
struct Scene {
    /// Rooms.
    #[arg(long, default_value_t = 50)]
    rooms: usize,
    /// Connected members of each room.
    #[arg(long, default_value_t = 10)]
    members: usize,
    /// Members of each room that send.
    #[arg(long, default_value_t = 2)]
    senders: usize,
    /// Seconds measured, after the warm-up.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Seconds of load before the measurement.
    #[arg(long, default_value_t = 3)]
    warm_up: u64,
    /// A folder where people made by an earlier run are kept, to save their registration.
    #[arg(long)]
    people: Option<PathBuf>,
}

fn main() -> anyhow::Result<()> {
    let cli = Cli::parse();
    let threads = match &cli.measure {
        Measure::Throughput(measure) => measure.target.threads,
        Measure::Latency(measure) => measure.target.threads,
        Measure::Idle(measure) => measure.target.threads,
        Measure::Startup(_) => 1,
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(threads.max(1))
        .enable_all()
        .build()?;
    runtime.block_on(async {
        match cli.measure {
            Measure::Throughput(measure) => throughput::run(measure).await,
            Measure::Latency(measure) => latency::run(measure).await,
            Measure::Idle(measure) => idle::run(measure).await,
            Measure::Startup(measure) => startup::run(measure).await,
        }
    })
}
