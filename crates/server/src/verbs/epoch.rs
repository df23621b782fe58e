//! The name of the database's life.

use anyhow::Result;
use clap::Subcommand;
use confab_domain::ports::{RoomReads, StoreHealth};

use super::say;
use crate::archive;
use crate::config::Settings;

/// What to do with it.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Prints it.
    Show,
    /// Begins another life: after a restore, or a failover that lost its tail. All clients read anew.
    Bump,
}

/// Does it.
pub(crate) async fn run(settings: &Settings, verb: Verb) -> Result<()> {
    let store = archive::connect_alone(settings).await?;
    let epoch = match verb {
        Verb::Show => store.epoch().await?,
        Verb::Bump => store.bump_epoch().await?,
    };
    say(epoch.as_str());
    store.close().await;
    Ok(())
}
