//! What stands on one of the two screens, from one look at it to the next.
//!
//! Nothing here sees a terminal: it is given the lines of a screen, and keeps no more than a screen of them.

use std::collections::BTreeSet;
use std::ops::Range;

use formats::derived::{Line, Millis};

/// So many bytes of the other screen are known again; then it is begun anew.
const MAX_KNOWN: usize = 1024 * 1024;

/// The lines of a screen.
#[derive(Default)]
pub(super) struct Standing {
    lines: Vec<Stood>,
    /// What has left the other screen since a program took it: going back and forth shows the same again.
    known: BTreeSet<String>,
    known_bytes: usize,
}

struct Stood {
    row: usize,
    first: Millis,
    text: String,
}

impl Standing {
    /// Takes a look at some rows: what was there and is not any more has left. `begun` has scrolled out of a line that is
    /// still there.
    pub(super) fn look(
        &mut self,
        rows: Range<usize>,
        screen: Vec<(usize, String)>,
        at: Millis,
        is_other: bool,
        begun: &str,
        out: &mut Vec<Line>,
    ) {
        let is_in = |stood: &Stood| rows.contains(&stood.row);
        let (mut before, untouched): (Vec<Stood>, Vec<Stood>) =
            std::mem::take(&mut self.lines).into_iter().partition(is_in);
        let mut after: Vec<Stood> = screen
            .into_iter()
            .map(|(row, text)| Stood {
                row,
                first: at,
                text: text.trim_end().to_owned(),
            })
            .filter(|stood| !stood.text.is_empty())
            .collect();
        // What only moved is still there.
        for stood in &mut after {
            let place = before
                .iter()
                .position(|was| was.row == stood.row && was.text == stood.text);
            let place = place.or_else(|| before.iter().position(|was| was.text == stood.text));
            if let Some(place) = place {
                stood.first = before.remove(place).first;
            }
        }
        for was in before {
            let mut next = after.iter_mut();
            // Of a line that scrolls out row by row the rest still stands at the top; it is told when all of it has left.
            let is_rest = |stood: &Stood| {
                let head = was.text.strip_suffix(&stood.text);
                stood.row == 0 && head.is_some_and(|head| !head.is_empty() && begun.ends_with(head))
            };
            let next = next.find(|stood| stood.text.starts_with(&was.text) || is_rest(stood));
            match next {
                Some(stood) => stood.first = stood.first.min(was.first),
                None => self.left(was, at, is_other, out),
            }
        }
        self.lines = untouched;
        let above = self.lines.partition_point(|stood| stood.row < rows.start);
        self.lines.splice(above..above, after);
    }

    /// All of it leaves.
    pub(super) fn leave(&mut self, at: Millis, is_other: bool, out: &mut Vec<Line>) {
        for was in std::mem::take(&mut self.lines) {
            self.left(was, at, is_other, out);
        }
        self.known.clear();
        self.known_bytes = 0;
    }

    /// A line was told already; since when it stood there, if it was seen.
    pub(super) fn told(&mut self, text: &str) -> Option<Millis> {
        let same = self.lines.iter().position(|stood| stood.text == text);
        let place = same.or_else(|| {
            let mut lines = self.lines.iter();
            lines.position(|stood| text.starts_with(&stood.text))
        });
        place.map(|place| self.lines.remove(place).first)
    }

    fn left(&mut self, was: Stood, at: Millis, is_other: bool, out: &mut Vec<Line>) {
        if is_other {
            if self.known_bytes > MAX_KNOWN {
                self.known.clear();
                self.known_bytes = 0;
            }
            if !self.known.insert(was.text.clone()) {
                return;
            }
            self.known_bytes += was.text.len();
        }
        out.push(Line {
            first: was.first,
            last: at,
            text: was.text,
            other: is_other,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_moved_or_went_on_has_not_left() {
        let (mut standing, mut out) = (Standing::default(), Vec::new());
        let mut look = |at, rows: &[&str]| {
            let rows = rows.iter().map(|&row| row.to_owned());
            let rows = (0..).zip(rows).collect();
            standing.look(0..9, rows, at, true, "", &mut out);
            out.drain(..)
                .map(|line| (line.first, line.text))
                .collect::<Vec<_>>()
        };
        assert_eq!(look(1, &["a", "b", "c"]), []);
        assert_eq!(look(2, &["b", "c d"]), [(1, "a".to_owned())]);
        assert_eq!(
            look(3, &["x"]),
            [(1, "b".to_owned()), (1, "c d".to_owned())]
        );
        // Shown before, and no news.
        assert_eq!(look(4, &["b"]), [(3, "x".to_owned())]);
        assert_eq!(look(5, &[]), []);
    }
}
