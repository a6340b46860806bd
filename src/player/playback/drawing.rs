//! How the real terminal comes to show what the canvas does: output is passed on while both are of one size, or while it is
//! plain text that looks right in any; otherwise pictures of the canvas are drawn.
//!
//! Nothing here is drawn more often than anybody can see.

use std::time::{Duration, Instant};

use super::{Action, Playback};
use crate::player::canvas::Canvas;

/// Two pictures are at least this far apart.
const BEAT: Duration = Duration::from_millis(40);

/// Whether the terminal is shown pictures.
#[derive(Debug, Default)]
pub(super) struct Drawing {
    is_drawn: bool,
    /// The canvas shows what the terminal does not.
    is_behind: bool,
    last: Option<Instant>,
    /// What the terminal shows is a part of the canvas, and ends with this row.
    picture: Option<usize>,
}

impl Drawing {
    /// When the next picture is to be drawn.
    pub(super) fn due(&self) -> Option<Instant> {
        self.last
            .filter(|_| self.is_behind)
            .and_then(|last| last.checked_add(BEAT))
    }

    /// What to send to the terminal at the end.
    pub(super) fn closing(&self, canvas: &Canvas) -> String {
        match self.picture {
            Some(last_row) => Canvas::leave_picture(last_row),
            None => canvas.closing(),
        }
    }
}

impl Playback {
    /// Output that is on the canvas now.
    pub(super) fn show(&mut self, text: String) {
        let has_other_size = match (&self.canvas, self.window) {
            (Some(canvas), Some(window)) => !self.options.no_wait && window != canvas.size(),
            _ => false,
        };
        self.drawing.is_drawn |= has_other_size && !is_plain(&text);
        if self.drawing.is_drawn {
            self.drawing.is_behind = true;
        } else {
            self.actions.push_back(Action::Draw(text));
        }
    }

    /// The canvas has another size.
    pub(super) fn resized(&mut self) {
        if self.drawing.is_drawn {
            self.drawing.is_behind = true;
        }
    }

    /// Nothing more is due: what was left for a picture is drawn, if the last one is long enough ago.
    pub(super) fn draw_due(&mut self, now: Instant) {
        if self.drawing.is_behind && self.drawing.due().is_none_or(|due| due <= now) {
            self.drawing.last = Some(now);
            self.draw_behind();
        }
    }

    /// The end must not be left undrawn.
    pub(super) fn draw_behind(&mut self) {
        if std::mem::take(&mut self.drawing.is_behind) {
            self.redraw();
        }
    }

    /// Draws all of it.
    pub(super) fn redraw(&mut self) {
        self.drawing.is_behind = false;
        let Some(canvas) = &self.canvas else {
            return;
        };
        let size = canvas.size();
        let smaller = self
            .window
            .filter(|window| window.cols < size.cols || window.rows < size.rows);
        // Where both are of one size, output is passed on again; in a smaller one not much of it would look right.
        self.drawing.is_drawn = match self.window {
            Some(window) if window == size => false,
            _ => self.drawing.is_drawn || smaller.is_some(),
        };
        // A full-screen program is shown from its top, a shell where something happens.
        let picture = smaller.filter(|_| !canvas.is_alternate());
        let text = match picture {
            Some(window) => {
                let (text, last_row) = canvas.picture(window);
                self.drawing.picture = Some(last_row);
                text
            }
            None => {
                self.drawing.picture = None;
                canvas.redraw(self.window)
            }
        };
        self.actions.push_back(Action::Draw(text));
    }
}

/// Whether this looks right in a terminal of any size: text, colors, and what moves or erases within a line. A sequence
/// that is not complete may become anything.
fn is_plain(text: &str) -> bool {
    let mut rest = text;
    while let Some(at) = rest.find(['\x1b', '\u{9b}', '\x0b', '\x0c']) {
        let sequence = &rest[at..];
        let Some(length) = plain_sequence(sequence) else {
            return false;
        };
        rest = &sequence[length..];
    }
    true
}

/// The length of a sequence that is plain.
fn plain_sequence(sequence: &str) -> Option<usize> {
    let body = sequence.strip_prefix('\x1b')?;
    match body.as_bytes().first()? {
        b'=' | b'>' => Some(2),
        b'(' | b')' => body
            .as_bytes()
            .get(1)
            .filter(|set| set.is_ascii())
            .map(|_| 3),
        b']' => {
            let end = body.find(['\x07', '\x1b'])?;
            match body.as_bytes()[end] {
                7 => Some(1 + end + 1),
                _ => body[end..].starts_with("\x1b\\").then_some(1 + end + 2),
            }
        }
        b'[' => {
            let length = body[1..].find(|c: char| ('@'..='~').contains(&c))?;
            let parameters = &body[1..=length];
            let is_plain = match body.as_bytes()[1 + length] {
                b'm' | b'K' | b'C' | b'D' | b'G' | b'P' | b'@' | b'X' => true,
                b'J' => matches!(parameters, "" | "0"),
                b'h' | b'l' => matches!(
                    parameters,
                    "?1" | "?7" | "?12" | "?25" | "?1034" | "?2004" | "?12;25"
                ),
                _ => false,
            };
            is_plain.then_some(1 + 1 + length + 1)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stays_within_its_line_is_plain() {
        for text in [
            "plain\r\n\ttext é",
            "\x1b[01;34mblue\x1b[0m \x1b[K\x1b[J",
            "\x1b]0;title\x07\x1b]0;title\x1b\\$ \x1b[?2004h",
            "ab\x08\x1b[1P\x1b[3C\x1b(B\x1b=",
        ] {
            assert!(is_plain(text), "{text:?}");
        }
        for text in [
            "\x1b[H",
            "\x1b[2J",
            "\x1b[1A",
            "\x1b[?1049h",
            "\x1b[1;5r",
            "\x1bM",
            "\x1bc",
            "a\x1b",
            "\x1b[3",
            "\x1b]0;t",
            "\u{9b}H",
        ] {
            assert!(!is_plain(text), "{text:?}");
        }
    }
}
