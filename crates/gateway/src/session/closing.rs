//! The goodbye: the close frame leaves before the connection does.

use std::future::poll_fn;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;

use crate::protocol::CloseCode;
use crate::websocket::{Wire, close_frame};

/// How long the last frames may take to leave.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(2);
/// How long the client may take to close its side.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(1);

/// Says goodbye with a code; waits a little, so that a reset does not swallow the close frame.
pub(super) async fn say_goodbye<Io: AsyncRead + AsyncWrite + Unpin>(wire: &mut Wire<Io>, code: CloseCode) {
    wire.feed(close_frame(code.number(), code.reason()));
    let flushed = timeout(FLUSH_TIMEOUT, poll_fn(|cx| wire.poll_flush(cx))).await;
    if !matches!(flushed, Ok(Ok(()))) {
        return;
    }
    // A broken connection is closed either way.
    let _ = timeout(ANSWER_TIMEOUT, poll_fn(|cx| wire.poll_shutdown(cx))).await;
    let _ = timeout(ANSWER_TIMEOUT, poll_fn(|cx| wire.poll_drain(cx))).await;
}
