//! Who is to read a recording: age recipients and SSH public keys, and the seal that is made for them.
//!
//! No private key is needed or kept here: the one that a recording is sealed with is new for each.

use std::fs::File;
use std::io::{Read, Write};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use formats::sealed::{KEY, Key, SALT, Seal};
use sha2::{Digest, Sha256};

use super::Error;

/// The longest file of recipients that is read, in bytes.
const MAX_FILE: u64 = 1024 * 1024;
/// So that an envelope stays far within what a reader takes.
const MAX_RECIPIENTS: usize = 256;
/// A message quotes no more of a text than this, in characters.
const QUOTED: usize = 40;

/// The readers of a recording.
pub struct Recipients(Vec<Recipient>);

enum Recipient {
    Age(age::x25519::Recipient),
    Ssh(age::ssh::Recipient),
}

impl Recipients {
    /// Takes recipients as people write them: `age1…`, `ssh-ed25519 …` and `ssh-rsa …` as they stand in a public key
    /// file, or the path of a file with one of these in each line.
    ///
    /// # Errors
    /// One of them is none, or a file cannot be read.
    pub fn parse(texts: &[String]) -> Result<Self, Error> {
        let mut recipients = Vec::new();
        for text in texts {
            if is_recipient(text) {
                recipients.push(Recipient::parse(text)?);
            } else {
                recipients.extend(read_file(text)?);
            }
        }
        match recipients.len() {
            0..=MAX_RECIPIENTS => Ok(Self(recipients)),
            _ => Err(Error::TooMany(MAX_RECIPIENTS)),
        }
    }

    /// Whether nobody is named, so that a recording is not sealed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Age recipients as they are, SSH keys by type and fingerprint as `ssh-keygen -l` shows it.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        self.0.iter().map(Recipient::name).collect()
    }

    /// A new key for one recording, wrapped for all of them.
    ///
    /// # Errors
    /// The system has no random bytes to give, or the key cannot be wrapped.
    pub fn seal(&self) -> Result<Seal, Error> {
        let key = Key::new(random::<KEY>()?);
        let recipients = self.0.iter().map(|recipient| match recipient {
            Recipient::Age(recipient) => recipient as &dyn age::Recipient,
            Recipient::Ssh(recipient) => recipient,
        });
        let cannot = |error: &dyn std::fmt::Display| Error::Key(error.to_string());
        let encryptor =
            age::Encryptor::with_recipients(recipients).map_err(|error| cannot(&error))?;
        let mut wrapped = Vec::new();
        encryptor
            .wrap_output(&mut wrapped)
            .and_then(|mut writer| {
                writer.write_all(key.expose())?;
                writer.finish()
            })
            .map_err(|error| cannot(&error))?;
        Ok(Seal {
            key,
            salt: random::<SALT>()?,
            wrapped,
            recipients: self.names(),
        })
    }
}

/// The same key for the same readers, for another object: with a salt of its own.
///
/// # Errors
/// The system has no random bytes to give.
pub fn another(seal: &Seal) -> Result<Seal, Error> {
    Ok(Seal {
        salt: random::<SALT>()?,
        ..seal.clone()
    })
}

impl std::fmt::Debug for Recipients {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Recipients").field(&self.names()).finish()
    }
}

impl Recipient {
    fn parse(text: &str) -> Result<Self, Error> {
        let wrong = |cause: String| Error::Recipient {
            text: shortened(text),
            cause,
        };
        if text.starts_with("age1") {
            return text.parse().map(Self::Age).map_err(|cause: &str| {
                let cause = match cause {
                    "invalid Bech32 encoding" => "a letter is wrong or missing",
                    cause => cause,
                };
                wrong(cause.to_owned())
            });
        }
        use age::ssh::ParseRecipientKeyError as Cause;
        text.parse().map(Self::Ssh).map_err(|cause| {
            wrong(match cause {
                Cause::RsaModulusTooLarge => "the RSA key is larger than 4096 bits".to_owned(),
                Cause::RsaModulusTooSmall => "the RSA key has fewer than 2048 bits".to_owned(),
                Cause::Unsupported(kind) => {
                    format!("a key of type {kind} cannot encrypt; ssh-ed25519 and ssh-rsa can")
                }
                _ => "it does not read".to_owned(),
            })
        })
    }

    fn name(&self) -> String {
        match self {
            Self::Age(recipient) => recipient.to_string(),
            Self::Ssh(recipient) => {
                let text = recipient.to_string();
                let (kind, blob) = text.split_once(' ').unwrap_or((&text, ""));
                let digest = Sha256::digest(STANDARD.decode(blob).unwrap_or_default());
                format!("{kind} SHA256:{}", STANDARD_NO_PAD.encode(digest))
            }
        }
    }
}

fn is_recipient(text: &str) -> bool {
    // A file may be named so, too; then it is written with a slash.
    (text.starts_with("age1") && !text.contains(['/', '.']))
        || text.starts_with("ssh-") && text.contains(' ')
}

fn read_file(path: &str) -> Result<Vec<Recipient>, Error> {
    let failed = |source| Error::Read {
        path: path.to_owned(),
        source,
    };
    let mut text = String::new();
    File::open(path)
        .and_then(|file| file.take(MAX_FILE).read_to_string(&mut text))
        .map_err(failed)?;
    if text.contains("PRIVATE KEY-----") || text.contains("AGE-SECRET-KEY-") {
        return Err(Error::Private {
            path: path.to_owned(),
        });
    }
    let recipients = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| {
            Recipient::parse(line).map_err(|error| match error {
                Error::Recipient { text, cause } => Error::Recipient {
                    text,
                    cause: format!("{cause} (in {path:?})"),
                },
                other => other,
            })
        })
        .collect::<Result<Vec<_>, _>>()?;
    if recipients.is_empty() {
        return Err(Error::NoRecipient {
            path: path.to_owned(),
        });
    }
    Ok(recipients)
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(QUOTED) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

fn random<const N: usize>() -> Result<[u8; N], Error> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| Error::Key(error.to_string()))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const AGE: &str = "age13vq84jpzp9588n40w3jwcrfd7wzs05p479vfasq5ef4e4vyp4dpsgr7sza";
    const SSH: &str = include_str!("../../tests/keys/ed25519.pub");

    fn parse(texts: &[&str]) -> Result<Recipients, Error> {
        Recipients::parse(
            &texts
                .iter()
                .map(|&text| text.to_owned())
                .collect::<Vec<_>>(),
        )
    }

    #[test]
    fn recipients_are_named_as_people_know_them() {
        assert_eq!(
            parse(&[AGE, SSH]).unwrap().names(),
            [
                AGE,
                "ssh-ed25519 SHA256:T0DzFT6EIwGaqQq90OCHkTr/4z59z1OaNrkHhH7PKk8"
            ]
        );
        assert!(parse(&[]).unwrap().is_empty());
    }

    #[test]
    fn a_file_names_one_in_each_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("team.txt");
        std::fs::write(&path, format!("# the team\n\n{AGE}\n{SSH}\n")).unwrap();
        let path = path.to_str().unwrap();
        assert_eq!(parse(&[path]).unwrap().names().len(), 2);
        std::fs::write(path, "# nobody\n").unwrap();
        assert!(matches!(parse(&[path]), Err(Error::NoRecipient { .. })));
        std::fs::write(path, "bob\n").unwrap();
        assert!(parse(&[path]).unwrap_err().to_string().contains("(in \""));
        std::fs::write(path, "AGE-SECRET-KEY-1REQ\n").unwrap();
        let error = parse(&[path]).unwrap_err();
        assert!(matches!(error, Error::Private { .. }));
        assert!(!error.to_string().contains("1REQ"));
    }

    #[test]
    fn what_is_none_is_refused_with_its_reason() {
        for (text, reason) in [
            (&AGE[..60], "a letter is wrong or missing"),
            ("ssh-ed25519 nonsense", "does not read"),
            ("ssh-dss AAAAB3NzaC1kc3M=", "of type ssh-dss cannot encrypt"),
            ("no-such-file", "cannot read \"no-such-file\""),
        ] {
            let error = parse(&[text]).unwrap_err().to_string();
            assert!(error.contains(reason), "{error}");
        }
    }

    #[test]
    fn every_seal_has_a_key_of_its_own() {
        let recipients = parse(&[AGE, SSH]).unwrap();
        let (one, two) = (recipients.seal().unwrap(), recipients.seal().unwrap());
        assert_ne!(one.key, two.key);
        assert_ne!(one.salt, two.salt);
        assert!(one.wrapped.starts_with(b"age-encryption.org/v1\n"));
        assert!(
            !one.wrapped
                .windows(KEY)
                .any(|part| part == one.key.expose())
        );
    }
}
