//! What can go wrong with a store, in sentences for a person, with a hint where there is one.
//!
//! Nothing here decides what happens next; [`Error::is_passing`] only tells a caller whether waiting can help.

use std::io;
use std::path::Path;

use crate::aws;

/// What can go wrong with a store.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// An empty location.
    #[error("the store's location is empty")]
    Empty,
    /// `gs://…` and the like.
    #[error("store {location:?} has scheme {scheme:?}, which is none that is supported")]
    Scheme {
        /// What stands before `://`.
        scheme: String,
        /// The whole location.
        location: String,
    },
    /// A bucket's name or prefix that S3 could not accept.
    #[error("store {location:?} is no s3://bucket/prefix: {reason}")]
    Location {
        /// As given.
        location: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// What is no `http://` or `https://` address.
    #[error("{place:?} is no address that a server could have: {reason}")]
    Address {
        /// Without what must not be shown.
        place: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// There is no way to AWS.
    #[error(transparent)]
    Way(aws::Error),
    /// An option that S3 could not accept.
    #[error("store setting {name} is {value:?}: {reason}")]
    Setting {
        /// The option's name.
        name: &'static str,
        /// As given.
        value: String,
        /// What it must be.
        reason: &'static str,
    },
    /// A recording is never overwritten.
    #[error("{place:?} exists already and is never overwritten")]
    Exists {
        /// Path or address.
        place: String,
    },
    /// Nothing under that key.
    #[error("there is no {place:?}")]
    NotFound {
        /// Path or address.
        place: String,
    },
    /// More bytes than the reader is ready for.
    #[error("{place:?} is longer than {limit} bytes")]
    TooLong {
        /// Path or address.
        place: String,
        /// In bytes.
        limit: u64,
    },
    /// A key that could leave the store.
    #[error("{key:?} is no key of a store")]
    Key {
        /// As given.
        key: String,
    },
    /// The system said no.
    #[error("cannot {what} {place:?}")]
    Io {
        /// `read`, `write`, `list`, …
        what: &'static str,
        /// Path or address.
        place: String,
        /// What the system said.
        source: io::Error,
    },
    /// S3 said no, and will say so again.
    #[error("cannot {what} {place:?}: {code}: {message}")]
    Refused {
        /// `store`, `read`, `list`.
        what: &'static str,
        /// The address.
        place: String,
        /// S3's error code, such as `AccessDenied`.
        code: String,
        /// S3's own words.
        message: String,
    },
    /// No credentials, or none that S3 accepts any more. A new sign-in helps, waiting does not.
    #[error("cannot {what} {place:?}: {reason}")]
    Credentials {
        /// `store`, `read`, `list`.
        what: &'static str,
        /// The address.
        place: String,
        /// What is wrong with them.
        reason: String,
        /// They were good once: signing in again is enough.
        expired: bool,
    },
    /// There is no connection, and none will come of waiting.
    #[error("cannot {what} {place:?}: {failure}")]
    Unreachable {
        /// `read`.
        what: &'static str,
        /// The address.
        place: String,
        /// The step that failed.
        failure: aws::Failure,
    },
    /// S3 could not be reached, or had trouble, for as long as was allowed.
    #[error("cannot {what} {place:?}: gave up after {tries} tries: {reason}")]
    Unavailable {
        /// `store`, `read`, `list`.
        what: &'static str,
        /// The address.
        place: String,
        /// How often it was asked.
        tries: u32,
        /// The last answer or failure.
        reason: String,
    },
    /// Others could have put anything there.
    #[error("{place:?} is not trusted: {reason}")]
    Untrusted {
        /// The folder.
        place: String,
        /// Why not.
        reason: &'static str,
    },
    /// S3's answer does not match what was sent, or the object changed while it was read.
    #[error("{place:?} does not hold what it should: {reason}")]
    Altered {
        /// The address.
        place: String,
        /// What differs.
        reason: String,
    },
}

impl Error {
    /// Whether the same call can succeed later with nobody doing anything: an outage, a throttle, a broken connection.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Unavailable { .. })
    }

    /// What the person can do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Way(error) => return error.hint(),
            Self::Unreachable { failure, .. } => return failure.hint(),
            Self::Refused {
                what,
                code,
                message,
                ..
            } => refusal_hint(what, code, message)?.to_owned(),
            Self::Credentials { expired: true, .. } => {
                "sign in again (aws login, or aws sso login), or renew the temporary credentials"
                    .to_owned()
            }
            Self::Credentials { .. } => {
                "check the credentials with: aws sts get-caller-identity".to_owned()
            }
            Self::Unavailable {
                what: "read" | "list" | LIST_VERSIONS,
                ..
            } => "try again later; ssm-rec config shows which store and endpoint are in force"
                .to_owned(),
            Self::Unavailable { .. } => {
                "nothing is lost: the recording waits in the spool; try later with: ssm-rec upload"
                    .to_owned()
            }
            Self::Exists { .. } => {
                "compare the two before you remove either: the copy in the spool is kept".to_owned()
            }
            Self::Untrusted { .. } => {
                "take the right from others (chmod go-w), or name a folder of your own".to_owned()
            }
            Self::Scheme { .. } | Self::Location { .. } => {
                "a store is a folder, or s3://bucket/prefix".to_owned()
            }
            _ => return None,
        })
    }
}

/// What is asked where versions of objects are listed.
pub(super) const LIST_VERSIONS: &str = "list the versions of";

fn refusal_hint(what: &str, code: &str, message: &str) -> Option<&'static str> {
    Some(match code {
        "AccessDenied" | "Forbidden" if message.contains("kms") || message.contains("KMS") => {
            "the key's policy must allow kms:GenerateDataKey, and kms:Decrypt for recordings sent in parts"
        }
        "AccessDenied" | "AllAccessDisabled" | "Forbidden" if what == "store" => {
            "s3:PutObject must be allowed on the key; tags, retention and legal hold each need a permission of their own"
        }
        "AccessDenied" | "AllAccessDisabled" | "Forbidden" if what == LIST_VERSIONS => {
            "s3:ListBucketVersions must be allowed on the bucket"
        }
        "AccessDenied" | "AllAccessDisabled" | "Forbidden" => {
            "reading needs s3:GetObject and s3:ListBucket, which operators need not have"
        }
        "NoSuchBucket" => "check the bucket's name, and that it is in this account's partition",
        "PermanentRedirect"
        | "AuthorizationHeaderMalformed"
        | "IllegalLocationConstraintException" => {
            "the bucket is in another region: name it with upload.region, or with AWS_REGION"
        }
        code if aws::blames_clock(code, message) => aws::CLOCK_HINT,
        "InvalidObjectState" => {
            "the recording is in an archive class: restore it first (aws s3api restore-object)"
        }
        "InvalidRequest" if message.contains("Lock") || message.contains("lock") => {
            "the bucket must have been made with Object Lock for retention or legal hold to be asked for"
        }
        code if code.starts_with("KMS") || code.starts_with("Kms") => {
            "check the KMS key: it must exist, be enabled, and be in the bucket's region"
        }
        _ => return None,
    })
}

/// What the system said about a place in a folder.
pub(super) fn failed(what: &'static str, place: &Path, source: io::Error) -> Error {
    Error::Io {
        what,
        place: place.display().to_string(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_says_what_to_allow_and_an_outage_says_that_nothing_is_lost() {
        let refused = |what, message: &str| Error::Refused {
            what,
            place: "s3://b/k".to_owned(),
            code: "AccessDenied".to_owned(),
            message: message.to_owned(),
        };
        let hint = |error: &Error| error.hint().unwrap();
        assert!(hint(&refused("store", "no")).contains("s3:PutObject"));
        assert!(hint(&refused("read", "no")).contains("s3:GetObject"));
        assert!(hint(&refused("store", "not allowed to kms:GenerateDataKey")).contains("kms:"));
        let outage = Error::Unavailable {
            what: "store",
            place: "s3://b/k".to_owned(),
            tries: 3,
            reason: "503 SlowDown".to_owned(),
        };
        assert!(outage.is_passing() && !refused("store", "no").is_passing());
        assert_eq!(
            outage.to_string(),
            "cannot store \"s3://b/k\": gave up after 3 tries: 503 SlowDown"
        );
        assert!(hint(&outage).contains("nothing is lost"));
        let outage = Error::Unavailable {
            what: "read",
            place: "s3://b/k".to_owned(),
            tries: 3,
            reason: "503 SlowDown".to_owned(),
        };
        assert!(hint(&outage).contains("try again"));
    }
}
