//! Reviews of sessions, as the store has them.
//!
//! Nothing here asks for more than the sessions that are meant: a bucket is listed by session, many at a time.

use std::collections::HashMap;

use formats::layout::{self, Place, REVIEWS};
use formats::manifest::{MAX_MANIFEST, Manifest};
use formats::review::{MAX_REVIEW, digest};
use formats::signature::{MAX_SIGNATURE, Signature};

use super::judge::{Judged, Law, Raw};
use super::standing::Standing;
use crate::review::catalog::{Catalog, Error};
use crate::store::{Span, Store};
use crate::words::causes;

/// So many sessions are asked for at a time.
const AT_ONCE: usize = 256;
/// More reviews of one session are not read; nobody writes as many.
const MOST: usize = 1000;

/// The name of a review, its bytes, and the signature over them.
pub(crate) type RawReview = (String, Vec<u8>, Option<Vec<u8>>);

/// A review's key, and whether its signature lies beside it.
type Key = (String, bool);

impl Catalog {
    /// Where each of these sessions stands, in their order.
    ///
    /// # Errors
    /// The store cannot be listed or read.
    pub(crate) fn standings(
        &self,
        manifests: &[&Manifest],
        law: &Law,
    ) -> Result<Vec<Standing>, Error> {
        let mut standings = Vec::new();
        for some in manifests.chunks(AT_ONCE) {
            let ids: Vec<&str> = some.iter().map(|one| one.session_id.as_str()).collect();
            let keys = self.review_keys(&ids)?;
            standings.extend(self.judged_by(law, some, keys)?);
        }
        Ok(standings)
    }

    /// The reviews of a session as they lie there, oldest first: the name of each, its bytes, and the signature over them.
    ///
    /// # Errors
    /// The store cannot be listed or read.
    pub(crate) fn reviews(&self, session_id: &str) -> Result<Vec<RawReview>, Error> {
        let keys = self
            .store()
            .list(&layout::of_session(REVIEWS, session_id))?;
        let reviews = keys.iter().filter(|key| key.ends_with(".json"));
        let reviews: Vec<String> = reviews.take(MOST).cloned().collect();
        let mut raw = Vec::new();
        for (key, bytes) in reviews
            .iter()
            .zip(self.store().read_many(&reviews, MAX_REVIEW as u64)?)
        {
            let signature = format!("{key}.sig");
            let signature = match keys.binary_search(&signature) {
                Ok(_) => Some(self.store().read(&signature, MAX_SIGNATURE as u64)?),
                Err(_) => None,
            };
            let name = key.rsplit('/').next().unwrap_or(key);
            raw.push((name.to_owned(), bytes?, signature));
        }
        Ok(raw)
    }

    /// The names of the reviews of each of these sessions, oldest first.
    ///
    /// # Errors
    /// The store cannot be listed.
    pub(crate) fn review_names(&self, ids: &[&str]) -> Result<Vec<Vec<String>>, Error> {
        let mut names = Vec::new();
        for some in ids.chunks(AT_ONCE) {
            let keys = self.review_keys(some)?.into_iter();
            let name = |(key, _): Key| key.rsplit('/').next().unwrap_or(&key).to_owned();
            names.extend(keys.map(|keys| keys.into_iter().map(name).collect()));
        }
        Ok(names)
    }

    /// What lies below the folder of each session's reviews, oldest first.
    fn review_keys(&self, ids: &[&str]) -> Result<Vec<Vec<Key>>, Error> {
        let folders: Vec<String> = ids
            .iter()
            .map(|id| layout::of_session(REVIEWS, id))
            .collect();
        let listed = match self.store() {
            // One folder that is walked once.
            Store::Directory(_) if folders.len() > 1 => {
                let mut by_folder: HashMap<String, Vec<String>> = HashMap::new();
                for key in self.store().list(REVIEWS)? {
                    let end = key.rfind('/').map_or(0, |at| at + 1);
                    by_folder
                        .entry(key[..end].to_owned())
                        .or_default()
                        .push(key);
                }
                let of = |folder: &String| by_folder.remove(folder).unwrap_or_default();
                folders.iter().map(of).collect()
            }
            _ => {
                let spans: Vec<Span> = folders.iter().map(|folder| Span::of(folder)).collect();
                self.store().list_spans(&spans)?
            }
        };
        let with_signatures = |keys: Vec<String>| {
            let of_reviews = keys.iter().filter(|key| key.ends_with(".json"));
            let of_reviews = of_reviews.take(MOST).map(|key| {
                let is_signed = keys.binary_search(&format!("{key}.sig")).is_ok();
                (key.clone(), is_signed)
            });
            of_reviews.collect()
        };
        Ok(listed.into_iter().map(with_signatures).collect())
    }

    fn judged_by(
        &self,
        law: &Law,
        manifests: &[&Manifest],
        keys: Vec<Vec<Key>>,
    ) -> Result<Vec<Standing>, Error> {
        let store = self.store();
        let reviews: Vec<String> = keys.iter().flatten().map(|(key, _)| key.clone()).collect();
        let signed = keys.iter().flatten().filter(|(_, is_signed)| *is_signed);
        let signatures: Vec<String> = signed.map(|(key, _)| format!("{key}.sig")).collect();
        // Only what is said anything of is looked at.
        let places = manifests.iter().zip(&keys).map(|(manifest, keys)| {
            let place = Place::of(manifest)?;
            (!keys.is_empty()).then(|| (place.manifest(), place.signature()))
        });
        let places: Vec<Option<(String, String)>> = places.collect();
        let beside: Vec<String> = places
            .iter()
            .flatten()
            .flat_map(|(manifest, signature)| [manifest.clone(), signature.clone()])
            .collect();
        let mut reviews_read = store.read_many(&reviews, MAX_REVIEW as u64)?.into_iter();
        let mut signatures_read = store
            .read_many(&signatures, MAX_SIGNATURE as u64)?
            .into_iter();
        let mut beside_read = store.read_many(&beside, MAX_MANIFEST as u64)?.into_iter();
        let mut standings = Vec::new();
        for ((manifest, keys), place) in manifests.iter().zip(keys).zip(places) {
            let raw = keys.into_iter().map(|(key, is_signed)| Raw {
                location: store.locate(&key),
                bytes: match reviews_read.next() {
                    Some(Ok(bytes)) => Ok(bytes.trim_ascii().to_vec()),
                    Some(Err(error)) => Err(causes(&error)),
                    None => Err("it was not read".to_owned()),
                },
                signature: match is_signed {
                    true => signatures_read.next().and_then(Result::ok),
                    false => None,
                },
            });
            let raw: Vec<Raw> = raw.collect();
            let (bytes, signature) = match place {
                Some(_) => (
                    beside_read.next().and_then(Result::ok),
                    beside_read.next().and_then(Result::ok),
                ),
                None => (None, None),
            };
            let digest = bytes.as_deref().map(|bytes| digest(bytes.trim_ascii()));
            let key = signature.and_then(|armored| {
                let signature = Signature::parse(&String::from_utf8_lossy(&armored)).ok()?;
                Some(signature.fingerprint())
            });
            let judged = Judged {
                manifest,
                digest: digest.as_deref(),
                key: key.as_deref(),
            };
            standings.push(law.judge(judged, raw));
        }
        Ok(standings)
    }
}
