//! The catalog for somebody who looks at it while it is still listed: first what was seen before, then what is there.
//!
//! Nothing waits for the store that is known already, and nothing is left out in the end that a list would tell.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use formats::layout::Place;
use formats::manifest::{MAX_MANIFEST, Manifest};

use super::seen::{Day, Kept};
use super::{
    Catalog, Entry, Error, Filter, Problem, State, by_day, headline, is_manifest, parse_manifest,
};
use crate::review::chosen::id_part;
use crate::review::identity::check_key;
use crate::spool::Spool;
use crate::store::{self, Store};

/// So many are told at once, but for the first.
const AT_ONCE: usize = 1000;
/// The first are a windowful.
const FIRST: usize = 100;

/// What is told meanwhile.
#[derive(Debug)]
pub enum Told {
    /// Recordings. One that was told of before is known better now.
    Found(Vec<Found>),
    /// They were seen before, and are there no more.
    Gone(Vec<String>),
    /// Something does not read.
    Problem(Problem),
}

/// A recording.
#[derive(Clone, Debug)]
pub struct Found {
    /// What stands for the session in keys: the same for all that is of it.
    pub id: String,
    /// The recording.
    pub entry: Entry,
    /// Whether a signature lies beside its manifest, where that is known.
    pub is_signed: Option<bool>,
    /// Whether somebody is at work on it: the session runs, or is being stored.
    pub is_claimed: bool,
}

impl Catalog {
    /// Everything there is, newest first as far as it was seen before. `tell` says whether to go on.
    ///
    /// # Errors
    /// Store or spool cannot be listed; what was told until then is so all the same.
    pub fn browse(&self, mut tell: impl FnMut(Told) -> bool) -> Result<(), Error> {
        let spooled = self.spooled_now()?;
        if !tell(Told::Found(spooled)) {
            return Ok(());
        }
        let mut known = BTreeMap::new();
        let mut batch = Vec::new();
        let mut most = FIRST;
        for day in self.seen.iter().flat_map(|seen| seen.days()) {
            let kept = self.seen.as_ref().map(|seen| seen.day(day));
            for (key, kept) in kept.iter().flatten() {
                batch.extend(self.found(key, kept).ok());
            }
            known.insert(day, kept.unwrap_or_default());
            if batch.len() >= most {
                most = AT_ONCE;
                if !tell(Told::Found(std::mem::take(&mut batch))) {
                    return Ok(());
                }
            }
        }
        if !batch.is_empty() && !tell(Told::Found(batch)) {
            return Ok(());
        }
        self.listed(known, &mut tell)
    }

    /// What the store holds by now.
    fn listed(
        &self,
        mut known: BTreeMap<Option<NaiveDate>, Day>,
        tell: &mut impl FnMut(Told) -> bool,
    ) -> Result<(), Error> {
        let [mut manifests, recordings] = self.all_keys(&Filter::default())?;
        let signatures: BTreeSet<String> =
            manifests.extract_if(.., |key| !is_manifest(key)).collect();
        let is_signed = |key: &str| signatures.contains(&format!("{key}.sig"));
        let recorded = recordings.iter().filter(|key| key.ends_with(".cast.zst"));
        let recorded: BTreeMap<&str, &String> = recorded.map(|key| (id_part(key), key)).collect();
        let stored: BTreeSet<String> = manifests
            .iter()
            .map(|key| id_part(key).to_owned())
            .collect();
        let mut days = by_day(manifests);
        let mut gone = Vec::new();
        let mut changed = BTreeMap::new();
        for (day, kept) in &mut known {
            let there = days.get(day).map(Vec::as_slice).unwrap_or_default();
            let there: BTreeSet<&String> = there.iter().collect();
            let before = kept.len();
            kept.retain(|key, _| {
                let is_there = there.contains(key);
                if !is_there && !stored.contains(id_part(key)) {
                    gone.push(id_part(key).to_owned());
                }
                is_there
            });
            if kept.len() != before {
                changed.insert(*day, ());
            }
        }
        if !gone.is_empty() && !tell(Told::Gone(gone)) {
            return Ok(());
        }
        while let Some((day, keys)) = days.pop_last() {
            let kept = known.entry(day).or_default();
            let mut found = Vec::new();
            let mut news = Vec::new();
            for key in keys {
                match kept.get_mut(&key) {
                    None => news.push(key),
                    Some(known) if known.is_signed == Some(is_signed(&key)) => {}
                    Some(known) => {
                        known.is_signed = Some(is_signed(&key));
                        changed.insert(day, ());
                        found.extend(self.found(&key, known).ok());
                    }
                }
            }
            for keys in news.chunks(super::BATCH) {
                let read = self.store.read_many(keys, MAX_MANIFEST as u64)?;
                for (key, bytes) in keys.iter().zip(read) {
                    match self.told(key, bytes, is_signed(key), &recorded) {
                        Ok((manifest, one)) => {
                            kept.insert(key.clone(), manifest);
                            changed.insert(day, ());
                            found.push(one);
                        }
                        Err(error) => {
                            let location = self.store.locate(key);
                            if !tell(Told::Problem(Problem { location, error })) {
                                return Ok(());
                            }
                        }
                    }
                }
            }
            if !found.is_empty() && !tell(Told::Found(found)) {
                return Ok(());
            }
        }
        if let Some(seen) = &self.seen {
            known.retain(|day, _| changed.contains_key(day));
            seen.keep(&known);
        }
        for (id, key) in recorded {
            if stored.contains(id) {
                continue;
            }
            let told = match headline(&self.store, key)
                .and_then(|manifest| Ok(check_key(key, &manifest).map(|()| manifest)?))
            {
                Ok(manifest) => Told::Found(vec![Found {
                    id: id.to_owned(),
                    entry: Entry {
                        manifest,
                        state: State::WithoutManifest,
                        location: self.store.locate(key),
                    },
                    is_signed: None,
                    is_claimed: false,
                }]),
                Err(error) => Told::Problem(Problem {
                    location: self.store.locate(key),
                    error,
                }),
            };
            if !tell(told) {
                return Ok(());
            }
        }
        Ok(())
    }

    fn told(
        &self,
        key: &str,
        bytes: Result<Vec<u8>, store::Error>,
        is_signed: bool,
        recorded: &BTreeMap<&str, &String>,
    ) -> Result<(Kept, Found), Error> {
        let kept = Kept {
            bytes: bytes?,
            is_signed: Some(is_signed),
        };
        let found = self.found(key, &kept)?;
        if let Some(recording) = recorded.get(id_part(key)) {
            check_key(recording, &found.entry.manifest)?;
        }
        Ok((kept, found))
    }

    fn found(&self, key: &str, kept: &Kept) -> Result<Found, Error> {
        let manifest: Manifest = parse_manifest(Ok(kept.bytes.clone()))?;
        check_key(key, &manifest)?;
        let recording = Place::of(&manifest).map(|place| place.recording());
        Ok(Found {
            id: id_part(key).to_owned(),
            entry: Entry {
                manifest,
                state: State::Stored,
                location: self.store.locate(recording.as_deref().unwrap_or(key)),
            },
            is_signed: kept.is_signed,
            is_claimed: false,
        })
    }

    fn spooled_now(&self) -> Result<Vec<Found>, Error> {
        let Some(Store::Directory(folder)) = &self.spool else {
            return Ok(Vec::new());
        };
        let spool = Spool::new(folder.root().to_owned());
        let mut found = Vec::new();
        for (store, key) in self.spooled()? {
            // One that is stored meanwhile, or only just begins, is told of when it is there.
            let Ok(manifest) = headline(store, &key) else {
                continue;
            };
            found.push(Found {
                id: id_part(&key).to_owned(),
                entry: Entry {
                    manifest,
                    state: State::InSpool,
                    location: store.locate(&key),
                },
                is_signed: None,
                is_claimed: spool.is_claimed(&key),
            });
        }
        Ok(found)
    }
}
