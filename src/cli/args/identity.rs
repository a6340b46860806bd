//! With what an encrypted recording is opened: `--identity`, the settings, and a question for a passphrase.
//!
//! Nothing is read and nobody is asked for a recording that everyone can read.

use std::path::PathBuf;
use std::sync::Arc;

use formats::sealed::Unlock;

use crate::envelope::Identities;
use crate::settings::Settings;
use crate::terminal;
use crate::words::printable;

/// What opens sealed sessions.
pub(crate) type Opener = Arc<dyn Unlock + Send + Sync>;

/// The flags of every command that shows what is in a recording.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct IdentityArgs {
    /// What opens an encrypted recording: a file of age identities or an SSH private key; may be given more than once
    #[arg(long, value_name = "FILE")]
    identity: Vec<PathBuf>,
}

impl IdentityArgs {
    /// What there is to open a recording with: what was given by hand, or else what the settings name.
    pub(crate) fn identities(&self, settings: &Settings) -> Identities {
        Identities::new(
            self.files(settings),
            Box::new(|path, again| {
                let again = if again { "that was wrong; " } else { "" };
                let path = path.display().to_string();
                let question = format!("{again}passphrase of {}: ", printable(&path));
                terminal::ask_hidden(&question).ok()
            }),
        )
    }

    /// The same for many sessions; and for a catalog that is asked what was run in them, where there is anything to open one with.
    pub(crate) fn shared(&self, settings: &Settings) -> (Arc<Identities>, Option<Opener>) {
        let identities = Arc::new(self.identities(settings));
        let opener = (!identities.is_empty()).then(|| Arc::clone(&identities) as Opener);
        (identities, opener)
    }

    /// The same, of which those with a passphrase open nothing: for where nobody can be asked.
    pub(crate) fn unprotected(&self, settings: &Settings) -> Identities {
        Identities::new(self.files(settings), Box::new(|_, _| None))
    }

    fn files(&self, settings: &Settings) -> Vec<PathBuf> {
        match self.identity.is_empty() {
            true => settings.review.identity.clone(),
            false => self.identity.clone(),
        }
    }
}
