//! The plugin as other programs call it: a session that is started by a call of its own, and what is said around it.
//!
//! Nothing here is a test, and the AWS CLI is not needed.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Stdio};

use loopback::Options;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use super::plugin::call;
use super::rig::{self, Rig, Run};

/// A session that was started elsewhere, and the plugin that is called for it.
pub(crate) struct Called {
    pub(crate) rig: Rig,
    pub(crate) request: Value,
    pub(crate) answer: Value,
}

impl Called {
    pub(crate) fn new(options: Options, request: Value) -> Self {
        let rig = Rig::new(options);
        std::os::unix::fs::symlink(rig::program(), rig.folder().join("session-manager-plugin"))
            .unwrap();
        let answer = call(&rig, &request);
        Self {
            rig,
            request,
            answer,
        }
    }

    pub(crate) fn shell(options: Options) -> Self {
        Self::new(options, json!({ "Target": "i-0abc" }))
    }

    pub(crate) fn command(command: &str, separate: bool) -> Self {
        let mut parameters = json!({ "command": [command] });
        if separate {
            parameters["separateOutputStream"] = json!(["true"]);
        }
        let document = "AWS-StartNonInteractiveCommand";
        let request =
            json!({ "Target": "i-0abc", "DocumentName": document, "Parameters": parameters });
        Self::new(Options::quick(), request)
    }

    pub(crate) fn forward(options: Options, local: u16, remote: u16) -> Self {
        let parameters =
            json!({ "portNumber": [remote.to_string()], "localPortNumber": [local.to_string()] });
        let document = "AWS-StartPortForwardingSession";
        let request =
            json!({ "Target": "i-0abc", "DocumentName": document, "Parameters": parameters });
        Self::new(options, request)
    }

    pub(crate) fn id(&self) -> &str {
        self.answer["SessionId"].as_str().unwrap()
    }

    pub(crate) fn program(&self) -> PathBuf {
        self.rig.folder().join("session-manager-plugin")
    }

    pub(crate) fn arguments(&self) -> [String; 6] {
        [
            self.answer.to_string(),
            "eu-central-1".to_owned(),
            "StartSession".to_owned(),
            String::new(),
            self.request.to_string(),
            self.rig.service.endpoint(),
        ]
    }

    pub(crate) fn spawn(&self) -> Child {
        let mut command = self.rig.command_of(&self.program(), &[]);
        command.args(self.arguments()).stdin(Stdio::piped());
        command.spawn().unwrap()
    }

    pub(crate) fn run(&self, input: &str) -> Run {
        let mut child = self.spawn();
        let mut stdin = child.stdin.take().unwrap();
        // A session that is over by then takes nothing.
        let _ = stdin.write_all(input.as_bytes());
        drop(stdin);
        Run(child.wait_with_output().unwrap())
    }

    pub(crate) fn starting(&self) -> String {
        format!("\nStarting session with SessionId: {}\n", self.id())
    }

    pub(crate) fn exiting(&self) -> String {
        format!("\n\nExiting session with sessionId: {}.\n\n", self.id())
    }

    pub(crate) fn closed(&self, text: &str) -> String {
        format!("\n\nSessionId: {} : {text}\n\n", self.id())
    }

    pub(crate) fn opened(&self, port: u16) -> String {
        let id = self.id();
        format!("Port {port} opened for sessionId {id}.\nWaiting for connections...\n")
    }

    pub(crate) fn accepted(&self) -> String {
        format!("\nConnection accepted for session [{}]\n", self.id())
    }

    pub(crate) fn check(&self, run: &Run, between: &str, last: &str, status: i32) {
        assert_eq!(run.err(), "");
        assert_eq!(run.out(), format!("{}{between}{last}", self.starting()));
        assert_eq!(run.status(), status);
        assert_eq!(
            self.rig.files(&self.rig.store().join("recordings")).len(),
            1
        );
    }
}

/// A plugin that forwards a port.
pub(crate) struct Forwarding {
    child: Child,
    pub(crate) said: String,
    pub(crate) port: u16,
}

impl Forwarding {
    pub(crate) fn of(called: &Called) -> Self {
        let child = called.spawn();
        let mut forwarding = Self {
            child,
            said: String::new(),
            port: 0,
        };
        forwarding.wait_for("Waiting for connections...\n");
        let line = forwarding.said.split("\nPort ").nth(1).unwrap();
        forwarding.port = line.split(' ').next().unwrap().parse().unwrap();
        forwarding
    }

    pub(crate) fn wait_for(&mut self, words: &str) {
        let stdout = self.child.stdout.as_mut().unwrap();
        while !self.said.ends_with(words) {
            let mut byte = [0];
            assert_eq!(stdout.read(&mut byte).unwrap(), 1, "{:?}", self.said);
            self.said.push(char::from(byte[0]));
        }
    }

    pub(crate) fn connect(&self) -> TcpStream {
        TcpStream::connect(("127.0.0.1", self.port)).unwrap()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let id = i32::try_from(self.child.id()).unwrap();
        kill_process(Pid::from_raw(id).unwrap(), signal).unwrap();
    }

    /// All that was said on stdout; stderr is empty.
    pub(crate) fn end(self) -> (String, std::process::ExitStatus) {
        let output = self.child.wait_with_output().unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stderr), "");
        let rest = String::from_utf8_lossy(&output.stdout);
        (self.said + &rest, output.status)
    }
}
