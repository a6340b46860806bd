//! `ssm-rec search`: a pattern in what was shown, run, typed and said in the sessions of a store, newest first.
//!
//! Nothing from a recording reaches the terminal as it is, and what could not be searched is told with every answer.

mod athena;
mod keep;
mod print;
mod sql;

use std::io::Write as _;
use std::time::Duration;

use anyhow::anyhow;
use clap::ValueEnum;
use indicatif::{ProgressBar, ProgressStyle};

use crate::cli::args::filter::FilterArgs;
use crate::cli::args::identity::IdentityArgs;
use crate::cli::args::store::StoreArgs;
use crate::cli::coverage::Coverage;
use crate::cli::exit::{CommandResult, Failure, Status};
use crate::cli::signers::allowed_signers;
use crate::cli::stop::Stop;
use crate::cli::{message, named, views};
use crate::review::catalog::{self, Entry, Filter, Problem, State};
use crate::review::search::{
    Around, Case, Manner, Meaning, Outcome, Pattern, Question, Searched, Step, Told, Wanted, Where,
    search,
};
use crate::settings::Settings;
use crate::store::Store;
use crate::terminal;
use crate::words::{causes, time};
use print::{Form, Printer};

/// Search the sessions of a store for what was shown, run, typed or said
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  Who ever saw this, and when:
    ssm-rec search 'Permission denied'

  Commands that removed something, this week, on one machine:
    ssm-rec search --in commands -w rm --since 7d --target i-0abc

  With two lines before and behind, in any case of letters:
    ssm-rec search -i -C 2 'out of memory'

  The sessions of somebody in which a text stood, to look at them:
    ssm-rec search -lF 'DROP TABLE' --operator alice

  Any of several texts:
    ssm-rec search -w -e passwd -e shadow -e sudoers --since 30d

  Three months of a large store, by Athena over tables of packs; and the same question as SQL:
    ssm-rec search -F 'DROP TABLE' --since 90d --engine athena
    ssm-rec search -F 'DROP TABLE' --since 90d --sql

A pattern is a regular expression in the syntax of Rust's regex crate. Sessions come newest first, each with \
whose it was and when, and each hit with the name that plays it: \
ssm-rec play ID@0:12:03.250. What is searched is what a person could have read: text that was redrawn or typed letter by \
letter is found as it stood. Lines that a store has are believed where the session's manifest vouches for them; else they \
are made of the recording, which takes longer. Sealed sessions are searched with --identity, and counted where it does not \
open them.

Flags mean what they mean to ripgrep. Each answer tells what it is the answer for: how many sessions were searched, are sealed for \
somebody else, end early, do not read. Ctrl-C ends with what there is. Which sessions: by the filters of ssm-rec list, or by an \
expression behind --where (ssm-rec man filters).

Where a store has packs (ssm-rec compact), a search reads the few row groups that may have what it looks for, and then looks \
again at each session where a pack of others says that something is found. A pack that was altered, is of a later format or, with \
review.allowed_signers, not signed by one of them is told of and not used; what no pack covers is searched as ever. A search that \
had to go through hundreds of sessions packs them in the background, in a folder of this machine that nobody else may write \
(ssm-rec compact --own), so that the next one is short.

With --engine athena Amazon Athena is asked, over the tables that formats/sql/athena.sql makes of packs; what it finds is printed \
like any search, with what was scanned and about what that costs. Ctrl-C stops the query. Database, workgroup and output stand in \
flags or in [search] of the configuration. These are hints from packs: no evidence, and nothing of sessions that are in no pack \
yet. --sql prints the same question for whoever asks it elsewhere; what the tables do not tell is refused by name.

The exit status is 0 where something is found, 1 where nothing is, and 4 where a session does not read, whatever was found \
in the others.")]
pub(crate) struct SearchArgs {
    /// What to search for: a regular expression. One that begins with - stands behind --; none stands here where -e is given
    #[arg(value_name = "PATTERN", required_unless_present = "regexp")]
    pattern: Option<String>,

    /// Only sessions whose id begins so
    #[arg(value_name = "SESSION")]
    session: Option<String>,

    /// What to search for; given more than once, what any of them finds
    #[arg(short = 'e', long, value_name = "PATTERN", allow_hyphen_values = true)]
    regexp: Vec<String>,

    /// In which texts: lines (what could be read), commands (what was run), input (what was typed, where that is recorded),
    /// reasons
    #[arg(
        long = "in",
        value_name = "TEXTS",
        value_enum,
        value_delimiter = ',',
        default_value = "lines"
    )]
    places: Vec<Place>,

    /// Capital letters are the same
    #[arg(short, long, conflicts_with = "smart_case")]
    ignore_case: bool,

    /// Capital letters are the same where the pattern has none
    #[arg(short = 'S', long)]
    smart_case: bool,

    /// The pattern is a text and no regular expression
    #[arg(short = 'F', long)]
    fixed_strings: bool,

    /// Only whole words
    #[arg(short, long)]
    word_regexp: bool,

    /// Show so many lines behind each hit
    #[arg(short = 'A', long, value_name = "NUMBER")]
    after_context: Option<u16>,

    /// Show so many lines before each hit
    #[arg(short = 'B', long, value_name = "NUMBER")]
    before_context: Option<u16>,

    /// Show so many lines before and behind each hit
    #[arg(short = 'C', long, value_name = "NUMBER")]
    context: Option<u16>,

    /// How many lines of each session have it
    #[arg(short, long, group = "form")]
    count: bool,

    /// Only the ids of the sessions that have it
    #[arg(
        short = 'l',
        long,
        visible_alias = "files-with-matches",
        group = "form"
    )]
    sessions_with_matches: bool,

    /// Only what the pattern finds, each on a line
    #[arg(short, long, group = "form")]
    only_matching: bool,

    /// As JSON: one object a line, the last of which tells what was searched
    #[arg(long, conflicts_with = "only_matching")]
    json: bool,

    /// Print the same question as SQL for Athena and Trino, over the tables of packs, instead of asking it
    #[arg(long, conflicts_with_all = ["only_matching", "json"])]
    sql: bool,

    #[command(flatten)]
    athena: athena::AthenaArgs,

    /// Colors: auto, always, never
    #[arg(long, value_name = "WHEN", value_enum, default_value = "auto")]
    color: Color,

    /// Believe packs (see compact) that others made, instead of looking again at each session where they say something is found
    #[arg(long)]
    trust_packs: bool,

    /// Search each session by itself, as if there were no packs
    #[arg(long, conflicts_with = "trust_packs")]
    no_packs: bool,

    #[command(flatten)]
    filter: FilterArgs,

    #[command(flatten)]
    identity: IdentityArgs,

    #[command(flatten)]
    store: StoreArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Place {
    Lines,
    Commands,
    Input,
    Reasons,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Color {
    Auto,
    Always,
    Never,
}

/// A bucket answers more at a time than this machine has cores: most of the time is waiting.
const AT_ONCE_AFAR: usize = 32;

/// Runs the command.
pub(crate) fn run(args: &SearchArgs) -> CommandResult {
    let question = args.question()?;
    let filter = Filter {
        session: args.session()?.cloned(),
        ..args.filter.filter()?
    };
    if args.sql {
        return sql::print(&filter, &question);
    }
    if args.athena.is_asked() {
        return athena::run(args, &filter, &question);
    }
    let settings = Settings::load_to_read(&args.store.flags())?;
    let (identities, opener) = args.identity.shared(&settings);
    let places = settings.places_to_read()?;
    let catalog = named::catalog(&places)
        .remembering(settings.cache())
        .knowing(allowed_signers(&settings)?)
        .opening(opener)
        .with_own_packs(settings.own_packs(&places.store).map(Store::Directory));
    let manner = Manner {
        threads: places.store.readers(AT_ONCE_AFAR),
        with_packs: !args.no_packs,
        trusts_packs: args.trust_packs,
    };
    let stop = Stop::listen()?;
    let mut run = Run {
        printer: args.printer(&question),
        coverage: Coverage::default(),
        bar: bar(),
        so_far: 0,
        settings: &settings,
        viewed: None,
        failed: None,
    };
    let without_pack = search(
        &catalog,
        &filter,
        &question,
        &*identities,
        manner,
        &mut |told| stop.number().is_none() && run.told(told),
    )?;
    run.bar.finish_and_clear();
    if let Some(failure) = run.failed {
        return Err(failure);
    }
    let mut coverage = run.coverage;
    // Of the session in the midst of which it was stopped.
    coverage.matching += usize::from(run.so_far > 0);
    coverage.matches += run.so_far;
    if let Some(number) = stop.number() {
        message::say(&format!("stopped by signal {number}"));
    }
    if args.json {
        let summary = coverage.summary();
        // A reader that has seen enough is no failure.
        let _ = std::io::stdout().write_all(summary.as_bytes());
    } else {
        message::say(&coverage.told(&places.store.location(), args.sessions_with_matches));
    }
    if stop.number().is_none() && !args.no_packs {
        keep::begin(&without_pack, args.store.store.as_deref(), &settings);
    }
    Ok(match stop.number() {
        Some(number) => Status::Signal(number),
        None if coverage.unread > 0 => Status::Damaged,
        None if coverage.matching > 0 => Status::Success,
        None => Status::Failure,
    })
}

impl SearchArgs {
    /// What is searched for: what stands behind each -e, or else the first word.
    fn patterns(&self) -> Vec<&str> {
        let given = self.regexp.iter();
        let first = self.pattern.iter().filter(|_| self.regexp.is_empty());
        given.chain(first).map(String::as_str).collect()
    }

    /// The session, which is the first word where no pattern is.
    fn session(&self) -> Result<Option<&String>, Failure> {
        if self.regexp.is_empty() {
            return Ok(self.session.as_ref());
        }
        match (&self.pattern, &self.session) {
            (Some(one), Some(other)) => {
                let error =
                    anyhow!("with -e there is one session at most: {one:?} and {other:?} are two");
                Err(Failure::new(Status::Usage, error)
                    .hint("another pattern stands behind another -e"))
            }
            (session, _) => Ok(session.as_ref()),
        }
    }

    fn question(&self) -> Result<Question, Failure> {
        let meaning = Meaning {
            case: match (self.ignore_case, self.smart_case) {
                (true, _) => Case::Any,
                (false, true) => Case::Smart,
                (false, false) => Case::Exact,
            },
            is_text: self.fixed_strings,
            is_word: self.word_regexp,
        };
        let patterns = self.patterns();
        let pattern = Pattern::any(&patterns, meaning).map_err(|why| {
            let error = match patterns[..] {
                [one] => anyhow!("{one:?} is no pattern: {why}"),
                _ => anyhow!("that is no pattern: {why}"),
            };
            Failure::new(Status::Usage, error).hint(match self.fixed_strings {
                true => "search for a part of it",
                false => "-F searches for a text as it is, whatever is in it",
            })
        })?;
        let lines =
            |of_its_own: Option<u16>| usize::from(of_its_own.or(self.context).unwrap_or_default());
        let around = Around {
            before: lines(self.before_context),
            behind: lines(self.after_context),
        };
        let wanted = match (self.count, self.sessions_with_matches) {
            (true, _) => Wanted::Count,
            (_, true) => Wanted::Whether,
            _ => Wanted::Texts,
        };
        let places: Vec<Where> = self.places.iter().map(|place| (*place).into()).collect();
        Ok(Question::new(pattern, &places, around, wanted))
    }

    fn printer(&self, question: &Question) -> Printer {
        let is_terminal = terminal::stdout_is_terminal();
        let is_plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
            || std::env::var_os("TERM").is_some_and(|value| value == "dumb");
        let form = match self {
            Self { json: true, .. } => Form::Json,
            Self { count: true, .. } => Form::Count,
            Self {
                sessions_with_matches: true,
                ..
            } => Form::Sessions,
            Self {
                only_matching: true,
                ..
            } => Form::Matches,
            _ => Form::Texts,
        };
        let is_colored = match self.color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => is_terminal && !is_plain,
        };
        let of_several = Where::ALL.iter().filter(|place| question.is_of(**place));
        Printer::new(form, is_terminal, is_colored, of_several.count() > 1)
    }
}

impl From<Place> for Where {
    fn from(place: Place) -> Self {
        match place {
            Place::Lines => Self::Lines,
            Place::Commands => Self::Commands,
            Place::Input => Self::Input,
            Place::Reasons => Self::Reasons,
        }
    }
}

/// A search under way.
struct Run<'a> {
    printer: Printer,
    coverage: Coverage,
    bar: ProgressBar,
    /// Found in the session under way.
    so_far: u64,
    settings: &'a Settings,
    /// The session of which it was kept that somebody looks at it.
    viewed: Option<String>,
    /// Why no more may be shown.
    failed: Option<Failure>,
}

impl Run<'_> {
    /// Tells of it; `false` when nobody reads it.
    fn told(&mut self, told: Told<'_>) -> bool {
        match told {
            Told::Asked(sessions, unknown) => {
                self.coverage.sessions += sessions;
                self.coverage.unknown += unknown;
            }
            Told::Without(sessions) => self.coverage.searched += sessions,
            Told::Problem(Problem { location, error }) => {
                match error {
                    catalog::Error::Pack(_) => self.coverage.packs_left_out += 1,
                    _ => self.coverage.unread += 1,
                }
                self.complain(&location, &causes(&error));
            }
            Told::Session(entry, step) => return self.tell(entry, step),
        }
        true
    }

    /// Tells of a session; `false` when nobody reads it.
    fn tell(&mut self, entry: &Entry, step: Step) -> bool {
        let text = match step {
            Step::Found(pieces) => {
                if let Err(failure) = self.view(entry) {
                    self.failed = Some(failure);
                    return false;
                }
                let found = pieces.iter().filter(|piece| !piece.matches.is_empty());
                self.so_far += found.count() as u64;
                self.printer.found(entry, &pieces)
            }
            Step::Done(searched) => {
                self.so_far = 0;
                let text = self.printer.done(entry, searched.count);
                self.done(entry, &searched);
                text
            }
        };
        if text.is_empty() {
            return true;
        }
        let write = || {
            let mut stdout = std::io::stdout().lock();
            stdout
                .write_all(text.as_bytes())
                .and_then(|()| stdout.flush())
        };
        // A reader that has seen enough is no failure, and wants no more.
        self.bar.suspend(write).is_ok()
    }

    /// Keeps that somebody looks at a session of the store, once.
    fn view(&mut self, entry: &Entry) -> Result<(), Failure> {
        let id = &entry.manifest.session_id;
        if entry.state != State::InSpool && self.viewed.as_ref() != Some(id) {
            views::of_session(id, self.settings, "search")?;
            self.viewed = Some(id.clone());
        }
        Ok(())
    }

    fn done(&mut self, entry: &Entry, searched: &Searched) {
        if searched.is_replaced {
            self.coverage.replaced += 1;
            let why = "what the store has of its lines or commands is not what its manifest tells of; \
                       the recording was searched";
            self.complain(&entry.location, why);
        }
        if let Outcome::Unread(why) = &searched.outcome {
            self.complain(&entry.location, why);
        }
        self.coverage.add(searched);
        self.bar.set_message(self.coverage.so_far());
        self.bar.tick();
    }

    fn complain(&self, location: &str, why: &str) {
        self.bar
            .suspend(|| message::say(&format!("{location:?}: {why}")));
    }
}

fn bar() -> ProgressBar {
    // What is found may go to a program that has the same terminal.
    let is_ours = terminal::stdout_is_terminal();
    if !is_ours || !std::io::IsTerminal::is_terminal(&std::io::stderr()) {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("searched {msg}") {
        bar.set_style(style);
    }
    bar
}

/// `0:12:03.250`, as `play ID@…` takes it.
fn clock(millis: u64) -> String {
    time::write_clock(Duration::from_millis(millis))
}
