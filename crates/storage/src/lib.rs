#![doc = include_str!("../README.md")]

mod account_outbox;
mod accounts;
mod change;
mod connect;
mod conversation_list;
mod conversations;
mod dialect;
mod doubt;
mod error;
mod facts;
mod health;
mod host_product;
mod host_users;
mod lanes;
mod lists;
mod log;
mod marks;
mod message_pages;
mod message_receipts;
mod moderation;
mod outbox;
mod pages;
mod reactions;
mod room_lists;
mod room_reads;
mod room_writes;
mod rows;
mod search;
mod seats;
mod send;
mod sessions;
mod tickets;
mod users;

pub use connect::{Store, StoreSettings};
pub use lanes::LaneSettings;
pub use search::indexer::{SearchIndexer, SearchIndexerSettings};
