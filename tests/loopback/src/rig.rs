//! The rig of a test: a service, a folder of its own, and the real binary with nothing of the person's in its environment.
//!
//! Nothing here asserts anything about the program, and nothing else in this crate knows it.
#![allow(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "a test may stop where it stands"
)]

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use formats::manifest::Manifest;

use crate::bucket::{ACCESS_KEY, SECRET_KEY};
use crate::options::Options;
use crate::pty::{self, Pty};
use crate::service::Service;
use crate::signals;

/// The binary under test. Cargo names it to the tests that it runs; for those run by hand it is where cargo puts it.
pub fn program() -> PathBuf {
    std::env::var_os("CARGO_BIN_EXE_ssm-rec").map_or_else(
        || {
            let test = std::env::current_exe().unwrap();
            let folder = test.ancestors().nth(2).unwrap();
            folder
                .join("ssm-rec")
                .with_extension(std::env::consts::EXE_EXTENSION)
        },
        PathBuf::from,
    )
}

/// One service and one folder.
pub struct Rig {
    /// What the program talks to.
    pub service: Service,
    folder: tempfile::TempDir,
    extra: Vec<(String, String)>,
    less: Vec<&'static str>,
}

impl Rig {
    /// A service that behaves as `options` say.
    pub fn new(options: Options) -> Self {
        let service = Service::start(options).unwrap();
        Self {
            service,
            folder: tempfile::tempdir().unwrap(),
            extra: Vec::new(),
            less: Vec::new(),
        }
    }

    /// A service, and a bucket for its recordings behind `endpoint`.
    pub fn with_bucket(endpoint: String) -> Self {
        Self::new(Options::quick())
            .env("SSM_REC_STORE", "s3://recordings/fleet")
            .env("AWS_ENDPOINT_URL_S3", endpoint)
            .env("AWS_ACCESS_KEY_ID", ACCESS_KEY)
            .env("AWS_SECRET_ACCESS_KEY", SECRET_KEY)
    }

    /// Sets one more variable for every run.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl Into<String>) -> Self {
        self.set(name, value);
        self
    }

    /// The same, in place.
    pub fn set(&mut self, name: &str, value: impl Into<String>) {
        self.extra.push((name.to_owned(), value.into()));
    }

    /// Leaves one variable out of every run.
    #[must_use]
    pub fn without(mut self, name: &'static str) -> Self {
        self.less.push(name);
        self
    }

    /// The rig's own folder, which is the person's home.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The path of a file in that folder with this content.
    ///
    /// # Panics
    /// It cannot be written.
    pub fn file(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.folder().join(name);
        std::fs::write(&path, content).expect("the folder takes files");
        path.display().to_string()
    }

    /// Where recordings are stored, if nothing else is set.
    pub fn store(&self) -> PathBuf {
        self.folder().join("store")
    }

    /// Where recordings wait.
    pub fn spool(&self) -> PathBuf {
        self.folder().join("spool")
    }

    /// The whole environment of a run.
    pub fn environment(&self) -> Vec<(String, String)> {
        let path = |path: PathBuf| path.display().to_string();
        let mut variables: Vec<(String, String)> = [
            ("AWS_ENDPOINT_URL", self.service.endpoint()),
            ("AWS_ACCESS_KEY_ID", "test".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "test".to_owned()),
            ("AWS_REGION", "eu-central-1".to_owned()),
            ("AWS_CONFIG_FILE", path(self.folder().join("aws-config"))),
            (
                "AWS_SHARED_CREDENTIALS_FILE",
                path(self.folder().join("aws-credentials")),
            ),
            ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
            ("HOME", path(self.folder().to_owned())),
            ("PATH", std::env::var("PATH").unwrap_or_default()),
            ("SSM_REC_STORE", path(self.store())),
            ("SSM_REC_SPOOL", path(self.spool())),
            ("TERM", "xterm-256color".to_owned()),
            ("LANG", "C.UTF-8".to_owned()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .to_vec();
        variables.retain(|(name, _)| !self.less.contains(&name.as_str()));
        for (name, value) in &self.extra {
            variables.retain(|(known, _)| known != name);
            variables.push((name.clone(), value.clone()));
        }
        variables
    }

    /// Runs the program in a terminal of 80 x 24.
    pub fn terminal(&self, arguments: &[&str]) -> Pty {
        self.terminal_of(&program(), arguments)
    }

    /// The same, below a shell that has run `preparation` first.
    pub fn terminal_after(&self, preparation: &str, arguments: &[&str]) -> Pty {
        let script = format!("{preparation}; exec \"$0\" \"$@\"");
        let program = program().display().to_string();
        let arguments = [&["-c", &script, &program][..], arguments].concat();
        self.terminal_of(Path::new("/bin/sh"), &arguments)
    }

    /// Runs another program in a terminal, with the same environment.
    pub fn terminal_of(&self, program: &Path, arguments: &[&str]) -> Pty {
        let environment = self.environment();
        let environment: Vec<_> = environment
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        pty::spawn(program, arguments, &environment)
    }

    /// The program without a terminal, ready to be spawned.
    pub fn command(&self, arguments: &[&str]) -> Command {
        self.command_of(&program(), arguments)
    }

    /// Another program without a terminal, with the same environment.
    pub fn command_of(&self, program: &Path, arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.args(arguments).env_clear().envs(self.environment());
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        signals::reset(&mut command);
        command
    }

    /// Runs the program without a terminal, to its end.
    pub fn run(&self, arguments: &[&str]) -> Run {
        Run(self.command(arguments).output().unwrap())
    }

    /// Runs it with something to read on stdin.
    pub fn run_with(&self, arguments: &[&str], input: &[u8]) -> Run {
        use std::io::Write;
        let mut child = self
            .command(arguments)
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let input = input.to_vec();
        let writer = std::thread::spawn(move || {
            // A program that ends without reading it all is the test's to judge.
            let _ = stdin.write_all(&input);
        });
        let output = child.wait_with_output().unwrap();
        writer.join().unwrap();
        Run(output)
    }

    /// Every file below a folder of the rig, sorted.
    pub fn files(&self, below: &Path) -> Vec<PathBuf> {
        let mut files = Vec::new();
        let mut folders = vec![below.to_owned()];
        while let Some(folder) = folders.pop() {
            let Ok(entries) = std::fs::read_dir(&folder) else {
                continue;
            };
            for entry in entries {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path)
                } else {
                    files.push(path)
                }
            }
        }
        files.sort();
        files
    }

    /// Every file in the spool, but for what remembers the row of manifests.
    pub fn spooled(&self) -> Vec<PathBuf> {
        let mut files = self.files(&self.spool());
        files.retain(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            !name.starts_with(".continuity")
        });
        files
    }

    /// Runs these lines in a shell that is recorded, one after the other.
    pub fn shell(&self, flags: &[&str], lines: &[&str]) {
        let mut pty = self.terminal(&[&["start", "i-bash"], flags].concat());
        pty.wait_for("$ ");
        // A prompt that no echo of a line looks like, and that is written once a line.
        pty.type_keys("PS1=ready%' '\r");
        pty.wait_for("ready% ");
        for line in lines {
            pty.type_keys(format!("{line}\r"));
            pty.wait_for("ready% ");
        }
        pty.type_keys("exit\r");
        assert_eq!(pty.wait(), 0);
    }

    /// The one recording in the store.
    pub fn recording(&self) -> PathBuf {
        let recordings = self.files(&self.store().join("recordings"));
        assert_eq!(
            recordings.len(),
            1,
            "one recording in the store: {recordings:?}"
        );
        recordings.into_iter().next().unwrap()
    }

    /// The text of the one recording in the store.
    pub fn recorded(&self) -> String {
        let file = std::fs::File::open(self.recording()).unwrap();
        String::from_utf8(zstd::stream::decode_all(file).unwrap()).unwrap()
    }

    /// The manifest of the one recording in the store.
    pub fn manifest(&self) -> Manifest {
        let manifests = self.files(&self.store().join("manifests"));
        assert_eq!(
            manifests.len(),
            1,
            "one manifest in the store: {manifests:?}"
        );
        Manifest::parse(&std::fs::read(&manifests[0]).unwrap()).unwrap()
    }
}

/// How a run ended and what it said.
pub struct Run(pub Output);

impl Run {
    /// The exit status; -1 when a signal ended it.
    pub fn status(&self) -> i32 {
        self.0.status.code().unwrap_or(-1)
    }

    /// What it wrote to stdout.
    pub fn out(&self) -> String {
        String::from_utf8_lossy(&self.0.stdout).into_owned()
    }

    /// What it wrote to stderr.
    pub fn err(&self) -> String {
        String::from_utf8_lossy(&self.0.stderr).into_owned()
    }
}

/// A program that ends with the test.
pub struct Running(pub Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself, which is the test's to notice.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
