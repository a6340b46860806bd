//! A session looked at by all rules as it goes by.
//!
//! Nothing grows with the session: of each rule so many hits are kept, and the others counted.

use std::ops::Deref;

use formats::derived::{Command, Line, Millis};
use formats::findings::{Finding, Findings, Severity};

use super::facts::{Session, Spans, connection, is_base64, told};
use super::rule::{Fact, Find, LooksAt, Rule};
use super::set::RuleSet;

/// No more of a line is looked at, in bytes.
const LONGEST_LINE: usize = 64 * 1024;
/// So many hits of a rule are kept.
const KEPT: usize = 20;
/// So much of a text is kept, in characters.
const EXCERPT: usize = 200;
/// What stands in the place of a secret.
const SECRET: &str = "(a secret, which is not repeated here)";

/// A session that is being looked at.
#[derive(Debug)]
pub struct Evaluation<S> {
    set: S,
    found: Vec<Tally>,
    cut: u64,
    typed: String,
    /// When the other screen was shown.
    other: Spans,
    base64: Base64,
}

#[derive(Clone, Debug, Default)]
struct Tally {
    count: u64,
    first: Option<Millis>,
    hits: Vec<Hit>,
}

/// Lines that are nothing but base64, one behind the other.
#[derive(Debug, Default)]
struct Base64 {
    lines: u64,
    since: Millis,
    longest: u64,
    longest_since: Millis,
}

/// Where a rule hit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// When.
    pub at: Millis,
    /// What it hit.
    pub looks_at: LooksAt,
    /// The number of the command.
    pub command: Option<u64>,
    /// The beginning of the text, as it is.
    pub text: String,
}

/// What one rule found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The rule's id.
    pub rule: String,
    /// What it finds, in a few words.
    pub name: String,
    /// How grave that is.
    pub severity: Severity,
    /// It looks at the session, and what it found is told without a word of what was shown.
    pub is_of_manifest: bool,
    /// How often.
    pub count: u64,
    /// The first moment.
    pub first: Option<Millis>,
    /// The first of them.
    pub hits: Vec<Hit>,
}

/// What a set of rules found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The set's digest.
    pub set: String,
    /// What was found, the gravest first.
    pub found: Vec<Found>,
    /// Texts that were longer than is looked at.
    pub cut: u64,
}

impl Verdict {
    /// How grave the gravest is.
    #[must_use]
    pub fn highest(&self) -> Option<Severity> {
        self.found.iter().map(|found| found.severity).max()
    }

    /// As a manifest tells it. Where only some may read the recording, it has nothing that is not in the manifest anyway.
    #[must_use]
    pub fn claim(&self, is_sealed: bool) -> Findings {
        let findings = self
            .found
            .iter()
            .filter(|found| !is_sealed || found.is_of_manifest)
            .map(|found| Finding {
                rule: found.rule.clone(),
                severity: found.severity,
                count: found.count,
                first: found.first,
            });
        Findings {
            set: self.set.clone(),
            version: RuleSet::VERSION,
            findings: findings.collect(),
            cut: if is_sealed { 0 } else { self.cut },
        }
    }
}

impl<S: Deref<Target = RuleSet>> Evaluation<S> {
    /// Nothing was seen yet.
    pub fn new(set: S) -> Self {
        Self {
            found: vec![Tally::default(); set.rules.len()],
            set,
            cut: 0,
            typed: String::new(),
            other: Spans::default(),
            base64: Base64::default(),
        }
    }

    /// Takes a line, in the order in which they leave the screen.
    pub fn line(&mut self, line: &Line) {
        if line.other {
            self.other.add(line.first, line.last);
        } else {
            self.base64.line(line.first, &line.text);
        }
        let text = self.short(&line.text);
        let found = &mut self.found;
        let rules = &self.set.rules;
        self.set.lines.hits(text, |number| {
            let text = told_of(&rules[number], text);
            found[number].hit(line.first, LooksAt::Lines, None, text);
        });
        if line.other
            && let Some(typed) = behind_prompt(text)
        {
            for number in self.set.of_command::<&str>(typed, &[]).0 {
                let text = told_of(&self.set.rules[number], typed);
                self.found[number].hit(line.first, LooksAt::Lines, None, text);
            }
        }
    }

    /// Takes a command, in their order.
    pub fn command(&mut self, command: &Command) {
        let (hits, is_cut) = self.set.of_command(&command.text, &command.context);
        self.cut += u64::from(is_cut);
        for number in hits {
            let number_of = Some(command.number);
            let text = told_of(&self.set.rules[number], &command.text);
            self.found[number].hit(command.start, LooksAt::Commands, number_of, text);
        }
    }

    /// Takes what was typed.
    pub fn input(&mut self, at: Millis, keys: &str) {
        if self.set.input.is_empty() {
            return;
        }
        for key in keys.chars() {
            match key {
                '\r' | '\n' => {
                    let typed = std::mem::take(&mut self.typed);
                    let found = &mut self.found;
                    let rules = &self.set.rules;
                    self.set.input.hits(&typed, |number| {
                        let text = told_of(&rules[number], &typed);
                        found[number].hit(at, LooksAt::Input, None, text);
                    });
                }
                '\u{8}' | '\u{7f}' => drop(self.typed.pop()),
                key if key.is_control() => {}
                key if self.typed.len() < LONGEST_LINE => self.typed.push(key),
                _ => {}
            }
        }
    }

    /// The end: what is known of the session is looked at, and all that was found is told.
    #[must_use]
    pub fn finish(mut self, session: &Session<'_>) -> Verdict {
        self.input(session.duration(), "\n");
        let connection = connection(session.manifest);
        let found = &mut self.found;
        if let Some(text) = &connection {
            self.set.connections.hits(text, |number| {
                found[number].hit(0, LooksAt::Connections, None, text);
            });
        }
        for text in told(session.manifest) {
            self.set.session.hits(&text, |number| {
                found[number].hit(0, LooksAt::Session, None, &text);
            });
        }
        self.facts(session);
        let numbered = self.found.into_iter().zip(&self.set.rules);
        let mut found: Vec<Found> = numbered
            .filter(|(tally, _)| tally.count > 0)
            .map(|(tally, rule)| Found {
                rule: rule.id.clone(),
                name: rule.name.clone(),
                severity: rule.severity,
                is_of_manifest: match &rule.find {
                    Find::Fact(fact) => fact.is_of_manifest(),
                    Find::Pattern { .. } => {
                        matches!(rule.looks_at, LooksAt::Session | LooksAt::Connections)
                    }
                },
                count: tally.count,
                first: tally.first,
                hits: tally.hits,
            })
            .collect();
        found.sort_by(|a, b| b.severity.cmp(&a.severity).then(a.rule.cmp(&b.rule)));
        Verdict {
            set: self.set.digest().to_owned(),
            found,
            cut: self.cut,
        }
    }

    fn facts(&mut self, session: &Session<'_>) {
        for (rule, tally) in self.set.rules.iter().zip(&mut self.found) {
            let Find::Fact(fact) = &rule.find else {
                continue;
            };
            let found = match fact {
                Fact::Opaque(minutes) => {
                    let shown = self.other.length();
                    (shown > 0 && shown >= minutes.saturating_mul(60_000)).then(|| {
                        let text = format!("{} minutes", shown / 60_000);
                        (self.other.first(), text)
                    })
                }
                Fact::Base64(lines) => (self.base64.longest >= *lines).then(|| {
                    let text = format!("{} lines", self.base64.longest);
                    (Some(self.base64.longest_since), text)
                }),
                other => session.fact(other),
            };
            if let Some((at, text)) = found {
                tally.hit(at.unwrap_or(0), LooksAt::Session, None, &text);
                tally.first = at;
            }
        }
    }

    fn short<'t>(&mut self, text: &'t str) -> &'t str {
        if text.len() <= LONGEST_LINE {
            return text;
        }
        self.cut += 1;
        let mut end = LONGEST_LINE;
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        &text[..end]
    }
}

/// What stands behind a prompt that names user and host. On the other screen, in tmux and the like, no command is told, and
/// such a line is all there is of one.
fn behind_prompt(text: &str) -> Option<&str> {
    /// Prompts end before.
    const LONGEST: usize = 120;
    let at = text.bytes().take(LONGEST).position(|byte| byte == b'@')?;
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    let before = &text.as_bytes()[..at];
    let user = before.iter().rev().take_while(|byte| is_name(byte)).count();
    let host = text.as_bytes()[at + 1..]
        .iter()
        .take_while(|byte| is_name(byte))
        .count();
    if user == 0 || host == 0 || at - user > 1 {
        return None;
    }
    let rest = &text[at + 1 + host..];
    let end = rest.find(['$', '#', '%'])?;
    let typed = rest[end + 1..].strip_prefix(' ')?.trim();
    (end < LONGEST && !typed.is_empty()).then_some(typed)
}

/// What a result says of a text: it goes further than the recording does.
fn told_of<'t>(rule: &Rule, text: &'t str) -> &'t str {
    if rule.secret { SECRET } else { text }
}

impl Tally {
    fn hit(&mut self, at: Millis, looks_at: LooksAt, command: Option<u64>, text: &str) {
        self.count += 1;
        // Lines come in the order in which they leave.
        self.first = Some(self.first.map_or(at, |first| first.min(at)));
        if self.hits.len() < KEPT {
            self.hits.push(Hit {
                at,
                looks_at,
                command,
                text: text.chars().take(EXCERPT).collect(),
            });
        }
    }
}

impl Base64 {
    fn line(&mut self, at: Millis, text: &str) {
        if !is_base64(text) {
            self.lines = 0;
            return;
        }
        if self.lines == 0 {
            self.since = at;
        }
        self.lines += 1;
        if self.lines > self.longest {
            self.longest = self.lines;
            self.longest_since = self.since;
        }
    }
}

#[cfg(test)]
mod tests;
