//! The wire: live batches, beats, control messages and events between processes.
#![doc = include_str!("../README.md")]

mod connection;
mod encoding;
mod exchange_memory;
mod exchange_rabbitmq;
mod live_memory;
mod live_rabbitmq;
mod retries;
mod settings;
mod topology;
mod wakes;

pub use exchange_memory::ExchangeMemory;
pub use exchange_rabbitmq::ExchangeRabbitMq;
pub use live_memory::LiveMemory;
pub use live_rabbitmq::LiveRabbitMq;
pub use settings::{LiveMemorySettings, RabbitMqSettings};
pub use topology::{EVENTS_EXCHANGE, EVENTS_LOG_QUEUE, LIVE_EXCHANGE};
