//! Why settings cannot be used: a mistake at its place, no home, a store whose location says nothing.
//!
//! Nothing here knows how a command ends.

use super::origin::Mistake;
use crate::store;

/// Why a command cannot have its settings.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// Something is wrong with a file, a variable or a flag.
    #[error("{first}")]
    Mistaken {
        first: Box<Mistake>,
        /// How many mistakes there are besides.
        more: usize,
    },
    /// Nobody says where recordings are kept, and there is no home for them.
    #[error("there is no home directory to keep recordings in")]
    NoHome,
    /// The store's location has a form that no store understands.
    #[error(transparent)]
    Store(#[from] store::Error),
}

impl Error {
    /// What the person can do about it, when there is something to say.
    pub(crate) fn hint(&self) -> Option<String> {
        match self {
            Self::Mistaken { first, more } => {
                let others = match more {
                    0 => None,
                    1 => Some("ssm-rec config check tells one more mistake".to_owned()),
                    more => Some(format!("ssm-rec config check tells {more} more mistakes")),
                };
                let hints: Vec<_> = first.problem.hint().into_iter().chain(others).collect();
                (!hints.is_empty()).then(|| hints.join("; "))
            }
            Self::NoHome => Some("name a place with --store or SSM_REC_STORE, and a directory for running sessions with SSM_REC_SPOOL".to_owned()),
            Self::Store(error) => error.hint(),
        }
    }
}
