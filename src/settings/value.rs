//! A value that a setting takes, and how it is written: as in a file, or for programs.
//!
//! Nothing here knows which values a setting takes.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use crate::words::{is_harmless, size, time};

/// A value that its setting takes.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Switch(bool),
    Text(String),
    Duration(Duration),
    /// In bytes.
    Size(u64),
    Whole(u64),
    Number(f64),
    List(Vec<String>),
    Tags(BTreeMap<String, String>),
}

impl Value {
    /// As it would stand in a file.
    pub(crate) fn toml(&self) -> String {
        match self {
            Self::Switch(on) => on.to_string(),
            Self::Text(text) => toml_string(text),
            Self::Duration(duration) => toml_string(&time::write_exactly(*duration)),
            Self::Size(bytes) => toml_string(&size::write_exactly(*bytes)),
            Self::Whole(number) => number.to_string(),
            Self::Number(number) => format!("{number:?}"),
            Self::List(texts) => {
                let texts: Vec<_> = texts.iter().map(|text| toml_string(text)).collect();
                format!("[{}]", texts.join(", "))
            }
            Self::Tags(tags) if tags.is_empty() => "{}".to_owned(),
            Self::Tags(tags) => {
                let tags: Vec<_> = tags
                    .iter()
                    .map(|(name, value)| format!("{} = {}", toml_string(name), toml_string(value)))
                    .collect();
                format!("{{ {} }}", tags.join(", "))
            }
        }
    }

    /// For programs: durations in seconds, sizes in bytes.
    pub(crate) fn json(&self) -> serde_json::Value {
        match self {
            Self::Switch(on) => (*on).into(),
            Self::Text(text) => text.as_str().into(),
            Self::Duration(duration) => duration.as_secs_f64().into(),
            Self::Size(number) | Self::Whole(number) => (*number).into(),
            Self::Number(number) => (*number).into(),
            Self::List(texts) => texts.as_slice().into(),
            Self::Tags(tags) => serde_json::json!(tags),
        }
    }
}

/// Text in quotes as TOML has it, with nothing in it that could drive a terminal.
pub(crate) fn toml_string(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            c if is_harmless(c) => out.push(c),
            c => {
                // Writing to a String cannot fail.
                let _ = write!(out, "\\U{:08X}", u32::from(c));
            }
        }
    }
    out.push('"');
    out
}
