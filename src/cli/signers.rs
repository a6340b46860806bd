//! Whose signatures count, by the file that the settings name.
//!
//! Nothing here checks a signature.

use std::path::Path;

use anyhow::{Context, anyhow};
use chrono::{Local, NaiveDateTime, Utc};
use formats::signature::AllowedSigners;

use crate::cli::exit::{Failure, Status};
use crate::settings::Settings;

/// The longest allowed_signers file read.
const MAX_SIGNERS: u64 = 16 * 1024 * 1024;

/// Whose signatures count, where somebody has said.
pub(crate) fn allowed_signers(settings: &Settings) -> Result<Option<AllowedSigners>, Failure> {
    let path = settings.review.allowed_signers.as_deref();
    path.map(read).transpose()
}

/// Whose verdicts count, where somebody has said.
pub(crate) fn reviewers(settings: &Settings) -> Result<Option<AllowedSigners>, Failure> {
    let review = &settings.review;
    let path = review
        .reviewers
        .as_ref()
        .or(review.allowed_signers.as_ref());
    path.map(|path| read(path)).transpose()
}

fn read(path: &Path) -> Result<AllowedSigners, Failure> {
    let shown = path.display().to_string();
    let text = read_signers(path)
        .with_context(|| format!("cannot read the allowed signers in {shown:?}"))
        .map_err(|error| Failure::new(Status::Usage, error))?;
    // Of an hour that is there twice the first, as everywhere.
    let local = |time: NaiveDateTime| {
        let moment = time.and_local_timezone(Local).earliest()?;
        Some(moment.with_timezone(&Utc))
    };
    let signers = AllowedSigners::parse(&text, &local)
        .map_err(|error| Failure::new(Status::Usage, anyhow!("{shown:?}: {error}")))?;
    Ok(signers)
}

fn read_signers(path: &Path) -> std::io::Result<String> {
    use std::io::Read;
    let mut text = String::new();
    std::fs::File::open(path)?
        .take(MAX_SIGNERS + 1)
        .read_to_string(&mut text)?;
    Ok(text)
}
