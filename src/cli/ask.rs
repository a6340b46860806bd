//! What a person is asked: the reason for a session, the MFA code of a role.
//!
//! Nothing is asked here that a flag or a setting has answered.

use std::error::Error;
use std::io::{BufRead, Read as _, Write};

use crate::aws::{AskMfaCode, MfaQuestion};
use crate::settings::reason::{self, ReasonRule};
use crate::terminal;
use crate::words::printable;

/// How often a person is asked for a reason before the command gives up.
const TRIES: usize = 3;
/// No typed line is longer; what is behind it belongs to nobody's reason.
const LINE_LIMIT: u64 = 4096;

/// Asks for a reason until one will do, at most three times.
///
/// # Errors
/// None of the answers will do, the input ends, or the terminal cannot be read.
pub(crate) fn reason(
    rule: &ReasonRule,
    input: &mut impl BufRead,
    output: &mut impl Write,
) -> Result<String, Box<dyn Error + Send + Sync>> {
    let mut last = reason::Error::Missing;
    if let Some(hint) = &rule.hint {
        writeln!(output, "{}", printable(hint))?;
    }
    for _ in 0..TRIES {
        write!(output, "Reason for this session: ")?;
        output.flush()?;
        let mut answer = Vec::new();
        if input
            .by_ref()
            .take(LINE_LIMIT)
            .read_until(b'\n', &mut answer)?
            == 0
        {
            writeln!(output)?;
            break;
        }
        match rule.check(&String::from_utf8_lossy(&answer)) {
            Ok(reason) => return Ok(reason),
            Err(error) => {
                writeln!(output, "{}", printable(&error.to_string()))?;
                last = error;
            }
        }
    }
    Err(last.into())
}

/// Asks at the controlling terminal, where there is one: stdin may be what the session is fed with.
pub(crate) fn mfa_code() -> AskMfaCode {
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

#[cfg(test)]
mod tests {
    use regex::Regex;

    use super::*;

    #[test]
    fn a_person_is_asked_three_times() {
        let asked = |answers: &str| {
            let mut output = Vec::new();
            let rule = ReasonRule {
                required: true,
                pattern: Some(Regex::new("^CHG-").unwrap()),
                hint: Some("begin with the change, CHG-1234".to_owned()),
            };
            let reason = super::reason(&rule, &mut answers.as_bytes(), &mut output);
            (
                reason.map_err(|error| error.to_string()),
                String::from_utf8(output).unwrap(),
            )
        };
        let (reason, said) = asked("because\n\nCHG-1 disk\r\n");
        assert_eq!(reason.unwrap(), "CHG-1 disk");
        assert!(
            said.starts_with("begin with the change, CHG-1234\nReason for this session: "),
            "{said}"
        );
        assert!(
            asked("a\nb\nc\nCHG-1\n")
                .0
                .unwrap_err()
                .contains("\"c\" does not match")
        );
        assert!(asked("").0.unwrap_err().contains("wants a reason"));
    }
}
