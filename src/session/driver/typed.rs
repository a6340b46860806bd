//! What is typed: commands of ours taken out, the rest on the wire first and into the recording then.
//!
//! Keys that come before the agent has said what kind of session it is wait here: they are keys for a shell, and no bytes
//! for a port.

use std::io;
use std::time::Instant;

use bytes::{Bytes, BytesMut};

use super::{Driver, End, Keys, Line, Local, Screen, Signals, Socket, Stop, now};
use crate::session::console::escape::{Action, Command, Note, Noted};
use crate::session::driver::data_keys::DataKeys;
use crate::session::driver::tee::Tee;

/// Keys that may wait for the session to open, in bytes; when there are more, no more are read.
const MAX_EARLY: usize = 64 * 1024;
/// What a marker is called that was given no note.
const NO_NOTE: &str = "marker";

/// Keys that wait for the session to open.
pub(super) type Early = BytesMut;

impl<T: Tee, K: Keys, D: Screen, G: Signals, V: DataKeys> Driver<T, K, D, G, V> {
    /// Whether keys are to be read now. Those of a person always are, as long as there is room for them: one of them may
    /// be the way out.
    pub(super) fn wants_keys(&self) -> bool {
        let has_room = if self.channel.is_open() {
            self.channel.input_room() > 0
        } else {
            self.input.is_terminal && self.early.len() < MAX_EARLY
        };
        let is_ours =
            self.local.takes_keys() && (!self.is_port() || matches!(self.local, Local::Pipe));
        self.input.is_open() && is_ours && has_room
    }

    /// Takes what was typed.
    pub(super) async fn handle_keys(
        &mut self,
        keys: Option<io::Result<Bytes>>,
        mut line: Option<&mut Line<impl Socket>>,
    ) -> Result<(), Stop<T::Error>> {
        let at = now();
        let mut keys = match keys {
            Some(Ok(keys)) => keys,
            Some(Err(error)) => return Err(End::InputGone(Some(error)).into()),
            None if self.input.is_terminal => return Err(End::InputGone(None).into()),
            None => {
                self.input.end(at);
                return Ok(());
            }
        };
        while !keys.is_empty() {
            if let Some(note) = &mut self.asking {
                let noted = note.take(&mut keys);
                self.handle_note(at, noted)?;
                continue;
            }
            let action = match &mut self.escape {
                Some(escape) if self.local.is_person() => escape.take(&mut keys),
                _ => Some(Action::Send(std::mem::take(&mut keys))),
            };
            match action {
                Some(Action::Send(keys)) if !self.channel.is_open() && self.input.is_terminal => {
                    self.early.extend_from_slice(&keys);
                }
                Some(Action::Send(keys)) => self.send_keys(at, &keys, line.as_deref_mut()).await?,
                Some(Action::Do(command)) => self.handle_command(command)?,
                None => {}
            }
        }
        Ok(())
    }

    /// Sends the keys that waited for the session to open, or forgets them when it takes none.
    pub(super) async fn send_early(
        &mut self,
        line: &mut Line<impl Socket>,
    ) -> Result<(), Stop<T::Error>> {
        if self.early.is_empty() || !self.channel.is_open() {
            return Ok(());
        }
        let keys = self.early.split();
        match matches!(self.local, Local::Person) {
            true => self.send_keys(now(), &keys, Some(line)).await,
            false => Ok(()),
        }
    }

    async fn send_keys(
        &mut self,
        at: Instant,
        keys: &[u8],
        line: Option<&mut Line<impl Socket>>,
    ) -> Result<(), Stop<T::Error>> {
        self.channel.send_input(at, keys);
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
                self.screen.list(&help.unwrap_or_default());
            }
            Command::Marker => {
                self.asking = Some(Note::default());
                self.screen.ask(Some(""));
            }
            Command::Suspend => self.screen.suspend(),
        }
        Ok(())
    }

    fn handle_note(&mut self, at: Instant, noted: Noted) -> Result<(), End<T::Error>> {
        let text = match noted {
            Noted::More => {
                let text = self.asking.as_ref().map(Note::text);
                self.screen.ask(text.as_deref());
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
