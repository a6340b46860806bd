//! In which order recordings are told.
//!
//! Nothing that is not known stands before what is, whichever way round.

use std::cmp::Ordering;
use std::str::FromStr;

use super::{Entry, State};
use crate::review::condition::started;

/// What is compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Key {
    /// The newest first.
    #[default]
    Started,
    /// The longest first.
    Duration,
    /// The largest first.
    Size,
    /// The one with the most commands first.
    Commands,
    /// By its letters.
    Target,
    /// By the letters of the ARN, or of the local user.
    Operator,
}

impl Key {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Started,
        Self::Duration,
        Self::Size,
        Self::Target,
        Self::Operator,
        Self::Commands,
    ];

    /// As a person writes it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Started => "started",
            Self::Duration => "duration",
            Self::Size => "size",
            Self::Commands => "commands",
            Self::Target => "target",
            Self::Operator => "operator",
        }
    }
}

/// An order of recordings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Order {
    /// By what.
    pub key: Key,
    /// The other way round.
    pub is_reversed: bool,
}

/// `duration`, or `-duration` for the other way round.
impl FromStr for Order {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, is_reversed) = match text.strip_prefix('-') {
            Some(name) => (name, true),
            None => (text, false),
        };
        match Key::ALL.into_iter().find(|key| key.name() == name) {
            Some(key) => Ok(Self { key, is_reversed }),
            None => Err(format!("there are {}", Key::ALL.map(Key::name).join(", "))),
        }
    }
}

impl Order {
    /// Whether days come in this order, so that who has enough reads no further.
    pub(super) fn is_by_day(self) -> bool {
        self.key == Key::Started
    }

    /// Sorts; what is alike, newest first.
    pub fn sort(self, entries: &mut [Entry]) {
        entries.sort_by(|left, right| {
            let by_key = match self.key {
                Key::Started => self.largest_first(|one| started(&one.manifest), left, right),
                Key::Duration => self.largest_first(duration, left, right),
                Key::Size => self.largest_first(size, left, right),
                Key::Commands => self.largest_first(commands, left, right),
                Key::Target => self.known_first(target, left, right),
                Key::Operator => self.known_first(operator, left, right),
            };
            by_key
                .then_with(|| started(&right.manifest).cmp(&started(&left.manifest)))
                .then_with(|| left.manifest.session_id.cmp(&right.manifest.session_id))
        });
    }

    fn largest_first<T: Ord>(
        self,
        of: impl Fn(&Entry) -> Option<T>,
        left: &Entry,
        right: &Entry,
    ) -> Ordering {
        let largest = |entry: &Entry| of(entry).map(std::cmp::Reverse);
        self.known_first(largest, left, right)
    }

    fn known_first<T: Ord>(
        self,
        of: impl Fn(&Entry) -> Option<T>,
        left: &Entry,
        right: &Entry,
    ) -> Ordering {
        match (of(left), of(right)) {
            (Some(left), Some(right)) if self.is_reversed => right.cmp(&left),
            (Some(left), Some(right)) => left.cmp(&right),
            (left, right) => right.is_some().cmp(&left.is_some()),
        }
    }
}

fn duration(entry: &Entry) -> Option<u64> {
    (entry.state == State::Stored).then_some(entry.manifest.duration_us)
}

fn size(entry: &Entry) -> Option<u64> {
    (entry.state == State::Stored).then_some(entry.manifest.sizes.compressed)
}

fn commands(entry: &Entry) -> Option<u64> {
    Some(entry.manifest.derived.as_ref()?.commands.count)
}

fn target(entry: &Entry) -> Option<String> {
    Some(entry.manifest.target.to_lowercase())
}

fn operator(entry: &Entry) -> Option<String> {
    let manifest = &entry.manifest;
    let name = manifest.operator.as_ref().or(manifest.user.as_ref())?;
    Some(name.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;
    use formats::manifest::Manifest;

    fn entry(id: &str, minutes: u64, state: State) -> Entry {
        Entry {
            manifest: Manifest {
                session_id: id.to_owned(),
                target: format!("i-{}", minutes % 2),
                started_at: Some(format!("2026-11-23T10:0{}:00Z", id.len())),
                duration_us: minutes,
                ..Manifest::default()
            },
            state,
            location: String::new(),
        }
    }

    #[test]
    fn what_is_not_known_comes_last_either_way_and_what_is_alike_newest_first() {
        let mut entries = [
            entry("a", 5, State::Stored),
            entry("bb", 9, State::InSpool),
            entry("ccc", 7, State::Stored),
            entry("dddd", 6, State::Stored),
        ];
        for (order, expected) in [
            ("duration", ["ccc", "dddd", "a", "bb"]),
            ("-duration", ["a", "dddd", "ccc", "bb"]),
            ("started", ["dddd", "ccc", "bb", "a"]),
            ("-started", ["a", "bb", "ccc", "dddd"]),
            ("target", ["dddd", "ccc", "bb", "a"]),
            ("-target", ["ccc", "bb", "a", "dddd"]),
            ("operator", ["dddd", "ccc", "bb", "a"]),
        ] {
            order.parse::<Order>().unwrap().sort(&mut entries);
            let ids = entries.each_ref().map(|entry| &*entry.manifest.session_id);
            assert_eq!(ids, expected, "{order}");
        }
        assert!("length".parse::<Order>().is_err());
    }
}
