//! What is typed: commands of ours taken out, the rest on the wire first and into the recording then.
//!
//! Nothing is read before the agent has said what kind of session it is: until then it waits where it was typed.

use std::io;
use std::time::Instant;

use bytes::Bytes;

use super::{Driver, End, Keys, Line, Local, Screen, Signals, Socket, Stop, now};
use crate::session::console::escape::{Action, Command, Escape, Note, Noted, take_key};
use crate::session::driver::data_keys::DataKeys;
use crate::session::driver::tee::Tee;

/// What keys are for, where they are neither for the remote nor a command.
#[derive(Debug)]
pub(super) enum Asked {
    /// A note is being typed.
    Note(Note),
    /// Lines stand over the remote's screen until the next one.
    Key,
}

/// What a marker is called that was given no note.
const NO_NOTE: &str = "marker";

impl<T: Tee, K: Keys, D: Screen, G: Signals, V: DataKeys> Driver<T, K, D, G, V> {
    /// Whether keys are to be read now: once the session takes them, and while the terminal is ours.
    pub(super) fn wants_keys(&self) -> bool {
        let is_ours =
            self.local.takes_keys() && (!self.is_port() || matches!(self.local, Local::Pipe));
        is_ours
            && self.input.is_open()
            && self.channel.is_open()
            && self.channel.input_room() > 0
            && self.screen.has_terminal()
    }

    /// Takes what was typed.
    pub(super) async fn handle_keys(
        &mut self,
        keys: Option<io::Result<Bytes>>,
        mut line: Option<&mut Line<impl Socket>>,
    ) -> Result<(), Stop<T::Error>> {
        let at = now();
        let mut keys = match keys {
            Some(Ok(keys)) if std::mem::take(&mut self.typed_ahead) => as_typed(&keys),
            Some(Ok(keys)) => keys,
            Some(Err(error)) => return Err(End::InputGone(Some(error)).into()),
            None if self.input.is_terminal => return Err(End::InputGone(None).into()),
            None => {
                self.input.end(at);
                return Ok(());
            }
        };
        while !keys.is_empty() {
            match &mut self.asking {
                Some(Asked::Note(note)) => {
                    let noted = note.take(&mut keys);
                    self.handle_note(at, noted)?;
                    continue;
                }
                Some(Asked::Key) => {
                    let escape = self.escape.as_ref().map(Escape::character);
                    // What begins a command is one already.
                    if escape.is_none_or(|escape| keys.first() != Some(&escape)) {
                        take_key(&mut keys);
                    }
                    self.asking = None;
                    self.screen.ask(None);
                    continue;
                }
                None => {}
            }
            let action = match &mut self.escape {
                Some(escape) if self.local.is_person() => escape.take(&mut keys),
                _ => Some(Action::Send(std::mem::take(&mut keys))),
            };
            match action {
                Some(Action::Send(keys)) => self.send_keys(at, &keys, line.as_deref_mut()).await?,
                Some(Action::Do(command)) => self.handle_command(command)?,
                None => {}
            }
        }
        Ok(())
    }

    async fn send_keys(
        &mut self,
        at: Instant,
        keys: &[u8],
        line: Option<&mut Line<impl Socket>>,
    ) -> Result<(), Stop<T::Error>> {
        self.channel.send_input(at, keys);
        self.gather.typed(at);
        self.leaving.typed(keys);
        if let Some(line) = line {
            line.write_now(&mut self.channel, now)
                .await
                .map_err(Stop::Lost)?;
        }
        self.recorder
            .input(at, keys)
            .map_err(|error| End::RecordingFailed(error).into())
    }

    fn handle_command(&mut self, command: Command) -> Result<(), End<T::Error>> {
        match command {
            Command::End => return Err(End::Left),
            Command::Help => {
                let help = self.escape.as_ref().map(|escape| escape.help());
                self.list(&help.unwrap_or_default());
            }
            Command::Facts => {
                let lines = self.tell_facts(now());
                self.list(&lines);
            }
            Command::Marker => {
                self.asking = Some(Asked::Note(Note::default()));
                self.screen.ask(Some(""));
            }
            Command::Suspend => self.screen.suspend(),
        }
        Ok(())
    }

    fn list(&mut self, lines: &[String]) {
        self.asking = self.screen.list(lines).then_some(Asked::Key);
    }

    fn handle_note(&mut self, at: Instant, noted: Noted) -> Result<(), End<T::Error>> {
        let text = match noted {
            Noted::More => {
                if let Some(Asked::Note(note)) = &self.asking {
                    self.screen.ask(Some(&note.text()));
                }
                return Ok(());
            }
            Noted::Done(text) if text.is_empty() => Some(NO_NOTE.to_owned()),
            Noted::Done(text) => Some(text),
            Noted::Cancelled => None,
        };
        self.asking = None;
        self.screen.ask(None);
        match text {
            Some(text) => {
                let marked = self.recorder.marker(at, &text);
                marked.map_err(End::RecordingFailed)
            }
            None => Ok(()),
        }
    }
}

/// Keys that came while the terminal was not raw: it has made a line feed of Enter.
fn as_typed(keys: &[u8]) -> Bytes {
    let typed = keys.iter().map(|key| match key {
        b'\n' => b'\r',
        key => *key,
    });
    typed.collect()
}
