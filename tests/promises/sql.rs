//! `ssm-rec search --sql`: the question as a statement, printed without a look at a store, or refused by name.
//!
//! Nothing here runs a statement.

use loopback::Options;

use super::rig::Rig;

#[test]
fn a_search_is_printed_as_sql_without_a_look_at_any_store() {
    let rig = Rig::new(Options::quick()).env("SSM_REC_STORE", "s3://nowhere/at-all");
    let flags = ["--since", "2026-11-28", "--until", "2026-12-01"];
    let ask = |more: &[&str]| rig.run(&[&["search", "--sql"], more, &flags].concat());
    let run = ask(&["it's", "--in", "commands"]);
    assert_eq!((run.status(), run.err().as_str()), (0, ""));
    let out = run.out();
    assert!(out.starts_with("WITH asked AS (\n"), "{out}");
    assert!(out.contains("FROM commands\n"), "{out}");
    assert!(out.contains("strpos(text, 'it''s') > 0"), "{out}");
    assert!(out.contains("year = 2026 AND month = 11"), "{out}");
    let counted = ask(&["-ci", "x"]).out();
    assert!(counted.contains("count(*) AS matches"), "{counted}");
    assert!(counted.contains("regexp_like(text, '(?i)x')"), "{counted}");
    let several = ask(&["-e", "a+", "-e", "it's"]).out();
    let said = "regexp_like(text, '(?:a+)|(?:it''s)')";
    assert!(several.contains(said), "{several}");
    let texts = ask(&["-F", "-e", "a+", "-e", "b", "operator-0d6"]).out();
    assert!(texts.contains(r"regexp_like(text, 'a\+|b')"), "{texts}");
    assert!(
        texts.contains("starts_with(session, 'operator-0d6')"),
        "{texts}"
    );
}

#[test]
fn what_cannot_be_asked_in_sql_is_refused_by_name() {
    let rig = Rig::new(Options::quick());
    for (arguments, named) in [
        (&["x", "--signed-by", "alice"][..], "\"signed-by\""),
        (&["x", "--state", "stored"], "\"state\""),
        (&["x", "--in", "input"], "input"),
        (&["x", "-C", "2"], "-A, -B and -C"),
        (&[r"\p{Greek}"], r"\p{Greek}"),
        (&["x", "-o"], "--only-matching"),
    ] {
        let run = rig.run(&[&["search", "--sql"], arguments].concat());
        assert_eq!(run.status(), 2, "{arguments:?}");
        assert_eq!(run.out(), "");
        assert!(run.err().contains(named), "{arguments:?}: {}", run.err());
    }
}
