//! Hears signals of all nodes and hands them to local clients.

use std::time::Duration;

use confab_domain::ports::Signal;
use tokio::time::sleep;

use crate::measures;
use crate::protocol::CloseCode;
use crate::shared::Shared;

/// How long to wait before listening anew to signals that ended.
const LISTEN_AGAIN: Duration = Duration::from_secs(1);

/// Hears for as long as the gateway runs.
pub(crate) async fn hear(shared: &Shared) {
    loop {
        let mut signals = shared.ports.signals.listen();
        while let Some(signal) = signals.recv().await {
            take(shared, &signal);
        }
        sleep(LISTEN_AGAIN).await;
    }
}

fn take(shared: &Shared, signal: &Signal) {
    if let Signal::Replaced { node, connection_id } = signal {
        if *node == shared.node
            && let Some(connection) = shared
                .hub
                .connections()
                .into_iter()
                .find(|own| own.id == *connection_id)
        {
            connection.close(CloseCode::Replaced);
        }
        return;
    }
    let frames = shared.hub.signal(signal);
    if frames > 0 {
        measures::deliveries(frames);
    }
}
