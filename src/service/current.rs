//! The sessions that are open at the service now, and the end of one of them.
//!
//! Nothing here starts a session, and no page that is not given passes for an empty one.

use std::collections::HashSet;

use aws_sdk_ssm::error::ProvideErrorMetadata as _;
use aws_sdk_ssm::types::{SessionFilterKey, SessionState};

use super::history::Told;
use super::{Error, Service, Subject};

/// More pages than this, of 200 sessions each, are not of sessions that are open at once.
const MAX_PAGES: usize = 500;

impl Service {
    /// The sessions that are open now, the newest first; those of `owner` alone where one is named.
    ///
    /// # Errors
    /// The service refuses, cannot be reached, or its pages have no end.
    pub async fn open_sessions(&self, owner: Option<&str>) -> Result<Vec<Told>, Error> {
        let filters: Vec<_> = owner
            .map(|owner| (SessionFilterKey::Owner, owner.to_owned()))
            .into_iter()
            .collect();
        let told = self.current(&filters).await?;
        // Whoever ends what is theirs ends nothing of somebody else, whatever a service makes of its filter.
        Ok(sorted(told, owner))
    }

    /// Shows that the service tells of sessions.
    ///
    /// # Errors
    /// It does not: it refuses, or cannot be reached.
    pub async fn tells_of_sessions(&self) -> Result<(), Error> {
        let call = self.ssm.describe_sessions().state(SessionState::Active);
        let answer = call.max_results(1).send().await;
        answer
            .map(drop)
            .map_err(|error| self.error(&error, Subject::Caller))
    }

    /// The session with this id, where it is open now.
    ///
    /// # Errors
    /// As of [`Service::open_sessions`].
    pub async fn open_session(&self, session_id: &str) -> Result<Option<Told>, Error> {
        let filters = [(SessionFilterKey::SessionId, session_id.to_owned())];
        let told = self.current(&filters).await?;
        Ok(told.into_iter().find(|one| one.session_id == session_id))
    }

    async fn current(&self, filters: &[(SessionFilterKey, String)]) -> Result<Vec<Told>, Error> {
        let mut told: Vec<Told> = Vec::new();
        let mut pages = 0;
        let asked = self
            .pages((SessionState::Active, filters), MAX_PAGES, &mut |page| {
                told.extend(page);
                pages += 1;
            })
            .await;
        match asked {
            Err(Error::EndlessHistory) if pages >= MAX_PAGES => Err(Error::TooManyOpen),
            asked => asked.map(|()| told),
        }
    }

    /// Ends a session.
    ///
    /// # Errors
    /// There is none with this id, the service refuses, or it cannot be reached.
    pub async fn end(&self, session_id: &str) -> Result<(), Error> {
        let call = self.ssm.terminate_session().session_id(session_id);
        let answer = call.send().await;
        answer.map(drop).map_err(|error| match error.code() {
            Some("DoesNotExistException") => Error::NoSuchSession {
                session_id: session_id.to_owned(),
            },
            _ => self.error(&error, Subject::Session(session_id)),
        })
    }
}

/// Each session once, the newest first, of this owner where one is asked for.
fn sorted(mut told: Vec<Told>, owner: Option<&str>) -> Vec<Told> {
    let mut seen = HashSet::new();
    told.retain(|one| {
        let is_theirs = owner.is_none_or(|owner| one.owner.as_deref() == Some(owner));
        !one.session_id.is_empty() && is_theirs && seen.insert(one.session_id.clone())
    });
    told.sort_by(|a, b| (b.started, &a.session_id).cmp(&(a.started, &b.session_id)));
    told
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::DateTime;

    #[test]
    fn each_session_of_the_owner_is_told_once_and_the_newest_first() {
        let one = |id: &str, owner: &str, at| Told {
            session_id: id.to_owned(),
            owner: Some(owner.to_owned()),
            started: DateTime::from_timestamp(at, 0),
            ..Told::default()
        };
        let told = vec![
            one("a-1", "a", 1),
            one("b-1", "b", 5),
            one("a-3", "a", 3),
            one("a-1", "a", 1),
            one("", "a", 9),
            Told {
                owner: None,
                ..one("a-4", "", 4)
            },
            one("a-2", "a", 3),
        ];
        let ids = |told: Vec<Told>| -> Vec<String> {
            told.into_iter().map(|one| one.session_id).collect()
        };
        assert_eq!(ids(sorted(told.clone(), Some("a"))), ["a-2", "a-3", "a-1"]);
        assert_eq!(ids(sorted(told, None)), ["b-1", "a-4", "a-2", "a-3", "a-1"]);
    }
}
