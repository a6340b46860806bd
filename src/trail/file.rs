//! One log file: JSON, packed with gzip as a rule, read record by record.
//!
//! Nothing here holds more than a record, and a file that unpacks to more than a limit is refused in the midst.

use std::io::{self, BufReader, Cursor, Read};

use flate2::read::MultiGzDecoder;
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use super::event::{Event, Record};
use crate::store;

/// The longest file read, as it lies there. CloudTrail's own are far below.
pub(super) const MAX_FILE: u64 = 32 << 20;
/// The longest text that is unpacked of one.
const MAX_TEXT: u64 = 256 << 20;
const GZIP: &[u8] = b"\x1f\x8b";

/// Why a file does not read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It is not there any more, too long, or cannot be reached.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// It is none of CloudTrail's, or damaged.
    #[error("it is no log file of CloudTrail: {0}")]
    Json(serde_json::Error),
    /// It holds another thing than records.
    #[error("it is no log file of CloudTrail: it has no records")]
    NoRecords,
    /// It unpacks to more than any log file.
    #[error("it unpacks to more than {} MiB", MAX_TEXT >> 20)]
    TooLong,
}

/// Reads a file; what it tells of sessions goes to `take`, up to where it does not read.
///
/// # Errors
/// It is no log file, or longer than one may be.
pub fn parse(bytes: &[u8], take: &mut dyn FnMut(Event)) -> Result<(), Error> {
    parse_within(MAX_TEXT, bytes, take)
}

pub(super) fn parse_within(
    limit: u64,
    bytes: &[u8],
    take: &mut dyn FnMut(Event),
) -> Result<(), Error> {
    let source: Box<dyn Read + '_> = match bytes.starts_with(GZIP) {
        true => Box::new(MultiGzDecoder::new(bytes)),
        false => Box::new(Cursor::new(bytes)),
    };
    let mut text = Limited {
        source,
        left: limit,
        is_over: false,
    };
    let parsed = records(&mut text, take);
    match parsed {
        _ if text.is_over => Err(Error::TooLong),
        Err(error) => Err(Error::Json(error)),
        Ok(true) => Ok(()),
        Ok(false) => Err(Error::NoRecords),
    }
}

fn records(text: &mut Limited<'_>, take: &mut dyn FnMut(Event)) -> serde_json::Result<bool> {
    let mut json = serde_json::Deserializer::from_reader(BufReader::with_capacity(64 << 10, text));
    let has_records = File { take }.deserialize(&mut json)?;
    json.end()?;
    Ok(has_records)
}

/// A source that ends in an error beyond its limit.
struct Limited<'a> {
    source: Box<dyn Read + 'a>,
    left: u64,
    is_over: bool,
}

impl Read for Limited<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 {
            self.is_over = true;
            return Err(io::Error::other("too long"));
        }
        let most = usize::try_from(self.left).unwrap_or(usize::MAX);
        let most = most.min(buffer.len());
        let read = self.source.read(&mut buffer[..most])?;
        self.left -= read as u64;
        Ok(read)
    }
}

/// `{"Records": […]}`
struct File<'a> {
    take: &'a mut dyn FnMut(Event),
}

impl<'de> DeserializeSeed<'de> for File<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<bool, D::Error> {
        json.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for File<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an object with \"Records\"")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<bool, A::Error> {
        let mut has_records = false;
        while let Some(key) = map.next_key::<String>()? {
            if key == "Records" {
                has_records = true;
                map.next_value_seed(Records {
                    take: &mut *self.take,
                })?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(has_records)
    }
}

struct Records<'a> {
    take: &'a mut dyn FnMut(Event),
}

impl<'de> DeserializeSeed<'de> for Records<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Records<'_> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a list of records")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while let Some(value) = list.next_element::<Value>()? {
            // A record of another shape is another's: of a service that is not asked about here.
            if let Some(event) = Record::deserialize(value).ok().and_then(Record::event) {
                (self.take)(event);
            }
        }
        Ok(())
    }
}
