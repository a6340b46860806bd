//! One event line of versions 2 and 3: `[time, "code", "data"]`.
//!
//! Nothing here allocates for an ordinary line: it is read by hand, its text unescaped to where the caller wants it.
//! Any line that is not ordinary goes through serde_json, whose word is final.

use std::ops::Range;

use serde_json::value::RawValue;

use super::escape::{unescape, unescape_in_place};
use super::limits::MAX_TIME_US;
use crate::lines::LONG_LINE;

/// The kind of an event line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Code {
    /// `o`
    Output,
    /// `i`
    Input,
    /// `m`
    Marker,
    /// `r`
    Resize,
    /// `x`
    Exit,
    /// `f`, ours
    Message,
    /// Any other, never empty.
    Other(Box<str>),
}

impl Code {
    fn new(code: &str) -> Self {
        match code {
            "o" => Self::Output,
            "i" => Self::Input,
            "m" => Self::Marker,
            "r" => Self::Resize,
            "x" => Self::Exit,
            "f" => Self::Message,
            other => Self::Other(other.into()),
        }
    }
}

/// Why a line is no event. The line number is the caller's to know.
#[derive(Debug)]
pub(super) enum LineError {
    Json(serde_json::Error),
    Time(f64),
}

/// Reads one event line: its time as it stands in the line, in microseconds, and its code. The text is appended to `text`,
/// which stays as it was when the line is wrong.
pub(super) fn parse(line: &[u8], text: &mut Vec<u8>) -> Result<(u64, Code), LineError> {
    let before = text.len();
    if let Some(event) = parse_ordinary(line, text) {
        return Ok(event);
    }
    text.truncate(before);
    parse_any(line, text)
}

/// As [`parse`], of a long line, whose room is that of the text.
pub(super) fn parse_long(mut line: Vec<u8>) -> Result<(u64, Code, Vec<u8>), LineError> {
    let (time_us, code, text) = match split_ordinary(&line) {
        Some((time_us, code, escaped)) => (time_us, code, within(&line, escaped)),
        None => split_any(&line)?,
    };
    match unescape_in_place(&mut line, text) {
        Some(()) => Ok((time_us, code, line)),
        None => Err(wrong("event data that is no text")),
    }
}

fn split_any(line: &[u8]) -> Result<(u64, Code, Range<usize>), LineError> {
    let (time, code, data): (f64, &RawValue, &RawValue) =
        serde_json::from_slice(line).map_err(LineError::Json)?;
    let time_us = microseconds(time).ok_or(LineError::Time(time))?;
    if code.get().len() > LONG_LINE {
        return Err(wrong("an event code that is no code"));
    }
    let code: String = serde_json::from_str(code.get()).map_err(LineError::Json)?;
    if code.is_empty() {
        return Err(wrong("an empty event code"));
    }
    let text = data.get().strip_prefix('"');
    let text = text.and_then(|text| text.strip_suffix('"'));
    let text = text.ok_or_else(|| wrong("event data that is no text"))?;
    Ok((time_us, Code::new(&code), within(line, text.as_bytes())))
}

/// Where a part of a line stands in it.
fn within(line: &[u8], part: &[u8]) -> Range<usize> {
    let from = part.as_ptr().addr() - line.as_ptr().addr();
    from..from + part.len()
}

fn wrong(what: &str) -> LineError {
    LineError::Json(serde::de::Error::custom(what))
}

/// Exactly `[1.234567, "o", "..."]`, the spaces being optional, any one-letter code.
fn parse_ordinary(line: &[u8], text: &mut Vec<u8>) -> Option<(u64, Code)> {
    let (time_us, code, escaped) = split_ordinary(line)?;
    unescape(escaped, text)?;
    Some((time_us, code))
}

/// The parts of such a line; the last is escaped.
fn split_ordinary(line: &[u8]) -> Option<(u64, Code, &[u8])> {
    let (time_us, rest) = parse_time(line.strip_prefix(b"[")?)?;
    let rest = rest.strip_prefix(b",")?;
    let rest = rest.strip_prefix(b" ").unwrap_or(rest);
    let (code, rest) = match rest {
        [b'"', code, b'"', b',', rest @ ..] => (*code, rest),
        _ => return None,
    };
    let rest = rest.strip_prefix(b" ").unwrap_or(rest);
    let escaped = rest.strip_prefix(b"\"")?.strip_suffix(b"\"]")?;
    let code = match code {
        b'o' => Code::Output,
        b'f' => Code::Message,
        b'i' => Code::Input,
        b'm' => Code::Marker,
        b'r' => Code::Resize,
        b'x' => Code::Exit,
        _ => return None,
    };
    std::str::from_utf8(escaped).ok()?;
    Some((time_us, code, escaped))
}

/// At most nine digits, and at most six behind the point, so that the same number read as `f64` and rounded is the same.
fn parse_time(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let digits = |bytes: &[u8]| {
        bytes
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .count()
    };
    let number = |bytes: &[u8]| {
        bytes.iter().fold(0, |number: u64, digit| {
            number * 10 + u64::from(digit - b'0')
        })
    };
    let whole = digits(bytes);
    if !(1..=9).contains(&whole) || (whole > 1 && bytes[0] == b'0') {
        return None;
    }
    let seconds = number(&bytes[..whole]) * 1_000_000;
    let rest = &bytes[whole..];
    let Some(fraction) = rest.strip_prefix(b".") else {
        return (!matches!(rest.first(), Some(b'e' | b'E'))).then_some((seconds, rest));
    };
    let places = digits(fraction);
    if !(1..=6).contains(&places) {
        return None;
    }
    let micros = number(&fraction[..places]) * 10_u64.pow(6 - places as u32);
    Some((seconds + micros, &fraction[places..]))
}

fn parse_any(line: &[u8], text: &mut Vec<u8>) -> Result<(u64, Code), LineError> {
    let (time, code, data): (f64, String, String) =
        serde_json::from_slice(line).map_err(LineError::Json)?;
    let time_us = microseconds(time).ok_or(LineError::Time(time))?;
    if code.is_empty() {
        return Err(LineError::Json(serde::de::Error::custom(
            "an empty event code",
        )));
    }
    text.extend_from_slice(data.as_bytes());
    Ok((time_us, Code::new(&code)))
}

/// `None` for a time that no recording has.
pub(super) fn microseconds(seconds: f64) -> Option<u64> {
    let micros = (seconds * 1e6).round();
    (seconds >= 0.0 && micros <= MAX_TIME_US as f64).then_some(micros as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    type Parsed = Option<(u64, Code, Vec<u8>)>;

    fn both(line: &str) -> (Parsed, Parsed) {
        let run = |ordinary: bool| {
            let mut text = Vec::new();
            let (time, code) = if ordinary {
                parse_ordinary(line.as_bytes(), &mut text)?
            } else {
                parse_any(line.as_bytes(), &mut text).ok()?
            };
            Some((time, code, text))
        };
        (run(true), run(false))
    }

    #[test]
    fn ordinary_lines_take_the_short_way() {
        for line in [
            r#"[0.000000, "o", "a\r\n"]"#,
            r#"[12.5,"o","\u001b[1mé\""]"#,
            r#"[3, "r", "80x24"]"#,
        ] {
            let (ordinary, any) = both(line);
            assert!(ordinary.is_some(), "{line}");
            assert_eq!(ordinary, any, "{line}");
        }
    }

    #[test]
    fn odd_lines_take_the_long_way() {
        for line in [
            r#"[1e0, "o", "a"]"#,
            r#" [ 1.0 , "o" , "a" ] "#,
            r#"[0.12345678, "o", "a"]"#,
            r#"[1, "foo", "a"]"#,
            r#"[1, "\u006f", "a"]"#,
        ] {
            let (ordinary, any) = both(line);
            assert!(ordinary.is_none() && any.is_some(), "{line}");
        }
    }

    #[test]
    fn what_is_no_event_is_refused() {
        for line in [
            "",
            "[]",
            "[1]",
            r#"[1, "o"]"#,
            r#"[1, "o", "a", 1]"#,
            r#"["1", "o", "a"]"#,
            r#"[01, "o", "a"]"#,
            r#"[1., "o", "a"]"#,
            r#"[-1, "o", "a"]"#,
            r#"[1e30, "o", "a"]"#,
            r#"[NaN, "o", "a"]"#,
            r#"[1, "", "a"]"#,
            r#"[1, "o", "a""]"#,
            r#"[1, "o", "a\"]"#,
            r#"[1, "o", {}]"#,
            r#"[1, "o", "\ud83d"]"#,
            "[1, \"o\", \"\t\"]",
        ] {
            let (ordinary, any) = both(line);
            assert!(ordinary.is_none() && any.is_none(), "{line}");
        }
        let mut text = b"kept".to_vec();
        assert!(parse(b"[1, \"o\", \"abc\xff\"]", &mut text).is_err());
        assert_eq!(text, b"kept");
    }

    #[test]
    fn long_lines_read_as_the_others_do() {
        for line in [
            r#"[1.5, "o", "a\r\n"]"#,
            r#" [ 1e0 , "o" , "aé\u00e9\ud83d\ude00\\" ] "#,
            r#"[1, "\u006f", ""]"#,
            r#"[1, "foo", "a"]"#,
            r#"[1, "", "a"]"#,
            r#"[1, "o", {}]"#,
            r#"[1, "o", "a", 1]"#,
            r#"[1, "o", "\ud83d"]"#,
            r#"[1, "o", "\ud83dx"]"#,
            r#"[1e30, "o", "a"]"#,
            "[1, \"o\", \"\t\"]",
            "",
        ] {
            let mut text = Vec::new();
            let any = parse_any(line.as_bytes(), &mut text).ok();
            let long = parse_long(line.into()).ok();
            let any = any.map(|(time, code)| (time, code, text));
            assert_eq!(long, any, "{line}");
        }
        assert!(parse_long(b"[1, \"o\", \"abc\xff\"]".to_vec()).is_err());
    }

    proptest! {
        #[test]
        fn the_short_way_and_the_long_way_agree(
            line in r#"\[(0|[1-9][0-9]{0,8})(\.[0-9]{1,7})?(e1)?, ?"[oifmrx]", ?"([ -~]|\\["\\/bfnrt]|\\u[0-9a-f]{4}|é|😀){0,12}" ?\]"#
        ) {
            let (ordinary, any) = both(&line);
            if ordinary.is_some() {
                prop_assert_eq!(ordinary, any);
            }
        }
    }
}
