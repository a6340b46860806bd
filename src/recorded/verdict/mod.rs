//! What a session that is over comes to: what is said of it, in which order, and which of several failures is the last
//! word.
//!
//! Nothing here does anything about it: what happened comes in, what is to be said goes out.

use std::io;

use crate::recorded::error::{Error, Unsigned};
use crate::recorded::voice::Voice;
use crate::session::driver::{End, Unrecorded};
use crate::store;

/// The number of SIGHUP.
const HANG_UP: u8 = 1;
/// The number of SIGPIPE.
const BROKEN_PIPE: u8 = 13;

/// Who closed a session, where the service does not say.
const CUT: &str = "the session was closed from outside before it had come to its end: an administrator terminated it, or its agent was lost";

/// How a session ended that did not fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// It came to its end.
    Closed,
    /// It was closed before it had come to an end of its own.
    Cut,
    /// The remote command ended with this status.
    Exited(i32),
    /// The person left a shell.
    Left,
    /// The person left what was not there, or not done.
    GivenUp,
    /// A signal of this number ended it, or the wait for its recording to be stored.
    Signal(u8),
}

/// What there is to say, and what it comes to.
#[derive(Debug)]
pub(crate) struct Verdict {
    words: Vec<Word>,
    comes_to: Result<Ending, Error>,
}

/// One thing to be said.
#[derive(Debug)]
enum Word {
    EndLine,
    Note(String),
    Failure(Error),
}

/// What became of a recording that was closed.
#[derive(Debug)]
pub(crate) struct Aftermath {
    pub(crate) signed: Result<(), Unsigned>,
    /// Where somebody did not want to wait for the store, what that comes to.
    pub(crate) stored: Result<Option<Ending>, Error>,
    /// Why there are no live segments, where there should be.
    pub(crate) not_live: Option<store::Error>,
    /// Earlier recordings that were stored meanwhile, where that is of interest.
    pub(crate) others: usize,
}

impl Verdict {
    /// Says of which of several sessions the notes are.
    pub(crate) fn of(mut self, label: Option<&str>) -> Self {
        if let Some(label) = label {
            for word in &mut self.words {
                if let Word::Note(text) = word {
                    *text = format!("{label}: {text}");
                }
            }
        }
        self
    }

    /// Says it all but the last word, which is given.
    pub(crate) fn tell(self, voice: &dyn Voice) -> Result<Ending, Error> {
        for word in self.words {
            match word {
                Word::EndLine => voice.end_line(),
                Word::Note(text) => voice.say(&text),
                Word::Failure(error) => voice.tell(error),
            }
        }
        self.comes_to
    }
}

/// When the terminal is the person's again. A part that is not recorded weighs more than how the session ended.
/// `open`: it was a shell with its connection up.
pub(crate) fn at_the_end(
    end: End,
    typed: bool,
    open: bool,
    unrecorded: Option<Unrecorded>,
) -> Verdict {
    let mut words = Vec::new();
    if typed && left_first(&end) {
        // The remote's last line is not ours to go on with.
        words.push(Word::EndLine);
    }
    words.extend(note(&end).map(Word::Note));
    let mut comes_to = match end {
        End::Left if !open => Ok(Ending::GivenUp),
        end => ending(end),
    };
    if let Some(Unrecorded { cause, .. }) = unrecorded {
        words.extend(comes_to.err().map(Word::Failure));
        comes_to = Err(Error::Unrecorded { cause });
    }
    Verdict { words, comes_to }
}

/// When the recording is closed. What says least of the session is told first, so that what ends it stands last.
pub(crate) fn at_last(ended: Result<Ending, Error>, after: Aftermath) -> Verdict {
    let mut words = Vec::new();
    if let Some(error) = after.not_live {
        words.push(Word::Note(format!("there are no live segments: {error}")));
    }
    match after.others {
        0 => {}
        1 => words.push(Word::Note(
            "1 recording that had waited in the spool stored as well".to_owned(),
        )),
        others => words.push(Word::Note(format!(
            "{others} recordings that had waited in the spool stored as well"
        ))),
    }
    let mut failures: Vec<Error> = after
        .signed
        .err()
        .map(Error::Unsigned)
        .into_iter()
        .collect();
    let ending = match (ended, after.stored) {
        (Ok(ending), Ok(left)) => left.unwrap_or(ending),
        (ended, stored) => {
            failures.extend(stored.err());
            failures.extend(ended.err());
            Ending::Closed
        }
    };
    let last = failures.pop();
    words.extend(failures.into_iter().map(Word::Failure));
    Verdict {
        words,
        comes_to: last.map_or(Ok(ending), Err),
    }
}

/// Whether the service does not know yet that the session is over.
pub(crate) fn left_first(end: &End) -> bool {
    !matches!(
        end,
        End::Closed { .. }
            | End::Cut { .. }
            | End::Incomplete { .. }
            | End::Exited(_)
            | End::NotOpened { .. }
    )
}

/// What is said of an end that is no failure.
fn note(end: &End) -> Option<String> {
    match end {
        End::Closed {
            reason: Some(reason),
        } => Some(format!("the session was closed: {reason}")),
        End::Cut {
            reason: Some(reason),
        } => Some(format!("the session was closed by the service: {reason}")),
        End::Cut { reason: None } => Some(CUT.to_owned()),
        // What does not fit into an exit status is not lost.
        End::Exited(status) if u8::try_from(*status).is_err() => {
            Some(format!("the remote command ended with status {status}"))
        }
        End::Left => Some("the session was left; it ends at the service too".to_owned()),
        _ => None,
    }
}

fn ending(end: End) -> Result<Ending, Error> {
    match end {
        End::Closed { reason: None } => Ok(Ending::Closed),
        End::Closed { reason: Some(_) } | End::Cut { .. } => Ok(Ending::Cut),
        End::Exited(status) => Ok(Ending::Exited(status)),
        End::Left => Ok(Ending::Left),
        End::Signal(number) => Ok(Ending::Signal(number)),
        End::InputGone(None) => Ok(Ending::Signal(HANG_UP)),
        // Whoever read our output has had enough, as with any other program in a pipe.
        End::ScreenGone(error) if error.kind() == io::ErrorKind::BrokenPipe => {
            Ok(Ending::Signal(BROKEN_PIPE))
        }
        failed => Err(Error::Ended(Box::new(failed))),
    }
}

#[cfg(test)]
mod tests;
