//! A search of a whole store: packs first, and session by session what lies beyond them; told newest first.
//!
//! Nothing that a pack of others says is told as found: the session is looked at again, unless somebody trusts such packs. One
//! that does not read is told of, and its sessions are searched as if it were not there.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

use chrono::NaiveDate;
use formats::layout::Place;
use formats::sealed::Unlock;

use super::covered::{Asking, Covered};
use super::finder::{Question, Where};
use super::sweep::{Item, Step, sweep};
use super::turns::in_turn;
use crate::review::catalog::{Beyond, Catalog, Covering, Entry, Error, Filter, Problem};
use crate::review::condition::{State, started};

/// How a store is searched.
#[derive(Clone, Copy, Debug)]
pub struct Manner {
    /// So many sessions or packs at a time.
    pub threads: usize,
    /// Packs are used.
    pub with_packs: bool,
    /// What packs of others say is not looked at again.
    pub trusts_packs: bool,
}

/// What is told of a search.
#[derive(Debug)]
pub enum Told<'a> {
    /// So many sessions more are searched for, and so many more do not tell whether they are.
    Asked(usize, usize),
    /// So many of them have nothing, by their packs.
    Without(usize),
    /// Something does not read.
    Problem(Problem),
    /// How it goes with a session.
    Session(&'a Entry, Step),
}

/// Sessions that no pack has and one could have: how many of each day.
pub type WithoutPack = BTreeMap<NaiveDate, usize>;

/// Searches the sessions that `filter` lets through as long as `tell` wants to be told; tells which of them no pack has and one
/// could have.
///
/// # Errors
/// The store or the spool cannot be listed or reached; what was told until then is so all the same.
pub fn search(
    catalog: &Catalog,
    filter: &Filter,
    question: &Question,
    unlock: &(dyn Unlock + Sync),
    manner: Manner,
    tell: &mut dyn FnMut(Told<'_>) -> bool,
) -> Result<WithoutPack, Error> {
    // What was typed is in no pack.
    let with_packs = manner.with_packs && !question.is_of(Where::Input);
    let Beyond {
        packs,
        listing,
        left_out,
    } = catalog.beyond(filter, with_packs)?;
    let without_pack = without_pack(&listing.entries);
    let asked = listing.entries.len() + listing.problems.len();
    let mut search = Search {
        catalog,
        question,
        unlock,
        manner,
        rest: listing.entries.into_iter().map(Item::Open).collect(),
    };
    search.rest.reverse();
    if !tell(Told::Asked(asked, listing.unknown)) {
        return Ok(without_pack);
    }
    for problem in left_out.into_iter().chain(listing.problems) {
        if !tell(Told::Problem(problem)) {
            return Ok(without_pack);
        }
    }
    let asking = Asking {
        catalog,
        filter,
        question,
        unlock,
        trusts_packs: manner.trusts_packs,
        is_wanted: AtomicBool::new(true),
    };
    let mut goes_on = true;
    let mut failure = None;
    let mut day = Vec::new();
    let mut done = 0;
    in_turn(
        &packs,
        manner.threads,
        |covering| asking.of(covering),
        |covering, covered| {
            done += 1;
            goes_on = match covered {
                Ok(covered) => add(covered, &mut day, tell),
                Err(error) => {
                    failure = Some(error);
                    false
                }
            };
            let is_last = packs
                .get(done)
                .is_none_or(|next| next.date != covering.date);
            goes_on = goes_on && (!is_last || search.day(&mut day, covering, tell));
            asking.is_wanted.store(goes_on, Ordering::Relaxed);
            goes_on
        },
    );
    if goes_on {
        let mut rest = std::mem::take(&mut search.rest);
        rest.reverse();
        search.sweep(&rest, tell);
    }
    match failure {
        Some(error) => Err(error),
        None => Ok(without_pack),
    }
}

fn without_pack(entries: &[Entry]) -> WithoutPack {
    let mut days = WithoutPack::new();
    for Entry {
        manifest, state, ..
    } in entries
    {
        // What is not stored yet, and what only some may read, gets into none.
        if let (State::Stored, None, Some(place)) =
            (state, &manifest.encryption, Place::of(manifest))
        {
            *days.entry(place.date).or_default() += 1;
        }
    }
    days
}

/// What is known of a search.
struct Search<'a> {
    catalog: &'a Catalog,
    question: &'a Question,
    unlock: &'a (dyn Unlock + Sync),
    manner: Manner,
    /// In no pack, oldest first.
    rest: Vec<Item>,
}

/// Adds what a pack covers to what is to be told of its day, and tells the rest of it.
fn add(covered: Covered, day: &mut Vec<Item>, tell: &mut dyn FnMut(Told<'_>) -> bool) -> bool {
    day.extend(covered.items);
    tell(Told::Asked(covered.asked, covered.unknown))
        && tell(Told::Without(covered.without))
        && covered.problems.into_iter().map(Told::Problem).all(tell)
}

impl Search<'_> {
    /// Tells of a day, and of all that is newer and in no pack.
    fn day(
        &mut self,
        day: &mut Vec<Item>,
        covering: &Covering,
        tell: &mut dyn FnMut(Told<'_>) -> bool,
    ) -> bool {
        let is_older = |item: &Item| {
            let start = started(&item.entry().manifest);
            start.is_none_or(|start| start.date_naive() < covering.date)
        };
        let newer = self.rest.iter().rposition(is_older).map_or(0, |at| at + 1);
        let mut items = std::mem::take(day);
        items.extend(self.rest.drain(newer..).rev());
        items.sort_by_key(|item| {
            let manifest = &item.entry().manifest;
            Reverse((started(manifest), Reverse(manifest.session_id.clone())))
        });
        self.sweep(&items, tell)
    }

    fn sweep(&self, items: &[Item], tell: &mut dyn FnMut(Told<'_>) -> bool) -> bool {
        // What is known already takes no threads, and of most days nothing is left.
        let known = items
            .iter()
            .take_while(|item| matches!(item, Item::Known(..)));
        let known = known.count();
        for item in &items[..known] {
            if let Item::Known(entry, searched, pieces) = item
                && !(tell(Told::Session(entry, Step::Found(pieces.clone())))
                    && tell(Told::Session(entry, Step::Done(searched.clone()))))
            {
                return false;
            }
        }
        let items = &items[known..];
        if items.is_empty() {
            return true;
        }
        let mut goes_on = true;
        sweep(
            (self.catalog, items),
            self.question,
            self.unlock,
            self.manner.threads,
            |entry, step| {
                goes_on = tell(Told::Session(entry, step));
                goes_on
            },
        );
        goes_on
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use formats::manifest::{Encryption, Manifest};

    #[test]
    fn only_what_is_stored_and_open_could_be_in_a_pack() {
        let entry = |started: Option<&str>, state, is_sealed: bool| Entry {
            manifest: Manifest {
                started_at: started.map(str::to_owned),
                encryption: is_sealed.then(Encryption::default),
                ..Manifest::default()
            },
            state,
            location: String::new(),
        };
        let one = Some("2026-11-23T23:59:59Z");
        let next = Some("2026-11-24T00:00:00Z");
        let without = without_pack(&[
            entry(one, State::Stored, false),
            entry(one, State::Stored, false),
            entry(one, State::Stored, true),
            entry(one, State::InSpool, false),
            entry(next, State::Stored, false),
            entry(next, State::WithoutManifest, false),
            entry(None, State::Stored, false),
        ]);
        let date = |day| NaiveDate::from_ymd_opt(2026, 11, day).unwrap();
        assert_eq!(without, [(date(23), 2), (date(24), 1)].into());
    }
}
