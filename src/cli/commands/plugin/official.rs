//! The official client's words around a session, on stdout and to the byte, and the status that it ends with.
//!
//! Programs wait for these lines and may take a byte on stderr for a failure: words of ours stand there only where the
//! settings let them, and never between two lines of these (source: session-manager-plugin, session.go, streaming.go,
//! muxportforwarding.go).

use std::cell::Cell;
use std::error::Error as StdError;
use std::io::{self, IsTerminal as _, Write as _};

use zeroize::Zeroizing;

use crate::cli::exit::{CommandResult, Status};
use crate::cli::message;
use crate::cli::voice::Person;
use crate::recorded::admission::Admitted;
use crate::recorded::error::Error;
use crate::recorded::verdict::Ending;
use crate::recorded::voice::Voice;
use crate::service::{Passed as _, Request};
use crate::session::console::Manner;
use crate::session::driver::{End, Report};
use crate::session::port;
use crate::settings::plugin::Banner;
use crate::settings::reason::ReasonRule;
use crate::store::Progress;
use crate::words::{causes, printable};

/// The number of SIGINT.
const INTERRUPT: u8 = 2;
/// What carries an SSH connection: not one word may stand in it.
const SSH_DOCUMENT: &str = "AWS-StartSSHSession";
/// How the documents begin that forward ports.
const FORWARDS: &str = "AWS-StartPortForwardingSession";

/// The words of one session.
#[derive(Debug)]
pub(super) struct Official {
    session_id: String,
    /// Words of ours are said as well.
    words: bool,
    /// Stdout is the session's alone.
    is_pipe: bool,
    forwards: Cell<bool>,
    begun: Cell<bool>,
    /// Its end was told.
    over: Cell<bool>,
}

impl Official {
    /// Before the settings are read: ours where a person would see them.
    pub(super) fn new(session_id: &str, request: &Request) -> Self {
        let document = request.document.as_deref().unwrap_or_default();
        Self {
            session_id: session_id.to_owned(),
            words: io::stderr().is_terminal(),
            is_pipe: document == SSH_DOCUMENT,
            forwards: Cell::new(document.starts_with(FORWARDS)),
            begun: Cell::new(false),
            over: Cell::new(false),
        }
    }

    /// As the settings have it.
    pub(super) fn heed(&mut self, banner: Banner) {
        self.words = match banner {
            Banner::Auto => io::stderr().is_terminal(),
            Banner::Always => true,
            Banner::Never => false,
        };
    }

    /// Whether words of ours are said around the session: in an SSH connection only what is amiss.
    pub(super) fn has_words(&self) -> bool {
        self.words && !self.is_pipe
    }

    pub(super) fn manner(&self) -> Manner {
        Manner::Official {
            session_id: self.session_id.clone(),
            words: self.words,
        }
    }

    /// Words of ours before all others, so that they stand between none of them.
    pub(super) fn announce(&self, admitted: &Admitted) {
        let words = self.has_words();
        // The organisation's banner is for whoever sees it.
        let voice: &dyn Voice = match io::stderr().is_terminal() {
            true => &Person,
            false => self,
        };
        admitted.show_banner(words, voice);
        if !words {
            return;
        }
        let target = match admitted.request().target.as_str() {
            "" => "an unnamed target",
            target => target,
        };
        self.say(&format!(
            "session {} on {target} is being recorded to {}",
            self.session_id,
            admitted.places().store.location()
        ));
    }

    /// The first line.
    ///
    /// # Errors
    /// Nobody takes it, nor what the session would show.
    pub(super) fn begin(&self) -> io::Result<()> {
        self.begun.set(true);
        if self.is_pipe {
            return Ok(());
        }
        let id = &self.session_id;
        say(&format!("\nStarting session with SessionId: {id}\n"))
    }

    /// The last line, with the service's text in its place where there is one.
    fn end(&self, text: Option<&str>) {
        let id = &self.session_id;
        self.line(&match text {
            None => format!("\n\nExiting session with sessionId: {id}.\n\n"),
            Some(text) => format!("\n\nSessionId: {id} : {text}\n\n"),
        });
    }

    fn not_performed(&self, why: &str) {
        self.line(&not_performed(why));
    }

    fn line(&self, text: &str) {
        if !self.is_pipe {
            // Whoever reads no more has no use for it.
            let _ = say(text);
        }
    }

    /// What the command ends with. What the official client cannot have, such as a recording that is not made, is no
    /// success; what it has too ends as there.
    pub(super) fn result(&self, result: Result<Ending, Error>) -> CommandResult {
        let well = match result {
            Ok(Ending::Signal(number)) | Err(Error::Signal(number)) => self.signal(number),
            Ok(Ending::Closed | Ending::Cut | Ending::Left | Ending::GivenUp) => Status::Success,
            // What does not fit into a byte must not look like success.
            Ok(Ending::Exited(status)) => Status::Remote(u8::try_from(status).unwrap_or(255)),
            Err(Error::DataChannel(error)) => {
                self.over.set(true);
                self.not_performed(&causes(&error));
                self.hint(Error::DataChannel(error));
                Status::Success
            }
            Err(Error::Ended(end)) if !matches!(*end, End::RecordingFailed(_)) => {
                self.hint(Error::Ended(end));
                Status::Success
            }
            Err(error) => {
                if self.begun.get() && !self.over.get() {
                    self.end(None);
                }
                return Err(error.into());
            }
        };
        Ok(well)
    }

    /// Our account of what the official client has as well.
    fn hint(&self, error: Error) {
        if self.words {
            message::failure(&error.into());
        }
    }

    fn signal(&self, number: u8) -> Status {
        let interrupted = number == INTERRUPT && self.forwards.get();
        if interrupted && self.begun.get() && !self.over.replace(true) {
            self.terminate_signal();
        }
        match interrupted {
            true => Status::Success,
            false => Status::Killed(number),
        }
    }

    fn terminate_signal(&self) {
        self.line("Terminate signal received, exiting.\n");
        self.end(None);
    }
}

impl Voice for Official {
    fn say(&self, text: &str) {
        match self.words {
            true => message::say(text),
            false => tracing::info!(text, "not said"),
        }
    }

    fn over(&self, end: &End, report: &Report) {
        self.over.set(true);
        if report.connections.is_some() {
            self.forwards.set(true);
        }
        match end {
            End::Signal(INTERRUPT) if self.forwards.get() => self.terminate_signal(),
            End::Signal(_) => message::hurry(),
            End::LocalPort(error) => self.not_performed(&listen(error)),
            End::Closed { reason } | End::Cut { reason } => self.end(reason.as_deref()),
            End::NotOpened {
                reason: Some(reason),
                ..
            } => self.end(Some(reason)),
            End::Exited(_) | End::Left | End::InputGone(None) | End::ScreenGone(_) => {
                self.end(None);
            }
            // What went wrong is said all the same, and the last line is the last.
            failed => {
                let id = &self.session_id;
                self.line(&format!("\n\nSessionId: {id} : {failed}"));
                self.end(None);
            }
        }
    }

    fn tell(&self, error: Error) {
        match error {
            Error::Ended(_) => self.say(&error.to_string()),
            error => message::failure(&error.into()),
        }
    }

    fn end_line(&self) {
        if self.words {
            message::end_line();
        }
    }

    fn ask_reason(&self, rule: &ReasonRule) -> Result<String, Box<dyn StdError + Send + Sync>> {
        Person.ask_reason(rule)
    }

    fn ask_secret(&self, question: &str) -> Option<Zeroizing<String>> {
        Person.ask_secret(question)
    }

    fn wait(&self, what: &str) -> Box<dyn FnMut(Progress)> {
        Person.wait(what)
    }
}

/// What is said of a session that did not come about.
pub(super) fn not_performed(why: &str) -> String {
    format!("Cannot perform start session: {why}\n")
}

/// Writes to stdout at once, line by line and harmless.
pub(super) fn say(text: &str) -> io::Result<()> {
    let lines: Vec<_> = text.split('\n').map(printable).collect();
    let mut stdout = io::stdout();
    stdout.write_all(lines.join("\n").as_bytes())?;
    stdout.flush()
}

/// Why nothing listens, as the official client's library words it.
fn listen(error: &port::Error) -> String {
    let port::Error::Listen { at, source } = error else {
        return error.to_string();
    };
    let network = if at.contains('/') { "unix" } else { "tcp" };
    let why = match source.kind() {
        io::ErrorKind::AddrInUse => "address already in use".to_owned(),
        io::ErrorKind::AddrNotAvailable => "cannot assign requested address".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        _ => source.to_string(),
    };
    format!("listen {network} {at}: bind: {why}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_that_cannot_be_listened_on_is_named_as_the_official_client_names_it() {
        let check = |at: &str, kind: io::ErrorKind, expected: &str| {
            let at = at.to_owned();
            let source = kind.into();
            assert_eq!(listen(&port::Error::Listen { at, source }), expected);
        };
        check(
            "127.0.0.1:5432",
            io::ErrorKind::AddrInUse,
            "listen tcp 127.0.0.1:5432: bind: address already in use",
        );
        check(
            "127.0.0.1:80",
            io::ErrorKind::PermissionDenied,
            "listen tcp 127.0.0.1:80: bind: permission denied",
        );
        check(
            "/run/x.sock",
            io::ErrorKind::AddrInUse,
            "listen unix /run/x.sock: bind: address already in use",
        );
    }
}
