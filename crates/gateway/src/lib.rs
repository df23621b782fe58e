#![doc = include_str!("../README.md")]

mod feed;
mod gateway;
mod hub;
mod measures;
mod presence;
pub mod protocol;
mod replay;
mod routes;
mod session;
mod settings;
mod shared;
mod sse;
#[cfg(test)]
mod testing;
mod websocket;

pub use feed::FeedState;
pub use gateway::{Gateway, Readiness};
pub use settings::Settings;
