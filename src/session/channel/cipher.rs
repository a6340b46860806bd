//! The cipher of a session that KMS encrypts: payloads to and from bytes that only the two ends read.
//!
//! No key is fetched here, no random number is drawn, and no key outlives its owner: memory that held one is wiped.
//! AES-256-GCM without associated data; on the wire 12 bytes of nonce, then ciphertext and tag (source: nonceSize and
//! EncryptWithAESGCM of the agent, agent/session/crypto/blockcipher.go).

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use bytes::Bytes;
use zeroize::Zeroizing;

/// Bytes of a data key (source: KMSKeySizeInBytes): the first half opens what the agent sends, the second half seals
/// what goes to it.
pub(in crate::session) const DATA_KEY_LENGTH: usize = 64;
/// Bytes of the tag at the end.
const TAG_LENGTH: usize = 16;

/// A data key: what KMS gave in the clear, and the same as KMS encrypted it.
pub struct DataKey {
    plaintext: Zeroizing<Vec<u8>>,
    ciphertext: Vec<u8>,
    first_nonce: [u8; NONCE_LEN],
}

impl DataKey {
    /// Takes both forms of the key. `first_nonce` is where this client's nonces begin; they count up from it. It need
    /// not be random for a key that is used once, but guards a key that comes twice.
    ///
    /// # Errors
    /// The key is not `DATA_KEY_LENGTH` long.
    pub fn new(
        plaintext: Zeroizing<Vec<u8>>,
        ciphertext: Vec<u8>,
        first_nonce: [u8; NONCE_LEN],
    ) -> Result<Self, Error> {
        if plaintext.len() != DATA_KEY_LENGTH {
            return Err(Error::KeyLength(plaintext.len()));
        }
        Ok(Self {
            plaintext,
            ciphertext,
            first_nonce,
        })
    }

    /// The key as KMS encrypted it, for the agent.
    pub(in crate::session) fn ciphertext(&self) -> &[u8] {
        &self.ciphertext
    }
}

impl fmt::Debug for DataKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DataKey(hidden)")
    }
}

/// Both directions of one session.
pub(in crate::session) struct Cipher {
    opening: LessSafeKey,
    sealing: LessSafeKey,
    /// Little-endian; no number is used twice.
    next_nonce: [u8; NONCE_LEN],
}

impl Cipher {
    pub(in crate::session) fn new(key: &DataKey) -> Result<Self, Error> {
        let (theirs, ours) = key.plaintext.split_at(DATA_KEY_LENGTH / 2);
        // Freed, the library wipes its copy of the key.
        let half = |bytes: &[u8]| {
            UnboundKey::new(&AES_256_GCM, bytes)
                .map(LessSafeKey::new)
                .map_err(|_| Error::KeyLength(bytes.len()))
        };
        Ok(Self {
            opening: half(theirs)?,
            sealing: half(ours)?,
            next_nonce: key.first_nonce,
        })
    }

    /// What the agent sealed.
    pub(in crate::session) fn open(&self, sealed: &[u8]) -> Result<Bytes, Error> {
        let (nonce, rest) = sealed
            .split_first_chunk::<NONCE_LEN>()
            .filter(|(_, rest)| rest.len() >= TAG_LENGTH)
            .ok_or(Error::TooShort(sealed.len()))?;
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let mut text = rest.to_vec();
        let length = self
            .opening
            .open_in_place(nonce, Aad::empty(), &mut text)
            .map_err(|_| Error::NotAuthentic)?
            .len();
        text.truncate(length);
        Ok(text.into())
    }

    /// Seals what goes to the agent. The same text gives other bytes each time: whoever sends it again must keep them.
    pub(in crate::session) fn seal(&mut self, text: &[u8]) -> Result<Bytes, Error> {
        let nonce = self.next_nonce;
        for byte in &mut self.next_nonce {
            *byte = byte.wrapping_add(1);
            if *byte != 0 {
                break;
            }
        }
        let mut sealed = Vec::with_capacity(NONCE_LEN + text.len() + TAG_LENGTH);
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(text);
        let tag = self
            .sealing
            .seal_in_place_separate_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::empty(),
                &mut sealed[NONCE_LEN..],
            )
            .map_err(|_| Error::TooLong(text.len()))?;
        sealed.extend_from_slice(tag.as_ref());
        Ok(sealed.into())
    }
}

impl fmt::Debug for Cipher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cipher(hidden)")
    }
}

/// Why a payload or a key cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A data key has another length than the protocol's.
    #[error("the data key has {0} bytes where {DATA_KEY_LENGTH} are due")]
    KeyLength(usize),
    /// There is no room in it for nonce and tag.
    #[error("{0} bytes are too short for an encrypted payload")]
    TooShort(usize),
    /// Altered, or sealed with another key.
    #[error("it was not encrypted with the key of this session, or altered on its way")]
    NotAuthentic,
    /// More than the cipher takes at once.
    #[error("{0} bytes are too long to be encrypted")]
    TooLong(usize),
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn data_key(bytes: impl Iterator<Item = u8>) -> DataKey {
        let plaintext = Zeroizing::new(bytes.collect());
        DataKey::new(plaintext, b"blob".to_vec(), [0xfe; 12]).unwrap()
    }

    /// This client's end, and the agent's: the same key with its halves the other way round.
    fn ends() -> (Cipher, Cipher) {
        let ours = data_key(0..64);
        let theirs = data_key((32..64).chain(0..32));
        (Cipher::new(&ours).unwrap(), Cipher::new(&theirs).unwrap())
    }

    fn bytes(hex: &str) -> Vec<u8> {
        let digit = |at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
        (0..hex.len()).step_by(2).map(digit).collect()
    }

    #[test]
    fn golden_bytes_of_another_implementation() {
        let (mut client, agent) = ends();
        // AESGCM(bytes(range(32))).encrypt(bytes(range(100, 112)), b"$ caf\xc3\xa9\r\n", None), nonce before it.
        let sealed = bytes(AGENT_SEALED);
        assert_eq!(client.open(&sealed).unwrap(), "$ café\r\n".as_bytes());
        // AESGCM(bytes(range(32, 64))).encrypt(b"\xfe" * 12, b"ls -l\r", None), nonce before it.
        let sealed = client.seal(b"ls -l\r").unwrap();
        assert_eq!(sealed, bytes(CLIENT_SEALED));
        assert_eq!(agent.open(&sealed).unwrap(), "ls -l\r");
    }

    #[test]
    fn no_nonce_comes_twice_and_it_counts_over_the_end() {
        let mut client = ends().0;
        let mut nonces = std::collections::BTreeSet::new();
        for _ in 0..1000 {
            assert!(nonces.insert(client.seal(b"same").unwrap().slice(..12)));
        }
        client.next_nonce = [0xff; 12];
        assert_eq!(client.seal(b"").unwrap()[..12], [0xff; 12]);
        assert_eq!(client.seal(b"").unwrap()[..12], [0; 12]);
    }

    #[test]
    fn what_was_cut_altered_or_sealed_otherwise_does_not_open() {
        let (mut client, agent) = ends();
        let sealed = client.seal(b"text").unwrap();
        for length in 0..sealed.len() {
            let expected = if length < 28 {
                Error::TooShort(length)
            } else {
                Error::NotAuthentic
            };
            assert_eq!(agent.open(&sealed[..length]), Err(expected), "{length}");
        }
        for at in 0..sealed.len() {
            let mut altered = sealed.to_vec();
            altered[at] ^= 1;
            assert_eq!(agent.open(&altered), Err(Error::NotAuthentic), "{at}");
        }
        assert_eq!(client.open(&sealed), Err(Error::NotAuthentic));
    }

    #[test]
    fn a_key_of_another_length_is_none() {
        for length in [0, 32, 63, 65] {
            let key = DataKey::new(Zeroizing::new(vec![0; length]), Vec::new(), [0; 12]);
            assert_eq!(key.unwrap_err(), Error::KeyLength(length));
        }
    }

    #[test]
    fn keys_show_nothing_of_themselves() {
        let key = data_key(0..64);
        let cipher = Cipher::new(&key).unwrap();
        assert_eq!(
            format!("{key:?} {cipher:?}"),
            "DataKey(hidden) Cipher(hidden)"
        );
    }

    proptest! {
        #[test]
        fn what_is_sealed_opens_at_the_other_end(text: Vec<u8>) {
            let (mut client, agent) = ends();
            let sealed = client.seal(&text).unwrap();
            prop_assert_eq!(sealed.len(), text.len() + 28);
            prop_assert_eq!(agent.open(&sealed).unwrap(), text);
        }
    }

    const AGENT_SEALED: &str =
        "6465666768696a6b6c6d6e6f6c3bbd071f2aff93347a1ed517afe6cbe660de1f54608ac411";
    const CLIENT_SEALED: &str =
        "fefefefefefefefefefefefe990b9b7829033552d552219774a3cf6411b19f363f70";
}
