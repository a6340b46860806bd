//! Who signs recordings: a key file, a key that the running ssh-agent holds, or a key in KMS.
//!
//! Nothing here knows what a manifest is, asks a person, or waits without end. A private key is in memory only where a
//! file holds it, and only while its [`Signer`] lives.

mod agent;
mod file;
mod kms;

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use formats::signature::{self, Purpose, Signature};
use ssh_key::PrivateKey;
use ssh_key::public::KeyData;
use zeroize::Zeroizing;

use crate::aws::{self, Way};

/// How long a signature may take: somebody may have to find and touch a security key.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long it may take to show that the signer is there.
const OPEN_PATIENCE: Duration = Duration::from_secs(20);

/// Which key is to sign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Key {
    /// An SSH private key, or the public half of one that the agent holds.
    File(PathBuf),
    /// A key of the running ssh-agent: by its fingerprint (`SHA256:…`), or the only one.
    Agent(Option<String>),
    /// An asymmetric key in KMS: its ARN, id or alias.
    Kms(String),
}

/// Asks for the passphrase of the key in this file; `true` when one was wrong before. `None`: there is none to be had.
pub type Ask<'a> = &'a mut dyn FnMut(&Path, bool) -> Option<Zeroizing<String>>;

/// A key that is there, ready to sign.
pub struct Signer {
    public: KeyData,
    holder: Holder,
}

enum Holder {
    /// In memory; wiped when it is dropped.
    Here(Box<PrivateKey>),
    Agent,
    Kms(kms::Key),
}

impl Signer {
    /// Finds the key and shows that it can be used, as far as that goes without signing.
    ///
    /// # Errors
    /// It cannot be had.
    pub async fn open(
        key: &Key,
        ask: Ask<'_>,
        way: impl AsyncFnOnce() -> Result<Way, aws::Error>,
    ) -> Result<Self, Error> {
        let opening = async {
            match key {
                Key::Agent(fingerprint) => {
                    let public = agent::find(|key, count| match fingerprint {
                        Some(wanted) => signature::fingerprint(key) == *wanted,
                        None => count == 1,
                    })
                    .await?;
                    Ok((public, Holder::Agent))
                }
                Key::Kms(id) => {
                    let key = kms::Key::open(id, &way().await?).await?;
                    Ok((key.public().clone(), Holder::Kms(key)))
                }
                Key::File(_) => Err(Error::Late),
            }
        };
        let (public, holder) = match key {
            // Not within the time limit: a person types.
            Key::File(path) => match file::read(path, ask)? {
                file::Read::Private(key) => {
                    let public = key.public_key().key_data().clone();
                    (public, Holder::Here(key))
                }
                file::Read::Public(public) => {
                    let found = agent::find(|key, _| *key == public);
                    let found = tokio::time::timeout(OPEN_PATIENCE, found).await;
                    (found.map_err(|_| Error::Late)??, Holder::Agent)
                }
            },
            _ => tokio::time::timeout(OPEN_PATIENCE, opening)
                .await
                .map_err(|_| Error::Late)??,
        };
        Ok(Self { public, holder })
    }

    /// The key's fingerprint, as `ssh-keygen -l` shows it.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        signature::fingerprint(&self.public)
    }

    /// The key's public half.
    #[must_use]
    pub fn public(&self) -> &KeyData {
        &self.public
    }

    /// Whether a person may have to do something for a signature.
    #[must_use]
    pub fn may_need_a_person(&self) -> bool {
        matches!(self.holder, Holder::Agent)
    }

    /// The armored signature over `message` for a purpose. Waits a minute at most.
    ///
    /// # Errors
    /// The key did not sign, or signed something else.
    pub async fn sign(&self, purpose: Purpose, message: &[u8]) -> Result<String, Error> {
        let armored = match &self.holder {
            Holder::Here(key) => file::sign(purpose, key, message).map_err(Error::Key)?,
            Holder::Agent | Holder::Kms(_) => {
                let data = signature::to_be_signed(purpose, message);
                let signing = async {
                    match &self.holder {
                        Holder::Kms(key) => key.sign(&data).await,
                        _ => agent::sign(&self.public, &data).await,
                    }
                };
                let signed = tokio::time::timeout(PATIENCE, signing)
                    .await
                    .map_err(|_| Error::Late)??;
                signature::armored(purpose, &self.public, &signed)
            }
        };
        // Another program made it: what is stored must be right.
        Signature::parse(&armored)
            .and_then(|signature| signature.check_for(purpose, message))
            .map_err(Error::Signature)?;
        Ok(armored)
    }
}

/// Where a key in KMS is asked for.
///
/// # Errors
/// There is no such address; what is wrong.
pub async fn address(id: &str, way: &Way) -> Result<String, String> {
    kms::address(id, way).await
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Signer").field(&self.fingerprint()).finish()
    }
}

/// Why nothing is signed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no way to the key's service.
    #[error(transparent)]
    Way(#[from] aws::Error),
    /// The file of the key.
    #[error("cannot read the key in {path:?}: {source}")]
    File {
        /// Where it is.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Others could have read the key.
    #[error("the key in {path:?} can be read by others (mode {mode:03o})")]
    Open {
        /// Where it is.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// Neither a private key as OpenSSH writes it nor a public one.
    #[error("{path:?} is no OpenSSH key: {reason}")]
    NoKey {
        /// Where it is.
        path: PathBuf,
        /// What does not read.
        reason: String,
    },
    /// It is encrypted.
    #[error("the key in {0:?} is encrypted, and there is no passphrase for it")]
    Passphrase(PathBuf),
    /// There is no agent.
    #[error("there is no ssh-agent: SSH_AUTH_SOCK is not set")]
    NoAgent,
    /// The agent does not answer as one.
    #[error("the ssh-agent cannot be used: {0}")]
    Agent(String),
    /// It holds other keys.
    #[error("the ssh-agent does not hold that key{}", among(.0))]
    NotHeld(Vec<String>),
    /// It holds more than one, and none was named.
    #[error("the ssh-agent holds several keys{}", among(.0))]
    Several(Vec<String>),
    /// The agent, or the person behind it, said no.
    #[error("the ssh-agent refused to sign")]
    Refused,
    /// KMS said no, or something else than a key.
    #[error("the key {key:?} in KMS cannot be used: {reason}")]
    Kms {
        /// As it was named.
        key: String,
        /// What it said.
        reason: String,
    },
    /// The key cannot sign.
    #[error("the key cannot sign: {0}")]
    Key(String),
    /// Nothing came in time.
    #[error("no answer came in time")]
    Late,
    /// What came is no signature of that key over that message.
    #[error("what was signed does not hold: {0}")]
    Signature(signature::Error),
}

impl Error {
    /// What the person can do next.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Way(error) => return error.hint(),
            Self::Open { .. } => "make it yours alone: chmod 600",
            Self::NoKey { .. } => "write it as OpenSSH does: ssh-keygen -p -f FILE",
            Self::Passphrase(_) => {
                "run it at a terminal, put the key into the ssh-agent, or set SSM_REC_SIGN_PASSPHRASE"
            }
            Self::NoAgent => "start one: eval $(ssh-agent); ssh-add",
            Self::NotHeld(_) => "add it: ssh-add FILE",
            Self::Several(_) => {
                "name one: agent:SHA256:… or the path of its public key as the signing key"
            }
            Self::Kms { .. } => {
                "the key must be asymmetric, for signing; kms:GetPublicKey and kms:Sign are needed"
            }
            _ => return None,
        };
        Some(hint.to_owned())
    }
}

fn among(keys: &[String]) -> String {
    match keys {
        [] => ": it holds none".to_owned(),
        keys => format!(": it holds {}", keys.join(", ")),
    }
}
