//! Keys of the host product's backend, by an operator's hand.

use std::time::Duration;

use anyhow::{Result, bail};
use clap::Subcommand;
use confab_domain::commands::{API_KEY_DAYS_MAX, CreateApiKey, KeyPorts, make_api_key};
use confab_domain::ports::HostProduct;
use confab_domain::{ApiKeyId, Clock, Scope};
use confab_identity::RandomSecrets;
use confab_storage::Store;

use super::say;
use crate::archive;
use crate::clock::SystemClock;
use crate::config::{self, SettingValue, Settings};

/// Keys read at once.
const PAGE: usize = 500;

/// What to do with keys.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Makes a key and prints it, this once.
    Create {
        /// Username of the service account that its bearer is; made when there is none.
        service: String,
        /// What it is for.
        #[arg(long, default_value = "By an operator")]
        name: String,
        /// What it opens: read, rooms, members, messages, users, tokens, or all. May be given several times.
        #[arg(long = "scope", required = true, value_delimiter = ',')]
        scopes: Vec<String>,
        /// How long it lives, like 90d; for ever, when absent.
        #[arg(long, value_parser = life)]
        expires: Option<Duration>,
    },
    /// Prints all keys that were not taken back: id, beginning, scopes, last use, name.
    List,
    /// Takes a key back: what it opened is shut at once.
    Revoke {
        /// Its id.
        id: ApiKeyId,
    },
}

fn life(text: &str) -> Result<Duration, String> {
    type Life = config::Duration<60_000, { API_KEY_DAYS_MAX * 86_400_000 }>;
    Life::read(text)
        .map(|life| life.0)
        .map_err(|_| format!("takes {}", Life::takes()))
}

/// Does it.
pub(crate) async fn run(settings: &Settings, verb: Verb) -> Result<()> {
    let store = archive::connect_alone(settings).await?;
    match verb {
        Verb::Create {
            service,
            name,
            scopes,
            expires,
        } => {
            let ports = KeyPorts {
                accounts: &store,
                host: &store,
                secrets: &RandomSecrets,
                now: SystemClock.now(),
            };
            let wanted = CreateApiKey {
                name,
                service,
                scopes: spelled_out(scopes),
                expires_in: expires,
            };
            say(&make_api_key(&ports, None, wanted).await?.secret);
        }
        Verb::List => list(&store).await?,
        Verb::Revoke { id } => {
            if !store.revoke_api_key(id, SystemClock.now()).await? {
                bail!("there is no live key {id}");
            }
        }
    }
    store.close().await;
    Ok(())
}

fn spelled_out(scopes: Vec<String>) -> Vec<String> {
    if scopes.iter().any(|scope| scope == "all") {
        Scope::ALL.iter().map(|scope| scope.as_str().to_owned()).collect()
    } else {
        scopes
    }
}

async fn list(store: &Store) -> Result<()> {
    let mut after = None;
    loop {
        let page = store.api_keys(after, PAGE).await?;
        for key in page.items {
            let scopes: Vec<_> = key.scopes.iter().map(|scope| scope.as_str()).collect();
            let used = key
                .last_used_at
                .map_or_else(|| "never".to_owned(), |at| at.to_string());
            say(&format!(
                "{} {} {} {used} {}",
                key.id,
                key.prefix,
                scopes.join(","),
                key.name
            ));
        }
        after = page.next;
        if after.is_none() {
            return Ok(());
        }
    }
}
