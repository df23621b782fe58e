//! The gateway over real sockets, with the embedded parts behind it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod authentication;
mod blocks;
mod budgets;
mod feed;
mod following;
mod frames;
mod house;
mod matrix;
mod own_devices;
mod presence;
mod reactions;
mod removal;
mod resuming;
mod rude;
mod stopping;
mod streams;
