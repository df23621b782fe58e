//! Pauses after failures: doubled, jittered, bounded.

use std::time::Duration;

use crate::settings::PublisherSettings;

/// Failures in a row.
#[derive(Debug)]
pub(crate) struct Retries {
    next: Duration,
    min: Duration,
    max: Duration,
}

impl Retries {
    pub(crate) fn new(settings: &PublisherSettings) -> Self {
        Self {
            next: settings.retry_delay_min,
            min: settings.retry_delay_min,
            max: settings.retry_delay_max,
        }
    }

    /// The pause after one more failure: between half of it and all of it, so that publishers spread.
    pub(crate) fn next_pause(&mut self) -> Duration {
        let pause = self.next.mul_f64(rand::random_range(0.5..=1.0));
        self.next = (self.next * 2).min(self.max);
        pause
    }

    /// Something went well.
    pub(crate) fn reset(&mut self) {
        self.next = self.min;
    }
}
