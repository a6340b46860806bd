//! The voice of a recorded session at the command line: words and bars on stderr, questions at the terminal.
//!
//! Nothing here knows what is being said.

use std::error::Error as StdError;
use std::io::{self, BufReader};

use zeroize::Zeroizing;

use crate::cli::progress::Bar;
use crate::cli::{ask, message};
use crate::recorded::error::Error;
use crate::recorded::voice::Voice;
use crate::session::driver::{End, Report};
use crate::settings::reason::ReasonRule;
use crate::store::Progress;
use crate::terminal;

/// Whoever sits where the program was started.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Person;

impl Voice for Person {
    fn say(&self, text: &str) {
        message::say(text);
    }

    fn over(&self, end: &End, _: &Report) {
        if matches!(end, End::Left | End::Signal(_)) {
            message::hurry();
        }
    }

    fn tell(&self, error: Error) {
        message::failure(&error.into());
    }

    fn end_line(&self) {
        message::end_line();
    }

    fn ask_reason(&self, rule: &ReasonRule) -> Result<String, Box<dyn StdError + Send + Sync>> {
        // The terminal hands over one line at a time, so nothing typed ahead is lost in the buffer.
        let mut stdin = BufReader::new(io::stdin());
        ask::reason(rule, &mut stdin, &mut io::stderr())
    }

    fn ask_secret(&self, question: &str) -> Option<Zeroizing<String>> {
        terminal::ask_hidden(question).ok().map(Zeroizing::new)
    }

    fn wait(&self, what: &str) -> Box<dyn FnMut(Progress)> {
        let mut bar = Bar::new(what);
        Box::new(move |now| bar.tell(now.done, now.total))
    }
}
