//! A column of texts as it lies in its page, with its rows beside it.
//!
//! Nothing here is copied for a row that nobody asks for: a search goes over all of them at once.

use bytes::{Bytes, BytesMut};
use parquet::basic::Encoding;
use parquet::column::page::{Page, PageReader};
use parquet::errors::ParquetError;

/// In front of each text: its length.
const PREFIX: usize = 4;

/// Some texts, one after the other.
#[derive(Debug, Default)]
pub(crate) struct Texts {
    bytes: Bytes,
    /// Where each begins and ends.
    places: Vec<(usize, usize)>,
}

impl Texts {
    /// Reads a column of texts that stand in each row, as this version writes them.
    pub(super) fn read(mut pages: Box<dyn PageReader>, rows: usize) -> Result<Self, ParquetError> {
        let mut parts = Vec::new();
        while let Some(page) = pages.get_next_page()? {
            match page {
                Page::DataPage {
                    buf,
                    encoding: Encoding::PLAIN,
                    ..
                } => parts.push(buf),
                _ => return Err(odd("a column of texts is not plain")),
            }
        }
        let bytes = match &parts[..] {
            [page] => page.clone(),
            pages => {
                let mut whole = BytesMut::new();
                pages.iter().for_each(|page| whole.extend_from_slice(page));
                whole.freeze()
            }
        };
        let mut places = Vec::new();
        let mut at = 0;
        while let Some(prefix) = bytes.get(at..at + PREFIX) {
            let length = prefix.try_into().map_or(0, u32::from_le_bytes);
            let from = at + PREFIX;
            at = from.saturating_add(length as usize);
            places.push((from, at));
        }
        match at == bytes.len() && places.len() == rows {
            true => Ok(Self { bytes, places }),
            false => Err(odd("a column of it is cut")),
        }
    }

    /// How many they are.
    pub(crate) fn len(&self) -> usize {
        self.places.len()
    }

    /// One of them.
    pub(crate) fn get(&self, row: usize) -> Result<&str, ParquetError> {
        let (from, to) = self.places[row];
        std::str::from_utf8(&self.bytes[from..to]).map_err(|_| odd("a text of it is no text"))
    }

    /// All of them; four bytes that belong to none stand in front of each.
    pub(crate) fn all(&self) -> &[u8] {
        &self.bytes
    }

    /// The text that stands at a place or, where none does, behind it; and where it ends.
    pub(crate) fn at(&self, place: usize) -> Option<(usize, usize)> {
        let row = self.places.partition_point(|(_, to)| *to <= place);
        self.places.get(row).map(|(_, to)| (row, *to))
    }
}

fn odd(why: &str) -> ParquetError {
    ParquetError::General(why.to_owned())
}
