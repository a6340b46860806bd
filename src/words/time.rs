//! Lengths of time, and places in a recording, as people read and write them.
//!
//! Nothing here is meant for programs: those get whole numbers.

use std::time::Duration;

use super::decimal;

/// As exact as the times in a recording are: in microseconds.
const SECOND: u64 = 1_000_000;
/// The largest first.
const UNITS: [(&str, u64); 5] = [
    ("d", 86_400 * SECOND),
    ("h", 3600 * SECOND),
    ("m", 60 * SECOND),
    ("s", SECOND),
    ("ms", SECOND / 1000),
];

/// `0.4s`, `12.3s`, `4m05s`, `2h03m`, `3d04h`
pub(crate) fn write(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..60 => format!("{}.{}s", seconds, time.subsec_millis() / 100),
        60..3600 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        3600..86_400 => format!("{}h{:02}m", seconds / 3600, seconds / 60 % 60),
        _ => format!("{}d{:02}h", seconds / 86_400, seconds / 3600 % 24),
    }
}

/// `1:02:03.456`: a place in a recording, to the millisecond, as [`parse`] reads it.
pub(crate) fn write_clock(time: Duration) -> String {
    let (seconds, millis) = (time.as_secs(), time.subsec_millis());
    format!(
        "{}:{:02}:{:02}.{millis:03}",
        seconds / 3600,
        seconds / 60 % 60,
        seconds % 60
    )
}

/// Writes a time so that [`sum`] reads the same one, to the millisecond: `10s`, `1h30m`.
pub(crate) fn write_exactly(time: Duration) -> String {
    let mut left = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
    let mut out = String::new();
    for (unit, scale) in UNITS {
        let count = left / scale;
        left %= scale;
        if count > 0 {
            out.push_str(&format!("{count}{unit}"));
        }
    }
    if out.is_empty() { "0s".to_owned() } else { out }
}

/// A time in a recording: seconds (`90`, `90.5`), `1:30`, `1:02:03`, or with units (`1h2m3s`, `1500ms`), each once and
/// larger ones first.
pub(crate) fn parse(text: &str) -> Result<Duration, String> {
    clock(text)
        .or_else(|| {
            let parts = parts(text)?;
            let falls = parts.windows(2).all(|pair| pair[0].0 > pair[1].0);
            falls.then(|| total(&parts))?
        })
        .ok_or_else(|| "not a time: write 90, 1:30 or 1h2m3s".to_owned())
}

/// A length of time in a setting: numbers with units, added up; a bare number counts seconds.
pub(crate) fn sum(text: &str) -> Option<Duration> {
    let text = text.trim();
    // A digit first, as TOML itself has its numbers.
    text.starts_with(|c: char| c.is_ascii_digit())
        .then(|| total(&parts(text)?))?
}

/// `1:30` and `1:02:03`: only the last number may have a fraction, and it is less than a minute.
fn clock(text: &str) -> Option<Duration> {
    let (leading, last) = text.rsplit_once(':')?;
    let (hours, minutes) = leading.split_once(':').unwrap_or(("0", leading));
    let whole = |number: &str| match number.contains('.') {
        true => None,
        false => decimal::times(number, 1),
    };
    let minutes = whole(hours)?
        .checked_mul(60)?
        .checked_add(whole(minutes)?)?;
    let last = decimal::times(last, SECOND).filter(|last| *last < 60 * SECOND)?;
    let micros = minutes.checked_mul(60 * SECOND)?.checked_add(last)?;
    Some(Duration::from_micros(micros))
}

/// Each number's unit, and the number times its unit.
fn parts(text: &str) -> Option<Vec<(u64, u64)>> {
    if text.ends_with(|c: char| c.is_ascii_digit()) {
        return Some(vec![(SECOND, decimal::times(text, SECOND)?)]);
    }
    let mut parts = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, behind) = rest.split_at(digits);
        let letters = behind
            .find(|c: char| !c.is_ascii_alphabetic())
            .unwrap_or(behind.len());
        let (unit, behind) = behind.split_at(letters);
        let (_, scale) = UNITS.into_iter().find(|(name, _)| *name == unit)?;
        parts.push((scale, decimal::times(number, scale)?));
        rest = behind.trim_start();
    }
    (!parts.is_empty()).then_some(parts)
}

fn total(parts: &[(u64, u64)]) -> Option<Duration> {
    let micros = parts
        .iter()
        .try_fold(0_u64, |total, (_, micros)| total.checked_add(*micros))?;
    Some(Duration::from_micros(micros))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_in_every_form_that_people_write() {
        for (text, expected) in [
            ("90", 90_000),
            ("0.25", 250),
            (".5", 500),
            ("1:30", 90_000),
            ("1:30.5", 90_500),
            ("1:02:03", 3_723_000),
            ("100:00", 6_000_000),
            ("1h2m3s", 3_723_000),
            ("2m", 120_000),
            ("1500ms", 1500),
            ("1d", 86_400_000),
        ] {
            assert_eq!(parse(text), Ok(Duration::from_millis(expected)), "{text:?}");
        }
        for text in [
            "", "-1", "+1", "x", "1:", ":1", "1:60", "1:2:3:4", "1:-2", "1m1h", "1s2s", "5x",
            "inf", "nan", "1e9", "s", "1.2.3", "-1:00",
        ] {
            assert!(parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn lengths_are_read_as_people_write_them() {
        for (text, milliseconds) in [
            ("15m", 900_000),
            ("1h30m", 5_400_000),
            ("1h 30m", 5_400_000),
            ("500ms", 500),
            ("2.5s", 2_500),
            ("2.5", 2_500),
            ("90", 90_000),
            ("1", 1_000),
            ("0", 0),
            ("2d", 172_800_000),
            ("30m1h", 5_400_000),
        ] {
            assert_eq!(
                sum(text),
                Some(Duration::from_millis(milliseconds)),
                "{text}"
            );
        }
        for text in [
            "",
            " ",
            "m",
            "1 m x",
            "-5s",
            "5 minutes",
            "1e3s",
            "1.",
            ".5s",
            "1..2s",
            "99999999999999d",
        ] {
            assert_eq!(sum(text), None, "{text:?}");
        }
    }

    #[test]
    fn times_stay_short() {
        for (ms, expected) in [
            (0, "0.0s"),
            (12_345, "12.3s"),
            (65_000, "1m05s"),
            (7_380_000, "2h03m"),
            (273_600_000, "3d04h"),
        ] {
            assert_eq!(write(Duration::from_millis(ms)), expected);
        }
    }

    proptest::proptest! {
        #[test]
        fn what_is_written_reads_the_same(milliseconds in 0..u64::from(u32::MAX)) {
            let time = Duration::from_millis(milliseconds);
            assert_eq!(sum(&write_exactly(time)), Some(time));
        }

        #[test]
        fn no_text_makes_the_readers_panic(text in ".{0,20}") {
            let _ = (parse(&text), sum(&text));
        }
    }
}
