//! What the driver needs of a recorder.
//!
//! Nothing here records: there is one recorder outside of tests, and the trait lets a test hold it back or make it fail.

use std::future::Future;
use std::time::Instant;

use bytes::Bytes;
use formats::AgentMessage;
use formats::payload::Size;

use crate::recorder::{self, Recorder};

/// Where everything that comes is written down before it is shown; the methods are those of [`Recorder`].
pub(in crate::session) trait Tee {
    type Error: std::error::Error;
    fn output(&mut self, at: Instant, message: &AgentMessage) -> Result<(), Self::Error>;
    fn message(&mut self, at: Instant, message: &AgentMessage) -> Result<(), Self::Error>;
    fn duplicate(&mut self, at: Instant, message: &AgentMessage) -> Result<(), Self::Error>;
    fn omitted(&mut self, at: Instant, message: &AgentMessage) -> Result<(), Self::Error>;
    fn malformed(&mut self, at: Instant, bytes: Bytes) -> Result<(), Self::Error>;
    fn input(&mut self, at: Instant, keys: &[u8]) -> Result<(), Self::Error>;
    fn resize(&mut self, at: Instant, size: Size) -> Result<(), Self::Error>;
    fn marker(&mut self, at: Instant, label: &str) -> Result<(), Self::Error>;
    fn exit(&mut self, at: Instant, status: i32) -> Result<(), Self::Error>;
    fn poll_timeout(&self) -> Option<Instant>;
    fn handle_timeout(&mut self, now: Instant) -> Result<(), Self::Error>;
    fn room(&self) -> impl Future<Output = Result<(), Self::Error>>;
}

impl Tee for Recorder {
    type Error = recorder::Error;

    fn output(&mut self, at: Instant, message: &AgentMessage) -> Result<(), Self::Error> {
        self.output(at, message)
    }

    fn message(&mut self, at: Instant, message: &AgentMessage) -> Result<(), Self::Error> {
        self.message(at, message)
    }

    fn duplicate(&mut self, at: Instant, message: &AgentMessage) -> Result<(), Self::Error> {
        self.duplicate(at, message)
    }

    fn omitted(&mut self, at: Instant, message: &AgentMessage) -> Result<(), Self::Error> {
        self.omitted(at, message)
    }

    fn malformed(&mut self, at: Instant, bytes: Bytes) -> Result<(), Self::Error> {
        self.malformed(at, bytes)
    }

    fn input(&mut self, at: Instant, keys: &[u8]) -> Result<(), Self::Error> {
        self.input(at, keys)
    }

    fn resize(&mut self, at: Instant, size: Size) -> Result<(), Self::Error> {
        self.resize(at, size)
    }

    fn marker(&mut self, at: Instant, label: &str) -> Result<(), Self::Error> {
        self.marker(at, label)
    }

    fn exit(&mut self, at: Instant, status: i32) -> Result<(), Self::Error> {
        self.exit(at, status)
    }

    fn poll_timeout(&self) -> Option<Instant> {
        self.poll_timeout()
    }

    fn handle_timeout(&mut self, now: Instant) -> Result<(), Self::Error> {
        self.handle_timeout(now)
    }

    fn room(&self) -> impl Future<Output = Result<(), Self::Error>> {
        self.room()
    }
}
