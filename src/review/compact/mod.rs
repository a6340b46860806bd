//! Packs are made: of each day, the sessions that no pack covers yet.
//!
//! Nothing here is ever written over or removed, and whoever is stopped leaves nothing half: an index says first, under a
//! number that nobody else can have, what the files of a pack will be, and whoever comes next stores the same files. No session
//! is in two packs.

mod check;
mod own;
mod sources;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate};
use formats::layout::{self, parse_day};
use formats::manifest::{MAX_MANIFEST, Manifest};
use formats::pack::{Covered, Index, Part};

use self::sources::{Given, Sources};
use crate::packs::{BuildError, Builder, Contents, Made};
use crate::review::catalog::{Catalog, Error, Filter, Packed, Problem, Standing, UNSIGNED};
use crate::review::chosen::id_part;
use crate::review::identity::check_key;
use crate::review::search::in_turn;
use crate::store::{self, Store};
use crate::transcript::EXTRACTOR;
use crate::words::causes;

pub use check::{Checked, Verdict, check};
pub use own::trim;

/// Sessions of a pack, at most: their manifests are held while it is made.
const MOST_SESSIONS: usize = 10_000;
/// Text of a pack, after which it has no further session. 256 MiB.
const MOST_TEXT: u64 = 256 << 20;
/// So many sessions are read at a time where that is mostly waiting; each may hold some megabytes until its turn.
const AT_ONCE_AFAR: usize = 8;
/// Somebody else may take a number so often before this gives up.
const TRIES: usize = 16;

/// What is told while packs are made.
#[derive(Debug)]
pub enum Step {
    /// A session is in the pack under way.
    Session,
    /// A pack is stored.
    Stored(Stored),
    /// Something is left out or wrong, and the rest goes on.
    Problem(Problem),
}

/// A pack that was stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// The day of its sessions.
    pub date: NaiveDate,
    /// Which of that day's packs it is, counted from 1.
    pub number: u32,
    /// Where its index lies, for a person.
    pub location: String,
    /// How many sessions it has.
    pub sessions: usize,
    /// Bytes of all its files.
    pub bytes: u64,
    /// Somebody else had begun it.
    pub is_completed: bool,
}

/// Signs an index, unless there is nothing to sign with.
pub type Sign<'a> = &'a dyn Fn(&[u8]) -> Option<String>;

/// Makes the packs that are missing of the days that `filter` may want something of, oldest first. `tell` says whether to go on.
///
/// # Errors
/// The store cannot be listed, read or written; what was stored until then is whole.
pub fn compact(
    catalog: &Catalog,
    filter: &Filter,
    sign: Sign<'_>,
    tell: &mut dyn FnMut(Step) -> bool,
) -> Result<(), Error> {
    make(catalog, catalog.store(), filter, sign, tell)
}

/// The same for this machine alone: packs of what neither its own packs nor those of the store cover, in a folder of its own.
///
/// # Errors
/// As of [`compact`].
pub fn compact_own(
    catalog: &Catalog,
    own: &Store,
    filter: &Filter,
    tell: &mut dyn FnMut(Step) -> bool,
) -> Result<(), Error> {
    make(catalog, own, filter, &|_| None, tell)
}

fn make(
    catalog: &Catalog,
    to: &Store,
    filter: &Filter,
    sign: Sign<'_>,
    tell: &mut dyn FnMut(Step) -> bool,
) -> Result<(), Error> {
    let mut packs: BTreeMap<NaiveDate, Vec<Packed>> = BTreeMap::new();
    for pack in catalog.packs_in(to, filter)? {
        packs.entry(pack.date).or_default().push(pack);
    }
    let is_own = !std::ptr::eq(to, catalog.store());
    let mut covered: BTreeMap<NaiveDate, BTreeSet<String>> = BTreeMap::new();
    if is_own {
        for pack in catalog.packs(filter)? {
            if let Standing::Whole(whole) = &pack.state {
                let names = names(whole.index());
                covered.entry(pack.date).or_default().extend(names);
            }
        }
    }
    let mut days: BTreeMap<NaiveDate, Vec<String>> = BTreeMap::new();
    for key in catalog.manifest_keys(filter)? {
        // What lies below no day is in no pack.
        if let Some(day) = parse_day(&key) {
            days.entry(day).or_default().push(key);
        }
    }
    for date in packs.keys() {
        days.entry(*date).or_default();
    }
    for (date, keys) in days {
        let mut day = Day {
            catalog,
            to,
            date,
            keys,
            covered: covered.remove(&date).unwrap_or_default(),
            sign,
            tell: &mut *tell,
            left_out: BTreeSet::new(),
        };
        if !day.compact(packs.remove(&date).unwrap_or_default())? {
            break;
        }
    }
    Ok(())
}

/// A day while it is compacted.
struct Day<'a> {
    catalog: &'a Catalog,
    /// Where packs are stored.
    to: &'a Store,
    date: NaiveDate,
    keys: Vec<String>,
    /// In packs elsewhere.
    covered: BTreeSet<String>,
    sign: Sign<'a>,
    tell: &'a mut dyn FnMut(Step) -> bool,
    /// Told of already.
    left_out: BTreeSet<String>,
}

impl Day<'_> {
    /// `false` where nobody wants more.
    fn compact(&mut self, mut packs: Vec<Packed>) -> Result<bool, Error> {
        let mut tries = 0;
        for pack in &packs {
            let goes_on = match &pack.state {
                Standing::Whole(_) => true,
                Standing::Half(index) | Standing::Unsigned(index) => self.complete(pack, index)?,
                Standing::Refused(why, _) => self.problem(&pack.location, why.clone()),
            };
            if !goes_on {
                return Ok(false);
            }
        }
        loop {
            // What a pack holds that cannot be read is not known, and must not be packed twice.
            if packs.iter().any(|pack| pack.index().is_none()) {
                return Ok(true);
            }
            let keys = self.uncovered(&packs);
            if keys.is_empty() {
                return Ok(true);
            }
            let next = packs.iter().map(|pack| pack.number).max().unwrap_or(0) + 1;
            let Some(made) = self.make(&keys, next)? else {
                return Ok(false);
            };
            if made.index().covers.is_empty() {
                return Ok(true);
            }
            match self.claim(made.index()) {
                Ok(()) => {
                    if !self.store(&made, None)? {
                        return Ok(false);
                    }
                }
                // Another one has this number: what is in it need not be packed again.
                Err(store::Error::Exists { .. }) if tries < TRIES => tries += 1,
                Err(error) => return Err(error.into()),
            }
            packs = self.catalog.packs_in(self.to, &Filter::of_day(self.date))?;
        }
    }

    /// Manifests that no pack covers and that were not left out, as many as a pack holds.
    fn uncovered(&self, packs: &[Packed]) -> Vec<String> {
        let indexes = packs.iter().filter_map(Packed::index);
        let packed: BTreeSet<String> = indexes.flat_map(names).collect();
        let keys = self.keys.iter().filter(|key| {
            let name = id_part(key);
            !packed.contains(name) && !self.covered.contains(name) && !self.left_out.contains(*key)
        });
        keys.take(MOST_SESSIONS).cloned().collect()
    }

    /// A pack of these, as far as they read and fit; `None` where nobody wants it any more.
    fn make(&mut self, keys: &[String], number: u32) -> Result<Option<Made>, Error> {
        let read = self.catalog.store().read_many(keys, MAX_MANIFEST as u64)?;
        let mut sessions = Vec::new();
        for (key, bytes) in keys.iter().zip(read) {
            let parsed = bytes.map_err(|error| causes(&error)).and_then(|bytes| {
                let manifest = Manifest::parse(bytes.trim_ascii());
                let manifest = manifest.map_err(|error| causes(&error))?;
                check_key(key, &manifest).map_err(|error| causes(&error))?;
                Ok((manifest, bytes))
            });
            match parsed {
                Ok((manifest, bytes)) => sessions.push((start(&manifest), manifest, bytes, key)),
                Err(why) => {
                    if !self.leave_out(key, why) {
                        return Ok(None);
                    }
                }
            }
        }
        // Newest first, and those that began together by their ids.
        sessions.sort_by(|one, other| {
            let by_start = other.0.cmp(&one.0);
            by_start.then_with(|| one.1.session_id.cmp(&other.1.session_id))
        });
        let mut builder = Builder::new().map_err(written)?;
        let catalog = self.catalog;
        let mut goes_on = Ok(true);
        in_turn(
            &sessions,
            catalog.store().readers(AT_ONCE_AFAR),
            |(_, manifest, ..)| catalog.sources(manifest),
            |(_, _, bytes, key), sources| {
                goes_on = self.add(&mut builder, (key, bytes), sources);
                matches!(goes_on, Ok(true)) && builder.text() < MOST_TEXT
            },
        );
        if !goes_on? {
            return Ok(None);
        }
        let made = builder.finish(self.date, number, EXTRACTOR);
        Ok(Some(made.map_err(written)?))
    }

    /// Adds a session to a pack, or leaves it out; `false` where nobody wants more.
    fn add(
        &mut self,
        builder: &mut Builder,
        (key, manifest): (&str, &[u8]),
        sources: Given,
    ) -> Result<bool, Error> {
        Ok(match add(builder, manifest, sources)? {
            Ok(()) => (self.tell)(Step::Session),
            Err(why) => self.leave_out(key, why),
        })
    }

    /// Takes a number for a pack.
    fn claim(&self, index: &Index) -> Result<(), store::Error> {
        let key = layout::pack_index(self.date, index.number);
        self.to.put(&key, &index.encode())
    }

    /// Stores the files of a pack whose index is stored, and signs it; one that somebody began, or did not sign.
    fn store(&mut self, made: &Made, begun: Option<&Packed>) -> Result<bool, Error> {
        let store = self.to;
        let index = made.index();
        let key = layout::pack_index(self.date, index.number);
        let signature = (self.sign)(&index.encode());
        if let (None, Some(pack)) = (&signature, begun)
            && matches!(pack.state, Standing::Unsigned(_))
        {
            return Ok(self.problem(&pack.location, UNSIGNED.to_owned()));
        }
        if let Some(signature) = signature {
            match store.put(&format!("{key}.sig"), signature.as_bytes()) {
                // Of whoever began it: no signature is two.
                Ok(()) | Err(store::Error::Exists { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        for part in Part::ALL {
            let key = layout::pack(part, self.date, index.number);
            store.put_file(&key, &made.path(part))?;
        }
        let files = Part::ALL.iter().map(|part| index.file(*part).bytes);
        Ok((self.tell)(Step::Stored(Stored {
            date: self.date,
            number: index.number,
            location: store.locate(&key),
            sessions: index.covers.len(),
            bytes: files.sum(),
            is_completed: begun.is_some(),
        })))
    }

    /// Stores what is missing of a pack that somebody began, a signature too, if it is what its sessions give.
    fn complete(&mut self, pack: &Packed, index: &Index) -> Result<bool, Error> {
        let why = match self.catalog.again(self.date, index)? {
            Ok(made) if made.index() == index => return self.store(&made, Some(pack)),
            Ok(_) => "its sessions give other files by now".to_owned(),
            Err(why) => why,
        };
        let why = format!("it was not finished, and cannot be: {why}");
        Ok(self.problem(&pack.location, why))
    }

    fn leave_out(&mut self, key: &str, why: String) -> bool {
        self.left_out.insert(key.to_owned());
        let location = self.catalog.store().locate(key);
        self.problem(&location, why)
    }

    fn problem(&mut self, location: &str, why: String) -> bool {
        (self.tell)(Step::Problem(Problem {
            location: location.to_owned(),
            error: Error::Pack(why),
        }))
    }
}

impl Catalog {
    /// The pack of an index made again of what it says that it covers; or why it cannot be.
    fn again(&self, date: NaiveDate, index: &Index) -> Result<Result<Made, String>, Error> {
        let mut builder = Builder::new().map_err(written)?;
        let mut all = Ok(Ok(()));
        in_turn(
            &index.covers,
            self.store().readers(AT_ONCE_AFAR),
            |covered| self.covered(date, covered),
            |covered, read| {
                let added = match read {
                    Ok((manifest, sources)) => add(&mut builder, &manifest, Ok(sources)),
                    Err(why) => Ok(Err(why)),
                };
                let of_session = |why| format!("session {:?}: {why}", covered.session);
                all = added.map(|added| added.map_err(of_session));
                matches!(all, Ok(Ok(())))
            },
        );
        if let Err(why) = all? {
            return Ok(Err(why));
        }
        let made = builder.finish(date, index.number, EXTRACTOR);
        // Another version may give the same bytes.
        Ok(Ok(made.map_err(written)?.made_by(&index.made_by)))
    }

    /// The manifest of a session that a pack covers, and what it gives.
    fn covered(
        &self,
        date: NaiveDate,
        covered: &Covered,
    ) -> Result<(Vec<u8>, Option<Sources>), String> {
        let key = layout::manifest_of(date, &layout::safe_name(&covered.session));
        let bytes = self.store().read(&key, MAX_MANIFEST as u64);
        let bytes = bytes.map_err(|error| causes(&error))?;
        let manifest = Manifest::parse(bytes.trim_ascii()).map_err(|error| causes(&error))?;
        Ok((bytes, self.sources(&manifest)?))
    }
}

/// Adds a session, or says why it is not in the pack.
fn add(
    builder: &mut Builder,
    manifest: &[u8],
    sources: Given,
) -> Result<Result<(), String>, Error> {
    let added = match sources {
        Err(why) => return Ok(Err(why)),
        Ok(None) => builder.session(manifest, None),
        Ok(Some(mut sources)) => {
            let contents = Contents {
                lines: &mut sources.lines,
                commands: &mut sources.commands,
            };
            builder.session(manifest, Some(contents))
        }
    };
    match added {
        Ok(()) => Ok(Ok(())),
        Err(error @ BuildError::Session(_)) => Ok(Err(causes(&error))),
        Err(error) => Err(written(error)),
    }
}

/// What stands for the sessions of a pack in keys.
fn names(index: &Index) -> impl Iterator<Item = String> + use<'_> {
    let sessions = index.covers.iter();
    sessions.map(|covered| layout::safe_name(&covered.session))
}

fn start(manifest: &Manifest) -> Option<DateTime<chrono::FixedOffset>> {
    DateTime::parse_from_rfc3339(manifest.started_at.as_deref()?).ok()
}

fn written(error: BuildError) -> Error {
    Error::Pack(causes(&error))
}
