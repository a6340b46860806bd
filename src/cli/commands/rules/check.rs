//! `rules check`: what the rules find in a recording, moment by moment.
//!
//! Nothing here believes what a manifest claims: it is told where it differs.

use std::io::Seek as _;
use std::time::Duration;

use anyhow::anyhow;
use serde::Serialize;

use super::print;
use crate::cli::args::identity::IdentityArgs;
use crate::cli::args::severity::severity;
use crate::cli::args::store::StoreArgs;
use crate::cli::completion::recordings;
use crate::cli::exit::{CommandResult, Failure, Status};
use crate::cli::message;
use crate::cli::named::{self, Bytes, Named};
use crate::cli::views::Look;
use crate::envelope::Identities;
use crate::review::findings::{Judged, judge};
use crate::review::summary::ended;
use crate::rules::{Found, Hit, RuleSet, Severity, Verdict};
use crate::settings::Settings;
use crate::words::{self, printable, time};
use clap_complete::engine::ArgValueCompleter;

/// Look at a recording by all rules: what they find, and the moment that shows it
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  What is found in the session whose id begins so, and then the moment itself:
    ssm-rec rules check me-0a1b
    ssm-rec play me-0a1b@0:12:03.120

  Everything, for a program:
    ssm-rec rules check --severity info --json demo.cast.zst

The recording is read from its beginning; what its manifest claims is told where it differs.

The exit status is 0 when nothing of that severity is found, 1 when something is, 3 for a
recording that is cut short and 4 for one that is damaged, whatever is found in it.")]
pub(super) struct CheckArgs {
    /// Session id or the beginning of one, path, s3://bucket/key, https://…, or - for stdin
    #[arg(value_name = "RECORDING", add = ArgValueCompleter::new(recordings))]
    name: String,

    /// What is less grave is not shown: info, low, medium, high or critical
    #[arg(long, value_name = "LEAST", default_value = "medium", value_parser = severity)]
    severity: Severity,

    /// As JSON, one object a finding; the last one is of the set
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    identity: IdentityArgs,

    #[command(flatten)]
    store: StoreArgs,
}

/// Runs the command.
pub(super) fn run(args: &CheckArgs) -> CommandResult {
    let settings = Settings::load_to_read(&args.store.flags())?;
    let identities = args.identity.identities(&settings);
    let set = settings.rules.set().map_err(anyhow::Error::from)?;
    let named = named::open(&args.name, &settings, Look::Inside("rules"))?;
    let judged = named.judged();
    let label = named.label.clone();
    let found = of(named, &identities, &set)?;
    let id = found
        .summary
        .header
        .ssm
        .as_ref()
        .map_or(label.as_str(), |session| session.session_id.as_str());
    let (shown, below): (Vec<&Found>, Vec<&Found>) = found
        .verdict
        .found
        .iter()
        .partition(|found| found.severity >= args.severity);
    print(&match args.json {
        true => json(&found, &shown, id),
        false => table(&shown, id),
    });
    if !args.json {
        for told in remarks(&found, &below) {
            message::say(&told);
        }
    }
    if let Some(broken) = &found.broken {
        return Err(Failure::new(
            Status::Damaged,
            anyhow!("{label:?} is damaged: {broken}"),
        ));
    }
    Ok(match judged.result(&label)? {
        Status::Success if !shown.is_empty() => Status::Failure,
        other => other,
    })
}

/// What the rules find in a recording.
///
/// # Errors
/// It is no recording, cannot be read, or nothing opens it.
pub(in crate::cli) fn of(
    named: Named,
    identities: &Identities,
    set: &RuleSet,
) -> Result<Judged, Failure> {
    let what = format!("cannot look at {:?}", named.label);
    let is = named.judged().ended();
    let found = match named.bytes {
        Bytes::Seekable(bytes) => judge(bytes, identities, set, is, None),
        Bytes::Stream(mut stream) => {
            let mut kept = tempfile::tempfile()?;
            std::io::copy(&mut stream, &mut kept).map_err(|error| named::unread(&error, &what))?;
            kept.rewind()?;
            let is = ended(&mut kept, identities).ok().flatten();
            kept.rewind()?;
            judge(kept, identities, set, is, None)
        }
    };
    found.map_err(|error| match error.source_failure() {
        Some(failure) => named::unread(failure, &what),
        None => Failure::from(error).context(what),
    })
}

/// One finding of a rule, for a program.
#[derive(Serialize)]
struct Json<'a> {
    rule: &'a str,
    name: &'a str,
    severity: Severity,
    count: u64,
    first: Option<u64>,
    hits: Vec<JsonHit<'a>>,
}

#[derive(Serialize)]
struct JsonHit<'a> {
    at: u64,
    looks_at: crate::rules::LooksAt,
    #[serde(skip_serializing_if = "Option::is_none")]
    command: Option<u64>,
    text: &'a str,
    play: String,
}

fn json(judged: &Judged, shown: &[&Found], id: &str) -> String {
    let mut text = String::new();
    for found in shown {
        let hit = |hit| JsonHit::of(hit, id);
        text.push_str(&words::json(&Json {
            rule: &found.rule,
            name: &found.name,
            severity: found.severity,
            count: found.count,
            first: found.first,
            hits: found.hits.iter().map(hit).collect(),
        }));
        text.push('\n');
    }
    let differences: Vec<_> = judged
        .differences()
        .into_iter()
        .map(|difference| {
            serde_json::json!({
                "rule": difference.rule,
                "claimed": difference.claimed,
                "found": difference.found,
            })
        })
        .collect();
    let Verdict { set, cut, .. } = &judged.verdict;
    let of_set = serde_json::json!({
        "session": id,
        "set": set,
        "version": RuleSet::VERSION,
        "cut": cut,
        "claim": judged.claim(),
        "differences": differences,
    });
    text.push_str(&words::json(&of_set));
    text.push('\n');
    text
}

impl<'a> JsonHit<'a> {
    fn of(hit: &'a Hit, id: &str) -> Self {
        Self {
            at: hit.at,
            looks_at: hit.looks_at,
            command: hit.command,
            text: &hit.text,
            play: moment(id, hit.at),
        }
    }
}

fn moment(id: &str, at: u64) -> String {
    format!("{id}@{}", time::write_clock(Duration::from_millis(at)))
}

fn table(shown: &[&Found], id: &str) -> String {
    let mut rows = vec![["severity", "rule", "moment", "what"].map(str::to_owned)];
    for found in shown {
        for hit in &found.hits {
            rows.push([
                found.severity.name().to_owned(),
                found.rule.clone(),
                printable(&moment(id, hit.at)),
                printable(&hit.text),
            ]);
        }
        let more = found.count.saturating_sub(found.hits.len() as u64);
        if more > 0 {
            let more = format!("… and {more} more");
            rows.push([String::new(), found.rule.clone(), String::new(), more]);
        }
    }
    if rows.len() == 1 {
        return String::new();
    }
    let mut widths = [0; 3];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut text = String::new();
    for row in rows {
        for (cell, width) in row.iter().zip(widths) {
            text.push_str(cell);
            text.extend(std::iter::repeat_n(' ', width + 2 - cell.chars().count()));
        }
        text.push_str(&row[3]);
        text.push('\n');
    }
    text
}

/// What there is to say besides.
fn remarks(judged: &Judged, below: &[&Found]) -> Vec<String> {
    let verdict = &judged.verdict;
    let mut told = Vec::new();
    if !below.is_empty() {
        let names: Vec<&str> = below.iter().map(|found| found.rule.as_str()).collect();
        told.push(format!(
            "less grave: {}; see them with --severity info",
            names.join(", ")
        ));
    }
    if verdict.cut > 0 {
        told.push(format!(
            "{} texts are longer than is looked at",
            verdict.cut
        ));
    }
    for difference in judged.differences() {
        told.push(format!(
            "the manifest claims {} of {}, and there are {}",
            difference.claimed, difference.rule, difference.found
        ));
    }
    match judged.claim() {
        Some(claim) if claim.set != verdict.set => told.push(format!(
            "the client asked other rules, the set {}",
            claim.set
        )),
        _ => {}
    }
    told.push(format!(
        "asked: the set {}, version {}",
        verdict.set,
        RuleSet::VERSION
    ));
    told
}
