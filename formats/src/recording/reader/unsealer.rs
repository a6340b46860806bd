//! Opens a sealed recording, chunk after chunk.
//!
//! Nothing here takes a chunk for any place but the next one, so none can be left out, doubled or moved.

use super::decoder::TextDecoder;
use super::ending::Damage;
use crate::manifest::Manifest;
use crate::recording::envelope::ChunkHead;
use crate::recording::skippable::Link;
use crate::sealed::Cipher;

/// The key of a recording, and where in it the next chunk belongs.
pub(super) struct Unsealer {
    pub(super) cipher: Cipher,
    /// The data frame that the next chunk belongs to.
    frame: u32,
    /// Its number in it.
    chunk: u32,
    /// Chunks of this frame have come, and not its last one.
    is_open: bool,
    /// A link followed an open frame: the recording was cut there and closed later.
    is_unfinished: bool,
    /// The last chunk opened, and how much of it is decoded.
    plain: Vec<u8>,
    at: usize,
}

impl Unsealer {
    /// The next chunk begins the data frame of number `frame`.
    pub(super) fn new(cipher: Cipher, frame: u32) -> Self {
        Self {
            cipher,
            frame,
            chunk: 0,
            is_open: false,
            is_unfinished: false,
            plain: Vec::new(),
            at: 0,
        }
    }

    /// Whether the next chunk is the first of its data frame.
    pub(super) fn is_at_border(&self) -> bool {
        self.chunk == 0
    }

    /// Data frames opened so far, in whole or in part.
    fn frames(&self) -> u64 {
        u64::from(self.frame) + u64::from(self.is_open)
    }

    /// Whether all that the manifest counts was opened. Only a recording that was closed by somebody without its key may
    /// lack the end of a frame.
    pub(super) fn is_all(&self, manifest: &Manifest) -> bool {
        manifest.sizes.frames == self.frames()
            && (manifest.recovered || !(self.is_open || self.is_unfinished))
    }

    /// Opens a chunk, to be decoded.
    pub(super) fn open(&mut self, head: ChunkHead, content: &[u8]) -> Result<(), Damage> {
        let plain = head.open((self.frame, self.chunk), content, &self.cipher);
        self.plain = plain.filter(|_| !self.is_unfinished).ok_or(Damage::Chunk)?;
        self.at = 0;
        self.chunk += 1;
        self.is_open = !head.is_last;
        Ok(())
    }

    /// A link goes by.
    pub(super) fn link(&mut self, link: &Link) -> Result<(), Damage> {
        self.is_unfinished |= self.is_open;
        match link.index.checked_add(1) == Some(self.frames()) {
            true => Ok(()),
            false => Err(Damage::Chunk),
        }
    }

    /// Appends some text of the opened chunk; `false` when there is no more in it.
    pub(super) fn decode(
        &mut self,
        decoder: &mut TextDecoder,
        text: &mut Vec<u8>,
    ) -> Result<bool, Damage> {
        let piece = decoder.decode(&self.plain[self.at..], text);
        self.at += piece.read;
        let is_used_up = self.at == self.plain.len();
        match piece.is_end {
            // The data frame and its last chunk end together.
            Ok(true) if is_used_up && !self.is_open => {
                self.frame += 1;
                self.chunk = 0;
                Ok(false)
            }
            Ok(false) if !piece.is_idle => Ok(true),
            Ok(false) if self.is_open => Ok(false),
            Ok(_) => Err(Damage::Frame(
                "it does not end with its last chunk".to_owned(),
            )),
            Err(error) => Err(error.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recording::digest::Digest;
    use crate::sealed::{KEY, Key, SALT};

    #[test]
    fn a_link_of_any_number_but_the_next_is_damage() {
        for (index, expected) in [
            (0, Ok(())),
            (1, Err(Damage::Chunk)),
            (u64::MAX, Err(Damage::Chunk)),
        ] {
            let link = Link {
                index,
                compressed: 0,
                text: 0,
                first_us: 0,
                last_us: 0,
                digest: Digest::default(),
                link: Digest::default(),
            };
            let cipher = Cipher::new(&Key::new([1; KEY]), &[2; SALT]);
            assert_eq!(Unsealer::new(cipher, 1).link(&link), expected, "{index}");
        }
    }
}
