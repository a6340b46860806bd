//! Sizes in bytes as people read and write them.
//!
//! Nothing here is meant for programs: those get whole numbers.

use super::decimal;

const UNITS: [(&str, u64); 9] = [
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

/// `512 B`, `1.2 kB`, `34 MB`
pub(crate) fn write(bytes: u64) -> String {
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

/// Writes a size so that [`parse`] reads the same one, in the largest unit that leaves no fraction: `512MiB`.
pub(crate) fn write_exactly(bytes: u64) -> String {
    let (unit, scale) = UNITS
        .into_iter()
        .find(|(_, scale)| bytes > 0 && bytes.is_multiple_of(*scale))
        .unwrap_or(("B", 1));
    format!("{}{unit}", bytes / scale)
}

/// Reads a size: one number with a unit; a bare number counts bytes.
pub(crate) fn parse(text: &str) -> Option<u64> {
    let text = text.trim();
    let digits = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let unit = match unit.trim_start() {
        "" => "B",
        unit => unit,
    };
    let (_, scale) = UNITS
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(unit))?;
    decimal::times(number, *scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_stay_short() {
        for (bytes, expected) in [
            (0, "0 B"),
            (999, "999 B"),
            (1234, "1.2 kB"),
            (9_990, "10 kB"),
            (999_999, "1.0 MB"),
            (34_000_000, "34 MB"),
            (u64::MAX, "18447 PB"),
        ] {
            assert_eq!(write(bytes), expected);
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
            assert_eq!(parse(text), Some(bytes), "{text}");
        }
        for text in ["", "MiB", "1M", "1 PiB", "-1", "99999999TiB", "1,5GB"] {
            assert_eq!(parse(text), None, "{text:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn what_is_written_reads_the_same(bytes in proptest::num::u64::ANY) {
            assert_eq!(parse(&write_exactly(bytes)), Some(bytes));
        }

        #[test]
        fn no_text_makes_the_reader_panic(text in ".{0,20}") {
            let _ = parse(&text);
        }
    }
}
