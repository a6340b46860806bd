//! What a review is worth: whose it is, of which recording, and by whose key.
//!
//! Nothing here reads a store.

use formats::manifest::Manifest;
use formats::review::{self, Review};
use formats::signature::{AllowedSigners, Purpose};

use super::standing::{Said, Standing, Weight};
use crate::review::verify::{Signed, judge};
use crate::words::last_of_arn;

/// What holds for reviews.
#[derive(Clone, Debug, Default)]
pub(crate) struct Law {
    /// Whose word counts; `None`: nobody has said.
    pub(crate) reviewers: Option<AllowedSigners>,
    /// So many must have judged a session.
    pub(crate) required: usize,
}

/// The recording that is judged.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Judged<'a> {
    pub(crate) manifest: &'a Manifest,
    /// SHA-256 of the manifest's bytes; `None` where the store has none, and nothing can be said of it.
    pub(crate) digest: Option<&'a str>,
    /// Fingerprint of the key that signed it.
    pub(crate) key: Option<&'a str>,
}

/// A review as it was read.
#[derive(Clone, Debug)]
pub(crate) struct Raw {
    pub(crate) location: String,
    pub(crate) bytes: Result<Vec<u8>, String>,
    pub(crate) signature: Option<Vec<u8>>,
}

/// Somebody, by all that is known of them.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Person<'a> {
    pub(crate) arn: Option<&'a str>,
    pub(crate) user: Option<&'a str>,
    pub(crate) host: Option<&'a str>,
}

impl<'a> Person<'a> {
    /// Who ran a session.
    pub(crate) fn of(manifest: &'a Manifest) -> Self {
        Self {
            arn: manifest.operator.as_deref(),
            user: manifest.user.as_deref(),
            host: manifest.host.as_deref(),
        }
    }
}

/// Whether two are the same person, as far as names tell: one ARN, or one name of a role's session, whatever the role; where
/// one of them has no ARN, the same user at the same machine.
pub(crate) fn is_same(one: Person<'_>, other: Person<'_>) -> bool {
    match (one.arn, other.arn) {
        (Some(one), Some(other)) => last_of_arn(one).eq_ignore_ascii_case(last_of_arn(other)),
        _ => one.user.is_some() && one.user == other.user && one.host == other.host,
    }
}

impl Law {
    /// Weighs all that lies beside a recording, oldest first.
    pub(crate) fn judge(&self, judged: Judged<'_>, raw: Vec<Raw>) -> Standing {
        let mut standing = Standing {
            required: self.required,
            ..Standing::default()
        };
        for raw in raw {
            let read = raw.bytes.and_then(|bytes| {
                let review = Review::parse(&bytes).map_err(|error| error.to_string())?;
                Ok((bytes, review))
            });
            match read {
                Ok((bytes, review)) => {
                    let signature = self.signed(&bytes, raw.signature.as_deref(), &review);
                    let weight = self.weight(judged, &review, &signature);
                    standing.said.push(Said {
                        digest: review::digest(&bytes),
                        location: raw.location,
                        review,
                        signature,
                        weight,
                    });
                }
                Err(why) => standing.unread.push((raw.location, why)),
            }
        }
        let is_there = |digest: &String| standing.said.iter().any(|said| said.digest == *digest);
        let named = standing
            .said
            .iter()
            .filter_map(|said| said.review.previous.clone());
        standing.missing = named.filter(|digest| !is_there(digest)).collect();
        standing.missing.dedup();
        standing
    }

    fn signed(&self, bytes: &[u8], armored: Option<&[u8]>, review: &Review) -> Signed {
        let Some(armored) = armored else {
            return Signed::No;
        };
        let armored = String::from_utf8_lossy(armored);
        let at = chrono::DateTime::parse_from_rfc3339(&review.at).ok();
        let at = at.map(|at| at.to_utc());
        let message = (Purpose::Review, bytes);
        judge(&armored, message, at, self.reviewers.as_ref(), None)
    }

    fn weight(&self, judged: Judged<'_>, review: &Review, signature: &Signed) -> Weight {
        let Judged {
            manifest,
            digest,
            key,
        } = judged;
        if review.session_id != manifest.session_id || Some(review.manifest.as_str()) != digest {
            return Weight::OtherManifest;
        }
        match signature {
            Signed::Wrong(why) => {
                return Weight::NotTrusted(format!("its signature is none: {why}"));
            }
            Signed::NotAllowed(_, why) => return Weight::NotTrusted(why.clone()),
            Signed::No if self.reviewers.is_some() => {
                return Weight::NotTrusted("it is not signed".to_owned());
            }
            Signed::No | Signed::Unjudged(_) | Signed::Trusted(..) => {}
        }
        let reviewer = Person {
            arn: review.reviewer.as_deref(),
            user: review.user.as_deref(),
            host: review.host.as_deref(),
        };
        let is_of_the_same_key = signature
            .seal()
            .is_some_and(|seal| Some(seal.fingerprint.as_str()) == key);
        let is_the_operators_key = match (signature, &manifest.operator) {
            (Signed::Trusted(_, signer), Some(operator)) => signer
                .principals
                .split(',')
                .any(|name| name.eq_ignore_ascii_case(last_of_arn(operator))),
            _ => false,
        };
        let is_own =
            is_same(Person::of(manifest), reviewer) || is_of_the_same_key || is_the_operators_key;
        match is_own {
            true => Weight::Own,
            false => Weight::Counts,
        }
    }
}
