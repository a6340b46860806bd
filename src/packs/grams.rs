//! Which trigrams stand in which row groups of lines, so that a search reads the few that may have what it looks for.
//!
//! Nothing here knows what a line is. A gram is three bytes of text with its letters folded; a group that has all grams of a
//! text need not have the text.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::io::{self, ErrorKind, Read, Write};

use roaring::RoaringBitmap;
use zstd::bulk::Decompressor;

use super::need::{LENGTH, Need};
use super::source::Source;

/// In front of the file, and behind it.
const MAGIC: &[u8; 4] = b"ssmG";
/// The form of the file.
const VERSION: u8 = 1;
const HEAD: u64 = 8;
const FOOT: u64 = 12;
/// Grams of a block, which is read as a whole.
const IN_BLOCK: usize = 512;
/// More pairs of gram and group are not held at a time; what follows is a further segment. 32 MiB.
const MOST_PAIRS: usize = 4 << 20;
/// A longer block or directory is none of ours, decompressed.
const LONGEST: u64 = 64 << 20;
const LEVEL: i32 = 3;

/// Collects grams, and writes them.
pub(super) struct GramsWriter<W> {
    sink: W,
    /// A bit for each gram that there can be: whether the group under way has it.
    seen: Vec<u64>,
    in_group: Vec<u32>,
    /// Of the segment under way.
    pairs: Vec<(u32, u32)>,
    folded: Vec<u8>,
    first_group: u32,
    group: u32,
    directory: Vec<u8>,
    grams: u64,
}

impl<W: Write> GramsWriter<W> {
    pub(super) fn new(mut sink: W) -> io::Result<Self> {
        sink.write_all(MAGIC)?;
        sink.write_all(&[VERSION, 0, 0, 0])?;
        Ok(Self {
            sink,
            seen: vec![0; (1 << 24) / 64],
            in_group: Vec::new(),
            pairs: Vec::new(),
            folded: Vec::new(),
            first_group: 0,
            group: 0,
            directory: Vec::new(),
            grams: 0,
        })
    }

    /// A line of the group under way.
    pub(super) fn line(&mut self, text: &str) {
        self.folded.clear();
        super::fold::fold_into(text, &mut self.folded);
        for gram in grams(&self.folded) {
            let (word, bit) = (gram as usize / 64, 1 << (gram % 64));
            if self.seen[word] & bit == 0 {
                self.seen[word] |= bit;
                self.in_group.push(gram);
            }
        }
    }

    /// The group under way has no more lines.
    pub(super) fn end_group(&mut self) -> io::Result<()> {
        for gram in self.in_group.drain(..) {
            self.seen[gram as usize / 64] &= !(1 << (gram % 64));
            self.pairs.push((gram, self.group));
        }
        self.group += 1;
        match self.pairs.len() >= MOST_PAIRS {
            true => self.end_segment(),
            false => Ok(()),
        }
    }

    fn end_segment(&mut self) -> io::Result<()> {
        let mut pairs = std::mem::take(&mut self.pairs);
        pairs.sort_unstable();
        let mut entries: Vec<(u32, RoaringBitmap)> = Vec::new();
        for (gram, group) in pairs {
            let group = group - self.first_group;
            match entries.last_mut() {
                Some((last, groups)) if *last == gram => {
                    groups.insert(group);
                }
                _ => entries.push((gram, RoaringBitmap::from([group]))),
            }
        }
        self.grams += entries.len() as u64;
        let blocks: Vec<&[(u32, RoaringBitmap)]> = entries.chunks(IN_BLOCK).collect();
        for number in [self.first_group, self.group, blocks.len() as u32] {
            self.directory.extend_from_slice(&number.to_le_bytes());
        }
        for block in blocks {
            let bytes = zstd::bulk::compress(&encode(block)?, LEVEL)?;
            let first = block.first().map_or(0, |(gram, _)| *gram);
            self.directory.extend_from_slice(&first.to_le_bytes());
            self.directory
                .extend_from_slice(&(bytes.len() as u32).to_le_bytes());
            self.sink.write_all(&bytes)?;
        }
        self.first_group = self.group;
        Ok(())
    }

    /// Writes what is left. Gives the sink, and how many grams are in it.
    pub(super) fn finish(mut self) -> io::Result<(W, u64)> {
        if self.first_group < self.group {
            self.end_segment()?;
        }
        let directory = zstd::bulk::compress(&self.directory, LEVEL)?;
        self.sink.write_all(&directory)?;
        let length = directory.len() as u32;
        self.sink.write_all(&length.to_le_bytes())?;
        self.sink.write_all(&self.group.to_le_bytes())?;
        self.sink.write_all(MAGIC)?;
        self.sink.flush()?;
        Ok((self.sink, self.grams))
    }
}

/// How many grams, each of them, how long each bitmap is, each bitmap.
fn encode(block: &[(u32, RoaringBitmap)]) -> io::Result<Vec<u8>> {
    let mut bytes = (block.len() as u32).to_le_bytes().to_vec();
    for (gram, _) in block {
        bytes.extend_from_slice(&gram.to_be_bytes()[1..]);
    }
    for (_, groups) in block {
        bytes.extend_from_slice(&(groups.serialized_size() as u32).to_le_bytes());
    }
    for (_, groups) in block {
        groups.serialize_into(&mut bytes)?;
    }
    Ok(bytes)
}

fn grams(folded: &[u8]) -> impl Iterator<Item = u32> + '_ {
    folded
        .windows(LENGTH)
        .map(|gram| u32::from_be_bytes([0, gram[0], gram[1], gram[2]]))
}

/// A file of grams.
pub(super) struct Grams {
    source: Source,
    segments: Vec<Segment>,
    groups: u32,
}

struct Segment {
    first_group: u32,
    end_group: u32,
    blocks: Vec<Block>,
}

struct Block {
    first: u32,
    from: u64,
    length: u64,
}

impl Grams {
    pub(super) fn open(source: Source) -> io::Result<Self> {
        let length = source.length();
        let foot_at = length.checked_sub(FOOT).filter(|at| *at >= HEAD);
        let foot_at = foot_at.ok_or_else(|| odd("it is too short"))?;
        let head = source.range(0..HEAD)?;
        let foot = source.range(foot_at..length)?;
        if head[..4] != *MAGIC || foot[8..] != *MAGIC {
            return Err(odd("it holds no grams"));
        }
        if head[4] != VERSION {
            return Err(odd("it is of a later form"));
        }
        let (of_directory, groups) = (number(&foot[..4]), number(&foot[4..8]));
        let directory_at = foot_at.checked_sub(of_directory.into());
        let directory_at = directory_at.ok_or_else(|| odd("its directory is too long"))?;
        let directory = decompressed(&source.range(directory_at..foot_at)?)?;
        let mut rest = &directory[..];
        let mut take = || {
            let taken = rest.split_off(..4).map(number);
            taken.ok_or_else(|| odd("its directory is cut"))
        };
        let mut segments = Vec::new();
        let (mut from, mut next_group) = (HEAD, 0);
        while next_group < groups {
            let (first_group, end_group, count) = (take()?, take()?, take()?);
            if first_group != next_group || end_group <= first_group || end_group > groups {
                return Err(odd("its groups do not follow each other"));
            }
            next_group = end_group;
            let mut blocks = Vec::new();
            for _ in 0..count {
                let (first, length) = (take()?, u64::from(take()?));
                blocks.push(Block {
                    first,
                    from,
                    length,
                });
                from += length;
            }
            segments.push(Segment {
                first_group,
                end_group,
                blocks,
            });
        }
        if from != directory_at {
            return Err(odd("its blocks do not fill it"));
        }
        Ok(Self {
            source,
            segments,
            groups,
        })
    }

    /// The row groups that may have what is needed.
    pub(super) fn groups(&self, need: &Need) -> io::Result<RoaringBitmap> {
        let mut groups = RoaringBitmap::new();
        for segment in &self.segments {
            let mut look = Look {
                source: &self.source,
                segment,
                decoded: BTreeMap::new(),
            };
            for group in look.groups(need)? {
                // A hostile one is bound to its segment.
                let of_all = segment.first_group.saturating_add(group);
                if of_all < segment.end_group {
                    groups.insert(of_all);
                }
            }
        }
        Ok(groups)
    }

    /// How many groups there are.
    pub(super) fn count(&self) -> u32 {
        self.groups
    }
}

/// A question to a segment.
struct Look<'a> {
    source: &'a Source,
    segment: &'a Segment,
    /// Blocks that were read.
    decoded: BTreeMap<usize, Vec<u8>>,
}

impl Look<'_> {
    fn groups(&mut self, need: &Need) -> io::Result<RoaringBitmap> {
        let all = RoaringBitmap::from_iter(0..self.segment.end_group - self.segment.first_group);
        match need {
            Need::Nothing => Ok(all),
            Need::Text(text) => {
                let mut groups = all;
                for gram in grams(text) {
                    groups &= self.of(gram)?;
                    if groups.is_empty() {
                        break;
                    }
                }
                Ok(groups)
            }
            Need::All(needs) => {
                let mut groups = all;
                for need in needs {
                    if groups.is_empty() {
                        break;
                    }
                    groups &= self.groups(need)?;
                }
                Ok(groups)
            }
            Need::Any(needs) => {
                let mut groups = RoaringBitmap::new();
                for need in needs {
                    groups |= self.groups(need)?;
                }
                Ok(groups)
            }
        }
    }

    fn of(&mut self, gram: u32) -> io::Result<RoaringBitmap> {
        let blocks = &self.segment.blocks;
        let Some(at) = blocks
            .partition_point(|block| block.first <= gram)
            .checked_sub(1)
        else {
            return Ok(RoaringBitmap::new());
        };
        let block = match self.decoded.entry(at) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(free) => {
                let block = &blocks[at];
                let bytes = self.source.range(block.from..block.from + block.length)?;
                free.insert(decompressed(&bytes)?)
            }
        };
        find(block, gram)
    }
}

/// The groups of a gram in a block, of which nothing else is decoded.
fn find(block: &[u8], gram: u32) -> io::Result<RoaringBitmap> {
    let cut = || odd("a block of it is cut");
    let mut rest = block;
    let count = number(rest.split_off(..4).ok_or_else(cut)?) as usize;
    let of_grams = count.checked_mul(LENGTH).ok_or_else(cut)?;
    let (grams, _) = rest
        .split_off(..of_grams)
        .ok_or_else(cut)?
        .as_chunks::<LENGTH>();
    let of_lengths = count.checked_mul(4).ok_or_else(cut)?;
    let (lengths, _) = rest.split_off(..of_lengths).ok_or_else(cut)?.as_chunks();
    let [_, wanted @ ..] = gram.to_be_bytes();
    let Ok(at) = grams.binary_search(&wanted) else {
        return Ok(RoaringBitmap::new());
    };
    let length = |bytes: &[u8; 4]| u32::from_le_bytes(*bytes) as usize;
    let before: usize = lengths[..at].iter().map(length).sum();
    let mut bitmap = rest.get(before..).ok_or_else(cut)?;
    let bitmap = bitmap.split_off(..length(&lengths[at])).ok_or_else(cut)?;
    RoaringBitmap::deserialize_from(bitmap)
}

fn number(bytes: &[u8]) -> u32 {
    bytes
        .iter()
        .rev()
        .fold(0, |number, byte| number << 8 | u32::from(*byte))
}

thread_local! {
    /// To make one takes longer than most blocks.
    static DECOMPRESSOR: RefCell<Option<Decompressor<'static>>> = const { RefCell::new(None) };
}

fn decompressed(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let too_long = || odd("a block of it is too long");
    let length = zstd::zstd_safe::get_frame_content_size(bytes);
    let Ok(Some(length)) = length else {
        // It need not tell how long it is.
        let mut decoder = zstd::Decoder::new(bytes)?;
        decoder.window_log_max(26)?;
        let mut whole = Vec::new();
        decoder.take(LONGEST + 1).read_to_end(&mut whole)?;
        return match whole.len() as u64 > LONGEST {
            true => Err(too_long()),
            false => Ok(whole),
        };
    };
    let length = usize::try_from(length.min(LONGEST + 1)).map_err(io::Error::other)?;
    if length as u64 > LONGEST {
        return Err(too_long());
    }
    DECOMPRESSOR.with_borrow_mut(|kept| {
        let decompressor = match kept {
            Some(kept) => kept,
            none => none.insert(Decompressor::new()?),
        };
        decompressor.decompress(bytes, length)
    })
}

fn odd(why: &'static str) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, why)
}

#[cfg(test)]
mod tests {
    use super::*;
    use formats::pack::{File, Telling};
    use proptest::prelude::*;
    use std::io::Cursor;

    fn opened(groups: &[Vec<String>]) -> (Grams, File) {
        let mut writer = GramsWriter::new(Vec::new()).unwrap();
        for group in groups {
            group.iter().for_each(|line| writer.line(line));
            writer.end_group().unwrap();
        }
        let (bytes, count) = writer.finish().unwrap();
        let mut telling = Telling::default();
        telling.update(&bytes);
        let file = telling.finish(count);
        let source = Source::new(Box::new(Cursor::new(bytes)), &file);
        (Grams::open(source).unwrap(), file)
    }

    fn groups(of: &[&[&str]]) -> Vec<Vec<String>> {
        of.iter()
            .map(|group| group.iter().map(|line| (*line).to_owned()).collect())
            .collect()
    }

    #[test]
    fn a_text_is_looked_for_where_all_its_grams_are() {
        let (grams, _) = opened(&groups(&[
            &["permission denied", "needle"],
            &["Permission", "DENIED"],
            &[],
            &["connection refused"],
        ]));
        for (pattern, expected) in [
            ("Permission", vec![0, 1]),
            ("needle", vec![0]),
            ("permission denied", vec![0]),
            ("refused|needle", vec![0, 3]),
            ("nowhere", vec![]),
            ("ed", vec![0, 1, 2, 3]),
        ] {
            let found = grams.groups(&Need::of(pattern, false)).unwrap();
            assert_eq!(found.into_iter().collect::<Vec<_>>(), expected, "{pattern}");
        }
        assert_eq!(grams.count(), 4);
    }

    #[test]
    fn a_block_that_does_not_tell_its_length_reads_as_well() {
        let text = b"grams ".repeat(1000);
        assert_eq!(
            decompressed(&zstd::bulk::compress(&text, LEVEL).unwrap()).unwrap(),
            text
        );
        let mut untold = zstd::Encoder::new(Vec::new(), LEVEL).unwrap();
        untold.write_all(&text).unwrap();
        let untold = untold.finish().unwrap();
        let told = zstd::zstd_safe::get_frame_content_size(&untold);
        assert!(matches!(told, Ok(None)));
        assert_eq!(decompressed(&untold).unwrap(), text);
    }

    #[test]
    fn nothing_is_a_file_as_well() {
        let (grams, file) = opened(&[]);
        assert_eq!((grams.count(), file.count), (0, 0));
        assert!(grams.groups(&Need::Nothing).unwrap().is_empty());
    }

    #[test]
    fn what_was_altered_or_cut_is_refused_and_never_more() {
        let mut writer = GramsWriter::new(Vec::new()).unwrap();
        for group in 0..40 {
            (0..30).for_each(|line| writer.line(&format!("{group} of {line} {:x}", group * line)));
            writer.end_group().unwrap();
        }
        let (bytes, _) = writer.finish().unwrap();
        let ask = |bytes: Vec<u8>| {
            let mut telling = Telling::default();
            telling.update(&bytes);
            let source = Source::new(Box::new(Cursor::new(bytes)), &telling.finish(0));
            Grams::open(source).and_then(|grams| grams.groups(&Need::of("of 1", false)))
        };
        assert!(ask(bytes.clone()).unwrap().len() > 30);
        for length in 0..bytes.len() {
            assert!(ask(bytes[..length].to_vec()).is_err(), "{length}");
        }
        for at in 0..bytes.len() {
            let mut altered = bytes.clone();
            altered[at] ^= 0x55;
            // It may well read: its index says that it is another one.
            let _ = ask(altered);
        }
    }

    proptest! {
        #[test]
        fn no_group_that_has_a_text_is_missed(
            lines in proptest::collection::vec(proptest::collection::vec("[abcABC é]{0,8}", 0..4), 1..6),
            text in "[abcABC é]{1,5}",
        ) {
            let (grams, _) = opened(&lines);
            let found = grams.groups(&Need::of(&text, true)).unwrap();
            for (number, group) in lines.iter().enumerate() {
                if group.iter().any(|line| line.to_lowercase().contains(&text.to_lowercase())) {
                    prop_assert!(found.contains(number as u32));
                }
            }
        }
    }
}
