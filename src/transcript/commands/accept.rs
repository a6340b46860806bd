//! The moment in which a line is accepted.
//!
//! Nothing here decides whether it was a command: it is kept with how it came about.

use avt::ScreenKind;

use super::found::{Found, Way};
use super::prompt::is_usual;
use super::reading::{Reading, Snapshot};
use super::view::{Place, View};
use super::{BURST, Commands, ECHOED, MOST_AHEAD, MOST_TEXT};
use crate::screen::Emulator;
use crate::transcript::signs::Mark;

impl Commands {
    pub(super) fn line_end(&mut self, screen: &Emulator, evicted: u64) {
        if screen.active_screen_kind() != ScreenKind::Primary {
            return;
        }
        let view = View::new(screen, evicted);
        let place = self.before_return.take().unwrap_or_else(|| view.cursor());
        // A prompt that was marked, and nobody typed at.
        let is_untouched = |reading: &mut Reading| reading.way == Way::Echo && reading.keys == 0;
        self.reading.take_if(is_untouched);
        // Nothing of a line is left that so much was printed over.
        let is_gone =
            |reading: &Reading| reading.way == Way::Echo && self.offset > reading.keyed_at + BURST;
        if let Some(gone) = self.reading.take_if(|reading| is_gone(reading))
            && gone.is_ahead()
        {
            self.early += gone.keys;
        }
        // What was pasted behind it would have come by now.
        self.burst &= self.offset < self.accepted_at + BURST;
        let is_of_interest = self.reading.is_some() || self.may_be_ahead();
        if !is_of_interest || !self.may_look(&view, place) {
            return;
        }
        let Some(reading) = &mut self.reading else {
            let line = view.before(view.end_of_line(place));
            self.take_ahead(line.trim_end(), false);
            return;
        };
        reading.line_ends += 1;
        let is_echo = reading.way == Way::Echo;
        let is_typed = self.key.is_some_and(|key| self.now < key + ECHOED);
        if is_echo && !is_typed {
            return;
        }
        // Down to where the same line goes on.
        if is_echo && view.goes_on(place) {
            return;
        }
        let snapshot = reading.look(&view, place);
        // An editor that ends a full row itself, where another leaves that to the terminal.
        if let Some(text) = snapshot
            .text
            .clone()
            .filter(|_| is_echo && view.is_full(place))
        {
            let row = place.row + 1;
            reading.torn = Some((text, Place { row, col: 0 }));
            return;
        }
        if !is_echo {
            // The switch is still to come.
            reading.snapshot = Some(snapshot);
        } else if let Some(reading) = self.reading.take() {
            self.accept(reading, snapshot, view.cursor().row + 1);
        }
    }

    pub(super) fn accept(&mut self, reading: Reading, snapshot: Snapshot, row: u64) {
        let text = snapshot.text.as_deref().unwrap_or_default();
        let is_keyed = reading.keys > 0 || self.early > 0;
        let is_unwatched = self.is_guessed;
        let follows = reading.prompt.is_some()
            && reading.floor == self.accepted_row
            && !self.found.is_empty();
        self.accepted_row = row;
        if reading.is_ahead() {
            // Whoever reads next will have it.
            self.early += reading.keys;
            if self.ahead.len() < MOST_AHEAD {
                self.ahead.push_back(snapshot.line.trim().to_owned());
            }
            return;
        }
        self.is_recent = true;
        self.accepted_at = self.offset;
        self.way = reading.way;
        if reading.keys > 0 {
            self.early = 0;
            self.ahead.clear();
            if let Some(prompt) = reading
                .prompt
                .as_ref()
                .filter(|prompt| is_usual(&prompt.text))
            {
                self.prompts.add(&prompt.text);
            }
            // More than a line end came of the last key: a paste, and there may be more lines in it.
            self.burst = text.len() > reading.typed.len() + 1;
            self.is_echoing = true;
        } else {
            let length = u32::try_from(snapshot.line.chars().count()).unwrap_or(u32::MAX);
            self.early = self.early.saturating_sub(length.min(4));
        }
        if !(is_keyed || is_unwatched || self.burst) {
            return;
        }
        if !self.has_room() {
            self.is_cut = true;
            return;
        }
        // Some line editors go on with the next line as if nothing had been.
        if reading.interrupted_at.is_some_and(|at| reading.keys <= at) {
            return;
        }
        self.is_running = true;
        let cut = |text: String| match text.len() > MOST_TEXT {
            true => text[..text.floor_char_boundary(MOST_TEXT)].to_owned(),
            false => text,
        };
        let mark = reading.marked_at.map(|(_, number)| match number {
            633 => Mark::Osc633,
            _ => Mark::Osc133,
        });
        self.kept +=
            2 * snapshot.line.len().min(MOST_TEXT) + reading.line_then.len().min(MOST_TEXT);
        let prompt = reading.prompt.unwrap_or_default();
        self.found.push(Found {
            start: self.now,
            end: None,
            prompt: prompt.text,
            right: prompt.right,
            is_ahead: false,
            is_begun: reading.is_begun,
            line: cut(snapshot.line),
            text: snapshot.text.map(cut),
            typed: cut(reading.line_then),
            way: reading.way,
            mark,
            is_confirmed: false,
            keeps_keypad: reading.keeps_keypad,
            is_keyed,
            is_unwatched,
            follows,
            claimed: reading.claimed,
            exits: Vec::new(),
            cwd: self.cwd.clone(),
            output: (self.offset, self.offset),
        });
    }
}
