//! What is known of a session besides its text: from its manifest, from its time, from where it leads to.
//!
//! Nothing here asks a clock or a store: what is not told is not known, and finds nothing.

use chrono::DateTime;
use formats::derived::Millis;
use formats::manifest::Manifest;

use super::look::compiled;
use super::rule::Fact;

/// What is known of a session at its end.
#[derive(Clone, Copy, Debug)]
pub struct Session<'a> {
    /// What it says of itself; of one that was cut, what was known at its start.
    pub manifest: &'a Manifest,
    /// Nobody saw its end.
    pub is_cut: bool,
    /// Whether somebody signed it; unknown while it is being closed.
    pub is_signed: Option<bool>,
    /// Whether this operator was never on this target before; known to who has the catalog.
    pub is_first_on_target: Option<bool>,
}

impl<'a> Session<'a> {
    /// What a manifest tells, and nothing else.
    #[must_use]
    pub fn of(manifest: &'a Manifest) -> Self {
        Self {
            manifest,
            is_cut: manifest.recovered,
            is_signed: None,
            is_first_on_target: None,
        }
    }

    pub(super) fn duration(&self) -> Millis {
        self.manifest.duration_us / 1000
    }

    /// When a fact became so, and what there is to say of it; `None` where it is not so, or not known.
    pub(super) fn fact(&self, fact: &Fact) -> Option<(Option<Millis>, String)> {
        let manifest = self.manifest;
        let said = |is_so: bool, text: &str| is_so.then(|| (None, text.to_owned()));
        match fact {
            Fact::OutsideHours(hours) => {
                let hours = hours.as_ref()?;
                let started = manifest.started_at.as_deref()?;
                let at = DateTime::parse_from_rfc3339(started).ok()?;
                said(!hours.holds(at.timestamp()), started)
            }
            Fact::NoTicket(pattern) => {
                let reason = manifest.reason.as_deref().unwrap_or_default().trim();
                let has_ticket = match pattern {
                    // It compiled when it was said.
                    Some(pattern) => compiled(pattern)
                        .map_or(true, |pattern| pattern.is_match(reason.as_bytes())),
                    None => !reason.is_empty(),
                };
                said(!has_ticket, reason)
            }
            Fact::Unrecorded => {
                let unrecorded = manifest.unrecorded.as_ref()?;
                Some((Some(unrecorded.from_us / 1000), unrecorded.cause.clone()))
            }
            Fact::Cut => self
                .is_cut
                .then(|| (Some(self.duration()), "nobody saw its end".to_owned())),
            Fact::Unsigned => said(self.is_signed == Some(false), "no signature"),
            Fact::FirstOnTarget => said(self.is_first_on_target == Some(true), &manifest.target),
            Fact::Opaque(_) | Fact::Base64(_) => None,
        }
    }
}

/// Where a port session leads to.
pub(super) fn connection(manifest: &Manifest) -> Option<String> {
    let parameter = |name: &str| {
        let values = manifest.parameters.get(name)?;
        values.first().map(String::as_str)
    };
    let port = parameter("portNumber")?;
    let host = parameter("host").unwrap_or("localhost");
    let document = manifest.document.as_deref().unwrap_or_default();
    Some(format!("{document} {host}:{port}"))
}

/// What is known of a session, text by text.
pub(super) fn told(manifest: &Manifest) -> Vec<String> {
    let single = [
        ("session", Some(&manifest.session_id)),
        ("target", Some(&manifest.target)),
        ("document", manifest.document.as_ref()),
        ("reason", manifest.reason.as_ref()),
        ("operator", manifest.operator.as_ref()),
        ("user", manifest.user.as_ref()),
        ("host", manifest.host.as_ref()),
        ("account", manifest.account.as_ref()),
        ("region", manifest.region.as_ref()),
    ];
    let single = single
        .into_iter()
        .filter_map(|(name, value)| Some(format!("{name}={}", value?)));
    let parameters = manifest.parameters.iter().flat_map(|(name, values)| {
        values
            .iter()
            .map(move |value| format!("parameter.{name}={value}"))
    });
    single.chain(parameters).collect()
}

/// Whether a line is nothing but base64, and long.
pub(super) fn is_base64(text: &str) -> bool {
    const SHORTEST: usize = 60;
    let text = text.trim_end_matches('=');
    text.len() >= SHORTEST
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_'))
        // A line of one character is a rule that somebody drew.
        && text.bytes().any(|byte| byte != text.as_bytes()[0])
}

/// Times that may lie over each other, added in the order in which they end.
#[derive(Debug, Default)]
pub(super) struct Spans(Vec<(Millis, Millis)>);

/// So many of them are kept apart.
const APART: usize = 1024;

impl Spans {
    pub(super) fn add(&mut self, mut first: Millis, last: Millis) {
        while let Some(&(start, end)) = self.0.last().filter(|(_, end)| *end >= first) {
            first = first.min(start);
            self.0.pop();
            if end > last {
                self.0.push((first, end));
                return;
            }
        }
        if self.0.len() >= APART {
            // What lies between them is no longer known.
            let (start, _) = self.0.remove(0);
            self.0[0].0 = start.min(self.0[0].0);
        }
        self.0.push((first, last));
    }

    pub(super) fn length(&self) -> Millis {
        self.0.iter().map(|(first, last)| last - first).sum()
    }

    pub(super) fn first(&self) -> Option<Millis> {
        self.0.first().map(|(first, _)| *first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_that_lie_over_each_other_count_once() {
        let mut spans = Spans::default();
        for (first, last) in [(10, 20), (15, 30), (40, 50), (45, 55), (0, 60), (70, 80)] {
            spans.add(first, last);
        }
        assert_eq!(spans.length(), 70);
        assert_eq!(spans.first(), Some(0));
        let mut many = Spans::default();
        (0..5000).for_each(|at| many.add(at * 10, at * 10 + 5));
        assert!(many.0.len() <= APART);
    }

    #[test]
    fn base64_is_long_and_has_more_than_one_character() {
        assert!(is_base64(&"QUJD".repeat(19)));
        assert!(is_base64(&format!("{}==", "QUJD".repeat(16))));
        for text in ["QUJD", &"-".repeat(76), &"QUJD ".repeat(20), ""] {
            assert!(!is_base64(text), "{text}");
        }
    }
}
