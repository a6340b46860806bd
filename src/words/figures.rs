//! Times and sizes as people read and write them.
//!
//! Nothing here is meant for programs: those get whole numbers in the JSON forms.

use std::time::Duration;

/// `0.4s`, `12.3s`, `4m05s`, `2h03m`, `3d04h`
pub(crate) fn duration(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0..60 => format!("{}.{}s", seconds, duration.subsec_millis() / 100),
        60..3600 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        3600..86_400 => format!("{}h{:02}m", seconds / 3600, seconds / 60 % 60),
        _ => format!("{}d{:02}h", seconds / 86_400, seconds / 3600 % 24),
    }
}

/// `512 B`, `1.2 kB`, `34 MB`
pub(crate) fn size(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["kB", "MB", "GB", "TB", "PB"];
    if bytes < 1000 {
        return format!("{bytes} B");
    }
    let mut value = bytes as f64 / 1000.0;
    let mut unit = 0;
    while value >= 999.5 && unit + 1 < UNITS.len() {
        value /= 1000.0;
        unit += 1;
    }
    if value < 9.95 {
        format!("{value:.1} {}", UNITS[unit])
    } else {
        format!("{value:.0} {}", UNITS[unit])
    }
}

/// A time in a recording: seconds (`90`, `90.5`), `1:30`, `1:02:03`, or with units (`1h2m3s`, `1500ms`).
pub(crate) fn parse_duration(text: &str) -> Result<Duration, String> {
    let wrong = || "not a time: write 90, 1:30 or 1h2m3s".to_owned();
    let seconds = if text.contains(':') {
        let parts: Vec<&str> = text.split(':').collect();
        let plain = |part: &&str| {
            (1..=9).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
        };
        let (last, leading) = parts.split_last().ok_or_else(wrong)?;
        if leading.len() > 2 || !leading.iter().all(plain) {
            return Err(wrong());
        }
        let mut seconds = 0.0;
        for part in leading {
            seconds = (seconds + part.parse::<f64>().map_err(|_| wrong())?) * 60.0;
        }
        seconds + number(last).filter(|last| *last < 60.0).ok_or_else(wrong)?
    } else if let Some(seconds) = number(text) {
        seconds
    } else {
        with_units(text).ok_or_else(wrong)?
    };
    Duration::try_from_secs_f64(seconds).map_err(|_| wrong())
}

/// Digits with at most one point, so that neither a sign nor `inf` passes.
fn number(text: &str) -> Option<f64> {
    let plain = text
        .bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b'.');
    plain.then(|| text.parse().ok()).flatten()
}

fn with_units(text: &str) -> Option<f64> {
    let mut seconds = 0.0;
    let mut rest = text;
    let mut last = f64::INFINITY;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (value, tail) = rest.split_at(digits);
        let letters = tail
            .find(|c: char| !c.is_ascii_alphabetic())
            .unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(letters);
        let unit = match unit {
            "d" => 86_400.0,
            "h" => 3600.0,
            "m" => 60.0,
            "s" => 1.0,
            "ms" => 0.001,
            _ => return None,
        };
        // Larger units come first, each once.
        if unit >= last {
            return None;
        }
        last = unit;
        seconds += number(value)? * unit;
        rest = tail;
    }
    (last < f64::INFINITY).then_some(seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_in_every_form_that_people_write() {
        for (text, expected) in [
            ("90", 90_000),
            ("0.25", 250),
            ("1:30", 90_000),
            ("1:30.5", 90_500),
            ("1:02:03", 3_723_000),
            ("100:00", 6_000_000),
            ("1h2m3s", 3_723_000),
            ("2m", 120_000),
            ("1500ms", 1500),
            ("1d", 86_400_000),
        ] {
            assert_eq!(
                parse_duration(text),
                Ok(Duration::from_millis(expected)),
                "{text:?}"
            );
        }
        for text in [
            "", "-1", "+1", "x", "1:", ":1", "1:60", "1:2:3:4", "1:-2", "1m1h", "1s2s", "5x",
            "inf", "nan", "1e9", "s", "1.2.3", "-1:00",
        ] {
            assert!(parse_duration(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn durations_and_sizes_stay_short() {
        for (ms, expected) in [
            (0, "0.0s"),
            (12_345, "12.3s"),
            (65_000, "1m05s"),
            (7_380_000, "2h03m"),
            (273_600_000, "3d04h"),
        ] {
            assert_eq!(duration(Duration::from_millis(ms)), expected);
        }
        for (bytes, expected) in [
            (0, "0 B"),
            (999, "999 B"),
            (1234, "1.2 kB"),
            (9_990, "10 kB"),
            (999_999, "1.0 MB"),
            (34_000_000, "34 MB"),
            (u64::MAX, "18447 PB"),
        ] {
            assert_eq!(size(bytes), expected);
        }
    }
}
