//! The flags that choose among recordings, for every command that looks at more than one.
//!
//! Nothing here looks at a recording.

use std::time::Duration;

use anyhow::anyhow;
use chrono::Utc;

use super::when::moment;
use crate::cli::exit::{Failure, Status};
use crate::review::catalog::Filter;
use crate::review::condition::{Comparison, Condition, Number, Pattern, Term, Text, When};
use crate::words::time;

/// Which recordings are meant.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct FilterArgs {
    /// Only what this expression is true for: ssm-rec man filters
    #[arg(long = "where", value_name = "EXPRESSION")]
    expression: Option<String>,

    /// Only targets with this in their id, or in what they were called; as all texts here: with a * the whole of it, or /regex/
    #[arg(long, value_name = "TEXT")]
    target: Option<String>,

    /// Only sessions with this in their reason
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,

    /// Only operators (ARN or local user) with this in their name
    #[arg(long, value_name = "TEXT")]
    operator: Option<String>,

    /// Only sessions of documents with this in their name
    #[arg(long, value_name = "TEXT")]
    document: Option<String>,

    /// Only sessions in accounts with this in their number
    #[arg(long, value_name = "TEXT")]
    account: Option<String>,

    /// Only sessions in regions with this in their name
    #[arg(long, value_name = "TEXT")]
    region: Option<String>,

    /// Only sessions whose manifest is signed by a key with this in its fingerprint or its owner's name
    #[arg(long, value_name = "TEXT")]
    signed_by: Option<String>,

    /// Only shell, command, port, ssh, container or other
    #[arg(long, value_name = "KIND")]
    kind: Option<String>,

    /// Only stored, without_manifest or in_spool
    #[arg(long, value_name = "STATE")]
    state: Option<String>,

    /// Only sessions that ended so: a status, or a word such as closed, left, cut
    #[arg(long, value_name = "STATUS|WORD", allow_negative_numbers = true)]
    exit: Option<String>,

    /// Only sessions that lasted longer: 10m, 1h30m
    #[arg(long, value_name = "LENGTH", value_parser = length)]
    longer_than: Option<Duration>,

    /// Only sessions that lasted less long
    #[arg(long, value_name = "LENGTH", value_parser = length)]
    shorter_than: Option<Duration>,

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
    /// A time is out of range, or a text or an expression does not read.
    #[expect(
        clippy::disallowed_methods,
        reason = "a time like `7d` counts from when the command is run"
    )]
    pub(crate) fn filter(&self) -> Result<Filter, Failure> {
        let now = Utc::now();
        let clock = |when| moment(when, now);
        let mut all = Vec::new();
        for (flag, when, term) in [
            ("--since", self.since, Term::Since as fn(_) -> _),
            ("--until", self.until, Term::Until as fn(_) -> _),
        ] {
            if let Some(when) = when {
                let moment = clock(when).ok_or_else(|| wrong(flag, "that time is out of range"))?;
                all.push(Condition::Is(term(moment)));
            }
        }
        for (flag, wanted, text) in [
            ("--target", &self.target, Text::Target),
            ("--reason", &self.reason, Text::Reason),
            ("--operator", &self.operator, Text::Operator),
            ("--document", &self.document, Text::Document),
            ("--account", &self.account, Text::Account),
            ("--region", &self.region, Text::Region),
            ("--signed-by", &self.signed_by, Text::SignedBy),
        ] {
            if let Some(wanted) = wanted {
                let pattern = Pattern::of_flag(wanted).map_err(|cause| {
                    wrong(
                        flag,
                        format!("{wanted:?} is no regular expression: {cause}"),
                    )
                })?;
                all.push(Condition::from((text, pattern)));
            }
        }
        type Read = fn(&str) -> Result<Condition, String>;
        for (flag, word, read) in [
            ("--kind", &self.kind, Condition::of_kind as Read),
            ("--state", &self.state, Condition::of_state as Read),
            ("--exit", &self.exit, Condition::of_exit as Read),
        ] {
            if let Some(word) = word {
                all.push(read(word).map_err(|cause| wrong(flag, cause))?);
            }
        }
        for (length, comparison) in [
            (self.longer_than, Comparison::More),
            (self.shorter_than, Comparison::Less),
        ] {
            if let Some(length) = length {
                let micros = i64::try_from(length.as_micros()).unwrap_or(i64::MAX);
                all.push(Condition::Is(Term::Number(
                    Number::Duration,
                    comparison,
                    micros,
                )));
            }
        }
        if let Some(expression) = &self.expression {
            let condition = Condition::parse(expression, &clock);
            all.push(condition.map_err(|mistake| wrong("--where", mistake))?);
        }
        Ok(Filter {
            session: None,
            condition: Condition::all(all),
        })
    }
}

fn wrong(flag: &str, cause: impl std::fmt::Display) -> Failure {
    Failure::new(Status::Usage, anyhow!("{flag}: {cause}"))
}

fn length(text: &str) -> Result<Duration, String> {
    time::sum(text).ok_or_else(|| "not a length of time: write 90s, 10m or 1h30m".to_owned())
}
