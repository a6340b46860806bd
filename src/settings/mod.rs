//! What is in force for a command: every setting with its meaning, and where it came from.
//!
//! Each section is a file: its settings are declared there, once, and read there into the types of the rooms below.
//! Nothing here reads a recording or talks to a service. The command that shows settings is `config`.

mod error;
mod file;
mod in_force;
pub(crate) mod kind;
mod layers;
mod names;
mod origin;
mod places;
mod play;
pub(crate) mod plugin;
mod policy;
mod reading;
pub(crate) mod reason;
pub(crate) mod record;
pub(crate) mod review;
pub(crate) mod rules;
pub(crate) mod search;
pub(crate) mod session;
mod sources;
mod spec;
mod table;
pub(crate) mod tags;
#[cfg(test)]
mod tests;
pub(crate) mod upload;
mod value;

use std::path::PathBuf;

pub(crate) use error::Error;
pub(crate) use file::Role;
pub(crate) use in_force::InForce;
pub(crate) use layers::{Layers, Purpose};
pub(crate) use origin::{Mistake, Origin, Place, Problem};
pub(crate) use places::{Places, STORE};
pub(crate) use record::OnFailure;
pub(crate) use sources::{Flags, Sources, TRIAL, reason_of_environment};
pub(crate) use spec::Spec;
pub(crate) use table::specs;
pub(crate) use value::toml_string;

/// Everything in force.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// A directory or `s3://bucket/prefix`; `None` where nothing says so and there is no home.
    store: Option<String>,
    /// Where a recording grows, and stays until the store has it; `None` as for the store.
    spool: Option<PathBuf>,
    pub(crate) record: record::Record,
    pub(crate) session: session::Session,
    pub(crate) upload: upload::Upload,
    pub(crate) play: play::Play,
    pub(crate) plugin: plugin::Plugin,
    pub(crate) review: review::Review,
    pub(crate) search: search::Search,
    pub(crate) rules: rules::Rules,
    pub(crate) policy: policy::Policy,
}

impl Settings {
    /// What is in force for a command that records.
    ///
    /// # Errors
    /// Something is wrong with a file, a variable or a flag; the first mistake is told, with its place.
    pub(crate) fn load(flags: &Flags) -> Result<Self, Error> {
        Self::of(Layers::read(&Sources::here(), flags, Purpose::Record))
    }

    /// What is in force for a command that only reads recordings, perhaps from another store than the policy's.
    ///
    /// # Errors
    /// As [`Settings::load`].
    pub(crate) fn load_to_read(flags: &Flags) -> Result<Self, Error> {
        Self::of(Layers::read(&Sources::here(), flags, Purpose::Read))
    }

    /// Gives every value its meaning.
    ///
    /// # Errors
    /// A layer has a mistake.
    pub(crate) fn of(layers: Layers) -> Result<Self, Error> {
        let more = layers.mistakes.len().saturating_sub(1);
        if let Some(first) = layers.mistakes.into_iter().next() {
            let first = Box::new(first);
            return Err(Error::Mistaken { first, more });
        }
        let values = &layers.values;
        Ok(Self {
            store: values.given(&places::STORE),
            spool: values.given(&places::SPOOL),
            record: record::Record::of(values),
            session: session::Session::of(values),
            upload: upload::Upload::of(values),
            play: play::Play::of(values),
            plugin: plugin::Plugin::of(values),
            review: review::Review::of(values),
            search: search::Search::of(values),
            policy: policy::Policy::of(values),
            rules: layers.rules,
        })
    }
}
