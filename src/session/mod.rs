//! A session: started through the service, carried over its data channel, recorded as it goes.
//!
//! Nothing here stores a recording or knows where it will be kept.
//!
//! - [`channel`]: the data channel as a state machine, with the handshake and the window below it
//! - [`kms`]: the data key of an encrypted session; `cipher` is what becomes of it
//! - [`connection`]: the websocket, and why there is none
//! - [`console`]: the terminal as the driver wants it
//! - [`port`]: the local side of a port session; `mux` carries its streams
//! - [`driver`]: the pump that holds socket, clock, keys, screen and recorder together

mod agent_version;
pub mod channel;
mod cipher;
pub mod connection;
pub mod console;
pub mod driver;
mod escape;
mod handshake;
pub mod kms;
mod line;
mod mux;
mod overlay;
pub mod port;
mod round_trip;
mod tee;
mod window;

#[cfg(test)]
mod tests;
