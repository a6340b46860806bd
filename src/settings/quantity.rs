//! Durations and sizes as people write them: `15m`, `1h30m`, `500ms`, `512MiB`.
//!
//! Nothing here knows which setting takes them.

use std::time::Duration;

const NANOS: [(&str, u64); 5] = [
    ("d", 86_400_000_000_000),
    ("h", 3_600_000_000_000),
    ("m", 60_000_000_000),
    ("s", 1_000_000_000),
    ("ms", 1_000_000),
];

const BYTES: [(&str, u64); 9] = [
    ("TiB", 1 << 40),
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("TB", 1_000_000_000_000),
    ("GB", 1_000_000_000),
    ("MB", 1_000_000),
    ("kB", 1_000),
    ("B", 1),
];

/// Reads a duration: numbers with units, added up; a bare number counts seconds.
pub(crate) fn parse_duration(text: &str) -> Option<Duration> {
    let text = text.trim();
    if text.ends_with(|c: char| c.is_ascii_digit()) {
        return parse_part(text, 1_000_000_000).map(Duration::from_nanos);
    }
    let mut rest = text;
    let mut total: u64 = 0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, behind) = rest.split_at(digits);
        let letters = behind
            .find(|c: char| !c.is_ascii_alphabetic())
            .unwrap_or(behind.len());
        let (unit, behind) = behind.split_at(letters);
        let (_, scale) = NANOS.iter().find(|(name, _)| *name == unit)?;
        total = total.checked_add(parse_part(number, *scale)?)?;
        rest = behind.trim_start();
    }
    (!text.is_empty()).then(|| Duration::from_nanos(total))
}

/// Writes a duration so that [`parse_duration`] reads the same one, to the millisecond.
pub(crate) fn write_duration(duration: Duration) -> String {
    let mut left = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
    let mut out = String::new();
    for (unit, scale) in NANOS {
        let count = left / scale;
        left %= scale;
        if count > 0 {
            out.push_str(&format!("{count}{unit}"));
        }
    }
    if out.is_empty() { "0s".to_owned() } else { out }
}

/// Reads a size in bytes: one number with a unit; a bare number counts bytes.
pub(crate) fn parse_size(text: &str) -> Option<u64> {
    let text = text.trim();
    let digits = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let unit = unit.trim_start();
    let scale = if unit.is_empty() {
        1
    } else {
        let (_, scale) = BYTES
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(unit))?;
        *scale
    };
    parse_part(number, scale)
}

/// Writes a size so that [`parse_size`] reads the same one, in the largest unit that leaves no fraction.
pub(crate) fn write_size(bytes: u64) -> String {
    let fits = |scale: &u64| bytes > 0 && bytes.is_multiple_of(*scale);
    let (unit, scale) = BYTES
        .iter()
        .find(|(_, scale)| fits(scale))
        .copied()
        .unwrap_or(("B", 1));
    format!("{}{unit}", bytes / scale)
}

/// A decimal number times its unit, exactly; `None` when it is no number or too large.
fn parse_part(number: &str, scale: u64) -> Option<u64> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let digits = |text: &str| text.chars().all(|c| c.is_ascii_digit());
    if whole.is_empty()
        || !digits(whole)
        || !digits(fraction)
        || fraction.len() > 9
        || number.ends_with('.')
    {
        return None;
    }
    let mut total = u128::from(whole.parse::<u64>().ok()?) * u128::from(scale);
    if !fraction.is_empty() {
        let tenths = 10_u128.pow(u32::try_from(fraction.len()).ok()?);
        total += u128::from(fraction.parse::<u64>().ok()?) * u128::from(scale) / tenths;
    }
    u64::try_from(total).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_people_write_them() {
        for (text, milliseconds) in [
            ("15m", 900_000),
            ("1h30m", 5_400_000),
            ("1h 30m", 5_400_000),
            ("500ms", 500),
            ("2.5s", 2_500),
            ("2.5", 2_500),
            ("90", 90_000),
            ("0", 0),
            ("2d", 172_800_000),
        ] {
            assert_eq!(
                parse_duration(text),
                Some(Duration::from_millis(milliseconds)),
                "{text}"
            );
        }
        for text in [
            "",
            " ",
            "m",
            "1",
            "1 m x",
            "-5s",
            "5 minutes",
            "1e3s",
            "1.",
            ".5s",
            "1..2s",
            "99999999999999d",
        ] {
            let bare = text == "1";
            assert_eq!(parse_duration(text).is_some(), bare, "{text:?}");
        }
    }

    #[test]
    fn sizes_are_read_as_people_write_them() {
        for (text, bytes) in [
            ("512MiB", 512 << 20),
            ("512 mib", 512 << 20),
            ("1GB", 1_000_000_000),
            ("1.5GiB", 3 << 29),
            ("0", 0),
            ("4096", 4096),
            ("7B", 7),
        ] {
            assert_eq!(parse_size(text), Some(bytes), "{text}");
        }
        for text in ["", "MiB", "1M", "1 PiB", "-1", "99999999TiB", "1,5GB"] {
            assert_eq!(parse_size(text), None, "{text:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn what_is_written_reads_the_same(number in proptest::num::u64::ANY, milliseconds in 0..u64::from(u32::MAX)) {
            assert_eq!(parse_size(&write_size(number)), Some(number));
            let duration = Duration::from_millis(milliseconds);
            assert_eq!(parse_duration(&write_duration(duration)), Some(duration));
        }

        #[test]
        fn no_text_makes_the_readers_panic(text in ".{0,20}") {
            let _ = (parse_duration(&text), parse_size(&text));
        }
    }
}
