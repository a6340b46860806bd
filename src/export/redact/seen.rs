//! What was found in the latest texts: a screen shows the same line again and again, and a few bytes of a recording can ask for
//! it a million times.
//!
//! Nothing here is found, and what is held has a limit.

use std::collections::HashMap;
use std::ops::Range;

/// So many bytes are held, of texts and of what stands in them.
const MAX_BYTES: usize = 2 * 1024 * 1024;
/// What a text costs besides.
const TEXT_COST: usize = 64;

/// Texts, and the places in each.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    places: HashMap<Box<str>, Box<[Range<usize>]>>,
    bytes: usize,
}

impl Seen {
    /// The places in a text that was looked at before.
    pub(super) fn places(&self, text: &str) -> Option<&[Range<usize>]> {
        self.places.get(text).map(AsRef::as_ref)
    }

    /// The places in a text, looked for by `look` where they are not known.
    pub(super) fn or_look(
        &mut self,
        text: &str,
        look: impl FnOnce(&mut dyn FnMut(Range<usize>)),
    ) -> Box<[Range<usize>]> {
        if let Some(places) = self.places(text) {
            return places.into();
        }
        let mut places = Vec::new();
        look(&mut |range| places.push(range));
        self.remember(text, places.clone());
        places.into()
    }

    /// Remembers the places in a text. Where there is no room all others are forgotten.
    pub(super) fn remember(&mut self, text: &str, places: Vec<Range<usize>>) {
        let bytes = TEXT_COST + text.len() + size_of_val(&places[..]);
        if bytes > MAX_BYTES {
            return;
        }
        if self.bytes + bytes > MAX_BYTES {
            *self = Self::default();
        }
        self.bytes += bytes;
        self.places.insert(text.into(), places.into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_held_has_a_limit_and_the_latest_text_is_known() {
        let mut seen = Seen::default();
        for number in 0..1000 {
            let text = format!("{number}{}", "x".repeat(number * 10));
            assert_eq!(seen.places(&text), None);
            seen.remember(&text, vec![0..number; number % 7]);
            assert_eq!(seen.places(&text).unwrap(), vec![0..number; number % 7]);
            let held = seen.places.iter();
            let held: usize = held
                .map(|(text, places)| text.len() + places.len() * 16)
                .sum();
            assert!(held <= MAX_BYTES);
        }
        let large = "x".repeat(MAX_BYTES);
        seen.remember(&large, Vec::new());
        assert_eq!(seen.places(&large), None);
    }
}
