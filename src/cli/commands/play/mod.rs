//! `ssm-rec play`: recordings shown again, and sessions that still run.
//!
//! Nothing is said while one plays; what there is to say waits for the end.

mod beside;
mod live;
mod moment;
mod notes;
mod pick;

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, anyhow};
use formats::review::Note;

pub(super) use self::live::Running;
use self::moment::Moment;
use crate::cli::args::identity::IdentityArgs;
use crate::cli::args::store::StoreArgs;
use crate::cli::completion::recordings;
use crate::cli::exit::{CommandResult, Failure, Status};
use crate::cli::message;
use crate::cli::named::{self, Bytes, Judged, Named};
use crate::cli::views::Look;
use crate::envelope::Identities;
use crate::player::{self, Beside, Ended, Input, Options, Outcome, Recording, Stopped};
use crate::review::catalog::Name;
use crate::review::summary as whole;
use crate::settings::Settings;
use crate::terminal;
use crate::words::time;
use clap_complete::engine::ArgValueCompleter;

/// What somebody looks for who plays a recording.
const PLAY: Look = Look::Inside("play");

/// What is to be known before the keys.
const DRAWN: &str = "\
In a terminal the recording is drawn: it runs through an emulated terminal, and nothing of it reaches yours but text, colours and \
the cursor, whatever it holds. Your scrollback and your terminal's state are as before when you leave. In a larger window a line \
shows where the recorded screen ended, in a smaller one you see the part with the cursor. At the end it stays, unless \
--quit-at-end says otherwise.

Below the picture stands a time line: output (the higher, the more), commands ╷, markers ◆, your own notes ◇, what was searched \
for ●, where the connection was away or nothing was recorded ╳; red from where a recording is not what was recorded, which is \
found out while it plays.

Keys, which h shows too:
";

/// And behind them.
const MORE: &str = "
play.keys = [\"p=space\", \"^n=]\"] in the configuration makes keys of your own do what others do.

A search goes over lines as a person could have read them, so it needs the stored lines or makes them: 100 MB of output take up to \
a second where they are stored, and one to two where they have to be made. A line that came and went within one output stood on \
no screen; it is shown in the text that went by (T).

Without a name, every session of the store and the spool is there to pick from, with the last screen of the selected one. Typing \
narrows them: each word has to be in the target, operator, reason, id or date, or in one of them alone (target:i-0abc, \
reason:ticket, since:2026-11-2). Enter plays, Tab marks several, Esc leaves; after q the list is there again. Manifests that were \
seen once are kept, so that the list is there before the store has answered.

From a bucket or an address, what is played is fetched first, and a little ahead; the time line reads the rest meanwhile. A server \
without ranges is read once, from the front. A network that fails is tried again for about half a minute; then playing ends with \
status 1 and says how far it came. What is kept on this machine: ssm-rec man store.

Examples:
  The session whose id begins so; from a moment of it on:
    ssm-rec play me-0a1b
    ssm-rec play me-0a1b@12:03

  Twice as fast, no pause longer than a second, from a minute and a half on:
    ssm-rec play --speed 2 --idle-time-limit 1 --from 1:30 --to 2:00 me-0a1b

  A session that still runs, with its past:
    ssm-rec play --follow me-0a1b

  Files of any asciicast version, .cast.zst, and .cast.gz where it is a file; also through a pipe:
    ssm-rec play demo.cast other.cast.gz
    zstd -dc demo.cast.zst | ssm-rec play -

  An object by its key, and for somebody without a role of their own by an address:
    ssm-rec play s3://example-recordings/team-b/recordings/…/ada-1.cast.zst
    ssm-rec play \"$(aws s3 presign s3://example-recordings/…/ada-1.cast.zst)\"

  All sessions, narrowed as you type, to pick from:
    ssm-rec play

  All that was shown, at once, as text with its escape sequences:
    ssm-rec play --no-wait me-0a1b > shown.txt

With --raw a terminal gets the bytes of the recording as they are, and with them whatever the remote side sent: they \
can set the window's title or the clipboard, ask the terminal questions, print, and leave it in a state of their own. \
The window should have the recorded size, and nothing can be gone back to; space, ., ], +, - and q work.

asciinema 3.2 plays asciicast 1 to 3 from files, addresses and stdin as well (what is packed is unpacked for it first), with pause, \
step, next marker, speed, idle limit, loop, pausing at markers and resizing, and keys of one's own for pause, step and next marker. \
It does not go back or seek, has no search, commands, time line, transcript or notes, shows a recording of another size as the bytes \
fall, joins no session that still runs with its past, and passes everything in a recording on to your terminal, as --raw does here.";

fn keys() -> String {
    let row = |(key, does): &(&str, &str)| format!("  {key:<12} {does}\n");
    player::KEYS.iter().map(row).collect()
}

/// Play recordings
#[derive(Debug, Default, clap::Args)]
#[command(after_help = DRAWN.to_owned() + &keys() + MORE)]
pub(crate) struct PlayArgs {
    /// Session id or the beginning of one, path, s3://bucket/key, https://…, or - for stdin; each also with @TIME. Without
    /// any, those in the store are there to be picked from
    #[arg(value_name = "RECORDING", add = ArgValueCompleter::new(recordings))]
    names: Vec<String>,

    /// How many times faster; 0 shows everything at once [default: 1, or what the configuration says]
    #[arg(short, long, value_name = "FACTOR", value_parser = parse_speed)]
    speed: Option<f64>,

    /// Cut pauses to this many seconds [default: what the configuration or the recording says]
    #[arg(short, long, value_name = "TIME", value_parser = time::parse)]
    idle_time_limit: Option<Duration>,

    /// Where to begin: 90, 1:30 or 1h2m3s
    #[arg(long, value_name = "TIME", value_parser = time::parse)]
    from: Option<Duration>,

    /// Where to end
    #[arg(long, value_name = "TIME", value_parser = time::parse)]
    to: Option<Duration>,

    /// Over and over again
    #[arg(short, long = "loop")]
    repeat: bool,

    /// Pause at each marker
    #[arg(short = 'm', long)]
    pause_on_markers: bool,

    /// Play a session that still runs, from what it shows now on; wait half a minute for one that only just begins
    #[arg(long, conflicts_with_all = ["repeat", "from", "to"])]
    follow: bool,

    /// Show everything at once
    #[arg(long)]
    no_wait: bool,

    /// Leave at the end instead of staying there
    #[arg(long)]
    quit_at_end: bool,

    /// Show only the recording, without a bar below it
    #[arg(long)]
    no_bar: bool,

    /// Show a screen that is larger than the window whole, as well as can be, instead of the part with the cursor
    #[arg(long)]
    fit: bool,

    /// Ask the terminal for a window of the recorded size, and for its own again at the end
    #[arg(long, conflicts_with = "raw")]
    resize: bool,

    /// Pass the recording's bytes on to the terminal as they are
    #[arg(long)]
    raw: bool,

    /// Say nothing at the end unless something is wrong
    #[arg(short, long)]
    quiet: bool,

    #[command(flatten)]
    identity: IdentityArgs,

    #[command(flatten)]
    store: StoreArgs,
}

impl PlayArgs {
    /// Plays as it is usual, with these identities and from this store.
    pub(in crate::cli) fn of(identity: IdentityArgs, store: StoreArgs) -> Self {
        Self {
            identity,
            store,
            ..Self::default()
        }
    }
}

fn parse_speed(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(speed) if speed == 0.0 || (0.001..=1000.0).contains(&speed) => Ok(speed),
        _ => Err("not a speed: write 0, or a number from 0.001 to 1000".into()),
    }
}

/// Runs the command.
pub(crate) fn run(args: &PlayArgs) -> CommandResult {
    let settings = Arc::new(Settings::load_to_read(&args.store.flags())?);
    terminal::install_panic_hook();
    if args.names.is_empty() {
        return pick::run(args, &settings);
    }
    let all = args.names.len();
    let last = in_turn(all, |at, is_last| {
        let playing = Playing {
            args,
            settings: &settings,
            number: (at + 1, all),
        };
        playing.play(&args.names[at], is_last)
    })?;
    last.1
}

/// Plays so many, one after the other, or as somebody turns to them; gives how the last one stopped, and the worst that is
/// known of them.
fn in_turn(
    all: usize,
    mut play: impl FnMut(usize, bool) -> Result<(Stopped, CommandResult), Failure>,
) -> Result<(Stopped, CommandResult), Failure> {
    let mut failed = None;
    let mut at = 0;
    let mut is_turned_to = false;
    loop {
        // Who has gone to one by hand stays with it.
        let is_last = at + 1 == all || is_turned_to;
        let (stopped, result) = play(at, is_last)?;
        match result {
            Ok(Status::Success) => {}
            // Said now, since others follow; the worst that is known of them is the end of all.
            Err(failure) if !is_last => {
                message::say(&format!("{:#}", failure.error));
                failed = Some(failure);
            }
            other => return Ok((stopped, other)),
        }
        is_turned_to = matches!(stopped, Stopped::Turned { .. });
        at = match stopped {
            Stopped::Turned { back: true } => at.saturating_sub(1),
            Stopped::Turned { back: false } if at + 1 < all => at + 1,
            Stopped::AtEnd if !is_last => at + 1,
            _ => return Ok((stopped, failed.map_or(Ok(Status::Success), Err))),
        };
    }
}

/// Plays one for somebody who will be asked about it; gives what of it went by on the screen, and the signal that ended it.
pub(in crate::cli) fn watch(
    args: &PlayArgs,
    name: &str,
    settings: &Arc<Settings>,
) -> Result<(Vec<Range<Duration>>, Option<u8>), Failure> {
    terminal::install_panic_hook();
    let playing = Playing {
        args,
        settings,
        number: (1, 1),
    };
    let identities = Arc::new(args.identity.identities(settings));
    let named = named::open(name, settings, PLAY)?;
    let options = playing.options(None, true);
    let played = playing.play_named(name, named, identities, options, true)?;
    // A recording that ends badly is played as far as it goes; its judge has to know, and goes on.
    let signal = match played.result {
        Ok(Status::Signal(number)) => Some(number),
        Ok(_) => None,
        Err(failure) => {
            message::failure(&failure);
            None
        }
    };
    Ok((played.watched, signal))
}

/// What a person noted on it, in order.
pub(in crate::cli) fn notes_on(session_id: &str, settings: &Settings) -> Vec<Note> {
    notes::on_session(session_id, settings)
}

/// How playing one went.
struct Played {
    stopped: Stopped,
    watched: Vec<Range<Duration>>,
    result: CommandResult,
}

struct Playing<'a> {
    args: &'a PlayArgs,
    settings: &'a Arc<Settings>,
    number: (usize, usize),
}

impl Playing<'_> {
    fn play(&self, name: &str, is_last: bool) -> Result<(Stopped, CommandResult), Failure> {
        let Moment { name, at } = Moment::of(name);
        let identities = Arc::new(self.args.identity.identities(self.settings));
        if self.args.follow
            && matches!(Name::of(name), Name::Session(_))
            && let Some(running) = Running::find(name, self.settings)?
        {
            let options = self.options(None, is_last);
            let by = (self.settings, &identities);
            return running.play(options, self.beside(), by, self.args.quiet);
        }
        let named = named::open(name, self.settings, PLAY)?;
        let options = self.options(at, is_last);
        let played = self.play_named(name, named, identities, options, self.args.quiet)?;
        Ok((played.stopped, played.result))
    }

    fn play_named(
        &self,
        name: &str,
        mut named: Named,
        identities: Arc<Identities>,
        options: Options,
        quiet: bool,
    ) -> Result<Played, Failure> {
        let judged = named.judged();
        let viewed = named.viewed.take();
        let label = named.label.clone();
        let what = format!("cannot play {label:?}");
        let is_watched = terminal::stdout_is_terminal() && !self.args.raw;
        let mut beside = self.beside();
        if is_watched {
            beside::add(&mut beside, name, &named, self.settings, &identities);
        }
        let recording = open(named, identities, &what)?;
        if is_watched {
            beside::name(&mut beside, recording.header(), &label);
            notes::add(&mut beside, recording.header(), &label, self.settings);
        }
        let outcome = play(recording, options, beside).context(what)?;
        if let Some(viewed) = viewed {
            viewed.left(&outcome.watched);
        }
        Ok(Played {
            stopped: outcome.stopped,
            watched: outcome.watched.clone(),
            result: told(outcome, &judged, &label, quiet),
        })
    }

    fn beside(&self) -> Beside {
        let mut beside = Beside {
            raw: self.args.raw,
            resize: self.args.resize,
            ..Beside::default()
        };
        beside.facts.number = self.number;
        beside.facts.bar = !self.args.no_bar;
        beside.facts.fit = self.args.fit;
        beside.facts.keys.clone_from(&self.settings.play.keys);
        beside.facts.rules = Some(self.settings.rules.changes());
        beside
    }

    fn options(&self, at: Option<Duration>, is_last: bool) -> Options {
        let args = self.args;
        let speed = args.speed.unwrap_or(self.settings.play.speed);
        Options {
            speed: if speed == 0.0 { 1.0 } else { speed },
            no_wait: args.no_wait || speed == 0.0,
            idle_time_limit: args.idle_time_limit.or(self.settings.play.idle_time_limit),
            from: args.from.or(at).unwrap_or_default(),
            to: args.to,
            repeat: args.repeat,
            pause_on_markers: args.pause_on_markers,
            quit_at_end: args.quit_at_end || !is_last || args.raw,
            follow: args.follow,
        }
    }
}

fn open(named: Named, identities: Arc<Identities>, what: &str) -> Result<Recording, Failure> {
    let input = match named.bytes {
        Bytes::Seekable(bytes) => Input::Seekable(Box::new(bytes)),
        Bytes::Stream(bytes) => Input::Stream(bytes),
    };
    Recording::open(input, identities).map_err(|error| match error.source_failure() {
        Some(failure) => named::unread(failure, what),
        None => Failure::from(error).context(what.to_owned()),
    })
}

fn play(recording: Recording, options: Options, beside: Beside) -> anyhow::Result<Outcome> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start")?;
    Ok(runtime.block_on(player::run(recording, options, beside))?)
}

/// What there is to say of it, and with which status.
fn told(outcome: Outcome, judged: &Judged, label: &str, quiet: bool) -> CommandResult {
    let position = time::write(outcome.position);
    let ended = match (&outcome.stopped, outcome.ended) {
        // What cannot be read now is no judgement of the file.
        (_, ended @ Ended::Unread(_)) => ended,
        (Stopped::AtEnd, ended) => match judged.ended() {
            None => ended,
            Some(whole::Ended::Complete) => ended,
            Some(whole::Ended::CutShort(_)) => Ended::CutShort,
            Some(whole::Ended::Damaged(cause)) => Ended::Damaged(cause),
        },
        (_, ended) => ended,
    };
    match (outcome.stopped, ended) {
        (Stopped::AtEnd, Ended::Complete) => {
            if !quiet {
                message::say(&format!("end of {label:?} after {position}"));
            }
            Ok(Status::Success)
        }
        (Stopped::AtEnd, Ended::CutShort) => Err(Failure::new(
            Status::CutShort,
            anyhow!("{label:?} is cut short: it ends after {position}"),
        )
        .hint("all that is there was played")),
        (Stopped::AtEnd, Ended::Unread(cause)) => Err(Failure::new(
            Status::Failure,
            anyhow!("{label:?} was played only up to {position}: {cause}"),
        )
        .hint("there is more of it; play the rest later with --from")),
        (Stopped::AtEnd, Ended::Damaged(cause)) => Err(Failure::new(
            Status::Damaged,
            anyhow!("{label:?} is damaged after {position}: {cause}"),
        )
        .hint("all that comes before was played")),
        (Stopped::Quit, _) => {
            if !quiet {
                message::say(&format!("left {label:?} at {position}"));
            }
            Ok(Status::Success)
        }
        (Stopped::HungUp | Stopped::Turned { .. }, _) => Ok(Status::Success),
        (Stopped::Signal(number), _) => Ok(Status::Signal(number)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_speed_is_a_number_that_makes_sense() {
        assert_eq!(parse_speed("0"), Ok(0.0));
        assert_eq!(parse_speed("2.5"), Ok(2.5));
        for text in ["-1", "nan", "inf", "1e9", "fast", ""] {
            assert!(parse_speed(text).is_err(), "{text:?}");
        }
    }
}
