//! A session that still runs, played as it goes on, with all of its past.
//!
//! Nothing here is drawn or passed on.

use std::io;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::anyhow;

use super::beside;
use crate::cli::exit::{CommandResult, Failure, Status};
use crate::cli::{message, named, views};
use crate::envelope::Identities;
use crate::player::{Beside, Ended, Input, Live, Look, Options, Recording, Stopped};
use crate::review::catalog;
use crate::review::chosen::Unchosen;
use crate::review::follow::{self, Follow};
use crate::settings::{Places, Settings};
use crate::spool::Spool;
use crate::store::{self, Store};
use crate::terminal;

/// How often the spool is looked at; it costs nothing.
const LOCAL_BEAT: Duration = Duration::from_millis(250);
/// How often the store is asked for the next segment.
const STORE_BEAT: Duration = Duration::from_secs(2);
/// How long a session is waited for that only just begins.
const PATIENCE: Duration = Duration::from_secs(30);

/// A session that runs.
pub(in crate::cli::commands) struct Running(Follow);

impl Running {
    /// Finds it, and waits for one that only just begins. `None` where it is over.
    ///
    /// # Errors
    /// There is none, and none came.
    #[expect(
        clippy::disallowed_methods,
        reason = "whoever waits for somebody else's session has to know how long"
    )]
    pub(in crate::cli::commands) fn find(
        name: &str,
        settings: &Settings,
    ) -> Result<Option<Self>, Failure> {
        let places = settings.places_to_read()?;
        let spool = Spool::new(places.spool.clone());
        let until = Instant::now() + PATIENCE;
        let beat = match places.store {
            Store::Directory(_) => LOCAL_BEAT,
            Store::S3(_) => STORE_BEAT,
        };
        let mut is_told = false;
        loop {
            let missing = match Follow::find(&places.store, &spool, name) {
                Ok(follow) => return Ok(Some(Self(follow))),
                Err(error @ follow::Error::NotFound { .. }) => error,
                Err(error) => return Err(error.into()),
            };
            // What is over is listed once before the wait and once behind it: a listing may be long.
            let is_last = Instant::now() >= until;
            if (is_last || !is_told) && is_over(&places, name)? {
                return Ok(None);
            }
            if is_last {
                return Err(missing.into());
            }
            if !std::mem::replace(&mut is_told, true) {
                message::say(&format!("waiting for session {name:?} to begin"));
            }
            thread::sleep(beat);
        }
    }

    /// Plays it until it ends or somebody leaves.
    pub(in crate::cli::commands) fn play(
        self,
        options: Options,
        mut beside: Beside,
        (settings, identities): (&Arc<Settings>, &Arc<Identities>),
        quiet: bool,
    ) -> Result<(Stopped, CommandResult), Failure> {
        let Self(follow) = self;
        let id = follow.session_id().to_owned();
        // What grows in this machine's own spool is the operator's.
        if follow.file().is_none() {
            views::of_session(&id, settings, "tail")?;
        }
        let told = follow.told();
        if let Some(file) = follow.file() {
            beside::add_running(&mut beside, &file, settings, identities);
        }
        let feed = Input::Live(Box::new(Feed(follow)));
        let unlock = Arc::clone(identities);
        let recording = Recording::open(feed, unlock)
            .map_err(|error| Failure::from(error).context(format!("cannot follow session {id}")))?;
        if let Some(session) = &recording.header().ssm {
            told.session(session);
        }
        let is_watched = terminal::stdout_is_terminal();
        if is_watched && !quiet {
            let target = recording.header().ssm.as_ref();
            let target =
                target.map_or_else(String::new, |session| format!(" on {}", session.target));
            message::say(&format!("following session {id}{target}; q leaves"));
        }
        beside::name(&mut beside, recording.header(), &id);
        let outcome = super::play(recording, options, beside)?;
        let result = match (outcome.stopped, outcome.ended) {
            (Stopped::Signal(number), _) => Ok(Status::Signal(number)),
            (Stopped::AtEnd, Ended::Complete) => {
                if is_watched && !quiet {
                    message::say(&format!("session {id} is over"));
                }
                Ok(Status::Success)
            }
            (Stopped::AtEnd, Ended::CutShort) => Err(Failure::new(
                Status::CutShort,
                anyhow!("the recording of session {id} ends early: whoever recorded it is gone"),
            )),
            (Stopped::AtEnd, Ended::Damaged(cause)) => Err(Failure::new(
                Status::Damaged,
                anyhow!("the recording of session {id} is damaged {cause}"),
            )),
            (Stopped::AtEnd, Ended::Unread(cause)) => Err(Failure::new(
                Status::Failure,
                anyhow!("cannot follow session {id}: {cause}"),
            )),
            _ => Ok(Status::Success),
        };
        Ok((outcome.stopped, result))
    }
}

/// Whether the store has its recording.
fn is_over(places: &Places, name: &str) -> Result<bool, Failure> {
    match named::catalog(places).find(name) {
        Ok(_) => Ok(true),
        // Who may read and not list is not told.
        Err(
            catalog::Error::Unchosen(Unchosen::None { .. })
            | catalog::Error::Store(store::Error::Refused { .. }),
        ) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// The bytes of the recording as they come.
struct Feed(Follow);

impl Live for Feed {
    fn look(&mut self, buffer: &mut [u8]) -> io::Result<Look> {
        Ok(match self.0.look(buffer).map_err(io::Error::other)? {
            follow::Look::Bytes(length) => Look::Bytes(length),
            follow::Look::NothingNew => Look::NothingNew,
            follow::Look::Over => Look::Over,
        })
    }

    fn beat(&self) -> Duration {
        match self.0.is_local() {
            true => LOCAL_BEAT,
            false => STORE_BEAT,
        }
    }
}
