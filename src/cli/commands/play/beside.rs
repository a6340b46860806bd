//! What a reviewer is given besides the recording: the same once more for the time line and the search, and a judgement.
//!
//! Nothing here is waited for.

use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

use anyhow::anyhow;
use formats::asciicast::Header;
use formats::derived::Kind;
use formats::manifest::Manifest;
use formats::recording::Signed;
use formats::sealed::Unlock;

use crate::cli::commands::verify;
use crate::cli::named::{self, Bytes, Named};
use crate::envelope::Identities;
use crate::player::{Beside, Input, Opener, Proof, Standing};
use crate::review::catalog::Name;
use crate::review::verify::{Finding, Signed as Signature, State};
use crate::settings::Settings;
use crate::words::time;

/// Adds what is found out meanwhile; nothing of what comes through a pipe, which cannot be opened twice.
pub(super) fn add(
    beside: &mut Beside,
    name: &str,
    named: &Named,
    settings: &Arc<Settings>,
    identities: &Arc<Identities>,
) {
    let again = match Name::of(name) {
        Name::Stdin | Name::Foreign(_) => None,
        Name::Path(path) => path.is_file().then(|| name.to_owned()),
        // Where it was found, so that nothing is listed again.
        Name::Session(_) => named.location.clone(),
        Name::Object(_) | Name::Page(_) => Some(name.to_owned()),
    };
    let Some(again) = again else {
        return;
    };
    beside.opener = Some(Arc::new(Again {
        name: again,
        is_stored: matches!(Name::of(name), Name::Session(_)),
        settings: Arc::clone(settings),
        identities: Arc::clone(identities),
    }));
    let (name, settings, identities) = (
        name.to_owned(),
        Arc::clone(settings),
        Arc::clone(identities),
    );
    beside.facts.proves = true;
    beside.facts.is_scanned = true;
    beside.prove = Some(Box::new(move || {
        match verify::judge(&name, &settings, &identities) {
            Ok(finding) => proof(&finding),
            Err(failure) => Proof {
                standing: Standing::Unproved,
                told: format!("not checked: {:#}", failure.error),
                from: None,
            },
        }
    }));
}

/// Adds what a session that runs has left in a file by now, to be searched and scrolled through.
pub(super) fn add_running(
    beside: &mut Beside,
    file: &Path,
    settings: &Arc<Settings>,
    identities: &Arc<Identities>,
) {
    beside.opener = Some(Arc::new(Again {
        name: file.display().to_string(),
        is_stored: false,
        settings: Arc::clone(settings),
        identities: Arc::clone(identities),
    }));
}

/// Opens the same recording once more.
struct Again {
    name: String,
    /// Whether a store may have what was derived from it.
    is_stored: bool,
    settings: Arc<Settings>,
    identities: Arc<Identities>,
}

impl Again {
    fn open(&self) -> io::Result<Bytes> {
        match named::find(&self.name, &self.settings) {
            Ok((named, _)) => Ok(named.bytes),
            Err(failure) => Err(io::Error::other(anyhow!("{:#}", failure.error))),
        }
    }
}

impl Opener for Again {
    fn recording(&self) -> io::Result<Input> {
        Ok(match self.open()? {
            Bytes::Seekable(bytes) => Input::Seekable(Box::new(bytes)),
            Bytes::Stream(bytes) => Input::Stream(bytes),
        })
    }

    fn derived(&self, kind: Kind) -> io::Result<Option<Box<dyn Read + Send>>> {
        let Bytes::Seekable(bytes) = self.open()? else {
            return Ok(None);
        };
        let signed = Signed::at_end(bytes).map_err(io::Error::other)?;
        let manifest = signed.and_then(|signed| Manifest::parse(&signed.manifest).ok());
        let (true, Some(manifest)) = (self.is_stored, manifest) else {
            return Ok(None);
        };
        let places = self.settings.places_to_read().map_err(io::Error::other)?;
        let catalog = named::catalog(&places);
        let object = catalog.derived(&manifest, kind).map_err(io::Error::other)?;
        Ok(object.map(|object| Box::new(object) as Box<dyn Read + Send>))
    }

    fn unlock(&self) -> &dyn Unlock {
        &*self.identities
    }
}

fn proof(finding: &Finding) -> Proof {
    let until = finding.proved_until();
    let up_to = until
        .map(time::write)
        .unwrap_or_else(|| "nothing".to_owned());
    let (standing, told) = match (&finding.state, &finding.signature) {
        (State::Sound, Signature::Trusted(..)) => (Standing::Proved, "verified, signed".to_owned()),
        (State::Sound, Signature::No) => (Standing::Unproved, "sound, unsigned".to_owned()),
        (State::Sound, _) => (Standing::Unproved, "sound, signer unknown".to_owned()),
        (State::CutShort, _) => (
            Standing::Unproved,
            format!("cut short, proved up to {up_to}"),
        ),
        (State::NoChain, _) => (Standing::Unproved, "no proof in it".to_owned()),
        (State::MissingManifest, _) => (Standing::Unproved, "sound, no manifest".to_owned()),
        (State::Unreadable(why), _) => (Standing::Unproved, format!("not checked: {why}")),
        (state, _) => (
            Standing::Altered,
            format!("{}, proved up to {up_to}", state.name().replace('_', " ")),
        ),
    };
    let is_in_part = matches!(standing, Standing::Altered) || finding.state == State::CutShort;
    Proof {
        standing,
        told,
        from: is_in_part.then(|| until.unwrap_or_default()),
    }
}

/// What the bar says of it, as the header tells.
pub(super) fn name(beside: &mut Beside, header: &Header, label: &str) {
    let facts = &mut beside.facts;
    facts.to_local = Some(|utc| utc.with_timezone(&chrono::Local).fixed_offset());
    let file = Path::new(label).file_name();
    facts.name = match &header.ssm {
        Some(session) => session.session_id.clone(),
        None => file.map_or_else(
            || label.to_owned(),
            |name| name.to_string_lossy().into_owned(),
        ),
    };
    let started = header
        .timestamp
        .and_then(|seconds| chrono::DateTime::from_timestamp(seconds, 0));
    facts.started = started;
    let Some(session) = &header.ssm else {
        return;
    };
    facts.target.clone_from(&session.target);
    facts.operator = session
        .operator
        .as_deref()
        .map(|arn| arn.rsplit('/').next().unwrap_or(arn).to_owned())
        .unwrap_or_default();
    facts.reason = session.reason.clone().unwrap_or_default();
    if let Some(exact) = &session.started_at
        && let Ok(exact) = chrono::DateTime::parse_from_rfc3339(exact)
    {
        facts.started = Some(exact.with_timezone(&chrono::Utc));
    }
}
