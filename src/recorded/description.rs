//! What a recording tells of its session: who, where, why and from when, as header and as manifest.
//!
//! Nothing here is taken from the session's own output.

use std::time::{Duration, Instant};

use chrono::{DateTime, SecondsFormat, Utc};
use formats::asciicast::{Header, Session, Term};
use formats::derived::Kind;
use formats::manifest::{ClockJump, Exit, ExitKind, Gap, Manifest, Unrecorded};
use formats::payload::Size;
use tokio::task::JoinHandle;
use uuid::Uuid;

use super::Over;
use super::admission::Admitted;
use super::error::Error;
use super::here;
use crate::envelope;
use crate::recorder::{Files, Recorder};
use crate::service::{Caller, DEFAULT_DOCUMENT, Request, Service};
use crate::session::driver::{End, Report};
use crate::spool::written::Written;
use crate::spool::{Claim, Spool, delivery};
use crate::terminal;
use crate::words::causes;

/// The terminal that a session has when there is none here, as the official client reports it.
const NO_TERMINAL: Size = Size {
    cols: 300,
    rows: 100,
};
/// How long the answer to "who am I" may hold back the session; the prompt takes about a second anyway.
const CALLER_PATIENCE: Duration = Duration::from_millis(500);
/// How long the end of a session waits for an answer that has not come during all of it.
const LATE_PATIENCE: Duration = Duration::from_millis(500);

/// What stands in place of a target that nobody names.
const UNKNOWN_TARGET: &str = "unknown";
const TARGET_LOOKED_UP: &str =
    "the session was handed over without its target, which is the one that the service tells";
const TARGET_NOT_KNOWN: &str =
    "the session was handed over without its target, and the service does not tell it";

/// What the recording tells of the session before its first event.
#[derive(Debug)]
pub(crate) struct Description {
    pub(crate) session: Session,
    pub(crate) size: Size,
    pub(crate) started: DateTime<Utc>,
    pub(crate) origin: Instant,
    pub(crate) message_ids: Uuid,
    /// The answer to "who am I", while it has not come.
    caller: Option<Asked>,
}

/// "Who am I", asked while the session is being started.
pub(crate) type Asked = JoinHandle<Option<Caller>>;

/// Asks who the credentials belong to.
pub(crate) fn ask_caller(service: &Service) -> Asked {
    let service = service.clone();
    tokio::spawn(async move { service.caller().await.ok() })
}

impl Description {
    /// Notes the time and everything that is known by now.
    #[expect(
        clippy::disallowed_methods,
        reason = "the start of a recording is where both clocks are read"
    )]
    pub(crate) fn new(
        service: &Service,
        session_id: &str,
        request: &Request,
        caller: Option<Asked>,
    ) -> Self {
        let now = Utc::now();
        let message_ids = message_ids();
        let session = Session {
            session_id: session_id.to_owned(),
            target: request.target.clone(),
            target_name: request.target_name.clone(),
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
            host: here::host(),
            user: here::user(),
            started_at: Some(now.to_rfc3339_opts(SecondsFormat::Micros, true)),
            message_ids: Some(message_ids.to_string()),
            ..Session::default()
        };
        Self {
            session,
            size: size(),
            started: now,
            origin: Instant::now(),
            message_ids,
            caller,
        }
    }

    /// Notes who the credentials belong to, if the answer has come by now or comes in a moment.
    pub(crate) async fn name_caller(&mut self) {
        self.name_caller_within(CALLER_PATIENCE).await;
    }

    /// Takes an answer that came after the header was written, or comes in a last moment.
    pub(crate) async fn name_late_caller(&mut self) {
        self.name_caller_within(LATE_PATIENCE).await;
    }

    /// Whoever hands a session over may not say on what it runs; then the service is asked, and where it does not tell
    /// either, that stands in place of the name. Gives what is to be said of it.
    pub(crate) async fn name_target(&mut self, service: &Service) -> Option<&'static str> {
        if !self.session.target.is_empty() {
            return None;
        }
        let asked = service.target_of(&self.session.session_id);
        let answer = tokio::time::timeout(CALLER_PATIENCE, asked).await;
        if let Ok(Ok(Some(target))) = answer {
            self.session.target = target;
            return Some(TARGET_LOOKED_UP);
        }
        UNKNOWN_TARGET.clone_into(&mut self.session.target);
        Some(TARGET_NOT_KNOWN)
    }

    async fn name_caller_within(&mut self, patience: Duration) {
        let Some(caller) = &mut self.caller else {
            return;
        };
        let Ok(answer) = tokio::time::timeout(patience, caller).await else {
            return;
        };
        self.caller = None;
        if let Ok(Some(Caller { arn, account })) = answer {
            self.session.operator = Some(arn);
            self.session.account = Some(account);
        }
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

    /// Opens the recording in the spool, and claims it there.
    pub(crate) fn open(&self, admitted: &Admitted) -> Result<(Recorder, Claim, Written), Error> {
        let seal = admitted.seal()?;
        let another = || seal.as_ref().map(envelope::another).transpose();
        let (seal_of_lines, seal_of_commands) = (another(), another());
        let name = delivery::file_name(&self.session.session_id);
        let claim = Spool::new(admitted.places().spool.clone())
            .reserve(&name)
            .map_err(Error::Spool)?
            .ok_or(Error::Claimed { name })?;
        let path = claim.path();
        let derived = Files {
            session_id: self.session.session_id.clone(),
            lines: (
                claim.derived(Kind::Lines),
                seal_of_lines.map_err(Error::Encryption)?,
            ),
            commands: (
                claim.derived(Kind::Commands),
                seal_of_commands.map_err(Error::Encryption)?,
            ),
            rules: Some(admitted.settings().rules.changes()),
        };
        let options = admitted.settings().record.options(seal, derived);
        let recorder = Recorder::create(
            &path,
            &self.header(),
            self.origin,
            self.started.timestamp_millis(),
            options,
        )
        .map_err(|source| Error::Recorder {
            path: path.display().to_string(),
            source,
        })?;
        let written = Written::hold(&claim).map_err(|source| Error::Recorder {
            path: path.display().to_string(),
            source: source.into(),
        })?;
        Ok((recorder, claim, written))
    }

    /// What the manifest tells, once the session is over.
    pub(crate) fn manifest(
        &self,
        service: &Service,
        exit: Exit,
        report: &Report,
        over: &Over,
    ) -> Manifest {
        let us = |duration: Duration| u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        let at_us = |at: Instant| us(at.saturating_duration_since(self.origin));
        let gaps = report.gaps.iter().map(|gap| Gap {
            at_us: at_us(gap.at),
            lasted_us: us(gap.lasted),
        });
        let clock_jumps = report.clock_jumps.iter().map(|jump| ClockJump {
            at_us: at_us(jump.at),
            by_ms: jump.by_ms,
        });
        let unrecorded = report.unrecorded.as_ref().map(|failed| Unrecorded {
            from_us: at_us(failed.at),
            cause: failed.cause.clone(),
        });
        Manifest {
            agent_version: report.agent_version.clone(),
            connections: report.connections,
            clock_jumps: clock_jumps.collect(),
            unrecorded,
            ended_at: Some(over.clock.to_rfc3339_opts(SecondsFormat::Micros, true)),
            clock_offset_ms: service.clock_offset_ms(),
            terminal: Some(self.size),
            exit: Some(exit),
            gaps: gaps.collect(),
            ..Manifest::of_session(&self.session)
        }
    }
}

/// How it ended, for the manifest.
pub(crate) fn exit(end: &End) -> Exit {
    let (kind, status, reason) = match end {
        End::Closed { reason } | End::Cut { reason } => (ExitKind::Closed, None, reason.clone()),
        End::Incomplete { .. } => (ExitKind::Incomplete, None, Some(end.to_string())),
        End::Exited(status) => (ExitKind::Exited, Some(*status), None),
        End::NotOpened { reason, .. } => (ExitKind::NotOpened, None, reason.clone()),
        End::NoDataKey { cause, .. } => (ExitKind::NoDataKey, None, Some(cause.to_string())),
        End::Left => (ExitKind::Left, None, None),
        End::Signal(number) => (ExitKind::Signal, None, Some(number.to_string())),
        End::InputGone(error) => (
            ExitKind::InputGone,
            None,
            error.as_ref().map(ToString::to_string),
        ),
        End::ScreenGone(error) => (ExitKind::ScreenGone, None, Some(error.to_string())),
        End::ConnectionLost { cause, resume } => (
            ExitKind::ConnectionLost,
            None,
            Some(format!("{cause}; {resume}")),
        ),
        End::LocalPort(error) => (ExitKind::LocalPort, None, Some(error.to_string())),
        End::PortRefused => (ExitKind::PortRefused, None, None),
        End::RecordingFailed(error) => (ExitKind::RecordingFailed, None, Some(causes(error))),
        End::Protocol(error) => (ExitKind::Protocol, None, Some(error.to_string())),
    };
    Exit {
        kind,
        status,
        reason,
    }
}

/// The terminal that the remote is told of.
fn size() -> Size {
    terminal::size().unwrap_or(NO_TERMINAL)
}

/// The base of this session's message ids: 80 random bits, the version that stands for "custom", and room for a counter.
fn message_ids() -> Uuid {
    let random = Uuid::new_v4().as_u128() & !0xffff_ffff_ffff;
    uuid::Builder::from_custom_bytes(random.to_be_bytes()).into_uuid()
}
