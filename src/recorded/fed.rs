//! What a shell or a command is fed with where nobody types: stdin, as lines that are typed. Whoever started it is told which.
//!
//! Nothing is read of it here.

use crate::service::{DEFAULT_DOCUMENT, INTERACTIVE_DOCUMENT, Request};
use crate::words::size;

/// What stdin is.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Source {
    /// A file of so many bytes, and its path where the system tells it.
    File(Option<String>, u64),
    /// What has nothing to read and never will.
    Empty,
    /// A pipe, or what else is no terminal.
    Pipe,
}

/// The sentence for this request; `None` where stdin is not typed into anything.
pub(super) fn word(request: &Request) -> Option<String> {
    let into = match request.document.as_deref() {
        None | Some(DEFAULT_DOCUMENT) => "the shell",
        Some(INTERACTIVE_DOCUMENT) => "the command",
        Some(_) => return None,
    };
    Some(sentence(&source(), into))
}

fn sentence(source: &Source, into: &str) -> String {
    let what = match source {
        Source::Empty | Source::File(_, 0) => {
            return format!("stdin has nothing to read: {into} is told so with Ctrl-D");
        }
        Source::File(Some(path), bytes) => format!("{path} ({})", size::write(*bytes)),
        Source::File(None, bytes) => format!("a file ({}) on stdin", size::write(*bytes)),
        Source::Pipe => "what comes on stdin".to_owned(),
    };
    format!("{what} is typed into {into} line by line, then Ctrl-D")
}

#[cfg(unix)]
fn source() -> Source {
    use std::os::fd::AsFd as _;
    use std::os::unix::fs::FileTypeExt as _;

    let stdin = std::io::stdin();
    let Ok(descriptor) = stdin.as_fd().try_clone_to_owned() else {
        return Source::Empty;
    };
    let Ok(metadata) = std::fs::File::from(descriptor).metadata() else {
        return Source::Pipe;
    };
    if metadata.is_file() {
        // Where there is no such folder the file has no name here.
        let path = std::fs::read_link("/proc/self/fd/0").ok();
        let path = path.and_then(|path| path.into_os_string().into_string().ok());
        return Source::File(path, metadata.len());
    }
    // No terminal, and a device: the one that holds nothing.
    match metadata.file_type().is_char_device() {
        true => Source::Empty,
        false => Source::Pipe,
    }
}

#[cfg(not(unix))]
fn source() -> Source {
    Source::Pipe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_is_named_with_its_length() {
        let file = |bytes| Source::File(Some("/home/ada/nightly.sh".to_owned()), bytes);
        assert_eq!(
            sentence(&file(1200), "the shell"),
            "/home/ada/nightly.sh (1.2 kB) is typed into the shell line by line, then Ctrl-D"
        );
        assert_eq!(
            sentence(&Source::Pipe, "the command"),
            "what comes on stdin is typed into the command line by line, then Ctrl-D"
        );
        for empty in [file(0), Source::Empty] {
            assert!(sentence(&empty, "the shell").starts_with("stdin has nothing to read"));
        }
    }

    #[test]
    fn only_shells_and_commands_with_a_terminal_take_what_is_typed() {
        let word = |document: Option<&str>| {
            word(&Request {
                document: document.map(str::to_owned),
                ..Request::default()
            })
        };
        assert!(word(None).is_some_and(|word| word.contains("the shell")));
        assert!(word(Some(INTERACTIVE_DOCUMENT)).is_some_and(|word| word.contains("the command")));
        assert_eq!(word(Some("AWS-StartSSHSession")), None);
        assert_eq!(word(Some("AWS-StartNonInteractiveCommand")), None);
    }
}
