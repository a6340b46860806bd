//! The moment that a person means behind a flag or in an expression, on this machine and by its time zone.
//!
//! Nothing here reads a clock: when the command is run is told.

use chrono::{DateTime, Local, TimeDelta, Utc};

use crate::review::condition::When;

/// The moment, for a command that is run `now`; `None` where no calendar has it.
pub(crate) fn moment(when: When, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    match when {
        When::At(time) => Some(time),
        // Of an hour that is there twice the first, and of one that is not there its end.
        When::Local(time, _) => time
            .and_local_timezone(Local)
            .earliest()
            .or_else(|| {
                (time + TimeDelta::hours(1))
                    .and_local_timezone(Local)
                    .earliest()
            })
            .map(|time| time.to_utc()),
        When::Ago(ago) => TimeDelta::from_std(ago)
            .ok()
            .and_then(|ago| now.checked_sub_signed(ago)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_long_ago_counts_from_now_and_no_calendar_reaches_everywhere() {
        let now = "2026-11-23T10:00:00Z".parse().unwrap();
        for (text, expected) in [
            ("2026-11-22T09:00:00+01:00", "2026-11-22T08:00:00Z"),
            ("7d", "2026-11-16T10:00:00Z"),
            ("1h30m", "2026-11-23T08:30:00Z"),
        ] {
            let moment = moment(text.parse().unwrap(), now).unwrap();
            assert_eq!(moment, expected.parse::<DateTime<Utc>>().unwrap());
        }
        assert!(moment("2026-11-22 14:05".parse().unwrap(), now).is_some());
        assert_eq!(moment("100000000d".parse().unwrap(), now), None);
    }
}
