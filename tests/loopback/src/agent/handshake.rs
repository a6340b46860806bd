//! How a session begins: what the agent asks of its client, and the cipher that comes of it.
//!
//! Nothing here sends or waits; what comes out is the agent's to send.

use std::time::Instant;

use bytes::Bytes;
use formats::payload::{
    ACTION_KMS_ENCRYPTION, ACTION_SESSION_TYPE, ActionStatus, HandshakeComplete, HandshakeRequest,
    HandshakeResponse, KmsEncryptionRequest, RequestedClientAction, SessionTypeRequest,
    encode_json,
};
use formats::{AgentMessage, PayloadType};

use crate::kms::Kms;
use crate::options::{Encryption, Options};
use crate::work::Kind;

use super::cipher::Cipher;

/// A handshake whose request is out.
pub(super) struct Handshake {
    since: Instant,
    encryption: Option<Encryption>,
    cipher: Option<Box<Cipher>>,
    /// Known once the client has answered; then the challenge is out.
    client_version: Option<String>,
}

/// What follows from a message of the client.
pub(super) enum Step {
    /// Nothing: it is no part of the handshake.
    Ignored,
    /// This challenge is to be sent.
    Challenge(Bytes),
    /// The last message is to be sent, and the session begins.
    Complete {
        message: Bytes,
        cipher: Option<Box<Cipher>>,
        client_version: String,
    },
    /// It failed, with the agent's text.
    Failed(String),
}

impl Handshake {
    /// Whether a session of this kind begins with one.
    pub(super) fn is_needed(kind: &Kind, options: &Options) -> bool {
        kind.has_handshake() || encryption(kind, options).is_some()
    }

    /// A new one, and its request.
    pub(super) fn begin(now: Instant, kind: &Kind, options: &Options) -> (Self, Bytes) {
        let session_type = SessionTypeRequest {
            session_type: kind.session_type().to_owned(),
            properties: kind.properties(),
        };
        let mut actions = vec![requested(ACTION_SESSION_TYPE, &session_type)];
        let encryption = encryption(kind, options).cloned();
        if let Some(encryption) = &encryption {
            let request = KmsEncryptionRequest {
                kms_key_id: encryption.key_id.clone(),
            };
            actions.push(requested(ACTION_KMS_ENCRYPTION, &request));
        }
        let request = encode_json(&HandshakeRequest {
            agent_version: options.agent_version.clone(),
            requested_client_actions: actions,
        });
        let handshake = Self {
            since: now,
            encryption,
            cipher: None,
            client_version: None,
        };
        (handshake, request.into())
    }

    /// Takes a message of the client to the session `id` on `target`.
    pub(super) fn take(
        &mut self,
        now: Instant,
        message: &AgentMessage,
        kms: &Kms,
        id: &str,
        target: &str,
    ) -> Step {
        let payload = &message.payload;
        let step = match (self.client_version.take(), message.payload_type) {
            (None, PayloadType::HANDSHAKE_RESPONSE) => {
                self.take_response(now, payload, kms, id, target)
            }
            (Some(version), PayloadType::ENCRYPTION_CHALLENGE_RESPONSE) => {
                let checked = self.cipher.as_ref().map(|cipher| cipher.check(payload));
                checked
                    .unwrap_or(Ok(()))
                    .map(|()| self.complete(now, version))
            }
            (version, _) => {
                self.client_version = version;
                Ok(Step::Ignored)
            }
        };
        step.unwrap_or_else(|error| {
            let text = format!("Encountered error while initiating handshake. {error}");
            Step::Failed(text)
        })
    }

    fn take_response(
        &mut self,
        now: Instant,
        payload: &[u8],
        kms: &Kms,
        id: &str,
        target: &str,
    ) -> Result<Step, String> {
        let response: HandshakeResponse =
            serde_json::from_slice(payload).map_err(|error| error.to_string())?;
        for action in &response.processed_client_actions {
            if action.action_status != ActionStatus::Success {
                let status = u8::from(action.action_status);
                return Err(format!(
                    "{} failed on client with status {status} error: {}",
                    action.action_type, action.error
                ));
            }
            if let Some(encryption) = &self.encryption
                && action.action_type == ACTION_KMS_ENCRYPTION
            {
                let result = action.action_result.as_ref();
                let cipher = Cipher::finalize(kms, result, id, target, encryption.mischief)?;
                self.cipher = Some(Box::new(cipher));
            }
        }
        let Some(cipher) = &mut self.cipher else {
            return Ok(self.complete(now, response.client_version));
        };
        self.client_version = Some(response.client_version);
        Ok(Step::Challenge(cipher.challenge()))
    }

    fn complete(&mut self, now: Instant, client_version: String) -> Step {
        let message = match self.cipher {
            Some(_) => "This session is encrypted using AWS KMS.",
            None => "",
        };
        let message = encode_json(&HandshakeComplete {
            handshake_time_to_complete: now.duration_since(self.since).as_nanos() as i64,
            customer_message: Some(message.to_owned()),
        });
        Step::Complete {
            message: message.into(),
            cipher: self.cipher.take(),
            client_version,
        }
    }
}

/// How this kind of session is encrypted, if it is.
fn encryption<'a>(kind: &Kind, options: &'a Options) -> Option<&'a Encryption> {
    let encryption = options.encryption.as_ref()?;
    (encryption.ports || !matches!(kind, Kind::Port(_))).then_some(encryption)
}

fn requested(action_type: &str, parameters: &impl serde::Serialize) -> RequestedClientAction {
    RequestedClientAction {
        action_type: action_type.to_owned(),
        action_parameters: serde_json::value::to_raw_value(parameters).ok(),
    }
}
