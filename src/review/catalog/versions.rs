//! What the versions of a bucket tell of its sessions: what was written over, and what was removed, with the manifest that it had.
//!
//! Nothing here changes what is held by what the versions do not tell: a bucket that keeps none accuses nobody.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use formats::layout;
use formats::manifest::{MAX_MANIFEST, Manifest};

use super::{BATCH, Catalog, Error, Filter, is_manifest};
use crate::review::audit::{Held, Says, Trace, Versions, What};
use crate::review::chosen::session_id;
use crate::review::identity::check_key;
use crate::store::s3::Version;
use crate::store::{self, Span};
use crate::words::causes;

/// What was done to the keys of each session.
#[derive(Default)]
pub(super) struct Traces {
    pub(super) told: Versions,
    by_session: BTreeMap<String, Vec<Trace>>,
    /// The last version of each manifest that was removed.
    removed: Vec<Version>,
}

impl Catalog {
    /// Asks for the versions of all that lies in these spans. Who may not, is told so.
    pub(super) fn traces(&self, spans: &[Span], filter: &Filter) -> Result<Traces, Error> {
        let listed = match self.store.versions(spans) {
            Ok(listed) => listed,
            Err(error) if error.is_passing() => return Err(error.into()),
            Err(error) => {
                return Ok(Traces {
                    told: Versions::Refused(refusal(&error)),
                    ..Traces::default()
                });
            }
        };
        let mut traces = Traces::default();
        if listed.iter().any(Version::is_kept) {
            traces.told = Versions::Told;
        }
        for of_key in listed.chunk_by(|a, b| a.key == b.key) {
            let key = &of_key[0].key;
            let Some(part) = part(key).filter(|_| filter.may_hold(layout::parse_day(key))) else {
                continue;
            };
            if let Some(trace) = trace(of_key, part) {
                let removed = matches!(trace, Trace::Removed { .. }) && is_manifest(key);
                let last = of_key.iter().find(|one| one.bytes.is_some());
                if let Some(last) = last.filter(|_| removed) {
                    traces.removed.push(last.clone());
                }
                let of_session = traces
                    .by_session
                    .entry(session_id(key.strip_suffix(".sig").unwrap_or(key)))
                    .or_default();
                of_session.push(trace);
            }
        }
        Ok(traces)
    }

    /// The verdicts on these sessions that were removed, by the store's own word: of which session, and its name.
    ///
    /// # Errors
    /// The store cannot be listed, or does not tell of versions.
    pub(crate) fn removed_reviews(&self, ids: &[&str]) -> Result<Vec<(String, String)>, Error> {
        let mut gone = Vec::new();
        for some in ids.chunks(BATCH) {
            let folder = |id: &&str| (layout::of_session(layout::REVIEWS, id), (*id).to_owned());
            let folders: BTreeMap<String, String> = some.iter().map(folder).collect();
            let spans: Vec<Span> = folders.keys().map(|folder| Span::of(folder)).collect();
            let listed = self.store.versions(&spans)?;
            for of_key in listed.chunk_by(|a, b| a.key == b.key) {
                let key = of_key[0].key.as_str();
                if of_key[0].bytes.is_none()
                    && let Some((folder, name)) = key.rfind('/').map(|at| key.split_at(at + 1))
                    && let Some(id) = folders.get(folder).filter(|_| name.ends_with(".json"))
                {
                    gone.push((id.clone(), name.to_owned()));
                }
            }
        }
        Ok(gone)
    }

    /// Adds what was done to each that is held, and those of which nothing is left but what the versions tell.
    pub(super) fn trace(&self, held: &mut Vec<Held>, mut traces: Traces) -> Result<(), Error> {
        for held in held.iter_mut() {
            held.traces = traces
                .by_session
                .remove(&held.session_id)
                .unwrap_or_default();
        }
        let there: BTreeSet<&str> = held.iter().map(|held| held.session_id.as_str()).collect();
        let mut gone = std::mem::take(&mut traces.removed);
        gone.retain(|version| !there.contains(session_id(&version.key).as_str()));
        let manifests = self.store.read_versions(&gone, MAX_MANIFEST as u64)?;
        let gone = gone.into_iter().zip(manifests);
        let gone: Vec<Held> = gone
            .map(|(version, bytes)| self.removed(&version, bytes, &mut traces))
            .collect();
        held.extend(gone);
        Ok(())
    }

    fn removed(
        &self,
        version: &Version,
        bytes: Result<Vec<u8>, store::Error>,
        traces: &mut Traces,
    ) -> Held {
        let session_id = session_id(&version.key);
        // Whoever may not read versions knows that it was removed, and not of whom it was.
        let manifest = bytes.ok();
        let manifest = manifest.and_then(|bytes| {
            let bytes = bytes.trim_ascii();
            Some((
                Manifest::parse(bytes).ok()?,
                formats::continuity::digest(bytes),
            ))
        });
        let misplaced = manifest
            .as_ref()
            .and_then(|(manifest, _)| check_key(&version.key, manifest).err());
        Held {
            misplaced: misplaced.map(|misplaced| causes(&misplaced)),
            location: self.store.locate(&version.key),
            what: What::Removed,
            day: layout::parse_day(&version.key),
            came: version.came.map(Into::into),
            traces: traces.by_session.remove(&session_id).unwrap_or_default(),
            says: manifest.map(|(manifest, digest)| Says::of(manifest, digest)),
            session_id,
            ..Held::default()
        }
    }
}

/// What is to be said of a key by its versions, newest first.
fn trace(versions: &[Version], part: &'static str) -> Option<Trace> {
    let at = |version: &Version| version.came.map(DateTime::<Utc>::from);
    let newest = versions.first()?;
    if newest.bytes.is_none() {
        let at = at(newest);
        return Some(Trace::Removed { part, at });
    }
    // A put whose answer was lost may have been carried out twice, with the same bytes.
    let mut others = versions.iter().filter(|one| one.bytes.is_some());
    let is_other = others.any(|one| one.bytes != newest.bytes);
    is_other.then(|| Trace::WrittenOver {
        part,
        at: at(newest),
    })
}

/// Why, and what would help, on a line.
fn refusal(error: &store::Error) -> String {
    let why = causes(error);
    match error.hint() {
        Some(hint) => format!("{why}: {hint}"),
        None => why,
    }
}

fn part(key: &str) -> Option<&'static str> {
    match key {
        key if key.ends_with(".cast.zst") => Some("recording"),
        key if key.ends_with(".sig") => Some("signature"),
        key if is_manifest(key) => Some("manifest"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::*;

    fn version(number: u64, bytes: Option<&str>) -> Version {
        Version {
            key: "manifests/a.json".to_owned(),
            id: format!("v{number}"),
            came: Some(SystemTime::UNIX_EPOCH + Duration::from_secs(number)),
            bytes: bytes.map(str::to_owned),
        }
    }

    #[test]
    fn versions_accuse_by_what_lies_under_the_newest() {
        let at = |number| DateTime::from_timestamp(number, 0);
        let one = |number| version(number, Some("one"));
        let two = |number| version(number, Some("two"));
        let marker = |number| version(number, None);
        let (part, removed) = ("manifest", |at| Trace::Removed {
            part: "manifest",
            at,
        });
        let written_over = |at| Trace::WrittenOver {
            part: "manifest",
            at,
        };
        for (versions, expected) in [
            (vec![], None),
            (vec![one(1)], None),
            (vec![one(2), one(1)], None),
            (vec![one(3), marker(2), one(1)], None),
            (vec![two(2), one(1)], Some(written_over(at(2)))),
            (vec![two(3), marker(2), one(1)], Some(written_over(at(3)))),
            (vec![one(3), two(2), one(1)], Some(written_over(at(3)))),
            (vec![marker(2), one(1)], Some(removed(at(2)))),
            (vec![marker(3), two(2), one(1)], Some(removed(at(3)))),
            (vec![marker(2)], Some(removed(at(2)))),
        ] {
            assert_eq!(trace(&versions, part), expected, "{versions:?}");
        }
    }
}
