//! Sessions that can be named: in the spool, and in the store as far as this machine knows it without asking.
//!
//! No bucket is asked.

use std::ffi::OsStr;

use clap_complete::engine::{CompletionCandidate, PathCompleter, ValueCompleter as _};

use super::{MOST, offered};
use crate::cli::named;
use crate::settings::{Flags, Settings};

/// Sessions, newest first, and files.
pub(crate) fn recordings(typed: &OsStr) -> Vec<CompletionCandidate> {
    let mut found = offered(typed, sessions().into_iter().map(|id| (id, String::new())));
    found.extend(PathCompleter::any().complete(typed));
    found
}

fn sessions() -> Vec<String> {
    let settings = Settings::load_to_read(&Flags::default());
    let Some((settings, places)) = settings.ok().and_then(|settings| {
        let places = settings.places_to_read().ok()?;
        Some((settings, places))
    }) else {
        return Vec::new();
    };
    named::catalog(&places)
        .remembering(settings.cache())
        .at_hand(MOST)
}
