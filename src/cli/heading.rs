//! Whose session something is of, in a line above it.
//!
//! Nothing from a recording is shown as it is.

use chrono::Local;
use formats::manifest::Manifest;

use crate::review::condition::started;
use crate::words::{last_of_arn, printable};

/// `2026-11-23 10:00  alice  i-0abc  ticket-42`: what stands behind the session's id.
pub(crate) fn behind_id(manifest: &Manifest) -> String {
    let started = started(manifest).map(|at| {
        let local = at.with_timezone(&Local);
        local.format("%Y-%m-%d %H:%M").to_string()
    });
    let operator = manifest.operator.as_deref();
    let operator = operator.map(last_of_arn);
    let rest = [
        started.as_deref(),
        operator.or(manifest.user.as_deref()),
        Some(&manifest.target),
        manifest.reason.as_deref(),
    ];
    let rest = rest.into_iter().flatten().map(printable);
    let rest: Vec<String> = rest.filter(|text| !text.is_empty()).collect();
    rest.join("  ")
}
