//! What this process does with signals that it does not listen to: as it was started, but for those of job control.
//!
//! Nothing here listens to a signal, and nothing is changed once threads run.

use std::sync::OnceLock;

use rustix::process::Signal;

use crate::terminal::signal::Heed;

/// The signals that were ignored when the process began, out of those that may be listened to.
static IGNORED: OnceLock<Vec<Signal>> = OnceLock::new();
/// Those that a script's `&`, `nohup` and the AWS CLI ignore for what they start.
const INHERITED: [Signal; 4] = [Signal::HUP, Signal::INT, Signal::QUIT, Signal::TERM];
/// Those among them that a terminal sends for a key.
const KEYS: [Signal; 2] = [Signal::INT, Signal::QUIT];

/// Notes what is ignored, and sees to it that a background process that reads the terminal or changes it gets an error
/// instead of being stopped: one that is stopped does not end when it is asked to. To be called once, first.
pub(in crate::terminal) fn settle(heed: Heed) {
    IGNORED.get_or_init(|| {
        ignore(Signal::TTIN);
        ignore(Signal::TTOU);
        INHERITED
            .into_iter()
            .filter(|signal| heed == Heed::Inherited || !KEYS.contains(signal))
            .filter(|signal| is_ignored(*signal))
            .collect()
    });
}

/// Whether the process was started with this signal ignored.
pub(in crate::terminal) fn was_ignored(signal: Signal) -> bool {
    IGNORED
        .get()
        .is_some_and(|ignored| ignored.contains(&signal))
}

#[expect(
    unsafe_code,
    reason = "the system's own call is the only way to ignore a signal"
)]
fn ignore(signal: Signal) {
    // SAFETY: no handler is named that could run, and no thread is there yet that could mind.
    unsafe { libc::signal(signal.as_raw(), libc::SIG_IGN) };
}

#[expect(unsafe_code, reason = "the system's own call is the only way to ask")]
fn is_ignored(signal: Signal) -> bool {
    // SAFETY: all zeros are a valid `sigaction`, and without a new one the call only writes the present one into it.
    unsafe {
        let mut now: libc::sigaction = std::mem::zeroed();
        libc::sigaction(signal.as_raw(), std::ptr::null(), &mut now) == 0
            && now.sa_sigaction == libc::SIG_IGN
    }
}
