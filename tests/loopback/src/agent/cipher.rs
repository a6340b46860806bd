//! The agent's side of an encrypted session: its key, its challenge, and what it does to payloads.
//!
//! Nothing here sends; `agent` does. The cipher is another implementation than the client's.

use aes_gcm::aead::rand_core::RngCore;
use aes_gcm::aead::{Aead, OsRng};
use aes_gcm::{Aes256Gcm, KeyInit, Nonce};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use formats::PayloadType;
use formats::payload::{EncryptionChallenge, KmsEncryptionResponse, encode_json};

use crate::faults::Mischief;
use crate::kms::{Context, Kms};

/// Bytes of a session's data key.
const KEY_LENGTH: usize = 64;
/// Bytes of a nonce.
const NONCE_LENGTH: usize = 12;
/// Bytes of a challenge.
const CHALLENGE_LENGTH: usize = 64;

/// The agent's ciphers and what it waits to see.
pub(super) struct Cipher {
    sealing: Aes256Gcm,
    opening: Aes256Gcm,
    challenge: Vec<u8>,
    mischief: Option<Mischief>,
    sealed: u32,
}

impl Cipher {
    /// Has the client's data key decrypted; the error is the agent's text.
    pub(super) fn finalize(
        kms: &Kms,
        result: Option<&serde_json::Value>,
        session_id: &str,
        target: &str,
        mischief: Option<Mischief>,
    ) -> Result<Self, String> {
        let result = result.cloned().unwrap_or_default();
        let response: KmsEncryptionResponse =
            serde_json::from_value(result).map_err(|error| error.to_string())?;
        let blob = BASE64
            .decode(&response.kms_cipher_text_key)
            .map_err(|error| error.to_string())?;
        let context = Context::from([
            ("aws:ssm:SessionId".to_owned(), session_id.to_owned()),
            ("aws:ssm:TargetId".to_owned(), target.to_owned()),
        ]);
        let decrypted = if mischief == Some(Mischief::MayNotDecrypt) {
            Err("AccessDeniedException: User: arn:aws:sts::123456789012:assumed-role/web/i-0abc is not authorized to perform: kms:Decrypt".to_owned())
        } else {
            kms.decrypt(&blob, &context)
        };
        let key = decrypted.map_err(|error| {
            format!("Fetching data key failed: Unable to retrieve data key, Error when decrypting data key {error}")
        })?;
        if key.len() != KEY_LENGTH {
            return Err(format!("the data key has {} bytes", key.len()));
        }
        let (mut sealing, mut opening) = key.split_at(KEY_LENGTH / 2);
        if mischief == Some(Mischief::KeysSwapped) {
            std::mem::swap(&mut sealing, &mut opening);
        }
        let cipher = |key| Aes256Gcm::new_from_slice(key).map_err(|error| error.to_string());
        let mut challenge = vec![0; CHALLENGE_LENGTH];
        OsRng.fill_bytes(&mut challenge);
        Ok(Self {
            sealing: cipher(sealing)?,
            opening: cipher(opening)?,
            challenge,
            mischief,
            sealed: 0,
        })
    }

    /// The body of the challenge.
    pub(super) fn challenge(&mut self) -> Bytes {
        let challenge = if self.mischief == Some(Mischief::WrongChallenge) {
            vec![7; NONCE_LENGTH + CHALLENGE_LENGTH + 16]
        } else {
            self.encrypt(&self.challenge.clone())
        };
        encode_json(&EncryptionChallenge {
            challenge: BASE64.encode(challenge),
        })
        .into()
    }

    /// Whether the answer is what was sealed; the error is the agent's text.
    pub(super) fn check(&self, payload: &[u8]) -> Result<(), String> {
        let answer: EncryptionChallenge =
            serde_json::from_slice(payload).map_err(|error| error.to_string())?;
        let sealed = BASE64
            .decode(answer.challenge)
            .map_err(|error| error.to_string())?;
        let opened = self.open(&sealed)?;
        if opened == self.challenge {
            Ok(())
        } else {
            Err("Encryption challenge does not match!".to_owned())
        }
    }

    /// A payload as it goes to the client.
    pub(super) fn seal(&mut self, payload_type: PayloadType, payload: Bytes) -> Bytes {
        if !matches!(
            payload_type,
            PayloadType::OUTPUT | PayloadType::STD_ERR | PayloadType::EXIT_CODE
        ) {
            return payload;
        }
        self.sealed += 1;
        match self.mischief {
            Some(Mischief::GarbageAfter(count)) if self.sealed > count => {
                let mut garbage = vec![0; payload.len() + NONCE_LENGTH + 16];
                OsRng.fill_bytes(&mut garbage);
                garbage.into()
            }
            Some(Mischief::ClearAfter(count)) if self.sealed > count => payload,
            _ => self.encrypt(&payload).into(),
        }
    }

    /// What the client sealed.
    pub(super) fn open(&self, sealed: &[u8]) -> Result<Vec<u8>, String> {
        let (nonce, text) = sealed
            .split_at_checked(NONCE_LENGTH)
            .ok_or_else(|| "too short".to_owned())?;
        self.opening
            .decrypt(Nonce::from_slice(nonce), text)
            .map_err(|_| {
                "Error decrypting encrypted text, cipher: message authentication failed".to_owned()
            })
    }

    fn encrypt(&self, text: &[u8]) -> Vec<u8> {
        let mut nonce = [0; NONCE_LENGTH];
        OsRng.fill_bytes(&mut nonce);
        // Only a text of 64 GiB cannot be sealed; an empty payload would show at the other end.
        let sealed = self
            .sealing
            .encrypt(Nonce::from_slice(&nonce), text)
            .unwrap_or_default();
        [&nonce[..], &sealed].concat()
    }
}
