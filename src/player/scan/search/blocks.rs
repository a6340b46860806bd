//! A pattern in blocks of lines as they are stored: lines of JSON, with the line ends between them.
//!
//! Nothing here reads a line that cannot have what is searched for: what is found in the block as it stands only says which
//! lines to look at. Whether it is in one, its own text alone decides.

use formats::derived::{Millis, ReadLine};
use regex::Regex;

use super::Pattern;
use super::hits::Hit;
use crate::transcript::Candidates;

/// Finds a pattern in one block after the other.
#[derive(Debug)]
pub(super) struct Finder {
    lines: Lines,
    candidates: Option<Candidates>,
}

/// Finds it in the text of lines.
#[derive(Debug)]
struct Lines {
    pattern: Regex,
    /// So many more are wanted; of those beyond, only their number.
    wanted: usize,
}

/// What was found in a block, or in some lines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) hits: Vec<Hit>,
    /// How many there are beyond those that were wanted.
    pub(super) more: u64,
    /// When the last of the lines left.
    pub(super) seen: Millis,
}

impl Finder {
    pub(super) fn new(pattern: Pattern, wanted: usize) -> Self {
        Self {
            candidates: Candidates::new(&pattern),
            lines: Lines {
                pattern: pattern.regex().clone(),
                wanted,
            },
        }
    }

    /// Looks for it in the text of a line.
    pub(super) fn line(&mut self, line: &ReadLine<'_>, found: &mut Found) {
        self.lines.look(line, found);
    }

    /// Looks for it in a block.
    pub(super) fn block(&mut self, block: &[u8]) -> Found {
        let mut found = match &self.candidates {
            Some(candidates) => self.lines.candidates(block, candidates),
            None => self.lines.each(block),
        };
        if let Some(last) = last_line(block) {
            found.seen = found.seen.max(last.last);
        }
        found
    }
}

impl Lines {
    fn look(&mut self, line: &ReadLine<'_>, found: &mut Found) {
        found.seen = found.seen.max(line.last);
        if self.wanted == 0 {
            found.more += u64::from(self.pattern.is_match(&line.text));
        } else if let Some(range) = self.pattern.find(&line.text) {
            self.wanted -= 1;
            let times = (line.first, line.last);
            let hit = Hit::of(times, &line.text, range.range(), line.other);
            found.hits.push(hit);
        }
    }

    /// Looks at each line.
    fn each(&mut self, block: &[u8]) -> Found {
        let mut found = Found::default();
        for line in block.split(|byte| *byte == b'\n') {
            if let Some(line) = ReadLine::parse(line) {
                self.look(&line, &mut found);
            }
        }
        found
    }

    /// Looks at those lines that may have it.
    fn candidates(&mut self, block: &[u8], candidates: &Candidates) -> Found {
        let mut found = Found::default();
        for range in candidates.of(block) {
            if let Some(line) = ReadLine::parse(&block[range]) {
                self.look(&line, &mut found);
            }
        }
        found
    }
}

fn last_line(block: &[u8]) -> Option<ReadLine<'_>> {
    let block = block.strip_suffix(b"\n").unwrap_or(block);
    ReadLine::parse(block.rsplit(|byte| *byte == b'\n').next()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use formats::derived::Line;
    use proptest::prelude::*;

    fn block(texts: &[String]) -> Vec<u8> {
        let lines = (0..).zip(texts).map(|(at, text)| {
            let line = Line {
                first: at,
                last: 2 * at,
                text: text.clone(),
                other: at % 3 == 1,
            };
            serde_json::to_string(&line).unwrap()
        });
        lines.collect::<Vec<_>>().join("\n").into_bytes()
    }

    /// What each line has, one by one.
    fn plain(pattern: &str, block: &[u8], wanted: usize) -> Found {
        let mut finder = Finder::new(Pattern::new(pattern).unwrap(), wanted);
        let mut found = finder.lines.each(block);
        found.seen = last_line(block).map_or(0, |line| line.last);
        found
    }

    fn check(pattern: &str, texts: &[String], wanted: usize) {
        let block = block(texts);
        let mut finder = Finder::new(Pattern::new(pattern).unwrap(), wanted);
        assert_eq!(
            finder.block(&block),
            plain(pattern, &block, wanted),
            "{pattern}"
        );
    }

    #[test]
    fn what_stands_around_a_text_is_not_found_and_hides_nothing() {
        let texts =
            [r#"a"b"#, r"a\b", "first 7", "x\u{1b}y", "", "text", "é 12"].map(str::to_owned);
        for (pattern, expected) in [
            ("a\"b", vec![r#"a"b"#]),
            (r"a\\b", vec![r"a\b"]),
            (r"\\", vec![r"a\b"]),
            ("first", vec!["first 7"]),
            ("t", vec!["first 7", "text"]),
            (r"^.y|\d", vec!["first 7", "é 12"]),
            ("^$", vec![""]),
            (r"\bb", vec![r#"a"b"#, r"a\b"]),
            ("x.y", vec!["x\u{1b}y"]),
            ("[^a]b", vec![r#"a"b"#, r"a\b"]),
            (r"\s", vec!["first 7", "é 12"]),
            ("É", vec![]),
            ("(?i)É", vec!["é 12"]),
            ("[,:{}]", vec![]),
        ] {
            check(pattern, &texts, 9);
            check(pattern, &texts, 1);
            let mut finder = Finder::new(Pattern::new(pattern).unwrap(), 9);
            let hits = finder.block(&block(&texts)).hits;
            let found: Vec<&str> = hits.iter().map(|hit| &*hit.text).collect();
            assert_eq!(found, expected, "{pattern}");
        }
    }

    #[test]
    fn lines_that_are_none_are_passed_over() {
        let mut finder = Finder::new(Pattern::new("a").unwrap(), 9);
        let block = b"a\n\n{\"first\":1,\"last\":2,\"text\":\"a\"}\n\xff\xff{\"text\":\"a\"}\n";
        let found = finder.block(block);
        assert_eq!((found.hits.len(), found.hits[0].last.as_millis()), (1, 2));
        assert_eq!(finder.block(b""), Found::default());
    }

    proptest! {
        #[test]
        fn the_short_way_finds_what_is_found_line_by_line(
            texts in proptest::collection::vec(r#"([ab1",:{}\\é\n\u{7f}K]|first|text|ſ){0,8}"#, 0..8),
            pattern in r#"(a|b|1|K|ſ|"|\\\\|:|,|\{|é|\^|\$|\.|\[\^a\]|\\s|\\S|\\d|\\b|\\B|\\w|\\A|\\z|(a|b)\*|1\+|b\?|\|){1,6}"#,
            wanted in 0..9_usize,
        ) {
            if Pattern::new(&pattern).is_ok() {
                check(&pattern, &texts, wanted);
            }
        }
    }
}
