//! How well commands are found: real shells are typed into through the real client, and what `ssm-rec commands` tells of the
//! recordings is compared with what the shells themselves say they ran.
//!
//! ```text
//! cargo run --release --example bench_commands -- [--diff] [--lines] [--keep FOLDER] [--peer PROGRAM] [SCENARIO...]
//! ```
//!
//! Keys are on record only with `--peer`. `--diff` prints what was missed and what was made up, `--keep` leaves each recording with its truth
//! in a folder, and `--peer` runs another program over the recordings, which is given a path and prints JSON objects with
//! `text`, one a line. `--lines` tells of the lines too: their words and their size. A shell that is not on this machine is
//! left out, and said to be.
//! Nothing here is a test: people type, shells differ.

mod lines;
mod person;
mod scenarios;
mod score;
mod shells;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::sync::Mutex;

use scenarios::{SCENARIOS, Scenario};
use score::{Found, Score};

pub(crate) type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// Set in the child, which then is ssm-rec and nothing else.
const CHILD: &str = "SSM_REC_BENCH_CHILD";
/// As many people type at once: they mostly wait.
const PEOPLE: usize = 4;

struct Options {
    diff: bool,
    lines: bool,
    keep: Option<PathBuf>,
    peer: Option<PathBuf>,
    names: Vec<String>,
}

fn main() -> ExitCode {
    if std::env::var_os(CHILD).is_some() {
        let arguments = std::env::args_os().skip(1);
        return ssm_rec::run(std::iter::once("ssm-rec".into()).chain(arguments));
    }
    match options().and_then(|options| run(&options)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench_commands: {error}");
            ExitCode::FAILURE
        }
    }
}

fn options() -> Result<Options> {
    let mut options = Options {
        diff: false,
        lines: false,
        keep: None,
        peer: None,
        names: Vec::new(),
    };
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--diff" => options.diff = true,
            "--lines" => options.lines = true,
            "--keep" => {
                options.keep = Some(arguments.next().ok_or("--keep needs a folder")?.into())
            }
            "--peer" => {
                options.peer = Some(arguments.next().ok_or("--peer needs a program")?.into())
            }
            _ => options.names.push(argument),
        }
    }
    Ok(options)
}

fn run(options: &Options) -> Result<()> {
    let mut chosen: Vec<&Scenario> = SCENARIOS
        .iter()
        .filter(|scenario| {
            options.names.is_empty()
                || options
                    .names
                    .iter()
                    .any(|name| scenario.name.starts_with(name))
        })
        .collect();
    chosen.retain(|scenario| {
        let missing = scenario.missing();
        if let Some(missing) = missing {
            println!(
                "{}: left out, not on this machine: {missing}",
                scenario.name
            );
        }
        missing.is_none()
    });
    let folder = tempfile::tempdir()?;
    let folder = options.keep.as_deref().unwrap_or(folder.path());
    let left = Mutex::new(chosen.iter());
    let failed = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..PEOPLE {
            scope.spawn(|| {
                loop {
                    let next = left.lock().ok().and_then(|mut left| left.next());
                    let Some(scenario) = next else { return };
                    let keys_too = options.peer.is_some();
                    if let Err(error) =
                        person::play(scenario, keys_too, &folder.join(scenario.name))
                        && let Ok(mut failed) = failed.lock()
                    {
                        failed.push(format!("{}: {error}", scenario.name));
                    }
                }
            });
        }
    });
    if let Some(failed) = failed.into_inner()?.first() {
        return Err(failed.clone().into());
    }
    let who = match options.peer {
        Some(_) => "ssm-rec, keys on record",
        None => "ssm-rec, without keys",
    };
    report(who, &chosen, folder, options.diff, |path| {
        let mut command = Command::new(std::env::current_exe()?);
        command
            .env(CHILD, "1")
            .args(["commands", "--json"])
            .arg(path);
        Ok(command)
    })?;
    if options.lines {
        lines::report(&chosen, folder, options.diff)?;
    }
    if let Some(peer) = &options.peer {
        report(
            &peer.display().to_string(),
            &chosen,
            folder,
            options.diff,
            |path| {
                let mut command = Command::new(peer);
                command.arg(path);
                Ok(command)
            },
        )?;
    }
    Ok(())
}

fn report(
    who: &str,
    scenarios: &[&Scenario],
    folder: &Path,
    diff: bool,
    command: impl Fn(&Path) -> Result<Command>,
) -> Result<()> {
    let mut all = Score::default();
    let mut by_shell = std::collections::BTreeMap::<String, Score>::new();
    let mut by_source = std::collections::BTreeMap::<String, (usize, usize)>::new();
    println!("\n{who}\n{}", Score::HEAD);
    for scenario in scenarios {
        let folder = folder.join(scenario.name);
        let truth = score::read(&std::fs::read_to_string(folder.join("truth.jsonl"))?);
        let output = command(&folder.join("rec.cast.zst"))?.output()?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            return Err(format!("{who}, {}: {}: {said}", scenario.name, output.status).into());
        }
        let found = score::read(&String::from_utf8_lossy(&output.stdout));
        let (score, pairs) = Score::of(&truth, &found);
        println!("{}", score.row(scenario.name));
        all.add(&score);
        let shell = format!("{:?}", scenario.shell).to_lowercase();
        by_shell.entry(shell).or_default().add(&score);
        for (at, found) in found.iter().enumerate() {
            let (right, count) = by_source.entry(found.source.clone()).or_default();
            *count += 1;
            *right += usize::from(pairs.iter().any(|(_, other)| *other == at));
        }
        if diff {
            differences(&truth, &found, &pairs);
        }
    }
    println!("{}\n", all.row("all"));
    for (shell, score) in &by_shell {
        println!("{}", score.row(shell));
    }
    println!();
    for (source, (right, count)) in by_source.iter().filter(|(source, _)| !source.is_empty()) {
        println!("{source:<12} {right} of {count} right");
    }
    println!(
        "confidence of 0.9 and more: {} of {} right",
        all.sure_and_right, all.sure
    );
    Ok(())
}

fn differences(truth: &[Found], found: &[Found], pairs: &[(usize, usize)]) {
    for (at, command) in truth.iter().enumerate() {
        if !pairs.iter().any(|(of, _)| *of == at) {
            println!("    - {:?}", command.text);
        }
    }
    for (at, command) in found.iter().enumerate() {
        if !pairs.iter().any(|(_, of)| *of == at) {
            println!("    + {:?} ({})", command.text, command.confidence);
        }
    }
}
