//! OpenSSH beside the program: `ssh-keygen -Y verify` takes our signatures, we take those of `ssh-keygen -Y sign`, and a
//! real ssh-agent signs.
//!
//! Nothing here looks inside the program.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use loopback::Options;
use serde_json::Value;

use super::program;
use super::rig::{Rig, Running};

fn make_key(folder: &Path, name: &str, kind: &[&str]) -> PathBuf {
    let path = folder.join(name);
    let made = Command::new(program("ssh-keygen"))
        .args(["-q", "-N", "", "-C", name, "-f"])
        .arg(&path)
        .args(kind)
        .status();
    assert!(made.unwrap().success());
    path
}

fn record(rig: &Rig, key: &str) {
    let run = rig.run_with(&["start", "i-0abc", "--sign-key", key], b"exit\n");
    assert_eq!(run.status(), 0, "{key}: {}", run.err());
}

/// `ssh-keygen -Y verify` of the only manifest in the store, as README tells it.
fn check_with_openssh(rig: &Rig, signers: &Path, principal: &str) {
    let files = rig.files(&rig.store().join("manifests"));
    let find = |ending| {
        let file = files
            .iter()
            .find(|file| file.to_string_lossy().ends_with(ending));
        file.unwrap().clone()
    };
    let output = Command::new(program("ssh-keygen"))
        .args(["-Y", "verify", "-n", "ssm-rec", "-I", principal, "-f"])
        .arg(signers)
        .arg("-s")
        .arg(find(".json.sig"))
        .stdin(File::open(find(".json")).unwrap())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let wrong = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}{wrong}");
    assert!(
        said.contains(&format!("Good \"ssm-rec\" signature for {principal}")),
        "{said}"
    );
}

#[test]
#[ignore = "needs ssh-keygen and ssh-agent; .ci/run brings them"]
fn openssh_takes_our_signatures_of_every_kind_of_key() {
    for (name, kind) in [
        ("ed25519", &["-t", "ed25519"][..]),
        ("p256", &["-t", "ecdsa", "-b", "256"]),
        ("p384", &["-t", "ecdsa", "-b", "384"]),
        ("rsa", &["-t", "rsa", "-b", "3072"]),
    ] {
        for through_agent in [false, true] {
            let rig = Rig::new(Options::quick());
            let key = make_key(rig.folder(), name, kind);
            let public = fs::read_to_string(key.with_extension("pub")).unwrap();
            let signers = rig.folder().join("allowed_signers");
            fs::write(&signers, format!("{name}@example.com {public}")).unwrap();
            let (rig, _agent, key) = if through_agent {
                let socket = rig.folder().join("agent");
                let agent = Command::new(program("ssh-agent"))
                    .arg("-D")
                    .arg("-a")
                    .arg(&socket)
                    .stdout(Stdio::null())
                    .spawn()
                    .unwrap();
                let agent = Running(agent);
                while !socket.exists() {
                    std::thread::sleep(std::time::Duration::from_millis(20));
                }
                let added = Command::new(program("ssh-add"))
                    .arg("-q")
                    .arg(&key)
                    .env("SSH_AUTH_SOCK", &socket)
                    .status();
                assert!(added.unwrap().success());
                let socket = socket.display().to_string();
                (
                    rig.env("SSH_AUTH_SOCK", socket),
                    Some(agent),
                    "agent".to_owned(),
                )
            } else {
                (rig, None, key.display().to_string())
            };
            record(&rig, &key);
            check_with_openssh(&rig, &signers, &format!("{name}@example.com"));
            let signers = signers.display().to_string();
            let run = rig.run(&["verify", "--all", "--allowed-signers", &signers]);
            assert_eq!(run.status(), 0, "{name}: {}{}", run.out(), run.err());
        }
    }
}

#[test]
#[ignore = "needs ssh-keygen; .ci/run brings it"]
fn openssh_takes_what_a_key_in_kms_signed() {
    for name in ["p256", "p384", "rsa"] {
        let rig = Rig::new(Options::quick());
        record(&rig, &format!("kms:alias/{name}"));
        // The public key as the signature itself tells it: whether it is right is what is asked.
        let run = rig.run(&["verify", "--all", "--json"]);
        let found: Value = serde_json::from_str(run.out().lines().next().unwrap()).unwrap();
        assert_eq!(found["signature"], "unjudged", "{found}");
        let files = rig.files(&rig.store().join("manifests"));
        let armored = files
            .iter()
            .find(|file| file.to_string_lossy().ends_with(".sig"));
        let armored = fs::read_to_string(armored.unwrap()).unwrap();
        let signature = formats::signature::Signature::parse(&armored).unwrap();
        let public = ssh_key::PublicKey::from(signature.key().clone());
        let signers = rig.folder().join("allowed_signers");
        let line = format!("{name}@example.com {}\n", public.to_openssh().unwrap());
        fs::write(&signers, line).unwrap();
        check_with_openssh(&rig, &signers, &format!("{name}@example.com"));
    }
}
