//! The person's terminal as the driver wants it: output and errors, lines of ours, signals by what they call for.
//!
//! Session output passes untouched; only lines of ours are made safe to show.

use std::future::Future;
use std::io;

use bytes::Bytes;
use formats::payload::Size;

use super::driver::{Keys, Screen, Signal, Signals};
use crate::terminal;

impl Keys for terminal::Keys {
    fn read(&mut self) -> impl Future<Output = Option<io::Result<Bytes>>> {
        terminal::Keys::read(self)
    }
}

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

/// Stdout and stderr, and the raw mode that holds while the session runs.
#[derive(Debug)]
pub struct Console {
    output: terminal::Screen,
    errors: terminal::Screen,
    raw_mode: Option<terminal::RawMode>,
}

impl Console {
    /// Takes stdout and stderr. `raw_mode` is given when a person types; it ends with this.
    ///
    /// # Errors
    /// One of the two is closed, or the system has no thread left.
    pub fn open(raw_mode: Option<terminal::RawMode>) -> io::Result<Self> {
        Ok(Self {
            output: terminal::Screen::open()?,
            errors: terminal::Screen::open_errors()?,
            raw_mode,
        })
    }
}

impl Screen for Console {
    fn output(&mut self, bytes: Bytes) -> io::Result<()> {
        self.output.write(bytes)
    }

    fn error(&mut self, bytes: Bytes) -> io::Result<()> {
        self.errors.write(bytes)
    }

    fn notice(&mut self, text: &str) {
        let line = notice(text, self.raw_mode.is_some());
        // A word of ours is not worth ending the session for.
        let _ = self.errors.write(line.into());
    }

    fn size(&self) -> Option<Size> {
        let terminal::Size { cols, rows } = terminal::size()?;
        Some(Size { cols, rows })
    }

    fn reclaim(&mut self) {
        if let Some(raw_mode) = &self.raw_mode {
            // When the terminal refuses, its end of input tells in a moment.
            let _ = raw_mode.resume();
        }
    }

    fn release(&mut self) {
        self.raw_mode = None;
    }

    async fn room(&mut self) {
        self.output.room().await;
        self.errors.room().await;
    }

    async fn drain(&mut self) -> io::Result<()> {
        self.errors.drain().await?;
        self.output.drain().await
    }
}

/// A line of ours; on a raw terminal it begins and ends at the left edge. The text may come from the other side: what
/// could move the cursor or change the terminal is taken out.
fn notice(text: &str, raw: bool) -> String {
    let (before, after) = if raw { ("\r\n", "\r\n") } else { ("", "\n") };
    let mut lines = String::new();
    for line in text
        .lines()
        .map(str::trim_end)
        .filter(|line| !line.is_empty())
    {
        let line: String = line
            .chars()
            .map(|c| if c.is_control() { ' ' } else { c })
            .collect();
        lines.push_str(&format!("{before}ssm-rec: {line}{after}"));
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
            "ssm-rec: Please update\nssm-rec:  ]0;owned \n"
        );
    }
}
