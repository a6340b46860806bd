//! What must hold before a session runs: the organisation's rules about reason and document, and who is to read the recording.
//!
//! Nothing here starts a session. It is the courtesy of the client; what binds is IAM.

use std::io::{self, BufReader};

use anyhow::anyhow;
use formats::sealed::Seal;

use crate::cli::exit::{Failure, Status};
use crate::cli::message;
use crate::envelope::{self, Recipients};
use crate::service::Request;
use crate::settings::Settings;
use crate::settings::reason::{self, Step};
use crate::terminal;

/// Whether somebody may be asked for what is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asking {
    /// At the terminal, when there is one.
    Terminal,
    /// Stdin is not ours, or the service has been told already.
    Never,
}

/// Lets a request pass, with its reason settled, or says why not.
pub(crate) fn admit(
    settings: &Settings,
    request: &mut Request,
    asking: Asking,
) -> Result<(), Failure> {
    recipients(settings)?;
    let document = request.document.as_deref();
    if !settings.policy.allows_document(document) {
        let name = document.unwrap_or("the account's default shell");
        return Err(Failure::new(
            Status::Usage,
            anyhow!("the organisation's policy does not allow document {name:?}"),
        )
        .hint("ssm-rec config shows which ones it allows: policy.documents"));
    }
    let rule = &settings.policy.reason;
    let terminal = asking == Asking::Terminal && terminal::stdin_is_terminal();
    request.reason = match rule.settle(request.reason.as_deref(), terminal) {
        Step::Use(reason) => reason,
        Step::Ask => {
            // The terminal hands over one line at a time, so nothing typed ahead is lost in the buffer.
            let asked = reason::ask(rule, &mut BufReader::new(io::stdin()), &mut io::stderr());
            Some(asked.map_err(|error| Failure::new(Status::Usage, error).hint(rule.advice()))?)
        }
        Step::Refuse(error) => {
            return Err(Failure::new(Status::Usage, error).hint(rule.advice()));
        }
    };
    Ok(())
}

/// A key for one recording, wrapped for those who are to read it; none when everyone may.
pub(crate) fn seal(settings: &Settings) -> Result<Option<Seal>, Failure> {
    let recipients = recipients(settings)?;
    if recipients.is_empty() {
        return Ok(None);
    }
    recipients.seal().map(Some).map_err(cannot_encrypt)
}

/// Who is to read the recording.
fn recipients(settings: &Settings) -> Result<Recipients, Failure> {
    Recipients::parse(&settings.record.encrypt_to).map_err(cannot_encrypt)
}

fn cannot_encrypt(error: envelope::Error) -> Failure {
    let status = match &error {
        envelope::Error::Key(_) => Status::CouldNotRecord,
        _ => Status::Usage,
    };
    Failure::new(
        status,
        anyhow!(error).context("cannot encrypt the recording"),
    )
    .hint("ssm-rec config shows where record.encrypt_to is set")
}

/// Shows the banner that the settings hold. What the policy fixes is shown even to those who want no words.
pub(crate) fn show_banner(settings: &Settings, wanted: bool) {
    if let Some(banner) = &settings.session.banner
        && (wanted || banner.fixed)
    {
        banner.text.lines().for_each(message::say);
    }
}
