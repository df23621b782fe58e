//! The names of this crate's metrics, in one place; README lists what they mean.

use metrics::{counter, gauge};

use crate::protocol::CloseCode;

pub(crate) fn connection_opened(kind: &'static str) {
    gauge!("confab_gateway_connections", "kind" => kind).increment(1.0);
}

pub(crate) fn connection_closed(kind: &'static str, code: Option<CloseCode>) {
    gauge!("confab_gateway_connections", "kind" => kind).decrement(1.0);
    let code = code.map_or_else(|| "gone".to_owned(), |code| code.number().to_string());
    counter!("confab_gateway_closes_total", "kind" => kind, "code" => code).increment(1);
}

pub(crate) fn frame_received(kind: &'static str) {
    counter!("confab_gateway_frames_received_total", "type" => kind).increment(1);
}

pub(crate) fn frames_malformed() {
    counter!("confab_gateway_frames_malformed_total").increment(1);
}

pub(crate) fn deliveries(frames: u64) {
    counter!("confab_gateway_deliveries_total").increment(frames);
}

pub(crate) fn replayed(events: u64) {
    counter!("confab_gateway_replayed_events_total").increment(events);
}

pub(crate) fn replay_query(requests: u64) {
    counter!("confab_gateway_replay_queries_total").increment(1);
    counter!("confab_gateway_replay_requests_total").increment(requests);
}

pub(crate) fn resets(rooms: u64) {
    counter!("confab_gateway_resets_total").increment(rooms);
}

pub(crate) fn holes_healed(events: u64) {
    counter!("confab_gateway_holes_healed_total").increment(1);
    counter!("confab_gateway_healed_events_total").increment(events);
}

pub(crate) fn feed_batch() {
    counter!("confab_gateway_feed_batches_total").increment(1);
}

pub(crate) fn feed_fault(fault: &'static str) {
    counter!("confab_gateway_feed_faults_total", "fault" => fault).increment(1);
}

pub(crate) fn feed_is_healthy(is_healthy: bool) {
    gauge!("confab_gateway_feed_healthy").set(if is_healthy { 1.0 } else { 0.0 });
}

pub(crate) fn heads_compared(rooms: u64) {
    counter!("confab_gateway_heads_compared_total").increment(rooms);
}

pub(crate) fn rooms_served(rooms: usize) {
    gauge!("confab_gateway_rooms_served").set(rooms as f64);
}

pub(crate) fn epoch_changed() {
    counter!("confab_gateway_epoch_changes_total").increment(1);
}

pub(crate) fn presence_dropped() {
    counter!("confab_gateway_presence_dropped_total").increment(1);
}
