//! What a bucket that keeps versions says of each key: what lay there before, and when it was removed.
//!
//! Nothing here reads an object, and no listing goes on for ever.

use std::time::SystemTime;

use aws_sdk_s3::operation::list_object_versions::ListObjectVersionsOutput;
use aws_sdk_s3::primitives::DateTime;

use super::super::error::LIST_VERSIONS;
use super::attempt::{Failure, lively, persist};
use super::listing::Pages;
use super::{Bucket, Error, Span};

/// The version of what was put while a bucket kept none.
const NO_VERSION: &str = "null";

/// One version of what lies under a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// The key.
    pub key: String,
    /// Names this version of it.
    pub id: String,
    /// Since when it is the newest one, or was.
    pub came: Option<SystemTime>,
    /// What its bytes are known by: the same of two versions tells that they are alike. `None`: it marks that what was there
    /// was removed.
    pub bytes: Option<String>,
}

impl Version {
    /// Whether it was made while the bucket kept versions.
    #[must_use]
    pub fn is_kept(&self) -> bool {
        self.id != NO_VERSION
    }
}

/// Where the next page begins.
#[derive(Default)]
struct From {
    key: Option<String>,
    version: Option<String>,
}

impl Bucket {
    /// Every version of every key of a span: keys sorted, of each the newest version first.
    pub(super) async fn versions(&self, span: &Span) -> Result<Vec<Version>, Error> {
        let prefix = &self.object(&span.prefix);
        let mut from = From {
            key: span.after.as_deref().map(|after| self.object(after)),
            version: None,
        };
        let mut found = Vec::new();
        let mut pages = Pages::default();
        loop {
            let page = self.versions_page(prefix, &from).await?;
            let removed = page.delete_markers.unwrap_or_default().into_iter();
            let removed = removed.map(|one| {
                (
                    one.key,
                    one.version_id,
                    one.last_modified,
                    one.is_latest,
                    None,
                )
            });
            let stored = page.versions.unwrap_or_default().into_iter().map(|one| {
                let bytes = one.e_tag.unwrap_or_default();
                (
                    one.key,
                    one.version_id,
                    one.last_modified,
                    one.is_latest,
                    Some(bytes),
                )
            });
            for (key, id, came, is_latest, bytes) in removed.chain(stored) {
                let key = key.unwrap_or_default();
                if let Some(key) = key.strip_prefix(&self.prefix)
                    && span.holds(key)
                {
                    let version = Version {
                        key: key.to_owned(),
                        id: id.unwrap_or_else(|| NO_VERSION.to_owned()),
                        came: came.and_then(|at: DateTime| at.try_into().ok()),
                        bytes,
                    };
                    found.push((is_latest == Some(true), version));
                }
            }
            let is_behind = |key: &String| {
                let key = key.strip_prefix(&self.prefix);
                key.is_some_and(|key| span.is_behind(key))
            };
            from = From {
                key: page.next_key_marker,
                version: page.next_version_id_marker,
            };
            let is_enough = from.key.as_ref().is_none_or(is_behind);
            let version = from.version.as_deref().unwrap_or_default();
            let token = from.key.as_ref().map(|key| format!("{key}\n{version}"));
            if is_enough || !self.next(&mut pages, token, prefix)? {
                break;
            }
        }
        // Marks of removal come apart from the rest, and times of one second are alike.
        found.sort_by(|(a_is_latest, a), (b_is_latest, b)| {
            let by_time = b.came.cmp(&a.came);
            a.key
                .cmp(&b.key)
                .then(b_is_latest.cmp(a_is_latest))
                .then(by_time)
        });
        Ok(found.into_iter().map(|(_, version)| version).collect())
    }

    async fn versions_page(
        &self,
        prefix: &str,
        from: &From,
    ) -> Result<ListObjectVersionsOutput, Error> {
        let client = self.client().await?;
        persist(self.options.patience, || {
            let call = client
                .list_object_versions()
                .bucket(&self.name)
                .prefix(prefix)
                .set_key_marker(from.key.clone())
                .set_version_id_marker(from.version.clone())
                .set_expected_bucket_owner(self.options.expected_owner.clone())
                .send();
            lively(self.options.silence, None, async {
                call.await.map_err(|error| Failure::read(&error))
            })
        })
        .await
        .map_err(|failure| failure.into_error(LIST_VERSIONS, self.place(prefix)))
    }
}
