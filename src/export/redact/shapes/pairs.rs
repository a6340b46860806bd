//! Which two bytes stand side by side in a text: read once, it tells of most words that they stand nowhere in it.
//!
//! Nothing here is found: what may stand in the text is looked for by whoever asked.

use memchr::memmem::Finder;

/// A text, and the pairs of bytes in it.
pub(super) struct Pairs<'a> {
    text: &'a [u8],
    /// A bit for each pair, by both bytes.
    seen: Box<[u64; PAIRS / 64]>,
    /// How often the text was read for a word.
    #[cfg(test)]
    pub(super) looked_for: usize,
}

const PAIRS: usize = 1 << 16;

impl<'a> Pairs<'a> {
    pub(super) fn of(text: &'a str) -> Self {
        let mut seen = Box::new([0; PAIRS / 64]);
        let mut last = PAIRS;
        for pair in text.as_bytes().windows(2) {
            let pair = place([pair[0], pair[1]]);
            // A text that repeats itself would wait each time for what it has just written.
            if pair != last {
                seen[pair / 64] |= 1 << (pair % 64);
                last = pair;
            }
        }
        Self {
            text: text.as_bytes(),
            seen,
            #[cfg(test)]
            looked_for: 0,
        }
    }

    /// Whether the word may stand in the text.
    pub(super) fn may_hold(&self, word: &[u8]) -> bool {
        let mut pairs = word.windows(2);
        pairs.all(|pair| {
            let pair = place([pair[0], pair[1]]);
            self.seen[pair / 64] >> (pair % 64) & 1 == 1
        })
    }

    /// Whether the word stands in the text.
    pub(super) fn hold(&mut self, word: &Finder) -> bool {
        if !self.may_hold(word.needle()) {
            return false;
        }
        #[cfg(test)]
        {
            self.looked_for += 1;
        }
        word.find(self.text).is_some()
    }
}

fn place(pair: [u8; 2]) -> usize {
    usize::from(u16::from_le_bytes(pair))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_text_is_read_again_only_for_words_that_may_stand_in_it() {
        let text = "x".repeat(1000) + " password: ";
        let mut pairs = Pairs::of(&text);
        for word in ["AKIA", "swords", "://", "\"password", "zx", "x x"] {
            assert!(!pairs.hold(&Finder::new(word)), "{word}");
        }
        assert_eq!(pairs.looked_for, 0);
        assert!(pairs.hold(&Finder::new("password:")));
        // Each pair of it, and not the word.
        assert!(!pairs.hold(&Finder::new("x password: p")));
        assert_eq!(pairs.looked_for, 2);
    }

    proptest! {
        #[test]
        fn what_stands_in_a_text_is_what_a_search_finds(text in "[ab\u{0}é]{0,12}", word in "[ab\u{0}é]{1,4}") {
            prop_assert_eq!(Pairs::of(&text).hold(&Finder::new(&word)), text.contains(&word));
        }
    }
}
