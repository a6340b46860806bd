//! `store` and `spool`: where recordings are kept, and where they grow.
//!
//! Nothing here makes a folder or talks to a bucket.

use std::path::PathBuf;

use super::Settings;
use super::error::Error;
use super::kind::Form;
use super::spec::{Setting, Spec, path};
use crate::aws::Access;
use crate::store::Store;

pub(crate) static STORE: Setting<String> = path(
    "store",
    |text| match text.split_once("://") {
        None => Form::Path,
        Some(("s3", rest)) if !rest.is_empty() && !rest.starts_with('/') => Form::Other,
        Some(_) => Form::Bad,
    },
    "a directory (absolute, or ~/…) or s3://bucket/prefix",
)
.default_folder("store", "s3://example-recordings/team-a")
.purpose("Where finished recordings are kept: a directory, or s3://bucket/prefix.");

pub(super) static SPOOL: Setting<PathBuf> = path(
    "spool",
    |_| Form::Path,
    "a directory (absolute, or ~/…)",
)
.default_folder("spool", "~/.local/share/ssm-rec/spool")
.purpose(
    "Where a recording grows, and stays until the store has confirmed it. A directory on this \
     machine.",
);

pub(super) static SPECS: [&Spec; 2] = [&STORE.spec, &SPOOL.spec];

/// The places in force.
#[derive(Clone, Debug)]
pub(crate) struct Places {
    /// Where finished recordings are kept.
    pub(crate) store: Store,
    /// Where a recording grows, and stays until the store has it.
    pub(crate) spool: PathBuf,
}

impl Settings {
    /// The places where recordings are, reached as the environment says.
    ///
    /// # Errors
    /// There is no home for them, or the store's location has a form that no store understands.
    pub(crate) fn places(&self) -> Result<Places, Error> {
        self.places_for(&Access::default())
    }

    /// The places where recordings are, reached with the profile and the region of `access`.
    ///
    /// # Errors
    /// As [`Settings::places`].
    pub(crate) fn places_for(&self, access: &Access) -> Result<Places, Error> {
        let (Some(store), Some(spool)) = (&self.store, &self.spool) else {
            return Err(Error::NoHome);
        };
        Ok(Places {
            store: Store::with(store, self.upload.options(access))?,
            spool: spool.clone(),
        })
    }
}
