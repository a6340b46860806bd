//! How a command ends: exit statuses, and failures that carry a status and a hint.
//!
//! Nothing here prints; `message` is the door through which a failure reaches a person.

use std::fmt::Display;
use std::process::ExitCode;

/// The exit statuses of ssm-rec. A session that reports a status of its own (a remote command) ends with that one;
/// ours for sessions therefore start at 120, where commands seldom end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    /// 0: all went well.
    Success,
    /// 1: anything that has no status of its own.
    Failure,
    /// 2: the arguments or the configuration are wrong.
    Usage,
    /// 3: the recording ends early; what is there was used.
    CutShort,
    /// 4: the recording is damaged, altered, or no recording at all.
    Damaged,
    /// 5: there is no such recording, session or store.
    NotFound,
    /// 6: the recording is encrypted, and nothing given opens it.
    Locked,
    /// 7: the recording is sound, but not signed by anybody whose signature counts, where it should be.
    NotTrusted,
    /// 8: an audit found sessions that are not on record, or records that are not what they should be.
    Holes,
    /// 9: an audit found none, and was not told of all that happened.
    Incomplete,
    /// 120: the session could not be recorded, so it was not run, was ended at once, or went on unrecorded.
    CouldNotRecord,
    /// 121: the service refused: no such target, no permission, no credentials.
    Refused,
    /// 122: the connection could not be made, or was lost for good.
    ConnectionLost,
    /// 123: the agent or the service broke the protocol.
    BrokenPeer,
    /// 124: the recording is safe in the spool, but could not be stored where it belongs.
    NotStored,
    /// 125: the recording is complete, but the key that was to sign it did not.
    NotSigned,
    /// 255, as of ssh: the session was closed from outside before it had come to its end.
    Cut,
    /// The remote command's own status.
    Remote(u8),
    /// 128 + number: ended by a signal.
    Signal(u8),
    /// None: the signal of this number ends the process, as it would have without a handler.
    Killed(u8),
}

impl Status {
    /// The number that the system sees.
    #[must_use]
    pub(crate) fn number(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::Failure => 1,
            Self::Usage => 2,
            Self::CutShort => 3,
            Self::Damaged => 4,
            Self::NotFound => 5,
            Self::Locked => 6,
            Self::NotTrusted => 7,
            Self::Holes => 8,
            Self::Incomplete => 9,
            Self::CouldNotRecord => 120,
            Self::Refused => 121,
            Self::ConnectionLost => 122,
            Self::BrokenPeer => 123,
            Self::NotStored => 124,
            Self::NotSigned => 125,
            Self::Cut => 255,
            Self::Remote(status) => status,
            Self::Signal(number) | Self::Killed(number) => 128_u8.saturating_add(number),
        }
    }
}

impl From<Status> for ExitCode {
    fn from(status: Status) -> Self {
        Self::from(status.number())
    }
}

/// Why a command did not do what was asked: the error, the status to end with, and what to do next.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) status: Status,
    pub(crate) hint: Option<String>,
    pub(crate) error: anyhow::Error,
}

impl Failure {
    /// A failure with a status of its own.
    pub(crate) fn new(status: Status, error: impl Into<anyhow::Error>) -> Self {
        Self {
            status,
            hint: None,
            error: error.into(),
        }
    }

    /// What was being done when it failed.
    #[must_use]
    pub(crate) fn context(mut self, what: impl Display + Send + Sync + 'static) -> Self {
        self.error = self.error.context(what);
        self
    }

    /// Adds what the person can do next.
    #[must_use]
    pub(crate) fn hint(mut self, hint: impl Display) -> Self {
        self.hint = Some(hint.to_string());
        self
    }
}

/// What each command returns.
pub(crate) type CommandResult = Result<Status, Failure>;
