//! What a long search looked through session by session is packed on this machine, so that the next one is short.
//!
//! Nothing here keeps the person waiting: `compact --own` does it, in the background.

use std::process::{Command, Stdio};

use crate::review::catalog::Filter;
use crate::settings::Settings;

/// So many sessions that no pack has are worth it.
const MANY: usize = 256;

/// Begins it, where so many sessions were in no pack and something may be kept.
pub(super) fn begin(
    without_pack: usize,
    filter: &Filter,
    store: Option<&str>,
    settings: &Settings,
) {
    if without_pack < MANY || settings.review.cache_size == 0 {
        return;
    }
    let Ok(program) = std::env::current_exe() else {
        return;
    };
    let mut child = Command::new(program);
    child.args(["compact", "--own"]);
    if let Some(first) = filter.first_day() {
        child.args(["--since", &first.to_string()]);
    }
    if let Some(store) = store {
        child.args(["--store", store]);
    }
    child.stdin(Stdio::null());
    child.stdout(Stdio::null()).stderr(Stdio::null());
    // Ctrl-C at the next prompt is not meant for it.
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut child, 0);
    // Where it cannot be started, the next search is as long as this one.
    let _ = child.spawn();
}
