//! A session that another program has started, on its way into our hands.
//!
//! Nothing here runs it. What keeps it from being recorded ends it at the service, and where that cannot be, it is said.

use super::error::Error;
use super::interrupts::Interrupts;
use super::voice::Voice;
use crate::aws::Access;
use crate::service::{Service, Started};

/// Reaches the service that a session was started at.
///
/// # Errors
/// There is no way to it, or a signal came; the session is ended as far as that goes.
pub(crate) async fn reach(
    started: Started,
    access: &Access,
    endpoint_url: Option<&str>,
    interrupts: &mut Interrupts,
    voice: &dyn Voice,
) -> Result<(Service, Started), Error> {
    let error = match interrupts.or(Service::open(access, endpoint_url)).await {
        Ok(Ok(service)) => {
            let started = started.reached(&service);
            return Ok((service, started));
        }
        Ok(Err(error)) => error.into(),
        Err(signal) => signal,
    };
    let session_id = started.session_id().to_owned();
    if let Err(cause) = started.end().await {
        voice.say(&format!(
            "session {session_id} could not be ended at the service and may still be open there: {cause}"
        ));
    }
    Err(error)
}
