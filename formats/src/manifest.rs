//! The manifest: what a recording is, in one line of JSON, made when the recording is closed and signed as it stands.
//!
//! Nothing here is optional by accident: a key that is left out was not known. Keys stand in the order of the fields.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::asciicast::Session;
use crate::continuity::Continuity;
use crate::derived::Kind;
use crate::findings::Findings;
use crate::json::has_doubled_keys;
use crate::payload::Size;

/// What this version writes in [`Manifest::format`].
pub const FORMAT: u32 = 1;
/// The longest manifest taken.
pub const MAX_MANIFEST: usize = 4 * 1024 * 1024;

/// The closing statement of a recording.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Manifest {
    /// [`FORMAT`]; a reader refuses a later one.
    pub format: u32,
    /// Given by the service.
    pub session_id: String,
    /// An instance, a managed node or a container.
    pub target: String,
    /// What the operator called it, where that was not its id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_name: Option<String>,
    /// Name of the session document.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub document: Option<String>,
    /// Parameters of the document.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<String, Vec<String>>,
    /// Why the session was opened.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// AWS region.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// AWS account number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// The caller's ARN.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operator: Option<String>,
    /// User name at the client.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// Host name at the client.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// Version of ssm-rec.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_version: Option<String>,
    /// Version of the agent, when it has told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent_version: Option<String>,
    /// Start by the client's clock, RFC 3339 in UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started_at: Option<String>,
    /// End by the client's clock, RFC 3339 in UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<String>,
    /// Time of the last event, by a clock that never jumps.
    pub duration_us: u64,
    /// The client's clock minus the service's, as the `Date` of its answer told; one second is its resolution.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clock_offset_ms: Option<i64>,
    /// Where the client's wall clock was set during the session.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub clock_jumps: Vec<ClockJump>,
    /// The terminal at the start.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub terminal: Option<Size>,
    /// How it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exit: Option<Exit>,
    /// Times without a connection.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub gaps: Vec<Gap>,
    /// Connections opened through a port session.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connections: Option<u64>,
    /// Who can read the recording, when not everyone can.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encryption: Option<Encryption>,
    /// Set when recording failed and the session went on: the end of it is in no recording.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unrecorded: Option<Unrecorded>,
    /// What was derived from the recording when it was closed, and stored beside it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub derived: Option<Derived>,
    /// Which of this client's manifests it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub continuity: Option<Continuity>,
    /// What rules found in it, as the client claims: whoever doubts evaluates the recording.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rules: Option<Findings>,
    /// What was counted.
    pub counts: Counts,
    /// How large the recording is.
    pub sizes: Sizes,
    /// What binds the recording to this manifest.
    pub chain: Chain,
    /// Set when the file was found cut and closed afterwards: nobody saw the end of this session.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub recovered: bool,
    /// How it was closed afterwards.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recovery: Option<Recovery>,
}

/// The client's wall clock was set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClockJump {
    /// When it was noticed, since the start.
    pub at_us: u64,
    /// Forward when positive.
    pub by_ms: i64,
}

/// The connection was lost and taken up again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    /// When it was lost, since the start.
    pub at_us: u64,
    /// How long it was lost.
    pub lasted_us: u64,
}

/// How a recording was closed that had been cut.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Recovery {
    /// When, by the clock of the machine that did it, RFC 3339 in UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
    /// Which version of ssm-rec did it.
    pub by: String,
    /// Data frames whose links were there: they are what was recorded.
    pub linked_frames: u64,
    /// Data frames that were linked only then: they are what was found.
    pub closed_frames: u64,
    /// Bytes at the end of the cut file that could not be read.
    pub unread_bytes: u64,
    /// Bytes of text of a line that was not finished.
    pub cut_text: u64,
}

/// The recording is sealed for readers who hold a key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Encryption {
    /// `chacha20poly1305`, the only one so far.
    pub cipher: String,
    /// The readers: age recipients as they are, SSH keys by type and fingerprint.
    pub recipients: Vec<String>,
}

/// The session went on without being recorded.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unrecorded {
    /// Since when, counted from the start.
    pub from_us: u64,
    /// Why it could not be recorded.
    #[serde(default)]
    pub cause: String,
}

/// How a session ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exit {
    /// Who ended it, or what failed.
    pub kind: ExitKind,
    /// The status of the remote command, when the agent told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<i32>,
    /// The text that came with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Who ended a session, or what failed; in JSON one word.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ExitKind {
    /// The other side ended it.
    Closed,
    /// The other side ended it before all of its messages had arrived.
    Incomplete,
    /// The remote command ended.
    Exited,
    /// The agent ended it before its handshake was over.
    NotOpened,
    /// KMS gave no data key for it.
    NoDataKey,
    /// The person left it.
    Left,
    /// A signal ended it on this side.
    Signal,
    /// The terminal went away, or could not be read.
    InputGone,
    /// Nobody took the output any more.
    ScreenGone,
    /// The connection broke and did not come back.
    ConnectionLost,
    /// The local side of a port session could not be opened.
    LocalPort,
    /// The agent could not reach the remote port.
    PortRefused,
    /// It could not be recorded.
    RecordingFailed,
    /// The other side broke the protocol.
    Protocol,
    /// Nobody saw its end: the recording was found cut.
    Cut,
    /// The word of another version.
    #[serde(untagged)]
    Other(String),
}

/// The word as it stands in JSON.
impl fmt::Display for ExitKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Other(word) => f.write_str(word),
            known => known.serialize(f),
        }
    }
}

/// What was derived from the recording.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Derived {
    /// Which rules made it; a number that grows.
    pub extractor: u32,
    /// The lines.
    pub lines: Object,
    /// The commands.
    pub commands: Object,
    /// The share of the output that belongs to a prompt, a command or its output, from 0 to 1.
    pub explained: f64,
    /// There may be more commands than these.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub cut: bool,
}

impl Derived {
    /// What is told of one of the two.
    #[must_use]
    pub fn of(&self, kind: Kind) -> &Object {
        match kind {
            Kind::Lines => &self.lines,
            Kind::Commands => &self.commands,
        }
    }
}

/// An object in the store.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Object {
    /// SHA-256 of its bytes as they are stored, 64 hexadecimal digits.
    pub digest: String,
    /// How many they are.
    pub bytes: u64,
    /// Lines of JSON in it.
    pub count: u64,
}

/// What was counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Counts {
    /// `f` events: agent messages in both directions, duplicates and malformed ones included.
    pub messages: u64,
    /// Events of every kind.
    pub events: u64,
    /// Bytes of payload that the agent sent for the screen, duplicates not counted.
    pub output_bytes: u64,
    /// Messages that came again and were dropped.
    pub duplicates: u64,
    /// Websocket messages that were no agent message.
    pub malformed: u64,
    /// Markers.
    pub markers: u64,
}

/// How large the recording is, up to the chain's head: without manifest, time index and seek table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Sizes {
    /// Bytes of asciicast text.
    pub text: u64,
    /// Bytes of the file before the frame that holds this manifest.
    pub compressed: u64,
    /// Data frames.
    pub frames: u64,
}

/// What binds the recording to this manifest.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Chain {
    /// `sha256`, the only one so far.
    pub algorithm: String,
    /// The last link, 64 hexadecimal digits.
    pub head: String,
}

impl Manifest {
    /// A manifest that holds what the header of the recording tells of the session.
    #[must_use]
    pub fn of_session(session: &Session) -> Self {
        let session = session.clone();
        Self {
            format: FORMAT,
            session_id: session.session_id,
            target: session.target,
            target_name: session.target_name,
            document: session.document,
            parameters: session.parameters,
            reason: session.reason,
            region: session.region,
            account: session.account,
            operator: session.operator,
            user: session.user,
            host: session.host,
            client_version: session.client_version,
            agent_version: session.agent_version,
            started_at: session.started_at,
            ..Self::default()
        }
    }

    /// The first key that this manifest and what was known at the start of the session do not agree on. Who asked, and what
    /// the agent is, may have become known later.
    #[must_use]
    pub fn differs_from(&self, opening: &Self) -> Option<&'static str> {
        fn late(now: &Option<String>, then: &Option<String>) -> bool {
            then.is_none() || now == then
        }
        let is_same_terminal = self.terminal.is_none()
            || opening.terminal.is_none()
            || self.terminal == opening.terminal;
        let same = [
            ("session_id", self.session_id == opening.session_id),
            ("target", self.target == opening.target),
            ("target_name", self.target_name == opening.target_name),
            ("document", self.document == opening.document),
            ("parameters", self.parameters == opening.parameters),
            ("reason", self.reason == opening.reason),
            ("region", self.region == opening.region),
            ("account", late(&self.account, &opening.account)),
            ("operator", late(&self.operator, &opening.operator)),
            ("user", self.user == opening.user),
            ("host", self.host == opening.host),
            (
                "client_version",
                self.client_version == opening.client_version,
            ),
            (
                "agent_version",
                late(&self.agent_version, &opening.agent_version),
            ),
            ("started_at", self.started_at == opening.started_at),
            ("terminal", is_same_terminal),
        ];
        same.iter().find(|(_, same)| !same).map(|(key, _)| *key)
    }

    /// One line of JSON without its line end: the bytes that are signed.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        // Strings, numbers and lists: nothing in them can fail to serialize.
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// Reads a manifest. Keys that this version does not know are passed over.
    ///
    /// # Errors
    /// Too long, not JSON, or of a later format.
    pub fn parse(json: &[u8]) -> Result<Self, Error> {
        if json.len() > MAX_MANIFEST {
            return Err(Error::TooLong(json.len()));
        }
        let manifest: Self = serde_json::from_slice(json).map_err(|error| {
            // The parser refuses a doubled key that it knows by itself.
            match has_doubled_keys(json) && error.to_string().starts_with("duplicate field") {
                true => Error::Doubled,
                false => Error::Json(error),
            }
        })?;
        if has_doubled_keys(json) {
            return Err(Error::Doubled);
        }
        match manifest.format {
            FORMAT => Ok(manifest),
            other => Err(Error::Format(other)),
        }
    }
}

/// Why something is no manifest.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// In bytes.
    #[error("manifest of {0} bytes is longer than the limit of {MAX_MANIFEST}")]
    TooLong(usize),
    /// Not JSON, or not of the right shape.
    #[error("manifest does not read: {0}")]
    Json(serde_json::Error),
    /// One reader would take the first, another the last.
    #[error("manifest has a key that stands twice")]
    Doubled,
    /// From a later version of ssm-rec, or no manifest at all.
    #[error("manifest has format {0}, only {FORMAT} is known")]
    Format(u32),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_is_one_line_and_reads_back() {
        let manifest = Manifest {
            reason: Some("line\nbreak".into()),
            exit: Some(Exit {
                kind: ExitKind::Closed,
                status: Some(7),
                reason: None,
            }),
            gaps: vec![Gap {
                at_us: 5,
                lasted_us: 6,
            }],
            ..Manifest::of_session(&Session {
                session_id: "s-1".into(),
                ..Session::default()
            })
        };
        let json = manifest.encode();
        assert!(!json.contains(&b'\n'));
        assert!(json.starts_with(br#"{"format":1,"session_id":"s-1","#));
        assert_eq!(Manifest::parse(&json).unwrap(), manifest);
    }

    #[test]
    fn the_words_of_an_end_are_known_and_those_of_another_version_stay_as_they_are() {
        for (kind, word) in [
            (ExitKind::Closed, "closed"),
            (ExitKind::Incomplete, "incomplete"),
            (ExitKind::Exited, "exited"),
            (ExitKind::NotOpened, "not-opened"),
            (ExitKind::NoDataKey, "no-data-key"),
            (ExitKind::Left, "left"),
            (ExitKind::Signal, "signal"),
            (ExitKind::InputGone, "input-gone"),
            (ExitKind::ScreenGone, "screen-gone"),
            (ExitKind::ConnectionLost, "connection-lost"),
            (ExitKind::LocalPort, "local-port"),
            (ExitKind::PortRefused, "port-refused"),
            (ExitKind::RecordingFailed, "recording-failed"),
            (ExitKind::Protocol, "protocol"),
            (ExitKind::Cut, "cut"),
            (ExitKind::Other("beamed-up".into()), "beamed-up"),
        ] {
            let json = format!("{word:?}");
            assert_eq!(kind.to_string(), word);
            assert_eq!(serde_json::to_string(&kind).unwrap(), json);
            assert_eq!(serde_json::from_str::<ExitKind>(&json).unwrap(), kind);
        }
    }

    #[test]
    fn a_later_format_and_anything_else_is_refused() {
        assert!(matches!(
            Manifest::parse(br#"{"format":2}"#),
            Err(Error::Format(2))
        ));
        assert!(Manifest::parse(b"{}").is_err());
        assert!(Manifest::parse(b"[").is_err());
        assert!(Manifest::parse(br#"{"format":1,"later":[]}"#).is_ok());
    }
}
