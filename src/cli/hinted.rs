//! Which status a command ends with over an error of a room below, and what the person can do next: one table for all.
//!
//! No sentence of an error is searched here, and no status or hint is lost at a `?`, with or without a context.

use std::error::Error as StdError;
use std::io;

use formats::manifest::Manifest;
use formats::recording::Error as RecordingError;
use formats::sealed::Locked;

use super::exit::{Failure, Status};
use crate::review::search::{Unread, Unsaid};
use crate::review::{catalog, chosen, derived, findings, follow, identity};
use crate::words::printable;
use crate::{athena, aws, export, player, service, settings, signing, store};

/// An error of a room below as the command line tells it.
pub(crate) trait Hinted: StdError + Send + Sync + 'static {
    /// What to end with.
    fn status(&self) -> Status {
        Status::Failure
    }

    /// What the person can do next.
    fn hint(&self) -> Option<String> {
        None
    }
}

impl<E: Hinted> From<E> for Failure {
    fn from(error: E) -> Self {
        let (status, hint) = (error.status(), error.hint());
        Self {
            status,
            hint,
            error: error.into(),
        }
    }
}

/// An error with a context: the cause that is known below it decides.
impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        let known = error.chain().find_map(known);
        let (status, hint) = known.unwrap_or((Status::Failure, None));
        Self {
            status,
            hint,
            error,
        }
    }
}

type Told = (Status, Option<String>);

fn known(cause: &(dyn StdError + 'static)) -> Option<Told> {
    fn told<E: Hinted>(cause: &(dyn StdError + 'static)) -> Option<Told> {
        let error = cause.downcast_ref::<E>()?;
        Some((error.status(), error.hint()))
    }
    [
        told::<settings::Error>,
        told::<store::Error>,
        told::<catalog::Error>,
        told::<chosen::Unchosen>,
        told::<identity::Misplaced>,
        told::<follow::Error>,
        told::<player::Error>,
        told::<export::Error>,
        told::<derived::Error>,
        told::<findings::Error>,
        told::<service::Error>,
        told::<athena::Error>,
        told::<signing::Error>,
        told::<aws::Error>,
        told::<io::Error>,
    ]
    .into_iter()
    .find_map(|told| told(cause))
}

/// Settings that cannot be used are the person's to put right.
impl Hinted for settings::Error {
    fn status(&self) -> Status {
        Status::Usage
    }

    fn hint(&self) -> Option<String> {
        self.hint()
    }
}

impl Hinted for store::Error {
    fn status(&self) -> Status {
        match self {
            Self::NotFound { .. } => Status::NotFound,
            Self::Address { .. }
            | Self::Location { .. }
            | Self::Scheme { .. }
            | Self::Setting { .. } => Status::Usage,
            Self::Altered { .. } => Status::Damaged,
            _ => Status::Failure,
        }
    }

    fn hint(&self) -> Option<String> {
        self.hint()
    }
}

/// What a store says through a reader reaches the person with the store's hint.
impl Hinted for io::Error {
    fn hint(&self) -> Option<String> {
        self.get_ref()?.downcast_ref::<store::Error>()?.hint()
    }
}

impl Hinted for chosen::Unchosen {
    fn status(&self) -> Status {
        match self {
            Self::None { .. } => Status::NotFound,
            Self::Several { .. } => Status::Usage,
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::None { .. } => {
                "`ssm-rec list` shows what there is; --store names another store".to_owned()
            }
            Self::Several { .. } => "write more of the session id".to_owned(),
        })
    }
}

impl Hinted for catalog::Error {
    fn status(&self) -> Status {
        match self {
            Self::Store(error) => error.status(),
            Self::Unchosen(error) => error.status(),
            Self::Misplaced(error) => error.status(),
            _ => Status::Failure,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Store(error) => error.hint(),
            Self::Unchosen(error) => error.hint(),
            Self::Misplaced(error) => error.hint(),
            _ => None,
        }
    }
}

impl Hinted for identity::Misplaced {
    fn status(&self) -> Status {
        Status::Damaged
    }

    fn hint(&self) -> Option<String> {
        Some("verify tells what else is wrong; to look at it all the same, pipe it in: ssm-rec play - < FILE".to_owned())
    }
}

impl Hinted for follow::Error {
    fn status(&self) -> Status {
        match self {
            Self::NotFound { .. } => Status::NotFound,
            Self::Unchosen(error) => error.status(),
            Self::Store(_) => Status::Failure,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::NotFound { .. } => Some(
                "a session that is over is played with: ssm-rec play; one that runs elsewhere needs upload.live = true there"
                    .to_owned(),
            ),
            Self::Unchosen(error) => error.hint(),
            Self::Store(error) => error.hint(),
        }
    }
}

impl Hinted for player::Error {
    fn status(&self) -> Status {
        match (self, self.source_failure()) {
            (_, Some(failure)) => failure.status(),
            (Self::Recording(error), None) => status_of(error),
            (Self::Asciicast(_), None) => Status::Damaged,
            _ => Status::Failure,
        }
    }

    fn hint(&self) -> Option<String> {
        match (self, self.source_failure()) {
            (_, Some(failure)) => failure.hint(),
            (Self::Recording(error), None) => hint_of(error),
            _ => None,
        }
    }
}

impl Hinted for export::Error {
    fn status(&self) -> Status {
        match (self, self.source_failure()) {
            (_, Some(failure)) => failure.status(),
            (Self::Container(error), None) => status_of(error),
            (Self::Header(_), None) => Status::Damaged,
            _ => Status::Failure,
        }
    }

    fn hint(&self) -> Option<String> {
        match (self, self.source_failure()) {
            (_, Some(failure)) => failure.hint(),
            (Self::Container(error), None) => hint_of(error),
            _ => None,
        }
    }
}

impl Hinted for derived::Error {
    fn status(&self) -> Status {
        match (self, self.source_failure()) {
            (_, Some(failure)) => failure.status(),
            (Self::Container(error), None) => status_of(error),
            (Self::Write(_), None) => Status::Failure,
            _ => Status::Damaged,
        }
    }

    fn hint(&self) -> Option<String> {
        match (self, self.source_failure()) {
            (_, Some(failure)) => failure.hint(),
            (Self::Container(error), None) => hint_of(error),
            _ => None,
        }
    }
}

impl Hinted for findings::Error {
    fn status(&self) -> Status {
        match (self, self.source_failure()) {
            (_, Some(failure)) => failure.status(),
            (Self::Container(error), None) => status_of(error),
            _ => Status::Damaged,
        }
    }

    fn hint(&self) -> Option<String> {
        match (self, self.source_failure()) {
            (_, Some(failure)) => failure.hint(),
            (Self::Container(error), None) => hint_of(error),
            _ => None,
        }
    }
}

fn status_of(error: &RecordingError) -> Status {
    match error {
        RecordingError::Locked { .. } => Status::Locked,
        _ => Status::Damaged,
    }
}

fn hint_of(error: &RecordingError) -> Option<String> {
    match error {
        RecordingError::Locked { why, opening } => locked(why, opening),
        _ => None,
    }
}

/// What opens an encrypted recording.
fn locked(why: &Locked, opening: &Manifest) -> Option<String> {
    let recipients = opening.encryption.as_ref();
    let readers = recipients.map(|encryption| encryption.recipients.join(", "));
    let readers = printable(&readers.unwrap_or_default());
    match why {
        Locked::NoIdentity => Some(format!(
            "name the private key with --identity FILE or review.identity; it was encrypted for {readers}"
        )),
        Locked::Foreign => Some(format!("it was encrypted for {readers}")),
        Locked::Failed(_) => None,
    }
}

impl Hinted for service::Error {
    fn status(&self) -> Status {
        if self.is_connection() {
            Status::ConnectionLost
        } else {
            Status::Refused
        }
    }

    fn hint(&self) -> Option<String> {
        self.hint()
    }
}

impl Hinted for aws::Error {
    fn hint(&self) -> Option<String> {
        self.hint()
    }
}

impl Hinted for signing::Error {
    fn status(&self) -> Status {
        Status::CouldNotRecord
    }

    fn hint(&self) -> Option<String> {
        self.hint()
    }
}

impl Hinted for Unsaid {
    fn status(&self) -> Status {
        Status::Usage
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Field(_) => "leave the filter out; ssm-rec search without --sql knows it",
            Self::Input => "--in lines,commands,reasons are in the tables",
            Self::Around => "leave out -A, -B and -C",
            Self::Expression { .. } => "write it otherwise, or search for a text with -F",
        };
        Some(hint.to_owned())
    }
}

/// Whoever answers so is no Athena.
impl Hinted for Unread {
    fn status(&self) -> Status {
        Status::BrokenPeer
    }
}

impl Hinted for athena::Error {
    fn status(&self) -> Status {
        match self {
            Self::NoTables { .. } => Status::NotFound,
            Self::TooLong { .. } => Status::Usage,
            Self::Incomplete { .. } => Status::BrokenPeer,
            error if error.is_connection() => Status::ConnectionLost,
            _ => Status::Refused,
        }
    }

    fn hint(&self) -> Option<String> {
        self.hint()
    }
}
