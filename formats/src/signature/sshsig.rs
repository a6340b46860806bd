//! The armored signature: read and checked, and made of what a key has signed.
//!
//! Nothing here holds a private key, and a signature says nothing before [`Signature::check`] has. Source: OpenSSH,
//! PROTOCOL.sshsig.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ssh_key::public::KeyData;
use ssh_key::{HashAlg, PublicKey, SshSig};

use super::key::{algorithm, encoded, fingerprint, is_p521, string};

/// What a signature is for; one that was made for anything else is refused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Purpose {
    /// A recording, by its manifest; a pack, by its index.
    #[default]
    Recording,
    /// What a reviewer says of a recording.
    Review,
    /// An archive for somebody without access, by the digests of all that is in it.
    Evidence,
    /// An account of a store.
    Audit,
}

impl Purpose {
    /// The namespace of such signatures, as `ssh-keygen -Y sign -n` takes it.
    #[must_use]
    pub const fn namespace(self) -> &'static str {
        match self {
            Self::Recording => "ssm-rec",
            Self::Review => "ssm-rec-review",
            Self::Evidence => "ssm-rec-evidence",
            Self::Audit => "ssm-rec-audit",
        }
    }
}

/// The longest armored signature taken. One by an RSA key of 16,384 bits has about 6 KiB.
pub const MAX_SIGNATURE: usize = 64 * 1024;
/// Shorter RSA keys prove nothing any more.
const LEAST_RSA_BITS: usize = 2048;

/// Longer ones would let a file cost much time to check.
const MOST_RSA_BITS: usize = 4096;

const MAGIC: &[u8] = b"SSHSIG";
/// What a security key adds to its signature: flags and a counter of four bytes.
const SECURITY_KEY: usize = 5;
const BEGIN: &str = "-----BEGIN SSH SIGNATURE-----";
const END: &str = "-----END SSH SIGNATURE-----";
/// As `ssh-keygen` wraps its lines.
const LINE: usize = 70;

/// A signature with the public key that it names. Nothing is proved until [`Signature::check`] says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature(SshSig);

impl Signature {
    /// Reads an armored signature.
    ///
    /// # Errors
    /// Too long, not armored, or of a form or an algorithm that is not known.
    pub fn parse(armored: &str) -> Result<Self, Error> {
        if armored.len() > MAX_SIGNATURE {
            return Err(Error::TooLong(armored.len()));
        }
        let text = armored
            .trim_ascii()
            .strip_prefix(BEGIN)
            .and_then(|text| text.strip_suffix(END))
            .ok_or(Error::Armor)?;
        let text: String = text.split_ascii_whitespace().collect();
        let blob = STANDARD.decode(text).map_err(|_| Error::Armor)?;
        let mut fields = Fields(blob.strip_prefix(MAGIC).ok_or(Error::Armor)?);
        match fields.number()? {
            SshSig::VERSION => {}
            version => return Err(Error::Version(version)),
        }
        let key = fields.string()?;
        let namespace = fields.string()?;
        let reserved = fields.string()?;
        let hash = fields.string()?;
        let signature = fields.string()?;
        fields.end()?;
        if !reserved.is_empty() {
            return Err(Error::Form("the reserved field is not empty".into()));
        }
        let utf8 = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let hash = HashAlg::new(&utf8(hash)).map_err(form)?;
        let parsed = PublicKey::from_bytes(key).map_err(form)?;
        // What was read must be all that is there: the crate passes over what follows a key or a signature.
        if encoded(parsed.key_data()) != key {
            return Err(Error::Form("the key is not as SSH writes it".into()));
        }
        let mut fields = Fields(signature);
        let kind = fields.string()?;
        fields.string()?;
        if kind.starts_with(b"sk-") {
            fields.take(SECURITY_KEY)?;
        }
        fields.end()?;
        let signature = ssh_key::Signature::try_from(signature).map_err(form)?;
        let signature = SshSig::new(parsed.into(), utf8(namespace), hash, signature);
        Ok(Self(signature.map_err(form)?))
    }

    /// Whether the key that the signature names has signed exactly these bytes, as a recording's manifest is signed.
    ///
    /// # Errors
    /// It has not.
    pub fn check(&self, message: &[u8]) -> Result<(), Error> {
        self.check_for(Purpose::Recording, message)
    }

    /// Whether it has signed exactly these bytes, for this purpose.
    ///
    /// # Errors
    /// It has not.
    pub fn check_for(&self, purpose: Purpose, message: &[u8]) -> Result<(), Error> {
        let wanted = purpose.namespace();
        if self.0.namespace() != wanted {
            let found = self.0.namespace().to_owned();
            return Err(Error::Namespace { found, wanted });
        }
        if let KeyData::Rsa(key) = self.key() {
            let bits = key.n.as_positive_bytes().map_or(0, |n| n.len() * 8);
            if bits < LEAST_RSA_BITS {
                return Err(Error::Weak(bits));
            }
            if bits > MOST_RSA_BITS {
                return Err(Error::Algorithm(format!("RSA ({bits} bits)")));
            }
        }
        let known = matches!(
            self.key(),
            KeyData::Ed25519(_)
                | KeyData::Ecdsa(_)
                | KeyData::Rsa(_)
                | KeyData::SkEd25519(_)
                | KeyData::SkEcdsaSha2NistP256(_)
        ) && !is_p521(self.key());
        if !known {
            return Err(Error::Algorithm(self.algorithm()));
        }
        PublicKey::from(self.key().clone())
            .verify(wanted, message, &self.0)
            .map_err(|_| Error::Wrong)
    }

    /// The key that made it, if it is right.
    #[must_use]
    pub fn key(&self) -> &KeyData {
        self.0.public_key()
    }

    /// The algorithm of the key: `ssh-ed25519`, `ecdsa-sha2-nistp256`, `ssh-rsa`, …
    #[must_use]
    pub fn algorithm(&self) -> String {
        algorithm(self.key())
    }

    /// The key's fingerprint, as `ssh-keygen -l` shows it: `SHA256:…`
    #[must_use]
    pub fn fingerprint(&self) -> String {
        fingerprint(self.key())
    }
}

/// What a key must sign so that [`armored`] makes a signature over `message` of it: a digest of it, with its purpose.
#[must_use]
pub fn to_be_signed(purpose: Purpose, message: &[u8]) -> Vec<u8> {
    // Fails for an empty namespace alone, and ours is none.
    SshSig::signed_data(purpose.namespace(), HashAlg::Sha512, message).unwrap_or_default()
}

/// The armored signature made of a key and what it signed [`to_be_signed`] with, both as SSH writes them: `signature` is
/// the name of the algorithm and its bytes, each behind its length.
#[must_use]
pub fn armored(purpose: Purpose, key: &KeyData, signature: &[u8]) -> String {
    let mut blob = MAGIC.to_vec();
    blob.extend_from_slice(&SshSig::VERSION.to_be_bytes());
    for part in [
        &encoded(key)[..],
        purpose.namespace().as_bytes(),
        b"",
        b"sha512",
        signature,
    ] {
        string(part, &mut blob);
    }
    wrapped(&blob)
}

fn wrapped(blob: &[u8]) -> String {
    let text = STANDARD.encode(blob);
    let mut armored = format!("{BEGIN}\n");
    for line in text.as_bytes().chunks(LINE) {
        // Base64 is ASCII: no chunk ends inside a character.
        armored.push_str(&String::from_utf8_lossy(line));
        armored.push('\n');
    }
    armored.push_str(END);
    armored.push('\n');
    armored
}

/// Reads what SSH writes, from the front.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8], Error> {
        let (taken, rest) = self
            .0
            .split_at_checked(length)
            .ok_or_else(|| Error::Form("it ends early".into()))?;
        self.0 = rest;
        Ok(taken)
    }

    fn number(&mut self) -> Result<u32, Error> {
        let bytes = self.take(4)?;
        Ok(bytes
            .iter()
            .fold(0, |number, &byte| number << 8 | u32::from(byte)))
    }

    fn string(&mut self) -> Result<&'a [u8], Error> {
        let length = self.number()?;
        self.take(length as usize)
    }

    fn end(&self) -> Result<(), Error> {
        match self.0 {
            [] => Ok(()),
            _ => Err(Error::Form("bytes follow its end".into())),
        }
    }
}

fn form(error: ssh_key::Error) -> Error {
    match error {
        ssh_key::Error::AlgorithmUnsupported { algorithm } => {
            Error::Algorithm(algorithm.as_str().to_owned())
        }
        error => Error::Form(error.to_string()),
    }
}

/// Why something is no signature over what it should be over.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// In bytes.
    #[error("signature of {0} bytes is longer than the limit of {MAX_SIGNATURE}")]
    TooLong(usize),
    /// Not between the lines that it must stand between, or not base64.
    #[error("not an armored SSH signature")]
    Armor,
    /// From a later version of OpenSSH.
    #[error("signature has version {0}, only 1 is known")]
    Version(u32),
    /// Not laid out as it must be.
    #[error("signature does not read: {0}")]
    Form(String),
    /// A key that is not known here: a certificate, `ssh-dss`, `ecdsa-sha2-nistp521`.
    #[error("signatures by {0} keys are not known")]
    Algorithm(String),
    /// Made for something else.
    #[error("signature is for {found:?}, not for {wanted:?}")]
    Namespace {
        /// What it was made for.
        found: String,
        /// What it should be for.
        wanted: &'static str,
    },
    /// In bits.
    #[error("signature is by an RSA key of {0} bits, fewer than {LEAST_RSA_BITS}")]
    Weak(usize),
    /// The key has not signed this.
    #[error("the signature is wrong")]
    Wrong,
}
