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

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::SdkError;
use aws_sdk_s3::primitives::DateTime;
use aws_sdk_s3::types::{
    ChecksumAlgorithm, ChecksumMode, ChecksumType, CompletedMultipartUpload, CompletedPart,
    ObjectLockLegalHoldStatus, ObjectLockMode, ServerSideEncryption, StorageClass,
};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use sha2::{Digest, Sha256};
use tokio::sync::SemaphorePermit;
use tokio::task::JoinSet;

use super::super::Error;
use super::attempt::{Failure, Kind, lively, persist};
use super::body::{Meter, body};
use super::journal::{Fingerprint, Journal, Part, Upload};
use super::options::{Encryption, RetentionMode};
use super::{Bucket, MEMORY_UNIT, broken_off};

/// Uploads that vanish or collide are begun anew this often.
const MAX_UPLOADS: usize = 5;
/// Between two of them.
const NEW_UPLOAD_WAIT: Duration = Duration::from_secs(1);
/// The number of the empty part that asks whether an upload still exists; never one of a file's own.
const ASKING_PART: i32 = 10_000;

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

/// Where the bytes are.
#[derive(Clone)]
pub(super) enum Source {
    Bytes(Bytes),
    File {
        file: Arc<Mutex<File>>,
        name: String,
        print: Fingerprint,
    },
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

    async fn in_parts(&mut self) -> Result<(), Error> {
        let mut uploads = 0;
        loop {
            uploads += 1;
            let failure = match self.one_upload().await? {
                Ended::Stored => return Ok(()),
                Ended::Lost(failure) => failure,
            };
            self.journal.note_upload(None);
            if uploads == MAX_UPLOADS {
                return Err(failure.into_error("store", self.place.clone()));
            }
            tracing::debug!(%failure, place = self.place, "beginning the upload anew");
            tokio::time::sleep(NEW_UPLOAD_WAIT).await;
        }
    }

    /// One multipart upload, or the rest of one that another process began.
    async fn one_upload(&mut self) -> Result<Ended, Error> {
        self.check_resumed().await?;
        let (id, part_size) = match self.journal.upload() {
            Some(upload) => (upload.id.clone(), upload.part_size),
            None => self.create().await?,
        };
        match self.send_parts(&id, part_size).await? {
            Some(gone) => self.lost(&id, gone).await,
            None => self.complete(&id).await,
        }
    }

    /// Parts that another process has sent count only when they hold what the file holds now.
    async fn check_resumed(&mut self) -> Result<(), Error> {
        let Some(upload) = self.journal.upload().cloned() else {
            return Ok(());
        };
        let mut done = 0;
        for (number, part) in &upload.parts {
            let (offset, length) = self.source.part(*number, upload.part_size);
            let (_, digest) = self.source.read(offset, length).await?;
            if digest != part.digest {
                self.journal.note_upload(None);
                return Ok(());
            }
            done += length;
        }
        // Parts of an upload that is begun anew are counted already.
        self.meter.add(done.saturating_sub(self.meter.bytes()));
        Ok(())
    }

    async fn create(&mut self) -> Result<(String, u64), Error> {
        let bucket = Arc::clone(&self.bucket);
        let client = bucket.client().await?;
        let answer = persist(bucket.options.patience, || {
            let call = client
                .create_multipart_upload()
                .bucket(&bucket.name)
                .key(&self.key)
                .checksum_algorithm(ChecksumAlgorithm::Sha256)
                .checksum_type(ChecksumType::Composite);
            let call = kept_as!(call, self).send();
            lively(bucket.options.silence, None, async {
                let answer = call.await.map_err(|error| Failure::read(&error))?;
                answer
                    .upload_id
                    .ok_or_else(|| Failure::passing("an upload without an id", false))
            })
        })
        .await;
        let id = answer.map_err(|failure| failure.into_error("store", self.place.clone()))?;
        let part_size = bucket.options.part_size_for(self.source.length());
        self.journal.note_upload(Some(Upload {
            id: id.clone(),
            part_size,
            parts: Default::default(),
        }));
        Ok((id, part_size))
    }

    /// Sends what is missing. `Some`: the upload is gone.
    async fn send_parts(&mut self, id: &str, part_size: u64) -> Result<Option<Failure>, Error> {
        let count = self.source.parts(part_size);
        let done: Vec<i32> = self
            .journal
            .upload()
            .map(|upload| upload.parts.keys().copied().collect())
            .unwrap_or_default();
        let mut missing = (1..=count).filter(|number| !done.contains(number));
        // Dropped on the way out, it ends what is still under way.
        let mut under_way = JoinSet::new();
        loop {
            while under_way.len() < self.bucket.options.parallel_parts
                && let Some(number) = missing.next()
            {
                let (offset, length) = self.source.part(number, part_size);
                let errand = Errand {
                    bucket: Arc::clone(&self.bucket),
                    key: self.key.clone(),
                    place: self.place.clone(),
                    id: id.to_owned(),
                    number,
                    source: self.source.clone(),
                    offset,
                    length,
                    meter: Arc::clone(&self.meter),
                };
                under_way.spawn(errand.run());
            }
            match under_way.join_next().await {
                None => return Ok(None),
                Some(Ok(Ok(Sent::Part(number, part)))) => self.journal.note_part(number, part),
                Some(Ok(Ok(Sent::Gone(failure)))) => return Ok(Some(failure)),
                Some(Ok(Err(error))) => return Err(error),
                Some(Err(_)) => return Err(broken_off()),
            }
        }
    }

    async fn complete(&mut self, id: &str) -> Result<Ended, Error> {
        self.source.check_unchanged()?;
        let bucket = Arc::clone(&self.bucket);
        let client = bucket.client().await?;
        let (parts, composite) = self.all_parts();
        let earlier = self.journal.completions().iter().any(|known| known == id);
        self.journal.note_completion(id);
        let answer = persist(bucket.options.patience, || {
            let call = client
                .complete_multipart_upload()
                .bucket(&bucket.name)
                .key(&self.key)
                .upload_id(id)
                .if_none_match("*")
                .checksum_type(ChecksumType::Composite)
                .mpu_object_size(self.source.signed_length())
                .set_expected_bucket_owner(bucket.options.expected_owner.clone())
                .multipart_upload(parts.clone())
                .send();
            lively(bucket.options.silence, None, async {
                match call.await {
                    Ok(answer) => Ok(answer.checksum_sha256),
                    Err(error) if is_other_yes(&error) => Ok(None),
                    Err(error) => Err(Failure::read(&error)),
                }
            })
        })
        .await;
        let failure = match answer {
            Ok(echo) => {
                same_digest(&self.place, echo, &composite)?;
                return Ok(Ended::Stored);
            }
            Err(failure) => failure,
        };
        if !(earlier || failure.ambiguous) {
            self.journal.forget_completion(id);
        }
        match failure.kind {
            Kind::Exists => {
                self.settle(None, Some(&composite), false).await?;
                Ok(Ended::Stored)
            }
            Kind::NoSuchUpload => self.lost(id, failure).await,
            // S3's word for both: send everything again.
            Kind::Conflict => Ok(Ended::Lost(failure)),
            Kind::Refused if failure.code == "InvalidPart" => Ok(Ended::Lost(failure)),
            _ => Err(failure.into_error("store", self.place.clone())),
        }
    }

    fn all_parts(&self) -> (CompletedMultipartUpload, String) {
        let mut digests = Sha256::new();
        let mut count = 0;
        let mut list = CompletedMultipartUpload::builder();
        for (number, part) in self.journal.upload().into_iter().flat_map(|u| &u.parts) {
            digests.update(BASE64.decode(&part.digest).unwrap_or_default());
            count += 1;
            list = list.parts(
                CompletedPart::builder()
                    .part_number(*number)
                    .e_tag(&part.etag)
                    .checksum_sha256(&part.digest)
                    .build(),
            );
        }
        let composite = format!("{}-{count}", BASE64.encode(digests.finalize()));
        (list.build(), composite)
    }

    /// An upload that is gone was stored by us, or has to be sent again.
    async fn lost(&mut self, id: &str, gone: Failure) -> Result<Ended, Error> {
        if self.journal.completions().iter().any(|known| known == id) {
            let (_, composite) = self.all_parts();
            if self.is_ours(None, Some(&composite)).await? == Some(true) {
                return Ok(Ended::Stored);
            }
        }
        Ok(Ended::Lost(gone))
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

    /// Whether a multipart upload of ours has ended.
    async fn is_gone(&self, id: &str) -> Result<bool, Error> {
        let errand = Errand {
            bucket: Arc::clone(&self.bucket),
            key: self.key.clone(),
            place: self.place.clone(),
            id: id.to_owned(),
            number: ASKING_PART,
            source: Source::bytes(Bytes::new()),
            offset: 0,
            length: 0,
            meter: Arc::new(Meter::default()),
        };
        match errand.run().await {
            Ok(Sent::Gone(_)) => Ok(true),
            Ok(Sent::Part(..)) | Err(Error::Refused { .. }) => Ok(false),
            Err(error) => Err(error),
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

/// How one multipart upload ended.
enum Ended {
    Stored,
    Lost(Failure),
}

/// How one part ended.
enum Sent {
    Part(i32, Part),
    Gone(Failure),
}

/// One part on its way.
struct Errand {
    bucket: Arc<Bucket>,
    key: String,
    place: String,
    id: String,
    number: i32,
    source: Source,
    offset: u64,
    length: u64,
    meter: Arc<Meter>,
}

impl Errand {
    async fn run(self) -> Result<Sent, Error> {
        let bucket = &self.bucket;
        let _memory = memory(bucket, self.length).await;
        let (bytes, digest) = self.source.read(self.offset, self.length).await?;
        let client = bucket.client().await?;
        let silence = bucket.options.silence;
        let answer = persist(bucket.options.patience, || {
            let (stream, sent) = body(bytes.clone(), &self.meter);
            let call = client
                .upload_part()
                .bucket(&bucket.name)
                .key(&self.key)
                .upload_id(&self.id)
                .part_number(self.number)
                .checksum_algorithm(ChecksumAlgorithm::Sha256)
                .checksum_sha256(&digest)
                .content_length(self.length.cast_signed())
                .set_expected_bucket_owner(bucket.options.expected_owner.clone())
                .body(stream)
                .send();
            async move {
                let call = async { call.await.map_err(|error| Failure::read(&error)) };
                let answer = lively(silence, Some(&sent), call).await?;
                let etag = answer
                    .e_tag
                    .ok_or_else(|| Failure::passing("a part without an ETag", false))?;
                sent.keep();
                Ok((etag, answer.checksum_sha256))
            }
        })
        .await;
        match answer {
            Ok((etag, echo)) => {
                same_digest(&self.place, echo, &digest)?;
                Ok(Sent::Part(self.number, Part { etag, digest }))
            }
            Err(failure) if failure.kind == Kind::NoSuchUpload => Ok(Sent::Gone(failure)),
            Err(failure) => Err(failure.into_error("store", self.place)),
        }
    }
}

impl Source {
    pub(super) fn bytes(bytes: Bytes) -> Self {
        Self::Bytes(bytes)
    }

    pub(super) fn file(file: File, name: String, print: Fingerprint) -> Self {
        Self::File {
            file: Arc::new(Mutex::new(file)),
            name,
            print,
        }
    }

    pub(super) fn length(&self) -> u64 {
        self.fingerprint().bytes
    }

    /// The SDK counts in signed numbers.
    fn signed_length(&self) -> i64 {
        self.length().cast_signed()
    }

    pub(super) fn fingerprint(&self) -> Fingerprint {
        match self {
            Self::Bytes(bytes) => Fingerprint::of_bytes(bytes.len() as u64),
            Self::File { print, .. } => *print,
        }
    }

    /// An empty object is one empty part.
    fn parts(&self, part_size: u64) -> i32 {
        i32::try_from(self.length().div_ceil(part_size).max(1)).unwrap_or(i32::MAX)
    }

    /// Offset and length of a part; numbers begin at 1.
    fn part(&self, number: i32, part_size: u64) -> (u64, u64) {
        let before = u64::try_from(number - 1).unwrap_or(0);
        let offset = before.saturating_mul(part_size).min(self.length());
        (offset, part_size.min(self.length() - offset))
    }

    /// Bytes and their SHA-256 in base64.
    async fn read(&self, offset: u64, length: u64) -> Result<(Bytes, String), Error> {
        let source = self.clone();
        let work = move || {
            let bytes = source.slice(offset, length)?;
            let digest = BASE64.encode(Sha256::digest(&bytes));
            Ok((bytes, digest))
        };
        tokio::task::spawn_blocking(work)
            .await
            .unwrap_or_else(|_| Err(broken_off()))
    }

    /// Of all of it, a piece at a time.
    async fn digest(&self) -> Result<String, Error> {
        const PIECE: u64 = 1 << 20;
        let source = self.clone();
        let work = move || {
            let mut digest = Sha256::new();
            for offset in (0..source.length()).step_by(PIECE as usize) {
                digest.update(source.slice(offset, PIECE.min(source.length() - offset))?);
            }
            Ok(BASE64.encode(digest.finalize()))
        };
        tokio::task::spawn_blocking(work)
            .await
            .unwrap_or_else(|_| Err(broken_off()))
    }

    fn slice(&self, offset: u64, length: u64) -> Result<Bytes, Error> {
        match self {
            Self::Bytes(bytes) => {
                let [from, to] = [offset, offset + length]
                    .map(|at| usize::try_from(at).unwrap_or(usize::MAX).min(bytes.len()));
                Ok(bytes.slice(from..to))
            }
            Self::File { file, name, .. } => {
                let mut bytes = vec![0; usize::try_from(length).unwrap_or(usize::MAX)];
                let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
                file.seek(SeekFrom::Start(offset))
                    .and_then(|_| file.read_exact(&mut bytes))
                    .map_err(|source| Error::Io {
                        what: "read",
                        place: name.clone(),
                        source,
                    })?;
                drop(file);
                self.check_unchanged()?;
                Ok(Bytes::from(bytes))
            }
        }
    }

    /// What is sent must be one state of the file.
    fn check_unchanged(&self) -> Result<(), Error> {
        let Self::File { file, name, print } = self else {
            return Ok(());
        };
        let file = file.lock().unwrap_or_else(PoisonError::into_inner);
        match file.metadata() {
            Ok(metadata) if Fingerprint::of(&metadata) == *print => Ok(()),
            Ok(_) => Err(Error::Altered {
                place: name.clone(),
                reason: "the file changed while it was sent".to_owned(),
            }),
            Err(source) => Err(Error::Io {
                what: "read",
                place: name.clone(),
                source,
            }),
        }
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

/// Some servers (moto is one) give the element of a granted completion another name, and the SDK cannot read it.
fn is_other_yes<E>(error: &SdkError<E, HttpResponse>) -> bool {
    error.raw_response().is_some_and(|answer| {
        let text = answer.body().bytes().map(String::from_utf8_lossy);
        answer.status().as_u16() == 200
            && text.is_some_and(|text| {
                let text = text.trim_end();
                text.contains("<CompleteMultipartUpload")
                    && text.contains("</ETag>")
                    && text.ends_with('>')
                    && !text.contains("<Error>")
            })
    })
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
