//! The one door for words to the person: stderr, program name first, outside text made harmless.
//!
//! Results never pass here (they go to stdout), and nothing is printed while the terminal is raw.

use std::io::Write as _;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use crate::cli::exit::Failure;
use crate::terminal;
use crate::words::{causes, printable};

/// How long a word may take where nobody wants to wait.
const PATIENCE: Duration = Duration::from_millis(20);

/// How much is still said.
static MANNER: AtomicU8 = AtomicU8::new(ALL);
/// All of it, however long the terminal is held.
const ALL: u8 = 0;
/// What the terminal takes at once.
const IN_PASSING: u8 = 1;
/// Nothing: it took nothing.
const NOTHING: u8 = 2;

/// The person has left, or a signal came: from here on no word is a reason to stay.
pub(crate) fn hurry() {
    MANNER.fetch_max(IN_PASSING, Ordering::Relaxed);
}

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
    if let Some(text) = &failure.hint {
        hint(text);
    }
}

/// Says what to do next.
pub(crate) fn hint(text: &str) {
    line(&format!("hint: {}", printable(text)));
}

fn line(text: &str) {
    match MANNER.load(Ordering::Relaxed) {
        ALL => {
            // A closed stderr must not turn a finished session into a failed one.
            let _ = writeln!(std::io::stderr(), "{text}");
        }
        IN_PASSING if terminal::say_within(format!("{text}\n"), PATIENCE).is_err() => {
            MANNER.store(NOTHING, Ordering::Relaxed);
        }
        _ => {}
    }
}
