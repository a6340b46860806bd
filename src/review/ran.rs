//! What was run in the sessions of a store: read from the commands that are stored where a session's manifest vouches for them,
//! else made of its recording.
//!
//! Nothing here is held of more sessions than are read at a time, and none that cannot be read hides the others.

use formats::derived::{Command, Kind};
use formats::lines::LineSource;
use formats::manifest::Manifest;
use formats::recording::{self, Ending};
use formats::sealed::Unlock;

use super::catalog::{Catalog, Entry};
use super::derived::{self, Commands, kept};
use super::search::{Outcome, Searched, in_turn};
use crate::transcript::EXTRACTOR;
use crate::words::causes;

/// What was run in a session, as far as it can be told.
#[derive(Debug)]
pub(crate) struct Ran {
    /// How far it was read; its count is that of the commands.
    pub(crate) read: Searched,
    /// None where not even the beginning could be read.
    pub(crate) commands: Option<Commands>,
}

/// What was run in each of these, so many read at a time and told in their order, as long as `tell` wants to be told.
pub(crate) fn ran(
    catalog: &Catalog,
    entries: &[Entry],
    unlock: &(dyn Unlock + Sync),
    threads: usize,
    mut tell: impl FnMut(&Entry, Ran) -> bool,
) {
    in_turn(
        entries,
        threads,
        |entry| {
            let mut is_replaced = false;
            let read = match stored(catalog, &entry.manifest, unlock, &mut is_replaced) {
                Some(read) => read,
                None => made(catalog, entry, unlock),
            };
            let (outcome, commands) = match read {
                Ok((outcome, commands)) => (outcome, Some(commands)),
                Err(outcome) => (outcome, None),
            };
            let count = commands.as_ref().map_or(0, |found| found.commands.len());
            Ran {
                read: Searched {
                    outcome,
                    count: count as u64,
                    is_replaced,
                },
                commands,
            }
        },
        |entry, ran| tell(entry, ran),
    );
}

type Read = Result<(Outcome, Commands), Outcome>;

/// What is stored; nothing where nothing is that the manifest vouches for.
fn stored(
    catalog: &Catalog,
    manifest: &Manifest,
    unlock: &dyn Unlock,
    is_replaced: &mut bool,
) -> Option<Read> {
    let derived = manifest.derived.as_ref();
    let derived = derived.filter(|derived| derived.extractor == EXTRACTOR)?;
    let object = catalog.derived(manifest, Kind::Commands).ok()??;
    let object = kept(&derived.commands, object).ok()?;
    *is_replaced = object.is_none();
    let mut lines = match recording::Reader::open_with(object?, unlock) {
        Ok(lines) => lines,
        Err(recording::Error::Locked { why, .. }) => {
            return Some(Err(Outcome::Sealed(why.to_string())));
        }
        Err(_) => return None,
    };
    let mut commands = Vec::new();
    let outcome = loop {
        match lines.next_line() {
            Ok(Some(line)) => commands.extend(Command::parse(line)),
            Ok(None) => break Outcome::Whole,
            Err(error) => break Outcome::Unread(causes(&error)),
        }
    };
    let commands = Commands {
        commands,
        explained: derived.explained,
        is_cut: derived.cut,
        ending: Some(Ending::Complete),
        broken: None,
    };
    Some(Ok((outcome, commands)))
}

fn made(catalog: &Catalog, entry: &Entry, unlock: &dyn Unlock) -> Read {
    let source = catalog.recording(entry);
    let source = source.map_err(|error| Outcome::Unread(causes(&error)))?;
    let found = derived::commands(source, unlock).map_err(|error| match error {
        derived::Error::Container(recording::Error::Locked { why, .. }) => {
            Outcome::Sealed(why.to_string())
        }
        error => Outcome::Unread(causes(&error)),
    })?;
    let outcome = match (&found.broken, &found.ending) {
        (Some(error), _) => Outcome::Unread(causes(error)),
        (None, Some(Ending::Damaged { .. })) => {
            Outcome::Unread("it is damaged further on".to_owned())
        }
        (None, Some(Ending::Cut { .. }) | None) => Outcome::CutShort,
        (None, Some(Ending::Complete)) => Outcome::Whole,
    };
    Ok((outcome, found))
}
