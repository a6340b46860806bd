//! A recording as a picker knows it.
//!
//! Nothing here is made harmless: whoever draws it sees to that.

use std::cmp::Ordering;
use std::time::Duration;

use chrono::{DateTime, FixedOffset};

use crate::words::last_of_arn;

/// What is to be seen of a recording at a glance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// The session still runs.
    Running,
    /// It waits in the spool.
    Unsent,
    /// Nobody saw its end.
    Cut,
    /// Its manifest is missing.
    NoManifest,
    /// Not everybody can read it.
    Sealed,
    /// Nobody has signed it.
    Unsigned,
}

impl Mark {
    /// In a word.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Unsent => "unsent",
            Self::Cut => "cut",
            Self::NoManifest => "no manifest",
            Self::Sealed => "sealed",
            Self::Unsigned => "unsigned",
        }
    }
}

/// A recording that can be picked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// The session: no two have the same.
    pub id: String,
    /// Where the recording lies.
    pub place: String,
    /// When it began, by the clock on the wall here.
    pub started: Option<DateTime<FixedOffset>>,
    /// How long it took, where it is over.
    pub duration: Option<Duration>,
    /// Who it was.
    pub operator: String,
    /// Where it led.
    pub target: String,
    /// Why.
    pub reason: String,
    /// At a glance.
    pub marks: Vec<Mark>,
    texts: Option<Box<Texts>>,
}

/// What is searched, made once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Texts {
    /// As it is.
    pub(super) plain: Fields,
    /// In small letters.
    pub(super) small: Fields,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fields {
    pub(super) id: String,
    pub(super) date: String,
    pub(super) operator: String,
    pub(super) target: String,
    pub(super) reason: String,
}

impl Fields {
    pub(super) fn all(&self) -> [&str; 5] {
        [
            &self.target,
            &self.operator,
            &self.reason,
            &self.id,
            &self.date,
        ]
    }
}

impl Item {
    /// One that nothing is known of but who it is and where.
    #[must_use]
    pub fn new(id: String, place: String) -> Self {
        Self {
            id,
            place,
            started: None,
            duration: None,
            operator: String::new(),
            target: String::new(),
            reason: String::new(),
            marks: Vec::new(),
            texts: None,
        }
    }

    /// The same, ready to be searched: all of it is known now.
    #[must_use]
    pub fn complete(mut self) -> Self {
        let plain = Fields {
            id: self.id.clone(),
            date: self.date(),
            operator: self.operator.clone(),
            target: self.target.clone(),
            reason: self.reason.clone(),
        };
        let small = Fields {
            id: plain.id.to_lowercase(),
            date: plain.date.clone(),
            operator: plain.operator.to_lowercase(),
            target: plain.target.to_lowercase(),
            reason: plain.reason.to_lowercase(),
        };
        self.texts = Some(Box::new(Texts { plain, small }));
        self
    }

    /// As it is drawn and searched; empty where it is not known.
    pub(super) fn date(&self) -> String {
        let started = self.started.as_ref();
        started.map_or_else(String::new, |at| at.format("%Y-%m-%d %H:%M").to_string())
    }

    pub(super) fn texts(&self) -> Option<&Texts> {
        self.texts.as_deref()
    }

    pub(super) fn operator_in_short(&self) -> &str {
        last_of_arn(&self.operator)
    }

    /// Those without a time come last.
    pub(super) fn newest_first(&self, other: &Self) -> Ordering {
        let newest = other.started.cmp(&self.started);
        newest.then_with(|| self.id.cmp(&other.id))
    }
}
