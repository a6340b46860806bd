//! Why a session was not run, did not end well, or left no recording where it belongs.
//!
//! Nothing here chooses an exit status, and nothing is said.

use std::error::Error as StdError;
use std::io;

use crate::service::nodes::Node;
use crate::session::driver::End;
use crate::session::driver::connection;
use crate::session::port;
use crate::spool::delivery::Undelivered;
use crate::words::causes;
use crate::{envelope, recorder, service, signing, store};

/// What keeps a session from running runs no session without a recording.
const ONLY_RECORDED: &str = "a session runs only while it is recorded; free space or name another place with --store or SSM_REC_SPOOL";

/// What went wrong with a recorded session.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("cannot use the spool")]
    Spool(#[source] store::Error),
    #[error("cannot use the spool: another process is recording session {name:?}")]
    Claimed { name: String },
    #[error("cannot use the store")]
    Store(#[source] store::Error),
    #[error("cannot record to {path:?}")]
    Recorder {
        path: String,
        source: recorder::Error,
    },
    #[error("cannot encrypt the recording")]
    Encryption(#[source] envelope::Error),
    #[error("the recording could not be signed")]
    Signer(#[source] signing::Error),
    #[error("the organisation's policy does not allow document {name:?}")]
    Document { name: String },
    #[error("{cause}")]
    Reason {
        cause: Box<dyn StdError + Send + Sync>,
        advice: String,
    },
    #[error(
        "no managed node in {region} is called {name:?}: neither by its tag Name nor by what {searched} of them tell of themselves"
    )]
    NoneCalled {
        name: String,
        region: String,
        searched: usize,
    },
    #[error("no managed node in {region} is tagged {tags:?}")]
    NoneTagged { tags: String, region: String },
    /// They are listed where it is told.
    #[error("{named:?} means more than one managed node")]
    Ambiguous { named: String, nodes: Vec<Node> },
    #[error(transparent)]
    Service(#[from] service::Error),
    #[error(transparent)]
    Listen(port::Error),
    #[error("cannot open the data channel")]
    DataChannel(#[source] connection::Error),
    /// This machine does not do what it always does.
    #[error("cannot {what}")]
    Machine {
        what: &'static str,
        source: io::Error,
    },
    /// A signal came before the session ran.
    #[error("ended by signal {0}")]
    Signal(u8),
    /// It ran, and ended otherwise than it should.
    #[error("{}", ended(.0))]
    Ended(Box<End>),
    #[error("the last part of the session is not recorded: {cause}")]
    Unrecorded { cause: String },
    #[error("cannot close the recording")]
    Close(#[source] recorder::Error),
    #[error("the recording is complete, but it is not signed")]
    Unsigned(#[source] Unsigned),
    #[error("the recording is not stored")]
    NotStored {
        session_id: String,
        path: String,
        source: Box<Undelivered>,
    },
    #[error("the thread that stores the recording ended early")]
    Handover,
    /// Said already, when it happened.
    #[error(transparent)]
    Told(Box<Error>),
}

/// Why a recording has no signature.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unsigned {
    #[error(transparent)]
    Key(#[from] signing::Error),
    #[error("it was not waited for")]
    NotWaitedFor,
    #[error("cannot listen for signals")]
    Signals(#[source] io::Error),
}

impl Error {
    /// What the person can do next.
    pub(crate) fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Spool(_)
            | Self::Claimed { .. }
            | Self::Store(_)
            | Self::Recorder { .. }
            | Self::Close(_) => ONLY_RECORDED.to_owned(),
            Self::Encryption(_) => "ssm-rec config shows where record.encrypt_to is set".to_owned(),
            Self::Signer(error) => error.hint().unwrap_or_else(|| {
                "ssm-rec config shows where record.sign_key is set".to_owned()
            }),
            Self::Document { .. } => {
                "ssm-rec config shows which ones it allows: policy.documents".to_owned()
            }
            Self::Reason { advice, .. } => advice.clone(),
            Self::NoneCalled { .. } | Self::NoneTagged { .. } => {
                "name another region with --region, or start without a target to pick one".to_owned()
            }
            Self::Ambiguous { .. } => "name one of them by its id".to_owned(),
            Self::Service(error) => return error.hint(),
            Self::Listen(_) => "name another local port, or 0 to have one picked".to_owned(),
            Self::DataChannel(error) => error.hint(),
            Self::Ended(end) => return hint_after(end),
            Self::Unrecorded { .. } => "record.on_failure = \"warn\" let it go on; ssm-rec show tells where the recording ends".to_owned(),
            Self::Unsigned(_) => {
                "verify shows it as unsigned; the session itself was recorded as ever".to_owned()
            }
            Self::NotStored {
                session_id,
                path,
                source,
            } => {
                if let Undelivered::Changed(_) = **source {
                    return source.hint(session_id);
                }
                let safe = format!(
                    "it is complete and safe in {path:?}; when this is put right: ssm-rec upload"
                );
                match source.hint(session_id) {
                    Some(hint) => format!("{hint}; {safe}"),
                    None => safe,
                }
            }
            Self::Told(error) => return error.hint(),
            Self::Machine { .. } | Self::Signal(_) | Self::Handover => return None,
        })
    }
}

/// An end that is a failure, in words.
fn ended(end: &End) -> String {
    match end {
        End::InputGone(Some(error)) => format!("cannot read what is typed: {error}"),
        End::ScreenGone(error) => format!("cannot write to stdout: {error}"),
        End::ConnectionLost { cause, resume } => {
            format!("the connection was lost ({cause}) and could not be taken up again: {resume}")
        }
        End::LocalPort(error) => format!("cannot open the local end: {error}"),
        End::RecordingFailed(error) => format!(
            "the session was ended, since it could not be recorded: {}",
            causes(error)
        ),
        End::Protocol(error) => format!("the session was ended: {error}"),
        other => other.to_string(),
    }
}

fn hint_after(end: &End) -> Option<String> {
    match end {
        End::Incomplete { .. } => Some(
            "the recording holds all that came; what is missing was lost on the way".to_owned(),
        ),
        End::NotOpened { encrypted_with, .. } => encrypted_with.as_ref().map(|key_id| {
            format!("the target itself needs kms:Decrypt on {key_id}: look at its instance role")
        }),
        End::NoDataKey { cause, .. } => cause.hint(),
        End::RecordingFailed(_) => Some(ONLY_RECORDED.to_owned()),
        _ => None,
    }
}
