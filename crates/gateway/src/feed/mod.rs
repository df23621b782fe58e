//! From the live feed to the hub: order is kept by the hub's rooms, losses are noticed and read from the
//! store, rights are read again when something hints at a change.
//!
//! **A hint is only a hint**: what is acted on is what the store says.

mod compare;
mod controls;
mod epochs;
mod healer;
mod health;
mod recheck;
mod task;
#[cfg(test)]
mod tests;

pub(crate) use controls::{Controls, check_accounts};
pub(crate) use epochs::Epochs;
pub(crate) use healer::Healer;
pub use health::FeedState;
pub(crate) use task::run;
