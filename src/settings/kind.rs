//! Which values a setting can take, and the two ways to read one: as text (environment, flags) and in TOML.
//!
//! Nothing here knows which settings there are.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;
use std::time::Duration;

use toml::Spanned;
use toml::de::DeValue;

use super::origin::Problem;
use super::tags;
use super::value::{Value, toml_string};
use crate::words::{size, slip, time};

/// No text of ours is longer, in bytes.
const TEXT_LIMIT: usize = 4096;
/// No list of ours has more entries.
const LIST_LIMIT: usize = 1000;
/// A message quotes no more of a value than this, in characters.
const QUOTED: usize = 60;

/// What a text is, where a path may stand or a word instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Path,
    Other,
    Bad,
}

/// Which values a setting takes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    Switch,
    /// One of these words.
    Choice(fn() -> Vec<&'static str>),
    Text {
        form: fn(&str) -> bool,
        expected: &'static str,
        /// Whether it may have line ends.
        lines: bool,
    },
    Path {
        form: fn(&str) -> Form,
        expected: &'static str,
    },
    Duration {
        least: Duration,
        most: Duration,
    },
    Size {
        least: u64,
        most: u64,
    },
    Whole {
        least: u64,
        most: u64,
    },
    Number {
        least: f64,
        most: f64,
    },
    List {
        form: fn(&str) -> Form,
        expected: &'static str,
    },
    Tags,
}

/// What a path in a value may be relative to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Paths<'a> {
    /// What `~/` stands for.
    pub(crate) home: Option<&'a Path>,
    /// Whether a path may be relative to the current directory. Never in a file, which is read wherever a command runs.
    pub(crate) relative: bool,
}

/// A value that its setting does not take: where in the text, what was found, what was meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refused {
    pub(crate) span: Range<usize>,
    found: String,
    nearest: Option<String>,
}

impl Refused {
    /// The problem, told with the name of the setting.
    pub(crate) fn problem(self, name: &str, kind: &Kind) -> Problem {
        Problem::Value {
            name: name.to_owned(),
            found: self.found,
            expected: kind.expected(),
            nearest: self.nearest,
        }
    }
}

impl Kind {
    /// Reads a value as people write it in the environment or behind a flag. Lists and tags are split at commas.
    ///
    /// # Errors
    /// The setting does not take it.
    pub(crate) fn read_text(&self, text: &str, paths: Paths<'_>) -> Result<Value, Refused> {
        let whole = 0..text.len();
        let refused = || refuse(whole.clone(), quote(text));
        match self {
            Self::Switch => match text.to_ascii_lowercase().as_str() {
                "true" | "1" | "yes" | "on" => Ok(Value::Switch(true)),
                "false" | "0" | "no" | "off" => Ok(Value::Switch(false)),
                _ => Err(refused()),
            },
            Self::Whole { least, most } => text
                .parse()
                .ok()
                .filter(|number| (least..=most).contains(&number))
                .map(Value::Whole)
                .ok_or_else(refused),
            Self::Number { least, most } => text
                .parse()
                .ok()
                .filter(|number| (least..=most).contains(&number))
                .map(Value::Number)
                .ok_or_else(refused),
            Self::List { form, .. } => commas(text)
                .iter()
                .map(|entry| {
                    paths
                        .entry(entry, *form)
                        .ok_or_else(|| refuse(whole.clone(), quote(entry)))
                })
                .collect::<Result<_, _>>()
                .map(Value::List),
            Self::Tags => {
                let mut all = BTreeMap::new();
                for entry in commas(text) {
                    let (name, value) = entry.split_once('=').ok_or_else(refused)?;
                    tags::check(name, value).map_err(|_| refuse(whole.clone(), quote(&entry)))?;
                    all.insert(name.to_owned(), value.to_owned());
                }
                if all.len() > tags::MOST {
                    Err(refused())
                } else {
                    Ok(Value::Tags(all))
                }
            }
            Self::Choice(_)
            | Self::Text { .. }
            | Self::Path { .. }
            | Self::Duration { .. }
            | Self::Size { .. } => self.string(text, &whole, paths),
        }
    }

    /// Reads a value out of a TOML file.
    ///
    /// # Errors
    /// Every part that the setting does not take, with its place in the file.
    pub(crate) fn read_toml(
        &self,
        value: &Spanned<DeValue<'_>>,
        paths: Paths<'_>,
    ) -> Result<Value, Vec<Refused>> {
        let span = value.span();
        let wrong = || vec![refuse(span.clone(), describe(value.get_ref()))];
        match (self, value.get_ref()) {
            (Self::Switch, DeValue::Boolean(on)) => Ok(Value::Switch(*on)),
            (Self::Whole { least, most }, DeValue::Integer(number)) => {
                i64::from_str_radix(number.as_str(), number.radix())
                    .ok()
                    .and_then(|number| u64::try_from(number).ok())
                    .filter(|number| (least..=most).contains(&number))
                    .map(Value::Whole)
                    .ok_or_else(wrong)
            }
            // Numbers are written alike in both ways, so that a bare one means the same everywhere.
            (
                Self::Number { .. } | Self::Duration { .. } | Self::Size { .. },
                DeValue::Integer(number),
            ) if number.radix() == 10 => {
                self.read_text(number.as_str(), paths).map_err(|_| wrong())
            }
            (Self::Number { .. } | Self::Duration { .. }, DeValue::Float(number)) => {
                self.read_text(number.as_str(), paths).map_err(|_| wrong())
            }
            (
                Self::Choice(_)
                | Self::Text { .. }
                | Self::Path { .. }
                | Self::Duration { .. }
                | Self::Size { .. },
                DeValue::String(text),
            ) => self
                .string(text, &span, paths)
                .map_err(|refused| vec![refused]),
            (Self::List { form, .. }, DeValue::Array(entries)) => {
                if entries.len() > LIST_LIMIT {
                    return Err(wrong());
                }
                let mut texts = Vec::new();
                let mut bad = Vec::new();
                for entry in entries.iter() {
                    let text = entry.get_ref().as_str().filter(|text| plain(text, false));
                    match text.and_then(|text| paths.entry(text, *form)) {
                        Some(text) => texts.push(text),
                        None => bad.push(refuse(entry.span(), describe(entry.get_ref()))),
                    }
                }
                if bad.is_empty() {
                    Ok(Value::List(texts))
                } else {
                    Err(bad)
                }
            }
            (Self::Tags, DeValue::Table(table)) => {
                let mut all = BTreeMap::new();
                let mut bad = Vec::new();
                for (name, value) in table.iter() {
                    let name = name.get_ref();
                    let text = value.get_ref().as_str();
                    match text
                        .ok_or(tags::Bad::Value)
                        .and_then(|text| tags::check(name, text).map(|()| text))
                    {
                        Ok(text) => {
                            all.insert(name.to_string(), text.to_owned());
                        }
                        Err(tags::Bad::Name) => {
                            bad.push(refuse(value.span(), format!("a tag named {}", quote(name))))
                        }
                        Err(tags::Bad::Value) => {
                            bad.push(refuse(value.span(), describe(value.get_ref())))
                        }
                    }
                }
                if all.len() > tags::MOST {
                    bad.push(refuse(span.clone(), format!("{} tags", all.len())));
                }
                if bad.is_empty() {
                    Ok(Value::Tags(all))
                } else {
                    Err(bad)
                }
            }
            _ => Err(wrong()),
        }
    }

    /// What stands in quotes in a file is read as the same text elsewhere.
    fn string(&self, text: &str, span: &Range<usize>, paths: Paths<'_>) -> Result<Value, Refused> {
        let refused = || refuse(span.clone(), quote(text));
        match self {
            Self::Choice(words) if words().contains(&text) => Ok(Value::Text(text.to_owned())),
            Self::Choice(words) => Err(Refused {
                nearest: slip::nearest(text, words()).map(str::to_owned),
                ..refused()
            }),
            Self::Text { form, lines, .. } if plain(text, *lines) && form(text) => {
                Ok(Value::Text(text.to_owned()))
            }
            Self::Path { form, .. } if plain(text, false) && !text.is_empty() => match form(text) {
                Form::Other => Ok(Value::Text(text.to_owned())),
                Form::Path => paths.settle(text).map(Value::Text).ok_or_else(refused),
                Form::Bad => Err(refused()),
            },
            Self::Duration { least, most } => time::sum(text)
                .filter(|duration| (least..=most).contains(&duration))
                .map(Value::Duration)
                .ok_or_else(refused),
            Self::Size { least, most } => size::parse(text)
                .filter(|size| (least..=most).contains(&size))
                .map(Value::Size)
                .ok_or_else(refused),
            _ => Err(refused()),
        }
    }

    /// What the setting takes, in words that follow "expected".
    pub(crate) fn expected(&self) -> String {
        match self {
            Self::Switch => "true or false".to_owned(),
            Self::Choice(words) => {
                let quoted: Vec<_> = words().iter().map(|word| format!("{word:?}")).collect();
                match quoted.split_last() {
                    Some((last, rest)) if !rest.is_empty() => {
                        format!("{} or {last}", rest.join(", "))
                    }
                    _ => quoted.concat(),
                }
            }
            Self::Text { expected, .. }
            | Self::Path { expected, .. }
            | Self::List { expected, .. } => (*expected).to_owned(),
            Self::Duration { least, most } => format!(
                "a duration such as \"15m\" or \"90s\", from {} to {}",
                time::write_exactly(*least),
                time::write_exactly(*most)
            ),
            Self::Size { least, most } => {
                format!(
                    "a size such as \"512MiB\", from {} to {}",
                    size::write_exactly(*least),
                    size::write_exactly(*most)
                )
            }
            Self::Whole { least, most } => format!("a whole number from {least} to {most}"),
            Self::Number { least, most } => format!("a number from {least} to {most}"),
            Self::Tags => tags::EXPECTED.to_owned(),
        }
    }
}

impl Paths<'_> {
    /// An entry of a list, a path in full; `None` when it is none.
    fn entry(self, text: &str, form: fn(&str) -> Form) -> Option<String> {
        match form(text) {
            Form::Other => Some(text.to_owned()),
            Form::Path => self.settle(text),
            Form::Bad => None,
        }
    }

    /// The path in full; `None` when it would depend on where the command runs, or on a home that is not there.
    fn settle(self, text: &str) -> Option<String> {
        if let Some(rest) = text.strip_prefix("~/") {
            return Some(self.home?.join(rest).display().to_string());
        }
        (self.relative || Path::new(text).is_absolute()).then(|| text.to_owned())
    }
}

/// Whether a text is short enough and has no control characters (but, where it may, line ends).
pub(super) fn plain(text: &str, lines: bool) -> bool {
    text.len() <= TEXT_LIMIT
        && !text
            .chars()
            .any(|c| c.is_control() && !(lines && matches!(c, '\n' | '\t')))
}

fn commas(text: &str) -> Vec<String> {
    text.split(',')
        .map(str::trim)
        .filter(|entry| !entry.is_empty())
        .map(str::to_owned)
        .collect()
}

fn refuse(span: Range<usize>, found: String) -> Refused {
    Refused {
        span,
        found,
        nearest: None,
    }
}

/// A value as a message names it.
pub(super) fn describe(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) => quote(text),
        DeValue::Integer(number) => cut(&number.to_string()),
        DeValue::Float(number) => cut(&number.to_string()),
        DeValue::Boolean(on) => on.to_string(),
        DeValue::Datetime(_) => "a date".to_owned(),
        DeValue::Array(_) => "a list".to_owned(),
        DeValue::Table(_) => "a table".to_owned(),
    }
}

fn quote(text: &str) -> String {
    toml_string(&cut(text))
}

/// The beginning of a text, for a message.
pub(crate) fn cut(text: &str) -> String {
    match text.char_indices().nth(QUOTED) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
