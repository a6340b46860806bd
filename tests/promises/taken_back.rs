//! What goes wrong between a session's start and its first message: no session stays open at the service.
//!
//! Nothing here carries a session, and nothing is asserted but what the service was told and what the person was.

use std::fs;
use std::net::TcpListener;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, ExitStatus};
use std::time::Duration;

use loopback::{Faults, Options, Tls};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

use super::rig::{Rig, Run};

/// A session that another program has started, as the AWS CLI hands it over.
struct Handed<'a> {
    stream_url: &'a str,
    region: &'a str,
    profile: &'a str,
    request: &'a str,
}

impl Default for Handed<'_> {
    fn default() -> Self {
        Self {
            stream_url: "ws://127.0.0.1:9/v1/data-channel/handed-0a1b",
            region: "eu-central-1",
            profile: "",
            request: r#"{"Target": "i-0abc"}"#,
        }
    }
}

const HANDED: &str = "handed-0a1b";

impl Handed<'_> {
    fn arguments(&self, rig: &Rig) -> Vec<String> {
        let answer = json!({
            "SessionId": HANDED, "StreamUrl": self.stream_url, "TokenValue": "token",
        });
        [
            "plugin",
            &answer.to_string(),
            self.region,
            "StartSession",
            self.profile,
            self.request,
            &rig.service.endpoint(),
        ]
        .map(str::to_owned)
        .to_vec()
    }

    fn run(&self, rig: &Rig) -> Run {
        let arguments = self.arguments(rig);
        rig.run(&arguments.iter().map(String::as_str).collect::<Vec<_>>())
    }
}

/// How often the service was told that a session is over.
fn told(rig: &Rig, session_id: &str) -> usize {
    let calls = rig.service.calls();
    let about = |call: &&loopback::Call| {
        call.operation == "TerminateSession" && call.body["SessionId"] == session_id
    };
    calls.iter().filter(about).count()
}

#[track_caller]
fn check_handed(rig: &Rig, handed: &Handed<'_>, status: i32, says: &str) {
    let run = handed.run(rig);
    assert_eq!(run.status(), status, "{}", run.err());
    assert!(run.err().contains(says), "{says:?} is in {}", run.err());
    assert_eq!(told(rig, HANDED), 1, "{says}: {:?}", rig.service.calls());
    assert_eq!(rig.files(&rig.store().join("recordings")).len(), 0);
}

#[test]
fn a_session_that_is_handed_over_and_cannot_be_recorded_is_ended() {
    let rig = || Rig::new(Options::quick());
    let handed = Handed::default;
    // As the official client has it, to the status.
    let unopened = rig();
    let run = handed().run(&unopened);
    assert_eq!((run.status(), run.err().as_str()), (0, ""));
    let begin =
        format!("\nStarting session with SessionId: {HANDED}\nCannot perform start session: ");
    assert!(run.out().starts_with(&begin), "{}", run.out());
    assert_eq!(told(&unopened, HANDED), 1);
    assert_eq!(
        unopened.files(&unopened.store().join("recordings")).len(),
        0
    );
    check_handed(
        &rig(),
        &Handed {
            request: "[",
            ..handed()
        },
        2,
        "the request to StartSession does not read",
    );
    let taken = rig();
    fs::create_dir_all(taken.spool().join(format!("{HANDED}.cast.zst"))).unwrap();
    check_handed(&taken, &handed(), 120, "cannot");
    let spool = rig();
    fs::write(spool.spool(), b"a file, not a folder").unwrap();
    check_handed(&spool, &handed(), 120, "cannot use the spool");
    check_handed(
        &rig().env("SSM_REC_STORE", "gopher://store"),
        &handed(),
        2,
        "gopher",
    );
    let signed = rig();
    let config = signed.folder().join("organisation.toml");
    fs::write(&config, "[policy.record]\nsign_key = 'agent'\n").unwrap();
    let signed = signed.env("SSM_REC_ORG_CONFIG", config.display().to_string());
    check_handed(&signed, &handed(), 120, "there is no ssh-agent");
}

#[test]
fn a_session_is_ended_though_its_profile_or_its_region_is_not_known() {
    let rig = Rig::new(Options::quick());
    let handed = Handed {
        profile: "nobody",
        ..Handed::default()
    };
    check_handed(&rig, &handed, 121, "there is no AWS profile \"nobody\"");
    // Its own address tells the region.
    let rig = Rig::new(Options::quick()).without("AWS_REGION");
    let handed = Handed {
        region: "",
        stream_url: "wss://ssmmessages.eu-west-3.amazonaws.com/v1/data-channel/handed-0a1b",
        ..Handed::default()
    };
    check_handed(&rig, &handed, 121, "no AWS region is set");
    let calls = rig.service.calls();
    assert_eq!(calls[0].region.as_deref(), Some("eu-west-3"));
}

#[test]
fn a_session_that_cannot_be_ended_is_told() {
    let rig = Rig::new(Options::quick()).without("AWS_REGION");
    let handed = Handed {
        region: "",
        ..Handed::default()
    };
    let run = handed.run(&rig);
    assert_eq!(run.status(), 121);
    assert_eq!(told(&rig, HANDED), 0);
    let words = [
        "session handed-0a1b could not be ended at the service and may still be open there: no AWS region is set\n",
        "ssm-rec: no AWS region is set\nhint: ",
    ];
    for words in words {
        assert!(run.err().contains(words), "{}", run.err());
    }
}

#[test]
fn a_session_whose_output_nobody_takes_is_ended() {
    let rig = Rig::new(Options::quick());
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let handed = Handed::default().arguments(&rig);
    let handed: Vec<_> = handed.iter().map(String::as_str).collect();
    let output = rig.command(&handed).stdout(writer).output().unwrap();
    let run = Run(output);
    assert_eq!(run.status(), 1, "{}", run.err());
    assert!(
        run.err().contains("cannot write to stdout"),
        "{}",
        run.err()
    );
    assert_eq!(told(&rig, HANDED), 1);
}

#[test]
fn a_session_whose_data_channel_does_not_open_is_ended() {
    let rig = Rig::new(Options {
        tls: Tls::DataChannel,
        ..Options::quick()
    });
    let run = rig.run(&["start", "i-0abc"]);
    assert_eq!(run.status(), 122, "{}", run.err());
    let [session] = &rig.service.sessions()[..] else {
        panic!("one session: {:?}", rig.service.sessions());
    };
    assert_eq!(told(&rig, &session.id), 1);
}

#[test]
fn of_several_forwards_those_that_fail_are_ended() {
    let rig = Rig::new(Options {
        tls: Tls::DataChannel,
        ..Options::quick()
    });
    let run = rig.run(&["start", "i-0abc", "--forward", "0:80", "--forward", "0:81"]);
    assert_eq!(run.status(), 122, "{}", run.err());
    let sessions = rig.service.sessions();
    assert_eq!(sessions.len(), 2);
    assert!(sessions.iter().all(|session| told(&rig, &session.id) == 1));
}

/// Ends a process and gives its status.
fn end(child: &mut Child, signal: Signal) -> ExitStatus {
    let pid = Pid::from_raw(child.id().cast_signed()).unwrap();
    kill_process(pid, signal).unwrap();
    child.wait().unwrap()
}

#[test]
fn a_signal_while_the_data_channel_opens_ends_the_session() {
    for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
        let rig = Rig::new(Options::quick());
        // Takes the connection and says nothing.
        let silent = TcpListener::bind("127.0.0.1:0").unwrap();
        let stream_url = format!("ws://{}/", silent.local_addr().unwrap());
        let handed = Handed {
            stream_url: &stream_url,
            ..Handed::default()
        };
        let handed = handed.arguments(&rig);
        let handed: Vec<_> = handed.iter().map(String::as_str).collect();
        let mut child = rig.command(&handed).spawn().unwrap();
        let connection = silent.accept().unwrap();
        // Under the plugin's name it looks as if nobody had listened for it.
        assert_eq!(end(&mut child, signal).signal(), Some(signal.as_raw()));
        drop(connection);
        assert_eq!(told(&rig, HANDED), 1);
        assert_eq!(rig.spooled().len(), 0);
    }
}

#[test]
fn a_signal_while_the_service_starts_the_session_ends_it() {
    let rig = Rig::new(Options {
        faults: Faults {
            answer_after: Duration::from_secs(1),
            ..Faults::default()
        },
        ..Options::quick()
    });
    let mut child = rig.command(&["start", "i-0abc"]).spawn().unwrap();
    // Asked beside it, and answered before.
    while rig.service.calls().is_empty() {
        std::thread::yield_now();
    }
    assert_eq!(end(&mut child, Signal::TERM).code(), Some(128 + 15));
    let [session] = &rig.service.sessions()[..] else {
        panic!("one session: {:?}", rig.service.sessions());
    };
    assert_eq!(told(&rig, &session.id), 1);
}
