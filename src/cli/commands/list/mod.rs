//! `ssm-rec list`: which recordings there are, newest first or in another order.
//!
//! Nothing from a recording reaches the terminal as it is: every text is made harmless first.

mod column;
mod judged;
mod table;

use std::io::Write;

use anyhow::anyhow;
use formats::manifest::Manifest;
use serde::Serialize;

use self::column::Column;
use self::table::table;
use super::man::topics::FILTERS;
use crate::cli::args::filter::FilterArgs;
use crate::cli::args::identity::IdentityArgs;
use crate::cli::args::store::StoreArgs;
use crate::cli::exit::{CommandResult, Failure, Status};
use crate::cli::signers::allowed_signers;
use crate::cli::views::Look;
use crate::cli::{cost, message, named};
use crate::envelope::Identities;
use crate::review::catalog::{Entry, Filter, Listing, Name, Order, State};
use crate::review::condition::Facts;
use crate::review::summary::Ended;
use crate::settings::Settings;
use crate::terminal;
use crate::words::{self, causes, csv};

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

Times are in the local time zone unless they say otherwise. What a text of a flag matches, which days a bucket is asked for and \
what opens encrypted sessions: ssm-rec man filters.

";

/// List recordings, newest first
#[derive(Debug, clap::Args)]
#[command(after_help = HELP.to_owned() + FILTERS.part("EXPRESSIONS"))]
pub(crate) struct ListArgs {
    /// A store to list in place of the usual one (a directory, s3://bucket/prefix), the beginning of session ids, or
    /// one recording by its path or address
    #[arg(value_name = "STORE|RECORDING")]
    name: Option<String>,

    #[command(flatten)]
    filter: FilterArgs,

    /// Only sessions that are to be judged (review.queue) and are not
    #[arg(long)]
    unreviewed: bool,

    /// Only those that were to be judged by now and are not
    #[arg(long)]
    overdue: bool,

    /// Only those whose last verdict that counts is this: ok, follow-up, incident
    #[arg(long, value_name = "VERDICT", value_parser = ["ok", "follow-up", "incident"], conflicts_with_all = ["unreviewed", "overdue"])]
    verdict: Option<String>,

    /// At most this many; in another order than newest first, all manifests are read for them
    #[arg(short = 'n', long, value_name = "NUMBER")]
    limit: Option<usize>,

    /// By started (newest first), duration, size, commands (the largest first), target or operator (by letters); with a - in
    /// front the other way round
    #[arg(
        long,
        value_name = "COLUMN",
        allow_hyphen_values = true,
        default_value = "started",
        hide_default_value = true
    )]
    sort: Order,

    /// The other way round
    #[arg(long)]
    reverse: bool,

    /// These columns, in this order: session, started, duration, target, operator, reason, size, commands, ended, state, kind,
    /// exit, document, account, region, user, host, location, risk (the gravest that rules found, as the client claims)
    #[arg(
        long,
        value_name = "COLUMN,…",
        value_delimiter = ',',
        conflicts_with = "json"
    )]
    columns: Vec<Column>,

    /// One manifest per line, as JSON
    #[arg(long, conflicts_with = "csv")]
    json: bool,

    /// As CSV (RFC 4180), with a head: all columns unless --columns names some; times in UTC, seconds, bytes; a ' in front of a
    /// text that a spreadsheet would take for a formula
    #[arg(long)]
    csv: bool,

    /// Tell at the end how many requests the store was asked, and how many bytes came back
    #[arg(long)]
    stats: bool,

    #[command(flatten)]
    identity: IdentityArgs,

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
    let order = Order {
        is_reversed: args.sort.is_reversed != args.reverse,
        ..args.sort
    };
    let mut traffic = None;
    let (listing, ended, place) = match of.recording {
        Some(name) => {
            let (listing, ended) = one(&name, &settings, &filter, limit)?;
            (listing, ended, name)
        }
        None => {
            let places = settings.places_to_read()?;
            let catalog = named::catalog(&places)
                .remembering(settings.cache())
                .knowing(allowed_signers(&settings)?)
                .opening(args.identity.shared(&settings).1);
            let listing = match args.asks_reviews() {
                false => catalog.list_by(order, &filter, limit)?,
                true => args.judged(&catalog, &settings, order, &filter)?,
            };
            traffic = Some(catalog.traffic());
            (listing, Ended::Complete, places.store.location())
        }
    };
    let columns = |usual: &'static [Column]| match args.columns[..] {
        [] => usual.to_vec(),
        ref some => some.to_vec(),
    };
    let text = if args.json {
        json(&listing)
    } else if args.csv {
        as_csv(&listing.entries, &columns(&column::ALL))
    } else {
        let width = terminal::stdout_is_terminal()
            .then(terminal::size)
            .flatten()
            .map(|size| usize::from(size.cols));
        let fixed = !args.columns.is_empty();
        table(&listing.entries, &columns(column::TABLE), fixed, width)
    };
    // A reader that has seen enough is no failure.
    let _ = std::io::stdout().lock().write_all(text.as_bytes());
    if listing.entries.is_empty() && !args.json && !args.csv {
        let asked = match filter == Filter::default() && !args.asks_reviews() {
            true => "",
            false => " that are asked for",
        };
        message::say(&format!("no recordings in {place:?}{asked}"));
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
    if args.stats {
        let nothing = || "one recording was read, and nothing was listed".to_owned();
        message::say(&traffic.map_or_else(nothing, |traffic| cost::told(traffic, &place)));
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
    let named = named::open(name, settings, Look::Beside)?;
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

/// RFC 4180, with a head.
fn as_csv(entries: &[Entry], columns: &[Column]) -> String {
    let head = columns.iter().map(|column| column.name().to_owned());
    let mut rows = vec![head.collect::<Vec<_>>()];
    rows.extend(entries.iter().map(|entry| {
        let fields = columns.iter().map(|column| column.field(entry));
        fields.collect()
    }));
    let lines = rows.into_iter().map(|row| row.join(",") + csv::END);
    lines.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use formats::manifest::Sizes;
    use unicode_width::UnicodeWidthStr;

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
            let text = table(&entries, column::TABLE, false, Some(width));
            for line in text.lines() {
                assert!(line.width() <= width, "{width}: {line:?}");
            }
            assert!(text.contains("alice-0123456789abcdef0"), "{text}");
            assert!(text.contains("1m05s") && text.contains("a long"), "{text}");
        }
        let whole = table(&entries, column::TABLE, false, None);
        assert!(whole.contains("so few columns") && whole.contains("12 kB"));
        assert!(!whole.contains('…'));
    }

    #[test]
    fn hostile_texts_stay_on_their_line() {
        let entries = [entry("x\x1b[2J", "i\n-1", "\u{202e}evil")];
        let text = table(&entries, column::TABLE, false, Some(120));
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

    #[test]
    fn csv_is_for_programs_and_no_formula_comes_out_of_it() {
        let entries = [entry("a", "i-1", "=1+\"2\",3\n4")];
        let text = as_csv(&entries, &column::ALL);
        let mut lines = text.split("\r\n");
        let names = lines.next().unwrap();
        assert!(names.starts_with("session,started,duration,"), "{names}");
        assert_eq!(names.split(',').count(), column::ALL.len());
        let row = lines.next().unwrap();
        let expected = "a,2026-11-23T10:00:00Z,65.000000,i-1,arn:aws:sts::1:assumed-role/Admin/alice,\"'=1+\"\"2\"\",3 4\",12345,,,stored,shell,,,,,,,/store/x,";
        assert_eq!(row, expected);
        let running = Entry {
            state: State::InSpool,
            ..entries[0].clone()
        };
        let chosen = ["duration", "state", "session"].map(|name| name.parse().unwrap());
        assert_eq!(
            as_csv(&[running], &chosen),
            "duration,state,session\r\n,in_spool,a\r\n"
        );
        let error = "targt".parse::<Column>().unwrap_err();
        assert_eq!(error, "did you mean \"target\"?");
    }

    #[test]
    fn columns_that_were_asked_for_stay_in_their_order_in_a_narrow_terminal() {
        let entries = [entry(
            "alice-1",
            "i-1",
            "a long reason that nobody can show in so few columns",
        )];
        let columns = [
            Column::Reason,
            Column::Commands,
            Column::Size,
            Column::Session,
        ];
        let text = table(&entries, &columns, true, Some(40));
        let head: Vec<&str> = text.lines().next().unwrap().split_whitespace().collect();
        assert_eq!(head, ["REASON", "COMMANDS", "SIZE", "SESSION"]);
        assert!(text.lines().all(|line| line.width() <= 40), "{text}");
    }
}
