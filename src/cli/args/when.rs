//! A moment as a person writes it behind a flag: a date, a time, or how long ago.
//!
//! Nothing here reads a clock.

use std::time::Duration;

use anyhow::anyhow;
use chrono::{DateTime, Local, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Utc};

use crate::cli::exit::{Failure, Status};
use crate::words::time;

/// A moment as a person writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum When {
    At(DateTime<Utc>),
    /// Without a time zone.
    Local(NaiveDateTime),
    Ago(Duration),
}

impl std::str::FromStr for When {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(time) = DateTime::parse_from_rfc3339(text) {
            return Ok(Self::At(time.to_utc()));
        }
        if let Ok(date) = text.parse::<NaiveDate>() {
            return Ok(Self::Local(date.and_time(NaiveTime::MIN)));
        }
        for form in ["%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S"] {
            if let Ok(time) = NaiveDateTime::parse_from_str(text, form) {
                return Ok(Self::Local(time));
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
    /// The moment, for a command that is run `now`.
    ///
    /// # Errors
    /// No calendar has it.
    pub(crate) fn moment(self, now: DateTime<Utc>) -> Result<DateTime<Utc>, Failure> {
        let moment = match self {
            Self::At(time) => Some(time),
            // Of an hour that is there twice the first, and of one that is not there its end.
            Self::Local(time) => time
                .and_local_timezone(Local)
                .earliest()
                .or_else(|| {
                    (time + TimeDelta::hours(1))
                        .and_local_timezone(Local)
                        .earliest()
                })
                .map(|time| time.to_utc()),
            Self::Ago(ago) => TimeDelta::from_std(ago)
                .ok()
                .and_then(|ago| now.checked_sub_signed(ago)),
        };
        moment.ok_or_else(|| Failure::new(Status::Usage, anyhow!("that time is out of range")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_dates_times_and_how_long_ago() {
        let now = "2026-11-23T10:00:00Z".parse().unwrap();
        for (text, expected) in [
            ("2026-11-22T09:00:00+01:00", Some("2026-11-22T08:00:00Z")),
            ("7d", Some("2026-11-16T10:00:00Z")),
            ("1h30m", Some("2026-11-23T08:30:00Z")),
            ("2026-11-22", None),
            ("2026-11-22 14:05", None),
        ] {
            let when: When = text.parse().unwrap();
            let moment = when.moment(now).unwrap();
            if let Some(expected) = expected {
                assert_eq!(moment, expected.parse::<DateTime<Utc>>().unwrap());
            }
        }
        for text in ["", "2026", "yesterday", "2026-13-01", "-1d"] {
            assert!(text.parse::<When>().is_err(), "{text:?}");
        }
        let ages: When = "100000000d".parse().unwrap();
        assert!(ages.moment(now).is_err());
    }
}
