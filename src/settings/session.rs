//! `[session]`: what a session is like for the person at the terminal.
//!
//! Nothing here starts a session.

use std::time::Duration;

use super::in_force::Values;
use super::origin::Origin;
use super::spec::{Setting, Spec, duration, lines, text};

pub(crate) static ESCAPE: Setting<String> = text(
    "session.escape",
    |text| {
        text == "none"
            || (text.len() == 1 && text.bytes().all(|byte| byte.is_ascii_punctuation()))
            || matches!(text.as_bytes(), [b'^', b'@'..=b'_' | b'a'..=b'z'])
    },
    "one ASCII punctuation character, ^ and a letter for a control character, or \"none\"",
)
.default("~")
.purpose(
    "The character that starts a local command at the start of a line (~. ends, ~? lists), or \
     \"none\".",
);

static BANNER: Setting<String> = lines("session.banner")
    .example("This session is recorded.")
    .purpose("What the operator is told before a session starts.");

static RECONNECT_LIMIT: Setting<Duration> = duration(
    "session.reconnect_limit",
    Duration::ZERO,
    Duration::from_hours(24),
)
.default("20m")
.purpose(
    "How long a lost connection is tried again before the session is given up. (The service \
     keeps an idle session for 20 minutes, unless told otherwise.)",
);

static PING_INTERVAL: Setting<Duration> = duration(
    "session.ping_interval",
    Duration::from_secs(1),
    Duration::from_mins(10),
)
.default("10s")
.purpose(
    "How long a connection may be silent before it is tested with a ping. Without an answer \
     within as long again (at least 5 s, at most 15 s) it counts as dead.",
);

pub(super) static SPECS: [&Spec; 4] = [
    &ESCAPE.spec,
    &BANNER.spec,
    &RECONNECT_LIMIT.spec,
    &PING_INTERVAL.spec,
];

/// `[session]`
#[derive(Clone, Debug)]
pub(crate) struct Session {
    /// `None`: no local commands.
    pub(crate) escape: Option<u8>,
    pub(crate) banner: Option<Banner>,
    pub(crate) reconnect_limit: Duration,
    pub(crate) ping_interval: Duration,
}

/// What the operator is told before a session starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Banner {
    /// One or more lines.
    pub(crate) text: String,
    /// The policy says so.
    pub(crate) fixed: bool,
}

impl Session {
    pub(super) fn of(values: &Values) -> Self {
        let fixed = matches!(values.in_force(&BANNER.spec).origin, Origin::Policy(_));
        Self {
            escape: values
                .given(&ESCAPE)
                .and_then(|text| escape_character(&text)),
            banner: values.given(&BANNER).map(|text| Banner { text, fixed }),
            reconnect_limit: values.of(&RECONNECT_LIMIT),
            ping_interval: values.of(&PING_INTERVAL),
        }
    }
}

/// `None` for "none"; `^]` is Ctrl-].
fn escape_character(text: &str) -> Option<u8> {
    match text.as_bytes() {
        [character] => Some(*character),
        [b'^', letter] => Some(letter & 0x1f),
        _ => None,
    }
}
