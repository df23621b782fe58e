//! The words of the socket: frames from and to the client, and the closed list of close codes.

mod client_frame;
mod close_code;
mod documentation;
mod fields;
mod halves;
mod server_frame;
mod stream_frame;

pub use client_frame::{ClientFrame, Cursor, Request, Rest};
pub use close_code::CloseCode;
pub use documentation::{client_frames, server_frames, stream_frames};
pub use fields::REF_CHARS_MAX;
pub use server_frame::{FrameLimits, ServerFrame};
pub use stream_frame::StreamFrame;

pub(crate) use server_frame::error_frame;
