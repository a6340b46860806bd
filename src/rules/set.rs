//! A set of rules, ready to be asked, and the digest that says which rules they are.
//!
//! Nothing here remembers what was found.

use sha2::{Digest as _, Sha256};

use super::change::{Change, Mistaken};
use super::defaults;
use super::look::{Asked, Look};
use super::rule::{Find, LooksAt, Rule};
use super::shell;

/// How texts are made of commands, and facts of sessions; whoever changes what the same rules find raises it.
const EVALUATOR: u32 = 1;
/// So many rules may be in force.
const MOST: usize = 1000;

/// Rules in force.
#[derive(Debug)]
pub struct RuleSet {
    /// Sorted by their ids.
    pub(super) rules: Vec<Rule>,
    pub(super) commands: Look,
    pub(super) lines: Look,
    pub(super) input: Look,
    pub(super) connections: Look,
    pub(super) session: Look,
    digest: String,
}

/// A rule that is known, whether it is asked or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The rule.
    pub rule: Rule,
    /// Whether it is asked.
    pub is_on: bool,
    /// It is shipped.
    pub is_default: bool,
    /// The changes that made it what it is, by their places in the list.
    pub changes: Vec<usize>,
}

/// Why there is no set.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A change makes no rule.
    #[error("rule {id:?}: {key} is wrong, expected {expected}", key = mistaken.key, expected = mistaken.expected)]
    Mistaken {
        /// The rule.
        id: String,
        /// What is wrong.
        mistaken: Mistaken,
    },
    /// They take too much memory together.
    #[error("the rules are too large together: {0}")]
    TooLarge(#[from] regex::Error),
    /// More than can be in force.
    #[error("{0} rules are more than the {MOST} that can be in force")]
    TooMany(usize),
}

/// Every rule that is known, sorted by id: what is shipped, and what the changes make of it, in their order.
///
/// # Errors
/// A change makes no rule.
pub fn listed(changes: &[Change]) -> Result<Vec<Listed>, Error> {
    let default = |rule| Listed {
        rule,
        is_on: true,
        is_default: true,
        changes: Vec::new(),
    };
    let mut all: Vec<Listed> = defaults::rules().map(default).collect();
    for (number, change) in changes.iter().enumerate() {
        let at = all.iter().position(|listed| listed.rule.id == change.id);
        let rule = change.on(at.map(|at| &all[at].rule));
        let rule = rule.map_err(|mistaken| Error::Mistaken {
            id: change.id.clone(),
            mistaken,
        })?;
        let at = at.unwrap_or_else(|| {
            all.push(Listed {
                is_default: false,
                ..default(rule.clone())
            });
            all.len() - 1
        });
        all[at].rule = rule;
        all[at].is_on = change.on.unwrap_or(all[at].is_on);
        all[at].changes.push(number);
    }
    all.sort_by(|a, b| a.rule.id.cmp(&b.rule.id));
    Ok(all)
}

impl RuleSet {
    /// The version of the rules that are shipped.
    pub const VERSION: u32 = defaults::VERSION;

    /// The rules that are shipped.
    ///
    /// # Errors
    /// None, as tests show.
    pub fn shipped() -> Result<Self, Error> {
        Self::new(&[])
    }

    /// What is shipped, with these changes in their order.
    ///
    /// # Errors
    /// A change makes no rule, or there are too many.
    pub fn new(changes: &[Change]) -> Result<Self, Error> {
        let on = listed(changes)?.into_iter().filter(|listed| listed.is_on);
        Self::of(on.map(|listed| listed.rule).collect())
    }

    /// These rules and no others.
    ///
    /// # Errors
    /// There are too many, or a pattern does not compile.
    pub fn of(mut rules: Vec<Rule>) -> Result<Self, Error> {
        if rules.len() > MOST {
            return Err(Error::TooMany(rules.len()));
        }
        rules.sort_by(|a, b| a.id.cmp(&b.id));
        let look = |looks_at: LooksAt| {
            let asked = rules
                .iter()
                .enumerate()
                .filter_map(|(number, rule)| match &rule.find {
                    Find::Pattern { pattern, unless } if rule.looks_at == looks_at => Some(Asked {
                        number,
                        pattern,
                        unless: unless.as_deref(),
                    }),
                    _ => None,
                });
            Look::new(&asked.collect::<Vec<_>>())
        };
        Ok(Self {
            commands: look(LooksAt::Commands)?,
            lines: look(LooksAt::Lines)?,
            input: look(LooksAt::Input)?,
            connections: look(LooksAt::Connections)?,
            session: look(LooksAt::Session)?,
            digest: digest(&rules),
            rules,
        })
    }

    /// SHA-256 over all that the rules are, 64 hexadecimal digits.
    #[must_use]
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// The rules, sorted by their ids.
    #[must_use]
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// The rules that hit a command; `context` is what read it, the innermost last. The second half tells that there was more
    /// of it than is looked at.
    pub fn of_command<S: AsRef<str>>(&self, text: &str, context: &[S]) -> (Vec<usize>, bool) {
        let texts = shell::texts(text, context);
        let mut hits = Vec::new();
        for text in &texts.texts {
            self.commands.hits(text, |number| {
                if !hits.contains(&number) {
                    hits.push(number);
                }
            });
        }
        hits.sort_unstable();
        (hits, texts.is_cut)
    }

    /// Whether a rule hits a text of the kind that it looks at, of a command without its context.
    #[must_use]
    pub fn hits(&self, id: &str, text: &str, context: &[&str]) -> bool {
        let Some(number) = self.rules.iter().position(|rule| rule.id == id) else {
            return false;
        };
        let look = match self.rules[number].looks_at {
            LooksAt::Commands => return self.of_command(text, context).0.contains(&number),
            LooksAt::Lines => &self.lines,
            LooksAt::Input => &self.input,
            LooksAt::Connections => &self.connections,
            LooksAt::Session => &self.session,
        };
        let mut is_hit = false;
        look.hits(text, |hit| is_hit |= hit == number);
        is_hit
    }
}

/// Over one line of JSON a rule, keys in the order of the fields.
fn digest(rules: &[Rule]) -> String {
    let mut digest = Sha256::new();
    digest.update(format!("ssm-rec rules, evaluator {EVALUATOR}\n"));
    for rule in rules {
        // Strings and numbers: nothing in them can fail to serialize.
        digest.update(serde_json::to_vec(rule).unwrap_or_default());
        digest.update(b"\n");
    }
    let bytes = digest.finalize();
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::super::rule::Severity;
    use super::*;

    fn change(id: &str) -> Change {
        Change {
            id: id.to_owned(),
            ..Change::default()
        }
    }

    #[test]
    fn a_change_switches_a_default_off_or_makes_it_louder_and_adds_a_rule() {
        let changes = [
            Change {
                on: Some(false),
                ..change("history-off")
            },
            Change {
                severity: Some(Severity::Critical),
                ..change("user-added")
            },
            Change {
                severity: Some(Severity::Low),
                looks_at: Some(LooksAt::Commands),
                pattern: Some("^frobnicate ".into()),
                ..change("own")
            },
        ];
        let shipped = RuleSet::shipped().unwrap();
        let set = RuleSet::new(&changes).unwrap();
        assert_ne!(set.digest(), shipped.digest());
        assert_eq!(set.rules().len(), shipped.rules().len());
        assert!(set.hits("own", "sudo /opt/frobnicate x", &[]));
        assert!(shipped.hits("history-off", "unset HISTFILE", &[]));
        assert!(!set.hits("history-off", "unset HISTFILE", &[]));
        let listed = listed(&changes).unwrap();
        let of = |id: &str| listed.iter().find(|listed| listed.rule.id == id).unwrap();
        assert!(!of("history-off").is_on && of("history-off").changes == [0]);
        assert_eq!(of("user-added").rule.severity, Severity::Critical);
        assert!(!of("own").is_default);
    }

    #[test]
    fn the_same_rules_have_the_same_digest_in_whatever_order() {
        let mut rules = RuleSet::shipped().unwrap().rules().to_vec();
        let one = RuleSet::of(rules.clone()).unwrap();
        rules.reverse();
        let other = RuleSet::of(rules.clone()).unwrap();
        assert_eq!(one.digest(), other.digest());
        assert_eq!(one.digest(), RuleSet::shipped().unwrap().digest());
        rules[0].name.push('!');
        assert_ne!(RuleSet::of(rules).unwrap().digest(), one.digest());
    }

    #[test]
    fn a_change_that_makes_no_rule_is_told() {
        let error = RuleSet::new(&[change("nosuch")]).unwrap_err();
        assert!(
            error.to_string().starts_with("rule \"nosuch\": severity"),
            "{error}"
        );
    }
}
