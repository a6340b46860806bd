//! What a command signs besides recordings: by the key that the settings name, where they name one.
//!
//! Nothing is stored here.

use formats::signature::Purpose;

use crate::aws::{Access, Way};
use crate::cli::exit::Failure;
use crate::cli::voice::Person;
use crate::recorded::error::Error;
use crate::recorded::{plan, signature};
use crate::settings::Settings;

/// The signature over these bytes for a purpose; `None` where no key is named.
///
/// # Errors
/// The key cannot be had, or does not sign.
pub(crate) fn signed(
    settings: &Settings,
    access: &Access,
    message: (Purpose, &[u8]),
) -> Result<Option<String>, Failure> {
    let signed = plan::runtime()?.block_on(async {
        let way = async || Way::settle(access).await;
        match signature::open(settings, way, &Person).await? {
            None => Ok(None),
            Some(signer) => signature::sign(&signer, message, &Person)
                .await
                .map(Some)
                .map_err(Error::Unsigned),
        }
    });
    signed.map_err(Failure::from)
}
