//! A session's conversation: carried over its data channel, recorded as it goes, shown and typed into.
//!
//! Nothing here starts a session at the service, stores a recording or knows where it will be kept.
//!
//! - [`channel`]: the data channel as a state machine: handshake, order of messages, cipher
//! - [`port`]: the local side of a port session; `mux` carries its streams
//! - [`driver`]: the pump that holds socket, clock, keys, screen and recorder together
//! - [`console`]: the terminal as the driver wants it: local commands and lines of ours

pub mod channel;
pub mod console;
pub mod driver;
pub mod port;

#[cfg(test)]
mod tests;
