//! From the command line to what it asks for, and to an exit code.

use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Parser;

use crate::config::{Environment, Role, Settings};
use crate::verbs::{CommandLine, Verb};
use crate::{process, telemetry, verbs};

/// Settings or arguments are wrong: the same as a wrong command line.
const USAGE: u8 = 2;

/// Does what the command line asks for.
pub fn main() -> ExitCode {
    let verb = CommandLine::parse().verb;
    match run(verb) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            use std::io::Write;
            let is_usage = error.is::<crate::config::Findings>();
            let _ = writeln!(std::io::stderr().lock(), "confab: {error:#}");
            if is_usage {
                ExitCode::from(USAGE)
            } else {
                ExitCode::FAILURE
            }
        }
    }
}

fn run(verb: Option<Verb>) -> Result<()> {
    // What needs no settings works without them.
    match verb {
        Some(Verb::Config { example: true }) => {
            return {
                verbs::example();
                Ok(())
            };
        }
        Some(Verb::Openapi) => return verbs::openapi(),
        Some(Verb::Asyncapi) => return verbs::asyncapi(),
        _ => {}
    }
    let role = match verb {
        None => Some(Role::AllInOne),
        Some(Verb::Api) => Some(Role::Api),
        Some(Verb::Gateway) => Some(Role::Gateway),
        Some(Verb::EventPublisher) => Some(Role::EventPublisher),
        Some(_) => None,
    };
    let environment = Environment::of_process()?;
    let settings = Settings::read(&environment, role)?;
    for name in environment.unknown() {
        use std::io::Write;
        let _ = writeln!(
            std::io::stderr().lock(),
            "confab: .env sets {name}, which is no setting of Confab"
        );
    }
    // One provider for all TLS; which comes first must not be left to chance.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_name("confab")
        .build()
        .context("starting the runtime")?;
    let outcome = runtime.block_on(async {
        match (role, verb) {
            (Some(role), _) => Box::pin(process::run(settings, role)).await,
            (None, Some(verb)) => {
                telemetry::start_quietly(&settings, environment.is_set("LOG_LEVEL"))?;
                Box::pin(once(&settings, verb)).await
            }
            (None, None) => Ok(()),
        }
    });
    // A hash or a file read that still runs must not hold the process.
    runtime.shutdown_background();
    outcome
}

async fn once(settings: &Settings, verb: Verb) -> Result<()> {
    match verb {
        Verb::Migrate { status } => verbs::migrate(settings, status).await,
        Verb::Token(wanted) => verbs::token(settings, wanted).await,
        Verb::User(verb) => verbs::user(settings, verb).await,
        Verb::ApiKey(verb) => verbs::api_key(settings, verb).await,
        Verb::Demo(wanted) => Box::pin(verbs::demo(settings, wanted)).await,
        Verb::Epoch(verb) => verbs::epoch(settings, verb).await,
        Verb::Healthcheck { ready } => verbs::healthcheck(settings, ready).await,
        Verb::Config { .. } => {
            verbs::config(settings);
            Ok(())
        }
        Verb::Api | Verb::Gateway | Verb::EventPublisher | Verb::Openapi | Verb::Asyncapi => Ok(()),
    }
}
