//! A recording by the name that a person gives it: a session id or the beginning of one, a path, `s3://bucket/key`, an
//! http(s) address, or `-`.
//!
//! Every command that takes a recording comes through here, so that all of them take the same names.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::Path;

use anyhow::{Context, anyhow};

use crate::cli::exit::{Failure, Status};
use crate::envelope::Identities;
use crate::review::catalog::{self, Catalog, Found, Name};
use crate::review::summary::Summary;
use crate::settings::{Places, Settings, StoreArgs};
use crate::store::{self, Directory, ReadSeek, Store, http};
use crate::terminal;

/// An opened recording.
pub(crate) struct Named {
    /// What to call it in messages.
    pub(crate) label: String,
    /// Where it lies; nowhere when it comes through a pipe.
    pub(crate) location: Option<String>,
    pub(crate) bytes: Bytes,
}

/// How its bytes come.
pub(crate) enum Bytes {
    Seekable(Box<dyn ReadSeek>),
    Stream(Box<dyn Read + Send>),
}

impl Named {
    /// The recording in short, and where it lies.
    ///
    /// # Errors
    /// It is no recording, or cannot be read.
    pub(crate) fn summary(
        self,
        identities: &Identities,
    ) -> Result<(Summary, Option<String>), Failure> {
        let what = format!("cannot show {:?}", self.label);
        let summary = match self.bytes {
            Bytes::Seekable(bytes) => Summary::of(bytes, identities),
            Bytes::Stream(mut stream) => {
                // The end of a recording says what it is; a pipe is kept in a file to get there.
                let mut kept = tempfile::tempfile()?;
                std::io::copy(&mut stream, &mut kept).map_err(|error| unread(&error, &what))?;
                Summary::of(kept, identities)
            }
        };
        let summary = summary.map_err(|error| match error.source_failure() {
            Some(failure) => unread(failure, &what),
            None => Failure::new(Status::Damaged, anyhow!(error).context(what)),
        })?;
        Ok((summary, self.location))
    }
}

/// Finds and opens a recording.
pub(crate) fn open(name: &str, store: &StoreArgs) -> Result<Named, Failure> {
    match Name::of(name) {
        Name::Stdin if terminal::stdin_is_terminal() => Err(Failure::new(
            Status::Usage,
            anyhow!("there is no recording on stdin, which is a terminal"),
        )
        .hint("pipe one in, or name a file or a session id")),
        Name::Stdin => Ok(Named {
            label: "stdin".into(),
            location: None,
            bytes: Bytes::Stream(Box::new(std::io::stdin())),
        }),
        Name::Path(path) => open_path(&path),
        Name::Object(address) => {
            let settings = Settings::load_to_read(&store.flags())?;
            let options = settings.options_to_read(&address);
            let bytes = store::s3::open(&address, options, settings.cache().as_ref())
                .map_err(store_failure)?;
            Ok(Named {
                label: address.clone(),
                location: Some(address),
                bytes: Bytes::Seekable(Box::new(bytes)),
            })
        }
        Name::Page(address) => {
            let settings = Settings::load_to_read(&store.flags())?;
            let opened = http::open(&address, settings.cache().as_ref()).map_err(store_failure)?;
            let label = http::label(&address);
            Ok(Named {
                location: Some(label.clone()),
                label,
                bytes: match opened {
                    http::Opened::Seekable(bytes) => Bytes::Seekable(bytes),
                    http::Opened::Stream(bytes) => Bytes::Stream(bytes),
                },
            })
        }
        Name::Foreign(scheme) => Err(Failure::new(
            Status::Usage,
            anyhow!("cannot read from {scheme:?} addresses"),
        )
        .hint("a recording is a session id, a path, s3://bucket/key, an http(s):// address, or -")),
        Name::Session(id) => {
            let catalog = catalog(&Places::to_read(store)?);
            let found = find(&catalog, &id)?;
            let bytes = catalog.open(&found).map_err(catalog_failure)?;
            Ok(Named {
                location: Some(catalog.locate(&found)),
                label: found.session_id,
                bytes: Bytes::Seekable(bytes),
            })
        }
    }
}

/// The catalog of the places in force.
pub(crate) fn catalog(places: &Places) -> Catalog {
    let spool = Store::Directory(Directory::new(places.spool.clone()));
    Catalog::new(places.store.clone(), Some(spool))
}

fn find(catalog: &Catalog, id: &str) -> Result<Found, Failure> {
    catalog.find(id).map_err(|error| match error {
        catalog::Error::NotFound { .. } => Failure::new(Status::NotFound, error)
            .hint("`ssm-rec list` shows what there is; --store names another store"),
        catalog::Error::Ambiguous { .. } => {
            Failure::new(Status::Usage, error).hint("write more of the session id")
        }
        error => catalog_failure(error),
    })
}

/// A catalog that could not look, or a recording in it that could not be opened.
pub(crate) fn catalog_failure(error: catalog::Error) -> Failure {
    match error {
        catalog::Error::Store(error) => store_failure(error),
        error => error.into(),
    }
}

/// A store that failed, with the status that fits and what helps.
fn store_failure(error: store::Error) -> Failure {
    let hint = error.hint();
    let status = match &error {
        store::Error::NotFound { .. } => Status::NotFound,
        store::Error::Location { .. }
        | store::Error::Scheme { .. }
        | store::Error::Setting { .. } => Status::Usage,
        store::Error::Altered { .. } => Status::Damaged,
        _ => Status::Failure,
    };
    let failure = Failure::new(status, error);
    match hint {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}

/// A source that failed while it was read, in the middle of `what`.
pub(crate) fn unread(error: &std::io::Error, what: &str) -> Failure {
    let of_store = error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<store::Error>());
    let failure = Failure::new(
        Status::Failure,
        anyhow!(error.to_string()).context(what.to_owned()),
    );
    match of_store.and_then(store::Error::hint) {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
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
        Ok(if kind.is_file() {
            Bytes::Seekable(Box::new(file))
        } else {
            Bytes::Stream(Box::new(file))
        })
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
        bytes,
    })
}
