//! The first line of a recording: what the terminal was, and in our own key what the session was.
//!
//! Nothing here is believed for its size: a terminal beyond [`MAX_SIDE`] is an error before anyone allocates its screen, and so
//! is a line beyond [`MAX_HEADER`] before anything is made of it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::error::Error;
use super::lenient;
use super::limits::{MAX_CELLS, MAX_HEADER, MAX_SIDE};
use crate::lines;
use crate::payload::Size;
use crate::tee::Shorthand;

/// The header of a recording, whatever its version.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Header {
    /// The asciicast version it was read from; always written as 3.
    pub version: u8,
    /// The terminal at the start.
    pub term: Term,
    /// Start, in whole seconds since the epoch.
    pub timestamp: Option<i64>,
    /// Pauses longer than this many seconds are meant to be played shorter.
    pub idle_time_limit: Option<f64>,
    /// What was run.
    pub command: Option<String>,
    /// For people.
    pub title: Option<String>,
    /// Chosen environment variables.
    pub env: BTreeMap<String, String>,
    /// Labels.
    pub tags: Vec<String>,
    /// The session, when ssm-rec made the recording.
    pub ssm: Option<Session>,
}

/// The terminal of a recording.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Term {
    /// Columns; 0 is possible, from a recorder without a terminal.
    pub cols: u16,
    /// Rows.
    pub rows: u16,
    /// As in `TERM`.
    pub term_type: Option<String>,
    /// As the terminal names itself.
    pub version: Option<String>,
    /// Its colors, as they stand in the file.
    pub theme: Option<Value>,
}

/// One Session Manager session: the nested key `ssm` of the header.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Session {
    /// Given by the service.
    pub session_id: String,
    /// An instance, a managed node or a container.
    pub target: String,
    /// What the operator called it, where that was not its id: a name or a tag, looked up at the service.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_name: Option<String>,
    /// Name of the session document.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub document: Option<String>,
    /// Parameters of the document.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<String, Vec<String>>,
    /// Why the session was opened.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// AWS region.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// AWS account number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// The caller's ARN.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operator: Option<String>,
    /// Version of ssm-rec.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_version: Option<String>,
    /// Version of the agent, when it has told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent_version: Option<String>,
    /// Host name at the client.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// User name at the client.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// Start by the client's clock, RFC 3339 with sub-second digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started_at: Option<String>,
    /// What the ids of the client's own messages begin with, a UUID whose last 48 bits are a counter.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_ids: Option<String>,
}

impl Session {
    /// Start in whole milliseconds since the epoch, rounded down; what the clocks of `f` events count from.
    #[must_use]
    pub fn started_at_ms(&self) -> Option<i64> {
        let start = chrono::DateTime::parse_from_rfc3339(self.started_at.as_deref()?).ok()?;
        Some(start.timestamp_millis())
    }
}

impl Term {
    /// Columns and rows.
    #[must_use]
    pub fn size(&self) -> Size {
        Size {
            cols: self.cols,
            rows: self.rows,
        }
    }
}

impl Header {
    /// What the messages of this recording may leave out.
    pub(crate) fn shorthand(&self) -> Shorthand {
        Shorthand::new(
            self.ssm
                .as_ref()
                .and_then(|session| session.message_ids.as_deref()),
        )
    }

    /// Appends the header as a line of asciicast v3.
    pub fn encode(&self, out: &mut Vec<u8>) {
        let wire = WireV3 {
            version: 3,
            term: WireTerm {
                cols: self.term.cols.into(),
                rows: self.term.rows.into(),
                term_type: self.term.term_type.clone(),
                version: self.term.version.clone(),
                theme: self.term.theme.clone(),
            },
            timestamp: self.timestamp,
            // JSON has no word for infinity; no limit says the same.
            idle_time_limit: self.idle_time_limit.filter(|limit| limit.is_finite()),
            command: self.command.clone(),
            title: self.title.clone(),
            env: self.env.clone(),
            tags: self.tags.clone(),
            ssm: self.ssm.clone(),
        };
        // Strings, numbers and lists: nothing in them can fail to serialize.
        out.extend_from_slice(&serde_json::to_vec(&wire).unwrap_or_default());
        out.push(b'\n');
    }

    /// Reads the first line of versions 2 and 3. `None` when it is not an asciicast header on one line; a version 1
    /// header is [`Error::Version`] here, its whole document is read by the reader.
    pub(super) fn parse(line: &[u8]) -> Option<Result<Self, Error>> {
        Some(match probe(line)? {
            2 | 3 if line.len() > MAX_HEADER => Err(Error::Lines(lines::Error::TooLong {
                line: 1,
                limit: MAX_HEADER,
            })),
            2 => serde_json::from_slice::<WireV2>(line)
                .map_err(Error::Header)
                .and_then(WireV2::into_header),
            3 => serde_json::from_slice::<WireV3>(line)
                .map_err(Error::Header)
                .and_then(WireV3::into_header),
            version => Err(Error::Version(version)),
        })
    }
}

/// Columns and rows within the limits.
pub(super) fn check_size(line: u64, cols: u64, rows: u64) -> Result<Size, Error> {
    let beyond = || Error::TerminalSize { line, cols, rows };
    let side = |side: u64| {
        u16::try_from(side)
            .ok()
            .filter(|&side| side <= MAX_SIDE)
            .ok_or_else(beyond)
    };
    let size = Size {
        cols: side(cols)?,
        rows: side(rows)?,
    };
    if cols * rows > MAX_CELLS {
        return Err(beyond());
    }
    Ok(size)
}

/// The version that a JSON object claims.
pub(super) fn probe(json: &[u8]) -> Option<u64> {
    #[derive(Deserialize)]
    struct Probe {
        version: u64,
    }
    Some(serde_json::from_slice::<Probe>(json).ok()?.version)
}

type Variables = BTreeMap<String, String>;

#[derive(Serialize, Deserialize)]
struct WireV3 {
    version: u64,
    term: WireTerm,
    #[serde(
        default,
        deserialize_with = "lenient::seconds",
        skip_serializing_if = "Option::is_none"
    )]
    timestamp: Option<i64>,
    #[serde(
        default,
        deserialize_with = "lenient::limit",
        skip_serializing_if = "Option::is_none"
    )]
    idle_time_limit: Option<f64>,
    #[serde(
        default,
        deserialize_with = "lenient::text",
        skip_serializing_if = "Option::is_none"
    )]
    command: Option<String>,
    #[serde(
        default,
        deserialize_with = "lenient::text",
        skip_serializing_if = "Option::is_none"
    )]
    title: Option<String>,
    #[serde(
        default,
        deserialize_with = "lenient::variables",
        skip_serializing_if = "BTreeMap::is_empty"
    )]
    env: Variables,
    #[serde(
        default,
        deserialize_with = "lenient::labels",
        skip_serializing_if = "Vec::is_empty"
    )]
    tags: Vec<String>,
    #[serde(
        default,
        deserialize_with = "lenient::session",
        skip_serializing_if = "Option::is_none"
    )]
    ssm: Option<Session>,
}

#[derive(Serialize, Deserialize)]
struct WireTerm {
    #[serde(deserialize_with = "lenient::side")]
    cols: u64,
    #[serde(deserialize_with = "lenient::side")]
    rows: u64,
    #[serde(
        default,
        rename = "type",
        deserialize_with = "lenient::text",
        skip_serializing_if = "Option::is_none"
    )]
    term_type: Option<String>,
    #[serde(
        default,
        deserialize_with = "lenient::text",
        skip_serializing_if = "Option::is_none"
    )]
    version: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    theme: Option<Value>,
}

impl WireV3 {
    fn into_header(self) -> Result<Header, Error> {
        let size = check_size(1, self.term.cols, self.term.rows)?;
        Ok(Header {
            version: 3,
            term: Term {
                cols: size.cols,
                rows: size.rows,
                term_type: self.term.term_type,
                version: self.term.version,
                theme: self.term.theme,
            },
            timestamp: self.timestamp,
            idle_time_limit: self.idle_time_limit,
            command: self.command,
            title: self.title,
            env: self.env,
            tags: self.tags,
            ssm: self.ssm,
        })
    }
}

#[derive(Deserialize)]
struct WireV2 {
    #[serde(deserialize_with = "lenient::side")]
    width: u64,
    #[serde(deserialize_with = "lenient::side")]
    height: u64,
    #[serde(default, deserialize_with = "lenient::seconds")]
    timestamp: Option<i64>,
    #[serde(default, deserialize_with = "lenient::limit")]
    idle_time_limit: Option<f64>,
    #[serde(default, deserialize_with = "lenient::text")]
    command: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    title: Option<String>,
    #[serde(default, deserialize_with = "lenient::variables")]
    env: Variables,
    #[serde(default)]
    theme: Option<Value>,
}

impl WireV2 {
    fn into_header(self) -> Result<Header, Error> {
        let size = check_size(1, self.width, self.height)?;
        let env = self.env;
        Ok(Header {
            version: 2,
            term: Term {
                cols: size.cols,
                rows: size.rows,
                term_type: env.get("TERM").cloned(),
                version: None,
                theme: self.theme,
            },
            timestamp: self.timestamp,
            idle_time_limit: self.idle_time_limit,
            command: self.command,
            title: self.title,
            env,
            tags: Vec::new(),
            ssm: None,
        })
    }
}

/// A whole recording of version 1: one JSON document.
#[derive(Deserialize)]
pub(super) struct WireV1 {
    #[serde(deserialize_with = "lenient::side")]
    width: u64,
    #[serde(deserialize_with = "lenient::side")]
    height: u64,
    #[serde(default, deserialize_with = "lenient::text")]
    command: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    title: Option<String>,
    #[serde(default, deserialize_with = "lenient::variables")]
    env: Variables,
    pub(super) stdout: Vec<(f64, String)>,
}

impl WireV1 {
    pub(super) fn header(&mut self) -> Result<Header, Error> {
        let size = check_size(1, self.width, self.height)?;
        let env = std::mem::take(&mut self.env);
        Ok(Header {
            version: 1,
            term: Term {
                cols: size.cols,
                rows: size.rows,
                term_type: env.get("TERM").cloned(),
                ..Term::default()
            },
            command: self.command.take(),
            title: self.title.take(),
            env,
            ..Header::default()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A header of so many bytes.
    fn of_length(head: &str, tail: &str, length: usize) -> Vec<u8> {
        let filling = length - head.len() - tail.len();
        format!("{head}{}{tail}", "0".repeat(filling)).into_bytes()
    }

    #[test]
    fn a_header_is_refused_for_its_length_before_anything_is_made_of_it() {
        for (head, tail) in [
            (
                r#"{"version":3,"term":{"cols":80,"rows":24},"title":""#,
                r#""}"#,
            ),
            (r#"{"version":2,"width":80,"height":24,"x":""#, r#""}"#),
        ] {
            let longest = of_length(head, tail, MAX_HEADER);
            assert!(Header::parse(&longest).unwrap().is_ok());
            let longer = of_length(head, tail, MAX_HEADER + 1);
            let error = Header::parse(&longer).unwrap().unwrap_err();
            assert_eq!(
                error.to_string(),
                "line 1 is longer than the limit of 524288 bytes"
            );
        }
    }

    #[test]
    fn a_session_whose_parameters_are_as_long_as_they_can_be_has_a_header_that_is_taken() {
        let mut header = Header {
            ssm: Some(Session {
                reason: Some("\u{1}".repeat(2000)),
                parameters: [("command".to_owned(), vec!["\u{1}".repeat(64 * 1024)])].into(),
                ..Session::default()
            }),
            version: 3,
            ..Header::default()
        };
        header.term.cols = 80;
        let mut line = Vec::new();
        header.encode(&mut line);
        assert_eq!(Header::parse(&line).unwrap().unwrap(), header);
    }
}
