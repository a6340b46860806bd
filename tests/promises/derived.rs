//! Lines and commands beside a recording: made while it was recorded, the same whenever they are made again, and found out
//! where they are not.
//!
//! Nothing here looks into the machine that makes them.

use std::fs;
use std::path::{Path, PathBuf};

use loopback::Options;
use serde_json::Value;

use super::rig::Rig;

const READER: &str = include_str!("../../formats/tests/golden/reader.txt");
const READER_PUBLIC: &str = "age13vq84jpzp9588n40w3jwcrfd7wzs05p479vfasq5ef4e4vyp4dpsgr7sza";

fn session(rig: &Rig, flags: &[&str]) {
    let lines = ["echo one", "seq 2000 40000", "printf 'x\\ty\\n'"];
    rig.shell(&[&["--reason", "ticket-42"], flags].concat(), &lines);
}

fn stored(rig: &Rig, kind: &str) -> PathBuf {
    let files = rig.files(&rig.store().join(kind));
    assert_eq!(files.len(), 1, "{kind}: {files:?}");
    files[0].clone()
}

fn text(object: &Path) -> String {
    String::from_utf8(zstd::decode_all(fs::File::open(object).unwrap()).unwrap()).unwrap()
}

fn id(rig: &Rig) -> String {
    rig.manifest().session_id
}

#[test]
fn what_was_derived_is_stored_told_and_the_same_however_it_is_made_again() {
    let rig = Rig::new(Options::quick());
    session(&rig, &[]);
    let id = id(&rig);
    let (lines, commands) = (
        text(&stored(&rig, "lines")),
        text(&stored(&rig, "commands")),
    );
    assert!(lines.contains("\"text\":\"one\"") && lines.contains("\"text\":\"39999\""));
    assert!(
        commands.contains("\"text\":\"seq 2000 40000\""),
        "{commands}"
    );

    let again = |name: &str, what: &str| {
        let run = rig.run(&["derive", name, what]);
        assert_eq!(run.status(), 0, "{}", run.err());
        run.out()
    };
    assert_eq!(again(&id, "--lines"), lines);
    assert_eq!(again(&id, "--commands"), commands);
    // As an asciicast of its own, with all that a terminal was sent and with every agent message.
    let cast = rig.folder().join("x.cast").display().to_string();
    let export = [
        "export",
        &id,
        "--format",
        "cast",
        "--with-frames",
        "-o",
        &cast,
    ];
    let run = rig.run(&export);
    assert_eq!(run.status(), 0, "{}", run.err());
    assert_eq!(again(&cast, "--lines"), lines);
    assert_eq!(again(&cast, "--commands"), commands);
    // Cut behind its last event, and closed again.
    let whole = fs::read(rig.recording()).unwrap();
    let manifest = whole
        .windows(8)
        .position(|bytes| bytes == b"ssmM\x01\0\0\0")
        .unwrap();
    let cut = rig.folder().join("cut.cast.zst");
    fs::write(&cut, &whole[..manifest - 8]).unwrap();
    let cut = cut.display().to_string();
    assert_eq!(rig.run(&["recover", &cut]).status(), 0);
    assert_eq!(again(&cut, "--lines"), lines);
    assert_eq!(again(&cut, "--commands"), commands);

    let verify = rig.run(&["verify", &id, "--derived"]);
    assert_eq!(verify.status(), 0, "{}", verify.out());
    assert!(verify.out().contains("as they are made again"));
    let shown = rig.run(&["show", &id]).out();
    let count = commands.lines().count();
    assert!(shown.contains(&format!("{count} commands, ")), "{shown}");
    let listed = rig.run(&["list", "--json"]).out();
    let listed: Value = serde_json::from_str(&listed).unwrap();
    assert_eq!(listed["derived"]["commands"]["count"], count);
    assert_eq!(listed["derived"]["lines"]["count"], lines.lines().count());
}

#[test]
fn what_is_missing_changed_or_another_s_is_found() {
    let rig = Rig::new(Options::quick());
    session(&rig, &[]);
    let id = id(&rig);
    let check = |status: i32, words: &str| {
        let run = rig.run(&["verify", &id, "--derived"]);
        assert_eq!(
            (run.status(), run.out().contains(words)),
            (status, true),
            "{}",
            run.out()
        );
    };
    let (lines, commands) = (stored(&rig, "lines"), stored(&rig, "commands"));
    let was = fs::read(&lines).unwrap();
    fs::remove_file(&lines).unwrap();
    check(3, "its lines are not in the store");
    // The recording is as sound as before.
    assert_eq!(rig.run(&["verify", &id]).status(), 0);
    let run = rig.run(&["derive", &id, "--into-store"]);
    assert_eq!(run.status(), 0, "{}", run.err());
    assert_eq!(fs::read(&lines).unwrap(), was);
    check(0, "as they are made again");

    let is = fs::read(&commands).unwrap();
    fs::remove_file(&commands).unwrap();
    fs::write(&commands, &was).unwrap();
    check(4, "its commands in the store are not those of the session");
    // A copy of it elsewhere is not what lies in the store, and one that was changed is not what was recorded.
    let copy = rig.folder().join("copy.cast.zst");
    fs::copy(rig.recording(), &copy).unwrap();
    let into_store = |path: &Path| {
        let path = path.display().to_string();
        rig.run(&["derive", &path, "--into-store"]).status()
    };
    assert_eq!(into_store(&copy), 2);
    let mut changed = fs::read(&copy).unwrap();
    changed[300] ^= 1;
    fs::write(&copy, &changed).unwrap();
    assert_eq!(into_store(&copy), 4);
    let run = rig.run(&["derive", &copy.display().to_string(), "--lines"]);
    assert_eq!(run.status(), 4, "{}", run.out());
    let run = rig.run(&["derive", &id, "--into-store"]);
    assert_ne!(run.status(), 0, "nothing is written over");
    assert!(run.err().contains("never overwritten"), "{}", run.err());
    assert_eq!(fs::read(&commands).unwrap(), was);
    fs::remove_file(&commands).unwrap();
    fs::write(&commands, &is).unwrap();
    check(0, "as they are made again");
}

#[test]
fn what_only_some_may_read_is_sealed_for_them() {
    let rig = Rig::new(Options::quick());
    session(&rig, &["--encrypt-to", READER_PUBLIC]);
    let id = id(&rig);
    for kind in ["lines", "commands"] {
        let object = fs::read(stored(&rig, kind)).unwrap();
        let shown = String::from_utf8_lossy(&object);
        assert!(!shown.contains("seq 2000"));
        let text = zstd::decode_all(&object[..]).unwrap_or_default();
        assert!(text.is_empty(), "{kind}: {} bytes in the clear", text.len());
    }
    let run = rig.run(&["derive", &id, "--lines"]);
    assert_eq!((run.status(), run.out().as_str()), (6, ""), "{}", run.err());
    let run = rig.run(&["verify", &id, "--derived"]);
    assert_eq!(run.status(), 6, "{}", run.out());

    let identity = rig.folder().join("reader.txt");
    fs::write(&identity, READER).unwrap();
    let identity = identity.display().to_string();
    let with_key = |arguments: &[&str]| {
        let run = rig.run(&[arguments, &["--identity", &identity]].concat());
        assert_eq!(run.status(), 0, "{}{}", run.out(), run.err());
        run.out()
    };
    assert!(with_key(&["derive", &id, "--lines"]).contains("39999"));
    assert!(with_key(&["verify", &id, "--derived"]).contains("as they are made again"));
    // Made again it has another salt, and says the same.
    let lines = stored(&rig, "lines");
    let was = fs::read(&lines).unwrap();
    fs::remove_file(&lines).unwrap();
    fs::remove_file(stored(&rig, "commands")).unwrap();
    with_key(&["derive", &id, "--into-store"]);
    assert_ne!(fs::read(&lines).unwrap(), was);
    assert!(with_key(&["verify", &id, "--derived"]).contains("as they are made again"));
    // What is kept elsewhere is no more in the clear than the recording.
    let folder = rig.folder().join("again").display().to_string();
    with_key(&["derive", &id, "-o", &folder]);
    for file in rig.files(Path::new(&folder)) {
        let text = zstd::decode_all(&fs::read(&file).unwrap()[..]).unwrap_or_default();
        assert!(text.is_empty(), "{}", file.display());
    }
}

#[test]
fn a_store_that_takes_no_lines_has_the_recording_all_the_same() {
    let rig = Rig::new(Options::quick());
    fs::create_dir_all(rig.store()).unwrap();
    // No folder can be made under this name.
    fs::write(rig.store().join("lines"), "").unwrap();
    let mut pty = rig.terminal(&["start", "i-bash", "--reason", "ticket-42"]);
    pty.wait_for("$ ");
    pty.type_keys("exit\r");
    pty.wait_for("lines and commands are not stored");
    assert_eq!(pty.wait(), 0);
    let id = id(&rig);
    assert_eq!(rig.run(&["verify", &id]).status(), 0);
    let run = rig.run(&["commands", &id]);
    assert_eq!(run.status(), 0, "{}", run.err());
    assert!(run.out().contains("exit"), "{}", run.out());
}

/// Whoever changes what stands in these files gives the rules another number: `EXTRACTOR`, in `src/transcript`.
#[test]
fn the_same_recording_gives_the_same_bytes_as_long_as_the_rules_have_the_same_number() {
    let rig = Rig::new(Options::quick());
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/derived");
    let cast = folder.join("session.cast").display().to_string();
    for kind in ["lines", "commands"] {
        let run = rig.run(&["derive", &cast, &format!("--{kind}")]);
        assert_eq!(run.status(), 0, "{}", run.err());
        let golden = fs::read_to_string(folder.join(format!("{kind}.jsonl"))).unwrap();
        assert_eq!(run.out(), golden);
    }
}

#[test]
fn who_leaves_at_a_prompt_leaves_lines_and_commands_behind() {
    let rig = Rig::new(Options::quick());
    // A busy machine may once have no time for it.
    let has_left_some = (0..5).any(|_| {
        let mut pty = rig.terminal(&["start", "i-bash", "--reason", "ticket-42"]);
        pty.wait_for("$ ");
        pty.type_keys("echo o''ne\r");
        pty.wait_for("one");
        pty.type_keys("\r~.");
        assert_eq!(pty.wait(), 0);
        !rig.files(&rig.store().join("lines")).is_empty()
    });
    assert!(has_left_some);
}

/// What is derived is not waited for by whoever has left; whoever wants it makes it then.
#[test]
fn who_leaves_in_the_middle_of_an_output_is_not_kept_by_what_is_derived_from_it() {
    let rig = Rig::new(Options::quick());
    let mut pty = rig.terminal(&["start", "i-bash", "--reason", "ticket-42"]);
    pty.wait_for("$ ");
    pty.type_keys("seq 100000000\r");
    pty.wait_for("20000");
    pty.type_keys("\r~.");
    assert_eq!(pty.wait(), 0);
    let id = id(&rig);
    let run = rig.run(&["verify", &id]);
    assert_eq!(run.status(), 0, "{}", run.out());
    let run = rig.run(&["derive", &id, "--lines"]);
    assert_eq!(run.status(), 0, "{}", run.err());
    assert!(run.out().contains("\"text\":\"19999\""));
}
