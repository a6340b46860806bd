//! The local end of a session: a person, a pipe, or ports; and what of the pump differs between them.
//!
//! Nothing here is decided before the agent has said what kind of session it is.

use std::time::Instant;

use formats::payload::Flag;
use formats::{AgentMessage, PayloadType};

use super::{Driver, End, Keys, Screen, Signals, Stop, now};
use crate::session::channel::AgentVersion;
use crate::session::channel::SessionType;
use crate::session::driver::data_keys::DataKeys;
use crate::session::driver::tee::Tee;
use crate::session::port::{Form, Outgoing, Port};

/// Ctrl-C, which the agent makes a signal of.
const INTERRUPT: &[u8] = &[0x03];

/// Who or what is at this end.
#[derive(Debug)]
pub(super) enum Local {
    /// Keys and a screen: what is shown is recorded as output.
    Person,
    /// A command without a terminal: it is shown and recorded like a shell, but takes no input.
    Command {
        /// It was told once that it is to end.
        interrupted: bool,
    },
    /// Stdin and stdout carry the bytes of one connection (SSH).
    Pipe,
    /// What listens here carries them.
    Port(Port),
}

impl Local {
    /// Whether what comes is shown to a person.
    pub(super) fn is_person(&self) -> bool {
        matches!(self, Self::Person | Self::Command { .. })
    }

    /// Whether what is typed or piped here goes to the remote side as it is.
    pub(super) fn takes_keys(&self) -> bool {
        matches!(self, Self::Person | Self::Pipe)
    }

    /// How many connections there were; `None` where there are none to count.
    pub(super) fn connections(&self) -> Option<u64> {
        match self {
            Self::Person | Self::Command { .. } => None,
            Self::Pipe => Some(1),
            Self::Port(port) => Some(port.opened()),
        }
    }

    pub(super) fn port(&self) -> Option<&Port> {
        match self {
            Self::Port(port) => Some(port),
            Self::Person | Self::Command { .. } | Self::Pipe => None,
        }
    }
}

/// What a port has for the agent; never resolves where there is none.
pub(super) async fn read(port: Option<&Port>) -> Option<Outgoing> {
    match port {
        Some(port) => port.read().await,
        None => std::future::pending().await,
    }
}

/// Resolves when a port has something for the record; never where there is none.
pub(super) async fn noted(port: Option<&Port>) {
    match port {
        Some(port) => port.noted().await,
        None => std::future::pending().await,
    }
}

impl<T: Tee, K: Keys, D: Screen, G: Signals, V: DataKeys> Driver<T, K, D, G, V> {
    /// Whether bytes from the agent belong to a connection: known from the handshake on, before the local end is open.
    pub(super) fn is_port(&self) -> bool {
        matches!(self.channel.session_type(), Some(SessionType::Port { .. }))
    }

    /// Opens the local end that the session calls for: that of a command as soon as the agent has named it, so that its
    /// first output finds the terminal as it should be; that of a port once the agent is ready for it.
    pub(super) async fn open_local(&mut self) -> Result<(), End<T::Error>> {
        if !matches!(self.local, Local::Person) {
            return Ok(());
        }
        let properties = match self.channel.session_type() {
            Some(SessionType::Port { properties }) if self.channel.is_open() => properties,
            Some(SessionType::NonInteractiveCommands) => {
                self.open_command();
                return Ok(());
            }
            Some(SessionType::Port { .. }) => return Ok(()),
            _ if self.channel.is_open() => {
                self.open_shell();
                return Ok(());
            }
            _ => return Ok(()),
        };
        self.screen.release();
        let version = self.channel.agent_version();
        let form = Form::from_properties(properties, version, self.bind.as_deref())
            .map_err(End::LocalPort)?;
        let Some(form) = form else {
            self.local = Local::Pipe;
            return Ok(());
        };
        let port = Port::open(form, self.reserved.take())
            .await
            .map_err(End::LocalPort)?;
        self.screen.listening(port.addresses());
        self.local = Local::Port(port);
        Ok(())
    }

    /// From now on what a person types goes to the remote shell as it is. What was typed before waits in the terminal.
    fn open_shell(&mut self) {
        if self.input.is_terminal && !self.screen.has_terminal() {
            self.typed_ahead |= self.keys.is_waiting();
            self.screen.take_terminal();
        }
    }

    /// The agent gives a command without a terminal nothing to read, and takes each Ctrl-C in what comes for a signal (source:
    /// InputStreamMessageHandler, shell_unix.go). So nothing is passed on, and the terminal keeps its own modes, which
    /// what a pipe brings needs to be shown well.
    fn open_command(&mut self) {
        self.screen.release();
        if !self.input.is_terminal && self.keys.is_waiting() {
            self.screen.notice(
                "what is piped in is not passed on: the agent gives a command without a terminal nothing to read",
            );
        }
        self.local = Local::Command { interrupted: false };
    }

    /// Passes an interrupt on to a command without a terminal, once: it may have something to put in order. Whether that was
    /// all there is to do.
    pub(super) fn interrupt_command(&mut self) -> bool {
        match &mut self.local {
            Local::Command { interrupted } if !*interrupted => *interrupted = true,
            _ => return false,
        }
        self.channel.send_input(now(), INTERRUPT);
        self.screen
            .notice("the command is told to end; once more ends the session");
        true
    }

    /// Whether a flag ends the session: a port session does, with all but the oldest agents.
    pub(super) fn takes_terminate_flag(&self) -> bool {
        let version = self.channel.agent_version().and_then(AgentVersion::parse);
        !self.local.is_person() && version.is_some_and(AgentVersion::takes_terminate_flag)
    }

    /// Lets local connections have what has come for them, and notes how they ended.
    pub(super) async fn close_port(&mut self) {
        if let Local::Port(port) = &mut self.local {
            port.finish().await;
        }
        // The session is over; whether the recording still takes these notes, its end will tell.
        let _ = self.record_notes(now());
    }

    pub(super) fn handle_port(&mut self, outgoing: Option<Outgoing>) -> Result<(), Stop<T::Error>> {
        match outgoing {
            Some(Outgoing::Bytes(bytes)) => self.channel.send_input(now(), &bytes),
            Some(Outgoing::Flag(flag)) => self.channel.send_flag(now(), flag),
            None => {
                let failure = self.local.port().and_then(Port::failure);
                let reason =
                    failure.map(|failure| format!("the agent's streams do not read: {failure}"));
                return Err(End::Closed { reason }.into());
            }
        }
        Ok(())
    }

    pub(super) fn handle_flag(&mut self, flag: Flag) -> Result<(), End<T::Error>> {
        match (&self.local, flag) {
            (Local::Port(port), flag) => port.handle_flag(flag),
            (Local::Pipe, Flag::ConnectToPortError) => return Err(End::PortRefused),
            (Local::Pipe, Flag::DisconnectToPort) => return Err(End::Closed { reason: None }),
            (Local::Pipe | Local::Person | Local::Command { .. }, _) => {}
        }
        Ok(())
    }

    /// Records what happened to local connections, and tells the person what is amiss.
    pub(super) fn record_notes(&mut self, at: Instant) -> Result<(), End<T::Error>> {
        while let Some(note) = self.local.port().and_then(Port::poll_note) {
            let text = note.to_string();
            self.recorder
                .marker(at, &text)
                .map_err(End::RecordingFailed)?;
            self.screen.noted(&note);
        }
        Ok(())
    }

    /// Records a message that carries a connection's bytes: the bytes themselves only where that was asked for.
    pub(super) fn tee_payload(
        &mut self,
        at: Instant,
        message: &AgentMessage,
    ) -> Result<(), T::Error> {
        if self.record_payload || message.payload_type != PayloadType::OUTPUT {
            self.recorder.message(at, message)
        } else {
            self.recorder.omitted(at, message)
        }
    }
}
