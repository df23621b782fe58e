//! `cargo xtask fleet`: the servers and all roles, on free ports, until ctrl-c.
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;
use confab_testkit::Fleet;
use serde_json::{Value, json};

use crate::interrupt::Interrupts;
use crate::{cargo, debian};

const STOP_TIMEOUT: Duration = Duration::from_secs(20);

/// What to run.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Build with optimisations, as for measurements.
    #[arg(long)]
    release: bool,
    /// Print the addresses as one line of JSON instead of a table.
    #[arg(long)]
    json: bool,
    /// Run this program instead of building one.
    #[arg(long, conflicts_with = "release")]
    binary: Option<PathBuf>,
    /// How many gateways.
    #[arg(long, default_value_t = 2)]
    gateways: usize,
    /// How many APIs.
    #[arg(long, default_value_t = 1)]
    apis: usize,
    /// How many event publishers.
    #[arg(long, default_value_t = 2)]
    publishers: usize,
    /// A setting for all processes, like `--env LOG_LEVEL=debug`; may be given more than once.
    #[arg(long = "env", value_name = "NAME=VALUE", value_parser = setting)]
    env: Vec<(String, String)>,
}

/// Runs it until ctrl-c or SIGTERM (exit code 0) or until a process dies (1).
pub(crate) async fn run(options: Options) -> Result<ExitCode> {
    let mut interrupts = Interrupts::listen()?;
    debian::ensure_packages(&confab_testkit::packages::DEBIAN, &mut interrupts).await?;
    let binary = match options.binary {
        Some(binary) => std::path::absolute(binary)?,
        None => build(options.release, &mut interrupts).await?,
    };

    eprintln!("starting PostgreSQL, RabbitMQ, Redis and the fleet");
    let builder = Fleet::builder(binary)
        .gateways(options.gateways)
        .apis(options.apis)
        .publishers(options.publishers)
        .own_servers();
    let builder = options
        .env
        .into_iter()
        .fold(builder, |builder, (name, value)| builder.env(&name, value));
    let fleet = tokio::select! {
        fleet = builder.start() => fleet?,
        // What runs already ends with this process.
        _ = interrupts.next() => anyhow::bail!("interrupted"),
    };

    if options.json {
        println!("{}", addresses(&fleet));
    } else {
        println!("{}", table(&fleet));
    }
    let death = tokio::select! {
        death = fleet.first_death() => Some(death),
        _ = interrupts.next() => None,
    };
    if let Some(death) = &death {
        eprintln!("{death}\n\nstopping the others");
    } else {
        eprintln!("stopping");
    }
    let stopped = tokio::select! {
        stopped = fleet.stop(STOP_TIMEOUT) => stopped,
        _ = interrupts.next() => anyhow::bail!("interrupted twice, not stopped in order"),
    };
    drop(fleet);
    if death.is_none() {
        stopped?;
    }
    Ok(if death.is_some() {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

async fn build(release: bool, interrupts: &mut Interrupts) -> Result<PathBuf> {
    let mut build = cargo::cargo();
    build.args(["build", "--locked", "--package", "confab-server", "--bins"]);
    if release {
        build.arg("--release");
    }
    cargo::run(&mut build, interrupts).await?;
    Ok(target_folder()?
        .join(if release { "release" } else { "debug" })
        .join("confab"))
}

pub(crate) fn setting(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("a setting looks like NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

pub(crate) fn target_folder() -> Result<PathBuf> {
    Ok(match std::env::var_os("CARGO_TARGET_DIR") {
        Some(folder) => crate::root()?.join(folder),
        None => crate::root()?.join("target"),
    })
}

fn addresses(fleet: &Fleet) -> Value {
    let members: Vec<Value> = fleet
        .members()
        .iter()
        .map(|member| {
            json!({
                "role": member.role().name(),
                "name": member.name(),
                "url": member.url(),
                "admin_url": member.admin_url(),
                "pid": member.process().map(|process| process.pid()),
            })
        })
        .collect();
    let pipes = fleet.pipes();
    json!({
        "members": members,
        "database_url": pipes.database_url(),
        "rabbitmq_url": pipes.rabbitmq_url(),
        "rabbitmq_management_url": pipes.rabbitmq().management_url(),
        "redis_url": pipes.redis_url(),
    })
}

fn table(fleet: &Fleet) -> String {
    let mut lines = vec![format!(
        "{:<12} {:<24} {:<24} {}",
        "process", "address", "admin", "pid"
    )];
    for member in fleet.members() {
        let pid = member.process().map_or(0, |process| process.pid());
        lines.push(format!(
            "{:<12} {:<24} {:<24} {pid}",
            member.name(),
            member.url(),
            member.admin_url()
        ));
    }
    let pipes = fleet.pipes();
    lines.push(String::new());
    for (name, url) in [
        ("PostgreSQL", pipes.database_url()),
        ("RabbitMQ", pipes.rabbitmq_url()),
        ("  management", pipes.rabbitmq().management_url()),
        ("Redis", pipes.redis_url()),
    ] {
        lines.push(format!("{name:<12} {url}"));
    }
    lines.push("\nctrl-c stops everything; nothing is kept".to_owned());
    lines.join("\n")
}
