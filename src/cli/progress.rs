//! How far something is that takes a while, drawn on stderr for a person who waits.
//!
//! Nothing is drawn where nobody looks, or before a second has passed: most things are done by then.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use crate::words::{size, time};

/// What is done sooner needs no bar.
const SHOW_AFTER: Duration = Duration::from_secs(1);
/// Standing still for this long is told.
const STILL_AFTER: Duration = Duration::from_secs(5);

/// A bar over bytes.
#[derive(Debug)]
pub(crate) struct Bar {
    bar: ProgressBar,
    label: String,
    shown_at: Option<Instant>,
    moved: (u64, Instant),
}

impl Bar {
    /// `label` says what happens, in a few words.
    pub(crate) fn new(label: &str) -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
        if let Ok(style) = ProgressStyle::with_template("{msg} [{bar:16}] {how_far}") {
            let style = style.with_key("how_far", how_far);
            bar.set_style(style.progress_chars("=> "));
        }
        bar.set_message(label.to_owned());
        let now = now();
        Self {
            bar,
            label: label.to_owned(),
            shown_at: std::io::stderr().is_terminal().then_some(now + SHOW_AFTER),
            moved: (0, now),
        }
    }

    /// Another few words.
    pub(crate) fn label(&mut self, label: String) {
        if label != self.label {
            self.bar.set_message(label.clone());
            self.label = label;
        }
    }

    /// Draws, when it is time to.
    pub(crate) fn tell(&mut self, done: u64, total: u64) {
        let now = now();
        if self.shown_at.is_some_and(|at| at <= now) {
            self.shown_at = None;
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
        }
        if done != self.moved.0 {
            if self.moved.1 + STILL_AFTER <= now {
                self.bar.set_message(self.label.clone());
            }
            self.moved = (done, now);
        }
        let still = now.duration_since(self.moved.1);
        if still >= STILL_AFTER && done < total {
            let still = time::write(still);
            self.bar
                .set_message(format!("no answer for {still}, Ctrl-C leaves"));
        }
        self.bar.set_length(total);
        self.bar.set_position(done);
    }

    /// Says a line above the bar.
    pub(crate) fn aside(&self, say: impl FnOnce()) {
        self.bar.suspend(say);
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// `1.2 MB of 34 MB, 5.6 MB/s`
fn how_far(state: &ProgressState, out: &mut dyn std::fmt::Write) {
    let [done, total, pace] = [
        state.pos(),
        state.len().unwrap_or_default(),
        state.per_sec() as u64,
    ]
    .map(size::write);
    // A bar that cannot be drawn is no reason to stop.
    let _ = write!(out, "{done} of {total}, {pace}/s");
}

#[expect(clippy::disallowed_methods, reason = "a bar is drawn by the clock")]
fn now() -> Instant {
    Instant::now()
}
