//! The agent of one session: a simulated one, or the one of a capture.
//!
//! Nothing here touches a socket; the client is at the other end of a `line`.

mod cipher;
mod exchange;
mod handshake;
mod replay;
mod simulated;
mod stream;

use std::sync::Arc;

use tokio::sync::mpsc;

use crate::line::ToAgent;
use crate::options::Options;
use crate::registry::Registry;
use crate::work::Kind;

/// Starts the agent of a new session: a simulated one, or a captured one.
pub(crate) fn spawn(
    registry: Arc<Registry>,
    id: String,
    target: String,
    kind: Kind,
    options: Arc<Options>,
    commands: mpsc::Receiver<ToAgent>,
) {
    tokio::spawn(async move {
        if let Some(capture) = options.replay.clone() {
            replay::run(registry.clone(), id.clone(), &capture, &options, commands).await;
        } else {
            simulated::run(
                registry.clone(),
                id.clone(),
                target,
                kind,
                options,
                commands,
            )
            .await;
        }
        registry.end(&id);
    });
}
