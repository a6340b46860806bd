//! What rules find in a recording when somebody asks: the result, and the client's claim beside it.
//!
//! Nothing here trusts what was found or derived before: the recording is read from its beginning.

use std::io::{self, Read, Seek};

use formats::asciicast::{self, Data, Reader};
use formats::findings::{Finding, Findings};
use formats::manifest::Manifest;
use formats::recording;
use formats::sealed::Unlock;

use super::summary::{self, Ended, Summary};
use crate::rules::{Evaluation, RuleSet, Session, Verdict};
use crate::transcript::Deriver;

/// What was found in a recording.
#[derive(Debug)]
pub(crate) struct Judged {
    /// What the recording is.
    pub(crate) summary: Summary,
    /// What the rules find.
    pub(crate) verdict: Verdict,
    /// What cannot be read behind what they looked at.
    pub(crate) broken: Option<asciicast::Error>,
}

impl Judged {
    /// What the client said that it found.
    pub(crate) fn claim(&self) -> Option<&Findings> {
        self.summary.manifest.as_ref()?.rules.as_ref()
    }

    /// Where the claim and the result are not the same; nothing where there is no claim, or other rules made it.
    pub(crate) fn differences(&self) -> Vec<Difference> {
        let Some(claim) = self.claim().filter(|claim| claim.set == self.verdict.set) else {
            return Vec::new();
        };
        let is_sealed = self
            .summary
            .manifest
            .as_ref()
            .is_some_and(|manifest| manifest.encryption.is_some());
        let result = self.verdict.claim(is_sealed);
        let count = |findings: &Findings, rule: &str| {
            let finding = findings
                .findings
                .iter()
                .find(|finding| finding.rule == rule);
            finding.map_or(0, |finding| finding.count)
        };
        // Whether it is signed, and who was where before, no client can know of its own session.
        let is_known =
            |finding: &&Finding| !matches!(finding.rule.as_str(), "unsigned" | "first-on-target");
        let mut differences: Vec<Difference> = Vec::new();
        for finding in claim
            .findings
            .iter()
            .chain(&result.findings)
            .filter(is_known)
        {
            let difference = Difference {
                rule: finding.rule.clone(),
                claimed: count(claim, &finding.rule),
                found: count(&result, &finding.rule),
            };
            if difference.claimed != difference.found && !differences.contains(&difference) {
                differences.push(difference);
            }
        }
        differences
    }
}

/// What a client claims of a rule, and what there is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Difference {
    /// The rule.
    pub(crate) rule: String,
    /// How often the client found something.
    pub(crate) claimed: u64,
    /// How often there is something.
    pub(crate) found: u64,
}

/// Looks at a recording by these rules. `judged` is what was found when all of its file was looked at;
/// whether its operator was never on its target before, only who looked through the store knows.
///
/// # Errors
/// It is no recording, cannot be read, or nothing opens it.
pub(crate) fn judge(
    mut source: impl Read + Seek,
    unlock: &dyn Unlock,
    set: &RuleSet,
    judged: Option<Ended>,
    is_first_on_target: Option<bool>,
) -> Result<Judged, Error> {
    let summary = Summary::of(&mut source, unlock)?.judged(judged);
    source.rewind()?;
    let mut reader = Reader::open(recording::Reader::open_with(source, unlock)?)?;
    let mut deriver = Deriver::new(reader.header());
    let mut evaluation = Evaluation::new(set);
    let broken = loop {
        match reader.next_event() {
            Ok(Some(event)) => {
                deriver.event(event.at, &event.data);
                if let Data::Input(keys) = &event.data {
                    let at = u64::try_from(event.at.as_millis()).unwrap_or(u64::MAX);
                    evaluation.input(at, keys);
                }
            }
            Ok(None) => break None,
            Err(error) if error.source_failure().is_some() => return Err(error.into()),
            Err(error) => break Some(error),
        }
        deriver.take().iter().for_each(|line| evaluation.line(line));
    };
    let ending = deriver.finish();
    ending.lines.iter().for_each(|line| evaluation.line(line));
    let commands = ending.commands.iter();
    commands.for_each(|command| evaluation.command(command));
    let verdict = evaluation.finish(&Session {
        is_first_on_target,
        ..session(&summary, &manifest(&summary))
    });
    Ok(Judged {
        summary,
        verdict,
        broken,
    })
}

/// The manifest, or what the header tells where there is none.
fn manifest(summary: &Summary) -> Manifest {
    let session = summary.header.ssm.clone().unwrap_or_default();
    let duration_us = u64::try_from(summary.duration.as_micros()).unwrap_or(u64::MAX);
    summary.manifest.clone().unwrap_or_else(|| Manifest {
        duration_us,
        ..Manifest::of_session(&session)
    })
}

fn session<'a>(summary: &Summary, manifest: &'a Manifest) -> Session<'a> {
    let is_closed = summary.manifest.is_some();
    let of = Session::of(manifest);
    Session {
        is_cut: of.is_cut || matches!(summary.ended, Ended::CutShort(_)),
        is_signed: is_closed.then_some(summary.signature.is_some()),
        ..of
    }
}

/// Why nothing can be told.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// It is no recording.
    #[error(transparent)]
    Summary(#[from] summary::Error),
    /// It is none, or nothing opens it.
    #[error(transparent)]
    Container(#[from] recording::Error),
    /// The text in it does not read.
    #[error(transparent)]
    Text(#[from] asciicast::Error),
    /// The source cannot be read.
    #[error("the recording cannot be read")]
    Read(#[from] io::Error),
}

impl Error {
    /// What the source itself reported, when it is the source that failed.
    pub(crate) fn source_failure(&self) -> Option<&io::Error> {
        match self {
            Self::Summary(error) => error.source_failure(),
            Self::Container(error) => error.source_failure(),
            Self::Text(error) => error.source_failure(),
            Self::Read(error) => Some(error),
        }
    }
}
