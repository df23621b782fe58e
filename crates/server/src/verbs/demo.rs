//! A few people and their talk, for who looks on for the first time.
//!
//! It is played where the data is, or by the all-in-one that holds the data folder, never at some address with a token: the
//! story happened over days, and no API lets anybody say when something was said. A fleet's is played beside it, with the
//! same `DATABASE_URL` and `--password-stdin`.

use std::io::BufRead;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::Args;
use confab_api::DemoLogin;
use confab_domain::text;
use serde::Deserialize;
use tokio::time::Instant;

use super::{health, say};
use crate::config::{DatabaseUrl, Role, Settings};
use crate::data_folder::DataFolder;
use crate::demo;
use crate::parts::Parts;

const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);
/// Passwords are hashed and everything is said meanwhile.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);

/// With what they log in.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Reads the password of all of them from the first line of the standard input. Needed for a database that
    /// others use too: the usual one is known to everybody.
    #[arg(long)]
    password_stdin: bool,
}

/// Plays it: in the database, or through the process that runs on it.
pub(crate) async fn run(settings: &Settings, wanted: Arguments) -> Result<()> {
    let is_ours_alone = settings
        .database_url
        .as_ref()
        .is_none_or(DatabaseUrl::is_embedded);
    let password = match wanted.password_stdin {
        true => Some(read_password()?),
        false if is_ours_alone => None,
        false => bail!("this database is not for this process alone: choose a password by --password-stdin"),
    };
    let folder = is_ours_alone
        .then(|| DataFolder::open(&settings.data_dir))
        .transpose()?;
    let lock = folder.as_ref().map(DataFolder::lock).transpose();
    let logins = match lock {
        Ok(_lock) => in_database(settings, folder.as_ref(), password.as_deref()).await?,
        // What is written beside a running all-in-one would reach nobody who is connected to it.
        Err(taken) if password.is_none() => in_process(settings)
            .await
            .with_context(|| format!("{taken:#}; nor does it take the demo itself"))?,
        Err(taken) => return Err(taken),
    };
    for login in logins {
        say(&format!(
            "{:<8}  {}  {}",
            login.username, login.password, login.display_name
        ));
    }
    Ok(())
}

async fn in_database(
    settings: &Settings,
    folder: Option<&DataFolder>,
    password: Option<&str>,
) -> Result<Vec<DemoLogin>> {
    crate::archive::ensure_schema(settings, false).await?;
    let parts = Parts::assemble(settings, Role::Api, folder).await?;
    let ports = parts
        .ports
        .clone()
        .context("the parts of the API have no ports")?;
    let logins = demo::play(&ports, password.unwrap_or(demo::PASSWORD)).await;
    drop(ports);
    parts.close(Instant::now() + CLOSE_TIMEOUT).await;
    Ok(logins?)
}

/// The answer of `POST /demo`, or a problem.
#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    people: Vec<DemoLogin>,
    detail: Option<String>,
}

async fn in_process(settings: &Settings) -> Result<Vec<DemoLogin>> {
    let address = health::own_address(settings);
    let (status, body) = tokio::time::timeout(ANSWER_TIMEOUT, health::ask(address, "POST", "/demo", "{}"))
        .await
        .with_context(|| format!("{address} does not answer"))??;
    let answer: Answer =
        serde_json::from_str(&body).with_context(|| format!("{address}/demo answers {status}"))?;
    match answer.detail {
        None => Ok(answer.people),
        Some(detail) => bail!("{address}/demo answers {status}: {detail}"),
    }
}

fn read_password() -> Result<String> {
    let mut line = String::new();
    std::io::stdin()
        .lock()
        .read_line(&mut line)
        .context("reading the password")?;
    let password = line.trim_end_matches(['\r', '\n']).to_owned();
    if let Err(reason) = text::password(&password) {
        bail!("the password {reason}");
    }
    Ok(password)
}
