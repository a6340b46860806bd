//! The one door for words to the person: stderr, program name first, outside text made harmless.
//!
//! Results never pass here (they go to stdout), and nothing is printed while the terminal is raw.

use std::io::Write as _;

use crate::cli::exit::Failure;
use crate::words::{causes, printable};

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
    say(&causes(failure.error.as_ref()));
    if let Some(hint) = &failure.hint {
        line(&format!("hint: {}", printable(hint)));
    }
}

fn line(text: &str) {
    // A closed stderr must not turn a finished session into a failed one.
    let _ = writeln!(std::io::stderr(), "{text}");
}
