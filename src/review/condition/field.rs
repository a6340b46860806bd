//! What can be asked of a session: the names of its texts, numbers and facts, and what each of them means.
//!
//! Nothing here is read from a session; `judge` does that.

/// A text of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Text {
    /// The session id.
    Session,
    /// What it leads to.
    Target,
    /// Who: the caller's ARN or the local user.
    Operator,
    /// The user at the client.
    User,
    /// The client's host.
    Host,
    /// Why.
    Reason,
    /// The session document.
    Document,
    /// The AWS account.
    Account,
    /// The AWS region.
    Region,
    /// Whose signature lies over its manifest.
    SignedBy,
    /// A command that was run in it.
    Command,
}

impl Text {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Session,
        Self::Target,
        Self::Operator,
        Self::User,
        Self::Host,
        Self::Reason,
        Self::Document,
        Self::Account,
        Self::Region,
        Self::SignedBy,
        Self::Command,
    ];

    /// As it is written.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Session => "session",
            Self::Target => "target",
            Self::Operator => "operator",
            Self::User => "user",
            Self::Host => "host",
            Self::Reason => "reason",
            Self::Document => "document",
            Self::Account => "account",
            Self::Region => "region",
            Self::SignedBy => "signed-by",
            Self::Command => "command",
        }
    }
}

/// A number of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Number {
    /// How long it lasted, in microseconds.
    Duration,
    /// The status of the remote command.
    Exit,
    /// How many commands were found in it.
    Commands,
    /// Bytes of the recording as it is stored.
    Size,
    /// How grave the gravest is that rules found, as the client claims.
    Risk,
}

impl Number {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Duration,
        Self::Exit,
        Self::Commands,
        Self::Size,
        Self::Risk,
    ];

    /// As it is written.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Duration => "duration",
            Self::Exit => "exit",
            Self::Commands => "commands",
            Self::Size => "size",
            Self::Risk => "risk",
        }
    }
}

/// What risks are called, from none on.
pub(super) const RISKS: [&str; 7] = [
    "none", "info", "low", "medium", "high", "critical", "unknown",
];

/// What is so or is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flag {
    /// Only some can read it.
    Encrypted,
    /// It was found cut, and closed afterwards.
    Recovered,
    /// It went on without being recorded.
    Unrecorded,
}

impl Flag {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Encrypted, Self::Recovered, Self::Unrecorded];

    /// As it is written.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Encrypted => "encrypted",
            Self::Recovered => "recovered",
            Self::Unrecorded => "unrecorded",
        }
    }
}

/// What a session was for, as far as its document and its target tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A shell.
    Shell,
    /// A single command.
    Command,
    /// A forwarded port.
    Port,
    /// An SSH connection.
    Ssh,
    /// A program in a container, by ECS Exec.
    Container,
    /// A document of somebody's own.
    Other,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Shell,
        Self::Command,
        Self::Port,
        Self::Ssh,
        Self::Container,
        Self::Other,
    ];

    /// As it is written.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Shell => "shell",
            Self::Command => "command",
            Self::Port => "port",
            Self::Ssh => "ssh",
            Self::Container => "container",
            Self::Other => "other",
        }
    }
}

/// What stands in front of an operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    Text(Text),
    Number(Number),
    Flag(Flag),
    Kind,
    State,
    Started,
    Since,
    Until,
}

impl Field {
    pub(super) fn named(word: &str) -> Option<Self> {
        let word = word.to_ascii_lowercase().replace('_', "-");
        let text = Text::ALL.into_iter().find(|text| text.name() == word);
        let number = Number::ALL.into_iter().find(|number| number.name() == word);
        let flag = Flag::ALL.into_iter().find(|flag| flag.name() == word);
        let other = match word.as_str() {
            "kind" => Some(Self::Kind),
            "state" => Some(Self::State),
            "started" => Some(Self::Started),
            "since" => Some(Self::Since),
            "until" => Some(Self::Until),
            _ => None,
        };
        let text = text.map(Self::Text).or(number.map(Self::Number));
        text.or(flag.map(Self::Flag)).or(other)
    }
}

/// The names of all that can be asked for.
pub fn fields() -> impl Iterator<Item = &'static str> {
    let texts = Text::ALL.into_iter().map(Text::name);
    let numbers = Number::ALL.into_iter().map(Number::name);
    let flags = Flag::ALL.into_iter().map(Flag::name);
    let others = ["kind", "state", "started", "since", "until"];
    texts.chain(numbers).chain(others).chain(flags)
}
