//! The calls of S3 that clients of ours make, answered from the objects.
//!
//! Nothing here keeps anything between two calls.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use s3s::dto;
use s3s::dto::{
    AbortMultipartUploadInput, AbortMultipartUploadOutput, CommonPrefix,
    CompleteMultipartUploadInput, CompleteMultipartUploadOutput, CreateMultipartUploadInput,
    CreateMultipartUploadOutput, DeleteMarkerEntry, DeleteObjectInput, DeleteObjectOutput, ETag,
    ETagCondition, GetObjectInput, GetObjectOutput, HeadBucketInput, HeadBucketOutput,
    HeadObjectInput, HeadObjectOutput, ListObjectVersionsInput, ListObjectVersionsOutput,
    ListObjectsV2Input, ListObjectsV2Output, Object, ObjectVersion, PutObjectInput,
    PutObjectOutput, StreamingBlob, Timestamp, TimestampFormat, UploadPartInput, UploadPartOutput,
};
use s3s::{Body, S3, S3Request, S3Response, S3Result, s3_error};
use sha2::{Digest, Sha256};

use super::objects::{Objects, State, Upload, Version, digest};

/// What the bucket answers; the trait is foreign, and so is `Arc`.
pub(super) struct Answers(pub(super) Arc<Objects>);

#[async_trait::async_trait]
impl S3 for Answers {
    async fn put_object(
        &self,
        request: S3Request<PutObjectInput>,
    ) -> S3Result<S3Response<PutObjectOutput>> {
        let headers = amazon(&request.headers);
        let input = request.input;
        self.0.check(&input.bucket)?;
        let (bytes, sha256) = receive(
            input.body,
            input.checksum_sha256.as_ref(),
            input.content_length,
            self.0.lenient,
        )
        .await?;
        let mut state = self.0.state();
        if !self.0.lenient {
            must_be_new(&state, &input.key, input.if_none_match.as_ref())?;
        }
        let stored = self
            .0
            .create(&mut state, &input.key, bytes, sha256, headers);
        Ok(S3Response::new(PutObjectOutput {
            e_tag: Some(ETag::Strong(stored.etag)),
            checksum_sha256: Some(stored.sha256),
            ..PutObjectOutput::default()
        }))
    }

    async fn create_multipart_upload(
        &self,
        request: S3Request<CreateMultipartUploadInput>,
    ) -> S3Result<S3Response<CreateMultipartUploadOutput>> {
        let headers = amazon(&request.headers);
        let input = request.input;
        self.0.check(&input.bucket)?;
        let mut state = self.0.state();
        state.next_upload += 1;
        let id = format!("upload-{}", state.next_upload);
        let upload = Upload {
            key: input.key.clone(),
            headers,
            parts: BTreeMap::new(),
        };
        state.uploads.insert(id.clone(), upload);
        Ok(S3Response::new(CreateMultipartUploadOutput {
            bucket: Some(input.bucket),
            key: Some(input.key),
            upload_id: Some(id),
            ..CreateMultipartUploadOutput::default()
        }))
    }

    async fn upload_part(
        &self,
        request: S3Request<UploadPartInput>,
    ) -> S3Result<S3Response<UploadPartOutput>> {
        let input = request.input;
        self.0.check(&input.bucket)?;
        let (bytes, sha256) = receive(
            input.body,
            input.checksum_sha256.as_ref(),
            input.content_length,
            self.0.lenient,
        )
        .await?;
        let mut state = self.0.state();
        let upload = state.uploads.get_mut(&input.upload_id);
        let Some(upload) = upload.filter(|upload| upload.key == input.key) else {
            return Err(s3_error!(NoSuchUpload, "there is no such upload"));
        };
        upload
            .parts
            .insert(input.part_number, (bytes, sha256.clone()));
        Ok(S3Response::new(UploadPartOutput {
            e_tag: Some(ETag::Strong(format!("part-{}", input.part_number))),
            checksum_sha256: Some(sha256),
            ..UploadPartOutput::default()
        }))
    }

    async fn complete_multipart_upload(
        &self,
        request: S3Request<CompleteMultipartUploadInput>,
    ) -> S3Result<S3Response<CompleteMultipartUploadOutput>> {
        let input = request.input;
        self.0.check(&input.bucket)?;
        let mut state = self.0.state();
        if !self.0.lenient {
            must_be_new(&state, &input.key, input.if_none_match.as_ref())?;
        }
        let wanted = input.multipart_upload.and_then(|list| list.parts);
        let wanted = wanted.unwrap_or_default();
        let Some(upload) = state.uploads.get(&input.upload_id) else {
            return Err(s3_error!(NoSuchUpload, "there is no such upload"));
        };
        let mut bytes = BytesMut::new();
        let mut digests = Sha256::new();
        for (index, part) in wanted.iter().enumerate() {
            let number = part.part_number.unwrap_or_default();
            let found = upload.parts.get(&number);
            let Some((piece, sha256)) = found.filter(|(_, sha256)| {
                self.0.lenient || part.checksum_sha256.as_ref() == Some(sha256)
            }) else {
                return Err(s3_error!(InvalidPart, "no such part"));
            };
            if index + 1 < wanted.len() && piece.len() < 5 << 20 {
                return Err(s3_error!(EntityTooSmall, "a part below 5 MiB"));
            }
            bytes.extend_from_slice(piece);
            digests.update(BASE64.decode(sha256).unwrap_or_default());
        }
        let sha256 = format!("{}-{}", BASE64.encode(digests.finalize()), wanted.len());
        let headers = upload.headers.clone();
        state.uploads.remove(&input.upload_id);
        let stored = self
            .0
            .create(&mut state, &input.key, bytes.freeze(), sha256, headers);
        Ok(S3Response::new(CompleteMultipartUploadOutput {
            bucket: Some(input.bucket),
            key: Some(input.key),
            e_tag: Some(ETag::Strong(stored.etag)),
            checksum_sha256: Some(stored.sha256),
            ..CompleteMultipartUploadOutput::default()
        }))
    }

    async fn abort_multipart_upload(
        &self,
        request: S3Request<AbortMultipartUploadInput>,
    ) -> S3Result<S3Response<AbortMultipartUploadOutput>> {
        self.0.may_read()?;
        self.0.state().uploads.remove(&request.input.upload_id);
        Ok(S3Response::new(AbortMultipartUploadOutput::default()))
    }

    async fn head_object(
        &self,
        request: S3Request<HeadObjectInput>,
    ) -> S3Result<S3Response<HeadObjectOutput>> {
        self.0.check(&request.input.bucket)?;
        self.0.may_read()?;
        let stored = self.0.find(&request.input.key)?;
        Ok(S3Response::new(HeadObjectOutput {
            content_length: Some(stored.bytes.len().cast_signed() as i64),
            e_tag: Some(ETag::Strong(stored.etag)),
            checksum_sha256: Some(stored.sha256),
            object_lock_retain_until_date: retained_until(&stored.headers),
            ..HeadObjectOutput::default()
        }))
    }

    async fn get_object(
        &self,
        request: S3Request<GetObjectInput>,
    ) -> S3Result<S3Response<GetObjectOutput>> {
        let input = request.input;
        self.0.check(&input.bucket)?;
        self.0.may_read()?;
        let stored = self
            .0
            .find_version(&input.key, input.version_id.as_deref())?;
        if let Some(wanted) = input.if_match.as_ref().and_then(ETagCondition::as_etag)
            && wanted.value() != stored.etag
        {
            return Err(s3_error!(PreconditionFailed, "the object changed"));
        }
        let total = stored.bytes.len();
        let (bytes, content_range) = match input.range {
            None => (stored.bytes, None),
            Some(range) => {
                let range = range
                    .check(total as u64)
                    .map_err(|_| s3_error!(InvalidRange, "beyond the end"))?;
                let text = format!("bytes {}-{}/{total}", range.start, range.end - 1);
                let [from, to] = [range.start, range.end]
                    .map(|at| usize::try_from(at).unwrap_or(total).min(total));
                (stored.bytes.slice(from..to), Some(text))
            }
        };
        Ok(S3Response::new(GetObjectOutput {
            content_length: Some(bytes.len().cast_signed() as i64),
            content_range,
            body: Some(StreamingBlob::from(Body::from(bytes))),
            e_tag: Some(ETag::Strong(stored.etag)),
            ..GetObjectOutput::default()
        }))
    }

    async fn head_bucket(
        &self,
        request: S3Request<HeadBucketInput>,
    ) -> S3Result<S3Response<HeadBucketOutput>> {
        self.0.check(&request.input.bucket)?;
        self.0.may_read()?;
        Ok(S3Response::new(HeadBucketOutput::default()))
    }

    async fn delete_object(
        &self,
        request: S3Request<DeleteObjectInput>,
    ) -> S3Result<S3Response<DeleteObjectOutput>> {
        self.0.check(&request.input.bucket)?;
        if !self.0.lenient {
            return Err(s3_error!(AccessDenied, "nothing is deleted here"));
        }
        self.0.remove(&mut self.0.state(), &request.input.key);
        Ok(S3Response::new(DeleteObjectOutput::default()))
    }

    async fn list_object_versions(
        &self,
        request: S3Request<ListObjectVersionsInput>,
    ) -> S3Result<S3Response<ListObjectVersionsOutput>> {
        self.0.check(&request.input.bucket)?;
        self.0.may_read()?;
        if self.0.without_versions {
            return Err(s3_error!(
                AccessDenied,
                "versions are not listed for this key"
            ));
        }
        Ok(S3Response::new(self.0.versions(&request.input)))
    }

    async fn list_objects_v2(
        &self,
        request: S3Request<ListObjectsV2Input>,
    ) -> S3Result<S3Response<ListObjectsV2Output>> {
        let input = request.input;
        self.0.check(&input.bucket)?;
        self.0.may_read()?;
        let prefix = input.prefix.unwrap_or_default();
        if let Some(delimiter) = &input.delimiter {
            return Ok(S3Response::new(self.0.folders(&prefix, delimiter)));
        }
        let after = input
            .continuation_token
            .or(input.start_after)
            .unwrap_or_default();
        let state = self.0.state();
        let mut found = state
            .objects
            .range::<String, _>((std::ops::Bound::Excluded(after), std::ops::Bound::Unbounded))
            .filter(|(key, _)| key.starts_with(&prefix));
        let page: Vec<Object> = found
            .by_ref()
            .take(self.0.page)
            .map(|(key, stored)| Object {
                key: Some(key.clone()),
                size: Some(stored.bytes.len().cast_signed() as i64),
                last_modified: Some(stored.came.into()),
                ..Object::default()
            })
            .collect();
        let more = found.next().is_some();
        Ok(S3Response::new(ListObjectsV2Output {
            name: Some(input.bucket),
            prefix: Some(prefix),
            is_truncated: Some(more),
            next_continuation_token: page.last().filter(|_| more).and_then(|o| o.key.clone()),
            contents: Some(page),
            ..ListObjectsV2Output::default()
        }))
    }

    async fn get_object_lock_configuration(
        &self,
        request: S3Request<dto::GetObjectLockConfigurationInput>,
    ) -> S3Result<S3Response<dto::GetObjectLockConfigurationOutput>> {
        self.0.lock_settings(&request.input.bucket)
    }

    async fn get_bucket_versioning(
        &self,
        request: S3Request<dto::GetBucketVersioningInput>,
    ) -> S3Result<S3Response<dto::GetBucketVersioningOutput>> {
        self.0.version_settings(&request.input.bucket)
    }

    async fn get_bucket_encryption(
        &self,
        request: S3Request<dto::GetBucketEncryptionInput>,
    ) -> S3Result<S3Response<dto::GetBucketEncryptionOutput>> {
        self.0.encryption_settings(&request.input.bucket)
    }
}

impl Objects {
    /// A page of versions: of each key the newest first, marks of removal apart, as S3 has them.
    fn versions(&self, input: &ListObjectVersionsInput) -> ListObjectVersionsOutput {
        let prefix = input.prefix.clone().unwrap_or_default();
        let state = self.state();
        let all = state.versions.iter().flat_map(|(key, of_key)| {
            let of_key = of_key.iter().enumerate();
            of_key.map(move |(index, version)| (key, index == 0, version))
        });
        // All versions of a key that is named without one of them are behind.
        let is_after = |key: &String, met: &mut bool, version: &Version| match (
            input.key_marker.as_ref(),
            input.version_id_marker.as_ref(),
        ) {
            (None, _) => true,
            (Some(after), Some(id)) if key == after => {
                let is_after = *met;
                *met |= version.id == *id;
                is_after
            }
            (Some(after), _) => key > after,
        };
        let mut met = false;
        let mut found = all.filter(|(key, _, version)| {
            is_after(key, &mut met, version) && key.starts_with(&prefix)
        });
        let page: Vec<_> = found.by_ref().take(self.page).collect();
        let more = found.next().is_some();
        let last = page.last().filter(|_| more);
        let mut output = ListObjectVersionsOutput {
            is_truncated: Some(more),
            next_key_marker: last.map(|(key, _, _)| (*key).clone()),
            next_version_id_marker: last.map(|(_, _, version)| version.id.clone()),
            ..ListObjectVersionsOutput::default()
        };
        for (key, is_latest, version) in page {
            let (key, id) = (Some(key.clone()), Some(version.id.clone()));
            let (is_latest, came) = (Some(is_latest), Some(version.came.into()));
            match &version.stored {
                Some(stored) => output.versions.get_or_insert_default().push(ObjectVersion {
                    key,
                    version_id: id,
                    is_latest,
                    last_modified: came,
                    e_tag: Some(ETag::Strong(stored.etag.clone())),
                    ..ObjectVersion::default()
                }),
                None => output
                    .delete_markers
                    .get_or_insert_default()
                    .push(DeleteMarkerEntry {
                        key,
                        version_id: id,
                        is_latest,
                        last_modified: came,
                        ..DeleteMarkerEntry::default()
                    }),
            }
        }
        output
    }

    /// What lies right below a prefix, folders and objects apart, on one page.
    fn folders(&self, prefix: &str, delimiter: &str) -> ListObjectsV2Output {
        let state = self.state();
        let mut folders = BTreeSet::new();
        let mut contents = Vec::new();
        for (key, stored) in &state.objects {
            let Some(rest) = key.strip_prefix(prefix) else {
                continue;
            };
            match rest.split_once(delimiter) {
                Some((folder, _)) => {
                    folders.insert(format!("{prefix}{folder}{delimiter}"));
                }
                None => contents.push(Object {
                    key: Some(key.clone()),
                    size: Some(stored.bytes.len().cast_signed() as i64),
                    ..Object::default()
                }),
            }
        }
        let common = folders.into_iter().map(|prefix| CommonPrefix {
            prefix: Some(prefix),
        });
        ListObjectsV2Output {
            prefix: Some(prefix.to_owned()),
            is_truncated: Some(false),
            contents: Some(contents),
            common_prefixes: Some(common.collect()),
            ..ListObjectsV2Output::default()
        }
    }
}

/// The body, and its checksum as the client must have named it.
async fn receive(
    body: Option<StreamingBlob>,
    named: Option<&String>,
    length: Option<i64>,
    lenient: bool,
) -> S3Result<(Bytes, String)> {
    let mut bytes = BytesMut::new();
    if let Some(mut body) = body {
        while let Some(piece) = body.next().await {
            let piece = piece.map_err(|_| s3_error!(IncompleteBody, "the body broke off"))?;
            bytes.extend_from_slice(&piece);
        }
    }
    if length.is_some_and(|length| length != bytes.len().cast_signed() as i64) {
        return Err(s3_error!(IncompleteBody, "the body broke off"));
    }
    let digest = digest(&bytes);
    match named {
        Some(named) if *named == digest => Ok((bytes.freeze(), digest)),
        Some(_) => Err(s3_error!(BadDigest, "the SHA-256 does not match")),
        None if lenient => Ok((bytes.freeze(), digest)),
        None => Err(s3_error!(InvalidRequest, "a SHA-256 is wanted here")),
    }
}

fn amazon(headers: &hyper::HeaderMap) -> BTreeMap<String, String> {
    headers
        .iter()
        .filter(|(name, _)| name.as_str().starts_with("x-amz-"))
        .map(|(name, value)| {
            (
                name.to_string(),
                String::from_utf8_lossy(value.as_bytes()).into_owned(),
            )
        })
        .collect()
}

/// Only writes that overwrite nothing are let in, as the bucket policy in `examples/aws` has it.
fn must_be_new(state: &State, key: &str, condition: Option<&ETagCondition>) -> S3Result<()> {
    if state.denied {
        return Err(s3_error!(AccessDenied, "this key may do nothing"));
    }
    if !condition.is_some_and(ETagCondition::is_any) {
        return Err(s3_error!(AccessDenied, "If-None-Match: * is wanted here"));
    }
    if state.objects.contains_key(key) {
        return Err(s3_error!(PreconditionFailed, "the object exists"));
    }
    Ok(())
}

/// Until when an object is kept, as the request said that created it.
fn retained_until(headers: &BTreeMap<String, String>) -> Option<Timestamp> {
    let until = headers.get("x-amz-object-lock-retain-until-date")?;
    Timestamp::parse(TimestampFormat::DateTime, until).ok()
}
