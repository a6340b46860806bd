//! Public keys as SSH writes and names them.
//!
//! Nothing here checks or trusts a key.

use ssh_key::public::KeyData;
use ssh_key::{Algorithm, EcdsaCurve, HashAlg, PublicKey};

/// A public key as SSH writes it on the wire.
#[must_use]
pub fn encoded(key: &KeyData) -> Vec<u8> {
    // Writing to a vector cannot fail.
    PublicKey::from(key.clone()).to_bytes().unwrap_or_default()
}

/// Bytes behind their length, as SSH writes every text and number.
pub fn string(bytes: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(&u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes());
    out.extend_from_slice(bytes);
}

/// A key's fingerprint, as `ssh-keygen -l` shows it: `SHA256:…`
#[must_use]
pub fn fingerprint(key: &KeyData) -> String {
    key.fingerprint(HashAlg::Sha256).to_string()
}

/// The name of a key's algorithm.
#[must_use]
pub fn algorithm(key: &KeyData) -> String {
    key.algorithm().as_str().to_owned()
}

pub(super) fn is_p521(key: &KeyData) -> bool {
    matches!(
        key.algorithm(),
        Algorithm::Ecdsa {
            curve: EcdsaCurve::NistP521
        }
    )
}
