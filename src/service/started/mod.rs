//! A session that is open at the service: whoever drops it ends it there.
//!
//! Nothing here carries a session, and nothing leaves one open that can be ended within a few seconds.

use std::fmt;
use std::mem;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::aws::{self, Access};
use crate::service::{Error, Service};

/// How long the service may take to end a session. It ends by itself in the end; the person waits for the prompt.
const PATIENCE: Duration = Duration::from_secs(5);

/// The longest name of a session, in bytes: far more than the service gives (96).
const LONGEST_ID: usize = 256;

/// The way into a session's data channel.
pub struct Entrance {
    /// The data channel's address.
    pub stream_url: String,
    /// Opens the data channel. A secret: never logged, never recorded.
    pub token: String,
}

impl fmt::Debug for Entrance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entrance").finish_non_exhaustive()
    }
}

/// A session that the service has started. Dropped, it is ended there, on whatever way the program takes: a failure, a
/// signal, a panic. The ending is waited for by whoever drops the last of the [`Service`] that it was started with.
///
/// ```text
///  StartSession ──┐                   ┌── over: the service knows already
///                 ├─ Started ─ … ─────┼── end: told now, with the answer
///  handed over ───┘                   └── dropped: told by a thread of its own
/// ```
#[derive(Debug)]
pub struct Started {
    session_id: String,
    entrance: Entrance,
    there: There,
    endings: Arc<Endings>,
}

/// Where a session is open.
#[derive(Debug)]
enum There {
    Service(Box<Service>),
    /// Nobody has reached the service so far.
    Unreached(Access, Option<String>),
    /// It is over.
    Nowhere,
}

impl Started {
    pub(super) fn at(service: &Service, session_id: String, entrance: Entrance) -> Self {
        Self {
            session_id,
            entrance,
            there: There::Service(Box::new(service.clone())),
            endings: service.endings.clone(),
        }
    }

    /// What another program has started and hands over; the service is where `access` and `endpoint_url` lead.
    #[must_use]
    pub fn handed_over(
        session_id: String,
        entrance: Entrance,
        access: &Access,
        endpoint_url: Option<&str>,
    ) -> Self {
        let access = Access {
            // An endpoint tells no region, and where none is set the session still has one.
            region: access.region.clone().or_else(|| region(&entrance)),
            ask_mfa_code: None,
            ..access.clone()
        };
        Self {
            session_id,
            entrance,
            there: There::Unreached(access, endpoint_url.map(str::to_owned)),
            endings: Arc::default(),
        }
    }

    /// The service has been reached: it is ended there.
    #[must_use]
    pub fn reached(mut self, service: &Service) -> Self {
        self.there = There::Service(Box::new(service.clone()));
        self.endings = service.endings.clone();
        self
    }

    /// Names the session everywhere.
    #[must_use]
    pub fn session_id(&self) -> &str {
        &self.session_id
    }

    /// The way into its data channel.
    #[must_use]
    pub fn entrance(&self) -> &Entrance {
        &self.entrance
    }

    /// The service knows already that it is over.
    pub fn over(mut self) {
        self.there = There::Nowhere;
    }

    /// Ends it at the service now. Ctrl-C ends the waiting.
    ///
    /// # Errors
    /// It may still be open there.
    pub async fn end(mut self) -> Result<(), Error> {
        let there = mem::replace(&mut self.there, There::Nowhere);
        there.end(&self.session_id).await
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        let there = mem::replace(&mut self.there, There::Nowhere);
        self.endings.begin(there, mem::take(&mut self.session_id));
    }
}

impl There {
    async fn end(self, session_id: &str) -> Result<(), Error> {
        let ending = async {
            let service = match self {
                Self::Service(service) => *service,
                Self::Unreached(access, endpoint_url) => {
                    reach(&access, endpoint_url.as_deref()).await?
                }
                Self::Nowhere => return Ok(()),
            };
            service.terminate(session_id).await
        };
        tokio::select! {
            ended = tokio::time::timeout(PATIENCE, ending) => ended.unwrap_or(Err(Error::Late)),
            _ = tokio::signal::ctrl_c() => Err(Error::Late),
        }
    }

    /// As another runtime can use it.
    fn apart(self) -> Result<Self, Error> {
        Ok(match self {
            Self::Service(service) => Self::Service(Box::new(service.apart()?)),
            other => other,
        })
    }
}

/// Reaches the service to end a session. A profile that is not there need not keep anybody from that.
async fn reach(access: &Access, endpoint_url: Option<&str>) -> Result<Service, Error> {
    match Service::open(access, endpoint_url).await {
        Err(Error::Way(aws::Error::NoSuchProfile { .. })) if access.profile.is_some() => {
            let access = Access {
                profile: None,
                ..access.clone()
            };
            Service::open(&access, endpoint_url).await
        }
        opened => opened,
    }
}

/// Whether a text can be what the service calls a session: the caller's name and an ending (source: API reference of
/// StartSession and of AssumeRole's session names). What no terminal and no folder could take is none.
#[must_use]
pub fn is_session_id(text: &str) -> bool {
    let is_good = |byte: u8| byte.is_ascii_alphanumeric() || b"_+=,.@:-".contains(&byte);
    (1..=LONGEST_ID).contains(&text.len())
        && text.bytes().all(is_good)
        && !text.starts_with(['.', '-'])
}

/// The region in the address of a data channel: `wss://ssmmessages.eu-central-1.amazonaws.com/…`
fn region(entrance: &Entrance) -> Option<String> {
    let (_, rest) = entrance.stream_url.split_once("://")?;
    let mut labels = rest.split(['/', ':']).next()?.split('.');
    labels.find(|label| matches!(*label, "ssmmessages" | "ssmmessages-fips"))?;
    labels.next().map(str::to_owned)
}

/// The sessions that are being ended; dropped, it waits for them. Threads do it, since what drops a session may be a
/// runtime that goes away or a panic.
#[derive(Debug, Default)]
pub(super) struct Endings(Mutex<Vec<JoinHandle<()>>>);

impl Endings {
    fn begin(&self, there: There, session_id: String) {
        if matches!(there, There::Nowhere) {
            return;
        }
        // It is the threads that are waited for: none may hold what waits.
        let Ok(there) = there.apart() else { return };
        let thread = thread::Builder::new().name("ending".to_owned());
        let spawned = thread.spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            let ended = match runtime {
                Ok(runtime) => runtime.block_on(there.end(&session_id)),
                Err(error) => return tracing::warn!(%error, "cannot end a session"),
            };
            if let Err(error) = ended {
                tracing::warn!(%error, session_id, "the session may still be open at the service");
            }
        });
        match spawned {
            Ok(thread) => self.threads().push(thread),
            Err(error) => tracing::warn!(%error, "cannot end a session"),
        }
    }

    fn threads(&self) -> std::sync::MutexGuard<'_, Vec<JoinHandle<()>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Endings {
    fn drop(&mut self) {
        for thread in mem::take(&mut *self.threads()) {
            // What it had to say is in the log.
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests;
