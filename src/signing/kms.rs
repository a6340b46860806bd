//! An asymmetric key in KMS: its public half, and what it signs, in the forms that SSH has for them.
//!
//! The private half never leaves KMS. What KMS gives is DER (RFC 5280, RFC 8017, RFC 3279); as little of it as those
//! structures need is read here.

use aws_sdk_kms::Client;
use aws_sdk_kms::config::endpoint::{DefaultResolver, Params, ResolveEndpoint as _};
use aws_sdk_kms::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::{MessageType, SigningAlgorithmSpec};
use formats::signature::string;
use ssh_key::PublicKey;
use ssh_key::public::KeyData;

use super::Error;
use crate::aws::{Unanswered, Way};

/// 1.2.840.113549.1.1.1
const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
/// 1.2.840.10045.2.1
const EC: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
/// 1.2.840.10045.3.1.7
const P256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
/// 1.3.132.0.34
const P384: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x22];

const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const OBJECT: u8 = 0x06;
const SEQUENCE: u8 = 0x30;

/// Where the key is asked for, as the SDK's client has it.
pub(super) async fn address(id: &str, way: &Way) -> Result<String, String> {
    let told = |error: Box<dyn std::error::Error + Send + Sync>| error.to_string();
    let region = region_of(id).or_else(|| way.region()).map(str::to_owned);
    let asked = Params::builder()
        .set_region(region)
        .set_use_fips(way.config().use_fips())
        .set_use_dual_stack(way.config().use_dual_stack())
        .set_endpoint(way.own_endpoint("KMS"))
        .build()
        .map_err(|error| told(error.into()))?;
    let endpoint = DefaultResolver::new().resolve_endpoint(&asked).await;
    Ok(endpoint.map_err(told)?.url().to_owned())
}

/// How a key signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Rsa,
    P256,
    P384,
}

/// A key that KMS holds.
pub(super) struct Key {
    client: Client,
    id: String,
    public: KeyData,
    kind: Kind,
}

impl Key {
    /// Fetches its public half.
    pub(super) async fn open(id: &str, way: &Way) -> Result<Self, Error> {
        let mut config = aws_sdk_kms::config::Builder::from(way.config());
        // The key is where its ARN says, whatever the session's region.
        if let Some(region) = region_of(id) {
            config = config.region(aws_sdk_kms::config::Region::new(region.to_owned()));
        }
        let client = Client::from_conf(config.build());
        let failed = |reason: String| Error::Kms {
            key: id.to_owned(),
            reason,
        };
        let answer = client
            .get_public_key()
            .key_id(id)
            .send()
            .await
            .map_err(|error| failed(told(&error)))?;
        let der = answer.public_key().map(AsRef::as_ref).unwrap_or_default();
        let (kind, public) = public_key(der)
            .ok_or_else(|| failed("it is no RSA key and none on P-256 or P-384".to_owned()))?;
        Ok(Self {
            client,
            id: id.to_owned(),
            public,
            kind,
        })
    }

    pub(super) fn public(&self) -> &KeyData {
        &self.public
    }

    /// The signature over `data`, as SSH writes one.
    pub(super) async fn sign(&self, data: &[u8]) -> Result<Vec<u8>, Error> {
        let failed = |reason: String| Error::Kms {
            key: self.id.clone(),
            reason,
        };
        let answer = self
            .client
            .sign()
            .key_id(&self.id)
            .message(Blob::new(data))
            .message_type(MessageType::Raw)
            .signing_algorithm(match self.kind {
                Kind::Rsa => SigningAlgorithmSpec::RsassaPkcs1V15Sha512,
                Kind::P256 => SigningAlgorithmSpec::EcdsaSha256,
                Kind::P384 => SigningAlgorithmSpec::EcdsaSha384,
            })
            .send()
            .await
            .map_err(|error| failed(told(&error)))?;
        let signature = answer.signature().map(AsRef::as_ref).unwrap_or_default();
        ssh_signature(self.kind, signature)
            .ok_or_else(|| failed("what it signed does not read".to_owned()))
    }
}

fn told<E: std::error::Error + ProvideErrorMetadata + 'static, R: std::fmt::Debug + 'static>(
    error: &SdkError<E, R>,
) -> String {
    match (error.code(), error.message()) {
        (Some(code), Some(message)) => format!("{code}: {message}"),
        (Some(code), None) => code.to_owned(),
        _ => Unanswered::of(error).to_string(),
    }
}

/// `arn:aws:kms:REGION:…`
fn region_of(id: &str) -> Option<&str> {
    let mut parts = id.strip_prefix("arn:")?.split(':');
    let region = parts.nth(2)?;
    let plain = region
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    (plain && !region.is_empty()).then_some(region)
}

/// A SubjectPublicKeyInfo.
fn public_key(der: &[u8]) -> Option<(Kind, KeyData)> {
    let mut der = der;
    let mut info = element(&mut der, SEQUENCE)?;
    let mut algorithm = element(&mut info, SEQUENCE)?;
    // The first byte of a bit string tells how many bits at its end do not count.
    let key = element(&mut info, BIT_STRING)?.strip_prefix(&[0])?;
    let mut blob = Vec::new();
    let kind = match element(&mut algorithm, OBJECT)? {
        RSA => {
            let mut key = key;
            let mut numbers = element(&mut key, SEQUENCE)?;
            let modulus = element(&mut numbers, INTEGER)?;
            let exponent = element(&mut numbers, INTEGER)?;
            // Both forms of a positive number are the same: as short as can be, with a zero where the top bit is set.
            for part in [b"ssh-rsa", exponent, modulus] {
                string(part, &mut blob);
            }
            Kind::Rsa
        }
        EC => {
            let (kind, name) = match element(&mut algorithm, OBJECT)? {
                P256 => (Kind::P256, "nistp256"),
                P384 => (Kind::P384, "nistp384"),
                _ => return None,
            };
            for part in [
                format!("ecdsa-sha2-{name}").as_bytes(),
                name.as_bytes(),
                key,
            ] {
                string(part, &mut blob);
            }
            kind
        }
        _ => return None,
    };
    let key = PublicKey::from_bytes(&blob).ok()?;
    Some((kind, key.key_data().clone()))
}

/// The name of the algorithm and its bytes.
fn ssh_signature(kind: Kind, signature: &[u8]) -> Option<Vec<u8>> {
    let (name, bytes) = match kind {
        Kind::Rsa => ("rsa-sha2-512", signature.to_vec()),
        Kind::P256 | Kind::P384 => {
            let mut signature = signature;
            let mut numbers = element(&mut signature, SEQUENCE)?;
            let mut bytes = Vec::new();
            for _ in 0..2 {
                string(element(&mut numbers, INTEGER)?, &mut bytes);
            }
            let name = match kind {
                Kind::P256 => "ecdsa-sha2-nistp256",
                _ => "ecdsa-sha2-nistp384",
            };
            (name, bytes)
        }
    };
    let mut out = Vec::new();
    string(name.as_bytes(), &mut out);
    string(&bytes, &mut out);
    Some(out)
}

/// The content of the next element, if it is of this kind.
fn element<'a>(der: &mut &'a [u8], tag: u8) -> Option<&'a [u8]> {
    let (&found, rest) = der.split_first()?;
    let (&first, mut rest) = rest.split_first()?;
    let length = match first {
        0..=0x7f => usize::from(first),
        0x81 | 0x82 => {
            let (bytes, behind) = rest.split_at_checked(usize::from(first & 0x7f))?;
            rest = behind;
            bytes
                .iter()
                .fold(0, |length, &byte| length << 8 | usize::from(byte))
        }
        // Longer, or without a length: none of these structures.
        0x80 | 0x83..=0xff => return None,
    };
    let (content, behind) = rest.split_at_checked(length)?;
    *der = behind;
    (found == tag).then_some(content)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_is_read_from_an_arn_alone() {
        let arn = "arn:aws:kms:eu-west-1:111122223333:key/1234";
        assert_eq!(region_of(arn), Some("eu-west-1"));
        for id in [
            "alias/sign",
            "1234-abcd",
            "arn:aws:kms",
            "arn:aws:kms:a/b:1:key/2",
        ] {
            assert_eq!(region_of(id), None, "{id}");
        }
    }

    #[test]
    fn nothing_that_kms_could_send_makes_it_panic() {
        for length in 0..40 {
            for byte in [0x00, 0x02, 0x30, 0x81, 0x82, 0xff] {
                let bytes = vec![byte; length];
                assert_eq!(public_key(&bytes), None);
                assert_eq!(ssh_signature(Kind::P256, &bytes), None);
            }
        }
    }
}
