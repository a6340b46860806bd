//! What every subject needs: a service, a folder of its own, and the client's command line and environment.
//!
//! Nothing here measures anything.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::Instant;

use loopback::{Options, pty, rig};
use serde_json::{Value, json};

pub(crate) type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// Set in the child, which then is ssm-rec and nothing else.
pub(crate) const CHILD: &str = "SSM_REC_BENCH_CHILD";
const TARGET: &str = "i-0abc";
/// What is measured, when it is not this program itself.
pub(crate) static CLIENT: OnceLock<PathBuf> = OnceLock::new();

pub(crate) struct Rig(rig::Rig);

impl Rig {
    pub(crate) fn new(options: Options) -> Self {
        Self(rig::Rig::new(options).env(CHILD, "1"))
    }

    pub(crate) fn folder(&self) -> &Path {
        self.0.folder()
    }

    /// Program, arguments and environment of ssm-rec, with `more` after the words that every session has.
    pub(crate) fn ours(&self, more: &[&str]) -> Result<Client> {
        let mut arguments = ["start", TARGET, "--reason", "benchmark"]
            .map(str::to_owned)
            .to_vec();
        arguments.extend(more.iter().map(|&word| word.to_owned()));
        Ok(Client {
            program: match CLIENT.get() {
                Some(client) => client.clone(),
                None => std::env::current_exe()?,
            },
            arguments,
            environment: self.0.environment(),
        })
    }

    /// The same of a program with the arguments of session-manager-plugin, in a session of `document`.
    pub(crate) fn theirs(&self, plugin: &Path, document: &str, command: &str) -> Result<Client> {
        let mut request = json!({ "Target": TARGET, "Reason": "benchmark" });
        if !command.is_empty() {
            request["DocumentName"] = json!(document);
            request["Parameters"] = json!({ "command": [command] });
        }
        let answer = self.start_session(&request)?;
        Ok(Client {
            program: plugin.to_owned(),
            arguments: vec![
                answer.to_string(),
                "eu-central-1".to_owned(),
                "StartSession".to_owned(),
                String::new(),
                request.to_string(),
                self.0.service.endpoint(),
            ],
            environment: self.0.environment(),
        })
    }

    fn start_session(&self, request: &Value) -> Result<Value> {
        let body = request.to_string();
        let mut stream = TcpStream::connect(self.0.service.address())?;
        write!(
            stream,
            "POST / HTTP/1.1\r\nhost: ssm\r\nx-amz-target: AmazonSSM.StartSession\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
            body.len()
        )?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        let (_, body) = answer
            .split_once("\r\n\r\n")
            .ok_or("no answer to StartSession")?;
        Ok(serde_json::from_str(body)?)
    }
}

pub(crate) struct Client {
    pub(crate) program: PathBuf,
    pub(crate) arguments: Vec<String>,
    pub(crate) environment: Vec<(String, String)>,
}

impl Client {
    /// In a terminal.
    pub(crate) fn spawn(&self) -> pty::Pty {
        let arguments: Vec<&str> = self.arguments.iter().map(String::as_str).collect();
        let environment: Vec<(&str, &str)> = self
            .environment
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        pty::spawn(&self.program, &arguments, &environment)
    }

    /// Started by a program that measures it and writes what it found to a file; what is shown goes to a pipe.
    pub(crate) fn below(&self, program: &str, flags: &[&str], found: &Path) -> Command {
        let mut command = Command::new(program);
        command
            .args(flags)
            .arg(found)
            .arg(&self.program)
            .args(&self.arguments)
            .env_clear()
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped());
        command
    }
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures the time")]
pub(crate) fn now() -> Instant {
    Instant::now()
}
