//! Whose words stand around a session: ours on stderr, or those of the official client on stdout.
//!
//! Nothing here is written; the console does. The official client's lines are waited for by programs, to the byte
//! (source: session-manager-plugin, muxportforwarding.go and streaming.go).

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

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
    /// Ours, of a session that leaves the terminal once it listens: said at once, before stderr is another place.
    Departing(Departure),
}

/// What is done, once, when so many forwards listen.
#[derive(Clone)]
pub struct Departure(Arc<Mutex<(usize, Option<Go>)>>);

type Go = Box<dyn FnOnce() + Send>;

impl Departure {
    /// Does `go` when the last of `forwards` listens.
    #[must_use]
    pub fn new(forwards: usize, go: impl FnOnce() + Send + 'static) -> Self {
        Self(Arc::new(Mutex::new((forwards, Some(Box::new(go))))))
    }

    /// One more listens.
    pub(super) fn listens(&self) {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.0 = waiting.0.saturating_sub(1);
        if waiting.0 == 0
            && let Some(go) = waiting.1.take()
        {
            go();
        }
    }
}

impl fmt::Debug for Departure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Departure").finish_non_exhaustive()
    }
}

impl Manner {
    /// The session that the official client's words are about.
    pub(super) fn official(&self) -> Option<&str> {
        match self {
            Self::Own | Self::Departing(_) => None,
            Self::Official { session_id, .. } => Some(session_id),
        }
    }

    /// Whether words of ours are said.
    pub(super) fn has_own_words(&self) -> bool {
        match self {
            Self::Own | Self::Departing(_) => true,
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

#[cfg(test)]
mod tests {
    use super::*;

    use crate::session::port::Ending;
    use std::time::Duration;

    #[test]
    fn a_forward_is_told_by_its_port_or_by_its_socket() {
        let check = |address: Address, opened: &str| {
            assert_eq!(
                listening("s-1", &[address]),
                format!("{opened} opened for sessionId s-1.\nWaiting for connections...\n")
            );
        };
        check(Address::Tcp(([127, 0, 0, 1], 8080).into()), "Port 8080");
        check(
            Address::Unix("/run/db.sock".into()),
            "Unix socket /run/db.sock",
        );
        check(
            Address::Unix("/run/\u{1b}[2J".into()),
            "Unix socket /run/\\u{1b}[2J",
        );
    }

    #[test]
    fn of_connections_the_first_and_the_refused_are_told() {
        let opened = |connection| Note::Opened {
            connection,
            from: "127.0.0.1:1".to_owned(),
        };
        let told = |note: &Note| noted("s-1", note);
        let first = "\nConnection accepted for session [s-1]\n";
        assert_eq!(told(&opened(1)).as_deref(), Some(first));
        assert_eq!(told(&opened(2)), None);
        let refused = "\nConnection to destination port failed, check SSM Agent logs.\n";
        assert_eq!(told(&Note::Refused).as_deref(), Some(refused));
        let closed = Note::Closed {
            connection: 1,
            up: 1,
            down: 1,
            lasted: Duration::ZERO,
            ending: Ending::Closed,
        };
        assert_eq!(told(&closed), None);
    }
}
