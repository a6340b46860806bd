//! The signature of a recorded session: the key found before the session starts, the signing once it is over.
//!
//! Nothing here holds a recording back: a key that does not sign in time costs the signature, not the recording.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, anyhow};
use zeroize::Zeroizing;

use crate::aws::Way;
use crate::cli::exit::{Failure, Status};
use crate::cli::message;
use crate::settings::Settings;
use crate::signing::Signer;
use crate::terminal;
use crate::words::printable;

/// The variable that gives the passphrase of a key file where nobody can be asked.
const PASSPHRASE: &str = "SSM_REC_SIGN_PASSPHRASE";
/// A signature that takes longer is told, so that somebody touches the key.
const TELL_AFTER: std::time::Duration = std::time::Duration::from_secs(1);

/// The key that the settings name, ready to sign; a passphrase is asked for at the terminal.
///
/// # Errors
/// It cannot be had: a session that should be signed does not start.
pub(crate) async fn open(settings: &Settings, way: &Way) -> Result<Option<Arc<Signer>>, Failure> {
    let Some(key) = &settings.record.sign_key else {
        return Ok(None);
    };
    let signer = Signer::open(key, &mut ask, way).await;
    signer.map(Arc::new).map(Some).map_err(|error| {
        let hint = error.hint().map_or_else(
            || "ssm-rec config shows where record.sign_key is set".to_owned(),
            str::to_owned,
        );
        let error = anyhow!(error).context("the recording could not be signed");
        Failure::new(Status::CouldNotRecord, error).hint(hint)
    })
}

/// The signature over a manifest, unless somebody has had enough.
///
/// # Errors
/// There is none; the recording is to be closed without.
pub(crate) async fn sign(signer: &Signer, manifest: &[u8]) -> anyhow::Result<String> {
    let signing = signer.sign(manifest);
    tokio::pin!(signing);
    let quick = tokio::time::timeout(TELL_AFTER, &mut signing).await;
    let signed = match quick {
        Ok(signed) => signed,
        Err(_) => {
            let who = if signer.may_need_a_person() {
                "the ssh-agent (is there a key to be touched?)"
            } else {
                "the signature"
            };
            message::say(&format!(
                "waiting for {who}; Ctrl-C leaves the recording unsigned"
            ));
            let mut signals = terminal::Signals::open().context("cannot listen for signals")?;
            loop {
                tokio::select! {
                    signed = &mut signing => break signed,
                    signal = signals.next() => match signal {
                        terminal::Signal::Interrupt | terminal::Signal::Terminate => {
                            return Err(anyhow!("it was not waited for"));
                        }
                        _ => {}
                    },
                }
            }
        }
    };
    Ok(signed?)
}

/// What is told, and with which status, of a recording that should be signed and is not.
pub(crate) fn unsigned(error: &anyhow::Error) -> Failure {
    Failure::new(
        Status::NotSigned,
        anyhow!("the recording is complete, but it is not signed: {error:#}"),
    )
    .hint("verify shows it as unsigned; the session itself was recorded as ever")
}

fn ask(path: &Path, again: bool) -> Option<Zeroizing<String>> {
    if !again && let Ok(passphrase) = std::env::var(PASSPHRASE) {
        return Some(Zeroizing::new(passphrase));
    }
    if again {
        message::say("that is not the passphrase");
    }
    let path = printable(&path.display().to_string());
    let answer = terminal::ask_hidden(&format!("Passphrase of {path}: ")).ok()?;
    Some(Zeroizing::new(answer))
}
