//! Commands and their output, told apart as far as a screen tells them.
//!
//! Nothing here is certain: a shell does not say where its prompt ends. A line is taken for a command when the program
//! waited behind its beginning (the prompt) and the line was then ended; what follows is its output.

mod commands;
mod credit;
mod derive;
mod deriver;
mod flow;
mod leaving;
mod lines;
mod signs;

use std::time::Duration;

use avt::parser::{Function, Parser};
use avt::{Line, ScreenKind};

use crate::screen::{Emulator, Size};
pub(crate) use derive::derive;
pub(crate) use deriver::Deriver;
pub(super) use leaving::Leaving;

/// The number of the rules by which lines and commands are made. Whoever changes what the same recording gives raises it.
pub(crate) const EXTRACTOR: u32 = 1;

/// A prompt ends with one of these, and perhaps a space.
const ENDS: [char; 8] = ['$', '#', '%', '>', '❯', '»', '➜', 'λ'];
/// A longer line is no prompt.
const MAX_PROMPT: usize = 200;
/// As many different prompts are known again.
const MAX_PROMPTS: usize = 16;

/// One piece of a transcript.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// Lines of output, in parts.
    Output(Vec<String>),
    /// A line was ended behind a prompt. An empty command is an empty text.
    Command { prompt: String, text: String },
    /// A program took the whole screen from this time to the time of the piece.
    FullScreen { from: Duration },
}

/// A screen for each stretch between two commands.
pub(super) struct Transcript {
    parser: Parser,
    screen: Emulator,
    leaving: Leaving,
    /// What stood before the cursor when the program waited.
    prompt: Option<String>,
    prompts: Vec<String>,
    full_screen_from: Option<Duration>,
}

impl Transcript {
    pub(super) fn new(size: Size) -> Self {
        Self {
            parser: Parser::new(),
            screen: Emulator::new(size),
            leaving: Leaving::default(),
            prompt: None,
            prompts: Vec::new(),
            full_screen_from: None,
        }
    }

    /// Takes another size of the window, and appends what that pushes out.
    pub(super) fn resize(&mut self, size: Size, pieces: &mut Vec<Piece>) {
        self.screen.resize_with(size, &mut self.leaving);
        self.tell(pieces);
    }

    /// Takes output, and appends what it completes.
    pub(super) fn output(&mut self, at: Duration, text: &str, pieces: &mut Vec<Piece>) {
        for c in text.chars() {
            let Some(function) = self.parser.feed(c) else {
                continue;
            };
            let is_line_end = matches!(function, Function::Lf | Function::Nel);
            if is_line_end && self.is_primary() && self.end_line(pieces) {
                continue;
            }
            let was_primary = self.is_primary();
            self.screen.execute_with(function, &mut self.leaving);
            match (was_primary, self.is_primary()) {
                (true, false) => self.full_screen_from = Some(at),
                (false, true) => {
                    if let Some(from) = self.full_screen_from.take() {
                        pieces.push(Piece::FullScreen { from });
                    }
                }
                _ => {}
            }
        }
        self.tell(pieces);
        self.wait(false);
    }

    /// The person typed: what stands before the cursor is a prompt, whatever it looks like.
    pub(super) fn typed(&mut self) {
        self.wait(true);
    }

    /// The end: what is left on the screen.
    pub(super) fn finish(&mut self, pieces: &mut Vec<Piece>) {
        self.flush(self.screen.size().1, pieces);
        if !self.is_primary() {
            pieces.extend(
                self.full_screen_from
                    .take()
                    .map(|from| Piece::FullScreen { from }),
            );
            let mut lines = self.screen.screen().text();
            while lines.last().is_some_and(String::is_empty) {
                lines.pop();
            }
            if !lines.is_empty() {
                pieces.push(Piece::Output(lines));
            }
        }
    }

    fn is_primary(&self) -> bool {
        self.screen.active_screen_kind() == ScreenKind::Primary
    }

    /// The first row of the line with the cursor, the one behind its last, its text, and the part before the cursor.
    fn line(&self) -> (usize, usize, String, String) {
        let cursor = self.screen.cursor();
        let rows: Vec<&Line> = self.screen.screen().visible_lines().collect();
        let mut first = cursor.row;
        while first > 0 && rows[first - 1].is_wrapped() {
            first -= 1;
        }
        let mut last = cursor.row;
        while last + 1 < rows.len() && rows[last].is_wrapped() {
            last += 1;
        }
        let mut before: String = rows[first..cursor.row]
            .iter()
            .flat_map(|row| row.chars())
            .collect();
        let cells = rows[cursor.row].cells();
        let cells = &cells[..cursor.col.min(cells.len())];
        before.extend(
            cells
                .iter()
                .filter(|cell| cell.width() > 0)
                .map(avt::Cell::char),
        );
        let text: String = rows[first..=last]
            .iter()
            .flat_map(|row| row.chars())
            .collect();
        (first, last + 1, text.trim_end().to_owned(), before)
    }

    /// The program has written all it had to, or the person types.
    fn wait(&mut self, is_certain: bool) {
        if !self.is_primary() {
            return;
        }
        let (_, _, text, before) = self.line();
        if let Some(prompt) = &self.prompt {
            if text.starts_with(prompt.trim_end()) {
                return;
            }
            self.prompt = None;
        }
        let is_short = before.chars().count() <= MAX_PROMPT && !before.trim().is_empty();
        let is_at_the_end = before.trim_end() == text;
        if is_short && is_at_the_end && (is_certain || text.ends_with(ENDS)) {
            self.prompt = Some(before);
        }
    }

    /// Whether the line that ends here was a command; then the screen begins anew behind it.
    fn end_line(&mut self, pieces: &mut Vec<Piece>) -> bool {
        let prompt = self.prompt.take();
        let (first, behind, text, _) = self.line();
        // Commands that came faster than they were read stand in one piece of output with their prompts.
        let prompt = match prompt {
            Some(prompt) if text.starts_with(prompt.trim_end()) => prompt,
            _ => match self
                .prompts
                .iter()
                .find(|prompt| text.starts_with(prompt.trim_end()))
            {
                Some(prompt) => prompt.clone(),
                None => return false,
            },
        };
        self.leaving.flush(&self.screen, first);
        // What stands below the prompt was there before the command.
        self.leaving.below(&self.screen, behind);
        self.tell(pieces);
        let command = text.get(prompt.len()..).unwrap_or_default().trim();
        pieces.push(Piece::Command {
            text: command.to_owned(),
            prompt: prompt.trim_end().to_owned(),
        });
        if prompt.trim_end().ends_with(ENDS) && !self.prompts.contains(&prompt) {
            if self.prompts.len() == MAX_PROMPTS {
                self.prompts.remove(0);
            }
            self.prompts.push(prompt);
        }
        self.screen.execute(Function::Ris);
        self.leaving.begin_anew();
        true
    }

    /// Hands out the rows above `until`.
    fn flush(&mut self, until: usize, pieces: &mut Vec<Piece>) {
        self.leaving.flush(&self.screen, until);
        self.tell(pieces);
    }

    fn tell(&mut self, pieces: &mut Vec<Piece>) {
        let lines = self.leaving.take();
        if !lines.is_empty() {
            pieces.push(Piece::Output(lines));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(steps: &[(Option<&str>, &str)], expected: &[(&str, &str, &[&str])]) {
        let mut transcript = Transcript::new(Size { cols: 20, rows: 4 });
        let mut pieces = Vec::new();
        for (typed, output) in steps {
            if typed.is_some() {
                transcript.typed();
            }
            transcript.output(Duration::ZERO, output, &mut pieces);
        }
        transcript.finish(&mut pieces);
        let mut found: Vec<(String, String, Vec<String>)> =
            vec![(String::new(), String::new(), Vec::new())];
        for piece in pieces {
            match piece {
                Piece::Command { prompt, text } => found.push((prompt, text, Vec::new())),
                Piece::Output(lines) => found.last_mut().unwrap().2.extend(lines),
                Piece::FullScreen { .. } => found.last_mut().unwrap().2.push("<full>".into()),
            }
        }
        let found: Vec<_> = found
            .iter()
            .map(|(prompt, text, lines)| {
                let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
                (prompt.as_str(), text.as_str(), lines)
            })
            .collect();
        let expected: Vec<_> = expected
            .iter()
            .map(|(prompt, text, lines)| (*prompt, *text, lines.to_vec()))
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn a_command_typed_key_by_key_is_one_command() {
        check(
            &[
                (None, "welcome\r\n"),
                (None, "\x1b[32msh-5.2$\x1b[0m "),
                (None, "l"),
                (None, "x\x08 \x08"),
                (None, "s > a"),
                (None, "\r\n"),
                (None, "one\r\ntwo\r\nthree\r\nfour\r\nfive\r\n\r\nsh-5.2$ "),
                (None, "exit\r\n"),
            ],
            &[
                ("", "", &["welcome"]),
                (
                    "sh-5.2$",
                    "ls > a",
                    &["one", "two", "three", "four", "five"],
                ),
                ("sh-5.2$", "exit", &[]),
            ],
        );
    }

    #[test]
    fn commands_in_one_piece_with_their_prompts_are_known_again() {
        check(
            &[
                (None, "$ "),
                (None, "a\r\n1\r\n$ b\r\n2\r\n$ "),
                (None, "\r\n$ "),
            ],
            &[
                ("", "", &[]),
                ("$", "a", &["1"]),
                ("$", "b", &["2"]),
                ("$", "", &["$"]),
            ],
        );
    }

    #[test]
    fn what_a_command_erases_moves_below_itself_or_leaves_on_the_other_screen_is_its_output() {
        check(
            &[
                (None, "$ "),
                (None, "make && clear\r\n"),
                (None, "one\r\ntwo\r\n\x1b[H\x1b[J$ "),
                (None, "menu\r\n"),
                (None, "a\r\nb\x1b[1;1H\x1b[K$ "),
                (None, "top\r\n"),
                (None, "gone\x1b[?1049h\x1b[Hload 1"),
            ],
            &[
                ("", "", &[]),
                ("$", "make && clear", &["one", "two"]),
                ("$", "menu", &["b"]),
                ("$", "top", &["gone", "<full>", "load 1"]),
            ],
        );
    }

    #[test]
    fn input_shows_where_an_odd_prompt_ends() {
        check(
            &[(None, "Name: "), (Some("x"), "x"), (None, "\r\nok\r\n")],
            &[("", "", &[]), ("Name:", "x", &["ok"])],
        );
    }

    #[test]
    fn a_long_command_is_joined_and_a_full_screen_program_is_left_out() {
        check(
            &[
                (None, "$ "),
                (None, "echo 12345678901234567890\r\n"),
                (None, "\x1b[?1049h~\r\n~\r\n$ \x1b[?1049l"),
                (None, "done\r\n$ "),
            ],
            &[
                ("", "", &[]),
                ("$", "echo 12345678901234567890", &["<full>", "done", "$"]),
            ],
        );
    }
}
