//! Manifests as the packs of a bucket have them: one object in place of many.
//!
//! Nothing here is asked for few of them, and nothing is taken from a pack that does not count or does not read: what is not
//! found here is read where it lies.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use formats::layout;
use formats::manifest::MAX_MANIFEST;
use formats::pack::Part;

use super::{Catalog, Filter, Packed, Standing};
use crate::store;

/// So many manifests come at once, in the time that a pack takes to be found and read.
const FEW: usize = 192;
/// A pack is read for so many of its sessions, or more.
const MANY: usize = 16;
/// The longest table of sessions that is read.
const LONGEST: u64 = 256 << 20;

/// What packs there are, once somebody has looked.
#[derive(Debug)]
pub(super) struct InPacks {
    filter: Filter,
    packs: Option<BTreeMap<NaiveDate, Vec<Packed>>>,
}

impl InPacks {
    /// None: for who looks at what lies in the store itself.
    pub(super) fn none() -> Self {
        Self {
            filter: Filter::default(),
            packs: Some(BTreeMap::new()),
        }
    }

    /// The packs of the days that `filter` may want something of.
    pub(super) fn of(filter: &Filter) -> Self {
        Self {
            filter: filter.clone(),
            packs: None,
        }
    }
}

impl Catalog {
    /// Manifests of a bucket, as its packs have them where there are many, and else one by one.
    pub(super) fn read(
        &self,
        keys: &[String],
        packs: &mut InPacks,
    ) -> Result<Vec<Result<Vec<u8>, store::Error>>, store::Error> {
        let mut found = self.in_packs(keys, packs)?;
        let rest = keys.iter().filter(|key| !found.contains_key(*key));
        let rest: Vec<String> = rest.cloned().collect();
        let mut read = self
            .store
            .read_many(&rest, MAX_MANIFEST as u64)?
            .into_iter();
        let answers = keys.iter().map(|key| match found.remove(key) {
            Some(manifest) => Ok(manifest),
            None => read.next().unwrap_or_else(|| {
                Err(store::Error::NotFound {
                    place: self.store.locate(key),
                })
            }),
        });
        Ok(answers.collect())
    }

    fn in_packs(
        &self,
        keys: &[String],
        known: &mut InPacks,
    ) -> Result<BTreeMap<String, Vec<u8>>, store::Error> {
        let mut found = BTreeMap::new();
        if keys.len() <= FEW {
            return Ok(found);
        }
        let packs = match &mut known.packs {
            Some(packs) => packs,
            unknown => {
                let mut by_day: BTreeMap<NaiveDate, Vec<Packed>> = BTreeMap::new();
                // Whoever cannot list packs reads manifests.
                for pack in self.packs(&known.filter).unwrap_or_default() {
                    by_day.entry(pack.date).or_default().push(pack);
                }
                unknown.insert(by_day)
            }
        };
        let wanted: BTreeSet<&String> = keys.iter().collect();
        let days: BTreeSet<NaiveDate> = keys
            .iter()
            .filter_map(|key| layout::parse_day(key))
            .collect();
        let mut worth = Vec::new();
        for day in days {
            for pack in packs.get(&day).into_iter().flatten() {
                let Standing::Whole(whole) = &pack.state else {
                    continue;
                };
                let keys = whole.index().covers.iter().map(|covered| {
                    let name = layout::safe_name(&covered.session);
                    layout::manifest_of(day, &name)
                });
                let keys: Vec<String> = keys.collect();
                if keys.iter().filter(|key| wanted.contains(key)).count() >= MANY {
                    worth.push((whole, layout::pack(Part::Sessions, day, pack.number), keys));
                }
            }
        }
        let tables: Vec<String> = worth.iter().map(|(_, key, _)| key.clone()).collect();
        let read = self.store.read_many(&tables, LONGEST)?;
        for ((pack, _, keys), bytes) in worth.into_iter().zip(read) {
            let manifests = bytes.ok().and_then(|bytes| pack.manifests_in(bytes).ok());
            let manifests = manifests.unwrap_or_default().into_iter();
            let each = keys.into_iter().zip(manifests);
            found.extend(
                each.filter(|(key, _)| wanted.contains(key))
                    .map(|(key, manifest)| (key, manifest.into_bytes())),
            );
        }
        Ok(found)
    }
}
