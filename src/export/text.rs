//! `txt`: what stood on the screen, as lines.
//!
//! Nothing here is lost to `clear` or to a smaller window: whatever leaves the screen is kept as if it had scrolled away. What full-screen programs
//! draw on the alternate screen is left out, unless the recording ends there: then it is what stands on the screen.

use formats::asciicast::{Data, Event, Header};

use super::{End, Exporter};
use crate::transcript::Rolling;
use crate::words::printable;

/// A terminal, and the lines that leave it.
#[derive(Default)]
pub(super) struct Text {
    terminal: Option<Rolling>,
    /// Empty lines at the very end are the screen's padding.
    empty_lines: usize,
}

impl Text {
    fn lines(&mut self, lines: Vec<String>, out: &mut Vec<u8>) {
        for line in lines {
            if line.is_empty() {
                self.empty_lines += 1;
                continue;
            }
            out.resize(out.len() + std::mem::take(&mut self.empty_lines), b'\n');
            out.extend_from_slice(printable(&line).as_bytes());
            out.push(b'\n');
        }
    }
}

impl Exporter for Text {
    fn header(&mut self, header: &Header, _: &mut Vec<u8>) {
        self.terminal = Some(Rolling::new(header.term.size()));
    }

    fn event(&mut self, event: &Event, out: &mut Vec<u8>) {
        let Some(terminal) = &mut self.terminal else {
            return;
        };
        match &event.data {
            Data::Output(text) => terminal.feed(text),
            Data::Resize(size) => terminal.resize(*size),
            _ => return,
        }
        let lines = terminal.take();
        self.lines(lines, out);
    }

    fn finish(&mut self, _: &End, out: &mut Vec<u8>) {
        if let Some(mut terminal) = self.terminal.take() {
            let (screen, leaving) = terminal.screen();
            leaving.flush(screen, screen.size().1);
            self.lines(terminal.take(), out);
            if !terminal.is_primary() {
                self.lines(terminal.screen().0.screen().text(), out);
            }
            self.terminal = Some(terminal);
        }
    }

    fn is_exhausted(&self) -> bool {
        self.terminal.as_ref().is_some_and(Rolling::is_exhausted)
    }
}
