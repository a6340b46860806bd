//! Expressions that read no more than ASCII, and a text as they read it: byte for byte as long as it was.
//!
//! Nothing here knows what is looked for. What Unicode knows of letters makes automata of megabytes, and a text with one
//! letter beyond ASCII would be read a hundred times more slowly; what is looked for is written in ASCII in either case.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::OnceLock;

use regex::bytes::{Captures, Regex, RegexBuilder};

/// What an automaton may hold of its states; it begins anew where there are more.
const STATES: usize = 256 * 1024;

/// An expression that is compiled when a text calls for it.
#[derive(Debug)]
pub(super) struct Expression {
    source: &'static str,
    multi_line: bool,
    compiled: OnceLock<Option<Regex>>,
}

impl Expression {
    pub(super) const fn new(source: &'static str, multi_line: bool) -> Self {
        Self {
            source,
            multi_line,
            compiled: OnceLock::new(),
        }
    }

    /// What it is to be looked for in: one that names words of other languages reads the text as it is.
    pub(super) fn haystack<'a>(&self, text: &'a str, plain: &'a [u8]) -> &'a [u8] {
        if self.source.is_ascii() {
            plain
        } else {
            text.as_bytes()
        }
    }

    /// That it compiles is tested.
    pub(super) fn regex(&self) -> Option<&Regex> {
        self.compiled
            .get_or_init(|| {
                RegexBuilder::new(self.source)
                    .unicode(!self.source.is_ascii())
                    .multi_line(self.multi_line)
                    .dfa_size_limit(STATES)
                    .size_limit(64 << 20)
                    .build()
                    .ok()
            })
            .as_ref()
    }
}

/// A text in ASCII: a letter of several bytes as that many `_`, a space as spaces, whatever else as what stands nowhere.
pub(super) fn plain(text: &str) -> Cow<'_, [u8]> {
    if text.is_ascii() {
        return Cow::Borrowed(text.as_bytes());
    }
    let mut plain = Vec::with_capacity(text.len());
    for c in text.chars() {
        let byte = match c {
            c if c.is_ascii() => c as u8,
            c if c.is_alphanumeric() => b'_',
            c if c.is_whitespace() => b' ',
            _ => 0x7f,
        };
        plain.extend(std::iter::repeat_n(byte, c.len_utf8()));
    }
    Cow::Owned(plain)
}

/// Where a word stands in a text, one place behind the other: most texts have none, and are told so fast.
pub(super) fn places<'a>(text: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    memchr::memmem::find_iter(text.as_bytes(), word.as_bytes())
}

/// Whole characters of the text around what was found in it.
pub(super) fn whole(text: &str, range: Range<usize>) -> Range<usize> {
    let start = (0..=range.start)
        .rev()
        .find(|&at| text.is_char_boundary(at));
    let end = (range.end..text.len()).find(|&at| text.is_char_boundary(at));
    start.unwrap_or(0)..end.unwrap_or(text.len())
}

/// What a group holds, as it stands in the text.
pub(super) fn group(text: &str, groups: &Captures, name: &str) -> Option<Range<usize>> {
    groups.name(name).map(|group| whole(text, group.range()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn letters_stay_letters_and_what_is_none_ends_a_word() {
        assert_eq!(&*plain("aé 漢│b\u{a0}"), b"a__ ___\x7f\x7f\x7fb  ");
        let word = Expression::new(r"\b[\w-]+\b", false);
        let word = word.regex().unwrap();
        let text = "│naïve─x";
        let found = word.find(&plain(text)).unwrap().range();
        assert_eq!(&text[whole(text, found)], "naïve");
    }

    proptest! {
        #[test]
        fn what_is_found_is_whole_characters(text in "[a-z é漢│]{0,20}", start in 0_usize..60, length in 0_usize..60) {
            prop_assert_eq!(plain(&text).len(), text.len());
            let range = start.min(text.len())..(start + length).min(text.len());
            let whole = whole(&text, range.clone());
            prop_assert!(text.get(whole.clone()).is_some());
            prop_assert!(whole.start <= range.start && range.end <= whole.end);
        }
    }
}
