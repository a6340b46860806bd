//! The way back when a connection breaks: one attempt after the other, while keys, signals and time go on.
//!
//! Nothing here opens a connection; [`Resume`] does. A break is over when something was heard on a new connection, not
//! when one was opened: a service that takes connections and drops them is still away.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;
use std::time::{Duration, Instant};

use tokio::time::{sleep, sleep_until, timeout};

use super::{Driver, End, Gap, Keys, Line, Screen, Signals, Socket, Status, Stop, now};
use crate::session::channel::Token;
use crate::session::console::escape;
use crate::session::driver::data_keys::DataKeys;
use crate::session::driver::tee::Tee;
use crate::words::time;

/// The first pause between attempts to resume, and the longest (source: the official client's retry parameters).
const FIRST_BACKOFF: Duration = Duration::from_millis(100);
const MAX_BACKOFF: Duration = Duration::from_secs(5);
/// How long one attempt may take: a call whose answer is swallowed must not be waited for.
const MAX_ATTEMPT: Duration = Duration::from_secs(30);
/// A break shorter than this is not worth a word to the person.
const QUIET_BREAK: Duration = Duration::from_secs(2);
/// A wait that took so much longer than asked was slept through by the whole machine.
const ASLEEP: Duration = Duration::from_secs(5);
/// Breaks that are remembered one by one; the recording has a marker for each.
const MAX_GAPS: usize = 10_000;

/// The way back into a session whose connection broke.
pub trait Resume {
    /// As the first connection.
    type Socket: Socket;
    /// Tries once.
    fn resume(&mut self) -> impl Future<Output = Resumed<Self::Socket>>;
}

/// What became of one attempt.
#[derive(Debug)]
pub enum Resumed<S> {
    /// There is a new connection, and the token that opens it.
    Open(S, Token),
    /// It did not work this time, for this reason.
    Failed(String),
    /// There is nothing to come back to, for this reason.
    Over(String),
}

/// A break that is not over.
#[derive(Debug)]
pub(super) struct Away {
    lost_at: Instant,
    /// When to give up; later than the limit says by as long as the machine slept.
    deadline: Instant,
    /// Why the connection broke, or the last attempt failed.
    cause: String,
    backoff: Option<Duration>,
    /// What the person was told.
    told: Option<String>,
}

impl<T: Tee, K: Keys, D: Screen, G: Signals, V: DataKeys> Driver<T, K, D, G, V> {
    /// Tries to come back until it works, cannot work, or took too long.
    pub(super) async fn come_back<R: Resume>(
        &mut self,
        resume: &mut R,
        cause: String,
    ) -> Result<(R::Socket, Token), End<T::Error>> {
        let at = now();
        self.channel.handle_disconnect(at);
        self.drain_events(at)?;
        tracing::info!(cause, "the connection is lost");
        if self.away.is_none() {
            let marked = self
                .recorder
                .marker(at, &format!("connection lost: {cause}"));
            marked.map_err(End::RecordingFailed)?;
            self.away = Some(Away {
                lost_at: at,
                deadline: at + self.resume_limit,
                cause: cause.clone(),
                backoff: None,
                told: None,
            });
        }
        loop {
            let Some(away) = &mut self.away else {
                // Cannot be: nothing in here ends the break.
                return Err(End::Closed { reason: None });
            };
            let wait = away.backoff;
            away.backoff = Some(wait.map_or(FIRST_BACKOFF, |wait| (wait * 2).min(MAX_BACKOFF)));
            if let Some(wait) = wait {
                let wait = wait.min(away.deadline.saturating_duration_since(now()));
                self.meanwhile::<R::Socket, _>(wait, sleep(wait)).await?;
            }
            let left = self.time_left();
            if left.is_zero() {
                let limit = time::write_exactly(self.resume_limit);
                let why = self.away.as_ref().map_or("", |away| &away.cause);
                let resume = format!("gave up after {limit}: {why}");
                return Err(End::ConnectionLost { cause, resume });
            }
            let limit = MAX_ATTEMPT.min(left);
            let attempt = timeout(limit, resume.resume());
            match self.meanwhile::<R::Socket, _>(limit, attempt).await? {
                Ok(Resumed::Open(socket, token)) => return Ok((socket, token)),
                Ok(Resumed::Over(resume)) => return Err(End::ConnectionLost { cause, resume }),
                Ok(Resumed::Failed(why)) => self.failed(why),
                Err(_) => self.failed(format!("no answer within {}", time::write(limit))),
            }
        }
    }

    /// Something was heard on a new connection.
    pub(super) fn handle_return(&mut self, at: Instant) -> Result<(), End<T::Error>> {
        let Some(away) = self.away.take() else {
            return Ok(());
        };
        let lasted = at.saturating_duration_since(away.lost_at);
        tracing::info!(?lasted, "the connection is resumed");
        self.add_gap(away.lost_at, lasted);
        let label = format!("connection resumed after {}", time::write(lasted));
        let marked = self.recorder.marker(at, &label);
        marked.map_err(End::RecordingFailed)?;
        if away.told.is_some() {
            self.screen.status(Status::Back);
        }
        Ok(())
    }

    /// The session ends: a break that is not over ends with it.
    pub(super) fn end_break(&mut self, at: Instant) {
        if let Some(away) = self.away.take() {
            self.add_gap(away.lost_at, at.saturating_duration_since(away.lost_at));
            if away.told.is_some() {
                self.screen.status(Status::Off);
            }
        }
    }

    /// When the person is to be told that the connection is away.
    pub(super) fn tell_at(&self) -> Option<Instant> {
        let away = self.away.as_ref()?;
        away.told.is_none().then(|| away.lost_at + QUIET_BREAK)
    }

    /// Since when the connection is away, and why it still is.
    pub(super) fn away(&self) -> Option<(Instant, &str)> {
        let away = self.away.as_ref()?;
        Some((away.lost_at, &away.cause))
    }

    /// Tells the person of a break that lasts, and why it does; each reason once.
    pub(super) fn tell_break(&mut self, now: Instant) {
        let Some(away) = &mut self.away else {
            return;
        };
        if now < away.lost_at + QUIET_BREAK {
            return;
        }
        let way_out = match &self.escape {
            Some(escape) => format!(" ({}. ends)", escape::name(escape.character())),
            None => String::new(),
        };
        let text = format!("connection lost{way_out}, trying again: {}", away.cause);
        if away.told.as_ref() != Some(&text) {
            self.screen.status(Status::Away(&text));
            away.told = Some(text);
        }
    }

    fn failed(&mut self, why: String) {
        tracing::debug!(why, "an attempt to resume failed");
        if let Some(away) = &mut self.away {
            away.cause = why;
        }
        self.tell_break(now());
    }

    fn add_gap(&mut self, at: Instant, lasted: Duration) {
        if self.gaps.len() < MAX_GAPS {
            self.gaps.push(Gap { at, lasted });
        }
    }

    fn time_left(&self) -> Duration {
        self.away.as_ref().map_or(Duration::ZERO, |away| {
            away.deadline.saturating_duration_since(now())
        })
    }

    /// Waits for `work`, which takes at most `limit`, while keys, signals and time go on.
    async fn meanwhile<S: Socket, W: Future>(
        &mut self,
        limit: Duration,
        work: W,
    ) -> Result<W::Output, End<T::Error>> {
        let began = now();
        let mut work = pin!(work);
        loop {
            let wake_up = self.wake_up();
            let wants_keys = self.wants_keys();
            let time = async {
                match wake_up {
                    Some(at) => sleep_until(at.into()).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                signal = self.signals.next() => self.handle_signal(signal)?,
                keys = self.keys.read(), if wants_keys => {
                    let handled = self.handle_keys(keys, None::<&mut Line<S>>).await;
                    if let Err(Stop::End(end)) = handled {
                        return Err(end);
                    }
                }
                done = &mut work => {
                    let slept = now().saturating_duration_since(began + limit);
                    if slept > ASLEEP && let Some(away) = &mut self.away {
                        away.deadline += slept;
                    }
                    return Ok(done);
                }
                () = time => self.handle_time(now())?,
                // Never ready: what waits for the terminal is written meanwhile.
                () = poll_fn(|cx| {
                    let _ = self.screen.poll_flush(cx);
                    Poll::Pending
                }) => {}
            }
            self.tell_unrecorded();
        }
    }
}
