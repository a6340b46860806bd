//! Whether a condition holds for a session: yes, no, or not known.
//!
//! Nothing that is not known is taken for false, and whatever becomes known later never turns an answer round.

use chrono::{DateTime, Utc};
use formats::findings::Severity;
use formats::manifest::Manifest;

use super::field::{Flag, Kind, Number, RISKS, Text};
use super::pattern::Pattern;
use super::{Condition, Term};

/// How far a recording got on its way into the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Recording and manifest are in the store.
    Stored,
    /// The recording is in the store, its manifest is not.
    WithoutManifest,
    /// In the spool: the session still runs, or was cut, or could not be stored.
    InSpool,
}

impl State {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Stored, Self::WithoutManifest, Self::InSpool];

    /// As programs read it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Stored => "stored",
            Self::WithoutManifest => "without_manifest",
            Self::InSpool => "in_spool",
        }
    }
}

/// What is known of a session.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// Its manifest. Of one without a manifest of its own, what its header tells.
    pub manifest: &'a Manifest,
    /// How far its recording got.
    pub state: Option<State>,
    /// Whose signatures over its manifest are good: names and fingerprints.
    pub signers: Option<&'a [String]>,
    /// What was run in it.
    pub commands: Option<Commands<'a>>,
}

/// What was run in a session.
#[derive(Clone, Copy, Debug)]
pub struct Commands<'a> {
    /// One text each.
    pub texts: &'a [String],
    /// There may be more.
    pub is_cut: bool,
}

impl<'a> Facts<'a> {
    /// What a manifest tells by itself.
    #[must_use]
    pub fn of(manifest: &'a Manifest) -> Self {
        Self {
            manifest,
            state: None,
            signers: None,
            commands: None,
        }
    }

    /// Whether the end of the session is told: what was counted means nothing without it.
    fn is_closed(&self) -> bool {
        match self.state {
            Some(state) => state == State::Stored,
            None => !self.manifest.chain.head.is_empty(),
        }
    }

    /// What it was for.
    #[must_use]
    pub fn kind(manifest: &Manifest) -> Kind {
        if manifest.target.starts_with("ecs:") {
            return Kind::Container;
        }
        match manifest.document.as_deref() {
            None | Some("" | "SSM-SessionManagerRunShell") => Kind::Shell,
            Some("AWS-StartInteractiveCommand" | "AWS-StartNonInteractiveCommand") => Kind::Command,
            Some("AWS-StartSSHSession") => Kind::Ssh,
            Some(name) if name.starts_with("AWS-StartPortForwardingSession") => Kind::Port,
            Some(_) if manifest.connections.is_some() => Kind::Port,
            Some(_) => Kind::Other,
        }
    }

    fn text(&self, text: Text, pattern: &Pattern) -> Option<bool> {
        let manifest = self.manifest;
        let known = |text: &Option<String>| text.as_deref().map(|text| pattern.matches(text));
        // What nobody gave is empty, and that is known.
        let given = |text: &Option<String>| Some(pattern.matches(text.as_deref().unwrap_or("")));
        match text {
            Text::Session => Some(pattern.matches(&manifest.session_id)),
            // Its id, or what it was called.
            Text::Target => {
                let name = known(&manifest.target_name).unwrap_or_default();
                Some(name || pattern.matches(&manifest.target))
            }
            Text::Reason => given(&manifest.reason),
            Text::Document => given(&manifest.document),
            Text::Account => known(&manifest.account),
            Text::Region => known(&manifest.region),
            Text::User => known(&manifest.user),
            Text::Host => known(&manifest.host),
            // Each of the two names the person by itself.
            Text::Operator => match (known(&manifest.operator), known(&manifest.user)) {
                (None, None) => None,
                (arn, user) => Some(arn == Some(true) || user == Some(true)),
            },
            Text::SignedBy => {
                let signers = self.signers?;
                Some(signers.iter().any(|signer| pattern.matches(signer)))
            }
            Text::Command => {
                let commands = self.commands?;
                let is_there = commands.texts.iter().any(|text| pattern.matches(text));
                (is_there || !commands.is_cut).then_some(is_there)
            }
        }
    }

    fn number(&self, number: Number) -> Option<i128> {
        let manifest = self.manifest;
        if !self.is_closed() {
            return None;
        }
        Some(match number {
            Number::Duration => i128::from(manifest.duration_us),
            Number::Size => i128::from(manifest.sizes.compressed),
            Number::Commands => i128::from(manifest.derived.as_ref()?.commands.count),
            Number::Risk => i128::from(risk_of(manifest)?),
            Number::Exit => i128::from(manifest.exit.as_ref()?.status?),
        })
    }

    fn flag(&self, flag: Flag) -> Option<bool> {
        let manifest = self.manifest;
        match flag {
            Flag::Recovered if self.is_closed() => Some(manifest.recovered),
            Flag::Unrecorded if self.is_closed() => Some(manifest.unrecorded.is_some()),
            Flag::Encrypted if self.is_closed() => Some(manifest.encryption.is_some()),
            // A sealed one says so in front as well.
            Flag::Encrypted => manifest.encryption.is_some().then_some(true),
            Flag::Recovered | Flag::Unrecorded => None,
        }
    }

    fn term(&self, term: &Term) -> Option<bool> {
        match term {
            Term::Text(text, pattern) => self.text(*text, pattern),
            Term::Number(number, comparison, value) => self
                .number(*number)
                .map(|number| comparison.holds(number, *value)),
            Term::Since(since) => started(self.manifest).map(|started| started >= *since),
            Term::Until(until) => started(self.manifest).map(|started| started < *until),
            Term::Kind(kind) => Some(Self::kind(self.manifest) == *kind),
            Term::State(state) => self.state.map(|known| known == *state),
            Term::Ended(word) => {
                let exit = self.manifest.exit.as_ref()?;
                Some(exit.kind.to_string() == *word)
            }
            Term::Flag(flag) => self.flag(*flag),
        }
    }
}

/// Which of them it is; unknown where no rule was asked.
fn risk_of(manifest: &Manifest) -> Option<i64> {
    let highest = manifest.rules.as_ref()?.highest();
    let name = highest.map_or("none", Severity::name);
    let at = RISKS.iter().position(|risk| *risk == name)?;
    i64::try_from(at).ok()
}

/// When it started, where that is told.
pub(crate) fn started(manifest: &Manifest) -> Option<DateTime<Utc>> {
    let text = manifest.started_at.as_deref()?;
    Some(DateTime::parse_from_rfc3339(text).ok()?.to_utc())
}

impl Condition {
    /// Whether it holds; `None` where what is known does not tell.
    #[must_use]
    pub fn judge(&self, facts: &Facts<'_>) -> Option<bool> {
        match self {
            Self::All(parts) => decided(parts, facts, false),
            Self::Any(parts) => decided(parts, facts, true),
            Self::Not(part) => part.judge(facts).map(|holds| !holds),
            Self::Is(term) => facts.term(term),
        }
    }
}

/// One part that is `by` decides; the other way round only all of them together do.
fn decided(parts: &[Condition], facts: &Facts<'_>, by: bool) -> Option<bool> {
    let mut is_known = true;
    for part in parts {
        match part.judge(facts) {
            Some(holds) if holds == by => return Some(by),
            Some(_) => {}
            None => is_known = false,
        }
    }
    is_known.then_some(!by)
}
