//! `ssm-rec list`: which recordings there are, newest first.
//!
//! Nothing from a recording reaches the terminal as it is: every text is made harmless first.

use std::io::Write;
use std::time::Duration;

use anyhow::anyhow;
use chrono::{DateTime, Local};
use formats::manifest::Manifest;
use serde::Serialize;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::cli::args::filter::{FilterArgs, GRAMMAR};
use crate::cli::args::store::StoreArgs;
use crate::cli::exit::{CommandResult, Failure, Status};
use crate::cli::signers::allowed_signers;
use crate::cli::{message, named};
use crate::envelope::Identities;
use crate::review::catalog::{Entry, Filter, Listing, Name, State};
use crate::review::condition::Facts;
use crate::review::summary::Ended;
use crate::settings::Settings;
use crate::terminal;
use crate::words::{self, causes, printable, size, time};

const HELP: &str = "\
Examples:
  The last ten sessions:
    ssm-rec list --limit 10

  Who was on a machine this week, and why:
    ssm-rec list --target i-0abc --since 7d

  What is in another bucket, or in a folder:
    ssm-rec list s3://example-recordings/team-b --since 2026-11-01 --until 2026-12-01

  The sessions of one ticket, for a program:
    ssm-rec list --reason ticket-42 --json | jq -r .session_id

  Long ones, and those that did not end well:
    ssm-rec list --since 30d --where 'duration > 1h or not exit = closed'

  Who ran something, outside of a ticket:
    ssm-rec list --since 7d --where 'command ~ \"rm -rf\" and not reason = \"ticket-*\"'

With --since or --until, only those days are asked of a bucket. Texts match in part and in any case of letters. Times are in the local time zone unless they say otherwise.

";

/// List recordings, newest first
#[derive(Debug, clap::Args)]
#[command(after_help = HELP.to_owned() + GRAMMAR)]
pub(crate) struct ListArgs {
    /// A store to list in place of the usual one (a directory, s3://bucket/prefix), the beginning of session ids, or
    /// one recording by its path or address
    #[arg(value_name = "STORE|RECORDING")]
    name: Option<String>,

    #[command(flatten)]
    filter: FilterArgs,

    /// At most this many
    #[arg(short = 'n', long, value_name = "NUMBER")]
    limit: Option<usize>,

    /// One manifest per line, as JSON
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    store: StoreArgs,
}

/// Runs the command.
pub(crate) fn run(args: &ListArgs) -> CommandResult {
    let of = Of::what(args)?;
    let settings = Settings::load_to_read(&of.store.flags())?;
    let filter = Filter {
        session: of.session,
        ..args.filter.filter()?
    };
    let limit = args.limit.unwrap_or(usize::MAX);
    let (listing, ended, place) = match of.recording {
        Some(name) => {
            let (listing, ended) = one(&name, &settings, &filter, limit)?;
            (listing, ended, name)
        }
        None => {
            let places = settings.places_to_read()?;
            let mut catalog = named::catalog(&places).remembering(settings.cache());
            if filter.condition.needs().signers {
                catalog = catalog.knowing(allowed_signers(&settings)?);
            }
            let listing = catalog.list(&filter, limit)?;
            (listing, Ended::Complete, places.store.location())
        }
    };
    let text = if args.json {
        json(&listing)
    } else {
        let width = terminal::stdout_is_terminal()
            .then(terminal::size)
            .flatten()
            .map(|size| usize::from(size.cols));
        table(&listing.entries, width)
    };
    // A reader that has seen enough is no failure.
    let _ = std::io::stdout().lock().write_all(text.as_bytes());
    if listing.entries.is_empty() && !args.json {
        message::say(&format!("no recordings in {place:?}"));
    }
    if listing.unknown > 0 {
        let (sessions, tell) = match listing.unknown {
            1 => ("session", "does"),
            _ => ("sessions", "do"),
        };
        message::say(&format!(
            "{} {sessions} left out that {tell} not tell what was asked for",
            listing.unknown
        ));
    }
    for problem in &listing.problems {
        let error = causes(&problem.error);
        message::say(&format!("{:?} does not read: {error}", problem.location));
    }
    Ok(match ended {
        _ if !listing.problems.is_empty() => Status::Damaged,
        Ended::Complete => Status::Success,
        Ended::CutShort(_) => {
            message::say(&format!("{place:?} is cut short"));
            Status::CutShort
        }
        Ended::Damaged(cause) => {
            message::say(&format!("{place:?} is damaged: {cause}"));
            Status::Damaged
        }
    })
}

/// What a person wants a list of.
struct Of {
    store: StoreArgs,
    session: Option<String>,
    recording: Option<String>,
}

impl Of {
    fn what(args: &ListArgs) -> Result<Self, Failure> {
        let mut of = Self {
            store: args.store.clone(),
            session: None,
            recording: None,
        };
        let Some(name) = &args.name else {
            return Ok(of);
        };
        let is_recording = name.ends_with(".cast") || name.ends_with(".cast.zst");
        let is_store = match Name::of(name) {
            Name::Object(_) => !is_recording,
            Name::Path(path) => path.is_dir() || !is_recording && !path.exists(),
            Name::Session(_) => std::path::Path::new(name).is_dir(),
            Name::Page(_) | Name::Foreign(_) | Name::Stdin => false,
        };
        if is_store && of.store.store.replace(name.clone()).is_some() {
            return Err(Failure::new(
                Status::Usage,
                anyhow!("there are two stores: {name:?} and that of --store"),
            ));
        }
        match Name::of(name) {
            _ if is_store => {}
            Name::Session(id) => of.session = Some(id),
            _ => of.recording = Some(name.clone()),
        }
        Ok(of)
    }
}

/// One recording as a list.
fn one(
    name: &str,
    settings: &Settings,
    filter: &Filter,
    limit: usize,
) -> Result<(Listing, Ended), Failure> {
    let named = named::open(name, settings)?;
    let (summary, location) = named.summary(&Identities::none())?;
    let session = summary.header.ssm.clone().unwrap_or_default();
    let state = match summary.manifest {
        Some(_) => State::Stored,
        None => State::WithoutManifest,
    };
    let mut manifest = summary.manifest.unwrap_or_else(|| {
        let mut manifest = Manifest::of_session(&session);
        manifest.duration_us = u64::try_from(summary.duration.as_micros()).unwrap_or(u64::MAX);
        manifest
    });
    if manifest.session_id.is_empty() {
        manifest.session_id = name.rsplit('/').next().unwrap_or(name).to_owned();
    }
    let mut listing = Listing::default();
    let facts = Facts {
        state: Some(state),
        ..Facts::of(&manifest)
    };
    match filter.judge(&facts) {
        Some(true) if limit > 0 => listing.entries.push(Entry {
            manifest,
            state,
            location: location.unwrap_or_else(|| name.to_owned()),
        }),
        None => listing.unknown = 1,
        Some(_) => {}
    }
    Ok((listing, summary.ended))
}

/// A manifest and where the recording is.
#[derive(Serialize)]
struct Line<'a> {
    state: &'static str,
    location: &'a str,
    #[serde(flatten)]
    manifest: &'a Manifest,
}

fn json(listing: &Listing) -> String {
    let mut text = String::new();
    for entry in &listing.entries {
        let line = Line {
            state: entry.state.name(),
            location: &entry.location,
            manifest: &entry.manifest,
        };
        text.push_str(&words::json(&line));
        text.push('\n');
    }
    text
}

const COLUMNS: [&str; 8] = [
    "SESSION", "STARTED", "DURATION", "TARGET", "OPERATOR", "REASON", "SIZE", "COMMANDS",
];
const DURATION: usize = 2;
const SIZE: usize = 6;
const COMMANDS: usize = 7;
/// The columns that give way in a narrow terminal, and how narrow they may get. A session id is never cut: it is what
/// the other commands want to be given.
const FLEXIBLE: [(usize, usize); 3] = [(5, 8), (4, 8), (3, 10)];
/// The columns that go when that is not enough: most session ids begin with the operator's name.
const DISPENSABLE: [usize; 3] = [7, 4, 6];
const GAP: usize = 2;

fn table(entries: &[Entry], width: Option<usize>) -> String {
    if entries.is_empty() {
        return String::new();
    }
    let rows: Vec<[String; 8]> = entries.iter().map(row).collect();
    let mut widths = COLUMNS.map(UnicodeWidthStr::width);
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.width());
        }
    }
    let columns = layout(&mut widths, width.unwrap_or(usize::MAX));
    let mut text = String::new();
    for cells in std::iter::once(COLUMNS.map(str::to_owned)).chain(rows) {
        let mut line = String::new();
        for &column in &columns {
            let cell = fit(&cells[column], widths[column]);
            let padding = " ".repeat(widths[column].saturating_sub(cell.width()));
            if column > 0 {
                line.push_str(&" ".repeat(GAP));
            }
            if matches!(column, DURATION | SIZE | COMMANDS) {
                line.push_str(&padding);
                line.push_str(&cell);
            } else {
                line.push_str(&cell);
                line.push_str(&padding);
            }
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// Chooses columns and makes them narrower until a row is at most `limit` wide, as far as that goes.
fn layout(widths: &mut [usize; 8], limit: usize) -> Vec<usize> {
    let natural = *widths;
    let mut columns: Vec<usize> = (0..COLUMNS.len()).collect();
    let mut dispensable = DISPENSABLE.iter();
    loop {
        *widths = natural;
        let mut total =
            columns.iter().map(|&column| widths[column]).sum::<usize>() + GAP * (columns.len() - 1);
        while total > limit {
            // The widest gives way first, so that no column is cut while a wider one stands.
            let widest = FLEXIBLE
                .iter()
                .filter(|(column, least)| columns.contains(column) && widths[*column] > *least)
                .max_by_key(|(column, _)| widths[*column]);
            let Some((column, _)) = widest else {
                break;
            };
            widths[*column] -= 1;
            total -= 1;
        }
        match dispensable.next() {
            Some(dropped) if total > limit => columns.retain(|column| column != dropped),
            _ => return columns,
        }
    }
}

fn row(entry: &Entry) -> [String; 8] {
    let manifest = &entry.manifest;
    let started = manifest
        .started_at
        .as_deref()
        .and_then(|text| DateTime::parse_from_rfc3339(text).ok())
        .map(|time| {
            time.with_timezone(&Local)
                .format("%Y-%m-%d %H:%M")
                .to_string()
        });
    let operator = manifest.operator.as_deref().map(last_of_arn);
    let (duration, size) = match entry.state {
        State::Stored => (
            time::write(Duration::from_micros(manifest.duration_us)),
            size::write(manifest.sizes.compressed),
        ),
        State::WithoutManifest => ("no end".to_owned(), String::new()),
        State::InSpool => ("in spool".to_owned(), String::new()),
    };
    [
        printable(&manifest.session_id),
        started.unwrap_or_default(),
        duration,
        printable(&manifest.target),
        printable(operator.or(manifest.user.as_deref()).unwrap_or_default()),
        printable(manifest.reason.as_deref().unwrap_or_default()),
        size,
        manifest
            .derived
            .as_ref()
            .map_or_else(String::new, |derived| derived.commands.count.to_string()),
    ]
}

/// `alice` of `arn:aws:sts::123456789012:assumed-role/Admin/alice`
fn last_of_arn(arn: &str) -> &str {
    arn.rsplit(['/', ':']).next().unwrap_or(arn)
}

/// At most `width` cells of `text`, with a mark where it was cut.
fn fit(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut out = String::new();
    let mut used = 1;
    for c in text.chars() {
        used += c.width().unwrap_or(0);
        if used > width {
            break;
        }
        out.push(c);
    }
    out.push('…');
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use formats::manifest::Sizes;

    fn entry(id: &str, target: &str, reason: &str) -> Entry {
        Entry {
            manifest: Manifest {
                session_id: id.into(),
                target: target.into(),
                reason: Some(reason.into()),
                operator: Some("arn:aws:sts::1:assumed-role/Admin/alice".into()),
                started_at: Some("2026-11-23T10:00:00Z".into()),
                duration_us: 65_000_000,
                sizes: Sizes {
                    compressed: 12_345,
                    ..Sizes::default()
                },
                ..Manifest::default()
            },
            state: State::Stored,
            location: "/store/x".into(),
        }
    }

    #[test]
    fn a_table_fits_the_terminal_and_keeps_whole_ids() {
        let entries = [
            entry(
                "alice-0123456789abcdef0",
                "i-0123456789abcdef0",
                "a long reason that nobody can show in so few columns",
            ),
            entry("bob-1", "i-0abc", "漢字漢字漢字漢字漢字漢字漢字漢字漢字"),
        ];
        for width in [80, 100, 200] {
            let text = table(&entries, Some(width));
            for line in text.lines() {
                assert!(line.width() <= width, "{width}: {line:?}");
            }
            assert!(text.contains("alice-0123456789abcdef0"), "{text}");
            assert!(text.contains("1m05s") && text.contains("a long"), "{text}");
        }
        let whole = table(&entries, None);
        assert!(whole.contains("so few columns") && whole.contains("12 kB"));
        assert!(!whole.contains('…'));
    }

    #[test]
    fn hostile_texts_stay_on_their_line() {
        let text = table(&[entry("x\x1b[2J", "i\n-1", "\u{202e}evil")], Some(120));
        assert_eq!(text.lines().count(), 2);
        assert!(!text.contains(['\x1b', '\u{202e}']));
    }

    #[test]
    fn json_is_one_manifest_a_line_with_its_place() {
        let listing = Listing {
            entries: vec![entry("a", "i-1", "line\nbreak")],
            ..Listing::default()
        };
        let text = json(&listing);
        assert_eq!(text.lines().count(), 1);
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value["session_id"], "a");
        assert_eq!(value["reason"], "line\nbreak");
        assert_eq!(value["state"], "stored");
        assert_eq!(value["location"], "/store/x");
    }
}
