//! What opens a recording: age identities and SSH private keys, in files that may have a passphrase of their own.
//!
//! No file is read and nobody is asked before a sealed recording is met; nothing that was read is ever shown.

use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use age::armor::ArmoredReader;
use age::secrecy::SecretString;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use formats::sealed::{Envelope, KEY, Key, Locked, Unlock};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// The longest identity file that is read, in bytes.
const MAX_FILE: u64 = 1024 * 1024;
/// How often a passphrase may be wrong.
const TRIES: usize = 3;
/// The most work that the passphrase of an age file may ask for, as a power of two: some seconds. A file that wants more
/// is not worth the wait, or was made to take it.
const MAX_WORK: u8 = 22;

/// Asks for the passphrase of a file; `again` when the one before was wrong. `None` when nobody answers.
pub type AskPassphrase = Box<dyn Fn(&Path, bool) -> Option<String> + Send + Sync>;

/// Opens envelopes with identities out of files.
pub struct Identities {
    files: Vec<PathBuf>,
    ask: AskPassphrase,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    loaded: Option<Vec<Loaded>>,
    /// Keys that were had before, by their wrapping: an export opens its recording more than once.
    keys: Vec<(Vec<u8>, Key)>,
}

/// A file of identities.
struct Loaded {
    path: PathBuf,
    identity: Identity,
}

enum Identity {
    Open(Vec<Box<dyn age::Identity + Send>>),
    /// An SSH key, with the name by which an age file calls for it.
    Ssh {
        key: age::ssh::Identity,
        tag: Option<String>,
    },
    /// An age file with a passphrase that holds identities.
    Protected(Vec<u8>),
}

impl Identities {
    /// Identities out of these files; `ask` is called for the passphrase of one that needs it.
    #[must_use]
    pub fn new(files: Vec<PathBuf>, ask: AskPassphrase) -> Self {
        Self {
            files,
            ask,
            state: Mutex::default(),
        }
    }

    /// Opens nothing.
    #[must_use]
    pub fn none() -> Self {
        Self::new(Vec::new(), Box::new(|_, _| None))
    }

    /// Whether there is no file to open anything with.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    fn open(&self, state: &mut State, envelope: &Envelope) -> Result<Key, Locked> {
        if state.loaded.is_none() {
            state.loaded = Some(
                self.files
                    .iter()
                    .map(|path| load(path))
                    .collect::<Result<_, _>>()
                    .map_err(Locked::Failed)?,
            );
        }
        let loaded = state.loaded.as_mut().map_or(&mut [][..], |loaded| loaded);
        // What needs no passphrase goes first, so that nobody is asked without need.
        loaded.sort_by_key(|loaded| !loaded.identity.is_open());
        for Loaded { path, identity } in loaded {
            if !identity.may_open(&envelope.wrapped) {
                continue;
            }
            self.unprotect(path, identity).map_err(Locked::Failed)?;
            if let Some(key) = identity.unwrap(&envelope.wrapped)? {
                return Ok(key);
            }
        }
        Err(Locked::Foreign)
    }

    /// Asks for the passphrase of an identity that has one.
    fn unprotect(&self, path: &Path, identity: &mut Identity) -> Result<(), String> {
        let shown = path.display().to_string();
        for attempt in 0..TRIES {
            let opened = match identity {
                Identity::Open(_) => return Ok(()),
                Identity::Ssh {
                    key: age::ssh::Identity::Encrypted(key),
                    ..
                } => {
                    let Some(answer) = (self.ask)(path, attempt > 0) else {
                        return Err(format!("{shown:?} needs a passphrase, and there is none"));
                    };
                    key.decrypt(SecretString::from(answer))
                        .ok()
                        .map(|key| vec![boxed(age::ssh::Identity::from(key))])
                }
                Identity::Ssh { key, .. } => Some(vec![boxed(key.clone())]),
                Identity::Protected(file) => {
                    let Some(answer) = (self.ask)(path, attempt > 0) else {
                        return Err(format!("{shown:?} needs a passphrase, and there is none"));
                    };
                    match unprotect_file(file, SecretString::from(answer)) {
                        Ok(text) => Some(parse_identities(&text, &shown)?),
                        Err(
                            age::DecryptError::DecryptionFailed
                            | age::DecryptError::KeyDecryptionFailed,
                        ) => None,
                        Err(error) => return Err(format!("{shown:?} does not read: {error}")),
                    }
                }
            };
            if let Some(identities) = opened {
                *identity = Identity::Open(identities);
                return Ok(());
            }
        }
        Err(format!("the passphrase of {shown:?} is wrong"))
    }
}

impl Unlock for Identities {
    fn unlock(&self, envelope: &Envelope) -> Result<Key, Locked> {
        if self.files.is_empty() {
            return Err(Locked::NoIdentity);
        }
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let known = state
            .keys
            .iter()
            .find(|(wrapped, _)| *wrapped == envelope.wrapped);
        if let Some((_, key)) = known {
            return Ok(key.clone());
        }
        let key = self.open(&mut state, envelope)?;
        state.keys.push((envelope.wrapped.clone(), key.clone()));
        Ok(key)
    }
}

impl std::fmt::Debug for Identities {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Identities").field(&self.files).finish()
    }
}

impl Identity {
    fn is_open(&self) -> bool {
        match self {
            Self::Open(_) => true,
            Self::Ssh { key, .. } => !matches!(key, age::ssh::Identity::Encrypted(_)),
            Self::Protected(_) => false,
        }
    }

    /// Whether it is worth trying. The lines of an age file say by a short name which SSH key they are for; those for
    /// age's own keys do not.
    fn may_open(&self, wrapped: &[u8]) -> bool {
        match self {
            Self::Ssh { tag: Some(tag), .. } => stanzas(wrapped).any(|line| line == tag.as_str()),
            Self::Ssh { tag: None, .. } => false,
            Self::Open(_) => true,
            Self::Protected(_) => stanzas(wrapped).any(|line| line == "X25519"),
        }
    }

    fn unwrap(&self, wrapped: &[u8]) -> Result<Option<Key>, Locked> {
        let Self::Open(identities) = self else {
            return Ok(None);
        };
        let failed = |error: &dyn std::fmt::Display| Locked::Failed(error.to_string());
        let decryptor = age::Decryptor::new_buffered(wrapped).map_err(|error| failed(&error))?;
        let identities = identities
            .iter()
            .map(|identity| &**identity as &dyn age::Identity);
        let reader = match decryptor.decrypt(identities) {
            Ok(reader) => reader,
            Err(age::DecryptError::NoMatchingKeys) => return Ok(None),
            Err(error) => return Err(failed(&error)),
        };
        let mut bytes = Zeroizing::new(Vec::with_capacity(KEY + 1));
        reader
            .take(KEY as u64 + 1)
            .read_to_end(&mut bytes)
            .map_err(|error| failed(&error))?;
        match Key::from_slice(&bytes) {
            Some(key) => Ok(Some(key)),
            None => Err(failed(&"what was wrapped is no key of a recording")),
        }
    }
}

/// The type of each stanza of an age file, with the short name of the key where it is an SSH key.
fn stanzas(wrapped: &[u8]) -> impl Iterator<Item = String> {
    wrapped
        .split(|&byte| byte == b'\n')
        .take_while(|line| !line.starts_with(b"---"))
        .filter_map(|line| std::str::from_utf8(line.strip_prefix(b"-> ")?).ok())
        .map(|line| {
            let mut words = line.split(' ');
            match (words.next(), words.next()) {
                (Some(kind), Some(name)) if kind.starts_with("ssh-") => format!("{kind} {name}"),
                (kind, _) => kind.unwrap_or_default().to_owned(),
            }
        })
}

fn boxed(identity: impl age::Identity + Send + 'static) -> Box<dyn age::Identity + Send> {
    Box::new(identity)
}

fn load(path: &Path) -> Result<Loaded, String> {
    let shown = path.display().to_string();
    let mut bytes = Zeroizing::new(Vec::new());
    std::fs::File::open(path)
        .and_then(|file| file.take(MAX_FILE).read_to_end(&mut bytes))
        .map_err(|error| format!("cannot read {shown:?}: {error}"))?;
    let starts = |text: &str| bytes.trim_ascii_start().starts_with(text.as_bytes());
    let identity = if starts("age-encryption.org/") || starts("-----BEGIN AGE ENCRYPTED FILE-----")
    {
        Identity::Protected(bytes.to_vec())
    } else if starts("-----BEGIN ") {
        let key = age::ssh::Identity::from_buffer(BufReader::new(&bytes[..]), None)
            .map_err(|_| format!("{shown:?} is no SSH private key that can decrypt"))?;
        if let age::ssh::Identity::Unsupported(_) = key {
            return Err(format!(
                "{shown:?} is a key of a kind that cannot decrypt; ssh-ed25519 and ssh-rsa in OpenSSH's format can"
            ));
        }
        Identity::Ssh {
            tag: tag(&key),
            key,
        }
    } else if starts("ssh-") || starts("age1") {
        return Err(format!(
            "{shown:?} is a public key; the private one is needed"
        ));
    } else {
        Identity::Open(parse_identities(&bytes, &shown)?)
    };
    Ok(Loaded {
        path: path.to_owned(),
        identity,
    })
}

/// How an age file calls for an SSH key: its type and the first four bytes of its digest.
fn tag(key: &age::ssh::Identity) -> Option<String> {
    let text = age::ssh::Recipient::try_from(key.clone()).ok()?.to_string();
    let (kind, blob) = text.split_once(' ')?;
    let digest = Sha256::digest(STANDARD.decode(blob).ok()?);
    Some(format!("{kind} {}", STANDARD_NO_PAD.encode(&digest[..4])))
}

/// The lines of an age identity file. A line that is none is told by its number alone: it may be a secret.
fn parse_identities(
    text: &[u8],
    shown: &str,
) -> Result<Vec<Box<dyn age::Identity + Send>>, String> {
    let mut identities = Vec::new();
    for (number, line) in text.split(|&byte| byte == b'\n').enumerate() {
        let line = line.trim_ascii();
        if line.is_empty() || line.starts_with(b"#") {
            continue;
        }
        let identity = std::str::from_utf8(line)
            .ok()
            .and_then(|line| line.parse::<age::x25519::Identity>().ok())
            .ok_or_else(|| format!("line {} of {shown:?} is no age identity", number + 1))?;
        identities.push(boxed(identity));
    }
    match identities.len() {
        0 => Err(format!("{shown:?} holds no identity")),
        _ => Ok(identities),
    }
}

fn unprotect_file(
    file: &[u8],
    passphrase: SecretString,
) -> Result<Zeroizing<Vec<u8>>, age::DecryptError> {
    let decryptor = age::Decryptor::new(ArmoredReader::new(file))?;
    let mut identity = age::scrypt::Identity::new(passphrase);
    identity.set_max_work_factor(MAX_WORK);
    let reader = decryptor.decrypt(std::iter::once(&identity as &dyn age::Identity))?;
    let mut text = Zeroizing::new(Vec::new());
    reader.take(MAX_FILE).read_to_end(&mut text)?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use crate::envelope::Recipients;
    use formats::manifest::Manifest;

    const AGE: &str = include_str!("../../formats/tests/golden/reader.txt");
    const SSH: &str = include_str!("../../tests/keys/ed25519");
    const SSH_PUBLIC: &str = include_str!("../../tests/keys/ed25519.pub");
    /// The same key with the passphrase "open sesame".
    const SSH_PROTECTED: &str = include_str!("../../tests/keys/ed25519_protected");
    const RSA: &str = include_str!("../../tests/keys/rsa");
    const RSA_PUBLIC: &str = include_str!("../../tests/keys/rsa.pub");

    /// The key that age wrapped for [`AGE`].
    fn envelope() -> Envelope {
        Envelope {
            salt: [0; 16],
            wrapped: include_bytes!("../../formats/tests/golden/key.age").to_vec(),
            opening: Manifest::default(),
        }
    }

    fn envelope_for(recipients: &[&str]) -> (Envelope, Key) {
        let texts: Vec<_> = recipients
            .iter()
            .map(|text| text.trim().to_owned())
            .collect();
        let seal = Recipients::parse(&texts).unwrap().seal().unwrap();
        let envelope = Envelope {
            salt: seal.salt,
            wrapped: seal.wrapped,
            opening: Manifest::default(),
        };
        (envelope, seal.key)
    }

    /// The identity of [`AGE`] with the passphrase "open sesame", made for little work: these tests are not optimised.
    fn age_protected() -> String {
        use std::io::Write as _;
        let mut recipient =
            age::scrypt::Recipient::new(SecretString::from("open sesame".to_owned()));
        recipient.set_work_factor(4);
        let recipients = std::iter::once(&recipient as &dyn age::Recipient);
        let encryptor = age::Encryptor::with_recipients(recipients).unwrap();
        let armor =
            age::armor::ArmoredWriter::wrap_output(Vec::new(), age::armor::Format::AsciiArmor)
                .unwrap();
        let mut writer = encryptor.wrap_output(armor).unwrap();
        writer.write_all(AGE.as_bytes()).unwrap();
        let file = writer.finish().and_then(|armor| armor.finish()).unwrap();
        String::from_utf8(file).unwrap()
    }

    struct Scene {
        folder: tempfile::TempDir,
        files: Vec<PathBuf>,
        answers: Vec<&'static str>,
    }

    impl Scene {
        fn new(contents: &[&str]) -> Self {
            let folder = tempfile::tempdir().unwrap();
            let files = contents
                .iter()
                .enumerate()
                .map(|(number, content)| {
                    let path = folder.path().join(number.to_string());
                    std::fs::write(&path, content).unwrap();
                    path
                })
                .collect();
            Self {
                folder,
                files,
                answers: Vec::new(),
            }
        }

        fn answering(mut self, answers: &[&'static str]) -> Self {
            self.answers = answers.to_vec();
            self
        }

        /// The outcome, and how often somebody was asked.
        fn unlock(self, envelope: &Envelope) -> (Result<Key, Locked>, usize) {
            let asked = Arc::new(AtomicUsize::new(0));
            let (count, answers) = (Arc::clone(&asked), self.answers);
            let identities = Identities::new(
                self.files,
                Box::new(move |_, again| {
                    let number = count.fetch_add(1, Ordering::Relaxed);
                    assert_eq!(again, number > 0);
                    answers.get(number).map(|&answer| answer.to_owned())
                }),
            );
            let first = identities.unlock(envelope);
            if first.is_ok() {
                drop(self.folder);
                assert_eq!(identities.unlock(envelope), first, "without asking again");
            }
            (first, asked.load(Ordering::Relaxed))
        }
    }

    fn golden() -> Key {
        Key::new(std::array::from_fn(|n| n as u8))
    }

    #[test]
    fn what_the_age_tool_wrapped_opens() {
        assert_eq!(Scene::new(&[AGE]).unlock(&envelope()), (Ok(golden()), 0));
        let both = [SSH, AGE];
        assert_eq!(Scene::new(&both).unlock(&envelope()), (Ok(golden()), 0));
    }

    #[test]
    fn ssh_keys_open_what_was_sealed_for_them() {
        for (public, private) in [(SSH_PUBLIC, SSH), (RSA_PUBLIC, RSA)] {
            let (envelope, key) = envelope_for(&[public]);
            assert_eq!(Scene::new(&[private]).unlock(&envelope), (Ok(key), 0));
            let (other, asked) = Scene::new(&[AGE]).unlock(&envelope);
            assert_eq!((other, asked), (Err(Locked::Foreign), 0));
        }
    }

    #[test]
    fn a_passphrase_is_asked_once_and_only_when_it_helps() {
        let (envelope, key) = envelope_for(&[RSA_PUBLIC, SSH_PUBLIC]);
        let right = Scene::new(&[SSH_PROTECTED]).answering(&["open sesame"]);
        assert_eq!(right.unlock(&envelope), (Ok(key.clone()), 1));
        let second = Scene::new(&[SSH_PROTECTED]).answering(&["wrong", "open sesame"]);
        assert_eq!(second.unlock(&envelope), (Ok(key.clone()), 2));
        // Another file opens it without one.
        let spared = Scene::new(&[SSH_PROTECTED, &age_protected(), RSA]);
        assert_eq!(spared.unlock(&envelope), (Ok(key), 0));
        // It is not for this key, and that shows without the passphrase.
        let (foreign, _) = envelope_for(&[RSA_PUBLIC]);
        let (outcome, asked) = Scene::new(&[SSH_PROTECTED, &age_protected()]).unlock(&foreign);
        assert_eq!((outcome, asked), (Err(Locked::Foreign), 0));
    }

    #[test]
    fn a_protected_age_file_opens_with_its_passphrase() {
        let scene = Scene::new(&[&age_protected()]).answering(&["open sesame"]);
        assert_eq!(scene.unlock(&envelope()), (Ok(golden()), 1));
    }

    #[test]
    fn what_cannot_be_used_says_why_and_never_shows_a_secret() {
        for (content, answers, reason) in [
            (SSH_PROTECTED, &["a", "b", "c"][..], "is wrong"),
            (SSH_PROTECTED, &[], "needs a passphrase, and there is none"),
            ("AGE-SECRET-KEY-1TYPO\n", &[], "line 1 of"),
            ("# nothing\n", &[], "holds no identity"),
            (SSH_PUBLIC, &[], "is a public key"),
            (
                "-----BEGIN RSA PRIVATE KEY-----\nx\n",
                &[],
                "is no SSH private key",
            ),
        ] {
            let (envelope, _) = envelope_for(&[SSH_PUBLIC]);
            let (outcome, _) = Scene::new(&[content]).answering(answers).unlock(&envelope);
            let Err(Locked::Failed(text)) = outcome else {
                panic!("{content}: {outcome:?}")
            };
            assert!(text.contains(reason), "{text}");
            assert!(!text.contains("TYPO"));
        }
        let (outcome, _) = Scene::new(&[]).unlock(&envelope());
        assert_eq!(outcome, Err(Locked::NoIdentity));
        let missing = Identities::new(vec!["/no/such/file".into()], Box::new(|_, _| None));
        assert!(matches!(
            missing.unlock(&envelope()),
            Err(Locked::Failed(_))
        ));
    }
}
