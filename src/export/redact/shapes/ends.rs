//! Where a value ends that begins behind a name: with its quote, a space, the next name of a query.
//!
//! Nothing here knows whether a value is a secret.

use std::ops::Range;

/// The value without its quotes. In quotes that are escaped it ends with the next of its kind.
pub(super) fn value(line: &str, start: usize, at: usize, ends: &mut Ends) -> Option<Range<usize>> {
    let bytes = line.as_bytes();
    let rest = &bytes[start.min(bytes.len())..];
    let escapes = rest.iter().take_while(|byte| **byte == b'\\').count();
    let quote = *rest.get(escapes)?;
    // A type may stand before a text: `b"…"`, `$'…'`.
    let (escapes, quote) = match rest.get(escapes + 1) {
        Some(next) if b"$brfuN@".contains(&quote) && b"\"'".contains(next) => (escapes + 1, *next),
        _ => (escapes, quote),
    };
    // `print("token=" + …)`: the quote ends a text that began before the name.
    ends.go_on(bytes, at);
    if quote == b'"'
        && escapes == 0
        && ends.is_within_quotes
        && bytes[at - 1] != b'"'
        && !ends.is_escaped
    {
        return None;
    }
    if b"\"'`".contains(&quote) {
        // `"""…"""`
        let tripled = if rest[escapes..].starts_with(&[quote; 3]) {
            2
        } else {
            0
        };
        let first = start + escapes + 1 + tripled;
        let mut end = first;
        // Backslashes right before the end.
        let mut before = 0;
        while end < bytes.len() {
            // Escaped deeper than the opening one, it is a part of the value.
            if bytes[end] == quote && before <= escapes {
                return Some(first..end - before);
            }
            before = if bytes[end] == b'\\' { before + 1 } else { 0 };
            end += 1;
        }
        return (first < end).then_some(first..end);
    }
    // In a query a value ends with the next name.
    let in_query = bytes[at] == b'=' && ends.is_in_query(at);
    let end = ends.behind(bytes, start, in_query);
    (start < end).then_some(start..end)
}

/// Where values end: many names may stand within one value, and each byte is looked at once for all of them.
#[derive(Default)]
pub(super) struct Ends {
    /// Where the ends outside of queries and in them were looked for from, the first one there, and what is trimmed off.
    next: [Range<usize>; 2],
    trimmed: [usize; 2],
    /// So much was looked at for what stands before a value, and behind the last whitespace and the last mark of a query there.
    seen: usize,
    space: usize,
    mark: usize,
    /// Whether a quote is open there, and whether one is escaped.
    is_within_quotes: bool,
    is_escaped: bool,
}

impl Ends {
    /// Looks at what stands before `at`, which only grows.
    fn go_on(&mut self, bytes: &[u8], at: usize) {
        for (here, byte) in bytes.iter().enumerate().take(at).skip(self.seen) {
            match byte {
                byte if byte.is_ascii_whitespace() => self.space = here + 1,
                b'?' | b'&' => self.mark = here + 1,
                b'"' => {
                    self.is_within_quotes = !self.is_within_quotes;
                    self.is_escaped |= here > 0 && bytes[here - 1] == b'\\';
                }
                _ => {}
            }
        }
        self.seen = at;
    }

    /// Whether the mark of a query stands near before `at`, and no whitespace between.
    fn is_in_query(&self, at: usize) -> bool {
        self.mark > self.space && at - self.mark < 2000
    }

    /// Where a value that begins at `start` ends, brackets around it left out. `start` only grows.
    fn behind(&mut self, bytes: &[u8], start: usize, in_query: bool) -> usize {
        let kind = usize::from(in_query);
        if start >= self.next[kind].end {
            let is_end = |at: &usize| {
                let byte = bytes[*at];
                byte.is_ascii_whitespace()
                    || b"\"'`;".contains(&byte)
                    || (in_query && b"&#".contains(&byte))
                    // A line end as JSON writes it ends a value as well.
                    || matches!(&bytes[*at..], [b'\\', b'n' | b'r', ..])
            };
            let end = (start..bytes.len()).find(is_end).unwrap_or(bytes.len());
            let kept = bytes[start..end]
                .iter()
                .rposition(|byte| !b",)]}|\\".contains(byte));
            self.next[kind] = start..end;
            self.trimmed[kind] = kept.map_or(start, |kept| start + kept + 1);
        }
        self.trimmed[kind]
    }
}
