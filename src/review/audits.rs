//! Kept audits: each one in the store as it was told, signed, and naming the one before it; and those of a longer period than
//! the service tells of, read again.
//!
//! Nothing kept is believed that is not what its name says, or that nobody signed whose signature counts where somebody has said
//! whose does.

use std::collections::BTreeMap;

use chrono::{DateTime, Days, SecondsFormat, Utc};
use formats::audit::{FORMAT, Line, MAX_SNAPSHOT, Previous, Snapshot, Source};
use formats::continuity::digest;
use formats::layout;
use formats::signature::{MAX_SIGNATURE, Purpose};

use super::audit::{Account, Asked, Audited, Happened, Rules, Seal, Status, Witness, unasked};
use super::catalog::{Catalog, Error};
use crate::store::{self, Span};
use crate::words::causes;

/// So often the period is gone through: once for each who audits accounts of their own.
const PASSES: usize = 8;

/// The names of the verdicts that lie beside each session.
pub(crate) type Reviews = BTreeMap<String, Vec<String>>;

/// What kept audits tell.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    /// The sessions that they were told of.
    pub(crate) told: Vec<Happened>,
    /// Who was asked then.
    pub(crate) asked: Vec<Asked>,
    /// What is wrong with them.
    pub(crate) problems: Vec<String>,
}

/// One that is listed.
#[derive(Clone, Debug)]
struct Listed {
    key: String,
    since: DateTime<Utc>,
    until: DateTime<Utc>,
}

impl Catalog {
    /// What kept audits tell of the time before `until`, from the few of them that reach over all of it; `known` is what others tell.
    /// Where several were asked of different accounts, more of them are read.
    ///
    /// # Errors
    /// The store cannot be listed or reached.
    pub(crate) fn kept_audits(
        &self,
        rules: &Rules,
        until: DateTime<Utc>,
        known: &[Asked],
    ) -> Result<Kept, Error> {
        let mut kept = Kept::default();
        let mut listed = self.listed_audits(rules)?;
        for _ in 0..PASSES {
            let before = listed.len();
            self.reach_over(rules.since, until, &mut listed, &mut kept)?;
            let asked = [known, kept.asked.as_slice()].concat();
            if listed.len() == before || unasked(&asked, rules).is_empty() {
                break;
            }
        }
        Ok(kept)
    }

    /// Takes those that go on the furthest, from `covered` to `until`.
    fn reach_over(
        &self,
        mut covered: DateTime<Utc>,
        until: DateTime<Utc>,
        listed: &mut Vec<Listed>,
        kept: &mut Kept,
    ) -> Result<(), Error> {
        while covered < until {
            let next = listed
                .iter()
                .enumerate()
                .filter(|(_, one)| one.since <= covered && one.until > covered)
                .max_by_key(|(_, one)| one.until)
                .map(|(at, _)| at);
            let Some(at) = next else {
                // Nobody tells of what is next: it goes on behind that.
                let begins = listed.iter().map(|one| one.since);
                match begins.filter(|since| *since > covered).min() {
                    Some(since) => covered = since,
                    None => break,
                }
                continue;
            };
            let one = listed.swap_remove(at);
            match self.audit_at(&one.key)? {
                Ok(snapshot) => {
                    self.check_chain(&one.key, &snapshot, &mut kept.problems)?;
                    // Of what it was not told another may tell.
                    if snapshot.complete {
                        covered = covered.max(one.until);
                    }
                    kept.take(&one.key, snapshot);
                }
                Err(why) => {
                    let place = self.store().locate(&one.key);
                    kept.problems.push(format!("{place}: {why}"));
                }
            }
        }
        Ok(())
    }

    /// Keeps an audit; tells where.
    ///
    /// # Errors
    /// The store cannot be listed or written.
    pub(crate) fn keep_audit(
        &self,
        account: &Account,
        reviews: &Reviews,
        sign: impl FnOnce(&[u8]) -> Option<String>,
    ) -> Result<String, Error> {
        let rules = &account.rules;
        let snapshot = snapshot(account, reviews, self.last_audit(rules)?);
        let bytes = snapshot.encode();
        let key = layout::audit(rules.now, [rules.since, rules.until], &digest(&bytes));
        if let Some(signature) = sign(&bytes) {
            self.store()
                .put(&format!("{key}.sig"), signature.as_bytes())?;
        }
        self.store().put(&key, &bytes)?;
        Ok(self.store().locate(&key))
    }

    /// The verdicts that the audit before has seen and that are gone: of which session, and its name. Only sessions of which it is
    /// known by now what lies beside them are told of.
    ///
    /// # Errors
    /// The store cannot be listed or reached.
    pub(crate) fn gone_reviews(
        &self,
        rules: &Rules,
        now: &Reviews,
    ) -> Result<Vec<(String, String)>, Error> {
        let Some(previous) = self.last_audit(rules)? else {
            return Ok(Vec::new());
        };
        // One that does not count accuses nobody.
        let Ok(before) = self.audit_at(&previous.key)? else {
            return Ok(Vec::new());
        };
        let lines = before.sessions.into_iter();
        let gone = lines.flat_map(|line| {
            let there = now.get(&line.session_id);
            let names = line.reviews.into_iter();
            let gone = names.filter(move |name| there.is_some_and(|there| !there.contains(name)));
            gone.map(move |name| (line.session_id.clone(), name))
        });
        Ok(gone.collect())
    }

    fn audit_keys(&self, span: Span) -> Result<Vec<String>, Error> {
        let mut keys = self.store().list_spans(&[span])?.concat();
        keys.retain(|key| layout::parse_audit(key).is_some());
        Ok(keys)
    }

    fn listed_audits(&self, rules: &Rules) -> Result<Vec<Listed>, Error> {
        let folder = layout::day(rules.since.date_naive());
        let keys = self.audit_keys(Span {
            prefix: layout::AUDITS.to_owned(),
            after: Some(format!("{}{folder}", layout::AUDITS)),
            before: None,
        })?;
        let listed = keys.into_iter().filter_map(|key| {
            let ([since, until], _) = layout::parse_audit(&key)?;
            Some(Listed { key, since, until })
        });
        Ok(listed.collect())
    }

    /// The newest one, which the next one names.
    fn last_audit(&self, rules: &Rules) -> Result<Option<Previous>, Error> {
        let from = rules
            .now
            .checked_sub_days(Days::new(400))
            .unwrap_or(rules.now);
        let folder = layout::day(from.date_naive());
        let keys = self.audit_keys(Span {
            prefix: layout::AUDITS.to_owned(),
            after: Some(format!("{}{folder}", layout::AUDITS)),
            before: None,
        })?;
        let Some(key) = keys.into_iter().max() else {
            return Ok(None);
        };
        let bytes = self.store().read(&key, MAX_SNAPSHOT as u64)?;
        let digest = digest(&bytes);
        Ok(Some(Previous { key, digest }))
    }

    /// A kept audit; or why it does not count.
    fn audit_at(&self, key: &str) -> Result<Result<Snapshot, String>, Error> {
        let bytes = match self.store().read(key, MAX_SNAPSHOT as u64) {
            Ok(bytes) => bytes,
            Err(error) => return Ok(Err(causes(&error))),
        };
        let told = layout::parse_audit(key).map(|(_, told)| told);
        if told.is_none_or(|told| !digest(&bytes).starts_with(told)) {
            return Ok(Err(
                "this audit is not what its name says: it was altered".to_owned()
            ));
        }
        let snapshot = match Snapshot::parse(&bytes) {
            Ok(snapshot) => snapshot,
            Err(error) => return Ok(Err(causes(&error))),
        };
        if key_of(&snapshot, &bytes).as_deref() != Some(key) {
            return Ok(Err(
                "this audit is of another time than its name says".to_owned()
            ));
        }
        let signature = self
            .store()
            .read(&format!("{key}.sig"), MAX_SIGNATURE as u64);
        let seal = match signature {
            Err(store::Error::NotFound { .. }) => Seal::None,
            Err(error) => return Err(error.into()),
            Ok(armored) => {
                let at = moment(Some(&snapshot.asked_at));
                self.seal(&armored, (Purpose::Audit, &bytes), at)
            }
        };
        Ok(match seal {
            Seal::Trusted(_) | Seal::Unjudged(_) => Ok(snapshot),
            Seal::None if !self.knows_signers() => Ok(snapshot),
            Seal::None => Err("this audit is not signed, and is not used".to_owned()),
            Seal::NotAllowed(why) => {
                Err(format!("the signature of this audit does not count: {why}"))
            }
            Seal::Wrong(why) => Err(format!("the signature of this audit is wrong: {why}")),
        })
    }

    /// Whether the one before is there as it was.
    fn check_chain(
        &self,
        key: &str,
        snapshot: &Snapshot,
        problems: &mut Vec<String>,
    ) -> Result<(), Error> {
        let Some(previous) = &snapshot.previous else {
            return Ok(());
        };
        let why = match self.store().read(&previous.key, MAX_SNAPSHOT as u64) {
            Ok(bytes) if digest(&bytes) == previous.digest => return Ok(()),
            Ok(_) => "was altered",
            Err(store::Error::NotFound { .. }) => "is gone",
            Err(error) => return Err(error.into()),
        };
        let (place, before) = (self.store().locate(key), self.store().locate(&previous.key));
        problems.push(format!("{place}: the audit before it {why}: {before}"));
        Ok(())
    }
}

impl Kept {
    fn take(&mut self, key: &str, snapshot: Snapshot) {
        let asked_at = moment(Some(&snapshot.asked_at));
        for source in snapshot.sources {
            // What was only read in a still earlier one, that one tells.
            let is_first_hand = matches!(source.witness.as_str(), "service" | "trail");
            if let (true, None, Some(from), Some(until)) = (
                is_first_hand,
                &source.failure,
                moment(Some(&source.from)),
                moment(Some(&source.until)),
            ) {
                self.asked.push(Asked {
                    witness: Witness::Snapshot,
                    name: key.to_owned(),
                    account: source.account,
                    region: source.region,
                    from,
                    until,
                    sessions: usize::try_from(source.sessions).unwrap_or(usize::MAX),
                    failure: None,
                });
            }
        }
        let lines = snapshot.sessions.into_iter();
        self.told.extend(
            lines
                .filter(|line| line.in_history)
                .map(|line| happened(line, asked_at)),
        );
    }
}

/// Where it belongs by what it says.
fn key_of(snapshot: &Snapshot, bytes: &[u8]) -> Option<String> {
    let moment = |text: &str| moment(Some(text));
    let asked = moment(&snapshot.asked_at)?;
    let period = [moment(&snapshot.since)?, moment(&snapshot.until)?];
    Some(layout::audit(asked, period, &digest(bytes)))
}

fn happened(line: Line, asked_at: Option<DateTime<Utc>>) -> Happened {
    Happened {
        status: match line.state.as_str() {
            "never_opened" => Status::Failed,
            "pending" => Status::Unknown,
            _ => Status::Over,
        },
        was_recorded: asked_at.filter(|_| line.state == "recorded"),
        start: moment(line.start.as_deref()),
        end: moment(line.end.as_deref()),
        session_id: line.session_id,
        target: line.target,
        owner: line.operator,
        document: line.document,
        reason: line.reason,
        region: line.region,
        account: line.account,
        witnesses: [Witness::Snapshot].into(),
        ..Happened::default()
    }
}

fn snapshot(account: &Account, reviews: &Reviews, previous: Option<Previous>) -> Snapshot {
    let rules = &account.rules;
    let counts = |counts: &BTreeMap<&'static str, u64>| {
        let counts = counts.iter();
        counts
            .map(|(name, count)| ((*name).to_owned(), *count))
            .collect()
    };
    Snapshot {
        format: FORMAT,
        made_by: concat!("ssm-rec ", env!("CARGO_PKG_VERSION")).to_owned(),
        asked_at: text(rules.now),
        since: text(rules.since),
        until: text(rules.until),
        grace_seconds: rules.grace.num_seconds(),
        clock_tolerance_seconds: rules.skew.num_seconds(),
        previous,
        complete: account.is_complete(),
        holes: account.has_holes(),
        states: counts(&account.totals.states),
        marks: counts(&account.totals.marks),
        breaks: counts(&account.totals.breaks),
        sources: account.asked.iter().map(source).collect(),
        sessions: account
            .sessions
            .iter()
            .map(|one| line(one, reviews))
            .collect(),
    }
}

fn source(asked: &Asked) -> Source {
    Source {
        witness: asked.witness.name().to_owned(),
        name: asked.name.clone(),
        account: asked.account.clone(),
        region: asked.region.clone(),
        from: text(asked.from),
        until: text(asked.until),
        sessions: asked.sessions as u64,
        failure: asked.failure.clone(),
    }
}

fn line(one: &Audited, reviews: &Reviews) -> Line {
    let told = one.happened.as_ref();
    let known = |text: Option<&str>| text.map(str::to_owned);
    Line {
        session_id: one.session_id.clone(),
        state: one.coverage.name().to_owned(),
        in_history: told.is_some(),
        target: known(one.target()),
        operator: known(one.operator()),
        document: known(one.document()),
        reason: known(one.reason()),
        account: known(one.account()),
        region: known(one.region()),
        start: one.start().map(text),
        end: told.and_then(|told| told.end).map(text),
        marks: one
            .marks
            .iter()
            .map(|mark| mark.name().to_owned())
            .collect(),
        reviews: reviews.get(&one.session_id).cloned().unwrap_or_default(),
    }
}

fn text(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Millis, true)
}

fn moment(text: Option<&str>) -> Option<DateTime<Utc>> {
    Some(DateTime::parse_from_rfc3339(text?).ok()?.to_utc())
}
