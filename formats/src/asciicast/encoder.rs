//! Writes asciicast v3, one line after the other.
//!
//! Nothing here does arithmetic on fractions: the interval of a line is the difference of two whole numbers of
//! microseconds since the start, so rounding never adds up.

use std::time::Duration;

use super::escape::escape;
use super::event::Data;
use super::header::Header;
use crate::payload::Size;
use crate::tee::{Shorthand, TeedMessage};

/// Appends lines to a vector.
#[derive(Clone, Debug, Default)]
pub struct Encoder {
    last_us: u64,
    shorthand: Shorthand,
    head: String,
}

impl Encoder {
    /// Appends the header line.
    pub fn header(&mut self, header: &Header, out: &mut Vec<u8>) {
        self.shorthand = header.shorthand();
        header.encode(out);
    }

    /// Begins a part that can be read without what came before, but for the header and the time of the last event.
    pub fn begin_part(&mut self) {
        self.shorthand.forget();
    }

    /// The time of the last event written, in microseconds since the start.
    #[must_use]
    pub fn last_us(&self) -> u64 {
        self.last_us
    }

    /// Counts on from a line that was written by other means.
    pub(crate) fn advance_to(&mut self, at_us: u64) {
        self.last_us = self.last_us.max(at_us);
    }

    /// Appends an event of any kind. A time before that of the event before counts as the same time.
    pub fn event(&mut self, at: Duration, data: &Data, out: &mut Vec<u8>) {
        match data {
            Data::Output(text) => self.output(at, text, out),
            Data::Input(text) => self.text(at, "i", text, out),
            Data::Marker(label) => self.text(at, "m", label, out),
            Data::Resize(Size { cols, rows }) => {
                self.text(at, "r", &format!("{cols}x{rows}"), out);
            }
            Data::Exit(status) => self.text(at, "x", &status.to_string(), out),
            Data::Message(message) => self.message(at, message, out),
            Data::Other { code, data } => self.text(at, code, data, out),
        }
    }

    /// Appends an `o` event.
    pub fn output(&mut self, at: Duration, text: &str, out: &mut Vec<u8>) {
        self.text(at, "o", text, out);
    }

    /// Appends an `f` event.
    pub fn message(&mut self, at: Duration, message: &TeedMessage, out: &mut Vec<u8>) {
        self.begin(at, "f", out);
        self.head.clear();
        let text = self.shorthand.write(message, &mut self.head);
        out.extend_from_slice(self.head.as_bytes());
        escape(text, out);
        out.extend_from_slice(b"\"]\n");
    }

    fn text(&mut self, at: Duration, code: &str, text: &str, out: &mut Vec<u8>) {
        self.begin(at, code, out);
        escape(text, out);
        out.extend_from_slice(b"\"]\n");
    }

    /// Everything before the data: `[0.001234, "o", "`.
    fn begin(&mut self, at: Duration, code: &str, out: &mut Vec<u8>) {
        let at_us = u64::try_from(at.as_micros())
            .unwrap_or(u64::MAX)
            .max(self.last_us);
        let interval = at_us - self.last_us;
        self.last_us = at_us;
        out.push(b'[');
        decimal(interval / 1_000_000, 1, out);
        out.push(b'.');
        decimal(interval % 1_000_000, 6, out);
        out.extend_from_slice(b", \"");
        escape(code, out);
        out.extend_from_slice(b"\", \"");
    }
}

/// With zeros in front up to `width` digits.
fn decimal(mut number: u64, width: usize, out: &mut Vec<u8>) {
    let mut digits = [b'0'; 20];
    let mut at = digits.len();
    while number > 0 || digits.len() - at < width {
        at -= 1;
        digits[at] = b'0' + (number % 10) as u8;
        number /= 10;
    }
    out.extend_from_slice(&digits[at..]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn intervals_are_differences_of_whole_microseconds() {
        let mut encoder = Encoder::default();
        let mut out = Vec::new();
        for us in [0, 1, 1_500_000, 1_400_000, 3_600_000_000] {
            encoder.output(Duration::from_micros(us), "a", &mut out);
        }
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "[0.000000, \"o\", \"a\"]\n[0.000001, \"o\", \"a\"]\n[1.499999, \"o\", \"a\"]\n\
             [0.000000, \"o\", \"a\"]\n[3598.500000, \"o\", \"a\"]\n"
        );
    }

    #[test]
    fn every_kind_of_event_has_its_line() {
        let mut encoder = Encoder::default();
        let mut out = Vec::new();
        for data in [
            Data::Input("\x03".into()),
            Data::Resize(Size { cols: 90, rows: 30 }),
            Data::Marker("one \"two\"".into()),
            Data::Exit(-1),
            Data::Other {
                code: "z".into(),
                data: "?".into(),
            },
        ] {
            encoder.event(Duration::ZERO, &data, &mut out);
        }
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "[0.000000, \"i\", \"\\u0003\"]\n[0.000000, \"r\", \"90x30\"]\n[0.000000, \"m\", \"one \\\"two\\\"\"]\n\
             [0.000000, \"x\", \"-1\"]\n[0.000000, \"z\", \"?\"]\n"
        );
    }

    proptest! {
        #[test]
        fn nanoseconds_are_cut_and_never_drift(steps in proptest::collection::vec(0_u64..5_000_000_000, 1..50)) {
            let mut encoder = Encoder::default();
            let (mut at, mut sum) = (Duration::ZERO, 0);
            for step in steps {
                at += Duration::from_nanos(step);
                let mut out = Vec::new();
                encoder.output(at, "", &mut out);
                sum += super::super::line::parse(out.trim_ascii_end(), &mut Vec::new()).unwrap().0;
                prop_assert_eq!(u128::from(sum), at.as_micros());
            }
        }
    }
}
