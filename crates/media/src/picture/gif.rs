//! Takes a GIF apart and puts it together without comments, foreign extensions and what follows its end.

use super::Refusal;

/// Most frames of an animation.
const FRAMES_MAX: usize = 5_000;

const EXTENSION: u8 = 0x21;
const IMAGE: u8 = 0x2C;
const END: u8 = 0x3B;
/// Timing and transparency of the frame that follows.
const CONTROL: u8 = 0xF9;
const APPLICATION: u8 = 0xFF;
/// How often to repeat: the only foreign extension that belongs to the picture.
const LOOPS: [&[u8]; 2] = [b"NETSCAPE2.0", b"ANIMEXTS1.0"];

const CUT: Refusal = Refusal::Broken("it is cut off or damaged");

/// The same pictures in the same order at the same speed, and nothing else.
pub(super) fn without_metadata(bytes: &[u8]) -> Result<Vec<u8>, Refusal> {
    let mut from = Reader { bytes, at: 0 };
    let mut kept = Vec::with_capacity(bytes.len());
    let head = from.take(13)?;
    if !head.starts_with(b"GIF87a") && !head.starts_with(b"GIF89a") {
        return Err(CUT);
    }
    kept.extend_from_slice(head);
    kept.extend_from_slice(from.take(colours(head[10]))?);
    let mut frames = 0;
    // A file without an end is shown by everybody; one that is cut within a block is not.
    while let Some(&kind) = bytes.get(from.at) {
        from.at += 1;
        match kind {
            END => break,
            IMAGE => {
                frames += 1;
                if frames > FRAMES_MAX {
                    return Err(Refusal::Broken("it has too many frames"));
                }
                kept.push(IMAGE);
                let descriptor = from.take(9)?;
                kept.extend_from_slice(descriptor);
                kept.extend_from_slice(from.take(colours(descriptor[8]))?);
                kept.extend_from_slice(from.take(1)?);
                kept.extend_from_slice(from.blocks()?);
            }
            EXTENSION => {
                let label = from.take(1)?[0];
                let body = from.blocks()?;
                let is_picture = match label {
                    CONTROL => true,
                    APPLICATION => LOOPS.iter().any(|name| body.get(1..12) == Some(*name)),
                    _ => false,
                };
                if is_picture {
                    kept.extend_from_slice(&[EXTENSION, label]);
                    kept.extend_from_slice(body);
                }
            }
            _ => return Err(CUT),
        }
    }
    if frames == 0 {
        return Err(CUT);
    }
    kept.push(END);
    Ok(kept)
}

/// Bytes of the colour table that these flags announce.
fn colours(flags: u8) -> usize {
    if flags & 0x80 == 0 {
        0
    } else {
        3 << ((flags & 7) + 1)
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], Refusal> {
        let taken = self.bytes.get(self.at..self.at + count).ok_or(CUT)?;
        self.at += count;
        Ok(taken)
    }

    /// Blocks with their lengths, up to and with the empty one that ends them.
    fn blocks(&mut self) -> Result<&'a [u8], Refusal> {
        let begin = self.at;
        loop {
            let length = usize::from(self.take(1)?[0]);
            if length == 0 {
                return Ok(&self.bytes[begin..self.at]);
            }
            self.take(length)?;
        }
    }
}
