//! A recording that was cut, closed: what was linked stays, what follows is linked now, byte for byte as it was written.
//!
//! Nothing here touches a recording that a process still writes. The cut file is there until the closed one is safe, and
//! longer where it was more than cut.

use std::fs::{self, File};
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};

use chrono::{SecondsFormat, Utc};
use formats::manifest::{Manifest, Recovery};
use formats::recording::{self, RecoverError, Recovered, Signed, recover};

use super::{Claim, Spool, continuity};
use crate::store;

/// Where a file goes that cannot be closed, or was more than cut: a folder in its own.
const ASIDE: &str = "unreadable";

/// What became of a file.
pub(crate) enum Outcome {
    /// It was whole.
    Whole(Manifest),
    /// Its manifest was there; the tables are new.
    Completed(Manifest),
    Closed {
        manifest: Manifest,
        recovery: Recovery,
        signed: bool,
        /// Where the cut file is now, when it is worth keeping.
        kept: Option<PathBuf>,
    },
    InUse,
    /// Where it is now, and why.
    Aside(PathBuf, RecoverError),
}

/// Whether a file has all that a closed one has at its end.
pub(crate) fn is_closed(path: &Path) -> bool {
    store::open_file(path).is_ok_and(|file| {
        matches!(
            formats::recording::verify(io::BufReader::new(file)),
            Ok(report) if report.proof == formats::recording::Proof::Sound
        )
    })
}

/// Closes one file, signed by `sign` where that gives a signature over the manifest.
///
/// # Errors
/// The file cannot be read or replaced; it is as it was.
pub(crate) async fn close(
    spool: &Spool,
    path: &Path,
    sign: impl AsyncFnOnce(&[u8]) -> Option<String>,
) -> Result<Outcome, Error> {
    let Some(_claim) = claim(spool, path)? else {
        return Ok(Outcome::InUse);
    };
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    };
    let mut source = match is_in(spool, path) {
        true => store::open_file(path)?,
        // Named by a person; a link is meant, a pipe would be waited for.
        false => store::open_file(&path.canonicalize()?)?,
    };
    let temporary = tempfile::Builder::new()
        .prefix(".recover-")
        .tempfile_in(&folder)
        .map_err(beside("cannot make a file beside it"))?;
    let sink = BufWriter::with_capacity(256 * 1024, temporary.reopen()?);
    let recovered = recover(&mut source, sink, Some(now()), env!("CARGO_PKG_VERSION"));
    let (sink, outcome, keep) = match recovered {
        Ok(Recovered::Whole(manifest)) => {
            finished(spool, path, &manifest);
            return Ok(Outcome::Whole(manifest));
        }
        Ok(Recovered::Completed(sink, manifest)) => (sink, Outcome::Completed(manifest), false),
        Ok(Recovered::Closed {
            mut unsigned,
            recovery,
            fault,
        }) => {
            // What lies elsewhere is of no row of this machine.
            if is_in(spool, path) {
                let place = continuity::take(spool, unsigned.session_id());
                unsigned.place(place);
            }
            let signature = sign(unsigned.to_sign()).await;
            let signed = signature.is_some();
            let (sink, manifest) = unsigned.finish(signature)?;
            let outcome = Outcome::Closed {
                manifest,
                recovery,
                signed,
                kept: None,
            };
            (sink, outcome, fault.is_some())
        }
        // Nothing can be made of it, and it must not be tried for ever; elsewhere it is not ours to move.
        Err(error @ (RecoverError::NoHeader | RecoverError::Foreign)) => {
            return Ok(if is_in(spool, path) {
                Outcome::Aside(set_aside(path, &folder)?, error)
            } else {
                Outcome::Aside(path.to_owned(), error)
            });
        }
        Err(error) => return Err(error.into()),
    };
    let file = sink.into_inner().map_err(io::IntoInnerError::into_error)?;
    file.sync_all()?;
    let outcome = match (outcome, keep) {
        (
            Outcome::Closed {
                manifest,
                recovery,
                signed,
                ..
            },
            true,
        ) => Outcome::Closed {
            manifest,
            recovery,
            signed,
            kept: Some(keep_aside(path, &folder)?),
        },
        (outcome, _) => outcome,
    };
    temporary.persist(path).map_err(|error| Error::Beside {
        what: "cannot put the closed file in its place",
        source: error.error,
    })?;
    sync_folder(&folder)?;
    if let Outcome::Completed(manifest) | Outcome::Closed { manifest, .. } = &outcome {
        finished(spool, path, manifest);
    }
    Ok(outcome)
}

/// It is closed, by this process or by one that was killed before it could say so.
fn finished(spool: &Spool, path: &Path, manifest: &Manifest) {
    if manifest.continuity.is_none() || !is_in(spool, path) {
        return;
    }
    let signed = store::open_file(path)
        .ok()
        .and_then(|mut file| Signed::at_end(&mut file).ok().flatten());
    if let Some(signed) = signed {
        continuity::finished(spool, &manifest.session_id, &signed.manifest);
    }
}

/// Nobody else works on it meanwhile. `None`: somebody does.
fn claim(spool: &Spool, path: &Path) -> Result<Option<Option<Claim>>, Error> {
    if !is_in(spool, path) {
        return Ok(Some(None));
    }
    let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
        return Ok(Some(None));
    };
    Ok(spool.claim(name)?.map(Some))
}

fn is_in(spool: &Spool, path: &Path) -> bool {
    let folder = path.parent().and_then(|folder| folder.canonicalize().ok());
    folder.is_some() && folder == spool.folder().canonicalize().ok()
}

/// Moves it out of the way of whoever drains the spool.
fn set_aside(path: &Path, folder: &Path) -> Result<PathBuf, Error> {
    let to = aside(path, folder)?;
    fs::rename(path, &to)?;
    sync_folder(folder)?;
    Ok(to)
}

/// Keeps a second name for it, so that the first can be given to the closed file at once.
fn keep_aside(path: &Path, folder: &Path) -> Result<PathBuf, Error> {
    let to = aside(path, folder)?;
    if fs::hard_link(path, &to).is_err() {
        fs::copy(path, &to)?;
        File::open(&to)?.sync_all()?;
    }
    Ok(to)
}

pub(super) fn aside(path: &Path, folder: &Path) -> Result<PathBuf, Error> {
    let below = folder.join(ASIDE);
    store::create_private(&below).map_err(beside("cannot make a folder beside it"))?;
    let name = path
        .file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default();
    // No ending of a recording: nobody lists or stores it.
    let free = (0..1000)
        .map(|number| match number {
            0 => below.join(format!("{name}.cut")),
            number => below.join(format!("{name}.{number}.cut")),
        })
        .find(|path| !path.exists());
    free.ok_or_else(|| Error::Full(below.display().to_string()))
}

#[cfg(unix)]
pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
pub(super) fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

#[expect(
    clippy::disallowed_methods,
    reason = "the manifest tells when the recording was closed"
)]
fn now() -> String {
    Utc::now().to_rfc3339_opts(SecondsFormat::Micros, true)
}

/// Why a file is not closed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("{what}")]
    Beside {
        what: &'static str,
        #[source]
        source: io::Error,
    },
    #[error("{0:?} is full of it")]
    Full(String),
    #[error(transparent)]
    Spool(#[from] store::Error),
    #[error(transparent)]
    Recover(#[from] RecoverError),
    #[error(transparent)]
    Recording(#[from] recording::Error),
    #[error(transparent)]
    Io(#[from] io::Error),
}

fn beside(what: &'static str) -> impl Fn(io::Error) -> Error {
    move |source| Error::Beside { what, source }
}
