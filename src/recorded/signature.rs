//! The signature of a recorded session: the key found before the session starts, the signing once it is over.
//!
//! Nothing here holds a recording back: a key that does not sign in time costs the signature, not the recording.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use formats::signature::Purpose;
use zeroize::Zeroizing;

use super::error::{Error, Unsigned};
use super::voice::Voice;
use crate::aws::{self, Way};
use crate::settings::Settings;
use crate::signing::Signer;
use crate::terminal::{Signal, Signals};
use crate::words::printable;

/// The variable that gives the passphrase of a key file where nobody can be asked.
const PASSPHRASE: &str = "SSM_REC_SIGN_PASSPHRASE";
/// A signature that takes longer is told, so that somebody touches the key.
const TELL_AFTER: Duration = Duration::from_secs(1);

/// The key that the settings name, ready to sign; a passphrase is asked for at the terminal, and the `way` to AWS only
/// for a key that is there.
///
/// # Errors
/// It cannot be had: a session that should be signed does not start.
pub(crate) async fn open(
    settings: &Settings,
    way: impl AsyncFnOnce() -> Result<Way, aws::Error>,
    voice: &dyn Voice,
) -> Result<Option<Arc<Signer>>, Error> {
    let Some(key) = &settings.record.sign_key else {
        return Ok(None);
    };
    let mut ask = |path: &Path, again| passphrase(voice, path, again);
    let signer = Signer::open(key, &mut ask, way).await;
    signer.map(Arc::new).map(Some).map_err(Error::Signer)
}

/// The signature over a manifest, or what else is signed for a purpose, unless somebody has had enough.
///
/// # Errors
/// There is none; the recording is to be closed without.
pub(crate) async fn sign(
    signer: &Signer,
    (purpose, message): (Purpose, &[u8]),
    voice: &dyn Voice,
) -> Result<String, Unsigned> {
    let signing = signer.sign(purpose, message);
    tokio::pin!(signing);
    if let Ok(signed) = tokio::time::timeout(TELL_AFTER, &mut signing).await {
        return Ok(signed?);
    }
    let who = if signer.may_need_a_person() {
        "the ssh-agent (is there a key to be touched?)"
    } else {
        "the signature"
    };
    voice.say(&format!(
        "waiting for {who}; Ctrl-C leaves the recording unsigned"
    ));
    let mut signals = Signals::open().map_err(Unsigned::Signals)?;
    loop {
        tokio::select! {
            signed = &mut signing => return Ok(signed?),
            signal = signals.next() => {
                if matches!(signal, Signal::Interrupt | Signal::Terminate | Signal::Quit) {
                    return Err(Unsigned::NotWaitedFor);
                }
            }
        }
    }
}

fn passphrase(voice: &dyn Voice, path: &Path, again: bool) -> Option<Zeroizing<String>> {
    if !again && let Ok(passphrase) = std::env::var(PASSPHRASE) {
        return Some(Zeroizing::new(passphrase));
    }
    if again {
        voice.say("that is not the passphrase");
    }
    let path = printable(&path.display().to_string());
    voice.ask_secret(&format!("Passphrase of {path}: "))
}
