//! The table of settings: name, kind of value, default, and what it is for. Everything else is read off this table.
//!
//! Nothing here knows where a value comes from.

use std::time::Duration;

use super::key::Key;
use super::value::{Form, Kind};

/// What there is to know about a setting.
#[derive(Debug)]
pub(crate) struct Spec {
    pub(crate) key: Key,
    /// As it stands in a file, sections before dots.
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    /// As a person would write it in the environment; `None`: unset, or from where the person's folders are.
    pub(crate) default: Option<&'static str>,
    /// A value to show where there is no default.
    pub(crate) example: &'static str,
    /// What it is for, as whole sentences.
    pub(crate) purpose: &'static str,
}

const YEAR: Duration = Duration::from_secs(365 * 86_400);

/// In the order in which they are shown. The entry of a key stands at the key's own position.
pub(crate) static SPECS: [Spec; 36] = [
    Spec {
        key: Key::Store,
        name: "store",
        kind: Kind::Path {
            form: store_form,
            expected: "a directory (absolute, or ~/…) or s3://bucket/prefix",
        },
        default: None,
        example: "s3://example-recordings/team-a",
        purpose: "Where finished recordings are kept: a directory, or s3://bucket/prefix.",
    },
    Spec {
        key: Key::Spool,
        name: "spool",
        kind: Kind::Path {
            form: |_| Form::Path,
            expected: "a directory (absolute, or ~/…)",
        },
        default: None,
        example: "~/.local/share/ssm-rec/spool",
        purpose: "Where a recording grows, and stays until the store has confirmed it. A directory on this machine.",
    },
    Spec {
        key: Key::RecordInput,
        name: "record.input",
        kind: Kind::Choice(&["off", "echoed", "all"]),
        default: Some("off"),
        example: "off",
        purpose: "Which keys are recorded: \"off\", \"echoed\" (what the remote did not echo, a password, is masked), or \"all\".",
    },
    Spec {
        key: Key::RecordPayload,
        name: "record.payload",
        kind: Kind::Switch,
        default: Some("false"),
        example: "false",
        purpose: "Whether the bytes of port and SSH sessions are recorded too, not only their lengths.",
    },
    Spec {
        key: Key::RecordFsync,
        name: "record.fsync",
        kind: Kind::Choice(&["flush", "end"]),
        default: Some("flush"),
        example: "flush",
        purpose: "When the recording is forced to the disk: at every \"flush\" (a power cut costs at most the last second), or at the \"end\".",
    },
    Spec {
        key: Key::RecordOnFailure,
        name: "record.on_failure",
        kind: Kind::Choice(&["end", "warn"]),
        default: Some("end"),
        example: "end",
        purpose: "What happens when the recording cannot be written: \"end\" the session at once, or \"warn\" and go on unrecorded.",
    },
    Spec {
        key: Key::RecordEncryptTo,
        name: "record.encrypt_to",
        kind: Kind::List {
            form: recipient,
            expected: "a list of age recipients (age1…), SSH public keys (ssh-ed25519 …, ssh-rsa …) or paths of files with them",
        },
        default: Some(""),
        example: "",
        purpose: "Who can read the recording: age recipients, SSH public keys, or paths of files that name some. The manifest stays readable. Empty: whoever can read the store.",
    },
    Spec {
        key: Key::RecordSignKey,
        name: "record.sign_key",
        kind: Kind::Path {
            form: sign_key_form,
            expected: "the path of an SSH key, \"agent\", \"agent:SHA256:…\", or \"kms:\" and a key ARN",
        },
        default: None,
        example: "agent",
        purpose: "What signs a recording: the path of an SSH private key (or of the public half of one that the ssh-agent holds), \"agent\" for the only key of the ssh-agent or \"agent:SHA256:…\" for one of several, or \"kms:\" and the ARN of an asymmetric key. Unset: unsigned.",
    },
    Spec {
        key: Key::RecordLevel,
        name: "record.level",
        kind: Kind::Whole { least: 1, most: 19 },
        default: Some("3"),
        example: "3",
        purpose: "The level of compression of bulk output, 1 to 19. What a person types is compressed at 9 at least.",
    },
    Spec {
        key: Key::SessionEscape,
        name: "session.escape",
        kind: Kind::Text {
            form: |text| {
                text == "none"
                    || (text.len() == 1 && text.bytes().all(|byte| byte.is_ascii_punctuation()))
                    || matches!(text.as_bytes(), [b'^', b'@'..=b'_' | b'a'..=b'z'])
            },
            expected: "one ASCII punctuation character, ^ and a letter for a control character, or \"none\"",
            lines: false,
        },
        default: Some("~"),
        example: "~",
        purpose: "The character that starts a local command at the start of a line (~. ends, ~? lists), or \"none\".",
    },
    Spec {
        key: Key::SessionBanner,
        name: "session.banner",
        kind: Kind::Text {
            form: |_| true,
            expected: "a text",
            lines: true,
        },
        default: None,
        example: "This session is recorded.",
        purpose: "What the operator is told before a session starts.",
    },
    Spec {
        key: Key::SessionReconnectLimit,
        name: "session.reconnect_limit",
        kind: Kind::Duration {
            least: Duration::ZERO,
            most: Duration::from_secs(86_400),
        },
        default: Some("20m"),
        example: "20m",
        purpose: "How long a lost connection is tried again before the session is given up. (The service keeps an idle session for 20 minutes, unless told otherwise.)",
    },
    Spec {
        key: Key::SessionPingInterval,
        name: "session.ping_interval",
        kind: Kind::Duration {
            least: Duration::from_secs(1),
            most: Duration::from_secs(600),
        },
        default: Some("10s"),
        example: "10s",
        purpose: "How long a connection may be silent before it is tested with a ping. Without an answer within as long again (at least 5 s, at most 15 s) it counts as dead.",
    },
    Spec {
        key: Key::UploadLive,
        name: "upload.live",
        kind: Kind::Switch,
        default: Some("false"),
        example: "false",
        purpose: "Whether small segments are stored while a session runs, so that a lost machine loses seconds and `tail` can follow.",
    },
    Spec {
        key: Key::UploadLiveInterval,
        name: "upload.live_interval",
        kind: Kind::Duration {
            least: Duration::from_secs(1),
            most: Duration::from_secs(3600),
        },
        default: Some("5s"),
        example: "5s",
        purpose: "How long a live segment waits for more before it is stored.",
    },
    Spec {
        key: Key::UploadRegion,
        name: "upload.region",
        kind: Kind::Text {
            form: |text| {
                !text.is_empty()
                    && text
                        .bytes()
                        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            },
            expected: "the name of a region",
            lines: false,
        },
        default: None,
        example: "eu-central-1",
        purpose: "The region of the bucket, when it is not that of the session.",
    },
    Spec {
        key: Key::UploadEndpointUrl,
        name: "upload.endpoint_url",
        kind: Kind::Text {
            form: endpoint_url,
            expected: "http:// or https:// and a host, without a user name",
            lines: false,
        },
        default: None,
        example: "https://s3.example.com",
        purpose: "Where an S3-compatible server answers, instead of AWS.",
    },
    Spec {
        key: Key::UploadPathStyle,
        name: "upload.path_style",
        kind: Kind::Switch,
        default: None,
        example: "false",
        purpose: "Whether the bucket is named in the path instead of the host, as many S3-compatible servers want it. Unset: where an endpoint is named.",
    },
    Spec {
        key: Key::UploadExpectedBucketOwner,
        name: "upload.expected_bucket_owner",
        kind: Kind::Text {
            form: |text| text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit()),
            expected: "an account number of 12 digits, in quotes",
            lines: false,
        },
        default: None,
        example: "111122223333",
        purpose: "The account that must own the bucket; a bucket of anybody else is refused.",
    },
    Spec {
        key: Key::UploadSse,
        name: "upload.sse",
        kind: Kind::Choice(&["s3", "kms"]),
        default: None,
        example: "kms",
        purpose: "Server-side encryption: \"s3\" (AES256) or \"kms\" (aws:kms). Unset: as the bucket says.",
    },
    Spec {
        key: Key::UploadKmsKey,
        name: "upload.kms_key",
        kind: Kind::Text {
            form: |text| !text.is_empty() && !text.contains(char::is_whitespace),
            expected: "a key ARN, key id or alias",
            lines: false,
        },
        default: None,
        example: "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
        purpose: "The key for sse = \"kms\". Unset: the account's own key for S3.",
    },
    Spec {
        key: Key::UploadBucketKey,
        name: "upload.bucket_key",
        kind: Kind::Switch,
        default: Some("false"),
        example: "false",
        purpose: "Whether S3 uses a bucket key for sse = \"kms\", which saves calls to KMS.",
    },
    Spec {
        key: Key::UploadObjectLockMode,
        name: "upload.object_lock_mode",
        kind: Kind::Choice(&["GOVERNANCE", "COMPLIANCE"]),
        default: None,
        example: "GOVERNANCE",
        purpose: "The Object Lock mode of a stored recording: \"GOVERNANCE\" or \"COMPLIANCE\". Needs retention_days.",
    },
    Spec {
        key: Key::UploadRetentionDays,
        name: "upload.retention_days",
        kind: Kind::Whole {
            least: 1,
            most: 36_500,
        },
        default: None,
        example: "365",
        purpose: "For how many days Object Lock keeps a recording. Needs object_lock_mode.",
    },
    Spec {
        key: Key::UploadLegalHold,
        name: "upload.legal_hold",
        kind: Kind::Switch,
        default: Some("false"),
        example: "false",
        purpose: "Whether a stored recording is put under legal hold.",
    },
    Spec {
        key: Key::UploadStorageClass,
        name: "upload.storage_class",
        kind: Kind::Choice(&[
            "STANDARD",
            "STANDARD_IA",
            "ONEZONE_IA",
            "INTELLIGENT_TIERING",
            "GLACIER_IR",
            "GLACIER",
            "DEEP_ARCHIVE",
            "REDUCED_REDUNDANCY",
            "EXPRESS_ONEZONE",
        ]),
        default: None,
        example: "INTELLIGENT_TIERING",
        purpose: "The storage class of recordings, in S3's own words.",
    },
    Spec {
        key: Key::UploadTags,
        name: "upload.tags",
        kind: Kind::Tags,
        default: Some(""),
        example: "operator={operator},reason={reason}",
        purpose: "Tags of a stored recording, at most 10. {operator}, {reason}, {target}, {document}, {account}, {region} and {session} stand for the session's.",
    },
    Spec {
        key: Key::PlaySpeed,
        name: "play.speed",
        kind: Kind::Number {
            least: 0.001,
            most: 1000.0,
        },
        default: Some("1.0"),
        example: "1.0",
        purpose: "How fast recordings are played.",
    },
    Spec {
        key: Key::PlayIdleTimeLimit,
        name: "play.idle_time_limit",
        kind: Kind::Duration {
            least: Duration::from_millis(1),
            most: YEAR,
        },
        default: None,
        example: "2s",
        purpose: "The longest pause that playing keeps. Unset: pauses are played as they were.",
    },
    Spec {
        key: Key::ReviewAllowedSigners,
        name: "review.allowed_signers",
        kind: Kind::Path {
            form: |_| Form::Path,
            expected: "the path of a file",
        },
        default: None,
        example: "/etc/ssm-rec/allowed_signers",
        purpose: "Whose signatures count: a file in the allowed_signers format of ssh-keygen.",
    },
    Spec {
        key: Key::ReviewIdentity,
        name: "review.identity",
        kind: Kind::List {
            form: |text| match text {
                "" => Form::Bad,
                _ => Form::Path,
            },
            expected: "a list of paths of files",
        },
        default: Some(""),
        example: "~/.config/ssm-rec/identity.txt",
        purpose: "What opens encrypted recordings: files of age identities or SSH private keys, which may have a passphrase.",
    },
    Spec {
        key: Key::ReviewCacheSize,
        name: "review.cache_size",
        kind: Kind::Size {
            least: 0,
            most: 1 << 40,
        },
        default: Some("512MiB"),
        example: "512MiB",
        purpose: "How much of what was read from S3 is kept on this machine. 0: nothing.",
    },
    Spec {
        key: Key::PolicyDocuments,
        name: "policy.documents",
        kind: Kind::List {
            form: document,
            expected: "a list of document names, each of which may end with *",
        },
        default: None,
        example: "SSM-SessionManagerRunShell,AWS-StartSSHSession",
        purpose: "The session documents that may be used; a name may end with *. Unset: any. (IAM is what binds; this spares a person the refusal.)",
    },
    Spec {
        key: Key::PolicyReasonRequired,
        name: "policy.reason.required",
        kind: Kind::Switch,
        default: Some("false"),
        example: "true",
        purpose: "Whether every session needs a reason. It is asked for at a terminal when it is missing.",
    },
    Spec {
        key: Key::PolicyReasonPattern,
        name: "policy.reason.pattern",
        kind: Kind::Text {
            form: |text| regex::Regex::new(text).is_ok(),
            expected: "a regular expression",
            lines: false,
        },
        default: None,
        example: "^CHG-[0-9]+",
        purpose: "A regular expression that must be found in every reason; ^ and $ bind it to the ends.",
    },
    Spec {
        key: Key::PolicyReasonHint,
        name: "policy.reason.hint",
        kind: Kind::Text {
            form: |_| true,
            expected: "a text",
            lines: false,
        },
        default: None,
        example: "begin the reason with the number of the change, CHG-1234",
        purpose: "What a person is told whose reason is missing or does not match.",
    },
];

impl Spec {
    /// The section that it stands in; empty for the top of the file.
    pub(crate) fn section(&self) -> &'static str {
        self.name
            .rsplit_once('.')
            .map_or("", |(section, _)| section)
    }

    /// Its name inside its section.
    pub(crate) fn leaf(&self) -> &'static str {
        self.name
            .rsplit_once('.')
            .map_or(self.name, |(_, leaf)| leaf)
    }
}

fn store_form(text: &str) -> Form {
    match text.split_once("://") {
        None => Form::Path,
        Some(("s3", rest)) if !rest.is_empty() && !rest.starts_with('/') => Form::Other,
        Some(_) => Form::Bad,
    }
}

fn sign_key_form(text: &str) -> Form {
    match text.split_once(':') {
        None if text == "agent" => Form::Other,
        Some(("kms", key)) if !key.is_empty() => Form::Other,
        Some(("agent", fingerprint)) if fingerprint.starts_with("SHA256:") => Form::Other,
        Some(("kms" | "agent", _)) => Form::Bad,
        _ => Form::Path,
    }
}

/// A text with a slash is a path, unless it is a key: those are written in letters that include the slash.
fn recipient(text: &str) -> Form {
    let is_key = ["age1", "ssh-ed25519 ", "ssh-rsa "]
        .iter()
        .any(|start| text.starts_with(start) && text.len() > start.len());
    match is_key {
        true => Form::Other,
        false if text.contains('/') => Form::Path,
        false => Form::Bad,
    }
}

fn document(text: &str) -> Form {
    let name = text.strip_suffix('*').unwrap_or(text);
    match !text.is_empty() && !name.contains(|c: char| c == '*' || c.is_whitespace()) {
        true => Form::Other,
        false => Form::Bad,
    }
}

fn endpoint_url(text: &str) -> bool {
    let rest = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"));
    // A user name in an address would put a secret into a file that is shown.
    rest.is_some_and(|rest| {
        !rest.is_empty()
            && !rest.starts_with('/')
            && !rest.contains(|c: char| c == '@' || c.is_whitespace())
    })
}
