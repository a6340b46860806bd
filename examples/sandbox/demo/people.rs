//! The people of the demo: the credentials that say who each is, and throw-away keys that sign for them.
//!
//! No key here is anybody's: all are made anew with each demo, and lie in its folder.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{fs, io};

use ssh_key::private::Ed25519Keypair;
use ssh_key::{LineEnding, PrivateKey};

/// Somebody in the demo.
#[derive(Debug)]
pub(crate) struct Person {
    /// As `--as` takes it: a user's name, or `role/` and a role's.
    pub(crate) name: &'static str,
    /// What this person's key may sign.
    signs: &'static str,
}

/// Who works on machines.
pub(crate) const ALICE: Person = operator("alice");
/// Another one.
pub(crate) const BOB: Person = operator("bob");
/// A third.
pub(crate) const DANA: Person = operator("dana");
/// Nobody in person: a role.
pub(crate) const DEPLOY: Person = operator("role/Deploy");
/// Who judges sessions.
pub(crate) const ROBIN: Person = Person {
    name: "robin",
    signs: "ssm-rec-review",
};
/// Who audits.
pub(crate) const QUINN: Person = Person {
    name: "quinn",
    signs: "ssm-rec-audit,ssm-rec-evidence",
};
const ALL: [&Person; 6] = [&ALICE, &BOB, &DANA, &DEPLOY, &ROBIN, &QUINN];

const fn operator(name: &'static str) -> Person {
    Person {
        name,
        signs: "ssm-rec",
    }
}

/// The access key that the service on loopback knows this name by.
pub(crate) fn access_key(name: &str) -> String {
    match name.strip_prefix("role/") {
        Some(role) => format!("ASIAROLE{role}"),
        None => format!("AKIAUSER{name}"),
    }
}

/// Name of a file or folder for somebody: a role's has no folder of its own.
pub(crate) fn file_name(name: &str) -> String {
    name.replace(['/', '\\'], "-")
}

/// Where the key of this name lies in the folder of keys.
pub(crate) fn key_file(keys: &Path, name: &str) -> PathBuf {
    keys.join(file_name(name))
}

/// Makes a key for each, and gives the file that says whose signature counts for what.
pub(crate) fn make_keys(keys: &Path) -> Result<String, Box<dyn std::error::Error + Send + Sync>> {
    fs::create_dir_all(keys)?;
    let mut allowed = String::new();
    for person in ALL {
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).map_err(io::Error::other)?;
        let mut key = PrivateKey::from(Ed25519Keypair::from_seed(&seed));
        key.set_comment(format!("{}, of the demo", person.name));
        key.write_openssh_file(&key_file(keys, person.name), LineEnding::LF)?;
        let public = key.public_key().to_openssh()?;
        let (name, signs) = (file_name(person.name), person.signs);
        writeln!(
            allowed,
            "{name}@demo.example namespaces=\"{signs}\" {public}"
        )?;
    }
    Ok(allowed)
}
