//! Server-sent events: the same events and signals for those who only listen.

mod framing;
mod last_event_id;
mod stream;

pub(crate) use last_event_id::LastEventId;
pub(crate) use stream::serve_stream;
