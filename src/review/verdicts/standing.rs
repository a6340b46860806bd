//! Where a session stands: every review of it with its weight, and what follows of all of them together.
//!
//! Nothing here reads or weighs a review.

use std::collections::BTreeSet;

use formats::review::{FollowUp, Review, Verdict, follow_up_name};

use crate::review::verify::Signed;
use crate::words::last_of_arn;

/// One review as it lies in the store.
#[derive(Clone, Debug)]
pub(crate) struct Said {
    /// SHA-256 of its bytes.
    pub(crate) digest: String,
    /// Where it lies, for a person.
    pub(crate) location: String,
    pub(crate) review: Review,
    pub(crate) signature: Signed,
    pub(crate) weight: Weight,
}

/// What a review is worth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Weight {
    Counts,
    /// The operator's own word.
    Own,
    /// It is on another session, or on another recording of this one.
    OtherManifest,
    /// Nobody whose word counts has signed it: why.
    NotTrusted(String),
}

impl Weight {
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Counts => "counts",
            Self::Own => "own",
            Self::OtherManifest => "other_manifest",
            Self::NotTrusted(_) => "not_trusted",
        }
    }

    /// Why it does not count, for a person.
    pub(crate) fn told(&self) -> Option<String> {
        match self {
            Self::Counts => None,
            Self::Own => Some("it is the operator's own word".to_owned()),
            Self::OtherManifest => {
                Some("it was said of another recording than the one that is there".to_owned())
            }
            Self::NotTrusted(why) => Some(why.clone()),
        }
    }
}

impl Said {
    /// Who said it: by whose key, where that is known, else who the review names.
    pub(crate) fn who(&self) -> String {
        match &self.signature {
            Signed::Trusted(_, signer) => signer.principals.clone(),
            _ => self.named(),
        }
    }

    /// Who the review names.
    pub(crate) fn named(&self) -> String {
        let Review {
            reviewer,
            user,
            host,
            ..
        } = &self.review;
        match (reviewer, user) {
            (Some(arn), _) => arn.clone(),
            (None, Some(user)) => format!("{user}@{}", host.as_deref().unwrap_or("~")),
            (None, None) => "nobody".to_owned(),
        }
    }

    pub(crate) fn counts(&self) -> bool {
        self.weight == Weight::Counts
    }
}

/// All that was said of a session.
#[derive(Clone, Debug, Default)]
pub(crate) struct Standing {
    /// Oldest first.
    pub(crate) said: Vec<Said>,
    /// Reviews that a later one names as the one before it, and that are not there: their digests.
    pub(crate) missing: Vec<String>,
    /// What lies there and does not read: where, and why.
    pub(crate) unread: Vec<(String, String)>,
    /// So many reviewers must have judged it.
    pub(crate) required: usize,
}

/// Something that is still to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Open {
    /// What closes it.
    pub(crate) name: String,
    pub(crate) what: FollowUp,
    /// Who asked for it.
    pub(crate) by: String,
    /// When, as the review tells.
    pub(crate) since: String,
}

impl Standing {
    /// Those that count.
    pub(crate) fn counting(&self) -> impl DoubleEndedIterator<Item = &Said> {
        self.said.iter().filter(|said| said.counts())
    }

    /// How many different people have judged it: one who has two roles is one.
    pub(crate) fn reviewers(&self) -> usize {
        let who = self.counting().map(|said| match &said.signature {
            Signed::Trusted(..) => said.who(),
            _ => last_of_arn(&said.named()).to_ascii_lowercase(),
        });
        who.collect::<BTreeSet<String>>().len()
    }

    /// Whether as many have judged it as must.
    pub(crate) fn is_reviewed(&self) -> bool {
        self.reviewers() >= self.required.max(1)
    }

    /// The last word that counts.
    pub(crate) fn verdict(&self) -> Option<&Verdict> {
        self.counting().next_back().map(|said| &said.review.verdict)
    }

    /// The last review, whatever it is worth: the one that the next one comes after.
    pub(crate) fn last(&self) -> Option<&str> {
        self.said.last().map(|said| said.digest.as_str())
    }

    /// What is still to be done.
    pub(crate) fn open(&self) -> Vec<Open> {
        let closed: BTreeSet<&str> = self
            .counting()
            .flat_map(|said| said.review.closes.iter().map(String::as_str))
            .collect();
        let all = self.counting().flat_map(|said| {
            let numbered = said.review.follow_ups.iter().zip(1..);
            numbered.map(move |(what, number)| Open {
                name: follow_up_name(&said.digest, number),
                what: what.clone(),
                by: said.who(),
                since: said.review.at.clone(),
            })
        });
        all.filter(|open| !closed.contains(open.name.as_str()))
            .collect()
    }

    /// As programs read it.
    pub(crate) fn name(&self) -> &'static str {
        match (self.is_reviewed(), self.reviewers(), self.open().is_empty()) {
            (false, 0, _) => "unreviewed",
            (false, ..) => "partly_reviewed",
            (true, _, false) => "follow_up_open",
            (true, _, true) => "reviewed",
        }
    }
}
