//! `ssm-rec verify`: what recordings are worth as evidence, one line each, and the exit status of the worst.
//!
//! Nothing here is repaired, and the key of an encrypted recording is needed for its text alone.

pub(super) mod words;

use std::collections::VecDeque;
use std::io::{IsTerminal, Read, Seek, Write};
use std::sync::{Mutex, PoisonError, mpsc};

use anyhow::anyhow;
use indicatif::{ProgressBar, ProgressState, ProgressStyle};

use self::words::{Looked, json, line, summary_word};
use crate::cli::args::filter::FilterArgs;
use crate::cli::args::identity::{IdentityArgs, Opener};
use crate::cli::args::store::StoreArgs;
use crate::cli::completion::recordings;
use crate::cli::exit::{CommandResult, Failure, Status};
use crate::cli::message;
use crate::cli::named::{self, Bytes};
use crate::cli::signers::allowed_signers;
use crate::envelope::Identities;
use crate::review::catalog::{Catalog, Filter, Item, Name};
use crate::review::chosen::chosen;
use crate::review::derived::{self, Compared};
use crate::review::identity;
use crate::review::verify::{Asked, Demands, Finding, State, Text, check, check_chain};
use crate::settings::{Settings, review};
use crate::spool::Spool;
use crate::words::{causes, time};
use clap_complete::engine::ArgValueCompleter;

/// Files are read this many at a time, at most: a disk gains nothing from more, and a bucket little.
const AT_ONCE: usize = 8;

/// Check that recordings are complete, unaltered and signed
#[derive(Debug, clap::Args)]
#[command(mut_group("FilterArgs", |filter| filter.requires("all")))]
#[command(after_help = words::HELP)]
pub(crate) struct VerifyArgs {
    /// Session ids or the beginnings of some, paths, s3:// or http(s):// addresses, or - for stdin
    #[arg(value_name = "RECORDING", required_unless_present = "all", add = ArgValueCompleter::new(recordings))]
    names: Vec<String>,

    /// Everything in the store and in the spool
    #[arg(long, conflicts_with = "names")]
    all: bool,

    /// Whose signatures count: a file as ssh-keygen(1) describes it [config: review.allowed_signers]
    #[arg(long, value_name = "FILE")]
    allowed_signers: Option<String>,

    /// Only signatures of this one of them count
    #[arg(long, value_name = "PRINCIPAL")]
    signer: Option<String>,

    /// Every recording must be signed; implied by allowed signers
    #[arg(long)]
    require_signature: bool,

    /// Recordings that are not signed pass, also where allowed signers are known
    #[arg(long, conflicts_with = "require_signature")]
    allow_unsigned: bool,

    #[command(flatten)]
    filter: FilterArgs,

    /// Check the chain and the signature alone; nothing is decoded, and the line says so
    #[arg(long)]
    quick: bool,

    /// Also make lines and commands again, and compare what the store has of them
    #[arg(long, conflicts_with = "quick")]
    derived: bool,

    /// One line of JSON for each recording
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    identity: IdentityArgs,

    #[command(flatten)]
    store: StoreArgs,
}

/// Runs the command.
pub(crate) fn run(args: &VerifyArgs) -> CommandResult {
    let flags = args.store.flags();
    let flags = flags.with(
        &review::ALLOWED_SIGNERS,
        "--allowed-signers",
        args.allowed_signers.clone(),
    );
    let settings = Settings::load_to_read(&flags)?;
    let demands = demands(args, &settings)?;
    let (identities, opener) = args.identity.shared(&settings);
    let look = Look {
        demands: &demands,
        identities: &identities,
        is_quick: args.quick,
        is_derived: args.derived,
        threads: std::thread::available_parallelism().map_or(1, usize::from),
    };
    if args.all {
        all(args, &settings, opener, look)
    } else {
        each(args, &settings, look)
    }
}

/// What a recording is worth, for whoever looks at it meanwhile: by what the settings ask for, and with one thread.
pub(super) fn judge(
    name: &str,
    settings: &Settings,
    identities: &Identities,
) -> Result<Finding, Failure> {
    let signers = allowed_signers(settings)?;
    let demands = Demands {
        signature: signers.is_some(),
        signers,
        principal: None,
    };
    let by = Look {
        demands: &demands,
        identities,
        is_quick: false,
        is_derived: false,
        threads: 1,
    };
    match Name::of(name) {
        Name::Session(id) => {
            let catalog = named::catalog(&settings.places_to_read()?);
            let item = catalog.find(&id)?;
            Ok(look(&catalog, &item, by).finding)
        }
        _ => by.file(name, settings).map(|(_, finding)| finding),
    }
}

/// How recordings are looked at.
#[derive(Clone, Copy)]
struct Look<'a> {
    demands: &'a Demands,
    identities: &'a Identities,
    is_quick: bool,
    is_derived: bool,
    /// So many threads may look at one recording.
    threads: usize,
}

impl Look<'_> {
    fn at(self, bytes: impl Read + Seek + Send, asked: Asked<'_>) -> Finding {
        match self.is_quick {
            true => check_chain(bytes, asked, self.demands),
            false => {
                let text = Text {
                    unlock: self.identities,
                    threads: self.threads,
                };
                check(bytes, text, asked, self.demands)
            }
        }
    }

    /// One that was named by where it lies.
    fn file(
        self,
        name: &str,
        settings: &Settings,
    ) -> Result<((String, Option<String>), Finding), Failure> {
        let (named, _) = named::find(name, settings)?;
        let asked = Asked {
            key: named.location.as_deref().and_then(identity::key_in),
            beside: None,
        };
        let finding = match named.bytes {
            Bytes::Seekable(bytes) => self.at(bytes, asked),
            Bytes::Stream(bytes) => self.at_stream(bytes, asked)?,
        };
        Ok(((named.label, named.location), finding))
    }

    /// What comes through a pipe is kept in a file, where its text is to be looked into: that is read twice.
    fn at_stream(self, mut stream: impl Read, asked: Asked<'_>) -> Result<Finding, Failure> {
        if self.is_quick {
            return Ok(check_chain(stream, asked, self.demands));
        }
        let mut kept = tempfile::tempfile()?;
        std::io::copy(&mut stream, &mut kept)
            .map_err(|error| named::unread(&error, "cannot read it all"))?;
        kept.rewind()?;
        Ok(self.at(kept, asked))
    }
}

fn demands(args: &VerifyArgs, settings: &Settings) -> Result<Demands, Failure> {
    let signers = allowed_signers(settings)?;
    if signers.is_none() && args.signer.is_some() {
        return Err(Failure::new(
            Status::Usage,
            anyhow!("nothing says which keys are those of --signer"),
        )
        .hint("name a file with --allowed-signers"));
    }
    Ok(Demands {
        signature: args.require_signature || (signers.is_some() && !args.allow_unsigned),
        signers,
        principal: args.signer.clone(),
    })
}

/// The recordings that were named, in their order.
fn each(args: &VerifyArgs, settings: &Settings, by: Look<'_>) -> Result<Status, Failure> {
    let mut worst = Status::Success;
    let mut inventory: Option<(Catalog, Vec<Item>)> = None;
    for name in &args.names {
        let looked = match Name::of(name) {
            Name::Session(id) => {
                let (catalog, items) = match &mut inventory {
                    Some(known) => known,
                    none => {
                        let catalog = named::catalog(&settings.places_to_read()?);
                        let items = catalog.inventory(&Filter::default())?;
                        none.insert((catalog, items))
                    }
                };
                let item = chosen(&id, catalog.location(), &*items, |item| item.key())?;
                look(catalog, item, by)
            }
            _ if args.derived => {
                return Err(Failure::new(
                    Status::Usage,
                    anyhow!("beside {name:?} lies nothing that was derived from it"),
                )
                .hint("name the session, of which the store has its lines and commands"));
            }
            _ => {
                let ((name, location), finding) = by.file(name, settings)?;
                Looked {
                    name,
                    location,
                    finding,
                    derived: None,
                }
            }
        };
        tell(&looked, args);
        worst = worse(worst, status(&looked));
    }
    Ok(worst)
}

/// Everything that there is, several at a time, told in the order of their ids.
fn all(
    args: &VerifyArgs,
    settings: &Settings,
    opener: Option<Opener>,
    by: Look<'_>,
) -> Result<Status, Failure> {
    let places = settings.places_to_read()?;
    let catalog = named::catalog(&places)
        .knowing(by.demands.signers.clone())
        .opening(opener);
    let filter = args.filter.filter()?;
    let mut items = catalog.inventory(&filter)?;
    // A session that still runs is not cut short.
    let running: Vec<String> = Spool::new(places.spool.clone())
        .waiting()
        .unwrap_or_default()
        .into_iter()
        .filter(|waiting| waiting.claimed)
        .map(|waiting| waiting.name)
        .collect();
    let before = items.len();
    items.retain(|item| {
        let in_spool = item.state() == Some(crate::review::catalog::State::InSpool);
        !in_spool
            || !item
                .file_name()
                .is_some_and(|name| running.iter().any(|running| running == name))
    });
    let skipped = before - items.len();
    let bar = bar(items.len());
    let mut worst = Status::Success;
    let mut counts: Vec<(String, usize)> = Vec::new();
    let threads = std::thread::available_parallelism()
        .map_or(2, usize::from)
        .min(AT_ONCE);
    // Those who look at several have no threads left for one.
    let by = match items.len() < threads {
        true => by,
        false => Look { threads: 1, ..by },
    };
    let queue = Mutex::new(items.iter().enumerate().collect::<VecDeque<_>>());
    std::thread::scope(|scope| {
        let (tell_of, told) = mpsc::sync_channel(threads);
        for _ in 0..threads {
            let (tell_of, queue, catalog) = (tell_of.clone(), &queue, &catalog);
            scope.spawn(move || {
                loop {
                    let next = queue
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .pop_front();
                    let Some((number, item)) = next else {
                        return;
                    };
                    if tell_of.send((number, look(catalog, item, by))).is_err() {
                        return;
                    }
                }
            });
        }
        drop(tell_of);
        // What is done before its turn waits; it is a line of text each.
        let mut early = std::collections::BTreeMap::new();
        let mut next = 0;
        for (number, looked) in told {
            bar.inc(1);
            early.insert(number, looked);
            while let Some(looked) = early.remove(&next) {
                next += 1;
                worst = worse(worst, status(&looked));
                let words = summary_word(&looked.finding);
                match counts.iter_mut().find(|(known, _)| *known == words) {
                    Some((_, count)) => *count += 1,
                    None => counts.push((words, 1)),
                }
                bar.suspend(|| tell(&looked, args));
            }
        }
    });
    bar.finish_and_clear();
    if !args.json {
        let mut words: Vec<String> = counts
            .iter()
            .map(|(word, count)| format!("{count} {word}"))
            .collect();
        if skipped > 0 {
            words.push(format!("{skipped} still being recorded, left out"));
        }
        match words[..] {
            [] => {
                let asked = match filter == Filter::default() {
                    true => "",
                    false => " that are asked for",
                };
                message::say(&format!(
                    "no recordings in {:?}{asked}",
                    places.store.location()
                ));
            }
            _ => message::say(&words.join(", ")),
        }
    }
    Ok(worst)
}

fn bar(length: usize) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(length as u64);
    if let Ok(style) =
        ProgressStyle::with_template("checking [{bar:24}] {pos} of {len}, {left} left")
    {
        let left = |state: &ProgressState, out: &mut dyn std::fmt::Write| {
            let _ = out.write_str(&time::write(state.eta()));
        };
        bar.set_style(style.with_key("left", left).progress_chars("=> "));
    }
    bar
}

fn look(catalog: &Catalog, item: &Item, by: Look<'_>) -> Looked {
    let finding = || -> Result<Finding, crate::review::catalog::Error> {
        let beside = catalog.beside(item)?;
        let in_store = item.state() != Some(crate::review::catalog::State::InSpool);
        Ok(match catalog.open(item)? {
            Some(bytes) => {
                let asked = Asked {
                    key: Some(item.key()),
                    beside: in_store.then_some(&beside),
                };
                by.at(bytes, asked)
            }
            None => Finding::missing(&beside, by.demands),
        })
    };
    let finding = finding().unwrap_or_else(|error| Finding::unreadable(causes(&error)));
    let derived = by.is_derived.then(|| compared(catalog, item, &finding, by));
    Looked {
        name: item.session_id.clone(),
        location: Some(catalog.locate(item)),
        finding,
        derived: derived.flatten(),
    }
}

/// What was derived, held against the recording; nothing where that is no evidence itself.
fn compared(
    catalog: &Catalog,
    item: &Item,
    finding: &Finding,
    by: Look<'_>,
) -> Option<Result<Compared, String>> {
    let manifest = finding.report.as_ref()?.manifest.as_ref()?;
    let is_stored = item.state() != Some(crate::review::catalog::State::InSpool);
    let is_evidence = matches!(
        finding.state,
        State::Sound | State::NotTrusted | State::MissingManifest
    );
    let source = match catalog.open(item) {
        Ok(source) => source.filter(|_| is_stored && is_evidence)?,
        Err(error) => return Some(Err(causes(&error))),
    };
    let compared = derived::compare(source, by.identities, manifest.derived.as_ref(), |kind| {
        Ok::<_, Failure>(catalog.derived(manifest, kind)?)
    });
    Some(compared.map_err(|failure| format!("{:#}", failure.error)))
}

fn status(looked: &Looked) -> Status {
    let of_derived = match &looked.derived {
        None | Some(Ok(Compared::None | Compared::Same | Compared::OtherRules(_))) => {
            Status::Success
        }
        Some(Ok(Compared::Missing(_))) => Status::CutShort,
        Some(Ok(Compared::Locked(_))) => Status::Locked,
        Some(Ok(Compared::Replaced(_) | Compared::Differs(..))) => Status::Damaged,
        Some(Err(_)) => Status::Failure,
    };
    worse(of_recording(&looked.finding.state), of_derived)
}

fn of_recording(state: &State) -> Status {
    match state {
        State::Sound => Status::Success,
        State::CutShort | State::MissingManifest => Status::CutShort,
        State::NotTrusted => Status::NotTrusted,
        State::MissingRecording => Status::NotFound,
        State::Altered
        | State::Misplaced(_)
        | State::Differs
        | State::NoChain
        | State::NoRecording(_) => Status::Damaged,
        State::Unreadable(_) => Status::Failure,
    }
}

/// The later one in this order.
fn worse(left: Status, right: Status) -> Status {
    const ORDER: [Status; 7] = [
        Status::Success,
        Status::CutShort,
        Status::Locked,
        Status::NotTrusted,
        Status::Failure,
        Status::NotFound,
        Status::Damaged,
    ];
    let rank = |status| ORDER.iter().position(|known| *known == status);
    if rank(left) >= rank(right) {
        left
    } else {
        right
    }
}

fn tell(looked: &Looked, args: &VerifyArgs) {
    let text = if args.json {
        crate::words::json(&json(looked))
    } else {
        line(looked, args.quick)
    };
    // A reader that has seen enough is no failure; the status still counts.
    let _ = writeln!(std::io::stdout().lock(), "{text}");
}
