//! Exports: a recording made into another file, event by event.
//!
//! Nothing here knows where a recording lies or where its export goes: a `Read` in, a `Write` out. Nothing is held
//! but one event and the screen, except where a format says so.

mod cast;
mod cut;
mod derived;
mod events;
mod facts;
mod html;
mod jsonl;
mod markdown;
mod raw;
mod redact;
mod text;

use std::io::{self, Read, Write};
use std::time::Duration;

use formats::asciicast::{self, Event, Header, Reader};
use formats::manifest::Manifest;
use formats::recording::{self, Ending};
use formats::sealed::Unlock;

use cut::Cut;
use derived::{Derivation, Derived};
use events::Events;
pub use redact::{PatternError, Patterns, Replaced, Secrets};

/// Written out at once when there is as much.
const BATCH: usize = 128 * 1024;

/// What is made of a recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// The bytes that the agent sent for the screen.
    Raw,
    /// asciicast version 3.
    Cast,
    /// asciicast version 2.
    CastV2,
    /// What stood on the screen.
    Text,
    /// One JSON object per event, and one per command.
    JsonLines,
    /// A page that plays the recording and lists its commands.
    Html,
    /// A transcript by commands.
    Markdown,
}

/// What to export.
#[derive(Clone, Debug)]
pub struct Options {
    /// Into what.
    pub format: Format,
    /// Whether `cast` keeps our own `f` events.
    pub with_frames: bool,
    /// Leave out what came before.
    pub from: Duration,
    /// Leave out what came after.
    pub to: Option<Duration>,
    /// Cut pauses to this; whoever keeps `f` events keeps the pauses, whose clocks count from them.
    pub idle_time_limit: Option<Duration>,
    /// Replace what these find.
    pub patterns: Option<Patterns>,
}

/// How an export went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// How the recording ended; `None` when it was not read to its end.
    pub ending: Option<Ending>,
    /// Why an event does not read; what came before it is exported.
    pub damage: Option<String>,
    /// What was replaced, when patterns were given.
    pub replaced: Option<Replaced>,
    /// Output asked for more work on the screen than there was credit for: what it would have erased or moved stands in the text,
    /// and lines may lack the blanks before them.
    pub is_exhausted: bool,
}

/// What a format is told at the end of the recording.
struct End {
    /// Time of the last event, since the start of the export.
    at: Duration,
    /// Nothing is missing.
    is_complete: bool,
    /// The manifest, when the recording was read up to it.
    manifest: Option<Manifest>,
    /// The commands, where the format tells them at its end.
    derived: Option<Derived>,
}

/// A format: the parts of a recording in order, each appended to the export.
trait Exporter {
    fn header(&mut self, header: &Header, out: &mut Vec<u8>);
    fn event(&mut self, event: &Event, out: &mut Vec<u8>);
    /// The screen as it stood at the start of a part: the first event of it, and none of the recording.
    fn screen(&mut self, event: &Event, out: &mut Vec<u8>) {
        self.event(event, out);
    }
    fn finish(&mut self, end: &End, out: &mut Vec<u8>);
    /// Whether output was not all carried out that it was made of, once it is finished.
    fn is_exhausted(&self) -> bool {
        false
    }
}

/// Exports the recording that `open` gives. It is opened once more for `md`, and twice or three times when something is to be
/// replaced: first to look, at last to write. All must give the same bytes. `unlock` gives the key where one is needed.
///
/// # Errors
/// The recording cannot be opened or read, or the export cannot be written. Damage within the recording is no error but
/// stands in the report.
pub fn export<R: Read>(
    mut open: impl FnMut() -> io::Result<R>,
    unlock: &dyn Unlock,
    sink: &mut dyn Write,
    options: &Options,
) -> Result<Report, Error> {
    let found = match &options.patterns {
        Some(patterns) => Some(redact::look(patterns, || reader(&mut open, unlock))?),
        None => None,
    };
    if options.format == Format::Raw && found.is_none() {
        return raw::copy(reader(&mut open, unlock)?, sink, options);
    }
    let derived = match options.format {
        // Each section begins with what is known at the end of it.
        Format::Markdown => derive(reader(&mut open, unlock)?, options, found.clone())?,
        _ => Derived::default(),
    };
    write(reader(&mut open, unlock)?, sink, options, found, derived)
}

type Source<R> = Reader<recording::Reader<R>>;

fn reader<R: Read>(
    open: &mut impl FnMut() -> io::Result<R>,
    unlock: &dyn Unlock,
) -> Result<Source<R>, Error> {
    let source = open().map_err(Error::Read)?;
    Ok(Reader::open(recording::Reader::open_with(source, unlock)?)?)
}

/// Reads the part that is exported for its commands.
fn derive<R: Read>(
    reader: Source<R>,
    options: &Options,
    found: Option<redact::Found>,
) -> Result<Derived, Error> {
    let mut derivation = Derivation::new(reader.header(), options);
    let mut events = Events::new(reader, found, is_for_a_terminal(options));
    while let Some(event) = events.next()? {
        if options.to.is_some_and(|to| event.at > to) {
            break;
        }
        derivation.event(&event);
    }
    Ok(derivation.finish(&mut events))
}

fn write<R: Read>(
    reader: Source<R>,
    sink: &mut dyn Write,
    options: &Options,
    found: Option<redact::Found>,
    derived: Derived,
) -> Result<Report, Error> {
    let mut exporter = exporter(options, derived);
    let mut derivation = matches!(options.format, Format::Html | Format::JsonLines)
        .then(|| Derivation::new(reader.header(), options));
    let mut events = Events::new(reader, found, is_for_a_terminal(options));
    let mut cut = Cut::new(events.header(), options);
    let mut out = Vec::with_capacity(2 * BATCH);
    let is_over = loop {
        let Some(event) = events.next()? else {
            break false;
        };
        if cut.is_over(&event) {
            break true;
        }
        if let Some(derivation) = &mut derivation {
            derivation.event(&event);
        }
        cut.event(event, exporter.as_mut(), &mut out);
        if out.len() >= BATCH {
            sink.write_all(&out).map_err(Error::Write)?;
            out.clear();
        }
    };
    let ending = events.ending().filter(|_| !is_over);
    let damage = events.damage().map(str::to_owned);
    let manifest = match is_over {
        true => None,
        false => events.manifest(),
    };
    let is_complete = is_over || (ending == Some(Ending::Complete) && damage.is_none());
    let derived = derivation.map(|derivation| derivation.finish(&mut events));
    cut.finish(
        exporter.as_mut(),
        |at| End {
            at,
            is_complete,
            manifest,
            derived,
        },
        &mut out,
    );
    sink.write_all(&out)
        .and_then(|()| sink.flush())
        .map_err(Error::Write)?;
    Ok(Report {
        ending,
        damage,
        replaced: events.replaced(),
        is_exhausted: exporter.is_exhausted(),
    })
}

/// Whether the text is going to be shown, by an emulator here or a player elsewhere, and need not be the exact bytes.
fn is_for_a_terminal(options: &Options) -> bool {
    match options.format {
        Format::Raw | Format::JsonLines => false,
        Format::Cast => !options.with_frames,
        Format::CastV2 | Format::Text | Format::Html | Format::Markdown => true,
    }
}

fn exporter(options: &Options, derived: Derived) -> Box<dyn Exporter> {
    match options.format {
        Format::Raw => Box::new(raw::Raw),
        Format::Cast => Box::new(cast::Cast::new(options.with_frames)),
        Format::CastV2 => Box::new(cast::CastV2),
        Format::Text => Box::new(text::Text::default()),
        Format::JsonLines => Box::new(jsonl::JsonLines::default()),
        Format::Html => Box::new(html::Html::default()),
        Format::Markdown => Box::new(markdown::Markdown::new(derived)),
    }
}

/// An event that does not read is damage; a source that does not is an error.
fn damage_of(error: asciicast::Error) -> Result<String, Error> {
    match error {
        asciicast::Error::Lines(formats::lines::Error::Io(error)) => Err(Error::Read(error)),
        other => Ok(other.to_string()),
    }
}

/// Why there is no export.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The source failed.
    #[error("the recording cannot be read")]
    Read(#[source] io::Error),
    /// The sink failed.
    #[error("the export cannot be written")]
    Write(#[source] io::Error),
    /// It is no recording.
    #[error(transparent)]
    Container(#[from] recording::Error),
    /// It has no header.
    #[error(transparent)]
    Header(#[from] asciicast::Error),
}

impl Error {
    /// What the source itself reported, when it is the source that failed and not the recording that is wrong.
    #[must_use]
    pub fn source_failure(&self) -> Option<&io::Error> {
        match self {
            Self::Read(error) => Some(error),
            Self::Container(error) => error.source_failure(),
            Self::Header(error) => error.source_failure(),
            Self::Write(_) => None,
        }
    }
}

#[cfg(test)]
mod tests;
