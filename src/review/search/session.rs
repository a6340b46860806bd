//! What one session has to be searched: its stored lines and commands where its manifest vouches for them, else the same made
//! of its recording now.
//!
//! Nothing here is held of a session but a piece of it, however long it is. What cannot be read is told, and what was found
//! before that stays found.

use std::io::Read;

use formats::asciicast::{Data, Reader};
use formats::derived::{Command, Kind, ReadLine};
use formats::manifest::{Manifest, Object};
use formats::recording::{self, Ending};
use formats::sealed::Unlock;

use super::finder::{Finder, Piece, Question, Where, as_read};
use crate::review::catalog::{Catalog, Entry};
use crate::review::derived::kept;
use crate::transcript::{Deriver, EXTRACTOR};
use crate::words::causes;

/// A longer line of what was typed is looked at in parts, in bytes.
const MAX_TYPED: usize = 64 * 1024;

/// How far a session was searched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// All that was asked for.
    Whole,
    /// All that is there of one that is cut short.
    CutShort,
    /// It is sealed, and nothing given opens it: why.
    Sealed(String),
    /// It does not read, or no further: why.
    Unread(String),
    /// Nobody wants to know any more.
    Stopped,
}

/// How it went with one session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Searched {
    /// How far it was searched.
    pub outcome: Outcome,
    /// How many texts have the pattern; with [`Wanted::Whether`](super::Wanted::Whether), whether one has.
    pub count: u64,
    /// What the store has of it is not what its manifest tells of; the recording was asked instead.
    pub is_replaced: bool,
}

/// A session while it is searched.
pub(super) struct Session<'a> {
    catalog: &'a Catalog,
    entry: &'a Entry,
    unlock: &'a (dyn Unlock + Sync),
    question: &'a Question,
    /// Takes what is found, as long as it is wanted.
    hand_on: &'a mut dyn FnMut(Vec<Piece>) -> bool,
    searched: Searched,
}

/// A reason to go no further.
type Step = Result<(), Outcome>;

impl<'a> Session<'a> {
    pub(super) fn of(
        (catalog, entry): (&'a Catalog, &'a Entry),
        unlock: &'a (dyn Unlock + Sync),
        question: &'a Question,
        hand_on: &'a mut dyn FnMut(Vec<Piece>) -> bool,
    ) -> Self {
        Self {
            catalog,
            entry,
            unlock,
            question,
            hand_on,
            searched: Searched {
                outcome: Outcome::Whole,
                count: 0,
                is_replaced: false,
            },
        }
    }

    pub(super) fn search(mut self) -> Searched {
        if let Err(outcome) = self.all() {
            self.searched.outcome = outcome;
        }
        self.searched
    }

    fn all(&mut self) -> Step {
        let (found, count) = in_reason(self.question, &self.entry.manifest);
        self.found(found)?;
        self.searched.count += count;
        // What has to be made of the recording.
        let mut rest = Vec::new();
        for place in [Where::Commands, Where::Lines, Where::Input] {
            if self.question.is_of(place) && !self.is_enough() && !self.stored(place)? {
                rest.push(place);
            }
        }
        match rest.is_empty() || self.is_enough() {
            true => Ok(()),
            false => self.made(&rest),
        }
    }

    fn is_enough(&self) -> bool {
        self.question.is_answered_by(self.searched.count)
    }

    /// Hands on what was found.
    fn found(&mut self, found: Vec<Piece>) -> Step {
        match found.is_empty() || (self.hand_on)(found) {
            true => Ok(()),
            false => Err(Outcome::Stopped),
        }
    }

    /// Searches what is stored. `false` where nothing is that the manifest vouches for.
    fn stored(&mut self, place: Where) -> Result<bool, Outcome> {
        let kind = match place {
            Where::Lines => Kind::Lines,
            Where::Commands => Kind::Commands,
            Where::Reasons | Where::Input => return Ok(false),
        };
        let derived = self.entry.manifest.derived.as_ref();
        let Some(derived) = derived.filter(|derived| derived.extractor == EXTRACTOR) else {
            return Ok(false);
        };
        let Some(source) = self.vouched_for(kind, derived.of(kind)) else {
            return Ok(false);
        };
        let mut lines = match recording::Reader::open_with(source, self.unlock) {
            Ok(lines) => lines,
            Err(recording::Error::Locked { why, .. }) => {
                return Err(Outcome::Sealed(why.to_string()));
            }
            Err(_) => return Ok(false),
        };
        let mut finder = Finder::new(self.question, place);
        loop {
            let block = match lines.next_lines() {
                Ok(Some(block)) => block,
                Ok(None) => break,
                Err(error) => {
                    self.searched.count += finder.count();
                    return Err(Outcome::Unread(causes(&error)));
                }
            };
            let mut found = Vec::new();
            match kind {
                Kind::Lines => finder.block(block, &mut found),
                Kind::Commands => {
                    for line in block.split(|byte| *byte == b'\n') {
                        if let Some(command) = Command::parse(line) {
                            run(&command, &mut finder, &mut found);
                        }
                    }
                }
            }
            self.found(found)?;
            if finder.is_done() {
                break;
            }
        }
        self.searched.count += finder.count();
        Ok(true)
    }

    /// An object of the session, if it is the one that the manifest tells of: kept where nobody changes it any more.
    fn vouched_for(&mut self, kind: Kind, object: &Object) -> Option<impl Read + use<>> {
        let source = self.catalog.derived(&self.entry.manifest, kind).ok()??;
        let kept = kept(object, source).ok()?;
        self.searched.is_replaced |= kept.is_none();
        kept
    }

    /// Searches what is made of the recording.
    fn made(&mut self, places: &[Where]) -> Step {
        let unread = |error: &dyn std::error::Error| Outcome::Unread(causes(error));
        let source = self.catalog.recording(self.entry);
        let source = source.map_err(|error| unread(&error))?;
        let lines = match recording::Reader::open_with(source, self.unlock) {
            Ok(lines) => lines,
            Err(recording::Error::Locked { why, .. }) => {
                return Err(Outcome::Sealed(why.to_string()));
            }
            Err(error) => return Err(unread(&error)),
        };
        let mut reader = Reader::open(lines).map_err(|error| unread(&error))?;
        let finder = |place| {
            let is_asked = places.contains(&place);
            is_asked.then(|| Finder::new(self.question, place))
        };
        let (mut of_lines, mut of_commands, mut of_input) = (
            finder(Where::Lines),
            finder(Where::Commands),
            finder(Where::Input),
        );
        let mut deriver =
            (of_lines.is_some() || of_commands.is_some()).then(|| Deriver::new(reader.header()));
        let mut typed = Typed::default();
        let broken = loop {
            let event = match reader.next_event() {
                Ok(Some(event)) => event,
                Ok(None) => break None,
                Err(error) => break Some(error),
            };
            let at = u64::try_from(event.at.as_millis()).unwrap_or(u64::MAX);
            let mut found = Vec::new();
            if let Some(deriver) = &mut deriver {
                deriver.event(event.at, &event.data);
                let lines = deriver.take();
                if let Some(finder) = &mut of_lines {
                    lines
                        .iter()
                        .for_each(|line| finder.text(&as_read(line), &mut found));
                }
            }
            if let (Some(finder), Data::Input(text)) = (&mut of_input, &event.data) {
                typed.keys(text, at, |line| finder.text(line, &mut found));
            }
            self.found(found)?;
            let finders = [&of_lines, &of_commands, &of_input];
            if finders.into_iter().flatten().any(Finder::is_done) {
                self.searched.count += 1;
                return Ok(());
            }
        };
        let mut found = Vec::new();
        if let Some(finder) = &mut of_input {
            typed.end(|line| finder.text(line, &mut found));
        }
        if let Some(ending) = deriver.map(Deriver::finish) {
            if let Some(finder) = &mut of_lines {
                ending
                    .lines
                    .iter()
                    .for_each(|line| finder.text(&as_read(line), &mut found));
            }
            if let Some(finder) = &mut of_commands {
                ending
                    .commands
                    .iter()
                    .for_each(|command| run(command, finder, &mut found));
            }
        }
        let finders = [of_lines, of_commands, of_input];
        let counts = finders.iter().flatten().map(Finder::count);
        self.searched.count += counts.sum::<u64>();
        self.found(found)?;
        match (broken, reader.lines().ending()) {
            (Some(error), _) => Err(unread(&error)),
            (None, Some(Ending::Damaged { .. })) => {
                Err(Outcome::Unread("it is damaged further on".to_owned()))
            }
            (None, Some(Ending::Cut { .. }) | None) => Err(Outcome::CutShort),
            (None, Some(_)) => Ok(()),
        }
    }
}

/// What is found in why a session was opened, and how many times.
pub(super) fn in_reason(question: &Question, manifest: &Manifest) -> (Vec<Piece>, u64) {
    let mut found = Vec::new();
    let mut finder = Finder::new(question, Where::Reasons);
    let reason = manifest.reason.as_deref().unwrap_or_default();
    if question.is_of(Where::Reasons) && !reason.is_empty() {
        let text = ReadLine {
            text: reason.into(),
            ..ReadLine::default()
        };
        finder.text(&text, &mut found);
    }
    (found, finder.count())
}

/// A command as a text.
fn run(command: &Command, finder: &mut Finder<'_>, found: &mut Vec<Piece>) {
    let text = ReadLine {
        first: command.start,
        last: command.end.unwrap_or(command.start),
        text: command.text.as_str().into(),
        other: false,
    };
    finder.text(&text, found);
}

/// The line under way of what is typed.
#[derive(Default)]
struct Typed {
    first: u64,
    last: u64,
    text: String,
}

impl Typed {
    fn keys(&mut self, keys: &str, at: u64, mut ended: impl FnMut(&ReadLine<'_>)) {
        for c in keys.chars() {
            if self.text.is_empty() {
                self.first = at;
            }
            self.last = at;
            match c {
                '\r' | '\n' => self.end(&mut ended),
                '\u{7f}' | '\u{8}' => {
                    self.text.pop();
                }
                // What a key of its own sends is text as well here, but for the control character.
                c if c.is_control() => {}
                c => {
                    self.text.push(c);
                    if self.text.len() >= MAX_TYPED {
                        self.end(&mut ended);
                    }
                }
            }
        }
    }

    fn end(&mut self, mut ended: impl FnMut(&ReadLine<'_>)) {
        if !self.text.is_empty() {
            ended(&ReadLine {
                first: self.first,
                last: self.last,
                text: self.text.as_str().into(),
                other: false,
            });
            self.text.clear();
        }
    }
}
