//! Checks a recording against its own chain: every byte of the file is either proved or named as the first that is not.
//!
//! Nothing here decodes a frame, needs the key of a sealed one or checks a signature. Without a signature the chain shows damage and careless changes;
//! only the signature over the manifest shows that nobody made the whole file anew.

use std::io::{self, Read};
use std::ops::Range;
use std::time::Duration;

use sha2::{Digest as _, Sha256};

use super::digest::{Digest, hex};
use super::envelope::ChunkHead;
use super::error::Error;
use super::input::Input;
use super::skippable::{
    IndexEntry, Link, MAGIC, PREFIX, SEEK_TABLE_MAGIC, SeekEntry, Signed, Snapshot, Tag,
    ZSTD_MAGIC, encode_seek_table, encode_time_index, is_skippable, u32_at,
};
use super::trail::Trail;
use crate::manifest::{self, MAX_MANIFEST, Manifest};
use crate::sealed::Envelope;

/// A session that prints for a year without a pause has fewer frames.
const MAX_FRAMES: usize = 4_194_304;
/// A skippable frame beyond this is hashed and not looked into.
const MAX_CONTENT: usize = 2 * MAX_MANIFEST;

/// What a check has shown.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// The outcome.
    pub proof: Proof,
    /// Data frames that are proved, from the front.
    pub frames: u64,
    /// Bytes of the file that are proved, from the front.
    pub bytes: u64,
    /// Time of the last event in them.
    pub until: Duration,
    /// The manifest, when it was reached and reads.
    pub manifest: Option<Manifest>,
    /// Its exact bytes and the signature over them, which is the caller's to check.
    pub signed: Option<Signed>,
    /// What the envelope of a sealed recording tells of its session.
    pub opening: Option<Manifest>,
}

/// The outcome of a check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Proof {
    /// Every byte is what the chain, the manifest and the tables say.
    Sound,
    /// The file ends early; what is there is sound as far as it is linked.
    Cut {
        /// The length of the file.
        offset: u64,
    },
    /// The last frame is linked, and then the file ends: it was never closed, or its end was taken away.
    NoManifest,
    /// Text or zstd, but no recording with a chain.
    NoChain,
    /// Not what was recorded.
    Altered(Fault),
}

/// The first place where a recording is not what was recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Number of the data frame, from 0; `None` behind the last one.
    pub frame: Option<u64>,
    /// The bytes among which the fault is.
    pub bytes: Range<u64>,
    /// The time of the last event before them.
    pub from: Duration,
    /// The time of the last event in them, when it can be known.
    pub to: Option<Duration>,
    /// What is wrong.
    pub kind: FaultKind,
}

/// What is wrong with a recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FaultKind {
    /// The link is the right one, and its bytes are not.
    #[error("the bytes are not those that were recorded")]
    Digest,
    /// The link does not follow from the one before it.
    #[error("the link does not belong behind the one before it")]
    Link,
    /// Neither a data frame nor a skippable one begins where one must.
    #[error("no frame begins here")]
    Magic,
    /// Frames that no link covers.
    #[error("the bytes belong to no link of the chain")]
    Unlinked,
    /// The manifest does not read, or is not as it was written.
    #[error("the manifest is damaged")]
    Manifest,
    /// The manifest speaks of another recording.
    #[error("the manifest does not belong to these frames")]
    Contradiction,
    /// The time index or the seek table is not the one of these frames.
    #[error("the table does not belong to these frames")]
    Table,
    /// Something follows the seek table.
    #[error("bytes follow the end of the recording")]
    Trailing,
    /// Nobody has recorded so much: whoever made this wants the memory of whoever checks it.
    #[error("there are more frames than the limit of {MAX_FRAMES}")]
    Frames,
}

/// Reads a recording to its end, or to its first fault.
///
/// # Errors
/// The source cannot be read, or is empty.
pub fn verify(source: impl Read) -> Result<Report, Error> {
    Ok(survey(source)?.report)
}

/// A check, and what it takes to go on from where the proof ends.
pub(super) struct Survey {
    pub(super) report: Report,
    /// Up to the last link, or behind it to the last frame of the tail that is right.
    pub(super) trail: Trail,
    /// Where the last whole block or frame ends that can be read.
    pub(super) whole: u64,
    /// The time index is among what is proved.
    pub(super) has_index: bool,
    /// Of a sealed recording, what its whole chunks behind the last link hold, and where they begin.
    pub(super) chunk: Option<(ChunkHead, IndexEntry)>,
    /// The frames behind the last link.
    pub(super) open: Vec<SeekEntry>,
    /// The snapshots among them: of which data frame, and where.
    pub(super) snapshots: Vec<(u64, u64)>,
}

pub(super) fn survey(source: impl Read) -> Result<Survey, Error> {
    let mut walk = Walk::new(source);
    walk.input.want(4)?;
    if walk.input.unread().is_empty() {
        return Err(Error::Empty);
    }
    let proof = match walk.run()? {
        Step::End(proof) => proof,
        Step::Cut => Proof::Cut {
            offset: walk.input.offset() + walk.input.unread().len() as u64,
        },
    };
    let chunk = walk.sealed.as_ref().and_then(|sealed| {
        let entry = IndexEntry {
            base_us: walk.trail.last_us,
            snapshot: 0,
            data: sealed.data,
        };
        Some((sealed.whole_chunk?, entry))
    });
    let mut trail = walk.trail;
    let open = trail.seek_table.split_off(walk.proved_entries);
    trail.is_sealed = walk.sealed.is_some();
    Ok(Survey {
        whole: walk.whole.max(trail.offset),
        has_index: walk.has_index,
        chunk,
        open,
        snapshots: walk.snapshots,
        report: Report {
            proof,
            frames: trail.frames(),
            bytes: trail.offset,
            until: Duration::from_micros(trail.last_us),
            manifest: walk.manifest,
            signed: walk.signed,
            opening: walk.sealed.map(|sealed| sealed.opening),
        },
        trail,
    })
}

enum Step {
    End(Proof),
    Cut,
}

/// Goes from frame to frame.
struct Walk<R> {
    input: Input<R>,
    /// Everything since the last link.
    hasher: Sha256,
    /// Where that begins.
    segment: u64,
    /// Text in the data frames since the last link is only known to the link; this counts the frames.
    segment_frames: u64,
    /// Snapshots since the last link: of which data frame, and where.
    snapshots: Vec<(u64, u64)>,
    /// What is proved; but its seek table has what follows as well.
    trail: Trail,
    manifest: Option<Manifest>,
    signed: Option<Signed>,
    has_index: bool,
    sealed: Option<Sealed>,
    /// Entries of the seek table for what is proved.
    proved_entries: usize,
    /// Where the last whole block or frame ends.
    whole: u64,
}

/// What a sealed recording shows of its data frames.
struct Sealed {
    opening: Manifest,
    /// The last chunk since the last link.
    chunk: Option<ChunkHead>,
    /// The last one that is there to its end.
    whole_chunk: Option<ChunkHead>,
    /// Where the first one begins.
    data: u64,
    /// A link followed a chunk that was not the last one of its frame.
    is_unfinished: bool,
}

impl<R: Read> Walk<R> {
    fn new(source: R) -> Self {
        Self {
            input: Input::new(source),
            hasher: Sha256::new(),
            segment: 0,
            segment_frames: 0,
            snapshots: Vec::new(),
            trail: Trail::default(),
            manifest: None,
            signed: None,
            has_index: false,
            sealed: None,
            proved_entries: 0,
            whole: 0,
        }
    }

    fn run(&mut self) -> io::Result<Step> {
        loop {
            self.input.want(PREFIX)?;
            if self.input.unread().is_empty() {
                return Ok(self.end());
            }
            let Some(magic) = u32_at(self.input.unread(), 0) else {
                return Ok(Step::Cut);
            };
            if self.trail.seek_table.len() >= MAX_FRAMES {
                return Ok(self.fault(FaultKind::Frames));
            }
            let step = if magic == ZSTD_MAGIC {
                self.data()?
            } else if is_skippable(magic) {
                self.skippable(magic)?
            } else if self.input.offset() == 0 {
                Some(Step::End(Proof::NoChain))
            } else {
                Some(self.fault(FaultKind::Magic))
            };
            if let Some(step) = step {
                return Ok(step);
            }
        }
    }

    fn end(&self) -> Step {
        if self.trail.time_index.is_empty() && self.signed.is_none() {
            return Step::End(Proof::NoChain);
        }
        if self.segment < self.input.offset() || self.signed.is_some() {
            return Step::Cut;
        }
        Step::End(Proof::NoManifest)
    }

    /// Passes over one data frame by its block headers.
    fn data(&mut self) -> io::Result<Option<Step>> {
        if self.signed.is_some() {
            return Ok(Some(self.fault(FaultKind::Unlinked)));
        }
        let start = self.input.offset();
        self.segment_frames += 1;
        // RFC 8878, section 3.1.1.1: the descriptor tells how long the rest of the header is.
        self.input.want(5)?;
        let Some(&descriptor) = self.input.unread().get(4) else {
            return Ok(Some(Step::Cut));
        };
        let is_single = descriptor >> 5 & 1 == 1;
        let dictionary = [0, 1, 2, 4][usize::from(descriptor & 3)];
        let size = match descriptor >> 6 {
            0 => u64::from(is_single),
            power => 1 << power,
        };
        let header = 5 + u64::from(!is_single) + dictionary + size;
        if !self.pass(header)? {
            return Ok(Some(Step::Cut));
        }
        loop {
            self.input.want(3)?;
            let Some(&[low, middle, high]) = self.input.unread().first_chunk::<3>() else {
                return Ok(Some(Step::Cut));
            };
            let block = u32::from_le_bytes([low, middle, high, 0]);
            let (is_last, kind) = (block & 1 == 1, block >> 1 & 3);
            if kind == 3 {
                return Ok(Some(self.fault(FaultKind::Magic)));
            }
            // A block of one repeated byte has one byte, whatever its size.
            let length = if kind == 1 { 1 } else { u64::from(block >> 3) };
            if !self.pass(3 + length)? {
                return Ok(Some(Step::Cut));
            }
            // Where a disk lost what was written there are zeros, which read as empty blocks without end.
            if block != 0 {
                self.whole = self.input.offset();
            }
            if is_last {
                break;
            }
        }
        let checksum = u64::from(descriptor >> 2 & 1) * 4;
        if !self.pass(checksum)? {
            return Ok(Some(Step::Cut));
        }
        self.entry(start);
        self.whole = self.input.offset();
        Ok(None)
    }

    fn skippable(&mut self, magic: u32) -> io::Result<Option<Step>> {
        let Some(length) = u32_at(self.input.unread(), 4) else {
            return Ok(Some(Step::Cut));
        };
        let whole = PREFIX as u64 + u64::from(length);
        let is_seek_table = magic == SEEK_TABLE_MAGIC && self.signed.is_some();
        if length as usize > MAX_CONTENT || !(magic == MAGIC || is_seek_table) {
            return self.other(whole);
        }
        self.input.want(PREFIX + length as usize)?;
        let Some(frame) = self.input.unread().get(..PREFIX + length as usize) else {
            return Ok(Some(Step::Cut));
        };
        let frame = frame.to_vec();
        let content = &frame[PREFIX..];
        if self.signed.is_some() {
            return Ok(Some(match self.tail(&frame)? {
                Some(step) => step,
                None => return Ok(None),
            }));
        }
        if let Some(link) = Link::parse(content) {
            return Ok(self.link(&link, frame.len()));
        }
        if Tag::Manifest.body(content).is_some() {
            return Ok(self.closing(content, frame.len()));
        }
        if let Some(frame) = Snapshot::frame_of(content) {
            self.snapshots.push((frame, self.input.offset()));
        } else if let Some(envelope) = Envelope::parse(content).filter(|_| self.input.offset() == 0)
        {
            self.sealed = Some(Sealed {
                opening: envelope.opening,
                chunk: None,
                whole_chunk: None,
                data: 0,
                is_unfinished: false,
            });
        } else if let (Some(sealed), Some(head)) = (&mut self.sealed, ChunkHead::parse(content)) {
            // What is in a chunk only its key tells, but chunks grow in text and time and end with their frame.
            let is_next = match sealed.chunk {
                None => head.last_us >= self.trail.last_us,
                Some(before) => {
                    !before.is_last && before.text <= head.text && before.last_us <= head.last_us
                }
            };
            if sealed.is_unfinished || !is_next {
                return Ok(Some(self.fault(FaultKind::Unlinked)));
            }
            if sealed.chunk.replace(head).is_none() {
                sealed.data = self.input.offset();
            }
        }
        self.other(whole)
    }

    /// A frame that is only hashed.
    fn other(&mut self, length: u64) -> io::Result<Option<Step>> {
        let start = self.input.offset();
        if self.signed.is_some() {
            return Ok(Some(self.fault(FaultKind::Table)));
        }
        if !self.pass(length)? {
            return Ok(Some(Step::Cut));
        }
        self.entry(start);
        self.whole = self.input.offset();
        if let Some(sealed) = &mut self.sealed {
            sealed.whole_chunk = sealed.chunk;
        }
        Ok(None)
    }

    fn link(&mut self, link: &Link, length: usize) -> Option<Step> {
        let expected = self.trail.frames();
        let is_next = link.index == expected
            && link.linked(&self.trail.head).link == link.link
            && link.first_us >= self.trail.last_us
            && link.last_us >= link.first_us;
        if !is_next {
            return Some(self.fault(FaultKind::Link));
        }
        let digest: Digest = std::mem::take(&mut self.hasher).finalize().into();
        let size = self.input.offset() - self.segment;
        let holds_data = match &self.sealed {
            None => self.segment_frames == 1,
            Some(sealed) => {
                self.segment_frames == 0
                    && sealed.chunk.is_some_and(|chunk| {
                        u64::from(chunk.text) == link.text && chunk.last_us == link.last_us
                    })
            }
        };
        if digest != link.digest || size != link.compressed || !holds_data {
            let mut fault = self.fault_at(FaultKind::Digest);
            fault.to = Some(Duration::from_micros(link.last_us));
            return Some(Step::End(Proof::Altered(fault)));
        }
        let data = match (&mut self.sealed, self.trail.seek_table.last_mut()) {
            (Some(sealed), _) => {
                let chunk = sealed.chunk.take();
                sealed.whole_chunk = None;
                sealed.is_unfinished = chunk.is_some_and(|chunk| !chunk.is_last);
                sealed.data
            }
            (None, Some(entry)) => {
                entry.text = u32::try_from(link.text).unwrap_or(u32::MAX);
                self.input.offset() - u64::from(entry.compressed)
            }
            (None, None) => 0,
        };
        let entry = IndexEntry {
            base_us: self.trail.last_us,
            snapshot: 0,
            data,
        };
        self.trail.link(link, length, entry);
        for (frame, offset) in self.snapshots.drain(..) {
            self.trail.place_snapshot(frame, offset);
        }
        self.segment_frames = 0;
        self.advance(length);
        None
    }

    fn closing(&mut self, content: &[u8], length: usize) -> Option<Step> {
        if self.segment < self.input.offset() {
            return Some(self.fault(FaultKind::Unlinked));
        }
        let Some(signed) = Signed::parse(content) else {
            return Some(self.fault(FaultKind::Manifest));
        };
        let manifest = match Manifest::parse(&signed.manifest) {
            Ok(manifest) => manifest,
            Err(
                manifest::Error::Format(_) | manifest::Error::Json(_) | manifest::Error::TooLong(_),
            ) => {
                return Some(self.fault(FaultKind::Manifest));
            }
        };
        let is_ours = manifest.chain.algorithm == "sha256"
            && manifest.chain.head == hex(&self.trail.head)
            && manifest.sizes.compressed == self.input.offset()
            && manifest.sizes.frames == self.trail.frames()
            && manifest.sizes.text == self.trail.text
            && manifest.duration_us == self.trail.last_us
            && manifest.encryption.is_some() == self.sealed.is_some()
            && (manifest.recovered || !self.is_unfinished());
        self.manifest = Some(manifest);
        self.signed = Some(signed);
        if !is_ours {
            return Some(self.fault(FaultKind::Contradiction));
        }
        self.trail.pass(length);
        self.advance(length);
        None
    }

    /// The time index, then the seek table, then nothing: both can be worked out to the last byte.
    fn tail(&mut self, frame: &[u8]) -> io::Result<Option<Step>> {
        let mut expected = Vec::new();
        if self.has_index {
            encode_seek_table(&self.trail.seek_table, &mut expected);
        } else {
            encode_time_index(&self.trail.time_index, self.sealed.is_some(), &mut expected);
        }
        if frame != expected {
            return Ok(Some(self.fault(FaultKind::Table)));
        }
        self.trail.pass(frame.len());
        self.advance(frame.len());
        if !std::mem::replace(&mut self.has_index, true) {
            return Ok(None);
        }
        self.input.want(1)?;
        Ok(Some(if self.input.unread().is_empty() {
            Step::End(Proof::Sound)
        } else {
            self.fault(FaultKind::Trailing)
        }))
    }

    /// Behind a link, or a frame of the tail, which is proved by being what it must be.
    fn advance(&mut self, length: usize) {
        self.input.consume(length);
        self.segment = self.input.offset();
        self.proved_entries = self.trail.seek_table.len();
    }

    fn is_unfinished(&self) -> bool {
        self.sealed
            .as_ref()
            .is_some_and(|sealed| sealed.is_unfinished)
    }

    fn entry(&mut self, start: u64) {
        let length = usize::try_from(self.input.offset() - start).unwrap_or(usize::MAX);
        self.trail.seek_table.push(SeekEntry::skippable(length));
    }

    fn fault(&self, kind: FaultKind) -> Step {
        Step::End(Proof::Altered(self.fault_at(kind)))
    }

    fn fault_at(&self, kind: FaultKind) -> Fault {
        let end = (self.input.offset() + PREFIX as u64).max(self.segment + 1);
        Fault {
            frame: (self.signed.is_none() && kind != FaultKind::Manifest)
                .then_some(self.trail.frames()),
            bytes: self.segment..end,
            from: Duration::from_micros(self.trail.last_us),
            to: None,
            kind,
        }
    }

    /// Hashes and passes over; `false` when the file ends before.
    fn pass(&mut self, mut length: u64) -> io::Result<bool> {
        while length > 0 {
            self.input.want(1)?;
            let available = self.input.unread().len();
            if available == 0 {
                return Ok(false);
            }
            let taken = usize::try_from(length).map_or(available, |length| length.min(available));
            self.hasher.update(&self.input.unread()[..taken]);
            self.input.consume(taken);
            length -= taken as u64;
        }
        Ok(true)
    }
}
