//! What an audit asks of store and spool: every session of some days, what its manifest says and what its signature is worth,
//! and what the store itself says of the time it came.
//!
//! Nothing here is left out because it does not read, and no recording is opened but one without a manifest, for its header.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, Utc};
use formats::continuity::digest;
use formats::layout::{self, Place};
use formats::manifest::{MAX_MANIFEST, Manifest};
use formats::recording::Signed;
use formats::signature::{MAX_SIGNATURE, Purpose};

use super::in_packs::InPacks;
use super::{BATCH, Beside, Catalog, Error, Filter, headline, is_manifest};
use crate::review::audit::{Held, Says, Seal, Versions, What};
use crate::review::chosen::{id_part, session_id};
use crate::review::identity::check_key;
use crate::review::verify::{self, signed_at};
use crate::store::{self, Dated, Store};
use crate::words::causes;

/// What an audit asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Holdings {
    /// Each session of which store or spool have something.
    pub held: Vec<Held>,
    /// Whether the store told of versions.
    pub versions: Versions,
}

impl Catalog {
    /// Everything that store and spool have of the days that `filter` asks for; how many manifests are read is told meanwhile.
    ///
    /// # Errors
    /// Store or spool cannot be listed or reached.
    pub fn holdings(
        &self,
        filter: &Filter,
        progress: &mut dyn FnMut(usize),
    ) -> Result<Holdings, Error> {
        let folders = ["manifests/", "recordings/"].map(|folder| filter.spans(folder));
        let spans = folders.concat();
        let traces = self.traces(&spans, filter)?;
        let mut listed = self.store.list_dated(&spans)?;
        let recordings = listed.split_off(folders[0].len());
        let [mut manifests, recordings] = [listed, recordings].map(|spans| spans.concat());
        manifests.retain(|dated| filter.may_hold(layout::parse_day(&dated.key)));
        let signatures: BTreeSet<String> = manifests
            .extract_if(.., |dated| !is_manifest(&dated.key))
            .map(|dated| dated.key)
            .collect();
        // A second one under the same id is told of too: at most one of them can be in its place.
        let mut recorded: BTreeMap<String, Vec<Dated>> = BTreeMap::new();
        for dated in recordings {
            if dated.key.ends_with(".cast.zst") && filter.may_hold(layout::parse_day(&dated.key)) {
                let of_session = recorded.entry(id_part(&dated.key).to_owned()).or_default();
                of_session.push(dated);
            }
        }
        let mut held = Vec::new();
        for some in manifests.chunks(BATCH) {
            held.extend(self.of_manifests(some, &signatures, &mut recorded)?);
            progress(held.len());
        }
        for dated in recorded.into_values().flatten() {
            held.push(without_manifest(&self.store, &dated, What::WithoutManifest));
        }
        let versions = traces.told.clone();
        self.trace(&mut held, traces)?;
        for (spool, key) in self.spooled()? {
            held.push(in_spool(spool, key));
        }
        Ok(Holdings { held, versions })
    }

    /// Reads the recordings of these days by their chains, and tells of each that is not what was recorded; how many were read is told
    /// meanwhile.
    ///
    /// # Errors
    /// The store cannot be read.
    pub(crate) fn check_recordings(
        &self,
        held: &mut [Held],
        (first, last): (NaiveDate, NaiveDate),
        progress: &mut dyn FnMut(usize),
    ) -> Result<(), Error> {
        let stored = held.iter_mut().filter(|held| held.what == What::Stored);
        for (count, held) in stored.enumerate() {
            let (Some(key), Some(day)) = (&held.recording, held.day) else {
                continue;
            };
            if day < first || day > last {
                continue;
            }
            let manifest = layout::manifest_of(day, id_part(key));
            let read = |key: &str, most: usize| match self.store.read(key, most as u64) {
                Ok(bytes) => Ok(Some(bytes)),
                Err(store::Error::NotFound { .. }) => Ok(None),
                Err(error) => Err(error),
            };
            let beside = Beside {
                manifest: read(&manifest, MAX_MANIFEST)?,
                signature: read(&format!("{manifest}.sig"), MAX_SIGNATURE)?,
            };
            let asked = verify::Asked {
                key: Some(key),
                beside: Some(&beside),
            };
            let source = match self.store.open_straight(key) {
                Ok(source) => source,
                // It was there a moment ago; the next audit tells.
                Err(store::Error::NotFound { .. }) => continue,
                Err(error) => return Err(error.into()),
            };
            let finding = verify::check_chain(source, asked, &verify::Demands::default());
            if !finding.state.is_what_was_recorded() {
                held.altered = Some(finding.state.name().replace('_', " "));
            }
            progress(count + 1);
        }
        Ok(())
    }

    /// Whether somebody has said whose signatures count.
    pub(in crate::review) fn knows_signers(&self) -> bool {
        self.allowed.is_some()
    }

    fn of_manifests(
        &self,
        some: &[Dated],
        signatures: &BTreeSet<String>,
        recorded: &mut BTreeMap<String, Vec<Dated>>,
    ) -> Result<Vec<Held>, Error> {
        let keys: Vec<String> = some.iter().map(|dated| dated.key.clone()).collect();
        let manifests = self.manifests(&keys, &mut InPacks::none())?;
        let beside = keys.iter().map(|key| format!("{key}.sig"));
        let beside: Vec<String> = beside.filter(|key| signatures.contains(key)).collect();
        let armored = self.store.read_many(&beside, MAX_SIGNATURE as u64)?;
        let mut armored: BTreeMap<String, _> = beside.into_iter().zip(armored).collect();
        let held = some.iter().zip(manifests).map(|(dated, bytes)| {
            let signature = armored.remove(&format!("{}.sig", dated.key));
            let of_session = recorded.get_mut(id_part(&dated.key));
            let recordings = of_session.map(std::mem::take).unwrap_or_default();
            self.of_manifest(dated, bytes, signature, recordings)
        });
        Ok(held.collect())
    }

    fn of_manifest(
        &self,
        dated: &Dated,
        bytes: Result<Vec<u8>, store::Error>,
        signature: Option<Result<Vec<u8>, store::Error>>,
        recordings: Vec<Dated>,
    ) -> Held {
        let mut held = Held {
            session_id: session_id(&dated.key),
            location: self.store.locate(&dated.key),
            what: match recordings.first() {
                Some(_) => What::Stored,
                None => What::WithoutRecording,
            },
            day: layout::parse_day(&dated.key),
            came: dated.came.map(DateTime::<Utc>::from),
            ..Held::default()
        };
        let bytes = match bytes {
            Ok(bytes) => bytes,
            Err(error @ store::Error::TooLong { .. }) => {
                held.unread = Some(causes(&error));
                return held;
            }
            Err(error) => {
                held.unreached = Some(causes(&error));
                return held;
            }
        };
        let manifest = match Manifest::parse(bytes.trim_ascii()) {
            Ok(manifest) => manifest,
            Err(error) => {
                held.unread = Some(causes(&error));
                return held;
            }
        };
        if let Some(recording) = recordings.first() {
            held.location = self.store.locate(&recording.key);
            held.recording = Some(recording.key.clone());
        }
        let keys = std::iter::once(&dated.key).chain(recordings.iter().map(|dated| &dated.key));
        held.misplaced = keys
            .filter_map(|key| check_key(key, &manifest).err())
            .map(|misplaced| causes(&misplaced))
            .next();
        held.signature = match signature {
            None => Seal::None,
            Some(Err(error)) => Seal::Wrong(causes(&error)),
            Some(Ok(armored)) => {
                let message = (Purpose::Recording, bytes.trim_ascii());
                self.seal(&armored, message, signed_at(&manifest))
            }
        };
        held.says = Some(Says::of(manifest, digest(bytes.trim_ascii())));
        held
    }

    /// Until when the store keeps the recording of each from being removed, where that is told.
    pub(crate) fn retained(&self, manifests: &[&Manifest]) -> Vec<Option<DateTime<Utc>>> {
        let key = |manifest: &&Manifest| Place::of(manifest).map(|place| place.recording());
        let keys = manifests
            .iter()
            .map(|manifest| key(manifest).unwrap_or_default());
        let until = self
            .store
            .retained_until(&keys.collect::<Vec<_>>())
            .into_iter();
        let until = until.map(|until| until.map(DateTime::<Utc>::from));
        // A store that does not answer tells of none.
        until
            .chain(std::iter::repeat(None))
            .take(manifests.len())
            .collect()
    }

    /// What a signature over these bytes is worth, for its purpose and at the time that they tell.
    pub(in crate::review) fn seal(
        &self,
        armored: &[u8],
        message: (Purpose, &[u8]),
        at: Option<DateTime<Utc>>,
    ) -> Seal {
        let armored = String::from_utf8_lossy(armored);
        match verify::judge(&armored, message, at, self.allowed.as_deref(), None) {
            verify::Signed::No => Seal::None,
            verify::Signed::Trusted(_, signer) => Seal::Trusted(signer.principals),
            verify::Signed::Unjudged(seal) => Seal::Unjudged(seal.fingerprint),
            verify::Signed::NotAllowed(_, why) => Seal::NotAllowed(why),
            verify::Signed::Wrong(why) => Seal::Wrong(why),
        }
    }
}

fn without_manifest(store: &Store, dated: &Dated, what: What) -> Held {
    let mut held = Held {
        session_id: session_id(&dated.key),
        location: store.locate(&dated.key),
        what,
        day: layout::parse_day(&dated.key),
        came: dated.came.map(DateTime::<Utc>::from),
        ..Held::default()
    };
    match headline(store, &dated.key) {
        Ok(told) => {
            let misplaced = check_key(&dated.key, &told).err();
            held.misplaced = misplaced.map(|misplaced| causes(&misplaced));
            held.says = Some(Says::of(told, String::new()));
        }
        Err(error) => held.unread = Some(causes(&error)),
    }
    held
}

/// One that is closed tells all that its manifest will.
fn in_spool(spool: &Store, key: String) -> Held {
    let signed = spool.open(&key).ok();
    let signed = signed.and_then(|mut file| Signed::at_end(&mut file).ok().flatten());
    let manifest = signed.and_then(|signed| {
        let manifest = Manifest::parse(&signed.manifest).ok()?;
        Some((manifest, digest(&signed.manifest)))
    });
    let dated = Dated { key, came: None };
    let Some((manifest, digest)) = manifest else {
        return without_manifest(spool, &dated, What::InSpool);
    };
    Held {
        session_id: session_id(&dated.key),
        location: spool.locate(&dated.key),
        what: What::InSpool,
        misplaced: check_key(&dated.key, &manifest)
            .err()
            .map(|error| causes(&error)),
        says: Some(Says::of(manifest, digest)),
        ..Held::default()
    }
}
