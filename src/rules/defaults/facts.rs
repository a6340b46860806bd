//! Facts that no text tells.
//!
//! Nothing here has a pattern: `rules/facts.rs` looks for them.

use super::Severity::{High, Info, Low, Medium};
use super::{LooksAt, Severity, Shipped, rule};

const fn fact(
    severity: Severity,
    id: &'static str,
    name: &'static str,
    fact: &'static str,
    why: &'static str,
) -> Shipped {
    Shipped {
        fact: Some(fact),
        why,
        ..rule(LooksAt::Session, severity, id, name, "")
    }
}

pub(super) const RULES: &[Shipped] = &[
    fact(
        Medium,
        "outside-hours",
        "it began outside the hours in which sessions are expected",
        "outside-hours",
        "Off until hours are set: [[rule]] id = \"outside-hours\", hours = \"07:00-19:00\", days = \"mon-fri\", zone = \"+01:00\".",
    ),
    fact(
        Low,
        "no-ticket",
        "no ticket stands in its reason",
        "no-ticket",
        "Without a pattern, a reason that is empty. With one (pattern = \"CHG-[0-9]+\"), a reason that does not match.",
    ),
    fact(
        High,
        "unrecorded",
        "it went on without being recorded",
        "unrecorded",
        "What was done from then on is in no recording.",
    ),
    fact(
        Low,
        "cut-short",
        "nobody saw its end",
        "cut",
        "The client ended before the session did; what was recorded until then was closed later.",
    ),
    fact(
        Low,
        "unsigned",
        "nobody signed it",
        "unsigned",
        "Without a signature nothing tells that the whole recording was not made anew.",
    ),
    fact(
        Low,
        "opaque",
        "a full-screen program had the screen for long",
        "opaque",
        "What is run inside an editor, a pager or tmux is in the recording, and no command tells of it. Set minutes = 30.",
    ),
    fact(
        Medium,
        "base64-shown",
        "much base64 went over the screen",
        "base64",
        "A file can be carried in or out that way, without another connection. Set lines = 100 in a row.",
    ),
    fact(
        Info,
        "first-on-target",
        "this operator was never on this target before",
        "first-on-target",
        "Told by review and review --watch, which look through ninety days of the store; a client does not know it.",
    ),
];
