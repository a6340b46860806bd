//! What an examination finds: one line each, good, doubtful or bad, and what to do about it; as text and for programs.
//!
//! Nothing is looked at here, and nothing is doubtful or bad without a next step.

use std::fmt::Write as _;

use serde::Serialize;

use crate::words::{printable, wrapped};

/// How something stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Verdict {
    Good,
    /// It works, and may not for long; or it cannot be seen from here.
    Doubtful,
    /// Sessions do not run, are not recorded, or not kept.
    Bad,
}

impl Verdict {
    fn word(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Doubtful => "doubtful",
            Self::Bad => "bad",
        }
    }

    fn color(self) -> &'static str {
        match self {
            Self::Good => "\x1b[32m",
            Self::Doubtful => "\x1b[33m",
            Self::Bad => "\x1b[1;31m",
        }
    }
}

/// What belongs together, in the order in which it is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Group {
    Settings,
    Access,
    Network,
    Permissions,
    Store,
    Spool,
    Signing,
    Plugin,
    Terminal,
    Target,
    Try,
}

impl Group {
    fn word(self) -> &'static str {
        match self {
            Self::Settings => "settings",
            Self::Access => "access",
            Self::Network => "network",
            Self::Permissions => "permissions",
            Self::Store => "store",
            Self::Spool => "spool",
            Self::Signing => "signing",
            Self::Plugin => "plugin",
            Self::Terminal => "terminal",
            Self::Target => "target",
            Self::Try => "try",
        }
    }
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Finding {
    pub(crate) group: Group,
    /// One word for it.
    pub(crate) check: &'static str,
    pub(crate) verdict: Verdict,
    /// What was seen.
    pub(crate) seen: String,
    /// What to do about it.
    pub(crate) next: Option<String>,
}

impl Group {
    pub(crate) fn good(self, check: &'static str, seen: impl Into<String>) -> Finding {
        Finding {
            group: self,
            check,
            verdict: Verdict::Good,
            seen: seen.into(),
            next: None,
        }
    }

    pub(crate) fn doubtful(
        self,
        check: &'static str,
        seen: impl Into<String>,
        next: impl Into<String>,
    ) -> Finding {
        Finding {
            verdict: Verdict::Doubtful,
            next: Some(next.into()),
            ..self.good(check, seen)
        }
    }

    pub(crate) fn bad(
        self,
        check: &'static str,
        seen: impl Into<String>,
        next: impl Into<String>,
    ) -> Finding {
        Finding {
            verdict: Verdict::Bad,
            next: Some(next.into()),
            ..self.good(check, seen)
        }
    }

    /// Something else is in the way, which has a line of its own.
    pub(crate) fn unseen(self, check: &'static str, why: &str, next: impl Into<String>) -> Finding {
        self.doubtful(check, format!("cannot be seen: {why}"), next)
    }
}

/// Everything that was looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Findings(pub(crate) Vec<Finding>);

/// How text is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Look {
    /// A line each, for files and programs that read lines.
    Lines,
    /// For a terminal so many columns wide: groups, colours, folded lines.
    Folded(usize),
}

/// A screen narrower than this is not folded for.
const NARROWEST: usize = 40;
/// The widest text that is read with ease.
const WIDEST: usize = 120;

impl Findings {
    /// Whether nothing is bad.
    pub(crate) fn is_well(&self) -> bool {
        self.count(Verdict::Bad) == 0
    }

    /// Whether something of these groups is bad.
    pub(crate) fn is_bad_in(&self, groups: &[Group]) -> bool {
        let bad = |one: &Finding| one.verdict == Verdict::Bad && groups.contains(&one.group);
        self.0.iter().any(bad)
    }

    /// Whether the target told that it runs Windows.
    pub(crate) fn is_windows(&self) -> bool {
        let told = |one: &Finding| {
            one.group == Group::Target && one.check == "platform" && one.seen.starts_with("Windows")
        };
        self.0.iter().any(told)
    }

    fn count(&self, verdict: Verdict) -> usize {
        self.0.iter().filter(|one| one.verdict == verdict).count()
    }

    /// `19 good, 2 doubtful, 1 bad`
    pub(crate) fn tally(&self) -> String {
        let of = |verdict: Verdict| format!("{} {}", self.count(verdict), verdict.word());
        format!(
            "{}, {}, {}",
            of(Verdict::Good),
            of(Verdict::Doubtful),
            of(Verdict::Bad)
        )
    }

    /// All of it as text, harmless on a terminal.
    pub(crate) fn text(&self, look: Look) -> String {
        let mut out = String::new();
        let mut group = None;
        let widest = self.0.iter().map(|one| one.check.len()).max();
        let widest = widest.unwrap_or_default();
        for one in &self.0 {
            let (seen, word) = (printable(&one.seen), one.verdict.word());
            let next = one.next.as_deref().map(printable);
            // Writing to a String cannot fail.
            match look {
                Look::Lines => {
                    let group = one.group.word();
                    let _ = write!(
                        out,
                        "{word:8}  {group:11}  {check:widest$}  {seen}",
                        check = one.check
                    );
                    if let Some(next) = next {
                        let _ = write!(out, "; next: {next}");
                    }
                    out.push('\n');
                }
                Look::Folded(columns) => {
                    if group != Some(one.group) {
                        let _ = writeln!(out, "\x1b[1m{}\x1b[0m", one.group.word());
                        group = Some(one.group);
                    }
                    let color = one.verdict.color();
                    let _ = write!(
                        out,
                        "  {color}{word:8}\x1b[0m  {check:widest$}  ",
                        check = one.check
                    );
                    let indent = 14 + widest;
                    let room = columns.clamp(NARROWEST, WIDEST).saturating_sub(indent + 1);
                    let next = next.map(|next| format!("next: {next}"));
                    let texts = [Some(seen), next].into_iter().flatten();
                    let lines: Vec<String> = texts.flat_map(|text| wrapped(&text, room)).collect();
                    let _ = writeln!(out, "{}", lines.join(&format!("\n{:indent$}", "")));
                }
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings() -> Findings {
        Findings(vec![
            Group::Access.good("region", "eu-central-1"),
            Group::Store.doubtful("lock", "a\x1b[2Jb\nc", "do \u{202e}this"),
            Group::Store.bad("listing", "no", "allow it"),
        ])
    }

    #[test]
    fn each_finding_is_one_harmless_line_with_what_to_do_next() {
        let text = findings().text(Look::Lines);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(
            lines,
            [
                "good      access       region   eu-central-1",
                "doubtful  store        lock     a\\u{1b}[2Jb c; next: do \\u{202e}this",
                "bad       store        listing  no; next: allow it",
            ]
        );
    }

    #[test]
    fn one_bad_thing_makes_all_of_it_bad_and_a_doubtful_one_does_not() {
        let mut findings = findings();
        assert!(!findings.is_well() && findings.is_bad_in(&[Group::Access, Group::Store]));
        assert!(!findings.is_bad_in(&[Group::Access]));
        assert_eq!(findings.tally(), "1 good, 1 doubtful, 1 bad");
        findings.0.pop();
        assert!(findings.is_well());
        assert!(Findings::default().is_well());
    }

    #[test]
    fn a_terminal_gets_a_heading_a_group_and_no_line_wider_than_it_is() {
        let mut findings = findings();
        findings.0[0].seen = "word ".repeat(40);
        let text = findings.text(Look::Folded(60));
        assert_eq!(text.matches("\x1b[1mstore\x1b[0m").count(), 1, "{text}");
        let plain = ["\x1b[1m", "\x1b[0m", "\x1b[32m", "\x1b[33m", "\x1b[1;31m"];
        let plain = plain.iter().fold(text, |text, code| text.replace(code, ""));
        assert!(
            plain.lines().all(|line| line.chars().count() <= 60),
            "{plain}"
        );
        assert!(
            plain.contains("\n                     next: allow it\n"),
            "{plain}"
        );
    }

    #[test]
    fn programs_read_words_that_do_not_change() {
        let line = crate::words::json(&findings().0[2]);
        assert_eq!(
            line,
            r#"{"group":"store","check":"listing","verdict":"bad","seen":"no","next":"allow it"}"#
        );
    }
}
