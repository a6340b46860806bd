//! What other programs hand over under the plugin's name: members that are unset, answers and names that are none.
//!
//! Nothing here leaves a session open, and nothing of what is hostile is shown.

use std::path::PathBuf;

use loopback::Options;
use serde_json::{Value, json};

use super::called::Called;

#[test]
fn members_that_are_null_are_unset_ones_and_no_request_leaves_a_session_open() {
    let requests = [
        json!({ "Target": "i-0abc", "DocumentName": null, "Parameters": null, "Reason": null }),
        json!({ "Target": "i-0abc", "Parameters": { "command": null }, "Tags": null }),
        json!({ "Target": "i-0abc", "Reason": "", "Parameters": [] }),
    ];
    for request in requests {
        let mut called = Called::shell(Options::quick());
        called.request = request;
        called.answer["ResponseMetadata"] = Value::Null;
        let run = called.run("echo it-r''an; exit\n");
        assert_eq!((run.status(), run.err().as_str()), (0, ""));
        assert!(run.out().contains("it-ran"), "{}", run.out());
    }
    // What cannot be carried is ended.
    let check = |spoil: &dyn Fn(&mut Called)| {
        let mut called = Called::shell(Options::quick());
        spoil(&mut called);
        assert_ne!(called.run("exit\n").status(), 0);
        let ended = called.rig.service.wait_for(|log| log.ended.is_some());
        assert!(ended.is_some_and(|log| log.terminated));
    };
    check(&|called| called.request = json!("i-0abc"));
    check(&|called| called.answer["StreamUrl"] = Value::Null);
    check(&|called| called.answer["TokenValue"] = Value::Null);
    check(&|called| std::fs::write(called.rig.spool(), "no folder").unwrap());
    check(&|called| {
        let config = called.rig.folder().join("org.toml");
        std::fs::write(&config, "[policy]\ndocuments = [\"Only-This\"]\n").unwrap();
        called
            .rig
            .set("SSM_REC_ORG_CONFIG", config.display().to_string());
    });
}

#[test]
fn a_session_id_with_escapes_is_neither_printed_nor_a_name() {
    for id in [
        "ada-\u{1b}[2J\u{1b}]0;owned\u{7}",
        "ada\u{9b}2J-0a",
        "../../ada-0a",
        "ada\r\nforged line",
    ] {
        let mut called = Called::shell(Options::quick());
        called.answer["SessionId"] = json!(id);
        let run = called.run("exit\n");
        assert_ne!(run.status(), 0, "{id:?}");
        let said = run.out() + &run.err();
        for part in ["\u{1b}", "\u{9b}", "owned", "forged", "ada"] {
            assert!(!said.contains(part), "{said:?}");
        }
        for folder in [called.rig.spool(), called.rig.store()] {
            assert_eq!(called.rig.files(&folder), Vec::<PathBuf>::new());
        }
        let calls = called.rig.service.calls();
        let asked = calls
            .iter()
            .any(|call| call.operation == "TerminateSession");
        assert!(asked, "{calls:?}");
    }
}
