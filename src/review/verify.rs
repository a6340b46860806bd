//! What a recording is worth as evidence: its chain, its manifest, the signature over that, and what lies beside it.
//!
//! Nothing here prints, opens a file or needs the key of an encrypted recording. Memory stays flat, whatever is read.

use std::io::Read;
use std::time::Duration;

use chrono::{DateTime, Utc};
use formats::manifest::Manifest;
use formats::recording::{self, Proof, Report};
use formats::signature::{AllowedSigners, Signature, Signer, Verdict};

use super::catalog::Beside;

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
    /// It is not what was recorded; the report says where.
    Altered,
    /// It is sound by itself; the manifest or signature in the store is another than the one in the file.
    Differs,
    /// It cannot be read.
    Unreadable(String),
}

impl State {
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

/// Checks a recording, and what lies beside it in a store where it comes from one.
#[must_use]
pub fn check(source: impl Read, beside: Option<&Beside>, demands: &Demands) -> Finding {
    let report = match recording::verify(source) {
        Ok(report) => report,
        Err(error) => return Finding::unreadable(error.to_string()),
    };
    let signature = match &report.signed {
        Some(signed) if !signed.signature.is_empty() => judge(
            &signed.signature,
            &signed.manifest,
            report.manifest.as_ref(),
            demands,
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
    let state = match &report.proof {
        Proof::Altered(_) => State::Altered,
        Proof::NoChain => State::NoChain,
        Proof::Cut { .. } | Proof::NoManifest if !signed_as_asked => State::NotTrusted,
        Proof::Cut { .. } | Proof::NoManifest => State::CutShort,
        Proof::Sound => match beside {
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
    /// There is a manifest alone. Its own signature is checked all the same.
    #[must_use]
    pub fn missing(beside: &Beside, demands: &Demands) -> Self {
        let manifest = beside.manifest.as_deref().unwrap_or_default();
        let parsed = Manifest::parse(manifest).ok();
        let signature = match &beside.signature {
            None => Signed::No,
            Some(signature) => {
                let signature = String::from_utf8_lossy(signature);
                judge(&signature, manifest, parsed.as_ref(), demands)
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

fn judge(armored: &str, message: &[u8], manifest: Option<&Manifest>, demands: &Demands) -> Signed {
    let signature = match Signature::parse(armored) {
        Ok(signature) => signature,
        Err(error) => return Signed::Wrong(error.to_string()),
    };
    if let Err(error) = signature.check(message) {
        return Signed::Wrong(error.to_string());
    }
    let seal = Seal {
        algorithm: signature.algorithm(),
        fingerprint: signature.fingerprint(),
        at: manifest.and_then(signed_at),
    };
    let Some(signers) = &demands.signers else {
        return Signed::Unjudged(seal);
    };
    let why = match signers.judge(signature.key(), seal.at, demands.principal.as_deref()) {
        Verdict::Allowed(signer) => return Signed::Trusted(seal, signer),
        Verdict::Unknown => "the key is not among the allowed signers".to_owned(),
        Verdict::OtherPrincipal(signer) => {
            format!(
                "the key is that of {} (line {})",
                signer.principals, signer.line
            )
        }
        Verdict::OtherNamespace(signer) => format!(
            "{} may not sign recordings with the key (namespaces, line {})",
            signer.principals, signer.line
        ),
        Verdict::OtherTime(signer) => format!(
            "the key of {} was not valid at the time that the manifest tells (line {})",
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
fn signed_at(manifest: &Manifest) -> Option<DateTime<Utc>> {
    let recovered = manifest
        .recovery
        .as_ref()
        .and_then(|recovery| recovery.at.as_deref());
    let text = recovered
        .or(manifest.ended_at.as_deref())
        .or(manifest.started_at.as_deref())?;
    Some(DateTime::parse_from_rfc3339(text).ok()?.to_utc())
}
