//! An access token for an account, without a login: for operators, host products and tests.

use std::time::Duration;

use anyhow::{Result, bail};
use clap::Args;
use confab_domain::{Clock, UserRole};

use super::say;
use super::user::{find, make, role};
use crate::clock::SystemClock;
use crate::config::{self, SettingValue, Settings};
use crate::data_folder::DataFolder;
use crate::{archive, keys};

/// Whose, and for how long.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The username.
    username: String,
    /// How long it lasts, like 15m, 12h or 30d; at most 400d. It cannot be taken back, except by shutting
    /// the account or changing the key.
    #[arg(long, default_value = "1h", value_parser = ttl)]
    ttl: Duration,
    /// Makes the account, without a password, when there is none: user, admin or service.
    #[arg(long, value_parser = role)]
    role: Option<UserRole>,
}

fn ttl(text: &str) -> Result<Duration, String> {
    type Ttl = config::Duration<1_000, { 400 * 86_400_000 }>;
    Ttl::read(text)
        .map(|ttl| ttl.0)
        .map_err(|_| format!("takes {}", Ttl::takes()))
}

/// Prints the token.
pub(crate) async fn run(settings: &Settings, wanted: Arguments) -> Result<()> {
    let folder = match settings.jwt_secret.is_some() || settings.jwt_private_key.is_some() {
        true => None,
        // Another process's key would be a guess: only the embedded database goes with the folder's.
        false
            if settings
                .database_url
                .as_ref()
                .is_some_and(|url| !url.is_embedded()) =>
        {
            None
        }
        false => Some(DataFolder::open(&settings.data_dir)?),
    };
    let keyring = keys::keyring(settings, folder.as_ref())?;
    let store = archive::connect_alone(settings).await?;
    let user = match (find(&store, &wanted.username).await?, wanted.role) {
        (Some(user), None) => user,
        (Some(user), Some(role)) if user.role == role => user,
        (Some(user), Some(role)) => bail!(
            "{} is {}, not {}; `confab user set-role` changes that",
            user.username,
            user.role.as_str(),
            role.as_str()
        ),
        (None, Some(role)) => make(&store, &wanted.username, None, None, role, None).await?,
        (None, None) => bail!("there is no account {}; --role makes one", wanted.username),
    };
    if user.deactivated_at.is_some() {
        bail!(
            "the account {} is shut; `confab user reactivate` opens it",
            user.username
        );
    }
    let (token, _) = keyring.issue_for(user.id, user.role, None, SystemClock.now(), wanted.ttl)?;
    say(&token);
    store.close().await;
    Ok(())
}
