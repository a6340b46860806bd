//! What happens to the connections of a port session, in words for the recording and for the person.
//!
//! Nothing here decides anything.

use std::fmt;
use std::time::Duration;

use crate::words::time;

/// One thing worth a marker. Connections are numbered from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// Somebody connected.
    Opened {
        /// Its number.
        connection: u64,
        /// The address of its other end.
        from: String,
    },
    /// A connection is over in both directions.
    Closed {
        /// Its number.
        connection: u64,
        /// Bytes from the local end to the agent.
        up: u64,
        /// Bytes from the agent that the local end took.
        down: u64,
        /// From the first to the last of it.
        lasted: Duration,
        /// How it ended.
        ending: Ending,
    },
    /// The agent could not connect to the port.
    Refused,
    /// A local connection could not be accepted.
    NotAccepted {
        /// What the system said.
        cause: String,
    },
}

/// How a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// In good order.
    Closed,
    /// The local end broke off.
    Reset,
    /// The agent could not reach the port.
    Refused,
}

impl Note {
    /// Whether the person should be told at once, not only the recording.
    #[must_use]
    pub fn is_trouble(&self) -> bool {
        matches!(self, Self::Refused | Self::NotAccepted { .. })
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Opened { connection, from } => {
                write!(f, "connection {connection} opened from {from}")
            }
            Self::Closed {
                connection,
                up,
                down,
                lasted,
                ending,
            } => {
                let ending = match ending {
                    Ending::Closed => "closed",
                    Ending::Reset => "reset",
                    Ending::Refused => "refused",
                };
                let lasted = time::write(*lasted);
                write!(
                    f,
                    "connection {connection} {ending}, {up} bytes up, {down} down, {lasted}"
                )
            }
            Self::Refused => f.write_str(
                "the agent could not connect to the remote port: nothing listens there, or the target cannot reach it",
            ),
            Self::NotAccepted { cause } => {
                write!(f, "a local connection could not be accepted: {cause}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_read_as_sentences() {
        let opened = Note::Opened {
            connection: 3,
            from: "127.0.0.1:54321".to_owned(),
        };
        assert_eq!(
            opened.to_string(),
            "connection 3 opened from 127.0.0.1:54321"
        );
        let closed = Note::Closed {
            connection: 3,
            up: 1234,
            down: 5678,
            lasted: Duration::from_millis(2_140),
            ending: Ending::Closed,
        };
        assert_eq!(
            closed.to_string(),
            "connection 3 closed, 1234 bytes up, 5678 down, 2.1s"
        );
    }
}
