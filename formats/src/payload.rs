//! What an agent message carries: the JSON bodies as types, and what is read from the others.
//!
//! Nothing here decides what to answer; a body that does not read is an error with the payload's name in it.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::agent_message::AgentMessage;

/// The first thing a client says, as a text message (source: OpenDataChannelInput, contracts/model.go).
#[derive(Clone, Serialize, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "PascalCase")]
#[allow(missing_docs, reason = "the names are those of the protocol")]
pub struct OpenDataChannel {
    pub message_schema_version: String,
    pub request_id: Uuid,
    /// Secret: never logged, never recorded.
    pub token_value: String,
    pub client_id: Uuid,
    pub client_version: String,
}

/// Says that a stream message was received.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are those of the protocol")]
pub struct Acknowledge {
    #[serde(rename = "AcknowledgedMessageType")]
    pub message_type: String,
    #[serde(rename = "AcknowledgedMessageId")]
    pub message_id: Uuid,
    #[serde(rename = "AcknowledgedMessageSequenceNumber")]
    pub sequence_number: i64,
    #[serde(rename = "IsSequentialMessage", default)]
    pub is_sequential: bool,
}

impl Acknowledge {
    /// The acknowledgement of `message`.
    #[must_use]
    pub fn of(message: &AgentMessage) -> Self {
        Self {
            message_type: message.message_type.as_str().to_owned(),
            message_id: message.message_id,
            sequence_number: message.sequence_number,
            is_sequential: true,
        }
    }
}

/// The service's word that the session is over; `output` is the reason to show, when there is one.
#[derive(Clone, Debug, Default, Serialize, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "PascalCase", default)]
#[allow(missing_docs, reason = "the names are those of the protocol")]
pub struct ChannelClosed {
    pub message_id: String,
    pub created_date: String,
    pub destination_id: String,
    pub session_id: String,
    pub message_type: String,
    pub schema_version: u32,
    pub output: String,
}

/// The size of the terminal, in character cells.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, PartialEq, Eq)]
#[allow(missing_docs, reason = "columns and rows")]
pub struct Size {
    pub cols: u16,
    pub rows: u16,
}

/// What the agent asks the client to do before the session proper.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[allow(missing_docs, reason = "the names are those of the protocol")]
pub struct HandshakeRequest {
    pub agent_version: String,
    #[serde(default)]
    pub requested_client_actions: Vec<RequestedClientAction>,
}

/// One thing asked; the parameters are read by [`SessionTypeRequest`] or [`KmsEncryptionRequest`] as the type says.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[allow(missing_docs, reason = "the names are those of the protocol")]
pub struct RequestedClientAction {
    pub action_type: String,
    #[serde(default)]
    pub action_parameters: Option<Box<RawValue>>,
}

/// `ActionType` of the action that names the kind of session.
pub const ACTION_SESSION_TYPE: &str = "SessionType";
/// `ActionType` of the action that asks for an encrypted session.
pub const ACTION_KMS_ENCRYPTION: &str = "KMSEncryption";

/// Parameters of the action `SessionType`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[allow(missing_docs, reason = "the names are those of the protocol")]
pub struct SessionTypeRequest {
    pub session_type: String,
    #[serde(default)]
    pub properties: Option<serde_json::Value>,
}

/// Parameters of the action `KMSEncryption`.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are those of the protocol")]
pub struct KmsEncryptionRequest {
    #[serde(rename = "KMSKeyId")]
    pub kms_key_id: String,
}

/// `ActionResult` of the action `KMSEncryption`; both texts are base64.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are those of the protocol")]
pub struct KmsEncryptionResponse {
    /// The data key as KMS encrypted it; the agent has it decrypted.
    #[serde(rename = "KMSCipherTextKey")]
    pub kms_cipher_text_key: String,
    /// `null` from the official client; no agent reads it.
    #[serde(rename = "KMSCipherTextHash")]
    pub kms_cipher_text_hash: Option<String>,
}

/// The client's answer to a handshake request.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
#[serde(rename_all = "PascalCase")]
#[allow(missing_docs, reason = "the names are those of the protocol")]
pub struct HandshakeResponse {
    pub client_version: String,
    pub processed_client_actions: Vec<ProcessedClientAction>,
    /// `null` when all went well.
    pub errors: Option<Vec<String>>,
}

/// What became of one requested action.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
#[serde(rename_all = "PascalCase")]
#[allow(missing_docs, reason = "the names are those of the protocol")]
pub struct ProcessedClientAction {
    pub action_type: String,
    pub action_status: ActionStatus,
    pub action_result: Option<serde_json::Value>,
    #[serde(default)]
    pub error: String,
}

/// A number on the wire.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, PartialEq, Eq)]
#[serde(try_from = "u8", into = "u8")]
#[allow(missing_docs, reason = "the names are those of the protocol")]
pub enum ActionStatus {
    Success = 1,
    Failed = 2,
    Unsupported = 3,
}

impl From<ActionStatus> for u8 {
    fn from(status: ActionStatus) -> Self {
        status as Self
    }
}

impl TryFrom<u8> for ActionStatus {
    type Error = String;

    fn try_from(number: u8) -> Result<Self, String> {
        match number {
            1 => Ok(Self::Success),
            2 => Ok(Self::Failed),
            3 => Ok(Self::Unsupported),
            _ => Err(format!("action status {number} is not 1, 2 or 3")),
        }
    }
}

/// The agent's word that the handshake is over.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "PascalCase")]
pub struct HandshakeComplete {
    /// Nanoseconds.
    #[serde(default)]
    pub handshake_time_to_complete: i64,
    /// Shown to the person when it is not empty.
    #[serde(default)]
    pub customer_message: Option<String>,
}

/// Both directions of the encryption challenge; the text is base64.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "PascalCase")]
#[allow(missing_docs, reason = "the names are those of the protocol")]
pub struct EncryptionChallenge {
    pub challenge: String,
}

/// A number that stands for a state of a port session (source: PayloadTypeFlag, contracts/model.go).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flag {
    /// 1: the connection to the port has ended.
    DisconnectToPort,
    /// 2: the client ends the session.
    TerminateSession,
    /// 3: the agent could not reach the port.
    ConnectToPortError,
}

impl Flag {
    /// The four bytes on the wire.
    #[must_use]
    pub fn encode(self) -> [u8; 4] {
        match self {
            Self::DisconnectToPort => 1_u32,
            Self::TerminateSession => 2,
            Self::ConnectToPortError => 3,
        }
        .to_be_bytes()
    }

    /// `None` for a number that this version does not know, or other than four bytes.
    #[must_use]
    pub fn parse(payload: &[u8]) -> Option<Self> {
        match payload {
            [0, 0, 0, 1] => Some(Self::DisconnectToPort),
            [0, 0, 0, 2] => Some(Self::TerminateSession),
            [0, 0, 0, 3] => Some(Self::ConnectToPortError),
            _ => None,
        }
    }
}

/// Reads the text of payload type 12, `EXIT_CODE: 7`. `None` when it is anything else.
///
/// The agent writes -1 for a command that a signal ended. An agent on Windows writes statuses as unsigned numbers of 32
/// bits (`3221225786`, interrupted); they become the signed numbers of the same bits, which is how Windows has them too.
#[must_use]
pub fn parse_exit_code(payload: &[u8]) -> Option<i32> {
    let number: i64 = std::str::from_utf8(payload)
        .ok()?
        .trim()
        .strip_prefix("EXIT_CODE:")?
        .trim()
        .parse()
        .ok()?;
    i32::try_from(number)
        .or_else(|_| u32::try_from(number).map(u32::cast_signed))
        .ok()
}

/// Reads a JSON body; `what` names it in the error.
///
/// # Errors
/// The payload is not the JSON that its type promises.
pub fn parse_json<T: DeserializeOwned>(what: &'static str, payload: &[u8]) -> Result<T, Error> {
    serde_json::from_slice(payload).map_err(|source| Error { what, source })
}

/// Writes a JSON body as the official client does: no white space, fields in the order of the contract.
#[must_use]
pub fn encode_json<T: Serialize>(body: &T) -> Vec<u8> {
    // The bodies above hold only strings, numbers and lists: nothing in them can fail to serialize.
    serde_json::to_vec(body).unwrap_or_default()
}

/// A payload that is not the JSON that its type promises.
#[derive(Debug, thiserror::Error)]
#[error("{what} does not read: {source}")]
pub struct Error {
    what: &'static str,
    source: serde_json::Error,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn captured_bodies_read_and_write_the_same_text() {
        let text = r#"{"AcknowledgedMessageType":"output_stream_data","AcknowledgedMessageId":"44ccfc48-dd21-4e5b-a5bf-4e6102a743b2","AcknowledgedMessageSequenceNumber":0,"IsSequentialMessage":true}"#;
        let body: Acknowledge = parse_json("acknowledge", text.as_bytes()).unwrap();
        assert_eq!(encode_json(&body), text.as_bytes());
        let text = r#"{"ClientVersion":"1.2.0.0","ProcessedClientActions":[{"ActionType":"SessionType","ActionStatus":1,"ActionResult":null,"Error":""}],"Errors":null}"#;
        let body: HandshakeResponse = parse_json("handshake response", text.as_bytes()).unwrap();
        assert_eq!(encode_json(&body), text.as_bytes());
        assert_eq!(
            encode_json(&Size { cols: 80, rows: 24 }),
            br#"{"cols":80,"rows":24}"#
        );
    }

    #[test]
    fn a_handshake_request_gives_its_actions() {
        let text = br#"{"AgentVersion":"3.3.0.0","RequestedClientActions":[{"ActionType":"SessionType","ActionParameters":{"SessionType":"NonInteractiveCommands","Properties":null}}]}"#;
        let request: HandshakeRequest = parse_json("handshake request", text).unwrap();
        let action = &request.requested_client_actions[0];
        assert_eq!(action.action_type, ACTION_SESSION_TYPE);
        let parameters = action.action_parameters.as_ref().unwrap().get();
        let parameters: SessionTypeRequest =
            parse_json("session type", parameters.as_bytes()).unwrap();
        assert_eq!(parameters.session_type, "NonInteractiveCommands");
    }

    #[test]
    fn the_data_key_goes_into_the_action_result() {
        let result = KmsEncryptionResponse {
            kms_cipher_text_key: "AQID".to_owned(),
            kms_cipher_text_hash: None,
        };
        assert_eq!(
            encode_json(&result),
            br#"{"KMSCipherTextKey":"AQID","KMSCipherTextHash":null}"#
        );
        let request = br#"{"KMSKeyId":"alias/sessions"}"#;
        let request: KmsEncryptionRequest = parse_json("KMS encryption", request).unwrap();
        assert_eq!(request.kms_key_id, "alias/sessions");
    }

    #[test]
    fn the_exit_code_is_read_from_its_text() {
        assert_eq!(parse_exit_code(b"EXIT_CODE: 7"), Some(7));
        assert_eq!(parse_exit_code(b"EXIT_CODE: -1"), Some(-1));
        assert_eq!(parse_exit_code(b"EXIT_CODE: 256"), Some(256));
        assert_eq!(
            parse_exit_code(b"EXIT_CODE: 3221225786"),
            Some(-1_073_741_510)
        );
        assert_eq!(parse_exit_code(b"EXIT_CODE: 4294967296"), None);
        assert_eq!(parse_exit_code(b"7"), None);
        assert_eq!(parse_exit_code(&[0xff]), None);
    }

    #[test]
    fn a_body_that_does_not_read_names_itself() {
        let error = parse_json::<Acknowledge>("acknowledge", b"{}").unwrap_err();
        assert!(
            error.to_string().starts_with("acknowledge does not read"),
            "{error}"
        );
    }
}
