//! A recording as lines and commands: events in, text out, by machines that ask neither clock nor file.
//!
//! Nothing here is certain: a shell does not say where its prompt ends, and a marker, a prompt and a title are what the remote
//! host claims. `deriver` makes lines and commands, `sections` tells which output is whose, `leaving` tells text as it leaves,
//! `pattern` and `candidates` are what lines are searched with.

mod candidates;
mod commands;
mod credit;
mod derive;
mod deriver;
mod flow;
mod leaving;
mod lines;
mod pattern;
mod sections;
mod signs;
mod told;

pub(crate) use candidates::Candidates;
pub(crate) use derive::derive;
pub(crate) use deriver::Deriver;
pub(crate) use flow::Rolling;
pub(super) use leaving::Leaving;
pub use pattern::{Case, Meaning, Pattern};
pub(crate) use sections::{Piece, Sections};
pub(crate) use told::told;

/// The number of the rules by which lines and commands are made. Whoever changes what the same recording gives raises it.
pub const EXTRACTOR: u32 = 2;
