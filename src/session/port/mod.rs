//! The local side of a port session: what listens here, carried over the data channel's byte stream.
//!
//! Nothing here knows sequence numbers, acknowledgements or the recording: bytes and flags go to the driver of the data
//! channel and come from it.
//!
//! ```text
//! local connections ─► connection ─► Mux or Plain ─► read ─► data channel
//!        (one task)  ◄─            ◄─              ◄─ write ◄─
//! ```
//! Nothing is read from a local connection before the data channel has taken what was read before, and `room` holds the
//! data channel while local readers are slower than the agent.

mod connection;
mod local;
pub(super) mod mux;
mod note;
mod outgoing;
mod plain;
mod reserved;
mod shared;
mod wire;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use formats::payload::Flag;
use formats::smux;
use serde_json::Value;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::MissedTickBehavior;

use super::channel::AgentVersion;
pub use local::{Address, Listen};
use local::{Listeners, Reader, Writer};
use mux::Mux;
pub use note::{Ending, Note};
pub use outgoing::Outgoing;
use plain::Plain;
pub use reserved::Reserved;
use shared::{Shared, Signals};
use wire::Wire;

/// How long an end of one direction may wait for the other: an agent closes both directions of its connection at the first
/// end that it sees, so a client that has said its last word would never get the answer if the agent were told at once.
const GRACE: Duration = Duration::from_secs(2);
/// How often a sign of life is sent where one is needed (KeepAliveInterval of the agent's library, which gives up after 30 s).
const KEEP_ALIVE: Duration = Duration::from_secs(10);
/// How long to wait after one plain connection before the next, so that what the agent still sends of the first has passed.
const BETWEEN_CONNECTIONS: Duration = Duration::from_millis(300);
/// How long to wait when the system has no descriptor left for another connection.
const ACCEPT_AGAIN: Duration = Duration::from_millis(200);
/// How long the local ends may take for the last bytes when the session is over.
const LAST_BYTES: Duration = Duration::from_secs(5);

/// What kind of port session it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Form {
    /// Many connections at once, multiplexed.
    Multiplexed {
        /// Where to listen.
        listen: Listen,
        /// Whether the agent ends a silent session.
        keep_alive: bool,
    },
    /// One connection after the other: agents that cannot do better.
    Plain {
        /// Where to listen.
        listen: Listen,
    },
}

impl Form {
    /// Reads what the agent asks for: the properties of the session type `Port` (source: PortParameters,
    /// agent/session/plugins/port/port.go). `bind` is the person's choice of a local address. `None` for the SSH document:
    /// there stdin and stdout are the one connection, and nothing listens.
    ///
    /// # Errors
    /// A property is none that can be listened on.
    pub fn from_properties(
        properties: &Value,
        agent_version: Option<&str>,
        bind: Option<&str>,
    ) -> Result<Option<Self>, Error> {
        let text = |name: &str| match properties.get(name) {
            Some(Value::String(text)) => text.trim().to_owned(),
            Some(Value::Number(number)) => number.to_string(),
            _ => String::new(),
        };
        if text("type") != "LocalPortForwarding" {
            return Ok(None);
        }
        let listen = if text("localConnectionType") == "unix" {
            let path = text("localUnixSocket");
            if path.is_empty() {
                return Err(Error::NoSocketPath);
            }
            Listen::Unix(path.into())
        } else {
            let port = match &text("localPortNumber")[..] {
                "" => 0,
                port => port
                    .parse()
                    .map_err(|_| Error::LocalPort { port: port.into() })?,
            };
            Listen::Tcp {
                bind: bind.map(str::to_owned),
                port,
            }
        };
        let version = agent_version.and_then(AgentVersion::parse);
        Ok(Some(match version {
            Some(version) if version.multiplexes() => Self::Multiplexed {
                listen,
                keep_alive: version.needs_keep_alive(),
            },
            _ => Self::Plain { listen },
        }))
    }
}

/// The local side of one port session. Every method may be called while another is awaited.
#[derive(Debug)]
pub struct Port {
    shared: Arc<Shared>,
    addresses: Vec<Address>,
    work: JoinHandle<()>,
}

impl Port {
    /// Opens the local side, or takes over what was reserved for it; from here on connections are accepted.
    ///
    /// # Errors
    /// The address cannot be listened on.
    pub async fn open(form: Form, reserved: Option<Reserved>) -> Result<Self, Error> {
        Self::open_with(form, reserved, GRACE).await
    }

    async fn open_with(
        form: Form,
        reserved: Option<Reserved>,
        grace: Duration,
    ) -> Result<Self, Error> {
        let (Form::Multiplexed { listen, .. } | Form::Plain { listen }) = &form;
        let listeners = match reserved {
            Some(Reserved(listeners)) => listeners,
            None => Listeners::open(listen).await?,
        };
        match form {
            Form::Multiplexed { keep_alive, .. } => {
                let addresses = listeners.addresses().to_vec();
                let shared = Arc::new(Shared::new(Wire::Mux(Mux::new()), grace));
                let work = accept_many(Arc::clone(&shared), listeners, keep_alive);
                Ok(Self::new(shared, addresses, tokio::spawn(work)))
            }
            Form::Plain { .. } => {
                let addresses = listeners.addresses().to_vec();
                let shared = Arc::new(Shared::new(Wire::Plain(Plain::new()), grace));
                let work = accept_one_by_one(Arc::clone(&shared), listeners);
                Ok(Self::new(shared, addresses, tokio::spawn(work)))
            }
        }
    }

    fn new(shared: Arc<Shared>, addresses: Vec<Address>, work: JoinHandle<()>) -> Self {
        Self {
            shared,
            addresses,
            work,
        }
    }

    /// How many connections there were so far.
    #[must_use]
    pub fn opened(&self) -> u64 {
        self.shared.lock().opened
    }

    /// Where connections are accepted.
    #[must_use]
    pub fn addresses(&self) -> &[Address] {
        &self.addresses
    }

    /// The next thing for the agent, at most 8 KiB or so; `None` when nothing will come any more: the session is to be
    /// ended, and [`Self::failure`] tells why. Nothing is lost when the future is dropped.
    ///
    /// To be called only when the data channel has room for more: this is what holds local connections back.
    pub async fn read(&self) -> Option<Outgoing> {
        loop {
            {
                let mut state = self.shared.lock();
                if state.failure.is_some() {
                    return None;
                }
                if let Some(outgoing) = state.wire.poll_transmit() {
                    state.wake();
                    return Some(outgoing);
                }
            }
            self.shared.outgoing.notified().await;
        }
    }

    /// Takes in what came from the agent as output. Whoever may write much awaits [`Self::room`] in between.
    pub fn write(&self, bytes: Bytes) {
        let mut state = self.shared.lock();
        if let Err(error) = state.wire.handle_data(bytes) {
            state.failure.get_or_insert(error);
            state.wire.handle_end();
        }
        state.wake();
        drop(state);
        self.shared.outgoing.notify_one();
    }

    /// Waits until local readers have taken enough for more to be kept.
    pub async fn room(&self) {
        while !self.has_room() {
            self.shared.room.notified().await;
        }
    }

    /// Whether [`Self::room`] would return at once.
    #[must_use]
    pub fn has_room(&self) -> bool {
        self.shared.lock().wire.has_room()
    }

    /// Takes in a flag of the agent.
    pub fn handle_flag(&self, flag: Flag) {
        let mut state = self.shared.lock();
        match flag {
            Flag::ConnectToPortError => {
                // The end of the stream that it is about follows; the flag does not name it.
                if !state.connections.is_empty() {
                    state.refusals += 1;
                }
                state.notes.push_back(Note::Refused);
                if matches!(state.wire, Wire::Plain(_)) {
                    state.wire.handle_end();
                }
                self.shared.noted.notify_one();
            }
            Flag::DisconnectToPort if matches!(state.wire, Wire::Plain(_)) => {
                state.wire.handle_end();
            }
            // Multiplexed streams end on their own; and only clients ask for the end of a session.
            Flag::DisconnectToPort | Flag::TerminateSession => {}
        }
        state.wake();
    }

    /// What has happened to connections, oldest first.
    pub fn poll_note(&self) -> Option<Note> {
        self.shared.lock().notes.pop_front()
    }

    /// Waits until [`Self::poll_note`] has something.
    pub async fn noted(&self) {
        while self.shared.lock().notes.is_empty() {
            self.shared.noted.notified().await;
        }
    }

    /// Why [`Self::read`] gave `None`.
    #[must_use]
    pub fn failure(&self) -> Option<smux::Error> {
        self.shared.lock().failure.clone()
    }

    /// Ends the local side after the session has ended: no more connections are accepted, and those that are open get what
    /// has come for them, within 5 s. Notes are still to be polled afterwards.
    pub async fn finish(&mut self) {
        self.shared.closing.send_replace(true);
        {
            let mut state = self.shared.lock();
            state.wire.handle_end();
            state.wake();
        }
        if tokio::time::timeout(LAST_BYTES, &mut self.work)
            .await
            .is_err()
        {
            self.work.abort();
        }
    }
}

impl Drop for Port {
    fn drop(&mut self) {
        self.work.abort();
    }
}

/// Accepts connections until the session closes, then waits for those that are open.
async fn accept_many(shared: Arc<Shared>, listeners: Listeners, keep_alive: bool) {
    let mut connections = JoinSet::new();
    let mut tick = tokio::time::interval(KEEP_ALIVE);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    tick.reset();
    loop {
        tokio::select! {
            accepted = listeners.accept() => match accepted {
                Ok((reader, writer, from)) => {
                    if let Some(connection) = open_connection(&shared, reader, writer, from) {
                        connections.spawn(connection);
                    }
                }
                Err(error) => not_accepted(&shared, &error).await,
            },
            Some(_) = connections.join_next() => {}
            _ = tick.tick() => shared.keep_alive(keep_alive),
            () = shared.closed() => break,
        }
    }
    drop(listeners);
    while connections.join_next().await.is_some() {}
}

/// Accepts the next connection when the one before is over.
async fn accept_one_by_one(shared: Arc<Shared>, listeners: Listeners) {
    loop {
        let accepted = tokio::select! {
            accepted = listeners.accept() => accepted,
            () = shared.closed() => return,
        };
        match accepted {
            Ok((reader, writer, from)) => {
                if let Some(connection) = open_connection(&shared, reader, writer, from) {
                    connection.await;
                }
                tokio::time::sleep(BETWEEN_CONNECTIONS).await;
            }
            Err(error) => not_accepted(&shared, &error).await,
        }
        if *shared.closing.borrow() {
            return;
        }
    }
}

/// A connection that was gone before it was accepted is none; a system without descriptors gets time.
async fn not_accepted(shared: &Shared, error: &io::Error) {
    if error.kind() != io::ErrorKind::ConnectionAborted {
        shared.note(Note::NotAccepted {
            cause: error.to_string(),
        });
        tokio::time::sleep(ACCEPT_AGAIN).await;
    }
}

fn open_connection(
    shared: &Arc<Shared>,
    reader: Reader,
    writer: Writer,
    from: String,
) -> Option<impl Future<Output = ()> + Send + 'static> {
    let mut state = shared.lock();
    let id = state.wire.open_stream()?;
    state.opened += 1;
    let number = state.opened;
    let signals = Arc::new(Signals::default());
    state.connections.insert(id, Arc::clone(&signals));
    state.notes.push_back(Note::Opened {
        connection: number,
        from,
    });
    drop(state);
    shared.noted.notify_one();
    shared.outgoing.notify_one();
    // What came before the connection waits for it.
    signals.readable.notify_one();
    Some(connection::carry(
        Arc::clone(shared),
        id,
        signals,
        number,
        reader,
        writer,
    ))
}

/// Why the local side cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The address is taken, not ours, or not allowed.
    #[error("cannot listen on {at:?}: {source}")]
    Listen {
        /// Address and port, or path.
        at: String,
        /// What the system said.
        source: io::Error,
    },
    /// The document's parameter is no port.
    #[error("the local port {port:?} is no number from 0 to 65535")]
    LocalPort {
        /// As it stands.
        port: String,
    },
    /// The document asks for a unix socket without saying where.
    #[error("the session asks for a local unix socket and names none")]
    NoSocketPath,
}

#[cfg(test)]
mod tests;
