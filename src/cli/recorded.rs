//! One recorded session: from the service's answer to a recording in the store.
//!
//! Every command that runs a session comes through here, so that none can run one that is not recorded.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, anyhow};
use chrono::{DateTime, SecondsFormat, Utc};
use formats::asciicast::{Header, Session, Term};
use formats::layout::{self, Place};
use formats::manifest::{Exit, Gap, Manifest};
use formats::payload::Size;
use uuid::Uuid;

use super::config::Places;
use super::exit::{Failure, Status};
use crate::recorder::{self, Recorder};
use crate::session::start::{Caller, DEFAULT_DOCUMENT, Request, Service, Started};
use crate::store::{Directory, Store};

/// Checks that spool and store can be written, before anything is asked of the service.
pub(crate) fn prepare(places: &Places) -> Result<(), Failure> {
    Store::Directory(Directory::new(places.spool.clone()))
        .probe()
        .map_err(|error| cannot_record(anyhow!(error).context("cannot use the spool")))?;
    places
        .store
        .probe()
        .map_err(|error| cannot_record(anyhow!(error).context("cannot use the store")))
}

/// The failure of a session that must not run, since it would leave no recording.
pub(crate) fn cannot_record(error: anyhow::Error) -> Failure {
    Failure::new(Status::CouldNotRecord, error)
        .hint("a session runs only while it is recorded; free space or name another place with --store or SSM_REC_SPOOL")
}

/// What the recording tells of the session before its first event.
#[derive(Debug)]
pub(crate) struct Description {
    pub(crate) session: Session,
    pub(crate) size: Size,
    pub(crate) started: DateTime<Utc>,
    pub(crate) origin: Instant,
    pub(crate) message_ids: Uuid,
}

impl Description {
    /// Notes the time and everything that is known by now.
    #[expect(
        clippy::disallowed_methods,
        reason = "the start of a recording is where both clocks are read"
    )]
    pub(crate) fn new(service: &Service, started: &Started, request: &Request, size: Size) -> Self {
        let now = Utc::now();
        let message_ids = message_ids();
        let session = Session {
            session_id: started.session_id.clone(),
            target: request.target.clone(),
            document: Some(
                request
                    .document
                    .clone()
                    .unwrap_or_else(|| DEFAULT_DOCUMENT.to_owned()),
            ),
            parameters: request.parameters.clone(),
            reason: request.reason.clone(),
            region: Some(service.region().to_owned()),
            client_version: Some(env!("CARGO_PKG_VERSION").to_owned()),
            host: host(),
            user: user(),
            started_at: Some(now.to_rfc3339_opts(SecondsFormat::Micros, true)),
            message_ids: Some(message_ids.to_string()),
            ..Session::default()
        };
        Self {
            session,
            size,
            started: now,
            origin: Instant::now(),
            message_ids,
        }
    }

    /// Adds who the credentials belong to.
    pub(crate) fn name_caller(&mut self, caller: &Caller) {
        self.session.operator = Some(caller.arn.clone());
        self.session.account = Some(caller.account.clone());
    }

    fn header(&self) -> Header {
        let Size { cols, rows } = self.size;
        let title = match &self.session.reason {
            Some(reason) => format!("{}: {reason}", self.session.target),
            None => self.session.target.clone(),
        };
        Header {
            term: Term {
                cols,
                rows,
                term_type: std::env::var("TERM").ok(),
                ..Term::default()
            },
            timestamp: Some(self.started.timestamp()),
            title: Some(title),
            env: std::env::var("SHELL")
                .map(|shell| [("SHELL".to_owned(), shell)].into())
                .unwrap_or_default(),
            ssm: Some(self.session.clone()),
            ..Header::default()
        }
    }

    /// Opens the recording in the spool.
    pub(crate) fn open(
        &self,
        places: &Places,
        options: recorder::Options,
    ) -> Result<(Recorder, PathBuf), Failure> {
        let path = places.spool.join(format!(
            "{}.cast.zst",
            layout::safe_name(&self.session.session_id)
        ));
        let recorder = Recorder::create(
            &path,
            &self.header(),
            self.origin,
            self.started.timestamp_millis(),
            options,
        )
        .with_context(|| format!("cannot record to {:?}", path.display().to_string()))
        .map_err(cannot_record)?;
        Ok((recorder, path))
    }

    /// What the manifest tells, once the session is over.
    pub(crate) fn manifest(
        &self,
        service: &Service,
        agent_version: Option<String>,
        exit: Exit,
        gaps: Vec<Gap>,
    ) -> Manifest {
        Manifest {
            agent_version,
            ended_at: Some(now().to_rfc3339_opts(SecondsFormat::Micros, true)),
            clock_offset_ms: service.clock_offset_ms(),
            terminal: Some(self.size),
            exit: Some(exit),
            gaps,
            ..Manifest::of_session(&self.session)
        }
    }
}

/// Moves a finished recording from the spool to the store: the recording first, the manifest last, so that a manifest
/// in the store means a complete recording. Gives where it is now.
pub(crate) fn store(places: &Places, path: &Path, manifest: &Manifest) -> Result<String, Failure> {
    let place = Place::of(manifest)
        .ok_or_else(|| anyhow!("the manifest of {:?} has no start", manifest.session_id))?;
    let key = place.recording();
    let put = places
        .store
        .put_file(&key, path)
        .and_then(|()| places.store.put(&place.manifest(), &manifest.encode()));
    put.map_err(|error| {
        Failure::new(
            Status::NotStored,
            anyhow!(error).context("cannot store the recording"),
        )
        .hint(format!(
            "it is complete and safe in {:?}",
            path.display().to_string()
        ))
    })?;
    fs::remove_file(path).with_context(|| {
        format!(
            "cannot remove {:?} from the spool",
            path.display().to_string()
        )
    })?;
    Ok(places.store.locate(&key))
}

/// The base of this session's message ids: 80 random bits, the version that stands for "custom", and room for a counter.
fn message_ids() -> Uuid {
    let random = Uuid::new_v4().as_u128() & !0xffff_ffff_ffff;
    uuid::Builder::from_custom_bytes(random.to_be_bytes()).into_uuid()
}

#[expect(
    clippy::disallowed_methods,
    reason = "the end of a recording is told by the wall clock"
)]
fn now() -> DateTime<Utc> {
    Utc::now()
}

#[cfg(unix)]
fn host() -> Option<String> {
    rustix::system::uname()
        .nodename()
        .to_str()
        .ok()
        .map(str::to_owned)
}

#[cfg(not(unix))]
fn host() -> Option<String> {
    std::env::var("COMPUTERNAME").ok()
}

/// The name is what the environment says; the number cannot be chosen.
#[cfg(unix)]
fn user() -> Option<String> {
    let number = rustix::process::getuid().as_raw();
    let name = ["LOGNAME", "USER"]
        .iter()
        .find_map(|name| std::env::var(name).ok());
    Some(match name {
        Some(name) => format!("{name} ({number})"),
        None => format!("({number})"),
    })
}

#[cfg(not(unix))]
fn user() -> Option<String> {
    std::env::var("USERNAME").ok()
}
