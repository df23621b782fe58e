//! What a wire needs to know; `confab-server` fills it from its typed configuration.

use std::fmt;
use std::time::Duration;

use confab_domain::{Error, Result};
use lapin::uri::AMQPUri;

/// How to reach RabbitMQ, and the bounds of what waits on either side of it.
#[derive(Clone)]
pub struct RabbitMqSettings {
    /// `amqp://` or `amqps://user:password@host:port/vhost`. The virtual host keeps installations apart.
    pub url: String,
    /// How the connections are called in RabbitMQ's management, at most 100 characters.
    pub connection_name: String,
    /// Longest wait for a connection with its handshake, and for each declaration on it.
    pub connect_timeout: Duration,
    /// AMQP heartbeat, 1–60 s. A broker that is silent for twice as long is given up.
    pub heartbeat_seconds: u16,
    /// Longest wait until one bunch of live messages is on the socket; then the connection is given up.
    pub send_timeout: Duration,
    /// First pause before connecting again; doubled and jittered up to `reconnect_delay_max`.
    pub reconnect_delay_min: Duration,
    /// Longest pause before connecting again.
    pub reconnect_delay_max: Duration,
    /// Live batches, beats and control messages that wait to be sent; more are dropped.
    pub live_out_items_max: usize,
    /// About how many bytes of live batches may wait to be sent; more are dropped.
    pub live_out_bytes_max: usize,
    /// Messages in a gateway's queue on the broker (`x-max-length`, oldest dropped first).
    pub live_queue_messages_max: u32,
    /// Bytes in a gateway's queue on the broker (`x-max-length-bytes`, oldest dropped first).
    pub live_queue_bytes_max: u32,
    /// Messages that may be under way from the broker to one reader.
    pub live_prefetch: u16,
    /// Decoded items that may wait for the reader.
    pub live_in_items_max: usize,
    /// Silence on the live feed after which its exchange and bindings are declared again.
    pub live_silence: Duration,
    /// How long the stream `confab.events.log` keeps events, in whole seconds. Takes effect when the stream
    /// is first made; later it is changed by a RabbitMQ policy.
    pub events_log_age: Duration,
}

impl RabbitMqSettings {
    /// Defaults for everything but the URL.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            connection_name: "confab".to_owned(),
            connect_timeout: Duration::from_secs(5),
            heartbeat_seconds: 5,
            send_timeout: Duration::from_secs(5),
            reconnect_delay_min: Duration::from_millis(100),
            reconnect_delay_max: Duration::from_secs(5),
            live_out_items_max: 2_048,
            live_out_bytes_max: 32 << 20,
            live_queue_messages_max: 10_000,
            live_queue_bytes_max: 64 << 20,
            live_prefetch: 256,
            live_in_items_max: 256,
            live_silence: Duration::from_secs(2),
            events_log_age: Duration::from_hours(7 * 24),
        }
    }

    /// Checks what can be checked without the broker. `Invalid` names the field.
    pub fn check(&self) -> Result<()> {
        self.uri()?;
        let mut findings = confab_domain::Findings::default();
        let mut positive = |field: &str, is_positive: bool| {
            if !is_positive {
                findings.add(field, "must be greater than zero");
            }
        };
        positive("connect_timeout", !self.connect_timeout.is_zero());
        positive("send_timeout", !self.send_timeout.is_zero());
        positive("reconnect_delay_min", !self.reconnect_delay_min.is_zero());
        positive("live_out_items_max", self.live_out_items_max > 0);
        positive("live_out_bytes_max", self.live_out_bytes_max > 0);
        positive("live_queue_messages_max", self.live_queue_messages_max > 0);
        positive("live_queue_bytes_max", self.live_queue_bytes_max > 0);
        positive("live_prefetch", self.live_prefetch > 0);
        positive("live_in_items_max", self.live_in_items_max > 0);
        positive("live_silence", !self.live_silence.is_zero());
        positive("events_log_age", self.events_log_age.as_secs() > 0);
        if !(1..=60).contains(&self.heartbeat_seconds) {
            findings.add("heartbeat_seconds", "must lie between 1 and 60");
        }
        if self.reconnect_delay_max < self.reconnect_delay_min {
            findings.add("reconnect_delay_max", "must not be less than reconnect_delay_min");
        }
        if self.connection_name.chars().count() > 100 {
            findings.add("connection_name", "must have at most 100 characters");
        }
        findings.finish()
    }

    /// The parsed URL with our heartbeat and frame size. What is wrong with it is told without its password.
    pub(crate) fn uri(&self) -> Result<AMQPUri> {
        let mut uri: AMQPUri = self.url.parse().map_err(|_| {
            Error::invalid(
                "url",
                "must look like amqp://user:password@host:port/vhost (or amqps://)",
            )
        })?;
        uri.query.heartbeat = Some(self.heartbeat_seconds);
        // The client keeps 32 frames of buffer in each direction: 1 MiB each instead of 4.
        uri.query.frame_max = Some(32 * 1024);
        Ok(uri)
    }
}

impl fmt::Debug for RabbitMqSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Without the URL, which bears a password.
        f.debug_struct("RabbitMqSettings")
            .field("connection_name", &self.connection_name)
            .finish_non_exhaustive()
    }
}

/// The bounds of the in-process live feed.
#[derive(Clone, Copy, Debug)]
pub struct LiveMemorySettings {
    /// Items that may wait for a slow reader before the oldest are dropped.
    pub queue_items_max: usize,
}

impl Default for LiveMemorySettings {
    fn default() -> Self {
        Self {
            queue_items_max: 1_024,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_settings_are_named_and_the_password_is_not() {
        assert!(
            RabbitMqSettings::new("amqp://guest:guest@127.0.0.1:5672/%2f")
                .check()
                .is_ok()
        );
        let error = RabbitMqSettings::new("http://guest:hunter2@127.0.0.1")
            .check()
            .unwrap_err()
            .to_string();
        assert!(error.contains("url") && !error.contains("hunter2"), "{error}");
        let wrong = RabbitMqSettings {
            heartbeat_seconds: 0,
            live_prefetch: 0,
            ..RabbitMqSettings::new("amqp://guest:hunter2@127.0.0.1")
        };
        let error = wrong.check().unwrap_err().to_string();
        assert!(
            error.contains("heartbeat_seconds") && error.contains("live_prefetch"),
            "{error}"
        );
        assert!(!format!("{wrong:?}").contains("hunter2"));
    }
}
