//! `ssm-rec start --forward` and `ssm-rec ssh-proxy`: real sockets at both ends, through the service on loopback.
//!
//! Nothing here waits a fixed time for something to happen, except where the wait itself is promised.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use loopback::{Faults, Options, target};

use super::forwards::Forwards;
use super::rig::Rig;

/// Nothing here takes this long unless it hangs.
const PATIENCE: Duration = Duration::from_secs(30);

/// The port of a service that sends back what it is sent.
pub(crate) fn echoing() -> u16 {
    target::listen(target::echo).unwrap()
}

pub(crate) fn pattern(seed: usize, length: usize) -> Vec<u8> {
    (0..length)
        .map(|at| (at * 7 + at / 251 + seed) as u8)
        .collect()
}

/// The program, forwarding one port.
pub(crate) struct Forwarding {
    forwards: Forwards,
    pub(crate) address: SocketAddr,
}

impl Forwarding {
    pub(crate) fn start(rig: &Rig, forward: &str) -> Self {
        Self::start_on(rig, "i-0abc", forward)
    }

    pub(crate) fn start_on(rig: &Rig, target: &str, forward: &str) -> Self {
        let mut forwards = Forwards::start(rig, target, &[forward.to_owned()]);
        let address = forwards.address("");
        Self { forwards, address }
    }

    pub(crate) fn connect(&self) -> TcpStream {
        connect(self.address)
    }

    /// Ctrl-C, and what is said after it.
    pub(crate) fn end(self) -> (Option<i32>, String) {
        self.forwards.end()
    }
}

fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

#[test]
fn connections_are_carried_and_noted_and_their_bytes_are_not_recorded() {
    let rig = Rig::new(Options::quick());
    let forwarding = Forwarding::start(&rig, &format!("0:{}", echoing()));
    let mut client = forwarding.connect();
    client.write_all(b"a secret of the database").unwrap();
    client.shutdown(Shutdown::Write).unwrap();
    let mut answer = Vec::new();
    client.read_to_end(&mut answer).unwrap();
    assert_eq!(answer, b"a secret of the database");
    drop(client);
    let (_, said) = forwarding.end();
    assert!(said.contains("ssm-rec play "), "{said}");
    let text = rig.recorded();
    assert!(
        text.contains("connection 1 opened from 127.0.0.1:"),
        "{text}"
    );
    assert!(
        text.contains("connection 1 closed, 24 bytes up, 24 down, "),
        "{text}"
    );
    assert!(!text.contains("secret"), "{text}");
}

#[test]
fn sixteen_connections_at_once_keep_their_bytes_over_a_rough_line() {
    let rig = Rig::new(Options {
        faults: Faults::lossy(),
        ..Options::quick()
    });
    let forwarding = Forwarding::start(&rig, &format!("0:{}", echoing()));
    let address = forwarding.address;
    let clients: Vec<_> = (0..16)
        .map(|seed| {
            thread::spawn(move || {
                let sent = pattern(seed, 20_000 + seed * 501);
                let mut client = connect(address);
                let mut writer = client.try_clone().unwrap();
                let expected = sent.clone();
                let writing = thread::spawn(move || writer.write_all(&sent).unwrap());
                let mut got = vec![0; expected.len()];
                client.read_exact(&mut got).unwrap();
                writing.join().unwrap();
                assert!(got == expected, "connection {seed}");
            })
        })
        .collect();
    for client in clients {
        client.join().unwrap();
    }
    forwarding.end();
}

#[test]
fn a_refused_port_is_told_and_the_session_goes_on() {
    let rig = Rig::new(Options::quick());
    let gone = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = gone.local_addr().unwrap().port();
    drop(gone);
    let mut forwarding = Forwarding::start(&rig, &format!("0:{port}"));
    for _ in 0..2 {
        let mut client = forwarding.connect();
        assert!(client.read_to_end(&mut Vec::new()).is_err());
        forwarding
            .forwards
            .read_until(&["could not connect to the remote port"]);
    }
    forwarding.end();
}

#[test]
fn an_old_agent_carries_one_connection_after_the_other() {
    let rig = Rig::new(Options {
        agent_version: "3.0.100.0".to_owned(),
        ..Options::quick()
    });
    let forwarding = Forwarding::start(&rig, &format!("0:{}", echoing()));
    for text in [&b"first"[..], b"and the second"] {
        let mut client = forwarding.connect();
        client.write_all(text).unwrap();
        let mut answer = vec![0; text.len()];
        client.read_exact(&mut answer).unwrap();
        assert_eq!(answer, text);
    }
    forwarding.end();
}

#[test]
fn a_taken_port_is_told_by_its_name() {
    let rig = Rig::new(Options::quick());
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let run = rig.run(&[
        "start",
        "i-0abc",
        "--forward",
        &format!("{}:80", address.port()),
    ]);
    assert_ne!(run.status(), 0);
    assert!(
        run.err()
            .contains(&format!("cannot listen on \"{address}\"")),
        "{}",
        run.err()
    );
}

#[test]
fn an_ssh_proxy_carries_bytes_and_writes_none_of_its_own() {
    let rig = Rig::new(Options::quick());
    let port = target::listen(|mut stream| {
        stream.write_all(b"SSH-2.0-server\r\n\x00\xff")?;
        let mut greeting = [0; 16];
        stream.read_exact(&mut greeting)?;
        stream.write_all(&greeting)
    })
    .unwrap();
    let run = rig.run_with(
        &["ssh-proxy", "i-0abc", &port.to_string()],
        b"SSH-2.0-client\r\n",
    );
    assert_eq!(
        run.0.stdout,
        b"SSH-2.0-server\r\n\x00\xffSSH-2.0-client\r\n"
    );
    assert_eq!(run.err(), "");
}
