//! Which characters of a stream the characters of a text are.
//!
//! Nothing here knows the text. Letters of one byte that followed each other in the stream are held as one.

use std::ops::Range;

/// Stretches of a text, in its order; what no character of the stream drew is in none.
#[derive(Debug, Default)]
pub(super) struct Sources(Vec<Stretch>);

/// Characters of a byte each, or one of any length.
#[derive(Debug)]
struct Stretch {
    /// Where it stands in the text.
    bytes: Range<usize>,
    /// The number of its first character in the stream.
    number: u64,
    is_letters: bool,
}

impl Stretch {
    /// The numbers of those of its characters that stand in a part of the text.
    fn numbers(&self, part: &Range<usize>) -> Range<u64> {
        if !self.is_letters {
            return self.number..self.number + 1;
        }
        let number = |at: usize| self.number + (at - self.bytes.start) as u64;
        let from = part.start.max(self.bytes.start);
        number(from)..number(part.end.min(self.bytes.end))
    }
}

impl Sources {
    /// What was appended to the text: letters of ASCII that have numbers from this on, or one character of several bytes.
    pub(super) fn push(&mut self, bytes: Range<usize>, number: u64, is_letters: bool) {
        if let Some(last) = self.0.last_mut() {
            let next = last.number + last.bytes.len() as u64;
            if is_letters && last.is_letters && last.bytes.end == bytes.start && next == number {
                last.bytes.end = bytes.end;
                return;
            }
        }
        self.0.push(Stretch {
            bytes,
            number,
            is_letters,
        });
    }

    /// The numbers of the characters that stand in a part of the text.
    pub(super) fn numbers(&self, part: Range<usize>) -> impl Iterator<Item = Range<u64>> {
        let first = self.0.partition_point(|held| held.bytes.end <= part.start);
        let held = self.0[first..].iter();
        held.take_while(move |held| held.bytes.start < part.end)
            .map(move |held| held.numbers(&part))
    }

    /// The text ends here now, before what was its last character.
    pub(super) fn truncate(&mut self, end: usize) {
        if let Some(last) = self.0.last_mut() {
            last.bytes.end = last.bytes.end.min(end);
            if last.bytes.is_empty() {
                self.0.pop();
            }
        }
    }

    /// The text begins here now.
    pub(super) fn forget(&mut self, from: usize) {
        let past = self.0.partition_point(|held| held.bytes.end <= from);
        self.0.drain(..past);
        for held in &mut self.0 {
            let kept = held.bytes.start.max(from)..held.bytes.end;
            held.number = held.numbers(&kept).start;
            held.bytes = kept.start - from..kept.end - from;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(sources: &Sources, part: Range<usize>) -> Vec<u64> {
        sources.numbers(part).flatten().collect()
    }

    #[test]
    fn each_part_of_a_text_leads_back_to_its_characters() {
        let mut sources = Sources::default();
        // `abc`, `é`, a line end that nothing drew, `de` and, of the same stretch, `f`.
        sources.push(0..3, 10, true);
        sources.push(3..5, 13, false);
        sources.push(6..8, 20, true);
        sources.push(8..9, 22, true);
        assert_eq!(sources.0.len(), 3);
        assert_eq!(numbers(&sources, 0..9), [10, 11, 12, 13, 20, 21, 22]);
        assert_eq!(numbers(&sources, 1..3), [11, 12]);
        assert_eq!(numbers(&sources, 4..7), [13, 20]);
        assert_eq!(numbers(&sources, 5..6), [0; 0]);
        sources.truncate(8);
        assert_eq!(numbers(&sources, 6..9), [20, 21]);
        sources.forget(2);
        assert_eq!(numbers(&sources, 0..9), [12, 13, 20, 21]);
        assert_eq!(numbers(&sources, 4..5), [20]);
        sources.forget(4);
        sources.truncate(0);
        assert!(sources.0.is_empty());
    }
}
