//! What a session runs, by the kind that its document stands for.
//!
//! Nothing here counts, acknowledges or resends; that is the agent's business.

mod command;
mod payloads;
mod port;
mod running;
mod shell;
mod smux;

use std::collections::BTreeMap;
use std::io;

use crate::options::Options;
pub(crate) use running::{Input, Output, Work};

/// The kinds of session, with what each needs.
#[derive(Clone, Debug)]
pub(crate) enum Kind {
    /// A shell on a terminal, no handshake.
    Shell,
    /// A command on a terminal, no handshake.
    Interactive { command: String },
    /// A command on pipes.
    NonInteractive(command::Settings),
    /// Connections to a port.
    Port(port::Settings),
}

impl Kind {
    /// The kind that a document stands for; `None` when there is no such document.
    pub(crate) fn of(
        document: &str,
        parameters: &BTreeMap<String, Vec<String>>,
    ) -> Result<Option<Self>, String> {
        let first = |name: &str| {
            parameters
                .get(name)
                .and_then(|values| values.first())
                .cloned()
        };
        let command =
            || first("command").ok_or_else(|| "Parameter \"command\" requires a value.".to_owned());
        Ok(Some(match document {
            "SSM-SessionManagerRunShell" => Self::Shell,
            "AWS-StartInteractiveCommand" => Self::Interactive {
                command: command()?,
            },
            "AWS-StartNonInteractiveCommand" => {
                Self::NonInteractive(command::Settings::parse(command()?, first)?)
            }
            "AWS-StartPortForwardingSession"
            | "AWS-StartPortForwardingSessionToRemoteHost"
            | "AWS-StartSSHSession" => Self::Port(port::Settings::parse(document, first)?),
            _ => return Ok(None),
        }))
    }

    pub(crate) fn has_handshake(&self) -> bool {
        match self {
            Self::Shell | Self::Interactive { .. } => false,
            Self::NonInteractive(_) | Self::Port(_) => true,
        }
    }

    /// The name in the handshake.
    pub(crate) fn session_type(&self) -> &'static str {
        match self {
            Self::Shell => "Standard_Stream",
            Self::Interactive { .. } => "InteractiveCommands",
            Self::NonInteractive(_) => "NonInteractiveCommands",
            Self::Port(_) => "Port",
        }
    }

    /// The properties in the handshake.
    pub(crate) fn properties(&self) -> Option<serde_json::Value> {
        match self {
            Self::Shell | Self::Interactive { .. } | Self::NonInteractive(_) => None,
            Self::Port(settings) => Some(settings.properties()),
        }
    }

    pub(crate) fn start(&self, options: &Options, client_version: &str) -> io::Result<Work> {
        match self {
            Self::Shell => shell::start(&options.shell, options),
            Self::Interactive { command } => {
                let shell = ["/bin/sh", "-c", command].map(str::to_owned);
                shell::start(&shell, options)
            }
            Self::NonInteractive(settings) => command::start(settings, options),
            Self::Port(settings) => Ok(port::start(
                settings,
                &options.agent_version,
                client_version,
            )),
        }
    }
}
