//! The project's chores, by `cargo xtask <chore>`: what people and the continuous integration both run.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line tool speaks on its outputs"
)]

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

mod bench;
mod cargo;
mod debian;
mod fleet;
mod headers;
mod interrupt;
mod lint;
mod test;
mod web;

/// Chores of the Confab workspace.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Debug, Subcommand)]
enum Chore {
    /// Formatting, clippy, documentation, dependencies, file headers, the web's types; all of them, then says what failed.
    Lint {
        /// Also ask for known vulnerabilities, which needs a network.
        #[arg(long)]
        advisories: bool,
    },
    /// Installs what the tests need (as root on Debian), starts throwaway servers, runs all tests on them, then the
    /// web's.
    Test {
        /// Passed on to `cargo test`, like `-p confab-storage` or `-- some_name`; `--workspace` when no package is chosen.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Runs a whole fleet with its three servers until ctrl-c.
    Fleet(fleet::Options),
    /// Builds for speed, starts a fleet and measures it: the figures of docs/performance.md.
    Bench(bench::Options),
}

#[tokio::main]
async fn main() -> ExitCode {
    let result = match Arguments::parse().chore {
        Chore::Lint { advisories } => lint::run(advisories).await,
        Chore::Test { arguments } => test::run(arguments).await,
        Chore::Fleet(options) => fleet::run(options).await,
        Chore::Bench(options) => bench::run(options).await,
    };
    result.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::FAILURE
    })
}

/// The root of the workspace.
fn root() -> Result<PathBuf> {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    Ok(package.join("..").canonicalize()?)
}
