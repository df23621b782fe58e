//! Sessions: one task a socket or stream, from the handshake to the goodbye.

mod admission;
mod authentication;
mod budget;
mod closing;
mod dispatch;
pub(crate) mod joining;
mod marks;
mod registration;
mod socket;
mod turns;

pub(crate) use admission::{Admission, Query};
pub(crate) use authentication::{Proof, Proved, SUBPROTOCOL, prove};
pub(crate) use registration::Registration;
pub(crate) use socket::serve_socket;
pub(crate) use turns::OrderedWrites;
