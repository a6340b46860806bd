//! What a program that is started here does with signals, whatever started us.
//!
//! Nothing is changed for this process.

use std::process::Command;

/// Lets the program begin with no signal ignored. Tests may be a job of a script, for which those of keys are, or run under
/// `nohup`: whatever they start would ignore them too, and wait for ever for what is to end it. A terminal's programs begin so
/// anyway.
#[cfg(unix)]
#[expect(
    unsafe_code,
    reason = "a child's signals have to be set before it runs"
)]
pub(crate) fn reset(command: &mut Command) {
    use std::os::unix::process::CommandExt;
    // SAFETY: between fork and exec only one system call is made, which touches no memory of ours.
    unsafe {
        command.pre_exec(|| {
            for signal in [libc::SIGHUP, libc::SIGINT, libc::SIGQUIT] {
                libc::signal(signal, libc::SIG_DFL);
            }
            Ok(())
        });
    }
}

/// Elsewhere nothing is inherited.
#[cfg(not(unix))]
pub(crate) fn reset(_: &mut Command) {}
