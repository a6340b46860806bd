//! What an agent and the connections of its clients say to each other.
//!
//! Nothing here sends or waits; the two sides live in `agent` and `connection`.

use bytes::Bytes;
use tokio::sync::mpsc;

/// How many client messages wait for an agent before the socket has to.
const QUEUED: usize = 1024;

/// What reaches an agent.
#[derive(Debug)]
pub(crate) enum ToAgent {
    /// A client's websocket is open; it takes the place of the one before.
    Attach(Line),
    /// A message of the client.
    Frame { connection: u64, bytes: Bytes },
    /// The websocket is gone: the gateway says `pause_publication`.
    Lost { connection: u64 },
    /// TerminateSession was called.
    Terminate,
}

pub(crate) fn channel() -> (mpsc::Sender<ToAgent>, mpsc::Receiver<ToAgent>) {
    mpsc::channel(QUEUED)
}

/// The agent's way to the client that is attached.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) connection: u64,
    /// Acknowledgements, resent messages and the end: never refused, sent before what waits in `data`.
    pub(crate) control: mpsc::UnboundedSender<ToClient>,
    /// Stream messages.
    pub(crate) data: mpsc::Sender<Bytes>,
}

/// What goes before stream messages.
#[derive(Debug)]
pub(crate) enum ToClient {
    Message(Bytes),
    /// Everything that waits, then this, then the end of the connection without a close frame.
    Last(Option<Bytes>),
}
