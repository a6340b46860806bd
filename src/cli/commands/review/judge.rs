//! A verdict on one session: the recording is watched or not, checked, and what is said of it signed and stored.
//!
//! Nobody judges a session of their own, and nothing is called ok that is not what was recorded.

use std::io::{self, BufReader};
use std::ops::Range;
use std::time::Duration;

use anyhow::{Context, anyhow};
use chrono::{DateTime, Utc};
use formats::layout;
use formats::manifest::Manifest;
use formats::review::{self, FORMAT, FollowUp, Note, Review, Verdict};
use formats::signature::Purpose;

use super::question::{self, Answer};
use super::{Desk, ReviewArgs, result, said};
use crate::aws::Access;
use crate::cli::commands::play;
use crate::cli::exit::{CommandResult, Failure, Status};
use crate::cli::me::{Me, written};
use crate::cli::signed::signed;
use crate::cli::{ask, message};
use crate::review::catalog::{Entry, Item, State};
use crate::review::condition::started;
use crate::review::findings;
use crate::review::verdicts::{Person, Standing, is_same};
use crate::review::verify::{self, Demands, State as Found, check_chain};
use crate::terminal;
use crate::words::{causes, printable, time};

/// Judges it.
pub(super) fn run(args: &ReviewArgs, desk: &Desk, name: &str) -> CommandResult {
    let is_asked = !args.has_verdict();
    if is_asked && !(terminal::stdin_is_terminal() && terminal::stdout_is_terminal()) {
        let why = anyhow!("there is no verdict, and no terminal to ask for one");
        return Err(Failure::new(Status::Usage, why).hint("give --ok, --follow-up or --incident"));
    }
    let entry = desk.session(name)?;
    let session = Session::open(desk, entry)?;
    let access = Access {
        profile: args.profile.clone(),
        ask_mfa_code: Some(ask::mfa_code()),
        ..Access::default()
    };
    let me = Me::ask(&access, None);
    session.refuse_own(&me)?;
    session.check_closes(&args.close)?;
    let (answer, watched) = match is_asked {
        true => {
            let (watched, signal) = play::watch(&args.play(), &session.id, &desk.settings)?;
            if let Some(number) = signal {
                return Ok(Status::Signal(number));
            }
            let notes = play::notes_on(&session.id, &desk.settings);
            let mut stdin = BufReader::new(io::stdin());
            let answer = question::ask(&mut stdin, &mut io::stderr())
                .context("the terminal cannot be read")?;
            let Some(mut answer) = answer else {
                message::say("no verdict was given");
                return Ok(Status::Success);
            };
            answer.notes.splice(0..0, notes);
            (answer, watched)
        }
        false => (given(args)?, Vec::new()),
    };
    let found = session.check(desk)?;
    if answer.verdict == Verdict::Ok && !found.is_what_was_recorded() {
        let why = anyhow!(
            "session {:?} is not what was recorded ({}), and cannot be called ok",
            session.id,
            found.name().replace('_', " ")
        );
        return Err(Failure::new(Status::Damaged, why)
            .hint("give --incident or --follow-up; ssm-rec verify tells more"));
    }
    let at = super::now();
    let rules = session.rules(args, desk)?;
    let review = session.review(answer, &args.close, (&me, at), watched, rules);
    store(desk, &review, (&me, at), access)?;
    let standing = session.standing(desk)?;
    if let Some(mine) = standing.said.iter().find(|said| said.review == review)
        && let Some(why) = mine.weight.told()
    {
        message::say(&format!("it is stored, and does not count: {why}"));
        return Ok(Status::NotTrusted);
    }
    message::say(&said::told(&standing));
    Ok(Status::Success)
}

/// A session that is judged.
struct Session {
    id: String,
    item: Item,
    manifest: Manifest,
    bytes: Vec<u8>,
    beside: crate::review::catalog::Beside,
    standing: Standing,
}

impl Session {
    fn open(desk: &Desk, entry: Entry) -> Result<Self, Failure> {
        let id = entry.manifest.session_id.clone();
        if entry.state != State::Stored {
            let why = anyhow!("session {id:?} is not in the store yet, or has no manifest there");
            return Err(Failure::new(Status::NotFound, why).hint(
                "a verdict is on what is kept; ssm-rec upload stores what waits in a spool",
            ));
        }
        let item = desk.catalog.find(&id)?;
        let beside = desk.catalog.beside(&item)?;
        let bytes = beside.manifest.clone().unwrap_or_default();
        let bytes = bytes.trim_ascii().to_vec();
        let manifest = Manifest::parse(&bytes)
            .map_err(|error| Failure::new(Status::Damaged, anyhow!("{id:?}: {error}")))?;
        let standing = desk.catalog.standings(&[&manifest], &desk.law)?;
        Ok(Self {
            id,
            item,
            bytes,
            beside,
            standing: standing.into_iter().next().unwrap_or_default(),
            manifest,
        })
    }

    fn standing(&self, desk: &Desk) -> Result<Standing, Failure> {
        let standings = desk.catalog.standings(&[&self.manifest], &desk.law)?;
        Ok(standings.into_iter().next().unwrap_or_default())
    }

    fn refuse_own(&self, me: &Me) -> Result<(), Failure> {
        if !is_same(Person::of(&self.manifest), me.person()) {
            return Ok(());
        }
        let operator = self
            .manifest
            .operator
            .as_ref()
            .or(self.manifest.user.as_ref());
        let operator = operator.map_or("you", String::as_str);
        let why = anyhow!("session {:?} is your own ({operator})", self.id);
        Err(Failure::new(Status::Refused, why).hint("somebody else has to judge it"))
    }

    fn check_closes(&self, closes: &[String]) -> Result<(), Failure> {
        let open = self.standing.open();
        for name in closes {
            if !open.iter().any(|open| open.name == *name) {
                let why = anyhow!("no follow-up {name:?} is open in session {:?}", self.id);
                return Err(Failure::new(Status::Usage, why)
                    .hint("ssm-rec review --follow-ups tells which are"));
            }
        }
        Ok(())
    }

    /// Whether it is what was recorded, as far as its chain tells.
    fn check(&self, desk: &Desk) -> Result<Found, Failure> {
        let demands = Demands::default();
        let asked = verify::Asked {
            key: Some(self.item.key()),
            beside: Some(&self.beside),
        };
        let finding = match desk.catalog.open(&self.item)? {
            Some(bytes) => check_chain(bytes, asked, &demands),
            None => verify::Finding::missing(&self.beside, &demands),
        };
        Ok(finding.state)
    }

    fn review(
        &self,
        answer: Answer,
        closes: &[String],
        (me, at): (&Me, DateTime<Utc>),
        watched: Vec<Range<Duration>>,
        rules: Option<review::Rules>,
    ) -> Review {
        let millis = |at: Duration| u64::try_from(at.as_millis()).unwrap_or(u64::MAX);
        let watched = watched.into_iter();
        Review {
            format: FORMAT,
            session_id: self.id.clone(),
            manifest: review::digest(&self.bytes),
            previous: self.standing.last().map(str::to_owned),
            verdict: answer.verdict,
            reviewer: me.arn.clone(),
            user: me.user.clone(),
            host: me.host.clone(),
            at: written(at),
            client_version: Some(env!("CARGO_PKG_VERSION").to_owned()),
            notes: answer.notes,
            follow_ups: answer.follow_ups,
            closes: closes.to_vec(),
            watched: watched
                .map(|range| [millis(range.start), millis(range.end)])
                .collect(),
            rules,
        }
    }

    /// What the rules find in it; nothing where it is sealed for others, or does not read.
    fn rules(&self, args: &ReviewArgs, desk: &Desk) -> Result<Option<review::Rules>, Failure> {
        let set = desk.settings.rules.set().map_err(anyhow::Error::from)?;
        let Some(bytes) = desk.catalog.open(&self.item)? else {
            return Ok(None);
        };
        let identities = args.identity.identities(&desk.settings);
        let began = started(&self.manifest).unwrap_or(desk.now);
        let is_first = desk.catalog.firsts(began)?.is_first(&self.manifest);
        let judged = findings::judge(bytes, &identities, &set, None, is_first).ok();
        Ok(judged.map(|judged| review::Rules {
            highest: judged
                .verdict
                .highest()
                .map(|worst| worst.name().to_owned()),
            findings: judged.verdict.found.iter().map(|found| found.count).sum(),
            set: judged.verdict.set,
        }))
    }
}

/// What was given by hand.
fn given(args: &ReviewArgs) -> Result<Answer, Failure> {
    let follow_ups = args.follow_up.iter().map(|text| FollowUp {
        text: text.clone(),
        owner: args.owner.clone(),
    });
    let notes: Result<Vec<Note>, Failure> = args.note.iter().map(|text| note(text)).collect();
    Ok(Answer {
        verdict: match (args.ok, args.incident) {
            (true, _) => Verdict::Ok,
            (_, true) => Verdict::Incident,
            _ => Verdict::FollowUp,
        },
        notes: notes?,
        follow_ups: follow_ups.collect(),
    })
}

/// `@12:03 text`, or a text.
fn note(text: &str) -> Result<Note, Failure> {
    let Some(behind) = text.strip_prefix('@') else {
        return Ok(Note {
            at_ms: None,
            text: text.to_owned(),
        });
    };
    let (at, text) = behind.split_once(' ').unwrap_or((behind, ""));
    let at = time::parse(at).map_err(|why| {
        Failure::new(Status::Usage, anyhow!("--note: {at:?} is {why}"))
            .hint("a note on a moment is \"@12:03 TEXT\"")
    })?;
    Ok(Note {
        at_ms: u64::try_from(at.as_millis()).ok(),
        text: text.trim().to_owned(),
    })
}

/// Signs it, where a key is set, and stores both; the signature first, so that no verdict is seen without it.
fn store(
    desk: &Desk,
    review: &Review,
    (me, at): (&Me, DateTime<Utc>),
    access: Access,
) -> Result<(), Failure> {
    let bytes = review.encode();
    let signature = signed(&desk.settings, &access, (Purpose::Review, &bytes))
        .map_err(|failure| failure.context("no verdict was stored"))?;
    let key = layout::review(&review.session_id, at, me.name());
    let put = |key: &str, bytes: &[u8]| {
        desk.store.put(key, bytes).map_err(|error| {
            let why = printable(&causes(&error));
            Failure::from(error).context(format!("no verdict was stored: {why}"))
        })
    };
    if let Some(signature) = &signature {
        put(&format!("{key}.sig"), signature.as_bytes())?;
    }
    put(&key, &bytes)?;
    result(&desk.store.locate(&key));
    Ok(())
}
