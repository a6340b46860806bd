//! Goes through a recording from frame to frame and holds each against the trail of those before it.
//!
//! Nothing here remembers a frame: what can be worked out again is not kept.

use std::io::{self, Read};
use std::time::Duration;

use super::content::Content;
use super::passage::{Passage, Passed};
use super::report::{Fault, FaultKind, MAX_FRAMES, Proof, Report};
use crate::manifest::{self, Manifest};
use crate::recording::digest::hex;
use crate::recording::envelope::ChunkHead;
use crate::recording::error::Error;
use crate::recording::skippable::{
    IndexEntry, Link, MAGIC, MAX_CONTENT, PREFIX, SEEK_TABLE_MAGIC, SeekEntry, Signed, Snapshot,
    Tag, ZSTD_MAGIC, encode_seek_table, encode_time_index, is_skippable, u32_at,
};
use crate::recording::trail::Trail;
use crate::sealed::{Cipher, Envelope, Unlock};

/// A check, and what it takes to go on from where the proof ends.
pub(in crate::recording) struct Survey {
    pub(in crate::recording) report: Report,
    /// Up to the last link, or behind it to the last frame of the tail that is right.
    pub(in crate::recording) trail: Trail,
    /// Where the last whole block or frame ends that can be read.
    pub(in crate::recording) whole: u64,
    /// The time index is among what is proved.
    pub(in crate::recording) has_index: bool,
    /// Of a sealed recording, what its whole chunks behind the last link hold, and where they begin.
    pub(in crate::recording) chunk: Option<(ChunkHead, IndexEntry)>,
    /// The frames behind the last link.
    pub(in crate::recording) open: Vec<SeekEntry>,
    /// The snapshots among them: of which data frame, and where.
    pub(in crate::recording) snapshots: Vec<(u64, u64)>,
}

/// `content` looks into the text, of a sealed recording where it gives the key.
pub(in crate::recording) fn survey(
    source: impl Read,
    content: Option<&dyn Unlock>,
) -> Result<Survey, Error> {
    let mut walk = Walk::new(source, content)?;
    walk.passage.input.want(4)?;
    if walk.passage.input.unread().is_empty() {
        return Err(Error::Empty);
    }
    let proof = match walk.run()? {
        Step::End(Proof::Altered(fault)) => walk.zeros_follow(fault)?,
        Step::End(proof) => proof,
        Step::Cut => Proof::Cut {
            offset: walk.offset() + walk.passage.input.unread().len() as u64,
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
    let content = walk.passage.content.take();
    let mut trail = walk.trail;
    let open = trail.seek_table.split_off(walk.proved_entries);
    trail.is_sealed = walk.sealed.is_some();
    Ok(Survey {
        whole: walk.passage.whole.max(trail.offset),
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
            is_decoded: content.is_some(),
            header: content.and_then(Content::into_header),
        },
        trail,
    })
}

enum Step {
    End(Proof),
    Cut,
}

/// Goes from frame to frame.
struct Walk<'a, R> {
    passage: Passage<R>,
    unlock: Option<&'a dyn Unlock>,
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
    /// Opens the chunks, where they are to be looked into.
    cipher: Option<Cipher>,
    /// Chunks since the last link.
    chunks: u32,
}

impl<'a, R: Read> Walk<'a, R> {
    fn new(source: R, unlock: Option<&'a dyn Unlock>) -> io::Result<Self> {
        let mut passage = Passage::new(source);
        passage.content = unlock.map(|_| Content::new()).transpose()?;
        Ok(Self {
            passage,
            unlock,
            segment_frames: 0,
            snapshots: Vec::new(),
            trail: Trail::default(),
            manifest: None,
            signed: None,
            has_index: false,
            sealed: None,
            proved_entries: 0,
        })
    }

    fn run(&mut self) -> io::Result<Step> {
        loop {
            self.passage.input.want(PREFIX)?;
            if self.passage.input.unread().is_empty() {
                return Ok(self.end());
            }
            let Some(magic) = u32_at(self.passage.input.unread(), 0) else {
                return Ok(Step::Cut);
            };
            if self.trail.seek_table.len() >= MAX_FRAMES {
                return Ok(self.fault(FaultKind::Frames));
            }
            let step = if magic == ZSTD_MAGIC {
                self.data()?
            } else if is_skippable(magic) {
                self.skippable(magic)?
            } else if self.offset() == 0 {
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
        if self.trail.offset < self.offset() || self.signed.is_some() {
            return Step::Cut;
        }
        Step::End(Proof::NoManifest)
    }

    fn data(&mut self) -> io::Result<Option<Step>> {
        if self.signed.is_some() {
            return Ok(Some(self.fault(FaultKind::Unlinked)));
        }
        let start = self.offset();
        self.segment_frames += 1;
        Ok(match self.passage.data_frame(self.trail.last_us)? {
            Passed::Whole => {
                self.entry(start);
                None
            }
            Passed::Cut => Some(Step::Cut),
            Passed::NoFrame => Some(self.fault(FaultKind::Magic)),
        })
    }

    fn skippable(&mut self, magic: u32) -> io::Result<Option<Step>> {
        let Some(length) = u32_at(self.passage.input.unread(), 4) else {
            return Ok(Some(Step::Cut));
        };
        let whole = PREFIX as u64 + u64::from(length);
        let is_seek_table = magic == SEEK_TABLE_MAGIC && self.signed.is_some();
        if magic == SEEK_TABLE_MAGIC && !is_seek_table {
            // Whoever reads takes it for the end.
            return Ok(Some(self.fault(FaultKind::Table)));
        }
        if length as usize > MAX_CONTENT || !(magic == MAGIC || is_seek_table) {
            return self.other(whole);
        }
        self.passage.input.want(PREFIX + length as usize)?;
        let Some(frame) = self.passage.input.unread().get(..PREFIX + length as usize) else {
            return Ok(Some(Step::Cut));
        };
        let frame = frame.to_vec();
        let content = &frame[PREFIX..];
        let offset = self.offset();
        if self.signed.is_some() {
            return self.tail(&frame);
        }
        if let Some(link) = Link::parse(content) {
            return Ok(self.link(&link, frame.len()));
        }
        if Tag::Manifest.body(content).is_some() {
            return Ok(self.closing(content, frame.len()));
        }
        if let Some(frame) = Snapshot::frame_of(content) {
            self.snapshots.push((frame, offset));
        } else if let Some(envelope) = Envelope::parse(content).filter(|_| offset == 0) {
            let cipher = self.cipher(&envelope);
            if cipher.is_none() {
                self.passage.content = None;
            }
            self.sealed = Some(Sealed {
                cipher,
                chunks: 0,
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
                sealed.data = offset;
            }
            let frame = u32::try_from(self.trail.frames()).unwrap_or(u32::MAX);
            if let (Some(cipher), Some(text)) = (&sealed.cipher, &mut self.passage.content) {
                if sealed.chunks == 0 {
                    text.begin(self.trail.last_us);
                }
                match head.open((frame, sealed.chunks), content, cipher) {
                    Some(plain) => text.take(&plain),
                    None => text.fail(),
                }
            }
            sealed.chunks = sealed.chunks.saturating_add(1);
        }
        self.other(whole)
    }

    /// A frame that is only hashed.
    fn other(&mut self, length: u64) -> io::Result<Option<Step>> {
        let start = self.offset();
        if self.signed.is_some() {
            return Ok(Some(self.fault(FaultKind::Table)));
        }
        if !self.passage.frame(length)? {
            return Ok(Some(Step::Cut));
        }
        self.entry(start);
        if let Some(sealed) = &mut self.sealed {
            sealed.whole_chunk = sealed.chunk;
        }
        Ok(None)
    }

    fn link(&mut self, link: &Link, length: usize) -> Option<Step> {
        let is_next = link.index == self.trail.frames()
            && link.linked(&self.trail.head).link == link.link
            && link.first_us >= self.trail.last_us
            && link.last_us >= link.first_us;
        if !is_next {
            return Some(self.fault(FaultKind::Link));
        }
        let digest = self.passage.digest();
        let end = self.offset();
        let size = end - self.trail.offset;
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
        if let Some(kind) = self.content_fault(link) {
            let mut fault = self.fault_at(kind);
            fault.to = Some(Duration::from_micros(link.last_us));
            return Some(Step::End(Proof::Altered(fault)));
        }
        if let Some(content) = &mut self.passage.content {
            content.link(link);
        }
        let data = match (&mut self.sealed, self.trail.seek_table.last_mut()) {
            (Some(sealed), _) => {
                let chunk = sealed.chunk.take();
                sealed.whole_chunk = None;
                sealed.chunks = 0;
                sealed.is_unfinished = chunk.is_some_and(|chunk| !chunk.is_last);
                sealed.data
            }
            (None, Some(entry)) => {
                entry.text = u32::try_from(link.text).unwrap_or(u32::MAX);
                end - u64::from(entry.compressed)
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

    /// What is wrong with what the data frame before a link holds.
    fn content_fault(&self, link: &Link) -> Option<FaultKind> {
        if self.passage.needs_dictionary {
            return Some(FaultKind::Dictionary);
        }
        let is_whole = self
            .sealed
            .as_ref()
            .is_none_or(|sealed| sealed.chunk.is_none_or(|chunk| chunk.is_last));
        self.passage.content.as_ref()?.fault(link, is_whole)
    }

    fn cipher(&self, envelope: &Envelope) -> Option<Cipher> {
        let key = self.unlock?.unlock(envelope).ok()?;
        Some(Cipher::new(&key, &envelope.salt))
    }

    /// Where a disk lost what was written, or never wrote what was reserved, there are zeros up to the end: such a file was
    /// cut, not altered.
    fn zeros_follow(&mut self, fault: Fault) -> io::Result<Proof> {
        self.passage.input.want(PREFIX)?;
        let unread = self.passage.input.unread();
        let frame = match (u32_at(unread, 0), u32_at(unread, 4)) {
            (Some(magic), Some(length)) if is_skippable(magic) => PREFIX as u64 + u64::from(length),
            // A magic number that was written in part.
            _ => 4,
        };
        let is_cut =
            fault.kind != FaultKind::Trailing && self.passage.input.ends_in_zeros_behind(frame)?;
        Ok(match is_cut {
            true => Proof::Cut {
                offset: self.passage.input.length()?,
            },
            false => Proof::Altered(fault),
        })
    }

    fn closing(&mut self, content: &[u8], length: usize) -> Option<Step> {
        if self.trail.offset < self.offset() {
            return Some(self.fault(FaultKind::Unlinked));
        }
        let Some(signed) = Signed::parse(content) else {
            return Some(self.fault(FaultKind::Manifest));
        };
        let manifest = match Manifest::parse(&signed.manifest) {
            Ok(manifest) => manifest,
            Err(manifest::Error::Doubled) => return Some(self.fault(FaultKind::Doubled)),
            Err(_) => return Some(self.fault(FaultKind::Manifest)),
        };
        let is_ours = manifest.chain.algorithm == "sha256"
            && manifest.chain.head == hex(&self.trail.head)
            && manifest.sizes.compressed == self.offset()
            && manifest.sizes.frames == self.trail.frames()
            && manifest.sizes.text == self.trail.text
            && manifest.duration_us == self.trail.last_us
            && manifest.encryption.is_some() == self.sealed.is_some()
            && (manifest.recovered || !self.is_unfinished());
        let opening = self.sealed.as_ref().map(|sealed| &sealed.opening);
        let text = self.passage.content.as_ref();
        let contradiction = opening
            .and_then(|opening| manifest.differs_from(opening).map(FaultKind::Header))
            .or_else(|| text.and_then(|text| text.contradiction(&manifest)));
        self.manifest = Some(manifest);
        self.signed = Some(signed);
        if !is_ours {
            return Some(self.fault(FaultKind::Contradiction));
        }
        if let Some(kind) = contradiction {
            return Some(self.fault(kind));
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
        self.passage.input.want(1)?;
        Ok(Some(if self.passage.input.unread().is_empty() {
            Step::End(Proof::Sound)
        } else {
            self.fault(FaultKind::Trailing)
        }))
    }

    /// Behind a link, or a frame of the tail, which is proved by being what it must be.
    fn advance(&mut self, length: usize) {
        self.passage.input.consume(length);
        self.proved_entries = self.trail.seek_table.len();
    }

    fn offset(&self) -> u64 {
        self.passage.input.offset()
    }

    fn is_unfinished(&self) -> bool {
        self.sealed
            .as_ref()
            .is_some_and(|sealed| sealed.is_unfinished)
    }

    fn entry(&mut self, start: u64) {
        let length = usize::try_from(self.offset() - start).unwrap_or(usize::MAX);
        self.trail.seek_table.push(SeekEntry::skippable(length));
    }

    fn fault(&self, kind: FaultKind) -> Step {
        Step::End(Proof::Altered(self.fault_at(kind)))
    }

    fn fault_at(&self, kind: FaultKind) -> Fault {
        let end = (self.offset() + PREFIX as u64).max(self.trail.offset + 1);
        Fault {
            frame: (self.signed.is_none() && kind != FaultKind::Manifest)
                .then_some(self.trail.frames()),
            bytes: self.trail.offset..end,
            from: Duration::from_micros(self.trail.last_us),
            to: None,
            kind,
        }
    }
}
