//! `review --watch`: what rules find in sessions that came since, told once, to a program or on stdout.
//!
//! Nothing of a session's text is handed on: which rule, how grave, how often, since when, and the name that plays the moment.
//! What could not be told is told the next time.

use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, anyhow};
use chrono::DateTime;
use formats::findings::Severity;
use formats::manifest::Manifest;
use formats::review::digest;
use serde_json::{Value, json};

use super::{Desk, ReviewArgs, result};
use crate::cli::exit::{CommandResult, Failure, Status};
use crate::cli::{counted::counted, message};
use crate::review::catalog::Error;
use crate::review::condition::started;
use crate::review::findings;
use crate::rules::Found;
use crate::store::{self, create_private};
use crate::words::{causes, time};

/// Without --since, sessions of so many days are looked at; what came later than that an audit tells.
const DAYS: u64 = 7;
/// The longest list of what was told that is read, in bytes: some hundred thousand sessions.
const LONGEST: u64 = 64 * 1024 * 1024;

/// How a finding is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Format {
    /// One object with the names that all commands have
    Json,
    /// A detection finding (class 2004) of the Open Cybersecurity Schema Framework
    Ocsf,
}

/// Looks at what came, and tells of it.
pub(super) fn run(args: &ReviewArgs, desk: &Desk) -> CommandResult {
    let set = desk.settings.rules.set().map_err(anyhow::Error::from)?;
    let least = args.severity.unwrap_or(desk.settings.review.risky);
    let identities = args.identity.identities(&desk.settings);
    let mut told = Told::read(args.told.as_deref(), desk)?;
    let (mut entries, mut status) = desk.stored(&args.filter, DAYS)?;
    // As they came.
    entries.reverse();
    let oldest = entries
        .iter()
        .filter_map(|entry| started(&entry.manifest))
        .min();
    let firsts = desk.catalog.firsts(oldest.unwrap_or(desk.now))?;
    let (mut looked, mut found, mut failed) = (0, 0, 0);
    for entry in entries {
        let mark = digest(&entry.manifest.encode());
        if told.0.contains(&mark) {
            continue;
        }
        let bytes = match desk.catalog.recording(&entry) {
            Ok(bytes) => bytes,
            // One that is gone is an audit's to tell.
            Err(Error::Store(store::Error::NotFound { .. })) => continue,
            Err(error) => return Err(error.into()),
        };
        let is_first = firsts.is_first(&entry.manifest);
        let verdict = match findings::judge(bytes, &identities, &set, None, is_first) {
            Ok(judged) => judged.verdict,
            Err(error) => {
                let why = causes(&error);
                message::say(&format!("{:?} was not looked at: {why}", entry.location));
                status = Status::Damaged;
                continue;
            }
        };
        looked += 1;
        let grave = verdict.found.iter().filter(|found| found.severity >= least);
        let values: Vec<Value> = grave
            .map(|one| match args.format.unwrap_or(Format::Json) {
                Format::Json => finding(&entry.manifest, one, &verdict.set),
                Format::Ocsf => ocsf(&entry.manifest, one, &verdict.set),
            })
            .collect();
        let mut is_told = true;
        for value in &values {
            match &args.exec {
                None => result(value),
                Some(command) => {
                    if let Err(why) = hand_over(command, value) {
                        message::say(&format!("{why}; it is told again the next time"));
                        is_told = false;
                        break;
                    }
                }
            }
            found += 1;
        }
        match is_told {
            true => told.add(mark)?,
            false => failed += 1,
        }
    }
    let sessions = counted(looked, "session", "sessions");
    let findings = counted(found, "finding", "findings");
    message::say(&format!("{sessions} looked at; {findings} told"));
    Ok(match failed {
        0 => status,
        _ => Status::Failure,
    })
}

/// Sessions that were told of, by the digests of their manifests, and the file that keeps them.
struct Told(BTreeSet<String>, File);

impl Told {
    fn read(path: Option<&Path>, desk: &Desk) -> Result<Self, Failure> {
        let path = match path {
            Some(path) => path.to_owned(),
            None => Self::usual(desk)?,
        };
        let what = || {
            format!(
                "cannot keep what was told in {:?}",
                path.display().to_string()
            )
        };
        if let Some(folder) = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty())
        {
            match folder.exists() {
                true => {}
                false => create_private(folder).with_context(what)?,
            }
        }
        let mut options = OpenOptions::new();
        let file = options
            .read(true)
            .append(true)
            .create(true)
            .open(&path)
            .with_context(what)?;
        let mut text = String::new();
        (&file)
            .take(LONGEST)
            .read_to_string(&mut text)
            .with_context(what)?;
        Ok(Self(text.lines().map(str::to_owned).collect(), file))
    }

    fn usual(desk: &Desk) -> Result<PathBuf, Failure> {
        let folder = desk.settings.told().ok_or_else(|| {
            Failure::new(
                Status::Usage,
                anyhow!("there is no home to keep what was told in"),
            )
            .hint("name a file with --told")
        })?;
        let store = digest(desk.store.identity().join("\n").as_bytes());
        Ok(folder.join(format!("{}.txt", &store[..16])))
    }

    fn add(&mut self, mark: String) -> io::Result<()> {
        writeln!(self.1, "{mark}")?;
        self.0.insert(mark);
        Ok(())
    }
}

/// Runs a command with a finding on its stdin.
fn hand_over(command: &str, finding: &Value) -> Result<(), String> {
    let mut shell = match cfg!(windows) {
        true => Command::new("cmd"),
        false => Command::new("sh"),
    };
    shell.args([if cfg!(windows) { "/C" } else { "-c" }, command]);
    let mut child = shell
        .stdin(Stdio::piped())
        .spawn()
        .map_err(|error| format!("{command:?} does not start: {error}"))?;
    if let Some(mut stdin) = child.stdin.take() {
        // One that does not read says with its status what came of it.
        let _ = writeln!(stdin, "{finding}");
    }
    let ended = child
        .wait()
        .map_err(|error| format!("{command:?} was lost: {error}"))?;
    match ended.success() {
        true => Ok(()),
        false => Err(format!("{command:?} ended with {ended}")),
    }
}

fn finding(manifest: &Manifest, found: &Found, set: &str) -> Value {
    json!({
        "session_id": manifest.session_id,
        "rule": found.rule,
        "name": found.name,
        "severity": found.severity.name(),
        "count": found.count,
        "first_ms": found.first,
        "play": played(manifest, found),
        "operator": manifest.operator,
        "user": manifest.user,
        "target": manifest.target,
        "reason": manifest.reason,
        "account": manifest.account,
        "region": manifest.region,
        "started_at": manifest.started_at,
        "set": set,
    })
}

/// What plays the moment.
fn played(manifest: &Manifest, found: &Found) -> String {
    let at = found.first.map_or_else(String::new, |at| {
        format!("@{}", time::write_clock(Duration::from_millis(at)))
    });
    format!("ssm-rec play {}{at}", manifest.session_id)
}

/// Source: schema.ocsf.io, version 1.3.0, detection_finding.
fn ocsf(manifest: &Manifest, found: &Found, set: &str) -> Value {
    let millis = |text: &Option<String>| {
        let at = DateTime::parse_from_rfc3339(text.as_deref()?).ok()?;
        Some(at.timestamp_millis())
    };
    let started = millis(&manifest.started_at).unwrap_or_default();
    let first = found.first.and_then(|at| i64::try_from(at).ok());
    let at = started.saturating_add(first.unwrap_or_default());
    let severity = match found.severity {
        Severity::Info => 1,
        Severity::Low => 2,
        Severity::Medium => 3,
        Severity::High => 4,
        Severity::Critical => 5,
        Severity::Unknown => 99,
    };
    json!({
        "activity_id": 1,
        "category_uid": 2,
        "class_uid": 2004,
        "type_uid": 200_401,
        "severity_id": severity,
        "status_id": 1,
        "time": at,
        "count": found.count,
        "message": found.name,
        "metadata": {
            "version": "1.3.0",
            "product": {
                "name": "ssm-rec",
                "vendor_name": "ssm-rec",
                "version": env!("CARGO_PKG_VERSION"),
            },
        },
        "cloud": {
            "provider": "AWS",
            "region": manifest.region,
            "account": { "uid": manifest.account },
        },
        "finding_info": {
            "uid": format!("{}/{}", manifest.session_id, found.rule),
            "title": found.name,
            "desc": played(manifest, found),
            "first_seen_time": at,
            "analytic": { "type_id": 1, "uid": found.rule, "name": found.name, "version": set },
        },
        "actor": {
            "user": { "uid": manifest.operator, "name": manifest.user },
            "session": { "uid": manifest.session_id, "created_time": started },
        },
        "resources": [{ "uid": manifest.target, "type": "AWS::SSM::ManagedInstance" }],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_names_the_moment_and_none_of_the_text() {
        let manifest = Manifest {
            session_id: "me-1".into(),
            started_at: Some("2026-11-29T10:00:00Z".into()),
            target: "i-0abc".into(),
            ..Manifest::default()
        };
        let found = Found {
            rule: "history".into(),
            name: "the history is tampered with".into(),
            severity: Severity::High,
            is_of_manifest: false,
            count: 2,
            first: Some(723_000),
            hits: Vec::new(),
        };
        let plain = finding(&manifest, &found, "set");
        assert_eq!(plain["play"], "ssm-rec play me-1@0:12:03.000");
        let shaped = ocsf(&manifest, &found, "set");
        assert_eq!(shaped["severity_id"], 4);
        assert_eq!(shaped["type_uid"], 200_401);
        assert_eq!(shaped["time"], 1_795_946_400_000_i64 + 723_000);
        assert_eq!(shaped["finding_info"]["uid"], "me-1/history");
    }

    #[test]
    #[cfg(unix)]
    fn a_command_that_fails_is_told() {
        let value = json!({ "rule": "history" });
        assert_eq!(hand_over("grep -q history", &value), Ok(()));
        assert!(hand_over("exit 3", &value).unwrap_err().contains("3"));
    }
}
