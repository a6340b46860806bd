//! What a manifest does not tell and a condition asks for: who signed it, and what was run in the session.
//!
//! Nothing is fetched for a session that all else decides, and nothing is read further than its bounds: what lies beyond
//! them is not known.

use std::fmt;
use std::io::Cursor;
use std::sync::Arc;

use formats::derived::{Command, Kind};
use formats::layout::Place;
use formats::lines::LineSource;
use formats::manifest::Manifest;
use formats::recording;
use formats::sealed::{NoKey, Unlock};
use formats::signature::{MAX_SIGNATURE, Signature, Verdict};

use super::{Catalog, Error, Filter};
use crate::review::condition::{Commands, Facts, Needs, State};
use crate::review::verify::signed_at;

/// So many objects are asked for at a time, each of which may be as long as the longest.
const AT_ONCE: usize = 64;
/// The longest object of commands that is read.
const LONGEST: u64 = 8 << 20;
/// The most text of the commands of a session.
const MOST_TEXT: usize = 16 << 20;

/// A manifest of the store, to be judged.
#[derive(Debug)]
pub(super) struct Candidate {
    pub(super) key: String,
    pub(super) manifest: Manifest,
    /// As it is stored, for the signature over it; empty where none is asked for.
    pub(super) bytes: Vec<u8>,
    /// A signature lies beside it.
    pub(super) is_signed: bool,
}

/// What was fetched of one.
#[derive(Default)]
struct Known {
    signers: Option<Vec<String>>,
    /// Their texts, and whether there may be more.
    commands: Option<(Vec<String>, bool)>,
}

/// What opens sealed sessions, for conditions on what was run in them.
#[derive(Clone)]
pub(super) struct Opener(Arc<dyn Unlock + Send + Sync>);

impl fmt::Debug for Opener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Opener")
    }
}

impl Catalog {
    /// The same, with what opens sealed sessions: else a condition on what was run in one has no answer.
    #[must_use]
    pub fn opening(self, unlock: Option<Arc<dyn Unlock + Send + Sync>>) -> Self {
        let opener = unlock.map(Opener);
        Self { opener, ..self }
    }

    /// Whether each of these is asked for; `None` where that is not known.
    pub(super) fn judged(
        &self,
        filter: &Filter,
        candidates: &[Candidate],
    ) -> Result<Vec<Option<bool>>, Error> {
        let state = Some(State::Stored);
        let mut judged: Vec<Option<bool>> = candidates
            .iter()
            .map(|candidate| {
                filter.judge(&Facts {
                    state,
                    ..Facts::of(&candidate.manifest)
                })
            })
            .collect();
        let needs = filter.condition.needs();
        if needs == Needs::default() {
            return Ok(judged);
        }
        let open = (0..judged.len()).filter(|at| judged[*at].is_none());
        let open: Vec<usize> = open.collect();
        for places in open.chunks(AT_ONCE) {
            let mut known: Vec<Known> = places.iter().map(|_| Known::default()).collect();
            let some: Vec<&Candidate> = places.iter().map(|at| &candidates[*at]).collect();
            if needs.signers {
                self.signers(&some, &mut known)?;
            }
            if needs.commands {
                self.commands(&some, &mut known)?;
            }
            for (at, known) in places.iter().zip(&known) {
                let commands = known.commands.as_ref();
                let facts = Facts {
                    state,
                    signers: known.signers.as_deref(),
                    commands: commands.map(|(texts, is_cut)| Commands {
                        texts,
                        is_cut: *is_cut,
                    }),
                    ..Facts::of(&candidates[*at].manifest)
                };
                judged[*at] = filter.judge(&facts);
            }
        }
        Ok(judged)
    }

    fn signers(&self, some: &[&Candidate], known: &mut [Known]) -> Result<(), Error> {
        let signed = some.iter().filter(|candidate| candidate.is_signed);
        let keys: Vec<String> = signed.map(|one| format!("{}.sig", one.key)).collect();
        let mut read = self
            .store
            .read_many(&keys, MAX_SIGNATURE as u64)?
            .into_iter();
        for (candidate, known) in some.iter().zip(known) {
            known.signers = match candidate.is_signed {
                false => Some(Vec::new()),
                true => match read.next() {
                    Some(Ok(bytes)) => Some(self.good(&bytes, candidate)),
                    _ => None,
                },
            };
        }
        Ok(())
    }

    /// Whose signature this is: the key's fingerprint, and who it belongs to. Nobody's where it is over something else.
    fn good(&self, armored: &[u8], candidate: &Candidate) -> Vec<String> {
        let armored = String::from_utf8_lossy(armored);
        let Ok(signature) = Signature::parse(&armored) else {
            return Vec::new();
        };
        if signature.check(&candidate.bytes).is_err() {
            return Vec::new();
        }
        let mut names = vec![signature.fingerprint()];
        if let Some(allowed) = &self.allowed {
            let at = signed_at(&candidate.manifest);
            if let Verdict::Allowed(signer) = allowed.judge(signature.key(), at, None) {
                names.extend(signer.principals.split(',').map(str::to_owned));
            }
        }
        names
    }

    fn commands(&self, some: &[&Candidate], known: &mut [Known]) -> Result<(), Error> {
        let keys = some.iter().map(|candidate| {
            let place = Place::of(&candidate.manifest)?;
            // One that cannot be opened is not fetched.
            let is_sealed = candidate.manifest.encryption.is_some();
            (!is_sealed || self.opener.is_some()).then(|| place.derived(Kind::Commands))
        });
        let keys: Vec<Option<String>> = keys.collect();
        let asked: Vec<String> = keys.iter().flatten().cloned().collect();
        let mut read = self.store.read_many(&asked, LONGEST)?.into_iter();
        for ((key, candidate), known) in keys.iter().zip(some).zip(known) {
            let Some(Ok(bytes)) = key.as_ref().and_then(|_| read.next()) else {
                continue;
            };
            // What the manifest does not vouch for tells nothing.
            let derived = candidate.manifest.derived.as_ref();
            let derived = derived.filter(|derived| {
                let object = derived.of(Kind::Commands).reading(&bytes[..]);
                object.is_it().unwrap_or(false)
            });
            let Some(is_cut) = derived.map(|derived| derived.cut) else {
                continue;
            };
            let unlock: &dyn Unlock = match &self.opener {
                Some(Opener(unlock)) => &**unlock,
                None => &NoKey,
            };
            known.commands = texts(bytes, unlock).map(|(texts, broke)| (texts, broke || is_cut));
        }
        Ok(())
    }
}

/// The texts in an object of commands, and whether there are more.
fn texts(bytes: Vec<u8>, unlock: &dyn Unlock) -> Option<(Vec<String>, bool)> {
    let mut lines = recording::Reader::open_with(Cursor::new(bytes), unlock).ok()?;
    let mut texts = Vec::new();
    let mut length = 0;
    loop {
        match lines.next_line() {
            Ok(Some(line)) => match Command::parse(line) {
                Some(command) if length + command.text.len() <= MOST_TEXT => {
                    // A short one takes room as well.
                    length += command.text.len() + size_of::<String>();
                    texts.push(command.text);
                }
                _ => return Some((texts, true)),
            },
            Ok(None) => return Some((texts, false)),
            Err(_) => return Some((texts, true)),
        }
    }
}
