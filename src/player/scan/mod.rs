//! What a recording holds, told while it is played: read as a whole beside the playback, and searched.
//!
//! Nothing here is played, and nobody who plays waits for it: threads of their own read, and write what they find on boards
//! that the player looks at. Whoever drops a [`Scan`] or a [`Search`] ends its threads with their next step; one that hangs on
//! a source that gives nothing ends with what that gives.

mod activity;
mod board;
mod deriving;
mod events;
mod idle;
mod kept;
mod overview;
mod search;

use std::io;
use std::sync::Arc;
use std::thread;

use formats::derived::{Command, Kind};
use formats::lines::LineSource;
use formats::manifest::Manifest;
use formats::recording;

pub use activity::Activity;
pub use events::Opener;
pub use idle::{Idle, Stretch};
pub use overview::{Break, Commands, Marker, Overview};
pub use search::{Hit, Hits, Pattern, Place, Search, State};

use super::broken_off;
use crate::screen::is_huge;
use board::Board;
use events::Events;
use kept::Kept;

/// A recording that is read beside its playback.
pub struct Scan {
    opener: Arc<dyn Opener>,
    board: Arc<Board<Overview>>,
    kept: Arc<Kept>,
}

impl Scan {
    /// Begins to read.
    ///
    /// # Errors
    /// There is no thread to be had.
    pub fn start(opener: Arc<dyn Opener>) -> io::Result<Self> {
        let scan = Self {
            opener,
            board: Arc::default(),
            kept: Arc::default(),
        };
        thread::Builder::new().name("scan".into()).spawn({
            let opener = Arc::clone(&scan.opener);
            let (board, kept) = (Arc::clone(&scan.board), Arc::clone(&scan.kept));
            move || run(&opener, &board, &kept)
        })?;
        Ok(scan)
    }

    /// Waits until more is known than when this was last waited for. Nothing is lost when the future is dropped.
    pub async fn changed(&self) {
        self.board.changed().await;
    }

    /// Looks at what is known. Whoever reads waits meanwhile, so nothing long should be done in it.
    pub fn look<R>(&self, look: impl FnOnce(&Overview) -> R) -> R {
        self.board.look(look)
    }

    /// Begins to search the whole recording.
    ///
    /// # Errors
    /// There is no thread to be had.
    pub fn search(&self, pattern: Pattern) -> io::Result<Search> {
        let kept = Some(Arc::clone(&self.kept));
        Search::begin(Arc::clone(&self.opener), kept, pattern)
    }
}

impl Drop for Scan {
    fn drop(&mut self) {
        // The threads are not waited for: they may hang on a source.
        self.board.close();
    }
}

fn run(opener: &Arc<dyn Opener>, board: &Arc<Board<Overview>>, kept: &Arc<Kept>) {
    let events = match Events::open(&**opener) {
        Ok(events) => events,
        Err(error) => {
            kept.give_up();
            board.write(|overview| overview.end(broken_off(&error)));
            return;
        }
    };
    let manifest = events.manifest();
    if let Some(manifest) = &manifest {
        board.write(|overview| overview.told(manifest));
    }
    match manifest.and_then(|manifest| stored_commands(&**opener, &manifest)) {
        Some(commands) => {
            // The lines are stored beside them.
            kept.give_up();
            board.write(|overview| overview.commands = Some(commands));
        }
        None => {
            let begun = thread::Builder::new().name("derive".into()).spawn({
                let (opener, board, kept) =
                    (Arc::clone(opener), Arc::clone(board), Arc::clone(kept));
                move || derive(&*opener, &board, &kept)
            });
            // Without a thread to spare there are no commands.
            if begun.is_err() {
                kept.give_up();
            }
        }
    }
    events::read(events, |piece, events| {
        board.write(|overview| {
            piece.events.iter().for_each(|event| overview.event(event));
            if let Some(ended) = piece.ended {
                if let Some(manifest) = events.manifest() {
                    overview.told(&manifest);
                }
                overview.end(ended);
            }
        })
    });
}

/// Makes commands, and lines for whoever searches. The recording is read once more for it: that takes far longer than to see
/// how much was shown when, which is wanted at once.
fn derive(opener: &dyn Opener, board: &Board<Overview>, kept: &Arc<Kept>) {
    let Ok(events) = Events::open(opener) else {
        kept.give_up();
        return;
    };
    let mut keeper = match events.is_sealed() {
        true => None,
        false => kept.begin().ok(),
    };
    if keeper.is_none() {
        kept.give_up();
    }
    // Where nobody has asked for it yet, the screen that is played is enough.
    let derived = deriving::derive(events, is_huge, |lines| {
        keeper = keeper.take_if(|keeper| keeper.lines(lines).is_ok());
        !board.is_closed()
    });
    if let Ok(Some(derived)) = derived {
        if let Some(keeper) = keeper {
            keeper.finish(derived.ended);
        }
        board.write(|overview| overview.commands = Some(derived.commands));
    }
}

/// The commands as they are stored, where they are what the manifest tells of.
fn stored_commands(opener: &dyn Opener, manifest: &Manifest) -> Option<Commands> {
    let derived = manifest.derived.as_ref()?;
    let (source, object) = events::stored(opener, manifest, Kind::Commands)?;
    let mut source = object.reading(source);
    let mut lines = recording::Reader::open_with(&mut source, opener.unlock()).ok()?;
    let mut commands = Vec::new();
    while let Some(line) = lines.next_line().ok()? {
        // More than any deriver gives.
        if commands.len() == overview::COMMANDS {
            return None;
        }
        commands.push(Command::parse(line)?);
    }
    drop(lines);
    source.is_it().ok()?.then_some(Commands {
        commands,
        explained: derived.explained,
        is_cut: derived.cut,
    })
}

#[cfg(test)]
mod tests;
