//! What must hold before a session runs: places to record to, the organisation's rules about reason and document, and
//! who is to read the recording.
//!
//! Nothing here starts a session, and none starts without what is made here. It is the courtesy of the client; what
//! binds is IAM.

use std::sync::Arc;

use formats::sealed::Seal;

use super::error::Error;
use super::target::Aimed;
use super::voice::Voice;
use crate::envelope::Recipients;
use crate::service::{Passed, Request};
use crate::settings::reason::Step;
use crate::settings::{Places, Settings};
use crate::store::{Directory, Store};
use crate::terminal;

/// Whether somebody may be asked for what is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asking {
    /// At the terminal, when there is one.
    Terminal,
    /// Stdin is not ours, or the service has been told already.
    Never,
}

/// Settings and places by which sessions can be recorded.
#[derive(Clone, Debug)]
pub(crate) struct Prepared {
    settings: Arc<Settings>,
    places: Places,
    recipients: Arc<Recipients>,
}

/// A request that the policy lets pass, with its reason settled. Only [`Prepared::admit`] makes one, and nothing else
/// starts a session.
#[derive(Clone, Debug)]
pub(crate) struct Admitted {
    prepared: Prepared,
    request: Request,
}

/// Checks that spool and store can be written and that the readers are readers, before anything is asked of the service.
pub(crate) fn prepare(settings: Settings, places: Places) -> Result<Prepared, Error> {
    let spool = Store::Directory(Directory::new(places.spool.clone()));
    spool.probe().map_err(Error::Spool)?;
    places.store.probe().map_err(Error::Store)?;
    let recipients = Recipients::parse(&settings.record.encrypt_to).map_err(Error::Encryption)?;
    Ok(Prepared {
        settings: Arc::new(settings),
        places,
        recipients: Arc::new(recipients),
    })
}

impl Prepared {
    /// Lets a request pass, with its reason settled, or says why not.
    pub(crate) fn admit(
        &self,
        mut request: Request,
        asking: Asking,
        voice: &dyn Voice,
    ) -> Result<Admitted, Error> {
        let policy = &self.settings.policy;
        let document = request.document.as_deref();
        if !policy.allows_document(document) {
            return Err(Error::Document {
                name: document.unwrap_or("the account's default shell").to_owned(),
            });
        }
        let refused = |cause| Error::Reason {
            cause,
            advice: policy.reason.advice(),
        };
        let terminal = asking == Asking::Terminal && terminal::stdin_is_terminal();
        request.reason = match policy.reason.settle(request.reason.as_deref(), terminal) {
            Step::Use(reason) => reason,
            Step::Ask => Some(voice.ask_reason(&policy.reason).map_err(refused)?),
            Step::Refuse(error) => return Err(refused(error.into())),
        };
        Ok(Admitted {
            prepared: self.clone(),
            request,
        })
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.settings
    }
}

impl Passed for Admitted {
    fn request(&self) -> &Request {
        &self.request
    }
}

impl Admitted {
    pub(crate) fn settings(&self) -> &Settings {
        &self.prepared.settings
    }

    pub(crate) fn places(&self) -> &Places {
        &self.prepared.places
    }

    /// Names the target by its id, once it is known what a person meant.
    pub(crate) fn aim(&mut self, aimed: Aimed) {
        self.request.target = aimed.id;
        self.request.target_name = aimed.name;
    }

    /// A key for one recording, wrapped for those who are to read it; none when everyone may.
    pub(crate) fn seal(&self) -> Result<Option<Seal>, Error> {
        let recipients = &self.prepared.recipients;
        if recipients.is_empty() {
            return Ok(None);
        }
        recipients.seal().map(Some).map_err(Error::Encryption)
    }

    /// Shows the banner that the settings hold. What the policy fixes is shown even to those who want no words.
    pub(crate) fn show_banner(&self, wanted: bool, voice: &dyn Voice) {
        if let Some(banner) = &self.settings().session.banner
            && (wanted || banner.fixed)
        {
            banner.text.lines().for_each(|line| voice.say(line));
        }
    }
}
