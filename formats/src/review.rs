//! What a reviewer said of a session, and that somebody looked at it: each a line of JSON beside the recordings, signed as it
//! stands.
//!
//! Nothing here says whether it counts: whoever judges it has the signature, the manifest and the policy at hand.

use std::fmt;

use serde::{Deserialize, Serialize};

pub use crate::continuity::digest;
use crate::json::has_doubled_keys;

/// What this version writes in [`Review::format`] and [`View::format`].
pub const FORMAT: u32 = 1;
/// The longest review or view taken.
pub const MAX_REVIEW: usize = 1024 * 1024;

/// What somebody said of a session.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Review {
    /// [`FORMAT`]; a reader refuses a later one.
    pub format: u32,
    /// The session.
    pub session_id: String,
    /// SHA-256 of the bytes of its manifest, 64 hexadecimal digits: no word on one session can be carried to another, or to
    /// another recording of the same.
    pub manifest: String,
    /// SHA-256 of the bytes of the review before this one, where there was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub previous: Option<String>,
    /// What was found.
    pub verdict: Verdict,
    /// The reviewer's ARN.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reviewer: Option<String>,
    /// User name at the reviewer's machine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// The reviewer's machine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// When, by the reviewer's clock, RFC 3339 in UTC.
    pub at: String,
    /// Version of ssm-rec.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_version: Option<String>,
    /// What was noted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<Note>,
    /// What is to be done.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub follow_ups: Vec<FollowUp>,
    /// What was to be done and is: names of follow-ups, as [`follow_up_name`] makes them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub closes: Vec<String>,
    /// What was watched of it, from and to in milliseconds since its start: what the player showed, and no promise that
    /// somebody looked.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub watched: Vec<[u64; 2]>,
    /// By which rules it was looked at, and the worst that they found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rules: Option<Rules>,
}

/// What was found in a session; in JSON one word.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Nothing is wrong with it.
    Ok,
    /// Something is to be asked or done.
    FollowUp,
    /// Something happened that must not.
    Incident,
    /// The word of another version; `""` where none is told.
    #[serde(untagged)]
    Other(String),
}

/// None is told.
impl Default for Verdict {
    fn default() -> Self {
        Self::Other(String::new())
    }
}

/// The word as it stands in JSON.
impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ok => "ok",
            Self::FollowUp => "follow-up",
            Self::Incident => "incident",
            Self::Other(word) => word,
        })
    }
}

/// Something that was noted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Note {
    /// At which moment of the recording, in milliseconds since its start; of all of it where none is told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_ms: Option<u64>,
    /// The note.
    pub text: String,
}

/// Something that is to be done.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct FollowUp {
    /// What.
    pub text: String,
    /// By whom.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
}

/// By which rules a session was looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Rules {
    /// Digest of the rule set.
    pub set: String,
    /// The worst that was found, where anything was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub highest: Option<String>,
    /// How many findings there are.
    pub findings: u64,
}

/// Somebody opened a session, or left it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct View {
    /// [`FORMAT`]; a reader refuses a later one.
    pub format: u32,
    /// The session.
    pub session_id: String,
    /// The reader's ARN.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reader: Option<String>,
    /// User name at the reader's machine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// The reader's machine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// When, by the reader's clock, RFC 3339 in UTC.
    pub at: String,
    /// The command that shows it.
    pub command: String,
    /// Version of ssm-rec.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_version: Option<String>,
    /// Of which opening this tells the end: SHA-256 of the bytes of that view.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub opened: Option<String>,
    /// What was shown of it, as in [`Review::watched`].
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub watched: Vec<[u64; 2]>,
}

impl Review {
    /// One line of JSON without its line end: the bytes that are signed.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        encode(self)
    }

    /// Reads a review. Keys that this version does not know are passed over.
    ///
    /// # Errors
    /// Too long, not JSON, or of a later format.
    pub fn parse(json: &[u8]) -> Result<Self, Error> {
        let review: Self = parse(json)?;
        match review.format {
            FORMAT => Ok(review),
            other => Err(Error::Format(other)),
        }
    }
}

impl View {
    /// One line of JSON without its line end.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        encode(self)
    }

    /// Reads a view.
    ///
    /// # Errors
    /// Too long, not JSON, or of a later format.
    pub fn parse(json: &[u8]) -> Result<Self, Error> {
        let view: Self = parse(json)?;
        match view.format {
            FORMAT => Ok(view),
            other => Err(Error::Format(other)),
        }
    }
}

fn encode(value: &impl Serialize) -> Vec<u8> {
    // Strings, numbers and lists: nothing in them can fail to serialize.
    serde_json::to_vec(value).unwrap_or_default()
}

fn parse<'a, T: Deserialize<'a>>(json: &'a [u8]) -> Result<T, Error> {
    if json.len() > MAX_REVIEW {
        return Err(Error::TooLong(json.len()));
    }
    let value = serde_json::from_slice(json).map_err(Error::Json)?;
    match has_doubled_keys(json) {
        true => Err(Error::Doubled),
        false => Ok(value),
    }
}

/// What a follow-up is closed by: eight digits of the digest of the review it stands in, a dot, and its number there, from 1.
#[must_use]
pub fn follow_up_name(review: &str, number: usize) -> String {
    format!("{}.{number}", review.get(..8).unwrap_or(review))
}

/// Why something is no review, or no view.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// In bytes.
    #[error("{0} bytes are longer than the limit of {MAX_REVIEW}")]
    TooLong(usize),
    /// Not JSON, or not of the right shape.
    #[error("it does not read: {0}")]
    Json(serde_json::Error),
    /// One reader would take the first, another the last.
    #[error("it has a key that stands twice")]
    Doubled,
    /// From a later version of ssm-rec, or nothing of the kind.
    #[error("it has format {0}, only {FORMAT} is known")]
    Format(u32),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_review_is_one_line_and_reads_back() {
        let review = Review {
            format: FORMAT,
            session_id: "s-1".into(),
            manifest: digest(b"manifest"),
            verdict: Verdict::FollowUp,
            at: "2026-11-29T10:00:00Z".into(),
            notes: vec![Note {
                at_ms: Some(723_000),
                text: "line\nbreak".into(),
            }],
            follow_ups: vec![FollowUp {
                text: "ask".into(),
                owner: Some("lead".into()),
            }],
            watched: vec![[0, 5000]],
            ..Review::default()
        };
        let json = review.encode();
        assert!(!json.contains(&b'\n'));
        assert!(json.starts_with(br#"{"format":1,"session_id":"s-1","manifest":""#));
        assert_eq!(Review::parse(&json).unwrap(), review);
        assert_eq!(follow_up_name(&digest(b"x"), 2).len(), 10);
    }

    #[test]
    fn a_view_reads_back() {
        let view = View {
            format: FORMAT,
            session_id: "s-1".into(),
            command: "play".into(),
            ..View::default()
        };
        assert_eq!(View::parse(&view.encode()).unwrap(), view);
    }

    #[test]
    fn what_is_later_doubled_or_none_is_refused_and_a_word_of_another_version_stays() {
        assert!(matches!(
            Review::parse(br#"{"format":2,"verdict":"ok"}"#),
            Err(Error::Format(2))
        ));
        assert!(matches!(Review::parse(b"{}"), Err(Error::Format(0))));
        assert!(Review::parse(br#"{"format":1,"verdict":"ok","verdict":"incident"}"#).is_err());
        let later = Review::parse(br#"{"format":1,"verdict":"maybe"}"#).unwrap();
        assert_eq!(later.verdict, Verdict::Other("maybe".into()));
        for (word, verdict) in [
            ("ok", Verdict::Ok),
            ("follow-up", Verdict::FollowUp),
            ("incident", Verdict::Incident),
        ] {
            let json = format!(r#"{{"format":1,"verdict":"{word}"}}"#);
            assert_eq!(Review::parse(json.as_bytes()).unwrap().verdict, verdict);
            assert_eq!(verdict.to_string(), word);
        }
    }
}
