//! What a recording failure means: the end of the session, or, where the organisation allows it, a session that goes on
//! unrecorded, with the person told.
//!
//! Nothing here is quiet: a failure is an error, or it is kept to be told and to stand in the manifest.

use std::future::Future;
use std::time::Instant;

use bytes::Bytes;
use formats::AgentMessage;
use formats::payload::Size;

use super::{Driver, End, Keys, Screen, Signals};
use crate::session::driver::data_keys::DataKeys;
use crate::session::driver::tee::Tee;
use crate::words::causes;

/// Since when a session is not recorded any more, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unrecorded {
    /// When the first event was not written.
    pub at: Instant,
    /// In words.
    pub cause: String,
}

/// A recorder that may fail.
#[derive(Debug)]
pub(super) struct Guard<T> {
    recorder: T,
    /// Whether a failure is passed over.
    goes_on: bool,
    failed: Option<Unrecorded>,
    told: bool,
}

impl<T: Tee> Guard<T> {
    pub(super) fn new(recorder: T, goes_on: bool) -> Self {
        Self {
            recorder,
            goes_on,
            failed: None,
            told: false,
        }
    }

    /// Since when there is no recording any more, and why.
    pub(super) fn failed(&self) -> Option<&Unrecorded> {
        self.failed.as_ref()
    }

    pub(super) fn into_parts(self) -> (T, Option<Unrecorded>) {
        (self.recorder, self.failed)
    }

    /// Takes a failure: gives it back when it is the end.
    pub(super) fn fail(&mut self, at: Instant, error: T::Error) -> Result<(), T::Error> {
        if !self.goes_on {
            return Err(error);
        }
        let cause = causes(&error);
        self.failed.get_or_insert(Unrecorded { at, cause });
        Ok(())
    }

    fn record(
        &mut self,
        at: Instant,
        record: impl FnOnce(&mut T) -> Result<(), T::Error>,
    ) -> Result<(), T::Error> {
        if self.failed.is_some() {
            return Ok(());
        }
        record(&mut self.recorder).or_else(|error| self.fail(at, error))
    }
}

impl<T: Tee> Tee for Guard<T> {
    type Error = T::Error;

    fn output(&mut self, at: Instant, message: &AgentMessage) -> Result<(), T::Error> {
        self.record(at, |recorder| recorder.output(at, message))
    }

    fn message(&mut self, at: Instant, message: &AgentMessage) -> Result<(), T::Error> {
        self.record(at, |recorder| recorder.message(at, message))
    }

    fn duplicate(&mut self, at: Instant, message: &AgentMessage) -> Result<(), T::Error> {
        self.record(at, |recorder| recorder.duplicate(at, message))
    }

    fn omitted(&mut self, at: Instant, message: &AgentMessage) -> Result<(), T::Error> {
        self.record(at, |recorder| recorder.omitted(at, message))
    }

    fn malformed(&mut self, at: Instant, bytes: Bytes) -> Result<(), T::Error> {
        self.record(at, |recorder| recorder.malformed(at, bytes))
    }

    fn input(&mut self, at: Instant, keys: &[u8]) -> Result<(), T::Error> {
        self.record(at, |recorder| recorder.input(at, keys))
    }

    fn resize(&mut self, at: Instant, size: Size) -> Result<(), T::Error> {
        self.record(at, |recorder| recorder.resize(at, size))
    }

    fn marker(&mut self, at: Instant, label: &str) -> Result<(), T::Error> {
        self.record(at, |recorder| recorder.marker(at, label))
    }

    fn exit(&mut self, at: Instant, status: i32) -> Result<(), T::Error> {
        self.record(at, |recorder| recorder.exit(at, status))
    }

    fn poll_timeout(&self) -> Option<Instant> {
        match self.failed {
            None => self.recorder.poll_timeout(),
            Some(_) => None,
        }
    }

    fn handle_timeout(&mut self, now: Instant) -> Result<(), T::Error> {
        self.record(now, |recorder| recorder.handle_timeout(now))
    }

    fn room(&self) -> impl Future<Output = Result<(), T::Error>> {
        let room = self.failed.is_none().then(|| self.recorder.room());
        async {
            match room {
                Some(room) => room.await,
                None => Ok(()),
            }
        }
    }
}

impl<T: Tee, K: Keys, D: Screen, G: Signals, V: DataKeys> Driver<T, K, D, G, V> {
    /// The recorder has no room and never will.
    pub(super) fn handle_full(
        &mut self,
        at: Instant,
        error: T::Error,
    ) -> Result<(), End<T::Error>> {
        self.recorder.fail(at, error).map_err(End::RecordingFailed)
    }

    /// Says once, and at once, that the session is not recorded any more.
    pub(super) fn tell_unrecorded(&mut self) {
        let guard = &mut self.recorder;
        if let Some(failed) = &guard.failed
            && !std::mem::replace(&mut guard.told, true)
        {
            self.screen.notice(&format!(
                "from here on this session is not recorded: {}",
                failed.cause
            ));
        }
    }
}
