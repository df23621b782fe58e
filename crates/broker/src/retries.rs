//! Pauses between attempts to connect: doubled, jittered, bounded.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};

use crate::settings::RabbitMqSettings;

/// Endless pauses of one connection; start anew once it stood.
pub(crate) struct Retries {
    builder: ExponentialBuilder,
    pauses: ExponentialBackoff,
    delay_max: Duration,
}

impl Retries {
    pub(crate) fn new(settings: &RabbitMqSettings) -> Self {
        let builder = ExponentialBuilder::default()
            .with_min_delay(settings.reconnect_delay_min)
            .with_max_delay(settings.reconnect_delay_max)
            .with_jitter()
            .without_max_times();
        Self {
            pauses: builder.build(),
            builder,
            delay_max: settings.reconnect_delay_max,
        }
    }

    /// The next pause, at most twice `reconnect_delay_max` with its jitter.
    pub(crate) fn next_pause(&mut self) -> Duration {
        self.pauses.next().unwrap_or(self.delay_max)
    }

    /// A connection stood: begin with the shortest pause again.
    pub(crate) fn reset(&mut self) {
        self.pauses = self.builder.build();
    }
}
