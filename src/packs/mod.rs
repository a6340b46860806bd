//! Packs: the sessions of a day in a few larger files, for a search of years and for the SQL of others.
//!
//! Nothing here is evidence. A pack is a hint at where to look, made of what manifests vouch for; nothing of a session that
//! only some may read is in it but its manifest.

mod build;
mod fold;
mod grams;
mod guard;
mod need;
mod read;
mod rows;
mod source;
mod table;
mod texts;

pub(crate) use build::{Builder, Contents, Error as BuildError, Made, made_by};
pub(crate) use need::{Need, looks_around};
pub(crate) use read::{Error, Pack, Rows, Times, TimesOf};

#[cfg(test)]
mod tests;
