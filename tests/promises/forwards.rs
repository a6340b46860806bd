//! Several `--forward` in one command: sessions of their own, side by side.
//!
//! Nothing here waits a fixed time.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, ChildStderr};
use std::time::Duration;

use loopback::{Faults, Options, Refusal, target};

use super::rig::Rig;

/// Nothing here takes this long unless it hangs.
const PATIENCE: Duration = Duration::from_secs(60);

/// A service at the target that answers each connection with its name and what it is sent.
fn service(name: &'static str) -> u16 {
    target::listen(move |mut stream| {
        let mut asked = [0; 4];
        stream.read_exact(&mut asked)?;
        stream.write_all(name.as_bytes())?;
        stream.write_all(&asked)
    })
    .unwrap()
}

fn ask(address: SocketAddr) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(b"ping").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// The program, forwarding several ports.
pub(crate) struct Forwards {
    child: Child,
    stderr: BufReader<ChildStderr>,
    said: Vec<String>,
}

impl Forwards {
    pub(crate) fn start(rig: &Rig, target: &str, forwards: &[String]) -> Self {
        let mut arguments = vec!["start", target, "--reason", "ticket-42"];
        for forward in forwards {
            arguments.extend(["--forward", forward]);
        }
        let mut child = rig.command(&arguments).spawn().unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        Self {
            child,
            stderr,
            said: Vec::new(),
        }
    }

    /// A line that holds all of `words`, from what was said or what comes.
    fn wait_for(&mut self, words: &[&str]) -> String {
        let told = self.said.iter().find(|line| holds(line, words)).cloned();
        told.unwrap_or_else(|| self.read_until(words))
    }

    /// Reads on until a line holds all of `words`.
    pub(crate) fn read_until(&mut self, words: &[&str]) -> String {
        loop {
            let mut line = String::new();
            let length = self.stderr.read_line(&mut line).unwrap();
            assert!(length > 0, "{words:?} never came: {:?}", self.said);
            self.said.push(line.clone());
            if holds(&line, words) {
                return line;
            }
        }
    }

    pub(crate) fn address(&mut self, forward: &str) -> SocketAddr {
        let line = self.wait_for(&[forward, "connections to "]);
        let rest = line.split("connections to ").nth(1).unwrap();
        rest.split(' ').next().unwrap().parse().unwrap()
    }

    /// Ctrl-C; the status, and what is said after it.
    pub(crate) fn end(mut self) -> (Option<i32>, String) {
        let id = i32::try_from(self.child.id()).unwrap();
        let process = rustix::process::Pid::from_raw(id).unwrap();
        rustix::process::kill_process(process, rustix::process::Signal::INT).unwrap();
        let mut rest = String::new();
        self.stderr.read_to_string(&mut rest).unwrap();
        let mut shown = String::new();
        let mut stdout = self.child.stdout.take().unwrap();
        stdout.read_to_string(&mut shown).unwrap();
        assert_eq!(shown, "", "nothing goes to stdout");
        (self.child.wait().unwrap().code(), rest)
    }
}

fn holds(line: &str, words: &[&str]) -> bool {
    words.iter().all(|word| line.contains(word))
}

#[test]
fn forwards_run_side_by_side_and_each_is_recorded() {
    let rig = Rig::new(Options::quick());
    let wanted = ["one", "two", "three"].map(|name| format!("0:{}", service(name)));
    let mut forwards = Forwards::start(&rig, "i-0abc", &wanted);
    for (forward, name) in wanted.iter().zip(["one", "two", "three"]) {
        forwards.wait_for(&[&format!("{forward}: session "), "is being recorded"]);
        let address = forwards.address(forward);
        assert_eq!(ask(address), format!("{name}ping"));
    }
    assert_eq!(forwards.end().0, Some(130), "Ctrl-C ends all of them");
    assert_eq!(rig.files(&rig.store().join("recordings")).len(), 3);
    let manifests = rig.files(&rig.store().join("manifests"));
    assert_eq!(manifests.len(), 3);
    for manifest in manifests {
        let text = std::fs::read_to_string(manifest).unwrap();
        assert!(text.contains("\"connections\":1"), "{text}");
        assert!(text.contains("\"agent_version\":\"3.3.0.0\""), "{text}");
    }
}

#[test]
fn one_that_is_refused_is_told_and_the_other_goes_on() {
    let rig = Rig::new(Options {
        faults: Faults {
            start: Some(Refusal::named("TargetNotConnected").times(1)),
            ..Faults::default()
        },
        ..Options::quick()
    });
    let wanted = ["one", "two"].map(|name| format!("0:{}", service(name)));
    let mut forwards = Forwards::start(&rig, "i-0abc", &wanted);
    let refused = forwards.wait_for(&["ssm-rec: 0:", "is not connected"]);
    forwards.wait_for(&["1 of 2 forwards go on"]);
    let (number, name) = if refused.contains(&wanted[0]) {
        (1, "two")
    } else {
        (0, "one")
    };
    let address = forwards.address(&format!("{}: ", wanted[number]));
    assert_eq!(ask(address), format!("{name}ping"));
    // The first that did not end well, in the order of the flags: the refused one, or the one that Ctrl-C ended.
    let expected = if number == 1 { 121 } else { 130 };
    assert_eq!(forwards.end().0, Some(expected));
    assert_eq!(rig.files(&rig.store().join("recordings")).len(), 1);
}

#[test]
fn a_taken_port_is_told_before_anything_is_started() {
    let rig = Rig::new(Options::quick());
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let wanted = [format!("0:{}", service("one")), format!("{port}:80")];
    let mut forwards = Forwards::start(&rig, "i-0abc", &wanted);
    forwards.wait_for(&["cannot listen on", &port.to_string()]);
    assert_eq!(forwards.child.wait().unwrap().code(), Some(1));
    let calls = rig.service.calls();
    assert!(calls.is_empty(), "{calls:?}");
}
