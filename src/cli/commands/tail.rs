//! `ssm-rec tail`: a session that still runs, followed with some seconds' delay.
//!
//! Nothing here reads a key: Ctrl-C leaves, and the terminal is never raw.

use std::io::{self, Read};
use std::thread;
use std::time::Duration;

use anyhow::{Context, anyhow};
use bytes::Bytes;
use formats::asciicast::{self, Data, Header, LineFeeds};
use formats::payload::Size;
use formats::recording::{self, Ending};
use tokio::sync::mpsc::{Receiver, Sender, channel};

use crate::cli::args::identity::IdentityArgs;
use crate::cli::args::store::StoreArgs;
use crate::cli::exit::{CommandResult, Failure, Status};
use crate::cli::message;
use crate::envelope::Identities;
use crate::player::Following;
use crate::review::follow::{Follow, Look, Told};
use crate::settings::Settings;
use crate::spool::Spool;
use crate::terminal::{self, Screen, Signals};

/// How often the spool is looked at; it costs nothing.
const LOCAL_BEAT: Duration = Duration::from_millis(250);
/// How often the store is asked for the next segment.
const STORE_BEAT: Duration = Duration::from_secs(2);
/// How long a word about the sizes stands before the picture.
const TIME_TO_READ: Duration = Duration::from_millis(1500);
/// Events that may wait between reading and showing.
const AHEAD: usize = 256;

/// Follow a session that still runs
#[derive(Debug, clap::Args)]
#[command(after_help = "\
On the machine where the session runs it is read from the spool, elsewhere from the live segments in the
store (upload.live = true). Shows the screen as it is now and then what follows, until the session ends;
Ctrl-C leaves.

Examples:
  ssm-rec tail operator-0d6
  ssm-rec tail --store s3://bucket/prefix operator-0d6
  ssm-rec tail operator-0d6 | grep --line-buffered ERROR")]
pub(crate) struct TailArgs {
    /// A session id, or the beginning of one
    #[arg(value_name = "ID")]
    id: String,

    /// Show all output since the session began, instead of the screen as it is now
    #[arg(long)]
    from_start: bool,

    #[command(flatten)]
    identity: IdentityArgs,

    #[command(flatten)]
    store: StoreArgs,
}

/// What the thread that reads tells.
enum Item {
    Header(Box<Header>),
    Event(Data),
    /// Nothing newer is there.
    UpToDate,
    End(Result<Ending, String>),
}

pub(crate) fn run(args: &TailArgs) -> CommandResult {
    let settings = Settings::load_to_read(&args.store.flags())?;
    let identities = args.identity.identities(&settings);
    let places = settings.places_to_read()?;
    let spool = Spool::new(places.spool.clone());
    let follow = Follow::find(&places.store, &spool, &args.id)?;
    let id = follow.session_id().to_owned();
    let beat = if follow.is_local() {
        LOCAL_BEAT
    } else {
        STORE_BEAT
    };
    let (tell, items) = channel(AHEAD);
    let told = follow.told();
    let feed = Feed {
        follow,
        beat,
        tell: tell.clone(),
    };
    thread::Builder::new()
        .name("tail".to_owned())
        .spawn(move || read(feed, &identities, &told, &tell))
        .context("cannot start a thread")?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(show(items, &id, args.from_start))
}

/// The bytes of the recording, waiting for those that are to come.
struct Feed {
    follow: Follow,
    beat: Duration,
    tell: Sender<Item>,
}

impl Read for Feed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.follow.look(buffer).map_err(io::Error::other)? {
                Look::Bytes(length) => return Ok(length),
                Look::Over => return Ok(0),
                Look::NothingNew => {
                    // Every event that could be made of what is there has been told by now.
                    if self.tell.blocking_send(Item::UpToDate).is_err() {
                        return Ok(0);
                    }
                    thread::sleep(self.beat);
                }
            }
        }
    }
}

/// Reads until the recording ends, or nobody listens any more.
fn read(feed: Feed, identities: &Identities, told: &Told, tell: &Sender<Item>) {
    let ended = (|| -> Result<Ending, String> {
        let text = |error: &dyn std::error::Error| error.to_string();
        let lines = recording::Reader::open_with(feed, identities).map_err(|error| text(&error))?;
        let mut reader = asciicast::Reader::open(lines).map_err(|error| text(&error))?;
        if let Some(session) = &reader.header().ssm {
            told.session(session);
        }
        let header = Box::new(reader.header().clone());
        if tell.blocking_send(Item::Header(header)).is_err() {
            return Ok(Ending::Complete);
        }
        while let Some(event) = reader.next_event().map_err(|error| text(&error))? {
            if tell.blocking_send(Item::Event(event.data)).is_err() {
                return Ok(Ending::Complete);
            }
        }
        Ok(reader.lines().ending().cloned().unwrap_or(Ending::Complete))
    })();
    // The other end may be gone.
    let _ = tell.blocking_send(Item::End(ended));
}

async fn show(mut items: Receiver<Item>, id: &str, from_start: bool) -> CommandResult {
    let interactive = terminal::stdout_is_terminal();
    let mut signals = Signals::open().context("cannot listen for signals")?;
    let mut screen = Screen::open().context("cannot write to stdout")?;
    let mut following = None;
    let ended = loop {
        let item = tokio::select! {
            biased;
            signal = signals.next() => match signal.number() {
                Some(number) => break Err(number),
                None => continue,
            },
            // A terminal that takes nothing (Ctrl-S) holds back the reading, not the person.
            item = async {
                screen.room().await;
                items.recv().await
            } => item,
        };
        let text = match (item, &mut following) {
            (Some(Item::Header(header)), _) => {
                let size = header.term.size();
                if interactive && tell_of(id, &header, size) {
                    // The picture takes the whole screen, and the words with it.
                    tokio::time::sleep(TIME_TO_READ).await;
                }
                let line_feeds = LineFeeds::of(&header);
                following =
                    Some(Following::new(size, interactive, from_start).with_line_feeds(line_feeds));
                None
            }
            (Some(Item::Event(data)), Some(following)) => following.event(data, terminal::size()),
            (Some(Item::UpToDate), Some(following)) => following.up_to_date(terminal::size()),
            (Some(Item::End(ended)), _) => break Ok(ended),
            (Some(_), None) => None,
            (None, _) => break Ok(Ok(Ending::Complete)),
        };
        if let Some(text) = text
            && screen.write(Bytes::from(text)).is_err()
        {
            // Nobody reads any more (`| head`).
            return Ok(Status::Success);
        }
    };
    let last = following.as_mut().and_then(|following| {
        let mut last = match &ended {
            Ok(_) => following.up_to_date(terminal::size()).unwrap_or_default(),
            Err(_) => String::new(),
        };
        last.push_str(&following.closing().unwrap_or_default());
        Some(last).filter(|last| !last.is_empty())
    });
    if let Some(last) = last {
        let _ = screen.write(Bytes::from(last));
    }
    tokio::select! {
        _ = screen.drain() => {}
        _ = signals.next() => {}
    }
    match ended {
        Err(number) => Ok(Status::Signal(number)),
        Ok(Ok(Ending::Complete)) => {
            if interactive {
                message::say(&format!("session {id} is over"));
            }
            Ok(Status::Success)
        }
        Ok(Ok(Ending::Cut { .. })) => Err(Failure::new(
            Status::CutShort,
            anyhow!("the recording of session {id} ends early: whoever recorded it is gone"),
        )),
        Ok(Ok(Ending::Damaged { offset, cause })) => Err(Failure::new(
            Status::Damaged,
            anyhow!("the recording of session {id} is damaged from byte {offset} on: {cause}"),
        )),
        Ok(Err(error)) => Err(Failure::new(
            Status::Failure,
            anyhow!("cannot follow session {id}: {error}"),
        )),
    }
}

/// Whether there was something that matters to how the picture looks.
fn tell_of(id: &str, header: &Header, size: Size) -> bool {
    let target = header.ssm.as_ref().map(|session| session.target.as_str());
    let mut line = format!("following session {id}");
    if let Some(target) = target {
        line.push_str(&format!(" on {target}"));
    }
    let other = terminal::size().filter(|window| *window != size);
    if let Some(window) = other {
        line.push_str(&format!(
            "; its terminal began with {} x {}, this one has {} x {}",
            size.cols, size.rows, window.cols, window.rows
        ));
    }
    line.push_str("; Ctrl-C leaves");
    message::say(&line);
    other.is_some()
}
