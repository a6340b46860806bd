//! The one door for words to the person: stderr, program name first, outside text made harmless.
//!
//! Results never pass here (they go to stdout), and nothing is printed while the terminal is raw.

use std::fmt::Write as _;
use std::io::Write as _;

use super::exit::Failure;

/// Says something that is no failure.
pub(crate) fn say(text: &str) {
    line(&format!("ssm-rec: {}", printable(text)));
}

/// Ends whatever line stands on the terminal.
pub(crate) fn end_line() {
    line("");
}

/// Says what failed and what to do next.
pub(crate) fn failure(failure: &Failure) {
    line(&format!(
        "ssm-rec: {}",
        printable(&format!("{:#}", failure.error))
    ));
    if let Some(hint) = &failure.hint {
        line(&format!("hint: {}", printable(hint)));
    }
}

/// Text from outside (a target, a reason, a service's message) as one line without control characters,
/// so that it cannot drive the terminal or forge a second line.
pub(crate) fn printable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' | '\r' | '\t' => out.push(' '),
            c if c.is_control() || is_direction_control(c) => {
                // Writing to a String cannot fail.
                let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out
}

/// Bidirectional controls can make a line read as something else than it says.
fn is_direction_control(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn line(text: &str) {
    // A closed stderr must not turn a finished session into a failed one.
    let _ = writeln!(std::io::stderr(), "{text}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outside_text_stays_one_harmless_line() {
        assert_eq!(
            printable("a\x1b[2Jb\nc\u{202e}d"),
            "a\\u{1b}[2Jb c\\u{202e}d"
        );
    }
}
