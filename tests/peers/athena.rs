//! moto's Athena, which is nobody's of ours: a search by `--engine athena` is started there, waited for, read and stopped.
//!
//! moto runs no query: what it is to find is laid into it beforehand. Nothing leaves this machine.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;

use loopback::Options;
use serde_json::{Value, json};

use super::moto::start;
use super::program;
use super::rig::{Rig, Running};

/// moto with an Athena that has not been asked yet.
struct Moto {
    endpoint: String,
    _server: Running,
}

impl Moto {
    fn new() -> Self {
        let (endpoint, server) = start();
        Self {
            endpoint,
            _server: Running(server),
        }
    }

    fn rig(&self) -> Rig {
        Rig::new(Options::quick())
            .env("AWS_ENDPOINT_URL_ATHENA", self.endpoint.clone())
            .env("AWS_REGION", "us-east-1")
    }

    /// What the next query finds.
    fn finds(&self, rows: &[Vec<Option<&str>>]) {
        let rows = rows.iter().map(|row| {
            let data = row.iter().map(|value| match value {
                Some(value) => json!({"VarCharValue": value}),
                None => json!({}),
            });
            json!({"Data": data.collect::<Vec<_>>()})
        });
        let rows: Vec<Value> = rows.collect();
        self.tell(
            "static/athena/query-results",
            &json!({"region": "us-east-1", "results": [{"rows": rows, "column_info": []}]}),
        );
    }

    /// Tells moto how to behave.
    fn tell(&self, what: &str, how: &Value) {
        let host = self.endpoint.trim_start_matches("http://");
        let body = how.to_string();
        let mut connection = TcpStream::connect(host).unwrap();
        write!(
            connection,
            "POST /moto-api/{what} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        let mut answer = String::new();
        connection.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
    }

    /// What moto knows of all queries, told by the AWS CLI.
    fn queries(&self) -> Vec<Value> {
        let aws = |arguments: &[&str]| -> Value {
            let output = Command::new(program("aws"))
                .args([
                    "--endpoint-url",
                    &self.endpoint,
                    "--region",
                    "us-east-1",
                    "--output",
                    "json",
                    "athena",
                ])
                .args(arguments)
                .env("AWS_ACCESS_KEY_ID", "test")
                .env("AWS_SECRET_ACCESS_KEY", "test")
                .env("AWS_CONFIG_FILE", "/nonexistent")
                .env("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
                .env("AWS_PAGER", "")
                .output()
                .unwrap();
            assert!(
                output.status.success(),
                "{}",
                String::from_utf8_lossy(&output.stderr)
            );
            serde_json::from_slice(&output.stdout).unwrap()
        };
        let ids = aws(&["list-query-executions"])["QueryExecutionIds"]
            .as_array()
            .cloned()
            .unwrap();
        let told = ids.iter().map(|id| {
            let id = id.as_str().unwrap();
            aws(&["get-query-execution", "--query-execution-id", id])["QueryExecution"].clone()
        });
        told.collect()
    }
}

#[test]
#[ignore = "needs moto_server and aws; .ci/run brings them"]
fn a_search_by_athena_is_started_waited_for_and_read() {
    let moto = Moto::new();
    let rig = moto.rig();
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
    let line = vec![
        Some("alice-1"),
        Some("2026-11-28 10:00:00.000"),
        None,
        Some("alice"),
        Some("i-0abc"),
        Some("it's ticket-42"),
        Some("commands"),
        Some("0"),
        Some("61500"),
        Some("62000"),
        Some("false"),
        Some("rm -rf it's"),
    ];
    moto.finds(&[names.iter().copied().map(Some).collect(), line]);
    let question = ["it's", "--in", "commands", "--since", "2026-11-28"];
    let athena = [
        "--engine",
        "athena",
        "--athena-output",
        "s3://results/here/",
    ];
    let run = rig.run(&[&["search"], &question[..], &athena].concat());
    assert_eq!(run.status(), 0, "{}", run.err());
    assert_eq!(run.out(), "alice-1@0:01:01.500:rm -rf it's\n");
    assert!(
        run.err()
            .contains("found 1 time in 1 session by Athena, which scanned 0 B"),
        "{}",
        run.err()
    );

    let queries = moto.queries();
    assert_eq!(queries.len(), 1);
    let sql = rig
        .run(&[&["search", "--sql"], &question[..]].concat())
        .out();
    // The CLI tells it as moto has it.
    assert_eq!(queries[0]["Query"], sql);
    assert_eq!(queries[0]["QueryExecutionContext"]["Database"], "ssm_rec");
    assert_eq!(queries[0]["Status"]["State"], "SUCCEEDED");

    // Nothing laid in, nothing found; and a workgroup that is not there.
    let run = rig.run(&[&["search"], &question[..], &athena].concat());
    assert_eq!((run.status(), run.out().as_str()), (1, ""));
    let run = rig.run(
        &[
            &["search"],
            &question[..],
            &athena,
            &["--athena-workgroup", "nobodys"],
        ]
        .concat(),
    );
    assert_eq!(run.status(), 121, "{}", run.err());
    assert!(
        run.err().contains("WorkGroup does not exist"),
        "{}",
        run.err()
    );
}

#[cfg(unix)]
#[test]
#[ignore = "needs moto_server and aws; .ci/run brings them"]
fn a_search_by_athena_that_is_interrupted_is_stopped_there() {
    use std::thread;
    use std::time::Duration;

    let moto = Moto::new();
    // In the queue for longer than anybody looks.
    let never = json!({"progression": "manual", "times": 10_000});
    moto.tell(
        "state-manager/set-transition",
        &json!({"model_name": "athena::execution", "transition": never}),
    );
    let rig = moto.rig();
    let child = rig
        .command(&["search", "x", "--engine", "athena"])
        .spawn()
        .unwrap();
    let id = child.id().to_string();
    while moto.queries().is_empty() {
        thread::sleep(Duration::from_millis(100));
    }
    assert!(
        Command::new("kill")
            .args(["-INT", &id])
            .status()
            .unwrap()
            .success()
    );
    let output = child.wait_with_output().unwrap();
    let err = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(130), "{err}");
    assert_eq!(moto.queries()[0]["Status"]["State"], "CANCELLED", "{err}");
}
