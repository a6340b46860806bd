//! Lines as a check reads them: no dialect of another program, no other version, nothing let through.
//!
//! Nothing here keeps a line or knows of the one before it.

use super::header::{Header, check_size};
use super::line::{Code, parse, parse_long};

/// An event, whose text stands where the caller wanted it.
pub(crate) struct Line {
    /// Microseconds since the event before.
    pub(crate) interval_us: u64,
    pub(crate) code: Code,
}

/// Reads an event line. `None` when it is none.
pub(crate) fn parse_line(line: &[u8], text: &mut Vec<u8>) -> Option<Line> {
    let (interval_us, code) = parse(line, text).ok()?;
    Some(Line { interval_us, code })
}

/// As [`parse_line`], of a long line, whose room is that of the text.
pub(crate) fn parse_long_line(line: Vec<u8>, text: &mut Vec<u8>) -> Option<Line> {
    let (interval_us, code, long) = parse_long(line).ok()?;
    *text = long;
    Some(Line { interval_us, code })
}

/// Whether the text of a resize is one.
pub(crate) fn is_resize(text: &[u8]) -> bool {
    let size = || {
        let (cols, rows) = std::str::from_utf8(text).ok()?.split_once('x')?;
        check_size(0, cols.parse().ok()?, rows.parse().ok()?).ok()
    };
    size().is_some()
}

impl Header {
    /// Reads the first line of a recording of version 3. `None` when it is none.
    pub(crate) fn of_line(line: &[u8]) -> Option<Self> {
        Self::parse(line)?.ok().filter(|header| header.version == 3)
    }
}
