//! The flag that says what signs a recording, for every command that closes one.
//!
//! Nothing here looks for a key.

use crate::settings::{Flags, record};

/// What signs.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct SignArgs {
    /// What signs the recording: the path of an SSH key, "agent", "agent:SHA256:…" or "kms:" and a key ARN [config: record.sign_key]
    #[arg(long, value_name = "KEY")]
    sign_key: Option<String>,
}

impl SignArgs {
    /// Adds it to a layer of settings.
    pub(crate) fn flags(self, flags: Flags) -> Flags {
        flags.with(&record::SIGN_KEY, "--sign-key", self.sign_key)
    }
}
