//! A search of a recording for what was shown, at the time when it was shown.
//!
//! Nothing here is found in what went over the wire: lines are searched as a person could have read them, as they are stored
//! beside the recording where its manifest vouches for them, else as they are derived from it. Whoever drops a search ends it.

mod blocks;
mod hits;
mod places;

use std::io::{self, Read};
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use formats::derived::{Kind, Line, ReadLine};
use formats::recording;
use formats::sealed::{NoKey, Unlock};

pub use hits::{Hit, Hits, State};
pub use places::Place;

pub use crate::transcript::Pattern;

use super::board::Board;
use super::deriving;
use super::events::{self, Events, Opener};
use super::kept::Kept;
use crate::player::{Ended, broken_off};
use blocks::{Finder, Found};

/// So many blocks of stored lines are read ahead, of some hundred KiB each.
const AHEAD: usize = 4;

/// A search under way.
pub struct Search {
    board: Arc<Board<Hits>>,
}

impl Search {
    /// Begins to search a recording that is not scanned.
    ///
    /// # Errors
    /// There is no thread to be had.
    pub fn start(opener: Arc<dyn Opener>, pattern: Pattern) -> io::Result<Self> {
        Self::begin(opener, None, pattern)
    }

    pub(super) fn begin(
        opener: Arc<dyn Opener>,
        kept: Option<Arc<Kept>>,
        pattern: Pattern,
    ) -> io::Result<Self> {
        let board = Arc::new(Board::default());
        let search = Self {
            board: Arc::clone(&board),
        };
        thread::Builder::new()
            .name("search".into())
            .spawn(move || run(&opener, kept.as_ref(), &pattern, &board))?;
        Ok(search)
    }

    /// Waits until more is found than when this was last waited for. Nothing is lost when the future is dropped.
    pub async fn changed(&self) {
        self.board.changed().await;
    }

    /// Looks at what is found. The search waits meanwhile, so nothing long should be done in it. What was found may be gone
    /// again, where stored lines turn out not to be what the manifest tells of.
    pub fn look<R>(&self, look: impl FnOnce(&Hits) -> R) -> R {
        self.board.look(look)
    }
}

impl Drop for Search {
    fn drop(&mut self) {
        // The threads are not waited for: they may hang on a source.
        self.board.close();
    }
}

fn run(opener: &Arc<dyn Opener>, kept: Option<&Arc<Kept>>, pattern: &Pattern, board: &Board<Hits>) {
    let ways: [&dyn Fn() -> Option<Ended>; 3] = [
        &|| stored(opener, pattern, board),
        &|| self::kept(kept?, pattern, board),
        &|| derived(&**opener, pattern, board),
    ];
    for way in ways {
        let ended = way();
        let is_wanted = board.write(|hits| match ended.clone() {
            Some(ended) => hits.end(ended),
            // What that way gave was not to be believed, or is not all.
            None => hits.begin_anew(),
        });
        if ended.is_some() || !is_wanted {
            return;
        }
    }
}

impl Board<Hits> {
    /// Tells what was found. `false`: nobody wants to know.
    fn tell(&self, found: Found) -> bool {
        let seen = Duration::from_millis(found.seen);
        self.write(|hits| hits.add(found.hits, found.more, seen))
    }
}

/// Searches the lines as they are stored. `None` where there are none that the manifest vouches for.
fn stored(opener: &Arc<dyn Opener>, pattern: &Pattern, board: &Board<Hits>) -> Option<Ended> {
    let manifest = events::manifest_at_end(&**opener)?;
    let (source, object) = events::stored(&**opener, &manifest, Kind::Lines)?;
    let opener = Arc::clone(opener);
    blocks(pattern, board, move |blocks| {
        let mut source = object.reading(source);
        read(&mut source, opener.unlock(), blocks)?;
        source.is_it().ok()?.then_some(Ended::Complete)
    })
}

/// Searches the lines that a scan has derived, or does now. `None` where it keeps none.
fn kept(kept: &Arc<Kept>, pattern: &Pattern, board: &Board<Hits>) -> Option<Ended> {
    let source = kept.read()?;
    let kept = Arc::clone(kept);
    blocks(pattern, board, move |blocks| {
        read(source, &NoKey, blocks)?;
        kept.ended()
    })
}

/// Searches the lines that `read` hands on from another thread, as far as they are wanted. It tells how the recording ends
/// when it has read all of them.
fn blocks(
    pattern: &Pattern,
    board: &Board<Hits>,
    read: impl FnOnce(&SyncSender<Vec<u8>>) -> Option<Ended> + Send + 'static,
) -> Option<Ended> {
    let (sender, blocks) = sync_channel(AHEAD);
    let thread = thread::Builder::new().name("lines".into());
    let reading = thread.spawn(move || read(&sender)).ok()?;
    let mut finder = Finder::new(pattern.clone(), hits::KEPT);
    for block in blocks {
        if !board.tell(finder.block(&block)) {
            return None;
        }
    }
    reading.join().ok()?
}

/// Reads all lines; `None` where they do not read, or are not wanted.
fn read(source: impl Read, unlock: &dyn Unlock, blocks: &SyncSender<Vec<u8>>) -> Option<()> {
    let mut lines = recording::Reader::open_with(source, unlock).ok()?;
    while let Some(block) = lines.next_lines().ok()? {
        blocks.send(block.to_vec()).ok()?;
    }
    Some(())
}

/// Searches the lines that are derived from the recording now. `None`: nobody waits any more.
fn derived(opener: &dyn Opener, pattern: &Pattern, board: &Board<Hits>) -> Option<Ended> {
    let mut finder = Finder::new(pattern.clone(), hits::KEPT);
    let derived = Events::open(opener).and_then(|events| {
        let any_size = |_| false;
        Ok(deriving::derive(events, any_size, |lines| {
            let mut found = Found::default();
            for line in lines {
                finder.line(&as_read(line), &mut found);
            }
            board.tell(found)
        })?)
    });
    match derived {
        Ok(derived) => Some(derived?.ended),
        Err(error) => Some(broken_off(&error)),
    }
}

fn as_read(line: &Line) -> ReadLine<'_> {
    ReadLine {
        first: line.first,
        last: line.last,
        text: (&*line.text).into(),
        other: line.other,
    }
}
