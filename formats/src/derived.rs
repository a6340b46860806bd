//! What is derived from a recording: its lines and its commands, each one JSON object a line.
//!
//! Nothing here is evidence: it is derived from the recording, and whoever doubts it derives it again. No clock, no host and no
//! path of the machine that made it is in it.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

/// Which of the two objects that are derived from a recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Its lines.
    Lines,
    /// Its commands.
    Commands,
}

impl Kind {
    /// Both of them.
    pub const BOTH: [Self; 2] = [Self::Lines, Self::Commands];

    /// As persons and programs read it, and the folder in a store.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Lines => "lines",
            Self::Commands => "commands",
        }
    }
}

/// A time since the start of the session, in whole milliseconds.
pub type Millis = u64;

/// Text that a person could have read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Line {
    /// When it first stood there.
    pub first: Millis,
    /// When it left, or the end of the session.
    pub last: Millis,
    /// Without the spaces at its end; wrapped rows are joined.
    pub text: String,
    /// It stood on the other screen, which full-screen programs draw on.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub other: bool,
}

/// A [`Line`] as it is read out of its object, not copied where its text stands there as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct ReadLine<'a> {
    /// As [`Line::first`].
    pub first: Millis,
    /// As [`Line::last`].
    pub last: Millis,
    /// As [`Line::text`].
    #[serde(borrow)]
    pub text: Cow<'a, str>,
    /// As [`Line::other`].
    pub other: bool,
}

impl<'a> ReadLine<'a> {
    /// Reads a line of JSON. `None` when it is none of these.
    #[must_use]
    pub fn parse(json: &'a [u8]) -> Option<Self> {
        Self::parse_ordinary(json).or_else(|| serde_json::from_slice(json).ok())
    }

    /// As this version writes it, and with no escape in its text: by hand, which is several times faster.
    fn parse_ordinary(json: &'a [u8]) -> Option<Self> {
        let (first, rest) = number(json.strip_prefix(b"{\"first\":")?)?;
        let (last, rest) = number(rest.strip_prefix(b",\"last\":")?)?;
        let rest = rest.strip_prefix(b",\"text\":\"")?;
        let (text, other) = match rest.strip_suffix(b"\"}") {
            Some(text) => (text, false),
            None => (rest.strip_suffix(b"\",\"other\":true}")?, true),
        };
        if text
            .iter()
            .any(|byte| matches!(byte, b'"' | b'\\' | ..0x20))
        {
            return None;
        }
        Some(Self {
            first,
            last,
            text: Cow::Borrowed(std::str::from_utf8(text).ok()?),
            other,
        })
    }
}

/// A number that is no longer than one that always fits, and what follows it.
fn number(bytes: &[u8]) -> Option<(Millis, &[u8])> {
    let is_digit = |byte: &&u8| byte.is_ascii_digit();
    let length = bytes.iter().take(20).take_while(is_digit).count();
    if !(1..20).contains(&length) || (length > 1 && bytes[0] == b'0') {
        return None;
    }
    let (digits, rest) = bytes.split_at(length);
    let digits = digits.iter().map(|digit| Millis::from(digit - b'0'));
    Some((digits.fold(0, |number, digit| number * 10 + digit), rest))
}

/// A line that was read by a shell or by another program with a prompt.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Command {
    /// Counted from 1.
    pub number: u64,
    /// When the line was accepted.
    pub start: Millis,
    /// When the next prompt came, that of a program which it started not counted, or the session ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end: Option<Millis>,
    /// As it stood on the screen when it was accepted; its lines are parted by line feeds.
    pub text: String,
    /// What read the line, the outermost first: `shell`, `sudo`, `ssh`, `container`, `python`, `psql` and so on.
    pub context: Vec<String>,
    /// The working directory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cwd: Option<String>,
    /// The exit status, where the shell told it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exit: Option<i32>,
    /// Its output: from which byte of all output to which, the second not included.
    pub output: (u64, u64),
    /// How it was found.
    pub source: Source,
    /// How likely it is what was run, from 0 to 1.
    pub confidence: f32,
    /// What else was said of it, where that does not agree.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub claims: Vec<Claim>,
}

impl Command {
    /// Reads a line of JSON. `None` when it is none of these.
    #[must_use]
    pub fn parse(json: &[u8]) -> Option<Self> {
        serde_json::from_slice(json).ok()
    }
}

/// How a command was found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// Marks of the shell: OSC 133.
    #[serde(rename = "osc133")]
    Osc133,
    /// Marks of the shell with its text: OSC 633.
    #[serde(rename = "osc633")]
    Osc633,
    /// Marks of a context: OSC 3008.
    #[serde(rename = "osc3008")]
    Osc3008,
    /// Switches of bracketed paste, which stand round every line that is read.
    PasteMode,
    /// What was typed, its echo, and the prompt before it.
    #[default]
    Echo,
}

impl Source {
    /// As it stands in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Osc133 => "osc133",
            Self::Osc633 => "osc633",
            Self::Osc3008 => "osc3008",
            Self::PasteMode => "paste-mode",
            Self::Echo => "echo",
        }
    }
}

/// What somebody said of a command: the remote host, most of all, which may lie.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Claim {
    /// What is claimed: `text`, `exit` or `cwd`.
    pub of: String,
    /// By what: `osc133`, `osc633`, `screen` and so on.
    pub by: String,
    /// The value.
    pub value: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn by_serde(json: &str) -> Option<ReadLine<'_>> {
        serde_json::from_str(json).ok()
    }

    #[test]
    fn lines_are_read_by_hand_only_where_nothing_is_odd() {
        for (json, is_ordinary) in [
            (r#"{"first":0,"last":12,"text":"é a"}"#, true),
            (
                r#"{"first":9,"last":18446744073709551,"text":"","other":true}"#,
                true,
            ),
            (r#"{"first":0,"last":12,"text":"a\"b"}"#, false),
            (r#"{"first":0,"last":12,"text":"a\\"}"#, false),
            (r#"{"last":12,"text":"a"}"#, false),
            (
                r#"{"first":0,"last":18446744073709551615,"text":"a"}"#,
                false,
            ),
            (r#"{"first":0,"last":1,"text":"a","other":false}"#, false),
            (r#"{"first":0,"last":1,"text":"a","later":"b"}"#, false),
        ] {
            assert_eq!(
                ReadLine::parse_ordinary(json.as_bytes()).is_some(),
                is_ordinary,
                "{json}"
            );
            assert_eq!(ReadLine::parse(json.as_bytes()), by_serde(json), "{json}");
            assert!(by_serde(json).is_some(), "{json}");
        }
        for json in [
            "",
            "{",
            r#"{"first":01,"last":1,"text":"a"}"#,
            r#"{"first":,"last":1,"text":"a"}"#,
        ] {
            assert_eq!(ReadLine::parse(json.as_bytes()), None, "{json}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(first in any::<u64>(), last in 0..100_u64, text in "([ -~]|é|\n|\u{1b}){0,9}", other: bool) {
            let line = Line { first, last, text, other };
            let json = serde_json::to_vec(&line).unwrap();
            let read = ReadLine::parse(&json).unwrap();
            prop_assert_eq!((read.first, read.last, read.text.into_owned(), read.other), (line.first, line.last, line.text, line.other));
        }

        #[test]
        fn both_ways_of_reading_agree(
            json in r#"\{"first":(0|[0-9]{1,20}),"last":[0-9]{1,2},"text":"([ -~]|\\["\\n]|é){0,9}"(,"other":(true|false))?(,"x":"")?\}"#
        ) {
            prop_assert_eq!(ReadLine::parse(json.as_bytes()), by_serde(&json));
        }
    }
}
