//! A kept audit: what happened in a period by the provider's own word, what of it was recorded, and who was asked. JSON, one
//! object, signed as it stands.
//!
//! Nothing here judges. One audit names the one before it by its digest, so that none is taken out of the row unseen.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What this version writes in [`Snapshot::format`].
pub const FORMAT: u32 = 1;
/// The longest one taken.
pub const MAX_SNAPSHOT: usize = 256 * 1024 * 1024;

/// A kept audit. Times are RFC 3339 in UTC.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Snapshot {
    /// [`FORMAT`]; a reader refuses a later one.
    pub format: u32,
    /// What made it: `ssm-rec` and a version.
    pub made_by: String,
    /// When it was asked.
    pub asked_at: String,
    /// Sessions that began from here on.
    pub since: String,
    /// And before here.
    pub until: String,
    /// How long a recording could wait.
    pub grace_seconds: i64,
    /// How far clocks could differ.
    pub clock_tolerance_seconds: i64,
    /// The audit before this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub previous: Option<Previous>,
    /// Everybody answered, for all of the period.
    pub complete: bool,
    /// Something was not on record, or not what it should be.
    pub holes: bool,
    /// How many sessions were in each state.
    pub states: BTreeMap<String, u64>,
    /// How many had each mark.
    pub marks: BTreeMap<String, u64>,
    /// How many breaks of each kind the rows of manifests had.
    pub breaks: BTreeMap<String, u64>,
    /// Who was asked.
    pub sources: Vec<Source>,
    /// Every session of the period, by its start.
    pub sessions: Vec<Line>,
}

/// The audit before.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Previous {
    /// Its key.
    pub key: String,
    /// SHA-256 of its bytes, 64 hexadecimal digits.
    pub digest: String,
}

/// One who was asked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Source {
    /// `service`, `trail` or `snapshot`.
    pub witness: String,
    /// A profile, a folder, a bucket, a key.
    pub name: String,
    /// Of which account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// Of which region.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Since when it told.
    pub from: String,
    /// Until when.
    pub until: String,
    /// Of how many sessions it told.
    pub sessions: u64,
    /// Why it did not tell all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
}

/// One session.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Line {
    /// Its id.
    pub session_id: String,
    /// `recorded`, `pending`, `not_recorded`, `gone`, `never_opened`, `not_in_history`, `not_asked`.
    pub state: String,
    /// The history told of it.
    pub in_history: bool,
    /// An instance, a managed node or a container.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// The ARN of whoever started it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operator: Option<String>,
    /// Name of the session document.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub document: Option<String>,
    /// Why it was opened.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// AWS account number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// AWS region.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// When it began.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start: Option<String>,
    /// When it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end: Option<String>,
    /// The names of its marks.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub marks: Vec<String>,
    /// The names of the verdicts that lay beside it, as they stand in keys below `reviews/<session-id>/`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reviews: Vec<String>,
}

impl Snapshot {
    /// The bytes that are signed.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        // Strings, numbers and lists: nothing in them can fail to serialize.
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// Reads one. Keys that this version does not know are passed over.
    ///
    /// # Errors
    /// Too long, not JSON, or of a later format.
    pub fn parse(json: &[u8]) -> Result<Self, Error> {
        if json.len() > MAX_SNAPSHOT {
            return Err(Error::TooLong(json.len()));
        }
        let snapshot: Self = serde_json::from_slice(json)?;
        match snapshot.format {
            FORMAT => Ok(snapshot),
            other => Err(Error::Format(other)),
        }
    }
}

/// Why something is no kept audit.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// In bytes.
    #[error("audit of {0} bytes is longer than the limit of {MAX_SNAPSHOT}")]
    TooLong(usize),
    /// Not JSON, or not of the right shape.
    #[error("audit does not read: {0}")]
    Json(#[from] serde_json::Error),
    /// From a later version of ssm-rec, or no audit at all.
    #[error("audit has format {0}, only {FORMAT} is known")]
    Format(u32),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_audit_reads_back_and_a_later_one_is_refused() {
        let snapshot = Snapshot {
            format: FORMAT,
            asked_at: "2026-11-23T10:00:00Z".into(),
            previous: Some(Previous::default()),
            sources: vec![Source::default()],
            sessions: vec![Line {
                session_id: "s-1".into(),
                marks: vec!["cut".into()],
                ..Line::default()
            }],
            ..Snapshot::default()
        };
        assert_eq!(Snapshot::parse(&snapshot.encode()).unwrap(), snapshot);
        assert!(matches!(
            Snapshot::parse(br#"{"format":2}"#),
            Err(Error::Format(2))
        ));
        assert!(Snapshot::parse(b"{}").is_err() && Snapshot::parse(b"[").is_err());
    }
}
