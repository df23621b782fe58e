//! The postman: takes what is pending in the outbox to the events exchange, in order per room.
#![doc = include_str!("../README.md")]

mod beats;
mod letters;
mod partition;
mod progress;
mod publisher;
mod retries;
mod settings;
mod trimming;

pub use progress::PublisherState;
pub use publisher::{EventPublisher, PublisherPorts};
pub use settings::PublisherSettings;
