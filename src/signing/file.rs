//! A key in a file, as OpenSSH writes it: private, encrypted or not, or the public half of a key that an agent holds.
//!
//! Nothing here keeps a passphrase longer than it takes to try it.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use formats::signature::{Purpose, armored, string, to_be_signed};
use rsa::signature::{RandomizedSigner, SignatureEncoding};
use ssh_key::private::{KeypairData, RsaKeypair};
use ssh_key::public::KeyData;
use ssh_key::{HashAlg, LineEnding, Mpint, PrivateKey, PublicKey};
use zeroize::Zeroizing;

use super::{Ask, Error};

/// The longest file taken: a private RSA key of 16,384 bits has about 12 KiB.
const MAX_FILE: u64 = 64 * 1024;
/// How often a passphrase is asked for, as `ssh` does it.
const TRIES: usize = 3;

/// What a file holds.
pub(super) enum Read {
    Private(Box<PrivateKey>),
    Public(KeyData),
}

pub(super) fn read(path: &Path, ask: Ask<'_>) -> Result<Read, Error> {
    let (text, mode) = contents(path).map_err(|source| Error::File {
        path: path.to_owned(),
        source,
    })?;
    let no_key = |reason: String| Error::NoKey {
        path: path.to_owned(),
        reason,
    };
    if !text.trim_ascii_start().starts_with("-----") {
        let key =
            PublicKey::from_openssh(text.trim()).map_err(|error| no_key(error.to_string()))?;
        return Ok(Read::Public(key.key_data().clone()));
    }
    if let Some(mode) = mode.filter(|mode| mode & 0o077 != 0) {
        return Err(Error::Open {
            path: path.to_owned(),
            mode,
        });
    }
    let key =
        PrivateKey::from_openssh(text.as_bytes()).map_err(|error| no_key(error.to_string()))?;
    if !key.is_encrypted() {
        return Ok(Read::Private(Box::new(key)));
    }
    for attempt in 0..TRIES {
        let Some(passphrase) = ask(path, attempt > 0) else {
            break;
        };
        if let Ok(key) = key.decrypt(passphrase.as_bytes()) {
            return Ok(Read::Private(Box::new(key)));
        }
    }
    Err(Error::Passphrase(path.to_owned()))
}

/// The armored signature over `message`.
pub(super) fn sign(purpose: Purpose, key: &PrivateKey, message: &[u8]) -> Result<String, String> {
    match key.key_data() {
        KeypairData::Rsa(pair) => {
            let signature = sign_rsa(pair, &to_be_signed(purpose, message))
                .ok_or("the parts of the RSA key do not fit each other")?;
            let mut blob = Vec::new();
            string(b"rsa-sha2-512", &mut blob);
            string(&signature, &mut blob);
            Ok(armored(purpose, key.public_key().key_data(), &blob))
        }
        _ => key
            .sign(purpose.namespace(), HashAlg::Sha512, message)
            .and_then(|signature| signature.to_pem(LineEnding::LF))
            .map_err(|error| error.to_string()),
    }
}

/// The crate `ssh-key` (0.6) makes an RSA key of one of its primes twice, which then signs nothing.
fn sign_rsa(pair: &RsaKeypair, data: &[u8]) -> Option<Vec<u8>> {
    let number = |number: &Mpint| Some(rsa::BigUint::from_bytes_be(number.as_positive_bytes()?));
    let key = rsa::RsaPrivateKey::from_components(
        number(&pair.public.n)?,
        number(&pair.public.e)?,
        number(&pair.private.d)?,
        vec![number(&pair.private.p)?, number(&pair.private.q)?],
    )
    .ok()?;
    let key = rsa::pkcs1v15::SigningKey::<rsa::sha2::Sha512>::new(key);
    // Blinded, so that the time it takes tells nothing of the key.
    let signature = key
        .try_sign_with_rng(&mut rsa::rand_core::OsRng, data)
        .ok()?;
    Some(signature.to_vec())
}

/// The text, and the file's permissions where there are such.
fn contents(path: &Path) -> std::io::Result<(Zeroizing<String>, Option<u32>)> {
    let file = File::open(path)?;
    let mode = mode(&file)?;
    // Room for all of it at once, so that no copy is left behind where it grew.
    let mut bytes = Zeroizing::new(Vec::with_capacity(MAX_FILE as usize + 1));
    file.take(MAX_FILE).read_to_end(&mut bytes)?;
    let text = std::str::from_utf8(&bytes).map_err(|_| std::io::ErrorKind::InvalidData)?;
    Ok((Zeroizing::new(text.to_owned()), mode))
}

#[cfg(unix)]
fn mode(file: &File) -> std::io::Result<Option<u32>> {
    use std::os::unix::fs::PermissionsExt;
    Ok(Some(file.metadata()?.permissions().mode() & 0o777))
}

#[cfg(not(unix))]
fn mode(_: &File) -> std::io::Result<Option<u32>> {
    Ok(None)
}
