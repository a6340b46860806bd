//! What a person types into commands that wait for it, and which commands end with another status than 0, and why.
//!
//! Nothing here is run; a row that no command of README needs is a failure.

/// How one command is run.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Typed {
    /// All of it, or what it begins with where it ends in `…`.
    pub(crate) command: &'static str,
    /// What is waited for, and the keys that are typed then.
    pub(crate) keys: &'static [(&'static str, &'static str)],
    /// How it ends.
    pub(crate) status: u32,
}

const fn keys(command: &'static str, keys: &'static [(&'static str, &'static str)]) -> Typed {
    Typed {
        command,
        keys,
        status: 0,
    }
}

/// How it ends, with the reason for whoever reads the table.
const fn ends(status: u32, _why: &'static str, typed: Typed) -> Typed {
    Typed { status, ..typed }
}

/// Everything else is run without a key and ends with 0.
const USUAL: Typed = keys("", &[]);

/// A shell is left at its prompt.
const LEAVE: &[(&str, &str)] = &[("$ ", "exit\r")];
/// The player is left once the picture is there.
const QUIT: &[(&str, &str)] = &[("──", "q")];
/// A list is left once it has something.
const ESCAPE: &[(&str, &str)] = &[("i-0abc", "\x1b")];
/// A forward is ended once it listens.
const CTRL_C: &[(&str, &str)] = &[("forwarded", "\x03")];

pub(crate) const ROWS: &[Typed] = &[
    keys("cargo run --release --example sandbox -- start …", LEAVE),
    keys("cargo run --release --example sandbox -- play", ESCAPE),
    keys(
        "cargo run --release --example sandbox -- --s3 start …",
        LEAVE,
    ),
    ends(
        8,
        "the demo has a hole",
        keys(
            "cargo run --release --example sandbox -- --demo --as quinn audit",
            &[],
        ),
    ),
    keys("ssm-rec start i-0abc --reason ticket-42", LEAVE),
    keys("ssm-rec start web-1", LEAVE),
    keys("ssm-rec start --tag …", LEAVE),
    keys(
        "ssm-rec start",
        &[("managed nodes in", "web-1\r"), ("$ ", "exit\r")],
    ),
    keys("ssm-rec start i-0abc --encrypt-to …", LEAVE),
    keys("ssm-rec start -t i-0abc -- top", &[("top - up", "q\r")]),
    ends(
        130,
        "Ctrl-C ends it",
        keys("ssm-rec start i-0abc --forward 8080:80", CTRL_C),
    ),
    ends(
        130,
        "Ctrl-C ends it",
        keys(
            "ssm-rec start i-0abc --forward 0:80 --forward 5432:db.internal:5432",
            &[("0:80: connections", ""), ("5432: connections", "\x03")],
        ),
    ),
    keys("ssm-rec sessions end --mine", &[("[y/N]", "y\r")]),
    keys("ssm-rec play", ESCAPE),
    keys("ssm-rec play operator-0d6…", QUIT),
    keys("ssm-rec play --speed …", QUIT),
    keys("ssm-rec play --identity …", QUIT),
    keys("ssm-rec tail operator-0d6", QUIT),
    keys(
        "ssm-rec review operator-0d6",
        &[("──", "q"), ("Verdict:", "ok\r"), ("A note", "\r")],
    ),
    ends(
        1,
        "it finds something",
        keys("ssm-rec rules check operator-0d6", &[]),
    ),
    ends(8, "the demo has a hole", keys("ssm-rec audit …", &[])),
    ends(
        4,
        "the demo has a recording that was altered",
        keys("ssm-rec verify --all …", &[]),
    ),
];

/// The row of a command.
pub(crate) fn typed(command: &str) -> &'static Typed {
    rows(command).next().unwrap_or(&USUAL)
}

/// All rows of a command, of which there should be one at most.
pub(crate) fn rows(command: &str) -> impl Iterator<Item = &'static Typed> {
    ROWS.iter()
        .filter(move |row| match row.command.strip_suffix('…') {
            Some(begin) => command.starts_with(begin),
            None => command == row.command,
        })
}
