//! Who looked at a session of the store: kept there before the first of it is shown, where the policy asks for it.
//!
//! Who must leave a trace and cannot is shown nothing. What lies elsewhere than in the store in force is nobody's but its owner's.

use std::ops::Range;
use std::sync::OnceLock;
use std::time::Duration;

use chrono::{DateTime, Utc};
use formats::layout::{self, parse_session_id};
use formats::review::{FORMAT, View, digest};

use crate::aws::Access;
use crate::cli::exit::Failure;
use crate::cli::me::{Me, written};
use crate::cli::message;
use crate::review::identity;
use crate::settings::Settings;
use crate::settings::review::Views;
use crate::store::Store;
use crate::words::causes;

/// What a recording is opened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Look {
    /// What is told beside it: who, when, how large.
    Beside,
    /// What is in it, for this command to show.
    Inside(&'static str),
}

/// A session that somebody looks at, and that was kept.
#[derive(Debug)]
pub(crate) struct Viewed {
    store: Store,
    view: View,
    /// SHA-256 of the view that tells of its opening.
    digest: String,
}

/// Keeps that somebody looks at the session with this key; `None` where nothing is to be kept.
///
/// # Errors
/// It must be kept, and the store does not take it.
pub(crate) fn open(
    key: Option<&str>,
    settings: &Settings,
    look: Look,
) -> Result<Option<Viewed>, Failure> {
    let policy = settings.review.views;
    let Look::Inside(command) = look else {
        return Ok(None);
    };
    let key = key.filter(|key| key.starts_with("recordings/") && policy != Views::Off);
    let Some(session_id) = key.and_then(parse_session_id) else {
        return Ok(None);
    };
    of_session(&session_id, settings, command)
}

/// The same of a session by its id.
///
/// # Errors
/// As [`open`].
pub(crate) fn of_session(
    session_id: &str,
    settings: &Settings,
    command: &'static str,
) -> Result<Option<Viewed>, Failure> {
    let policy = settings.review.views;
    if policy == Views::Off {
        return Ok(None);
    }
    let store = settings.places_to_read()?.store;
    let me = me();
    let at = now();
    let view = View {
        format: FORMAT,
        session_id: session_id.to_owned(),
        reader: me.arn.clone(),
        user: me.user.clone(),
        host: me.host.clone(),
        at: written(at),
        command: command.to_owned(),
        client_version: Some(env!("CARGO_PKG_VERSION").to_owned()),
        ..View::default()
    };
    let bytes = view.encode();
    match store.put(&layout::view(session_id, at, me.name()), &bytes) {
        Ok(()) => Ok(Some(Viewed {
            store,
            digest: digest(&bytes),
            view,
        })),
        Err(error) if policy == Views::Require => Err(Failure::from(error)
            .context(format!(
                "session {session_id:?} is not shown: it must be kept who looks at it (review.views), and that cannot be"
            ))
            .hint("whoever reviews needs to write below views/: examples/aws/reviewer-policy.json")),
        Err(error) => {
            let why = causes(&error);
            message::say(&format!("it is not kept that you look at {session_id:?}: {why}"));
            Ok(None)
        }
    }
}

impl Viewed {
    /// Keeps how far it was looked at.
    pub(crate) fn left(mut self, watched: &[Range<Duration>]) {
        let at = now();
        let millis = |at: Duration| u64::try_from(at.as_millis()).unwrap_or(u64::MAX);
        let ranges = watched.iter();
        self.view.watched = ranges
            .map(|range| [millis(range.start), millis(range.end)])
            .collect();
        self.view.opened = Some(self.digest);
        self.view.at = written(at);
        let key = layout::view(&self.view.session_id, at, me().name());
        if let Err(error) = self.store.put(&key, &self.view.encode()) {
            let why = causes(&error);
            message::say(&format!("it is not kept how far you looked: {why}"));
        }
    }
}

/// The key of a recording that was named by its place, where that is in the store in force.
pub(crate) fn key_in_store(location: &str, settings: &Settings) -> Option<String> {
    let key = identity::key_in(location)?;
    let store = settings.places_to_read().ok()?.store;
    let there = store.locate(key);
    let is_there = match store {
        Store::S3(_) => there == location,
        Store::Directory(_) => {
            let real = |path: &str| std::fs::canonicalize(path).ok();
            real(&there).is_some_and(|there| Some(there) == real(location))
        }
    };
    is_there.then(|| key.to_owned())
}

/// Whoever runs this process is one person.
fn me() -> &'static Me {
    static ME: OnceLock<Me> = OnceLock::new();
    ME.get_or_init(|| Me::ask(&Access::default(), None))
}

#[expect(
    clippy::disallowed_methods,
    reason = "a view tells when somebody looked"
)]
fn now() -> DateTime<Utc> {
    Utc::now()
}
