//! `ssm-rec recover`: sessions whose client was killed, closed and stored.
//!
//! Nothing here waits for a moment that a busy machine may miss: what is asserted holds wherever the kill fell.

use std::fs;

use loopback::Options;
use serde_json::Value;

use super::rig::Rig;
use super::verify::key;

/// A session whose client was killed while it printed; gives its file in the spool.
fn killed(rig: &Rig) -> String {
    let mut terminal = rig.terminal(&["start", "i-0abc", "--reason", "ticket-42"]);
    terminal.wait_for("$");
    terminal.type_keys("echo before''-the-crash; seq 1 2000\r");
    terminal.wait_for("2000");
    // What was shown was recorded; what was recorded is on the disk within a second.
    std::thread::sleep(std::time::Duration::from_millis(1500));
    terminal.kill();
    terminal.wait();
    let files = rig.spooled();
    let file = files
        .iter()
        .find(|file| file.to_string_lossy().ends_with(".cast.zst"))
        .unwrap();
    file.display().to_string()
}

fn verified(rig: &Rig, arguments: &[&str]) -> (i32, Value) {
    let run = rig.run(&[&["verify", "--json"], arguments].concat());
    let found = serde_json::from_str(run.out().lines().next().unwrap_or("null")).unwrap();
    (run.status(), found)
}

#[test]
fn a_session_that_was_killed_is_closed_verified_stored_and_played() {
    let rig = Rig::new(Options::quick());
    let file = killed(&rig);
    let (status, found) = verified(&rig, &[&file]);
    assert!(matches!(status, 3 | 4), "{found}");
    let cut = fs::read(&file).unwrap();

    let run = rig.run(&["recover", "--sign-key", &key(&rig, "plain"), "--json"]);
    assert_eq!(run.status(), 0, "{}{}", run.out(), run.err());
    let told: Value = serde_json::from_str(&run.out()).unwrap();
    assert_eq!(
        (&told["state"], &told["signed"]),
        (&"closed".into(), &true.into()),
        "{told}"
    );

    let (status, found) = verified(&rig, &["--require-signature", &file]);
    assert_eq!((status, &found["state"]), (0, &"sound".into()), "{found}");
    assert_eq!(
        found["recovery"]["linked_frames"],
        told["recovery"]["linked_frames"]
    );
    let proved = usize::try_from(found["proved_bytes"].as_u64().unwrap()).unwrap();
    let closed = fs::read(&file).unwrap();
    assert_eq!(closed.len(), proved);
    let linked = told["recovery"]["linked_frames"].as_u64().unwrap();
    if linked > 0 {
        assert_eq!(closed[..400], cut[..400], "the header's frame is as it was");
    }

    // Once more changes nothing.
    let again = rig.run(&["recover"]);
    assert_eq!(again.status(), 0, "{}", again.err());
    assert!(
        again.err().contains("no recording in the spool was cut"),
        "{}",
        again.err()
    );
    assert_eq!(fs::read(&file).unwrap(), closed);

    let upload = rig.run(&["upload"]);
    assert_eq!(upload.status(), 0, "{}", upload.err());
    let recording = rig.recording().display().to_string();
    assert_eq!(verified(&rig, &["--all"]).0, 0);
    let played = rig.run(&["play", "--no-wait", "-q", &recording]);
    assert_eq!(played.status(), 0, "{}", played.err());
    assert!(played.out().contains("before-the-crash") && played.out().contains("2000"));
    let shown = rig.run(&["show", &recording]);
    assert!(
        shown.out().contains("found cut, and closed afterwards"),
        "{}",
        shown.out()
    );
}

#[test]
fn a_running_session_is_left_alone_and_what_is_nothing_is_moved_aside() {
    let rig = Rig::new(Options::quick());
    let mut terminal = rig.terminal(&["start", "i-0abc"]);
    terminal.wait_for("$");
    let nothing = rig.spool().join("nothing.cast.zst");
    fs::write(&nothing, b"\x28\xb5\x2f\xfd\x04").unwrap();
    let run = rig.run(&["recover"]);
    assert_eq!(run.status(), 4, "{}{}", run.out(), run.err());
    assert!(
        run.out().contains("it ends before its header does"),
        "{}",
        run.out()
    );
    assert!(!nothing.exists());
    assert_eq!(rig.files(&rig.spool().join("unreadable")).len(), 1);
    let running = rig
        .spooled()
        .into_iter()
        .find(|file| file.to_string_lossy().ends_with(".cast.zst"))
        .unwrap();
    let run = rig.run(&["recover", &running.display().to_string()]);
    assert_eq!(run.status(), 0, "{}", run.err());
    assert!(
        run.out().contains("in use by a running session"),
        "{}",
        run.out()
    );
    terminal.type_keys("exit\r");
    assert_eq!(terminal.wait(), 0);
    assert_eq!(verified(&rig, &["--all"]).0, 0);
}

#[test]
fn a_file_from_elsewhere_is_closed_where_it_lies_and_kept_when_it_was_more_than_cut() {
    let rig = Rig::new(Options::quick());
    let run = rig.run_with(&["start", "i-0abc"], b"echo evidence\nexit\n");
    assert_eq!(run.status(), 0, "{}", run.err());
    let bytes = fs::read(rig.recording()).unwrap();
    let path = rig.folder().join("cut.cast.zst");
    let name = path.display().to_string();

    // Without its tables it still has its manifest.
    fs::write(&path, &bytes[..bytes.len() - 20]).unwrap();
    let run = rig.run(&["recover", &name]);
    assert_eq!(run.status(), 0, "{}", run.err());
    assert_eq!(fs::read(&path).unwrap(), bytes, "{}", run.out());

    // Nothing is asked of AWS, so a profile that nobody has is no hindrance.
    let mut lone = rig.command(&["recover", &name]);
    let done = lone.env("AWS_PROFILE", "nowhere").output().unwrap();
    assert!(done.status.success(), "{done:?}");

    // What a power cut leaves: the length is there, the bytes are not.
    let mut lost = bytes.clone();
    let length = lost.len();
    lost[length / 2..].fill(0);
    fs::write(&path, &lost).unwrap();
    let run = rig.run(&["recover", &name]);
    assert_eq!(run.status(), 0, "{}", run.err());
    assert_eq!(verified(&rig, &[&name]).0, 0, "{}", run.out());

    fs::write(&path, b"nothing of ours").unwrap();
    let run = rig.run(&["recover", &name]);
    assert_eq!((run.status(), path.exists()), (4, true), "{}", run.err());
}
