//! `ssm-rec show`: what one recording is.
//!
//! Nothing from a recording reaches the terminal as it is, and nothing is proved: that is what `verify` is for.

use std::fmt::Write as _;
use std::io::Write as _;
use std::time::Duration;

use chrono::{DateTime, Local};
use formats::asciicast::Header;
use formats::findings::Findings;
use formats::manifest::Manifest;
use serde::Serialize;
use serde_json::value::RawValue;

use super::rules::check;
use crate::cli::args::identity::IdentityArgs;
use crate::cli::args::store::StoreArgs;
use crate::cli::completion::recordings;
use crate::cli::exit::{CommandResult, Status};
use crate::cli::named;
use crate::cli::views::Look;
use crate::review::findings::Difference;
use crate::review::summary::{Counts, Ended, Summary};
use crate::rules::Verdict;
use crate::settings::Settings;
use crate::words::{self, printable, size, time};
use clap_complete::engine::ArgValueCompleter;

/// Show what a recording is: who, where, why, when, and how it ended
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  The session whose id begins so:
    ssm-rec show me-0a1b

  A file, for a program:
    ssm-rec show --json demo.cast.zst | jq .manifest.chain.head

Of the lines and commands that are stored beside a recording it tells how many there are, and what its manifest claims that rules \
found as such.

The exit status is 3 for a recording that is cut short, and 4 for one that is damaged.")]
pub(crate) struct ShowArgs {
    /// Session id or the beginning of one, path, s3://bucket/key, https://…, or - for stdin
    #[arg(value_name = "RECORDING", add = ArgValueCompleter::new(recordings))]
    name: String,

    /// As JSON
    #[arg(long)]
    json: bool,

    /// Read all of it and tell what rules find, beside what its manifest claims
    #[arg(long)]
    rules: bool,

    #[command(flatten)]
    identity: IdentityArgs,

    #[command(flatten)]
    store: StoreArgs,
}

/// Runs the command.
pub(crate) fn run(args: &ShowArgs) -> CommandResult {
    let settings = Settings::load_to_read(&args.store.flags())?;
    let identities = args.identity.identities(&settings);
    let look = match args.rules {
        true => Look::Inside("show"),
        false => Look::Beside,
    };
    let named = named::open(&args.name, &settings, look)?;
    let (summary, location, found) = match args.rules {
        true => {
            let set = settings.rules.set().map_err(anyhow::Error::from)?;
            let location = named.location.clone();
            let judged = check::of(named, &identities, &set)?;
            let found = Found {
                differences: judged.differences(),
                verdict: judged.verdict,
            };
            (judged.summary, location, Some(found))
        }
        false => {
            let (summary, location) = named.summary(&identities)?;
            (summary, location, None)
        }
    };
    let text = if args.json {
        json(&summary, location.as_deref(), found.as_ref())
    } else {
        text(&summary, location.as_deref(), found.as_ref())
    };
    // A reader that has seen enough is no failure.
    let _ = std::io::stdout().lock().write_all(text.as_bytes());
    Ok(match summary.ended {
        Ended::Complete => Status::Success,
        Ended::CutShort(_) => Status::CutShort,
        Ended::Damaged(_) => Status::Damaged,
    })
}

/// What rules find, and where the manifest claims something else.
struct Found {
    verdict: Verdict,
    differences: Vec<Difference>,
}

impl Found {
    fn told(&self) -> String {
        let mut text = findings(&self.verdict.claim(false));
        for difference in &self.differences {
            let Difference {
                rule,
                claimed,
                found,
            } = difference;
            let _ = write!(
                text,
                "; the manifest claims {claimed} of {rule}, there are {found}"
            );
        }
        text
    }
}

/// What was found, in short.
fn findings(findings: &Findings) -> String {
    let Some(highest) = findings.highest() else {
        return "nothing found".to_owned();
    };
    let all = findings.findings.iter();
    let rules: Vec<String> = all
        .map(|finding| match finding.count {
            1 => finding.rule.clone(),
            count => format!("{} ({count})", finding.rule),
        })
        .collect();
    format!("{}: {}", highest.name(), rules.join(", "))
}

/// What `--json` prints.
#[derive(Serialize)]
struct Json<'a> {
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    damage: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    location: Option<&'a str>,
    duration_us: u64,
    events: u64,
    messages: u64,
    markers: u64,
    output_bytes: u64,
    signed: bool,
    /// Why more cannot be told of an encrypted recording.
    #[serde(skip_serializing_if = "Option::is_none")]
    locked: Option<String>,
    /// What rules find, where that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    rules: Option<Findings>,
    manifest: Option<&'a Manifest>,
    header: Option<Box<RawValue>>,
}

fn json(summary: &Summary, location: Option<&str>, found: Option<&Found>) -> String {
    let mut header = Vec::new();
    summary.header.encode(&mut header);
    let header = String::from_utf8(header).unwrap_or_default();
    let Counts {
        events,
        messages,
        markers,
        output_bytes,
    } = summary.counts;
    let (state, damage) = match &summary.ended {
        Ended::Complete => ("complete", None),
        Ended::CutShort(_) => ("cut_short", None),
        Ended::Damaged(cause) => ("damaged", Some(cause.as_str())),
    };
    let value = Json {
        state,
        damage,
        location,
        duration_us: u64::try_from(summary.duration.as_micros()).unwrap_or(u64::MAX),
        events,
        messages,
        markers,
        output_bytes,
        signed: summary.signature.is_some(),
        locked: summary.locked.as_ref().map(ToString::to_string),
        rules: found.map(|found| found.verdict.claim(false)),
        manifest: summary.manifest.as_ref(),
        header: RawValue::from_string(header.trim_end().to_owned()).ok(),
    };
    format!("{}\n", words::json(&value))
}

/// Lines of a name and what it is, aligned.
struct Sheet(String);

impl Sheet {
    fn line(&mut self, name: &str, value: impl AsRef<str>) {
        let value = printable(value.as_ref());
        if !value.is_empty() {
            // Writing to a string cannot fail.
            let _ = writeln!(self.0, "{name:<10}  {value}");
        }
    }

    fn maybe(&mut self, name: &str, value: Option<&str>) {
        self.line(name, value.unwrap_or_default());
    }
}

fn text(summary: &Summary, location: Option<&str>, found: Option<&Found>) -> String {
    let mut sheet = Sheet(String::new());
    let header = &summary.header;
    let after = time::write(summary.duration);
    match &summary.header.ssm {
        Some(session) => sheet.line("session", &session.session_id),
        None => sheet.maybe("title", header.title.as_deref()),
    }
    sheet.line(
        "state",
        match &summary.ended {
            Ended::Complete => "complete".to_owned(),
            Ended::CutShort(_) => {
                format!("cut short after {after}")
            }
            Ended::Damaged(cause) => format!("damaged after {after}: {cause}"),
        },
    );
    session(&mut sheet, header);
    let manifest = summary.manifest.as_ref();
    let started = header
        .ssm
        .as_ref()
        .and_then(|session| session.started_at.clone())
        .or_else(|| {
            let at = DateTime::from_timestamp(header.timestamp?, 0)?;
            Some(at.to_rfc3339())
        });
    sheet.line("started", local(started.as_deref()));
    if let Some(manifest) = manifest {
        sheet.line("ended", local(manifest.ended_at.as_deref()));
    }
    sheet.line("duration", &after);
    if let Some(exit) = manifest.and_then(|manifest| manifest.exit.as_ref()) {
        let mut text = exit.kind.to_string();
        if let Some(status) = exit.status {
            let _ = write!(text, ", status {status}");
        }
        if let Some(reason) = &exit.reason {
            let _ = write!(text, ": {reason}");
        }
        sheet.line("exit", text);
    }
    if let Some(derived) = manifest.and_then(|manifest| manifest.derived.as_ref()) {
        let share = (derived.explained * 100.0).floor();
        let text = format!(
            "{}{}, {share:.0} % of the output explained; {}",
            plural(derived.commands.count, "command"),
            if derived.cut { " and more" } else { "" },
            plural(derived.lines.count, "line")
        );
        sheet.line("commands", text);
    }
    match (found, manifest.and_then(|manifest| manifest.rules.as_ref())) {
        (Some(found), _) => sheet.line("rules", found.told()),
        (None, Some(claim)) => sheet.line(
            "rules",
            format!("{}, as the client claims", findings(claim)),
        ),
        (None, None) => {}
    }
    if header.term.cols > 0 && header.term.rows > 0 {
        sheet.line(
            "terminal",
            format!(
                "{} x {} {}",
                header.term.cols,
                header.term.rows,
                header.term.term_type.as_deref().unwrap_or_default()
            )
            .trim_end(),
        );
    }
    let counts = &summary.counts;
    let mut output = format!(
        "{} in {}",
        size::write(counts.output_bytes),
        plural(counts.events, "event")
    );
    for (count, what) in [
        (counts.messages, "agent message"),
        (counts.markers, "marker"),
    ] {
        if count > 0 {
            let _ = write!(output, ", {}", plural(count, what));
        }
    }
    sheet.line("output", output);
    if let Some(manifest) = manifest {
        closing(&mut sheet, manifest);
        sheet.line(
            "signature",
            match summary.signature {
                Some(_) => "SSHSIG, not checked here",
                None => "none",
            },
        );
    }
    if let Some(encryption) = manifest.and_then(|manifest| manifest.encryption.as_ref()) {
        sheet.line(
            "encrypted",
            format!("for {}", encryption.recipients.join(", ")),
        );
    } else if let Some(why) = &summary.locked {
        sheet.line("encrypted", why.to_string());
    }
    sheet.maybe("file", location);
    sheet.0
}

/// Who, where and why.
fn session(sheet: &mut Sheet, header: &Header) {
    let Some(session) = &header.ssm else {
        sheet.maybe("command", header.command.as_deref());
        return;
    };
    sheet.line("target", &session.target);
    sheet.maybe("called", session.target_name.as_deref());
    sheet.maybe("document", session.document.as_deref());
    for (name, values) in &session.parameters {
        sheet.line("parameter", format!("{name} = {}", values.join(", ")));
    }
    sheet.maybe("reason", session.reason.as_deref());
    sheet.maybe("operator", session.operator.as_deref());
    let user = match (&session.user, &session.host) {
        (Some(user), Some(host)) => format!("{user} on {host}"),
        (user, host) => user.clone().or_else(|| host.clone()).unwrap_or_default(),
    };
    sheet.line("user", user);
    sheet.maybe("account", session.account.as_deref());
    sheet.maybe("region", session.region.as_deref());
}

/// What only the manifest tells.
fn closing(sheet: &mut Sheet, manifest: &Manifest) {
    for gap in &manifest.gaps {
        sheet.line(
            "gap",
            format!(
                "no connection for {} at {}",
                time::write(Duration::from_micros(gap.lasted_us)),
                time::write(Duration::from_micros(gap.at_us))
            ),
        );
    }
    for jump in &manifest.clock_jumps {
        let way = if jump.by_ms < 0 { "back" } else { "forward" };
        sheet.line(
            "clock",
            format!(
                "set {way} by {} at {}",
                time::write(Duration::from_millis(jump.by_ms.unsigned_abs())),
                time::write(Duration::from_micros(jump.at_us))
            ),
        );
    }
    if let Some(unrecorded) = &manifest.unrecorded {
        sheet.line(
            "unrecorded",
            format!(
                "from {} on: {}",
                time::write(Duration::from_micros(unrecorded.from_us)),
                unrecorded.cause
            ),
        );
    }
    if manifest.recovered {
        sheet.line("recovered", "found cut, and closed afterwards");
    }
    sheet.line(
        "size",
        format!(
            "{} in {}, {} of text",
            size::write(manifest.sizes.compressed),
            plural(manifest.sizes.frames, "frame"),
            size::write(manifest.sizes.text)
        ),
    );
    sheet.line(
        "chain",
        format!("{} {}", manifest.chain.algorithm, manifest.chain.head),
    );
    let versions = [
        ("ssm-rec", &manifest.client_version),
        ("agent", &manifest.agent_version),
    ]
    .iter()
    .filter_map(|(name, version)| Some(format!("{name} {}", version.as_ref()?)))
    .collect::<Vec<_>>();
    sheet.line("versions", versions.join(", "));
}

fn plural(count: u64, what: &str) -> String {
    if count == 1 {
        format!("1 {what}")
    } else {
        format!("{count} {what}s")
    }
}

/// A recorded time in the local time zone; as it stands when it is none.
fn local(time: Option<&str>) -> String {
    let Some(text) = time else {
        return String::new();
    };
    match DateTime::parse_from_rfc3339(text) {
        Ok(time) => time
            .with_timezone(&Local)
            .format("%Y-%m-%d %H:%M:%S %:z")
            .to_string(),
        Err(_) => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use formats::asciicast::Session;
    use formats::manifest::{Exit, ExitKind};

    fn summary() -> Summary {
        let session = Session {
            session_id: "me-1".into(),
            target: "i-0abc".into(),
            reason: Some("tick\x1b[31met".into()),
            ..Session::default()
        };
        Summary {
            header: Header {
                ssm: Some(session.clone()),
                ..Header::default()
            },
            manifest: Some(Manifest {
                exit: Some(Exit {
                    kind: ExitKind::Closed,
                    status: Some(7),
                    reason: None,
                }),
                ..Manifest::of_session(&session)
            }),
            signature: None,
            duration: Duration::from_secs(65),
            counts: Counts {
                events: 1,
                messages: 3,
                ..Counts::default()
            },
            ended: Ended::Complete,
            locked: None,
        }
    }

    #[test]
    fn a_sheet_says_what_there_is_and_stays_harmless() {
        let text = text(&summary(), Some("/store/x"), None);
        for line in [
            "session     me-1",
            "state       complete",
            "reason      tick\\u{1b}[31met",
            "duration    1m05s",
            "exit        closed, status 7",
            "output      0 B in 1 event, 3 agent messages",
            "signature   none",
            "file        /store/x",
        ] {
            assert!(
                text.lines().any(|shown| shown == line),
                "{line:?} in\n{text}"
            );
        }
    }

    #[test]
    fn json_holds_header_and_manifest() {
        let mut summary = summary();
        summary.ended = Ended::Damaged("line 3".into());
        let value: serde_json::Value = serde_json::from_str(&json(&summary, None, None)).unwrap();
        assert_eq!(value["state"], "damaged");
        assert_eq!(value["damage"], "line 3");
        assert_eq!(value["duration_us"], 65_000_000);
        assert_eq!(value["manifest"]["exit"]["status"], 7);
        assert_eq!(value["header"]["ssm"]["target"], "i-0abc");
    }
}
