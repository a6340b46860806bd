//! The rules that are shipped, each beside what it hits and what it must not hit.
//!
//! Nothing here is secret or complete: whoever knows the rules can go round them, and a recording shows that too. Whoever
//! changes what a rule finds raises the version.

mod containers;
mod databases;
mod destruction;
mod facts;
mod history;
mod logging;
mod network;
mod outward;
mod persistence;
mod privileges;
mod secrets;
mod tunnels;
mod windows;

use super::rule::{Fact, Find, LooksAt, Rule, Severity};

/// The version of all of them.
pub(super) const VERSION: u32 = 1;

/// What a rule hits and what it does not; a text that begins with `psql> ` or the like is read by that program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Examples {
    /// Texts that it hits.
    pub hits: &'static [&'static str],
    /// Texts near those, which it does not hit.
    pub misses: &'static [&'static str],
}

/// A rule as it is written down here.
#[derive(Clone, Copy, Debug)]
struct Shipped {
    id: &'static str,
    name: &'static str,
    severity: Severity,
    looks_at: LooksAt,
    pattern: &'static str,
    unless: Option<&'static str>,
    /// In place of the pattern, by its name.
    fact: Option<&'static str>,
    /// What it finds is not repeated.
    secret: bool,
    why: &'static str,
    references: &'static [&'static str],
    examples: Examples,
}

const fn rule(
    looks_at: LooksAt,
    severity: Severity,
    id: &'static str,
    name: &'static str,
    pattern: &'static str,
) -> Shipped {
    Shipped {
        id,
        name,
        severity,
        looks_at,
        pattern,
        unless: None,
        fact: None,
        secret: false,
        why: "",
        references: &[],
        examples: Examples {
            hits: &[],
            misses: &[],
        },
    }
}

/// One that looks at commands.
const fn command(
    severity: Severity,
    id: &'static str,
    name: &'static str,
    pattern: &'static str,
) -> Shipped {
    rule(LooksAt::Commands, severity, id, name, pattern)
}

/// One that looks at lines for a secret.
const fn secret_line(
    severity: Severity,
    id: &'static str,
    name: &'static str,
    pattern: &'static str,
) -> Shipped {
    Shipped {
        secret: true,
        ..rule(LooksAt::Lines, severity, id, name, pattern)
    }
}

impl Shipped {
    const fn unless(self, pattern: &'static str) -> Self {
        Self {
            unless: Some(pattern),
            ..self
        }
    }

    const fn why(self, why: &'static str, references: &'static [&'static str]) -> Self {
        Self {
            why,
            references,
            ..self
        }
    }

    const fn hits(self, hits: &'static [&'static str]) -> Self {
        Self {
            examples: Examples {
                hits,
                ..self.examples
            },
            ..self
        }
    }

    const fn misses(self, misses: &'static [&'static str]) -> Self {
        Self {
            examples: Examples {
                misses,
                ..self.examples
            },
            ..self
        }
    }

    fn rule(&self) -> Rule {
        let fact = self.fact.and_then(Fact::named);
        Rule {
            id: self.id.to_owned(),
            name: self.name.to_owned(),
            severity: self.severity,
            looks_at: self.looks_at,
            find: fact.map_or_else(
                || Find::Pattern {
                    pattern: self.pattern.to_owned(),
                    unless: self.unless.map(str::to_owned),
                },
                Find::Fact,
            ),
            secret: self.secret,
            explanation: self.why.to_owned(),
            references: self
                .references
                .iter()
                .map(|&text| text.to_owned())
                .collect(),
        }
    }
}

fn shipped() -> impl Iterator<Item = &'static Shipped> {
    [
        containers::RULES,
        databases::RULES,
        destruction::RULES,
        facts::RULES,
        history::RULES,
        logging::RULES,
        network::RULES,
        outward::RULES,
        persistence::RULES,
        privileges::RULES,
        secrets::RULES,
        tunnels::RULES,
        windows::RULES,
    ]
    .into_iter()
    .flatten()
}

/// All of them.
pub(super) fn rules() -> impl Iterator<Item = Rule> {
    shipped().map(Shipped::rule)
}

/// What a rule that is shipped hits and does not hit.
#[must_use]
pub fn examples(id: &str) -> Option<Examples> {
    let found = shipped().find(|shipped| shipped.id == id)?;
    Some(found.examples)
}

#[cfg(test)]
mod tests {
    use super::super::set::RuleSet;
    use super::*;

    /// The program that reads a text, where it is named before it.
    fn parted(text: &str) -> (&str, Vec<&str>) {
        match text.split_once("> ") {
            Some((context, text))
                if !context.is_empty() && context.chars().all(|c| c.is_ascii_lowercase()) =>
            {
                (text, vec![context])
            }
            _ => (text, Vec::new()),
        }
    }

    #[test]
    fn every_rule_hits_what_it_says_and_no_near_miss() {
        let set = RuleSet::shipped().unwrap();
        let mut wrong = Vec::new();
        for shipped in shipped() {
            if shipped.fact.is_some() {
                continue;
            }
            let Examples { hits, misses } = shipped.examples;
            if hits.is_empty() || misses.len() < 3 {
                wrong.push(format!("{}: too few examples", shipped.id));
            }
            for (texts, expected) in [(hits, true), (misses, false)] {
                for text in texts {
                    let (text, context) = parted(text);
                    if set.hits(shipped.id, text, &context) != expected {
                        wrong.push(format!("{}: {text:?} is {}", shipped.id, !expected));
                    }
                }
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    #[test]
    fn every_rule_has_an_id_of_its_own_and_says_why() {
        let mut ids: Vec<_> = shipped().map(|shipped| shipped.id).collect();
        for shipped in shipped() {
            assert!(super::super::is_id(shipped.id), "{}", shipped.id);
            assert!(shipped.why.ends_with('.'), "{}", shipped.id);
            assert!(!shipped.name.ends_with('.'), "{}", shipped.id);
        }
        let all = ids.len();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), all);
    }

    #[test]
    fn a_program_of_which_a_rule_only_reads_the_name_is_no_hit() {
        let set = RuleSet::shipped().unwrap();
        for shipped in shipped().filter(|shipped| shipped.looks_at == LooksAt::Commands) {
            for text in shipped.examples.hits {
                // Where it is one word in quotes, it is only talked of.
                let quoted = text.replace('\'', "");
                for mention in [
                    format!("git commit -m '{quoted}'"),
                    format!("man '{quoted}'"),
                ] {
                    assert!(
                        !set.hits(shipped.id, &mention, &[]) || text.contains("$("),
                        "{}: {mention}",
                        shipped.id
                    );
                }
            }
        }
    }

    #[test]
    fn a_run_in_disguise_is_a_run_and_a_mention_is_none() {
        let set = RuleSet::shipped().unwrap();
        for text in [
            "\"rm\" -rf /",
            "r\\m -rf /",
            "\\rm  -rf\t//",
            "sudo -- rm -rf /",
            "env -S 'rm -rf /'",
            "f() { rm -rf /; }; f",
            "function f { rm -rf /; }",
            "if true; then rm -rf /; fi",
            "while :; do rm -rf /; done",
            "true && { rm -rf /; }",
            "nohup sh -c \"rm -rf /\" &",
            "x=$(rm -rf /)",
            "echo `rm -rf /`",
            "cat <(rm -rf /)",
            "(rm -rf /)",
            "! time rm -rf -- /",
            "sudo -u root -H bash -euxc 'cd /tmp && rm -rf /'",
            "ssh -i key root@h 'rm -rf /'",
            "docker exec -u root web rm -rf /",
            "kubectl exec -n x web -c app -- sh -c 'rm -rf /'",
            "find . -exec rm -rf / \\;",
            "busybox rm -rf /",
            "case x in x) rm -rf /;; esac",
            "bash <<'E'\nrm -rf /\nE",
            "bash <<< 'rm -rf /'",
            "echo 'rm -rf /' | sudo bash",
            "watch -n 1 'rm -rf /'",
            "eval rm -rf /",
            "trap 'rm -rf /' EXIT",
            "su -c 'rm -rf /' root",
            "sleep 5; rm -rf /",
            "ls\nrm -rf /",
            "A=1 B=2 rm -rf /",
            "timeout -k 1 5 nice -n 19 ionice -c3 rm -rf /",
            "flock /tmp/l rm -rf /",
            "alias ls='rm -rf /'",
            "systemd-run --user rm -rf /",
        ] {
            assert!(set.hits("system-deleted", text, &[]), "{text}");
        }
        for text in [
            "echo 'a; rm -rf /'",
            "grep -r 'rm -rf /' .",
            "# rm -rf /",
            "cat <<E\nrm -rf /\nE",
            "git log --grep 'rm -rf /' | head",
            "ls # && rm -rf /",
            "man rm",
            "vim rm -rf /",
            "touch 'rm -rf /'",
        ] {
            assert!(!set.hits("system-deleted", text, &[]), "{text}");
        }
    }
}
