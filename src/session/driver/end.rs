//! Why a session ended, in a value for the caller and in words for the person.
//!
//! Nothing here chooses an exit status.

use std::fmt;
use std::io;

use super::data_keys;
use crate::recorder;
use crate::session::{channel, port};

/// Why a session ended.
#[derive(Debug)]
pub enum End<E = recorder::Error> {
    /// The other side ended it.
    Closed {
        /// What the service said about it.
        reason: Option<String>,
    },
    /// The service closed it before it had come to an end of its own: a time-out, an administrator, a lost agent.
    Cut {
        /// What the service said about it.
        reason: Option<String>,
    },
    /// The other side ended it before all of its messages had arrived.
    Incomplete {
        /// What the service said about it.
        reason: Option<String>,
        /// How many are known to be missing.
        missing: u64,
    },
    /// The agent ended it before its handshake was over.
    NotOpened {
        /// What the service said about it.
        reason: Option<String>,
        /// The KMS key that was to encrypt the session.
        encrypted_with: Option<String>,
    },
    /// The session is to be encrypted, and KMS gives no data key for it.
    NoDataKey {
        /// The KMS key, as the agent named it.
        key_id: String,
        /// Why there is none.
        cause: data_keys::Error,
    },
    /// The remote command ended with this status, and with it the session.
    Exited(i32),
    /// The person left it, with the escape character.
    Left,
    /// A signal of this number ended it on this side.
    Signal(u8),
    /// The terminal went away, or could not be read.
    InputGone(Option<io::Error>),
    /// Nobody takes the output any more.
    ScreenGone(io::Error),
    /// The connection broke and did not come back.
    ConnectionLost {
        /// How it broke.
        cause: String,
        /// Why it did not come back.
        resume: String,
    },
    /// The local side of a port session cannot be opened.
    LocalPort(port::Error),
    /// The agent cannot reach the remote port.
    PortRefused,
    /// What came could not be recorded.
    RecordingFailed(E),
    /// The channel cannot go on.
    Protocol(channel::Error),
}

impl<E: fmt::Display> fmt::Display for End<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed { reason: None } => f.write_str("the session has ended"),
            Self::Closed {
                reason: Some(reason),
            } => write!(f, "the session has ended: {reason}"),
            Self::Cut { reason: None } => f.write_str("the session was closed from outside"),
            Self::Cut {
                reason: Some(reason),
            } => write!(f, "the session was closed by the service: {reason}"),
            Self::Incomplete { reason, missing } => {
                write!(
                    f,
                    "the session was closed while {missing} of its messages had not arrived"
                )?;
                match reason {
                    Some(reason) => write!(f, ": {reason}"),
                    None => Ok(()),
                }
            }
            Self::NotOpened { reason, .. } => {
                let reason = reason.as_deref().unwrap_or("it does not say why");
                write!(f, "the agent did not open the session: {reason}")
            }
            Self::NoDataKey { key_id, cause } => write!(
                f,
                "the session is encrypted with KMS key {key_id:?}, and there is no data key for it: {cause}"
            ),
            Self::Exited(code) => write!(f, "the remote command ended with status {code}"),
            Self::Left => f.write_str("the session was left"),
            Self::Signal(number) => write!(f, "ended by signal {number}"),
            Self::InputGone(None) => f.write_str("the terminal is gone"),
            Self::InputGone(Some(error)) => write!(f, "cannot read the input: {error}"),
            Self::ScreenGone(error) => write!(f, "cannot write the output: {error}"),
            Self::ConnectionLost { cause, resume } => {
                write!(f, "the connection was lost ({cause}): {resume}")
            }
            Self::LocalPort(error) => error.fmt(f),
            Self::PortRefused => f.write_str("the agent cannot connect to the remote port: nothing listens there, or the target cannot reach it"),
            Self::RecordingFailed(error) => write!(f, "cannot record the session: {error}"),
            Self::Protocol(error) => error.fmt(f),
        }
    }
}
