//! The answers of the program itself to the questions of `formats/sql/questions.sql`, from `list`, `commands` and `search`.
//!
//! Nothing here reads a pack.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use chrono::{DateTime, Datelike, SecondsFormat, TimeDelta, Timelike, Utc};
use serde_json::{Value, json};

use super::super::rig::{Rig, Run};

type Rows = Vec<Value>;

/// To each question its rows, in the question's order.
pub(super) fn answers(rig: &Rig) -> Vec<Rows> {
    let this_year = "started >= 2026-01-01 and started < 2027-01-01";
    let of_ticket = format!("reason ~ chg-1001 and {this_year}");
    let all = list(rig, &[]);
    let sealed = |session: &&Value| session["encryption"].is_null();
    let ran: Vec<Ran> = all
        .iter()
        .filter(sealed)
        .flat_map(|one| commands(rig, one))
        .collect();
    let of_march = |ran: &&Ran| (ran.at().year(), ran.at().month()) == (2026, 3);
    let every_line = search(rig, &["^"]);
    vec![
        list(
            rig,
            &["--where", &format!("target = i-0db and {this_year}")],
        )
        .iter()
        .map(|s| {
            json!([
                s["session_id"],
                started(s),
                s["operator"],
                s["reason"],
                ms(s)
            ])
        })
        .collect(),
        list(rig, &["--where", &of_ticket])
            .iter()
            .map(|s| {
                let exit = &s["exit"];
                json!([
                    s["session_id"],
                    started(s),
                    s["operator"],
                    s["target"],
                    exit["kind"],
                    exit["status"]
                ])
            })
            .collect(),
        in_order(
            list(rig, &["--where", &of_ticket])
                .iter()
                .flat_map(|one| commands(rig, one)),
        )
        .iter()
        .map(|ran| {
            let Ran { session, command } = ran;
            json!([
                session["session_id"],
                command["number"],
                written(ran.at()),
                ran.context(),
                command["cwd"],
                command["text"],
                command["exit"]
            ])
        })
        .collect(),
        list(rig, &["--since", "2026-03-03", "--until", "2026-03-04"])
            .iter()
            .map(|s| {
                json!([
                    s["session_id"],
                    started(s),
                    written(time(&s["ended_at"])),
                    s["operator"],
                    s["target"],
                    s["reason"]
                ])
            })
            .collect(),
        by_operator_and_day(&all),
        hits(
            &search(rig, &["--in", "commands", "-w", "rm"]),
            |hit, at| {
                // Texts are counted from 0, commands from 1.
                let number = hit["number"].as_u64().unwrap() + 1;
                json!([
                    hit["session_id"],
                    hit["operator"],
                    hit["target"],
                    at,
                    number,
                    hit["text"]
                ])
            },
        ),
        hits(&search(rig, &["-F", "Permission denied"]), |hit, at| {
            json!([
                hit["session_id"],
                hit["operator"],
                hit["target"],
                hit["reason"],
                at,
                hit["number"],
                hit["text"]
            ])
        }),
        hits(&search(rig, &[r"10(\.\d{1,3}){3}"]), |hit, at| {
            json!([
                hit["session_id"],
                hit["operator"],
                hit["target"],
                at,
                hit["number"],
                hit["text"]
            ])
        }),
        in_order(ran.iter().filter(of_march).cloned())
            .iter()
            .filter(|ran| ran.exit().is_some_and(|exit| exit != 0))
            .map(|ran| {
                let Ran { session, command } = ran;
                json!([
                    session["session_id"],
                    session["operator"],
                    session["target"],
                    written(ran.at()),
                    command["number"],
                    command["text"],
                    command["exit"]
                ])
            })
            .collect(),
        by_target(&ran),
        by_program(&ran),
        in_order(ran.iter().cloned())
            .iter()
            .filter(|ran| ran.context() != "shell")
            .map(|ran| {
                let Ran { session, command } = ran;
                json!([
                    session["session_id"],
                    command["number"],
                    ran.context(),
                    command["text"],
                    command["source"],
                    command["confidence"]
                ])
            })
            .collect(),
        opaque(&all),
        list(rig, &["--where", "recovered or unrecorded"])
            .iter()
            .map(|s| {
                json!([
                    s["session_id"],
                    started(s),
                    s["operator"],
                    s["target"],
                    s["exit"]["kind"],
                    s["recovered"],
                    s["unrecorded"]["from_us"]
                ])
            })
            .collect(),
        all.iter()
            .filter(|s| !(6..20).contains(&time(&s["started_at"]).hour()))
            .map(|s| {
                json!([
                    s["session_id"],
                    started(s),
                    s["operator"],
                    s["target"],
                    s["reason"]
                ])
            })
            .collect(),
        longest(list(rig, &["--sort", "duration"])),
        first_times(&all),
        shown_by(&ran, &every_line),
        full_screen(&every_line),
        coverage(&all, &ran, &every_line),
    ]
}

/// A command beside its session.
#[derive(Clone)]
struct Ran {
    session: Value,
    command: Value,
}

impl Ran {
    fn at(&self) -> DateTime<Utc> {
        let start = self.command["start"].as_i64().unwrap();
        time(&self.session["started_at"]) + TimeDelta::milliseconds(start)
    }

    fn exit(&self) -> Option<i64> {
        self.command["exit"].as_i64()
    }

    fn context(&self) -> String {
        let context = self.command["context"].as_array().unwrap();
        let words = context.iter().map(|word| word.as_str().unwrap());
        words.collect::<Vec<_>>().join("/")
    }
}

fn objects(run: &Run) -> Vec<Value> {
    assert_eq!(run.status(), 0, "{}", run.err());
    let out = run.out();
    let lines = out.lines().map(serde_json::from_str);
    lines.collect::<Result<_, _>>().unwrap()
}

/// Newest first, as a rule.
fn list(rig: &Rig, arguments: &[&str]) -> Vec<Value> {
    objects(&rig.run(&[&["list", "--json"], arguments].concat()))
}

fn commands(rig: &Rig, session: &Value) -> Vec<Ran> {
    // From stdin, since a recording that tells of another day is used in no store.
    let recording = fs::read(text(&session["location"])).unwrap();
    let run = rig.run_with(&["commands", "--json", "-"], &recording);
    let one = |command: Value| Ran {
        session: session.clone(),
        command,
    };
    // The last line tells of all of them.
    let all = objects(&run).into_iter();
    all.filter(|object| object["text"].is_string())
        .map(one)
        .collect()
}

fn search(rig: &Rig, arguments: &[&str]) -> Vec<Value> {
    let found = objects(&rig.run(&[&["search", "--no-packs", "--json"], arguments].concat()));
    found
        .into_iter()
        .filter(|hit| hit["type"] == "match")
        .collect()
}

fn in_order(ran: impl IntoIterator<Item = Ran>) -> Vec<Ran> {
    let mut ran: Vec<_> = ran.into_iter().collect();
    ran.sort_by_key(|ran| {
        (
            ran.at(),
            text(&ran.session["session_id"]).to_owned(),
            ran.command["number"].as_u64(),
        )
    });
    ran
}

fn hits(found: &[Value], row: impl Fn(&Value, String) -> Value) -> Rows {
    let mut found: Vec<_> = found.iter().collect();
    found.sort_by_key(|hit| {
        (
            time(&hit["time"]),
            text(&hit["session_id"]),
            hit["number"].as_u64(),
        )
    });
    found
        .into_iter()
        .map(|hit| row(hit, written(time(&hit["time"]))))
        .collect()
}

fn by_operator_and_day(all: &[Value]) -> Rows {
    let mut days = BTreeMap::<_, (u64, u64)>::new();
    for session in all {
        let day = time(&session["started_at"]).date_naive();
        let (count, lasted) = days.entry((day, session["operator"].as_str())).or_default();
        (*count, *lasted) = (*count + 1, *lasted + ms(session));
    }
    let rows = days.into_iter().map(|((day, operator), (count, lasted))| {
        json!([operator, day.year(), day.month(), day.day(), count, lasted])
    });
    rows.collect()
}

fn by_target(ran: &[Ran]) -> Rows {
    let mut targets = BTreeMap::<_, (u64, u64, u64)>::new();
    for ran in ran {
        let (count, known, failed) = targets.entry(text(&ran.session["target"])).or_default();
        *count += 1;
        *known += u64::from(ran.exit().is_some());
        *failed += u64::from(ran.exit().is_some_and(|exit| exit != 0));
    }
    let rows = targets.into_iter();
    rows.map(|(target, (count, known, failed))| json!([target, count, known, failed]))
        .collect()
}

fn by_program(ran: &[Ran]) -> Rows {
    let mut programs = BTreeMap::<_, (u64, BTreeSet<_>)>::new();
    for ran in ran {
        let program = ran.command["text"].as_str().unwrap().split(' ').next();
        let (times, sessions) = programs.entry(program.unwrap()).or_default();
        *times += 1;
        sessions.insert(text(&ran.session["session_id"]));
    }
    let mut rows: Vec<_> = programs.into_iter().collect();
    rows.sort_by_key(|(program, (times, _))| (Reverse(*times), *program));
    let rows = rows.into_iter().take(10);
    rows.map(|(program, (times, sessions))| json!([program, times, sessions.len()]))
        .collect()
}

fn opaque(all: &[Value]) -> Rows {
    let mut rows = Vec::new();
    for session in all {
        let explained = session["derived"]["explained"].as_f64();
        if let Some(explained) = explained.filter(|explained| *explained < 1.0) {
            let bytes = session["counts"]["output_bytes"].as_u64().unwrap();
            let opaque = |of: u64| (of as f64 * (1.0 - explained)).round() as u64;
            let id = text(&session["session_id"]);
            let row = json!([
                id,
                session["operator"],
                session["target"],
                ms(session),
                bytes,
                opaque(bytes),
                opaque(ms(session))
            ]);
            rows.push((Reverse(opaque(bytes)), id, row));
        }
    }
    rows.sort_by_key(|(bytes, id, _)| (*bytes, *id));
    rows.into_iter().map(|(.., row)| row).take(10).collect()
}

fn longest(mut all: Vec<Value>) -> Rows {
    // Tables have milliseconds: among those of one, the id decides.
    all.sort_by_key(|session| (Reverse(ms(session)), session["session_id"].to_string()));
    let longest = all.iter().take(5);
    longest
        .map(|s| json!([s["session_id"], s["operator"], s["target"], ms(s)]))
        .collect()
}

fn first_times(all: &[Value]) -> Rows {
    let mut first = BTreeMap::<_, (_, u64)>::new();
    for session in all {
        let who = (session["operator"].as_str(), text(&session["target"]));
        let (at, count) = first.entry(who).or_insert_with(|| (started(session), 0));
        *count += 1;
        *at = started(session).min(at.clone());
    }
    let mut rows: Vec<_> = first
        .into_iter()
        .map(|((who, target), (at, count))| (at, who, target, count))
        .collect();
    rows.sort();
    rows.into_iter()
        .map(|(at, who, target, count)| json!([who, target, at, count]))
        .collect()
}

fn shown_by(ran: &[Ran], lines: &[Value]) -> Rows {
    let mut rows = Vec::new();
    for Ran { session, command } in ran {
        let is_asked = (2026, 3) == {
            let at = time(&session["started_at"]);
            (at.year(), at.month())
        };
        if !is_asked || !text(&command["text"]).contains("deploy.log") {
            continue;
        }
        let start = command["start"].as_i64().unwrap();
        let during = start - 100..command["end"].as_i64().unwrap_or(0);
        for line in lines
            .iter()
            .filter(|line| line["session_id"] == session["session_id"])
        {
            if during.contains(&line["first_ms"].as_i64().unwrap()) {
                rows.push(json!([
                    session["session_id"],
                    command["number"],
                    line["number"],
                    line["first_ms"],
                    line["text"]
                ]));
            }
        }
    }
    rows.sort_by_key(|row| (row[0].to_string(), row[1].as_u64(), row[2].as_u64()));
    rows
}

fn full_screen(lines: &[Value]) -> Rows {
    let mut sessions = BTreeMap::<_, Vec<&Value>>::new();
    for line in lines.iter().filter(|line| line["other_screen"] == true) {
        sessions
            .entry(text(&line["session_id"]))
            .or_default()
            .push(line);
    }
    let row = |(id, lines): (&str, Vec<&Value>)| {
        let first = lines
            .iter()
            .filter_map(|line| line["first_ms"].as_u64())
            .min();
        let last = lines
            .iter()
            .filter_map(|line| line["last_ms"].as_u64())
            .max();
        let within = last.zip(first).map(|(last, first)| last - first);
        json!([
            id,
            lines[0]["operator"],
            lines[0]["target"],
            lines.len(),
            within
        ])
    };
    sessions.into_iter().map(row).collect()
}

fn coverage(all: &[Value], ran: &[Ran], lines: &[Value]) -> Rows {
    let mut months = BTreeMap::<_, Vec<&Value>>::new();
    for session in all {
        let at = time(&session["started_at"]);
        months
            .entry((at.year(), at.month()))
            .or_default()
            .push(session);
    }
    let row = |((year, month), sessions): (_, Vec<&Value>)| {
        let ids = sessions.iter().map(|session| &session["session_id"]);
        let ran_in = |id: &Value| {
            ran.iter()
                .filter(|ran| &ran.session["session_id"] == id)
                .count()
        };
        let seen_in = |id: &Value| {
            lines
                .iter()
                .filter(|line| &line["session_id"] == id)
                .count()
        };
        let least = sessions
            .iter()
            .filter_map(|session| session["derived"]["explained"].as_f64());
        json!([
            year,
            month,
            sessions.len(),
            sessions
                .iter()
                .filter(|session| !session["encryption"].is_null())
                .count(),
            ids.clone().filter(|id| ran_in(id) == 0).count(),
            ids.clone().map(seen_in).sum::<usize>(),
            ids.map(ran_in).sum::<usize>(),
            least.min_by(f64::total_cmp),
        ])
    };
    months.into_iter().map(row).collect()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

fn time(value: &Value) -> DateTime<Utc> {
    let time = DateTime::parse_from_rfc3339(text(value)).unwrap().to_utc();
    // As tables have it.
    DateTime::from_timestamp_millis(time.timestamp_millis()).unwrap()
}

fn written(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Millis, true)
}

fn started(session: &Value) -> String {
    written(time(&session["started_at"]))
}

fn ms(session: &Value) -> u64 {
    session["duration_us"].as_u64().unwrap() / 1000
}
