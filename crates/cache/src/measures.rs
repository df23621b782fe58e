//! The metrics of this crate: names, labels, and where they are counted.

use metrics::{Unit, counter, describe_counter, describe_gauge, gauge};

const REQUESTS: &str = "confab_cache_requests_total";
const FEED: &str = "confab_cache_feed_total";
const REDIS_CALLS: &str = "confab_redis_calls_total";
const REDIS_UP: &str = "confab_redis_up";
const FALLBACKS: &str = "confab_redis_fallbacks_total";
const SIGNALS: &str = "confab_signals_total";

/// Tells the recorder what the metrics of this crate mean. Called once, by whoever installs it.
pub fn describe_metrics() {
    describe_counter!(
        REQUESTS,
        Unit::Count,
        "Cache reads by `cache` (kind, room, recent, standing) and `outcome` (hit, miss)"
    );
    describe_counter!(
        FEED,
        Unit::Count,
        "Committed batches for the cache by `outcome` (taken, dropped)"
    );
    describe_counter!(
        REDIS_CALLS,
        Unit::Count,
        "Calls to Redis by `outcome` (ok, not_connected, timed_out, failed)"
    );
    describe_gauge!(REDIS_UP, "1 while this process has a connection to Redis");
    describe_counter!(
        FALLBACKS,
        Unit::Count,
        "Answers given without Redis by `port` (presence, rate_limits, rooms)"
    );
    describe_counter!(
        SIGNALS,
        Unit::Count,
        "Signals by `outcome` (sent, heard, dropped_out, dropped_in, unsent)"
    );
}

pub(crate) fn cache_read(cache: &'static str, is_hit: bool) {
    cache_reads(cache, is_hit, 1);
}

pub(crate) fn cache_reads(cache: &'static str, is_hit: bool, count: usize) {
    if count > 0 {
        let outcome = if is_hit { "hit" } else { "miss" };
        counter!(REQUESTS, "cache" => cache, "outcome" => outcome).increment(count as u64);
    }
}

pub(crate) fn batch_fed(is_taken: bool) {
    counter!(FEED, "outcome" => if is_taken { "taken" } else { "dropped" }).increment(1);
}

pub(crate) fn redis_call(failure: Option<&'static str>) {
    counter!(REDIS_CALLS, "outcome" => failure.unwrap_or("ok")).increment(1);
}

pub(crate) fn redis_up(is_up: bool) {
    gauge!(REDIS_UP).set(if is_up { 1.0 } else { 0.0 });
}

pub(crate) fn fallback(port: &'static str) {
    counter!(FALLBACKS, "port" => port).increment(1);
}

pub(crate) fn signals(outcome: &'static str, count: usize) {
    if count > 0 {
        counter!(SIGNALS, "outcome" => outcome).increment(count as u64);
    }
}
