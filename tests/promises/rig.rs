//! The rig of a test: a service, a folder of its own, and the real binary with nothing of the person's in its environment.
//!
//! Nothing here asserts anything about the program.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use loopback::bucket::{ACCESS_KEY, SECRET_KEY};
use loopback::pty::{self, Pty};
use loopback::{Options, Service};

/// The binary under test.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_ssm-rec");

/// One service and one folder.
pub(crate) struct Rig {
    pub(crate) service: Service,
    folder: tempfile::TempDir,
    extra: Vec<(String, String)>,
    less: Vec<&'static str>,
}

impl Rig {
    /// A service that behaves as `options` say.
    pub(crate) fn new(options: Options) -> Self {
        let service = Service::start(options).unwrap();
        Self {
            service,
            folder: tempfile::tempdir().unwrap(),
            extra: Vec::new(),
            less: Vec::new(),
        }
    }

    /// A service, and a bucket for its recordings behind `endpoint`.
    pub(crate) fn with_bucket(endpoint: String) -> Self {
        Self::new(Options::quick())
            .env("SSM_REC_STORE", "s3://recordings/fleet")
            .env("AWS_ENDPOINT_URL_S3", endpoint)
            .env("AWS_ACCESS_KEY_ID", ACCESS_KEY)
            .env("AWS_SECRET_ACCESS_KEY", SECRET_KEY)
    }

    /// Sets one more variable for every run.
    pub(crate) fn env(mut self, name: &str, value: impl Into<String>) -> Self {
        self.set(name, value);
        self
    }

    /// The same, in place.
    pub(crate) fn set(&mut self, name: &str, value: impl Into<String>) {
        self.extra.push((name.to_owned(), value.into()));
    }

    /// Leaves one variable out of every run.
    pub(crate) fn without(mut self, name: &'static str) -> Self {
        self.less.push(name);
        self
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn store(&self) -> PathBuf {
        self.folder().join("store")
    }

    pub(crate) fn spool(&self) -> PathBuf {
        self.folder().join("spool")
    }

    /// The whole environment of a run.
    pub(crate) fn environment(&self) -> Vec<(String, String)> {
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
    pub(crate) fn terminal(&self, arguments: &[&str]) -> Pty {
        self.spawn(Path::new(PROGRAM), arguments)
    }

    /// The same, below a shell that has run `preparation` first.
    pub(crate) fn terminal_after(&self, preparation: &str, arguments: &[&str]) -> Pty {
        let script = format!("{preparation}; exec \"$0\" \"$@\"");
        let arguments = [&["-c", &script, PROGRAM][..], arguments].concat();
        self.spawn(Path::new("/bin/sh"), &arguments)
    }

    fn spawn(&self, program: &Path, arguments: &[&str]) -> Pty {
        let environment = self.environment();
        let environment: Vec<_> = environment
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        pty::spawn(program, arguments, &environment)
    }

    /// The program without a terminal, ready to be spawned.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(PROGRAM);
        command.args(arguments).env_clear().envs(self.environment());
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Runs the program without a terminal, to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Run {
        Run(self.command(arguments).output().unwrap())
    }

    /// Runs it with something to read on stdin.
    pub(crate) fn run_with(&self, arguments: &[&str], input: &[u8]) -> Run {
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
    pub(crate) fn files(&self, below: &Path) -> Vec<PathBuf> {
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

    /// The one recording in the store.
    pub(crate) fn recording(&self) -> PathBuf {
        let recordings = self.files(&self.store().join("recordings"));
        assert_eq!(
            recordings.len(),
            1,
            "one recording in the store: {recordings:?}"
        );
        recordings.into_iter().next().unwrap()
    }
}

impl Rig {
    /// The text of the one recording in the store.
    pub(crate) fn recorded(&self) -> String {
        let file = std::fs::File::open(self.recording()).unwrap();
        String::from_utf8(zstd::stream::decode_all(file).unwrap()).unwrap()
    }

    /// The manifest of the one recording in the store.
    pub(crate) fn manifest(&self) -> formats::manifest::Manifest {
        let manifests = self.files(&self.store().join("manifests"));
        assert_eq!(
            manifests.len(),
            1,
            "one manifest in the store: {manifests:?}"
        );
        formats::manifest::Manifest::parse(&std::fs::read(&manifests[0]).unwrap()).unwrap()
    }
}

/// How a run ended and what it said.
pub(crate) struct Run(pub(crate) Output);

impl Run {
    pub(crate) fn status(&self) -> i32 {
        self.0.status.code().unwrap_or(-1)
    }

    pub(crate) fn out(&self) -> String {
        String::from_utf8_lossy(&self.0.stdout).into_owned()
    }

    pub(crate) fn err(&self) -> String {
        String::from_utf8_lossy(&self.0.stderr).into_owned()
    }
}
