//! What the packs of a store cover of the sessions that are asked for, and what lies beyond them.
//!
//! Nothing here searches, and no session is covered whose manifest the store does not list: a pack tells of what is there.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use formats::layout::{self, Place};
use formats::manifest::Manifest;

use super::in_packs::InPacks;
use super::packed::{Packed, packs};
use super::{Catalog, Entry, Error, Filter, Listing, Order, Problem, Standing, State, UNSIGNED};
use crate::packs::{Error as PackError, Pack};
use crate::review::condition::{Facts, Needs};
use crate::store::{Store, at_once};
use crate::transcript::EXTRACTOR;
use crate::words::causes;

/// A pack, and the sessions in it that it is asked about.
#[derive(Clone, Debug)]
pub(crate) struct Covering {
    /// The pack.
    pub(crate) pack: Pack,
    /// The day of its sessions.
    pub(crate) date: NaiveDate,
    /// Whether it was made on this machine of what was checked then, so that what it says needs no second look.
    pub(crate) is_own: bool,
    /// Where they stand in its index.
    pub(crate) sessions: Vec<usize>,
}

/// What is asked for: some of it in packs, and all else.
pub(crate) struct Beyond {
    /// Newest day first.
    pub(crate) packs: Vec<Covering>,
    /// What no pack covers, and what does not read of it.
    pub(crate) listing: Listing,
    /// Packs that are not used: why.
    pub(crate) left_out: Vec<Problem>,
}

/// Sessions of a pack that are asked for, by their manifests.
pub(crate) struct Asked {
    /// Where each stands in the index, and what it is.
    pub(crate) entries: Vec<(usize, Entry)>,
    /// How many do not tell whether they are asked for.
    pub(crate) unknown: usize,
}

impl Catalog {
    /// What packs cover of what is asked for, and what they do not.
    ///
    /// # Errors
    /// The store or the spool cannot be listed.
    pub(crate) fn beyond(&self, filter: &Filter, with_packs: bool) -> Result<Beyond, Error> {
        // What lies beside a manifest no pack tells, and few sessions need none.
        let is_for_packs = filter.session.is_none() && filter.condition.needs() == Needs::default();
        let ((packs, mut left_out), keys) = match with_packs && is_for_packs {
            true => at_once(|| self.packs_there(filter), || self.keys(filter)),
            false => ((Vec::new(), Vec::new()), self.keys(filter)),
        };
        let keys = keys?;
        let mut is_covered = vec![false; keys[0].len()];
        let mut covering: Vec<Covering> = Vec::new();
        let cover = || {
            for (pack, is_own) in packs {
                match pack.state {
                    // Nobody else can mend what is on this machine, and nobody needs it.
                    Standing::Half(_) => {}
                    Standing::Refused(..) | Standing::Unsigned(_) if is_own => {}
                    Standing::Unsigned(_) => left_out.push(Problem {
                        location: pack.location,
                        error: Error::Pack(UNSIGNED.to_owned()),
                    }),
                    Standing::Refused(why, _) => left_out.push(Problem {
                        location: pack.location,
                        error: Error::Pack(why),
                    }),
                    Standing::Whole(whole) => {
                        let sessions = taken(&whole, pack.date, &keys[0], &mut is_covered);
                        if !sessions.is_empty() {
                            covering.push(Covering {
                                pack: whole,
                                date: pack.date,
                                is_own,
                                sessions,
                            });
                        }
                    }
                }
            }
        };
        let (loose, ()) = at_once(|| self.loose(&keys, filter), cover);
        let loose = loose?;
        covering.sort_by_key(|one| std::cmp::Reverse(one.date));
        let [manifests, recordings, signatures] = keys;
        let rest = manifests.into_iter().zip(is_covered);
        let rest = rest.filter_map(|(key, is_covered)| (!is_covered).then_some(key));
        let listing = self.stored(
            loose,
            rest.collect(),
            [&recordings, &signatures],
            (filter, &mut InPacks::none()),
            (Order::default(), usize::MAX),
        )?;
        Ok(Beyond {
            packs: covering,
            listing,
            left_out,
        })
    }

    /// The packs of this machine and those of the store, and what cannot be read of them.
    fn packs_there(&self, filter: &Filter) -> (Vec<(Packed, bool)>, Vec<Problem>) {
        let mut left_out = Vec::new();
        let own = self.own_packs.as_ref();
        let own = own.and_then(|store| packs(store, filter, None).ok());
        // Whoever may not read packs searches without them.
        let others = self.packs(filter).unwrap_or_else(|error| {
            left_out.push(Problem {
                location: self.store.locate("packs"),
                error: Error::Pack(causes(&error)),
            });
            Vec::new()
        });
        let own = own.unwrap_or_default().into_iter();
        let others = others.into_iter().map(|pack| (pack, false));
        let all = own.map(|pack| (pack, true)).chain(others);
        (all.collect(), left_out)
    }

    /// Sessions of a day as the store itself has them: what a pack says of them does not count.
    ///
    /// # Errors
    /// The store cannot be reached.
    pub(crate) fn instead(
        &self,
        date: NaiveDate,
        filter: &Filter,
        names: &BTreeSet<String>,
    ) -> Result<Listing, Error> {
        let keys = names.iter().map(|name| layout::manifest_of(date, name));
        self.stored(
            Listing::default(),
            keys.collect(),
            [&[], &[]],
            (filter, &mut InPacks::none()),
            (Order::default(), usize::MAX),
        )
    }
}

/// The sessions of a pack whose manifests are listed and in no pack before it, which are taken. Those that only some may read are
/// not in it.
fn taken(
    pack: &Pack,
    date: NaiveDate,
    manifests: &[String],
    is_covered: &mut [bool],
) -> Vec<usize> {
    // What was derived by other rules is derived again.
    if pack.index().extractor != EXTRACTOR {
        return Vec::new();
    }
    let folder = layout::manifests_of(date);
    let first = manifests.partition_point(|key| **key < *folder);
    let of_day = &manifests[first..];
    let of_day = &of_day[..of_day.partition_point(|key| key.starts_with(&folder))];
    let mut taken = Vec::new();
    for (at, covered) in pack.index().covers.iter().enumerate() {
        if covered.sealed {
            continue;
        }
        let name = layout::safe_name(&covered.session);
        // As of `layout::manifest_of`, for thousands of them.
        let key = [&folder, &name, ".json"].concat();
        if let Ok(found) = of_day.binary_search(&key)
            && !std::mem::replace(&mut is_covered[first + found], true)
        {
            taken.push(at);
        }
    }
    taken
}

impl Covering {
    /// What stands for its sessions in keys.
    pub(crate) fn names(&self) -> impl Iterator<Item = String> + '_ {
        let covers = &self.pack.index().covers;
        let sessions = self.sessions.iter().filter_map(|at| covers.get(*at));
        sessions.map(|covered| layout::safe_name(&covered.session))
    }

    /// Where its index lies, for a person.
    pub(crate) fn location(&self) -> String {
        self.pack.locate_index()
    }

    /// Which of its sessions `filter` lets through, by the manifests that it has; or of these alone.
    pub(crate) fn asked(
        &self,
        store: &Store,
        filter: &Filter,
        of: impl Fn(usize) -> bool,
    ) -> Result<Asked, PackError> {
        let manifests = self.pack.manifests()?;
        let mut asked = Asked {
            entries: Vec::new(),
            unknown: 0,
        };
        for at in self.sessions.iter().copied().filter(|at| of(*at)) {
            let entry = manifests
                .get(at)
                .and_then(|bytes| self.entry(store, at, bytes));
            let entry = entry.ok_or_else(PackError::other_manifests)?;
            match filter.judge(&Facts {
                state: Some(State::Stored),
                ..Facts::of(&entry.manifest)
            }) {
                Some(true) => asked.entries.push((at, entry)),
                Some(false) => {}
                None => asked.unknown += 1,
            }
        }
        Ok(asked)
    }

    fn entry(&self, store: &Store, at: usize, json: &str) -> Option<Entry> {
        let covered = self.pack.index().covers.get(at)?;
        let manifest = Manifest::parse(json.trim_ascii().as_bytes()).ok()?;
        let place = Place::of(&manifest)?;
        let is_its_own = manifest.session_id == covered.session && place.date == self.date;
        let location = store.locate(&place.recording());
        is_its_own.then_some(Entry {
            location,
            state: State::Stored,
            manifest,
        })
    }
}

/// A pack of the store that is told of where it does not read.
pub(crate) fn problem(covering: &Covering, error: &PackError) -> Problem {
    Problem {
        location: covering.location(),
        error: Error::Pack(causes(error)),
    }
}
