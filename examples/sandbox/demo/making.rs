//! How a demo is made: keys, a machine, sessions several at a time, and what somebody did to some of them.
//!
//! Nothing here is put into the store by another hand than the client's, but for the byte that is changed there.

use std::collections::{BTreeMap, VecDeque};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};
use std::{fs, io, thread};

use loopback::pty::{self, Pty};
use loopback::{Past, Service};

use super::people::{self, Person, QUINN, ROBIN};
use super::sessions::{Fate, HIDDEN, SESSIONS, Session, TO_REVIEW};
use super::{Demo, Failure};

/// So many sessions run at once: most of their time is waited.
const AT_ONCE: usize = 6;
/// The machine, for bash.
const HOST: &str = include_str!("host.sh");
/// How long ago somebody went round the recorder: longer than a recording may be on its way.
const AGO: Duration = Duration::from_secs(2 * 86_400);
/// Between a prompt and the first key.
const THINKING: Duration = Duration::from_millis(150);
/// How long the client that is killed had something to write down.
const BEFORE_CUT: Duration = Duration::from_millis(1500);

/// How ssm-rec is run.
pub(crate) struct Runner<'a> {
    /// The program.
    pub(crate) program: &'a Path,
    /// What makes it ssm-rec, where it is not.
    pub(crate) environment: Vec<(&'static str, String)>,
    /// Between two keys.
    pub(crate) pace: Duration,
}

/// What was made: the ids of sessions.
pub(crate) struct Made {
    /// By reason.
    ids: BTreeMap<String, String>,
    /// The one that went round the recorder.
    pub(crate) hidden: String,
}

impl Made {
    /// The one with this reason.
    pub(crate) fn id(&self, reason: &str) -> &str {
        self.ids.get(reason).map_or("", String::as_str)
    }

    /// The first one that this became of.
    pub(crate) fn with(&self, fate: Fate) -> &str {
        let session = SESSIONS.iter().find(|session| session.fate == fate);
        session.map_or("", |session| self.id(session.reason))
    }

    /// What to try: who is to type it, and what.
    pub(crate) fn tries(&self, demo: &Demo) -> Vec<(Option<&'static str>, Vec<String>)> {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        let id = self.id(TO_REVIEW);
        let zip = demo.path("evidence.zip").display().to_string();
        vec![
            (None, words(&["list", "--where", "risk >= high"])),
            (Some(ROBIN.name), words(&["review"])),
            (Some(ROBIN.name), words(&["review", id])),
            (None, words(&["search", "169.254"])),
            (Some(QUINN.name), words(&["audit", "--verify"])),
            (Some(QUINN.name), words(&["evidence", id, "-o", &zip])),
        ]
    }
}

/// Makes the demo.
///
/// # Errors
/// Its folder is somebody else's, or a session did not go as it should.
pub(crate) fn make(demo: &Demo, runner: &Runner<'_>) -> Result<Made, Failure> {
    demo.empty()?;
    furnish(demo)?;
    let service = demo.serve()?;
    record_all(demo, runner, &service)?;
    let ids: BTreeMap<String, String> = service
        .sessions()
        .into_iter()
        .filter_map(|log| Some((log.reason?, log.id)))
        .collect();
    let hidden = hide(&service);
    let made = Made { ids, hidden };
    let endpoint = service.endpoint();
    let run = |who: &Person, arguments: &[&str]| run(demo, runner, &endpoint, who, arguments);
    for session in &SESSIONS {
        let id = made.id(session.reason);
        match session.fate {
            Fate::Kept => {}
            Fate::Cut => {
                run(session.who, &["recover"])?;
                run(session.who, &["upload"])?;
            }
            Fate::Altered => alter(&demo.path("store"), id)?,
            Fate::Judged(verdict) => run(&ROBIN, &[&["review", id], verdict].concat())?,
        }
    }
    demo.keep_history(&service)?;
    Ok(made)
}

/// Keys, settings, and what lies on the machine.
fn furnish(demo: &Demo) -> Result<(), Failure> {
    let allowed = people::make_keys(&demo.path("keys"))?;
    fs::write(demo.path("allowed_signers"), allowed)?;
    let signers = demo.path("allowed_signers").display().to_string();
    let settings = format!(
        "# Whose signatures count, and which sessions are to be judged.\n[review]\nallowed_signers = {}\n\
         queue = [\"risky\", \"sample\"]\nsample_rate = 0.1\nsample_seed = \"demo\"\n",
        // A JSON text of a path is one of TOML too.
        serde_json::to_string(&signers)?
    );
    fs::write(demo.path("config.toml"), settings)?;
    fs::write(demo.path("host.sh"), HOST)?;
    let log: String = (0..60)
        .map(|number| {
            let level = if number % 7 == 3 { "ERROR" } else { "INFO" };
            format!(
                "06:{number:02}:11 {level} order {} was taken\n",
                4711 + number
            )
        })
        .collect();
    let queue: String = (0..40)
        .map(|number| {
            format!(
                "{}\n",
                ["mail", "invoice", "thumbnail"][number * number % 3]
            )
        })
        .collect();
    for (name, text) in [
        ("log/app.log", log.as_str()),
        ("log/app.log.1", &log.replace("taken", "sent")),
        ("app/queue.txt", &queue),
        ("app/config.yml", "log:\n  level: info\nqueue: shop\n"),
        (
            "app/certificates.txt",
            "shop.example 2026-12-19\nmail.example 2027-03-01\n",
        ),
        (
            "app/deploy.sh",
            "for step in fetch unpack migrate switch; do echo \"$1 $step\"; sleep 0.2; done\necho '2026.11 is there'\n",
        ),
        (
            "backup/orders.dump",
            "-- orders, 48213 rows\ncopy orders from stdin;\n",
        ),
        (".aws/config", "[default]\nregion = eu-central-1\n"),
        (
            ".aws/credentials",
            "[default]\naws_access_key_id = nobodys\naws_secret_access_key = made-up\n",
        ),
    ] {
        let path = demo.path("home").join(name);
        fs::create_dir_all(path.parent().unwrap_or(&path))?;
        fs::write(path, text)?;
    }
    Ok(())
}

/// Runs all sessions, several at a time.
fn record_all(demo: &Demo, runner: &Runner<'_>, service: &Service) -> Result<(), Failure> {
    let left: Mutex<VecDeque<&Session>> = Mutex::new(SESSIONS.iter().collect());
    let next = || {
        let mut left = left.lock().unwrap_or_else(PoisonError::into_inner);
        left.pop_front()
    };
    thread::scope(|scope| {
        let workers: Vec<_> = (0..AT_ONCE)
            .map(|_| {
                scope.spawn(|| {
                    while let Some(session) = next() {
                        record(demo, runner, &service.endpoint(), session)?;
                    }
                    Ok(())
                })
            })
            .collect();
        let mut result = Ok(());
        for worker in workers {
            // What was on the screen was printed as the thread ended.
            let done = worker.join();
            let done = done.unwrap_or_else(|_| Err("a session did not go as it should".into()));
            result = result.and(done);
        }
        result
    })
}

/// Runs one session in a terminal, as its operator.
pub(crate) fn record(
    demo: &Demo,
    runner: &Runner<'_>,
    endpoint: &str,
    session: &Session,
) -> Result<(), Failure> {
    let environment = environment(demo, runner, endpoint, session.who);
    let environment: Vec<(&str, &str)> = environment
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let arguments = ["start", session.target, "--reason", session.reason];
    let mut pty = pty::spawn(runner.program, &arguments, &environment);
    // A shell draws its prompt again when it learns its size: the number tells whether it is that one or the next.
    pty.wait_for(" 1]$ ");
    for (line, next) in session.lines.iter().zip(2..) {
        enter(&mut pty, line, runner.pace);
        pty.wait_for(&format!(" {next}]$ "));
    }
    if session.fate == Fate::Cut {
        enter(&mut pty, "while sleep 0.2; do date; done", runner.pace);
        thread::sleep(BEFORE_CUT);
        pty.kill();
        pty.wait();
        return Ok(());
    }
    enter(&mut pty, "exit", runner.pace);
    match pty.wait() {
        0 => Ok(()),
        status => {
            let shown = String::from_utf8_lossy(&pty.shown()).into_owned();
            Err(format!("{:?} ended with {status}: {shown}", session.reason).into())
        }
    }
}

fn enter(pty: &mut Pty, line: &str, pace: Duration) {
    thread::sleep(THINKING);
    if pace.is_zero() {
        pty.type_keys(line);
    } else {
        for key in line.chars() {
            pty.type_keys(key.encode_utf8(&mut [0; 4]));
            thread::sleep(pace);
        }
    }
    pty.type_keys("\r");
}

/// Runs a command to its end.
fn run(
    demo: &Demo,
    runner: &Runner<'_>,
    endpoint: &str,
    who: &Person,
    arguments: &[&str],
) -> Result<(), Failure> {
    let done = Command::new(runner.program)
        .args(arguments)
        .env_clear()
        .envs(environment(demo, runner, endpoint, who))
        .stdin(Stdio::null())
        .output()?;
    match done.status.success() {
        true => Ok(()),
        false => {
            let said = String::from_utf8_lossy(&done.stderr).into_owned();
            Err(format!("{arguments:?} of {}: {said}", who.name).into())
        }
    }
}

fn environment(
    demo: &Demo,
    runner: &Runner<'_>,
    endpoint: &str,
    who: &Person,
) -> Vec<(&'static str, String)> {
    let mut environment = demo.environment(endpoint, who.name);
    environment.extend([
        ("HOME", demo.path("home").display().to_string()),
        ("PATH", std::env::var("PATH").unwrap_or_default()),
        ("TERM", "xterm-256color".to_owned()),
        ("LANG", "C.UTF-8".to_owned()),
    ]);
    environment.extend(runner.environment.iter().cloned());
    environment
}

/// Lets the service tell of a session that nobody has recorded.
#[expect(
    clippy::disallowed_methods,
    reason = "an audit is of what happened until now"
)]
fn hide(service: &Service) -> String {
    let id = "carol-0a4f09c7e2d81b356".to_owned();
    let started = SystemTime::now() - AGO;
    service.tell_of(vec![Past {
        id: id.clone(),
        target: "i-0db1".to_owned(),
        document: "SSM-SessionManagerRunShell".to_owned(),
        owner: "arn:aws:iam::123456789012:user/carol".to_owned(),
        reason: Some(HIDDEN.to_owned()),
        region: None,
        started,
        ended: Some(started + Duration::from_secs(1260)),
        status: None,
    }]);
    id
}

/// Changes one byte in the middle of a session's recording, as somebody with access to the store could.
fn alter(store: &Path, id: &str) -> Result<(), Failure> {
    let name = format!("{id}.cast.zst");
    let path = find(&store.join("recordings"), &name)?
        .ok_or_else(|| format!("there is no {name} in the store"))?;
    let mut bytes = fs::read(&path)?;
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    let new = path.with_extension("new");
    fs::write(&new, bytes)?;
    fs::rename(new, path)?;
    Ok(())
}

fn find(folder: &Path, name: &str) -> io::Result<Option<PathBuf>> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            if let Some(found) = find(&path, name)? {
                return Ok(Some(found));
            }
        } else if path.file_name().is_some_and(|found| found == name) {
            return Ok(Some(path));
        }
    }
    Ok(None)
}
