//! `[[rule]]`: rules of one's own, and other words on those that are shipped.
//!
//! Nothing here asks a rule. What the organisation's file says of a rule nobody's file says otherwise.

use std::collections::BTreeMap;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::in_force::Values;
use super::kind::{describe, plain};
use super::origin::{Mistake, Place, Problem};
use super::spec::{Setting, Spec, switch};
use crate::rules::{Change, Error, Fact, LooksAt, RuleSet, Severity, listed};

static PERSONAL: Setting<bool> = switch("policy.rules.personal").default("true").purpose(
    "Whether a person's own file may add rules, or change those that are shipped. What the \
     organisation's file says of a rule holds in any case.",
);

pub(super) static SPECS: [&Spec; 1] = [&PERSONAL.spec];

/// What a rule can be told, with what it is, in words that follow "expected", and what it is for.
pub(crate) const KEYS: [(&str, &str, &str); 16] = [
    (
        "id",
        "lower-case letters, digits and dashes",
        "Which rule: a new one, or one that `rules list` has.",
    ),
    ("on", "true or false", "Whether it is asked at all."),
    ("name", "a text", "What it finds, in a few words."),
    (
        "severity",
        "\"info\", \"low\", \"medium\", \"high\" or \"critical\"",
        "How grave what it finds is.",
    ),
    (
        "looks_at",
        "\"commands\", \"lines\", \"input\", \"connections\" or \"session\"",
        "What it looks at.",
    ),
    (
        "pattern",
        "a regular expression",
        "What it looks for; of the fact no-ticket, what a reason has in it.",
    ),
    (
        "unless",
        "a regular expression",
        "A text with this in it is none.",
    ),
    (
        "fact",
        "the name of a fact",
        "In place of a pattern: something that no text tells.",
    ),
    (
        "hours",
        "hours such as \"07:00-19:00\"",
        "Of the fact outside-hours.",
    ),
    (
        "days",
        "days such as \"mon-fri\"",
        "Of the fact outside-hours. Unset: every day.",
    ),
    (
        "zone",
        "\"UTC\" or an offset such as \"+02:00\"",
        "Of the fact outside-hours. Unset: UTC.",
    ),
    ("minutes", "a whole number", "Of the fact opaque."),
    ("lines", "a whole number", "Of the fact base64."),
    (
        "secret",
        "true or false",
        "What it finds is a secret, which no result repeats.",
    ),
    (
        "explanation",
        "a text",
        "Why it matters, and when it does not.",
    ),
    ("references", "a list of texts", "Where more is said of it."),
];

/// What a file says of one rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) change: Change,
    pub(crate) place: Place,
    /// Where each key of it stands.
    keys: BTreeMap<String, Place>,
}

/// What all files say of rules, in the order in which it holds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rules {
    pub(crate) said: Vec<Said>,
    /// What was said in vain.
    pub(crate) overruled: Vec<Place>,
}

impl Rules {
    /// Lays what a person says under what the organisation says. Tells what makes no rule.
    pub(super) fn of(
        organisation: Vec<Said>,
        person: Vec<Said>,
        values: &Values,
    ) -> (Self, Vec<Mistake>) {
        let may = values.of(&PERSONAL);
        let is_ours = |said: &Said| {
            let id = &said.change.id;
            organisation.iter().any(|ours| ours.change.id == *id)
        };
        let (overruled, mut said): (Vec<Said>, Vec<Said>) =
            person.into_iter().partition(|said| !may || is_ours(said));
        said.extend(organisation);
        let rules = Self {
            overruled: overruled.into_iter().map(|said| said.place).collect(),
            said,
        };
        let mistakes = rules.mistakes();
        (rules, mistakes)
    }

    fn mistakes(&self) -> Vec<Mistake> {
        if self.said.is_empty() {
            return Vec::new();
        }
        // Nothing is changed, so nothing can be wrong.
        let shipped = listed(&[]).unwrap_or_default();
        let mut mistakes = Vec::new();
        for said in &self.said {
            let before = shipped
                .iter()
                .find(|listed| listed.rule.id == said.change.id);
            if let Err(mistaken) = said.change.on(before.map(|listed| &listed.rule)) {
                let at = said.keys.get(mistaken.key);
                mistakes.push(Mistake {
                    place: at.unwrap_or(&said.place).clone(),
                    problem: Problem::Value {
                        name: format!("rule.{}", mistaken.key),
                        found: at.map_or("missing", |_| "wrong").to_owned(),
                        expected: mistaken.expected,
                        nearest: None,
                    },
                });
            }
        }
        mistakes
    }

    /// What is said, in the order in which it holds.
    pub(crate) fn changes(&self) -> Vec<Change> {
        self.said.iter().map(|said| said.change.clone()).collect()
    }

    /// The rules in force.
    ///
    /// # Errors
    /// They are too many or too large together.
    pub(crate) fn set(&self) -> Result<RuleSet, Error> {
        RuleSet::new(&self.changes())
    }
}

/// Reads all that a file says of rules. `place` turns a position into a place, `mistake` is given what is wrong.
pub(super) fn read(
    value: &Spanned<DeValue<'_>>,
    place: impl Fn(usize) -> Place,
    mut mistake: impl FnMut(Range<usize>, Problem),
) -> Vec<Said> {
    let wrong = |name: &str, found: String, expected: &str| Problem::Value {
        name: name.to_owned(),
        found,
        expected: expected.to_owned(),
        nearest: None,
    };
    let DeValue::Array(entries) = value.get_ref() else {
        let found = describe(value.get_ref());
        mistake(
            value.span(),
            wrong("rule", found, "rules, each behind [[rule]]"),
        );
        return Vec::new();
    };
    let mut all: Vec<Said> = Vec::new();
    for entry in entries.iter() {
        let DeValue::Table(table) = entry.get_ref() else {
            let found = describe(entry.get_ref());
            mistake(
                entry.span(),
                wrong("rule", found, "rules, each behind [[rule]]"),
            );
            continue;
        };
        let mut said = Said {
            change: Change::default(),
            place: place(entry.span().start),
            keys: BTreeMap::new(),
        };
        let before = entry.span();
        let mut is_right = true;
        table_of(table, &mut said, &place, |span, problem| {
            is_right = false;
            mistake(span, problem);
        });
        if said.change.id.is_empty() && is_right {
            mistake(before, wrong("rule.id", "missing".to_owned(), KEYS[0].1));
            continue;
        }
        if all.iter().any(|other| other.change.id == said.change.id) {
            let expected = "an id that no other rule of this file has";
            mistake(
                before,
                wrong("rule.id", format!("{:?}", said.change.id), expected),
            );
            continue;
        }
        if is_right {
            all.push(said);
        }
    }
    all
}

fn table_of(
    table: &DeTable<'_>,
    said: &mut Said,
    place: impl Fn(usize) -> Place,
    mut mistake: impl FnMut(Range<usize>, Problem),
) {
    for (key, value) in table.iter() {
        let name = key.get_ref().as_ref();
        let Some((_, expected, _)) = KEYS.iter().find(|(known, ..)| *known == name) else {
            let names = KEYS.iter().map(|(name, ..)| *name);
            let nearest = crate::words::slip::nearest(name, names).map(str::to_owned);
            let name = format!("rule.{}", super::kind::cut(name));
            mistake(key.span(), Problem::Unknown { name, nearest });
            continue;
        };
        said.keys.insert(name.to_owned(), place(key.span().start));
        if set(&mut said.change, name, value.get_ref()).is_none() {
            let expected = match name {
                "fact" => Fact::NAMES.join(", "),
                _ => (*expected).to_owned(),
            };
            mistake(
                value.span(),
                Problem::Value {
                    name: format!("rule.{name}"),
                    found: describe(value.get_ref()),
                    expected,
                    nearest: None,
                },
            );
        }
    }
}

/// Takes one key; `None` when its value is of another kind.
fn set(change: &mut Change, key: &str, value: &DeValue<'_>) -> Option<()> {
    let text = || {
        let DeValue::String(text) = value else {
            return None;
        };
        plain(text, key == "explanation").then(|| text.to_string())
    };
    let whole = || {
        let DeValue::Integer(number) = value else {
            return None;
        };
        let number = i64::from_str_radix(number.as_str(), number.radix()).ok()?;
        u64::try_from(number).ok()
    };
    match key {
        "id" => change.id = text().filter(|id| crate::rules::is_id(id))?,
        "on" => change.on = Some(value.as_bool()?),
        "name" => change.name = Some(text()?),
        "severity" => change.severity = Some(Severity::named(&text()?)?),
        "looks_at" => {
            let text = text()?;
            let all = LooksAt::ALL.into_iter();
            change.looks_at = Some(all.into_iter().find(|looks_at| looks_at.name() == text)?);
        }
        "pattern" => change.pattern = Some(text()?),
        "unless" => change.unless = Some(text()?),
        "fact" => change.fact = Some(text().filter(|name| Fact::named(name).is_some())?),
        "hours" => change.hours = Some(text()?),
        "days" => change.days = Some(text()?),
        "zone" => change.zone = Some(text()?),
        "minutes" => change.minutes = Some(whole()?),
        "lines" => change.lines = Some(whole()?),
        "secret" => change.secret = Some(value.as_bool()?),
        "explanation" => change.explanation = Some(text()?),
        "references" => {
            let DeValue::Array(entries) = value else {
                return None;
            };
            let text = |entry: &Spanned<DeValue<'_>>| {
                let text = entry.get_ref().as_str()?;
                plain(text, false).then(|| text.to_owned())
            };
            change.references = Some(entries.iter().map(text).collect::<Option<_>>()?);
        }
        _ => return None,
    }
    Some(())
}
