//! The service's own history of sessions: every page of both states, as DescribeSessions tells it for thirty days.
//!
//! Nothing here judges a session, and no half of a history passes for the whole: a page that is not given is an error.

use std::collections::HashSet;
use std::time::Duration;

use aws_sdk_ssm::error::ProvideErrorMetadata;
use aws_sdk_ssm::types::{Session, SessionFilter, SessionFilterKey, SessionState};
use chrono::{DateTime, SecondsFormat, Utc};

use super::{Error, Service, Subject};

/// How far back the service tells of sessions that are over.
pub const REACH_DAYS: u64 = 30;
/// So many sessions a page, the most that the service gives.
const PAGE: i32 = 200;
/// More pages than this are no history of thirty days.
const MAX_PAGES: usize = 100_000;
/// How often a page is asked for again while the service asks to slow down, beyond what the SDK does by itself.
const TRIES: u32 = 8;
/// The first wait before it is asked again; each further one is twice as long, up to a limit.
const FIRST_WAIT: Duration = Duration::from_millis(500);
const LONGEST_WAIT: Duration = Duration::from_secs(20);

/// A session as the service tells it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// Its id.
    pub session_id: String,
    /// An instance, a managed node or a container.
    pub target: Option<String>,
    /// The ARN of whoever started it.
    pub owner: Option<String>,
    /// Name of the session document.
    pub document: Option<String>,
    /// Why it was opened.
    pub reason: Option<String>,
    /// When it began, by the service's clock.
    pub started: Option<DateTime<Utc>>,
    /// When it ended.
    pub ended: Option<DateTime<Utc>>,
    /// Whether it runs.
    pub is_active: bool,
    /// Whether it never came to be: the service has it as failed.
    pub has_failed: bool,
    /// How it is, in the service's word.
    pub status: Option<String>,
}

impl Service {
    /// The sessions that began from `since` on and before `until`, those that run and those that are over; as many as were
    /// asked for are told to `progress` after each page.
    ///
    /// # Errors
    /// The service refuses, cannot be reached, or its pages lead in a circle.
    pub async fn history(
        &self,
        since: DateTime<Utc>,
        until: DateTime<Utc>,
        progress: &mut dyn FnMut(usize),
    ) -> Result<Vec<Told>, Error> {
        let mut told = Vec::new();
        let moment = |time: DateTime<Utc>| time.to_rfc3339_opts(SecondsFormat::Secs, true);
        let filters = [
            (SessionFilterKey::InvokedAfter, moment(since)),
            (SessionFilterKey::InvokedBefore, moment(until)),
        ];
        // The active ones first: one that ends meanwhile is in the history by then.
        for state in [SessionState::Active, SessionState::History] {
            self.pages((state, &filters), MAX_PAGES, &mut |page| {
                told.extend(page);
                progress(told.len());
            })
            .await?;
        }
        Ok(told)
    }

    /// Every page of the sessions in a state that pass these filters, `most` of them.
    pub(super) async fn pages(
        &self,
        (state, filters): (SessionState, &[(SessionFilterKey, String)]),
        most: usize,
        take: &mut dyn FnMut(Vec<Told>),
    ) -> Result<(), Error> {
        let filters: Vec<SessionFilter> = filters
            .iter()
            .map(|(key, value)| SessionFilter::builder().key(key.clone()).value(value))
            // Both parts are there, which is all that is asked for.
            .filter_map(|filter| filter.build().ok())
            .collect();
        let is_active = state == SessionState::Active;
        let mut next: Option<String> = None;
        let mut seen = HashSet::new();
        loop {
            let (sessions, token) = self.page(&state, &filters, next).await?;
            let sessions = sessions.into_iter().map(|session| told(session, is_active));
            take(sessions.collect());
            let Some(token) = token.filter(|token| !token.is_empty()) else {
                return Ok(());
            };
            // A token that came before leads in a circle.
            if !seen.insert(token.clone()) || seen.len() >= most {
                return Err(Error::EndlessHistory);
            }
            next = Some(token);
        }
    }

    async fn page(
        &self,
        state: &SessionState,
        filters: &[SessionFilter],
        next: Option<String>,
    ) -> Result<(Vec<Session>, Option<String>), Error> {
        let mut wait = FIRST_WAIT;
        let mut tries = 0;
        loop {
            let call = self
                .ssm
                .describe_sessions()
                .state(state.clone())
                .set_filters(Some(filters.to_vec()))
                .max_results(PAGE)
                .set_next_token(next.clone());
            let error = match call.send().await {
                Ok(answer) => {
                    return Ok((answer.sessions.unwrap_or_default(), answer.next_token));
                }
                Err(error) => error,
            };
            let is_throttled = matches!(
                error.code(),
                Some("ThrottlingException" | "Throttling" | "TooManyRequestsException")
            );
            tries += 1;
            if !is_throttled || tries > TRIES {
                return Err(self.error(&error, Subject::Caller));
            }
            tracing::debug!(tries, "the service asks to slow down");
            tokio::time::sleep(wait).await;
            wait = (wait * 2).min(LONGEST_WAIT);
        }
    }
}

fn told(session: Session, is_active: bool) -> Told {
    let some = |text: Option<String>| text.filter(|text| !text.is_empty());
    let moment = |time: Option<aws_sdk_ssm::primitives::DateTime>| {
        let millis = time?.to_millis().ok()?;
        DateTime::from_timestamp_millis(millis)
    };
    let status = session.status.as_ref().map(|status| status.as_str());
    Told {
        has_failed: status == Some("Failed"),
        status: status.map(str::to_owned),
        session_id: session.session_id.unwrap_or_default(),
        target: some(session.target),
        owner: some(session.owner),
        document: some(session.document_name),
        reason: some(session.reason),
        started: moment(session.start_date),
        ended: moment(session.end_date),
        is_active,
    }
}
