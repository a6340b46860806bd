//! A large object on its way in parts: begun, taken up again after a crash, completed, or begun anew when it was lost.
//!
//! Nothing here decides whether an object goes in parts.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::SdkError;
use aws_sdk_s3::types::{
    ChecksumAlgorithm, ChecksumType, CompletedMultipartUpload, CompletedPart,
    ObjectLockLegalHoldStatus, StorageClass,
};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use sha2::{Digest, Sha256};
use tokio::task::JoinSet;

use super::{Job, Source, encryption, kept_as, memory, same_digest};
use crate::store::Error;
use crate::store::s3::Bucket;
use crate::store::s3::attempt::{Failure, Kind, lively, persist};
use crate::store::s3::body::{Meter, body};
use crate::store::s3::journal::{Part, Upload};
use crate::store::worker::broken_off;

/// Uploads that vanish or collide are begun anew this often.
const MAX_UPLOADS: usize = 5;
/// Between two of them.
const NEW_UPLOAD_WAIT: Duration = Duration::from_secs(1);
/// The number of the empty part that asks whether an upload still exists; never one of a file's own.
const ASKING_PART: i32 = 10_000;

impl Job {
    pub(super) async fn in_parts(&mut self) -> Result<(), Error> {
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

    /// Whether a multipart upload of ours has ended.
    pub(super) async fn is_gone(&self, id: &str) -> Result<bool, Error> {
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
