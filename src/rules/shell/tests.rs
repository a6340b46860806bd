//! What command lines run, told text by text.
//!
//! Nothing here is a rule.

use super::*;

fn told(text: &str) -> String {
    let (text, context) = match text.split_once("> ") {
        Some((context, text)) if reader(context).is_some() => (text, vec![context]),
        _ => (text, Vec::new()),
    };
    texts(text, &context).texts.join(" ; ")
}

#[test]
fn it_is_looked_through_what_only_starts_another_program() {
    for (text, expected) in [
        ("ls -l", "ls -l"),
        ("/usr/bin/rm -rf '/tmp/a b'", "rm -rf /tmp/a b"),
        ("sudo -u root -E rm -rf /", "rm -rf /"),
        ("sudo -i", "sudo -i"),
        ("sudo A=b env -i C=d nice -n 5 rm x", "A=b ; C=d ; rm x"),
        ("env", "env"),
        ("FOO=bar", "FOO=bar"),
        ("timeout -s KILL 5 rm x", "rm x"),
        ("nohup rm x &", "rm x"),
        (
            "cat x | xargs -n 1 -0 rm -f",
            "cat x ; rm -f ; cat x | rm -f",
        ),
        (
            "find / -name x -exec rm {} \\;",
            "find / -name x -exec rm {} ; ; rm {}",
        ),
        ("bash -lc 'rm x; ls'", "bash -lc rm x; ls ; rm x ; ls"),
        (
            "su - postgres -c \"psql -c 'drop table x'\"",
            "su - postgres -c psql -c 'drop table x' ; psql -c drop table x ; psql: drop table x",
        ),
        (
            "ssh -p 22 host sudo rm x",
            "ssh -p 22 host sudo rm x ; rm x",
        ),
        (
            "docker exec -it web sh -c 'rm x'",
            "docker exec -it web sh -c rm x ; sh -c rm x ; rm x",
        ),
        (
            "kubectl exec pod -- rm x",
            "kubectl exec pod -- rm x ; rm x",
        ),
        ("if true; then rm x; fi", "true ; rm x"),
        ("for f in rm -rf; do echo $f; done", "echo $f"),
        ("echo rm -rf /", "echo rm -rf /"),
        ("echo $(rm x)", "echo $(rm x) ; rm x"),
        ("bash <<E\nrm x\nE", "bash ; rm x"),
        ("echo 'rm x' | sh", "echo rm x ; sh ; rm x ; echo rm x | sh"),
        ("command -v rm", ""),
        ("exec rm x", "rm x"),
        ("eval \"rm x\"", "rm x"),
        ("> /var/log/x", "> /var/log/x"),
        ("echo 'a > b' > c", "echo a › b > c"),
    ] {
        assert_eq!(told(text), expected, "{text:?}");
    }
}

#[test]
fn what_a_database_is_given_is_told_statement_by_statement() {
    for (text, expected) in [
        (
            "psql> drop  table\n x; select 1;",
            "psql: drop table x ; psql: select 1",
        ),
        (
            "psql -h db -Atc 'select 1'",
            "psql -h db -Atc select 1 ; psql: select 1",
        ),
        (
            "mysql -uroot -e 'drop table x' app",
            "mysql -uroot -e drop table x app ; mysql: drop table x",
        ),
        (
            "echo 'drop table x;' | psql app",
            "echo drop table x; ; psql app ; psql: drop table x ; echo drop table x; | psql app",
        ),
        (
            "psql app <<E\ndelete from x;\nE",
            "psql app ; psql: delete from x",
        ),
        (
            "sqlite3 a.db 'drop table x'",
            "sqlite3 a.db drop table x ; sqlite: drop table x",
        ),
        (
            "redis-cli -h c FLUSHALL",
            "redis-cli -h c FLUSHALL ; redis: FLUSHALL",
        ),
        (
            "sudo -u postgres psql --command='drop table x'",
            "psql --command=drop table x ; psql: drop table x",
        ),
    ] {
        assert_eq!(told(text), expected, "{text:?}");
    }
}

#[test]
fn no_text_is_too_long_or_too_deep() {
    let deep = "sh -c '".repeat(100_000);
    assert!(texts::<&str>(&deep, &[]).is_cut);
    let nested = "$(".repeat(10_000);
    assert!(texts::<&str>(&nested, &[]).is_cut);
    let wide = "rm x$RANDOM;a ".repeat(3000);
    assert!(texts::<&str>(&wide, &[]).texts.len() <= MOST);
    let sudo = "sudo ".repeat(12_000);
    let _ = texts::<&str>(&sudo, &[]);
    assert!(!texts::<&str>("ls", &[]).is_cut);
}

proptest::proptest! {
    #[test]
    fn whatever_was_typed_is_taken_apart(text in "([a-z /;|&<>$()'\"`\\\\\n=é-]|sudo |sh -c |<<E\n){0,60}") {
        let _ = texts::<&str>(&text, &[]);
    }
}
