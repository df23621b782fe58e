//! The server's half of RFC 6455 over an upgraded connection, made for many idle sockets and wide fan-out.
//!
//! Own framing, because a frame to N sockets is then built once and never copied ([`Frame`]), and an idle
//! socket holds no buffer at all.

mod frame;
mod handshake;
mod reader;
mod wire;

pub(crate) use frame::{Frame, close_frame, ping_frame, pong_frame};
pub(crate) use handshake::{Handshake, HandshakeError};
pub(crate) use reader::Violation;
pub(crate) use wire::{Incoming, Wire};
