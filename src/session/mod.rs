//! A session: started through the service, carried over its data channel, recorded as it goes.
//!
//! Nothing here stores a recording or knows where it will be kept.
//!
//! - [`start`]: StartSession and its kin: a target in, a stream URL and a token out
//! - [`channel`]: the data channel as a state machine, with the handshake and the window below it

pub mod channel;
mod handshake;
mod round_trip;
pub mod start;
mod window;

#[cfg(test)]
mod tests;
