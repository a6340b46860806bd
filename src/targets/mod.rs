//! Targets to pick from: what is known of managed nodes on this machine, and a picker that fills in as the service tells.
//!
//! Nothing here starts a session, and what is kept on this machine is a convenience: no session is started on the strength of it
//! but by the id that somebody picked.

mod draw;
mod driver;
pub(crate) mod known;
mod picker;

pub(crate) use driver::{Picked, pick};
pub(crate) use known::Place;
