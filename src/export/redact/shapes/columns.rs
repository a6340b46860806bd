//! Columns of a table whose head names a secret: what databases and lists print.
//!
//! Nothing here is told by one line alone.

use std::ops::Range;

use super::nones::is_none;
use super::plain::places;
use super::words::{self, Name, is_random};

/// As many rows belong to a head, at most.
const ROWS: usize = 200;
/// A head has no more columns.
const COLUMNS: usize = 20;
/// As long are the names of columns that are inserted into, together.
const NAMES: usize = 800;

/// Calls `found` with each value.
pub(super) fn find(text: &str, found: &mut dyn FnMut(Range<usize>)) {
    inserted(text, found);
    let mut start = 0;
    // The column of the head under way, and how many rows it still has.
    let mut head: Option<(Head, usize)> = None;
    for line in text.split('\n') {
        if let Some(next) = Head::of(line) {
            head = Some((next, ROWS));
        } else if let Some((column, left)) = &mut head {
            let is_rule = line.chars().all(|c| "-+| =\r".contains(c));
            match column.value(line) {
                _ if is_rule && !line.is_empty() => {}
                Some(range) if *left > 0 => {
                    let value = &line[range.clone()];
                    if is_random(value) && !is_none(value) && !value.contains(' ') {
                        found(start + range.start..start + range.end);
                    }
                    *left -= 1;
                }
                _ => head = None,
            }
        }
        start += line.len() + 1;
    }
}

/// `INSERT INTO users (name, password) VALUES ('bob', '…')`: the columns are named before their values.
fn inserted(text: &str, found: &mut dyn FnMut(Range<usize>)) {
    for word in [") VALUES", ") values"] {
        let mut places = places(text, word).peekable();
        while let Some(at) = places.next() {
            let near = at.saturating_sub(NAMES);
            let Some(open) = memchr::memrchr(b'(', &text.as_bytes()[near..at]) else {
                continue;
            };
            let open = near + open;
            let secret: Vec<usize> = text[open + 1..at]
                .split(',')
                .enumerate()
                .filter(|(_, name)| words::name(name.trim()) == Name::Secret)
                .map(|(number, _)| number)
                .collect();
            if secret.is_empty() {
                continue;
            }
            let values = at + word.len();
            // No further than to the next: each byte is looked at for one of them.
            let last = places.peek().map_or(text.len(), |next| *next + 1);
            let end = text[values..last]
                .find(';')
                .map_or(last, |end| values + end);
            let mut next = values;
            for row in text[values..end].split_inclusive(')').take(ROWS) {
                let mut start = next + row.find('(').map_or(0, |open| open + 1);
                next += row.len();
                for (number, value) in text[start..next].split(',').enumerate() {
                    let bare = value.trim().trim_end_matches(')').trim();
                    if let Some(quoted) = bare
                        .strip_prefix('\'')
                        .and_then(|bare| bare.strip_suffix('\''))
                        && secret.contains(&number)
                        && quoted.len() > 3
                        && !is_none(quoted)
                    {
                        let at = start + value.find(quoted).unwrap_or(0);
                        found(at..at + quoted.len());
                    }
                    start += value.len() + 1;
                }
            }
        }
    }
}

/// The columns of a head that name secrets.
enum Head {
    /// Between bars: of so many cells these.
    Bars(usize, Vec<usize>),
    /// Under one another: where they begin, and of so many cells these, as far as a wider one moves them.
    Gaps(Vec<usize>, usize, Vec<usize>),
}

impl Head {
    fn of(line: &str) -> Option<Self> {
        // Most lines have no such word, and words are looked at dearly.
        let lower = line.to_ascii_lowercase();
        if line.len() > 400
            || !["pass", "token", "secret", "key", "authentication_string"]
                .iter()
                .any(|word| lower.contains(word))
        {
            return None;
        }
        let cells = cells(line);
        let is_bars = line.contains('|');
        let is_name = |cell: &Range<usize>| {
            let name = &line[cell.clone()];
            // Words alone: neither a flag with what it does, nor a sentence.
            name.len() < 40
                && name.starts_with(|c: char| c.is_ascii_alphabetic())
                && name.split(' ').count() <= 3
                && name
                    .bytes()
                    .all(|byte| byte.is_ascii_alphabetic() || b"_ -".contains(&byte))
        };
        if !(2..=COLUMNS).contains(&cells.len()) || !cells.iter().all(is_name) {
            return None;
        }
        let secret: Vec<usize> = (0..cells.len())
            .filter(|&at| {
                let name = &line[cells[at].clone()];
                words::name(name) == Name::Secret || name == "authentication_string"
            })
            .collect();
        match (secret.is_empty(), is_bars) {
            (true, _) => None,
            (false, true) => Some(Self::Bars(cells.len(), secret)),
            (false, false) => Some(Self::Gaps(
                secret.iter().map(|&at| cells[at].start).collect(),
                cells.len(),
                secret,
            )),
        }
    }

    /// The first value of a row below.
    fn value(&self, line: &str) -> Option<Range<usize>> {
        let cells = cells(line);
        match self {
            Self::Bars(count, columns) => {
                (cells.len() == *count && line.contains('|')).then(|| cells[columns[0]].clone())
            }
            Self::Gaps(starts, count, columns) => {
                let found = cells.iter().find(|cell| starts.contains(&cell.start));
                let is_whole = *count > 3 && cells.len() == *count;
                let found = found.or_else(|| cells.get(columns[0]).filter(|_| is_whole));
                found.cloned()
            }
        }
    }
}

/// The parts of a line between bars, or between wide gaps; without the spaces around them.
fn cells(line: &str) -> Vec<Range<usize>> {
    let mut cells = Vec::new();
    let has_bars = line.contains('|');
    let mut at = 0;
    let parts: Vec<&str> = match has_bars {
        true => line.split('|').collect(),
        false => line.split("  ").collect(),
    };
    let between = if has_bars { 1 } else { 2 };
    for part in parts.into_iter().take(4 * COLUMNS) {
        let bare = part.trim();
        if !bare.is_empty() {
            let start = at + part.find(bare).unwrap_or(0);
            cells.push(start..start + bare.len());
        }
        at += part.len() + between;
    }
    cells
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        super::super::check(find, text, expected);
    }

    #[test]
    fn what_stands_below_the_name_of_a_secret_is_found() {
        check(
            "| id | name | api_token |\n+----+------+-----------+\n|  1 | bob  | x7k2p9q4m1 |\n|  2 | eve  | z8w3n5b7v2 |\n2 rows\n| 3 | a | b7n5m3k1j9 |\n",
            &["x7k2p9q4m1", "z8w3n5b7v2"],
        );
        check(
            "TOKEN                     TTL   EXPIRES\nabcdef.0123456789abcdef   23h   2026-11-25T10:00:00Z\n",
            &["abcdef.0123456789abcdef"],
        );
    }

    #[test]
    fn a_cell_wider_than_its_column_moves_the_others() {
        check(
            "URI      Database   Port   Password   SSL\npostgresql://h:25060/defaultdb   defaultdb   25060   x7k2p9q4m1   true\n",
            &["x7k2p9q4m1"],
        );
    }

    #[test]
    fn other_tables_stay() {
        for text in [
            "NAME       SECRETS   AGE\ndefault    0         12d4h5m6s\n",
            "| field | type |\n| token | varchar255 |\n",
            "Key                  Value\ntoken                x\n",
            "  --password       Ask for it\n  --fido2-pin=BOOL Use a pin\n",
        ] {
            check(text, &[]);
        }
    }

    #[test]
    fn what_is_inserted_under_the_name_of_a_secret_is_found() {
        check(
            "INSERT INTO users (name, password) VALUES ('bob', 'hunter2-hunter'), ('eve', 'letmein-99');",
            &["hunter2-hunter", "letmein-99"],
        );
        check(
            "INSERT INTO users (name, town) VALUES ('bob', 'hunter2-hunter');",
            &[],
        );
    }
}
