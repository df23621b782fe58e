//! Signs of life: every half second each held partition tells its lag and the heads that moved lately.

use confab_domain::IncarnationId;
use confab_domain::ports::Beat;
use tokio::time::MissedTickBehavior;

use crate::partition::Partition;

/// Beats until stopped. A store that cannot be read means silence: a beat says that nothing was missed.
pub(crate) async fn beat(partition: &Partition, publisher: IncarnationId) {
    let settings = &partition.settings;
    let mut ticks = tokio::time::interval(settings.beat_interval);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = partition.stop.cancelled() => return,
        }
        let Some(epoch) = partition.progress().epoch() else {
            continue;
        };
        let (within, limit) = (settings.beat_heads_within, settings.beat_heads_max);
        let moved = partition
            .ports
            .outbox
            .moved_heads(partition.number, within, limit);
        let heads = tokio::select! {
            heads = partition.ask(moved) => heads,
            () = partition.stop.cancelled() => return,
        };
        let lag = partition.progress().lag();
        metrics::gauge!("confab_event_publisher_lag_seconds", "partition" => partition.number.to_string())
            .set(lag.as_secs_f64());
        match heads {
            Ok(heads) => partition.ports.live_out.beat(Beat {
                epoch,
                publisher,
                partition: partition.number,
                lag_ms: u64::try_from(lag.as_millis()).unwrap_or(u64::MAX),
                heads,
            }),
            Err(error) => tracing::debug!(partition = partition.number, %error, "no heads to tell"),
        }
    }
}
