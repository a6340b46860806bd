//! The whole window for as long as something is drawn on it: what stood there is kept by the terminal, and comes back.
//!
//! Nothing is drawn here.

use std::io::{self, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};

use super::system;

/// Whether the other screen is shown.
static IS_SHOWN: AtomicBool = AtomicBool::new(false);

/// The other screen, and reports of the mouse.
const ENTER: &str = "\x1b[?1049h";
const MOUSE: &str = "\x1b[?1000h\x1b[?1002h\x1b[?1006h";
/// Undoes them, and what painting leaves behind: style, margins, a hidden cursor, an update under way.
const LEAVE: &str = "\x1b[?2026l\x1b[?1006l\x1b[?1002l\x1b[?1000l\x1b[m\x1b[r\x1b[?25h\x1b[?1049l";

/// What to send before anything is drawn. From now on whoever restores the terminal leaves the other screen, too.
#[must_use]
pub fn enter_full_screen(mouse: bool) -> String {
    IS_SHOWN.store(true, Ordering::SeqCst);
    let mouse = if mouse { MOUSE } else { "" };
    format!("{ENTER}{mouse}")
}

/// What to send when nothing is drawn any more; nothing where the other screen is left already.
#[must_use]
pub fn leave_full_screen() -> &'static str {
    match IS_SHOWN.swap(false, Ordering::SeqCst) {
        true => LEAVE,
        false => "",
    }
}

/// Leaves it at once, for who has no time to do it properly.
pub(super) fn leave_now() {
    let leaving = leave_full_screen();
    if leaving.is_empty() {
        return;
    }
    let left: io::Result<()> = system::stdout()
        .and_then(|mut out| out.write_all(leaving.as_bytes()).and_then(|()| out.flush()));
    // A terminal that takes nothing cannot be helped.
    let _ = left;
}
