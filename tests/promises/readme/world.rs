//! Where README's commands are run: a home with this program on PATH, a service, nodes, keys, and sessions to look at.
//!
//! Nothing outside of it is changed, and nothing of the person's own is there.

use std::any::Any;
use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;

use loopback::bucket::{self, ACCESS_KEY, Bucket, SECRET_KEY};
use loopback::pty::{self, Pty};
use loopback::{Node, Options};
use rustix::process::{Pid, Signal, kill_process};

use super::places::readme;
use crate::athena::{Athena, found_once};
use crate::demo::made::Demo;
use crate::demo::made::making::{Runner, make, record};
use crate::demo::made::people::{ALICE, Person, QUINN, ROBIN};
use crate::demo::made::sessions::{Fate, Session};
use crate::rig::{Rig, program};
use crate::verify::key;

/// The window in which everything is typed.
const WINDOW: (u16, u16) = (120, 40);
/// What README calls a session.
const SESSION: &str = "operator-0d6";
/// What a forward says that leaves the terminal.
const LEFT: &str = "in the background as process ";
/// The one that a reviewer and an auditor look at: long enough, and with what they search for.
const LOOKED_AT: Session = Session {
    who: &ALICE,
    target: "web-1",
    reason: "OPS-120 the old orders go",
    lines: &[
        "ls -l backup",
        "echo 'cp: backup/orders.dump: Permission denied'",
        "psql shop -c 'DROP TABLE orders_old'",
        "sleep 3",
        "rm -f backup/orders.old",
        "sudo cat /etc/shadow",
    ],
    fate: Fate::Kept,
};

/// A person's machine, and what it reaches.
pub(crate) struct World {
    rig: Rig,
    /// What README says, and what it is here.
    names: Vec<(&'static str, String)>,
    /// The session that README means; the last one where nothing is said.
    looked_at: Option<String>,
    /// One that runs.
    running: Option<String>,
    /// What goes on in the background.
    left: Vec<String>,
    _kept: Vec<Box<dyn Any>>,
}

impl World {
    /// Somebody who works on servers.
    pub(crate) fn operator() -> Self {
        let machine = tempfile::tempdir().unwrap();
        // What a server has and a fresh machine may not.
        let programs = machine.path().join("bin");
        script(&programs.join("systemctl"), "echo active");
        script(
            &programs.join("top"),
            "echo 'top - up 4 days'; read -r key; [ \"$key\" = q ]",
        );
        let mut rig = Rig::new(Options {
            programs: Some(programs),
            directory: Some(machine.path().to_owned()),
            ..Options::quick()
        });
        rig.service.manage(nodes());
        furnish(&mut rig);
        let home = rig.folder().display();
        let names = vec![
            ("/etc/ssm-rec/", format!("{home}/etc/")),
            ("8080:", format!("{}:", free_port())),
            ("5432:db", format!("{}:db", free_port())),
        ];
        Self {
            rig,
            names,
            looked_at: None,
            running: None,
            left: Vec::new(),
            _kept: vec![Box::new(machine)],
        }
    }

    /// Somebody who looks at what others did.
    pub(crate) fn reviewer() -> Self {
        Self::among_others(&ROBIN)
    }

    /// Somebody who has to show that nothing is missing: with profiles, a trail and an Athena.
    pub(crate) fn auditor() -> Self {
        let mut world = Self::among_others(&QUINN);
        // The sandbox has this very demo.
        let home = world.rig.folder().display().to_string();
        world.rig.set("SANDBOX_FOLDER", home);
        let key = "aws_access_key_id = AKIAUSERquinn\naws_secret_access_key = x\n";
        let profiles = format!("[profile prod]\n{key}[profile dev]\n{key}");
        let profiles = world.rig.file("aws-config", profiles);
        world.rig.set("AWS_CONFIG_FILE", profiles);
        let trail = Bucket::start(bucket::Options {
            name: "example-trail".to_owned(),
            ..bucket::Options::default()
        });
        let trail = trail.unwrap();
        world.rig.set("AWS_ENDPOINT_URL_S3", trail.endpoint());
        let athena = Athena::new(found_once("DROP TABLE orders_old"));
        world
            .rig
            .set("AWS_ENDPOINT_URL_ATHENA", athena.endpoint.clone());
        world._kept.push(Box::new(trail));
        world
    }

    /// Somebody who brings it to everybody: the store is a bucket, with a risky session in it.
    pub(crate) fn platform() -> Self {
        let mut world = Self::operator();
        let bucket = Bucket::start(bucket::Options::default()).unwrap();
        for (name, value) in [
            ("SSM_REC_STORE", "s3://recordings/fleet"),
            ("AWS_ENDPOINT_URL_S3", &bucket.endpoint()),
            ("AWS_ACCESS_KEY_ID", ACCESS_KEY),
            ("AWS_SECRET_ACCESS_KEY", SECRET_KEY),
        ] {
            world.rig.set(name, value);
        }
        world.rig.shell(&["--reason", "ticket-42"], &["history -c"]);
        world._kept.push(Box::new(bucket));
        world
    }

    /// The demo of the sandbox, and somebody in it.
    fn among_others(who: &Person) -> Self {
        let mut world = Self::operator();
        let demo = Demo::at(world.rig.folder().join("demo"));
        let runner = Runner {
            program: &program(),
            environment: Vec::new(),
            pace: std::time::Duration::ZERO,
        };
        make(&demo, &runner).unwrap();
        let service = demo.serve().unwrap();
        service.manage(nodes());
        record(&demo, &runner, &service.endpoint(), &LOOKED_AT).unwrap();
        let config = demo.path("config.toml");
        let settings = fs::read_to_string(&config).unwrap();
        let text = organisation();
        let (_, rule) = text.split_once("[[rule]]").unwrap();
        fs::write(&config, format!("{settings}[[rule]]{rule}")).unwrap();
        world.become_one(&demo, &service.endpoint(), &ALICE);
        let arguments = ["start", "web-1", "--reason", "OPS-121 a look"];
        let mut terminal = world.rig.terminal(&arguments);
        terminal.wait_for(" 1]$ ");
        world.become_one(&demo, &service.endpoint(), who);
        let sessions = service.sessions();
        let [.., looked_at, running] = &sessions[..] else {
            panic!("two sessions: {sessions:?}");
        };
        world.looked_at = Some(looked_at.id.clone());
        world.running = Some(running.id.clone());
        let allowed = world.rig.folder().join("etc/allowed_signers");
        fs::copy(demo.path("allowed_signers"), allowed).unwrap();
        world._kept.push(Box::new((terminal, service)));
        world
    }

    fn become_one(&mut self, demo: &Demo, endpoint: &str, who: &Person) {
        for (name, value) in demo.environment(endpoint, who.name) {
            self.rig.set(name, value);
        }
    }

    /// A line with the names that things have here.
    pub(crate) fn named(&self, line: &str) -> String {
        let names = self.names.iter();
        let line = names.fold(line.to_owned(), |line, (said, here)| {
            line.replace(said, here)
        });
        if !line.contains(SESSION) {
            return line;
        }
        let runs = line.starts_with("ssm-rec tail ");
        let session = if runs { &self.running } else { &self.looked_at };
        let session = session.clone().unwrap_or_else(|| {
            let last = self.rig.service.sessions().pop();
            last.expect("a session before it is named").id
        });
        line.replace(SESSION, &session)
    }

    /// Types a line into a shell in a terminal.
    pub(crate) fn typed(&self, line: &str) -> Pty {
        let environment = self.rig.environment();
        let environment: Vec<_> = environment
            .iter()
            .map(|(name, value)| (&name[..], &value[..]))
            .collect();
        // The shell outlives a Ctrl-C, and tells how its command ended.
        let script = format!("trap : INT; {line}\nexit $?");
        pty::spawn_in(WINDOW, Path::new("/bin/sh"), &["-c", &script], &environment)
    }

    /// A line for a shell that has no terminal.
    pub(crate) fn without_a_terminal(&self, line: &str) -> Command {
        self.rig.command_of(Path::new("/bin/sh"), &["-c", line])
    }

    /// What was shown at the end, line by line, however long it was.
    pub(crate) fn shown(&mut self, terminal: &Pty) -> Vec<String> {
        let (cols, rows) = WINDOW;
        let shown = String::from_utf8_lossy(&terminal.shown()).into_owned();
        let mut window = avt::Terminal::with_scrollback(cols.into(), rows.into(), None).unwrap();
        window.feed(&shown[..]);
        let lines = window.primary_screen().text();
        let left = lines.iter().filter_map(|line| line.split_once(LEFT));
        let left = left.map(|(_, rest)| rest.chars().take_while(char::is_ascii_digit).collect());
        self.left.extend(left);
        lines
    }

    /// What stands in a file of the home.
    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.rig.folder().join(name)).unwrap()
    }

    /// The path of a file in the home with this text.
    pub(crate) fn file(&self, name: &str, text: &str) -> String {
        self.rig.file(name, text)
    }
}

impl Drop for World {
    fn drop(&mut self) {
        for id in &self.left {
            let id = id.parse().ok().and_then(Pid::from_raw);
            // It may have ended, which is as well.
            let _ = id.map(|id| kill_process(id, Signal::TERM));
        }
    }
}

/// The configuration of an organisation, as README has it.
fn organisation() -> String {
    let blocks = readme().into_iter().map(|block| block.text);
    let mut of_all = blocks.filter(|text| text.starts_with("[policy]"));
    of_all.next().expect("README has an organisation's file")
}

/// The samples, and one by its tags.
fn nodes() -> Vec<Node> {
    let mut tagged = Node::named("i-0test", "web-test", "10.0.0.21");
    let tags = [("Role", "web"), ("Stage", "test")];
    tagged
        .tags
        .extend(tags.map(|(key, value)| (key.to_owned(), value.to_owned())));
    [Node::samples(), vec![tagged]].concat()
}

/// What lies in the home: programs, keys, and files that README names.
fn furnish(rig: &mut Rig) {
    let home = rig.folder().to_owned();
    let bin = home.join("bin");
    for folder in [&bin, &home.join(".ssh"), &home.join("etc")] {
        fs::create_dir_all(folder).unwrap();
    }
    // Not by a symbolic link: what installs itself beside itself would do so where it was built.
    let ours = bin.join("ssm-rec");
    if fs::hard_link(program(), &ours).is_err() {
        fs::copy(program(), &ours).unwrap();
    }
    let sandbox = sandbox(rig).display().to_string();
    script(
        &bin.join("cargo"),
        &format!(
            "[ \"$1 $2 $3 $4 $5\" = 'run --release --example sandbox --' ] || exit 99\nshift 5\nunset SSM_REC_STORE\nexec '{sandbox}' \"$@\""
        ),
    );
    let path = std::env::var("PATH").unwrap_or_default();
    rig.set("PATH", format!("{}:{path}", bin.display()));
    rig.set("SANDBOX_FOLDER", home.join("sandbox").display().to_string());
    for (from, to) in [
        ("ed25519", "id_ed25519"),
        ("ed25519", "librarian"),
        ("plain", "auditor"),
    ] {
        for ending in ["", ".pub"] {
            let key = key(rig, &format!("{from}{ending}"));
            fs::copy(key, home.join(format!(".ssh/{to}{ending}"))).unwrap();
        }
    }
    rig.file("commands.sh", "echo nightly\nexit\n");
    rig.file("config.toml", organisation());
}

/// The example that `cargo test --workspace` has built beside this test. An older one would work in the person's own sandbox.
fn sandbox(rig: &Rig) -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let built = test.ancestors().nth(2).unwrap().join("examples/sandbox");
    let changed = |path: &Path| fs::metadata(path).and_then(|found| found.modified()).ok();
    let library = built.with_file_name("../libssm_rec.rlib");
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/sandbox");
    let mut made_of = rig.files(&sources);
    made_of.push(library);
    let newest = made_of.iter().filter_map(|path| changed(path)).max();
    assert!(
        changed(&built) >= newest,
        "{} is not there, or older than what it is made of: cargo build --example sandbox makes it, as cargo test --workspace does",
        built.display()
    );
    built
}

/// By a shell of its own: what is written by this process could be busy.
fn script(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let write = "printf '#!/bin/sh\\n%s\\n' \"$1\" > \"$0\" && chmod 755 \"$0\"";
    let written = Command::new("sh")
        .arg("-c")
        .arg(write)
        .arg(path)
        .arg(text)
        .status();
    assert!(written.unwrap().success());
}

/// A port that nobody has now. README's own may be taken on this machine.
fn free_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    listener.local_addr().unwrap().port()
}
