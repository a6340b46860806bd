//! An S3 server with one bucket, for tests and the sandbox: the `s3s` crate reads the wire and checks signatures,
//! and this file keeps the objects.
//!
//! It is strict where S3 is: checksums are compared, `If-None-Match` holds against writes at the same moment, and it
//! refuses every write that could overwrite. Nothing here is fast, and nothing is ever deleted.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use s3s::auth::SimpleAuth;
use s3s::dto::{
    AbortMultipartUploadInput, AbortMultipartUploadOutput, CompleteMultipartUploadInput,
    CompleteMultipartUploadOutput, CreateMultipartUploadInput, CreateMultipartUploadOutput, ETag,
    ETagCondition, GetObjectInput, GetObjectOutput, HeadObjectInput, HeadObjectOutput,
    ListObjectsV2Input, ListObjectsV2Output, Object, PutObjectInput, PutObjectOutput,
    StreamingBlob, UploadPartInput, UploadPartOutput,
};
use s3s::service::S3ServiceBuilder;
use s3s::{Body, S3, S3Request, S3Response, S3Result, s3_error};
use sha2::{Digest, Sha256};
use tokio::net::TcpListener;

/// The access key that the server knows.
pub const ACCESS_KEY: &str = "loopback-key";
/// Its secret.
pub const SECRET_KEY: &str = "loopback-secret";
/// What the server is like.
#[derive(Clone, Debug)]
pub struct Options {
    /// The bucket's name.
    pub name: String,
    /// Where objects are kept as files too, and found again by the next server. `None`: in memory alone.
    pub folder: Option<PathBuf>,
    /// Whoever asks may put objects and nothing else, as operators may.
    pub write_only: bool,
    /// Keys in one page of a listing. S3 gives 1000.
    pub page: usize,
    /// Takes what any S3 takes: writes that could overwrite, and without a SHA-256.
    pub lenient: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            name: "recordings".to_owned(),
            folder: None,
            write_only: false,
            // Few, so that tests turn pages.
            page: 10,
            lenient: false,
        }
    }
}

/// The server. Ends with the process.
pub struct Bucket {
    address: SocketAddr,
    objects: Arc<Objects>,
}

/// An object as it was put.
#[derive(Clone, Debug)]
pub struct Stored {
    /// All of them.
    pub bytes: Bytes,
    /// How often it was created; more than once can only be a fault of the server.
    pub creations: u32,
    /// The `x-amz-…` headers of the request that created it, whole or in parts.
    pub headers: BTreeMap<String, String>,
    etag: String,
    sha256: String,
}

impl Bucket {
    /// Starts on its own thread.
    ///
    /// # Errors
    /// No port could be had, or the folder cannot be read.
    pub fn start(options: Options) -> io::Result<Self> {
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let objects = Arc::new(Objects::open(options)?);
        let mut service = S3ServiceBuilder::new(Shared(Arc::clone(&objects)));
        service.set_auth(SimpleAuth::from_single(ACCESS_KEY, SECRET_KEY));
        let service = service.build();
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()?;
        thread::spawn(move || {
            runtime.block_on(async move {
                let Ok(listener) = TcpListener::from_std(listener) else {
                    return;
                };
                while let Ok((stream, _)) = listener.accept().await {
                    let connection = http1::Builder::new()
                        .serve_connection(TokioIo::new(stream), service.clone());
                    // A client that breaks off is none of the server's business.
                    tokio::spawn(async move { connection.await.ok() });
                }
            });
        });
        Ok(Self { address, objects })
    }

    /// Where clients find it.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Every object by key.
    #[must_use]
    pub fn objects(&self) -> BTreeMap<String, Stored> {
        self.objects.state().objects.clone()
    }

    /// Multipart uploads that were begun and neither completed nor aborted.
    #[must_use]
    pub fn open_uploads(&self) -> usize {
        self.objects.state().uploads.len()
    }

    /// Puts an object as somebody else would.
    pub fn plant(&self, key: &str, bytes: Bytes) {
        let sha256 = digest(&bytes);
        self.objects.create(
            &mut self.objects.state(),
            key,
            bytes,
            sha256,
            BTreeMap::new(),
        );
    }

    /// From now on, whoever asks may not even put.
    pub fn set_denied(&self, denied: bool) {
        self.objects.state().denied = denied;
    }

    /// From now on, whoever asks may only put.
    pub fn set_write_only(&self, write_only: bool) {
        self.objects.state().write_only = write_only;
    }
}

struct Objects {
    name: String,
    page: usize,
    lenient: bool,
    folder: Option<PathBuf>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    write_only: bool,
    denied: bool,
    objects: BTreeMap<String, Stored>,
    uploads: BTreeMap<String, Upload>,
    next_upload: u64,
}

struct Upload {
    key: String,
    headers: BTreeMap<String, String>,
    parts: BTreeMap<i32, (Bytes, String)>,
}

impl Objects {
    fn open(options: Options) -> io::Result<Self> {
        let objects = Self {
            name: options.name,
            page: options.page,
            lenient: options.lenient,
            folder: options.folder,
            state: Mutex::new(State {
                write_only: options.write_only,
                ..State::default()
            }),
        };
        if let Some(folder) = &objects.folder {
            std::fs::create_dir_all(folder)?;
            let mut folders = vec![folder.clone()];
            while let Some(next) = folders.pop() {
                for entry in std::fs::read_dir(next)? {
                    let path = entry?.path();
                    if path.is_dir() {
                        folders.push(path);
                    } else if let Some(key) =
                        path.strip_prefix(folder).ok().and_then(|p| p.to_str())
                    {
                        let key = key.replace('\\', "/");
                        let bytes = Bytes::from(std::fs::read(&path)?);
                        let stored = stored(bytes.clone(), digest(&bytes), BTreeMap::new());
                        objects.state().objects.insert(key, stored);
                    }
                }
            }
        }
        Ok(objects)
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn check(&self, bucket: &str) -> S3Result<()> {
        if bucket == self.name {
            Ok(())
        } else {
            Err(s3_error!(NoSuchBucket, "there is no such bucket"))
        }
    }

    fn may_read(&self) -> S3Result<()> {
        if self.state().write_only {
            Err(s3_error!(AccessDenied, "this key may only put"))
        } else {
            Ok(())
        }
    }

    fn create(
        &self,
        state: &mut State,
        key: &str,
        bytes: Bytes,
        sha256: String,
        headers: BTreeMap<String, String>,
    ) -> Stored {
        if let Some(folder) = &self.folder {
            let path = folder.join(key);
            let written = path
                .parent()
                .map_or(Ok(()), std::fs::create_dir_all)
                .and_then(|()| std::fs::write(&path, &bytes));
            if let Err(error) = written {
                eprintln!("cannot keep {}: {error}", path.display());
            }
        }
        let mut new = stored(bytes, sha256, headers);
        new.creations += state.objects.get(key).map_or(0, |old| old.creations);
        state.objects.insert(key.to_owned(), new.clone());
        new
    }

    fn find(&self, key: &str) -> S3Result<Stored> {
        let state = self.state();
        let found = state.objects.get(key).cloned();
        found.ok_or_else(|| s3_error!(NoSuchKey, "there is no such key"))
    }
}

fn stored(bytes: Bytes, sha256: String, headers: BTreeMap<String, String>) -> Stored {
    Stored {
        etag: digest(&bytes)
            .chars()
            .filter(char::is_ascii_alphanumeric)
            .collect(),
        bytes,
        creations: 1,
        headers,
        sha256,
    }
}

fn digest(bytes: &[u8]) -> String {
    BASE64.encode(Sha256::digest(bytes))
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

/// The trait is foreign and so is `Arc`.
struct Shared(Arc<Objects>);

#[async_trait::async_trait]
impl S3 for Shared {
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
        let stored = self.0.find(&input.key)?;
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

    async fn list_objects_v2(
        &self,
        request: S3Request<ListObjectsV2Input>,
    ) -> S3Result<S3Response<ListObjectsV2Output>> {
        let input = request.input;
        self.0.check(&input.bucket)?;
        self.0.may_read()?;
        let prefix = input.prefix.unwrap_or_default();
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
}
