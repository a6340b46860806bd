//! Which of several failures is the last word, and what is said before it, case by case.
//!
//! Nothing here runs a session: what happened is written down, and what is said is listened to.

use std::cell::RefCell;
use std::error::Error as StdError;
use std::time::Instant;

use zeroize::Zeroizing;

use super::*;
use crate::settings::reason::ReasonRule;
use crate::signing;
use crate::spool::delivery::Undelivered;
use crate::store::Progress;

/// Writes down what is said.
#[derive(Default)]
struct Paper(RefCell<Vec<String>>);

impl Voice for Paper {
    fn say(&self, text: &str) {
        self.0.borrow_mut().push(text.to_owned());
    }

    fn tell(&self, error: Error) {
        self.0.borrow_mut().push(format!("failure: {error}"));
    }

    fn end_line(&self) {
        self.0.borrow_mut().push("line end".to_owned());
    }

    fn ask_reason(&self, _: &ReasonRule) -> Result<String, Box<dyn StdError + Send + Sync>> {
        unreachable!("nobody is asked at the end")
    }

    fn ask_secret(&self, _: &str) -> Option<Zeroizing<String>> {
        unreachable!("nobody is asked at the end")
    }

    fn wait(&self, _: &str) -> Box<dyn FnMut(Progress)> {
        unreachable!("nothing is waited for here")
    }
}

/// What went wrong in a session that the other side closed.
#[derive(Clone, Copy, Default)]
struct Went {
    /// It was ended by a failure.
    failed: bool,
    /// A part of it is not recorded.
    unrecorded: bool,
    unsigned: bool,
    not_stored: bool,
    /// Somebody did not want to wait for the store.
    left: bool,
}

/// Everything that is said, the last word included, and what it comes to without a failure.
fn said(went: Went) -> (Vec<String>, Option<Ending>) {
    let paper = Paper::default();
    let end = match went.failed {
        true => End::PortRefused,
        false => End::Closed { reason: None },
    };
    let unrecorded = went.unrecorded.then(unrecorded);
    let ended = at_the_end(end, false, true, unrecorded).tell(&paper);
    let after = Aftermath {
        signed: match went.unsigned {
            true => Err(Unsigned::Key(signing::Error::Refused)),
            false => Ok(()),
        },
        stored: match (went.not_stored, went.left) {
            (true, _) => Err(not_stored()),
            (false, true) => Ok(Some(Ending::Signal(2))),
            (false, false) => Ok(None),
        },
        not_live: None,
        others: 0,
    };
    let comes_to = at_last(ended, after).tell(&paper);
    let mut said = paper.0.into_inner();
    match comes_to {
        Ok(ending) => (said, Some(ending)),
        Err(error) => {
            said.push(format!("last: {error}"));
            (said, None)
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a moment that nothing depends on"
)]
fn unrecorded() -> Unrecorded {
    Unrecorded {
        at: Instant::now(),
        cause: "the disk is full".to_owned(),
    }
}

fn not_stored() -> Error {
    Error::NotStored {
        session_id: "s-1".to_owned(),
        path: "s-1.cast.zst".to_owned(),
        source: Box::new(Undelivered::CutShort),
    }
}

const FAILED: &str = "the agent cannot connect to the remote port: nothing listens there, or the target cannot reach it";
const UNRECORDED: &str = "the last part of the session is not recorded: the disk is full";
const UNSIGNED: &str = "the recording is complete, but it is not signed";
const NOT_STORED: &str = "the recording is not stored";

/// Every case, and the failures in the order in which they are told.
#[test]
fn what_says_least_of_the_session_is_told_first_and_what_ended_it_last() {
    for case in 0..32_u8 {
        let is = |bit: u8| case & (1 << bit) != 0;
        let went = Went {
            failed: is(0),
            unrecorded: is(1),
            unsigned: is(2),
            not_stored: is(3),
            left: is(4),
        };
        let mut expected = Vec::new();
        // Told before the recording is closed.
        if went.failed && went.unrecorded {
            expected.push(FAILED);
        }
        if went.unsigned {
            expected.push(UNSIGNED);
        }
        if went.not_stored {
            expected.push(NOT_STORED);
        }
        if went.unrecorded {
            expected.push(UNRECORDED);
        } else if went.failed {
            expected.push(FAILED);
        }
        let last = expected.pop();
        let mut words: Vec<_> = expected
            .iter()
            .map(|text| format!("failure: {text}"))
            .collect();
        words.extend(last.map(|text| format!("last: {text}")));
        let ending = match (last, went.left) {
            (Some(_), _) => None,
            (None, true) => Some(Ending::Signal(2)),
            (None, false) => Some(Ending::Closed),
        };
        assert_eq!(said(went), (words, ending), "case {case:05b}");
    }
}

#[test]
fn an_end_has_its_note_and_comes_to_what_it_should() {
    let gone = |kind: io::ErrorKind| End::ScreenGone(kind.into());
    let closed = |reason: &str| End::Closed {
        reason: Some(reason.to_owned()),
    };
    let check = |end: End, typed: bool, words: &[&str], ending: Option<Ending>| {
        let paper = Paper::default();
        let case = format!("{end:?}");
        let comes_to = at_the_end(end, typed, true, None).tell(&paper);
        assert_eq!(comes_to.ok(), ending, "{case}");
        assert_eq!(paper.0.into_inner(), words, "{case}");
    };
    let ended = Some(Ending::Closed);
    check(End::Closed { reason: None }, true, &[], ended);
    let words = ["the session was closed: the streams do not read"];
    let cut = Some(Ending::Cut);
    check(closed("the streams do not read"), true, &words, cut);
    let words = ["the session was closed by the service: idle too long"];
    let reason = Some("idle too long".to_owned());
    check(End::Cut { reason }, true, &words, cut);
    check(End::Cut { reason: None }, false, &[CUT], cut);
    check(End::Exited(7), true, &[], Some(Ending::Exited(7)));
    let words = ["the remote command ended with status 256"];
    check(End::Exited(256), true, &words, Some(Ending::Exited(256)));
    let left = "the session was left; it ends at the service too";
    check(End::Left, true, &["line end", left], Some(Ending::Left));
    check(End::Left, false, &[left], Some(Ending::Left));
    let given_up = at_the_end(End::Left, true, false, None).tell(&Paper::default());
    assert_eq!(given_up.ok(), Some(Ending::GivenUp));
    let signal = |number| Some(Ending::Signal(number));
    check(End::Signal(15), true, &["line end"], signal(15));
    check(End::InputGone(None), false, &[], signal(1));
    check(gone(io::ErrorKind::BrokenPipe), false, &[], signal(13));
    check(gone(io::ErrorKind::StorageFull), false, &[], None);
    let unreadable = End::InputGone(Some(io::ErrorKind::Other.into()));
    check(unreadable, true, &["line end"], None);
    let incomplete = End::Incomplete {
        reason: None,
        missing: 3,
    };
    check(incomplete, true, &[], None);
    check(End::PortRefused, false, &[], None);
}

#[test]
fn what_became_of_other_recordings_is_said_before_any_failure() {
    let check = |others: usize, not_live: bool, expected: &[&str]| {
        let paper = Paper::default();
        let after = Aftermath {
            signed: Err(Unsigned::NotWaitedFor),
            stored: Err(not_stored()),
            not_live: not_live.then_some(store::Error::Empty),
            others,
        };
        let last = at_last(Ok(Ending::Closed), after).tell(&paper);
        assert_eq!(last.unwrap_err().to_string(), NOT_STORED);
        let unsigned = format!("failure: {UNSIGNED}");
        assert_eq!(
            paper.0.into_inner(),
            [expected, &[unsigned.as_str()]].concat()
        );
    };
    let live = "there are no live segments: the store's location is empty";
    check(0, false, &[]);
    check(0, true, &[live]);
    let one = "1 recording that had waited in the spool stored as well";
    check(1, false, &[one]);
    let two = "2 recordings that had waited in the spool stored as well";
    check(2, true, &[live, two]);
}
