//! The reason for a session: whether one is needed, whether the one given will do.
//!
//! Nothing here starts a session or asks anybody.

use regex::Regex;

/// The service takes 1 to 256 characters (StartSession, `Reason`).
const LONGEST: usize = 256;

/// What the organisation wants of a reason.
#[derive(Clone, Debug, Default)]
pub(crate) struct ReasonRule {
    /// No session without one.
    pub(crate) required: bool,
    /// Must be found in the reason; anchors bind it to the ends.
    pub(crate) pattern: Option<Regex>,
    /// What a good reason looks like, in the organisation's words.
    pub(crate) hint: Option<String>,
}

/// What to do about the reason now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Go on, with this reason or none.
    Use(Option<String>),
    /// Ask the person who sits at the terminal.
    Ask,
    /// End here.
    Refuse(Error),
}

/// Why a reason will not do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Error {
    /// None was given.
    #[error("the organisation's policy wants a reason for every session")]
    Missing,
    /// Nothing but blanks.
    #[error("the reason is empty")]
    Empty,
    /// More than the service takes.
    #[error("the reason has {length} characters; the service takes at most {LONGEST}")]
    TooLong { length: usize },
    /// A line end or another control character.
    #[error("the reason holds a control character")]
    Control,
    /// Not what the policy asks for.
    #[error("the reason {reason:?} does not match the organisation's pattern {pattern:?}")]
    Pattern { reason: String, pattern: String },
}

impl ReasonRule {
    /// Settles the reason from what was given with `--reason`, and from whether a person is there to be asked.
    pub(crate) fn settle(&self, given: Option<&str>, terminal: bool) -> Step {
        match given {
            Some(given) => match self.check(given) {
                Ok(reason) => Step::Use(Some(reason)),
                Err(error) => Step::Refuse(error),
            },
            None if !self.required => Step::Use(None),
            None if terminal => Step::Ask,
            None => Step::Refuse(Error::Missing),
        }
    }

    /// The reason without the blanks around it.
    ///
    /// # Errors
    /// The service or the policy would refuse it.
    pub(crate) fn check(&self, given: &str) -> Result<String, Error> {
        let reason = given.trim();
        let length = reason.chars().count();
        if length == 0 {
            return Err(Error::Empty);
        }
        if length > LONGEST {
            return Err(Error::TooLong { length });
        }
        if reason.chars().any(char::is_control) {
            return Err(Error::Control);
        }
        match &self.pattern {
            Some(pattern) if !pattern.is_match(reason) => Err(Error::Pattern {
                reason: reason.to_owned(),
                pattern: pattern.as_str().to_owned(),
            }),
            _ => Ok(reason.to_owned()),
        }
    }

    /// What to tell a person whose reason will not do.
    pub(crate) fn advice(&self) -> String {
        match &self.hint {
            Some(hint) => hint.clone(),
            None => "say why with --reason".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(required: bool, pattern: Option<&str>) -> ReasonRule {
        ReasonRule {
            required,
            pattern: pattern.map(|pattern| Regex::new(pattern).unwrap()),
            hint: Some("begin with the change, CHG-1234".to_owned()),
        }
    }

    #[test]
    fn a_reason_is_used_asked_for_or_refused() {
        let chg = Some("^CHG-[0-9]+");
        for (required, pattern, given, terminal, expected) in [
            (false, None, None, false, Step::Use(None)),
            (false, None, None, true, Step::Use(None)),
            (
                false,
                None,
                Some(" disk full "),
                false,
                Step::Use(Some("disk full".to_owned())),
            ),
            (false, None, Some("  "), true, Step::Refuse(Error::Empty)),
            (true, None, None, true, Step::Ask),
            (true, None, None, false, Step::Refuse(Error::Missing)),
            (
                true,
                chg,
                Some("CHG-7 disk"),
                false,
                Step::Use(Some("CHG-7 disk".to_owned())),
            ),
            (false, chg, None, true, Step::Use(None)),
            (
                true,
                chg,
                Some("disk"),
                true,
                Step::Refuse(Error::Pattern {
                    reason: "disk".to_owned(),
                    pattern: "^CHG-[0-9]+".to_owned(),
                }),
            ),
            (
                false,
                None,
                Some("a\nb"),
                true,
                Step::Refuse(Error::Control),
            ),
        ] {
            assert_eq!(
                rule(required, pattern).settle(given, terminal),
                expected,
                "{given:?}"
            );
        }
    }

    #[test]
    fn a_reason_has_at_most_256_characters_whatever_their_bytes() {
        let any = ReasonRule::default();
        assert!(any.check(&"é".repeat(256)).is_ok());
        assert_eq!(
            any.check(&"é".repeat(257)),
            Err(Error::TooLong { length: 257 })
        );
    }
}
