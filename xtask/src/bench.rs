//! `cargo xtask bench`: a fleet with durable commits, and the load tool against it.
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::Result;
use confab_testkit::Fleet;
use confab_testkit::fleet::Role;

use crate::interrupt::Interrupts;
use crate::{cargo, debian, fleet, web};

const STOP_TIMEOUT: Duration = Duration::from_secs(20);
const DRAIN_TIMEOUT: Duration = Duration::from_mins(2);

/// What to measure.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Only these: `throughput`, `hot`, `latency`, `idle`, `startup`, `web`, `search`; all when none is named.
    only: Vec<String>,
    /// How many gateways.
    #[arg(long, default_value_t = 1)]
    gateways: usize,
    /// Seconds of each measurement under load.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Idle connections.
    #[arg(long, default_value_t = 5_000)]
    connections: usize,
    /// A setting for all processes, like `--env DATABASE_LANES=4`; may be given more than once.
    #[arg(long = "env", value_name = "NAME=VALUE", value_parser = fleet::setting)]
    env: Vec<(String, String)>,
    /// Measures the `confab` and `confab-load` of this folder instead of building them.
    #[arg(long)]
    folder: Option<PathBuf>,
    /// Keeps the fleet running until ctrl-c after the measurements, for a profiler.
    #[arg(long)]
    stay: bool,
}

/// Runs the measurements one after the other, on one fleet.
pub(crate) async fn run(options: Options) -> Result<ExitCode> {
    let mut interrupts = Interrupts::listen()?;
    debian::ensure_packages(&confab_testkit::packages::DEBIAN, &mut interrupts).await?;
    // Storage alone, on both databases: it needs no fleet.
    if options.only.is_empty() || options.only.iter().any(|only| only == "search") {
        search(&mut interrupts).await?;
        if options.only.len() == 1 {
            return Ok(ExitCode::SUCCESS);
        }
    }
    let folder = match &options.folder {
        Some(folder) => std::path::absolute(folder)?,
        None => build(&mut interrupts).await?,
    };
    let (binary, load) = (folder.join("confab"), folder.join("confab-load"));
    let is_wanted = |name: &str| options.only.is_empty() || options.only.iter().any(|only| only == name);
    // The page on the all-in-one: it needs no fleet either.
    if is_wanted("web") {
        let needed = [
            &confab_testkit::packages::NODE[..],
            &confab_testkit::packages::BROWSER,
        ]
        .concat();
        debian::ensure_packages(&needed, &mut interrupts).await?;
        web::bench(&binary, &mut interrupts).await?;
        if options.only.len() == 1 {
            return Ok(ExitCode::SUCCESS);
        }
    }
    let limits = [
        "DIRECT_SENDS",
        "ROOM_SENDS",
        "LOGINS",
        "REGISTRATIONS",
        "ROOM_CHANGES",
        "EDITS",
        "DELETES",
        "REACTIONS",
        "MARKS",
        "TICKETS",
        "REFRESHES",
        "PROFILE_CHANGES",
        "REPORTS",
        "REQUESTS",
        "FRAMES",
    ];
    let builder = limits
        .iter()
        .fold(Fleet::builder(&binary), |builder, limit| {
            builder.env(&format!("LIMIT_{limit}"), "0/1m")
        })
        .env("LOG_LEVEL", "warn")
        .env("CONNECTIONS_MAX", "1000000")
        .env("CONNECTIONS_PER_ADDRESS_MAX", "1000000")
        .gateways(options.gateways)
        .publishers(1)
        .durable_servers();
    let builder = options
        .env
        .iter()
        .fold(builder, |builder, (name, value)| builder.env(name, value.clone()));
    let fleet = builder.start().await?;
    let target = target(&fleet).await;
    let measure = |arguments: &[&str]| {
        let mut command = cargo::command(&load);
        command.args(arguments).args(&target);
        command
    };
    let seconds = options.seconds.to_string();
    if is_wanted("latency") {
        let arguments = [
            "latency",
            "--rate",
            "1000",
            "--rooms",
            "50",
            "--members",
            "10",
            "--seconds",
            &seconds,
        ];
        cargo::run(&mut measure(&arguments), &mut interrupts).await?;
        drained(&fleet).await?;
    }
    if is_wanted("throughput") {
        let arguments = [
            "throughput",
            "--rooms",
            "50",
            "--members",
            "10",
            "--seconds",
            &seconds,
        ];
        cargo::run(&mut measure(&arguments), &mut interrupts).await?;
        drained(&fleet).await?;
    }
    if is_wanted("hot") {
        let arguments = [
            "throughput",
            "--rooms",
            "1",
            "--members",
            "20",
            "--senders",
            "20",
            "--seconds",
            &seconds,
        ];
        cargo::run(&mut measure(&arguments), &mut interrupts).await?;
        drained(&fleet).await?;
    }
    if is_wanted("idle") {
        let connections = options.connections.to_string();
        let mut command = measure(&["idle", "--connections", &connections]);
        cargo::run(&mut command, &mut interrupts).await?;
    }
    if options.stay {
        eprintln!("the fleet stays: {}", target.join(" "));
        interrupts.next().await;
    }
    fleet.stop(STOP_TIMEOUT).await?;
    drop(fleet);
    if is_wanted("startup") {
        let mut command = cargo::command(&load);
        command.arg("startup").arg("--binary").arg(&binary);
        cargo::run(&mut command, &mut interrupts).await?;
    }
    Ok(ExitCode::SUCCESS)
}

/// A million messages, and how they are searched.
async fn search(interrupts: &mut Interrupts) -> Result<()> {
    for database in [&[][..], &["--url", "sqlite"]] {
        let mut measure = cargo::cargo();
        measure.args(["run", "--locked", "--release", "--package", "confab-storage"]);
        measure.args(["--example", "search_rate", "--"]).args(database);
        cargo::run(&mut measure, interrupts).await?;
    }
    Ok(())
}

/// Waits until the event publisher has told other services everything, and says how fast it was.
async fn drained(fleet: &Fleet) -> Result<()> {
    let pending = || async {
        let count = fleet.pipes().query("SELECT count(*) FROM outbox").await?;
        anyhow::Ok(count.trim().parse::<u64>()?)
    };
    let (backlog, begun) = (pending().await?, Instant::now());
    while pending().await? > 0 {
        anyhow::ensure!(
            begun.elapsed() < DRAIN_TIMEOUT,
            "the outbox is not empty after {DRAIN_TIMEOUT:?}"
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    println!(
        "outbox: {backlog} events left, published in {:.1} s",
        begun.elapsed().as_secs_f64()
    );
    Ok(())
}

/// Builds both programs in one command, so that what they share is built once; the folder they are in.
async fn build(interrupts: &mut Interrupts) -> Result<PathBuf> {
    let mut build = cargo::cargo();
    build.args(["build", "--locked", "--release", "--bins"]);
    build.args(["--package", "confab-server", "--package", "confab-load"]);
    cargo::run(&mut build, interrupts).await?;
    Ok(fleet::target_folder()?.join("release"))
}

/// Where the load goes, and whose cost is measured.
async fn target(fleet: &Fleet) -> Vec<String> {
    let mut arguments = vec!["--api".to_owned(), fleet.api(0).url()];
    let mut pids = Vec::new();
    for member in fleet.members() {
        if member.role() == Role::Gateway {
            arguments.extend(["--gateway".to_owned(), member.ws_url()]);
        }
        pids.push((
            member.name().replace(' ', "-"),
            member.process().map(|process| process.pid()),
        ));
    }
    let pipes = fleet.pipes();
    pids.push(("postgresql".to_owned(), pipes.postgres().pid().await));
    pids.push(("rabbitmq".to_owned(), pipes.rabbitmq().pid().await));
    pids.push(("redis".to_owned(), pipes.redis().pid().await));
    for (name, pid) in pids {
        if let Some(pid) = pid {
            arguments.extend(["--pid".to_owned(), format!("{name}={pid}")]);
        }
    }
    arguments
}
