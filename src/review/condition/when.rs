//! A moment as a person writes it: a date, a time, or how long ago.
//!
//! Nothing here reads a clock or knows a time zone.

use std::time::Duration;

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Timelike as _, Utc};

use crate::words::time;

/// A moment as a person writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// With its time zone.
    At(DateTime<Utc>),
    /// Without one; and how long the day, the minute or the second is that was written.
    Local(NaiveDateTime, TimeDelta),
    /// So long before now.
    Ago(Duration),
}

/// Which moment that is; `None` where no calendar has it.
pub type Clock<'a> = &'a dyn Fn(When) -> Option<DateTime<Utc>>;

impl std::str::FromStr for When {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(time) = DateTime::parse_from_rfc3339(text) {
            return Ok(Self::At(time.to_utc()));
        }
        if let Ok(date) = text.parse::<NaiveDate>() {
            return Ok(Self::Local(
                date.and_time(NaiveTime::MIN),
                TimeDelta::days(1),
            ));
        }
        for (form, length) in [
            ("%Y-%m-%d %H:%M", TimeDelta::minutes(1)),
            ("%Y-%m-%dT%H:%M", TimeDelta::minutes(1)),
            ("%Y-%m-%d %H:%M:%S", TimeDelta::seconds(1)),
            ("%Y-%m-%dT%H:%M:%S", TimeDelta::seconds(1)),
        ] {
            if let Ok(time) = NaiveDateTime::parse_from_str(text, form) {
                return Ok(Self::Local(time, length));
            }
        }
        // A number alone could be seconds ago as well as a year.
        match time::parse(text) {
            Ok(ago) if text.ends_with(|c: char| c.is_ascii_alphabetic()) => Ok(Self::Ago(ago)),
            _ => Err("not a time: write 2026-11-23, \"2026-11-23 14:05\", 7d or 12h".into()),
        }
    }
}

impl When {
    /// Where the day, the minute or the second ends that was written; itself for what is a moment alone.
    #[must_use]
    pub fn end(self) -> Option<Self> {
        Some(match self {
            Self::At(time) if time.nanosecond() == 0 => {
                Self::At(time.checked_add_signed(TimeDelta::seconds(1))?)
            }
            Self::Local(time, length) => Self::Local(time.checked_add_signed(length)?, length),
            moment => moment,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_dates_times_and_how_long_ago() {
        let local = |text: &str, seconds| {
            Ok(When::Local(
                text.parse().unwrap(),
                TimeDelta::seconds(seconds),
            ))
        };
        for (text, expected) in [
            (
                "2026-11-22T09:00:00+01:00",
                Ok(When::At("2026-11-22T08:00:00Z".parse().unwrap())),
            ),
            ("7d", Ok(When::Ago(Duration::from_secs(7 * 86_400)))),
            ("1h30m", Ok(When::Ago(Duration::from_secs(5400)))),
            ("2026-11-22", local("2026-11-22T00:00:00", 86_400)),
            ("2026-11-22 14:05", local("2026-11-22T14:05:00", 60)),
            ("2026-11-22T14:05:09", local("2026-11-22T14:05:09", 1)),
        ] {
            assert_eq!(text.parse(), expected, "{text}");
        }
        for text in ["", "2026", "yesterday", "2026-13-01", "-1d"] {
            assert!(text.parse::<When>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_day_ends_where_the_next_begins_and_a_moment_in_itself() {
        let end = |text: &str| text.parse::<When>().unwrap().end().unwrap();
        let next: NaiveDateTime = "2026-12-01T00:00:00".parse().unwrap();
        assert_eq!(end("2026-11-30"), When::Local(next, TimeDelta::days(1)));
        assert_eq!(end("7d"), "7d".parse().unwrap());
        assert_eq!(
            end("2026-11-30T23:59:59Z"),
            "2026-12-01T00:00:00Z".parse().unwrap()
        );
    }
}
