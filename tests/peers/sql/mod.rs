//! The tables and questions of `formats/sql`, asked of the packs of a store by programs of others: DuckDB, and Spark on a cluster
//! of two workers. Their rows are those that this program's own answers give, which are made without packs.
//!
//! Nothing here runs in Athena: of the file for it, names and types of all columns are compared.

mod store;
mod told;

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::program;
use super::rig::Rig;

/// How many questions there are.
const QUESTIONS: usize = 20;

fn answers_agree(engine: &str) {
    let rig = store::packed();
    let sql = Path::new(env!("CARGO_MANIFEST_DIR")).join("formats/sql");
    let asked = ask(engine, &rig, &sql);
    let told = told::answers(&rig);
    assert_eq!(told.len(), QUESTIONS);
    for (number, expected) in (1..).zip(&told) {
        // A question to which nothing is the answer proves little.
        assert!(!expected.is_empty(), "{number} has no rows");
        let rows = &asked["answers"][number.to_string()];
        let expected = Value::from(expected.clone());
        assert_eq!(rows, &expected, "question {number} to {engine}");
    }
    assert_eq!(asked["answers"].as_object().unwrap().len(), QUESTIONS);
    for table in ["sessions", "commands", "lines"] {
        let columns = &asked["columns"][table];
        assert_eq!(&asked["athena"][table], columns, "{table} in athena.sql");
    }
    let rows: usize = told.iter().map(Vec::len).sum();
    println!(
        "{engine}: {rows} rows, seconds by question: {}",
        asked["seconds"]
    );
}

fn ask(engine: &str, rig: &Rig, sql: &Path) -> Value {
    let output = Command::new(program("python3"))
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers/sql.py"))
        .arg(engine)
        .args([&rig.store(), sql])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{engine}: {said}");
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
#[ignore = "needs DuckDB's module for Python; .ci/run brings it"]
fn duckdb_has_the_same_answers() {
    answers_agree("duckdb");
}

#[test]
#[ignore = "needs PySpark and Java; .ci/run brings them"]
fn spark_with_two_workers_has_the_same_answers() {
    program("java");
    answers_agree("spark");
}
