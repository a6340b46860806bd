//! A local port that is taken before its session exists, so that a port in use is told before anything is started.
//!
//! Nothing is accepted here: who connects meanwhile waits.

use super::local::Listeners;
use super::{Error, Listen};

/// What listens for a session to come.
#[derive(Debug)]
pub struct Reserved(pub(super) Listeners);

impl Reserved {
    /// Takes the address.
    ///
    /// # Errors
    /// It cannot be listened on.
    pub async fn open(listen: &Listen) -> Result<Self, Error> {
        Listeners::open(listen).await.map(Self)
    }
}
