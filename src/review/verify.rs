//! What a recording is worth as evidence: its chain, its text and pictures, its manifest, the signature over that, whose
//! name it has, and what lies beside it.
//!
//! Nothing here prints or opens a file. The key of an encrypted recording is needed for its text alone. Memory stays flat,
//! whatever is read.

use std::io::{Read, Seek};
use std::time::Duration;

use chrono::{DateTime, Utc};
use formats::manifest::Manifest;
use formats::recording::{self, Proof, Report};
use formats::sealed::Unlock;
use formats::signature::{AllowedSigners, Purpose, Signature, Signer, Verdict};

use super::catalog::Beside;
use super::identity::{self, Misplaced};
use super::pictures;

/// What a recording must meet.
#[derive(Debug, Default)]
pub struct Demands {
    /// Whose signatures count; `None`: nobody has said.
    pub signers: Option<AllowedSigners>,
    /// Only this one's.
    pub principal: Option<String>,
    /// It must be signed.
    pub signature: bool,
}

impl Demands {
    /// What a signature over a manifest is worth.
    fn judge(&self, armored: &str, bytes: &[u8], manifest: Option<&Manifest>) -> Signed {
        judge(
            armored,
            (Purpose::Recording, bytes),
            manifest.and_then(signed_at),
            self.signers.as_ref(),
            self.principal.as_deref(),
        )
    }
}

/// What a recording is looked at for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Asked<'a> {
    /// Its key in a store, or the name of its file in the spool: what it must be the recording of.
    pub key: Option<&'a str>,
    /// What lies beside it, where it comes from a store.
    pub beside: Option<&'a Beside>,
}

/// How a text is looked into.
#[derive(Clone, Copy)]
pub struct Text<'a> {
    /// Gives the keys of encrypted recordings.
    pub unlock: &'a (dyn Unlock + Sync),
    /// So many draw the screens of one recording.
    pub threads: usize,
}

/// What was found out about one recording.
#[derive(Debug)]
pub struct Finding {
    /// The worst of it.
    pub state: State,
    /// What the chain has shown; `None` when nothing could be read.
    pub report: Option<Report>,
    /// What the signature is worth.
    pub signature: Signed,
}

/// The worst that is known of a recording, from good to bad.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// All of it is what was recorded, and signed as was asked.
    Sound,
    /// It ends early; what is linked is proved.
    CutShort,
    /// It is sound, and its manifest is not in the store.
    MissingManifest,
    /// It is sound, and not signed by anybody whose signature counts.
    NotTrusted,
    /// There is a manifest, and no recording.
    MissingRecording,
    /// It has no chain: another program's, or so cut that none is left.
    NoChain,
    /// There is nothing in it that could be a recording: why.
    NoRecording(String),
    /// It is not what was recorded, or contradicts itself; the report says where.
    Altered,
    /// It is another session's, or lies elsewhere than it belongs.
    Misplaced(Misplaced),
    /// It is sound by itself; the manifest or signature in the store is another than the one in the file.
    Differs,
    /// It cannot be read.
    Unreadable(String),
}

impl State {
    /// Whether nothing speaks against it: it may end early, or not be signed as was asked.
    #[must_use]
    pub fn is_what_was_recorded(&self) -> bool {
        matches!(self, Self::Sound | Self::CutShort | Self::NotTrusted)
    }

    /// As programs read it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Sound => "sound",
            Self::CutShort => "cut_short",
            Self::MissingManifest => "missing_manifest",
            Self::NotTrusted => "not_trusted",
            Self::MissingRecording => "missing_recording",
            Self::NoChain => "no_chain",
            Self::NoRecording(_) => "no_recording",
            Self::Misplaced(_) => "misplaced",
            Self::Altered => "altered",
            Self::Differs => "manifest_differs",
            Self::Unreadable(_) => "unreadable",
        }
    }
}

/// What a signature is worth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Signed {
    /// There is none.
    No,
    /// It is right, by this key, and by somebody whose signature counts.
    Trusted(Seal, Signer),
    /// It is right, by this key; nobody has said whose signatures count.
    Unjudged(Seal),
    /// It is right, by this key, which does not count: why.
    NotAllowed(Seal, String),
    /// It is wrong, or does not read: why.
    Wrong(String),
}

impl Signed {
    /// As programs read it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::No => "none",
            Self::Trusted(..) => "trusted",
            Self::Unjudged(_) => "unjudged",
            Self::NotAllowed(..) => "not_allowed",
            Self::Wrong(_) => "wrong",
        }
    }

    /// The key, where the signature is right.
    #[must_use]
    pub fn seal(&self) -> Option<&Seal> {
        match self {
            Self::Trusted(seal, _) | Self::Unjudged(seal) | Self::NotAllowed(seal, _) => Some(seal),
            Self::No | Self::Wrong(_) => None,
        }
    }
}

/// A key that made a signature which is right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seal {
    /// `ssh-ed25519`, …
    pub algorithm: String,
    /// `SHA256:…`
    pub fingerprint: String,
    /// When, by the clock of whoever signed.
    pub at: Option<DateTime<Utc>>,
}

/// Checks the chain of a recording alone, and what lies beside it.
#[must_use]
pub fn check_chain(source: impl Read, asked: Asked<'_>, demands: &Demands) -> Finding {
    match recording::verify(source) {
        Ok(report) => judged(report, asked, demands),
        Err(error) => Finding::unread(&error),
    }
}

/// Checks all of a recording: also that its text decodes, reads in one way only and is what chain and manifest say of it,
/// and that its pictures are what it draws.
#[must_use]
pub fn check(
    mut source: impl Read + Seek + Send,
    text: Text<'_>,
    asked: Asked<'_>,
    demands: &Demands,
) -> Finding {
    let mut report = match recording::verify_text(&mut source, &text.unlock) {
        Ok(report) => report,
        Err(error) => return Finding::unread(&error),
    };
    if report.proof == Proof::Sound && report.is_decoded {
        match pictures::check(source, text.unlock, text.threads) {
            Ok(None) => {}
            Ok(Some(fault)) => report.proof = Proof::Altered(fault),
            Err(error) => return Finding::unreadable(error.to_string()),
        }
    }
    judged(report, asked, demands)
}

fn judged(report: Report, asked: Asked<'_>, demands: &Demands) -> Finding {
    let Asked { key, beside } = asked;
    let signature = match &report.signed {
        Some(signed) if !signed.signature.is_empty() => demands.judge(
            &signed.signature,
            &signed.manifest,
            report.manifest.as_ref(),
        ),
        _ => Signed::No,
    };
    let signed_as_asked = match &signature {
        Signed::Trusted(..) => true,
        // Whoever names signers wants them; whoever only wants a signature takes any that is right.
        Signed::Unjudged(_) => true,
        Signed::No => !demands.signature,
        Signed::NotAllowed(..) | Signed::Wrong(_) => false,
    };
    let told = report.manifest.clone().or_else(|| report.opening.clone());
    let told = told.or_else(|| report.header.as_ref().and_then(identity::opening));
    let misplaced = key
        .zip(told.as_ref())
        .and_then(|(key, told)| identity::check_key(key, told).err());
    let has_nothing = report.is_decoded && report.frames == 0 && report.header.is_none();
    let state = match (&report.proof, misplaced) {
        (Proof::Altered(_), _) => State::Altered,
        (Proof::Cut { .. }, _) if has_nothing => {
            State::NoRecording("it ends before its header does".to_owned())
        }
        (Proof::NoChain, _) => State::NoChain,
        (_, Some(misplaced)) => State::Misplaced(misplaced),
        (Proof::Cut { .. } | Proof::NoManifest, None) if !signed_as_asked => State::NotTrusted,
        (Proof::Cut { .. } | Proof::NoManifest, None) => State::CutShort,
        (Proof::Sound, None) => match beside {
            Some(beside) if differs(&report, beside) => State::Differs,
            _ if !signed_as_asked => State::NotTrusted,
            Some(beside) if beside.manifest.is_none() => State::MissingManifest,
            _ => State::Sound,
        },
    };
    Finding {
        state,
        report: Some(report),
        signature,
    }
}

impl Finding {
    fn unread(error: &recording::Error) -> Self {
        match error.source_failure() {
            Some(_) => Self::unreadable(error.to_string()),
            None => Self {
                state: State::NoRecording(error.to_string()),
                report: None,
                signature: Signed::No,
            },
        }
    }

    /// There is a manifest alone. Its own signature is checked all the same.
    #[must_use]
    pub fn missing(beside: &Beside, demands: &Demands) -> Self {
        let manifest = beside.manifest.as_deref().unwrap_or_default();
        let parsed = Manifest::parse(manifest).ok();
        let signature = match &beside.signature {
            None => Signed::No,
            Some(signature) => {
                let signature = String::from_utf8_lossy(signature);
                demands.judge(&signature, manifest, parsed.as_ref())
            }
        };
        Self {
            state: State::MissingRecording,
            report: None,
            signature,
        }
    }

    /// It cannot be read.
    #[must_use]
    pub fn unreadable(why: String) -> Self {
        Self {
            state: State::Unreadable(why),
            report: None,
            signature: Signed::No,
        }
    }

    /// Up to when the recording is proved.
    #[must_use]
    pub fn proved_until(&self) -> Option<Duration> {
        let report = self.report.as_ref()?;
        (report.frames > 0).then_some(report.until)
    }
}

/// The file's own manifest and signature are what counts; the store's must be the same, byte for byte.
fn differs(report: &Report, beside: &Beside) -> bool {
    let Some(signed) = &report.signed else {
        return false;
    };
    let manifest = beside.manifest.as_ref();
    let signature = beside.signature.as_deref().unwrap_or_default();
    manifest.is_some_and(|manifest| *manifest != signed.manifest)
        || (manifest.is_some() && signature != signed.signature.as_bytes())
}

/// What a signature over these bytes is worth, for its purpose and at the time that they tell.
pub(super) fn judge(
    armored: &str,
    (purpose, message): (Purpose, &[u8]),
    at: Option<DateTime<Utc>>,
    signers: Option<&AllowedSigners>,
    principal: Option<&str>,
) -> Signed {
    let signature = match Signature::parse(armored) {
        Ok(signature) => signature,
        Err(error) => return Signed::Wrong(error.to_string()),
    };
    if let Err(error) = signature.check_for(purpose, message) {
        return Signed::Wrong(error.to_string());
    }
    let seal = Seal {
        algorithm: signature.algorithm(),
        fingerprint: signature.fingerprint(),
        at,
    };
    let Some(signers) = signers else {
        return Signed::Unjudged(seal);
    };
    let why = match signers.judge_for(purpose, signature.key(), seal.at, principal) {
        Verdict::Allowed(signer) => return Signed::Trusted(seal, signer),
        Verdict::Unknown => "the key is not among the allowed signers".to_owned(),
        Verdict::OtherPrincipal(signer) => {
            format!(
                "the key is that of {} (line {})",
                signer.principals, signer.line
            )
        }
        Verdict::OtherNamespace(signer) => format!(
            "{} may not sign this with the key, whose namespaces lack {} (line {})",
            signer.principals,
            purpose.namespace(),
            signer.line
        ),
        Verdict::OtherTime(signer) => format!(
            "the key of {} was not valid at the time that is told (line {})",
            signer.principals, signer.line
        ),
        Verdict::Authority(signer) => format!(
            "the key of {} is an authority's (line {}), and certificates are not known here",
            signer.principals, signer.line
        ),
    };
    Signed::NotAllowed(seal, why)
}

/// When a manifest was made, by what it tells itself.
pub(super) fn signed_at(manifest: &Manifest) -> Option<DateTime<Utc>> {
    let recovered = manifest
        .recovery
        .as_ref()
        .and_then(|recovery| recovery.at.as_deref());
    let text = recovered
        .or(manifest.ended_at.as_deref())
        .or(manifest.started_at.as_deref())?;
    Some(DateTime::parse_from_rfc3339(text).ok()?.to_utc())
}
