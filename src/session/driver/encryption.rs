//! What the pump does for an encrypted session: it asks for the data key and hands in the answer.
//!
//! Nothing here knows the key, or keeps it.

use std::pin::Pin;

use super::{Driver, End, Keys, Screen, Signals, now};
use crate::session::channel::{DataKey, Error};
use crate::session::driver::data_keys::{self, DataKeys};
use crate::session::driver::tee::Tee;

type Answer = Result<DataKey, data_keys::Error>;

/// Where the data key comes from, and how far it is.
pub(super) struct Vault<V> {
    keys: V,
    pending: Option<Pin<Box<dyn Future<Output = Answer>>>>,
    refusal: Option<data_keys::Error>,
}

impl<V: DataKeys> Vault<V> {
    pub(super) fn new(keys: V) -> Self {
        Self {
            keys,
            pending: None,
            refusal: None,
        }
    }

    /// The answer, once; never resolves while nothing was asked. Nothing is lost when the future is dropped.
    pub(super) async fn answer(&mut self) -> Answer {
        let Some(pending) = &mut self.pending else {
            return std::future::pending().await;
        };
        let answer = pending.await;
        self.pending = None;
        answer
    }
}

impl<T: Tee, K: Keys, D: Screen, G: Signals, V: DataKeys> Driver<T, K, D, G, V> {
    /// Asks for the data key, when the agent has just asked for one.
    pub(super) fn ask_for_key(&mut self) {
        if let Some(key_id) = self.channel.poll_wanted_key() {
            self.vault.pending = Some(Box::pin(self.vault.keys.generate(key_id)));
        }
    }

    pub(super) fn handle_key(&mut self, answer: Answer) {
        match answer {
            Ok(key) => self.channel.handle_data_key(now(), Ok(&key)),
            Err(error) => {
                self.channel.handle_data_key(now(), Err(error.to_string()));
                self.vault.refusal = Some(error);
            }
        }
    }

    /// The end of a channel that cannot go on.
    pub(super) fn channel_failed(&mut self, failure: Error) -> End<T::Error> {
        match (failure, self.vault.refusal.take()) {
            (Error::NoDataKey { key_id, .. }, Some(cause)) => End::NoDataKey { key_id, cause },
            (failure, _) => End::Protocol(failure),
        }
    }
}
