//! `[review]`: whose signatures count, what opens recordings, how much of them is kept on this machine.
//!
//! Nothing here reads a recording.

use std::path::PathBuf;

use super::in_force::Values;
use super::kind::Form;
use super::spec::{Setting, Spec, list, path, size};

pub(crate) static ALLOWED_SIGNERS: Setting<PathBuf> = path(
    "review.allowed_signers",
    |_| Form::Path,
    "the path of a file",
)
.example("/etc/ssm-rec/allowed_signers")
.purpose("Whose signatures count: a file in the allowed_signers format of ssh-keygen.");

static IDENTITY: Setting<Vec<PathBuf>> = list(
    "review.identity",
    |text| match text {
        "" => Form::Bad,
        _ => Form::Path,
    },
    "a list of paths of files",
)
.default("")
.purpose(
    "What opens encrypted recordings: files of age identities or SSH private keys, which may \
     have a passphrase.",
);

static CACHE_SIZE: Setting<u64> = size("review.cache_size", 0, 1 << 40)
    .default("512MiB")
    .purpose("How much of what was read from S3 is kept on this machine. 0: nothing.");

pub(super) static SPECS: [&Spec; 3] = [&ALLOWED_SIGNERS.spec, &IDENTITY.spec, &CACHE_SIZE.spec];

/// `[review]`
#[derive(Clone, Debug)]
pub(crate) struct Review {
    pub(crate) allowed_signers: Option<PathBuf>,
    /// Files of age identities and SSH private keys.
    pub(crate) identity: Vec<PathBuf>,
    /// In bytes.
    pub(crate) cache_size: u64,
}

impl Review {
    pub(super) fn of(values: &Values) -> Self {
        Self {
            allowed_signers: values.given(&ALLOWED_SIGNERS),
            identity: values.of(&IDENTITY),
            cache_size: values.of(&CACHE_SIZE),
        }
    }
}
