//! The one file of the player that holds clock, keys, recording and terminal together.
//!
//! Decides nothing about what is played when. Prints nothing but the recording, and leaves the terminal as it found it.

use std::collections::VecDeque;
use std::io;
use std::task::{Context, Waker};
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::playback::{Action, Options, Playback};
use super::source::{Item, Recording, Source};
use super::{Ended, Error, Outcome, Stopped};
use crate::terminal::{self, Keys, RawMode, Screen, Signal, Signals};

/// The number of SIGHUP.
const HANG_UP: u8 = 1;
/// How many events are played before keys and signals are looked at again.
const AT_ONCE: usize = 256;
/// How long an answer of the terminal may take to come at the end.
const ANSWER_WAIT: Duration = Duration::from_millis(300);
/// Asks the terminal whether it is there. All that it was asked before is answered before this.
const ASK: &[u8] = b"\x1b[5n";
const ANSWER: &[u8] = b"\x1b[0n";

/// Plays a recording on stdout. Where stdout is a terminal, keys are taken from stdin or, when that is something else,
/// from the controlling terminal.
///
/// # Errors
/// The terminal, stdout or the system fails. A recording that ends badly is no error but an [`Outcome`].
#[expect(
    clippy::disallowed_methods,
    reason = "the driver is where the player gets its time"
)]
pub async fn run(recording: Recording, options: Options) -> Result<Outcome, Error> {
    let interactive = terminal::stdout_is_terminal();
    let size = recording.header().term.size();
    let recorded_limit = recording
        .header()
        .idle_time_limit
        .filter(|limit| *limit > 0.0)
        .and_then(|limit| Duration::try_from_secs_f64(limit).ok());
    let source = Source::start(recording)?;
    let signals = Signals::open()?;
    let screen = Screen::open()?;
    // Without a terminal to type on, the recording is played all the same.
    let typing = if interactive { Typing::open() } else { None };
    let mut playback = Playback::new(Instant::now(), size, recorded_limit, interactive, options);
    playback.handle_window(terminal::size(), false);
    let mut driver = Driver {
        playback,
        source,
        signals,
        screen,
        typing,
        waiting: VecDeque::new(),
        ended: Ended::Complete,
        has_asked: false,
    };
    let stopped = driver.play().await?;
    // A terminal that is gone takes nothing any more.
    if !matches!(stopped, Stopped::HungUp | Stopped::Signal(HANG_UP)) {
        driver.close().await?;
    }
    Ok(Outcome {
        ended: driver.ended,
        stopped,
        position: driver.playback.position(Instant::now()),
    })
}

/// The keyboard, with its terminal raw for as long as this lives.
struct Typing {
    keys: Keys,
    raw: RawMode,
}

impl Typing {
    fn open() -> Option<Self> {
        let keys = if terminal::stdin_is_terminal() {
            Keys::open()
        } else {
            Keys::open_tty()
        };
        Some(Self {
            keys: keys.ok()?,
            raw: RawMode::enter().ok()?,
        })
    }
}

struct Driver {
    playback: Playback,
    source: Source,
    signals: Signals,
    screen: Screen,
    typing: Option<Typing>,
    /// Read, and not yet wanted by the playback.
    waiting: VecDeque<Item>,
    ended: Ended,
    /// Whether the recording has asked the terminal something that it answers like a typing person.
    has_asked: bool,
}

#[expect(
    clippy::disallowed_methods,
    reason = "the driver is where the player gets its time"
)]
impl Driver {
    async fn play(&mut self) -> Result<Stopped, Error> {
        loop {
            for _ in 0..AT_ONCE {
                if let Some(stopped) = self.act()? {
                    return Ok(stopped);
                }
                if !self.wants_item() {
                    break;
                }
                match self.waiting.pop_front() {
                    Some(item) => self.take(item),
                    None => break,
                }
            }
            let has_room = self.screen.has_room();
            let wants_item = self.wants_item();
            let timeout = self.playback.poll_timeout().filter(|_| has_room);
            tokio::select! {
                biased;
                signal = self.signals.next() => match signal {
                    Signal::Terminate | Signal::Interrupt | Signal::HangUp | Signal::Quit => {
                        return Ok(Stopped::Signal(signal.number().unwrap_or_default()));
                    }
                    Signal::Resized => self.playback.handle_window(terminal::size(), true),
                    Signal::Continue => {
                        if let Some(typing) = &self.typing {
                            typing.raw.resume()?;
                        }
                        self.playback.handle_window(terminal::size(), true);
                    }
                },
                typed = typed(&mut self.typing) => match typed {
                    Some(bytes) => self.playback.handle_typed(Instant::now(), &bytes),
                    // The keyboard went away; what is shown may still be looked at.
                    None => self.typing = None,
                },
                () = wait_for(&mut self.screen, has_room), if !has_room || !self.screen.is_empty() => {}
                () = until(timeout), if timeout.is_some() => {
                    self.playback.handle_timeout(Instant::now());
                }
                items = self.source.next(), if wants_item && self.waiting.is_empty() => {
                    self.waiting.extend(items);
                }
                () = tokio::task::yield_now(), if wants_item && !self.waiting.is_empty() => {}
            }
        }
    }

    fn wants_item(&self) -> bool {
        self.playback.wants_event() && self.screen.has_room()
    }

    fn take(&mut self, item: Item) {
        let now = Instant::now();
        match item {
            Item::Event(event) => self.playback.handle_event(now, event),
            Item::Screen { at, size, text } => self.playback.handle_screen(at, size, &text),
            Item::End(ended) => {
                self.ended = ended;
                self.playback.handle_end(now);
            }
        }
    }

    /// Does what the playback asks for.
    fn act(&mut self) -> Result<Option<Stopped>, Error> {
        let stopped = self.act_on_all()?;
        self.flush();
        Ok(stopped)
    }

    /// Writes what the terminal takes now.
    fn flush(&mut self) {
        let mut cx = Context::from_waker(Waker::noop());
        // What it does not take is waited for.
        let _ = self.screen.poll_flush(&mut cx);
    }

    fn act_on_all(&mut self) -> Result<Option<Stopped>, Error> {
        while let Some(action) = self.playback.poll_action() {
            match action {
                Action::Draw(text) => {
                    if self.typing.is_some() && !self.has_asked {
                        self.has_asked = asks(&text);
                    }
                    match self.screen.write(Bytes::from(text)) {
                        Ok(()) => {}
                        Err(error) => return gone(error).map(Some),
                    }
                }
                Action::Reposition(to) => {
                    self.waiting.clear();
                    self.source.reposition(to);
                }
                Action::Finish => return Ok(Some(Stopped::AtEnd)),
                Action::Quit => return Ok(Some(Stopped::Quit)),
            }
        }
        Ok(None)
    }

    /// Leaves the terminal as a shell wants to find it.
    async fn close(&mut self) -> Result<(), Error> {
        if let Some(closing) = self.playback.closing()
            && let Err(error) = self.screen.write(Bytes::from(closing))
        {
            return gone(error).map(drop);
        }
        if self.has_asked
            && self.screen.write(Bytes::from_static(ASK)).is_ok()
            && let Some(typing) = &mut self.typing
        {
            // What comes in until then are answers to the recording. The shell would take them for typed commands.
            let mut tail = Vec::new();
            let screen = &mut self.screen;
            let answered = async {
                // A terminal that takes nothing answers nothing.
                let _ = screen.drain().await;
                while let Some(Ok(bytes)) = typing.keys.read().await {
                    tail.extend_from_slice(&bytes);
                    if tail.windows(ANSWER.len()).any(|window| window == ANSWER) {
                        break;
                    }
                    tail.drain(..tail.len().saturating_sub(ANSWER.len()));
                }
            };
            // A terminal that does not answer has been given its time.
            let _ = tokio::time::timeout(ANSWER_WAIT, answered).await;
        }
        loop {
            tokio::select! {
                drained = self.screen.drain() => match drained {
                    Ok(()) => return Ok(()),
                    Err(error) => return gone(error).map(drop),
                },
                signal = self.signals.next() => {
                    // Somebody does not want to wait for a terminal that takes nothing.
                    if signal.number().is_some() {
                        return Ok(());
                    }
                }
            }
        }
    }
}

/// Waits for room, or for all of it to be written.
async fn wait_for(screen: &mut Screen, has_room: bool) {
    match has_room {
        true => drop(screen.drain().await),
        false => screen.room().await,
    }
}

/// A reader that has seen enough (`| head`) is no error.
fn gone(error: io::Error) -> Result<Stopped, Error> {
    match error.kind() {
        io::ErrorKind::BrokenPipe => Ok(Stopped::HungUp),
        _ => Err(Error::Screen(error)),
    }
}

async fn typed(typing: &mut Option<Typing>) -> Option<Bytes> {
    match typing {
        Some(typing) => typing.keys.read().await?.ok(),
        None => std::future::pending().await,
    }
}

async fn until(timeout: Option<Instant>) {
    match timeout {
        Some(timeout) => tokio::time::sleep_until(timeout.into()).await,
        None => std::future::pending().await,
    }
}

/// Whether a terminal answers this: status and cursor reports, its name and version, colors, modes, sizes.
pub(super) fn asks(text: &str) -> bool {
    text.split('\x1b').skip(1).any(|sequence| {
        let mut rest = sequence.chars();
        match rest.next() {
            Some('[') => rest
                .find(|c| !matches!(c, '0'..='9' | ';' | '?' | '>' | '=' | '$'))
                .is_some_and(|last| matches!(last, 'c' | 'n' | 't' | 'p' | 'q' | 'u' | 'x')),
            Some(']') => sequence.contains('?'),
            Some('P') => sequence.starts_with("P+q") || sequence.starts_with("P$q"),
            Some('Z') => true,
            Some('_') => true,
            _ => false,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_answers_is_told_from_what_it_only_shows() {
        for asking in [
            "\x1b[6n",
            "a\x1b[c",
            "\x1b[>0c",
            "\x1b[?1$p",
            "\x1b[14t",
            "\x1b]11;?\x07",
            "\x1bP+q544e\x1b\\",
            "\x1b[?u",
        ] {
            assert!(asks(asking), "{asking:?}");
        }
        for showing in [
            "plain",
            "\x1b[1;31mred",
            "\x1b[?25h\x1b[2J\x1b[H",
            "\x1b]0;title\x07",
            "\x1b(B",
        ] {
            assert!(!asks(showing), "{showing:?}");
        }
    }
}
