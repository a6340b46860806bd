//! A store of very many sessions behind a bucket that takes 30 ms for each answer: what `list` and `search` ask of it, with packs
//! and without, beside what the days asked for must cost.
//!
//! Nothing here is a test: it prints figures, and a person looks at them.
//! `cargo run --release --example bench_catalog -- [SESSIONS [DAYS]]` makes so many sessions (20,000) of so many days (365), of a
//! few lines each, in the memory of this process.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a benchmark of inputs that are known to be good, by the clock"
)]

use std::time::{Duration, Instant};

use formats::derived::{Command, Kind, Line};
use formats::layout::Place;
use formats::manifest::{Derived, Manifest};
use formats::recording::DerivedWriter;
use formats::sealed::NoKey;
use loopback::bucket::{self, ACCESS_KEY, Bucket, SECRET_KEY};
use loopback::faulty_proxy::{self, FaultyProxy};
use ssm_rec::review;
use ssm_rec::review::catalog::{Catalog, Filter};
use ssm_rec::review::compact::{self, compact};
use ssm_rec::review::condition::{Condition, Term};
use ssm_rec::review::search::{
    Around, Manner, Meaning, Pattern, Question, Step, Told, Wanted, Where,
};
use ssm_rec::store::Store;
use ssm_rec::store::s3::{Keys, Options};

const LATENCY: Duration = Duration::from_millis(30);
/// Requests under way at a time.
const AT_ONCE: f64 = 64.0;

fn main() {
    let mut arguments = std::env::args().skip(1).map(|text| text.parse().unwrap());
    let sessions: u64 = arguments.next().unwrap_or(20_000);
    let days: u64 = arguments.next().unwrap_or(365);
    let bucket = Bucket::start(bucket::Options {
        lenient: true,
        page: 1000,
        ..bucket::Options::default()
    })
    .unwrap();
    let begun = Instant::now();
    (0..sessions).for_each(|number| plant(&bucket, number, days));
    println!(
        "{sessions} sessions of {days} days planted in {:.0} s",
        begun.elapsed().as_secs_f64()
    );
    let proxy = FaultyProxy::start(
        &bucket.endpoint(),
        faulty_proxy::Options {
            share: 0.0,
            delay: LATENCY,
            ..faulty_proxy::Options::default()
        },
    )
    .unwrap();
    report(&proxy, sessions, days, false);
    let begun = Instant::now();
    compact(
        &catalog(&bucket.endpoint()),
        &Filter::default(),
        &|_| None,
        &mut |step| {
            assert!(!matches!(step, compact::Step::Problem(_)), "{step:?}");
            true
        },
    )
    .unwrap();
    println!("packed in {:.0} s", begun.elapsed().as_secs_f64());
    report(&proxy, sessions, days, true);
}

fn report(proxy: &FaultyProxy, sessions: u64, days: u64, with_packs: bool) {
    let of_a_day = sessions / days;
    let bar = of_a_day as f64 / AT_ONCE * LATENCY.as_secs_f64() * 1.3;
    let last_day = since(days - 1);
    let what = if with_packs {
        "with packs"
    } else {
        "without packs"
    };
    measured(proxy, &format!("list of a day, {what}"), |catalog| {
        catalog.list(&last_day, usize::MAX).unwrap().entries.len()
    });
    println!(
        "  1.3 x (sessions of a day / 64 x 30 ms) = {:.0} ms",
        bar * 1e3
    );
    measured(proxy, &format!("search of a day, {what}"), |catalog| {
        search(catalog, &last_day, "needle", with_packs)
    });
    if with_packs {
        measured(proxy, "search of all days, with packs", |catalog| {
            search(catalog, &Filter::default(), "needle", true)
        });
    }
}

fn measured(proxy: &FaultyProxy, what: &str, ask: impl Fn(&Catalog) -> usize) {
    let catalog = catalog(&proxy.endpoint());
    let begun = Instant::now();
    let found = ask(&catalog);
    let took = begun.elapsed();
    let traffic = catalog.traffic();
    println!(
        "{what}: {found} found, {} requests, {:.2} MB, {:.0} ms",
        traffic.requests,
        traffic.bytes as f64 / 1e6,
        took.as_secs_f64() * 1e3
    );
}

fn catalog(endpoint: &str) -> Catalog {
    let options = Options {
        endpoint_url: Some(endpoint.to_owned()),
        region: Some("eu-central-1".to_owned()),
        keys: Some(Keys {
            id: ACCESS_KEY.to_owned(),
            secret: SECRET_KEY.to_owned(),
            session_token: None,
        }),
        ..Options::default()
    };
    Catalog::new(Store::with("s3://recordings/fleet", options).unwrap(), None)
}

/// Everything from this day on.
fn since(day: u64) -> Filter {
    Filter {
        session: None,
        condition: Condition::Is(Term::Since(start(day))),
    }
}

fn start(day: u64) -> chrono::DateTime<chrono::Utc> {
    let first = chrono::DateTime::from_timestamp(1_767_225_600, 0).unwrap();
    first + chrono::Duration::days(day as i64)
}

fn search(catalog: &Catalog, filter: &Filter, pattern: &str, with_packs: bool) -> usize {
    let pattern = Pattern::meaning(pattern, Meaning::default()).unwrap();
    let question = Question::new(pattern, &[Where::Lines], Around::default(), Wanted::Texts);
    let manner = Manner {
        threads: 32,
        with_packs,
        trusts_packs: false,
    };
    let mut found = 0;
    review::search::search(catalog, filter, &question, &NoKey, manner, &mut |told| {
        match told {
            Told::Session(_, Step::Done(searched)) => found += searched.count as usize,
            Told::Problem(problem) => panic!("{problem:?}"),
            _ => {}
        }
        true
    })
    .unwrap();
    found
}

/// A session of a few lines; of every day the first has a needle.
fn plant(bucket: &Bucket, number: u64, days: u64) {
    let day = number % days;
    let at = start(day) + chrono::Duration::seconds((number / days % 80_000) as i64);
    let mut manifest = Manifest {
        format: formats::manifest::FORMAT,
        session_id: format!("operator-{number:017x}"),
        target: format!("i-{:08x}", number % 300),
        reason: Some(format!("ticket-{}", number / 7)),
        operator: Some(format!(
            "arn:aws:iam::123456789012:user/user{}",
            number % 40
        )),
        started_at: Some(at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)),
        duration_us: 60_000_000,
        ..Manifest::default()
    };
    let place = manifest.clone();
    let place = Place::of(&place).unwrap();
    let mut lines = DerivedWriter::new(Vec::new(), "", None).unwrap();
    for line in 0..20 {
        let text = match (number / days, line) {
            (0, 7) => format!("needle of {day}"),
            _ => format!(
                "line {line} of {:x}: {}",
                number.wrapping_mul(2_654_435_761),
                line * number
            ),
        };
        let line = Line {
            first: line * 100,
            last: line * 100 + 50,
            text,
            other: false,
        };
        lines.line(&line).unwrap();
    }
    let mut commands = DerivedWriter::new(Vec::new(), "", None).unwrap();
    let command = Command {
        number: 1,
        text: format!("cat /var/log/{number}"),
        context: vec!["shell".to_owned()],
        ..Command::default()
    };
    commands.line(&command).unwrap();
    let (of_lines, lines) = lines.finish().unwrap();
    let (of_commands, commands) = commands.finish().unwrap();
    manifest.derived = Some(Derived {
        extractor: ssm_rec::transcript::EXTRACTOR,
        lines,
        commands,
        explained: 1.0,
        cut: false,
    });
    for (key, bytes) in [
        (place.derived(Kind::Lines), of_lines),
        (place.derived(Kind::Commands), of_commands),
        (place.manifest(), manifest.encode()),
        (place.recording(), Vec::new()),
    ] {
        bucket.plant(&format!("fleet/{key}"), bytes.into());
    }
}
