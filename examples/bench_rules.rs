//! How fast all shipped rules go through lines, against `rg` with the same patterns on the same lines, in one run.
//!
//! Nothing here is a recording: the lines are made of the corpus of ordinary sessions, and one in ten thousand is a finding.
//!
//! `cargo run --release --example bench_rules [MIB]`

#![allow(clippy::disallowed_methods, reason = "a benchmark asks for the time")]

#[path = "../tests/rules/corpus.rs"]
mod corpus;

use std::error::Error;
use std::io::Write as _;
use std::process::Command;
use std::time::Instant;

use formats::derived::Line;
use formats::manifest::Manifest;
use ssm_rec::formats;
use ssm_rec::rules::{Evaluation, Find, LooksAt, RuleSet, Session};

/// How often each is asked; the best time counts.
const RUNS: usize = 5;

fn main() -> Result<(), Box<dyn Error>> {
    let mib: usize = std::env::args()
        .nth(1)
        .map_or(Ok(256), |text| text.parse())?;
    let ordinary: Vec<Line> = corpus::sessions(5)
        .into_iter()
        .flat_map(|session| session.lines)
        .collect();
    let mut lines = Vec::new();
    let mut bytes = 0;
    while bytes < mib << 20 {
        for line in &ordinary {
            bytes += line.text.len() + 1;
            lines.push(line.clone());
            if lines.len() % 10_000 == 0 {
                lines.push(Line {
                    text: "-----BEGIN OPENSSH PRIVATE KEY-----".into(),
                    ..Line::default()
                });
            }
        }
    }
    let set = RuleSet::shipped()?;
    let mut file = tempfile::NamedTempFile::new()?;
    let mut patterns = tempfile::NamedTempFile::new()?;
    {
        let mut out = std::io::BufWriter::new(&mut file);
        for line in &lines {
            writeln!(out, "{}", line.text)?;
        }
        out.flush()?;
    }
    let of_lines = set
        .rules()
        .iter()
        .filter(|rule| rule.looks_at == LooksAt::Lines);
    for rule in of_lines {
        if let Find::Pattern { pattern, .. } = &rule.find {
            writeln!(patterns, "{pattern}")?;
        }
    }
    let size = file.as_file().metadata()?.len() as f64 / 1e6;
    let mut found = 0;
    let ours = best(|| {
        let mut evaluation = Evaluation::new(&set);
        lines.iter().for_each(|line| evaluation.line(line));
        let verdict = evaluation.finish(&Session::of(&Manifest::default()));
        found = verdict
            .found
            .iter()
            .filter(|found| found.hits.iter().any(|hit| hit.looks_at == LooksAt::Lines))
            .map(|found| found.count)
            .sum();
        Ok(())
    })?;
    let mut theirs_found = String::new();
    let theirs = best(|| {
        let output = Command::new("rg")
            .args(["--no-config", "--no-unicode", "-j1", "-c", "-f"])
            .args([patterns.path(), file.path()])
            .output()?;
        theirs_found = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        Ok(())
    })?;
    println!(
        "{size:.0} MB in {} lines, {} rules of which lines are asked {}",
        lines.len(),
        set.rules().len(),
        set.rules()
            .iter()
            .filter(|rule| rule.looks_at == LooksAt::Lines)
            .count()
    );
    println!("rules  {:6.0} MB/s, {found} findings", size / ours);
    println!("rg     {:6.0} MB/s, {theirs_found} lines", size / theirs);
    println!("ratio  {:6.2}", theirs / ours);
    let commands: Vec<_> = corpus::sessions(5)
        .into_iter()
        .flat_map(|session| session.commands)
        .collect();
    let taken = best(|| {
        let mut evaluation = Evaluation::new(&set);
        let commands = commands.iter();
        commands.for_each(|command| evaluation.command(command));
        Ok(())
    })?;
    println!("commands {:.0} a second", commands.len() as f64 / taken);
    Ok(())
}

fn best(mut run: impl FnMut() -> Result<(), Box<dyn Error>>) -> Result<f64, Box<dyn Error>> {
    let mut best = f64::INFINITY;
    for _ in 0..RUNS {
        let began = Instant::now();
        run()?;
        best = best.min(began.elapsed().as_secs_f64());
    }
    Ok(best)
}
