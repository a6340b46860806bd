//! The demo of the sandbox: made here as a person makes it, only typed faster, and each command that it names does what it is for.
//!
//! Nothing here is in `target/sandbox`.

#[path = "../../examples/sandbox/demo/mod.rs"]
pub(crate) mod made;

use std::process::{Command, Output};
use std::time::Duration;

use self::made::Demo;
use self::made::making::{Made, Runner, make};
use self::made::people::{QUINN, ROBIN};
use self::made::sessions::{Fate, SESSIONS, Session, TO_REVIEW};
use super::rig::{Run, program};

/// What the commands of a later process see: the service is another one, which knows the demo's history.
struct Later {
    demo: Demo,
    service: loopback::Service,
    _folder: tempfile::TempDir,
}

impl Later {
    fn run(&self, who: &str, arguments: &[&str]) -> Run {
        let environment = self.demo.environment(&self.service.endpoint(), who);
        let output: Output = Command::new(program())
            .args(arguments)
            .env_clear()
            .envs(environment)
            .env("HOME", self.demo.path("home"))
            .env("LANG", "C.UTF-8")
            .output()
            .unwrap();
        Run(output)
    }
}

fn made() -> (Made, Later) {
    let folder = tempfile::tempdir().unwrap();
    let demo = Demo::at(folder.path().join("demo"));
    let runner = Runner {
        program: &program(),
        environment: Vec::new(),
        pace: Duration::ZERO,
    };
    let made = make(&demo, &runner).unwrap();
    assert!(demo.exists());
    let service = demo.serve().unwrap();
    let later = Later {
        demo,
        service,
        _folder: folder,
    };
    (made, later)
}

/// The lines that name this session.
fn lines_of<'a>(out: &'a str, id: &str) -> Vec<&'a str> {
    out.lines().filter(|line| line.contains(id)).collect()
}

#[test]
fn the_demo_has_sessions_that_are_risky_cut_altered_and_one_that_nobody_recorded() {
    let (made, later) = made();
    let tries = made.tries(&later.demo);
    let words = |at: usize| -> Vec<&str> { tries[at].1.iter().map(String::as_str).collect() };
    let [altered, cut] = [Fate::Altered, Fate::Cut].map(|fate| made.with(fate));
    let risky = made.id(TO_REVIEW);

    let all = later.run("visitor", &["list", "--json"]);
    assert_eq!(all.out().lines().count(), SESSIONS.len(), "{}", all.err());
    let listed = later.run("visitor", &words(0));
    assert_eq!(listed.status(), 0, "{}", listed.err());

    let queue = later.run(ROBIN.name, &words(1));
    assert_eq!(queue.status(), 0, "{}", queue.err());
    for ticket in ["OPS-112", "OPS-113", "OPS-114", "OPS-116", "OPS-117"] {
        let is_risky = |session: &&Session| session.reason.starts_with(ticket);
        let id = made.id(SESSIONS.iter().find(is_risky).unwrap().reason);
        for out in [listed.out(), queue.out()] {
            assert_eq!(lines_of(&out, id).len(), 1, "{ticket}: {out}");
        }
    }
    assert!(queue.out().contains(cut), "{}", queue.out());
    // With keys to press it plays first; the verdict alone counts as well.
    let judged = later.run(ROBIN.name, &["review", risky, "--incident"]);
    assert_eq!(judged.status(), 0, "{}", judged.err());
    let said = later.run(ROBIN.name, &["review", risky, "--show", "--json"]);
    assert!(
        said.out().contains("\"weight\":\"counts\""),
        "{}",
        said.out()
    );

    let found = later.run("visitor", &words(3));
    assert_eq!(found.status(), 0, "{}", found.err());

    let audit = later.run(QUINN.name, &words(4));
    let out = audit.out();
    assert_eq!(audit.status(), 8, "{out}{}", audit.err());
    assert!(out.contains("NOT COVERED: 2 holes"), "{out}");
    assert!(out.contains(&made.hidden), "{out}");
    assert!(
        lines_of(&out, cut).iter().any(|line| line.contains("cut")),
        "{out}"
    );
    let lines = lines_of(&out, altered).join("\n");
    assert!(lines.contains("altered"), "{out}");

    let zip = later.run(QUINN.name, &words(5));
    assert_eq!(zip.status(), 0, "{}", zip.err());
    let told = later.run("visitor", &["verify", "--all"]);
    assert_eq!(told.status(), 4, "{}", told.out());
    let lines = lines_of(&told.out(), altered).join("\n");
    assert!(lines.contains("altered"), "{}", told.out());
}

#[test]
fn a_folder_that_no_demo_has_made_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let kept = folder.path().join("kept");
    std::fs::write(&kept, "somebody's").unwrap();
    let runner = Runner {
        program: &program(),
        environment: Vec::new(),
        pace: Duration::ZERO,
    };
    let refused = make(&Demo::at(folder.path().to_owned()), &runner)
        .map(|_| ())
        .unwrap_err()
        .to_string();
    assert!(refused.contains("no demo has made"), "{refused}");
    assert_eq!(std::fs::read_to_string(&kept).unwrap(), "somebody's");
}
