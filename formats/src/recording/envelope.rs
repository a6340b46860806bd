//! The frames of a sealed recording: the envelope at its front, and the chunks that take the place of data frames.
//!
//! Nothing here is decrypted or encrypted without a [`Cipher`]; what stands in the clear is what a check, and the closing
//! of a cut file, need without the key. The layout is written in `README.md`.

use super::skippable::{Tag, finish, u32_at, u64_at};
use crate::manifest::Manifest;
use crate::sealed::{Cipher, Envelope, Kind, Place, SALT, TAG};

/// Tag, version, text, time: what stands before the sealed bytes of a chunk.
const HEAD: usize = 8 + 4 + 8;
/// Set in the text of a chunk that ends its data frame.
const LAST: u32 = 1 << 31;

impl Envelope {
    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        let start = Tag::Envelope.begin(out);
        out.extend_from_slice(&self.salt);
        for part in [&self.wrapped[..], &self.opening.encode()] {
            out.extend_from_slice(&u32::try_from(part.len()).unwrap_or(u32::MAX).to_le_bytes());
            out.extend_from_slice(part);
        }
        finish(start, out);
    }

    /// Reads all that follows the prefix of a skippable frame. `None` when it is no envelope.
    #[must_use]
    pub(super) fn parse(content: &[u8]) -> Option<Self> {
        let body = Tag::Envelope.body(content)?;
        let (salt, rest) = body.split_first_chunk::<SALT>()?;
        let length = u32_at(rest, 0)? as usize;
        let (wrapped, rest) = rest[4..].split_at_checked(length)?;
        let opening = rest.get(4..)?;
        if u32_at(rest, 0)? as usize != opening.len() {
            return None;
        }
        Some(Self {
            salt: *salt,
            wrapped: wrapped.to_vec(),
            opening: Manifest::parse(opening).ok()?,
        })
    }
}

/// What a chunk tells everyone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct ChunkHead {
    /// Bytes of whole text that can be had from this chunk and those before it in the same data frame.
    pub(super) text: u32,
    /// The data frame ends here.
    pub(super) is_last: bool,
    /// Time of the last event in that text, in microseconds.
    pub(super) last_us: u64,
}

impl ChunkHead {
    /// Reads all that follows the prefix of a skippable frame. `None` when it is no chunk.
    pub(super) fn parse(content: &[u8]) -> Option<Self> {
        let body = Tag::Chunk.body(content)?;
        let text = u32_at(body, 0)?;
        if content.len() < HEAD + TAG {
            return None;
        }
        Some(Self {
            text: text & !LAST,
            is_last: text & LAST != 0,
            last_us: u64_at(body, 4)?,
        })
    }

    /// Which part of which frame a chunk with this head is.
    pub(super) fn place(self, frame: u32, chunk: u32) -> Place {
        Place {
            kind: match self.is_last {
                true => Kind::LastPart,
                false => Kind::Part,
            },
            frame,
            chunk,
        }
    }

    /// Appends the chunk as a whole skippable frame. `None` when it is too long for one.
    pub(super) fn seal(
        self,
        (frame, chunk): (u32, u32),
        plain: &[u8],
        cipher: &Cipher,
        out: &mut Vec<u8>,
    ) -> Option<()> {
        let start = Tag::Chunk.begin(out);
        let head = out.len() - 8;
        let last = if self.is_last { LAST } else { 0 };
        out.extend_from_slice(&(self.text.min(LAST - 1) | last).to_le_bytes());
        out.extend_from_slice(&self.last_us.to_le_bytes());
        let sealed = cipher.seal(self.place(frame, chunk), &out[head..], plain)?;
        out.extend_from_slice(&sealed);
        finish(start, out);
        Some(())
    }

    /// What a chunk holds, given all that follows its prefix.
    pub(super) fn open(
        self,
        (frame, chunk): (u32, u32),
        content: &[u8],
        cipher: &Cipher,
    ) -> Option<Vec<u8>> {
        let (head, sealed) = content.split_at_checked(HEAD)?;
        cipher.open(self.place(frame, chunk), head, sealed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recording::skippable::PREFIX;
    use crate::sealed::{KEY, Key};

    #[test]
    fn a_chunk_opens_with_its_key_and_shows_its_head_without() {
        let cipher = Cipher::new(&Key::new([1; KEY]), &[2; SALT]);
        let head = ChunkHead {
            text: 77,
            is_last: true,
            last_us: 1_000_000,
        };
        let mut frame = Vec::new();
        head.seal((4, 2), b"some bytes", &cipher, &mut frame)
            .unwrap();
        assert_eq!(frame.len(), PREFIX + HEAD + 10 + TAG);
        let content = &frame[PREFIX..];
        let seen = ChunkHead::parse(content).unwrap();
        assert_eq!(seen, head);
        assert_eq!(
            seen.open((4, 2), content, &cipher).as_deref(),
            Some(&b"some bytes"[..])
        );
        assert_eq!(seen.open((4, 1), content, &cipher), None);
        for at in 8..content.len() {
            let mut changed = content.to_vec();
            changed[at] ^= 1;
            let opened =
                ChunkHead::parse(&changed).and_then(|head| head.open((4, 2), &changed, &cipher));
            assert_eq!(opened, None, "{at}");
        }
    }

    #[test]
    fn an_envelope_reads_back_and_nothing_shorter_does() {
        let envelope = Envelope {
            salt: [9; SALT],
            wrapped: b"age-encryption.org/v1\n".to_vec(),
            opening: Manifest {
                format: 1,
                session_id: "s-1".into(),
                ..Manifest::default()
            },
        };
        let mut frame = Vec::new();
        envelope.encode(&mut frame);
        let content = &frame[PREFIX..];
        assert_eq!(Envelope::parse(content), Some(envelope));
        for length in 0..content.len() {
            assert_eq!(Envelope::parse(&content[..length]), None, "{length}");
        }
    }
}
