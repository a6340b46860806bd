//! What is in force for a command: every setting with its meaning, and where it came from.
//!
//! Nothing here reads a recording or talks to a service. The command that shows settings is `config`.

mod bucket;
mod error;
mod file;
pub(crate) mod key;
pub(crate) mod layers;
mod origin;
mod quantity;
mod reading;
pub(crate) mod reason;
pub(crate) mod table;
pub(crate) mod tags;
#[cfg(test)]
mod tests;
pub(crate) mod value;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use formats::sealed::Seal;
use regex::Regex;

pub(crate) use error::Error;
pub(crate) use file::Role;
pub(crate) use key::Key;
pub(crate) use layers::{Flags, Layers, Purpose, REASON, Sources};
pub(crate) use origin::{Mistake, Origin, Place, Problem};
pub(crate) use reason::ReasonRule;

use crate::aws::Access;
use crate::recorder::{self, Input, Sync};
use crate::service::DEFAULT_DOCUMENT;
use crate::store::Store;
use value::Value;

/// Everything in force.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// A directory or `s3://bucket/prefix`; `None` where nothing says so and there is no home.
    pub(crate) store: Option<String>,
    /// Where a recording grows, and stays until the store has it; `None` as for the store.
    pub(crate) spool: Option<PathBuf>,
    pub(crate) record: Record,
    pub(crate) session: Session,
    pub(crate) upload: Upload,
    pub(crate) play: Play,
    pub(crate) review: Review,
    pub(crate) policy: Policy,
}

/// `[record]`
#[derive(Clone, Debug)]
pub(crate) struct Record {
    pub(crate) input: Input,
    /// The bytes of port sessions too.
    pub(crate) payload: bool,
    pub(crate) sync: Sync,
    pub(crate) on_failure: OnFailure,
    /// Age recipients, SSH public keys and paths of files with them.
    pub(crate) encrypt_to: Vec<String>,
    pub(crate) sign_key: Option<SignKey>,
    /// 1 to 19.
    pub(crate) level: i32,
}

impl Record {
    /// What the recorder has to know.
    pub(crate) fn options(&self, seal: Option<Seal>) -> recorder::Options {
        recorder::Options {
            input: self.input,
            sync: self.sync,
            level: self.level,
            seal,
        }
    }
}

/// What happens when a recording cannot be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OnFailure {
    End,
    Warn,
}

/// What signs a recording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SignKey {
    /// An SSH private key.
    File(PathBuf),
    /// The running ssh-agent, and the fingerprint of the key where one is named.
    Agent(Option<String>),
    /// A key in KMS: ARN, id or alias.
    Kms(String),
}

/// `[session]`
#[derive(Clone, Debug)]
pub(crate) struct Session {
    /// `None`: no local commands.
    pub(crate) escape: Option<u8>,
    pub(crate) banner: Option<Banner>,
    pub(crate) reconnect_limit: Duration,
    pub(crate) ping_interval: Duration,
}

/// What the operator is told before a session starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Banner {
    /// One or more lines.
    pub(crate) text: String,
    /// The policy says so.
    pub(crate) fixed: bool,
}

/// `[upload]`
#[derive(Clone, Debug)]
pub(crate) struct Upload {
    /// How long a live segment waits for more; `None`: no live segments.
    pub(crate) live: Option<Duration>,
    pub(crate) region: Option<String>,
    pub(crate) endpoint_url: Option<String>,
    /// `None`: nobody has said; then wherever an endpoint is named.
    pub(crate) path_style: Option<bool>,
    pub(crate) expected_bucket_owner: Option<String>,
    pub(crate) encryption: Encryption,
    /// Mode and days.
    pub(crate) object_lock: Option<(ObjectLockMode, u32)>,
    pub(crate) legal_hold: bool,
    /// In S3's own words.
    pub(crate) storage_class: Option<String>,
    /// Templates, for [`tags::fill`].
    pub(crate) tags: BTreeMap<String, String>,
}

/// How the server encrypts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Encryption {
    /// As the bucket says.
    Bucket,
    /// SSE-S3.
    S3,
    /// SSE-KMS.
    Kms {
        /// `None`: the account's own key for S3.
        key: Option<String>,
        bucket_key: bool,
    },
}

/// Who may shorten a retention.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ObjectLockMode {
    Governance,
    Compliance,
}

/// `[play]`
#[derive(Clone, Debug)]
pub(crate) struct Play {
    pub(crate) speed: f64,
    pub(crate) idle_time_limit: Option<Duration>,
}

/// `[review]`
#[derive(Clone, Debug)]
pub(crate) struct Review {
    pub(crate) allowed_signers: Option<PathBuf>,
    /// Files of age identities and SSH private keys.
    pub(crate) identity: Vec<PathBuf>,
    /// In bytes.
    pub(crate) cache_size: u64,
}

/// The rules that only an organisation can make.
#[derive(Clone, Debug)]
pub(crate) struct Policy {
    pub(crate) reason: ReasonRule,
    /// `None`: any document.
    documents: Option<Vec<String>>,
}

impl Policy {
    /// Whether a session may use this document; `None` is the account's default shell.
    pub(crate) fn allows_document(&self, document: Option<&str>) -> bool {
        let document = document.unwrap_or(DEFAULT_DOCUMENT);
        self.documents.as_ref().is_none_or(|allowed| {
            allowed
                .iter()
                .any(|allowed| match allowed.strip_suffix('*') {
                    Some(start) => document.starts_with(start),
                    None => document == allowed,
                })
        })
    }
}

impl Settings {
    /// What is in force for a command that records.
    ///
    /// # Errors
    /// Something is wrong with a file, a variable or a flag; the first mistake is told, with its place.
    pub(crate) fn load(flags: &Flags) -> Result<Self, Error> {
        Self::from_sources(&Sources::here(), flags, Purpose::Record)
    }

    /// What is in force for a command that only reads recordings, perhaps from another store than the policy's.
    ///
    /// # Errors
    /// As [`Settings::load`].
    pub(crate) fn load_to_read(flags: &Flags) -> Result<Self, Error> {
        Self::from_sources(&Sources::here(), flags, Purpose::Read)
    }

    pub(crate) fn from_sources(
        sources: &Sources,
        flags: &Flags,
        purpose: Purpose,
    ) -> Result<Self, Error> {
        let layers = Layers::read(sources, flags, purpose);
        let mut mistakes = layers.mistakes.clone();
        mistakes.extend(conflicts(&layers));
        let more = mistakes.len().saturating_sub(1);
        match mistakes.into_iter().next() {
            Some(first) => Err(Error::Mistaken { first, more }),
            None => Ok(Self::of(&layers)),
        }
    }

    /// The places where recordings are, reached as the environment says.
    ///
    /// # Errors
    /// There is no home for them, or the store's location has a form that no store understands.
    pub(crate) fn places(&self) -> Result<Places, Error> {
        self.places_for(&Access::default())
    }

    /// The places where recordings are, reached with the profile and the region of `access`.
    ///
    /// # Errors
    /// As [`Settings::places`].
    pub(crate) fn places_for(&self, access: &Access) -> Result<Places, Error> {
        let (Some(store), Some(spool)) = (&self.store, &self.spool) else {
            return Err(Error::NoHome);
        };
        let store = Store::with(store, self.upload.options(access))?;
        Ok(Places {
            store,
            spool: spool.clone(),
        })
    }

    /// Gives every value its meaning. The layers are free of mistakes.
    fn of(layers: &Layers) -> Self {
        let values = Values(layers);
        Self {
            store: values.text(Key::Store),
            spool: values.text(Key::Spool).map(PathBuf::from),
            record: Record {
                input: values.choice(Key::RecordInput, [Input::Off, Input::Echoed, Input::All]),
                payload: values.switch(Key::RecordPayload),
                sync: values.choice(Key::RecordFsync, [Sync::Flush, Sync::End]),
                on_failure: values.choice(Key::RecordOnFailure, [OnFailure::End, OnFailure::Warn]),
                encrypt_to: values.list(Key::RecordEncryptTo).unwrap_or_default(),
                sign_key: values.text(Key::RecordSignKey).map(SignKey::from),
                level: values
                    .whole(Key::RecordLevel)
                    .and_then(|level| level.try_into().ok())
                    .unwrap_or(3),
            },
            session: Session {
                escape: values
                    .text(Key::SessionEscape)
                    .and_then(|text| escape_character(&text)),
                banner: values.text(Key::SessionBanner).map(|text| Banner {
                    text,
                    fixed: matches!(
                        layers.in_force(Key::SessionBanner).origin,
                        Origin::Policy(_)
                    ),
                }),
                reconnect_limit: values
                    .duration(Key::SessionReconnectLimit)
                    .unwrap_or_default(),
                ping_interval: values
                    .duration(Key::SessionPingInterval)
                    .unwrap_or(Duration::from_secs(10)),
            },
            upload: Upload {
                live: values
                    .duration(Key::UploadLiveInterval)
                    .filter(|_| values.switch(Key::UploadLive)),
                region: values.text(Key::UploadRegion),
                endpoint_url: values.text(Key::UploadEndpointUrl),
                path_style: match values.of(Key::UploadPathStyle) {
                    Some(Value::Switch(on)) => Some(*on),
                    _ => None,
                },
                expected_bucket_owner: values.text(Key::UploadExpectedBucketOwner),
                encryption: match values.text(Key::UploadSse).as_deref() {
                    None => Encryption::Bucket,
                    Some("kms") => Encryption::Kms {
                        key: values.text(Key::UploadKmsKey),
                        bucket_key: values.switch(Key::UploadBucketKey),
                    },
                    Some(_) => Encryption::S3,
                },
                object_lock: values.text(Key::UploadObjectLockMode).and_then(|_| {
                    let modes = [ObjectLockMode::Governance, ObjectLockMode::Compliance];
                    let days = values.whole(Key::UploadRetentionDays)?.try_into().ok()?;
                    Some((values.choice(Key::UploadObjectLockMode, modes), days))
                }),
                legal_hold: values.switch(Key::UploadLegalHold),
                storage_class: values.text(Key::UploadStorageClass),
                tags: match values.of(Key::UploadTags) {
                    Some(Value::Tags(tags)) => tags.clone(),
                    _ => BTreeMap::new(),
                },
            },
            play: Play {
                speed: match values.of(Key::PlaySpeed) {
                    Some(Value::Number(speed)) => *speed,
                    _ => 1.0,
                },
                idle_time_limit: values.duration(Key::PlayIdleTimeLimit),
            },
            review: Review {
                allowed_signers: values.text(Key::ReviewAllowedSigners).map(PathBuf::from),
                identity: values
                    .list(Key::ReviewIdentity)
                    .unwrap_or_default()
                    .into_iter()
                    .map(PathBuf::from)
                    .collect(),
                cache_size: match values.of(Key::ReviewCacheSize) {
                    Some(Value::Size(bytes)) => *bytes,
                    _ => 0,
                },
            },
            policy: Policy {
                reason: ReasonRule {
                    required: values.switch(Key::PolicyReasonRequired),
                    pattern: values
                        .text(Key::PolicyReasonPattern)
                        .and_then(|pattern| Regex::new(&pattern).ok()),
                    hint: values.text(Key::PolicyReasonHint),
                },
                documents: values.list(Key::PolicyDocuments),
            },
        }
    }
}

impl From<String> for SignKey {
    fn from(text: String) -> Self {
        match text.strip_prefix("kms:") {
            Some(key) => Self::Kms(key.to_owned()),
            None if text == "agent" => Self::Agent(None),
            None => match text.strip_prefix("agent:") {
                Some(fingerprint) => Self::Agent(Some(fingerprint.to_owned())),
                None => Self::File(text.into()),
            },
        }
    }
}

/// `None` for "none"; `^]` is Ctrl-].
fn escape_character(text: &str) -> Option<u8> {
    match text.as_bytes() {
        [character] => Some(*character),
        [b'^', letter] => Some(letter & 0x1f),
        _ => None,
    }
}

/// Settings that do not go together, told at the place that set the one that cannot be.
pub(crate) fn conflicts(layers: &Layers) -> Vec<Mistake> {
    let values = Values(layers);
    let kms = values.text(Key::UploadSse).as_deref() == Some("kms");
    let mode = values.of(Key::UploadObjectLockMode).is_some();
    let days = values.of(Key::UploadRetentionDays).is_some();
    [
        (
            Key::UploadKmsKey,
            values.of(Key::UploadKmsKey).is_some() && !kms,
            "needs upload.sse = \"kms\"",
        ),
        (
            Key::UploadBucketKey,
            values.switch(Key::UploadBucketKey) && !kms,
            "needs upload.sse = \"kms\"",
        ),
        (
            Key::UploadRetentionDays,
            days && !mode,
            "needs upload.object_lock_mode",
        ),
        (
            Key::UploadObjectLockMode,
            mode && !days,
            "needs upload.retention_days",
        ),
    ]
    .into_iter()
    .filter(|(_, conflict, _)| *conflict)
    .filter_map(|(key, _, rule)| match &layers.in_force(key).origin {
        Origin::Set(place) | Origin::Policy(place) => Some(Mistake {
            place: place.clone(),
            problem: Problem::Conflict {
                name: key.name().to_owned(),
                rule,
            },
        }),
        Origin::Default => None,
    })
    .collect()
}

/// Values by key, each read as what its kind makes it.
struct Values<'a>(&'a Layers);

impl<'a> Values<'a> {
    fn of(&self, key: Key) -> Option<&'a Value> {
        self.0.in_force(key).value.as_ref()
    }

    fn text(&self, key: Key) -> Option<String> {
        match self.of(key) {
            Some(Value::Text(text)) => Some(text.clone()),
            _ => None,
        }
    }

    fn switch(&self, key: Key) -> bool {
        matches!(self.of(key), Some(Value::Switch(true)))
    }

    fn whole(&self, key: Key) -> Option<u64> {
        match self.of(key) {
            Some(Value::Whole(number)) => Some(*number),
            _ => None,
        }
    }

    fn duration(&self, key: Key) -> Option<Duration> {
        match self.of(key) {
            Some(Value::Duration(duration)) => Some(*duration),
            _ => None,
        }
    }

    fn list(&self, key: Key) -> Option<Vec<String>> {
        match self.of(key) {
            Some(Value::List(list)) => Some(list.clone()),
            _ => None,
        }
    }

    /// The meaning that stands where the word stands in the table; the first is the default.
    fn choice<T: Copy, const N: usize>(&self, key: Key, meanings: [T; N]) -> T {
        let value::Kind::Choice(words) = key.spec().kind else {
            return meanings[0];
        };
        let chosen = self.text(key);
        let position = words
            .iter()
            .position(|word| Some(*word) == chosen.as_deref());
        position
            .and_then(|position| meanings.get(position))
            .copied()
            .unwrap_or(meanings[0])
    }
}

/// The places in force.
#[derive(Clone, Debug)]
pub(crate) struct Places {
    /// Where finished recordings are kept.
    pub(crate) store: Store,
    /// Where a recording grows, and stays until the store has it.
    pub(crate) spool: PathBuf,
}
