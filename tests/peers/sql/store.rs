//! A store to ask questions of: real shells of several persons, moved to days that the questions name, and put into packs.
//!
//! Nothing of what was recorded is altered: manifests get another start and end, and stand where that start has them.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, TimeDelta};
use formats::derived::Kind;
use formats::layout::Place;
use formats::manifest::Manifest;
use loopback::Options;

use super::Rig;

/// Each day that there is.
const ALL: &str = "2999-12-31";
const PROFILE: &str = include_str!("../../../examples/aws/shell-profile.sh");
const READER: &str = "age13vq84jpzp9588n40w3jwcrfd7wzs05p479vfasq5ef4e4vyp4dpsgr7sza";

/// A line that is typed, and the prompt behind what it does.
type Typed = (&'static str, &'static str);

struct Shell {
    operator: &'static str,
    target: &'static str,
    reason: &'static str,
    flags: &'static [&'static str],
    has_marks: bool,
    lines: &'static [Typed],
    started: &'static str,
}

const SHELL: &str = "ready% ";
const PYTHON: &str = ">>> ";

const FIRST: &[Shell] = &[
    Shell {
        operator: "alice",
        target: "i-0web",
        reason: "CHG-1001 it's a deploy, 100 %",
        flags: &[],
        has_marks: true,
        lines: &[
            ("echo deploy-started; seq 1 30 > deploy.log", SHELL),
            ("tail -n 5 deploy.log; sleep 0.2", SHELL),
            ("sh -c 'exit 7'", SHELL),
            ("rm deploy.log; rm nothing-there", SHELL),
            (
                "printf '%s\\n' ü漢 \"a'b\" '\"quoted\"' 'back\\slash' '100%_'",
                SHELL,
            ),
        ],
        started: "2026-03-03T23:59:58.250123Z",
    },
    Shell {
        operator: "bob",
        target: "i-0db",
        reason: "INC-7",
        flags: &[],
        has_marks: true,
        lines: &[
            ("echo 'bob: Permission denied (publickey)'; false", SHELL),
            ("python3 -q", PYTHON),
            ("print(6 * 7)", PYTHON),
            ("exit()", SHELL),
            ("echo connected from 10.1.2.33", SHELL),
            ("echo farm", SHELL),
        ],
        started: "2026-03-14T03:10:00Z",
    },
    Shell {
        operator: "alice",
        target: "i-0db",
        reason: "chg-1001 again",
        flags: &[],
        has_marks: false,
        lines: &[
            ("echo first line; \\\r echo second line", SHELL),
            (
                "printf '\\033[?1049h\\033[2J\\033[Hin a full screen'; sleep 0.4; printf '\\033[4;4Hits words'; sleep 0.3; printf '\\033[?1049l'",
                SHELL,
            ),
            ("rm -f /tmp/nothing-of-it", SHELL),
        ],
        started: "2026-11-23T10:00:00.000999Z",
    },
    Shell {
        operator: "carol",
        target: "i-0web",
        reason: "sealed for the auditor",
        flags: &["--encrypt-to", READER],
        has_marks: true,
        lines: &[("echo Permission denied to carol; rm x", SHELL)],
        started: "2026-03-03T00:00:00Z",
    },
    Shell {
        operator: "bob",
        target: "i-0web",
        reason: "last year",
        flags: &[],
        has_marks: true,
        lines: &[
            ("ls /nowhere-at-all", SHELL),
            ("cd /usr", SHELL),
            ("ls -d bin", SHELL),
        ],
        started: "2025-12-31T23:30:00Z",
    },
];

/// What comes when the packs of its day are made.
const LATE: Shell = Shell {
    operator: "bob",
    target: "i-0web",
    reason: "late",
    flags: &[],
    has_marks: true,
    lines: &[("echo late: Permission denied; (exit 3)", SHELL)],
    started: "2026-03-03T12:00:00.5Z",
};

/// All of it, with two packs of one day.
pub(super) fn packed() -> Rig {
    let mut rig = Rig::new(Options {
        shell: ["/bin/bash", "--norc", "--noprofile"]
            .map(str::to_owned)
            .into(),
        ..Options::quick()
    })
    .env("TZ", "UTC");
    for shell in FIRST {
        record(&mut rig, shell);
    }
    not_interactive(&rig);
    backdate(&rig, "2026-03-03T19:59:59.999Z");
    // Made of its recording, which tells itself when it began.
    killed(&rig);
    compact(&rig);
    record(&mut rig, &LATE);
    compact(&rig);
    let packs = rig.files(&rig.store().join("packs/index/year=2026/month=03/day=03"));
    assert_eq!(packs.len(), 2, "{packs:?}");
    rig
}

fn compact(rig: &Rig) {
    let run = rig.run(&["compact", "--until", ALL]);
    assert_eq!(run.status(), 0, "{}", run.err());
}

fn record(rig: &mut Rig, shell: &Shell) {
    rig.set("AWS_ACCESS_KEY_ID", format!("ASIAROLE{}", shell.operator));
    let start = ["start", shell.target, "--reason", shell.reason];
    let mut pty = rig.terminal(&[&start, shell.flags].concat());
    pty.wait_for("$ ");
    pty.type_keys("PS1=ready%' '\r");
    pty.wait_for(SHELL);
    let marks = shell.has_marks.then_some((PROFILE.trim_end(), SHELL));
    for (line, prompt) in marks.iter().chain(shell.lines) {
        pty.type_keys(format!("{line}\r"));
        pty.wait_for(prompt);
    }
    pty.type_keys("exit\r");
    assert_eq!(pty.wait(), 0);
    backdate(rig, shell.started);
}

/// A command without a terminal, which fails.
fn not_interactive(rig: &Rig) {
    let start = ["start", "i-0db", "--reason", "CHG-1002", "--"];
    let run = rig.run(&[&start[..], &["sh", "-c", "echo from 10.20.30.40; exit 5"]].concat());
    assert_eq!(run.status(), 5, "{}", run.err());
}

/// A session whose client is killed, and that is closed afterwards.
fn killed(rig: &Rig) {
    let mut pty = rig.terminal(&["start", "i-0web", "--reason", "INC-8"]);
    pty.wait_for("$ ");
    pty.type_keys("seq 1 200; echo before''-the-end\r");
    pty.wait_for("before-the-end");
    // What was shown is on the disk within a second.
    std::thread::sleep(Duration::from_millis(1500));
    pty.kill();
    pty.wait();
    for command in ["recover", "upload"] {
        let run = rig.run(&[command]);
        assert_eq!(run.status(), 0, "{command}: {}", run.err());
    }
}

/// Moves the session that was stored today to when it is said to have begun.
fn backdate(rig: &Rig, started: &str) {
    let path = |key: String| -> PathBuf { rig.store().join(key) };
    let manifests = rig.files(&rig.store().join("manifests"));
    // The others were written before.
    let written = |path: &PathBuf| fs::metadata(path).and_then(|told| told.modified()).unwrap();
    let newest = manifests.into_iter().max_by_key(written).unwrap();
    let mut manifest = Manifest::parse(&fs::read(newest).unwrap()).unwrap();
    let keys = |manifest: &Manifest| {
        let place = Place::of(manifest).unwrap();
        let derived = Kind::BOTH.map(|kind| place.derived(kind));
        [vec![place.manifest(), place.recording()], derived.into()].concat()
    };
    let before = keys(&manifest);
    let start = DateTime::parse_from_rfc3339(started).unwrap();
    let lasted = TimeDelta::microseconds(i64::try_from(manifest.duration_us).unwrap());
    manifest.started_at = Some(started.to_owned());
    manifest.ended_at = Some((start + lasted).to_rfc3339_opts(SecondsFormat::Micros, true));
    let moves = before.into_iter().zip(keys(&manifest));
    for (from, to) in moves.map(|(from, to)| (path(from), path(to))) {
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::rename(&from, &to).unwrap();
    }
    let there = path(keys(&manifest).swap_remove(0));
    fs::remove_file(&there).unwrap();
    fs::write(there, manifest.encode()).unwrap();
}
