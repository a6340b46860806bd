//! A signal by what it means to whoever holds a terminal, and whose word counts on those that were ignored.
//!
//! Nothing here listens.

/// What the system tells a process that holds a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// The window has another size now.
    Resized,
    /// Asked to end (SIGTERM).
    Terminate,
    /// The terminal went away (SIGHUP).
    HangUp,
    /// Interrupted from outside (SIGINT): in raw mode Ctrl-C is a byte and not this.
    Interrupt,
    /// Asked to quit (SIGQUIT): in raw mode Ctrl-\ is a byte and not this.
    Quit,
    /// Stopped and continued: the terminal's modes may be another's.
    Continue,
}

impl Signal {
    /// The number that an exit status names, for those that end a process.
    #[must_use]
    pub fn number(self) -> Option<u8> {
        match self {
            Self::HangUp => Some(1),
            Self::Interrupt => Some(2),
            Self::Quit => Some(3),
            Self::Terminate => Some(15),
            Self::Resized | Self::Continue => None,
        }
    }
}

/// Whose word on signals counts that were ignored when the process began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heed {
    /// They stay so: a job of a script, or one under `nohup`.
    Inherited,
    /// Those of keys are listened to all the same: the AWS CLI ignores them for itself, and its plugin with it.
    Keys,
}
