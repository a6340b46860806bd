//! The sessions that a pack covers, searched: by the pack itself where it is believed, else by what lies in the store where the pack
//! says that something is found.
//!
//! Nothing here is told: it is done ahead, on several packs at a time. What is held of what was found has a bound, beyond which a
//! session is searched when its turn comes.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};

use formats::layout;
use formats::sealed::Unlock;

use super::finder::{Question, Where};
use super::packed::{Hit, MOST_TEXT, look};
use super::session::{Outcome, Searched, Session, in_reason};
use super::sweep::Item;
use crate::packs::Error as PackError;
use crate::review::catalog::{Catalog, Covering, Entry, Error, Filter, Problem, problem};

/// What is asked of each pack.
pub(super) struct Asking<'a> {
    pub(super) catalog: &'a Catalog,
    pub(super) filter: &'a Filter,
    pub(super) question: &'a Question,
    pub(super) unlock: &'a (dyn Unlock + Sync),
    /// What packs of others say is not looked at again.
    pub(super) trusts_packs: bool,
    /// Whether anybody still wants to know.
    pub(super) is_wanted: AtomicBool,
}

/// What is to be told of a pack.
#[derive(Default)]
pub(super) struct Covered {
    /// Sessions with something in them, or that are still to be searched.
    pub(super) items: Vec<Item>,
    pub(super) problems: Vec<Problem>,
    /// How many sessions are asked for.
    pub(super) asked: usize,
    /// How many of them have nothing.
    pub(super) without: usize,
    /// How many do not tell whether they are asked for.
    pub(super) unknown: usize,
}

impl Asking<'_> {
    /// Searches the sessions of a pack.
    pub(super) fn of(&self, covering: &Covering) -> Result<Covered, Error> {
        match self.by_pack(covering) {
            Ok((hits, without, unknown)) => self.covered(covering, hits, without, unknown),
            // As if there were no such pack; nobody can mend one of this machine, and nobody needs it.
            Err(error) => {
                let mut covered = self.instead(covering, covering.names().collect())?;
                if !covering.is_own {
                    covered.problems.insert(0, problem(covering, &error));
                }
                Ok(covered)
            }
        }
    }

    /// What the pack says: which sessions have it, how many have not, and how many do not tell whether they are asked for.
    #[expect(clippy::type_complexity, reason = "it is taken apart at once")]
    fn by_pack(&self, covering: &Covering) -> Result<(Vec<(Entry, Hit)>, usize, usize), PackError> {
        let (question, store) = (self.question, self.catalog.store());
        let is_believed = covering.is_own || self.trusts_packs;
        let needs_manifests = !self.filter.condition.is_empty() || question.is_of(Where::Reasons);
        let mut asked = None;
        let mut unknown = 0;
        let mut places = covering.sessions.clone();
        if needs_manifests {
            let known = covering.asked(store, self.filter, |_| true)?;
            unknown = known.unknown;
            places = known.entries.iter().map(|(at, _)| *at).collect();
            asked = Some(known.entries);
        }
        let mut hits = look(covering, &places, question, is_believed)?;
        for (at, entry) in asked.iter().flatten() {
            let (found, count) = in_reason(question, &entry.manifest);
            if count > 0 {
                let hit = hits.entry(*at).or_default();
                hit.count += count;
                hit.is_hint |= !is_believed;
                hit.pieces.splice(0..0, found);
            }
        }
        let entries = match asked {
            Some(entries) => entries,
            None if hits.is_empty() => Vec::new(),
            None => {
                let asked = covering.asked(store, self.filter, |at| hits.contains_key(&at))?;
                asked.entries
            }
        };
        let found = entries.into_iter();
        let found = found.filter_map(|(at, entry)| Some((entry, hits.remove(&at)?)));
        let found: Vec<(Entry, Hit)> = found.collect();
        let without = places.len() - found.len();
        Ok((found, without, unknown))
    }

    fn covered(
        &self,
        covering: &Covering,
        hits: Vec<(Entry, Hit)>,
        without: usize,
        unknown: usize,
    ) -> Result<Covered, Error> {
        let asked = without + hits.len();
        let (hints, known): (Vec<_>, Vec<_>) = hits.into_iter().partition(|(_, hit)| hit.is_hint);
        let known = known.into_iter().map(|(entry, hit)| {
            let searched = Searched {
                outcome: Outcome::Whole,
                count: hit.count,
                is_replaced: false,
            };
            Item::Known(entry, searched, hit.pieces)
        });
        let mut covered = Covered {
            items: known.collect(),
            problems: Vec::new(),
            asked,
            without,
            unknown,
        };
        if covering.is_own {
            let open = hints.into_iter().map(|(entry, _)| Item::Open(entry));
            covered.items.extend(open);
        } else if !hints.is_empty() {
            // What is evidence is the store's own.
            let ids = hints.iter().map(|(entry, _)| &entry.manifest.session_id);
            let again = self.instead(covering, ids.map(|id| layout::safe_name(id)).collect())?;
            covered.items.extend(again.items);
            covered.problems = again.problems;
        }
        self.search_ahead(&mut covered.items);
        Ok(covered)
    }

    /// The same sessions as the store has them.
    fn instead(&self, covering: &Covering, names: BTreeSet<String>) -> Result<Covered, Error> {
        let listing = self.catalog.instead(covering.date, self.filter, &names)?;
        Ok(Covered {
            asked: listing.entries.len() + listing.problems.len(),
            without: 0,
            unknown: listing.unknown,
            items: listing.entries.into_iter().map(Item::Open).collect(),
            problems: listing.problems,
        })
    }

    /// Searches those that are still to be searched, as far as what is found may be held.
    fn search_ahead(&self, items: &mut [Item]) {
        let mut text = 0;
        for item in items {
            let Item::Open(entry) = item else {
                continue;
            };
            let mut pieces = Vec::new();
            let mut hand_on = |found: Vec<super::Piece>| {
                let found_text = found
                    .iter()
                    .map(|piece| piece.text.len() + size_of_val(piece));
                text += found_text.sum::<usize>();
                pieces.extend(found);
                text <= MOST_TEXT && self.is_wanted.load(Ordering::Relaxed)
            };
            let session = Session::of(
                (self.catalog, entry),
                self.unlock,
                self.question,
                &mut hand_on,
            );
            let searched = session.search();
            if searched.outcome == Outcome::Stopped {
                return;
            }
            *item = Item::Known(entry.clone(), searched, pieces);
        }
    }
}
