//! What one read gives, cut into payloads as the agent cuts it.
//!
//! Nothing here reads or sends.

use bytes::{Bytes, BytesMut};

/// The most that the agent reads for one message (source: `StreamDataPayloadSize`, 1,024 bytes).
pub(crate) const MAX_READ: usize = 1024;
/// Cuts a byte stream into payloads as the agent does: what one read gives, less an unfinished character at its end,
/// which goes in front of the next. So a payload has at most 1,027 bytes.
#[derive(Debug, Default)]
pub(crate) struct Payloads {
    kept: BytesMut,
}

impl Payloads {
    /// Takes what was read; gives the payload to send, perhaps empty.
    pub(crate) fn push(&mut self, read: &[u8]) -> Bytes {
        self.kept.extend_from_slice(read);
        let whole = self.kept.len() - unfinished(&self.kept);
        shorten_replacements(self.kept.split_to(whole).freeze())
    }

    /// What is left at the end.
    pub(crate) fn finish(self) -> Bytes {
        self.kept.freeze()
    }
}

/// The real agent reads characters, takes a literal U+FFFD for a byte that it could not read, and passes on its first
/// byte alone.
fn shorten_replacements(payload: Bytes) -> Bytes {
    const REPLACEMENT: &[u8] = "\u{fffd}".as_bytes();
    if !payload
        .windows(REPLACEMENT.len())
        .any(|window| window == REPLACEMENT)
    {
        return payload;
    }
    let mut rest = &payload[..];
    let mut shortened = BytesMut::with_capacity(payload.len());
    while let [first, others @ ..] = rest {
        shortened.extend_from_slice(&[*first]);
        rest = rest.strip_prefix(REPLACEMENT).unwrap_or(others);
    }
    shortened.freeze()
}

/// How many bytes at the end begin a UTF-8 character that needs more.
fn unfinished(bytes: &[u8]) -> usize {
    for back in 1..=bytes.len().min(3) {
        let needed = match bytes[bytes.len() - back] {
            0x80..=0xbf => continue,
            0xc2..=0xdf => 2,
            0xe0..=0xef => 3,
            0xf0..=0xf4 => 4,
            _ => 1,
        };
        return if needed > back { back } else { 0 };
    }
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_character_is_not_split_over_two_payloads() {
        let text = "añ日🚀".repeat(300);
        for size in [1, 2, 3, 5, MAX_READ] {
            let mut payloads = Payloads::default();
            let mut joined = Vec::new();
            for read in text.as_bytes().chunks(size) {
                let payload = payloads.push(read);
                assert!(payload.len() <= MAX_READ + 3);
                assert!(std::str::from_utf8(&payload).is_ok(), "size {size}");
                joined.extend_from_slice(&payload);
            }
            joined.extend_from_slice(&payloads.finish());
            assert_eq!(joined, text.as_bytes());
        }
    }

    #[test]
    fn bytes_that_are_not_utf8_pass_untouched() {
        let mut payloads = Payloads::default();
        let bytes = [0xff, 0xfe, b'a', 0x80, 0x80, 0x80, 0x80, 0xc0];
        assert_eq!(payloads.push(&bytes), Bytes::copy_from_slice(&bytes));
    }

    #[test]
    fn a_literal_replacement_character_arrives_as_its_first_byte() {
        let payload = Payloads::default().push("a\u{fffd}b".as_bytes());
        assert_eq!(payload, Bytes::from_static(b"a\xefb"));
    }
}
