//! Reads a recording from any point of time: the tables at the end tell which frame to go to.
//!
//! Nothing here believes the tables: they must fit the file and each other, or the recording is read from the start.

use std::io::{Read, Seek, SeekFrom};
use std::time::Duration;

use super::error::Error;
use super::reader::{Ending, Reader};
use super::skippable::{
    IndexEntry, MAX_CONTENT, PREFIX, SEEK_ENTRY, SEEK_FOOTER, SEEK_TABLE_MAGIC, SEEKABLE_MAGIC,
    Signed, Snapshot, is_skippable, parse_time_index, u32_at,
};
use crate::asciicast;
use crate::lines::{self, LineSource, Turns};
use crate::sealed::{NoKey, Unlock};

/// The most frames of a seek table that are taken: half of them data, 256 KiB each, is 512 GiB of text.
const MAX_ENTRIES: usize = 4 * 1024 * 1024;

/// A recording that can be read from any frame on.
#[derive(Debug)]
pub struct Seekable<R> {
    reader: Reader<R>,
    tables: Option<Tables>,
    damage: Option<&'static str>,
    signed: Option<Signed>,
}

/// Where reading goes on after a seek.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Point {
    /// Number of the data frame, from 0.
    pub frame: usize,
    /// Time of the last event before it; the times of the events that follow count from here.
    pub at: Duration,
    /// What the terminal showed at that moment, when that was recorded.
    pub snapshot: Option<Snapshot>,
}

impl Signed {
    /// The manifest and its signature out of the end of a closed recording, sealed ones too; nothing is checked. `None`
    /// when there is no end that reads.
    ///
    /// # Errors
    /// The source cannot be read.
    pub fn at_end<R: Read + Seek>(mut source: R) -> Result<Option<Self>, Error> {
        let length = source.seek(SeekFrom::End(0))?;
        let mut signed = None;
        match read_tables(&mut source, length, &mut signed) {
            Ok(_) => Ok(signed),
            Err(Error::SeekTable(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

#[derive(Debug, Default)]
struct Tables {
    /// Offset of each data frame.
    frames: Vec<u64>,
    /// As many as frames.
    index: Vec<IndexEntry>,
}

impl<R: Read + Seek> Seekable<R> {
    /// Reads the tables, if there are any, and stands at the start.
    ///
    /// # Errors
    /// As [`Reader::open`]. Damaged tables are no error: see [`Self::damage`].
    pub fn open(source: R) -> Result<Self, Error> {
        Self::open_with(source, &NoKey)
    }

    /// As [`Self::open`], also of a sealed recording.
    ///
    /// # Errors
    /// As [`Reader::open_with`].
    pub fn open_with(mut source: R, unlock: &dyn Unlock) -> Result<Self, Error> {
        let length = source.seek(SeekFrom::End(0))?;
        let mut signed = None;
        let (tables, damage) = match read_tables(&mut source, length, &mut signed) {
            Ok(tables) => (tables, None),
            Err(Error::SeekTable(cause)) => (None, Some(cause)),
            Err(error) => return Err(error),
        };
        source.seek(SeekFrom::Start(0))?;
        Ok(Self {
            reader: Reader::open_with(source, unlock)?,
            tables,
            damage,
            signed,
        })
    }

    /// [`Reader::take_turns`].
    pub fn take_turns(&mut self, turns: &'static Turns) {
        self.reader.take_turns(turns);
    }

    /// Whether [`Self::seek`] can do anything.
    #[must_use]
    pub fn is_indexed(&self) -> bool {
        self.tables.is_some()
    }

    /// Why there are tables that are not used.
    #[must_use]
    pub fn damage(&self) -> Option<&'static str> {
        self.damage
    }

    /// How the recording ended; `None` while lines may still come.
    #[must_use]
    pub fn ending(&self) -> Option<&Ending> {
        self.reader.ending()
    }

    /// The manifest and its signature, as they stand at the end of the file; nothing is checked.
    #[must_use]
    pub fn signed(&self) -> Option<&Signed> {
        self.signed.as_ref().or_else(|| self.reader.signed())
    }

    /// Goes to the last frame that begins before `to`, so that every event at `to` or later is still to come; the
    /// header is not given again. `None`, and nothing has happened, without a time index.
    ///
    /// # Errors
    /// The source cannot be read.
    pub fn seek(&mut self, to: Duration) -> Result<Option<Point>, Error> {
        match self.find(to, |_| true) {
            Some(frame) => self.go(frame),
            None => Ok(None),
        }
    }

    /// As [`Self::seek`], but to a frame before which the screen is known: one with a snapshot, or the first.
    ///
    /// # Errors
    /// The source cannot be read.
    pub fn seek_screen(&mut self, to: Duration) -> Result<Option<Point>, Error> {
        let Some(frame) = self.find(to, |entry| entry.snapshot != 0) else {
            return Ok(None);
        };
        match self.go(frame)? {
            // The snapshot is damaged: then only the start will do.
            Some(Point { snapshot: None, .. }) if frame > 0 => self.go(0),
            point => Ok(point),
        }
    }

    fn find(&self, to: Duration, fits: impl Fn(&IndexEntry) -> bool) -> Option<usize> {
        let index = &self.tables.as_ref()?.index;
        let to_us = u64::try_from(to.as_micros()).unwrap_or(u64::MAX);
        let behind = index.partition_point(|entry| entry.base_us < to_us);
        Some(index[..behind].iter().rposition(fits).unwrap_or(0))
    }

    fn go(&mut self, frame: usize) -> Result<Option<Point>, Error> {
        let Some((&offset, &entry)) = self
            .tables
            .as_ref()
            .and_then(|tables| tables.frames.get(frame).zip(tables.index.get(frame)))
        else {
            return Ok(None);
        };
        let snapshot = match entry.snapshot {
            0 => None,
            at => {
                let content = read_content(self.reader.source_mut(), at, MAX_CONTENT)?;
                let parse = |content: Vec<u8>| match self.reader.cipher() {
                    Some(cipher) => Snapshot::open(&content, cipher),
                    None => Snapshot::parse(&content),
                };
                let snapshot = content.and_then(parse);
                snapshot.filter(|snapshot| {
                    snapshot.frame == frame as u64 && snapshot.at_us == entry.base_us
                })
            }
        };
        self.reader.source_mut().seek(SeekFrom::Start(offset))?;
        self.reader.restart(offset, frame)?;
        if frame == 0 {
            self.reader.next_line()?;
        }
        Ok(Some(Point {
            frame,
            at: Duration::from_micros(entry.base_us),
            snapshot,
        }))
    }

    /// The data frames before which the screen was recorded, and where its picture stands in the file; none without an
    /// index.
    #[must_use]
    pub fn pictured(&self) -> Vec<(usize, u64)> {
        let index = self.tables.iter().flat_map(|tables| &tables.index);
        let pictured = index.enumerate().filter(|(_, entry)| entry.snapshot != 0);
        pictured
            .map(|(frame, entry)| (frame, entry.snapshot))
            .collect()
    }

    /// The number of the data frame that the last line came from.
    #[must_use]
    pub fn frame(&self) -> usize {
        self.reader.frame()
    }

    /// Whether the file is the text itself, in which [`Self::go_to_line`] can go anywhere.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        self.reader.is_plain()
    }

    /// Goes to the line that begins at this offset of a plain text.
    ///
    /// # Errors
    /// The source cannot be read.
    pub fn go_to_line(&mut self, offset: u64) -> Result<(), Error> {
        self.reader.source_mut().seek(SeekFrom::Start(offset))?;
        self.reader.restart(offset, 0)
    }

    /// Goes to the start, before the header.
    ///
    /// # Errors
    /// The source cannot be read.
    pub fn rewind(&mut self) -> Result<(), Error> {
        self.reader.source_mut().seek(SeekFrom::Start(0))?;
        self.reader.restart(0, 0)
    }
}

impl<R: Read + Seek> LineSource for Seekable<R> {
    fn next_line(&mut self) -> Result<Option<&[u8]>, lines::Error> {
        self.reader.next_line()
    }

    fn take_line(&mut self) -> Vec<u8> {
        self.reader.take_line()
    }
}

impl<R: Read + Seek> asciicast::Reader<Seekable<R>> {
    /// [`Seekable::seek`]; the next event is the first of that frame.
    ///
    /// # Errors
    /// The source cannot be read.
    pub fn seek(&mut self, to: Duration) -> Result<Option<Point>, Error> {
        let point = self.lines_mut().seek(to)?;
        self.resume_at(point)
    }

    /// [`Seekable::seek_screen`]; the next event is the first of that frame.
    ///
    /// # Errors
    /// The source cannot be read.
    pub fn seek_screen(&mut self, to: Duration) -> Result<Option<Point>, Error> {
        let point = self.lines_mut().seek_screen(to)?;
        self.resume_at(point)
    }

    /// Goes to a data frame by its number; the next event is the first of that frame. `None`, and nothing has happened,
    /// when there is no such frame or no time index.
    ///
    /// # Errors
    /// The source cannot be read.
    pub fn seek_frame(&mut self, frame: usize) -> Result<Option<Point>, Error> {
        let point = self.lines_mut().go(frame)?;
        self.resume_at(point)
    }

    /// The next event is the first of the recording, whatever its version.
    ///
    /// # Errors
    /// The source cannot be read.
    pub fn rewind(&mut self) -> Result<(), Error> {
        if !self.restart_document() {
            self.lines_mut().rewind()?;
            self.lines_mut().next_line()?;
            self.resume(Duration::ZERO);
        }
        Ok(())
    }

    fn resume_at(&mut self, point: Option<Point>) -> Result<Option<Point>, Error> {
        if let Some(point) = &point {
            self.resume(point.at);
        }
        Ok(point)
    }
}

/// `None` for a file that has none. `signed` is set when the manifest is where it should be.
fn read_tables<R: Read + Seek>(
    source: &mut R,
    length: u64,
    signed: &mut Option<Signed>,
) -> Result<Option<Tables>, Error> {
    let Some(footer_at) = length.checked_sub(SEEK_FOOTER as u64) else {
        return Ok(None);
    };
    source.seek(SeekFrom::Start(footer_at))?;
    let mut footer = [0; SEEK_FOOTER];
    source.read_exact(&mut footer)?;
    if u32_at(&footer, 5) != Some(SEEKABLE_MAGIC) {
        return Ok(None);
    }
    let count = u32_at(&footer, 0).unwrap_or_default() as usize;
    // Bit 7 says that each entry has a checksum as well; bits 2 to 6 are for a later version.
    let entry = match footer[4] & 0b1111_1100 {
        0 => SEEK_ENTRY,
        0b1000_0000 => SEEK_ENTRY + 4,
        _ => return Err(Error::SeekTable("it is of a later version")),
    };
    if count > MAX_ENTRIES {
        return Err(Error::SeekTable("it names too many frames"));
    }
    let content = count * entry + SEEK_FOOTER;
    let Some(table_at) = length.checked_sub((content + PREFIX) as u64) else {
        return Err(Error::SeekTable("it is longer than the file"));
    };
    source.seek(SeekFrom::Start(table_at))?;
    let mut table = vec![0; PREFIX + count * entry];
    source.read_exact(&mut table)?;
    if u32_at(&table, 0) != Some(SEEK_TABLE_MAGIC)
        || u32_at(&table, 4).map(|length| length as usize) != Some(content)
    {
        return Err(Error::SeekTable("its two ends do not agree"));
    }
    let mut tables = Tables::default();
    let mut borders = Vec::with_capacity(count);
    let mut skippable = [0, 0];
    let mut offset = 0;
    for entry in table[PREFIX..].chunks_exact(entry) {
        if u32_at(entry, 4).unwrap_or_default() > 0 {
            tables.frames.push(offset);
        } else {
            skippable = [skippable[1], offset];
            borders.push(offset);
        }
        offset += u64::from(u32_at(entry, 0).unwrap_or_default());
    }
    if offset != table_at {
        return Err(Error::SeekTable("its sizes do not add up to the file's"));
    }
    let [manifest_at, index_at] = skippable;
    *signed =
        read_content(source, manifest_at, MAX_CONTENT)?.and_then(|content| Signed::parse(&content));
    // Another program's seekable file has no time index, and that is no damage.
    let limit = 24 * count + 64;
    let Some(index) =
        read_content(source, index_at, limit)?.and_then(|content| parse_time_index(&content))
    else {
        return Ok(None);
    };
    if tables.frames.is_empty() {
        // A sealed recording: all its frames are skippable, and the index tells where the data begins.
        tables.frames = index.iter().map(|entry| entry.data).collect();
        let are_borders = tables
            .frames
            .iter()
            .all(|offset| borders.binary_search(offset).is_ok());
        if !are_borders || !tables.frames.is_sorted() {
            return Err(Error::SeekTable("the time index names no frames of it"));
        }
    }
    if index.len() != tables.frames.len() || index.is_empty() {
        return Err(Error::SeekTable(
            "the time index has another number of frames",
        ));
    }
    if !index.is_sorted_by_key(|entry| entry.base_us) || index[0].base_us != 0 {
        return Err(Error::SeekTable("the time index runs backwards"));
    }
    tables.index = index;
    Ok(Some(tables))
}

/// What follows the prefix of a skippable frame. `None` when there is none at `at`, or one beyond the limit.
fn read_content<R: Read + Seek>(
    source: &mut R,
    at: u64,
    limit: usize,
) -> Result<Option<Vec<u8>>, Error> {
    source.seek(SeekFrom::Start(at))?;
    let mut prefix = Vec::new();
    source
        .by_ref()
        .take(PREFIX as u64)
        .read_to_end(&mut prefix)?;
    let length = match (u32_at(&prefix, 0), u32_at(&prefix, 4)) {
        (Some(magic), Some(length)) if is_skippable(magic) && length as usize <= limit => length,
        _ => return Ok(None),
    };
    let mut content = Vec::new();
    source
        .by_ref()
        .take(length.into())
        .read_to_end(&mut content)?;
    Ok((content.len() == length as usize).then_some(content))
}
