//! What is told of a recording that was checked: a line for a person, a value for a program.
//!
//! Nothing here is checked or printed.

use std::time::Duration;

use chrono::{SecondsFormat, Utc};
use formats::recording::{Fault, Proof};
use serde_json::{Value, json};

use crate::review::derived::Compared;
use crate::review::verify::{Finding, Signed, State};
use crate::words::{printable, time};

/// What stands below the flags.
pub(super) const HELP: &str = "\
Examples:
  One recording, by its session id, its file or its address:
    ssm-rec verify operator-0d6
    ssm-rec verify evidence.cast.zst --allowed-signers allowed_signers

  Everything in the store, for a program:
    ssm-rec verify --all --json | jq -r 'select(.state != \"sound\") | .session_id'

  The last week of one machine, each signed by somebody who may:
    ssm-rec verify --all --target i-0abc --since 7d --require-signature

  What was closed afterwards, or went on unrecorded (ssm-rec man filters has the grammar):
    ssm-rec verify --all --where 'recovered or unrecorded'

A line tells whether a recording is complete and unaltered, or which frame, which times and which bytes are not; whether it is \
signed, and by whom.

The allowed_signers file is that of ssh-keygen(1):

  alice@example.com namespaces=\"ssm-rec\",valid-after=\"20260101\" ssh-ed25519 AAAA…

With one, every recording must be signed by one of its keys, valid at the time that the manifest tells, which is the signer's own \
clock. One without a signature does not pass either, so that stripping it helps nobody; --allow-unsigned lets those pass that are \
not signed at all, and --require-signature wants a signature also where no signers are known.

A recording is sound as what it was asked for: name, place in the store, manifest and header must agree, so that another session's \
files under this one's name are found, by play, show, export and list as well. Its text is decoded and must read in one way only; \
its pictures of the screen are drawn again. Of an encrypted recording that is done where a key opens it. --quick checks the chain \
and the signature alone. --derived makes lines and commands again from the recording, and compares what the store has of them.

A damaged file has one judgement and one exit status, whichever command looks at it; pictures are drawn again by verify alone, and \
what comes from a bucket or through a pipe is judged by the others as far as they read it.

Ends with the status of the worst recording: 0 sound, 3 cut short or its manifest, lines or commands missing, 6 \
lines and commands not compared for want of a key, 7 not signed as it must be, \
5 the recording missing, 4 altered, contradicting itself or another session's, or its lines or commands others.";

/// A recording that was looked at.
pub(super) struct Looked {
    pub(super) name: String,
    pub(super) location: Option<String>,
    pub(super) finding: Finding,
    /// What became of a comparison of what was derived.
    pub(super) derived: Option<Result<Compared, String>>,
}

/// In a few words.
pub(in crate::cli::commands) fn summary_word(finding: &Finding) -> String {
    match (&finding.state, &finding.signature) {
        (State::Sound, Signed::No) => "sound and unsigned".to_owned(),
        (State::Sound, _) => "sound and signed".to_owned(),
        (state, _) => state.name().replace('_', " "),
    }
}

/// `alice-0a1b  sound, signed by alice@example.com (ssh-ed25519 SHA256:…)`
pub(super) fn line(looked: &Looked, is_quick: bool) -> String {
    let finding = &looked.finding;
    let report = finding.report.as_ref();
    let mut words = Vec::new();
    let until = finding.proved_until().map(time::write);
    let proved = match (&until, report) {
        (Some(until), Some(report)) => format!("proved up to {until} ({} frames)", report.frames),
        _ => "nothing in it is proved".to_owned(),
    };
    match &finding.state {
        State::Sound => words.push("sound".to_owned()),
        State::CutShort => words.push(format!("cut short, {proved}")),
        State::MissingManifest => {
            words.push("sound, but its manifest is not in the store".to_owned())
        }
        State::NotTrusted => match report.map(|report| &report.proof) {
            Some(Proof::Sound) => words.push("not to be trusted: sound by itself".to_owned()),
            _ => words.push(format!("not to be trusted: cut short, {proved}")),
        },
        State::MissingRecording => {
            words.push("the recording is missing; only its manifest is there".to_owned());
        }
        State::NoChain => words.push("it has no chain that could prove anything".to_owned()),
        State::Altered => words.push("altered".to_owned()),
        State::Differs => {
            words.push(
                "sound by itself, but the store has another manifest or signature for it"
                    .to_owned(),
            );
        }
        State::Unreadable(why) => words.push(format!("cannot be read: {why}")),
        State::NoRecording(why) => words.push(format!("no recording: {why}")),
        State::Misplaced(why) => words.push(format!("sound by itself, but {why}")),
    }
    if let Some(Proof::Altered(fault)) = report.map(|report| &report.proof) {
        words.push(format!("{}; {proved}", place(fault)));
    }
    words.extend(signature_words(finding));
    if let Some(report) = report {
        let manifest = report.manifest.as_ref();
        match (report.opening.is_some(), report.is_decoded) {
            (true, true) => words.push("encrypted".to_owned()),
            (true, false) => words.push("encrypted, so its text was not looked into".to_owned()),
            (false, false) if is_quick => {
                words.push("its text was not looked into (--quick)".to_owned());
            }
            (false, _) => {}
        }
        if let Some(recovery) = manifest.and_then(|manifest| manifest.recovery.as_ref()) {
            words.push(format!(
                "was cut and closed afterwards ({} frames had been proved, {} not)",
                recovery.linked_frames, recovery.closed_frames
            ));
        }
    }
    words.extend(looked.derived.as_ref().map(derived_words));
    printable(&format!("{}  {}", looked.name, words.join(", ")))
}

fn derived_words(compared: &Result<Compared, String>) -> String {
    match compared {
        Ok(Compared::None) => "its manifest tells of no lines and commands".to_owned(),
        Ok(Compared::Same) => "lines and commands as they are made again".to_owned(),
        Ok(Compared::OtherRules(number)) => format!(
            "lines and commands as the manifest tells, by rules {number} that are not those of this version"
        ),
        Ok(Compared::Missing(kind)) => format!("its {} are not in the store", kind.name()),
        Ok(Compared::Replaced(kind)) => {
            format!(
                "its {} in the store are not those of the session",
                kind.name()
            )
        }
        Ok(Compared::Differs(kind, line)) => format!(
            "its {} in the store are not what the recording says, from line {line} on",
            kind.name()
        ),
        Ok(Compared::Locked(why)) => format!("lines and commands not compared: {why}"),
        Err(why) => format!("lines and commands not compared: {why}"),
    }
}

fn derived_value(compared: &Result<Compared, String>) -> Value {
    match compared {
        Ok(Compared::None) => json!({ "state": "none" }),
        Ok(Compared::Same) => json!({ "state": "same" }),
        Ok(Compared::OtherRules(number)) => json!({ "state": "other_rules", "extractor": number }),
        Ok(Compared::Missing(kind)) => json!({ "state": "missing", "of": kind.name() }),
        Ok(Compared::Replaced(kind)) => json!({ "state": "replaced", "of": kind.name() }),
        Ok(Compared::Differs(kind, line)) => {
            json!({ "state": "differs", "of": kind.name(), "line": line })
        }
        Ok(Compared::Locked(why)) => json!({ "state": "locked", "problem": why }),
        Err(why) => json!({ "state": "unreadable", "problem": why }),
    }
}

fn place(fault: &Fault) -> String {
    let frame = fault.frame.map_or_else(
        || "behind the last frame".to_owned(),
        |frame| format!("in frame {frame}"),
    );
    let from = time::write(fault.from);
    let times = match fault.to {
        Some(to) => format!("{from} to {}", time::write(to)),
        None => format!("from {from} on"),
    };
    format!(
        "{frame} ({times}), bytes {} to {}: {}",
        fault.bytes.start, fault.bytes.end, fault.kind
    )
}

fn signature_words(finding: &Finding) -> Option<String> {
    let has_end = finding
        .report
        .as_ref()
        .is_some_and(|report| report.signed.is_some());
    Some(match &finding.signature {
        Signed::No if !has_end => return None,
        Signed::No => "unsigned".to_owned(),
        Signed::Trusted(seal, signer) => {
            let since = signer
                .valid_after
                .map(|after| format!(", valid since {}", after.format("%Y-%m-%d %H:%M UTC")));
            format!(
                "signed by {} ({} {}{})",
                signer.principals,
                seal.algorithm,
                seal.fingerprint,
                since.unwrap_or_default()
            )
        }
        Signed::Unjudged(seal) => format!(
            "signed with {} {} (no allowed signers to tell whose that is)",
            seal.algorithm, seal.fingerprint
        ),
        Signed::NotAllowed(seal, why) => {
            format!(
                "signed with {} {}, which does not count: {why}",
                seal.algorithm, seal.fingerprint
            )
        }
        Signed::Wrong(why) => format!("the signature does not hold: {why}"),
    })
}

pub(super) fn json(looked: &Looked) -> Value {
    let finding = &looked.finding;
    let report = finding.report.as_ref();
    let micros = |time: Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
    let mut value = json!({
        "session_id": looked.name,
        "state": finding.state.name(),
        "signature": finding.signature.name(),
    });
    let mut set = |name: &str, content: Value| value[name] = content;
    if let Some(location) = &looked.location {
        set("location", location.as_str().into());
    }
    if let Some(seal) = finding.signature.seal() {
        let mut key = json!({ "algorithm": seal.algorithm, "fingerprint": seal.fingerprint });
        if let Some(at) = seal.at {
            key["signed_at"] = at.to_rfc3339_opts(SecondsFormat::Micros, true).into();
        }
        set("key", key);
    }
    match &finding.signature {
        Signed::Trusted(_, signer) => {
            let time =
                |time: chrono::DateTime<Utc>| time.to_rfc3339_opts(SecondsFormat::Secs, true);
            set(
                "signer",
                json!({
                    "principals": signer.principals,
                    "line": signer.line,
                    "valid_after": signer.valid_after.map(time),
                    "valid_before": signer.valid_before.map(time),
                }),
            );
        }
        Signed::NotAllowed(_, why) | Signed::Wrong(why) => {
            set("signature_problem", why.as_str().into())
        }
        Signed::No | Signed::Unjudged(_) => {}
    }
    match &finding.state {
        State::Unreadable(why) | State::NoRecording(why) => set("problem", why.as_str().into()),
        State::Misplaced(why) => set("problem", why.to_string().into()),
        _ => {}
    }
    if let Some(compared) = &looked.derived {
        set("derived", derived_value(compared));
    }
    let Some(report) = report else {
        return value;
    };
    set("frames", report.frames.into());
    set("proved_bytes", report.bytes.into());
    set("proved_until_us", micros(report.until).into());
    set("encrypted", report.opening.is_some().into());
    set("decoded", report.is_decoded.into());
    let recovery = report
        .manifest
        .as_ref()
        .and_then(|manifest| manifest.recovery.as_ref());
    if let Some(recovery) = recovery {
        set("recovery", json!(recovery));
    }
    if let Proof::Altered(fault) = &report.proof {
        set(
            "fault",
            json!({
                "frame": fault.frame,
                "from_byte": fault.bytes.start,
                "to_byte": fault.bytes.end,
                "from_us": micros(fault.from),
                "to_us": fault.to.map(micros),
                "problem": fault.kind.to_string(),
            }),
        );
    }
    value
}
