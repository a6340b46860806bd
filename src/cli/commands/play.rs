//! `ssm-rec play`: a recording shown again.
//!
//! Nothing is said while it plays; what there is to say waits for the end.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, anyhow};

use crate::cli::args::identity::IdentityArgs;
use crate::cli::args::store::StoreArgs;
use crate::cli::exit::{CommandResult, Failure, Status};
use crate::cli::message;
use crate::cli::named::{self, Bytes};
use crate::player::{self, Ended, Input, Options, Recording, Stopped};
use crate::review::summary as whole;
use crate::settings::Settings;
use crate::terminal;
use crate::words::time;

/// Play a recording
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Keys:
  space          pause, go on            left, right    5 seconds back, on
  .              next output (paused)    down, up       a minute back, on (also Shift with left, right)
  [ ]            previous, next marker   Home           to the beginning
  + -            twice, half as fast     q, Ctrl-C      leave

Examples:
  The session whose id begins so:
    ssm-rec play me-0a1b

  Twice as fast, no pause longer than a second, from a minute and a half on:
    ssm-rec play --speed 2 --idle-time-limit 1 --from 1:30 me-0a1b

  A file of any asciicast version, also through a pipe:
    ssm-rec play demo.cast
    zstd -dc demo.cast.zst | ssm-rec play -

  All that was shown, at once, as text with its escape sequences:
    ssm-rec play --no-wait me-0a1b > shown.txt

A recording holds what the remote side sent. On a terminal it can do what any output can, such as setting the
window's title, or the clipboard where the terminal allows it. Look at those you do not trust with --no-wait
and a pager that shows escape sequences.")]
pub(crate) struct PlayArgs {
    /// Session id or the beginning of one, path, s3://bucket/key, https://…, or - for stdin
    #[arg(value_name = "RECORDING")]
    name: String,

    /// How many times faster; 0 shows everything at once [default: 1, or what the configuration says]
    #[arg(short, long, value_name = "FACTOR", value_parser = parse_speed)]
    speed: Option<f64>,

    /// Cut pauses to this many seconds [default: what the configuration or the recording says]
    #[arg(short, long, value_name = "TIME", value_parser = time::parse)]
    idle_time_limit: Option<Duration>,

    /// Where to begin: 90, 1:30 or 1h2m3s
    #[arg(long, value_name = "TIME", default_value = "0", hide_default_value = true, value_parser = time::parse)]
    from: Duration,

    /// Over and over again
    #[arg(short, long = "loop")]
    repeat: bool,

    /// Pause at each marker
    #[arg(short = 'm', long)]
    pause_on_markers: bool,

    /// Show everything at once
    #[arg(long)]
    no_wait: bool,

    /// Say nothing at the end unless something is wrong
    #[arg(short, long)]
    quiet: bool,

    #[command(flatten)]
    identity: IdentityArgs,

    #[command(flatten)]
    store: StoreArgs,
}

fn parse_speed(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(speed) if speed == 0.0 || (0.001..=1000.0).contains(&speed) => Ok(speed),
        _ => Err("not a speed: write 0, or a number from 0.001 to 1000".into()),
    }
}

/// Runs the command.
pub(crate) fn run(args: &PlayArgs) -> CommandResult {
    let settings = Settings::load_to_read(&args.store.flags())?;
    let speed = args.speed.unwrap_or(settings.play.speed);
    let named = named::open(&args.name, &settings)?;
    let judged = named.judged();
    let label = named.label;
    let input = match named.bytes {
        Bytes::Seekable(bytes) => Input::Seekable(Box::new(bytes)),
        Bytes::Stream(bytes) => Input::Stream(bytes),
    };
    let identities = Arc::new(args.identity.identities(&settings));
    let what = format!("cannot play {label:?}");
    let recording =
        Recording::open(input, identities).map_err(|error| match error.source_failure() {
            Some(failure) => named::unread(failure, &what),
            None => Failure::from(error).context(what.clone()),
        })?;
    if !args.quiet && terminal::stdout_is_terminal() {
        warn_of_size(&recording);
    }
    let options = Options {
        speed: if speed == 0.0 { 1.0 } else { speed },
        no_wait: args.no_wait || speed == 0.0,
        idle_time_limit: args.idle_time_limit.or(settings.play.idle_time_limit),
        from: args.from,
        repeat: args.repeat,
        pause_on_markers: args.pause_on_markers,
    };
    terminal::install_panic_hook();
    let outcome = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start")?
        .block_on(player::run(recording, options))
        .context(what)?;
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
            if !args.quiet {
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
            if !args.quiet {
                message::say(&format!("left {label:?} at {position}"));
            }
            Ok(Status::Success)
        }
        (Stopped::HungUp, _) => Ok(Status::Success),
        (Stopped::Signal(number), _) => Ok(Status::Signal(number)),
    }
}

/// A picture that does not fit looks broken, and the recording is not to blame.
fn warn_of_size(recording: &Recording) {
    let term = &recording.header().term;
    if let Some(window) = terminal::size()
        && (term.cols > window.cols || term.rows > window.rows)
    {
        message::say(&format!(
            "recorded in a terminal of {} x {}, this one has {} x {}",
            term.cols, term.rows, window.cols, window.rows
        ));
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
