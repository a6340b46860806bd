//! Targets by name and by tags: which node is meant, and what is said where none or several are.
//!
//! No session is started on a node that was not meant, and an id is never looked up.

use std::time::SystemTime;

use loopback::pty::Pty;
use loopback::{Node, Options};

use super::rig::{Rig, Run};

/// Seventy that nobody asks for, so that pages are turned, and a few that somebody does.
fn fleet() -> Vec<Node> {
    let mut nodes: Vec<Node> = (0..70)
        .map(|number| {
            Node::named(
                &format!("i-{number:017x}"),
                "worker",
                &format!("10.0.1.{number}"),
            )
        })
        .collect();
    let mut web = Node::named("i-0web", "web-1", "10.0.0.5");
    web.tags.insert("Role".to_owned(), "web".to_owned());
    let mut test = Node::named("i-0test", "web-test", "10.0.0.6");
    test.tags.extend(
        [("Role", "web"), ("Stage", "test")].map(|(key, value)| (key.to_owned(), value.to_owned())),
    );
    test.ping = "ConnectionLost".to_owned();
    let till = Node {
        name: Some("till-3".to_owned()),
        computer_name: "TILL3.shop.example".to_owned(),
        ..Node::named("mi-0till", "", "192.168.7.3")
    };
    nodes.extend([web, test, till]);
    nodes
}

fn rig() -> Rig {
    let rig = Rig::new(Options::quick());
    rig.service.manage(fleet());
    rig
}

fn on(rig: &Rig, target: &[&str]) -> Run {
    rig.run(&[&["start"], target, &["--", "echo", "here"]].concat())
}

#[test]
fn a_name_is_the_node_that_has_it_as_a_tag_or_tells_it_of_itself() {
    for (name, id) in [
        ("web-1", "i-0web"),
        ("10.0.0.5", "i-0web"),
        ("ip-10-0-0-5", "i-0web"),
        ("till3", "mi-0till"),
        ("till-3", "mi-0till"),
        ("till3.shop.example", "mi-0till"),
    ] {
        let rig = rig();
        let run = on(&rig, &[name]);
        assert_eq!(
            (run.status(), run.out().as_str()),
            (0, "here\n"),
            "{}",
            run.err()
        );
        assert!(
            run.err().contains(&format!("{name} is {id}")),
            "{}",
            run.err()
        );
        // The recording has both, and the service was told the id.
        let manifest = rig.manifest();
        assert_eq!(
            (manifest.target.as_str(), manifest.target_name.as_deref()),
            (id, Some(name))
        );
        assert!(
            rig.recorded()
                .contains(&format!(r#""target_name":"{name}""#))
        );
        let shown = rig.run(&["show", &manifest.session_id]);
        assert!(
            shown.out().contains(&format!("called      {name}")),
            "{}",
            shown.out()
        );
        assert_eq!(rig.run(&["verify", &manifest.session_id]).status(), 0);
        for target in [name, id] {
            let listed = rig.run(&["list", "--target", target]);
            assert!(listed.out().contains(id), "{target}: {}", listed.out());
        }
        assert!(!rig.run(&["list", "--target", "web-2"]).out().contains(id));
    }
}

#[test]
fn an_id_costs_no_call_and_tags_must_all_be_there() {
    let rig = rig();
    assert_eq!(on(&rig, &["i-0web"]).status(), 0);
    assert_eq!(
        (rig.service.node_calls(), rig.manifest().target_name),
        (0, None)
    );
    let run = on(&rig, &["--tag", "Role=web", "--tag", "Stage=test"]);
    assert_eq!(run.status(), 0, "{}", run.err());
    assert!(
        run.err().contains("Role=web,Stage=test is i-0test"),
        "{}",
        run.err()
    );
    assert!(run.err().contains("connection lost"), "{}", run.err());
}

#[test]
fn several_are_listed_and_none_is_chosen() {
    let rig = rig();
    let run = on(&rig, &["--tag", "Role=web"]);
    assert_eq!(run.status(), 2, "{}", run.err());
    for part in [
        "i-0web",
        "10.0.0.5",
        "Amazon Linux 2023",
        "agent 3.3.0.0",
        "online",
        "i-0test",
        "connection lost",
        "by its id",
    ] {
        assert!(run.err().contains(part), "{part}: {}", run.err());
    }
    let run = on(&rig, &["worker"]);
    assert_eq!(
        (run.status(), run.err().matches("agent 3.3.0.0").count()),
        (2, 20),
        "{}",
        run.err()
    );
    assert!(rig.service.sessions().is_empty());
}

#[test]
fn none_is_told_with_what_was_searched() {
    let rig = rig();
    for (target, said) in [
        (
            &["web-2"][..],
            "no managed node in eu-central-1 is called \"web-2\"",
        ),
        (&["web-2"], "73 of them"),
        (&[""], "is called \"\""),
        (
            &["--tag", "Role=db"],
            "no managed node in eu-central-1 is tagged \"Role=db\"",
        ),
    ] {
        let run = on(&rig, target);
        assert_eq!(run.status(), 5, "{}", run.err());
        assert!(run.err().contains(said), "{}", run.err());
    }
    let run = on(&rig, &["--tag", "Role"]);
    assert_eq!(run.status(), 2, "{}", run.err());
    let run = rig.run_with(&["start"], b"");
    assert_eq!(run.status(), 2, "{}", run.err());
    assert!(run.err().contains("no target is named"), "{}", run.err());
    assert!(rig.service.sessions().is_empty() && rig.spooled().is_empty());
}

#[test]
fn a_service_that_tells_nothing_or_for_ever_is_no_target() {
    let rig = rig();
    rig.service.deny_nodes();
    let run = on(&rig, &["web-1"]);
    assert_eq!(run.status(), 121, "{}", run.err());
    assert!(
        run.err().contains("name the target by its id"),
        "{}",
        run.err()
    );
    let rig = self::rig();
    rig.service.let_nodes_turn();
    let run = on(&rig, &["nobody"]);
    assert!(run.err().contains("lead in a circle"), "{}", run.err());
    assert_ne!(run.status(), 0);
}

#[test]
fn what_a_node_tells_of_itself_cannot_drive_the_terminal() {
    let rig = rig();
    let hostile = |id: &str| Node {
        computer_name: "\x1b]0;owned\x07evil".to_owned(),
        seen: SystemTime::UNIX_EPOCH,
        ..Node::named(id, "twice", "10.9.9.9")
    };
    rig.service
        .manage(vec![hostile("mi-0a"), hostile("mi-0b\x1b[2J")]);
    let run = on(&rig, &["twice"]);
    assert_eq!(run.status(), 2);
    assert!(!run.err().contains('\x1b'), "{:?}", run.err());
}

#[test]
fn a_forward_and_an_ssh_connection_take_names_too() {
    let rig = rig();
    let run = rig.run_with(&["ssh-proxy", "web-1"], b"");
    // Nobody listens there; of the name nothing is said, as in all of a connection that works.
    assert!(!run.err().contains("is i-0web"), "{}", run.err());
    assert_eq!(rig.manifest().target, "i-0web");
    let run = rig.run_with(&["ssh-proxy", "web-2"], b"");
    assert!(
        run.err().contains("is called \"web-2\"") && run.out().is_empty(),
        "{}",
        run.err()
    );
}

fn shows(terminal: &mut Pty, text: &str) {
    terminal.wait_until(text, |rows| rows.join("\n").contains(text));
}

#[test]
fn without_a_target_one_is_picked_by_name_or_tag_and_remembered_on_top() {
    let rig = rig();
    let mut pty = rig.terminal(&["start"]);
    shows(&mut pty, "73");
    shows(&mut pty, "managed nodes in eu-central-1");
    pty.type_keys("till");
    shows(&mut pty, "1 of 73");
    shows(&mut pty, "mi-0till");
    pty.type_keys("\r");
    pty.wait_for("$ ");
    pty.type_keys("exit\r");
    assert_eq!(pty.wait(), 0);
    assert_eq!(rig.manifest().target, "mi-0till");
    // It is on top now, before the service is asked, and whatever the service says.
    rig.service.deny_nodes();
    let mut pty = rig.terminal(&["start"]);
    pty.wait_until("on top", |rows| rows[1].starts_with("● mi-0till"));
    shows(&mut pty, "may not be listed");
    pty.type_keys("\x1b");
    assert_eq!(pty.wait(), 0);
    assert_eq!(rig.service.sessions().len(), 1);
}

#[test]
fn a_picker_asks_for_tags_and_leaves_the_terminal_as_it_was() {
    let rig = rig();
    let mut pty = rig.terminal(&["start"]);
    shows(&mut pty, "73");
    pty.type_keys("tag:Stage=test ");
    shows(&mut pty, "1 of 73");
    shows(&mut pty, "connection lost");
    pty.type_keys("\x1b");
    shows(&mut pty, "managed nodes in");
    // By its tag Name, which the service tells only whoever asks for it.
    pty.type_keys("web-1\r");
    shows(&mut pty, "1 of 73");
    shows(&mut pty, "i-0web");
    pty.type_keys("\x15");
    shows(&mut pty, "managed nodes in");
    pty.type_keys("\x1b");
    assert_eq!(pty.wait(), 0);
    assert!(rig.service.sessions().is_empty());
    let rig = Rig::new(Options::quick());
    let mut pty = rig.terminal(&["start"]);
    assert_eq!(pty.wait(), 5);
    shows(&mut pty, "there are no managed nodes in eu-central-1");
    let rig = Rig::new(Options::quick());
    rig.service.deny_nodes();
    let mut pty = rig.terminal(&["start"]);
    assert_eq!(pty.wait(), 121);
    shows(&mut pty, "name the target by its id");
}

#[test]
fn no_target_is_picked_in_a_terminal_that_is_about_to_be_left() {
    let rig = rig();
    let mut terminal = rig.terminal(&["start", "--forward", "0:80", "-f"]);
    terminal.wait_for("no target is named, and -f leaves the terminal");
    assert_eq!(terminal.wait(), 2);
    assert_eq!(rig.service.calls().len(), 0);
    assert_eq!(rig.service.node_calls(), 0);
}
