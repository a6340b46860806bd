//! `[record]`: what a recording holds, who can read it, who signs it.
//!
//! Nothing here records.

use formats::sealed::Seal;

use super::in_force::Values;
use super::kind::Form;
use super::spec::{Setting, Spec, Words, choice, list, path, switch, whole};
use crate::recorder::{self, Input, Sync};
use crate::signing;

pub(crate) static INPUT: Setting<Input> = choice("record.input").default("off").purpose(
    "Which keys are recorded: \"off\", \"echoed\" (what the remote did not echo, a password, is \
     masked), or \"all\".",
);

pub(crate) static PAYLOAD: Setting<bool> = switch("record.payload").default("false").purpose(
    "Whether the bytes of port and SSH sessions are recorded too, not only their lengths.",
);

static FSYNC: Setting<Sync> = choice("record.fsync").default("flush").purpose(
    "When the recording is forced to the disk: at every \"flush\" (a power cut costs at most \
     the last second), or at the \"end\".",
);

static ON_FAILURE: Setting<OnFailure> = choice("record.on_failure").default("end").purpose(
    "What happens when the recording cannot be written: \"end\" the session at once, or \
     \"warn\" and go on unrecorded.",
);

pub(crate) static ENCRYPT_TO: Setting<Vec<String>> = list(
    "record.encrypt_to",
    recipient,
    "a list of age recipients (age1…), SSH public keys (ssh-ed25519 …, ssh-rsa …) or paths of \
     files with them",
)
.default("")
.purpose(
    "Who can read the recording: age recipients, SSH public keys, or paths of files that name \
     some. The manifest stays readable. Empty: whoever can read the store.",
);

pub(crate) static SIGN_KEY: Setting<signing::Key> = path(
    "record.sign_key",
    sign_key,
    "the path of an SSH key, \"agent\", \"agent:SHA256:…\", or \"kms:\" and a key ARN",
)
.example("agent")
.purpose(
    "What signs a recording: the path of an SSH private key (or of the public half of one that \
     the ssh-agent holds), \"agent\" for the only key of the ssh-agent or \"agent:SHA256:…\" for \
     one of several, or \"kms:\" and the ARN of an asymmetric key. Unset: unsigned.",
);

pub(super) static LEVEL: Setting<i32> = whole("record.level", 1, 19).default("3").purpose(
    "The level of compression of bulk output, 1 to 19. What a person types is compressed at 9 \
     at least.",
);

pub(super) static SPECS: [&Spec; 7] = [
    &INPUT.spec,
    &PAYLOAD.spec,
    &FSYNC.spec,
    &ON_FAILURE.spec,
    &ENCRYPT_TO.spec,
    &SIGN_KEY.spec,
    &LEVEL.spec,
];

/// `[record]`
#[derive(Clone, Debug)]
pub(crate) struct Record {
    pub(crate) input: Input,
    /// The bytes of port sessions too.
    pub(crate) payload: bool,
    sync: Sync,
    pub(crate) on_failure: OnFailure,
    /// Age recipients, SSH public keys and paths of files with them.
    pub(crate) encrypt_to: Vec<String>,
    pub(crate) sign_key: Option<signing::Key>,
    level: i32,
}

/// What happens when a recording cannot be written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum OnFailure {
    #[default]
    End,
    Warn,
}

impl Record {
    pub(super) fn of(values: &Values) -> Self {
        Self {
            input: values.of(&INPUT),
            payload: values.of(&PAYLOAD),
            sync: values.of(&FSYNC),
            on_failure: values.of(&ON_FAILURE),
            encrypt_to: values.of(&ENCRYPT_TO),
            sign_key: values.given(&SIGN_KEY),
            level: values.of(&LEVEL),
        }
    }

    /// What the recorder has to know.
    pub(crate) fn options(
        &self,
        seal: Option<Seal>,
        derived: recorder::Files,
    ) -> recorder::Options {
        recorder::Options {
            input: self.input,
            sync: self.sync,
            level: self.level,
            seal,
            derived: Some(derived),
        }
    }
}

impl Words for Input {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("off", Self::Off),
        ("echoed", Self::Echoed),
        ("all", Self::All),
    ];
}

impl Words for Sync {
    const WORDS: &'static [(&'static str, Self)] = &[("flush", Self::Flush), ("end", Self::End)];
}

impl Words for OnFailure {
    const WORDS: &'static [(&'static str, Self)] = &[("end", Self::End), ("warn", Self::Warn)];
}

/// A text with a slash is a path, unless it is a key: those are written in letters that include the slash.
fn recipient(text: &str) -> Form {
    let is_key = ["age1", "ssh-ed25519 ", "ssh-rsa "]
        .iter()
        .any(|start| text.starts_with(start) && text.len() > start.len());
    match is_key {
        true => Form::Other,
        false if text.contains('/') => Form::Path,
        false => Form::Bad,
    }
}

fn sign_key(text: &str) -> Form {
    match text.split_once(':') {
        None if text == "agent" => Form::Other,
        Some(("kms", key)) if !key.is_empty() => Form::Other,
        Some(("agent", fingerprint)) if fingerprint.starts_with("SHA256:") => Form::Other,
        Some(("kms" | "agent", _)) => Form::Bad,
        _ => Form::Path,
    }
}

/// A text that `sign_key` lets pass, its path in full.
impl From<String> for signing::Key {
    fn from(text: String) -> Self {
        match text.split_once(':') {
            None if text == "agent" => Self::Agent(None),
            Some(("kms", key)) => Self::Kms(key.to_owned()),
            Some(("agent", fingerprint)) => Self::Agent(Some(fingerprint.to_owned())),
            _ => Self::File(text.into()),
        }
    }
}
