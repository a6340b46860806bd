//! What to connect to, as it is named on the command line.
//!
//! Nothing here asks the service what is meant.

use std::io::IsTerminal as _;

use anyhow::anyhow;
use clap_complete::engine::ArgValueCompleter;

use crate::cli::completion::known_targets;
use crate::cli::exit::{Failure, Status};
use crate::recorded::target::Target;

/// A target, or tags in its place.
#[derive(Debug, clap::Args)]
pub(crate) struct TargetArgs {
    /// What to connect to: an instance (i-…), a managed node (mi-…), a container (ecs:CLUSTER_TASK_RUNTIMEID), or a node's name:
    /// its tag Name, the name of its hybrid activation, its computer name or its address. Without one: pick it from a list
    #[arg(add = ArgValueCompleter::new(known_targets))]
    target: Option<String>,

    /// The managed node that has this tag; given several times, all of them
    #[arg(long, value_name = "KEY=VALUE", conflicts_with = "target", value_parser = tag)]
    tag: Vec<(String, String)>,
}

impl TargetArgs {
    /// What is named; `None` where a person is to pick one.
    pub(crate) fn target(&self) -> Result<Option<Target>, Failure> {
        match &self.target {
            Some(text) => Ok(Some(Target::of(text))),
            None if !self.tag.is_empty() => Ok(Some(Target::Tags(self.tag.clone()))),
            None if std::io::stdin().is_terminal() && std::io::stderr().is_terminal() => Ok(None),
            None => Err(Failure::new(
                Status::Usage,
                anyhow!("no target is named, and there is no terminal to pick one in"),
            )
            .hint("name an instance (i-…), a managed node (mi-…) or a node's name")),
        }
    }
}

fn tag(text: &str) -> Result<(String, String), String> {
    let parted = text.split_once('=').filter(|(key, _)| !key.is_empty());
    let (key, value) = parted.ok_or("not a tag: write KEY=VALUE")?;
    Ok((key.to_owned(), value.to_owned()))
}
