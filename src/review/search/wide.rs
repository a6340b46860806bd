//! A search of a whole store: packs first, and session by session what lies beyond them; told newest first.
//!
//! Nothing that a pack of others says is told as found: the session is looked at again, unless somebody trusts such packs. One
//! that does not read is told of, and its sessions are searched as if it were not there.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use formats::sealed::Unlock;

use super::finder::{Question, Where};
use super::packed::{Hit, look};
use super::session::in_reason;
use super::sweep::{Item, Step, sweep};
use super::turns::in_turn;
use crate::packs::Error as PackError;
use crate::review::catalog::{Beyond, Catalog, Covering, Entry, Error, Filter, Problem, problem};
use crate::review::condition::started;

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

/// Searches the sessions that `filter` lets through as long as `tell` wants to be told; tells how many of them no pack has.
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
) -> Result<usize, Error> {
    // What was typed is in no pack.
    let with_packs = manner.with_packs && !question.is_of(Where::Input);
    let mut beyond = catalog.beyond(filter, with_packs)?;
    let listing = std::mem::take(&mut beyond.listing);
    let without_pack = listing.entries.len();
    let mut search = Search {
        catalog,
        filter,
        question,
        unlock,
        manner,
        rest: listing.entries.into_iter().map(Item::Open).collect(),
        failure: None,
    };
    search.rest.reverse();
    let asked = without_pack + listing.problems.len();
    if !tell(Told::Asked(asked, listing.unknown)) {
        return Ok(without_pack);
    }
    for problem in listing.problems {
        if !tell(Told::Problem(problem)) {
            return Ok(without_pack);
        }
    }
    let packs = std::mem::take(&mut beyond.packs);
    let mut goes_on = true;
    let mut day = Vec::new();
    let mut left = packs.len();
    in_turn(
        &packs,
        manner.threads,
        |covering| search_pack(catalog, filter, question, covering, manner),
        |covering, found| {
            left -= 1;
            goes_on = search.pack(&beyond, covering, found, &mut day, tell);
            let is_last = packs
                .get(packs.len() - left)
                .is_none_or(|next| next.date != covering.date);
            if goes_on && is_last {
                goes_on = search.day(&mut day, covering, tell);
            }
            goes_on
        },
    );
    if goes_on {
        let mut rest = std::mem::take(&mut search.rest);
        rest.reverse();
        search.sweep(&rest, tell);
    }
    match search.failure {
        Some(error) => Err(error),
        None => Ok(without_pack),
    }
}

/// What is known of a search.
struct Search<'a> {
    catalog: &'a Catalog,
    filter: &'a Filter,
    question: &'a Question,
    unlock: &'a (dyn Unlock + Sync),
    manner: Manner,
    /// In no pack, oldest first.
    rest: Vec<Item>,
    failure: Option<Error>,
}

/// What was found in a pack.
struct Found {
    hits: Vec<(Entry, Hit)>,
    /// How many sessions have nothing.
    without: usize,
    unknown: usize,
}

fn search_pack(
    catalog: &Catalog,
    filter: &Filter,
    question: &Question,
    covering: &Covering,
    manner: Manner,
) -> Result<Found, PackError> {
    let is_believed = covering.is_own || manner.trusts_packs;
    let needs_manifests = !filter.condition.is_empty() || question.is_of(Where::Reasons);
    let mut asked = None;
    let mut unknown = 0;
    let mut places = covering.sessions.clone();
    if needs_manifests {
        let known = covering.asked(catalog.store(), filter, |_| true)?;
        unknown = known.unknown;
        places = known.entries.iter().map(|(at, _)| *at).collect();
        asked = Some(known.entries);
    }
    let mut hits = look(covering, &places, question, is_believed)?;
    if let Some(asked) = &asked
        && question.is_of(Where::Reasons)
    {
        for (at, entry) in asked {
            let (found, count) = in_reason(question, &entry.manifest);
            if count > 0 {
                let hit = hits.entry(*at).or_default();
                hit.count += count;
                hit.is_hint |= !is_believed;
                hit.pieces.splice(0..0, found);
            }
        }
    }
    let entries = match asked {
        Some(entries) => entries,
        None if hits.is_empty() => Vec::new(),
        None => {
            covering
                .asked(catalog.store(), filter, |at| hits.contains_key(&at))?
                .entries
        }
    };
    let mut found = Vec::new();
    for (at, entry) in entries {
        if let Some(hit) = hits.remove(&at) {
            found.push((entry, hit));
        }
    }
    Ok(Found {
        without: places.len() - found.len(),
        hits: found,
        unknown,
    })
}

impl Search<'_> {
    /// Adds what a pack has to what is to be told of its day.
    fn pack(
        &mut self,
        beyond: &Beyond,
        covering: &Covering,
        found: Result<Found, PackError>,
        day: &mut Vec<Item>,
        tell: &mut dyn FnMut(Told<'_>) -> bool,
    ) -> bool {
        let found = match found {
            Ok(found) => found,
            Err(error) => {
                if !covering.is_own && !tell(Told::Problem(problem(covering, &error))) {
                    return false;
                }
                let names: BTreeSet<String> = covering.names().collect();
                let listing = match self.catalog.instead(beyond, self.filter, &names) {
                    Ok(listing) => listing,
                    Err(error) => {
                        self.failure = Some(error);
                        return false;
                    }
                };
                let asked = listing.entries.len() + listing.problems.len();
                day.extend(listing.entries.into_iter().map(Item::Open));
                let mut problems = listing.problems.into_iter().map(Told::Problem);
                return tell(Told::Asked(asked, listing.unknown)) && problems.all(tell);
            }
        };
        let sessions = found.without + found.hits.len();
        if !tell(Told::Asked(sessions, found.unknown)) || !tell(Told::Without(found.without)) {
            return false;
        }
        let (hints, known): (Vec<_>, Vec<_>) =
            found.hits.into_iter().partition(|(_, hit)| hit.is_hint);
        day.extend(
            known
                .into_iter()
                .map(|(entry, hit)| Item::Known(entry, hit)),
        );
        if covering.is_own || hints.is_empty() {
            day.extend(hints.into_iter().map(|(entry, _)| Item::Open(entry)));
            return true;
        }
        // What is evidence is the store's own.
        let names = hints.iter().map(|(entry, _)| &entry.manifest.session_id);
        let names = names.map(|id| formats::layout::safe_name(id)).collect();
        match self.catalog.instead(beyond, self.filter, &names) {
            Ok(listing) => {
                day.extend(listing.entries.into_iter().map(Item::Open));
                listing.problems.into_iter().map(Told::Problem).all(tell)
            }
            Err(error) => {
                self.failure = Some(error);
                false
            }
        }
    }

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
        // What is known already takes no threads.
        let known = items
            .iter()
            .take_while(|item| matches!(item, Item::Known(..)));
        let known = known.count();
        for item in &items[..known] {
            if let Item::Known(entry, hit) = item
                && !(tell(Told::Session(entry, Step::Found(hit.pieces.clone())))
                    && tell(Told::Session(entry, Step::Done(hit.searched()))))
            {
                return false;
            }
        }
        let items = &items[known..];
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
