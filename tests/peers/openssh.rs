//! OpenSSH's client through our ProxyCommand to OpenSSH's server, and through the AWS CLI with our link as its plugin.
//!
//! The server is one of the test's own, on loopback, with keys that are made for it; nothing of the person's is read.

use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use loopback::{Noise, Options};

use super::rig::{self, Rig, Running};
use super::{path_with, program};

const MIB: usize = 1 << 20;

/// A server, and a client's configuration that reaches it through a session.
struct Ssh {
    rig: Rig,
    _server: Running,
    port: u16,
}

impl Ssh {
    fn start(proxy_command: &str) -> Self {
        let rig = Rig::new(Options::quick());
        let folder = rig.folder().to_owned();
        let at = |name: &str| folder.join(name).display().to_string();
        for name in ["host_key", "user_key"] {
            let made = Command::new(program("ssh-keygen"))
                .args(["-q", "-t", "ed25519", "-N", "", "-f", &at(name)])
                .output()
                .unwrap();
            assert!(made.status.success(), "{made:?}");
        }
        let port = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = port.local_addr().unwrap().port();
        let server = format!(
            "ListenAddress 127.0.0.1:{port}\nHostKey {}\nAuthorizedKeysFile {}\nPidFile none\n\
             StrictModes no\nUsePAM no\nPasswordAuthentication no\nPermitRootLogin yes\nSubsystem sftp internal-sftp\n",
            at("host_key"),
            at("user_key.pub"),
        );
        std::fs::write(at("sshd_config"), server).unwrap();
        let client = format!(
            "Host i-*\n  Port {port}\n  ProxyCommand {proxy_command}\n  IdentityFile {}\n  IdentitiesOnly yes\n\
             \x20 UserKnownHostsFile {}\n  StrictHostKeyChecking accept-new\n  LogLevel ERROR\n",
            at("user_key"),
            at("known_hosts"),
        );
        std::fs::write(at("ssh_config"), client).unwrap();
        let server = Command::new(program("sshd"))
            .args(["-D", "-e", "-f", &at("sshd_config")])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(std::fs::File::create(at("sshd.log")).unwrap())
            .spawn()
            .unwrap();
        let ssh = Self {
            rig,
            _server: Running(server),
            port,
        };
        ssh.wait_for_server();
        ssh
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "waiting for another program to listen"
    )]
    fn wait_for_server(&self) {
        let until = Instant::now() + Duration::from_secs(60);
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            let log = std::fs::read_to_string(self.rig.folder().join("sshd.log")).unwrap();
            assert!(Instant::now() < until, "sshd does not listen: {log}");
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// Runs `ssh` or `scp` with the configuration.
    fn run(&self, name: &str, arguments: &[&str]) -> Output {
        let config = self.path("ssh_config").display().to_string();
        let arguments = [&["-F", &config], arguments].concat();
        let mut command = self.rig.command_of(&program(name), &arguments);
        command.output().unwrap()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.rig.folder().join(name)
    }
}

fn check(ssh: &Ssh) {
    let answer = ssh.run(
        "ssh",
        &["i-0abc", "echo on the other side; echo told >&2; exit 7"],
    );
    let said = String::from_utf8_lossy(&answer.stderr);
    assert_eq!(answer.stdout, b"on the other side\n", "{said}");
    assert_eq!(answer.status.code(), Some(7), "{said}");
    assert!(said.contains("told"), "{said}");

    let sent = Noise::new(0).bytes(4 * MIB);
    std::fs::write(ssh.path("sent"), &sent).unwrap();
    let there = format!("i-0abc:{}", ssh.path("there").display());
    let up = ssh.run(
        "scp",
        &["-q", &ssh.path("sent").display().to_string(), &there],
    );
    assert!(
        up.status.success(),
        "{}",
        String::from_utf8_lossy(&up.stderr)
    );
    assert!(
        std::fs::read(ssh.path("there")).unwrap() == sent,
        "sent up whole"
    );
    let down = ssh.run(
        "scp",
        &["-q", &there, &ssh.path("back").display().to_string()],
    );
    assert!(
        down.status.success(),
        "{}",
        String::from_utf8_lossy(&down.stderr)
    );
    assert!(
        std::fs::read(ssh.path("back")).unwrap() == sent,
        "brought back whole"
    );

    let recordings = ssh.rig.files(&ssh.rig.store().join("recordings"));
    assert_eq!(recordings.len(), 3, "{recordings:?}");
}

#[test]
#[ignore = "needs ssh and sshd; .ci/run brings them"]
fn ssh_and_scp_go_through_our_proxy_command() {
    let ssh = Ssh::start(&format!("{} ssh-proxy %h %p", rig::program().display()));
    check(&ssh);
}

#[test]
#[ignore = "needs aws, ssh and sshd; .ci/run brings them"]
fn ssh_and_scp_go_through_the_aws_cli_with_our_link() {
    let aws = program("aws");
    let mut ssh = Ssh::start(&format!(
        "{} ssm start-session --target %h --document-name AWS-StartSSHSession --parameters portNumber=%p",
        aws.display()
    ));
    let bin = ssh.path("bin");
    std::fs::create_dir(&bin).unwrap();
    std::os::unix::fs::symlink(rig::program(), bin.join("session-manager-plugin")).unwrap();
    let environment = path_with(&bin);
    ssh.rig.set("PATH", environment);
    ssh.rig.set("AWS_DEFAULT_REGION", "eu-central-1");
    check(&ssh);
}
