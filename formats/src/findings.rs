//! What rules found in a session, as a manifest tells it: which rules, how grave, how often, since when.
//!
//! Nothing here judges, and no text of the session is in it. In a manifest it is the client's claim: whoever doubts evaluates
//! the recording again.

use serde::{Deserialize, Serialize};

use crate::derived::Millis;

/// What a set of rules found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Findings {
    /// SHA-256 of the rules that were asked, 64 hexadecimal digits.
    pub set: String,
    /// The version of the rules that are shipped.
    pub version: u32,
    /// What was found, the gravest first; rules that found nothing are not named.
    pub findings: Vec<Finding>,
    /// Texts that were longer than is looked at.
    #[serde(skip_serializing_if = "is_zero")]
    pub cut: u64,
}

/// What one rule found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Finding {
    /// The rule's id.
    pub rule: String,
    /// How grave it is.
    pub severity: Severity,
    /// How often it was found.
    pub count: u64,
    /// When it was found first, where that is a moment of the session.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first: Option<Millis>,
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl Findings {
    /// How grave the gravest of them is.
    #[must_use]
    pub fn highest(&self) -> Option<Severity> {
        self.findings.iter().map(|finding| finding.severity).max()
    }
}

/// How grave something is, from the least to the gravest.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(from = "String", into = "&'static str")]
pub enum Severity {
    /// Worth knowing.
    #[default]
    Info,
    /// Seldom anything.
    Low,
    /// Worth a look.
    Medium,
    /// To be looked at by somebody.
    High,
    /// To be looked at by somebody now.
    Critical,
    /// A word of another version, which counts for more than any that is known.
    Unknown,
}

impl Severity {
    /// Those that a rule can have.
    pub const ALL: [Self; 5] = [
        Self::Info,
        Self::Low,
        Self::Medium,
        Self::High,
        Self::Critical,
    ];

    /// As it is written.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
            Self::Unknown => "unknown",
        }
    }

    /// The one of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|severity| severity.name() == name)
    }
}

impl From<String> for Severity {
    fn from(name: String) -> Self {
        Self::named(&name).unwrap_or(Self::Unknown)
    }
}

impl From<Severity> for &'static str {
    fn from(severity: Severity) -> Self {
        severity.name()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_read_as_they_are_written_and_a_later_word_is_no_failure() {
        let json = r#"{"set":"ab","version":1,"findings":[{"rule":"x","severity":"high","count":2,"first":7},{"rule":"y","severity":"low","count":1}]}"#;
        let findings: Findings = serde_json::from_str(json).unwrap();
        assert_eq!(serde_json::to_string(&findings).unwrap(), json);
        assert_eq!(findings.highest(), Some(Severity::High));
        let later = json.replace("high", "apocalyptic");
        let findings: Findings = serde_json::from_str(&later).unwrap();
        assert_eq!(findings.highest(), Some(Severity::Unknown));
        assert_eq!(Findings::default().highest(), None);
    }
}
