//! What is asked of sessions, over the columns of the table of sessions.
//!
//! Nothing is taken for false that is not known: SQL has the same three answers, and a column that says nothing is NULL.

use chrono::{DateTime, Utc};

use super::Unsaid;
use super::expression;
use super::literal::{like, literal};
use crate::review::condition::{Comparison, Condition, Flag, Number, Pattern, Term, Text};

/// What is true for the sessions that a condition lets through. `days` holds for the rows of commands of all of them.
pub(super) fn predicate(condition: &Condition, days: Option<&str>) -> Result<String, Unsaid> {
    let joined = |parts: &[Condition], between: &str, nothing: &str| {
        let parts: Result<Vec<_>, _> = parts.iter().map(|part| predicate(part, days)).collect();
        Ok(match &parts?[..] {
            [] => nothing.to_owned(),
            [only] => only.clone(),
            parts => format!("({})", parts.join(between)),
        })
    };
    match condition {
        Condition::All(parts) => joined(parts, " AND ", "true"),
        Condition::Any(parts) => joined(parts, " OR ", "false"),
        Condition::Not(part) => Ok(format!("NOT ({})", predicate(part, days)?)),
        Condition::Is(term) => is(term, days),
    }
}

fn is(term: &Term, days: Option<&str>) -> Result<String, Unsaid> {
    Ok(match term {
        Term::Text(text, pattern) => text_is(*text, pattern, days)?,
        Term::Number(number, comparison, value) => number_is(*number, *comparison, *value),
        Term::Since(moment) => format!("started >= {}", timestamp(*moment)),
        Term::Until(moment) => format!("started < {}", timestamp(*moment)),
        Term::Kind(kind) => format!("{KIND} = {}", literal(kind.name())),
        Term::State(_) => return Err(Unsaid::Field("state")),
        Term::Ended(word) => format!("exit_kind = {}", literal(word)),
        Term::Flag(Flag::Encrypted) => "sealed".to_owned(),
        Term::Flag(Flag::Recovered) => "recovered".to_owned(),
        Term::Flag(Flag::Unrecorded) => "unrecorded_from_ms IS NOT NULL".to_owned(),
    })
}

fn text_is(text: Text, pattern: &Pattern, days: Option<&str>) -> Result<String, Unsaid> {
    let like = |column: &str| like_pattern(column, pattern);
    match text {
        Text::Session => like("session"),
        // Its id, or what it was called.
        Text::Target => {
            let name = like("json_extract_scalar(manifest, '$.target_name')")?;
            Ok(format!("({} OR coalesce({name}, false))", like("target")?))
        }
        // What nobody gave is empty, and that is known.
        Text::Reason => like("coalesce(reason, '')"),
        Text::Document => like("coalesce(document, '')"),
        Text::Account => like("account"),
        Text::Region => like("region"),
        Text::User => like("local_user"),
        Text::Host => like("local_host"),
        Text::Operator => {
            // Each of the two names the person by itself, and one that is not there says nothing.
            let (arn, user) = (like("operator")?, like("local_user")?);
            Ok(format!(
                "(coalesce({arn}, {user}) OR coalesce({user}, {arn}))"
            ))
        }
        Text::Command => {
            let days = days.map_or(String::new(), |days| format!("{days} AND "));
            let found = like("text")?;
            Ok(format!(
                "session IN (SELECT session FROM commands WHERE {days}{found})"
            ))
        }
        Text::SignedBy => Err(Unsaid::Field("signed-by")),
    }
}

fn like_pattern(column: &str, pattern: &Pattern) -> Result<String, Unsaid> {
    let (pieces, is_whole) = match pattern {
        Pattern::Regex {
            source, any_case, ..
        } => return expression::predicate(column, source, *any_case),
        Pattern::Text { pieces, is_whole } => (pieces, *is_whole),
    };
    let pieces: Vec<String> = pieces.iter().map(|piece| piece.to_lowercase()).collect();
    Ok(match (&pieces[..], is_whole) {
        ([text], true) => format!("lower({column}) = {}", literal(text)),
        ([text], false) => format!("strpos(lower({column}), {}) > 0", literal(text)),
        (pieces, is_whole) => format!("lower({column}) {}", like(pieces, is_whole)),
    })
}

fn number_is(number: Number, comparison: Comparison, value: i64) -> String {
    let is_whole = value % 1000 == 0;
    let (column, value) = match (number, comparison) {
        // Whole milliseconds are exact where less than one more does not matter.
        (Number::Duration, Comparison::Less | Comparison::AtLeast) if is_whole => {
            ("duration_ms", value / 1000)
        }
        (Number::Duration, _) => (
            "CAST(json_extract_scalar(manifest, '$.duration_us') AS bigint)",
            value,
        ),
        (Number::Size, _) => (
            "CAST(json_extract_scalar(manifest, '$.sizes.compressed') AS bigint)",
            value,
        ),
        // The gravest comes first; where no rule was asked, nothing is known.
        (Number::Risk, _) => (
            "CASE WHEN json_extract_scalar(manifest, '$.rules.set') IS NOT NULL THEN \
             CASE coalesce(json_extract_scalar(manifest, '$.rules.findings[0].severity'), 'none') \
             WHEN 'none' THEN 0 WHEN 'info' THEN 1 WHEN 'low' THEN 2 WHEN 'medium' THEN 3 \
             WHEN 'high' THEN 4 WHEN 'critical' THEN 5 ELSE 6 END END",
            value,
        ),
        (Number::Exit, _) => ("exit_status", value),
        // Where none were looked for, how many there are is not known.
        (Number::Commands, _) => ("CASE WHEN explained IS NOT NULL THEN commands END", value),
    };
    format!("{column} {} {value}", comparison.word())
}

/// What a session was for, as `Facts::kind` tells it.
const KIND: &str = "CASE WHEN starts_with(target, 'ecs:') THEN 'container' \
     WHEN coalesce(document, '') IN ('', 'SSM-SessionManagerRunShell') THEN 'shell' \
     WHEN document IN ('AWS-StartInteractiveCommand', 'AWS-StartNonInteractiveCommand') THEN 'command' \
     WHEN document = 'AWS-StartSSHSession' THEN 'ssh' \
     WHEN starts_with(document, 'AWS-StartPortForwardingSession') OR connections IS NOT NULL THEN 'port' \
     ELSE 'other' END";

/// The column has milliseconds.
fn timestamp(moment: DateTime<Utc>) -> String {
    moment
        .format("TIMESTAMP '%Y-%m-%d %H:%M:%S%.3f'")
        .to_string()
}
