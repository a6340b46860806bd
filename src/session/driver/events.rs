//! What comes from the agent: recorded first, shown then.
//!
//! Nothing here is sent; the channel hands out acknowledgements only for what has passed through here.

use std::time::Instant;

use formats::AgentMessage;
use tokio_tungstenite::tungstenite::Message;

use super::{Driver, End, Keys, Screen, Signals, Stop, now};
use crate::session::channel::{Effect, Event};
use crate::session::driver::data_keys::DataKeys;
use crate::session::driver::link::Batch;
use crate::session::driver::tee::Tee;

impl<T: Tee, K: Keys, D: Screen, G: Signals, V: DataKeys> Driver<T, K, D, G, V> {
    pub(super) fn handle_batch(&mut self, batch: Batch) -> Result<(), Stop<T::Error>> {
        let at = now();
        let bytes = batch.messages.iter().map(Message::len).sum();
        self.gather.heard(at, batch.messages.len(), bytes);
        if self.away.is_some() && !batch.messages.is_empty() {
            self.handle_return(at)?;
        }
        for message in batch.messages {
            match message {
                Message::Binary(bytes) => match AgentMessage::parse(bytes.clone()) {
                    Ok(message) => self.channel.handle_message(at, message),
                    Err(error) => self.channel.handle_malformed(at, bytes, error.to_string()),
                },
                Message::Text(text) => {
                    let cause = "text where an agent message is due".to_owned();
                    self.channel.handle_malformed(at, text.into(), cause);
                }
                Message::Ping(_) | Message::Pong(_) | Message::Close(_) | Message::Frame(_) => {}
            }
            self.drain_events(at)?;
            if let Some(failure) = self.channel.failure() {
                return Err(End::Protocol(failure.clone()).into());
            }
        }
        match batch.ended {
            None => Ok(()),
            Some(cause) if !self.channel.is_closing() => Err(Stop::Lost(cause)),
            Some(_) => {
                self.channel.handle_disconnect(at);
                self.drain_events(at)?;
                Err(End::Closed { reason: None }.into())
            }
        }
    }

    /// Records and shows everything that happened. The channel hands out acknowledgements only after this.
    pub(super) fn drain_events(&mut self, at: Instant) -> Result<(), End<T::Error>> {
        while let Some(event) = self.channel.poll_event() {
            let (message, effect) = match event {
                Event::Message { message, effect } => (message, effect),
                Event::Malformed { bytes, .. } => {
                    let recorded = self.recorder.malformed(at, bytes);
                    recorded.map_err(End::RecordingFailed)?;
                    continue;
                }
            };
            let recorded = match &effect {
                Effect::Output if self.is_port() => self.tee_payload(at, &message),
                Effect::Output | Effect::StdErr => self.recorder.output(at, &message),
                Effect::Duplicate | Effect::Refused => self.recorder.duplicate(at, &message),
                Effect::ExitCode(code) => {
                    let recorded = self.recorder.message(at, &message);
                    recorded.and_then(|()| self.recorder.exit(at, *code))
                }
                _ => self.recorder.message(at, &message),
            };
            recorded.map_err(End::RecordingFailed)?;
            let shown = match effect {
                Effect::Output => {
                    self.input.shown(at);
                    self.leaving.shown(&message.payload);
                    match self.local.port() {
                        Some(port) => {
                            port.write(message.payload);
                            Ok(())
                        }
                        None => self.screen.output(message.payload),
                    }
                }
                Effect::Flag(flag) => {
                    self.handle_flag(flag)?;
                    Ok(())
                }
                Effect::StdErr => {
                    self.input.shown(at);
                    self.screen.error(message.payload)
                }
                Effect::Notice(text) => {
                    self.screen.told(&text);
                    Ok(())
                }
                Effect::ExitCode(code) => {
                    self.screen.exited(&message.payload);
                    self.exit_code = Some(code);
                    Ok(())
                }
                Effect::Closed { reason, .. } if self.channel.never_opened() => {
                    let encrypted_with = self.channel.encrypted_with().map(str::to_owned);
                    return Err(End::NotOpened {
                        reason,
                        encrypted_with,
                    });
                }
                Effect::Closed { reason, missing: 0 } => return Err(self.closed(reason)),
                Effect::Closed { reason, missing } => {
                    return Err(End::Incomplete { reason, missing });
                }
                _ => Ok(()),
            };
            shown.map_err(End::ScreenGone)?;
        }
        while let Some(sent) = self.channel.poll_sent() {
            let recorded = self.tee_payload(at, &sent);
            recorded.map_err(End::RecordingFailed)?;
        }
        self.record_notes(at)
    }
}
