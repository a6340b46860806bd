//! A recording by the name that a person gives it: a path, `-`, a session id or the beginning of one.
//!
//! Every command that takes a recording comes through here, so that all of them take the same names.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::Path;

use anyhow::{Context, anyhow};

use super::exit::{Failure, Status};
use super::settings::{Places, StoreArgs};
use crate::review::catalog::{self, Catalog, Found, Name};
use crate::store::{Directory, ReadSeek, Store};
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
        Name::Session(id) => {
            let catalog = catalog(&Places::to_read(store)?);
            let found = find(&catalog, &id)?;
            let bytes = catalog.open(&found)?;
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
        error => error.into(),
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
