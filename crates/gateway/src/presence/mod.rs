//! Who is there: reports this node's connections, announces people who come and go, hears signals.
//!
//! Everything here may be missed or late; nothing here is waited for by a session.

mod announce;
mod coalesce;
mod desk;
mod hearing;
mod typing;

pub(crate) use coalesce::CoalescedSignals;
pub(crate) use desk::Desk;
pub(crate) use hearing::hear;
pub(crate) use typing::Typing;
