//! What was run in a session, told from its recording; and in many, as the store has it.
//!
//! Nothing here types faster than a shell reads: what is typed ahead has tests of its own in the machine.

use loopback::Options;
use serde_json::Value;

use super::rig::Rig;

fn session(rig: &Rig, lines: &[&str]) {
    rig.shell(&["--reason", "ticket-42"], lines);
}

fn objects(text: &str) -> Vec<Value> {
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn commands_are_told_in_order_with_what_is_not_known_left_out() {
    let rig = Rig::new(Options::quick());
    session(
        &rig,
        &[
            "echo one; sleep 0.2",
            "cd /tmp",
            "printf '\\033]133;D;0\\a'; false",
        ],
    );
    let recording = rig.recording().display().to_string();
    let run = rig.run(&["commands", "--json", &recording]);
    assert_eq!(run.status(), 0, "{}", run.err());
    let found = objects(&run.out());
    let texts: Vec<&str> = found
        .iter()
        .filter_map(|command| command["text"].as_str())
        .collect();
    assert_eq!(
        texts[1..],
        [
            "echo one; sleep 0.2",
            "cd /tmp",
            "printf '\\033]133;D;0\\a'; false",
            "exit"
        ]
    );
    // A mark that no prompt of this shell has is no status.
    assert!(
        found.iter().all(|command| command.get("exit").is_none()),
        "{found:#?}"
    );
    // How long it took here is the machine's business.
    assert!(found[1]["end"].as_u64().unwrap() >= found[1]["start"].as_u64().unwrap());
    assert!(found.last().unwrap()["explained"].as_f64().unwrap() > 0.9);
    let table = rig.run(&["commands", &recording]);
    assert!(table.out().contains("cd /tmp"), "{}", table.out());
    assert!(table.err().contains("5 commands"), "{}", table.err());
    let csv = rig.run(&["commands", "--csv", &recording]).out();
    assert_eq!(csv.lines().count(), 6, "{csv}");
}

#[test]
fn what_a_host_says_of_a_directory_reaches_no_terminal_as_it_is() {
    let rig = Rig::new(Options::quick());
    session(
        &rig,
        &["printf '\\033]7;file://h/%%1b%%5b2J%%0a\\a'", "true"],
    );
    let recording = rig.recording().display().to_string();
    for how in [
        &["commands"][..],
        &["commands", "--csv"],
        &["commands", "--json"],
    ] {
        let out = rig.run(&[how, &[&recording]].concat()).out();
        assert!(out.contains("[2J"), "{out}");
        assert!(!out.contains('\x1b'), "{how:?}: {out}");
    }
}

#[test]
fn what_is_no_recording_has_no_commands() {
    let rig = Rig::new(Options::quick());
    let path = rig.folder().join("x");
    std::fs::write(&path, "text\n").unwrap();
    let run = rig.run(&["commands", &path.display().to_string()]);
    assert_eq!(run.status(), 4, "{}", run.err());
    assert_eq!(rig.run(&["commands", "nosuch"]).status(), 5);
}

const READER: &str = include_str!("../../formats/tests/golden/reader.txt");
const READER_PUBLIC: &str = "age13vq84jpzp9588n40w3jwcrfd7wzs05p479vfasq5ef4e4vyp4dpsgr7sza";

/// The texts of lines of this type, with the session that each is of.
fn texts(found: &[Value], kind: &str) -> Vec<(String, String)> {
    let of = |line: &Value, key: &str| line[key].as_str().unwrap_or_default().to_owned();
    let found = found.iter().filter(|line| line["type"] == kind);
    let found = found.map(|line| (of(line, "session_id"), of(line, "text")));
    found.collect()
}

#[test]
fn what_was_run_in_many_sessions_is_told_newest_first_with_what_it_is_told_of() {
    let rig = Rig::new(Options::quick());
    for (reason, line) in [("ticket-1", "echo one"), ("ticket-2", "echo two; true")] {
        rig.shell(&["--reason", reason], &[line]);
    }
    rig.shell(&["--reason", "else"], &["echo three"]);
    let run = rig.run(&["commands", "--json", "--reason", "ticket"]);
    assert_eq!(run.status(), 0, "{}", run.err());
    let found = objects(&run.out());
    let commands = texts(&found, "command");
    let at = |text: &str| commands.iter().position(|(_, command)| command == text);
    assert!(at("echo two; true").unwrap() < at("echo one").unwrap());
    assert_eq!(at("echo three"), None);
    let sessions = texts(&found, "session");
    assert_eq!(sessions.len(), 2);
    assert_eq!(commands[at("echo one").unwrap()].0, sessions[1].0);
    let summary = found.last().unwrap();
    assert_eq!(summary["type"], "summary");
    assert_eq!(summary["sessions"], 2);
    assert_eq!(summary["searched"], 2);
    assert_eq!(summary["matches"], commands.len());
    // Each session's are those that it has by itself.
    let one = rig.run(&["commands", "--json", &sessions[1].0]);
    let one = objects(&one.out());
    let texts: Vec<&str> = one.iter().filter_map(|one| one["text"].as_str()).collect();
    let of_it = commands.iter().filter(|(id, _)| *id == sessions[1].0);
    assert_eq!(texts, of_it.map(|(_, text)| text).collect::<Vec<_>>());

    let table = rig.run(&["commands", "--reason", "ticket"]);
    let (out, err) = (table.out(), table.err());
    let heads = out.lines().filter(|line| line.contains("ticket-"));
    assert_eq!(heads.count(), 2, "{out}");
    assert!(
        err.contains("in 2 sessions; looked at 2 of 2 sessions; "),
        "{err}"
    );
    assert!(err.contains("% of the output is explained"), "{err}");
    let csv = rig.run(&["commands", "--csv", "--reason", "ticket"]).out();
    assert!(csv.starts_with("session,operator,target,started,number,"));
    assert_eq!(csv.lines().count(), 1 + commands.len(), "{csv}");
    assert!(csv.contains(&format!("{},", sessions[0].0)), "{csv}");

    let newest = rig.run(&["commands", "--json", "-n", "1", "--stats"]);
    let told = objects(&newest.out());
    let sessions_told = told.iter().filter(|line| line["type"] == "session");
    assert_eq!(sessions_told.count(), 1);
    assert!(told.iter().any(|line| line["text"] == "echo three"));
    assert!(newest.err().contains(" files read"), "{}", newest.err());

    let none = rig.run(&["commands", "--reason", "nothing"]);
    assert_eq!((none.status(), none.out().as_str()), (0, ""));
    assert!(none.err().contains("no commands in"), "{}", none.err());
    let both = rig.run(&["commands", &sessions[0].0, "--reason", "ticket"]);
    assert_eq!(both.status(), 2, "a name and a filter");
}

#[test]
fn what_does_not_read_of_many_sessions_is_told_and_hides_nothing() {
    let rig = Rig::new(Options::quick());
    rig.shell(&["--reason", "open"], &["echo open"]);
    let commands = rig.files(&rig.store().join("commands"));
    let recordings = rig.files(&rig.store().join("recordings"));
    rig.shell(
        &["--reason", "sealed", "--encrypt-to", READER_PUBLIC],
        &["echo sealed"],
    );
    let identity = rig.folder().join("reader.txt");
    std::fs::write(&identity, READER).unwrap();
    let identity = identity.display().to_string();

    let run = rig.run(&["commands", "--since", "1d"]);
    assert_eq!(run.status(), 0, "{}", run.err());
    assert!(run.out().contains("echo open"), "{}", run.out());
    assert!(!run.out().contains("echo sealed"), "{}", run.out());
    let told = "looked at 2 of 2 sessions, 1 sealed";
    assert!(run.err().contains(told), "{}", run.err());
    let run = rig.run(&["commands", "--since", "1d", "--identity", &identity]);
    assert!(run.out().contains("echo sealed"), "{}", run.out());
    // What was run decides about a sealed one as well, where it opens.
    for command in ["list", "commands"] {
        let asked = [command, "--json", "--where", "command = \"echo sealed\""];
        let locked = rig.run(&asked);
        assert!(!locked.out().contains("\"session_id\""), "{}", locked.out());
        let opened = rig.run(&[&asked[..], &["--identity", &identity]].concat());
        assert!(opened.out().contains("\"session_id\""), "{}", opened.err());
    }

    // Another's: the recording is asked instead.
    std::fs::write(&commands[0], "nothing").unwrap();
    let run = rig.run(&["commands", "--reason", "open"]);
    assert_eq!(run.status(), 0, "{}", run.err());
    assert!(run.out().contains("echo open"), "{}", run.out());
    assert!(run.err().contains("is not what its manifest tells of"));
    std::fs::write(&recordings[0], "nothing").unwrap();
    let run = rig.run(&["commands", "--since", "1d", "--identity", &identity]);
    assert_eq!(run.status(), 4, "{}", run.err());
    assert!(run.out().contains("echo sealed"), "{}", run.out());
    assert!(run.err().contains("1 unreadable"), "{}", run.err());
}

/// The profile for a whole account, typed as the agent types it.
const PROFILE: &str = include_str!("../../examples/aws/shell-profile.sh");

#[test]
fn the_shell_profile_of_an_account_tells_status_and_directory_in_bash_and_sh() {
    // Short enough for the document's field; 512 is not confirmed by a source.
    assert!(PROFILE.len() <= 512 && PROFILE.lines().count() == 1);
    for shell in [&["/bin/bash", "--norc", "--noprofile"][..], &["/bin/sh"]] {
        let rig = Rig::new(Options {
            shell: shell.iter().map(|&word| word.to_owned()).collect(),
            ..Options::quick()
        });
        // A name that a URL would have to escape.
        let folder = rig.folder().join("a%41 b");
        std::fs::create_dir(&folder).unwrap();
        let cd = format!("cd '{}'", folder.display());
        session(&rig, &[PROFILE.trim_end(), "false", &cd, "sh -c 'exit 7'"]);
        let found = objects(
            &rig.run(&["commands", "--json", &rig.recording().display().to_string()])
                .out(),
        );
        let found: Vec<_> = found
            .iter()
            .filter(|command| command.get("text").is_some())
            .collect();
        let told: Vec<_> = found[2..5]
            .iter()
            .map(|command| (&command["text"], &command["exit"], &command["source"]))
            .collect();
        let expected = [("false", 1), (cd.as_str(), 0), ("sh -c 'exit 7'", 7)];
        for (told, expected) in told.iter().zip(expected) {
            assert_eq!(
                (told.0, told.1),
                (&expected.0.into(), &expected.1.into()),
                "{shell:?}"
            );
            assert_eq!(told.2, "osc133", "{shell:?}");
        }
        assert_eq!(found[4]["cwd"], folder.to_str().unwrap(), "{shell:?}");
    }
}
