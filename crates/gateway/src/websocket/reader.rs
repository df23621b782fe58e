//! Frames from the client: unmasked, put together, bounded and checked.

use super::frame::{BINARY, CLOSE, CONTINUATION, CONTROL_BYTES_MAX, FIN, PING, PONG, TEXT};

/// What a client sent.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Message {
    Text(String),
    Binary,
    Ping(Vec<u8>),
    Pong,
    /// The code, when there was one.
    Close(Option<u16>),
}

/// How a client broke the rules of the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Violation {
    /// A message larger than the limit.
    TooLarge,
    /// Anything else, named for a developer.
    Protocol(&'static str),
}

/// Parses what was read, across any boundaries.
#[derive(Debug, Default)]
pub(super) struct Reader {
    /// Bytes of a frame that is not whole yet; without capacity when there is none.
    partial: Vec<u8>,
    /// A fragmented message so far, and whether it is text.
    fragments: Option<(bool, Vec<u8>)>,
}

struct Head {
    is_final: bool,
    opcode: u8,
    mask: [u8; 4],
    head_bytes: usize,
    payload_bytes: usize,
}

impl Reader {
    /// Adds bytes that were read.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.partial.extend_from_slice(bytes);
    }

    /// The next whole message, if there is one. `bytes_max` bounds a message over all its fragments.
    pub(super) fn next(&mut self, bytes_max: usize) -> Result<Option<Message>, Violation> {
        loop {
            let Some(head) = head(&self.partial, bytes_max)? else {
                self.shed();
                return Ok(None);
            };
            let end = head.head_bytes + head.payload_bytes;
            if self.partial.len() < end {
                self.partial.reserve_exact(end - self.partial.len());
                return Ok(None);
            }
            let mut payload = self.partial[head.head_bytes..end].to_vec();
            self.partial.drain(..end);
            unmask(&mut payload, head.mask);
            self.shed();
            if let Some(message) = self.take(&head, payload, bytes_max)? {
                return Ok(Some(message));
            }
        }
    }

    fn take(
        &mut self,
        head: &Head,
        payload: Vec<u8>,
        bytes_max: usize,
    ) -> Result<Option<Message>, Violation> {
        match head.opcode {
            PING => Ok(Some(Message::Ping(payload))),
            PONG => Ok(Some(Message::Pong)),
            CLOSE => close(&payload).map(|code| Some(Message::Close(code))),
            TEXT | BINARY if self.fragments.is_some() => {
                Err(Violation::Protocol("a new message began inside a fragmented one"))
            }
            TEXT | BINARY if head.is_final => whole(head.opcode == TEXT, payload).map(Some),
            TEXT | BINARY => {
                self.fragments = Some((head.opcode == TEXT, payload));
                Ok(None)
            }
            _ => {
                let Some((is_text, mut gathered)) = self.fragments.take() else {
                    return Err(Violation::Protocol("a continuation without a beginning"));
                };
                if gathered.len() + payload.len() > bytes_max {
                    return Err(Violation::TooLarge);
                }
                gathered.extend_from_slice(&payload);
                if head.is_final {
                    return whole(is_text, gathered).map(Some);
                }
                self.fragments = Some((is_text, gathered));
                Ok(None)
            }
        }
    }

    fn shed(&mut self) {
        if self.partial.is_empty() && self.partial.capacity() > 0 {
            self.partial = Vec::new();
        }
    }
}

/// The code of a close frame's payload, which is empty or a lawful code and a reason.
fn close(payload: &[u8]) -> Result<Option<u16>, Violation> {
    let Some((code, reason)) = payload.split_first_chunk::<2>() else {
        return match payload {
            [] => Ok(None),
            _ => Err(Violation::Protocol("a close frame with half a code")),
        };
    };
    let code = u16::from_be_bytes(*code);
    // 1004 is reserved; 1005, 1006 and 1015 are names for what was never sent.
    if !matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999) {
        return Err(Violation::Protocol("a close code that nobody may send"));
    }
    if std::str::from_utf8(reason).is_err() {
        return Err(Violation::Protocol("a close reason that is not UTF-8"));
    }
    Ok(Some(code))
}

fn whole(is_text: bool, payload: Vec<u8>) -> Result<Message, Violation> {
    if is_text {
        String::from_utf8(payload)
            .map(Message::Text)
            .map_err(|_| Violation::Protocol("text that is not UTF-8"))
    } else {
        Ok(Message::Binary)
    }
}

fn head(bytes: &[u8], bytes_max: usize) -> Result<Option<Head>, Violation> {
    let [first, second, rest @ ..] = bytes else {
        return Ok(None);
    };
    let opcode = first & 0x0F;
    if first & 0x70 != 0 {
        return Err(Violation::Protocol(
            "reserved bits are set; no extension was agreed",
        ));
    }
    if !matches!(opcode, CONTINUATION | TEXT | BINARY | CLOSE | PING | PONG) {
        return Err(Violation::Protocol("an unknown opcode"));
    }
    if second & 0x80 == 0 {
        return Err(Violation::Protocol("a client's frames must be masked"));
    }
    let is_final = first & FIN != 0;
    let is_control = opcode >= CLOSE;
    let (length_bytes, payload_bytes) = match second & 0x7F {
        126 => match rest.first_chunk::<2>() {
            Some(length) => (2, u64::from(u16::from_be_bytes(*length))),
            None => return Ok(None),
        },
        127 => match rest.first_chunk::<8>() {
            Some(length) => (8, u64::from_be_bytes(*length)),
            None => return Ok(None),
        },
        short => (0, u64::from(short)),
    };
    if is_control && (!is_final || payload_bytes > CONTROL_BYTES_MAX as u64) {
        return Err(Violation::Protocol("a control frame must be whole and short"));
    }
    if payload_bytes > bytes_max as u64 {
        return Err(Violation::TooLarge);
    }
    let Some(mask) = rest[length_bytes..].first_chunk::<4>() else {
        return Ok(None);
    };
    Ok(Some(Head {
        is_final,
        opcode,
        mask: *mask,
        head_bytes: 2 + length_bytes + 4,
        payload_bytes: payload_bytes as usize,
    }))
}

fn unmask(payload: &mut [u8], mask: [u8; 4]) {
    let mut chunks = payload.chunks_exact_mut(4);
    for chunk in &mut chunks {
        for (byte, key) in chunk.iter_mut().zip(mask) {
            *byte ^= key;
        }
    }
    for (byte, key) in chunks.into_remainder().iter_mut().zip(mask) {
        *byte ^= key;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masked(first: u8, payload: &[u8]) -> Vec<u8> {
        let mask = [1, 2, 3, 4];
        let mut frame = vec![first];
        match payload.len() {
            short @ 0..=125 => frame.push(0x80 | short as u8),
            middle @ 126..=0xFFFF => {
                frame.push(0x80 | 0x7E);
                frame.extend_from_slice(&(middle as u16).to_be_bytes());
            }
            long => {
                frame.push(0x80 | 0x7F);
                frame.extend_from_slice(&(long as u64).to_be_bytes());
            }
        }
        frame.extend_from_slice(&mask);
        frame.extend(
            payload
                .iter()
                .enumerate()
                .map(|(index, byte)| byte ^ mask[index % 4]),
        );
        frame
    }

    fn text(text: &str) -> Message {
        Message::Text(text.to_owned())
    }

    #[test]
    fn any_cut_of_the_bytes_gives_the_same_messages() {
        let long = "y".repeat(70_000);
        let mut bytes = masked(FIN | TEXT, b"one");
        bytes.extend(masked(TEXT, "zw".as_bytes()));
        bytes.extend(masked(FIN | PING, b"p"));
        bytes.extend(masked(FIN | CONTINUATION, "ei".as_bytes()));
        bytes.extend(masked(FIN | TEXT, long.as_bytes()));
        bytes.extend(masked(FIN | CLOSE, &1000u16.to_be_bytes()));
        for cut in [1, 2, 3, 7, 64, 4096, bytes.len()] {
            let mut reader = Reader::default();
            let mut got = Vec::new();
            for piece in bytes.chunks(cut) {
                reader.push(piece);
                while let Some(message) = reader.next(128 * 1024).unwrap() {
                    got.push(message);
                }
            }
            assert_eq!(
                got,
                [
                    text("one"),
                    Message::Ping(b"p".to_vec()),
                    text("zwei"),
                    text(&long),
                    Message::Close(Some(1000))
                ]
            );
            assert_eq!(reader.partial.capacity(), 0, "an idle reader holds nothing");
        }
    }

    #[test]
    fn what_breaks_the_rules_is_refused() {
        let cases: [(Vec<u8>, Violation); 8] = [
            (masked(FIN | TEXT, &[b'x'; 101]), Violation::TooLarge),
            (
                [masked(TEXT, &[b'x'; 60]), masked(CONTINUATION, &[b'x'; 60])].concat(),
                Violation::TooLarge,
            ),
            (
                vec![FIN | TEXT, 1, b'x'],
                Violation::Protocol("a client's frames must be masked"),
            ),
            (
                masked(FIN | TEXT, &[0xFF]),
                Violation::Protocol("text that is not UTF-8"),
            ),
            (
                masked(FIN | 0x40 | TEXT, b"x"),
                Violation::Protocol("reserved bits are set; no extension was agreed"),
            ),
            (masked(FIN | 0x3, b"x"), Violation::Protocol("an unknown opcode")),
            (
                masked(PING, b"x"),
                Violation::Protocol("a control frame must be whole and short"),
            ),
            (
                masked(FIN | CONTINUATION, b"x"),
                Violation::Protocol("a continuation without a beginning"),
            ),
        ];
        for (bytes, violation) in cases {
            let mut reader = Reader::default();
            reader.push(&bytes);
            assert_eq!(reader.next(100), Err(violation));
        }
    }

    #[test]
    fn a_huge_length_is_refused_before_anything_is_reserved() {
        let mut reader = Reader::default();
        reader.push(&[FIN | TEXT, 0xFF, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]);
        assert_eq!(reader.next(100), Err(Violation::TooLarge));
    }

    #[test]
    fn a_close_frame_bears_nothing_or_a_lawful_code_and_text() {
        let read = |payload: &[u8]| {
            let mut reader = Reader::default();
            reader.push(&masked(FIN | CLOSE, payload));
            reader.next(1_000)
        };
        assert_eq!(read(b""), Ok(Some(Message::Close(None))));
        for code in [1000u16, 1003, 1007, 1014, 3000, 4999] {
            assert_eq!(read(&code.to_be_bytes()), Ok(Some(Message::Close(Some(code)))));
        }
        for code in [0u16, 999, 1004, 1005, 1006, 1015, 2999, 5000, 65_535] {
            assert!(read(&code.to_be_bytes()).is_err(), "{code}");
        }
        assert!(read(b"\x03").is_err());
        assert!(read(b"\x03\xe8\xff\xfe").is_err());
    }
}
