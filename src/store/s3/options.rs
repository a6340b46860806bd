//! What a person may settle about an S3 store, and how it is checked before anything is sent.
//!
//! Nothing here talks to anybody, and no type of a command line comes in.

use std::fmt::Write as _;
use std::time::Duration;

use super::super::Error;
use crate::aws::{AskMfaCode, Keys};

/// S3 takes 10 000 parts in one upload; the last number is kept free, to ask whether an upload still exists.
const MAX_PARTS: u64 = 9_999;
/// S3 refuses smaller parts, the last one excepted.
const MIN_PART: u64 = 5 << 20;
/// S3's limits for tags on one object.
const MAX_TAGS: usize = 10;
const MAX_TAG_KEY: usize = 128;
const MAX_TAG_VALUE: usize = 256;

/// How objects are stored and how the bucket is reached. The default asks the bucket for nothing special.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Overrides the region of profile and environment.
    pub region: Option<String>,
    /// A profile of the shared configuration.
    pub profile: Option<String>,
    /// In place of the usual chain (environment, profile, SSO, instance role). Not for configuration files.
    pub keys: Option<Keys>,
    /// Asks for an MFA code where a role wants one. The callback may be called on another thread.
    pub ask_mfa_code: Option<AskMfaCode>,
    /// An S3-compatible server. Without one, `AWS_ENDPOINT_URL_S3` and the profile are heeded as everywhere.
    pub endpoint_url: Option<String>,
    /// The server is settled by these options alone: an endpoint that environment or profile name is not heeded.
    pub is_endpoint_fixed: bool,
    /// `http://host/bucket/key` in place of `http://bucket.host/key`. `None`: yes wherever an endpoint is named.
    pub path_style: Option<bool>,
    /// Twelve digits: the account that must own the bucket, so that a bucket re-made by a stranger gets nothing.
    pub expected_owner: Option<String>,
    /// What encrypts the objects.
    pub encryption: Encryption,
    /// Object Lock retention, counted from the upload. `None`: whatever the bucket's default is.
    pub retention: Option<Retention>,
    /// Object Lock legal hold.
    pub legal_hold: bool,
    /// `STANDARD_IA`, `GLACIER_IR`, … `None`: the standard class.
    pub storage_class: Option<String>,
    /// From this many bytes on, an object is sent in parts. 0 sends everything in parts, which lets every
    /// broken-off upload be settled without the right to read (see `upload`).
    pub multipart_threshold: u64,
    /// Bytes in a part, at least 5 MiB. Larger files get larger parts, so that there are never more than S3 takes.
    pub part_size: u64,
    /// Parts under way at a time. Memory used is this many parts.
    pub parallel_parts: usize,
    /// How long one request is tried again before the store counts as out of reach.
    pub patience: Duration,
    /// A request whose bytes have not moved for this long is given up and tried again.
    pub silence: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            region: None,
            profile: None,
            keys: None,
            ask_mfa_code: None,
            endpoint_url: None,
            is_endpoint_fixed: false,
            path_style: None,
            expected_owner: None,
            encryption: Encryption::Bucket,
            retention: None,
            legal_hold: false,
            storage_class: None,
            multipart_threshold: 16 << 20,
            part_size: 8 << 20,
            parallel_parts: 4,
            patience: Duration::from_secs(120),
            silence: Duration::from_secs(30),
        }
    }
}

/// What encrypts an object at rest.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Encryption {
    /// The bucket's own default.
    #[default]
    Bucket,
    /// Keys that S3 keeps (SSE-S3).
    S3,
    /// A key in KMS (SSE-KMS).
    Kms {
        /// Id, ARN or alias; `None`: the account's own key for S3.
        key_id: Option<String>,
        /// One data key for many objects: fewer calls to KMS.
        bucket_key: bool,
    },
}

/// Object Lock retention.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Who may shorten it.
    pub mode: RetentionMode,
    /// Counted from the upload, by this machine's clock.
    pub days: u32,
}

/// Who may shorten a retention.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetentionMode {
    /// Whoever has `s3:BypassGovernanceRetention`.
    Governance,
    /// Nobody, not even the account's root.
    Compliance,
}

impl Options {
    /// Refuses what S3 would refuse later, when a recording waits.
    ///
    /// # Errors
    /// A value that S3 could not accept.
    pub fn check(&self) -> Result<(), Error> {
        let wrong = |name, value: String, reason| {
            Err(Error::Setting {
                name,
                value,
                reason,
            })
        };
        if let Some(owner) = &self.expected_owner
            && (owner.len() != 12 || !owner.bytes().all(|b| b.is_ascii_digit()))
        {
            return wrong(
                "expected_owner",
                owner.clone(),
                "an account id has twelve digits",
            );
        }
        if let Some(retention) = &self.retention
            && !(1..=36_500).contains(&retention.days)
        {
            return wrong(
                "retention days",
                retention.days.to_string(),
                "it must be 1 to 36500",
            );
        }
        if let Some(class) = &self.storage_class
            && (class.is_empty()
                || !class
                    .bytes()
                    .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_'))
        {
            return wrong(
                "storage_class",
                class.clone(),
                "classes are written like STANDARD_IA",
            );
        }
        if let Some(endpoint) = &self.endpoint_url
            && !(endpoint.starts_with("http://") || endpoint.starts_with("https://"))
        {
            return wrong(
                "endpoint_url",
                endpoint.clone(),
                "an endpoint begins with https:// or http://",
            );
        }
        if self.part_size < MIN_PART {
            return wrong(
                "part_size",
                self.part_size.to_string(),
                "S3 takes no parts below 5 MiB",
            );
        }
        if self.parallel_parts == 0 {
            return wrong(
                "parallel_parts",
                "0".to_owned(),
                "at least one part must be under way",
            );
        }
        Ok(())
    }

    /// The size of each part of a file but the last.
    pub(super) fn part_size_for(&self, size: u64) -> u64 {
        const MIB: u64 = 1 << 20;
        self.part_size
            .max(size.div_ceil(MAX_PARTS).div_ceil(MIB) * MIB)
    }
}

/// Tags as S3 wants them in a header: at most ten, cut to length, foreign characters replaced by `_`,
/// the same key only once, percent-encoded.
pub(super) fn tagging(tags: &[(String, String)]) -> Option<String> {
    let mut header = String::new();
    let mut seen: Vec<String> = Vec::new();
    for (key, value) in tags {
        let key = tag_text(key, MAX_TAG_KEY);
        // AWS keeps this prefix to itself and refuses the whole object for it.
        if key.is_empty() || key.to_ascii_lowercase().starts_with("aws:") || seen.contains(&key) {
            continue;
        }
        if !header.is_empty() {
            header.push('&');
        }
        percent_encode(&mut header, &key);
        header.push('=');
        percent_encode(&mut header, &tag_text(value, MAX_TAG_VALUE));
        seen.push(key);
        if seen.len() == MAX_TAGS {
            break;
        }
    }
    (!header.is_empty()).then_some(header)
}

/// S3 counts UTF-16 units, takes letters and numbers of any script, spaces and `+ - = . _ : / @`.
fn tag_text(text: &str, limit: usize) -> String {
    let mut out = String::new();
    let mut units = 0;
    for c in text.trim().chars() {
        let c = if c.is_alphanumeric() || " +-=._:/@".contains(c) {
            c
        } else {
            '_'
        };
        units += c.len_utf16();
        if units > limit {
            break;
        }
        out.push(c);
    }
    out
}

fn percent_encode(out: &mut String, text: &str) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(key: &str, value: &str) -> (String, String) {
        (key.to_owned(), value.to_owned())
    }

    #[test]
    fn tags_are_encoded_cut_and_cleaned() {
        assert_eq!(tagging(&[]), None);
        assert_eq!(
            tagging(&[pair("reason", "ticket-42: look & see"), pair("who", "a@b")]).unwrap(),
            "reason=ticket-42%3A%20look%20_%20see&who=a%40b"
        );
        assert_eq!(
            tagging(&[pair("a", "1"), pair("a", "2"), pair("aws:x", "3")]).unwrap(),
            "a=1"
        );
        let long = "é".repeat(300);
        let cut = tagging(&[pair("k", &long)]).unwrap();
        assert_eq!(cut, format!("k={}", "%C3%A9".repeat(256)));
        let many: Vec<_> = (0..20).map(|n| pair(&format!("k{n}"), "v")).collect();
        assert_eq!(tagging(&many).unwrap().matches('&').count(), 9);
    }

    #[test]
    fn parts_never_number_more_than_s3_takes() {
        let options = Options::default();
        assert_eq!(options.part_size_for(100 << 20), 8 << 20);
        let size: u64 = 5 << 40;
        let part = options.part_size_for(size);
        assert!(size.div_ceil(part) <= MAX_PARTS, "{part}");
        assert_eq!(part % (1 << 20), 0);
    }

    #[test]
    fn what_s3_would_refuse_is_refused_at_once() {
        let with = |change: fn(&mut Options)| {
            let mut options = Options::default();
            change(&mut options);
            options.check().is_err()
        };
        assert!(Options::default().check().is_ok());
        assert!(with(|o| o.expected_owner = Some("1234".to_owned())));
        assert!(with(|o| o.part_size = 1));
        assert!(with(|o| o.parallel_parts = 0));
        assert!(with(|o| o.storage_class = Some("cold & dark".to_owned())));
        assert!(with(|o| o.endpoint_url = Some("localhost:9000".to_owned())));
        assert!(with(|o| o.retention = Some(Retention {
            mode: RetentionMode::Governance,
            days: 0
        })));
    }
}
