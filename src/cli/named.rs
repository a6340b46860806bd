//! A recording by the name that a person gives it: a session id or the beginning of one, a path, `s3://bucket/key`, an
//! http(s) address, or `-`.
//!
//! Every command that takes a recording comes through here; nothing finds one by a rule of its own.

use std::fs::File;
use std::io::{ErrorKind, Read, Seek};
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use flate2::read::MultiGzDecoder;
use formats::sealed::NoKey;

use super::exit::{CommandResult, Failure, Status};
use super::hinted::Hinted;
use super::views::{self, Look, Viewed};
use crate::envelope::Identities;
use crate::review::catalog::{Catalog, Name};
use crate::review::identity;
use crate::review::summary::{Ended, Summary, ended};
use crate::settings::review::Views;
use crate::settings::{Places, Settings};
use crate::store::{self, Directory, ReadSeek, Store, http};
use crate::terminal;

/// An opened recording.
pub(crate) struct Named {
    /// What to call it in messages.
    pub(crate) label: String,
    /// Where it lies; nowhere when it comes through a pipe.
    pub(crate) location: Option<String>,
    pub(crate) bytes: Bytes,
    /// It was kept that somebody looks at it.
    pub(crate) viewed: Option<Viewed>,
    /// Its file, where it is one on this machine.
    file: Option<PathBuf>,
}

/// A file on this machine, to be judged by whoever is done with it.
pub(crate) struct Judged(Option<PathBuf>);

impl Judged {
    /// What the file is, the same for every command: `verify` tells no other. `None` where only reading it shows.
    pub(crate) fn ended(&self) -> Option<Ended> {
        let file = File::open(self.0.as_ref()?).ok()?;
        ended(file, &NoKey).ok().flatten()
    }

    /// How a command ends that has used all that is there of it.
    pub(crate) fn result(&self, label: &str) -> CommandResult {
        match self.ended() {
            Some(Ended::Damaged(cause)) => Err(Failure::new(
                Status::Damaged,
                anyhow!("{label:?} is damaged: {cause}"),
            )),
            Some(Ended::CutShort(_)) => Err(Failure::new(
                Status::CutShort,
                anyhow!("{label:?} is cut short"),
            )
            .hint("all that is there was used; the session may still be running")),
            _ => Ok(Status::Success),
        }
    }
}

/// How its bytes come.
pub(crate) enum Bytes {
    Seekable(Box<dyn ReadSeek>),
    Stream(Box<dyn Read + Send>),
}

impl Named {
    /// Its file, for when it was read.
    pub(crate) fn judged(&self) -> Judged {
        Judged(self.file.clone())
    }

    /// Refuses what lies under a name, or at a place in a store, and is not what belongs there. The name of a file
    /// elsewhere says nothing: it is the person's own.
    fn checked(mut self, key: Option<&str>) -> Result<Self, Failure> {
        let Bytes::Seekable(bytes) = &mut self.bytes else {
            return Ok(self);
        };
        let what = || format!("cannot use {:?}", self.label);
        let told = match identity::told(&mut *bytes, &NoKey) {
            Ok(told) => told,
            Err(error) => {
                return match error.source_failure() {
                    Some(failure) => Err(unread(failure, &what())),
                    // What it is instead, the command itself will say.
                    None => Ok(self),
                };
            }
        };
        let key = key.or_else(|| identity::key_in(self.location.as_deref()?));
        let checked = told.and_then(|told| match (key, told) {
            (Some(key), Some(told)) => identity::check_key(key, &told),
            _ => Ok(()),
        });
        match checked {
            Ok(()) => Ok(self),
            Err(misplaced) => Err(Failure::from(misplaced).context(what())),
        }
    }

    /// The recording in short, and where it lies.
    ///
    /// # Errors
    /// It is no recording, or cannot be read.
    pub(crate) fn summary(
        self,
        identities: &Identities,
    ) -> Result<(Summary, Option<String>), Failure> {
        let what = format!("cannot show {:?}", self.label);
        let judged = self.judged();
        let summary = match self.bytes {
            // What is afar is asked for its two ends alone.
            Bytes::Seekable(bytes) => {
                Summary::of(bytes, identities).map(|summary| summary.judged(judged.ended()))
            }
            Bytes::Stream(mut stream) => {
                // The end of a recording says what it is; a pipe is kept in a file to get there.
                let mut kept = tempfile::tempfile()?;
                std::io::copy(&mut stream, &mut kept).map_err(|error| unread(&error, &what))?;
                let summary = Summary::of(&mut kept, identities);
                kept.rewind()?;
                summary.map(|summary| summary.judged(ended(kept, identities).ok().flatten()))
            }
        };
        let summary = summary.map_err(|error| match error.source_failure() {
            Some(failure) => unread(failure, &what),
            None => Failure::new(Status::Damaged, anyhow!(error).context(what)),
        })?;
        Ok((summary, self.location))
    }
}

/// Finds and opens a recording, which is that of the session whose name and place it has, for somebody who looks at it so.
pub(crate) fn open(name: &str, settings: &Settings, look: Look) -> Result<Named, Failure> {
    let (named, key) = find(name, settings)?;
    let mut named = named.checked(key.as_deref())?;
    if settings.review.views != Views::Off {
        let in_store = named.location.as_deref();
        let in_store = in_store.and_then(|location| views::key_in_store(location, settings));
        named.viewed = views::open(key.or(in_store).as_deref(), settings, look)?;
    }
    Ok(named)
}

/// Finds and opens what lies under a name, whatever it is; with its key, where it was found in store or spool.
pub(crate) fn find(name: &str, settings: &Settings) -> Result<(Named, Option<String>), Failure> {
    let named = match Name::of(name) {
        Name::Stdin if terminal::stdin_is_terminal() => Err(Failure::new(
            Status::Usage,
            anyhow!("there is no recording on stdin, which is a terminal"),
        )
        .hint("pipe one in, or name a file or a session id")),
        Name::Stdin => Ok(Named {
            label: "stdin".into(),
            location: None,
            bytes: Bytes::Stream(Box::new(std::io::stdin())),
            viewed: None,
            file: None,
        }),
        Name::Path(path) => open_path(&path),
        Name::Object(address) => {
            let options = settings.options_to_read(&address);
            let bytes = store::s3::open(&address, options, settings.cache().as_ref())?;
            Ok(Named {
                label: address.clone(),
                location: Some(address),
                bytes: Bytes::Seekable(Box::new(bytes)),
                viewed: None,
                file: None,
            })
        }
        Name::Page(address) => {
            let opened = http::open(&address, settings.cache().as_ref())?;
            let label = http::label(&address);
            Ok(Named {
                location: Some(label.clone()),
                label,
                bytes: match opened {
                    http::Opened::Seekable(bytes) => Bytes::Seekable(bytes),
                    http::Opened::Stream(bytes) => Bytes::Stream(bytes),
                },
                viewed: None,
                file: None,
            })
        }
        Name::Foreign(scheme) => Err(Failure::new(
            Status::Usage,
            anyhow!("cannot read from {scheme:?} addresses"),
        )
        .hint("a recording is a session id, a path, s3://bucket/key, an http(s):// address, or -")),
        Name::Session(id) => {
            let catalog = catalog(&settings.places_to_read()?);
            let found = catalog.find(&id)?;
            let bytes = catalog.open(&found)?.ok_or_else(|| {
                Failure::new(
                    Status::NotFound,
                    anyhow!("there is only a manifest of {id:?}"),
                )
            })?;
            let location = catalog.locate(&found);
            let key = found.key().to_owned();
            let named = Named {
                viewed: None,
                file: Some(PathBuf::from(&location)).filter(|path| path.is_file()),
                location: Some(location),
                label: found.session_id,
                bytes: Bytes::Seekable(bytes),
            };
            return Ok((named, Some(key)));
        }
    };
    Ok((named?, None))
}

/// The catalog of the places in force.
pub(crate) fn catalog(places: &Places) -> Catalog {
    let spool = Store::Directory(Directory::new(places.spool.clone()));
    Catalog::new(places.store.clone(), Some(spool))
}

/// A source that failed while it was read, in the middle of `what`.
pub(crate) fn unread(error: &std::io::Error, what: &str) -> Failure {
    let failure = Failure::new(error.status(), anyhow!(error.to_string())).context(what.to_owned());
    match error.hint() {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}

/// A recording that somebody packed with gzip is unpacked as it is read.
fn unpacked(mut file: File) -> std::io::Result<Bytes> {
    let mut start = [0; 2];
    let length = file.read(&mut start)?;
    file.rewind()?;
    Ok(match &start[..length] {
        b"\x1f\x8b" => Bytes::Stream(Box::new(MultiGzDecoder::new(file))),
        _ => Bytes::Seekable(Box::new(file)),
    })
}

fn open_path(path: &Path) -> Result<Named, Failure> {
    let label = path.display().to_string();
    let open = || -> std::io::Result<Bytes> {
        let file = File::open(path)?;
        let kind = file.metadata()?.file_type();
        if kind.is_dir() {
            return Err(ErrorKind::IsADirectory.into());
        }
        // A named pipe, or what a shell puts in the place of `<(…)`, comes once.
        if kind.is_file() {
            return unpacked(file);
        }
        Ok(Bytes::Stream(Box::new(file)))
    };
    let bytes = open().map_err(|error| {
        let status = match error.kind() {
            ErrorKind::NotFound => Status::NotFound,
            _ => Status::Failure,
        };
        Failure::new(
            status,
            anyhow!(error).context(format!("cannot open {label:?}")),
        )
    })?;
    let location = std::path::absolute(path)
        .with_context(|| format!("cannot tell where {label:?} is"))?
        .display()
        .to_string();
    Ok(Named {
        label,
        location: Some(location),
        viewed: None,
        file: matches!(bytes, Bytes::Seekable(_)).then(|| path.to_owned()),
        bytes,
    })
}
