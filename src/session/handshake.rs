//! The handshake: what the agent asks of the client before the session proper, and what is answered.
//!
//! Nothing here is sent, and no key is fetched: a request goes in, an answer and what was agreed come out.

use formats::payload::{
    ACTION_KMS_ENCRYPTION, ACTION_SESSION_TYPE, ActionStatus, HandshakeRequest, HandshakeResponse,
    KmsEncryptionRequest, ProcessedClientAction, RequestedClientAction, SessionTypeRequest,
    parse_json,
};

use super::channel::{CLIENT_VERSION, Error};

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
        /// What the agent says of it; read by [`port::Form`](super::port::Form).
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
}

/// Answers each requested action.
pub(super) fn answer(request: &HandshakeRequest) -> Answer {
    let mut answer = Answer {
        response: HandshakeResponse {
            client_version: CLIENT_VERSION.to_owned(),
            processed_client_actions: Vec::new(),
            errors: None,
        },
        session_type: None,
        failure: None,
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

fn kms_encryption(action: &RequestedClientAction, answer: &mut Answer) -> Outcome {
    let request: KmsEncryptionRequest = parameters(action)?;
    let error = Error::Encrypted {
        key_id: request.kms_key_id,
    };
    let text = error.to_string();
    answer.failure = Some(error);
    Err((ActionStatus::Unsupported, text))
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
