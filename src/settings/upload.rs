//! `[upload]`: how recordings are stored in S3, and when.
//!
//! Nothing here talks to a bucket; what matters to a directory is none of this file's.

use std::collections::BTreeMap;
use std::time::Duration;

use super::in_force::Values;
use super::origin::{Mistake, Problem};
use super::places::STORE;
use super::spec::{Setting, Spec, Words, choice, duration, switch, tags, text, whole, word};
use crate::aws::{Access, address};
use crate::store::s3::{self, Encryption, Retention, RetentionMode};

static LIVE: Setting<bool> = switch("upload.live").default("false").purpose(
    "Whether small segments are stored while a session runs, so that a lost machine loses \
     seconds and `tail` can follow.",
);

static LIVE_INTERVAL: Setting<Duration> = duration(
    "upload.live_interval",
    Duration::from_secs(1),
    Duration::from_hours(1),
)
.default("5s")
.purpose("How long a live segment waits for more before it is stored.");

pub(crate) static REGION: Setting<String> = text(
    "upload.region",
    |text| {
        !text.is_empty()
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    },
    "the name of a region",
)
.example("eu-central-1")
.purpose("The region of the bucket, when it is not that of the session.");

pub(crate) static ENDPOINT_URL: Setting<String> = text(
    "upload.endpoint_url",
    endpoint_url,
    "http:// or https:// and a host, without a user name",
)
.example("https://s3.example.com")
.purpose("Where an S3-compatible server answers, instead of AWS.");

static PATH_STYLE: Setting<bool> = switch("upload.path_style").example("false").purpose(
    "Whether the bucket is named in the path instead of the host, as many S3-compatible servers \
     want it. Unset: where an endpoint is named.",
);

static EXPECTED_BUCKET_OWNER: Setting<String> = text(
    "upload.expected_bucket_owner",
    |text| text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit()),
    "an account number of 12 digits, in quotes",
)
.example("111122223333")
.purpose("The account that must own the bucket; a bucket of anybody else is refused.");

static SSE: Setting<Encryption> = choice("upload.sse").example("kms").purpose(
    "Server-side encryption: \"s3\" (AES256) or \"kms\" (aws:kms). Unset: as the bucket says.",
);

static KMS_KEY: Setting<String> = text(
    "upload.kms_key",
    |text| !text.is_empty() && !text.contains(char::is_whitespace),
    "a key ARN, key id or alias",
)
.example("arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab")
.purpose("The key for sse = \"kms\". Unset: the account's own key for S3.");

static BUCKET_KEY: Setting<bool> = switch("upload.bucket_key")
    .default("false")
    .purpose("Whether S3 uses a bucket key for sse = \"kms\", which saves calls to KMS.");

static OBJECT_LOCK_MODE: Setting<RetentionMode> = choice("upload.object_lock_mode")
    .example("GOVERNANCE")
    .purpose(
        "The Object Lock mode of a stored recording: \"GOVERNANCE\" or \"COMPLIANCE\". Needs \
     retention_days.",
    );

static RETENTION_DAYS: Setting<u32> = whole("upload.retention_days", 1, 36_500)
    .example("365")
    .purpose("For how many days Object Lock keeps a recording. Needs object_lock_mode.");

static LEGAL_HOLD: Setting<bool> = switch("upload.legal_hold")
    .default("false")
    .purpose("Whether a stored recording is put under legal hold.");

static STORAGE_CLASS: Setting<String> = word("upload.storage_class", || {
    vec![
        "STANDARD",
        "STANDARD_IA",
        "ONEZONE_IA",
        "INTELLIGENT_TIERING",
        "GLACIER_IR",
        "GLACIER",
        "DEEP_ARCHIVE",
        "REDUCED_REDUNDANCY",
        "EXPRESS_ONEZONE",
    ]
})
.example("INTELLIGENT_TIERING")
.purpose("The storage class of recordings, in S3's own words.");

static TAGS: Setting<BTreeMap<String, String>> = tags("upload.tags").default("").purpose(
    "Tags of a stored recording, at most 10. {operator}, {reason}, {target}, {document}, \
     {account}, {region} and {session} stand for the session's.",
);

pub(super) static SPECS: [&Spec; 14] = [
    &LIVE.spec,
    &LIVE_INTERVAL.spec,
    &REGION.spec,
    &ENDPOINT_URL.spec,
    &PATH_STYLE.spec,
    &EXPECTED_BUCKET_OWNER.spec,
    &SSE.spec,
    &KMS_KEY.spec,
    &BUCKET_KEY.spec,
    &OBJECT_LOCK_MODE.spec,
    &RETENTION_DAYS.spec,
    &LEGAL_HOLD.spec,
    &STORAGE_CLASS.spec,
    &TAGS.spec,
];

/// What says where the bucket of a store is. Whoever fixes `store` fixes these with it.
pub(super) static WHERE: [&Spec; 3] = [&REGION.spec, &ENDPOINT_URL.spec, &PATH_STYLE.spec];

/// `[upload]`
#[derive(Clone, Debug)]
pub(crate) struct Upload {
    /// How long a live segment waits for more; `None`: no live segments.
    pub(crate) live: Option<Duration>,
    /// Templates, for [`tags::fill`](super::tags::fill).
    pub(crate) tags: BTreeMap<String, String>,
    /// All that is said of the bucket.
    pub(super) bucket: s3::Options,
}

impl Upload {
    pub(super) fn of(values: &Values) -> Self {
        let retention = |mode| {
            let days = values.given(&RETENTION_DAYS)?;
            Some(Retention { mode, days })
        };
        let encryption = match values.of(&SSE) {
            Encryption::Kms { .. } => Encryption::Kms {
                key_id: values.given(&KMS_KEY),
                bucket_key: values.of(&BUCKET_KEY),
            },
            keyless => keyless,
        };
        Self {
            live: values.given(&LIVE_INTERVAL).filter(|_| values.of(&LIVE)),
            tags: values.of(&TAGS),
            bucket: s3::Options {
                region: values.given(&REGION),
                endpoint_url: values.given(&ENDPOINT_URL),
                is_endpoint_fixed: values.is_fixed(&STORE.spec),
                path_style: values.given(&PATH_STYLE),
                expected_owner: values.given(&EXPECTED_BUCKET_OWNER),
                encryption,
                retention: values.given(&OBJECT_LOCK_MODE).and_then(retention),
                legal_hold: values.of(&LEGAL_HOLD),
                storage_class: values.given(&STORAGE_CLASS),
                ..s3::Options::default()
            },
        }
    }

    /// What is asked of the bucket with each recording.
    pub(crate) fn bucket(&self) -> &s3::Options {
        &self.bucket
    }

    /// The options of the bucket, reached by the person's profile, in its own region or else in that of the session.
    ///
    /// The endpoint of the flags is Systems Manager's and says nothing about S3.
    pub(super) fn options(&self, access: &Access) -> s3::Options {
        let mut options = self.bucket.clone();
        options.region = options.region.or_else(|| access.region.clone());
        options.profile.clone_from(&access.profile);
        options
    }
}

const NEEDS_KMS: &str = "needs upload.sse = \"kms\"";

/// Settings that do not go together, told at the place that set the one that cannot be.
pub(super) fn conflicts(values: &Values) -> impl Iterator<Item = Mistake> {
    let kms = matches!(values.of(&SSE), Encryption::Kms { .. });
    let mode = values.given(&OBJECT_LOCK_MODE).is_some();
    let days = values.given(&RETENTION_DAYS).is_some();
    let broken = [
        (
            values.given(&KMS_KEY).is_some() && !kms,
            &KMS_KEY.spec,
            NEEDS_KMS,
        ),
        (values.of(&BUCKET_KEY) && !kms, &BUCKET_KEY.spec, NEEDS_KMS),
        (
            days && !mode,
            &RETENTION_DAYS.spec,
            "needs upload.object_lock_mode",
        ),
        (
            mode && !days,
            &OBJECT_LOCK_MODE.spec,
            "needs upload.retention_days",
        ),
    ];
    let broken = broken.into_iter().filter(|(broken, ..)| *broken);
    broken.filter_map(|(_, spec, rule)| {
        let name = spec.name.to_owned();
        Some(Mistake {
            place: values.in_force(spec).origin.place()?.clone(),
            problem: Problem::Conflict { name, rule },
        })
    })
}

impl Words for Encryption {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("s3", Self::S3),
        (
            "kms",
            Self::Kms {
                key_id: None,
                bucket_key: false,
            },
        ),
    ];
}

impl Words for RetentionMode {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("GOVERNANCE", Self::Governance),
        ("COMPLIANCE", Self::Compliance),
    ];
}

fn endpoint_url(text: &str) -> bool {
    // A user name in an address would put a secret into a file that is shown.
    address::parse(text)
        .is_ok_and(|url| matches!(url.scheme(), "http" | "https") && address::login(&url).is_none())
}
