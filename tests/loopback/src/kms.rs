//! KMS as far as sessions need it: data keys that are given out, and found again by their ciphertext.
//!
//! Nothing here encrypts: the ciphertext of a key is a number to look it up by, and whoever looks it up must name the context
//! that it was made for.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use aes_gcm::aead::OsRng;
use aes_gcm::aead::rand_core::RngCore;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};

use crate::faults::Refusal;

/// How long a ciphertext blob is, give or take: as the real ones are for 64 bytes.
const BLOB_LENGTH: usize = 216;
/// The longest data key (source: the API reference of GenerateDataKey).
const MAX_KEY: usize = 1024;

/// What a key was made for.
pub(crate) type Context = BTreeMap<String, String>;

struct Key {
    plaintext: Vec<u8>,
    made_for: Context,
}

/// The data keys given out so far.
#[derive(Default)]
pub(crate) struct Kms {
    by_ciphertext: Mutex<BTreeMap<Vec<u8>, Key>>,
}

impl Kms {
    /// GenerateDataKey: both forms of a new key.
    pub(crate) fn generate_data_key(
        &self,
        body: &Value,
        account: &str,
        region: &str,
    ) -> Result<Value, Refusal> {
        let invalid = |message| Refusal::named("ValidationException").saying(message);
        let key_id = body["KeyId"].as_str().unwrap_or_default();
        if key_id.is_empty() {
            return Err(invalid(
                "1 validation error detected: Value null at 'keyId'",
            ));
        }
        let arn = if key_id.starts_with("arn:") {
            let named = key_id.split(':').nth(3).unwrap_or_default();
            if named != region {
                return Err(
                    Refusal::named("NotFoundException").saying(format!("Invalid arn {named}"))
                );
            }
            key_id.to_owned()
        } else {
            format!("arn:aws:kms:{region}:{account}:key/{key_id}")
        };
        let length = match (body["NumberOfBytes"].as_u64(), body["KeySpec"].as_str()) {
            (Some(length), None) if (1..=MAX_KEY as u64).contains(&length) => length as usize,
            (None, Some("AES_256")) => 32,
            (None, Some("AES_128")) => 16,
            _ => {
                return Err(invalid(
                    "Please specify either number of bytes or key spec.",
                ));
            }
        };
        let context = body["EncryptionContext"].as_object();
        let context: Context = context
            .into_iter()
            .flatten()
            .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
            .collect();
        let random = |length| {
            let mut bytes = vec![0; length];
            OsRng.fill_bytes(&mut bytes);
            bytes
        };
        let (plaintext, blob) = (random(length), random(BLOB_LENGTH));
        let answer = json!({
            "CiphertextBlob": BASE64.encode(&blob),
            "Plaintext": BASE64.encode(&plaintext),
            "KeyId": arn,
        });
        let key = Key {
            plaintext,
            made_for: context,
        };
        self.by_ciphertext
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(blob, key);
        Ok(answer)
    }

    /// Decrypt, as the agent calls it; the error is the text that the service gives.
    pub(crate) fn decrypt(&self, blob: &[u8], context: &Context) -> Result<Vec<u8>, String> {
        let keys = self
            .by_ciphertext
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        match keys.get(blob) {
            Some(key) if key.made_for == *context => Ok(key.plaintext.clone()),
            _ => Err("InvalidCiphertextException: ".to_owned()),
        }
    }
}
