//! Where the recording of a session that is open is: in this machine's spool, in the store, or nowhere that is known here.
//!
//! Nothing is opened or claimed; what the store does not tell is not known, and is never said to be missing.

use std::collections::HashSet;
use std::time::Duration;

use formats::layout;

use crate::service::history::Told;
use crate::settings::Places;
use crate::spool::close::is_closed;
use crate::spool::{Spool, delivery};
use crate::store::{Error, Pace, Store};
use crate::words::causes;

/// Nobody who asks what is open wants to wait for a store that is away.
const PACE: Pace = Pace {
    patience: Duration::from_secs(2),
    silence: Duration::from_secs(5),
    parallel_parts: 1,
};
/// So many manifests are asked for one by one. A session that is open has one only where its end did not reach the service.
const MOST_ASKED: usize = 50;

/// What is known of a recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Recorded {
    /// A client on this machine runs the session.
    Running,
    /// It waits in the spool: no client runs the session any more.
    Spooled,
    /// The store has parts of it.
    Live,
    /// The store has all of it.
    Stored,
    /// Neither has.
    No,
    /// The store does not tell.
    Unknown,
}

impl Recorded {
    /// As programs and tables have it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Spooled => "spool",
            Self::Live => "live",
            Self::Stored => "stored",
            Self::No => "no",
            Self::Unknown => "?",
        }
    }
}

/// Spool and store, asked.
pub(super) struct Whereabouts {
    spool: Spool,
    store: Store,
    failure: Option<String>,
}

impl Whereabouts {
    pub(super) fn of(places: &Places) -> Self {
        Self {
            spool: Spool::new(places.spool.clone()),
            store: places.store.at_pace(PACE),
            failure: None,
        }
    }

    /// Why the store does not tell.
    pub(super) fn failure(&self) -> Option<&str> {
        self.failure.as_deref()
    }

    /// Looks for the recording of each.
    pub(super) fn look(&mut self, sessions: &[&Told]) -> Vec<Recorded> {
        let mut found: Vec<Option<Recorded>> = sessions
            .iter()
            .map(|one| self.here(&one.session_id))
            .collect();
        let missing: Vec<usize> = (0..found.len()).filter(|at| found[*at].is_none()).collect();
        if !missing.is_empty()
            && let Err(error) = self.ask_store(sessions, &missing, &mut found)
        {
            self.failure = Some(causes(&error));
        }
        let found = found.into_iter();
        found.map(|one| one.unwrap_or(Recorded::Unknown)).collect()
    }

    /// What this machine's spool knows of it.
    pub(super) fn here(&self, session_id: &str) -> Option<Recorded> {
        let name = delivery::file_name(session_id);
        let path = self.spool.folder().join(&name);
        let is_there = path.symlink_metadata().is_ok_and(|data| data.is_file());
        match (self.spool.is_claimed(&name), is_there) {
            // Whoever stores what is whole holds it too.
            (true, true) if is_closed(&path) => Some(Recorded::Spooled),
            (true, _) => Some(Recorded::Running),
            (false, true) => Some(Recorded::Spooled),
            (false, false) => None,
        }
    }

    fn ask_store(
        &self,
        sessions: &[&Told],
        missing: &[usize],
        found: &mut [Option<Recorded>],
    ) -> Result<(), Error> {
        let live: HashSet<String> = self.store.folders("live/")?.into_iter().collect();
        let mut left = MOST_ASKED;
        for &at in missing {
            let one = sessions[at];
            let safe = layout::safe_name(&one.session_id);
            if live.contains(&format!("live/{safe}/")) {
                found[at] = Some(Recorded::Live);
                continue;
            }
            let Some(started) = one.started.filter(|_| left > 0) else {
                continue;
            };
            left -= 1;
            let key = layout::manifest_of(started.date_naive(), &safe);
            let is_stored = self.store.list(&key)?.contains(&key);
            found[at] = Some(match is_stored {
                true => Recorded::Stored,
                false => Recorded::No,
            });
        }
        Ok(())
    }
}
