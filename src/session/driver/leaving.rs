//! Whether a session that the service closed had come to an end of its own, or was closed from outside.
//!
//! Nothing here ends a session. The service closes a shell that was left and one that an administrator ends with the
//! same message, so what was shown and typed last has to tell them apart; where nothing tells, it is no success.

use super::{Driver, End, Keys, Local, Screen, Signals};
use crate::session::driver::data_keys::DataKeys;
use crate::session::driver::tee::Tee;

/// How much of what was shown and typed last is kept, in bytes.
const KEPT: usize = 512;
/// The words that leave a shell.
const LEAVE: [&str; 2] = ["exit", "logout"];

/// With what prompts end: a shell that answers the end of its input with a line feed leaves its prompt on a whole line.
const PROMPTS: [char; 4] = ['$', '#', '%', '>'];

/// What shows that a session came to an end of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// A command whose output streams are separate: its status.
    Status,
    /// A shell: that it was left.
    Leaving,
    /// There is none: the agent tells no status of such a command, and its end looks like any other.
    Nothing,
}

/// The last of what was shown and typed, where that is what tells.
#[derive(Debug)]
pub(super) struct Leaving {
    proof: Proof,
    /// Commands are piped in.
    piped: bool,
    shown: Vec<u8>,
    typed: Vec<u8>,
    /// Where the shell was when it was last told that the input has ended.
    told: Option<Told>,
}

/// When a shell was told that its input has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    AtItsPrompt,
    /// The terminal keeps it for when the command is done.
    DuringACommand,
}

impl Leaving {
    pub(super) fn new(proof: Proof, input_is_terminal: bool) -> Self {
        Self {
            proof,
            piped: !input_is_terminal,
            shown: Vec::new(),
            typed: Vec::new(),
            told: None,
        }
    }

    /// Something was shown.
    pub(super) fn shown(&mut self, bytes: &[u8]) {
        if self.proof == Proof::Leaving && (self.piped || self.shown.is_empty()) {
            keep(&mut self.shown, bytes);
        }
    }

    /// Something was sent to be read.
    pub(super) fn typed(&mut self, bytes: &[u8]) {
        if self.proof == Proof::Leaving && self.piped {
            keep(&mut self.typed, bytes);
        }
    }

    /// The shell is told that its input has ended.
    pub(super) fn told(&mut self) {
        self.told = Some(match is_at_prompt(&self.shown) {
            true => Told::AtItsPrompt,
            false => Told::DuringACommand,
        });
    }

    /// Whether the session was seen to come to an end of its own.
    fn is_seen(&self) -> bool {
        match self.proof {
            Proof::Status => false,
            Proof::Nothing => true,
            // Whoever types knows what was typed last; a shell that never said a word was none.
            Proof::Leaving if !self.piped => !self.shown.is_empty(),
            Proof::Leaving => match self.told {
                Some(Told::AtItsPrompt) => true,
                // It came to its prompt, and to what waited there.
                Some(Told::DuringACommand) if is_at_prompt(&self.shown) => true,
                told => was_left(&self.typed, &self.shown, told.is_some()),
            },
        }
    }
}

impl<T: Tee, K: Keys, D: Screen, G: Signals, V: DataKeys> Driver<T, K, D, G, V> {
    /// What it is that the service has closed the session, with what it said about it. Whoever asked for the end, or saw
    /// the remote side come to it, is told of no interference.
    pub(super) fn closed(&self, reason: Option<String>) -> End<T::Error> {
        let by_itself = match self.local {
            Local::Pipe => !self.input.is_open(),
            // Nothing but this side ends a forward.
            Local::Port(_) => false,
            Local::Person | Local::Command { .. } => !self.is_port() && self.leaving.is_seen(),
        };
        match reason {
            None if by_itself => End::Closed { reason },
            reason => End::Cut { reason },
        }
    }
}

fn keep(kept: &mut Vec<u8>, bytes: &[u8]) {
    kept.extend_from_slice(&bytes[bytes.len().saturating_sub(KEPT)..]);
    let over = kept.len().saturating_sub(KEPT);
    kept.drain(..over);
}

/// Whether a shell waits for input: something stands on the line behind the last one that is whole, as a prompt does. A
/// command that was just typed in stands on a whole one.
fn is_at_prompt(shown: &[u8]) -> bool {
    let text = plain(shown);
    let line = text.rsplit('\n').next();
    line.is_some_and(|line| !line.trim().is_empty())
}

/// Whether the last command that was typed leaves the shell, and was come to. A terminal shows at once what is typed
/// ahead, so that `exit` on a line of its own says little by itself: it was come to when it stands behind a prompt, when
/// a prompt came behind it, or when the shell says it again. `told`: the end of the input, which a shell may answer with
/// the same word.
fn was_left(typed: &[u8], shown: &[u8], told: bool) -> bool {
    let text = plain(shown);
    let mut lines = text.rsplit('\n');
    let open = lines.next().unwrap_or_default().trim();
    let mut whole = lines.map(str::trim).filter(|line| !line.is_empty());
    let (last, before) = (
        whole.next().unwrap_or_default(),
        whole.next().unwrap_or_default(),
    );
    // A shell that edits lines says what it does, behind the line that told it to.
    if open.is_empty() && LEAVE.contains(&last) && has_word(before) {
        return true;
    }
    let typed = plain(typed);
    let mut lines = typed.lines().map(str::trim).filter(|line| !line.is_empty());
    let line = lines.next_back().unwrap_or_default();
    let mut commands = line.split([';', '&', '|']).map(is_leave);
    let is_alone = commands.next() == Some(true);
    let said = open.is_empty() && has_word(last) && last != line;
    if told && (said || (open.is_empty() && last.ends_with(PROMPTS))) {
        return true;
    }
    if is_alone {
        !open.is_empty() || said
    } else {
        commands.any(|is_leave| is_leave)
    }
}

/// Whether a command leaves the shell.
fn is_leave(command: &str) -> bool {
    let first = command.split_whitespace().next();
    first.is_some_and(|word| LEAVE.contains(&word))
}

/// Whether a line, which may begin with a prompt, has a word that leaves the shell.
fn has_word(line: &str) -> bool {
    line.split([' ', '\t', ';', '&', '|'])
        .any(|word| LEAVE.contains(&word))
}

/// The text of terminal output without its escape sequences and carriage returns.
fn plain(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let mut out = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        match c {
            '\x1b' => match characters.next() {
                // Up to its final letter.
                Some('[') => while characters.next().is_some_and(|c| !('@'..='~').contains(&c)) {},
                // A title or the like, up to BEL or ESC \.
                Some(']' | 'P' | '_' | '^') => {
                    while let Some(c) = characters.next() {
                        if c == '\x07' {
                            break;
                        }
                        if c == '\x1b' {
                            characters.next();
                            break;
                        }
                    }
                }
                Some('(' | ')') => {
                    characters.next();
                }
                _ => {}
            },
            '\n' | '\t' => out.push(c),
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether a piped shell counts as left, after what it showed and was sent; `told`: then Ctrl-D, then the rest.
    fn seen(typed: &str, shown: &str, after_told: Option<&str>) -> bool {
        let mut leaving = Leaving::new(Proof::Leaving, false);
        leaving.typed(typed.as_bytes());
        leaving.shown(shown.as_bytes());
        if let Some(rest) = after_told {
            leaving.told();
            leaving.shown(rest.as_bytes());
        }
        leaving.is_seen()
    }

    #[test]
    fn a_shell_that_ends_at_the_end_of_its_input_was_left() {
        assert!(seen("ls\n", "$ ls\r\na b\r\n$ ", Some("")));
        assert!(seen("", "sh-4.2$ ", Some("exit\r\n")));
        let bash = "\x1b[?2004h[ada@host ~]$ ls\r\n\x1b[?2004l\ra b\r\n\x1b[?2004h\x1b[01m[ada@host ~]$\x1b[0m ";
        assert!(seen("ls\n", bash, Some("\x1b[?2004l\r\r\nlogout\r\n")));
        // It was told while a command ran, and came to it then; the second says so.
        assert!(seen("sleep 9\n", "$ sleep 9\r\n", Some("$ ")));
        assert!(seen("sleep 9\n", "$ sleep 9\r\n", Some("$ exit\r\n")));
        assert!(seen(
            "sleep 9\n",
            "$ sleep 9\r\n",
            Some("[ada@host ~]$ \r\n")
        ));
        let titled = "a\r\n\x1b]0;ada@host\x07\x1b]133;A\x1b\\~ > ";
        assert!(seen("ls\n", titled, Some("")));
    }

    #[test]
    fn a_shell_that_is_closed_while_a_command_runs_was_not_left() {
        assert!(!seen("sleep 60\n", "$ sleep 60\r\n", Some("")));
        assert!(!seen("sleep 60\n", "$ sleep 60\r\n", None));
        let bash = "\x1b[?2004h$ make\r\n\x1b[?2004l\rcc a.c\r\n";
        assert!(!seen("make\n", bash, Some("cc b.c\r\n")));
        // What is still to come was typed ahead and stands there.
        assert!(!seen(
            "sleep 60\nexit\n",
            "$ sleep 60\r\nexit\r\n",
            Some("")
        ));
        assert!(!seen(
            "sleep 60\nexit 3\n",
            "$ sleep 60\r\nexit 3\r\n",
            None
        ));
        assert!(!seen(
            "echo the exit code\nsleep 9\n",
            "$ sleep 9\r\n",
            None
        ));
        assert!(!seen(
            "wait-for exit; sleep 9\n",
            "$ wait-for exit; sleep 9\r\n",
            None
        ));
    }

    #[test]
    fn a_shell_that_was_told_to_exit_was_left() {
        assert!(seen("ls; exit\n", "$ ls; exit\r\na b\r\n", None));
        assert!(seen("exit\n", "$ exit\r\n", None));
        assert!(seen("exit 3\n", "bash-5.2$ exit 3\r\nexit\r\n", None));
        // A line editor shows it again behind its prompt; others go on to the next prompt.
        let readline = "ls\r\nexit\r\n$ ls\r\na b\r\n$ exit\r\nexit\r\n";
        assert!(seen("ls\nexit\n", readline, None));
        assert!(seen("ls\nexit\n", "$ ls\r\nexit\r\na b\r\n$ ", None));
        assert!(seen("logout\n", "ada@host:~$ logout\r\n", None));
        assert!(seen("false || exit 2\n", "$ false || exit 2\r\n", None));
    }

    #[test]
    fn what_is_typed_by_a_person_is_taken_as_meant_once_the_shell_has_spoken() {
        let mut leaving = Leaving::new(Proof::Leaving, true);
        assert!(!leaving.is_seen());
        leaving.shown(b"$ ");
        leaving.shown(b"exit\r\n");
        assert!(leaving.is_seen());
        assert_eq!(leaving.shown, b"$ ", "nothing is kept that is not needed");
        assert!(!Leaving::new(Proof::Status, true).is_seen());
        assert!(Leaving::new(Proof::Nothing, false).is_seen());
    }

    #[test]
    fn only_the_last_of_it_is_kept() {
        let mut kept = Vec::new();
        for piece in [&[b'a'; 300][..], &[b'b'; 300], &[b'c'; 5000], b"end"] {
            keep(&mut kept, piece);
            assert!(kept.len() <= KEPT);
        }
        assert!(kept.ends_with(b"cccend") && !kept.contains(&b'b'));
    }

    #[test]
    fn no_output_is_too_strange_to_be_read() {
        for strange in [
            "\x1b",
            "\x1b[",
            "\x1b]0;never ends",
            "\x1b[31",
            "\u{fffd}\x1bP\x1b",
        ] {
            assert_eq!(plain(strange.as_bytes()).replace('\u{fffd}', ""), "");
        }
    }
}
