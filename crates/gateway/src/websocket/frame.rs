//! Frames to the client, built once: header and payload in one shared piece of memory.

use bytes::{BufMut, Bytes, BytesMut};

pub(super) const TEXT: u8 = 0x1;
pub(super) const BINARY: u8 = 0x2;
pub(super) const CONTINUATION: u8 = 0x0;
pub(super) const CLOSE: u8 = 0x8;
pub(super) const PING: u8 = 0x9;
pub(super) const PONG: u8 = 0xA;
pub(super) const FIN: u8 = 0x80;

/// Largest payload of a control frame, in bytes.
pub(super) const CONTROL_BYTES_MAX: usize = 125;

/// A text frame, ready for any number of sockets; cloning shares it.
#[derive(Clone, Debug)]
pub(crate) struct Frame {
    bytes: Bytes,
    header_bytes: u8,
}

impl Frame {
    /// A text frame around `text`.
    pub(crate) fn text(text: &str) -> Self {
        let bytes = build(TEXT, text.as_bytes());
        let header_bytes = (bytes.len() - text.len()) as u8;
        Self { bytes, header_bytes }
    }

    /// The whole frame as it goes over the wire.
    pub(crate) fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// The payload, which is JSON.
    pub(crate) fn payload(&self) -> Bytes {
        self.bytes.slice(usize::from(self.header_bytes)..)
    }
}

/// A close frame. The reason is cut to what a control frame holds.
pub(crate) fn close_frame(code: u16, reason: &str) -> Bytes {
    let mut end = reason.len().min(CONTROL_BYTES_MAX - 2);
    while !reason.is_char_boundary(end) {
        end -= 1;
    }
    let mut payload = Vec::with_capacity(2 + end);
    payload.extend_from_slice(&code.to_be_bytes());
    payload.extend_from_slice(&reason.as_bytes()[..end]);
    build(CLOSE, &payload)
}

/// An empty ping.
pub(crate) fn ping_frame() -> Bytes {
    Bytes::from_static(&[FIN | PING, 0])
}

/// The answer to a ping.
pub(crate) fn pong_frame(payload: &[u8]) -> Bytes {
    build(PONG, &payload[..payload.len().min(CONTROL_BYTES_MAX)])
}

fn build(opcode: u8, payload: &[u8]) -> Bytes {
    let mut frame = BytesMut::with_capacity(10 + payload.len());
    frame.put_u8(FIN | opcode);
    match payload.len() {
        short @ 0..=125 => frame.put_u8(short as u8),
        middle @ 126..=0xFFFF => {
            frame.put_u8(126);
            frame.put_u16(middle as u16);
        }
        long => {
            frame.put_u8(127);
            frame.put_u64(long as u64);
        }
    }
    frame.put_slice(payload);
    frame.freeze()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_written_in_the_shortest_form() {
        for (length, header) in [(0, 2), (125, 2), (126, 4), (65_535, 4), (65_536, 10)] {
            let text = "x".repeat(length);
            let frame = Frame::text(&text);
            assert_eq!(frame.bytes().len(), length + header, "{length}");
            assert_eq!(frame.payload(), text.as_bytes());
        }
    }

    #[test]
    fn a_close_reason_is_cut_at_a_character() {
        let frame = close_frame(4000, &"ä".repeat(100));
        assert_eq!(frame[1], 2 + 122, "61 whole characters of two bytes");
        assert!(std::str::from_utf8(&frame[4..]).is_ok());
    }
}
