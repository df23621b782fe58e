//! Trimming the rooms' logs: by whoever holds the first partition, in small transactions.

use std::sync::Arc;

use tokio::time::{MissedTickBehavior, timeout};
use tokio_util::sync::CancellationToken;

use crate::progress::AllProgress;
use crate::publisher::PublisherPorts;
use crate::settings::PublisherSettings;

/// Transactions in one go; what is left waits for the next.
const ROUNDS_MAX: usize = 100;

/// Trims every now and then until stopped.
pub(crate) async fn trim_logs(
    ports: PublisherPorts,
    settings: Arc<PublisherSettings>,
    progress: Arc<AllProgress>,
    stop: CancellationToken,
) {
    let mut ticks = tokio::time::interval(settings.log_trim_interval);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = stop.cancelled() => return,
        }
        if !progress.partitions[0].is_held() {
            continue;
        }
        for _ in 0..ROUNDS_MAX {
            let trimming = ports.outbox.trim_log(settings.log_keep, settings.log_trim_events);
            match timeout(settings.store_timeout, trimming).await {
                Ok(Ok(count)) => {
                    metrics::counter!("confab_event_publisher_trimmed_total").increment(count);
                    if (count as usize) < settings.log_trim_events || stop.is_cancelled() {
                        break;
                    }
                }
                Ok(Err(error)) => {
                    tracing::warn!(%error, "the logs are not trimmed");
                    break;
                }
                Err(_) => break,
            }
        }
    }
}
