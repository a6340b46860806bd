//! Whose words stand around a session: ours on stderr, or those of the official client on stdout.
//!
//! Nothing here is written; the console does. The official client's lines are waited for by programs, to the byte
//! (source: session-manager-plugin, muxportforwarding.go and streaming.go).

use crate::session::port::{Address, Note};
use crate::words::printable;

/// Whose words stand around a session.
#[derive(Clone, Debug, Default)]
pub enum Manner {
    /// Ours, on stderr.
    #[default]
    Own,
    /// The official client's, on stdout.
    Official {
        /// As the service gave it.
        session_id: String,
        /// Whether ours stand on stderr all the same.
        words: bool,
    },
}

impl Manner {
    /// The session that the official client's words are about.
    pub(super) fn official(&self) -> Option<&str> {
        match self {
            Self::Own => None,
            Self::Official { session_id, .. } => Some(session_id),
        }
    }

    /// Whether words of ours are said.
    pub(super) fn has_own_words(&self) -> bool {
        match self {
            Self::Own => true,
            Self::Official { words, .. } => *words,
        }
    }
}

/// The official client listens, always at one place.
pub(super) fn listening(session_id: &str, addresses: &[Address]) -> String {
    let id = printable(session_id);
    let opened = match addresses.first() {
        Some(Address::Tcp(address)) => format!("Port {}", address.port()),
        Some(Address::Unix(path)) => {
            format!("Unix socket {}", printable(&path.display().to_string()))
        }
        None => return String::new(),
    };
    format!("{opened} opened for sessionId {id}.\nWaiting for connections...\n")
}

/// Of connections the official client tells the first, and those that the agent cannot make.
pub(super) fn noted(session_id: &str, note: &Note) -> Option<String> {
    match note {
        Note::Opened { connection: 1, .. } => Some(format!(
            "\nConnection accepted for session [{}]\n",
            printable(session_id)
        )),
        Note::Refused => {
            Some("\nConnection to destination port failed, check SSM Agent logs.\n".to_owned())
        }
        Note::Opened { .. } | Note::Closed { .. } | Note::NotAccepted { .. } => None,
    }
}
