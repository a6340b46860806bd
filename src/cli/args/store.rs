//! The flag that says where recordings are kept.
//!
//! Nothing here opens a store.

use crate::settings::{Flags, STORE};

/// The flags that every command about recordings takes.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct StoreArgs {
    /// Where recordings are kept: a directory, or s3://bucket/prefix [env: SSM_REC_STORE]
    #[arg(long, value_name = "STORE")]
    pub(crate) store: Option<String>,
}

impl StoreArgs {
    /// As a layer of settings.
    pub(crate) fn flags(&self) -> Flags {
        Flags::default().with(&STORE, "--store", self.store.clone())
    }
}
