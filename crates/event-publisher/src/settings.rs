//! The bounds and intervals of an event publisher; `confab-server` fills them.

use std::time::Duration;

/// How an event publisher works.
#[derive(Clone, Debug)]
pub struct PublisherSettings {
    /// Pending rows of a partition taken at once, 1–10,000: so many publishes are on their way together.
    pub page_rows: usize,
    /// Longest wait before a partition is looked at without being woken.
    pub poll_interval: Duration,
    /// Pause after a page that was not full: what is written meanwhile goes out together. A lone event waits for
    /// nothing, the one after it at most this long.
    pub gather_pause: Duration,
    /// How often each held partition is told to be alive.
    pub beat_interval: Duration,
    /// A beat tells the heads that moved within this time.
    pub beat_heads_within: Duration,
    /// Heads in one beat, latest first.
    pub beat_heads_max: usize,
    /// How long a partition stays with a publisher that is not heard of; renewed three times as often.
    pub lease: Duration,
    /// Longest wait for the confirms of one page.
    pub confirm_timeout: Duration,
    /// Longest wait for one answer of the store.
    pub store_timeout: Duration,
    /// First pause after a failure; doubled and jittered up to `retry_delay_max`.
    pub retry_delay_min: Duration,
    /// Longest pause after failures.
    pub retry_delay_max: Duration,
    /// Whether message text goes out (`EVENTS_CONTENT`).
    pub with_content: bool,
    /// How long the rooms' logs are kept.
    pub log_keep: Duration,
    /// How often the logs are trimmed.
    pub log_trim_interval: Duration,
    /// Events trimmed in one transaction.
    pub log_trim_events: usize,
}

impl Default for PublisherSettings {
    fn default() -> Self {
        Self {
            page_rows: 500,
            poll_interval: Duration::from_millis(500),
            gather_pause: Duration::from_millis(100),
            beat_interval: Duration::from_millis(500),
            beat_heads_within: Duration::from_secs(3),
            beat_heads_max: 500,
            lease: Duration::from_secs(5),
            confirm_timeout: Duration::from_secs(10),
            store_timeout: Duration::from_secs(5),
            retry_delay_min: Duration::from_millis(50),
            retry_delay_max: Duration::from_secs(5),
            with_content: true,
            log_keep: Duration::from_hours(7 * 24),
            log_trim_interval: Duration::from_mins(1),
            log_trim_events: 1_000,
        }
    }
}
