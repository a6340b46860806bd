//! A captured conversation: JSON lines, perhaps in zstd, one websocket message or event of the relay each.
//!
//! Nothing here plays it; `replay` does.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use formats::{AgentMessage, MessageType, PayloadType};
use serde::Deserialize;

/// First bytes of a zstd frame.
const ZSTD_MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
/// The longest capture taken, unpacked.
const LIMIT: u64 = 256 * 1024 * 1024;

/// A captured conversation, as far as a client and its agent saw it.
#[derive(Clone, Debug)]
pub struct Capture {
    session_id: String,
    target: String,
    document: String,
    parameters: BTreeMap<String, Vec<String>>,
    pub(crate) lines: Vec<Line>,
}

/// Who sent a captured message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The agent, or the service in its place.
    Agent,
    /// The client.
    Client,
}

/// One message or event that matters to a replay.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    /// Since StartSession.
    pub(crate) at: Duration,
    pub(crate) kind: LineKind,
}

#[derive(Clone, Debug)]
pub(crate) enum LineKind {
    /// The client's websocket opened, for the first time or again.
    Opened,
    /// Agent, or service, to client, delivered.
    ToClient { message: AgentMessage, bytes: Bytes },
    /// Client to agent, delivered.
    ToAgent(AgentMessage),
}

#[derive(Deserialize)]
struct Raw {
    t: f64,
    dir: String,
    #[serde(rename = "type")]
    kind: String,
    data: serde_json::Value,
    #[serde(default)]
    origin: Option<String>,
    #[serde(default)]
    fate: Option<String>,
}

#[derive(Deserialize)]
struct Event {
    event: String,
    #[serde(default)]
    session: String,
    #[serde(default)]
    target: String,
    #[serde(default)]
    document: String,
    #[serde(default)]
    parameters: BTreeMap<String, Vec<String>>,
}

impl Capture {
    /// Reads a file in the captures' format, `.jsonl` or `.jsonl.zst`.
    ///
    /// # Errors
    /// The file cannot be read, or a line of it is not what the format says (the error names the line).
    pub fn read(path: impl AsRef<Path>) -> io::Result<Self> {
        Self::parse(&std::fs::read(path)?)
    }

    /// Reads the same from bytes.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn parse(bytes: &[u8]) -> io::Result<Self> {
        let mut text = String::new();
        if bytes.starts_with(&ZSTD_MAGIC) {
            zstd::Decoder::new(bytes)?
                .take(LIMIT)
                .read_to_string(&mut text)?;
        } else {
            bytes.take(LIMIT).read_to_string(&mut text)?;
        }
        let mut capture = Self {
            session_id: String::new(),
            target: String::new(),
            document: String::new(),
            parameters: BTreeMap::new(),
            lines: Vec::new(),
        };
        for (number, line) in text.lines().enumerate() {
            capture.take_line(line).map_err(|error| {
                let number = number + 1;
                io::Error::new(
                    io::ErrorKind::InvalidData,
                    format!("line {number}: {error}"),
                )
            })?;
        }
        Ok(capture)
    }

    /// Every capture with its name: in the folder that `SSM_REC_CAPTURES` names, else in `../shared/captures` beside the
    /// project, else of those kept beside this crate.
    ///
    /// # Errors
    /// The folder or a capture in it cannot be read.
    pub fn all() -> io::Result<Vec<(String, Self)>> {
        let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let folder = match std::env::var_os("SSM_REC_CAPTURES") {
            Some(named) => PathBuf::from(named),
            None => Some(tests.join("../../shared/captures"))
                .filter(|beside| beside.is_dir())
                .unwrap_or_else(|| tests.join("captures")),
        };
        let mut captures = Vec::new();
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if let Some((name, "jsonl" | "jsonl.zst")) = name.split_once('.') {
                captures.push((name.to_owned(), Self::read(&path)?));
            }
        }
        captures.sort_by(|(one, _), (other, _)| one.cmp(other));
        Ok(captures)
    }

    fn take_line(&mut self, line: &str) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        let raw: Raw = serde_json::from_str(line)?;
        let at = Duration::try_from_secs_f64(raw.t)?;
        if raw.kind == "event" {
            // An event's data is an object, in base64 or as it is.
            let event: Event = match &raw.data {
                serde_json::Value::String(text) => serde_json::from_slice(&STANDARD.decode(text)?)?,
                data => serde_json::from_value(data.clone())?,
            };
            self.take_event(at, event);
            return Ok(());
        }
        let gone = matches!(
            raw.fate.as_deref(),
            Some("consumed" | "dropped" | "discarded" | "refused")
        );
        if raw.kind != "binary" || gone {
            return Ok(());
        }
        let data = raw.data.as_str().ok_or("data is not text")?;
        let bytes = Bytes::from(STANDARD.decode(data)?);
        let message = AgentMessage::parse(bytes.clone())?;
        let kind = match raw.dir.as_str() {
            "agent->client" => LineKind::ToClient { message, bytes },
            // What the relay itself told the agent is the gateway's business.
            "client->agent" if raw.origin.is_none() => LineKind::ToAgent(message),
            _ => return Ok(()),
        };
        self.lines.push(Line { at, kind });
        Ok(())
    }

    fn take_event(&mut self, at: Duration, event: Event) {
        match event.event.as_str() {
            "session-start" => {
                self.session_id = event.session;
                self.target = event.target;
                self.document = event.document;
                self.parameters = event.parameters;
            }
            "client-open" => self.lines.push(Line {
                at,
                kind: LineKind::Opened,
            }),
            _ => {}
        }
    }

    /// The session's id.
    #[must_use]
    pub fn session_id(&self) -> &str {
        &self.session_id
    }

    /// What StartSession was asked for.
    #[must_use]
    pub fn target(&self) -> &str {
        &self.target
    }

    /// What StartSession was asked for.
    #[must_use]
    pub fn document(&self) -> &str {
        &self.document
    }

    /// What StartSession was asked for.
    #[must_use]
    pub fn parameters(&self) -> &BTreeMap<String, Vec<String>> {
        &self.parameters
    }

    /// The conversation in order, duplicates included.
    pub fn messages(&self) -> impl Iterator<Item = (Side, &AgentMessage)> {
        self.lines.iter().filter_map(|line| match &line.kind {
            LineKind::ToClient { message, .. } => Some((Side::Agent, message)),
            LineKind::ToAgent(message) => Some((Side::Client, message)),
            LineKind::Opened => None,
        })
    }

    /// Every message that the client was given, in order, duplicates included.
    pub fn to_client(&self) -> impl Iterator<Item = &AgentMessage> {
        self.of(Side::Agent)
    }

    /// Every message of the client, in order, duplicates included.
    pub fn to_agent(&self) -> impl Iterator<Item = &AgentMessage> {
        self.of(Side::Client)
    }

    fn of(&self, side: Side) -> impl Iterator<Item = &AgentMessage> {
        self.messages()
            .filter(move |(sender, _)| *sender == side)
            .map(|(_, message)| message)
    }

    /// The bytes shown (payload types 1 and 11), in sequence order, each message once.
    #[must_use]
    pub fn output(&self) -> Vec<u8> {
        let mut shown = BTreeMap::new();
        for message in self.to_client() {
            if message.message_type == MessageType::OutputStreamData
                && message.payload_type.is_shown()
            {
                shown.insert(message.sequence_number, &message.payload);
            }
        }
        shown.into_values().flatten().copied().collect()
    }

    /// What the client typed (payload type 1), in sequence order, each message once.
    #[must_use]
    pub fn typed(&self) -> Vec<u8> {
        let mut typed = BTreeMap::new();
        for message in self.to_agent() {
            if message.message_type == MessageType::InputStreamData
                && message.payload_type == PayloadType::OUTPUT
            {
                typed.insert(message.sequence_number, &message.payload);
            }
        }
        typed.into_values().flatten().copied().collect()
    }
}
