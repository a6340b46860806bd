//! Closes a recording that was cut: what is linked stays as it is, byte for byte; what follows whole is linked now.
//!
//! Nothing here changes the cut file, needs the key of a sealed one, or says that what was not linked is what was
//! recorded: the manifest tells how many frames were closed afterwards.

use std::io::{self, Read, Seek, SeekFrom, Write};
use std::time::Duration;

use sha2::{Digest as _, Sha256};

use super::digest::Digest;
use super::error::Error as RecordingError;
use super::reader::{Ending, Reader};
use super::skippable::Link;
use super::trail::Trail;
use super::verify::{Fault, FaultKind, Proof, Survey, survey};
use super::writer::{Options, Unsigned, Writer};
use crate::asciicast::{self, Data};
use crate::lines::{self, LineSource};
use crate::manifest::{Counts, Exit, ExitKind, Manifest, Recovery};

/// What the marker says at the place where the recording was cut.
pub const CUT: &str = "the recording was cut here, and closed afterwards";

/// What has become of a recording.
pub enum Recovered<W> {
    /// It was whole; nothing was written.
    Whole(Manifest),
    /// It was cut behind its manifest: the tables were made anew, the signature is the one that it had.
    Completed(W, Manifest),
    /// It was cut. The manifest is to be signed.
    Closed {
        /// All but the manifest is written.
        unsigned: Box<Unsigned<W>>,
        /// As the manifest tells it.
        recovery: Recovery,
        /// Where it was more than cut: bytes that are none of a recording's follow the last link. A power cut leaves
        /// such, and so does whoever tampers: the cut file is worth keeping.
        fault: Option<Fault>,
    },
}

/// Writes a cut recording to `sink`, closed. `by` and `at` are for the manifest: which version did it, and when.
///
/// # Errors
/// It cannot be read or written, is none of ours, ends within its header, or was changed after it was closed.
pub fn recover<W: Write>(
    source: &mut (impl Read + Seek),
    mut sink: W,
    at: Option<String>,
    by: &str,
) -> Result<Recovered<W>, Error> {
    let length = source.seek(SeekFrom::End(0))?;
    source.rewind()?;
    let survey = survey(&mut *source, None)?;
    let report = &survey.report;
    match (&report.proof, &report.manifest) {
        (Proof::Sound, Some(manifest)) => return Ok(Recovered::Whole(manifest.clone())),
        // The tables can be made anew of what is proved.
        (
            Proof::Cut { .. }
            | Proof::Altered(Fault {
                kind: FaultKind::Table | FaultKind::Magic,
                ..
            }),
            Some(manifest),
        ) => {
            let manifest = manifest.clone();
            copy(source, survey.trail.offset, &mut sink)?;
            complete(survey.trail, survey.has_index, &mut sink)?;
            return Ok(Recovered::Completed(sink, manifest));
        }
        (Proof::Altered(fault), Some(_)) => return Err(Error::Altered(fault.clone())),
        _ => {}
    }
    let fault = match &report.proof {
        Proof::Altered(fault) => Some(fault.clone()),
        _ => None,
    };
    let recovery = Recovery {
        at,
        by: by.to_owned(),
        linked_frames: survey.trail.frames(),
        unread_bytes: length.saturating_sub(survey.whole),
        ..Recovery::default()
    };
    let (unsigned, recovery) = if survey.trail.is_sealed {
        sealed(source, sink, survey, length, recovery)?
    } else {
        plain(source, sink, survey, recovery)?
    };
    Ok(Recovered::Closed {
        unsigned: Box::new(unsigned),
        recovery,
        fault,
    })
}

fn plain<W: Write>(
    source: &mut (impl Read + Seek),
    mut sink: W,
    survey: Survey,
    mut recovery: Recovery,
) -> Result<(Unsigned<W>, Recovery), Error> {
    let trail = survey.trail;
    let linked_text = trail.text;
    let start = trail.offset;
    source.rewind()?;
    let lines = match Reader::open(&mut *source) {
        Ok(reader) => Kept::new(reader),
        Err(RecordingError::NotARecording) => return Err(Error::Foreign),
        Err(error) => return Err(error.into()),
    };
    let mut reader = match asciicast::Reader::open(lines) {
        Ok(reader) => reader,
        Err(asciicast::Error::Empty | asciicast::Error::Header(_)) => return Err(Error::NoHeader),
        Err(asciicast::Error::Lines(lines::Error::Io(error))) => return Err(error.into()),
        Err(_) => return Err(Error::Foreign),
    };
    let header = reader.header().clone();
    let Some(session) = &header.ssm else {
        return Err(Error::Foreign);
    };
    let mut counts = Counts::default();
    // The bytes that stay are copied once their number is known, and the source is needed for the lines: so what follows
    // the last link, a frame of text, is held.
    let mut open: Vec<(Vec<u8>, Option<u64>)> = Vec::new();
    let mut held = 0;
    let mut kept = trail.text;
    if linked_text == 0 {
        open.push((reader.lines().line.clone(), None));
        kept = reader.lines().text;
    }
    let mut last_us = trail.last_us;
    let mut status = None;
    loop {
        let event = match reader.next_event() {
            Ok(Some(event)) => event,
            Ok(None) => break,
            Err(asciicast::Error::Lines(lines::Error::Io(error))) => return Err(error.into()),
            // Behind the last link nothing vouches for what decodes: the first line that is no event ends it.
            Err(_) => break,
        };
        counts.event(&event.data);
        if let Data::Exit(number) = event.data {
            status = Some(number);
        }
        if reader.lines().text > linked_text {
            let at_us = u64::try_from(event.at.as_micros()).unwrap_or(u64::MAX);
            held += reader.lines().line.len();
            open.push((reader.lines().line.clone(), Some(at_us)));
            kept = reader.lines().text;
            last_us = at_us;
            if held > MOST_OPEN {
                break;
            }
        }
    }
    if reader.lines().text < linked_text {
        return Err(Error::Unreadable);
    }
    recovery.cut_text = reader.lines().seen() - kept;
    if let Some(Ending::Damaged { .. }) = reader.lines().inner.ending()
        && recovery.unread_bytes == 0
    {
        recovery.unread_bytes = 1;
    }
    drop(reader);
    copy(source, start, &mut sink)?;
    let linked = trail.frames();
    let mut writer = Writer::resume(sink, Options::default(), trail, counts)?;
    for (line, at_us) in &open {
        writer.line(line, *at_us)?;
    }
    writer.event(
        Duration::from_micros(last_us),
        &Data::Marker(CUT.to_owned()),
    )?;
    writer.close_frame()?;
    recovery.closed_frames = writer.frames() - linked;
    let manifest = Manifest {
        terminal: Some(header.term.size()),
        ..closing(Manifest::of_session(session), last_us, status, &recovery)
    };
    Ok((writer.end(manifest)?, recovery))
}

/// More than a frame is never open; a file that shows more is none that was merely cut, and is closed at this size.
const MOST_OPEN: usize = 64 * 1024 * 1024;

fn sealed<W: Write>(
    source: &mut (impl Read + Seek),
    mut sink: W,
    survey: Survey,
    length: u64,
    mut recovery: Recovery,
) -> Result<(Unsigned<W>, Recovery), Error> {
    let mut trail = survey.trail;
    let Some(opening) = survey.report.opening else {
        return Err(Error::NoHeader);
    };
    copy(source, trail.offset, &mut sink)?;
    match survey.chunk {
        Some((head, entry)) => {
            // What is in the chunks only their key tells; what they say of themselves is enough to link them.
            let size = survey.whole - trail.offset;
            let digest = copy_hashed(source, size, &mut sink)?;
            let link = Link {
                index: trail.frames(),
                compressed: size,
                text: head.text.into(),
                first_us: trail.last_us,
                last_us: head.last_us,
                digest,
                link: Digest::default(),
            }
            .linked(&trail.head);
            let mut bytes = Vec::new();
            link.encode(&mut bytes);
            sink.write_all(&bytes)?;
            trail.seek_table.extend(survey.open);
            trail.link(&link, bytes.len(), entry);
            for (frame, offset) in survey.snapshots {
                trail.place_snapshot(frame, offset);
            }
            recovery.closed_frames = 1;
        }
        // Only the envelope, or not even that.
        None if trail.time_index.is_empty() => return Err(Error::NoHeader),
        None => recovery.unread_bytes = length - trail.offset,
    }
    let manifest = closing(opening, trail.last_us, None, &recovery);
    // The events were not counted: they are sealed.
    let unsigned = Unsigned::new(sink, trail, Counts::default(), manifest);
    Ok((unsigned, recovery))
}

fn closing(opening: Manifest, last_us: u64, status: Option<i32>, recovery: &Recovery) -> Manifest {
    let ended_at = opening.started_at.as_deref().and_then(|start| {
        let start = chrono::DateTime::parse_from_rfc3339(start).ok()?;
        let lasted = chrono::TimeDelta::microseconds(i64::try_from(last_us).ok()?);
        let end = start.to_utc().checked_add_signed(lasted)?;
        Some(end.to_rfc3339_opts(chrono::SecondsFormat::Micros, true))
    });
    Manifest {
        ended_at,
        exit: Some(Exit {
            kind: ExitKind::Cut,
            status,
            reason: None,
        }),
        recovered: true,
        recovery: Some(recovery.clone()),
        ..opening
    }
}

/// Makes the tables of a file whose manifest is there.
fn complete(trail: Trail, has_index: bool, sink: &mut impl Write) -> io::Result<()> {
    let mut tail = Vec::new();
    trail.encode_tables(has_index, &mut tail);
    sink.write_all(&tail)?;
    sink.flush()
}

fn copy(source: &mut (impl Read + Seek), length: u64, sink: &mut impl Write) -> io::Result<()> {
    source.rewind()?;
    let copied = io::copy(&mut source.take(length), sink)?;
    if copied == length {
        Ok(())
    } else {
        Err(io::ErrorKind::UnexpectedEof.into())
    }
}

fn copy_hashed(source: &mut impl Read, length: u64, sink: &mut impl Write) -> io::Result<Digest> {
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 64 * 1024];
    let mut source = source.take(length);
    let mut copied = 0;
    loop {
        let taken = source.read(&mut buffer)?;
        if taken == 0 {
            break;
        }
        hasher.update(&buffer[..taken]);
        sink.write_all(&buffer[..taken])?;
        copied += taken as u64;
    }
    if copied == length {
        Ok(hasher.finalize().into())
    } else {
        Err(io::ErrorKind::UnexpectedEof.into())
    }
}

/// Keeps the line that was handed out last, and how much text there was up to its end.
struct Kept<R> {
    inner: Reader<R>,
    line: Vec<u8>,
    text: u64,
}

impl<R: Read> Kept<R> {
    fn new(inner: Reader<R>) -> Self {
        Self {
            inner,
            line: Vec::new(),
            text: 0,
        }
    }

    /// All text that could be had, an unfinished line included.
    fn seen(&self) -> u64 {
        self.text + self.inner.unfinished() as u64
    }
}

impl<R: Read> LineSource for Kept<R> {
    fn next_line(&mut self) -> Result<Option<&[u8]>, lines::Error> {
        let Some(line) = self.inner.next_line()? else {
            return Ok(None);
        };
        self.line.clear();
        self.line.extend_from_slice(line);
        self.text += line.len() as u64 + 1;
        Ok(Some(&self.line))
    }

    fn take_line(&mut self) -> Vec<u8> {
        // It is still to be written.
        self.line.clone()
    }
}

/// Why a recording cannot be closed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It cannot be read or written.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// It is no recording.
    #[error(transparent)]
    Recording(RecordingError),
    /// It is no recording of a session.
    #[error("it is no recording that this program made")]
    Foreign,
    /// It ends within its header: nothing was recorded yet.
    #[error("it ends before its header does: there is nothing in it")]
    NoHeader,
    /// What is linked does not decode.
    #[error("what was linked does not read")]
    Unreadable,
    /// It was closed and changed afterwards.
    #[error("it was closed, and changed afterwards: {}", .0.kind)]
    Altered(Fault),
}

impl From<RecordingError> for Error {
    fn from(error: RecordingError) -> Self {
        match error {
            RecordingError::Io(error) => Self::Io(error),
            RecordingError::Empty => Self::NoHeader,
            other => Self::Recording(other),
        }
    }
}
