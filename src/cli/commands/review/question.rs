//! What a reviewer is asked once a recording was watched.
//!
//! Nothing is assumed: who gives no answer gives no verdict.

use std::io::{BufRead, Read as _, Write};

use formats::review::{FollowUp, Note, Verdict};

/// How often an answer that will not do is asked for again.
const TRIES: usize = 3;
/// No typed line is longer.
const LINE_LIMIT: u64 = 4096;

/// What a reviewer says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) verdict: Verdict,
    pub(super) notes: Vec<Note>,
    pub(super) follow_ups: Vec<FollowUp>,
}

/// Asks; `None` where nothing is said.
///
/// # Errors
/// The terminal fails.
pub(super) fn ask(
    input: &mut impl BufRead,
    output: &mut impl Write,
) -> std::io::Result<Option<Answer>> {
    let Some(verdict) = verdict(input, output)? else {
        return Ok(None);
    };
    let mut answer = Answer {
        verdict,
        ..Answer::default()
    };
    if answer.verdict == Verdict::FollowUp {
        let Some(text) = line("What is to be done? ", input, output)? else {
            return Ok(None);
        };
        let owner = line("By whom? (nothing: nobody yet) ", input, output)?;
        answer.follow_ups.push(FollowUp { text, owner });
    }
    let note = line("A note on all of it? (nothing: none) ", input, output)?;
    answer
        .notes
        .extend(note.map(|text| Note { at_ms: None, text }));
    Ok(Some(answer))
}

fn verdict(input: &mut impl BufRead, output: &mut impl Write) -> std::io::Result<Option<Verdict>> {
    for _ in 0..TRIES {
        let asked = "Verdict: [o]k, [f]ollow-up, [i]ncident, or nothing for none yet: ";
        let Some(answer) = line(asked, input, output)? else {
            return Ok(None);
        };
        match answer.to_ascii_lowercase().as_str() {
            "o" | "ok" => return Ok(Some(Verdict::Ok)),
            "f" | "follow-up" | "follow up" => return Ok(Some(Verdict::FollowUp)),
            "i" | "incident" => return Ok(Some(Verdict::Incident)),
            _ => writeln!(output, "o, f, i, or nothing")?,
        }
    }
    Ok(None)
}

/// A line without the blanks round it; `None` for an empty one, and at the end of the input.
fn line(
    question: &str,
    input: &mut impl BufRead,
    output: &mut impl Write,
) -> std::io::Result<Option<String>> {
    write!(output, "{question}")?;
    output.flush()?;
    let mut answer = Vec::new();
    let mut limited = input.by_ref().take(LINE_LIMIT);
    if limited.read_until(b'\n', &mut answer)? == 0 {
        writeln!(output)?;
    }
    let answer = String::from_utf8_lossy(&answer);
    let answer = answer.trim();
    Ok((!answer.is_empty()).then(|| answer.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(answers: &str) -> Option<Answer> {
        ask(&mut answers.as_bytes(), &mut Vec::new()).unwrap()
    }

    #[test]
    fn a_verdict_comes_with_what_belongs_to_it() {
        let ok = asked("o\n\n").unwrap();
        assert_eq!((ok.verdict, ok.notes.len()), (Verdict::Ok, 0));
        let incident = asked("INCIDENT\n  it reads the password \n").unwrap();
        assert_eq!(incident.verdict, Verdict::Incident);
        assert_eq!(incident.notes[0].text, "it reads the password");
        let later = asked("f\nask why\nalice\n\n").unwrap();
        assert_eq!(later.follow_ups[0].text, "ask why");
        assert_eq!(later.follow_ups[0].owner.as_deref(), Some("alice"));
    }

    #[test]
    fn who_says_nothing_gives_no_verdict() {
        for answers in ["", "\n", "maybe\nperhaps\nwhat?\no\n", "f\n\n"] {
            assert_eq!(asked(answers), None, "{answers:?}");
        }
        assert!(asked("what?\nok\n").is_some());
    }
}
