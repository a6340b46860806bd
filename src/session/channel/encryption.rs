//! What an encrypted session adds to a channel: the data key that is wanted, the challenge, payloads opened and sealed.
//!
//! No key is fetched here; whoever drives the channel asks KMS and hands in the answer.

use std::time::Instant;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use formats::payload::{EncryptionChallenge, encode_json, parse_json};
use formats::{AgentMessage, PayloadType};

use super::cipher::{Cipher, DataKey};
use super::handshake::Answer;
use super::{Channel, Effect, Error, Event, State};

/// The longest challenge answered, in bytes; the agent sends 64.
const MAX_CHALLENGE: usize = 1024;

/// How far the encryption of a session is.
#[derive(Debug, Default)]
pub(super) struct Encryption {
    /// The response that waits for a data key.
    waiting: Option<Answer>,
    /// The key was not asked for yet.
    unasked: bool,
    cipher: Option<Cipher>,
    /// As the agent named it; `None` in a session that is not encrypted.
    key_id: Option<String>,
}

impl Encryption {
    /// Keeps the answer to a request until its data key has come.
    pub(super) fn wait(&mut self, answer: Answer) {
        self.key_id = answer.key.as_ref().map(|key| key.key_id.clone());
        self.unasked = true;
        self.waiting = Some(answer);
    }

    /// The payload as it goes over the wire: sealed where it must be.
    pub(super) fn seal(
        &mut self,
        payload_type: PayloadType,
        payload: Vec<u8>,
    ) -> Result<Bytes, Error> {
        match &mut self.cipher {
            Some(cipher) if payload_type == PayloadType::OUTPUT => {
                cipher.seal(&payload).map_err(Error::Sealing)
            }
            _ => Ok(payload.into()),
        }
    }
}

impl Channel {
    /// The KMS key of which a data key is wanted; given once. [`Channel::handle_data_key`] takes what became of it. Poll
    /// after each [`Channel::handle_message`].
    pub fn poll_wanted_key(&mut self) -> Option<String> {
        if !std::mem::take(&mut self.encryption.unasked) {
            return None;
        }
        self.encryption.key_id.clone()
    }

    /// Takes the data key that was wanted, or why there is none; then the handshake goes on, or fails. Nothing but the
    /// handshake is sent before. Call [`Channel::poll_transmit`] afterwards.
    pub fn handle_data_key(&mut self, _now: Instant, key: Result<&DataKey, String>) {
        if self.state != State::Keying {
            return;
        }
        let Some(mut answer) = self.encryption.waiting.take() else {
            return;
        };
        let cipher = key.and_then(|key| {
            let cipher = Cipher::new(key).map_err(|error| error.to_string())?;
            Ok((cipher, key.ciphertext()))
        });
        match cipher {
            Ok((cipher, ciphertext)) => {
                answer.settle_key(Ok(ciphertext));
                self.encryption.cipher = Some(cipher);
            }
            Err(cause) => {
                answer.settle_key(Err(cause.clone()));
                self.failure.get_or_insert(Error::NoDataKey {
                    key_id: self.encryption.key_id.clone().unwrap_or_default(),
                    cause,
                });
            }
        }
        self.outgoing.queue_first(
            PayloadType::HANDSHAKE_RESPONSE,
            encode_json(&answer.response),
        );
        self.state = State::Handshaking;
    }

    /// The KMS key that encrypts this session, as the agent named it.
    #[must_use]
    pub fn encrypted_with(&self) -> Option<&str> {
        self.encryption.key_id.as_deref()
    }

    /// Puts the payload in the clear; leaves the message as it came, when it does not decrypt.
    ///
    /// # Errors
    /// Why it does not.
    pub(super) fn decrypt(&self, message: &mut AgentMessage) -> Result<(), String> {
        let sealed = matches!(
            message.payload_type,
            PayloadType::OUTPUT | PayloadType::STD_ERR | PayloadType::EXIT_CODE
        );
        if !sealed || self.encryption.key_id.is_none() {
            return Ok(());
        }
        let Some(cipher) = &self.encryption.cipher else {
            return Err("it came before the data key".to_owned());
        };
        message.payload = cipher
            .open(&message.payload)
            .map_err(|error| error.to_string())?;
        Ok(())
    }

    /// Fails over a message that does not decrypt. It is surfaced as it came, and not acknowledged.
    pub(super) fn fail_undecipherable(&mut self, message: &AgentMessage, cause: String) {
        self.failure.get_or_insert(Error::Undecipherable {
            sequence_number: message.sequence_number,
            cause: cause.clone(),
        });
        let bytes = message.encode();
        self.push(Event::Malformed { bytes, cause });
    }

    /// Shows the agent that the key is the same at both ends: what it sealed comes back, sealed by this client.
    pub(super) fn handle_challenge(&mut self, message: &AgentMessage) -> Effect {
        let (State::Handshaking, Some(cipher)) = (self.state, &mut self.encryption.cipher) else {
            return Effect::Unknown;
        };
        match answer_challenge(cipher, &message.payload) {
            Ok(response) => self
                .outgoing
                .queue_first(PayloadType::ENCRYPTION_CHALLENGE_RESPONSE, response),
            Err(cause) => {
                self.failure.get_or_insert(Error::Challenge(cause));
            }
        }
        Effect::Handshake
    }
}

fn answer_challenge(cipher: &mut Cipher, payload: &[u8]) -> Result<Vec<u8>, String> {
    let request: EncryptionChallenge =
        parse_json("encryption challenge", payload).map_err(|error| error.to_string())?;
    let sealed = BASE64
        .decode(&request.challenge)
        .map_err(|error| format!("the challenge is no base64: {error}"))?;
    let text = cipher.open(&sealed).map_err(|error| error.to_string())?;
    if text.len() > MAX_CHALLENGE {
        return Err(format!("{} bytes are too long for a challenge", text.len()));
    }
    let sealed = cipher.seal(&text).map_err(|error| error.to_string())?;
    Ok(encode_json(&EncryptionChallenge {
        challenge: BASE64.encode(sealed),
    }))
}
