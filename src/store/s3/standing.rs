//! What a bucket says of how it keeps what it has: whether it is listed, locked, versioned and encrypted.
//!
//! Nothing is changed here. Each question takes a permission of its own, so that one refused leaves the others alone.

use std::error::Error as StdError;

use aws_sdk_s3::config::endpoint::{DefaultResolver, Params, ResolveEndpoint as _};
use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::types::BucketVersioningStatus;

use super::attempt::{Failure, lively, persist};
use super::{Bucket, Error, S3, Way};

/// What is asked where settings of the bucket are.
const SETTINGS: &str = "see the settings of";
/// What S3 says where there is no such setting.
const NONE: [&str; 2] = [
    "ObjectLockConfigurationNotFoundError",
    "ServerSideEncryptionConfigurationNotFoundError",
];

/// How a bucket keeps what it has.
#[derive(Debug)]
pub struct Standing {
    /// Whether there is anything below the prefix.
    pub listing: Result<bool, Error>,
    /// Object Lock; `None`: the bucket has none.
    pub lock: Result<Option<Lock>, Error>,
    /// Whether what is written over or removed is kept.
    pub versions: Result<bool, Error>,
    /// What encrypts what is stored, in S3's own words, and with which key; `None`: nothing that is told.
    pub encryption: Result<Option<String>, Error>,
}

/// Object Lock of a bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lock {
    /// What holds for objects that say nothing of it: `COMPLIANCE for 365 days`.
    pub default: Option<String>,
}

impl S3 {
    /// Where the bucket is asked.
    ///
    /// # Errors
    /// There is no way there.
    pub(crate) fn address(&self) -> Result<String, Error> {
        let bucket = std::sync::Arc::clone(&self.bucket);
        self.worker
            .wait(async move { bucket.address().await }, || {})
    }

    /// Asks the bucket all of it at once.
    ///
    /// # Errors
    /// There is no way there. What is refused stands in its own place.
    pub(crate) fn standing(&self) -> Result<Standing, Error> {
        let bucket = std::sync::Arc::clone(&self.bucket);
        let work = async move {
            bucket.client().await?;
            let (listing, lock, versions, encryption) = tokio::join!(
                bucket.has_anything(),
                bucket.lock(),
                bucket.keeps_versions(),
                bucket.encryption()
            );
            Ok(Standing {
                listing,
                lock,
                versions,
                encryption,
            })
        };
        self.worker.wait(work, || {})
    }
}

impl Bucket {
    async fn address(&self) -> Result<String, Error> {
        let client = self.client().await?;
        let unusable = |error: Box<dyn StdError + Send + Sync>| Error::Address {
            place: self.place(""),
            reason: if error.to_string().contains("region") {
                "the SDK has no endpoint for it: check the region"
            } else {
                "the SDK has no endpoint for it"
            },
        };
        let options = &self.options;
        let shared = self.way.as_ref().map(Way::config);
        let of_environment = || self.way.as_ref()?.own_endpoint("S3");
        let own = match options.is_endpoint_fixed {
            true => options.endpoint_url.clone(),
            false => options.endpoint_url.clone().or_else(of_environment),
        };
        let asked = Params::builder()
            .bucket(&self.name)
            .set_region(client.config().region().map(ToString::to_string))
            .set_use_fips(shared.and_then(|shared| shared.use_fips()))
            .set_use_dual_stack(shared.and_then(|shared| shared.use_dual_stack()))
            .force_path_style(options.path_style.unwrap_or(own.is_some()))
            .set_endpoint(own)
            .build()
            .map_err(|error| unusable(error.into()))?;
        let endpoint = DefaultResolver::new().resolve_endpoint(&asked).await;
        Ok(endpoint.map_err(unusable)?.url().to_owned())
    }

    async fn has_anything(&self) -> Result<bool, Error> {
        let client = self.client().await?;
        let page = self.asked("list", || {
            client
                .list_objects_v2()
                .bucket(&self.name)
                .prefix(&self.prefix)
                .max_keys(1)
                .set_expected_bucket_owner(self.options.expected_owner.clone())
                .send()
        });
        let page = page.await?;
        Ok(page.is_some_and(|page| page.contents.is_some_and(|found| !found.is_empty())))
    }

    async fn lock(&self) -> Result<Option<Lock>, Error> {
        let client = self.client().await?;
        let told = self.asked(SETTINGS, || {
            client
                .get_object_lock_configuration()
                .bucket(&self.name)
                .set_expected_bucket_owner(self.options.expected_owner.clone())
                .send()
        });
        let Some(lock) = told.await?.and_then(|told| told.object_lock_configuration) else {
            return Ok(None);
        };
        if lock.object_lock_enabled.is_none() {
            return Ok(None);
        }
        let default = lock.rule.and_then(|rule| rule.default_retention);
        Ok(Some(Lock {
            default: default.map(|kept| {
                let mode = kept.mode.as_ref().map_or("retention", |mode| mode.as_str());
                match (kept.days, kept.years) {
                    (Some(days), _) => format!("{mode} for {days} days"),
                    (None, Some(years)) => format!("{mode} for {years} years"),
                    (None, None) => mode.to_owned(),
                }
            }),
        }))
    }

    async fn keeps_versions(&self) -> Result<bool, Error> {
        let client = self.client().await?;
        let told = self.asked(SETTINGS, || {
            client
                .get_bucket_versioning()
                .bucket(&self.name)
                .set_expected_bucket_owner(self.options.expected_owner.clone())
                .send()
        });
        let status = told.await?.and_then(|told| told.status);
        Ok(status == Some(BucketVersioningStatus::Enabled))
    }

    async fn encryption(&self) -> Result<Option<String>, Error> {
        let client = self.client().await?;
        let told = self.asked(SETTINGS, || {
            client
                .get_bucket_encryption()
                .bucket(&self.name)
                .set_expected_bucket_owner(self.options.expected_owner.clone())
                .send()
        });
        let rules = told
            .await?
            .and_then(|told| told.server_side_encryption_configuration)
            .map(|told| told.rules)
            .unwrap_or_default();
        let mut defaults = rules
            .into_iter()
            .filter_map(|rule| rule.apply_server_side_encryption_by_default);
        Ok(defaults.next().map(|default| {
            let how = default.sse_algorithm.as_str();
            match default.kms_master_key_id {
                Some(key) => format!("{how} with {key}"),
                None => how.to_owned(),
            }
        }))
    }

    /// One question, asked within patience and silence; `None`: the bucket has no such setting.
    async fn asked<T, E, F>(
        &self,
        what: &'static str,
        ask: impl Fn() -> F,
    ) -> Result<Option<T>, Error>
    where
        E: ProvideErrorMetadata + StdError + 'static,
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    {
        let answer = persist(self.options.patience, || {
            let call = ask();
            lively(self.options.silence, None, async {
                call.await.map_err(|error| Failure::read(&error))
            })
        });
        match answer.await {
            Ok(told) => Ok(Some(told)),
            Err(failure) if NONE.contains(&failure.code.as_str()) => Ok(None),
            Err(failure) => Err(failure.into_error(what, self.place(&self.prefix))),
        }
    }
}
