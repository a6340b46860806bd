//! The data of an `f` event: one agent message on record, as one string.
//!
//! Nothing here shows anything: what the message put on the screen stands in the `o` event behind it, and only what
//! cannot be had back from there is carried here.

mod message;
mod shorthand;
#[cfg(test)]
mod tests;

pub use message::{Content, Error, TeedMessage};
pub(crate) use shorthand::Ordinary;
pub use shorthand::Shorthand;
