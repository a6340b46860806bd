//! A file that gets its name when all of it is there.
//!
//! Nothing is written over unless that was asked for, and nothing half is left under the name.

use std::fs::File;
use std::io::{self, ErrorKind};
use std::path::Path;

use anyhow::anyhow;

use crate::cli::exit::{Failure, Status};

/// Lets `write` make the file; what was there is replaced where it `may_exist`.
///
/// # Errors
/// It is there already, or cannot be written.
pub(crate) fn make<T>(
    path: &Path,
    may_exist: bool,
    write: impl FnOnce(&mut File) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new()
        .prefix(".ssm-rec-new-")
        .tempfile_in(folder)
        .map_err(|error| cannot_write(path, &error))?;
    let result = write(file.as_file_mut())?;
    let placed = match may_exist {
        true => file.persist(path),
        false => file.persist_noclobber(path),
    };
    placed.map_err(|error| match error.error.kind() {
        ErrorKind::AlreadyExists => exists(path),
        _ => cannot_write(path, &error.error),
    })?;
    Ok(result)
}

/// It is there already.
pub(crate) fn exists(path: &Path) -> Failure {
    let path = path.display().to_string();
    Failure::new(Status::Failure, anyhow!("{path:?} exists already"))
        .hint("name another file, or remove this one")
}

/// The system said no.
pub(crate) fn cannot_write(path: &Path, error: &io::Error) -> Failure {
    let path = path.display().to_string();
    anyhow!("cannot write {path:?}: {error}").into()
}
