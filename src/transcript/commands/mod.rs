//! Commands, first pass: where a line is read, and what stands on the screen when it is accepted.
//!
//! Nothing here decides what was a command: every line that may be one is kept with how it came about, in bounded number and
//! length, and the whole session is looked at in [`settle`]. What a host prints is no key: without a sign that something was
//! typed no line is taken for one.

mod accept;
mod ahead;
mod context;
mod found;
mod prompt;
mod reading;
mod settle;
mod view;

use std::collections::VecDeque;
use std::time::Duration;

use avt::ScreenKind;
use avt::parser::Function;

use super::credit::Credit;
use super::signs::Sign;
use crate::screen::Emulator;
use context::named_by;
use found::{Found, Way};
use prompt::{Prompts, is_usual};
use reading::{Prompt, Reading};
use view::{Place, View};

pub(super) use settle::settle;

/// Lines that are kept, and their bytes; a session with more tells of the first ones.
const MOST_FOUND: usize = 20_000;
const MOST_KEPT: usize = 16 * 1024 * 1024;
/// No step looks at a line more often.
const LOOKS: u64 = 4;
/// Lines that may wait, typed ahead.
const MOST_AHEAD: usize = 100;
/// After so many bytes of output nothing more comes of a paste, but what was seen to be typed ahead.
const BURST: u64 = 64 * 1024;
/// A longer text is cut, in bytes.
const MOST_TEXT: usize = 64 * 1024;
/// Output so long after a key was not caused by it; nor what comes later than its echo can, when that was there already.
const CAUSED: Duration = Duration::from_secs(1);
const ECHO: Duration = Duration::from_millis(150);
/// A key so long after a question is no answer of the terminal.
const ANSWERED: Duration = Duration::from_millis(500);
/// A line end so long after a key is not its echo.
const ECHOED: Duration = Duration::from_secs(2);

/// The first pass.
#[derive(Debug, Default)]
pub(super) struct Commands {
    found: Vec<Found>,
    /// Bytes in them.
    kept: usize,
    /// There was no room for one.
    is_cut: bool,
    reading: Option<Reading>,
    /// Bytes of output so far, and those that nothing explains: of the other screen.
    offset: u64,
    opaque: u64,
    before_first: Option<u64>,
    now: Duration,
    /// When there was output.
    shown_at: Duration,
    /// The last key.
    key: Option<Duration>,
    /// There was output since.
    is_answered: bool,
    /// Nobody knows of keys.
    is_guessed: bool,
    /// Keys that were typed while nothing was read.
    early: u32,
    /// Lines that were typed ahead, and echoed by the terminal itself.
    ahead: VecDeque<String>,
    /// How the last line was read.
    way: Way,
    /// The prompts that were typed at so far.
    prompts: Prompts,
    /// Answers that the terminal owes, and sizes that were sent.
    answers: u32,
    asked: Duration,
    sizes: u32,
    /// The event in which a line was accepted is not over: what follows may be its echo.
    is_echoing: bool,
    /// A paste of several lines is being taken, line by line.
    burst: bool,
    /// Where the cursor was before it went to the first column.
    before_return: Option<Place>,
    /// Nothing was printed since a line was accepted.
    is_recent: bool,
    credit: Credit,
    /// The last line's command runs.
    is_running: bool,
    accepted_row: u64,
    /// Bytes of output when a line was last accepted.
    accepted_at: u64,
    cwd: Option<String>,
    /// What stood before something printed that no key caused.
    before_event: Option<(String, u32)>,
}

impl Commands {
    /// A message of the client was acknowledged, or input is on record.
    pub(super) fn key(&mut self, at: Duration, screen: &Emulator, evicted: u64, is_seen: bool) {
        self.now = at;
        self.credit.earn(0);
        if !is_seen && self.sizes > 0 {
            self.sizes -= 1;
            return;
        }
        let is_answer = self.answers > 0 && at < self.asked + ANSWERED;
        self.answers = if is_answer { self.answers - 1 } else { 0 };
        if screen.active_screen_kind() != ScreenKind::Primary {
            return;
        }
        let view = View::new(screen, evicted);
        let cursor = view.cursor();
        if !is_answer {
            self.key = Some(at);
            self.is_answered = false;
        }
        if !self.may_look(&view, cursor) {
            return;
        }
        let before = view.before(cursor);
        let row = view.logical_row(cursor);
        // Typed where no prompt stood: ahead, or for a program that asked without one. More than was typed is a prompt.
        let is_ahead = |reading: &Reading| {
            reading.is_ahead()
                && (row != reading.floor || before.chars().count() > reading.keys as usize)
        };
        let mut is_begun = false;
        if let Some(ahead) = self.reading.take_if(|reading| is_ahead(reading)) {
            self.early += ahead.keys;
            is_begun = row == ahead.floor;
        }
        if self.way == Way::Echo
            && self
                .reading
                .as_ref()
                .is_none_or(|reading| reading.keys == 0)
        {
            self.take_ahead(&before, true);
        }
        if self.reading.is_none() {
            if is_usual(&before) || named_by(&before).is_some() {
                self.end_last(
                    self.shown_at,
                    self.offset.saturating_sub(before.len() as u64),
                );
            }
            self.begin(Way::Echo, row);
        }
        let Some(reading) = &mut self.reading else {
            return;
        };
        reading.is_begun |= is_begun;
        if reading.prompt.is_none() && (reading.way == Way::Echo || !before.trim().is_empty()) {
            // A mark that stands somewhere else was none of the prompt's.
            reading.marked_at = reading.marked_at.filter(|(place, _)| *place == cursor);
            reading.prompt = Some(Prompt {
                text: before.clone(),
                right: view.right_of(cursor),
            });
        }
        reading.keyed_at = self.offset;
        if !is_answer {
            reading.keys += 1;
            // What is typed ahead ends nothing, and what is only guessed may still be the end of what ran.
            self.is_running &= reading.is_ahead() || self.is_guessed && reading.keys < 2;
        }
        if screen.cursor_key_app_mode() {
            reading.keeps_keypad = Some(true);
        }
        reading.follow(&view, cursor, &before);
        reading.typed = reading.look(&view, cursor).text.unwrap_or_default();
        reading.line_then = view.line(cursor);
    }

    /// Nothing tells of keys, but there may have been one.
    pub(super) fn guess(&mut self, at: Duration, screen: &Emulator, evicted: u64) {
        self.is_guessed = true;
        self.key(at, screen, evicted, true);
    }

    /// Ctrl-C was typed, where keys are on record.
    pub(super) fn interrupted(&mut self) {
        if let Some(reading) = &mut self.reading {
            reading.interrupted_at = Some(reading.keys + 1);
        }
    }

    /// The client sent a size, which is acknowledged like a key.
    pub(super) fn resized(&mut self) {
        self.answered();
        self.before_return = None;
    }

    /// The client sent something by itself that is acknowledged like a key.
    pub(super) fn answered(&mut self) {
        self.sizes = self.sizes.saturating_add(1);
    }

    /// Output of so many bytes begins.
    pub(super) fn begin_event(
        &mut self,
        at: Duration,
        bytes: usize,
        screen: &Emulator,
        evicted: u64,
    ) {
        self.now = at;
        self.credit.earn(bytes);
        self.before_event = None;
        let is_caused = self
            .key
            .is_some_and(|key| at < key + if self.is_answered { ECHO } else { CAUSED });
        let view = View::new(screen, evicted);
        let is_torn = !is_caused
            && screen.active_screen_kind() == ScreenKind::Primary
            && self
                .reading
                .as_ref()
                .is_some_and(|reading| reading.keys > 0)
            && self.may_look(&view, view.cursor());
        if let Some(reading) = self.reading.as_ref().filter(|_| is_torn) {
            let text = reading.look(&view, view.cursor()).text;
            self.before_event = text.map(|text| (text, reading.line_ends));
        }
    }

    /// Output has ended for now.
    pub(super) fn end_event(&mut self, screen: &Emulator, evicted: u64) {
        self.is_answered = true;
        self.shown_at = self.now;
        self.is_echoing = false;
        if let Some((text, line_ends)) = self.before_event.take()
            && let Some(reading) = &mut self.reading
            && reading.line_ends > line_ends
        {
            let view = View::new(screen, evicted);
            reading.torn = Some((text, view.cursor()));
        }
    }

    /// Before the screen is changed.
    pub(super) fn before(&mut self, function: &Function, screen: &Emulator, evicted: u64) {
        match function {
            Function::Print(_) => {
                self.before_return = None;
                self.is_recent = false;
                if let Some(reading) = &mut self.reading {
                    reading.snapshot = None;
                }
            }
            Function::Cr => {
                let place = View::new(screen, evicted).cursor();
                // Of several in a row the first one counts.
                if place.col > 0 {
                    self.before_return = Some(place);
                }
            }
            Function::Lf | Function::Nel => self.line_end(screen, evicted),
            _ => {}
        }
    }

    /// Output of so many bytes was shown.
    pub(super) fn shown(&mut self, bytes: usize, is_primary: bool) {
        self.offset += bytes as u64;
        if !is_primary {
            self.opaque += bytes as u64;
        }
    }

    pub(super) fn sign(&mut self, sign: Sign, screen: &Emulator, evicted: u64) {
        if screen.active_screen_kind() != ScreenKind::Primary {
            return;
        }
        let view = View::new(screen, evicted);
        match sign {
            Sign::Paste(true) => {
                let is_open =
                    |reading: &Reading| reading.way == Way::Paste && reading.snapshot.is_none();
                if !self.reading.as_ref().is_some_and(is_open) {
                    let typed = self.reading.take().map_or(0, |reading| reading.keys);
                    self.early += typed;
                    self.end_last(self.now, self.offset);
                    self.begin(Way::Paste, view.cursor().row);
                }
            }
            Sign::Paste(false) => {
                let may_look = self.may_look(&view, view.cursor());
                if let Some(mut reading) = self
                    .reading
                    .take_if(|reading| reading.way == Way::Paste && may_look)
                {
                    reading.keeps_keypad = Some(screen.cursor_key_app_mode())
                        .filter(|_| reading.keeps_keypad.is_some());
                    let place = view.cursor();
                    // Some end the line before the switch, some behind it.
                    let (snapshot, row) = match reading.snapshot.clone() {
                        Some(snapshot) => (snapshot, place.row),
                        None => (reading.look(&view, place), place.row + 1),
                    };
                    self.accept(reading, snapshot, row);
                }
            }
            Sign::PromptEnd(number) => {
                let place = view.cursor();
                if self.reading.is_none() {
                    self.end_last(self.now, self.offset);
                    self.begin(Way::Echo, view.logical_row(place));
                }
                if let Some(reading) = self.reading.as_mut().filter(|reading| reading.keys == 0) {
                    reading.marked_at = Some((place, number));
                }
            }
            Sign::Text(text) => match &mut self.reading {
                Some(reading) if reading.keys > 0 => reading.claimed = Some(text),
                _ if self.is_recent => {
                    if let Some(found) = self.found.last_mut() {
                        found.claimed.get_or_insert(text);
                    }
                }
                _ => {}
            },
            Sign::Accepted(mark) => {
                if self.is_recent
                    && let Some(found) = self.found.last_mut()
                {
                    found.mark = Some(mark);
                    found.is_confirmed = true;
                }
            }
            Sign::Ended(status) => {
                if self.is_running
                    && let Some(found) = self.found.last_mut()
                {
                    found.exits.extend(status);
                    found.exits.dedup();
                    if found.exits.len() > 8 {
                        found.exits.remove(1);
                    }
                }
            }
            Sign::Directory(path) => self.cwd = Some(path),
            Sign::Question => {
                self.answers += 1;
                self.asked = self.now;
            }
        }
    }

    /// Whether lines that were typed ahead may be taken now. A line editor that switches paste on has a reading of its own for
    /// each line.
    fn may_be_ahead(&self) -> bool {
        self.way == Way::Echo && (self.burst || !self.ahead.is_empty() || self.early > 0)
    }

    /// Whether there is credit to look at the line of a place as often as any step here does.
    fn may_look(&mut self, view: &View<'_>, place: Place) -> bool {
        let floor = self
            .reading
            .as_ref()
            .map_or(place.row, |reading| reading.floor);
        self.credit.spend(LOOKS * view.cost(place, floor))
    }

    /// Whether lines that end now are of no interest.
    pub(super) fn is_idle(&self) -> bool {
        self.reading.is_none() && !self.may_be_ahead()
    }

    fn has_room(&self) -> bool {
        self.found.len() < MOST_FOUND && self.kept < MOST_KEPT
    }

    /// What ran has ended, with this much output.
    fn end_last(&mut self, at: Duration, offset: u64) {
        if let Some(found) = self.found.last_mut()
            && found.end.is_none()
        {
            found.output.1 = found.output.0.max(offset);
            found.end = Some(at.max(found.start));
        }
    }

    fn begin(&mut self, way: Way, floor: u64) {
        self.before_first.get_or_insert(self.offset);
        self.reading = Some(Reading {
            way,
            floor,
            ..Reading::default()
        });
    }
}

#[cfg(test)]
mod tests;
