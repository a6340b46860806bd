//! The catalog: which recordings there are, newest first, and which one a person means.
//!
//! Nothing here reads a recording further than its header. What the store holds comes from outside: a manifest that
//! does not read is told of, and never hides the others.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::NaiveDate;
use formats::asciicast;
use formats::layout::{self, Place};
use formats::manifest::Manifest;
use formats::recording;
use formats::signature::AllowedSigners;

use crate::review::chosen::{Unchosen, begins, chosen, id_part, session_id};
use crate::review::condition::Facts;
use crate::review::identity::{Misplaced, check_key};
use crate::store::{self, Cache, Store, Traffic};

mod at_hand;
mod beyond;
mod browse;
mod filter;
mod holdings;
mod in_packs;
mod inventory;
mod known;
mod order;
mod packed;
mod seen;
mod versions;

pub use crate::review::condition::State;
pub(crate) use beyond::{Beyond, Covering, problem};
pub use browse::{Found, Told};
pub use filter::Filter;
pub(in crate::review) use filter::Stretch;
pub use holdings::Holdings;
use in_packs::InPacks;
pub use inventory::{Beside, Item};
use known::{Candidate, Opener};
pub use order::{Key, Order};
pub(crate) use packed::{Packed, Standing, UNSIGNED};
use seen::Seen;

/// How many manifests are asked for at a time, at most: more than any store fetches at once.
const BATCH: usize = 512;

/// What a person calls a recording by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Name {
    /// `-`
    Stdin,
    /// A file.
    Path(PathBuf),
    /// `s3://bucket/key`
    Object(String),
    /// `http://…` or `https://…`
    Page(String),
    /// `gs://…` and the like, with its scheme: none that is read.
    Foreign(String),
    /// A session id, or the beginning of one.
    Session(String),
}

impl Name {
    /// A file that exists is meant as one, and so is what looks like a path; all else is a session id.
    #[must_use]
    pub fn of(text: &str) -> Self {
        let path = Path::new(text);
        let looks_like_path = text.contains(['/', std::path::MAIN_SEPARATOR])
            || text.ends_with(".cast")
            || text.ends_with(".cast.zst");
        if text == "-" {
            Self::Stdin
        } else if let Some((scheme, _)) = text.split_once("://")
            && !scheme.is_empty()
            && scheme
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b))
        {
            match scheme.to_ascii_lowercase().as_str() {
                "s3" => Self::Object(text.to_owned()),
                "http" | "https" => Self::Page(text.to_owned()),
                other => Self::Foreign(other.to_owned()),
            }
        } else if looks_like_path || path.is_file() {
            Self::Path(path.to_owned())
        } else {
            Self::Session(text.to_owned())
        }
    }
}

/// One recording.
#[derive(Clone, Debug)]
pub struct Entry {
    /// What is known of it. For a recording without a manifest of its own, what its header tells.
    pub manifest: Manifest,
    /// How far it got.
    pub state: State,
    /// Where it lies, for a person.
    pub location: String,
}

/// What was found.
#[derive(Debug, Default)]
pub struct Listing {
    /// In the order that was asked for.
    pub entries: Vec<Entry>,
    /// What should be a recording or a manifest and does not read.
    pub problems: Vec<Problem>,
    /// How many sessions do not tell whether they are asked for, and were left out.
    pub unknown: usize,
}

/// Something in the store or the spool that does not read.
#[derive(Debug)]
pub struct Problem {
    /// Where it lies, for a person.
    pub location: String,
    /// What is wrong with it.
    pub error: Error,
}

/// What the store and the spool hold.
#[derive(Clone, Debug)]
pub struct Catalog {
    store: Store,
    spool: Option<Store>,
    seen: Option<Seen>,
    allowed: Option<Arc<AllowedSigners>>,
    /// Packs of the same store, made on this machine.
    own_packs: Option<Store>,
    opener: Option<Opener>,
}

impl Catalog {
    /// A catalog over a store and, where there is one on this machine, the spool.
    #[must_use]
    pub fn new(store: Store, spool: Option<Store>) -> Self {
        Self {
            store,
            spool,
            seen: None,
            allowed: None,
            own_packs: None,
            opener: None,
        }
    }

    /// The same, with manifests kept on this machine once they were read: they never change.
    #[must_use]
    pub fn remembering(self, cache: Option<Arc<Cache>>) -> Self {
        let seen = cache.map(|cache| Seen::of(&self.store, cache));
        Self { seen, ..self }
    }

    /// The same, knowing whose key is whose.
    #[must_use]
    pub fn knowing(self, allowed: Option<AllowedSigners>) -> Self {
        let allowed = allowed.map(Arc::new);
        Self { allowed, ..self }
    }

    /// The same, with packs that were made on this machine of what the store holds.
    #[must_use]
    pub fn with_own_packs(self, own_packs: Option<Store>) -> Self {
        Self { own_packs, ..self }
    }

    /// Where the store is, for a person.
    #[must_use]
    pub fn location(&self) -> String {
        self.store.location()
    }

    /// The store.
    pub(super) fn store(&self) -> &Store {
        &self.store
    }

    /// The manifests of the days that `filter` may want something of.
    pub(super) fn manifest_keys(&self, filter: &Filter) -> Result<Vec<String>, Error> {
        let mut keys = joined(self.store.list_spans(&filter.spans("manifests/"))?);
        keys.retain(|key| is_manifest(key) && filter.may_hold(layout::parse_day(key)));
        Ok(keys)
    }

    /// What was asked of the store until now; the spool is beside it.
    #[must_use]
    pub fn traffic(&self) -> Traffic {
        self.store.traffic()
    }

    /// The recordings that `filter` lets through, newest first, at most `limit`.
    ///
    /// # Errors
    /// Store or spool cannot be listed.
    pub fn list(&self, filter: &Filter, limit: usize) -> Result<Listing, Error> {
        self.list_by(Order::default(), filter, limit)
    }

    /// The first `limit` in this order. In any but that of their days all manifests that may be asked for are read, and no more
    /// than a batch beyond the limit is held.
    ///
    /// # Errors
    /// As of [`Catalog::list`].
    pub fn list_by(&self, order: Order, filter: &Filter, limit: usize) -> Result<Listing, Error> {
        let keys = self.keys(filter)?;
        let packs = &mut InPacks::of(filter);
        let loose = self.loose(&keys, filter)?;
        let [manifests, recordings, signatures] = keys;
        let beside = [&recordings[..], &signatures[..]];
        self.stored(loose, manifests, beside, (filter, packs), (order, limit))
    }

    /// Those without a manifest in the store: recordings that lost theirs, and what is in the spool.
    fn loose(
        &self,
        [manifests, recordings, _]: &[Vec<String>; 3],
        filter: &Filter,
    ) -> Result<Listing, Error> {
        let mut listing = Listing::default();
        let stored: HashSet<&str> = manifests.iter().map(|key| id_part(key)).collect();
        let orphans = recordings
            .iter()
            .filter(|key| !stored.contains(id_part(key)))
            .filter(|key| filter.may_hold(layout::parse_day(key)))
            .map(|key| (&self.store, key.clone(), State::WithoutManifest));
        let spooled = self.spooled()?;
        let recorded = match spooled.is_empty() {
            true => HashSet::new(),
            false => recordings.iter().map(|key| id_part(key)).collect(),
        };
        let spooled = spooled
            .into_iter()
            .filter(|(_, key)| !recorded.contains(id_part(key)))
            .map(|(spool, key)| (spool, key, State::InSpool));
        for (store, key, state) in orphans.chain(spooled) {
            let manifest = headline(store, &key)
                .and_then(|manifest| Ok(check_key(&key, &manifest).map(|()| manifest)?));
            match manifest {
                Ok(manifest) => {
                    let facts = Facts {
                        state: Some(state),
                        ..Facts::of(&manifest)
                    };
                    match filter.judge(&facts) {
                        Some(false) => {}
                        None => listing.unknown += 1,
                        Some(true) => listing.entries.push(Entry {
                            location: store.locate(&key),
                            manifest,
                            state,
                        }),
                    }
                }
                Err(error) => listing.problems.push(Problem {
                    location: store.locate(&key),
                    error,
                }),
            }
        }
        Ok(listing)
    }

    /// Adds those whose manifests these are, from these packs where they have them. What lies beside them are keys of recordings
    /// and of signatures.
    fn stored(
        &self,
        mut listing: Listing,
        manifests: Vec<String>,
        [recordings, signatures]: [&[String]; 2],
        (filter, packs): (&Filter, &mut InPacks),
        (order, limit): (Order, usize),
    ) -> Result<Listing, Error> {
        // Where packs have all of it, nobody looks anything up here.
        let recordings = recordings.iter().filter(|_| !manifests.is_empty());
        let places: HashMap<&str, &String> = recordings.map(|key| (id_part(key), key)).collect();
        let signatures: HashSet<&str> = signatures.iter().map(String::as_str).collect();
        let manifests = by_day(manifests);
        // From here on days come newest first, or oldest first where that is asked for, and what has none behind them: what is
        // found comes before all that follows.
        let mut found = 0;
        let mut manifests = Vec::from_iter(manifests);
        match order.is_by_day() && order.is_reversed {
            true => manifests.sort_by_key(|(day, _)| (day.is_none(), *day)),
            false => manifests.reverse(),
        }
        let mut days = manifests
            .into_iter()
            .filter(|(day, _)| filter.may_hold(*day));
        let enough = match order.is_by_day() {
            true => limit,
            false => usize::MAX,
        };
        while found < enough {
            // Whole days, and enough of them that none of those who fetch at once has nothing to do.
            let mut keys = Vec::new();
            for (_, day) in days.by_ref() {
                keys.extend(day);
                if keys.len() >= enough.saturating_sub(found).clamp(BATCH / 4, BATCH) {
                    break;
                }
            }
            if keys.is_empty() {
                break;
            }
            let read = self.manifests(&keys, packs)?;
            let mut candidates = Vec::new();
            for (key, bytes) in keys.into_iter().zip(read) {
                let is_signed = signatures.contains(format!("{key}.sig").as_str());
                let candidate = candidate(filter, &key, bytes, is_signed).and_then(|candidate| {
                    // Its recording may be gone, or of a day that was not asked for; elsewhere it must not be.
                    if let Some(recording) = places.get(id_part(&key)) {
                        check_key(recording, &candidate.manifest)?;
                    }
                    Ok(candidate)
                });
                match candidate {
                    Ok(candidate) => candidates.push(candidate),
                    Err(error) => listing.problems.push(Problem {
                        location: self.store.locate(&key),
                        error,
                    }),
                }
            }
            let judged = self.judged(filter, &candidates)?;
            for (candidate, judged) in candidates.into_iter().zip(judged) {
                match judged {
                    Some(false) => {}
                    None => listing.unknown += 1,
                    Some(true) => {
                        found += 1;
                        listing.entries.push(self.entry(candidate));
                    }
                }
            }
            if !order.is_by_day() {
                order.sort(&mut listing.entries);
                listing.entries.truncate(limit);
            }
        }
        order.sort(&mut listing.entries);
        listing.entries.truncate(limit);
        Ok(listing)
    }

    /// The recording of the session with this id, or of the only one whose id begins so.
    ///
    /// # Errors
    /// There is none, or more than one, or store and spool cannot be listed.
    pub fn find(&self, name: &str) -> Result<Item, Error> {
        let mut items = self.inventory(&Filter::default())?;
        items.retain(|item| item.state().is_some());
        Ok(chosen(name, self.store.location(), items, Item::key)?)
    }

    fn entry(&self, candidate: Candidate) -> Entry {
        let Candidate { key, manifest, .. } = candidate;
        let recording = Place::of(&manifest).map(|place| place.recording());
        Entry {
            location: self.store.locate(recording.as_deref().unwrap_or(&key)),
            manifest,
            state: State::Stored,
        }
    }

    /// Keys of manifests, of recordings and of signatures, of the days that `filter` may want something of.
    fn keys(&self, filter: &Filter) -> Result<[Vec<String>; 3], Error> {
        let [mut manifests, mut recordings] = self.all_keys(filter)?;
        // Signatures lie beside them.
        let signatures = manifests.extract_if(.., |key| !is_manifest(key)).collect();
        if let Some(start) = &filter.session {
            for keys in [&mut manifests, &mut recordings] {
                keys.retain(|key| begins(key, start));
            }
        }
        Ok([manifests, recordings, signatures])
    }

    /// Those of manifests and of recordings, with whatever lies beside them.
    fn all_keys(&self, filter: &Filter) -> Result<[Vec<String>; 2], Error> {
        let folders = ["manifests/", "recordings/"].map(|folder| filter.spans(folder));
        let mut keys = self.store.list_spans(&folders.concat())?;
        let recordings = keys.split_off(folders[0].len());
        Ok([joined(keys), joined(recordings)])
    }

    fn spooled(&self) -> Result<Vec<(&Store, String)>, Error> {
        let Some(spool) = &self.spool else {
            return Ok(Vec::new());
        };
        let keys = spool.list("")?.into_iter();
        Ok(keys
            .filter(|key| key.ends_with(".cast.zst"))
            .map(|key| (spool, key))
            .collect())
    }
}

/// There may be ten thousand of them: none is copied.
fn joined(keys: Vec<Vec<String>>) -> Vec<String> {
    keys.into_iter().flatten().collect()
}

fn is_manifest(key: &str) -> bool {
    let name = key.strip_suffix(".json");
    name.is_some_and(|name| !name.is_empty() && !name.ends_with('/'))
}

fn parse_manifest(bytes: Result<Vec<u8>, store::Error>) -> Result<Manifest, Error> {
    Ok(Manifest::parse(bytes?.trim_ascii())?)
}

/// Keys of manifests by day. Those without a day come first, and so last when read newest first.
fn by_day(keys: Vec<String>) -> BTreeMap<Option<NaiveDate>, Vec<String>> {
    let mut days: BTreeMap<_, Vec<String>> = BTreeMap::new();
    for key in keys {
        days.entry(layout::parse_day(&key)).or_default().push(key);
    }
    days
}

/// What the header of a recording tells, as a manifest with nothing counted.
fn headline(store: &Store, key: &str) -> Result<Manifest, Error> {
    let mut manifest = match recording::Reader::open(store.open(key)?) {
        Ok(lines) => {
            let reader = asciicast::Reader::open(lines)?;
            Manifest::of_session(&reader.header().ssm.clone().unwrap_or_default())
        }
        // Who, where and why stands in front of a sealed recording for everyone.
        Err(recording::Error::Locked { opening, .. }) => *opening,
        Err(error) => return Err(error.into()),
    };
    if manifest.session_id.is_empty() {
        manifest.session_id = session_id(key);
    }
    Ok(manifest)
}

/// A manifest as it was read.
fn candidate(
    filter: &Filter,
    key: &str,
    bytes: Result<Vec<u8>, store::Error>,
    is_signed: bool,
) -> Result<Candidate, Error> {
    let bytes = bytes?;
    let manifest = Manifest::parse(bytes.trim_ascii())?;
    check_key(key, &manifest)?;
    Ok(Candidate {
        key: key.to_owned(),
        manifest,
        bytes: match filter.condition.needs().signers {
            true => bytes,
            false => Vec::new(),
        },
        is_signed,
    })
}

/// Why no recording is found, or one does not read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The name means no recording.
    #[error(transparent)]
    Unchosen(#[from] Unchosen),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// It is another session's, or lies elsewhere than it belongs.
    #[error(transparent)]
    Misplaced(#[from] Misplaced),
    /// A manifest does not read.
    #[error(transparent)]
    Manifest(#[from] formats::manifest::Error),
    /// A pack is not used, or cannot be made: why.
    #[error("{0}")]
    Pack(String),
    /// A recording does not read.
    #[error(transparent)]
    Recording(#[from] recording::Error),
    /// A recording's text does not read.
    #[error(transparent)]
    Asciicast(#[from] asciicast::Error),
}

#[cfg(test)]
mod tests;
