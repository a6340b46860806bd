//! CloudTrail's log files: which of them are of some days, and what they tell of sessions.
//!
//! Nothing here trusts a file to be what its name says, and none is held whole that is longer than a limit. Digest files, by which
//! CloudTrail proves its own, are not looked at: `aws cloudtrail validate-logs` does that.

mod event;
mod file;
mod place;

pub use event::{Deed, Event};
pub use file::{Error as FileError, parse};
pub use place::{Covered, Place};

use chrono::NaiveDate;

use crate::store::{self, Store};

/// So many files are read at a time: each may be as long as the limit.
const AT_ONCE: usize = 16;

/// What a trail tells of some days.
#[derive(Debug, Default)]
pub struct Told {
    /// Of which accounts and regions, and which days of each have files.
    pub covered: Vec<Covered>,
    /// How many files were read.
    pub files: usize,
    /// What does not read: where it lies, and why.
    pub problems: Vec<(String, String)>,
}

/// Reads the files of these days, and of the day behind them, by which what happened at their end is told. Each event goes to
/// `take`, once a trail that tells it.
///
/// # Errors
/// The folder or the bucket cannot be listed or reached.
pub fn read(
    store: &Store,
    first: NaiveDate,
    last: NaiveDate,
    take: &mut dyn FnMut(Event),
) -> Result<Told, store::Error> {
    let (keys, covered) = place::files(store, first, last)?;
    let mut told = Told {
        covered,
        files: keys.len(),
        ..Told::default()
    };
    for some in keys.chunks(AT_ONCE) {
        let read = store.read_many(some, file::MAX_FILE)?;
        for (key, bytes) in some.iter().zip(read) {
            let place = Place::of(key);
            let parsed = bytes.map_err(FileError::from).and_then(|bytes| {
                file::parse(&bytes, &mut |event| {
                    told.note(&place, &event);
                    take(event);
                })
            });
            if let Err(error) = parsed {
                told.problems.push((store.locate(key), error.to_string()));
            }
        }
    }
    Ok(told)
}

impl Told {
    /// Files that lie in no folder of an account and region are of those that they tell of.
    fn note(&mut self, place: &Place, event: &Event) {
        if place.region.is_none() {
            Covered::add(
                &mut self.covered,
                event.account.as_deref(),
                event.region.as_deref(),
                event.at.date_naive(),
            );
        }
    }
}

#[cfg(test)]
mod tests;
