//! Text for people: what comes from outside made harmless, errors with their causes, names, sizes, times, slips of the fingers.
//!
//! Nothing here is printed, and nothing of ours is imported.

mod arn;
pub(crate) mod csv;
mod decimal;
mod error;
mod harmless;
pub(crate) mod size;
pub(crate) mod slip;
pub(crate) mod time;
mod wrap;

pub(crate) use arn::last_of_arn;
pub(crate) use error::causes;
pub(crate) use harmless::{is_harmless, json, json_pretty, printable};
pub(crate) use wrap::wrapped;
