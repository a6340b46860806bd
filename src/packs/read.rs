//! A pack is read: its manifests, the row groups of lines that may have what is looked for, its commands.
//!
//! Nothing here reads what the index does not vouch for, and no more of it than was asked for.

use std::io::{self, Cursor};

use chrono::NaiveDate;
use formats::layout;
use formats::pack::{self, Index, Part};
use parquet::errors::ParquetError;

use super::grams::Grams;
use super::need::Need;
use super::rows::{self, COMMANDS, LINES, SESSIONS};
use super::source::Source;
use super::table::Table;
use super::texts::Texts;
use crate::store::{self, ReadSeek, Store};

/// A file of so many bytes is read as a whole from a bucket. 1 MiB.
const SMALL: u64 = 1 << 20;

/// A pack of a store.
#[derive(Clone, Debug)]
pub(crate) struct Pack {
    store: Store,
    date: NaiveDate,
    index: Index,
}

/// Some texts of a pack, one after the other.
#[derive(Debug)]
pub(crate) struct Rows {
    /// The number of the first of them among all of its kind in the pack.
    pub(crate) from: u64,
    /// The texts.
    pub(crate) texts: Texts,
    group: usize,
}

/// When the texts came and left, and whether they stood on the other screen.
#[derive(Debug)]
pub(crate) struct Times {
    pub(crate) first: Vec<i64>,
    pub(crate) last: Vec<i64>,
    pub(crate) other: Vec<bool>,
}

/// Gives the times of some texts.
pub(crate) type TimesOf<'a> = &'a dyn Fn(&Rows) -> Result<Times, Error>;
/// Takes some texts; says whether more are wanted.
pub(crate) type Take<'a> = &'a mut dyn FnMut(Rows, TimesOf<'_>) -> Result<bool, Error>;

impl Pack {
    /// The pack of an index that was read and believed.
    pub(crate) fn new(store: Store, date: NaiveDate, index: Index) -> Self {
        Self { store, date, index }
    }

    pub(crate) fn index(&self) -> &Index {
        &self.index
    }

    /// Where its index lies, for a person.
    pub(crate) fn locate_index(&self) -> String {
        let key = layout::pack_index(self.date, self.index.number);
        self.store.locate(&key)
    }

    fn key(&self, part: Part) -> String {
        layout::pack(part, self.date, self.index.number)
    }

    fn source(&self, part: Part) -> Result<Source, Error> {
        let (key, file) = (self.key(part), self.index.file(part));
        // A small one comes with one request.
        let object: Box<dyn ReadSeek> = match (&self.store, file.bytes <= SMALL) {
            (Store::S3(_), true) => Box::new(Cursor::new(self.store.read(&key, SMALL)?)),
            _ => self.store.open(&key)?,
        };
        Ok(Source::new(object, file))
    }

    /// The manifests of its sessions, in the order of its index.
    pub(crate) fn manifests(&self) -> Result<Vec<String>, Error> {
        self.manifests_of(&self.table(Part::Sessions, &SESSIONS)?)
    }

    /// The same of a table of sessions that is there as a whole.
    pub(crate) fn manifests_in(&self, bytes: Vec<u8>) -> Result<Vec<String>, Error> {
        let source = Source::new(Box::new(Cursor::new(bytes)), &self.index.sessions);
        self.manifests_of(&Table::open(source, &SESSIONS)?)
    }

    fn manifests_of(&self, table: &Table) -> Result<Vec<String>, Error> {
        let mut manifests = Vec::new();
        let mut covers = self.index.covers.iter();
        for group in 0..table.groups() {
            let texts = table.texts(group, rows::MANIFEST)?;
            for row in 0..texts.len() {
                let manifest = texts.get(row)?;
                let digest = pack::digest(manifest.as_bytes());
                if covers
                    .next()
                    .is_none_or(|covered| covered.manifest != digest)
                {
                    return Err(Error::other_manifests());
                }
                manifests.push(manifest.to_owned());
            }
        }
        match covers.next() {
            None => Ok(manifests),
            Some(_) => Err(Error::other_manifests()),
        }
    }

    fn table(&self, part: Part, columns: &[super::table::Column]) -> Result<Table, Error> {
        let table = Table::open(self.source(part)?, columns)?;
        let rows: u64 = (0..table.groups())
            .map(|group| table.rows(group) as u64)
            .sum();
        match rows == self.index.file(part).count {
            true => Ok(table),
            false => Err(odd("it has other rows than its index tells of")),
        }
    }

    /// Passes on the lines of each row group that may have what is needed.
    pub(crate) fn lines(&self, need: &Need, take: Take<'_>) -> Result<(), Error> {
        if self.index.lines.count == 0 {
            return Ok(());
        }
        let grams = Grams::open(self.source(Part::Grams)?)?;
        let groups = grams.groups(need)?;
        if groups.is_empty() {
            return Ok(());
        }
        let table = self.table(Part::Lines, &LINES)?;
        if table.groups() as u64 != u64::from(grams.count()) {
            return Err(odd("its lines and its grams do not agree"));
        }
        let times = |rows: &Rows| {
            Ok(Times {
                first: table.longs(rows.group, rows::FIRST)?,
                last: table.longs(rows.group, rows::LAST)?,
                other: table.flags(rows.group, rows::OTHER)?,
            })
        };
        let is_wanted = |group| u32::try_from(group).is_ok_and(|group| groups.contains(group));
        each(&table, rows::TEXT, is_wanted, &times, take)
    }

    /// Passes on its commands.
    pub(crate) fn commands(&self, take: Take<'_>) -> Result<(), Error> {
        if self.index.commands.count == 0 {
            return Ok(());
        }
        let table = self.table(Part::Commands, &COMMANDS)?;
        let times = |rows: &Rows| {
            let first = table.longs(rows.group, rows::START)?;
            let end = table.longs_or_nothing(rows.group, rows::END)?;
            let last = end.into_iter().zip(&first);
            Ok(Times {
                last: last.map(|(end, start)| end.unwrap_or(*start)).collect(),
                other: vec![false; first.len()],
                first,
            })
        };
        each(&table, rows::COMMAND, |_| true, &times, take)
    }
}

fn each(
    table: &Table,
    column: usize,
    is_wanted: impl Fn(usize) -> bool,
    times: TimesOf<'_>,
    take: Take<'_>,
) -> Result<(), Error> {
    let mut from = 0;
    for group in 0..table.groups() {
        if is_wanted(group) {
            let texts = table.texts(group, column)?;
            let rows = Rows { from, texts, group };
            if !take(rows, times)? {
                break;
            }
        }
        from += table.rows(group) as u64;
    }
    Ok(())
}

fn odd(why: &'static str) -> Error {
    io::Error::new(io::ErrorKind::InvalidData, why).into()
}

impl Error {
    /// Its manifests are not those of its sessions.
    pub(crate) fn other_manifests() -> Self {
        odd("its manifests are not those of its sessions")
    }
}

/// Why a pack does not read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// It is not what its index tells of.
    #[error(transparent)]
    Read(#[from] io::Error),
    /// A table does not read.
    #[error(transparent)]
    Table(#[from] ParquetError),
}
