//! What a session runs, behind one shape: input goes in, output comes out, dropping it ends it.
//!
//! Nothing here counts, acknowledges or resends; each kind of session has a file of its own.

use std::collections::BTreeMap;
use std::io;

use bytes::{Bytes, BytesMut};
use formats::PayloadType;
use formats::payload::{Flag, Size};
use tokio::sync::mpsc;

use crate::options::Options;
use crate::{command, port, shell};

/// The most that the agent reads for one message (source: `StreamDataPayloadSize`, 1,024 bytes).
pub(crate) const MAX_READ: usize = 1024;
/// How many messages a session may be ahead of its agent.
const AHEAD: usize = 64;

/// A running session.
pub(crate) struct Work {
    pub(crate) input: mpsc::UnboundedSender<Input>,
    pub(crate) output: mpsc::Receiver<Output>,
}

/// The session's own side of a [`Work`].
pub(crate) struct Inside {
    pub(crate) input: mpsc::UnboundedReceiver<Input>,
    pub(crate) output: mpsc::Sender<Output>,
}

impl Work {
    pub(crate) fn channel() -> (Self, Inside) {
        let (input, input_queue) = mpsc::unbounded_channel();
        let (output, output_queue) = mpsc::channel(AHEAD);
        let work = Self {
            input,
            output: output_queue,
        };
        let inside = Inside {
            input: input_queue,
            output,
        };
        (work, inside)
    }
}

/// What the client sent.
#[derive(Debug)]
pub(crate) enum Input {
    Bytes(Bytes),
    Size(Size),
    Flag(Flag),
}

/// What the session wrote.
#[derive(Debug)]
pub(crate) enum Output {
    Data(PayloadType, Bytes),
    Ended,
    /// It could not go on; the text is for the person.
    Failed(String),
}

/// The kinds of session, with what each needs.
#[derive(Clone, Debug)]
pub(crate) enum Kind {
    /// A shell on a terminal, no handshake.
    Shell,
    /// A command on a terminal, no handshake.
    Interactive { command: String },
    /// A command on pipes.
    NonInteractive(command::Settings),
    /// Connections to a port.
    Port(port::Settings),
}

impl Kind {
    /// The kind that a document stands for; `None` when there is no such document.
    pub(crate) fn of(
        document: &str,
        parameters: &BTreeMap<String, Vec<String>>,
    ) -> Result<Option<Self>, String> {
        let first = |name: &str| {
            parameters
                .get(name)
                .and_then(|values| values.first())
                .cloned()
        };
        let command =
            || first("command").ok_or_else(|| "Parameter \"command\" requires a value.".to_owned());
        Ok(Some(match document {
            "SSM-SessionManagerRunShell" => Self::Shell,
            "AWS-StartInteractiveCommand" => Self::Interactive {
                command: command()?,
            },
            "AWS-StartNonInteractiveCommand" => {
                Self::NonInteractive(command::Settings::parse(command()?, first)?)
            }
            "AWS-StartPortForwardingSession"
            | "AWS-StartPortForwardingSessionToRemoteHost"
            | "AWS-StartSSHSession" => Self::Port(port::Settings::parse(document, first)?),
            _ => return Ok(None),
        }))
    }

    pub(crate) fn has_handshake(&self) -> bool {
        match self {
            Self::Shell | Self::Interactive { .. } => false,
            Self::NonInteractive(_) | Self::Port(_) => true,
        }
    }

    /// The name in the handshake.
    pub(crate) fn session_type(&self) -> &'static str {
        match self {
            Self::Shell => "Standard_Stream",
            Self::Interactive { .. } => "InteractiveCommands",
            Self::NonInteractive(_) => "NonInteractiveCommands",
            Self::Port(_) => "Port",
        }
    }

    /// The properties in the handshake.
    pub(crate) fn properties(&self) -> Option<serde_json::Value> {
        match self {
            Self::Shell | Self::Interactive { .. } | Self::NonInteractive(_) => None,
            Self::Port(settings) => Some(settings.properties()),
        }
    }

    pub(crate) fn start(&self, options: &Options, client_version: &str) -> io::Result<Work> {
        match self {
            Self::Shell => shell::start(&options.shell, options),
            Self::Interactive { command } => {
                let shell = ["/bin/sh", "-c", command].map(str::to_owned);
                shell::start(&shell, options)
            }
            Self::NonInteractive(settings) => command::start(settings, options),
            Self::Port(settings) => Ok(port::start(
                settings,
                &options.agent_version,
                client_version,
            )),
        }
    }
}

/// The environment of what a session runs: nothing of this process but where to find programs.
pub(crate) fn environment(options: &Options) -> (std::path::PathBuf, Vec<(&'static str, String)>) {
    let directory = options.directory.clone().unwrap_or_else(std::env::temp_dir);
    let path = std::env::var("PATH")
        .unwrap_or_else(|_| "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin".to_owned());
    let environment = vec![
        ("PATH", path),
        ("HOME", directory.display().to_string()),
        ("TERM", "xterm-256color".to_owned()),
        ("LANG", "C.UTF-8".to_owned()),
        ("PS1", "$ ".to_owned()),
    ];
    (directory, environment)
}

/// Cuts a byte stream into payloads as the agent does: what one read gives, less an unfinished character at its end,
/// which goes in front of the next. So a payload has at most 1,027 bytes.
#[derive(Debug, Default)]
pub(crate) struct Payloads {
    kept: BytesMut,
}

impl Payloads {
    /// Takes what was read; gives the payload to send, perhaps empty.
    pub(crate) fn push(&mut self, read: &[u8]) -> Bytes {
        self.kept.extend_from_slice(read);
        let whole = self.kept.len() - unfinished(&self.kept);
        shorten_replacements(self.kept.split_to(whole).freeze())
    }

    /// What is left at the end.
    pub(crate) fn finish(self) -> Bytes {
        self.kept.freeze()
    }
}

/// The real agent reads characters, takes a literal U+FFFD for a byte that it could not read, and passes on its first
/// byte alone.
fn shorten_replacements(payload: Bytes) -> Bytes {
    const REPLACEMENT: &[u8] = "\u{fffd}".as_bytes();
    if !payload
        .windows(REPLACEMENT.len())
        .any(|window| window == REPLACEMENT)
    {
        return payload;
    }
    let mut rest = &payload[..];
    let mut shortened = BytesMut::with_capacity(payload.len());
    while let [first, others @ ..] = rest {
        shortened.extend_from_slice(&[*first]);
        rest = rest.strip_prefix(REPLACEMENT).unwrap_or(others);
    }
    shortened.freeze()
}

/// How many bytes at the end begin a UTF-8 character that needs more.
fn unfinished(bytes: &[u8]) -> usize {
    for back in 1..=bytes.len().min(3) {
        let needed = match bytes[bytes.len() - back] {
            0x80..=0xbf => continue,
            0xc2..=0xdf => 2,
            0xe0..=0xef => 3,
            0xf0..=0xf4 => 4,
            _ => 1,
        };
        return if needed > back { back } else { 0 };
    }
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_character_is_not_split_over_two_payloads() {
        let text = "añ日🚀".repeat(300);
        for size in [1, 2, 3, 5, MAX_READ] {
            let mut payloads = Payloads::default();
            let mut joined = Vec::new();
            for read in text.as_bytes().chunks(size) {
                let payload = payloads.push(read);
                assert!(payload.len() <= MAX_READ + 3);
                assert!(std::str::from_utf8(&payload).is_ok(), "size {size}");
                joined.extend_from_slice(&payload);
            }
            joined.extend_from_slice(&payloads.finish());
            assert_eq!(joined, text.as_bytes());
        }
    }

    #[test]
    fn bytes_that_are_not_utf8_pass_untouched() {
        let mut payloads = Payloads::default();
        let bytes = [0xff, 0xfe, b'a', 0x80, 0x80, 0x80, 0x80, 0xc0];
        assert_eq!(payloads.push(&bytes), Bytes::copy_from_slice(&bytes));
    }

    #[test]
    fn a_literal_replacement_character_arrives_as_its_first_byte() {
        let payload = Payloads::default().push("a\u{fffd}b".as_bytes());
        assert_eq!(payload, Bytes::from_static(b"a\xefb"));
    }
}
