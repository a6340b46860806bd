//! A store in an S3 bucket, or in a server that speaks S3.
//!
//! Nothing is ever overwritten, and nothing needs more than `s3:PutObject` to be stored. Callers wait like for a disk:
//! the requests run on a small runtime of their own, so that any thread may call, one inside a runtime included.

mod attempt;
mod body;
mod journal;
mod listing;
mod object;
mod options;
mod retention;
mod standing;
mod upload;
mod versions;

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use aws_config::Region;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::{
    RequestChecksumCalculation, ResponseChecksumValidation, StalledStreamProtectionConfig,
};
use bytes::Bytes;
use futures_util::StreamExt as _;
use tokio::sync::{OnceCell, Semaphore};

use super::cache::Cache;
use super::ranges::Ranged;
use super::traffic::{Tally, Traffic};
use super::trust::{Checked, open_file};
use super::worker::Worker;
use super::{Dated, Error, Pace, Progress, Put, Span, check_key};
use crate::aws::{Access, Way};
use body::Meter;
use journal::Journal;
use upload::{Job, Source};

pub use crate::aws::Keys;
pub use options::{Encryption, Options, Retention, RetentionMode};
pub use standing::{Lock, Standing};
pub use versions::Version;

/// Memory for uploads is handed out in units of this size.
const MEMORY_UNIT: u64 = 64 << 10;

/// How many small objects are read at a time: at 30 ms each some 4,000 a second, where a prefix answers 5,500 (source: Amazon
/// S3 guide, performance design patterns).
const AT_ONCE: usize = 128;

/// A bucket and a prefix.
#[derive(Clone)]
pub struct S3 {
    bucket: Arc<Bucket>,
    worker: Arc<Worker>,
}

impl fmt::Debug for S3 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("S3")
            .field("location", &self.location())
            .finish_non_exhaustive()
    }
}

impl S3 {
    /// The store at `s3://bucket/prefix`. Talks to nobody yet.
    ///
    /// # Errors
    /// The location or an option could not be accepted by S3.
    pub fn new(location: &str, options: Options) -> Result<Self, Error> {
        options.check()?;
        let (name, prefix) = parse(location)?;
        let memory = memory_units(&options);
        let worker = Worker::start(2, location)?;
        Ok(Self {
            bucket: Arc::new(Bucket {
                name,
                prefix,
                options,
                client: Arc::default(),
                way: None,
                cache: None,
                tally: Tally::default(),
                memory: Semaphore::new(memory as usize),
                memory_units: memory,
            }),
            worker: Arc::new(worker),
        })
    }

    /// The same bucket, by the same client, at another pace.
    pub(super) fn at_pace(&self, pace: Pace) -> Self {
        let bucket = &self.bucket;
        let options = Options {
            patience: pace.patience,
            silence: pace.silence,
            parallel_parts: pace.parallel_parts.max(1),
            ..bucket.options.clone()
        };
        let memory = memory_units(&options);
        Self {
            bucket: Arc::new(Bucket {
                name: bucket.name.clone(),
                prefix: bucket.prefix.clone(),
                options,
                client: Arc::clone(&bucket.client),
                way: bucket.way.clone(),
                cache: bucket.cache.clone(),
                tally: bucket.tally.clone(),
                memory: Semaphore::new(memory as usize),
                memory_units: memory,
            }),
            worker: Arc::clone(&self.worker),
        }
    }

    /// The same bucket, reached by a way that is settled already.
    pub(super) fn by_way(&self, way: &Way) -> Self {
        let mut other = self.at_pace(Pace {
            patience: self.bucket.options.patience,
            silence: self.bucket.options.silence,
            parallel_parts: self.bucket.options.parallel_parts,
        });
        if let Some(bucket) = Arc::get_mut(&mut other.bucket) {
            bucket.client = Arc::default();
            bucket.way = Some(way.clone());
        }
        other
    }

    /// The same bucket, storing what need not be kept: without retention and legal hold, in the standard class.
    pub(super) fn for_passing_things(&self) -> Self {
        let mut passing = self.at_pace(Pace {
            patience: self.bucket.options.patience,
            silence: self.bucket.options.silence,
            parallel_parts: 1,
        });
        if let Some(bucket) = Arc::get_mut(&mut passing.bucket) {
            bucket.options.retention = None;
            bucket.options.legal_hold = false;
            bucket.options.storage_class = None;
        }
        passing
    }

    /// The same bucket, with what is read from it kept on this machine.
    pub(super) fn caching(&self, cache: Arc<Cache>) -> Self {
        let mut caching = self.at_pace(Pace {
            patience: self.bucket.options.patience,
            silence: self.bucket.options.silence,
            parallel_parts: self.bucket.options.parallel_parts,
        });
        if let Some(bucket) = Arc::get_mut(&mut caching.bucket) {
            bucket.cache = Some(cache);
        }
        caching
    }

    /// Where the bucket is asked, as far as options and environment tell: two services may have buckets of one name.
    pub(super) fn endpoint(&self) -> String {
        let told = self.bucket.options.endpoint_url.clone();
        let names = ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"];
        let of_environment = || names.iter().find_map(|name| std::env::var(name).ok());
        told.or_else(of_environment).unwrap_or_default()
    }

    pub(super) fn traffic(&self) -> Traffic {
        self.bucket.tally.so_far()
    }

    /// `s3://bucket/prefix`.
    pub(super) fn location(&self) -> String {
        format!("s3://{}/{}", self.bucket.name, self.bucket.prefix)
            .trim_end_matches('/')
            .to_owned()
    }

    /// `s3://bucket/prefix/key`.
    pub(super) fn locate(&self, key: &str) -> String {
        self.bucket.place(&self.bucket.object(key))
    }

    pub(super) fn put_file(&self, key: &str, path: &Path, put: Put<'_>) -> Result<(), Error> {
        let io = |source| Error::Io {
            what: "read",
            place: path.display().to_string(),
            source,
        };
        let opened;
        let checked = match put.checked {
            Some(checked) => checked,
            None => {
                opened = open_file(path).and_then(Checked::of).map_err(io)?;
                &opened
            }
        };
        let file = checked.file().map_err(io)?;
        let source = Source::file(file, path.display().to_string(), checked.then());
        self.upload(key, source, put)
    }

    pub(super) fn put(&self, key: &str, bytes: &[u8], put: Put<'_>) -> Result<(), Error> {
        self.upload(key, Source::bytes(Bytes::copy_from_slice(bytes)), put)
    }

    fn upload(&self, key: &str, source: Source, put: Put<'_>) -> Result<(), Error> {
        check_key(key)?;
        let key = self.bucket.object(key);
        let place = self.bucket.place(&key);
        let meter = Arc::new(Meter::default());
        let total = source.length();
        let job = Job {
            journal: Journal::open(put.journal, &place, source.fingerprint()),
            bucket: Arc::clone(&self.bucket),
            tagging: options::tagging(&put.tags),
            meter: Arc::clone(&meter),
            key,
            place,
            source,
        };
        let Some(progress) = put.progress else {
            return self.worker.wait(job.run(), || {});
        };
        let mut tell = || {
            progress(Progress {
                done: meter.bytes(),
                total,
            });
        };
        let result = self.worker.wait(job.run(), &mut tell);
        tell();
        result
    }

    /// Keys by prefix, for each of the spans.
    pub(super) fn list(&self, spans: &[Span]) -> Result<Vec<Vec<Dated>>, Error> {
        let bucket = Arc::clone(&self.bucket);
        let spans = spans.to_vec();
        let work = async move {
            futures_util::future::try_join_all(spans.iter().map(|span| bucket.list(span))).await
        };
        self.worker.wait(work, || {})
    }

    /// Every version of every key of each of the spans.
    pub(super) fn versions(&self, spans: &[Span]) -> Result<Vec<Version>, Error> {
        let bucket = Arc::clone(&self.bucket);
        let spans = spans.to_vec();
        let work = async move {
            let listed = spans.iter().map(|span| bucket.versions(span));
            Ok(futures_util::future::try_join_all(listed).await?.concat())
        };
        self.worker.wait(work, || {})
    }

    /// The folders right below a prefix.
    pub(super) fn folders(&self, prefix: &str) -> Result<Vec<String>, Error> {
        let bucket = Arc::clone(&self.bucket);
        let prefix = prefix.to_owned();
        let work = async move { bucket.folders(&prefix).await };
        self.worker.wait(work, || {})
    }

    pub(super) fn open(&self, key: &str) -> Result<Ranged, Error> {
        check_key(key)?;
        let (bucket, worker) = (Arc::clone(&self.bucket), Arc::clone(&self.worker));
        object::open(bucket, worker, self.bucket.object(key))
    }

    /// Until when each object is kept from being removed, where that is told.
    pub(super) fn retained_until(&self, keys: &[String]) -> Vec<Option<SystemTime>> {
        let bucket = Arc::clone(&self.bucket);
        let keys = keys.to_vec();
        let work = async move {
            let asked = keys.into_iter().map(|key| {
                let bucket = Arc::clone(&bucket);
                async move { bucket.retained_until(&bucket.object(&key)).await }
            });
            let answers = futures_util::stream::iter(asked).buffered(AT_ONCE);
            Ok(answers.collect().await)
        };
        self.worker.wait(work, || {}).unwrap_or_default()
    }

    /// Many small objects, or versions of them, each with its own result.
    pub(super) fn read_many(
        &self,
        keys: Vec<(String, Option<String>)>,
        limit: u64,
    ) -> Result<Vec<Result<Vec<u8>, Error>>, Error> {
        let bucket = Arc::clone(&self.bucket);
        let work = async move {
            // The first one settles credentials and endpoint; without it a hundred would ask for them at once.
            bucket.client().await?;
            let reads = keys.into_iter().enumerate().map(|(at, (key, version))| {
                let bucket = Arc::clone(&bucket);
                async move {
                    let read = async {
                        check_key(&key)?;
                        let object = bucket.object(&key);
                        object::read(bucket, (object, version), limit).await
                    };
                    (at, read.await)
                }
            });
            // In the order in which they come: a slow one keeps no other waiting.
            let results = futures_util::stream::iter(reads).buffer_unordered(AT_ONCE);
            let mut results: Vec<_> = results.collect().await;
            results.sort_unstable_by_key(|(at, _)| *at);
            Ok(results.into_iter().map(|(_, result)| result).collect())
        };
        self.worker.wait(work, || {})
    }
}

/// Opens `s3://bucket/key`, whatever the key: the object may be of another program.
///
/// # Errors
/// The address or an option could not be accepted by S3, there is no such object, or it cannot be read.
pub fn open(address: &str, options: Options, cache: Option<&Arc<Cache>>) -> Result<Ranged, Error> {
    let wrong = |reason| Error::Location {
        location: address.to_owned(),
        reason,
    };
    let rest = address.strip_prefix("s3://").unwrap_or(address);
    let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
    if key.is_empty() || key.len() > 1024 {
        return Err(wrong("the name of an object has 1 to 1024 bytes"));
    }
    let mut store = S3::new(&format!("s3://{bucket}"), options)?;
    if let Some(cache) = cache {
        store = store.caching(Arc::clone(cache));
    }
    object::open(store.bucket, store.worker, key.to_owned())
}

/// Room for as many parts as may be under way.
fn memory_units(options: &Options) -> u32 {
    let memory = (options.part_size * options.parallel_parts as u64).div_ceil(MEMORY_UNIT);
    u32::try_from(memory).unwrap_or(u32::MAX >> 3)
}

/// What every request needs.
struct Bucket {
    name: String,
    /// Empty, or ending in a slash.
    prefix: String,
    options: Options,
    client: Arc<OnceCell<Client>>,
    /// Settled elsewhere; else from the options.
    way: Option<Way>,
    cache: Option<Arc<Cache>>,
    tally: Tally,
    /// Bytes of uploads that may be in memory at a time, whatever the number of callers.
    memory: Semaphore,
    memory_units: u32,
}

impl Bucket {
    fn object(&self, key: &str) -> String {
        format!("{}{key}", self.prefix)
    }

    fn place(&self, object: &str) -> String {
        format!("s3://{}/{object}", self.name)
    }

    /// Settles region, profile and endpoint at the first request.
    async fn client(&self) -> Result<&Client, Error> {
        self.client.get_or_try_init(|| self.connect()).await
    }

    async fn connect(&self) -> Result<Client, Error> {
        let options = &self.options;
        let way = match &self.way {
            Some(way) => way.clone(),
            None => {
                let access = Access {
                    region: options.region.clone(),
                    profile: options.profile.clone(),
                    keys: options.keys.clone(),
                    ask_mfa_code: options.ask_mfa_code.clone(),
                };
                Way::settle(&access).await.map_err(Error::Way)?
            }
        };
        let shared = way.config();
        let is_fixed = options.is_endpoint_fixed;
        let elsewhere = options.endpoint_url.is_some()
            || !is_fixed
                && (shared.endpoint_url().is_some()
                    || std::env::var_os("AWS_ENDPOINT_URL_S3").is_some());
        let mut config = aws_sdk_s3::config::Builder::from(shared)
            // `attempt` retries, and watches for silence.
            .retry_config(RetryConfig::disabled())
            .interceptor(self.tally.clone())
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            // `upload` sends a SHA-256 with every byte; a second checksum would only trouble other servers.
            .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
            .response_checksum_validation(ResponseChecksumValidation::WhenRequired)
            .force_path_style(options.path_style.unwrap_or(elsewhere));
        if let Some(region) = &options.region {
            config = config.region(Region::new(region.clone()));
        } else if shared.region().is_none() {
            if !elsewhere {
                return Err(Error::Setting {
                    name: "region",
                    value: String::new(),
                    reason: "name one with AWS_REGION, or \"region\" in the profile",
                });
            }
            // Other servers have no regions, but a signature names one.
            config = config.region(Region::new("us-east-1"));
        }
        if is_fixed || options.endpoint_url.is_some() {
            // Without one, AWS's own: what environment and profile say of it has come with `shared`.
            config.set_endpoint_url(options.endpoint_url.clone());
        }
        Ok(Client::from_conf(config.build()))
    }
}

/// `s3://bucket/prefix` as bucket and prefix; the prefix ends in a slash unless it is empty.
fn parse(location: &str) -> Result<(String, String), Error> {
    let wrong = |reason| Error::Location {
        location: location.to_owned(),
        reason,
    };
    let rest = location
        .strip_prefix("s3://")
        .ok_or_else(|| wrong("it does not begin with s3://"))?;
    let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-._".contains(&b);
    if !(3..=63).contains(&bucket.len()) || !bucket.bytes().all(plain) {
        return Err(wrong(
            "a bucket's name has 3 to 63 lower case letters, digits, dots and hyphens",
        ));
    }
    let prefix = prefix.trim_end_matches('/');
    if prefix.is_empty() {
        return Ok((bucket.to_owned(), String::new()));
    }
    if check_key(prefix).is_err() || prefix.contains("//") {
        return Err(wrong("the prefix has an empty or a dotted part"));
    }
    if prefix.len() > 512 {
        return Err(wrong("the prefix is longer than 512 bytes"));
    }
    Ok((bucket.to_owned(), format!("{prefix}/")))
}

#[cfg(test)]
mod tests;
