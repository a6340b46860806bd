//! What is derived from a recording when somebody asks for it, and whether what a store holds of it is that.
//!
//! Nothing here trusts what was derived before: it is made again from the recording. One that breaks off gives what it has.

use std::cell::RefCell;
use std::fs::File;
use std::io::{self, BufWriter, Read, Seek, Write};

use formats::asciicast::{self, Header, Reader};
use formats::derived::{Command, Kind};
use formats::lines::{self, LineSource};
use formats::manifest::{Derived, Object};
use formats::recording::{self, Ending};
use formats::sealed::{Envelope, Key, Locked, Seal, Unlock};
use tempfile::SpooledTempFile;

use crate::recorder::objects::{Made, Objects, Sinks};
use crate::store::ReadSeek;
use crate::transcript::{EXTRACTOR, derive, told};

/// A larger object than this is kept in a file without a name, while it is used.
pub(super) const IN_MEMORY: usize = 4 << 20;

/// The commands of a session.
#[derive(Debug)]
pub(crate) struct Commands {
    pub(crate) commands: Vec<Command>,
    /// The share of the output that they, their prompts and their output are, from 0 to 1.
    pub(crate) explained: f64,
    /// There may be more.
    pub(crate) is_cut: bool,
    /// What cannot be read behind them.
    pub(crate) broken: Option<asciicast::Error>,
    /// How what they are made of ends; not known of text without a container.
    pub(crate) ending: Option<Ending>,
}

impl Commands {
    /// How much of the session they answer for.
    pub(crate) fn told(&self) -> String {
        told(self.commands.len(), self.is_cut, self.explained)
    }
}

/// Reads a recording for its commands.
///
/// # Errors
/// It is no recording, or has no header.
pub(crate) fn commands(source: impl Read, unlock: &dyn Unlock) -> Result<Commands, Error> {
    let mut reader = Reader::open(recording::Reader::open_with(source, unlock)?)?;
    let (ending, broken) = derive(&mut reader, drop);
    Ok(Commands {
        commands: ending.commands,
        explained: ending.explained,
        is_cut: ending.is_cut,
        broken,
        ending: reader.lines().ending().cloned(),
    })
}

/// Where both objects of a recording go, and the seals where only some may read them.
#[derive(Debug)]
pub(crate) struct Places<W> {
    pub(crate) session_id: String,
    pub(crate) lines: (W, Option<Seal>),
    pub(crate) commands: (W, Option<Seal>),
}

/// Makes both objects of a recording; tells of them, and what cannot be read behind what they are made of. `places` is given
/// the recording's header, and the key with the envelope where only some may read it.
///
/// # Errors
/// It is no recording, or has no header; or a sink failed.
pub(crate) fn objects<W: Write, E: From<Error>>(
    source: impl Read,
    unlock: &dyn Unlock,
    places: impl FnOnce(&Header, Option<Seal>) -> Result<Places<W>, E>,
) -> Result<(Derived, Option<asciicast::Error>), E> {
    let (made, broken) = make(source, unlock, places)?;
    Ok((made.derived, broken))
}

fn make<W: Write, E: From<Error>>(
    source: impl Read,
    unlock: &dyn Unlock,
    places: impl FnOnce(&Header, Option<Seal>) -> Result<Places<W>, E>,
) -> Result<(Made<W, W>, Option<asciicast::Error>), E> {
    let keeping = Keeping {
        unlock,
        kept: RefCell::default(),
    };
    let lines = recording::Reader::open_with(source, &keeping).map_err(Error::from)?;
    let mut reader = Reader::open(lines).map_err(Error::from)?;
    let seal = keeping.kept.take().map(|(key, envelope)| Seal {
        key,
        salt: envelope.salt,
        wrapped: envelope.wrapped,
        recipients: envelope
            .opening
            .encryption
            .map(|encryption| encryption.recipients)
            .unwrap_or_default(),
    });
    let places = places(reader.header(), seal)?;
    let sinks = Sinks {
        session_id: places.session_id,
        lines: places.lines,
        commands: places.commands,
    };
    let mut objects = Objects::new(reader.header(), sinks, None).map_err(Error::Write)?;
    let broken = loop {
        match reader.next_event() {
            Ok(Some(event)) => objects.event(&event).map_err(Error::Write)?,
            Ok(None) => break None,
            Err(error) => break Some(error),
        }
    };
    let made = objects.finish().map_err(Error::Write)?;
    Ok((made, broken))
}

/// Keeps the key that opens a recording, for what is derived from it.
struct Keeping<'a> {
    unlock: &'a dyn Unlock,
    kept: RefCell<Option<(Key, Envelope)>>,
}

impl Unlock for Keeping<'_> {
    fn unlock(&self, envelope: &Envelope) -> Result<Key, Locked> {
        let key = self.unlock.unlock(envelope)?;
        self.kept.replace(Some((key.clone(), envelope.clone())));
        Ok(key)
    }
}

/// What comes out of `source`, if it is this object: kept where nobody changes it any more.
///
/// # Errors
/// It cannot be read.
pub(super) fn kept(object: &Object, source: impl Read) -> io::Result<Option<SpooledTempFile>> {
    let mut reading = object.reading(source);
    let mut kept = tempfile::spooled_tempfile(IN_MEMORY);
    // What goes on behind it is another one.
    let mut its_own = reading.by_ref().take(object.bytes + 1);
    io::copy(&mut its_own, &mut kept)?;
    let is_it = reading.is_it()?;
    kept.rewind()?;
    Ok(is_it.then_some(kept))
}

/// What became of a comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Compared {
    /// The manifest tells of nothing that was derived, and the store has nothing.
    None,
    /// What the store holds is what the recording gives.
    Same,
    /// It is what the client made; by rules of another number, which cannot be followed here.
    OtherRules(u32),
    /// The manifest tells of it, and the store does not have it.
    Missing(Kind),
    /// It is neither what the manifest tells of nor what the recording gives.
    Replaced(Kind),
    /// The recording gives something else, from this line on, counted from 1.
    Differs(Kind, u64),
    /// It cannot be opened: why.
    Locked(String),
}

/// Compares what was derived, as the store has it, with what the recording gives. `stored` opens one of the objects.
///
/// # Errors
/// The recording or an object cannot be read.
pub(crate) fn compare<E: From<Error>>(
    source: impl Read,
    unlock: &dyn Unlock,
    derived: Option<&Derived>,
    mut stored: impl FnMut(Kind) -> Result<Option<Box<dyn ReadSeek>>, E>,
) -> Result<Compared, E> {
    let mut opened = Vec::new();
    for kind in Kind::BOTH {
        match (stored(kind)?, derived) {
            (Some(mut object), _) => {
                // The manifest tells of none where the recording was cut, and closed later.
                let is_told = match derived {
                    Some(derived) => derived.of(kind).is(&mut object).map_err(Error::Read)?,
                    None => false,
                };
                object.rewind().map_err(Error::Read)?;
                opened.push((kind, object, is_told));
            }
            (None, Some(_)) => return Ok(Compared::Missing(kind)),
            (None, None) => return Ok(Compared::None),
        }
    }
    if let Some(derived) = derived
        && derived.extractor != EXTRACTOR
    {
        let other = opened.iter().find(|(_, _, is_told)| !is_told);
        return Ok(match other {
            Some((kind, ..)) => Compared::Replaced(*kind),
            None => Compared::OtherRules(derived.extractor),
        });
    }
    let again = make(source, unlock, |_, _| {
        let file = || {
            tempfile::tempfile()
                .map(BufWriter::new)
                .map_err(Error::Write)
        };
        Ok(Places {
            session_id: String::new(),
            lines: (file()?, None),
            commands: (file()?, None),
        })
    });
    let (made, _) = match again {
        Ok(made) => made,
        Err(Error::Container(recording::Error::Locked { why, .. })) => {
            return Ok(Compared::Locked(why.to_string()));
        }
        Err(error) => return Err(error.into()),
    };
    for ((kind, object, is_told), file) in opened.into_iter().zip([made.lines, made.commands]) {
        // What somebody made again says the same in other bytes.
        match (differs(object, unlock, file), is_told) {
            (Ok(None), _) => {}
            (Ok(Some(line)), true) => return Ok(Compared::Differs(kind, line)),
            (Err(error), _) if error.source_failure().is_some() => return Err(error.into()),
            (Err(error), true) => return Err(error.into()),
            (_, false) => return Ok(Compared::Replaced(kind)),
        }
    }
    Ok(Compared::Same)
}

/// The number of the first line that is not the same.
fn differs(
    stored: impl Read,
    unlock: &dyn Unlock,
    again: BufWriter<File>,
) -> Result<Option<u64>, Error> {
    let mut again = again
        .into_inner()
        .map_err(|error| error.into_error())
        .map_err(Error::Write)?;
    again.rewind().map_err(Error::Write)?;
    let mut stored = recording::Reader::open_with(stored, unlock)?;
    let mut again = recording::Reader::open(again)?;
    for number in 1.. {
        let is_same = match (stored.next_line()?, again.next_line()?) {
            (None, None) => break,
            (stored, again) => stored == again,
        };
        if !is_same {
            return Ok(Some(number));
        }
    }
    Ok(None)
}

/// Why there is nothing.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// It is no recording.
    #[error(transparent)]
    Container(#[from] recording::Error),
    /// It has no header.
    #[error(transparent)]
    Header(#[from] asciicast::Error),
    /// An object does not read.
    #[error("what was derived does not read")]
    Lines(#[from] lines::Error),
    /// An object cannot be read.
    #[error("what was derived cannot be read")]
    Read(#[source] io::Error),
    /// What is derived cannot be written.
    #[error("what is derived cannot be written")]
    Write(#[source] io::Error),
}

impl Error {
    /// What the source itself reported, when it is the source that failed.
    pub(crate) fn source_failure(&self) -> Option<&io::Error> {
        match self {
            Self::Container(error) => error.source_failure(),
            Self::Header(error) => error.source_failure(),
            Self::Read(error) => Some(error),
            Self::Lines(_) | Self::Write(_) => None,
        }
    }
}
