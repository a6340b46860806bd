//! The person's terminal as the driver wants it: output and errors, lines of ours, signals by what they call for.
//!
//! Nothing of the session's output is touched; only lines of ours are made safe to show.

pub(super) mod escape;
mod overlay;

use std::collections::VecDeque;
use std::io;

use bytes::Bytes;
use formats::payload::Size;

use super::driver::{Keys, Screen, Signal, Signals, Status};
use crate::terminal;
use crate::words::printable;
use overlay::Overlay;

impl Signals for terminal::Signals {
    async fn next(&mut self) -> Signal {
        let signal = terminal::Signals::next(self).await;
        match signal.number() {
            Some(number) => Signal::End(number),
            None => Signal::Resized {
                reclaim: signal == terminal::Signal::Continue,
            },
        }
    }
}

/// What is typed, or nobody who types.
#[derive(Debug)]
pub enum Typing {
    /// Stdin, be it a terminal or not.
    Stdin(terminal::Keys),
    /// Keys would mean nothing: a port session.
    Nobody,
}

impl Keys for Typing {
    async fn read(&mut self) -> Option<io::Result<Bytes>> {
        match self {
            Self::Stdin(keys) => keys.read().await,
            Self::Nobody => std::future::pending().await,
        }
    }

    fn is_waiting(&self) -> bool {
        match self {
            Self::Stdin(keys) => keys.is_waiting(),
            Self::Nobody => false,
        }
    }
}

/// Output that waits while the person types a note, in bytes; beyond it the agent waits.
const MAX_HELD: usize = 256 * 1024;

/// Stdout and stderr, and the raw mode that holds while the session runs.
#[derive(Debug)]
pub struct Console {
    output: terminal::Screen,
    errors: terminal::Screen,
    raw_mode: Option<terminal::RawMode>,
    /// Which of several sessions speaks.
    label: Option<String>,
    /// Where a person looks at the remote's screen.
    overlay: Option<Overlay>,
    status: Option<String>,
    /// A note is being typed: so much of it.
    typed: Option<String>,
    held: VecDeque<Bytes>,
    held_bytes: usize,
}

impl Console {
    /// Takes stdout and stderr. `raw_mode` is given when a person types; it ends with this. Lines of ours begin with
    /// `label` where several sessions share a terminal.
    ///
    /// # Errors
    /// One of the two is closed, or the system has no thread left.
    pub fn open(raw_mode: Option<terminal::RawMode>, label: Option<String>) -> io::Result<Self> {
        let looks = raw_mode.is_some() && terminal::stdout_is_terminal();
        let size = terminal::size().unwrap_or(Size { cols: 0, rows: 0 });
        Ok(Self {
            output: terminal::Screen::open()?,
            errors: terminal::Screen::open_errors()?,
            raw_mode,
            label,
            overlay: looks.then(|| Overlay::new(size)),
            status: None,
            typed: None,
            held: VecDeque::new(),
            held_bytes: 0,
        })
    }

    fn show(&mut self, bytes: Bytes) -> io::Result<()> {
        if let Some(overlay) = &mut self.overlay {
            let cleared = overlay.clear();
            if !cleared.is_empty() {
                self.output.write(cleared.into())?;
            }
            overlay.shown(&bytes);
        }
        self.output.write(bytes)
    }

    /// Draws what there is to say over the screen, the note before the status.
    fn overlay(&mut self) {
        let Some(overlay) = &mut self.overlay else {
            return;
        };
        let drawn = match (&self.typed, &self.status) {
            (Some(typed), _) => overlay.draw(&asking(typed)),
            (None, Some(status)) => overlay.draw(&format!("ssm-rec: {status}")),
            (None, None) => overlay.clear(),
        };
        if !drawn.is_empty() {
            // Nobody sees it where nobody looks; the next output tells.
            let _ = self.output.write(drawn.into());
        }
    }
}

fn asking(typed: &str) -> String {
    let typed = printable(typed);
    format!("note for the marker (Enter sets it, Esc cancels): {typed}_")
}

impl Screen for Console {
    fn output(&mut self, bytes: Bytes) -> io::Result<()> {
        if self.typed.is_some() {
            self.held_bytes += bytes.len();
            self.held.push_back(bytes);
            return Ok(());
        }
        self.show(bytes)
    }

    fn error(&mut self, bytes: Bytes) -> io::Result<()> {
        self.errors.write(bytes)
    }

    fn notice(&mut self, text: &str) {
        let text = match &self.label {
            Some(label) => format!("{label}: {text}"),
            None => text.to_owned(),
        };
        let line = notice(&text, self.raw_mode.is_some());
        // A word of ours is not worth ending the session for.
        let _ = self.errors.write(line.into());
    }

    fn status(&mut self, status: Status<'_>) {
        if self.overlay.is_some() {
            self.status = match status {
                Status::Away(text) => Some(text.to_owned()),
                Status::Back | Status::Off => None,
            };
            self.overlay();
            return;
        }
        match status {
            Status::Away(text) => self.notice(text),
            Status::Back => self.notice("connected again"),
            Status::Off => {}
        }
    }

    fn list(&mut self, lines: &[String]) {
        let end = if self.raw_mode.is_some() {
            "\r\n"
        } else {
            "\n"
        };
        let mut text = end.to_owned();
        for line in lines {
            text.push_str(&printable(line));
            text.push_str(end);
        }
        let _ = self.errors.write(text.into());
    }

    fn ask(&mut self, typed: Option<&str>) {
        let asked = self.typed.is_some();
        self.typed = typed.map(str::to_owned);
        if self.overlay.is_some() {
            self.overlay();
        } else if let Some(typed) = typed {
            // Without a screen of its own the note has a line of its own.
            let line = format!("\r{}\x1b[K", asking(typed));
            let _ = self.errors.write(line.into());
        } else if asked {
            let _ = self.errors.write(Bytes::from_static(b"\r\n"));
        }
        if self.typed.is_none() {
            self.held_bytes = 0;
            for bytes in std::mem::take(&mut self.held) {
                // That nobody looks any more, the next output tells.
                let _ = self.show(bytes);
            }
        }
    }

    fn suspend(&mut self) {
        let Some(raw_mode) = &self.raw_mode else {
            return;
        };
        terminal::restore();
        let stopped = terminal::suspend();
        // When the terminal refuses, its end of input tells in a moment.
        let _ = raw_mode.resume();
        if let Err(error) = stopped {
            self.notice(&format!("cannot suspend: {error}"));
        }
    }

    fn size(&self) -> Option<Size> {
        terminal::size()
    }

    fn resized(&mut self, size: Size) {
        if let Some(overlay) = &mut self.overlay {
            overlay.resize(size);
        }
        if self.typed.is_some() || self.status.is_some() {
            self.overlay();
        }
    }

    fn reclaim(&mut self) {
        if let Some(raw_mode) = &self.raw_mode {
            // When the terminal refuses, its end of input tells in a moment.
            let _ = raw_mode.resume();
        }
    }

    fn release(&mut self) {
        self.raw_mode = None;
        self.overlay = None;
    }

    async fn room(&mut self) {
        if self.held_bytes > MAX_HELD {
            // The next key asks again.
            return std::future::pending().await;
        }
        self.output.room().await;
        self.errors.room().await;
    }

    async fn drain(&mut self) -> io::Result<()> {
        self.errors.drain().await?;
        self.output.drain().await
    }
}

/// A line of ours; on a raw terminal it begins and ends at the left edge. The text may come from the other side: what
/// could move the cursor or change the terminal stands there as its number.
fn notice(text: &str, raw: bool) -> String {
    let (before, after) = if raw { ("\r\n", "\r\n") } else { ("", "\n") };
    let mut lines = String::new();
    for line in text
        .lines()
        .map(str::trim_end)
        .filter(|line| !line.is_empty())
    {
        lines.push_str(&format!("{before}ssm-rec: {}{after}", printable(line)));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_ours_are_whole_and_harmless() {
        assert_eq!(notice("lost", true), "\r\nssm-rec: lost\r\n");
        assert_eq!(
            notice("Please update\r\n\x1b]0;owned\x07", false),
            "ssm-rec: Please update\nssm-rec: \\u{1b}]0;owned\\u{7}\n"
        );
    }
}
