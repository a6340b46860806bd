//! Recordings that only some may read: the key of a recording, the envelope that holds it for its readers, and the
//! cipher over what it protects.
//!
//! Nothing here knows how a key is wrapped for a person (the program uses age), and nothing draws a random number: key,
//! salt and wrapped key are handed in.

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{ChaCha20Poly1305, Nonce};
use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::manifest::Manifest;

/// The name of the cipher in a manifest, the only one so far.
pub const CIPHER: &str = "chacha20poly1305";
/// Bytes of a key.
pub const KEY: usize = 32;
/// Bytes of a salt.
pub const SALT: usize = 16;
/// What the cipher adds to what it protects.
pub(crate) const TAG: usize = 16;
/// Binds the derived key to this layout.
const INFO: &[u8] = b"ssm-rec sealed recording v1";

/// The key of one recording, wiped from memory when it is dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Key(Zeroizing<[u8; KEY]>);

impl Key {
    /// Takes random bytes, which must not be used for another recording.
    #[must_use]
    pub fn new(bytes: [u8; KEY]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// Takes what was unwrapped; `None` when it has another length.
    #[must_use]
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        Some(Self::new(bytes.try_into().ok()?))
    }

    /// The bytes, to wrap them.
    #[must_use]
    pub fn expose(&self) -> &[u8; KEY] {
        &self.0
    }
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key(…)")
    }
}

/// What a sealed recording is made with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seal {
    /// The key.
    pub key: Key,
    /// Random bytes.
    pub salt: [u8; SALT],
    /// The key wrapped for the readers: an age file.
    pub wrapped: Vec<u8>,
    /// The readers, as the manifest names them.
    pub recipients: Vec<String>,
}

/// What stands at the front of a sealed recording, readable by everyone.
#[derive(Clone, Debug, PartialEq)]
pub struct Envelope {
    /// Random bytes.
    pub salt: [u8; SALT],
    /// The key wrapped for the readers: an age file.
    pub wrapped: Vec<u8>,
    /// What was known of the session when it began; nothing is counted in it.
    pub opening: Manifest,
}

/// Gives the key of a sealed recording, if it can.
pub trait Unlock {
    /// Unwraps the key in the envelope.
    ///
    /// # Errors
    /// Why there is none.
    fn unlock(&self, envelope: &Envelope) -> Result<Key, Locked>;
}

/// Opens no envelope.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoKey;

impl Unlock for NoKey {
    fn unlock(&self, _: &Envelope) -> Result<Key, Locked> {
        Err(Locked::NoIdentity)
    }
}

impl Unlock for Key {
    fn unlock(&self, _: &Envelope) -> Result<Key, Locked> {
        Ok(self.clone())
    }
}

impl<U: Unlock + ?Sized> Unlock for &U {
    fn unlock(&self, envelope: &Envelope) -> Result<Key, Locked> {
        (**self).unlock(envelope)
    }
}

/// Why a sealed recording stays closed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Locked {
    /// Nothing was there to try.
    #[error("it is encrypted, and no identity was given")]
    NoIdentity,
    /// None of the identities is one that it was encrypted for.
    #[error("it is encrypted, and none of the identities given opens it")]
    Foreign,
    /// An identity that may fit could not be used.
    #[error("it is encrypted, and its key cannot be had: {0}")]
    Failed(String),
}

/// What is sealed: the kinds never share a nonce.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Part of a data frame, which goes on in the next chunk.
    Part,
    /// The last part of a data frame.
    LastPart,
    /// A snapshot before a data frame.
    Snapshot,
}

/// Where in a recording something stands that is sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) kind: Kind,
    /// Number of the data frame, from 0.
    pub(crate) frame: u32,
    /// Number of the chunk in it, from 0.
    pub(crate) chunk: u32,
}

impl Place {
    /// Twelve bytes that no other place in the same recording has.
    fn nonce(self) -> Nonce {
        let mut nonce = [0; 12];
        nonce[0] = match self.kind {
            Kind::Part => 0,
            Kind::LastPart => 1,
            Kind::Snapshot => 2,
        };
        nonce[4..8].copy_from_slice(&self.frame.to_le_bytes());
        nonce[8..].copy_from_slice(&self.chunk.to_le_bytes());
        nonce.into()
    }
}

/// The cipher of one recording.
#[derive(Clone)]
pub(crate) struct Cipher(ChaCha20Poly1305);

impl Cipher {
    pub(crate) fn new(key: &Key, salt: &[u8; SALT]) -> Self {
        let mut derived = Zeroizing::new([0; KEY]);
        // 32 bytes are well within what HKDF can give.
        let _ = Hkdf::<Sha256>::new(Some(salt), key.expose()).expand(INFO, derived.as_mut());
        Self(ChaCha20Poly1305::new((&*derived).into()))
    }

    /// Protects `plain`, and `head`, which stays readable. `None` beyond what the cipher can take at once.
    pub(crate) fn seal(&self, place: Place, head: &[u8], plain: &[u8]) -> Option<Vec<u8>> {
        let payload = Payload {
            msg: plain,
            aad: head,
        };
        self.0.encrypt(&place.nonce(), payload).ok()
    }

    /// `None` when it is not what was sealed with this key, for this place, behind this head.
    pub(crate) fn open(&self, place: Place, head: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        let payload = Payload {
            msg: sealed,
            aad: head,
        };
        self.0.decrypt(&place.nonce(), payload).ok()
    }
}

impl std::fmt::Debug for Cipher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Cipher(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_only_where_it_belongs() {
        let key = Key::new([7; KEY]);
        let cipher = Cipher::new(&key, &[1; SALT]);
        let place = Place {
            kind: Kind::Part,
            frame: 3,
            chunk: 5,
        };
        let sealed = cipher.seal(place, b"head", b"text").unwrap();
        assert_eq!(sealed.len(), 4 + TAG);
        assert_eq!(cipher.open(place, b"head", &sealed).unwrap(), b"text");
        let others = [
            Place {
                kind: Kind::LastPart,
                ..place
            },
            Place {
                kind: Kind::Snapshot,
                ..place
            },
            Place { frame: 4, ..place },
            Place { chunk: 4, ..place },
        ];
        for other in others {
            assert_eq!(cipher.open(other, b"head", &sealed), None, "{other:?}");
        }
        assert_eq!(cipher.open(place, b"Head", &sealed), None);
        let other = Cipher::new(&key, &[2; SALT]);
        assert_eq!(other.open(place, b"head", &sealed), None);
        let other = Cipher::new(&Key::new([8; KEY]), &[1; SALT]);
        assert_eq!(other.open(place, b"head", &sealed), None);
    }

    #[test]
    fn a_key_is_never_shown() {
        let shown = format!("{:?}", Key::new([0xab; KEY]));
        assert!(!shown.contains("ab") && !shown.contains("171"), "{shown}");
        assert_eq!(Key::from_slice(&[0; 31]), None);
    }
}
