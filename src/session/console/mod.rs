//! The person's terminal as the driver wants it: output and errors, lines of ours, signals by what they call for.
//!
//! Nothing of the session's output is touched; only lines of ours are made safe to show.

pub(super) mod escape;
mod manner;
mod overlay;

use std::collections::VecDeque;
use std::io;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use formats::payload::Size;

use super::driver::{Keys, Screen, Signal, Signals, Status, forwarded};
use super::port::{Address, Note};
use crate::terminal;
use crate::words::printable;
pub use manner::{Departure, Manner};
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
    /// Nobody types, and whoever reads is told so at once.
    Nothing,
}

impl Keys for Typing {
    async fn read(&mut self) -> Option<io::Result<Bytes>> {
        match self {
            Self::Stdin(keys) => keys.read().await,
            Self::Nobody => std::future::pending().await,
            Self::Nothing => None,
        }
    }

    fn pause(&mut self, at_most: Duration, is_wanted: bool) {
        if let Self::Stdin(keys) = self {
            keys.pause(at_most, is_wanted);
        }
    }

    fn is_waiting(&self) -> bool {
        match self {
            Self::Stdin(keys) => keys.is_waiting(),
            Self::Nobody | Self::Nothing => false,
        }
    }
}

/// Output that waits while the person types a note, in bytes; beyond it the agent waits.
const MAX_HELD: usize = 256 * 1024;

/// Whose the terminal is.
#[derive(Debug)]
enum Place {
    /// Nobody types, or not into a shell: it keeps its own modes.
    Alone,
    /// A person may come to type, once a shell has opened.
    Later,
    /// Ours, and raw.
    Raw(terminal::RawMode),
    /// Another job has it.
    Background,
}

/// Stdout and stderr, and the raw mode that holds while the session runs.
#[derive(Debug)]
pub struct Console {
    output: terminal::Screen,
    errors: terminal::Screen,
    place: Place,
    /// Which of several sessions speaks.
    label: Option<String>,
    manner: Manner,
    /// Where a person looks at the remote's screen.
    overlay: Option<Overlay>,
    status: Option<String>,
    /// A note is being typed: so much of it.
    typed: Option<String>,
    /// Lines that stand over the remote's screen until the next key.
    listed: Vec<String>,
    held: VecDeque<Bytes>,
    held_bytes: usize,
}

impl Console {
    /// Takes stdout and stderr. Where a person `types`, the terminal becomes raw once a shell has opened, until this is
    /// dropped. Lines of ours begin with `label` where several sessions share a terminal.
    ///
    /// # Errors
    /// One of the two is closed, or the system has no thread left.
    pub fn open(types: bool, label: Option<String>, manner: Manner) -> io::Result<Self> {
        let (output, errors) = match manner {
            // Nothing of the terminal is held on to.
            Manner::Departing(_) => (terminal::Screen::nowhere(), terminal::Screen::nowhere()),
            _ => (terminal::Screen::open()?, terminal::Screen::open_errors()?),
        };
        Ok(Self {
            output,
            errors,
            place: if types { Place::Later } else { Place::Alone },
            label,
            manner,
            overlay: (types && terminal::stdout_is_terminal())
                .then(|| Overlay::new(terminal::size().unwrap_or(Size { cols: 0, rows: 0 }))),
            status: None,
            typed: None,
            listed: Vec::new(),
            held: VecDeque::new(),
            held_bytes: 0,
        })
    }

    fn is_raw(&self) -> bool {
        matches!(self.place, Place::Raw(_))
    }

    /// Whether a person looks at the remote's screen and at nothing else.
    fn has_overlay(&self) -> bool {
        self.is_raw() && self.overlay.is_some()
    }

    /// Takes the terminal, if it is to be had.
    fn enter(&mut self) {
        self.place = match terminal::RawMode::enter() {
            Ok(raw_mode) => Place::Raw(raw_mode),
            // When there is none any more, the end of its input tells in a moment.
            Err(_) if terminal::is_foreground() => Place::Alone,
            Err(_) => Place::Background,
        };
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

    /// Writes words of the official client, where its output goes.
    fn say(&mut self, text: String) {
        // That nobody reads any more, the next output tells.
        let _ = self.output.write(text.into());
    }

    /// Draws what there is to say over the screen, the note before the status.
    fn overlay(&mut self) {
        let Some(overlay) = &mut self.overlay else {
            return;
        };
        let drawn = match (&self.typed, &self.status) {
            _ if !self.listed.is_empty() => {
                let lines = self.listed.iter().map(String::as_str).chain([GO_ON]);
                overlay.draw_all(&lines.collect::<Vec<_>>())
            }
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

/// The last of lines that stand over the remote's screen.
const GO_ON: &str = "-- any key goes on --";

fn asking(typed: &str) -> String {
    let typed = printable(typed);
    format!("note for the marker (Enter sets it, Esc cancels): {typed}_")
}

impl Screen for Console {
    fn output(&mut self, bytes: Bytes) -> io::Result<()> {
        if self.typed.is_some() || !self.listed.is_empty() {
            self.held_bytes += bytes.len();
            self.held.push_back(bytes);
            return Ok(());
        }
        self.show(bytes)
    }

    fn error(&mut self, bytes: Bytes) -> io::Result<()> {
        match self.manner.official() {
            // One stream for both.
            Some(_) => self.output(bytes),
            None => self.errors.write(bytes),
        }
    }

    fn told(&mut self, text: &str) {
        if self.manner.official().is_none() {
            return self.notice(text);
        }
        let end = if self.is_raw() { "\r\n" } else { "\n" };
        let lines: Vec<_> = text.split('\n').map(printable).collect();
        self.say(format!("{}{end}", lines.join(end)));
    }

    fn exited(&mut self, text: &[u8]) {
        if self.manner.official().is_some() {
            self.say(String::from_utf8_lossy(text).into_owned());
        }
    }

    fn listening(&mut self, addresses: &[Address]) {
        match self.manner.official() {
            Some(session_id) => self.say(manner::listening(session_id, addresses)),
            None => self.notice(&forwarded(addresses)),
        }
        if let Manner::Departing(departure) = &self.manner {
            departure.listens();
        }
    }

    fn noted(&mut self, note: &Note) {
        match self.manner.official() {
            Some(session_id) => {
                if let Some(line) = manner::noted(session_id, note) {
                    self.say(line);
                }
            }
            None if note.is_trouble() => self.notice(&note.to_string()),
            None => {}
        }
    }

    fn notice(&mut self, text: &str) {
        if !self.manner.has_own_words() {
            return tracing::info!(text, "not said");
        }
        let text = match &self.label {
            Some(label) => format!("{label}: {text}"),
            None => text.to_owned(),
        };
        let line = notice(&text, self.is_raw());
        // A word of ours is not worth ending the session for.
        let _ = match self.manner {
            Manner::Departing(_) => terminal::say(&line),
            _ => self.errors.write(line.into()),
        };
    }

    fn status(&mut self, status: Status<'_>) {
        if self.has_overlay() {
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

    fn list(&mut self, lines: &[String]) -> bool {
        if self.has_overlay()
            && let Some(overlay) = &mut self.overlay
        {
            if overlay.is_full_screen() {
                lines.clone_into(&mut self.listed);
                self.overlay();
                return true;
            }
            let below = overlay.below(lines);
            // Nobody sees it where nobody looks; the next output tells.
            let _ = self.show(below.into());
            // What is said of the connection was taken away for it.
            if self.status.is_some() {
                self.overlay();
            }
            return false;
        }
        let end = if self.is_raw() { "\r\n" } else { "\n" };
        let mut text = end.to_owned();
        for line in lines {
            text.push_str(&printable(line));
            text.push_str(end);
        }
        let _ = self.errors.write(text.into());
        false
    }

    fn ask(&mut self, typed: Option<&str>) {
        let asked = self.typed.is_some();
        self.typed = typed.map(str::to_owned);
        self.listed.clear();
        if self.has_overlay() {
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
        let Place::Raw(raw_mode) = &self.place else {
            return;
        };
        terminal::restore();
        let stopped = terminal::suspend();
        // When the terminal refuses, its end of input tells in a moment.
        let _ = raw_mode.resume();
        self.reclaim();
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
        if self.typed.is_some() || self.status.is_some() || !self.listed.is_empty() {
            self.overlay();
        }
    }

    fn reclaim(&mut self) {
        match (&self.place, terminal::is_foreground()) {
            (Place::Raw(raw_mode), true) => {
                // When the terminal refuses, its end of input tells in a moment.
                let _ = raw_mode.resume();
            }
            // Its modes are the other job's now; dropping ours leaves them alone.
            (Place::Raw(_), false) => self.place = Place::Background,
            (Place::Background, true) => self.enter(),
            _ => {}
        }
    }

    fn wants_to_reclaim(&self) -> bool {
        matches!(self.place, Place::Background)
    }

    fn take_terminal(&mut self) {
        if matches!(self.place, Place::Later) {
            self.enter();
        }
    }

    fn has_terminal(&self) -> bool {
        !matches!(self.place, Place::Later | Place::Background)
    }

    fn release(&mut self) {
        self.place = Place::Alone;
        self.overlay = None;
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let errors = self.errors.poll_flush(cx);
        ready!(self.output.poll_flush(cx));
        errors
    }

    fn poll_room(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let errors = self.errors.poll_room(cx);
        ready!(self.output.poll_room(cx));
        ready!(errors);
        // Where too much is held, the next key asks again.
        match self.held_bytes > MAX_HELD {
            true => Poll::Pending,
            false => Poll::Ready(()),
        }
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
