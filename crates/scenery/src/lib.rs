#![doc = include_str!("../README.md")]
#![expect(clippy::unwrap_used, reason = "scenery that cannot be set says where")]

mod askers;
mod embedded;
mod people;
mod scene;

pub use askers::{Asker, KINDS, refusal, refusal_about_message};
pub use embedded::{ACCESS_TOKEN_TTL, Archive, open_archive, ports};
pub use people::{Somebody, somebody};
pub use scene::Scene;
