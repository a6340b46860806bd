//! The MFA code of a role, asked at the terminal and nowhere else.
//!
//! Stdin is never read: it may be what the session is fed with.

use crate::aws::{AskMfaCode, MfaQuestion};
use crate::terminal;
use crate::words::printable;

/// Asks at the controlling terminal; where there is none, there is no code.
pub(crate) fn at_the_terminal() -> AskMfaCode {
    AskMfaCode::new(|MfaQuestion { serial, again }| {
        let again = if *again {
            "that code was not accepted; "
        } else {
            ""
        };
        let question = format!("{again}MFA code for {}: ", printable(serial));
        terminal::ask_hidden(&question)
    })
}
