//! What a client puts into a connection to name itself: the token, the ids and dates of its messages.
//!
//! No random number is drawn here and no clock is read; and nothing here shows the token.

use std::fmt;
use std::time::Instant;

use uuid::Uuid;

/// The last 48 bits of a message id count messages.
const COUNTER_MASK: u128 = 0xffff_ffff_ffff;

/// The secret that opens a data channel.
pub struct Token(pub(super) String);

impl Token {
    /// Wraps the text that the service gave.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(hidden)")
    }
}

/// The first websocket message of a connection: text, and secret like the token in it.
pub struct Opening(pub(super) String);

impl Opening {
    /// The text to send.
    #[must_use]
    pub fn into_text(self) -> String {
        self.0
    }
}

impl fmt::Debug for Opening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Opening(hidden)")
    }
}

/// Ids that differ in a counter only, so that the acknowledgements which repeat them compress.
#[derive(Debug)]
pub(super) struct MessageIds {
    pub(super) base: Uuid,
    counter: u64,
}

impl MessageIds {
    pub(super) fn new(random: Uuid) -> Self {
        let bytes = (random.as_u128() & !COUNTER_MASK).to_be_bytes();
        let base = uuid::Builder::from_custom_bytes(bytes).into_uuid();
        Self { base, counter: 0 }
    }

    pub(super) fn next(&mut self) -> Uuid {
        self.counter += 1;
        let counter = u128::from(self.counter) & COUNTER_MASK;
        Uuid::from_u128(self.base.as_u128() & !COUNTER_MASK | counter)
    }
}

/// The wall time, kept from what the driver said at the last connection.
#[derive(Debug)]
pub(super) struct WallClock {
    pub(super) at: Instant,
    pub(super) millis: u64,
}

impl WallClock {
    pub(super) fn millis_at(&self, now: Instant) -> u64 {
        let passed = now.saturating_duration_since(self.at).as_millis();
        self.millis
            .saturating_add(u64::try_from(passed).unwrap_or(u64::MAX))
    }
}
