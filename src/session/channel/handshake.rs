//! The handshake: what the agent asks of the client before the session proper, and what is answered.
//!
//! Nothing here is sent, and no key is fetched: a request goes in, an answer and what was agreed come out.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use formats::payload::{
    ACTION_KMS_ENCRYPTION, ACTION_SESSION_TYPE, ActionStatus, HandshakeRequest, HandshakeResponse,
    KmsEncryptionRequest, KmsEncryptionResponse, ProcessedClientAction, RequestedClientAction,
    SessionTypeRequest, parse_json,
};

use super::event::Error;

/// What this client says it is. Agents compare it with the official client's versions to decide what it can do.
pub const CLIENT_VERSION: &str = "1.2.707.0";

/// What kind of session it is (source: session plugin names, contracts/model.go).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SessionType {
    /// A shell on a terminal. It has no handshake unless it is encrypted.
    StandardStream,
    /// A command on a terminal. No handshake either.
    InteractiveCommands,
    /// A command without a terminal; it takes no input and may report an exit code.
    NonInteractiveCommands,
    /// Bytes between a local end and a port at the target, or beyond it.
    Port {
        /// What the agent says of it; read by [`port::Form`](crate::session::port::Form).
        properties: serde_json::Value,
    },
}

/// What a request led to.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) response: HandshakeResponse,
    /// `None` when the request named no type that this client carries.
    pub(super) session_type: Option<SessionType>,
    /// Set when the session cannot go on, whatever the agent makes of the response.
    pub(super) failure: Option<Error>,
    /// The session is to be encrypted: the response waits for a data key, which [`Answer::settle_key`] takes.
    pub(super) key: Option<WantedKey>,
}

/// The key that the agent asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct WantedKey {
    /// As the agent names it: an id, an ARN or an alias.
    pub(super) key_id: String,
    /// Which of the processed actions tells about it.
    action: usize,
}

impl Answer {
    /// Fills in what became of the data key: its ciphertext, or why there is none.
    pub(super) fn settle_key(&mut self, outcome: Result<&[u8], String>) {
        let Some(wanted) = self.key.take() else {
            return;
        };
        let outcome = match outcome {
            Ok(ciphertext) => serde_json::to_value(KmsEncryptionResponse {
                kms_cipher_text_key: BASE64.encode(ciphertext),
                kms_cipher_text_hash: None,
            })
            .map_err(|error| error.to_string()),
            Err(cause) => Err(cause),
        };
        let actions = &mut self.response.processed_client_actions;
        let Some(action) = actions.get_mut(wanted.action) else {
            return;
        };
        match outcome {
            Ok(result) => {
                action.action_status = ActionStatus::Success;
                action.action_result = Some(result);
            }
            Err(cause) => {
                let errors = self.response.errors.get_or_insert_default();
                errors.push(cause.clone());
                action.action_status = ActionStatus::Failed;
                action.error = cause;
            }
        }
    }
}

/// Answers each requested action. That of a data key is open until [`Answer::settle_key`].
pub(super) fn answer(request: &HandshakeRequest) -> Answer {
    let mut answer = Answer {
        response: HandshakeResponse {
            client_version: CLIENT_VERSION.to_owned(),
            processed_client_actions: Vec::new(),
            errors: None,
        },
        session_type: None,
        failure: None,
        key: None,
    };
    for action in &request.requested_client_actions {
        let outcome = match action.action_type.as_str() {
            ACTION_SESSION_TYPE => session_type(action, &mut answer),
            ACTION_KMS_ENCRYPTION => kms_encryption(action, &mut answer),
            other => Err((
                ActionStatus::Unsupported,
                format!("action {other:?} is not known to this client"),
            )),
        };
        let (action_status, error) = match outcome {
            Ok(()) => (ActionStatus::Success, String::new()),
            Err(refusal) => refusal,
        };
        if !error.is_empty() {
            let errors = answer.response.errors.get_or_insert_default();
            errors.push(error.clone());
        }
        let processed = ProcessedClientAction {
            action_type: action.action_type.clone(),
            action_status,
            action_result: None,
            error,
        };
        answer.response.processed_client_actions.push(processed);
    }
    if answer.failure.is_some() {
        answer.settle_key(Err("the session cannot go on anyway".to_owned()));
    }
    answer
}

type Outcome = Result<(), (ActionStatus, String)>;

fn session_type(action: &RequestedClientAction, answer: &mut Answer) -> Outcome {
    let request: SessionTypeRequest = parameters(action)?;
    let session_type = match request.session_type.as_str() {
        "Standard_Stream" => SessionType::StandardStream,
        "InteractiveCommands" => SessionType::InteractiveCommands,
        "NonInteractiveCommands" => SessionType::NonInteractiveCommands,
        "Port" => SessionType::Port {
            properties: request.properties.unwrap_or_default(),
        },
        other => {
            let error = Error::SessionType(other.to_owned());
            let text = error.to_string();
            answer.failure = Some(error);
            return Err((ActionStatus::Unsupported, text));
        }
    };
    answer.session_type = Some(session_type);
    Ok(())
}

/// A challenge in the parameters is passed over: agents that send one take an answer without it.
fn kms_encryption(action: &RequestedClientAction, answer: &mut Answer) -> Outcome {
    let asked_before = answer.key.is_some();
    let refusal = match parameters::<KmsEncryptionRequest>(action) {
        Ok(_) if asked_before => "two keys are asked for where one is due".to_owned(),
        Ok(request) if !is_key_id(&request.kms_key_id) => {
            format!("{:?} is no name of a KMS key", request.kms_key_id)
        }
        Ok(request) => {
            answer.key = Some(WantedKey {
                key_id: request.kms_key_id,
                action: answer.response.processed_client_actions.len(),
            });
            return Ok(());
        }
        Err((_, error)) => error,
    };
    // A session that was to be encrypted does not go on in the clear.
    answer.failure = Some(Error::Handshake(format!(
        "request for encryption is wrong: {refusal}"
    )));
    Err((ActionStatus::Failed, refusal))
}

/// What KMS takes as a `KeyId` (source: its API reference): 1 to 2,048 characters, and no blanks or control characters.
fn is_key_id(text: &str) -> bool {
    (1..=2048).contains(&text.len()) && text.chars().all(|c| c.is_ascii_graphic())
}

fn parameters<T: serde::de::DeserializeOwned>(
    action: &RequestedClientAction,
) -> Result<T, (ActionStatus, String)> {
    let text = action
        .action_parameters
        .as_ref()
        .map_or("null", |raw| raw.get());
    parse_json("action parameters", text.as_bytes())
        .map_err(|error| (ActionStatus::Failed, error.to_string()))
}
