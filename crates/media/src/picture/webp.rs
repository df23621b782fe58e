//! Takes a WebP apart and puts it together without EXIF, XMP, unknown chunks and what follows its end.

use super::Refusal;

/// What the picture is made of; all else goes.
const OF_PICTURE: [&[u8; 4]; 7] = [b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF", b"ICCP"];
/// What a frame is made of.
const OF_FRAME: [&[u8; 4]; 3] = [b"VP8 ", b"VP8L", b"ALPH"];
/// Fields of a frame before its chunks.
const FRAME_HEAD_BYTES: usize = 16;
/// The flags in `VP8X` that announce EXIF and XMP.
const METADATA_FLAGS: u8 = 0x08 | 0x04;

const CUT: Refusal = Refusal::Broken("it is cut off or damaged");

/// The same picture, bit for bit, and nothing else.
pub(super) fn without_metadata(bytes: &[u8]) -> Result<Vec<u8>, Refusal> {
    if bytes.len() < 12 || &bytes[..4] != b"RIFF" || &bytes[8..12] != b"WEBP" {
        return Err(CUT);
    }
    let length = u32::from_le_bytes([bytes[4], bytes[5], bytes[6], bytes[7]]) as usize;
    let chunks = bytes.get(12..8 + length).ok_or(CUT)?;
    let mut body = b"WEBP".to_vec();
    copy(chunks, &OF_PICTURE, &mut body)?;
    let mut kept = b"RIFF".to_vec();
    kept.extend_from_slice(&u32::try_from(body.len()).map_err(|_| CUT)?.to_le_bytes());
    kept.extend_from_slice(&body);
    Ok(kept)
}

/// Copies the chunks of these names.
fn copy(mut chunks: &[u8], names: &[&[u8; 4]], kept: &mut Vec<u8>) -> Result<(), Refusal> {
    while !chunks.is_empty() {
        let (head, rest) = chunks.split_at_checked(8).ok_or(CUT)?;
        let (name, length) = head.split_at(4);
        let length = u32::from_le_bytes([length[0], length[1], length[2], length[3]]) as usize;
        let (data, rest) = rest.split_at_checked(length).ok_or(CUT)?;
        // Odd lengths are padded; the pad of the last chunk is sometimes left out.
        chunks = rest.get(length % 2..).unwrap_or_default();
        if !names.iter().any(|known| known.as_slice() == name) {
            continue;
        }
        match name {
            b"VP8X" => {
                let mut data = data.to_vec();
                *data.first_mut().ok_or(CUT)? &= !METADATA_FLAGS;
                put(name, &data, kept)?;
            }
            b"ANMF" => {
                let (head, inner) = data.split_at_checked(FRAME_HEAD_BYTES).ok_or(CUT)?;
                let mut frame = head.to_vec();
                copy(inner, &OF_FRAME, &mut frame)?;
                put(name, &frame, kept)?;
            }
            _ => put(name, data, kept)?,
        }
    }
    Ok(())
}

fn put(name: &[u8], data: &[u8], kept: &mut Vec<u8>) -> Result<(), Refusal> {
    kept.extend_from_slice(name);
    kept.extend_from_slice(&u32::try_from(data.len()).map_err(|_| CUT)?.to_le_bytes());
    kept.extend_from_slice(data);
    if data.len() % 2 == 1 {
        kept.push(0);
    }
    Ok(())
}
