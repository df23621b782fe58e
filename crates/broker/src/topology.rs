//! Exchanges, queues and bindings: their names and arguments in one place, declared anew with each channel.

use std::time::Duration;

use confab_domain::ports::SHARDS;
use confab_domain::{Error, IncarnationId, Result};
use lapin::options::{ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable, ShortString};
use lapin::{Channel, ExchangeKind};
use uuid::Uuid;

use crate::connection::{Link, within};
use crate::settings::RabbitMqSettings;

/// The direct exchange of the live feed; routing key: a shard, `control` or `beat`.
pub const LIVE_EXCHANGE: &str = "confab.live";
/// The topic exchange that other services bind to; routing key: `<type>.<room or user id>`.
pub const EVENTS_EXCHANGE: &str = "confab.events";
/// The stream that keeps every event for a while.
pub const EVENTS_LOG_QUEUE: &str = "confab.events.log";

/// Routing key of control messages.
pub(crate) const CONTROL_KEY: &str = "control";
/// Routing key of beats.
pub(crate) const BEAT_KEY: &str = "beat";

/// The wake queue keeps so few messages that nobody minds their number: one hint is as good as many.
const WAKE_QUEUE_MESSAGES_MAX: u32 = 64;
const WAKE_PREFETCH: u16 = 16;
/// Retention drops whole segments: small ones make the age exact to some hours rather than days.
const LOG_SEGMENT_BYTES: i64 = 100_000_000;

/// Which live messages a reader wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Listening {
    /// Shards, control and beats.
    Everything,
    /// Shards alone, as hints.
    Wakes,
}

impl Listening {
    pub(crate) fn prefetch(self, settings: &RabbitMqSettings) -> u16 {
        match self {
            Self::Everything => settings.live_prefetch,
            Self::Wakes => WAKE_PREFETCH,
        }
    }

    pub(crate) fn purpose(self) -> &'static str {
        match self {
            Self::Everything => "live-in",
            Self::Wakes => "wakes",
        }
    }

    fn keys(self) -> impl Iterator<Item = String> {
        let beside: &[&str] = match self {
            Self::Everything => &[CONTROL_KEY, BEAT_KEY],
            Self::Wakes => &[],
        };
        (0..SHARDS)
            .map(|shard| shard.to_string())
            .chain(beside.iter().map(|key| (*key).to_owned()))
    }

    fn queue_arguments(self, settings: &RabbitMqSettings) -> FieldTable {
        let mut arguments = FieldTable::default();
        let messages_max = match self {
            Self::Everything => {
                let bytes_max = AMQPValue::LongLongInt(i64::from(settings.live_queue_bytes_max));
                arguments.insert("x-max-length-bytes".into(), bytes_max);
                settings.live_queue_messages_max
            }
            Self::Wakes => WAKE_QUEUE_MESSAGES_MAX,
        };
        arguments.insert(
            "x-max-length".into(),
            AMQPValue::LongLongInt(i64::from(messages_max)),
        );
        arguments.insert("x-overflow".into(), text("drop-head"));
        arguments.insert("x-queue-type".into(), text("classic"));
        arguments
    }
}

/// Declares the live exchange.
pub(crate) async fn declare_live(channel: &Channel, limit: Duration) -> Result<()> {
    let durable = ExchangeDeclareOptions {
        durable: true,
        ..Default::default()
    };
    let declared = channel.exchange_declare(
        LIVE_EXCHANGE.into(),
        ExchangeKind::Direct,
        durable,
        FieldTable::default(),
    );
    within(limit, declared).await
}

/// Declares a reader's own queue, which goes when its connection does, and returns its name.
///
/// The name is never used twice: after a half-open connection the broker may hold the old queue for a while.
pub(crate) async fn declare_live_queue(
    channel: &Channel,
    listening: Listening,
    reader: IncarnationId,
    settings: &RabbitMqSettings,
) -> Result<String> {
    let name = format!(
        "{LIVE_EXCHANGE}.{}.{reader}.{}",
        listening.purpose(),
        Uuid::new_v4().simple()
    );
    let own = QueueDeclareOptions {
        exclusive: true,
        auto_delete: true,
        ..Default::default()
    };
    let declared = channel.queue_declare(name.as_str().into(), own, listening.queue_arguments(settings));
    within(settings.connect_timeout, declared).await?;
    Ok(name)
}

/// Binds a reader's queue to all it wants to hear; harmless when it is bound already.
pub(crate) async fn bind_live_queue(
    channel: &Channel,
    listening: Listening,
    queue: &str,
    limit: Duration,
) -> Result<()> {
    let bind_all = async {
        for key in listening.keys() {
            let options = QueueBindOptions::default();
            let (queue, exchange) = (queue.into(), LIVE_EXCHANGE.into());
            channel
                .queue_bind(queue, exchange, key.into(), options, FieldTable::default())
                .await?;
        }
        Ok(())
    };
    within(limit, bind_all).await
}

/// Declares the events exchange with its log, so that no event is unroutable.
pub(crate) async fn declare_events(
    link: &Link,
    channel: &Channel,
    settings: &RabbitMqSettings,
) -> Result<()> {
    let limit = settings.connect_timeout;
    let durable = ExchangeDeclareOptions {
        durable: true,
        ..Default::default()
    };
    let declared = channel.exchange_declare(
        EVENTS_EXCHANGE.into(),
        ExchangeKind::Topic,
        durable,
        FieldTable::default(),
    );
    within(limit, declared).await?;
    declare_events_log(link, settings).await?;
    let (queue, exchange) = (EVENTS_LOG_QUEUE.into(), EVENTS_EXCHANGE.into());
    let bound = channel.queue_bind(
        queue,
        exchange,
        "#".into(),
        QueueBindOptions::default(),
        FieldTable::default(),
    );
    within(limit, bound).await
}

/// Declares the stream. One that an operator made with other arguments is taken as it is, because a refusal
/// would stop all events for a matter of taste. On a channel of its own: a refusal closes it.
async fn declare_events_log(link: &Link, settings: &RabbitMqSettings) -> Result<()> {
    let limit = settings.connect_timeout;
    let mut arguments = FieldTable::default();
    arguments.insert("x-queue-type".into(), text("stream"));
    arguments.insert(
        "x-max-age".into(),
        text(&format!("{}s", settings.events_log_age.as_secs())),
    );
    arguments.insert(
        "x-stream-max-segment-size-bytes".into(),
        AMQPValue::LongLongInt(LOG_SEGMENT_BYTES),
    );
    let durable = QueueDeclareOptions {
        durable: true,
        ..Default::default()
    };
    let channel = link.channel(limit).await?;
    let declared = within(
        limit,
        channel.queue_declare(EVENTS_LOG_QUEUE.into(), durable, arguments),
    )
    .await;
    let Err(refusal) = declared else {
        return Ok(());
    };
    if !is_precondition_failure(&refusal) {
        return Err(refusal);
    }
    tracing::warn!(
        queue = EVENTS_LOG_QUEUE,
        "the stream has other arguments than the settings say; it stays so"
    );
    let channel = link.channel(limit).await?;
    let passive = QueueDeclareOptions {
        passive: true,
        ..Default::default()
    };
    within(
        limit,
        channel.queue_declare(EVENTS_LOG_QUEUE.into(), passive, FieldTable::default()),
    )
    .await
    .map(drop)
}

fn is_precondition_failure(error: &Error) -> bool {
    use lapin::protocol::{AMQPErrorKind, AMQPSoftError};
    let Error::Unavailable(_, Some(source)) = error else {
        return false;
    };
    let Some(error) = source.downcast_ref::<lapin::Error>() else {
        return false;
    };
    match error.kind() {
        lapin::ErrorKind::ProtocolError(error) => {
            matches!(
                error.kind(),
                AMQPErrorKind::Soft(AMQPSoftError::PRECONDITIONFAILED)
            )
        }
        _ => false,
    }
}

/// A table value of AMQP's only kind of text.
pub(crate) fn text(value: &str) -> AMQPValue {
    AMQPValue::LongString(value.into())
}

/// A short string, which holds 255 bytes: longer ones are cut.
pub(crate) fn short(value: &str) -> ShortString {
    let mut end = value.len().min(255);
    while !value.is_char_boundary(end) {
        end -= 1;
    }
    value[..end].into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_words_are_cut_at_a_character() {
        assert_eq!(short("message_created").as_str(), "message_created");
        let long = "é".repeat(200);
        assert_eq!(short(&long).as_str().len(), 254);
    }
}
