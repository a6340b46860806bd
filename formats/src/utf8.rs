//! Joins UTF-8 text that was cut into chunks at any byte.
//!
//! Nothing here loses count: the text of all chunks together is the lossy decoding of all their bytes together.

use std::borrow::Cow;

/// Holds the head of a character whose rest has not come yet.
#[derive(Clone, Debug, Default)]
pub struct Utf8Joiner {
    head: Vec<u8>,
}

/// The text of one chunk.
#[derive(Debug, PartialEq, Eq)]
pub struct Joined<'a> {
    /// What can be shown by now, invalid bytes as U+FFFD. Empty when the chunk only holds a part of a character.
    pub text: Cow<'a, str>,
    /// Whether the text's bytes are the chunk's bytes.
    pub is_exact: bool,
}

impl Utf8Joiner {
    /// Takes the next chunk.
    pub fn join<'a>(&mut self, chunk: &'a [u8]) -> Joined<'a> {
        if self.head.is_empty() {
            if let Ok(text) = std::str::from_utf8(chunk) {
                return Joined {
                    text: Cow::Borrowed(text),
                    is_exact: true,
                };
            }
            return Joined {
                text: Cow::Owned(self.lossy(chunk)),
                is_exact: false,
            };
        }
        let mut bytes = std::mem::take(&mut self.head);
        let carried = bytes.len();
        bytes.extend_from_slice(chunk);
        let text = self.lossy(&bytes);
        Joined {
            // A chunk of no bytes leaves the head where it is and says nothing: exact.
            is_exact: bytes.len() == carried && text.is_empty(),
            text: Cow::Owned(text),
        }
    }

    /// The end: U+FFFD for a character whose rest never came.
    pub fn finish(&mut self) -> Option<&'static str> {
        let cut = !std::mem::take(&mut self.head).is_empty();
        cut.then_some("\u{fffd}")
    }

    fn lossy(&mut self, bytes: &[u8]) -> String {
        let mut text = String::with_capacity(bytes.len());
        let mut chunks = bytes.utf8_chunks().peekable();
        while let Some(chunk) = chunks.next() {
            text.push_str(chunk.valid());
            let invalid = chunk.invalid();
            if chunks.peek().is_none()
                && std::str::from_utf8(invalid).is_err_and(|error| error.error_len().is_none())
            {
                self.head = invalid.to_vec();
            } else if !invalid.is_empty() {
                text.push('\u{fffd}');
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(chunks: &[&[u8]], expected: &[(&str, bool)]) {
        let mut joiner = Utf8Joiner::default();
        for (chunk, (text, is_exact)) in chunks.iter().zip(expected) {
            let joined = joiner.join(chunk);
            assert_eq!((joined.text.as_ref(), joined.is_exact), (*text, *is_exact));
        }
    }

    #[test]
    fn a_character_cut_in_two_is_shown_with_its_second_half() {
        check(
            &[b"caf\xc3", b"\xa9!", b"plain"],
            &[("caf", false), ("é!", false), ("plain", true)],
        );
        check(
            &[b"\xf0", b"\x9f", b"", b"\x98", b"\x80"],
            &[
                ("", false),
                ("", false),
                ("", true),
                ("", false),
                ("😀", false),
            ],
        );
    }

    #[test]
    fn a_head_without_its_rest_is_replaced() {
        check(&[b"\xe2", b"abc"], &[("", false), ("\u{fffd}abc", false)]);
        let mut joiner = Utf8Joiner::default();
        joiner.join(b"\xe2\x82");
        assert_eq!(joiner.finish(), Some("\u{fffd}"));
        assert_eq!(joiner.finish(), None);
    }

    proptest! {
        #[test]
        fn joined_text_is_the_lossy_text_of_the_whole(
            chunks in proptest::collection::vec(
                prop_oneof![
                    proptest::collection::vec(any::<u8>(), 0..6),
                    "[aé€😀]{0,3}".prop_map(String::into_bytes),
                    Just(vec![0xf0, 0x9f]), Just(vec![0x98, 0x80]), Just(vec![0xe2]),
                ], 0..12),
        ) {
            let mut joiner = Utf8Joiner::default();
            let mut text = String::new();
            for chunk in &chunks {
                let joined = joiner.join(chunk);
                if joined.is_exact {
                    prop_assert_eq!(joined.text.as_bytes(), &chunk[..]);
                }
                text.push_str(&joined.text);
            }
            text.push_str(joiner.finish().unwrap_or_default());
            let whole = chunks.concat();
            prop_assert_eq!(text, String::from_utf8_lossy(&whole));
        }
    }
}
