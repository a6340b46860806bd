//! Times as a reviewer reads and types them: since the start, on the clock here, on the clock of all.
//!
//! Nothing here asks what time it is.

use std::time::Duration;

use chrono::{DateTime, FixedOffset, NaiveTime, TimeZone, Utc};

use crate::words::time;

/// How times are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Shown {
    /// Since the start.
    #[default]
    Relative,
    /// Universal time.
    Utc,
    /// That of this machine.
    Local,
}

impl Shown {
    /// The one after it.
    pub(super) fn next(self) -> Self {
        match self {
            Self::Relative => Self::Utc,
            Self::Utc => Self::Local,
            Self::Local => Self::Relative,
        }
    }
}

/// `12:03`, `1:02:03`: as it can be typed and named.
pub(super) fn relative(at: Duration) -> String {
    let seconds = at.as_secs();
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    match hours {
        0 => format!("{minutes:02}:{seconds:02}"),
        _ => format!("{hours}:{minutes:02}:{seconds:02}"),
    }
}

/// Tells the time here.
pub(super) type ToLocal = fn(DateTime<Utc>) -> DateTime<FixedOffset>;

/// A time of a recording that began at `started`, where that is known.
pub(super) fn write(
    shown: Shown,
    started: Option<DateTime<Utc>>,
    to_local: Option<ToLocal>,
    at: Duration,
) -> String {
    let wall = started
        .and_then(|started| started.checked_add_signed(chrono::TimeDelta::from_std(at).ok()?));
    match (shown, wall) {
        (Shown::Relative, _) | (_, None) => relative(at),
        (Shown::Utc, Some(wall)) => wall.format("%Y-%m-%d %H:%M:%SZ").to_string(),
        (Shown::Local, Some(wall)) => {
            let local = to_local.map_or_else(|| wall.fixed_offset(), |to_local| to_local(wall));
            local.format("%Y-%m-%d %H:%M:%S%:z").to_string()
        }
    }
}

/// `3 h 58 m`, `12 m`, `40 s`: about how long.
pub(super) fn about(length: Duration) -> String {
    let seconds = length.as_secs();
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} m", seconds / 60),
        _ => format!("{} h {} m", seconds / 3600, seconds / 60 % 60),
    }
}

/// What somebody typed who is at `position`: `12:03`, `90`, `+90s`, `-1m`, `50%`, or a UTC time.
pub(super) fn parse(
    text: &str,
    position: Duration,
    total: Option<Duration>,
    started: Option<DateTime<Utc>>,
) -> Result<Duration, String> {
    let text = text.trim();
    if let Some(by) = text.strip_prefix('+') {
        return Ok(position.saturating_add(time::parse(by)?));
    }
    if let Some(by) = text.strip_prefix('-') {
        return Ok(position.saturating_sub(time::parse(by)?));
    }
    if let Some(percent) = text.strip_suffix('%') {
        let percent: f64 = percent
            .parse()
            .ok()
            .filter(|percent| (0.0..=100.0).contains(percent))
            .ok_or("a share is a number from 0% to 100%")?;
        let total = total.ok_or("how long it is is not known yet")?;
        return Ok(total.mul_f64(percent / 100.0));
    }
    if let Some(wall) = utc(text, started) {
        let started = started.ok_or("the recording does not tell when it began")?;
        return (wall - started)
            .to_std()
            .map_err(|_| "that is before it began".to_owned());
    }
    time::parse(text)
        .map_err(|_| "not a time: 12:03, 90, +90s, -1m, 50% or 2026-11-29T10:00:00Z".to_owned())
}

/// A date and time, or a time of the day (the first after the start), with `Z` or an offset.
fn utc(text: &str, started: Option<DateTime<Utc>>) -> Option<DateTime<Utc>> {
    let text = text.replacen(' ', "T", 1);
    if let Ok(wall) = DateTime::parse_from_rfc3339(&text) {
        return Some(wall.with_timezone(&Utc));
    }
    let clock = text.strip_suffix(['Z', 'z'])?;
    let clock = NaiveTime::parse_from_str(clock, "%H:%M:%S")
        .or_else(|_| NaiveTime::parse_from_str(clock, "%H:%M"))
        .ok()?;
    let Some(started) = started else {
        return Some(Utc.from_utc_datetime(&DateTime::UNIX_EPOCH.date_naive().and_time(clock)));
    };
    let same_day = Utc.from_utc_datetime(&started.date_naive().and_time(clock));
    Some(match same_day < started {
        true => same_day + chrono::TimeDelta::days(1),
        false => same_day,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn started() -> Option<DateTime<Utc>> {
        Some("2026-11-29T23:00:00Z".parse().unwrap())
    }

    #[test]
    fn whatever_a_reviewer_types_for_a_time_is_one() {
        let at = Duration::from_secs(600);
        let total = Some(Duration::from_secs(7200));
        for (text, seconds) in [
            ("12:03", 723),
            ("90", 90),
            ("+90s", 690),
            ("-1m", 540),
            ("-1h", 0),
            ("50%", 3600),
            ("2026-11-29T23:10:00Z", 600),
            ("2026-11-30 00:10:00Z", 4200),
            ("2026-11-30T01:10:00+01:00", 4200),
            ("00:10Z", 4200),
            ("23:10:05Z", 605),
        ] {
            let parsed = parse(text, at, total, started());
            assert_eq!(parsed, Ok(Duration::from_secs(seconds)), "{text}");
        }
        for text in ["", "x", "101%", "+", "2026-11-29T22:00:00Z"] {
            assert!(parse(text, at, total, started()).is_err(), "{text}");
        }
        assert!(parse("10:00Z", at, total, None).is_err());
    }

    #[test]
    fn times_are_shown_since_the_start_or_on_a_clock() {
        let at = Duration::from_secs(3723);
        assert_eq!(write(Shown::Relative, started(), None, at), "1:02:03");
        assert_eq!(
            write(Shown::Utc, started(), None, at),
            "2026-11-30 00:02:03Z"
        );
        assert_eq!(write(Shown::Utc, None, None, at), "1:02:03");
        let here: ToLocal = |utc| utc.with_timezone(&FixedOffset::east_opt(3600).unwrap());
        assert_eq!(
            write(Shown::Local, started(), Some(here), at),
            "2026-11-30 01:02:03+01:00"
        );
        assert_eq!(about(Duration::from_secs(14_300)), "3 h 58 m");
    }
}
