//! What stands on one of the two screens, from one look at it to the next.
//!
//! Nothing here sees a terminal: it is given the lines of a screen, and keeps no more than a screen of them.

use std::collections::BTreeSet;
use std::ops::Range;

use formats::derived::{Line, Millis};

use super::STOOD;
use super::words::Words;

/// So many bytes of the other screen are known again; then it is begun anew.
const MAX_KNOWN: usize = 1024 * 1024;

/// The lines of a screen.
#[derive(Default)]
pub(super) struct Standing {
    lines: Vec<Stood>,
    words: Words,
    /// What has left the other screen since a program took it: going back and forth shows the same again.
    known: BTreeSet<String>,
    known_bytes: usize,
}

/// A line as it is looked at.
#[derive(Clone, Debug, Default)]
pub(super) struct Shown {
    /// Its first row.
    pub(super) row: usize,
    pub(super) text: String,
    /// Where its other rows begin in the text.
    pub(super) rows: Vec<usize>,
    /// What stands left of the cursor, where it is in this line.
    pub(super) cursor: Option<usize>,
}

impl Shown {
    /// Its words, as they stand in rows.
    fn words(&self) -> impl Iterator<Item = &str> {
        let ends = self.rows.iter().copied().chain([self.text.len()]);
        let rows = ends.scan(0, |from, end| {
            let row = self.text.get(*from..end.min(self.text.len()));
            *from = end;
            Some(row.unwrap_or_default())
        });
        rows.flat_map(str::split_whitespace)
    }

    /// Whether all that was read here can be read there, and nothing came in between but behind the cursor.
    fn goes_on_in(&self, next: &Self) -> bool {
        if next.text.starts_with(&self.text) {
            return true;
        }
        // A right prompt, or what the shell suggests.
        let Some((left, right)) = self.cursor.and_then(|at| self.text.split_at_checked(at)) else {
            return false;
        };
        let Some(rest) = next.text.strip_prefix(left) else {
            return false;
        };
        let mut rest = rest.split_whitespace();
        // A word that the cursor stands in is not there any more once something came into it.
        let is_parted = !left.ends_with(|c: char| !c.is_whitespace())
            || !right.starts_with(|c: char| !c.is_whitespace());
        is_parted
            && !left.trim().is_empty()
            && right
                .split_whitespace()
                .all(|word| rest.any(|next| next == word))
    }
}

struct Stood {
    line: Shown,
    first: Millis,
    /// Since when something else may have stood here that was not told for having been short-lived.
    since: Millis,
}

/// When a screen is looked at.
#[derive(Clone, Copy)]
pub(super) struct Look {
    /// What was not there at the look before came at this time at the earliest, and what is gone left then.
    pub(super) since: Millis,
    /// Nothing has changed after this time.
    pub(super) until: Millis,
}

impl Words {
    /// Since when a line may have stood, or one of its words of which none is left.
    fn since(&self, was: &Stood) -> Millis {
        let gone = self.gone_since(was.line.words());
        gone.map_or(was.since, |gone| gone.min(was.since))
    }

    /// A line is still there, or more of it.
    fn go_on(&self, was: &Stood, next: &mut Stood) {
        next.first = next.first.min(was.first);
        next.since = next.since.min(self.since(was));
    }
}

impl Standing {
    /// Takes a look at some rows: what was there and is not any more has left. `begun` has scrolled out of a line that is
    /// still there.
    pub(super) fn look(
        &mut self,
        rows: Range<usize>,
        screen: Vec<Shown>,
        at: Look,
        is_other: bool,
        begun: &str,
        out: &mut Vec<Line>,
    ) {
        let is_in = |stood: &Stood| rows.contains(&stood.line.row);
        let (mut before, untouched): (Vec<Stood>, Vec<Stood>) =
            std::mem::take(&mut self.lines).into_iter().partition(is_in);
        let mut after: Vec<Stood> = Vec::new();
        for mut line in screen {
            line.text.truncate(line.text.trim_end().len());
            if !line.text.is_empty() {
                self.words.enter(line.words(), at.since);
                after.push(Stood {
                    line,
                    first: at.since,
                    since: at.since,
                });
            }
        }
        for was in &before {
            self.words.leave(was.line.words(), at.until);
        }
        // Of a line that scrolls out row by row the rest still stands at the top; it is told when all of it has left.
        let is_rest = |was: &Shown, next: &Shown| {
            let head = was.text.strip_suffix(&next.text);
            next.row == 0 && head.is_some_and(|head| !head.is_empty() && begun.ends_with(head))
        };
        let goes_on = |was: &Shown, next: &Shown| was.goes_on_in(next) || is_rest(was, next);
        let mut is_new = vec![true; after.len()];
        // Lines stay in order, so a prompt that was typed behind is not taken for the one that came below it.
        let mut below = 0;
        before.retain(|was| {
            let mut next = (below..).zip(&after[below..]);
            let Some((place, _)) = next.find(|(_, stood)| goes_on(&was.line, &stood.line)) else {
                return true;
            };
            self.words.go_on(was, &mut after[place]);
            is_new[place] = false;
            below = place + 1;
            false
        });
        // What moved is still there.
        before.retain(|was| {
            let mut next = is_new.iter().zip(&after);
            let is_same = |stood: &Stood| stood.line.text == was.line.text;
            let Some(place) = next.position(|(is_new, stood)| *is_new && is_same(stood)) else {
                return true;
            };
            self.words.go_on(was, &mut after[place]);
            is_new[place] = false;
            false
        });
        for was in before {
            let mut next = after.iter_mut();
            if let Some(stood) = next.find(|stood| goes_on(&was.line, &stood.line)) {
                self.words.go_on(&was, stood);
            } else if at.until >= self.words.since(&was) + STOOD {
                self.left(was, at.since, is_other, out);
            } else {
                // Nobody had the time to read it; whoever looks at what comes and goes in its place sees some of it.
                let mut here = after.iter_mut();
                if let Some(stood) = here.find(|stood| stood.line.row == was.line.row) {
                    stood.since = stood.since.min(was.since);
                }
            }
        }
        self.words.tidy(at.until);
        self.lines = untouched;
        let above = self
            .lines
            .partition_point(|stood| stood.line.row < rows.start);
        self.lines.splice(above..above, after);
    }

    /// All of it leaves.
    pub(super) fn leave(&mut self, at: Millis, is_other: bool, out: &mut Vec<Line>) {
        for was in std::mem::take(&mut self.lines) {
            self.left(was, at, is_other, out);
        }
        self.words.clear();
        self.known.clear();
        self.known_bytes = 0;
    }

    /// A line was told already, at this time; since when it stood there, if it was seen.
    pub(super) fn told(&mut self, text: &str, at: Millis) -> Option<Millis> {
        let mut lines = self.lines.iter();
        let same = lines.position(|stood| stood.line.text == text);
        let place = same.or_else(|| {
            let mut lines = self.lines.iter();
            lines.position(|stood| text.starts_with(&stood.line.text))
        });
        let was = self.lines.remove(place?);
        self.words.leave(was.line.words(), at);
        Some(was.first)
    }

    fn left(&mut self, was: Stood, at: Millis, is_other: bool, out: &mut Vec<Line>) {
        if is_other {
            if self.known_bytes > MAX_KNOWN {
                self.known.clear();
                self.known_bytes = 0;
            }
            if !self.known.insert(was.line.text.clone()) {
                return;
            }
            self.known_bytes += was.line.text.len();
        }
        out.push(Line {
            first: was.first,
            last: at,
            text: was.line.text,
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
            let shown = (0..).zip(rows).map(|(row, text)| Shown {
                row,
                text,
                ..Shown::default()
            });
            let at = Look {
                since: at,
                until: at,
            };
            standing.look(0..9, shown.collect(), at, true, "", &mut out);
            out.drain(..)
                .map(|line| (line.first, line.text))
                .collect::<Vec<_>>()
        };
        assert_eq!(look(200, &["a", "b", "c"]), []);
        assert_eq!(look(400, &["b", "c d"]), [(200, "a".to_owned())]);
        assert_eq!(
            look(600, &["x"]),
            [(200, "b".to_owned()), (200, "c d".to_owned())]
        );
        // Shown before, and no news.
        assert_eq!(look(800, &["b"]), [(600, "x".to_owned())]);
        assert_eq!(look(1000, &[]), []);
    }
}
