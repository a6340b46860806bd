//! The output of each command: events and commands in, text out, cut where one command ends and the next one begins.
//!
//! Nothing here finds commands: they come from a reading before. No text is lost where a command does not stand on the screen as
//! it was told: then it stays in the output before it.

use std::collections::VecDeque;
use std::time::Duration;

use avt::Line;
use avt::parser::Function;
use formats::derived::Command;

use super::Rolling;
use crate::screen::{Emulator, Size};

/// A longer text before a command is no prompt.
const MAX_PROMPT: usize = 200;
/// A command that a line editor drew in more rows is not looked for.
const MAX_ROWS: usize = 20;

/// One piece of a transcript.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Piece {
    /// Lines of output, in parts.
    Output(Vec<String>),
    /// A command, and what stood in its lines beside it: its prompts, and anything to the right.
    Command {
        command: Command,
        prompts: Vec<String>,
        right: Vec<String>,
    },
    /// A program took the whole screen from this time to the time of the piece.
    FullScreen { from: Duration },
}

/// A screen for each stretch between two commands.
pub(crate) struct Sections {
    rolling: Rolling,
    commands: VecDeque<Command>,
    /// Bytes of output so far.
    offset: u64,
    full_screen_from: Option<Duration>,
}

impl Sections {
    /// `commands` are in order, their bytes counted from the first output that is given.
    pub(crate) fn new(size: Size, commands: Vec<Command>) -> Self {
        Self {
            rolling: Rolling::new(size),
            commands: commands.into(),
            offset: 0,
            full_screen_from: None,
        }
    }

    /// Takes the screen as it stood in the beginning, which is no output.
    pub(crate) fn screen(&mut self, text: &str, pieces: &mut Vec<Piece>) {
        self.show(Duration::ZERO, text, pieces);
        self.tell(pieces);
    }

    /// Takes another size of the window, and appends what that pushes out.
    pub(crate) fn resize(&mut self, size: Size, pieces: &mut Vec<Piece>) {
        self.rolling.resize(size);
        self.tell(pieces);
    }

    /// Takes output, and appends what it completes.
    pub(crate) fn output(&mut self, at: Duration, text: &str, pieces: &mut Vec<Piece>) {
        let mut rest = text;
        while let Some(until) = self.next_within(rest) {
            let (before, behind) = rest.split_at(until);
            self.offset += until as u64;
            // The end of the line itself would only move the screen.
            self.show(at, before.strip_suffix('\n').unwrap_or(before), pieces);
            if let Some(command) = self.commands.pop_front() {
                self.begin(command, pieces);
            }
            rest = behind;
        }
        self.offset += rest.len() as u64;
        self.show(at, rest, pieces);
        self.tell(pieces);
    }

    /// Whether output asked for more work than there was credit for.
    pub(crate) fn is_exhausted(&self) -> bool {
        self.rolling.is_exhausted()
    }

    /// The end: what is left on the screen.
    pub(crate) fn finish(&mut self, pieces: &mut Vec<Piece>) {
        let (screen, leaving) = self.rolling.screen();
        leaving.flush(screen, screen.size().1);
        self.tell(pieces);
        if !self.rolling.is_primary() {
            pieces.extend(
                self.full_screen_from
                    .take()
                    .map(|from| Piece::FullScreen { from }),
            );
            let mut lines = self.rolling.screen().0.screen().text();
            while lines.last().is_some_and(String::is_empty) {
                lines.pop();
            }
            if !lines.is_empty() {
                pieces.push(Piece::Output(lines));
            }
        }
    }

    /// Where in this output the next command begins.
    fn next_within(&self, text: &str) -> Option<usize> {
        let next = self.commands.front()?.output.0.saturating_sub(self.offset);
        let next = usize::try_from(next).ok()?;
        (next <= text.len()).then(|| text.floor_char_boundary(next))
    }

    fn show(&mut self, at: Duration, text: &str, pieces: &mut Vec<Piece>) {
        let mut rest = text;
        while !rest.is_empty() {
            // Only a sequence changes to the other screen and back.
            let mut starts = rest.match_indices(['\x1b', '\u{9b}']);
            let next = starts.find_map(|(at, _)| (at > 0).then_some(at));
            let (chunk, behind) = rest.split_at(next.unwrap_or(rest.len()));
            let was_primary = self.rolling.is_primary();
            self.rolling.feed(chunk);
            match (was_primary, self.rolling.is_primary()) {
                (true, false) => self.full_screen_from = Some(at),
                (false, true) => {
                    self.tell(pieces);
                    let from = self.full_screen_from.take();
                    pieces.extend(from.map(|from| Piece::FullScreen { from }));
                }
                _ => {}
            }
            rest = behind;
        }
    }

    /// A command was accepted: what stands above it is the output of the one before, and the screen begins anew behind it.
    fn begin(&mut self, command: Command, pieces: &mut Vec<Piece>) {
        if !self.rolling.is_primary() {
            self.tell(pieces);
            pieces.push(bare(command));
            return;
        }
        let (screen, leaving) = self.rolling.screen();
        let rows = Rows::of(screen);
        let last = rows.accepted(screen.cursor().row);
        let place = rows.find(&command.text, last);
        let first = place.as_ref().map_or(last + 1, |place| place.first);
        leaving.flush(screen, first);
        // What stands below the command was there before it.
        leaving.below(screen, last + 1);
        self.tell(pieces);
        pieces.push(match place {
            Some(Place { prompts, right, .. }) => Piece::Command {
                command,
                prompts,
                right,
            },
            None => bare(command),
        });
        let (screen, leaving) = self.rolling.screen();
        screen.execute(Function::Ris);
        leaving.begin_anew();
    }

    fn tell(&mut self, pieces: &mut Vec<Piece>) {
        let lines = self.rolling.take();
        if !lines.is_empty() {
            pieces.push(Piece::Output(lines));
        }
    }
}

fn bare(command: Command) -> Piece {
    Piece::Command {
        command,
        prompts: Vec::new(),
        right: Vec::new(),
    }
}

/// Where a command stands.
struct Place {
    first: usize,
    prompts: Vec<String>,
    right: Vec<String>,
}

/// The rows of the screen.
struct Rows<'a>(Vec<&'a Line>);

impl<'a> Rows<'a> {
    fn of(screen: &'a Emulator) -> Self {
        Self(screen.screen().visible_lines().collect())
    }

    fn first(&self, row: usize) -> usize {
        let above = self.0[..row].iter().rev();
        row - above.take_while(|row| row.is_wrapped()).count()
    }

    fn last(&self, row: usize) -> usize {
        let from = self.0[row..].iter();
        let more = from.take_while(|row| row.is_wrapped()).count();
        (row + more).min(self.0.len() - 1)
    }

    fn text(&self, first: usize, last: usize) -> String {
        let rows = self.0[first..=last].iter();
        rows.flat_map(|row| row.chars()).collect()
    }

    /// The last row of the line that was accepted. Some line editors end it before they say so.
    fn accepted(&self, cursor: usize) -> usize {
        let cursor = cursor.min(self.0.len() - 1);
        let (first, last) = (self.first(cursor), self.last(cursor));
        match first > 0 && self.text(first, last).trim().is_empty() {
            true => first - 1,
            false => last,
        }
    }

    /// Looks for a command whose last row this is.
    fn find(&self, command: &str, last: usize) -> Option<Place> {
        let mut behind = last + 1;
        let (mut prompts, mut right) = (Vec::new(), Vec::new());
        for line in command.split('\n').rev() {
            let line = line.trim_end();
            let last = behind.checked_sub(1)?;
            let mut first = self.first(last);
            let mut text = self.text(first, last);
            let mut at = text.trim_end().rfind(line);
            // Where the line editor itself goes on in the next row, the terminal knows of no long line.
            let lowest = text.len();
            for _ in 0..MAX_ROWS {
                if at.is_some() {
                    break;
                }
                let above = first.checked_sub(1)?;
                first = self.first(above);
                text.insert_str(0, &self.text(first, above));
                // What stands above alone is another one.
                at = text
                    .rfind(line)
                    .filter(|at| at + line.len() + lowest > text.len());
            }
            let text = text.trim_end();
            let at = at.filter(|at| *at <= MAX_PROMPT)?;
            prompts.push(text[..at].trim_end().to_owned());
            right.push(text[at + line.len()..].trim().to_owned());
            behind = first;
        }
        for beside in [&mut prompts, &mut right] {
            beside.retain(|text| !text.is_empty());
            beside.reverse();
            beside.dedup();
        }
        Some(Place {
            first: behind,
            prompts,
            right,
        })
    }
}

#[cfg(test)]
mod tests;
