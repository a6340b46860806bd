//! Everything that the store and the spool should hold together: recordings, and the manifests that promise them.
//!
//! Nothing here is left out because it does not read: that is what a check is for.

use std::collections::{BTreeMap, BTreeSet};

use formats::derived::Kind;
use formats::layout::Place;
use formats::manifest::{MAX_MANIFEST, Manifest};
use formats::recording;
use formats::sealed::NoKey;
use formats::signature::MAX_SIGNATURE;

use super::in_packs::InPacks;
use super::{BATCH, Catalog, Entry, Error, Filter, State, candidate, headline};
use crate::review::chosen::{id_part, session_id};
use crate::review::condition::Facts;
use crate::review::identity::{self, check_key};
use crate::store::{self, ReadSeek};

/// A recording, or the promise of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// The session.
    pub session_id: String,
    recording: Option<(State, String)>,
    manifest_key: Option<String>,
}

impl Item {
    /// How far the recording got; `None` when there is only its manifest.
    #[must_use]
    pub fn state(&self) -> Option<State> {
        self.recording.as_ref().map(|(state, _)| *state)
    }

    /// The name of its file.
    #[must_use]
    pub fn file_name(&self) -> Option<&str> {
        let (_, key) = self.recording.as_ref()?;
        key.rsplit('/').next()
    }

    /// The key of its recording, or of the manifest where that is all there is.
    #[must_use]
    pub fn key(&self) -> &str {
        let recording = self.recording.as_ref().map(|(_, key)| key);
        recording
            .or(self.manifest_key.as_ref())
            .map_or("", String::as_str)
    }
}

/// What lies beside a recording in the store, byte for byte.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Beside {
    /// The manifest.
    pub manifest: Option<Vec<u8>>,
    /// The signature over it.
    pub signature: Option<Vec<u8>>,
}

impl Catalog {
    /// Everything that `filter` lets through, by session id. What cannot be read to be asked is let through; what can, and does
    /// not tell, is not.
    ///
    /// # Errors
    /// Store or spool cannot be listed.
    pub fn inventory(&self, filter: &Filter) -> Result<Vec<Item>, Error> {
        let mut items: BTreeMap<String, Item> = BTreeMap::new();
        let entry = |key: &str| Item {
            session_id: session_id(key),
            recording: None,
            manifest_key: None,
        };
        let [manifests, recordings, signatures] = self.keys(filter)?;
        for (_, key) in self.spooled()? {
            let item = items.entry(id_part(&key).to_owned());
            let item = item.or_insert_with(|| entry(&key));
            item.recording = Some((State::InSpool, key));
        }
        for key in recordings {
            if key.ends_with(".cast.zst") {
                let mut part = id_part(&key).to_owned();
                // A second one under the same id is told of too: at most one of them can be in its place.
                while let Some(Item {
                    recording: Some((State::WithoutManifest, _)),
                    ..
                }) = items.get(&part)
                {
                    part.push('/');
                }
                let item = items.entry(part);
                let item = item.or_insert_with(|| entry(&key));
                item.recording = Some((State::WithoutManifest, key));
            }
        }
        for key in manifests {
            let item = items.entry(id_part(&key).to_owned());
            let item = item.or_insert_with(|| entry(&key));
            if let Some((state @ State::WithoutManifest, _)) = &mut item.recording {
                *state = State::Stored;
            }
            item.manifest_key = Some(key);
        }
        let items: Vec<Item> = items.into_values().collect();
        match filter.condition.is_empty() {
            true => Ok(items),
            false => self.asked_for(filter, items, &signatures.into_iter().collect()),
        }
    }

    /// Those of `items` that are asked for, in their order.
    fn asked_for(
        &self,
        filter: &Filter,
        items: Vec<Item>,
        signatures: &BTreeSet<String>,
    ) -> Result<Vec<Item>, Error> {
        let mut asked = Vec::new();
        let mut packs = InPacks::none();
        let mut items = items.into_iter().peekable();
        while items.peek().is_some() {
            let some: Vec<Item> = items.by_ref().take(BATCH).collect();
            let keys = some.iter().filter_map(|item| item.manifest_key.clone());
            let keys: Vec<String> = keys.collect();
            let mut judged = BTreeMap::new();
            let mut candidates = Vec::new();
            for (key, bytes) in keys.iter().zip(self.manifests(&keys, &mut packs)?) {
                let is_signed = signatures.contains(&format!("{key}.sig"));
                match candidate(filter, key, bytes, is_signed) {
                    Ok(candidate) => candidates.push(candidate),
                    Err(_) => {
                        judged.insert(key.clone(), Some(true));
                    }
                }
            }
            let answers = self.judged(filter, &candidates)?;
            let keys = candidates.into_iter().map(|candidate| candidate.key);
            judged.extend(keys.zip(answers));
            asked.extend(some.into_iter().filter(|item| match &item.manifest_key {
                Some(key) => judged.get(key) == Some(&Some(true)),
                None => self.headline_is_asked_for(filter, item),
            }));
        }
        Ok(asked)
    }

    fn headline_is_asked_for(&self, filter: &Filter, item: &Item) -> bool {
        let Some((state, key)) = &item.recording else {
            return true;
        };
        headline(self.store_in(*state), key).map_or(true, |manifest| {
            let facts = Facts {
                state: Some(*state),
                ..Facts::of(&manifest)
            };
            filter.judge(&facts) == Some(true)
        })
    }

    /// The bytes of a recording; `None` when there is only its manifest.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn open(&self, item: &Item) -> Result<Option<Box<dyn ReadSeek>>, Error> {
        let Some((state, key)) = &item.recording else {
            return Ok(None);
        };
        Ok(Some(self.store_in(*state).open(key)?))
    }

    /// The bytes of a listed recording, which is that of the session whose place it has.
    ///
    /// # Errors
    /// It is not where it was, is another's, or cannot be read.
    pub(crate) fn recording(&self, entry: &Entry) -> Result<Box<dyn ReadSeek>, Error> {
        let not_found = || store::Error::NotFound {
            place: entry.location.clone(),
        };
        if entry.state == State::InSpool {
            let spooled = self.spooled()?.into_iter();
            let mut spooled = spooled.filter(|(spool, key)| spool.locate(key) == entry.location);
            let (spool, key) = spooled.next().ok_or_else(not_found)?;
            return of_its_key(spool, &key);
        }
        self.stored_recording(&entry.manifest)
    }

    /// The recording of the store that this manifest is of by its place.
    ///
    /// # Errors
    /// It is not there, is another's, or cannot be read.
    pub(crate) fn stored_recording(&self, manifest: &Manifest) -> Result<Box<dyn ReadSeek>, Error> {
        let place = Place::of(manifest).ok_or_else(|| store::Error::NotFound {
            place: manifest.session_id.clone(),
        })?;
        of_its_key(&self.store, &place.recording())
    }

    /// Where it lies, for a person: the recording, or the manifest where that is all there is.
    #[must_use]
    pub fn locate(&self, item: &Item) -> String {
        match &item.recording {
            Some((state, key)) => self.store_in(*state).locate(key),
            None => self.store.locate(item.key()),
        }
    }

    /// What lies beside a recording.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn beside(&self, item: &Item) -> Result<Beside, Error> {
        let Some(key) = &item.manifest_key else {
            return Ok(Beside::default());
        };
        let signature = self.store.read(&format!("{key}.sig"), MAX_SIGNATURE as u64);
        Ok(Beside {
            manifest: Some(self.store.read(key, MAX_MANIFEST as u64)?),
            signature: match signature {
                Ok(signature) => Some(signature),
                Err(store::Error::NotFound { .. }) => None,
                Err(error) => return Err(error.into()),
            },
        })
    }

    /// What was derived from a stored recording with this manifest; `None` where the store does not have it.
    ///
    /// # Errors
    /// It cannot be read.
    pub(crate) fn derived(
        &self,
        manifest: &Manifest,
        kind: Kind,
    ) -> Result<Option<Box<dyn ReadSeek>>, Error> {
        let Some(place) = Place::of(manifest) else {
            return Ok(None);
        };
        match self.store.open_straight(&place.derived(kind)) {
            Ok(object) => Ok(Some(object)),
            Err(store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    fn store_in(&self, state: State) -> &store::Store {
        match (&self.spool, state) {
            (Some(spool), State::InSpool) => spool,
            _ => &self.store,
        }
    }
}

/// Opens a recording, if it is the one that lies under its key by right. What tells nothing is what it is.
fn of_its_key(store: &store::Store, key: &str) -> Result<Box<dyn ReadSeek>, Error> {
    let mut bytes = store.open(key)?;
    match identity::told(&mut bytes, &NoKey) {
        Ok(told) => {
            if let Some(told) = told? {
                check_key(key, &told)?;
            }
        }
        Err(error) if error.source_failure().is_some() => return Err(error.into()),
        // What it is instead, its reader will say.
        Err(_) => bytes.rewind().map_err(recording::Error::from)?,
    }
    Ok(bytes)
}
