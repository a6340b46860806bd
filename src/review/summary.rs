//! What one recording is, in short: its header, what is in it, and how it ends.
//!
//! Nothing here is proved. A closed recording is believed, any other is read through; whoever has all of it at hand asks
//! `ended` as well, whose word goes before.

use std::io::{Read, Seek};
use std::time::Duration;

use formats::asciicast::{self, Code, Header, Session, Term};
use formats::manifest::{self, Manifest};
use formats::recording::{self, Ending, Fault, Proof, Report, Seekable, Signed};
use formats::sealed::{Locked, Unlock};

/// One recording in short.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// The first line.
    pub header: Header,
    /// What closes the recording; `None` for one that was cut, or that another program made.
    pub manifest: Option<Manifest>,
    /// The signature of the manifest, unchecked.
    pub signature: Option<String>,
    /// Time of the last event.
    pub duration: Duration,
    /// What was counted.
    pub counts: Counts,
    /// How it ends.
    pub ended: Ended,
    /// It is encrypted, and this is why no more of it can be told than its envelope and its manifest tell.
    pub locked: Option<Locked>,
}

/// What a recording holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Events of every kind.
    pub events: u64,
    /// `f` events.
    pub messages: u64,
    /// `m` events.
    pub markers: u64,
    /// Bytes of output: as the agent sent them where the manifest tells, else of the text.
    pub output_bytes: u64,
}

/// How a recording ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// All of it is there.
    Complete,
    /// The file stops in the middle, at this length.
    CutShort(u64),
    /// Something in it does not read: what, and where.
    Damaged(String),
}

impl Summary {
    /// The same, with what was found when all of it was looked at.
    #[must_use]
    pub fn judged(self, found: Option<Ended>) -> Self {
        match found {
            None | Some(Ended::Complete) => self,
            Some(ended) => Self { ended, ..self },
        }
    }

    /// Looks at a recording. One that `unlock` has no key for is told of as far as it can be without.
    ///
    /// # Errors
    /// It is no recording, or cannot be read.
    pub fn of(mut source: impl Read + Seek, unlock: &dyn Unlock) -> Result<Self, Error> {
        let lines = match Seekable::open_with(&mut source, unlock) {
            Ok(lines) => lines,
            Err(recording::Error::Locked { why, opening }) => {
                source.rewind().map_err(recording::Error::Io)?;
                return Self::of_locked(source, why, *opening);
            }
            Err(error) => return Err(error.into()),
        };
        let mut reader = asciicast::Reader::open(lines)?;
        let header = reader.header().clone();
        let signed = reader.lines().signed();
        let signature = signed
            .map(|signed| signed.signature.clone())
            .filter(|text| !text.is_empty());
        let manifest = signed.and_then(|signed| Manifest::parse(&signed.manifest).ok());
        if let Some(manifest) = &manifest
            && reader.lines().is_indexed()
        {
            return Ok(Self {
                header,
                duration: Duration::from_micros(manifest.duration_us),
                counts: Counts::from(&manifest.counts),
                manifest: Some(manifest.clone()),
                signature,
                ended: Ended::Complete,
                locked: None,
            });
        }
        let mut counts = Counts::default();
        let mut duration = Duration::ZERO;
        let mut text = Vec::new();
        let failed = loop {
            text.clear();
            match reader.next_into(&mut text) {
                Ok(Some(event)) => {
                    duration = Duration::from_micros(event.at_us);
                    counts.events += 1;
                    match event.code {
                        Code::Output => counts.output_bytes += text.len() as u64,
                        Code::Message => counts.messages += 1,
                        Code::Marker => counts.markers += 1,
                        _ => {}
                    }
                }
                Ok(None) => break None,
                Err(error) if error.source_failure().is_some() => return Err(error.into()),
                Err(error) => break Some(error.to_string()),
            }
        };
        let ended = match (failed, reader.lines().ending()) {
            (Some(cause), _) => Ended::Damaged(cause),
            (None, None | Some(Ending::Complete)) => Ended::Complete,
            (None, Some(Ending::Cut { offset })) => Ended::CutShort(*offset),
            (None, Some(Ending::Damaged { offset, cause })) => {
                Ended::Damaged(format!("from byte {offset} on: {cause}"))
            }
        };
        Ok(Self {
            header,
            manifest,
            signature,
            duration,
            counts,
            ended,
            locked: None,
        })
    }

    /// What the manifest tells, or of one that was cut what its envelope and its chain tell.
    fn of_locked(
        mut source: impl Read + Seek,
        why: Locked,
        opening: Manifest,
    ) -> Result<Self, Error> {
        let signed = Signed::at_end(&mut source)?;
        let manifest = signed
            .as_ref()
            .and_then(|signed| Manifest::parse(&signed.manifest).ok());
        let (duration, ended) = match &manifest {
            Some(manifest) => (Duration::from_micros(manifest.duration_us), Ended::Complete),
            None => {
                source.rewind().map_err(recording::Error::Io)?;
                let report = recording::verify(source)?;
                let until = report.until;
                (until, judged(report).unwrap_or(Ended::CutShort(0)))
            }
        };
        let counts = manifest.as_ref().map(|manifest| &manifest.counts);
        Ok(Self {
            header: header(&opening),
            duration,
            counts: counts.map(Counts::from).unwrap_or_default(),
            manifest,
            signature: signed
                .map(|signed| signed.signature)
                .filter(|text| !text.is_empty()),
            ended,
            locked: Some(why),
        })
    }
}

/// What a file is, the same for whoever plays, shows, exports or checks it; `None` for one without a chain, which only
/// shows by being read.
///
/// # Errors
/// The source cannot be read, or is empty.
pub fn ended(source: impl Read, unlock: &dyn Unlock) -> Result<Option<Ended>, recording::Error> {
    Ok(judged(recording::verify_text(source, unlock)?))
}

fn judged(report: Report) -> Option<Ended> {
    match report.proof {
        Proof::Sound => Some(Ended::Complete),
        Proof::Cut { offset } => Some(Ended::CutShort(offset)),
        Proof::NoManifest => Some(Ended::CutShort(report.bytes)),
        Proof::NoChain => None,
        Proof::Altered(Fault { bytes, kind, .. }) => Some(Ended::Damaged(format!(
            "from byte {} on: {kind}",
            bytes.start
        ))),
    }
}

/// The header of a sealed recording, as far as its envelope tells it.
fn header(opening: &Manifest) -> Header {
    let opening = opening.clone();
    let (cols, rows) = opening
        .terminal
        .map_or((0, 0), |size| (size.cols, size.rows));
    Header {
        version: 3,
        term: Term {
            cols,
            rows,
            ..Term::default()
        },
        ssm: Some(Session {
            session_id: opening.session_id,
            target: opening.target,
            document: opening.document,
            parameters: opening.parameters,
            reason: opening.reason,
            region: opening.region,
            account: opening.account,
            operator: opening.operator,
            user: opening.user,
            host: opening.host,
            client_version: opening.client_version,
            agent_version: opening.agent_version,
            started_at: opening.started_at,
            ..Session::default()
        }),
        ..Header::default()
    }
}

impl From<&manifest::Counts> for Counts {
    fn from(counts: &manifest::Counts) -> Self {
        Self {
            events: counts.events,
            messages: counts.messages,
            markers: counts.markers,
            output_bytes: counts.output_bytes,
        }
    }
}

/// Why there is nothing to sum up.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The container does not read.
    #[error(transparent)]
    Recording(#[from] recording::Error),
    /// The text in it does not read.
    #[error(transparent)]
    Asciicast(#[from] asciicast::Error),
}

impl Error {
    /// What the source itself reported, when it is the source that failed and not the recording that is wrong.
    #[must_use]
    pub fn source_failure(&self) -> Option<&std::io::Error> {
        match self {
            Self::Recording(error) => error.source_failure(),
            Self::Asciicast(error) => error.source_failure(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use formats::asciicast::Data;
    use formats::recording::{Options, Writer};
    use formats::sealed::{KEY, Key, NoKey, SALT, Seal};
    use std::io::Cursor;

    fn recording() -> Vec<u8> {
        let session = Session {
            session_id: "me-1".into(),
            ..Session::default()
        };
        let header = Header {
            ssm: Some(session.clone()),
            ..Header::default()
        };
        let mut writer = Writer::new(Vec::new(), &header, Options::default()).unwrap();
        for (at, data) in [
            (1, Data::Output("hello".into())),
            (2, Data::Marker("here".into())),
            (90, Data::Output("é".into())),
        ] {
            writer.event(Duration::from_secs(at), &data).unwrap();
        }
        let manifest = Manifest::of_session(&session);
        writer.finish(manifest, |_| None).unwrap().0
    }

    #[test]
    fn a_closed_recording_is_summed_up_from_its_manifest() {
        let summary = Summary::of(Cursor::new(recording()), &NoKey).unwrap();
        assert_eq!(summary.ended, Ended::Complete);
        assert_eq!(summary.duration, Duration::from_secs(90));
        assert_eq!((summary.counts.events, summary.counts.markers), (3, 1));
        assert!(summary.manifest.is_some());
    }

    #[test]
    fn a_sealed_recording_is_summed_up_without_its_key_closed_or_cut() {
        let session = Session {
            session_id: "me-1".into(),
            target: "i-0abc".into(),
            ..Session::default()
        };
        let header = Header {
            ssm: Some(session.clone()),
            ..Header::default()
        };
        let key = Key::new([1; KEY]);
        let seal = Seal {
            key: key.clone(),
            salt: [2; SALT],
            wrapped: Vec::new(),
            recipients: vec!["age1team".into()],
        };
        let mut writer = Writer::sealed(Vec::new(), &header, Options::default(), seal).unwrap();
        let data = Data::Output("hello".into());
        writer.event(Duration::from_secs(7), &data).unwrap();
        let manifest = Manifest::of_session(&session);
        let whole = writer.finish(manifest, |_| None).unwrap().0;

        let locked = Summary::of(Cursor::new(&whole), &NoKey).unwrap();
        let open = Summary::of(Cursor::new(&whole), &key).unwrap();
        assert_eq!(locked.locked, Some(Locked::NoIdentity));
        assert_eq!(open.locked, None);
        for summary in [&locked, &open] {
            assert_eq!(summary.duration, Duration::from_secs(7));
            assert_eq!(summary.ended, Ended::Complete);
            assert_eq!(summary.counts.events, 1);
            assert_eq!(summary.header.ssm.as_ref().unwrap().target, "i-0abc");
        }
        let cut = Summary::of(Cursor::new(&whole[..whole.len() - 9]), &NoKey).unwrap();
        assert_eq!(cut.ended, Ended::CutShort(whole.len() as u64 - 9));
        assert_eq!(cut.duration, Duration::from_secs(7));
        assert_eq!(cut.header.ssm.unwrap().target, "i-0abc");
    }

    #[test]
    fn a_recording_cut_anywhere_is_summed_up_as_far_as_it_goes() {
        let whole = recording();
        for length in 1..whole.len() {
            match Summary::of(Cursor::new(&whole[..length]), &NoKey) {
                Ok(summary) => {
                    assert_ne!(summary.ended, Ended::Complete, "cut at {length}");
                    assert!(summary.counts.events <= 3);
                }
                Err(error) => assert!(error.to_string().contains("empty"), "{length}: {error}"),
            }
        }
    }

    #[test]
    fn a_plain_recording_of_another_program_is_read_through() {
        let text =
            "{\"version\":2,\"width\":80,\"height\":24}\n[1.5,\"o\",\"a\"]\n[2.5,\"m\",\"\"]\n";
        let summary = Summary::of(Cursor::new(text), &NoKey).unwrap();
        assert_eq!(summary.ended, Ended::Complete);
        assert_eq!(summary.duration, Duration::from_millis(2500));
        let counts = Counts {
            events: 2,
            markers: 1,
            output_bytes: 1,
            messages: 0,
        };
        assert_eq!(summary.counts, counts);
    }
}
