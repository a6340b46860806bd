//! The flags that choose among recordings, for every command that looks at more than one.
//!
//! Nothing here looks at a recording.

use chrono::Utc;

use super::when::When;
use crate::cli::exit::Failure;
use crate::review::catalog::Filter;

/// Which recordings are meant.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct FilterArgs {
    /// Only targets with this in their id
    #[arg(long, value_name = "TEXT")]
    target: Option<String>,

    /// Only sessions with this in their reason
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,

    /// Only operators (ARN or local user) with this in their name
    #[arg(long, value_name = "TEXT")]
    operator: Option<String>,

    /// Only sessions started then or later: 2026-11-23, "2026-11-23 14:05", 7d, 12h
    #[arg(long, value_name = "TIME")]
    since: Option<When>,

    /// Only sessions started before then
    #[arg(long, value_name = "TIME")]
    until: Option<When>,
}

impl FilterArgs {
    /// As the catalog takes it.
    ///
    /// # Errors
    /// A time is out of range.
    #[expect(
        clippy::disallowed_methods,
        reason = "a time like `7d` counts from when the command is run"
    )]
    pub(crate) fn filter(&self) -> Result<Filter, Failure> {
        let now = Utc::now();
        let moment = |when: Option<When>| when.map(|when| when.moment(now)).transpose();
        Ok(Filter {
            session: None,
            target: self.target.clone(),
            reason: self.reason.clone(),
            operator: self.operator.clone(),
            since: moment(self.since)?,
            until: moment(self.until)?,
        })
    }
}
