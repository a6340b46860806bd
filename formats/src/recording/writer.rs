//! Writes a recording: events in, frames out, the tail at the end.
//!
//! Nothing here asks for the time or starts a thread: when to flush is the caller's to know, and [`Writer::unflushed`]
//! tells whether there is anything to. Nothing is kept but one frame's worth of text and some bytes a frame for the tables.

use std::io::{self, Write};
use std::time::Duration;

use sha2::{Digest as _, Sha256};
use zstd::stream::raw::{CParameter, Encoder as Zstd, InBuffer, Operation, OutBuffer};

use super::digest::{Digest, hex};
use super::envelope::ChunkHead;
use super::error::Error;
use super::skippable::{IndexEntry, Link, MAX_SNAPSHOT, SeekEntry, Signed, Snapshot};
use super::trail::Trail;
use crate::asciicast::{Data, Encoder, Header};
use crate::manifest::{Chain, Counts, Encryption, FORMAT, Manifest, Sizes};
use crate::payload::Size;
use crate::sealed::{CIPHER, Cipher, Envelope, Seal};
use crate::tee::{Content, TeedMessage};

/// A frame is closed at the first line end behind this many bytes of text, if they compress as text usually does.
pub const FRAME_TEXT: usize = 256 * 1024;
/// Text that compresses better than this many times is given more room, since each frame begins with nothing to refer to:
/// what a frame costs stays small against what is in it.
const USUAL_RATIO: usize = 8;
/// But no frame grows beyond this many times its usual text.
const MOST_ROOM: usize = 4;
/// A frame that took longer to fill came from a person or a screen, not from bulk output.
pub const SLOW_FRAME: Duration = Duration::from_secs(4);
/// Two to this power holds the most text of a frame; more window would only cost memory, less would cost size.
const WINDOW_LOG: u32 = 20;
/// Text is handed to the compressor in pieces of this size, so that it never fills its own buffers by single lines.
const BATCH: usize = 32 * 1024;
/// A chunk is sealed at each flush and at the end of a frame, and no later than with as many bytes: as much must be held
/// back meanwhile.
const MOST_CHUNK: usize = 256 * 1024;

/// How a recording is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// The zstd level for bulk. 3 is zstd's own default; above it time grows faster than files shrink.
    pub level: i32,
    /// The zstd level while there is time: for a frame that follows one which took longer than [`SLOW_FRAME`], and for
    /// the first. It makes up for what the flushes cost.
    pub slow_level: i32,
    /// [`FRAME_TEXT`] unless a test wants many small frames.
    pub frame_text: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            level: 3,
            slow_level: 12,
            frame_text: FRAME_TEXT,
        }
    }
}

/// A recording that is being written.
pub struct Writer<W> {
    sink: W,
    options: Options,
    encoder: Encoder,
    zstd: Zstd<'static>,
    /// Lines that the compressor has not seen.
    pending: Vec<u8>,
    /// Room for what the compressor gives.
    compressed: Vec<u8>,
    /// Text since the last flush.
    unflushed: usize,
    frame: Frame,
    /// Snapshots that the next data frame is written behind: of which frame, and the bytes.
    snapshots: Vec<(u64, Vec<u8>)>,
    /// Text before the open data frame, or before the next one.
    text_before: u64,
    /// The last message's text comes with the next `o` event; the two are not parted by a frame border.
    expects_output: bool,
    head: Digest,
    offset: u64,
    text: u64,
    counts: Counts,
    seek_table: Vec<SeekEntry>,
    time_index: Vec<IndexEntry>,
    sealer: Option<Sealer>,
    has_failed: bool,
}

/// Seals what the compressor gives.
struct Sealer {
    cipher: Cipher,
    encryption: Encryption,
    /// The envelope's frame, until it is written.
    envelope: Vec<u8>,
    /// Not sealed yet.
    plain: Vec<u8>,
    /// Number of the next chunk in the frame.
    chunk: u32,
    /// What can be read of the frame once this chunk is there.
    head: ChunkHead,
}

/// A recording that is whole but for its manifest. Should nobody come to finish it, it is as sound as one that was cut.
pub struct Unsigned<W> {
    sink: W,
    manifest: Manifest,
    bytes: Vec<u8>,
    trail: Trail,
}

impl<W: Write> Unsigned<W> {
    pub(super) fn new(sink: W, trail: Trail, counts: Counts, manifest: Manifest) -> Self {
        let manifest = Manifest {
            format: FORMAT,
            duration_us: trail.last_us,
            counts,
            sizes: Sizes {
                text: trail.text,
                compressed: trail.offset,
                frames: trail.frames(),
            },
            chain: Chain {
                algorithm: "sha256".to_owned(),
                head: hex(&trail.head),
            },
            ..manifest
        };
        Self {
            bytes: manifest.encode(),
            manifest,
            sink,
            trail,
        }
    }

    /// The manifest's exact bytes.
    #[must_use]
    pub fn to_sign(&self) -> &[u8] {
        &self.bytes
    }

    /// The sink, to ask it something; whoever writes to it breaks the recording.
    pub fn sink_mut(&mut self) -> &mut W {
        &mut self.sink
    }

    /// Writes the manifest, the signature over it, and the tables.
    ///
    /// # Errors
    /// The sink failed.
    pub fn finish(mut self, signature: Option<String>) -> Result<(W, Manifest), Error> {
        let mut tail = Vec::new();
        Signed {
            manifest: self.bytes,
            signature: signature.unwrap_or_default(),
        }
        .encode(&mut tail);
        self.trail.pass(tail.len());
        self.trail.encode_tables(false, &mut tail);
        self.sink.write_all(&tail)?;
        self.sink.flush()?;
        Ok((self.sink, self.manifest))
    }
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

impl<W: Write> Writer<W> {
    /// Begins a recording with its header.
    ///
    /// # Errors
    /// The sink failed.
    pub fn new(sink: W, header: &Header, options: Options) -> Result<Self, Error> {
        Self::begin(sink, header, options, None)
    }

    /// Begins a recording that only those can read for whom the key of `seal` is wrapped.
    ///
    /// # Errors
    /// The sink failed.
    pub fn sealed(sink: W, header: &Header, options: Options, seal: Seal) -> Result<Self, Error> {
        let cipher = Cipher::new(&seal.key, &seal.salt);
        let encryption = Encryption {
            cipher: CIPHER.to_owned(),
            recipients: seal.recipients,
        };
        let mut envelope = Vec::new();
        Envelope {
            salt: seal.salt,
            wrapped: seal.wrapped,
            opening: Manifest {
                terminal: Some(Size {
                    cols: header.term.cols,
                    rows: header.term.rows,
                }),
                encryption: Some(encryption.clone()),
                ..Manifest::of_session(&header.ssm.clone().unwrap_or_default())
            },
        }
        .encode(&mut envelope);
        let sealer = Sealer {
            cipher,
            encryption,
            envelope,
            plain: Vec::new(),
            chunk: 0,
            head: ChunkHead::default(),
        };
        Self::begin(sink, header, options, Some(sealer))
    }

    fn begin(
        sink: W,
        header: &Header,
        options: Options,
        sealer: Option<Sealer>,
    ) -> Result<Self, Error> {
        let mut writer = Self::resume(sink, options, Trail::default(), Counts::default())?;
        writer.sealer = sealer;
        writer.append(|encoder, out| encoder.header(header, out))?;
        Ok(writer)
    }

    /// Goes on behind the last link of a plain recording, whose bytes are in the sink.
    pub(super) fn resume(
        sink: W,
        options: Options,
        trail: Trail,
        counts: Counts,
    ) -> Result<Self, Error> {
        let mut zstd = Zstd::new(options.slow_level)?;
        zstd.set_parameter(CParameter::ChecksumFlag(true))?;
        zstd.set_parameter(CParameter::WindowLog(WINDOW_LOG))?;
        let mut encoder = Encoder::default();
        encoder.advance_to(trail.last_us);
        Ok(Self {
            sink,
            options,
            encoder,
            zstd,
            pending: Vec::with_capacity(2 * BATCH),
            compressed: Vec::with_capacity(2 * BATCH),
            unflushed: 0,
            frame: Frame::default(),
            snapshots: Vec::new(),
            text_before: trail.text,
            expects_output: false,
            head: trail.head,
            offset: trail.offset,
            text: trail.text,
            counts,
            seek_table: trail.seek_table,
            time_index: trail.time_index,
            sealer: None,
            has_failed: false,
        })
    }

    /// Writes a line as it is: that of an event which comes at `at_us`, or the header. Counts nothing, and closes no
    /// frame, since what one line leaves out may stand in the one before.
    pub(super) fn line(&mut self, line: &[u8], at_us: Option<u64>) -> Result<(), Error> {
        self.append(|encoder, out| {
            out.extend_from_slice(line);
            out.push(b'\n');
            encoder.advance_to(at_us.unwrap_or(0));
        })?;
        if let Some(at_us) = at_us {
            self.frame.first_us.get_or_insert(at_us);
        }
        Ok(())
    }

    /// Writes an event of any kind. Times are since the start; one before that of the event before counts as the same.
    ///
    /// # Errors
    /// The sink failed; the recording is over.
    pub fn event(&mut self, at: Duration, data: &Data) -> Result<(), Error> {
        match data {
            Data::Output(text) => return self.output(at, text),
            Data::Message(message) => return self.message(at, message),
            Data::Marker(_) => self.counts.markers += 1,
            _ => {}
        }
        self.timed(|encoder, out| encoder.event(at, data, out))
    }

    /// Writes an `o` event.
    ///
    /// # Errors
    /// The sink failed; the recording is over.
    pub fn output(&mut self, at: Duration, text: &str) -> Result<(), Error> {
        self.expects_output = false;
        self.timed(|encoder, out| encoder.output(at, text, out))
    }

    /// Writes an `f` event.
    ///
    /// # Errors
    /// The sink failed; the recording is over.
    pub fn message(&mut self, at: Duration, message: &TeedMessage) -> Result<(), Error> {
        self.counts.messages += 1;
        if message.message_type.is_none() {
            self.counts.malformed += 1;
        }
        if message.content == Content::Duplicate {
            self.counts.duplicates += 1;
        }
        if message.is_shown() {
            self.counts.output_bytes += message.length as u64;
        }
        self.expects_output = message.content == Content::Next && message.length > 0;
        self.timed(|encoder, out| encoder.message(at, message, out))
    }

    /// Writes an `r` event.
    ///
    /// # Errors
    /// The sink failed; the recording is over.
    pub fn resize(&mut self, at: Duration, size: Size) -> Result<(), Error> {
        self.event(at, &Data::Resize(size))
    }

    /// Makes everything written so far readable from the sink, at the price of a slightly worse compression.
    ///
    /// # Errors
    /// The sink failed; the recording is over.
    pub fn flush(&mut self) -> Result<(), Error> {
        self.guarded(|writer| {
            if writer.unflushed > 0 {
                writer.compress()?;
                writer.drain(|zstd, out| zstd.flush(out))?;
                writer.seal(false)?;
                writer.unflushed = 0;
            }
            writer.sink.flush()
        })
    }

    /// Closes the frame, if there is anything in it, so that everything written so far is linked into the chain.
    ///
    /// # Errors
    /// The sink failed; the recording is over.
    pub fn close_frame(&mut self) -> Result<(), Error> {
        self.guarded(Self::close)
    }

    /// Bytes of text that a crash would lose now.
    #[must_use]
    pub fn unflushed(&self) -> usize {
        self.unflushed
    }

    /// Whether no frame is open: the moment for a snapshot.
    #[must_use]
    pub fn is_at_border(&self) -> bool {
        self.frame.text == 0
    }

    /// Bytes of text so far.
    #[must_use]
    pub fn text_size(&self) -> u64 {
        self.text
    }

    /// Bytes handed to the sink so far.
    #[must_use]
    pub fn compressed_size(&self) -> u64 {
        self.offset
    }

    /// Time of the last event.
    #[must_use]
    pub fn last_at(&self) -> Duration {
        Duration::from_micros(self.encoder.last_us())
    }

    /// Data frames that are closed.
    #[must_use]
    pub fn frames(&self) -> u64 {
        self.time_index.len() as u64
    }

    /// What was counted so far.
    #[must_use]
    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    /// Bytes of the tables that follow the manifest, if the recording ended now.
    #[must_use]
    pub fn tables_size(&self) -> u64 {
        let entries = 8 * self.seek_table.len() + 24 * self.time_index.len();
        entries as u64
    }

    /// The sink, to ask it something; whoever writes to it breaks the recording.
    pub fn sink_mut(&mut self) -> &mut W {
        &mut self.sink
    }

    /// Puts what the terminal shows by now, as text that brings an empty terminal there, before the next frame; closes
    /// the open frame for it. Of several snapshots before one frame the first one counts.
    ///
    /// # Errors
    /// The sink failed and the recording is over; or the text is too long, and nothing has happened.
    pub fn snapshot(&mut self, size: Size, text: &str) -> Result<(), Error> {
        if text.len() > MAX_SNAPSHOT {
            return Err(Error::Snapshot(text.len()));
        }
        self.close_frame()?;
        self.late_snapshot(self.time_index.len() as u64, size, text)
    }

    /// As [`Self::snapshot`], of what the terminal showed before the data frame of this number, which may be long past. It
    /// is written before the next data frame. A frame has one snapshot; nothing happens when there is one already, or
    /// no such frame.
    ///
    /// # Errors
    /// As [`Self::snapshot`].
    pub fn late_snapshot(&mut self, frame: u64, size: Size, text: &str) -> Result<(), Error> {
        if text.len() > MAX_SNAPSHOT {
            return Err(Error::Snapshot(text.len()));
        }
        let Some(at_us) = self.snapshot_time(frame) else {
            return Ok(());
        };
        self.guarded(|writer| {
            let snapshot = Snapshot {
                frame,
                at_us,
                cols: size.cols,
                rows: size.rows,
                text: text.to_owned(),
            };
            let mut bytes = Vec::new();
            match &writer.sealer {
                Some(sealer) => snapshot.seal(&sealer.cipher, &mut bytes)?,
                None => snapshot.encode(&mut bytes)?,
            }
            writer.snapshots.push((frame, bytes));
            Ok(())
        })
    }

    /// What the time of a snapshot before this frame is; `None` when it has one, or is not there.
    fn snapshot_time(&self, frame: u64) -> Option<u64> {
        if self.snapshots.iter().any(|(known, _)| *known == frame) {
            return None;
        }
        let count = self.time_index.len() as u64;
        let open = (self.frame.text > 0).then_some(&self.frame);
        match (self.time_index.get(usize::try_from(frame).ok()?), open) {
            (Some(entry), _) => (entry.snapshot == 0).then_some(entry.base_us),
            (None, Some(open)) if frame == count => (open.snapshot_at == 0).then_some(open.base_us),
            (None, None) if frame == count => Some(self.encoder.last_us()),
            _ => None,
        }
    }

    /// The number of the data frame that is open, or comes next, and how much text stands before it.
    #[must_use]
    pub fn border(&self) -> (u64, u64) {
        (self.time_index.len() as u64, self.text_before)
    }

    /// Writes all but the end of the recording, which tells what is to be signed. `manifest` brings what the caller
    /// knows; format, duration, counts, sizes and chain are set here.
    ///
    /// # Errors
    /// The sink failed.
    pub fn end(mut self, manifest: Manifest) -> Result<Unsigned<W>, Error> {
        self.guarded(|writer| {
            writer.close()?;
            writer.sink.flush()
        })?;
        let manifest = Manifest {
            encryption: self.sealer.as_ref().map(|sealer| sealer.encryption.clone()),
            ..manifest
        };
        let trail = Trail {
            head: self.head,
            offset: self.offset,
            text: self.text,
            last_us: self.encoder.last_us(),
            seek_table: self.seek_table,
            time_index: self.time_index,
            is_sealed: self.sealer.is_some(),
        };
        Ok(Unsigned::new(self.sink, trail, self.counts, manifest))
    }

    /// Closes the recording at once. `sign` is given the exact bytes of the manifest and returns the signature over
    /// them, if there is one; where that may take time or fail, [`Writer::end`] leaves it to the caller.
    ///
    /// # Errors
    /// The sink failed.
    pub fn finish(
        self,
        manifest: Manifest,
        sign: impl FnOnce(&[u8]) -> Option<String>,
    ) -> Result<(W, Manifest), Error> {
        let unsigned = self.end(manifest)?;
        let signature = sign(unsigned.to_sign());
        unsigned.finish(signature)
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

    fn timed(&mut self, write: impl FnOnce(&mut Encoder, &mut Vec<u8>)) -> Result<(), Error> {
        self.append(write)?;
        self.counts.events += 1;
        self.frame.first_us.get_or_insert(self.encoder.last_us());
        // Only a line later, when this one is in: a border is where the caller may look at it.
        if self.is_frame_full() && !self.expects_output {
            self.close_frame()?;
        }
        Ok(())
    }

    fn is_frame_full(&self) -> bool {
        let usual = self.options.frame_text;
        self.frame.text >= usual
            && (self.frame.compressed >= (usual / USUAL_RATIO) as u64
                || self.frame.text >= usual * MOST_ROOM)
    }

    fn append(&mut self, write: impl FnOnce(&mut Encoder, &mut Vec<u8>)) -> Result<(), Error> {
        self.guarded(|writer| {
            if writer.frame.text == 0 {
                writer.begin_frame()?;
            }
            let before = writer.pending.len();
            write(&mut writer.encoder, &mut writer.pending);
            let length = writer.pending.len() - before;
            writer.frame.text += length;
            writer.unflushed += length;
            writer.text += length as u64;
            if writer.pending.len() >= BATCH {
                writer.compress()?;
            }
            Ok(())
        })
    }

    fn begin_frame(&mut self) -> io::Result<()> {
        self.encoder.begin_part();
        self.frame = Frame {
            base_us: self.encoder.last_us(),
            ..Frame::default()
        };
        if let Some(sealer) = &mut self.sealer {
            sealer.chunk = 0;
            sealer.head = ChunkHead {
                last_us: self.encoder.last_us(),
                ..ChunkHead::default()
            };
            let envelope = std::mem::take(&mut sealer.envelope);
            if !envelope.is_empty() {
                self.put_frame(&envelope)?;
            }
        }
        for (frame, bytes) in std::mem::take(&mut self.snapshots) {
            let offset = self.offset;
            let index = usize::try_from(frame).unwrap_or(usize::MAX);
            match self.time_index.get_mut(index) {
                Some(entry) => entry.snapshot = offset,
                None => self.frame.snapshot_at = offset,
            }
            self.put_frame(&bytes)?;
        }
        self.frame.before = self.frame.compressed;
        self.frame.data_at = self.offset;
        Ok(())
    }

    /// Number of the data frame that is open or comes next.
    fn frame_number(&self) -> io::Result<u32> {
        u32::try_from(self.time_index.len()).map_err(|_| io::ErrorKind::FileTooLarge.into())
    }

    fn close(&mut self) -> io::Result<()> {
        if self.frame.text == 0 {
            return Ok(());
        }
        self.compress()?;
        self.drain(|zstd, out| zstd.finish(out, true))?;
        self.seal(true)?;
        self.zstd.reinit()?;
        let frame = std::mem::take(&mut self.frame);
        let took = Duration::from_micros(self.encoder.last_us() - frame.base_us);
        let level = if took >= SLOW_FRAME {
            self.options.slow_level
        } else {
            self.options.level
        };
        self.zstd
            .set_parameter(CParameter::CompressionLevel(level))?;
        let link = Link {
            index: self.time_index.len() as u64,
            compressed: frame.compressed,
            text: frame.text as u64,
            first_us: frame.first_us.unwrap_or(frame.base_us),
            last_us: self.encoder.last_us(),
            digest: frame.hasher.finalize().into(),
            link: Digest::default(),
        }
        .linked(&self.head);
        self.head = link.link;
        let mut bytes = Vec::new();
        link.encode(&mut bytes);
        self.sink.write_all(&bytes)?;
        self.offset += bytes.len() as u64;
        if self.sealer.is_none() {
            self.seek_table.push(SeekEntry {
                compressed: (frame.compressed - frame.before) as u32,
                text: frame.text as u32,
            });
        }
        self.seek_table.push(SeekEntry {
            compressed: bytes.len() as u32,
            text: 0,
        });
        self.time_index.push(IndexEntry {
            base_us: frame.base_us,
            snapshot: frame.snapshot_at,
            data: frame.data_at,
        });
        self.unflushed = 0;
        self.text_before = self.text;
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
        let (text, last_us) = (self.frame.text, self.encoder.last_us());
        let Some(sealer) = &mut self.sealer else {
            return Ok(());
        };
        sealer.head = ChunkHead {
            text: u32::try_from(text).map_err(|_| io::ErrorKind::FileTooLarge)?,
            is_last,
            last_us,
        };
        self.seal_chunk(is_last)
    }

    fn seal_chunk(&mut self, is_last: bool) -> io::Result<()> {
        let frame = self.frame_number()?;
        let Some(sealer) = &mut self.sealer else {
            return Ok(());
        };
        let head = ChunkHead {
            is_last,
            ..sealer.head
        };
        let mut sealed = Vec::with_capacity(sealer.plain.len() + 64);
        let place = (frame, sealer.chunk);
        head.seal(place, &sealer.plain, &sealer.cipher, &mut sealed)
            .ok_or(io::ErrorKind::FileTooLarge)?;
        sealer.plain.clear();
        sealer.chunk += 1;
        self.put_frame(&sealed)
    }

    /// A skippable frame that belongs to the data frame.
    fn put_frame(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.seek_table.push(SeekEntry {
            compressed: bytes.len() as u32,
            text: 0,
        });
        self.put(bytes)
    }

    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        if !bytes.is_empty() {
            self.sink.write_all(bytes)?;
            self.frame.hasher.update(bytes);
            self.frame.compressed += bytes.len() as u64;
            self.offset += bytes.len() as u64;
        }
        Ok(())
    }
}
