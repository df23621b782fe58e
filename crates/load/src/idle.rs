//! Memory per idle connection: a gateway's resident memory before and after so many sockets.

use std::time::Duration;

use anyhow::Result;
use clap::Args;
use futures_util::{StreamExt, TryStreamExt, stream};

use crate::Target;
use crate::people::{Api, rooms};
use crate::processes::resident_bytes;
use crate::socket;

/// Memory per idle connection.
#[derive(Args)]
pub(crate) struct Idle {
    #[command(flatten)]
    pub(crate) target: Target,
    /// Connections.
    #[arg(long, default_value_t = 5_000)]
    connections: usize,
    /// Connections of one person; the server's limit (8 by default) must allow them.
    #[arg(long, default_value_t = 8)]
    per_person: usize,
}

pub(crate) async fn run(measure: Idle) -> Result<()> {
    let Idle {
        target,
        connections,
        per_person,
    } = measure;
    let api = Api::new(&target.api)?;
    let people_count = connections.div_ceil(per_person);
    // Rooms of ten, as in the other measurements.
    let rooms = rooms(&api, people_count.div_ceil(10), 10, None).await?;
    let tokens: Vec<String> = rooms
        .iter()
        .flat_map(|room| &room.members)
        .map(|person| person.access_token.clone())
        .collect();
    let gateways: Vec<&(String, u32)> = target
        .pids
        .iter()
        .filter(|(name, _)| name.starts_with("gateway"))
        .collect();
    let resident = || -> Result<u64> { gateways.iter().map(|(_, pid)| resident_bytes(*pid)).sum() };
    // One round of connections first, so that what is made once is not counted per connection.
    let first = open_all(&target, &tokens, connections.min(500)).await?;
    drop(first);
    tokio::time::sleep(Duration::from_secs(2)).await;
    let before = resident()?;
    anyhow::ensure!(!gateways.is_empty(), "name the gateways: --pid gateway=123");
    let sockets = open_all(&target, &tokens, connections).await?;
    tokio::time::sleep(Duration::from_secs(3)).await;
    let after = resident()?;
    println!("connections:              {:>10}", sockets.len());
    println!("resident before:          {:>10} KiB", before / 1024);
    println!("resident after:           {:>10} KiB", after / 1024);
    println!(
        "per idle connection:      {:>10.1} KiB",
        (after.saturating_sub(before)) as f64 / 1024.0 / sockets.len() as f64
    );
    Ok(())
}

async fn open_all(
    target: &Target,
    tokens: &[String],
    connections: usize,
) -> Result<Vec<(socket::Sender, socket::Receiver)>> {
    stream::iter((0..connections).map(|index| {
        let gateway = &target.gateways[index % target.gateways.len()];
        let token = &tokens[index % tokens.len()];
        async move {
            let (sender, mut receiver) = socket::open(gateway, token, index).await?;
            socket::until_subscribed(&mut receiver, 1).await?;
            anyhow::Ok((sender, receiver))
        }
    }))
    .buffered(64)
    .try_collect()
    .await
}
