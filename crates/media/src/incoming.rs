//! A file on its way in: counted against its bound, gathered into parts.

use bytes::BytesMut;
use confab_domain::ports::ByteSource;
use confab_domain::{Error, Result};

/// A stream of bytes that may not go on for ever.
pub(crate) struct Incoming<'a> {
    source: &'a mut dyn ByteSource,
    /// Read and not yet taken.
    pub(crate) buffer: BytesMut,
    bytes: u64,
    bytes_max: u64,
    has_ended: bool,
}

impl<'a> Incoming<'a> {
    pub(crate) fn new(source: &'a mut dyn ByteSource, bytes_max: u64) -> Self {
        Self {
            source,
            buffer: BytesMut::new(),
            bytes: 0,
            bytes_max,
            has_ended: false,
        }
    }

    /// Another bound, once it is known what the file is. Counts what was read before.
    pub(crate) fn bound(&mut self, bytes_max: u64) -> Result<()> {
        self.bytes_max = self.bytes_max.min(bytes_max);
        self.checked()
    }

    /// Reads until the buffer holds `wanted` bytes, or the file ends. `TooLarge` above the bound.
    pub(crate) async fn fill(&mut self, wanted: usize) -> Result<()> {
        while !self.has_ended && self.buffer.len() < wanted {
            match self.source.next().await? {
                Some(piece) => {
                    self.bytes += piece.len() as u64;
                    self.checked()?;
                    self.buffer.extend_from_slice(&piece);
                }
                None => self.has_ended = true,
            }
        }
        Ok(())
    }

    fn checked(&self) -> Result<()> {
        if self.bytes > self.bytes_max {
            return Err(Error::TooLarge {
                bytes_max: self.bytes_max,
            });
        }
        Ok(())
    }

    /// Whether everything was read; some may still be in the buffer.
    pub(crate) const fn has_ended(&self) -> bool {
        self.has_ended
    }

    /// Bytes read so far.
    pub(crate) const fn bytes(&self) -> u64 {
        self.bytes
    }
}
