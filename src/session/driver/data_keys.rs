//! Data keys for encrypted sessions, from KMS.
//!
//! Nothing here knows the data channel. A key is handed on and not kept; what the SDK leaves of the answer in buffers of its
//! own cannot be wiped from here.

use std::error::Error as StdError;
use std::time::Duration;

use aws_config::Region;
use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use aws_sdk_kms::error::{ProvideErrorMetadata, SdkError};
use zeroize::Zeroizing;

use crate::aws::{Unanswered, Way};
use crate::session::channel::cipher::{self, DATA_KEY_LENGTH, DataKey};
use crate::words::time;

/// How long KMS may take, with what the SDK retries; the agent waits 15 s for the handshake's response (handshakeTimeout,
/// datachannel.go) and should get one that says why there is no key.
const PATIENCE: Duration = Duration::from_secs(12);
/// What the data key is bound to (source: UpdateEncryptionKey, agent/session/crypto/blockcipher.go); the agent names the
/// same when it has the key decrypted.
const CONTEXT_SESSION: &str = "aws:ssm:SessionId";
const CONTEXT_TARGET: &str = "aws:ssm:TargetId";

/// Where a driver gets the data key that an agent wants.
pub trait DataKeys {
    /// Asks once for a new key under the KMS key of this name.
    fn generate(
        &self,
        key_id: String,
    ) -> impl Future<Output = Result<DataKey, Error>> + Send + 'static;
}

/// KMS, for one session.
#[derive(Clone, Debug)]
pub struct Keys {
    way: Way,
    session_id: String,
    target: String,
}

impl Keys {
    /// By this way.
    #[must_use]
    pub fn new(way: &Way, session_id: &str, target: &str) -> Self {
        Self {
            way: way.clone(),
            session_id: session_id.to_owned(),
            target: target.to_owned(),
        }
    }

    fn client(&self, key_id: &str) -> aws_sdk_kms::Client {
        let mut config = aws_sdk_kms::config::Builder::from(self.way.config());
        if let Some(region) = region_of(key_id) {
            config = config.region(Region::new(region.to_owned()));
        }
        aws_sdk_kms::Client::from_conf(config.build())
    }
}

impl DataKeys for Keys {
    fn generate(
        &self,
        key_id: String,
    ) -> impl Future<Output = Result<DataKey, Error>> + Send + 'static {
        let call = self
            .client(&key_id)
            .generate_data_key()
            .key_id(&key_id)
            .number_of_bytes(DATA_KEY_LENGTH as i32)
            .encryption_context(CONTEXT_SESSION, &self.session_id)
            .encryption_context(CONTEXT_TARGET, &self.target);
        async move {
            let answer = tokio::time::timeout(PATIENCE, call.send())
                .await
                .map_err(|_| Error::Slow { limit: PATIENCE })?
                .map_err(|error| refusal(key_id, &error))?;
            let (Some(plaintext), Some(ciphertext)) = (answer.plaintext, answer.ciphertext_blob)
            else {
                return Err(Error::Incomplete);
            };
            let plaintext = Zeroizing::new(plaintext.into_inner());
            let mut first_nonce = [0; 12];
            SystemRandom::new()
                .fill(&mut first_nonce)
                .map_err(|_| Error::NoRandomness)?;
            Ok(DataKey::new(
                plaintext,
                ciphertext.into_inner(),
                first_nonce,
            )?)
        }
    }
}

/// The region that an ARN names; `None` for every other name of a key, and for what cannot be a part of a host name.
fn region_of(key_id: &str) -> Option<&str> {
    let mut parts = key_id.strip_prefix("arn:")?.split(':').skip(1);
    let region = parts
        .next()
        .filter(|service| *service == "kms")
        .and(parts.next())?;
    let is_region = !region.is_empty()
        && region
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
    is_region.then_some(region)
}

fn refusal<E, R>(key_id: String, error: &SdkError<E, R>) -> Error
where
    E: ProvideErrorMetadata + StdError + 'static,
    R: std::fmt::Debug + 'static,
{
    let Some(code) = error.code() else {
        return Error::Unreachable {
            cause: Unanswered::of(error).to_string(),
        };
    };
    let message = error.message().unwrap_or("no further message").to_owned();
    match code {
        "AccessDeniedException" | "AccessDenied" => Error::Denied { key_id, message },
        "NotFoundException" => Error::NoSuchKey { message },
        "DisabledException" | "KMSInvalidStateException" | "KeyUnavailableException" => {
            Error::Unusable { message }
        }
        "InvalidKeyUsageException" => Error::WrongKind { message },
        "ThrottlingException" | "Throttling" | "TooManyRequestsException" => {
            Error::Throttled { message }
        }
        code => Error::Refused {
            code: code.to_owned(),
            message,
        },
    }
}

/// Why there is no data key.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the sentences are the documentation")]
pub enum Error {
    #[error("access denied: {message}")]
    Denied { key_id: String, message: String },
    #[error("there is no such key: {message}")]
    NoSuchKey { message: String },
    #[error("the key cannot be used now: {message}")]
    Unusable { message: String },
    #[error("the key is of a kind that makes no data keys: {message}")]
    WrongKind { message: String },
    #[error("KMS asks to slow down: {message}")]
    Throttled { message: String },
    #[error("KMS refused with {code}: {message}")]
    Refused { code: String, message: String },
    #[error("KMS did not answer within {}", time::write_exactly(*.limit))]
    Slow { limit: Duration },
    #[error("KMS cannot be reached: {cause}")]
    Unreachable { cause: String },
    #[error("the answer of KMS lacks the key")]
    Incomplete,
    #[error("the answer of KMS cannot be used: {0}")]
    Key(#[from] cipher::Error),
    #[error("the system gives no random numbers")]
    NoRandomness,
}

impl Error {
    /// What the person can do next.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Denied { key_id, .. } => format!(
                "kms:GenerateDataKey must be allowed on {key_id}, by your policy and by the policy of the key"
            ),
            Self::NoSuchKey { .. } => "the account's session preferences name the key; a key of another region is named by its ARN: aws ssm get-document --name SSM-SessionManagerRunShell".to_owned(),
            Self::Unusable { .. } => "see its state, and enable it: aws kms describe-key, aws kms enable-key".to_owned(),
            Self::WrongKind { .. } => "the account's session preferences must name a symmetric key for encryption".to_owned(),
            Self::Throttled { .. } => "wait a moment and try again".to_owned(),
            Self::Slow { .. } | Self::Unreachable { .. } => "the session is encrypted, so KMS must be reachable too; without a way to the internet it takes a VPC endpoint for KMS, or AWS_ENDPOINT_URL_KMS".to_owned(),
            Self::Refused { .. } | Self::Incomplete | Self::Key(_) | Self::NoRandomness => return None,
        })
    }

    /// Whether nobody answered, rather than somebody said no.
    #[must_use]
    pub fn is_connection(&self) -> bool {
        matches!(self, Self::Slow { .. } | Self::Unreachable { .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arn_names_its_own_region() {
        let check =
            |key_id: &str, region: Option<&str>| assert_eq!(region_of(key_id), region, "{key_id}");
        check(
            "arn:aws:kms:eu-west-3:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab",
            Some("eu-west-3"),
        );
        check(
            "arn:aws-cn:kms:cn-north-1:123456789012:alias/s",
            Some("cn-north-1"),
        );
        check("1234abcd-12ab-34cd-56ef-1234567890ab", None);
        check("alias/sessions", None);
        check("arn:aws:s3:eu-west-3:123456789012:key/k", None);
        check("arn:aws:kms::123456789012:key/k", None);
        check("arn:aws:kms:evil.example/:123456789012:key/k", None);
        check("arn:aws:kms", None);
    }
}
