//! Ordinary sessions, made from templates: what somebody who runs machines types and sees on a day without an incident.
//!
//! Nothing here is anybody's session, and the same ones come each time.

use formats::derived::{Command, Line};

const TEMPLATES: &str = include_str!("ordinary.txt");

/// What stands in a template for a name, and the names that it is given in turn.
const NAMES: [(&str, [&str; 6]); 7] = [
    (
        "{app}",
        ["shop", "billing", "web", "search-api", "mailer", "reports"],
    ),
    (
        "{host}",
        [
            "db-1",
            "db.internal",
            "10.2.0.17",
            "cache-2",
            "node7.example.org",
            "edge",
        ],
    ),
    (
        "{ns}",
        [
            "prod",
            "shop",
            "default",
            "payments",
            "kube-system",
            "staging",
        ],
    ),
    (
        "{pkg}",
        [
            "nginx",
            "curl",
            "openssl",
            "jq",
            "postgresql-client",
            "node-exporter",
        ],
    ),
    (
        "{user}",
        ["ann", "bob", "deploy", "svc-report", "chen", "ops"],
    ),
    (
        "{ver}",
        ["1.4.2", "2026.11.1", "v3.0.0", "0.9", "7.1.12", "20261127"],
    ),
    ("{n}", ["1", "2", "3", "5", "8", "13"]),
];

/// A session: its commands and its lines, in the order in which they came.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ordinary {
    pub(crate) commands: Vec<Command>,
    pub(crate) lines: Vec<Line>,
}

/// So many sessions of each template.
pub(crate) fn sessions(of_each: usize) -> Vec<Ordinary> {
    let mut sessions = Vec::new();
    for (number, template) in TEMPLATES.split("\n\n").enumerate() {
        for variant in 0..of_each {
            sessions.push(session(template, number + variant));
        }
    }
    sessions
}

fn session(template: &str, turn: usize) -> Ordinary {
    let mut session = Ordinary::default();
    for (at, line) in template.lines().enumerate() {
        let mut text = line.to_owned();
        for (place, (name, values)) in NAMES.iter().enumerate() {
            text = text.replace(name, values[(turn + place) % values.len()]);
        }
        let time = at as u64 * 1000;
        let read = match text.split_once("> ") {
            Some((program, command))
                if matches!(program, "psql" | "mysql" | "mongo" | "python") =>
            {
                Some((vec![program.to_owned()], command.to_owned()))
            }
            _ => text
                .strip_prefix("$ ")
                .map(|command| (Vec::new(), command.to_owned())),
        };
        if let Some((context, text)) = read {
            session.commands.push(Command {
                number: session.commands.len() as u64 + 1,
                start: time,
                text,
                context,
                ..Command::default()
            });
        }
        session.lines.push(Line {
            first: time,
            last: time + 500,
            text,
            other: false,
        });
    }
    session
}
