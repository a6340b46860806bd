//! `ssm-rec search --engine athena` before an Athena of the test's own: what is asked, what is told, and how it ends.
//!
//! Nothing here is Athena but its words; `tests/peers` asks moto's.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use loopback::Options;
use serde_json::{Value, json};

use super::rig::Rig;

const ID: &str = "0a1b2c3d-0000-4000-8000-000000000001";
const FLAGS: [&str; 2] = ["--engine", "athena"];

/// What it answers.
#[derive(Clone, Default)]
pub(crate) struct Script {
    /// In place of a query that is started.
    refused: Option<Value>,
    /// What becomes of a query, one look after the other; the last one stays.
    states: Vec<Value>,
    /// Its rows, page by page.
    pages: Vec<Vec<Value>>,
}

/// An Athena that answers by a script and notes what it is asked.
pub(crate) struct Athena {
    pub(crate) endpoint: String,
    asked: Arc<Mutex<Vec<(String, Value)>>>,
}

impl Athena {
    pub(crate) fn new(script: Script) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let notes = Arc::clone(&asked);
        thread::spawn(move || {
            let mut states = script.states.iter().cloned();
            let mut state = json!({"State": "RUNNING"});
            for connection in listener.incoming() {
                let mut connection = connection.unwrap();
                let Some((call, body)) = request(&connection) else {
                    continue;
                };
                let mut status = "200 OK";
                let answer = match call.as_str() {
                    "StartQueryExecution" => match &script.refused {
                        Some(refused) => {
                            status = "400 Bad Request";
                            refused.clone()
                        }
                        None => json!({"QueryExecutionId": ID}),
                    },
                    "GetQueryExecution" => {
                        state = states.next().unwrap_or(state);
                        json!({"QueryExecution": {
                            "QueryExecutionId": ID, "Status": state, "Statistics": {"DataScannedInBytes": 20_971_520},
                        }})
                    }
                    "GetQueryResults" => {
                        let at = body["NextToken"]
                            .as_str()
                            .map_or(0, |next| next.parse().unwrap());
                        let next = (at + 1 < script.pages.len()).then(|| (at + 1).to_string());
                        json!({"ResultSet": {"Rows": script.pages[at]}, "NextToken": next})
                    }
                    "StopQueryExecution" => {
                        state = json!({"State": "CANCELLED", "StateChangeReason": "by the person"});
                        states = [].iter().cloned();
                        json!({})
                    }
                    call => panic!("{call}"),
                };
                notes.lock().unwrap().push((call, body));
                let answer = answer.to_string();
                let _ = write!(
                    connection,
                    "HTTP/1.1 {status}\r\nContent-Type: application/x-amz-json-1.1\r\nConnection: close\r\n\
                     Content-Length: {}\r\n\r\n{answer}",
                    answer.len()
                );
            }
        });
        Self { endpoint, asked }
    }

    fn rig(&self) -> Rig {
        Rig::new(Options::quick()).env("AWS_ENDPOINT_URL_ATHENA", self.endpoint.clone())
    }

    fn calls(&self, name: &str) -> Vec<Value> {
        let asked = self.asked.lock().unwrap();
        let calls = asked.iter().filter(|(call, _)| call == name);
        calls.map(|(_, body)| body.clone()).collect()
    }
}

/// The name of a call, and what it says.
fn request(connection: &TcpStream) -> Option<(String, Value)> {
    let mut reader = BufReader::new(connection);
    let (mut call, mut length) = (None, 0);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(": ") else {
            match line.trim_end() {
                "" => break,
                _ => continue,
            }
        };
        match name.to_ascii_lowercase().as_str() {
            "x-amz-target" => call = value.strip_prefix("AmazonAthena.").map(str::to_owned),
            "content-length" => length = value.parse().unwrap(),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some((call?, serde_json::from_slice(&body).ok()?))
}

fn row(values: &[&str]) -> Value {
    let data = values.iter().map(|value| match *value {
        "" => json!({}),
        value => json!({"VarCharValue": value}),
    });
    json!({"Data": data.collect::<Vec<_>>()})
}

fn line(session: &str, number: &str, millis: &str, text: &str) -> Value {
    row(&[
        session,
        "2026-11-28 10:00:00.000",
        "arn:aws:sts::1:assumed-role/ops/alice",
        "",
        "i-0abc",
        "ticket-42",
        "lines",
        number,
        millis,
        millis,
        "false",
        text,
    ])
}

/// One line that was found.
pub(crate) fn found_once(text: &str) -> Script {
    let mut script = found();
    script.pages.truncate(1);
    script.pages[0].truncate(1);
    script.pages[0].push(line("alice-2", "3", "1500", text));
    script
}

fn found() -> Script {
    let names = [
        "session",
        "started",
        "operator",
        "local_user",
        "target",
        "reason",
        "place",
        "number",
        "first_ms",
        "last_ms",
        "other",
        "text",
    ];
    Script {
        states: vec![json!({"State": "QUEUED"}), json!({"State": "SUCCEEDED"})],
        pages: vec![
            vec![
                row(&names),
                line("alice-2", "3", "1500", "a needle"),
                // Athena's expressions are not ours.
                line("alice-2", "4", "1600", "nothing of the kind"),
            ],
            vec![
                line("alice-2", "5", "723000", "needle \u{1b}[31m"),
                line("alice-1", "0", "0", "needle"),
            ],
        ],
        ..Script::default()
    }
}

#[test]
fn athena_is_asked_what_sql_prints_and_its_rows_are_told_as_finds() {
    let athena = Athena::new(found());
    let rig = athena.rig();
    let question = [
        "-e",
        "needle",
        "-e",
        "thread",
        "--since",
        "2026-11-28T00:00:00Z",
    ];
    let place = [
        "--athena-database",
        "audit",
        "--athena-workgroup",
        "reviewers",
        "--athena-output",
        "s3://results/here/",
    ];
    let run = rig.run(&[&["search"], &FLAGS[..], &question, &place].concat());
    assert_eq!(run.status(), 0, "{}", run.err());
    assert_eq!(
        run.out(),
        "alice-2@0:00:01.500:a needle\nalice-2@0:12:03.000:needle \\u{1b}[31m\nalice-1@0:00:00.000:needle\n"
    );
    let err = run.err();
    assert_eq!(err.matches("no evidence").count(), 1, "{err}");
    assert!(
        err.contains("found 3 times in 2 sessions by Athena, which scanned 21 MB"),
        "{err}"
    );
    assert!(
        err.contains("about 0.00010 USD at the list price of us-east-1"),
        "{err}"
    );
    assert!(err.contains("1 row of its answer left out"), "{err}");

    let started = athena.calls("StartQueryExecution").remove(0);
    let sql = rig.run(&[&["search", "--sql"], &question[..]].concat());
    assert_eq!(started["QueryString"], sql.out());
    assert_eq!(started["QueryExecutionContext"]["Database"], "audit");
    assert_eq!(started["WorkGroup"], "reviewers");
    assert_eq!(
        started["ResultConfiguration"]["OutputLocation"],
        "s3://results/here/"
    );
    assert_eq!(athena.calls("GetQueryResults").len(), 2);
    assert!(athena.calls("StopQueryExecution").is_empty());
}

#[test]
fn finds_of_athena_are_json_as_others_are_and_say_that_they_are_no_evidence() {
    let rig = Athena::new(found()).rig();
    let run = rig.run(&[&["search", "--json", "--trust-packs", "needle"], &FLAGS[..]].concat());
    assert_eq!((run.status(), run.err().as_str()), (0, ""));
    let out = run.out();
    let told: Vec<Value> = out
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(told.len(), 4);
    assert_eq!(told[1]["play"], "alice-2@0:12:03.000");
    assert_eq!(told[1]["time"], "2026-11-28T10:12:03.000Z");
    assert_eq!(told[0]["matches"], json!([[2, 8]]));
    assert_eq!(told[0]["operator"], "arn:aws:sts::1:assumed-role/ops/alice");
    assert_eq!(told[3]["type"], "summary");
    assert_eq!(told[3]["evidence"], false);
    assert_eq!(told[3]["scanned_bytes"], 20_971_520);
}

#[test]
fn counts_are_counted_by_athena_and_nothing_found_is_status_one() {
    let mut script = found();
    script.pages = vec![vec![
        row(&["session", "started", "matches"]),
        row(&["alice-2", "2026-11-28 10:00:00.000", "17"]),
        row(&["alice-1", "", "4"]),
    ]];
    let rig = Athena::new(script.clone()).rig();
    let run = rig.run(&[&["search", "-c", "needle"], &FLAGS[..]].concat());
    assert_eq!(
        (run.status(), run.out().as_str()),
        (0, "alice-2:17\nalice-1:4\n")
    );
    assert!(
        run.err().contains("found 21 times in 2 sessions"),
        "{}",
        run.err()
    );

    script.pages[0].truncate(1);
    let rig = Athena::new(script).rig();
    let run = rig.run(&[&["search", "needle"], &FLAGS[..]].concat());
    assert_eq!((run.status(), run.out().as_str()), (1, ""));
    assert!(
        run.err().contains("nothing found by Athena"),
        "{}",
        run.err()
    );
}

#[test]
fn what_athena_does_not_do_is_told_in_one_line_with_a_hint_and_a_status() {
    let refused = |code: &str, message: &str| Script {
        refused: Some(json!({"__type": code, "message": message})),
        ..Script::default()
    };
    let failed = |reason: &str| Script {
        states: vec![json!({"State": "FAILED", "StateChangeReason": reason})],
        ..Script::default()
    };
    for (script, status, told, hint) in [
        (
            refused(
                "AccessDeniedException",
                "You are not authorized to perform: athena:StartQueryExecution",
            ),
            121,
            "access denied: You are not authorized",
            "hint: athena:StartQueryExecution",
        ),
        (
            refused("InvalidRequestException", "No output location provided."),
            121,
            "No output location provided.",
            "--athena-output",
        ),
        (
            failed(
                "TABLE_NOT_FOUND: line 9:8: Table 'awsdatacatalog.ssm_rec.lines' does not exist",
            ),
            5,
            "the tables are not there: TABLE_NOT_FOUND",
            "formats/sql/athena.sql",
        ),
        (
            failed("HIVE_BAD_DATA: Error reading s3://b/packs/x"),
            121,
            "the query failed: HIVE_BAD_DATA",
            "--sql",
        ),
    ] {
        let athena = Athena::new(script);
        let run = athena
            .rig()
            .run(&[&["search", "needle", "--trust-packs"], &FLAGS[..]].concat());
        let err = run.err();
        assert_eq!(run.status(), status, "{err}");
        assert_eq!(err.lines().count(), 2, "{err}");
        assert!(err.contains(told) && err.contains(hint), "{err}");
        assert!(athena.calls("StopQueryExecution").is_empty());
    }
    let nobody = Rig::new(Options::quick()).env("AWS_ENDPOINT_URL_ATHENA", "http://127.0.0.1:1");
    let run = nobody.run(&[&["search", "needle"], &FLAGS[..]].concat());
    assert_eq!(run.status(), 122, "{}", run.err());
    let run = nobody.run(&[&["search", "needle", "--no-packs"], &FLAGS[..]].concat());
    assert_eq!(run.status(), 2, "{}", run.err());
}

#[test]
fn a_statement_that_athena_takes_none_of_is_not_sent() {
    let athena = Athena::new(Script::default());
    let long = "x".repeat(90_000);
    let flags = ["--reason", "--operator", "--target", "--document"];
    let filters = flags.iter().flat_map(|flag| [*flag, &long]);
    let arguments: Vec<&str> = ["search", "needle"]
        .into_iter()
        .chain(filters)
        .chain(FLAGS)
        .collect();
    let run = athena.rig().run(&arguments);
    assert_eq!(run.status(), 2, "{}", run.err());
    assert!(
        run.err().contains("Athena takes no more than 262144"),
        "{}",
        run.err()
    );
    assert!(athena.calls("StartQueryExecution").is_empty());
}

#[cfg(unix)]
#[test]
fn who_waits_no_longer_stops_the_query_too() {
    use std::process::Command;
    use std::time::Duration;

    let athena = Athena::new(Script::default());
    let rig = athena.rig();
    let child = rig
        .command(&[&["search", "needle"], &FLAGS[..]].concat())
        .spawn()
        .unwrap();
    while athena.calls("GetQueryExecution").is_empty() {
        thread::sleep(Duration::from_millis(20));
    }
    let sent = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()
        .unwrap();
    assert!(sent.success());
    let output = child.wait_with_output().unwrap();
    let err = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(130), "{err}");
    assert!(
        err.contains("stopped by signal 2") && err.contains("scanned 21 MB"),
        "{err}"
    );
    let stopped = athena.calls("StopQueryExecution");
    assert_eq!(stopped, [json!({"QueryExecutionId": ID})]);
}
