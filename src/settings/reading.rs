//! What the settings mean to a command that reads recordings: the options of a bucket, and the cache.
//!
//! Nothing here talks to a bucket, and no folder is made.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use directories::ProjectDirs;
use formats::layout;
use sha2::{Digest as _, Sha256};

use super::error::Error;
use super::{Places, Settings};
use crate::store::{Cache, Directory, Pace, Store, check_folder, s3};

/// A person waits, and nothing is lost when this gives up: shorter than for an upload.
const PATIENCE: Duration = Duration::from_secs(30);

impl Settings {
    /// The options for an object at `address`. What the settings say of the store's bucket holds for no other, but the
    /// server that has the one is where the other is looked for too.
    pub(crate) fn options_to_read(&self, address: &str) -> s3::Options {
        let store = &self.upload.bucket;
        let own = self.store.as_deref().map(bucket) == Some(bucket(address));
        s3::Options {
            region: store.region.clone().filter(|_| own),
            expected_owner: store.expected_owner.clone().filter(|_| own),
            endpoint_url: store.endpoint_url.clone(),
            is_endpoint_fixed: store.is_endpoint_fixed && own,
            path_style: store.path_style,
            patience: PATIENCE,
            ..s3::Options::default()
        }
    }

    /// The places where recordings are, for a command that only reads them.
    ///
    /// # Errors
    /// As [`Settings::places`].
    pub(crate) fn places_to_read(&self) -> Result<Places, Error> {
        let mut places = self.places()?;
        if let Store::S3(_) = &places.store {
            let pace = s3::Options::default();
            places.store = places.store.at_pace(Pace {
                patience: PATIENCE,
                silence: pace.silence,
                parallel_parts: pace.parallel_parts,
            });
            if let Some(cache) = self.cache() {
                places.store = places.store.caching(cache);
            }
        }
        Ok(places)
    }

    /// Where pieces of recordings from afar are kept; `None` when nothing is to be kept, or there is no home.
    pub(crate) fn cache(&self) -> Option<Arc<Cache>> {
        let folders = ProjectDirs::from("", "", "ssm-rec")?;
        let folder = folders.cache_dir().join("objects");
        (self.review.cache_size > 0).then(|| Arc::new(Cache::new(folder, self.review.cache_size)))
    }
}

impl Settings {
    /// Where packs of a store are kept on this machine, for its own searches; `None` when nothing is to be kept, or others may
    /// write there.
    pub(crate) fn own_packs(&self, store: &Store) -> Option<Directory> {
        let folders = ProjectDirs::from("", "", "ssm-rec")?;
        let identity = store.identity().join("\n");
        let name = layout::safe_name(&format!("{:x}", Sha256::digest(identity)));
        let folder = folders.cache_dir().join("packs").join(name);
        let is_private = !folder.exists() || check_folder(&folder).is_ok();
        (self.review.cache_size > 0 && is_private).then(|| Directory::new(folder))
    }

    /// Where it is kept which findings were told; `None` where there is no home.
    pub(crate) fn told(&self) -> Option<PathBuf> {
        let folders = ProjectDirs::from("", "", "ssm-rec")?;
        Some(folders.data_dir().join("told"))
    }

    /// Where this person's notes on recordings are kept; `None` where there is no home.
    pub(crate) fn notes(&self) -> Option<PathBuf> {
        let folders = ProjectDirs::from("", "", "ssm-rec")?;
        Some(folders.data_dir().join("notes"))
    }
}

/// `bucket` of `s3://bucket/prefix`; a directory has none.
fn bucket(location: &str) -> Option<&str> {
    let rest = location.strip_prefix("s3://")?;
    rest.split('/').next()
}
