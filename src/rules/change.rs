//! What somebody says of a rule: a new one, or another word on one that is shipped.
//!
//! Nothing here knows where it was said, and what is not said stays as it is.

use super::look::compiled;
use super::rule::{Fact, Find, Hours, LooksAt, Rule, Severity};

/// What is said of a rule.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// Which rule.
    pub id: String,
    /// Whether it is asked at all.
    pub on: Option<bool>,
    /// As [`Rule::name`].
    pub name: Option<String>,
    /// As [`Rule::severity`].
    pub severity: Option<Severity>,
    /// As [`Rule::looks_at`].
    pub looks_at: Option<LooksAt>,
    /// What it looks for; of the fact `no-ticket`, what a reason has in it.
    pub pattern: Option<String>,
    /// A text with this in it is none.
    pub unless: Option<String>,
    /// The fact that it looks for.
    pub fact: Option<String>,
    /// Of the fact `outside-hours`.
    pub hours: Option<String>,
    /// Of the fact `outside-hours`.
    pub days: Option<String>,
    /// Of the fact `outside-hours`.
    pub zone: Option<String>,
    /// Of the fact `opaque`.
    pub minutes: Option<u64>,
    /// Of the fact `base64`.
    pub lines: Option<u64>,
    /// As [`Rule::secret`].
    pub secret: Option<bool>,
    /// As [`Rule::explanation`].
    pub explanation: Option<String>,
    /// As [`Rule::references`].
    pub references: Option<Vec<String>>,
}

/// Why it makes no rule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{expected}")]
pub struct Mistaken {
    /// The key that is wrong, or missing.
    pub key: &'static str,
    /// What it should be, in words that follow "expected".
    pub expected: String,
}

fn mistaken(key: &'static str, expected: impl Into<String>) -> Mistaken {
    Mistaken {
        key,
        expected: expected.into(),
    }
}

/// Whether a rule may be called so.
#[must_use]
pub fn is_id(text: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    !text.is_empty()
        && text.len() <= 64
        && text.chars().all(is_plain)
        && !text.starts_with('-')
        && !text.ends_with('-')
}

impl Change {
    /// The rule that comes of it; `before` is the one that it speaks of, where that is shipped.
    ///
    /// # Errors
    /// Something is missing, or does not go together.
    pub fn on(&self, before: Option<&Rule>) -> Result<Rule, Mistaken> {
        if !is_id(&self.id) {
            return Err(mistaken("id", "lower-case letters, digits and dashes"));
        }
        let severity = self
            .severity
            .or(before.map(|rule| rule.severity))
            .ok_or_else(|| mistaken("severity", "info, low, medium, high or critical"))?;
        let find = self.find(before)?;
        let looks_at = match &find {
            Find::Fact(_) => LooksAt::Session,
            Find::Pattern { .. } => self
                .looks_at
                .or(before.map(|rule| rule.looks_at))
                .ok_or_else(|| {
                    mistaken(
                        "looks_at",
                        "\"commands\", \"lines\", \"input\", \"connections\" or \"session\"",
                    )
                })?,
        };
        let text = |said: &Option<String>, before: Option<&String>, other: &str| {
            said.clone()
                .or_else(|| before.cloned())
                .unwrap_or_else(|| other.to_owned())
        };
        Ok(Rule {
            id: self.id.clone(),
            name: text(&self.name, before.map(|rule| &rule.name), &self.id),
            severity,
            looks_at,
            find,
            secret: self
                .secret
                .unwrap_or(before.is_some_and(|rule| rule.secret)),
            explanation: text(&self.explanation, before.map(|rule| &rule.explanation), ""),
            references: self
                .references
                .clone()
                .or_else(|| before.map(|rule| rule.references.clone()))
                .unwrap_or_default(),
        })
    }

    fn find(&self, before: Option<&Rule>) -> Result<Find, Mistaken> {
        let before = before.map(|rule| &rule.find);
        let fact = match (&self.fact, before) {
            (Some(name), _) => {
                Some(Fact::named(name).ok_or_else(|| mistaken("fact", Fact::NAMES.join(", ")))?)
            }
            (None, Some(Find::Fact(fact))) => Some(fact.clone()),
            (None, _) => None,
        };
        for (key, is_said, of) in [
            ("hours", self.hours.is_some(), "outside-hours"),
            ("days", self.days.is_some(), "outside-hours"),
            ("zone", self.zone.is_some(), "outside-hours"),
            ("minutes", self.minutes.is_some(), "opaque"),
            ("lines", self.lines.is_some(), "base64"),
        ] {
            if is_said && fact.as_ref().is_none_or(|fact| fact.name() != of) {
                return Err(mistaken(key, format!("it only with the fact {of:?}")));
            }
        }
        for (key, pattern) in [("pattern", &self.pattern), ("unless", &self.unless)] {
            if let Some(pattern) = pattern {
                compiled(pattern).map_err(|error| mistaken(key, why(&error)))?;
            }
        }
        let Some(fact) = fact else {
            let (was, was_unless) = match before {
                Some(Find::Pattern { pattern, unless }) => (Some(pattern), unless.as_ref()),
                _ => (None, None),
            };
            let pattern = self
                .pattern
                .as_ref()
                .or(was)
                .ok_or_else(|| mistaken("pattern", "a regular expression, or a fact"))?;
            return Ok(Find::Pattern {
                pattern: pattern.clone(),
                unless: self.unless.as_ref().or(was_unless).cloned(),
            });
        };
        if self
            .looks_at
            .is_some_and(|looks_at| looks_at != LooksAt::Session)
        {
            return Err(mistaken("looks_at", "\"session\" for a fact"));
        }
        if self.unless.is_some() {
            return Err(mistaken("unless", "it only with a pattern"));
        }
        Ok(Find::Fact(match fact {
            Fact::NoTicket(was) => Fact::NoTicket(self.pattern.clone().or(was)),
            _ if self.pattern.is_some() => {
                return Err(mistaken("pattern", "it only with the fact \"no-ticket\""));
            }
            Fact::OutsideHours(was) => Fact::OutsideHours(match &self.hours {
                Some(hours) => Some(
                    Hours::parse(hours, self.days.as_deref(), self.zone.as_deref()).map_err(
                        |key| {
                            let expected = match key {
                                "hours" => "hours such as \"07:00-19:00\"",
                                "days" => "days such as \"mon-fri\" or \"mon,wed\"",
                                _ => "\"UTC\" or minutes east of it such as \"+02:00\"",
                            };
                            mistaken(key, expected)
                        },
                    )?,
                ),
                None if self.days.is_some() || self.zone.is_some() => {
                    return Err(mistaken("hours", "hours such as \"07:00-19:00\""));
                }
                None => was,
            }),
            Fact::Opaque(was) => Fact::Opaque(self.minutes.unwrap_or(was)),
            Fact::Base64(was) => Fact::Base64(self.lines.unwrap_or(was).max(1)),
            other => other,
        }))
    }
}

/// The last line says it, those before show where.
fn why(error: &regex::Error) -> String {
    let text = error.to_string();
    let last = text.lines().last().unwrap_or_default();
    let last = last.trim_start_matches("error: ");
    format!("a regular expression: {last}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(id: &str) -> Change {
        Change {
            id: id.to_owned(),
            ..Change::default()
        }
    }

    #[test]
    fn what_is_missing_or_does_not_go_together_is_named() {
        let high = Change {
            severity: Some(Severity::High),
            ..change("own")
        };
        let pattern = Change {
            pattern: Some("x".into()),
            ..high.clone()
        };
        let fact = |name: &str| Change {
            fact: Some(name.into()),
            ..high.clone()
        };
        for (change, key) in [
            (change("Own"), "id"),
            (change("own"), "severity"),
            (high.clone(), "pattern"),
            (pattern.clone(), "looks_at"),
            (fact("nonsense"), "fact"),
            (
                Change {
                    pattern: Some("(".into()),
                    ..high.clone()
                },
                "pattern",
            ),
            (
                Change {
                    pattern: Some("x{1000}{1000}".into()),
                    ..high.clone()
                },
                "pattern",
            ),
            (
                Change {
                    minutes: Some(3),
                    ..fact("cut")
                },
                "minutes",
            ),
            (
                Change {
                    pattern: Some("x".into()),
                    ..fact("cut")
                },
                "pattern",
            ),
            (
                Change {
                    looks_at: Some(LooksAt::Lines),
                    ..fact("cut")
                },
                "looks_at",
            ),
            (
                Change {
                    hours: Some("7-19".into()),
                    ..fact("outside-hours")
                },
                "hours",
            ),
            (
                Change {
                    zone: Some("UTC".into()),
                    ..fact("outside-hours")
                },
                "hours",
            ),
        ] {
            assert_eq!(change.on(None).unwrap_err().key, key, "{change:?}");
        }
        let own = Change {
            looks_at: Some(LooksAt::Lines),
            ..pattern
        }
        .on(None)
        .unwrap();
        let louder = Change {
            severity: Some(Severity::Critical),
            ..change("own")
        };
        let louder = louder.on(Some(&own)).unwrap();
        assert_eq!(louder.find, own.find);
        assert_eq!(louder.severity, Severity::Critical);
    }
}
