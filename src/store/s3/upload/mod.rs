//! Storing one object: in one request, or in parts; each byte with a checksum, and never over another object.
//!
//! Nothing here reads an object back unless the operator happens to have the right; nothing is deleted.
//!
//! **When is an object ours?** Every write says `If-None-Match: *`, so a second try of a write whose answer was lost
//! meets its own object and is answered 412. That 412 counts as stored only when one of these holds:
//!
//! 1. `HeadObject` is allowed, and length and SHA-256 of the object are ours. (Different: it is not, whatever else holds.)
//! 2. We asked to complete a multipart upload, had no answer, and the upload is gone. Only its completion or an abort
//!    ends an upload, and only we know its id. This is asked with an empty part, which needs `s3:PutObject` alone.
//! 3. A single request with the whole file left this machine and had no answer, an error of 500 or above, or this
//!    process was killed meanwhile. Here the proof rests on the key: it names one recording, and the claim on the spool
//!    file kept all other clients away. Who wants proof by S3 alone sets the multipart threshold to 0, for rule 2.
//!
//! Otherwise it is someone else's: [`Error::Exists`], and the file stays where it is.

mod parts;
mod source;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_sdk_s3::primitives::DateTime;
use aws_sdk_s3::types::{
    ChecksumAlgorithm, ChecksumMode, ObjectLockLegalHoldStatus, ObjectLockMode,
    ServerSideEncryption, StorageClass,
};
use tokio::sync::SemaphorePermit;

pub(super) use self::source::Source;
use super::attempt::{Failure, Kind, lively, persist};
use super::body::{Meter, body};
use super::journal::Journal;
use super::options::{Encryption, RetentionMode};
use super::{Bucket, MEMORY_UNIT};
use crate::store::Error;

/// One object on its way.
pub(super) struct Job {
    pub(super) bucket: Arc<Bucket>,
    /// With the store's prefix.
    pub(super) key: String,
    /// How a person names it.
    pub(super) place: String,
    pub(super) source: Source,
    pub(super) tagging: Option<String>,
    pub(super) journal: Journal,
    pub(super) meter: Arc<Meter>,
}

/// Headers that say how an object is kept. They go with the request that creates it, whole or in parts.
macro_rules! kept_as {
    ($call:expr, $job:expr) => {{
        let options = &$job.bucket.options;
        let (encryption, key_id, bucket_key) = encryption(&options.encryption);
        let (mode, until) = $job.retention();
        $call
            .set_expected_bucket_owner(options.expected_owner.clone())
            .set_server_side_encryption(encryption)
            .set_ssekms_key_id(key_id)
            .set_bucket_key_enabled(bucket_key)
            .set_object_lock_mode(mode)
            .set_object_lock_retain_until_date(until)
            .set_object_lock_legal_hold_status(
                options.legal_hold.then_some(ObjectLockLegalHoldStatus::On),
            )
            .set_storage_class(options.storage_class.as_deref().map(StorageClass::from))
            .set_tagging($job.tagging.clone())
    }};
}
use kept_as;

impl Job {
    /// Stores the object. When this is `Ok`, S3 has confirmed its length and checksum.
    pub(super) async fn run(mut self) -> Result<(), Error> {
        let length = self.source.length();
        if self.journal.is_stored() {
            self.meter.add(length);
            return Ok(());
        }
        // An upload that began in parts goes on in parts, whatever the threshold is now.
        let begun = self.journal.upload().is_some() || !self.journal.completions().is_empty();
        if begun || length >= self.bucket.options.multipart_threshold {
            self.in_parts().await?;
        } else {
            self.whole().await?;
        }
        self.journal.note_stored();
        Ok(())
    }

    async fn whole(&mut self) -> Result<(), Error> {
        let bucket = Arc::clone(&self.bucket);
        let _memory = memory(&bucket, self.source.length()).await;
        let (bytes, digest) = self.source.read(0, self.source.length()).await?;
        let earlier = self.journal.was_attempted(&digest);
        self.journal.note_attempt(&digest);
        let client = bucket.client().await?;
        let silence = bucket.options.silence;
        let answer = persist(bucket.options.patience, || {
            let (stream, sent) = body(bytes.clone(), &self.meter);
            let call = client
                .put_object()
                .bucket(&bucket.name)
                .key(&self.key)
                .if_none_match("*")
                .checksum_algorithm(ChecksumAlgorithm::Sha256)
                .checksum_sha256(&digest)
                .content_length(self.source.signed_length())
                .body(stream);
            let call = kept_as!(call, self).send();
            async move {
                let call = async { call.await.map_err(|error| Failure::read(&error)) };
                match lively(silence, Some(&sent), call).await {
                    Ok(answer) => {
                        sent.keep();
                        Ok(answer.checksum_sha256)
                    }
                    Err(failure) => Err(conflict_passes(failure).after(&sent)),
                }
            }
        })
        .await;
        match answer {
            Ok(echo) => same_digest(&self.place, echo, &digest),
            Err(failure) => {
                let doubtful = earlier || failure.ambiguous;
                if !doubtful {
                    self.journal.forget_attempt();
                }
                if failure.kind == Kind::Exists {
                    return self.settle(Some(&digest), None, doubtful).await;
                }
                Err(failure.into_error("store", self.place.clone()))
            }
        }
    }

    /// After a 412: the rules at the top of this file.
    async fn settle(
        &mut self,
        whole: Option<&str>,
        composite: Option<&str>,
        doubtful: bool,
    ) -> Result<(), Error> {
        match self.is_ours(whole, composite).await? {
            Some(true) => return Ok(()),
            Some(false) => {}
            None => {
                for id in self.journal.completions() {
                    if self.is_gone(id).await? {
                        tracing::info!(
                            place = self.place,
                            "stored: our completion was carried out"
                        );
                        return Ok(());
                    }
                }
                if doubtful {
                    tracing::info!(place = self.place, "stored: an earlier try was carried out");
                    return Ok(());
                }
            }
        }
        self.abort().await;
        Err(Error::Exists {
            place: self.place.clone(),
        })
    }

    /// Compares length and checksum, if we may read them. `None`: we may not, or they cannot be compared.
    async fn is_ours(
        &self,
        whole: Option<&str>,
        composite: Option<&str>,
    ) -> Result<Option<bool>, Error> {
        let bucket = &self.bucket;
        let client = bucket.client().await?;
        let answer = persist(bucket.options.patience, || {
            let call = client
                .head_object()
                .bucket(&bucket.name)
                .key(&self.key)
                .checksum_mode(ChecksumMode::Enabled)
                .set_expected_bucket_owner(bucket.options.expected_owner.clone())
                .send();
            lively(bucket.options.silence, None, async {
                call.await.map_err(|error| Failure::read(&error))
            })
        })
        .await;
        let object = match answer {
            Ok(object) => object,
            Err(failure) if matches!(failure.kind, Kind::Refused | Kind::NotFound) => {
                return Ok(None);
            }
            Err(failure) => return Err(failure.into_error("check", self.place.clone())),
        };
        if object.content_length != Some(self.source.signed_length()) {
            return Ok(Some(false));
        }
        let Some(theirs) = object.checksum_sha256 else {
            return Ok(None);
        };
        if let Some((_, parts)) = theirs.split_once('-') {
            // Other part sizes give another checksum for the same bytes.
            return Ok(composite
                .filter(|ours| ours.split_once('-').is_some_and(|(_, n)| n == parts))
                .map(|ours| ours == theirs));
        }
        match whole {
            Some(ours) => Ok(Some(ours == theirs)),
            None => Ok(Some(self.source.digest().await? == theirs)),
        }
    }

    /// Parts of an upload that can never be completed cost money. Operators may lack the right; then the
    /// bucket's lifecycle rule ends it.
    async fn abort(&mut self) {
        let Some(upload) = self.journal.upload() else {
            return;
        };
        if let Ok(client) = self.bucket.client().await {
            let call = client
                .abort_multipart_upload()
                .bucket(&self.bucket.name)
                .key(&self.key)
                .upload_id(&upload.id)
                .set_expected_bucket_owner(self.bucket.options.expected_owner.clone())
                .send();
            // Nothing depends on it.
            let _ = tokio::time::timeout(self.bucket.options.silence, call).await;
        }
        self.journal.note_upload(None);
    }

    fn retention(&self) -> (Option<ObjectLockMode>, Option<DateTime>) {
        let Some(retention) = self.bucket.options.retention else {
            return (None, None);
        };
        #[expect(
            clippy::disallowed_methods,
            reason = "Object Lock wants a date, and the days count from the upload"
        )]
        let now = SystemTime::now();
        // Whole seconds: some servers (moto is one) cannot tell a finer date again.
        let now = now
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default();
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(now.as_secs());
        let until = now + Duration::from_secs(u64::from(retention.days) * 86_400);
        let mode = match retention.mode {
            RetentionMode::Governance => ObjectLockMode::Governance,
            RetentionMode::Compliance => ObjectLockMode::Compliance,
        };
        (Some(mode), Some(DateTime::from(until)))
    }
}

/// Waits until there is room for so many bytes. More than there ever is takes all of it.
async fn memory(bucket: &Bucket, length: u64) -> Option<SemaphorePermit<'_>> {
    let units = u32::try_from(length.div_ceil(MEMORY_UNIT)).unwrap_or(u32::MAX);
    // It is never closed.
    bucket
        .memory
        .acquire_many(units.min(bucket.memory_units))
        .await
        .ok()
}

fn encryption(
    encryption: &Encryption,
) -> (Option<ServerSideEncryption>, Option<String>, Option<bool>) {
    match encryption {
        Encryption::Bucket => (None, None, None),
        Encryption::S3 => (Some(ServerSideEncryption::Aes256), None, None),
        Encryption::Kms { key_id, bucket_key } => (
            Some(ServerSideEncryption::AwsKms),
            key_id.clone(),
            Some(*bucket_key),
        ),
    }
}

/// For a single request, S3's advice after a conflict is to ask again.
fn conflict_passes(mut failure: Failure) -> Failure {
    if failure.kind == Kind::Conflict {
        failure.kind = Kind::Passing;
    }
    failure
}

/// S3 repeats the checksum that it verified. Servers that repeat none have at least accepted ours.
fn same_digest(place: &str, theirs: Option<String>, ours: &str) -> Result<(), Error> {
    match theirs {
        Some(theirs) if theirs != ours => Err(Error::Altered {
            place: place.to_owned(),
            reason: format!("sent with SHA-256 {ours:?}, stored with {theirs:?}"),
        }),
        _ => Ok(()),
    }
}
