//! How a recorded session ended, as the exit status and the hint of the command that ran it.
//!
//! Nothing here ends a session, and nothing is said.

use crate::cli::exit::{CommandResult, Status};
use crate::cli::hinted::Hinted;
use crate::envelope;
use crate::recorded::error::Error;
use crate::recorded::verdict::Ending;
use crate::session::driver::End;

/// What a command gives that ran a session.
pub(crate) fn result(result: Result<Ending, Error>) -> CommandResult {
    match result {
        // Whoever leaves a shell knows that it is left.
        Ok(Ending::Closed | Ending::Left) => Ok(Status::Success),
        Ok(Ending::GivenUp) => Ok(Status::Failure),
        Ok(Ending::Cut) => Ok(Status::Cut),
        // What does not fit into a byte must not look like success.
        Ok(Ending::Exited(status)) => Ok(Status::Remote(u8::try_from(status).unwrap_or(255))),
        Ok(Ending::Signal(number)) => Ok(Status::Signal(number)),
        Err(error @ (Error::Signal(_) | Error::Told(_))) => Ok(error.status()),
        Err(error) => Err(error.into()),
    }
}

impl Hinted for Error {
    fn status(&self) -> Status {
        match self {
            Self::Spool(_)
            | Self::Claimed { .. }
            | Self::Store(_)
            | Self::Recorder { .. }
            | Self::Close(_)
            | Self::Signer(_)
            | Self::Unrecorded { .. }
            | Self::Encryption(envelope::Error::Key(_)) => Status::CouldNotRecord,
            Self::Encryption(_)
            | Self::Document { .. }
            | Self::Reason { .. }
            | Self::Ambiguous { .. } => Status::Usage,
            Self::NoneCalled { .. } | Self::NoneTagged { .. } => Status::NotFound,
            Self::Service(error) => error.status(),
            Self::DataChannel(_) => Status::ConnectionLost,
            Self::Listen(_) | Self::Machine { .. } | Self::Handover => Status::Failure,
            Self::Signal(number) => Status::Signal(*number),
            Self::Ended(end) => status_after(end),
            Self::Unsigned(_) => Status::NotSigned,
            Self::NotStored { .. } => Status::NotStored,
            Self::Told(error) => error.status(),
        }
    }

    fn hint(&self) -> Option<String> {
        self.hint()
    }
}

/// Of an end that is a failure.
fn status_after(end: &End) -> Status {
    match end {
        End::Incomplete { .. } | End::ConnectionLost { .. } => Status::ConnectionLost,
        End::NoDataKey { cause, .. } if cause.is_connection() => Status::ConnectionLost,
        End::NotOpened { .. } | End::NoDataKey { .. } | End::PortRefused => Status::Refused,
        End::RecordingFailed(_) => Status::CouldNotRecord,
        End::Protocol(_) => Status::BrokenPeer,
        _ => Status::Failure,
    }
}
