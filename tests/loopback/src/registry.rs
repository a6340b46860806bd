//! The sessions of a service, their tokens, and the log.
//!
//! Nothing here talks to anybody; calls and connections look up and note down here.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use formats::payload::OpenDataChannel;
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use tokio::sync::mpsc;

use crate::faults::Refusal;
use crate::history::History;
use crate::kms::Kms;
use crate::line::ToAgent;
use crate::log::{Call, Opening, SessionLog};
use crate::nodes::Fleet;
use crate::options::Options;
use crate::signing;

/// Everything that the tasks of one service share.
pub(crate) struct Registry {
    pub(crate) options: Options,
    pub(crate) authority: String,
    pub(crate) kms: Kms,
    started: Instant,
    state: Mutex<State>,
    changed: Condvar,
    start_refusals: Mutex<HashMap<String, u32>>,
    pub(crate) signing: signing::Keys,
    pub(crate) history: History,
    pub(crate) fleet: Fleet,
}

#[derive(Default)]
struct State {
    sessions: Vec<Entry>,
    calls: Vec<Call>,
}

/// One session, running or over.
struct Entry {
    log: SessionLog,
    options: Arc<Options>,
    token: String,
    agent: mpsc::Sender<ToAgent>,
    started: SystemTime,
    ended: Option<SystemTime>,
    resume_refusals: u32,
    connections: u64,
    cuts: Arc<AtomicU32>,
}

/// What StartSession asks for, checked.
pub(crate) struct Request {
    pub(crate) target: String,
    pub(crate) document: String,
    pub(crate) parameters: BTreeMap<String, Vec<String>>,
    pub(crate) reason: Option<String>,
    /// The ARN of whoever asks.
    pub(crate) owner: String,
}

/// A websocket that may speak for its client.
pub(crate) struct Admission {
    pub(crate) connection: u64,
    pub(crate) options: Arc<Options>,
    pub(crate) agent: mpsc::Sender<ToAgent>,
    pub(crate) cuts: Arc<AtomicU32>,
}

/// How ResumeSession ends.
pub(crate) enum Resumption {
    Token(String),
    Over,
    Refused(Refusal),
    Unknown,
}

/// A line of DescribeSessions.
pub(crate) struct Description {
    pub(crate) log: SessionLog,
    pub(crate) started: SystemTime,
    pub(crate) ended: Option<SystemTime>,
    pub(crate) attached: bool,
}

impl Registry {
    pub(crate) fn new(options: Options, authority: String) -> Self {
        Self {
            options,
            authority,
            kms: Kms::default(),
            started: Instant::now(),
            state: Mutex::default(),
            changed: Condvar::new(),
            start_refusals: Mutex::default(),
            signing: signing::Keys::default(),
            history: History::default(),
            fleet: Fleet::default(),
        }
    }

    /// A panic in one test thread must not hide the log from the others.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// Whether this StartSession is one of those to be refused.
    pub(crate) fn refuse_start(&self, target: &str, refusal: &Refusal) -> bool {
        let mut refused = self
            .start_refusals
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let count = refused.entry(target.to_owned()).or_default();
        let refuse = *count < refusal.times;
        *count = count.saturating_add(1);
        refuse
    }

    /// Notes a new session; gives its id and token.
    pub(crate) fn add(
        &self,
        request: &Request,
        options: Arc<Options>,
        agent: mpsc::Sender<ToAgent>,
    ) -> (String, String) {
        let mut state = self.state();
        let captured = options.replay.as_ref().map(|capture| capture.session_id());
        let id = captured
            .filter(|id| state.sessions.iter().all(|entry| entry.log.id != *id))
            .map_or_else(|| new_id(&request.owner), str::to_owned);
        let token = new_token();
        state.sessions.push(Entry {
            log: SessionLog {
                id: id.clone(),
                target: request.target.clone(),
                document: request.document.clone(),
                parameters: request.parameters.clone(),
                reason: request.reason.clone(),
                owner: request.owner.clone(),
                ..SessionLog::default()
            },
            options,
            token: token.clone(),
            agent,
            started: SystemTime::now(),
            ended: None,
            resume_refusals: 0,
            connections: 0,
            cuts: Arc::default(),
        });
        self.changed.notify_all();
        (id, token)
    }

    /// Checks the opening message of a websocket.
    pub(crate) fn admit(&self, id: &str, opening: &OpenDataChannel) -> Option<Admission> {
        let at = self.elapsed();
        let mut state = self.state();
        let entry = find(&mut state, id)?;
        if entry.ended.is_some()
            || entry.token != opening.token_value
            || opening.message_schema_version != "1.0"
        {
            return None;
        }
        entry.connections += 1;
        entry.log.opened.push(Opening {
            at,
            request_id: opening.request_id,
            client_id: opening.client_id,
            client_version: opening.client_version.clone(),
        });
        self.changed.notify_all();
        Some(Admission {
            connection: entry.connections,
            options: entry.options.clone(),
            agent: entry.agent.clone(),
            cuts: entry.cuts.clone(),
        })
    }

    /// A new token for a session that goes on.
    pub(crate) fn resume(&self, id: &str) -> Resumption {
        let mut state = self.state();
        let Some(entry) = find(&mut state, id) else {
            return Resumption::Unknown;
        };
        entry.log.resumed += 1;
        if let Some(refusal) = &entry.options.faults.resume
            && entry.resume_refusals < refusal.times
        {
            entry.resume_refusals += 1;
            return Resumption::Refused(refusal.clone());
        }
        if entry.ended.is_some() || entry.options.faults.resume_without_token {
            return Resumption::Over;
        }
        entry.token = new_token();
        Resumption::Token(entry.token.clone())
    }

    /// The agent's end of a session that TerminateSession names; `None` when there is no such session.
    pub(crate) fn terminate(&self, id: &str) -> Option<mpsc::Sender<ToAgent>> {
        let mut state = self.state();
        let entry = find(&mut state, id)?;
        entry.log.terminated = true;
        self.changed.notify_all();
        Some(entry.agent.clone())
    }

    /// Notes that a session is over; its token is worth nothing any more.
    pub(crate) fn end(&self, id: &str) {
        let at = self.elapsed();
        let mut state = self.state();
        if let Some(entry) = find(&mut state, id) {
            entry.ended.get_or_insert_with(SystemTime::now);
            entry.log.ended.get_or_insert(at);
        }
        self.changed.notify_all();
    }

    /// Changes the log of one session.
    pub(crate) fn note(&self, id: &str, note: impl FnOnce(&mut SessionLog)) {
        let mut state = self.state();
        if let Some(entry) = find(&mut state, id) {
            note(&mut entry.log);
        }
        self.changed.notify_all();
    }

    pub(crate) fn note_call(&self, call: Call) {
        self.state().calls.push(call);
        self.changed.notify_all();
    }

    pub(crate) fn calls(&self) -> Vec<Call> {
        self.state().calls.clone()
    }

    pub(crate) fn sessions(&self) -> Vec<SessionLog> {
        self.state()
            .sessions
            .iter()
            .map(|entry| entry.log.clone())
            .collect()
    }

    /// Newest first.
    pub(crate) fn descriptions(&self) -> Vec<Description> {
        self.state()
            .sessions
            .iter()
            .rev()
            .map(|entry| Description {
                log: entry.log.clone(),
                started: entry.started,
                ended: entry.ended,
                attached: entry.connections > 0,
            })
            .collect()
    }

    /// Waits until `condition` holds for the log of some session; gives that log.
    pub(crate) fn wait_for(
        &self,
        timeout: Duration,
        condition: impl Fn(&SessionLog) -> bool,
    ) -> Option<SessionLog> {
        let deadline = Instant::now() + timeout;
        let mut state = self.state();
        loop {
            if let Some(entry) = state.sessions.iter().find(|entry| condition(&entry.log)) {
                return Some(entry.log.clone());
            }
            let left = deadline.checked_duration_since(Instant::now())?;
            state = self
                .changed
                .wait_timeout(state, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }
}

/// Takes one of a session's permitted cuts.
pub(crate) fn take_cut(cuts: &AtomicU32, times: u32) -> bool {
    cuts.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |count| {
        (count < times).then(|| count + 1)
    })
    .is_ok()
}

fn find<'a>(state: &'a mut State, id: &str) -> Option<&'a mut Entry> {
    state
        .sessions
        .iter_mut()
        .rev()
        .find(|entry| entry.log.id == id)
}

/// Begins with the name of whoever starts it, as the service's do.
fn new_id(owner: &str) -> String {
    let name = owner.rsplit('/').next().unwrap_or_default();
    format!("{name}-0{:016x}", random_u64())
}

fn random_u64() -> u64 {
    uuid::Uuid::new_v4().as_u64_pair().1
}

/// Looks like the real thing: base64 of random bytes that begin with a version.
fn new_token() -> String {
    use base64::Engine as _;
    let mut bytes = [0; 264];
    bytes[1] = 1;
    SmallRng::seed_from_u64(random_u64()).fill(&mut bytes[4..]);
    base64::engine::general_purpose::STANDARD.encode(bytes)
}
