//! The way back when a connection breaks: one attempt after the other, while keys, signals and time go on.
//!
//! Nothing here opens a connection; [`Resume`] does.

use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use tokio::time::{sleep, sleep_until, timeout};

use super::{Driver, End, Keys, Line, Screen, Signals, Socket, Stop, now};
use crate::session::channel::Token;
use crate::session::tee::Tee;

/// The first pause between attempts to resume, and the longest (source: the official client's retry parameters).
const FIRST_BACKOFF: Duration = Duration::from_millis(100);
const MAX_BACKOFF: Duration = Duration::from_secs(5);
/// A break shorter than this is not worth a word to the person.
const QUIET_BREAK: Duration = Duration::from_secs(2);

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

impl<T: Tee, K: Keys, D: Screen, G: Signals> Driver<T, K, D, G> {
    /// Tries to come back while keys, signals and time go on.
    pub(super) async fn reconnect<R: Resume>(
        &mut self,
        resume: &mut R,
        cause: String,
        limit: Duration,
    ) -> Result<(R::Socket, Token), End<T::Error>> {
        let lost_at = now();
        self.channel.handle_disconnect(lost_at);
        self.drain_events(lost_at)?;
        let marked = self
            .recorder
            .marker(lost_at, &format!("connection lost: {cause}"));
        marked.map_err(End::RecordingFailed)?;
        let mut told = false;
        let mut attempts = pin!(attempts(resume, limit));
        let connection = loop {
            let told_at = (!told).then_some(lost_at + QUIET_BREAK);
            let wake_up = self.wake_up().into_iter().chain(told_at).min();
            let wants_keys = self.input.is_open() && self.channel.input_room() > 0;
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
                    let handled = self.handle_keys(keys, None::<&mut Line<R::Socket>>).await;
                    if let Err(Stop::End(end)) = handled {
                        return Err(end);
                    }
                }
                result = &mut attempts => break result,
                () = time => {
                    self.handle_time(now())?;
                    if !told && now() >= lost_at + QUIET_BREAK {
                        told = true;
                        self.screen.notice(&format!("connection lost ({cause}), trying to come back"));
                    }
                }
            }
        };
        match connection {
            Ok(connection) => {
                let away = (now() - lost_at).as_secs_f64();
                let marked = self
                    .recorder
                    .marker(now(), &format!("connection resumed after {away:.1} s"));
                marked.map_err(End::RecordingFailed)?;
                if told {
                    self.screen.notice("connected again");
                }
                Ok(connection)
            }
            Err(resume) => Err(End::ConnectionLost { cause, resume }),
        }
    }
}

/// Tries until it works, cannot work, or took too long; the error says why.
async fn attempts<R: Resume>(
    resume: &mut R,
    limit: Duration,
) -> Result<(R::Socket, Token), String> {
    let mut last = String::new();
    let trying = async {
        let mut backoff = FIRST_BACKOFF;
        loop {
            match resume.resume().await {
                Resumed::Open(socket, token) => return Ok((socket, token)),
                Resumed::Over(why) => return Err(why),
                Resumed::Failed(why) => last = why,
            }
            sleep(backoff).await;
            backoff = (backoff * 2).min(MAX_BACKOFF);
        }
    };
    match timeout(limit, trying).await {
        Ok(result) => result,
        Err(_) => Err(format!("gave up after {} s: {last}", limit.as_secs())),
    }
}
