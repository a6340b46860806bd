//! How a session ended, for whoever started it: words, an exit status, an entry in the manifest.
//!
//! Nothing here ends a session.

use std::io;

use anyhow::anyhow;
use formats::manifest::{Exit, ExitKind};

use crate::cli::exit::{CommandResult, Failure, Status};
use crate::cli::message;
use crate::recorded::cannot_record;
use crate::session::driver::{End, Unrecorded};
use crate::words::causes;

/// The number of SIGPIPE.
const BROKEN_PIPE: u8 = 13;

/// What the end of the session means to whoever started it.
pub(crate) fn told(end: &End) -> CommandResult {
    match end {
        End::Closed { reason: None } => Ok(Status::Success),
        End::Closed {
            reason: Some(reason),
        } => {
            message::say(&format!("the session was closed: {reason}"));
            Ok(Status::Success)
        }
        End::Incomplete { .. } => Err(Failure::new(Status::ConnectionLost, anyhow!("{end}"))
            .hint("the recording holds all that came; what is missing was lost on the way")),
        End::Exited(status) => Ok(remote(*status)),
        End::NotOpened { encrypted_with, .. } => {
            let failure = Failure::new(Status::Refused, anyhow!("{end}"));
            Err(match encrypted_with {
                Some(key_id) => failure.hint(format!(
                    "the target itself needs kms:Decrypt on {key_id}: look at its instance role"
                )),
                None => failure,
            })
        }
        End::NoDataKey { cause, .. } => {
            let status = if cause.is_connection() {
                Status::ConnectionLost
            } else {
                Status::Refused
            };
            let failure = Failure::new(status, anyhow!("{end}"));
            Err(match cause.hint() {
                Some(hint) => failure.hint(hint),
                None => failure,
            })
        }
        End::Left => {
            message::say("the session was left; it ends at the service too");
            Ok(Status::Failure)
        }
        End::Signal(number) => Ok(Status::Signal(*number)),
        End::InputGone(None) => Ok(Status::Signal(1)),
        End::InputGone(Some(error)) => Err(anyhow!("cannot read what is typed: {error}").into()),
        // Whoever read our output has had enough, as with any other program in a pipe.
        End::ScreenGone(error) if error.kind() == io::ErrorKind::BrokenPipe => {
            Ok(Status::Signal(BROKEN_PIPE))
        }
        End::ScreenGone(error) => Err(anyhow!("cannot write to stdout: {error}").into()),
        End::ConnectionLost { cause, resume } => Err(Failure::new(
            Status::ConnectionLost,
            anyhow!("the connection was lost ({cause}) and could not be taken up again: {resume}"),
        )),
        End::LocalPort(error) => Err(anyhow!("cannot open the local end: {error}").into()),
        End::PortRefused => Err(Failure::new(Status::Refused, anyhow!("{end}"))),
        End::RecordingFailed(error) => Err(cannot_record(anyhow!(
            "the session was ended, since it could not be recorded: {}",
            causes(error)
        ))),
        End::Protocol(error) => Err(Failure::new(
            Status::BrokenPeer,
            anyhow!("the session was ended: {error}"),
        )),
    }
}

/// A remote command's status as ours. What does not fit into a byte must not look like success.
fn remote(status: i32) -> Status {
    match u8::try_from(status) {
        Ok(status) => Status::Remote(status),
        Err(_) => {
            message::say(&format!("the remote command ended with status {status}"));
            Status::Remote(255)
        }
    }
}

/// The failure of a session that went on after its recording had failed. What was recorded before is kept.
pub(crate) fn unrecorded(unrecorded: &Unrecorded) -> Failure {
    Failure::new(
        Status::CouldNotRecord,
        anyhow!(
            "the last part of the session is not recorded: {}",
            unrecorded.cause
        ),
    )
    .hint("record.on_failure = \"warn\" let it go on; ssm-rec show tells where the recording ends")
}

/// Whether the service does not know yet that the session is over.
pub(crate) fn left_first(end: &End) -> bool {
    !matches!(
        end,
        End::Closed { .. } | End::Incomplete { .. } | End::Exited(_) | End::NotOpened { .. }
    )
}

/// How it ended, for the manifest.
pub(crate) fn exit(end: &End) -> Exit {
    let (kind, status, reason) = match end {
        End::Closed { reason } => (ExitKind::Closed, None, reason.clone()),
        End::Incomplete { .. } => (ExitKind::Incomplete, None, Some(end.to_string())),
        End::Exited(status) => (ExitKind::Exited, Some(*status), None),
        End::NotOpened { reason, .. } => (ExitKind::NotOpened, None, reason.clone()),
        End::NoDataKey { cause, .. } => (ExitKind::NoDataKey, None, Some(cause.to_string())),
        End::Left => (ExitKind::Left, None, None),
        End::Signal(number) => (ExitKind::Signal, None, Some(number.to_string())),
        End::InputGone(error) => (
            ExitKind::InputGone,
            None,
            error.as_ref().map(ToString::to_string),
        ),
        End::ScreenGone(error) => (ExitKind::ScreenGone, None, Some(error.to_string())),
        End::ConnectionLost { cause, resume } => (
            ExitKind::ConnectionLost,
            None,
            Some(format!("{cause}; {resume}")),
        ),
        End::LocalPort(error) => (ExitKind::LocalPort, None, Some(error.to_string())),
        End::PortRefused => (ExitKind::PortRefused, None, None),
        End::RecordingFailed(error) => (ExitKind::RecordingFailed, None, Some(causes(error))),
        End::Protocol(error) => (ExitKind::Protocol, None, Some(error.to_string())),
    };
    Exit {
        kind,
        status,
        reason,
    }
}
