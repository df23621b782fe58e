//! What can be asked of the binary on the command line.

mod api_key;
mod demo;
mod epoch;
mod health;
mod show;
mod token;
mod user;

use clap::{Parser, Subcommand};

/// A realtime chat backend. Without a verb: all of it in one process, with nothing else installed.
#[derive(Debug, Parser)]
#[command(
    name = "confab",
    version,
    after_help = "Settings come from the environment and from .env; `confab config --example` lists them all."
)]
pub(crate) struct CommandLine {
    #[command(subcommand)]
    pub(crate) verb: Option<Verb>,
}

/// A role to run, or something to do once.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Serves REST, as part of a fleet.
    Api,
    /// Serves WebSocket and SSE, as part of a fleet.
    Gateway,
    /// Tells other services on RabbitMQ what happened, as part of a fleet.
    EventPublisher,
    /// Brings the database's schema up to date.
    Migrate {
        /// Only says which steps were taken and which were not.
        #[arg(long)]
        status: bool,
    },
    /// Prints an access token for an account, without a login.
    Token(token::Arguments),
    /// Makes accounts and changes them.
    #[command(subcommand)]
    User(user::Verb),
    /// Makes keys for the host product's backend and takes them back.
    #[command(subcommand)]
    ApiKey(api_key::Verb),
    /// Fills a database with a few people and their talk, and prints their logins. Twice is once.
    Demo(demo::Arguments),
    /// The name of the database's life, which clients resume by.
    #[command(subcommand)]
    Epoch(epoch::Verb),
    /// Prints the OpenAPI document of REST.
    Openapi,
    /// Prints the AsyncAPI document of sockets and RabbitMQ.
    Asyncapi,
    /// Asks the process on HOST and PORT whether it lives; for containers.
    Healthcheck {
        /// Asks whether it is ready instead.
        #[arg(long)]
        ready: bool,
    },
    /// Prints the settings in force, without what is secret.
    Config {
        /// Prints every setting with its meaning and default instead, as in .env.example.
        #[arg(long)]
        example: bool,
    },
}

pub(crate) use api_key::run as api_key;
pub(crate) use demo::run as demo;
pub(crate) use epoch::run as epoch;
pub(crate) use health::run as healthcheck;
pub(crate) use show::{asyncapi, config, example, migrate, openapi};
pub(crate) use token::run as token;
pub(crate) use user::run as user;

/// Writes a line to the standard output. A reader that has gone away is no failure.
fn say(line: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}
