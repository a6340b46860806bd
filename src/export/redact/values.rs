//! Secrets that were found once, looked for wherever they stand: whole, and in part at their start, as a line editor draws
//! one again before all of it was typed.
//!
//! Nothing here is an expression: values are compared, so that none is too long, and no error ever holds one.

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;

use super::MASK;

/// A secret is looked for in every other place too when it has at least this many bytes and characters.
const MIN: usize = 8;
/// A part of a secret at its start gives it away from this many characters on.
const MIN_PART: usize = 10;
/// As many different values are kept, and so many bytes of them; a recording full of them is redacted by form alone.
const MAX_VALUES: usize = 2000;
const MAX_BYTES: usize = 1024 * 1024;

/// As many that begin alike are compared each by itself.
const FEW: usize = 16;
/// So many bytes are compared for each of a text, and some besides; after that not at every place within what was found.
const WORK: usize = 4;
const FREE_WORK: usize = 8 * 1024;

/// What is known by now.
#[derive(Clone, Debug, Default)]
pub(super) struct Values {
    all: BTreeSet<String>,
    bytes: usize,
    /// By the bytes that they begin with: those of [`Values::arm`].
    index: HashMap<[u8; MIN], Vec<String>>,
    /// Of any two bytes, whether one begins with them.
    starts: Vec<bool>,
}

impl Values {
    /// Remembers a secret, and returns whether it is new.
    pub(super) fn learn(&mut self, value: &str) -> bool {
        let is_long = value.chars().nth(MIN - 1).is_some();
        if is_long
            && self.all.len() < MAX_VALUES
            && self.bytes + value.len() <= MAX_BYTES
            && !value.contains(MASK)
            && self.all.insert(value.to_owned())
        {
            self.bytes += value.len();
            return true;
        }
        false
    }

    /// How many are known.
    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    /// Finds this one as well from now on.
    pub(super) fn arm(&mut self, value: &str) {
        let Some(start) = value.as_bytes().first_chunk() else {
            return;
        };
        let alike = self.index.entry(*start).or_default();
        let place = alike.partition_point(|known| known.as_str() < value);
        alike.insert(place, value.to_owned());
        self.starts.resize(usize::from(u16::MAX) + 1, false);
        self.starts[first_two(start)] = true;
    }

    /// Calls `found` with each place where one of them stands.
    pub(super) fn find(&self, text: &str, found: &mut dyn FnMut(Range<usize>)) {
        if self.index.is_empty() {
            return;
        }
        let bytes = text.as_bytes();
        let mut left = FREE_WORK + WORK * text.len();
        // Where the next one is looked for, and up to where all is told.
        let (mut next, mut told) = (0, 0);
        for (at, start) in bytes.windows(MIN).enumerate() {
            if at < next || !self.starts[first_two(start)] {
                continue;
            }
            let Some(values) = <&[u8; MIN]>::try_from(start)
                .ok()
                .and_then(|start| self.index.get(start))
            else {
                continue;
            };
            let Some(length) = longest(values, &text[at..]) else {
                continue;
            };
            if at + length > told {
                found(told.max(at)..at + length);
                told = at + length;
            }
            // A text that repeats itself holds a value that does so at every place, and many alike may be such.
            match left.checked_sub(length * values.len().min(FEW)) {
                Some(rest) => left = rest,
                None => next = at + length / 2,
            }
        }
    }
}

fn first_two(start: &[u8]) -> usize {
    usize::from(u16::from_ne_bytes([start[0], start[1]]))
}

/// How much of the one that has most in common with the start of a text stands there.
fn longest(values: &[String], text: &str) -> Option<usize> {
    if values.len() <= FEW {
        return values.iter().filter_map(|value| common(value, text)).max();
    }
    // They are in order: those that have most in common stand beside the text's own place, a short one right at its own.
    let place = values.partition_point(|value| value.as_str() < text);
    let beside = &values[place.saturating_sub(FEW / 2)..values.len().min(place + FEW / 2)];
    let beside = beside.iter().filter_map(|value| common(value, text));
    let short = (MIN..=4 * 2 * MIN_PART).filter(|&length| {
        let start = text.get(..length);
        start.is_some_and(|start| {
            values
                .binary_search_by(|value| value.as_str().cmp(start))
                .is_ok()
        })
    });
    beside.chain(short).max()
}

/// How much of a value stands at the start of a text, if it is enough.
fn common(value: &str, text: &str) -> Option<usize> {
    if text.starts_with(value) {
        return Some(value.len());
    }
    let length = alike(value.as_bytes(), text.as_bytes());
    let part = &value[..value.floor_char_boundary(length)];
    let has = |text: &str, characters: usize| text.chars().nth(characters - 1).is_some();
    (has(part, MIN_PART) && has(value, 2 * MIN_PART + 1)).then_some(part.len())
}

/// How many bytes two texts begin with that are the same.
fn alike(one: &[u8], other: &[u8]) -> usize {
    const STEP: usize = 32;
    let steps = one.chunks_exact(STEP).zip(other.chunks_exact(STEP));
    let whole = STEP * steps.take_while(|(one, other)| one == other).count();
    let rest = one[whole..].iter().zip(&other[whole..]);
    whole + rest.take_while(|(one, other)| one == other).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn found(values: &[&str], text: &str) -> Vec<Range<usize>> {
        let mut known = Values::default();
        for value in values.iter().filter(|value| value.chars().count() >= MIN) {
            known.arm(value);
        }
        let mut ranges = Vec::new();
        known.find(text, &mut |range| ranges.push(range));
        ranges
    }

    #[test]
    fn a_value_of_any_length_is_found_whole_and_in_part() {
        for length in [8, 21, 110, 4000] {
            let number = |n: usize| char::from(b'a' + (n * n * 7 + n / 5) as u8 % 26);
            let value: String = (0..length - 2).map(number).chain("é9".chars()).collect();
            let text = format!("x{value}y");
            assert_eq!(found(&[&value], &text)[0], 1..1 + value.len());
            let part = &value[..length * 2 / 3];
            let expected = (length > 20).then_some(1..1 + part.len());
            assert_eq!(
                found(&[&value], &format!("x{part} y")).first(),
                expected.as_ref()
            );
        }
        assert!(found(&["hunter2"], "hunter2").is_empty());
        let both = found(&["password1", "password12345"], "password12345");
        assert_eq!((both.len(), both.first()), (1, Some(&(0..13))));
    }

    #[test]
    fn what_is_kept_has_a_limit() {
        let mut known = Values::default();
        for number in 0..100_000 {
            known.learn(&format!("value-{number:08}-{}", "x".repeat(1000)));
        }
        assert!(known.bytes <= MAX_BYTES && known.all.len() <= MAX_VALUES);
    }

    proptest! {
        #[test]
        fn no_text_is_cut_within_a_character(value in "[aé漢]{8,30}", text in "[aé漢]{0,60}") {
            for range in found(&[&value], &text) {
                prop_assert!(text.get(range).is_some());
            }
        }
    }
}
