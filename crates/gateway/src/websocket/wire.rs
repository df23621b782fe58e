//! One upgraded connection: reads messages, writes queued frames with vectored writes. Everything polls.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::reader::{Message, Reader, Violation};

/// Bytes queued for writing above which the wire asks to be flushed first.
const WRITE_BYTES_HIGH: usize = 64 * 1024;
/// Frames in one vectored write.
const SLICES_MAX: usize = 32;
const READ_BYTES: usize = 16 * 1024;

thread_local! {
    /// One read buffer a thread instead of one a connection: nothing is left in it between two polls.
    static SCRATCH: RefCell<Box<[u8]>> = RefCell::new(vec![0; READ_BYTES].into_boxed_slice());
}

/// What came from the client.
#[derive(Debug)]
pub(crate) enum Incoming {
    Text(String),
    Binary,
    Ping(Vec<u8>),
    Pong,
    Close,
    Violation(Violation),
    /// The connection ended or broke.
    Gone,
}

/// An upgraded connection.
#[derive(Debug)]
pub(crate) struct Wire<Io> {
    io: Io,
    reader: Reader,
    is_read_closed: bool,
    /// What is to be written; the first may be written in part.
    queue: VecDeque<Bytes>,
    queued_bytes: usize,
}

impl<Io: AsyncRead + AsyncWrite + Unpin> Wire<Io> {
    /// A wire over `io`, after the handshake.
    pub(crate) fn new(io: Io) -> Self {
        Self {
            io,
            reader: Reader::default(),
            is_read_closed: false,
            queue: VecDeque::new(),
            queued_bytes: 0,
        }
    }

    /// Queues a whole frame.
    pub(crate) fn feed(&mut self, frame: Bytes) {
        self.queued_bytes += frame.len();
        self.queue.push_back(frame);
    }

    /// Whether more may be queued before a flush.
    pub(crate) fn has_room(&self) -> bool {
        self.queued_bytes < WRITE_BYTES_HIGH
    }

    /// Whether everything was handed to the kernel.
    pub(crate) fn is_flushed(&self) -> bool {
        self.queue.is_empty()
    }

    /// Writes until nothing is queued.
    pub(crate) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.queue.is_empty() {
            let mut slices = [IoSlice::new(&[]); SLICES_MAX];
            let mut used = 0;
            for (slice, frame) in slices.iter_mut().zip(&self.queue) {
                *slice = IoSlice::new(frame);
                used += 1;
            }
            let written = ready!(Pin::new(&mut self.io).poll_write_vectored(cx, &slices[..used]))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.advance(written);
        }
        // An idle socket holds nothing; the queue's first few places are worth keeping.
        if self.queue.capacity() > 4 {
            self.queue = VecDeque::new();
        }
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn advance(&mut self, mut written: usize) {
        self.queued_bytes -= written;
        while let Some(first) = self.queue.front_mut() {
            if first.len() > written {
                first.advance(written);
                return;
            }
            written -= first.len();
            self.queue.pop_front();
        }
    }

    /// The next message; after `Violation` and `Gone` nothing more is parsed, and it is `Gone` at the end.
    pub(crate) fn poll_incoming(&mut self, cx: &mut Context<'_>, message_bytes_max: usize) -> Poll<Incoming> {
        loop {
            match self.reader.next(message_bytes_max) {
                Ok(Some(message)) => {
                    return Poll::Ready(match message {
                        Message::Text(text) => Incoming::Text(text),
                        Message::Binary => Incoming::Binary,
                        Message::Ping(payload) => Incoming::Ping(payload),
                        Message::Pong => Incoming::Pong,
                        Message::Close(_) => Incoming::Close,
                    });
                }
                Ok(None) => {}
                Err(violation) => return Poll::Ready(Incoming::Violation(violation)),
            }
            if !ready!(self.poll_read(cx)) {
                return Poll::Ready(Incoming::Gone);
            }
        }
    }

    /// Reads and forgets, so that closing resets nothing; ready when the client is done.
    pub(crate) fn poll_drain(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            self.reader = Reader::default();
            if !ready!(self.poll_read(cx)) {
                return Poll::Ready(());
            }
        }
    }

    /// Says that nothing more will be written.
    pub(crate) fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }

    /// Reads once; false at the end of the stream or when it broke.
    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<bool> {
        if self.is_read_closed {
            return Poll::Ready(false);
        }
        SCRATCH.with_borrow_mut(|scratch| {
            let mut buffer = ReadBuf::new(scratch);
            let read = ready!(Pin::new(&mut self.io).poll_read(cx, &mut buffer));
            if read.is_err() || buffer.filled().is_empty() {
                self.is_read_closed = true;
                return Poll::Ready(false);
            }
            self.reader.push(buffer.filled());
            Poll::Ready(true)
        })
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use tokio::io::AsyncReadExt;

    use super::*;
    use crate::websocket::{Frame, close_frame};

    #[tokio::test]
    async fn queued_frames_leave_whole_and_in_order_through_a_narrow_pipe() {
        let (ours, mut theirs) = tokio::io::duplex(7);
        let mut wire = Wire::new(ours);
        let mut expected = Vec::new();
        for number in 0..100 {
            let frame = Frame::text(&format!("frame {number}"));
            expected.extend_from_slice(frame.bytes());
            wire.feed(frame.bytes().clone());
        }
        wire.feed(close_frame(1000, "bye"));
        let writing = tokio::spawn(async move {
            poll_fn(|cx| wire.poll_flush(cx)).await.unwrap();
            assert!(wire.is_flushed());
        });
        let mut got = vec![0; expected.len()];
        theirs.read_exact(&mut got).await.unwrap();
        assert_eq!(got, expected);
        let mut rest = Vec::new();
        theirs.read_to_end(&mut rest).await.unwrap();
        assert_eq!(rest, close_frame(1000, "bye"));
        writing.await.unwrap();
    }
}
