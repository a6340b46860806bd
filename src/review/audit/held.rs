//! What store and spool hold of a session: what its manifest says, and what the store itself says of the time it came.
//!
//! Nothing here believes a manifest more than that it says so.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use formats::continuity::Continuity;
use formats::manifest::{ExitKind, Manifest};

/// A session that store or spool have something of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Held {
    /// By the name under which it lies.
    pub session_id: String,
    /// Where it lies, for a person.
    pub location: String,
    /// The key of its recording, where the store has one.
    pub recording: Option<String>,
    /// Why its recording is not what was recorded, where it was checked.
    pub altered: Option<String>,
    /// What is there of it.
    pub what: What,
    /// The day that its key tells.
    pub day: Option<NaiveDate>,
    /// When the store got its manifest, by the store's clock.
    pub came: Option<DateTime<Utc>>,
    /// What its signature is worth.
    pub signature: Seal,
    /// What was done to it, by the versions that the store keeps.
    pub traces: Vec<Trace>,
    /// What its manifest says; of one that is not closed, its header.
    pub says: Option<Says>,
    /// Why it is not what its name or its place says.
    pub misplaced: Option<String>,
    /// Why its manifest is none.
    pub unread: Option<String>,
    /// Why the store did not give its manifest, which says nothing against it.
    pub unreached: Option<String>,
}

/// What is there of a session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum What {
    /// Recording and manifest.
    #[default]
    Stored,
    /// The recording alone.
    WithoutManifest,
    /// The manifest alone.
    WithoutRecording,
    /// It waits on this machine.
    InSpool,
    /// Nothing but what the store's versions tell of it.
    Removed,
}

/// Something that was done to a part of a session, by the store's own word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trace {
    /// It was removed.
    Removed {
        /// Recording, manifest or signature.
        part: &'static str,
        /// When.
        at: Option<DateTime<Utc>>,
    },
    /// Something else lay there before.
    WrittenOver {
        /// Recording, manifest or signature.
        part: &'static str,
        /// Since when it is what it is.
        at: Option<DateTime<Utc>>,
    },
}

/// Whether the store told of versions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Versions {
    /// It keeps none: a folder, or a bucket without.
    #[default]
    NotKept,
    /// It did.
    Told,
    /// It did not: why, and what would help.
    Refused(String),
}

/// What a signature is worth.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Seal {
    /// There is none.
    #[default]
    None,
    /// It is right, by this key, whose owner nobody has named.
    Unjudged(String),
    /// It is right, by somebody whose signature counts.
    Trusted(String),
    /// It is right, by nobody whose signature counts: why.
    NotAllowed(String),
    /// It is over something else, or does not read: why.
    Wrong(String),
}

/// What a manifest says that an audit asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Says {
    /// An instance, a managed node or a container.
    pub target: String,
    /// Name of the session document.
    pub document: Option<String>,
    /// Why it was opened.
    pub reason: Option<String>,
    /// AWS region.
    pub region: Option<String>,
    /// AWS account number.
    pub account: Option<String>,
    /// The caller's ARN.
    pub operator: Option<String>,
    /// User name at the client.
    pub user: Option<String>,
    /// Host name at the client.
    pub host: Option<String>,
    /// By the client's clock.
    pub started: Option<DateTime<Utc>>,
    /// By the client's clock; of one that was closed afterwards, when that was.
    pub closed: Option<DateTime<Utc>>,
    /// The client's clock minus the service's.
    pub clock_offset: Option<TimeDelta>,
    /// Nobody saw its end.
    pub is_cut: bool,
    /// It was closed afterwards.
    pub is_recovered: bool,
    /// Since when it went on without being recorded, counted from its start in microseconds.
    pub unrecorded_from_us: Option<u64>,
    /// Its place in the client's row.
    pub continuity: Option<Continuity>,
    /// SHA-256 of the manifest, as the next one of the row names it; empty where there is none.
    pub digest: String,
}

impl Says {
    /// What this manifest says.
    #[must_use]
    pub fn of(manifest: Manifest, digest: String) -> Self {
        let moment = |text: Option<&str>| {
            let moment = DateTime::parse_from_rfc3339(text?).ok()?;
            Some(moment.to_utc())
        };
        let recovery = manifest.recovery.as_ref();
        let recovered = recovery.and_then(|recovery| recovery.at.as_deref());
        let exit = manifest.exit.as_ref();
        Self {
            started: moment(manifest.started_at.as_deref()),
            closed: moment(recovered.or(manifest.ended_at.as_deref())),
            clock_offset: manifest
                .clock_offset_ms
                .and_then(TimeDelta::try_milliseconds),
            is_cut: exit.is_some_and(|exit| exit.kind == ExitKind::Cut),
            is_recovered: manifest.recovered,
            unrecorded_from_us: manifest.unrecorded.map(|unrecorded| unrecorded.from_us),
            target: manifest.target,
            document: manifest.document,
            reason: manifest.reason,
            region: manifest.region,
            account: manifest.account,
            operator: manifest.operator,
            user: manifest.user,
            host: manifest.host,
            continuity: manifest.continuity,
            digest,
        }
    }

    /// When it began by the service's clock, as far as the manifest tells how the two differ.
    #[must_use]
    pub fn began(&self) -> Option<DateTime<Utc>> {
        self.by_service(self.started)
    }

    /// When it was closed, by the service's clock.
    #[must_use]
    pub fn ended(&self) -> Option<DateTime<Utc>> {
        self.by_service(self.closed)
    }

    fn by_service(&self, time: Option<DateTime<Utc>>) -> Option<DateTime<Utc>> {
        time?.checked_sub_signed(self.clock_offset.unwrap_or_default())
    }
}
