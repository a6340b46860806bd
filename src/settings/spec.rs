//! What there is to know about one setting: its name, the values it takes, its default, what it is for, and what a value
//! means to the rooms below.
//!
//! Nothing here knows which settings there are, or where a value comes from.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use super::kind::{Form, Kind, Paths};
use super::value::Value;

/// One setting, whose value means a `T` to the rooms below.
///
/// A kind and its meaning come from the same constructor, so that no setting is declared as one type and read as another.
#[derive(Debug)]
pub(crate) struct Setting<T> {
    pub(crate) spec: Spec,
    meaning: fn(&Value) -> Option<T>,
}

/// What holds for a setting whatever its value means.
#[derive(Debug)]
pub(crate) struct Spec {
    /// As it stands in a file, sections before dots.
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    unsaid: Unsaid,
    /// What it is for.
    pub(crate) purpose: &'static str,
}

/// What is in force when nobody says anything. Values stand as a person would write them in the environment.
#[derive(Debug)]
enum Unsaid {
    Value(&'static str),
    /// A folder of this name where the person's programs keep their data; without such a place, nothing.
    Folder(&'static str, Example),
    Nothing(Example),
}

/// A value to show where there is no default.
type Example = &'static str;

/// A type of a room below whose values have words in the configuration.
pub(crate) trait Words: Clone + 'static {
    /// Each value behind its word.
    const WORDS: &'static [(&'static str, Self)];
}

impl<T> Setting<T> {
    const fn new(name: &'static str, kind: Kind, meaning: fn(&Value) -> Option<T>) -> Self {
        let spec = Spec {
            name,
            kind,
            unsaid: Unsaid::Nothing(""),
            purpose: "",
        };
        Self { spec, meaning }
    }

    /// What it is for, as whole sentences.
    pub(crate) const fn purpose(mut self, text: &'static str) -> Self {
        self.spec.purpose = text;
        self
    }

    /// What is in force when nobody says anything.
    pub(crate) const fn default(mut self, text: &'static str) -> Self {
        self.spec.unsaid = Unsaid::Value(text);
        self
    }

    /// A folder of this name among the person's data is in force when nobody says anything.
    pub(crate) const fn default_folder(mut self, name: &'static str, example: Example) -> Self {
        self.spec.unsaid = Unsaid::Folder(name, example);
        self
    }

    /// There is no default; this could be said.
    pub(crate) const fn example(mut self, text: Example) -> Self {
        self.spec.unsaid = Unsaid::Nothing(text);
        self
    }

    /// What a value of this setting means.
    pub(crate) fn meaning(&self, value: &Value) -> Option<T> {
        (self.meaning)(value)
    }
}

pub(crate) const fn switch(name: &'static str) -> Setting<bool> {
    Setting::new(name, Kind::Switch, |value| match value {
        Value::Switch(on) => Some(*on),
        _ => None,
    })
}

pub(crate) const fn choice<T: Words>(name: &'static str) -> Setting<T> {
    let words = || T::WORDS.iter().map(|(word, _)| *word).collect();
    Setting::new(name, Kind::Choice(words), |value| {
        let Value::Text(text) = value else {
            return None;
        };
        let (_, meant) = T::WORDS.iter().find(|(word, _)| word == text)?;
        Some(meant.clone())
    })
}

/// A choice whose words mean themselves.
pub(crate) const fn word(name: &'static str, words: fn() -> Vec<&'static str>) -> Setting<String> {
    Setting::new(name, Kind::Choice(words), text_of)
}

/// A text of one line, of which `form` tells whether it will do; `expected` says so in words.
pub(crate) const fn text<T: TryFrom<String>>(
    name: &'static str,
    form: fn(&str) -> bool,
    expected: &'static str,
) -> Setting<T> {
    let kind = Kind::Text {
        form,
        expected,
        lines: false,
    };
    Setting::new(name, kind, text_of)
}

/// Any text, of one or more lines.
pub(crate) const fn lines(name: &'static str) -> Setting<String> {
    let kind = Kind::Text {
        form: |_| true,
        expected: "a text",
        lines: true,
    };
    Setting::new(name, kind, text_of)
}

/// A path, or what `form` lets pass in its place.
pub(crate) const fn path<T: TryFrom<String>>(
    name: &'static str,
    form: fn(&str) -> Form,
    expected: &'static str,
) -> Setting<T> {
    Setting::new(name, Kind::Path { form, expected }, text_of)
}

/// Several texts, each of which is what `form` says.
pub(crate) const fn list<T: From<String>>(
    name: &'static str,
    form: fn(&str) -> Form,
    expected: &'static str,
) -> Setting<Vec<T>> {
    Setting::new(name, Kind::List { form, expected }, |value| match value {
        Value::List(texts) => Some(texts.iter().cloned().map(T::from).collect()),
        _ => None,
    })
}

pub(crate) const fn duration(
    name: &'static str,
    least: Duration,
    most: Duration,
) -> Setting<Duration> {
    Setting::new(name, Kind::Duration { least, most }, |value| match value {
        Value::Duration(duration) => Some(*duration),
        _ => None,
    })
}

/// A number of bytes.
pub(crate) const fn size(name: &'static str, least: u64, most: u64) -> Setting<u64> {
    Setting::new(name, Kind::Size { least, most }, |value| match value {
        Value::Size(bytes) => Some(*bytes),
        _ => None,
    })
}

pub(crate) const fn whole<T: TryFrom<u64>>(
    name: &'static str,
    least: u64,
    most: u64,
) -> Setting<T> {
    Setting::new(name, Kind::Whole { least, most }, |value| match value {
        Value::Whole(number) => T::try_from(*number).ok(),
        _ => None,
    })
}

pub(crate) const fn number(name: &'static str, least: f64, most: f64) -> Setting<f64> {
    Setting::new(name, Kind::Number { least, most }, |value| match value {
        Value::Number(number) => Some(*number),
        _ => None,
    })
}

pub(crate) const fn tags(name: &'static str) -> Setting<BTreeMap<String, String>> {
    Setting::new(name, Kind::Tags, |value| match value {
        Value::Tags(tags) => Some(tags.clone()),
        _ => None,
    })
}

fn text_of<T: TryFrom<String>>(value: &Value) -> Option<T> {
    match value {
        Value::Text(text) => T::try_from(text.clone()).ok(),
        _ => None,
    }
}

impl Spec {
    /// What is in force when nobody says anything, on a machine where the person's programs keep their data in `data`.
    pub(crate) fn default(&self, data: Option<&Path>) -> Option<Value> {
        let paths = Paths {
            home: None,
            relative: true,
        };
        match self.unsaid {
            Unsaid::Value(text) => self.kind.read_text(text, paths).ok(),
            Unsaid::Folder(name, _) => Some(Value::Text(data?.join(name).display().to_string())),
            Unsaid::Nothing(_) => None,
        }
    }

    /// The default, or where none is written down, an example; as a person would write it in the environment.
    pub(crate) fn example(&self) -> &'static str {
        match self.unsaid {
            Unsaid::Value(text) | Unsaid::Folder(_, text) | Unsaid::Nothing(text) => text,
        }
    }

    /// The section that it stands in; empty for the top of the file.
    pub(crate) fn section(&self) -> &'static str {
        self.name
            .rsplit_once('.')
            .map_or("", |(section, _)| section)
    }

    /// Its name inside its section.
    pub(crate) fn leaf(&self) -> &'static str {
        self.name
            .rsplit_once('.')
            .map_or(self.name, |(_, leaf)| leaf)
    }

    /// The environment variable that sets it; rules of the policy have none.
    pub(crate) fn variable(&self) -> Option<String> {
        (!self.is_rule()).then(|| format!("SSM_REC_{}", self.name.replace('.', "_").to_uppercase()))
    }

    /// Whether it exists in a policy only.
    pub(crate) fn is_rule(&self) -> bool {
        self.name.starts_with("policy.")
    }
}
