//! Text in, frames out: compressed, hashed and linked, and sealed where there is a key.
//!
//! Nothing here knows what a line says, and nothing is kept but one frame's worth of text and some bytes a frame for the
//! tables.

use std::io::{self, Write};
use std::time::Duration;

use sha2::{Digest as _, Sha256};
use zstd::stream::raw::{CParameter, Encoder as Zstd, InBuffer, Operation, OutBuffer};

use super::options::{MOST_ROOM, Options, SLOW_FRAME};
use super::sealer::Sealer;
use crate::manifest::Encryption;
use crate::payload::Size;
use crate::recording::digest::Digest;
use crate::recording::error::Error;
use crate::recording::skippable::{IndexEntry, Link, MAX_SNAPSHOT, SeekEntry, Snapshot};
use crate::recording::trail::Trail;

/// Text that compresses better than this many times is given more room, since each frame begins with nothing to refer to:
/// what a frame costs stays small against what is in it.
const USUAL_RATIO: usize = 8;
/// Two to this power holds the most text of a frame; more window would only cost memory, less would cost size.
const WINDOW_LOG: u32 = 20;
/// Entries of the compressor's hash and chain tables, as two to these powers. For a frame that has time: what its own tables
/// of parameters give for inputs of a frame's size; left alone, it would take them for an endless stream, and 40 MiB of
/// memory for nothing. For bulk: those of its level 3, which stay in a processor's cache.
const SLOW_TABLES: (u32, u32) = (18, 18);
const BULK_TABLES: (u32, u32) = (17, 16);
/// Text is handed to the compressor in pieces of this size, so that it never fills its own buffers by single lines.
const BATCH: usize = 32 * 1024;
/// A chunk is sealed at each flush and at the end of a frame, and no later than with as many bytes: as much must be held
/// back meanwhile.
const MOST_CHUNK: usize = 256 * 1024;

/// The frames of a recording that is being written.
pub(super) struct Frames<W> {
    sink: W,
    options: Options,
    zstd: Zstd<'static>,
    /// Lines that the compressor has not seen.
    pending: Vec<u8>,
    /// Room for what the compressor gives.
    compressed: Vec<u8>,
    /// Text since the last flush.
    unflushed: usize,
    frame: Frame,
    /// Time of the last event.
    last_us: u64,
    /// Snapshots that the next data frame is written behind: of which frame, and the bytes.
    snapshots: Vec<(u64, Vec<u8>)>,
    /// What is linked; its seek table has the open frame's skippable frames as well.
    trail: Trail,
    sealer: Option<Sealer>,
    has_failed: bool,
}

/// What is known of the bytes since the last link.
#[derive(Clone, Default)]
struct Frame {
    hasher: Sha256,
    /// Bytes written, a snapshot before the frame included.
    compressed: u64,
    /// Bytes of the snapshot among them.
    before: u64,
    text: usize,
    base_us: u64,
    first_us: Option<u64>,
    snapshot_at: u64,
    /// Where the data begins in the file.
    data_at: u64,
}

impl<W: Write> Frames<W> {
    /// Goes on behind what the trail tells of, whose bytes are in the sink.
    pub(super) fn new(
        sink: W,
        options: Options,
        mut trail: Trail,
        sealer: Option<Sealer>,
    ) -> io::Result<Self> {
        let mut zstd = Zstd::new(options.slow_level)?;
        zstd.set_parameter(CParameter::ChecksumFlag(true))?;
        zstd.set_parameter(CParameter::WindowLog(WINDOW_LOG))?;
        set_tables(&mut zstd, SLOW_TABLES)?;
        trail.is_sealed = sealer.is_some();
        Ok(Self {
            sink,
            options,
            zstd,
            pending: Vec::with_capacity(2 * BATCH),
            compressed: Vec::with_capacity(2 * BATCH),
            unflushed: 0,
            frame: Frame::default(),
            last_us: trail.last_us,
            snapshots: Vec::new(),
            trail,
            sealer,
            has_failed: false,
        })
    }

    /// Appends the line that `write` writes. It tells the time of its event; the header has none.
    pub(super) fn append(
        &mut self,
        write: impl FnOnce(&mut Vec<u8>) -> Option<u64>,
    ) -> Result<(), Error> {
        self.guarded(|frames| {
            if frames.is_at_border() {
                frames.begin()?;
            }
            let before = frames.pending.len();
            if let Some(at_us) = write(&mut frames.pending) {
                frames.frame.first_us.get_or_insert(at_us);
                frames.last_us = at_us;
            }
            let length = frames.pending.len() - before;
            frames.frame.text += length;
            frames.unflushed += length;
            if frames.pending.len() >= BATCH {
                frames.compress()?;
            }
            Ok(())
        })
    }

    pub(super) fn flush(&mut self) -> Result<(), Error> {
        self.guarded(|frames| {
            if frames.unflushed > 0 {
                frames.compress()?;
                frames.drain(|zstd, out| zstd.flush(out))?;
                frames.seal(false)?;
                frames.unflushed = 0;
            }
            frames.sink.flush()
        })
    }

    /// Closes the frame, if there is anything in it.
    pub(super) fn close(&mut self) -> Result<(), Error> {
        self.guarded(|frames| match frames.is_at_border() {
            true => Ok(()),
            false => frames.link(),
        })
    }

    /// What was written, and what it takes to end it.
    pub(super) fn end(mut self) -> Result<(W, Trail, Option<Encryption>), Error> {
        self.close()?;
        self.sink.flush()?;
        Ok((
            self.sink,
            self.trail,
            self.sealer.map(|sealer| sealer.encryption),
        ))
    }

    pub(super) fn unflushed(&self) -> usize {
        self.unflushed
    }

    /// Whether no frame is open.
    pub(super) fn is_at_border(&self) -> bool {
        self.frame.text == 0
    }

    /// Whether the open frame is long enough to be closed.
    pub(super) fn is_full(&self) -> bool {
        let usual = self.options.frame_text;
        self.frame.text >= usual
            && (self.frame.compressed >= (usual / USUAL_RATIO) as u64
                || self.frame.text >= usual * MOST_ROOM)
    }

    /// Up to the last link.
    pub(super) fn trail(&self) -> &Trail {
        &self.trail
    }

    /// Bytes of text so far.
    pub(super) fn text(&self) -> u64 {
        self.trail.text + self.frame.text as u64
    }

    /// Bytes handed to the sink so far.
    pub(super) fn offset(&self) -> u64 {
        self.trail.offset + self.frame.compressed
    }

    pub(super) fn sink_mut(&mut self) -> &mut W {
        &mut self.sink
    }

    /// Puts a snapshot before the next data frame, of what was shown before the data frame of number `frame`. Nothing
    /// happens when that has one already, or is not there.
    pub(super) fn snapshot(&mut self, frame: u64, size: Size, text: &str) -> Result<(), Error> {
        if text.len() > MAX_SNAPSHOT {
            return Err(Error::Snapshot(text.len()));
        }
        let Some(at_us) = self.snapshot_time(frame) else {
            return Ok(());
        };
        self.guarded(|frames| {
            let snapshot = Snapshot {
                frame,
                at_us,
                cols: size.cols,
                rows: size.rows,
                text: text.to_owned(),
            };
            let mut bytes = Vec::new();
            match &frames.sealer {
                Some(sealer) => snapshot.seal(&sealer.cipher, &mut bytes)?,
                None => snapshot.encode(&mut bytes)?,
            }
            frames.snapshots.push((frame, bytes));
            Ok(())
        })
    }

    /// What the time of a snapshot before this frame is; `None` when it has one, or is not there.
    fn snapshot_time(&self, frame: u64) -> Option<u64> {
        if self.snapshots.iter().any(|(known, _)| *known == frame) {
            return None;
        }
        let is_next = frame == self.trail.frames();
        let open = (!self.is_at_border()).then_some(&self.frame);
        let linked = self.trail.time_index.get(usize::try_from(frame).ok()?);
        match (linked, open) {
            (Some(entry), _) => (entry.snapshot == 0).then_some(entry.base_us),
            (None, Some(open)) if is_next => (open.snapshot_at == 0).then_some(open.base_us),
            (None, None) if is_next => Some(self.last_us),
            _ => None,
        }
    }

    /// Lets nothing happen after a failure.
    fn guarded(&mut self, step: impl FnOnce(&mut Self) -> io::Result<()>) -> Result<(), Error> {
        if self.has_failed {
            return Err(Error::Broken);
        }
        let result = step(self);
        self.has_failed = result.is_err();
        Ok(result?)
    }

    fn begin(&mut self) -> io::Result<()> {
        self.frame = Frame {
            base_us: self.last_us,
            ..Frame::default()
        };
        if let Some(sealer) = &mut self.sealer {
            let envelope = sealer.begin(self.last_us);
            if !envelope.is_empty() {
                self.put_frame(&envelope)?;
            }
        }
        for (frame, bytes) in std::mem::take(&mut self.snapshots) {
            let offset = self.offset();
            if !self.trail.place_snapshot(frame, offset) {
                self.frame.snapshot_at = offset;
            }
            self.put_frame(&bytes)?;
        }
        self.frame.before = self.frame.compressed;
        self.frame.data_at = self.offset();
        Ok(())
    }

    /// Ends the open frame and links it to those before.
    fn link(&mut self) -> io::Result<()> {
        self.compress()?;
        self.drain(|zstd, out| zstd.finish(out, true))?;
        self.seal(true)?;
        self.zstd.reinit()?;
        let frame = std::mem::take(&mut self.frame);
        let took = Duration::from_micros(self.last_us - frame.base_us);
        let (level, tables) = if took >= SLOW_FRAME {
            (self.options.slow_level, SLOW_TABLES)
        } else {
            (self.options.level, BULK_TABLES)
        };
        set_tables(&mut self.zstd, tables)?;
        self.zstd
            .set_parameter(CParameter::CompressionLevel(level))?;
        let link = Link {
            index: self.trail.frames(),
            compressed: frame.compressed,
            text: frame.text as u64,
            first_us: frame.first_us.unwrap_or(frame.base_us),
            last_us: self.last_us,
            digest: frame.hasher.finalize().into(),
            link: Digest::default(),
        }
        .linked(&self.trail.head);
        let mut bytes = Vec::new();
        link.encode(&mut bytes);
        self.sink.write_all(&bytes)?;
        if self.sealer.is_none() {
            self.trail.seek_table.push(SeekEntry {
                compressed: (frame.compressed - frame.before) as u32,
                text: frame.text as u32,
            });
        }
        let entry = IndexEntry {
            base_us: frame.base_us,
            snapshot: frame.snapshot_at,
            data: frame.data_at,
        };
        self.trail.link(&link, bytes.len(), entry);
        self.unflushed = 0;
        Ok(())
    }

    /// Hands the pending lines to the compressor.
    fn compress(&mut self) -> io::Result<()> {
        let pending = std::mem::take(&mut self.pending);
        let mut input = InBuffer::around(&pending);
        while input.pos() < pending.len() {
            self.step(|zstd, out| zstd.run(&mut input, out))?;
        }
        self.pending = pending;
        self.pending.clear();
        Ok(())
    }

    /// Repeats a step of the compressor until it has nothing left to give.
    fn drain(
        &mut self,
        mut step: impl FnMut(&mut Zstd<'static>, &mut OutBuffer<'_, Vec<u8>>) -> io::Result<usize>,
    ) -> io::Result<()> {
        while self.step(&mut step)? > 0 {}
        Ok(())
    }

    fn step(
        &mut self,
        step: impl FnOnce(&mut Zstd<'static>, &mut OutBuffer<'_, Vec<u8>>) -> io::Result<usize>,
    ) -> io::Result<usize> {
        let mut compressed = std::mem::take(&mut self.compressed);
        compressed.clear();
        let left = step(&mut self.zstd, &mut OutBuffer::around(&mut compressed))?;
        // Before, not after: the last bytes of a frame must be left for its last chunk.
        let held_back = self.sealer.as_ref().map_or(0, |sealer| sealer.plain.len());
        if held_back > 0 && held_back + compressed.len() > MOST_CHUNK {
            self.seal_chunk(false)?;
        }
        match &mut self.sealer {
            Some(sealer) => sealer.plain.extend_from_slice(&compressed),
            None => self.put(&compressed)?,
        }
        self.compressed = compressed;
        Ok(left)
    }

    /// Seals what the compressor has given, which ends with a whole line. Nothing to do in a plain recording.
    fn seal(&mut self, is_last: bool) -> io::Result<()> {
        if let Some(sealer) = &mut self.sealer {
            sealer.reach(self.frame.text, self.last_us)?;
        }
        self.seal_chunk(is_last)
    }

    fn seal_chunk(&mut self, is_last: bool) -> io::Result<()> {
        let Some(sealer) = &mut self.sealer else {
            return Ok(());
        };
        let chunk = sealer.chunk(self.trail.frames(), is_last)?;
        self.put_frame(&chunk)
    }

    /// A skippable frame that belongs to the data frame.
    fn put_frame(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.trail
            .seek_table
            .push(SeekEntry::skippable(bytes.len()));
        self.put(bytes)
    }

    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        if !bytes.is_empty() {
            self.sink.write_all(bytes)?;
            self.frame.hasher.update(bytes);
            self.frame.compressed += bytes.len() as u64;
        }
        Ok(())
    }
}

fn set_tables(zstd: &mut Zstd<'_>, (hash, chain): (u32, u32)) -> io::Result<()> {
    zstd.set_parameter(CParameter::HashLog(hash))?;
    zstd.set_parameter(CParameter::ChainLog(chain))
}
