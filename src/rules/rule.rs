//! One rule: what it is called, how grave what it finds is, what it looks at, and for what.
//!
//! Nothing here looks at anything.

pub use formats::findings::Severity;
use serde::Serialize;

/// What a rule looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LooksAt {
    /// What was run: each program that a command line starts, as one text that begins with the program's name.
    Commands,
    /// What a person could have read.
    Lines,
    /// What was typed, line by line, where that was recorded.
    Input,
    /// Where a port session leads to, as `document host:port`.
    Connections,
    /// What is known of the session, each as `name=value`; or one of the facts.
    Session,
}

impl LooksAt {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Commands,
        Self::Lines,
        Self::Input,
        Self::Connections,
        Self::Session,
    ];

    /// As it is written.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Commands => "commands",
            Self::Lines => "lines",
            Self::Input => "input",
            Self::Connections => "connections",
            Self::Session => "session",
        }
    }
}

/// A rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Rule {
    /// What it is called everywhere, once and for all.
    pub id: String,
    /// What it finds, in a few words.
    pub name: String,
    /// How grave that is.
    pub severity: Severity,
    /// What it looks at.
    pub looks_at: LooksAt,
    /// What it looks for.
    pub find: Find,
    /// What it finds is a secret, which no result repeats.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub secret: bool,
    /// Why that matters, and when it does not.
    pub explanation: String,
    /// Where more is said of it: addresses, numbers of techniques, of controls.
    pub references: Vec<String>,
}

/// What a rule looks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Find {
    /// A text in which this regular expression is found, and the other one is not.
    Pattern {
        /// A regular expression whose classes are ASCII's.
        pattern: String,
        /// A text with this in it is none.
        #[serde(skip_serializing_if = "Option::is_none")]
        unless: Option<String>,
    },
    /// Something that no text tells.
    Fact(Fact),
}

/// Something that no text tells, with its numbers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fact {
    /// It began outside these hours. Without hours it finds nothing.
    OutsideHours(Option<Hours>),
    /// Its reason does not match; without a pattern, it is empty.
    NoTicket(Option<String>),
    /// It went on without being recorded.
    Unrecorded,
    /// Nobody saw its end.
    Cut,
    /// Nobody signed it.
    Unsigned,
    /// For so many minutes a full-screen program had the screen, in which no command can be told.
    Opaque(u64),
    /// So many lines in a row were nothing but base64.
    Base64(u64),
    /// This operator was never seen on this target before.
    FirstOnTarget,
}

impl Fact {
    /// The names of all of them.
    pub const NAMES: [&str; 8] = [
        "outside-hours",
        "no-ticket",
        "unrecorded",
        "cut",
        "unsigned",
        "opaque",
        "base64",
        "first-on-target",
    ];

    /// As it is written.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::OutsideHours(_) => "outside-hours",
            Self::NoTicket(_) => "no-ticket",
            Self::Unrecorded => "unrecorded",
            Self::Cut => "cut",
            Self::Unsigned => "unsigned",
            Self::Opaque(_) => "opaque",
            Self::Base64(_) => "base64",
            Self::FirstOnTarget => "first-on-target",
        }
    }

    /// The one of this name, with the numbers that it has when nobody says others.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "outside-hours" => Self::OutsideHours(None),
            "no-ticket" => Self::NoTicket(None),
            "unrecorded" => Self::Unrecorded,
            "cut" => Self::Cut,
            "unsigned" => Self::Unsigned,
            "opaque" => Self::Opaque(30),
            "base64" => Self::Base64(100),
            "first-on-target" => Self::FirstOnTarget,
            _ => return None,
        })
    }

    /// Whether it is known without looking into the recording, from what its manifest tells anyway.
    #[must_use]
    pub fn is_of_manifest(&self) -> bool {
        !matches!(self, Self::Opaque(_) | Self::Base64(_))
    }
}

/// Hours in which sessions are expected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Hours {
    /// The first minute of a day that is within.
    pub from: u32,
    /// The first minute that is not; when it is no later than the other, the hours go over midnight.
    pub to: u32,
    /// From Monday on; the day on which the hours begin counts.
    pub days: [bool; 7],
    /// Minutes east of Greenwich.
    pub zone: i32,
}

/// The days as they are written, from Monday on.
const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

impl Hours {
    /// Reads `07:00-19:00`, `mon-fri` or `mon,wed`, and `+02:00` or `UTC`; `Err` names the one that does not read.
    ///
    /// # Errors
    /// One of them is something else.
    pub fn parse(
        hours: &str,
        days: Option<&str>,
        zone: Option<&str>,
    ) -> Result<Self, &'static str> {
        let (from, to) = hours.split_once('-').ok_or("hours")?;
        Ok(Self {
            from: minutes(from).ok_or("hours")?,
            to: minutes(to).ok_or("hours")?,
            days: days.map_or(Some([true; 7]), read_days).ok_or("days")?,
            zone: zone.map_or(Some(0), read_zone).ok_or("zone")?,
        })
    }

    /// Whether this second, counted from 1970 in UTC, lies within.
    #[must_use]
    pub fn holds(&self, second: i64) -> bool {
        let local = second.saturating_add(i64::from(self.zone) * 60);
        let minute = u32::try_from(local.rem_euclid(86_400) / 60).unwrap_or(0);
        // The first day of 1970 was a Thursday.
        let day = (local.div_euclid(86_400) + 3).rem_euclid(7);
        let today = self.days[usize::try_from(day).unwrap_or(0)];
        let yesterday = self.days[usize::try_from((day + 6).rem_euclid(7)).unwrap_or(0)];
        if self.from < self.to {
            return today && (self.from..self.to).contains(&minute);
        }
        (today && minute >= self.from) || (yesterday && minute < self.to)
    }
}

fn minutes(text: &str) -> Option<u32> {
    let (hour, minute) = text.trim().split_once(':')?;
    let (hour, minute): (u32, u32) = (hour.parse().ok()?, minute.parse().ok()?);
    (hour < 24 && minute < 60 || (hour, minute) == (24, 0)).then_some(hour * 60 + minute)
}

fn read_days(text: &str) -> Option<[bool; 7]> {
    let day = |name: &str| {
        let name = name.trim().to_ascii_lowercase();
        DAYS.iter().position(|day| *day == name)
    };
    let mut days = [false; 7];
    for part in text.split(',') {
        let (first, last) = match part.split_once('-') {
            Some((first, last)) => (day(first)?, day(last)?),
            None => (day(part)?, day(part)?),
        };
        let mut at = first;
        loop {
            days[at] = true;
            if at == last {
                break;
            }
            at = (at + 1) % 7;
        }
    }
    Some(days)
}

fn read_zone(text: &str) -> Option<i32> {
    let text = text.trim();
    if matches!(text, "UTC" | "utc" | "Z") {
        return Some(0);
    }
    let sign = match text.chars().next()? {
        '+' => 1,
        '-' => -1,
        _ => return None,
    };
    let minutes = i32::try_from(minutes(&text[1..])?).ok()?;
    (minutes <= 14 * 60).then_some(sign * minutes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_hold_in_their_zone_on_their_days_and_over_midnight() {
        // 2026-11-27 was a Friday.
        let friday = |hour: i64, minute: i64| 1_795_737_600 + hour * 3600 + minute * 60;
        let day = Hours::parse("07:00-19:00", Some("mon-fri"), Some("+02:00")).unwrap();
        for (second, expected) in [
            (friday(4, 59), false),
            (friday(5, 0), true),
            (friday(16, 59), true),
            (friday(17, 0), false),
            (friday(24 + 8, 0), false),
            (friday(72 + 8, 0), true),
        ] {
            assert_eq!(day.holds(second), expected, "{second}");
        }
        let night = Hours::parse("22:00-06:00", Some("fri"), None).unwrap();
        assert!(night.holds(friday(23, 0)) && night.holds(friday(24 + 5, 59)));
        assert!(!night.holds(friday(5, 0)) && !night.holds(friday(24 + 23, 0)));
    }

    #[test]
    fn what_are_no_hours_is_named() {
        assert_eq!(Hours::parse("7-19", None, None), Err("hours"));
        assert_eq!(Hours::parse("25:00-26:00", None, None), Err("hours"));
        assert_eq!(Hours::parse("07:00-19:00", Some("feb"), None), Err("days"));
        assert_eq!(Hours::parse("07:00-19:00", None, Some("CET")), Err("zone"));
        let all = Hours::parse("00:00-24:00", Some("sat-mon,wed"), Some("UTC")).unwrap();
        assert_eq!(all.days, [true, false, true, false, false, true, true]);
    }

    #[test]
    fn every_fact_has_its_name() {
        for name in Fact::NAMES {
            assert_eq!(Fact::named(name).unwrap().name(), name);
        }
    }
}
