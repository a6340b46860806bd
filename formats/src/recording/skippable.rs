//! Our own frames inside the container: zstd skippable frames, each with a tag of four letters and a version.
//!
//! Nothing here is seen by `zstd -d`, which passes over skippable frames; their layout is written in `README.md`.

use super::digest::Digest;
use crate::manifest::MAX_MANIFEST;
use crate::sealed::{Cipher, Kind, Place};

/// The magic number of our skippable frames. The format reserves sixteen; the seek table has the one that ends in E.
pub(super) const MAGIC: u32 = 0x184D_2A53;
/// The magic number that the zstd seekable format gives to its seek table.
pub(super) const SEEK_TABLE_MAGIC: u32 = 0x184D_2A5E;
/// The last four bytes of a file with a seek table.
pub(super) const SEEKABLE_MAGIC: u32 = 0x8F92_EAB1;
/// Every zstd data frame begins with it.
pub(super) const ZSTD_MAGIC: u32 = 0xFD2F_B528;
/// Magic number and length.
pub(super) const PREFIX: usize = 8;
/// The longest of our frames that is looked into: a snapshot is compressed, a manifest short. One beyond is passed over.
pub(super) const MAX_CONTENT: usize = 2 * MAX_MANIFEST;
/// Tag and version.
const TAG: usize = 8;

/// Whether a magic number is one of the sixteen of skippable frames.
pub(super) fn is_skippable(magic: u32) -> bool {
    magic & 0xFFFF_FFF0 == 0x184D_2A50
}

/// What one of our frames is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tag {
    Link,
    Snapshot,
    Manifest,
    TimeIndex,
    Envelope,
    Chunk,
    SealedSnapshot,
    SealedTimeIndex,
}

impl Tag {
    /// Four letters and a version.
    fn head(self) -> [u8; TAG] {
        *match self {
            Self::Link => b"ssmL\x01\0\0\0",
            Self::Snapshot => b"ssmS\x01\0\0\0",
            Self::Manifest => b"ssmM\x01\0\0\0",
            Self::TimeIndex => b"ssmT\x01\0\0\0",
            Self::Envelope => b"ssmE\x01\0\0\0",
            Self::Chunk => b"ssmC\x01\0\0\0",
            Self::SealedSnapshot => b"ssmS\x02\0\0\0",
            Self::SealedTimeIndex => b"ssmT\x02\0\0\0",
        }
    }

    /// Begins a frame; [`finish`] fills in its length.
    pub(super) fn begin(self, out: &mut Vec<u8>) -> usize {
        let start = begin(MAGIC, out);
        out.extend_from_slice(&self.head());
        start
    }

    /// The frame's body when `content`, all that follows the prefix, is of this tag and version.
    pub(super) fn body(self, content: &[u8]) -> Option<&[u8]> {
        content.strip_prefix(&self.head())
    }
}

pub(super) fn begin(magic: u32, out: &mut Vec<u8>) -> usize {
    let start = out.len();
    out.extend_from_slice(&magic.to_le_bytes());
    out.extend_from_slice(&[0; 4]);
    start
}

/// Fills in the length of the frame that [`begin`] began at `start`.
pub(super) fn finish(start: usize, out: &mut [u8]) {
    let length = u32::try_from(out.len() - start - PREFIX).unwrap_or(u32::MAX);
    out[start + 4..start + PREFIX].copy_from_slice(&length.to_le_bytes());
}

pub(super) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

pub(super) fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(bytes.get(at..at + 8)?.try_into().ok()?))
}

/// A link of the chain: what it says of the bytes since the link before, and its own digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Link {
    /// The number of the data frame, from 0.
    pub(super) index: u64,
    /// Bytes since the end of the link before: the data frame, and a snapshot where one stands before it.
    pub(super) compressed: u64,
    /// Bytes of text in the data frame.
    pub(super) text: u64,
    /// Time of the first event in it, in microseconds. Without an event, the time of the last event before it.
    pub(super) first_us: u64,
    /// Time of the last event in it, or before it.
    pub(super) last_us: u64,
    /// SHA-256 of those compressed bytes.
    pub(super) digest: Digest,
    /// SHA-256 of the link before (32 zero bytes before the first) and of the fields above as they stand in the frame.
    pub(super) link: Digest,
}

/// Index, three sizes and times, one more, two digests.
pub(super) const LINK_BODY: usize = 5 * 8 + 2 * 32;
/// What the link's digest covers besides the link before.
const LINKED: usize = LINK_BODY - 32;

impl Link {
    /// Links what the fields say to the link before: sets [`Self::link`].
    #[must_use]
    pub(super) fn linked(mut self, previous: &Digest) -> Self {
        use sha2::{Digest as _, Sha256};
        let mut fields = Vec::with_capacity(LINK_BODY);
        self.fields(&mut fields);
        let mut hasher = Sha256::new();
        hasher.update(previous);
        hasher.update(&fields);
        self.link = hasher.finalize().into();
        self
    }

    fn fields(&self, out: &mut Vec<u8>) {
        for number in [
            self.index,
            self.compressed,
            self.text,
            self.first_us,
            self.last_us,
        ] {
            out.extend_from_slice(&number.to_le_bytes());
        }
        out.extend_from_slice(&self.digest);
        debug_assert!(out.len() >= LINKED);
    }

    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        let start = Tag::Link.begin(out);
        self.fields(out);
        out.extend_from_slice(&self.link);
        finish(start, out);
    }

    /// Reads all that follows the prefix of a skippable frame. `None` when it is no link.
    #[must_use]
    pub(super) fn parse(content: &[u8]) -> Option<Self> {
        let body = Tag::Link.body(content)?;
        if body.len() != LINK_BODY {
            return None;
        }
        Some(Self {
            index: u64_at(body, 0)?,
            compressed: u64_at(body, 8)?,
            text: u64_at(body, 16)?,
            first_us: u64_at(body, 24)?,
            last_us: u64_at(body, 32)?,
            digest: body[40..72].try_into().ok()?,
            link: body[72..104].try_into().ok()?,
        })
    }
}

/// What the terminal showed before a data frame. It stands before that frame or before a later one: a picture takes time
/// to make, and the recording does not wait for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// Number of the data frame, from 0.
    pub frame: u64,
    /// Time of the last event before it, in microseconds.
    pub at_us: u64,
    /// Columns of the terminal then.
    pub cols: u16,
    /// Rows.
    pub rows: u16,
    /// Text that brings an empty terminal of this size to the same state.
    pub text: String,
}

/// The longest snapshot taken, uncompressed.
pub const MAX_SNAPSHOT: usize = 16 * 1024 * 1024;

impl Snapshot {
    /// Appends the snapshot as a whole skippable frame.
    pub(super) fn encode(&self, out: &mut Vec<u8>) -> std::io::Result<()> {
        let start = Tag::Snapshot.begin(out);
        out.extend_from_slice(&self.frame.to_le_bytes());
        out.extend_from_slice(&self.body()?);
        finish(start, out);
        Ok(())
    }

    /// As [`Self::encode`], sealed. For one frame only one is ever sealed: two with the same nonce would undo it.
    pub(super) fn seal(&self, cipher: &Cipher, out: &mut Vec<u8>) -> std::io::Result<()> {
        let start = Tag::SealedSnapshot.begin(out);
        let head = out.len() - TAG;
        out.extend_from_slice(&self.frame.to_le_bytes());
        let sealed = snapshot_place(self.frame)
            .and_then(|place| cipher.seal(place, &out[head..], &self.body().ok()?))
            .ok_or(std::io::ErrorKind::FileTooLarge)?;
        out.extend_from_slice(&sealed);
        finish(start, out);
        Ok(())
    }

    fn body(&self) -> std::io::Result<Vec<u8>> {
        let mut body = Vec::new();
        body.extend_from_slice(&self.at_us.to_le_bytes());
        body.extend_from_slice(&self.cols.to_le_bytes());
        body.extend_from_slice(&self.rows.to_le_bytes());
        body.extend_from_slice(&zstd::bulk::compress(self.text.as_bytes(), 3)?);
        Ok(body)
    }

    /// The number of the data frame that a snapshot belongs before, sealed or not, given all that follows its prefix.
    pub(super) fn frame_of(content: &[u8]) -> Option<u64> {
        let body = Tag::Snapshot
            .body(content)
            .or_else(|| Tag::SealedSnapshot.body(content))?;
        u64_at(body, 0)
    }

    /// Reads all that follows the prefix of a skippable frame. `None` when it is no snapshot that can be used.
    pub(super) fn parse(content: &[u8]) -> Option<Self> {
        let frame = Self::frame_of(content)?;
        Self::parse_body(frame, Tag::Snapshot.body(content)?.get(8..)?)
    }

    /// As [`Self::parse`], of a sealed one.
    pub(super) fn open(content: &[u8], cipher: &Cipher) -> Option<Self> {
        let frame = Self::frame_of(content)?;
        Tag::SealedSnapshot.body(content)?;
        let (head, sealed) = content.split_at_checked(TAG + 8)?;
        Self::parse_body(frame, &cipher.open(snapshot_place(frame)?, head, sealed)?)
    }

    fn parse_body(frame: u64, body: &[u8]) -> Option<Self> {
        let text = zstd::bulk::decompress(body.get(12..)?, MAX_SNAPSHOT).ok()?;
        Some(Self {
            frame,
            at_us: u64_at(body, 0)?,
            cols: u16::from_le_bytes(body[8..10].try_into().ok()?),
            rows: u16::from_le_bytes(body[10..12].try_into().ok()?),
            text: String::from_utf8(text).ok()?,
        })
    }
}

fn snapshot_place(frame: u64) -> Option<Place> {
    Some(Place {
        kind: Kind::Snapshot,
        frame: u32::try_from(frame).ok()?,
        chunk: 0,
    })
}

/// The manifest's exact bytes and the signature over them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Signed {
    /// One line of JSON.
    pub manifest: Vec<u8>,
    /// Armored SSHSIG; empty when it was not signed.
    pub signature: String,
}

impl Signed {
    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        let start = Tag::Manifest.begin(out);
        for part in [&self.manifest[..], self.signature.as_bytes()] {
            out.extend_from_slice(&u32::try_from(part.len()).unwrap_or(u32::MAX).to_le_bytes());
            out.extend_from_slice(part);
        }
        let digest = signed_digest(&out[start + PREFIX..]);
        out.extend_from_slice(&digest);
        finish(start, out);
    }

    /// Reads all that follows the prefix of a skippable frame. `None` when it is no manifest frame.
    pub(super) fn parse(content: &[u8]) -> Option<Self> {
        let (content, digest) = content.split_last_chunk::<32>()?;
        if signed_digest(content) != *digest {
            return None;
        }
        let body = Tag::Manifest.body(content)?;
        let length = u32_at(body, 0)? as usize;
        let (manifest, rest) = body[4..].split_at_checked(length)?;
        let signature = rest.get(4..)?;
        if u32_at(rest, 0)? as usize != signature.len() {
            return None;
        }
        Some(Self {
            manifest: manifest.to_vec(),
            signature: String::from_utf8(signature.to_vec()).ok()?,
        })
    }
}

/// Shows damage to a manifest that is not signed; it proves nothing else.
fn signed_digest(content: &[u8]) -> Digest {
    use sha2::Digest as _;
    sha2::Sha256::digest(content).into()
}

/// Where one data frame stands in time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct IndexEntry {
    /// Time of the last event before the frame, in microseconds: what the first interval in it counts from.
    pub(super) base_us: u64,
    /// Offset in the file of the snapshot that stands before the frame, 0 when there is none.
    pub(super) snapshot: u64,
    /// Offset in the file of the data frame, or of its first chunk. Only a sealed recording's index tells: elsewhere the
    /// seek table does.
    pub(super) data: u64,
}

const INDEX_ENTRY: usize = 16;
const SEALED_INDEX_ENTRY: usize = 24;

pub(super) fn encode_time_index(entries: &[IndexEntry], is_sealed: bool, out: &mut Vec<u8>) {
    let tag = match is_sealed {
        true => Tag::SealedTimeIndex,
        false => Tag::TimeIndex,
    };
    let start = tag.begin(out);
    for entry in entries {
        out.extend_from_slice(&entry.base_us.to_le_bytes());
        out.extend_from_slice(&entry.snapshot.to_le_bytes());
        if is_sealed {
            out.extend_from_slice(&entry.data.to_le_bytes());
        }
    }
    finish(start, out);
}

/// Reads all that follows the prefix of a skippable frame. `None` when it is no time index.
pub(super) fn parse_time_index(content: &[u8]) -> Option<Vec<IndexEntry>> {
    let plain = Tag::TimeIndex.body(content).map(|body| (body, INDEX_ENTRY));
    let (body, length) = plain.or_else(|| {
        let body = Tag::SealedTimeIndex.body(content)?;
        Some((body, SEALED_INDEX_ENTRY))
    })?;
    if body.len() % length != 0 {
        return None;
    }
    body.chunks_exact(length)
        .map(|entry| {
            Some(IndexEntry {
                base_us: u64_at(entry, 0)?,
                snapshot: u64_at(entry, 8)?,
                data: u64_at(entry, 16).unwrap_or_default(),
            })
        })
        .collect()
}

/// One frame in the seek table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct SeekEntry {
    pub(super) compressed: u32,
    /// 0 for skippable frames.
    pub(super) text: u32,
}

impl SeekEntry {
    pub(super) fn skippable(length: usize) -> Self {
        Self {
            compressed: u32::try_from(length).unwrap_or(u32::MAX),
            text: 0,
        }
    }
}

pub(super) const SEEK_ENTRY: usize = 8;
/// Number of frames, descriptor, magic number.
pub(super) const SEEK_FOOTER: usize = 9;

/// The standard seek table: no checksums in it, since every frame has its own.
pub(super) fn encode_seek_table(entries: &[SeekEntry], out: &mut Vec<u8>) {
    let start = begin(SEEK_TABLE_MAGIC, out);
    for entry in entries {
        out.extend_from_slice(&entry.compressed.to_le_bytes());
        out.extend_from_slice(&entry.text.to_le_bytes());
    }
    let count = u32::try_from(entries.len()).unwrap_or(u32::MAX);
    out.extend_from_slice(&count.to_le_bytes());
    out.push(0);
    out.extend_from_slice(&SEEKABLE_MAGIC.to_le_bytes());
    finish(start, out);
}
