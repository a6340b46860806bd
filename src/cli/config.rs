//! What is in force for a command: where recordings are kept and where they wait until they are stored.
//!
//! Nothing here reads a recording or talks to a service.

use std::path::PathBuf;

use directories::ProjectDirs;

use super::exit::{Failure, Status};
use crate::store::Store;

/// The flags that every command about recordings takes.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct StoreArgs {
    /// Where recordings are kept: a directory
    #[arg(long, value_name = "DIR", env = "SSM_REC_STORE")]
    pub(crate) store: Option<String>,
}

/// The places in force.
#[derive(Clone, Debug)]
pub(crate) struct Places {
    /// Where finished recordings are kept.
    pub(crate) store: Store,
    /// Where a recording grows, and stays until the store has it.
    pub(crate) spool: PathBuf,
}

impl Places {
    /// Settles flags, environment and defaults.
    pub(crate) fn from_args(args: &StoreArgs) -> Result<Self, Failure> {
        let home =
            ProjectDirs::from("", "", "ssm-rec").map(|folders| folders.data_local_dir().to_owned());
        let spool = std::env::var_os("SSM_REC_SPOOL")
            .map(PathBuf::from)
            .or_else(|| home.as_ref().map(|home| home.join("spool")));
        // Also under the plugin's name, where no argument is ours, the environment counts.
        let named = args
            .store
            .clone()
            .or_else(|| std::env::var("SSM_REC_STORE").ok());
        let store = named.or_else(|| home.map(|home| home.join("store").display().to_string()));
        let (Some(store), Some(spool)) = (store, spool) else {
            return Err(Failure::new(
                Status::Usage,
                anyhow::anyhow!("there is no home directory to keep recordings in"),
            )
            .hint(
                "name a directory with --store, and one for running sessions with SSM_REC_SPOOL",
            ));
        };
        let store = Store::at(&store).map_err(|error| Failure::new(Status::Usage, error))?;
        Ok(Self { store, spool })
    }
}
