//! Which packs a store has, and which of them are used.
//!
//! Nothing here reads more of a pack than its index. One that is half made, of a later format, or not signed by anybody whose
//! signature counts where somebody has said whose does, is told of and not used.

use std::collections::BTreeSet;

use chrono::{Days, NaiveDate, NaiveTime};
use formats::layout;
use formats::pack::{Index, MAX_INDEX, Part};
use formats::signature::{AllowedSigners, MAX_SIGNATURE, Signature, Verdict};

use super::{Catalog, Error, Filter};
use crate::packs::Pack;
use crate::store::{Span, Store, in_parts};
use crate::words::causes;

/// A pack of the store.
#[derive(Clone, Debug)]
pub(crate) struct Packed {
    /// The day of its sessions.
    pub(crate) date: NaiveDate,
    /// Which of that day's packs it is, counted from 1.
    pub(crate) number: u32,
    /// Where its index lies, for a person.
    pub(crate) location: String,
    /// Whether it is used.
    pub(crate) state: Standing,
}

/// Whether a pack is used.
#[derive(Clone, Debug)]
pub(crate) enum Standing {
    /// It is all there.
    Whole(Pack),
    /// Files of it are missing: whoever made it was stopped, and the next one goes on.
    Half(Index),
    /// It is all there, and nobody has signed it, where somebody must.
    Unsigned(Index),
    /// It does not count: why; and what it would hold, where that reads.
    Refused(String, Option<Index>),
}

impl Packed {
    /// What it holds, or says that it does.
    pub(crate) fn index(&self) -> Option<&Index> {
        match &self.state {
            Standing::Whole(pack) => Some(pack.index()),
            Standing::Half(index) | Standing::Unsigned(index) => Some(index),
            Standing::Refused(_, index) => index.as_ref(),
        }
    }
}

impl Catalog {
    /// The packs of the days that `filter` may want something of, by day and number.
    ///
    /// # Errors
    /// The store cannot be listed or reached.
    pub(crate) fn packs(&self, filter: &Filter) -> Result<Vec<Packed>, Error> {
        packs(&self.store, filter, self.allowed.as_deref())
    }

    /// Those in this store: the catalog's, or one of this machine, where no signature counts.
    ///
    /// # Errors
    /// As of [`Catalog::packs`].
    pub(crate) fn packs_in(&self, store: &Store, filter: &Filter) -> Result<Vec<Packed>, Error> {
        match std::ptr::eq(store, &self.store) {
            true => self.packs(filter),
            false => packs(store, filter, None),
        }
    }
}

/// The packs of a store; with `allowed`, those that count by their signatures.
pub(super) fn packs(
    store: &Store,
    filter: &Filter,
    allowed: Option<&AllowedSigners>,
) -> Result<Vec<Packed>, Error> {
    let spans = filter.spans(layout::PACK_INDEXES);
    let keys = store.list_spans(&spans)?.into_iter().flatten();
    let indexes = keys.filter_map(|key| {
        let (date, number) = layout::parse_pack_index(&key)?;
        filter.may_hold(Some(date)).then_some((key, date, number))
    });
    let indexes: Vec<(String, NaiveDate, u32)> = indexes.collect();
    if indexes.is_empty() {
        return Ok(Vec::new());
    }
    let files = indexes.iter().flat_map(|(_, date, number)| {
        let files = Part::ALL.map(|part| layout::pack(part, *date, *number));
        files.into_iter()
    });
    let files: Vec<String> = files.collect();
    let folders = Part::ALL.map(|part| format!("packs/{}/", part.name()));
    let spans = folders.iter().flat_map(|folder| filter.spans(folder));
    let spans: Vec<Span> = spans.collect();
    let files = store.there(&files, &spans)?;
    let names: Vec<String> = indexes.iter().map(|(key, ..)| key.clone()).collect();
    let read = store.read_many(&names, MAX_INDEX as u64)?;
    let signatures = match allowed {
        None => Vec::new(),
        Some(_) => {
            let names: Vec<String> = names.iter().map(|key| format!("{key}.sig")).collect();
            store.read_many(&names, MAX_SIGNATURE as u64)?
        }
    };
    let mut signatures = signatures.into_iter();
    let read = indexes.into_iter().zip(read);
    let read = read.map(|((key, date, number), index)| Read {
        key,
        date,
        number,
        index: index.map_err(|error| causes(&error)),
        signature: signatures.next().and_then(Result::ok),
    });
    let read: Vec<Read> = read.collect();
    // An index names thousands of sessions.
    let packs = in_parts(&read, SHARE, |read| {
        let packs = read.iter().map(|read| Packed {
            date: read.date,
            number: read.number,
            location: store.locate(&read.key),
            state: read.standing(store, &files, allowed),
        });
        packs.collect::<Vec<_>>()
    });
    Ok(packs.into_iter().flatten().collect())
}

/// So many indexes are worth a thread.
const SHARE: usize = 4;

/// An index as it was read.
struct Read {
    key: String,
    date: NaiveDate,
    number: u32,
    index: Result<Vec<u8>, String>,
    signature: Option<Vec<u8>>,
}

impl Read {
    /// Whether its pack is used, whose files are among these.
    fn standing(
        &self,
        store: &Store,
        files: &BTreeSet<String>,
        allowed: Option<&AllowedSigners>,
    ) -> Standing {
        let (date, number) = (self.date, self.number);
        let bytes = match &self.index {
            Ok(bytes) => bytes,
            Err(why) => return Standing::Refused(why.clone(), None),
        };
        let index = match Index::parse(bytes) {
            Ok(index) => index,
            Err(error) => return Standing::Refused(causes(&error), None),
        };
        if (&index.day, index.number) != (&date.to_string(), number) {
            let why = format!("it is the index of pack {} of {}", index.number, index.day);
            return Standing::Refused(why, None);
        }
        let is_there = |part| files.contains(&layout::pack(part, date, number));
        let counts = |allowed| match &self.signature {
            None => Err(None),
            Some(signature) => counts(bytes, signature, allowed, date).map_err(Some),
        };
        match allowed.map_or(Ok(()), counts) {
            Err(Some(why)) => Standing::Refused(why.to_owned(), Some(index)),
            _ if !Part::ALL.into_iter().all(is_there) => Standing::Half(index),
            Err(None) => Standing::Unsigned(index),
            Ok(()) => Standing::Whole(Pack::new(store.clone(), date, index)),
        }
    }
}

/// Why a pack does not count that nobody has signed.
pub(crate) const UNSIGNED: &str = "it is not signed";

/// Whether an index is signed by somebody whose signature counts at the end of the day that it is of: it tells no other time.
fn counts(
    index: &[u8],
    armored: &[u8],
    allowed: &AllowedSigners,
    date: NaiveDate,
) -> Result<(), &'static str> {
    let signature = Signature::parse(&String::from_utf8_lossy(armored));
    let signature = signature.map_err(|_| "its signature does not read")?;
    let good = signature.check(index);
    good.map_err(|_| "its signature is over something else")?;
    let end = date.and_time(NaiveTime::MIN).and_utc() + Days::new(1);
    match allowed.judge(signature.key(), Some(end), None) {
        Verdict::Allowed(_) => Ok(()),
        _ => Err("it is signed by nobody whose signature counts"),
    }
}
