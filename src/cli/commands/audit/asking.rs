//! Everybody who can tell what happened, asked: Systems Manager in each account and region, and trails.
//!
//! Nothing here stops at one who does not answer: that is told with all the rest.

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use indicatif::ProgressBar;

use super::AuditArgs;
use crate::aws::Access;
use crate::cli::ask;
use crate::review::audit::{Asked, Happened, Rules, Status, Touch, Witness};
use crate::review::catalog::{self, Catalog};
use crate::service::history::{REACH_DAYS, Told};
use crate::service::{Error, Service};
use crate::settings::Settings;
use crate::store::Store;
use crate::trail::{self, Covered, Deed, Event};
use crate::words::causes;

/// What happened just before the period and just behind it is asked for too, so that no session falls between two clocks.
const EDGE: TimeDelta = TimeDelta::hours(1);
/// CloudTrail delivers within a quarter of an hour as a rule.
const DELIVERY: TimeDelta = TimeDelta::hours(1);

/// What everybody told.
#[derive(Debug, Default)]
pub(super) struct Answers {
    pub(super) told: Vec<Happened>,
    pub(super) asked: Vec<Asked>,
    pub(super) problems: Vec<String>,
}

impl Answers {
    /// Asks Systems Manager of each profile in each region.
    pub(super) async fn ask_services(
        &mut self,
        args: &AuditArgs,
        rules: &Rules,
        bar: &ProgressBar,
    ) {
        let several = |some: &[String]| -> Vec<Option<String>> {
            match some {
                [] => vec![None],
                some => some.iter().cloned().map(Some).collect(),
            }
        };
        for profile in several(&args.profile) {
            for region in several(&args.region) {
                let access = Access {
                    profile: profile.clone(),
                    region,
                    ask_mfa_code: Some(ask::mfa_code()),
                    ..Access::default()
                };
                self.ask_service(&access, args.endpoint_url.as_deref(), rules, bar)
                    .await;
            }
        }
    }

    async fn ask_service(
        &mut self,
        access: &Access,
        endpoint_url: Option<&str>,
        rules: &Rules,
        bar: &ProgressBar,
    ) {
        let name = access.profile.as_deref().unwrap_or("the usual credentials");
        let mut asked = Asked {
            witness: Witness::Service,
            name: name.to_owned(),
            account: None,
            region: access.region.clone(),
            from: rules.since.max(reach(rules)),
            until: rules.until,
            sessions: 0,
            failure: None,
        };
        match ask(access, endpoint_url, rules, &mut asked, bar).await {
            Ok(told) => self.told.extend(told),
            Err(error) => asked.failure = Some(causes(&error)),
        }
        self.asked.push(asked);
    }

    /// Reads what earlier audits were told of the time that the service has forgotten.
    pub(super) fn read_kept(
        &mut self,
        catalog: &Catalog,
        rules: &Rules,
        is_offline: bool,
    ) -> Result<(), catalog::Error> {
        let until = match is_offline {
            true => rules.until,
            false => reach(rules),
        };
        // Whoever asks for thirty days asks for the same moment.
        if rules.since + EDGE >= until {
            return Ok(());
        }
        let kept = catalog.kept_audits(rules, until, &self.asked)?;
        self.told.extend(kept.told);
        self.asked.extend(kept.asked);
        self.problems.extend(kept.problems);
        Ok(())
    }

    /// Reads the log files of a trail.
    pub(super) fn read_trail(
        &mut self,
        location: &str,
        settings: &Settings,
        rules: &Rules,
        bar: &ProgressBar,
    ) {
        let mut asked = Asked {
            witness: Witness::Trail,
            name: location.to_owned(),
            account: None,
            region: None,
            from: rules.since,
            until: rules.until.min(rules.now - DELIVERY),
            sessions: 0,
            failure: None,
        };
        bar.set_message("reading trails");
        bar.set_position(0);
        let mut events = Vec::new();
        let days = (rules.since.date_naive(), (rules.until + EDGE).date_naive());
        let read = Store::with(location, settings.options_to_read(location)).and_then(|store| {
            trail::read(&store, days.0, days.1, &mut |event| {
                bar.inc(1);
                events.push(happened(event));
            })
        });
        let told = match read {
            Ok(told) => told,
            Err(error) => {
                asked.failure = Some(causes(&error));
                self.asked.push(asked);
                return;
            }
        };
        let lines = told.problems.into_iter();
        self.problems
            .extend(lines.map(|(place, why)| format!("{place}: {why}")));
        if told.covered.is_empty() {
            asked.failure = Some("it has no log file of these days".to_owned());
            self.asked.push(asked.clone());
        }
        for covered in told.covered {
            self.asked.push(answer(&covered, &asked, &events, rules));
        }
        self.told.extend(events);
    }
}

/// Since when the service tells.
fn reach(rules: &Rules) -> DateTime<Utc> {
    rules.now - TimeDelta::days(i64::try_from(REACH_DAYS).unwrap_or(30))
}

/// What a trail has of one account and region, from the first day that it has a file of to the last.
fn answer(covered: &Covered, asked: &Asked, events: &[Happened], rules: &Rules) -> Asked {
    let is_of = |one: &&Happened| {
        one.account == covered.account
            && one.region == covered.region
            && one
                .start
                .is_some_and(|start| start >= rules.since && start < rules.until)
    };
    let midnight = |day: NaiveDate| day.and_time(NaiveTime::MIN).and_utc();
    let first = midnight(covered.first);
    // A trail may have been stopped, and a day without a file is an ordinary one.
    let last = midnight(covered.last) + TimeDelta::days(2);
    Asked {
        account: covered.account.clone(),
        region: covered.region.clone(),
        // The first file of a trail that is older than the period is of its first day as a rule.
        from: match first > rules.since + TimeDelta::days(1) {
            true => first,
            false => rules.since,
        },
        until: asked.until.min(last),
        sessions: events.iter().filter(is_of).count(),
        ..asked.clone()
    }
}

async fn ask(
    access: &Access,
    endpoint_url: Option<&str>,
    rules: &Rules,
    asked: &mut Asked,
    bar: &ProgressBar,
) -> Result<Vec<Happened>, Error> {
    let service = Service::open(access, endpoint_url).await?;
    let region = service.region().to_owned();
    asked.region = Some(region.clone());
    asked.account = Some(service.caller().await?.account);
    bar.set_message(format!("asking {region}"));
    let (since, until) = (asked.from - EDGE, rules.until + EDGE);
    let told = service
        .history(since, until, &mut |count| bar.set_position(count as u64))
        .await?;
    let happened = told.into_iter().map(|told| of_service(told, asked));
    let happened: Vec<Happened> = happened.collect();
    let is_in_period = |one: &&Happened| {
        one.start
            .is_some_and(|start| start >= rules.since && start < rules.until)
    };
    asked.sessions = happened.iter().filter(is_in_period).count();
    Ok(happened)
}

fn of_service(told: Told, asked: &Asked) -> Happened {
    Happened {
        session_id: told.session_id,
        target: told.target,
        owner: told.owner,
        document: told.document,
        reason: told.reason,
        region: asked.region.clone(),
        account: asked.account.clone(),
        start: told.started,
        end: told.ended,
        status: match (told.has_failed, told.is_active) {
            (true, _) => Status::Failed,
            (false, true) => Status::Active,
            (false, false) => Status::Over,
        },
        witnesses: [Witness::Service].into(),
        ..Happened::default()
    }
}

fn happened(event: Event) -> Happened {
    let Event {
        deed,
        session_id,
        at,
        by,
        account,
        region,
    } = event;
    let mut one = Happened {
        session_id,
        account,
        region,
        witnesses: [Witness::Trail].into(),
        ..Happened::default()
    };
    match deed {
        Deed::Started {
            target,
            document,
            reason,
        } => {
            (one.target, one.document, one.reason) = (target, document, reason);
            (one.start, one.owner) = (Some(at), by);
        }
        Deed::Resumed => {
            one.touched.insert(Touch {
                at,
                ended: false,
                by,
            });
        }
        Deed::Ended => {
            one.end = Some(at.with_timezone(&Utc));
            one.status = Status::Over;
            one.touched.insert(Touch {
                at,
                ended: true,
                by,
            });
        }
    }
    one
}
