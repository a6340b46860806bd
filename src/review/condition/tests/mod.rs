//! Conditions read, printed and judged, by example.
//!
//! Nothing here is about one session that was really recorded.

use chrono::{NaiveDate, TimeDelta};
use formats::manifest::{Chain, Derived, Exit, ExitKind, Manifest, Object};

use super::*;

mod properties;

const NOW: &str = "2026-11-23T10:00:00Z";

/// The clock of a place in UTC.
fn clock(when: When) -> Option<DateTime<Utc>> {
    let now: DateTime<Utc> = NOW.parse().unwrap();
    match when {
        When::At(moment) => Some(moment),
        When::Local(moment, _) => Some(moment.and_utc()),
        When::Ago(ago) => now.checked_sub_signed(TimeDelta::from_std(ago).ok()?),
    }
}

fn parse(text: &str) -> Condition {
    Condition::parse(text, &clock).unwrap_or_else(|mistake| panic!("{text}: {mistake}"))
}

fn session() -> Manifest {
    Manifest {
        session_id: "alice-0abc".into(),
        target: "i-0abc".into(),
        reason: Some("Ticket-42: restart".into()),
        operator: Some("arn:aws:sts::111122223333:assumed-role/Admin/alice".into()),
        user: Some("al".into()),
        account: Some("111122223333".into()),
        region: Some("eu-central-1".into()),
        started_at: Some("2026-11-20T14:05:09.5Z".into()),
        duration_us: 601_000_000,
        exit: Some(Exit {
            kind: ExitKind::Exited,
            status: Some(3),
            reason: None,
        }),
        derived: Some(Derived {
            commands: Object {
                count: 2,
                ..Object::default()
            },
            ..Derived::default()
        }),
        chain: Chain {
            algorithm: "sha256".into(),
            head: "00".into(),
        },
        ..Manifest::default()
    }
}

#[track_caller]
fn check(text: &str, facts: &Facts<'_>, expected: Option<bool>) {
    let condition = parse(text);
    assert_eq!(condition.judge(facts), expected, "{text}");
    let again = parse(&condition.to_string());
    assert_eq!(again, condition, "{text} is printed as {condition}");
}

#[test]
fn a_session_is_asked_for_all_that_its_manifest_tells() {
    let session = session();
    let facts = Facts {
        state: Some(State::Stored),
        ..Facts::of(&session)
    };
    for (text, expected) in [
        ("target = i-0abc", true),
        ("target = I-0ABC", true),
        ("target = i-0ab", false),
        ("target != i-0ab", true),
        ("target=i-0abc", true),
        ("target ~ 0ab", true),
        ("target !~ 0ab", false),
        ("operator ~ admin/ALICE", true),
        ("operator = al", true),
        ("reason = \"ticket-*\"", true),
        ("reason = ticket", false),
        ("reason = *restart", true),
        ("reason = t*-42*start", true),
        ("reason ~ \"et-*: re\"", true),
        ("reason ~ 'et\\*42'", false),
        ("reason = /^ticket/", false),
        ("reason ~ /^ticket/i", true),
        ("reason != /^Ticket-\\d+: /", false),
        ("document = \"\"", true),
        ("kind = shell", true),
        ("kind != SSH", true),
        ("state = stored", true),
        ("state = in-spool", false),
        ("duration > 10m", true),
        ("duration <= 601s", true),
        ("exit = 3", true),
        ("exit != 0", true),
        ("exit = exited", true),
        ("exit >= 4", false),
        ("commands > 0", true),
        ("account = 111122223333 and region ~ eu", true),
        ("started > 2026-11-20", false),
        ("started >= 2026-11-20", true),
        ("started = 2026-11-20", true),
        ("started != 2026-11-20", false),
        ("started = '2026-11-20 14:05'", true),
        ("started <= '2026-11-20T14:05'", true),
        ("started < 2026-11-20T14:05:09Z", false),
        ("since 7d", true),
        ("since 2d or until 2026-11-21", true),
        ("until = 7d", false),
        ("not (encrypted or recovered or unrecorded)", true),
        ("! target ~ x and !(reason ~ y)", true),
        ("target = x and target = y or target ~ 0", true),
        ("target ~ 0 or target = x and target = y", true),
        ("(target ~ 0 or target = x) and target = y", false),
        ("NOT target = x AND user = AL", true),
    ] {
        check(text, &facts, Some(expected));
    }
}

#[test]
fn what_is_not_known_is_neither_true_nor_false() {
    let session = Manifest {
        exit: None,
        account: None,
        ..session()
    };
    let running = Facts {
        state: Some(State::InSpool),
        ..Facts::of(&session)
    };
    for text in [
        "duration > 1s",
        "duration <= 1s",
        "not duration > 1s",
        "exit = 0",
        "exit != 0",
        "exit = cut",
        "commands = 0",
        "encrypted",
        "account = 1",
        "account != 1",
        "command ~ rm",
        "not signed-by ~ x",
        "duration > 1s and target ~ 0",
        "duration > 1s or target = x",
    ] {
        check(text, &running, None);
    }
    check("duration > 1s or target ~ 0", &running, Some(true));
    check("duration > 1s and target = x", &running, Some(false));
    let texts = ["ls".to_owned(), "sudo rm -rf /".to_owned()];
    let commands = |is_cut| Facts {
        commands: Some(Commands {
            texts: &texts,
            is_cut,
        }),
        signers: Some(&texts[..1]),
        ..running
    };
    check("command ~ \"rm -rf\"", &commands(true), Some(true));
    check("command ~ shutdown", &commands(true), None);
    check("command ~ shutdown", &commands(false), Some(false));
    check("signed-by = ls", &commands(false), Some(true));
    let needs = parse("not (target = x or command ~ y)").needs();
    assert!(needs.commands && !needs.signers);
}

#[test]
fn a_mistake_is_told_with_its_column_and_what_would_be_right() {
    for (text, column, words) in [
        (
            "",
            1,
            "expected a condition like target = i-0abc, and the expression ends",
        ),
        ("target = a and", 15, "and the expression ends"),
        ("target = a or or", 15, "and \"or\" comes"),
        (
            "résumé = a or reson ~ x",
            1,
            "there is no \"résumé\"; there are session, target",
        ),
        (
            "target = é or reson ~ x",
            15,
            "there is no \"reson\"; did you mean \"reason\"?",
        ),
        (
            "reason > x",
            8,
            "expected one of = != ~ !~ after \"reason\"",
        ),
        ("duration ~ 1s", 10, "expected one of = != < <= > >="),
        ("reason", 7, "expected one of"),
        ("reason =", 9, "expected a text after \"=\""),
        ("reason = and target = x", 10, "expected a text"),
        (
            "reason = /(/",
            10,
            "this is no regular expression: unclosed group",
        ),
        ("reason = /a{1000}{1000}{1000}/", 10, "too large"),
        ("reason = /abc", 10, "not closed: it ends with a slash"),
        ("reason = //", 10, "empty"),
        ("reason = \"abc", 10, "this quotation mark is not closed"),
        (
            "(target = a or (reason = b)",
            1,
            "this parenthesis is not closed",
        ),
        ("target = a)", 11, "nothing opens this parenthesis"),
        ("reason = ticket 42", 17, "quote a text that has a space"),
        (
            "(reason = ticket 42)",
            18,
            "expected \"and\", \"or\" or a closing parenthesis",
        ),
        (
            "kind = shel",
            8,
            "there is no kind of session \"shel\"; did you mean \"shell\"?",
        ),
        (
            "state = x",
            9,
            "there are stored, without_manifest, in_spool",
        ),
        ("exit = clsed", 8, "did you mean \"closed\"?"),
        ("exit > closed", 8, "\"closed\" is no whole number"),
        ("duration > long", 12, "write 90s, 10m or 1h30m"),
        ("duration > 99999999999d", 12, "no length of time"),
        ("started > yesterday", 11, "\"yesterday\" is not a time"),
        (
            "started = 7d",
            11,
            "\"7d\" is a moment: compare it with < or >",
        ),
        ("since 9999999d", 7, "\"9999999d\" is out of range"),
        (
            "started > /x/",
            11,
            "expected a time, not a regular expression",
        ),
    ] {
        let mistake = Condition::parse(text, &clock).unwrap_err();
        assert_eq!(mistake.column, column, "{text}: {mistake}");
        assert!(mistake.to_string().contains(words), "{text}: {mistake}");
        assert_eq!(mistake.to_string().lines().count(), 1, "{mistake:?}");
    }
}

#[test]
fn an_expression_is_neither_deep_nor_long_without_end() {
    let deep = |depth| format!("{}recovered{}", "(".repeat(depth), ")".repeat(depth));
    assert!(Condition::parse(&deep(DEEPEST), &clock).is_ok());
    let mistake = Condition::parse(&deep(DEEPEST + 1), &clock).unwrap_err();
    assert!(mistake.what.contains("deep"), "{mistake}");
    let nots = "!".repeat(LONGEST - 9) + "recovered";
    assert!(Condition::parse(&nots, &clock).is_err());
    let wide = vec!["recovered"; LONGEST / 14].join(" and ");
    assert!(Condition::parse(&wide, &clock).is_ok());
    let regexes = |count| vec!["reason ~ /x/"; count].join(" or ");
    assert!(Condition::parse(&regexes(MOST_REGEXES), &clock).is_ok());
    assert!(Condition::parse(&regexes(MOST_REGEXES + 1), &clock).is_err());
    let long = format!("reason ~ {}", "x".repeat(LONGEST));
    let mistake = Condition::parse(&long, &clock).unwrap_err();
    assert!(mistake.what.contains("longer than"), "{mistake}");
}

#[test]
fn the_words_for_an_end_are_those_of_a_manifest() {
    for word in parse::ENDS {
        let kind: ExitKind = serde_json::from_str(&format!("{word:?}")).unwrap();
        assert!(!matches!(kind, ExitKind::Other(_)), "{word}");
        let manifest = Manifest {
            exit: Some(Exit {
                kind,
                status: None,
                reason: None,
            }),
            ..session()
        };
        check(&format!("exit = {word}"), &Facts::of(&manifest), Some(true));
        check("exit = 0", &Facts::of(&manifest), None);
    }
}

#[test]
fn flags_take_a_part_a_glob_or_a_regular_expression() {
    for (flag, text, expected) in [
        ("0AB", "i-0abc", true),
        ("a*", "i-0abc", false),
        ("*a*", "i-0abc", true),
        ("/^i-\\w+$/", "i-0abc", true),
        ("/ABC/", "i-0abc", false),
        ("/ABC/i", "i-0abc", true),
        ("/", "assumed-role/x", true),
        ("//", "assumed-role/x", false),
    ] {
        let pattern = Pattern::of_flag(flag).unwrap();
        assert_eq!(pattern.matches(text), expected, "{flag} {text}");
    }
    assert!(Pattern::of_flag("/(/").is_err());
}

#[test]
fn windows_are_as_narrow_as_and_makes_them_and_no_wider_than_or_needs() {
    const ALL: &[(&str, &str)] = &[("", "")];
    let many: Vec<String> = (1..20)
        .map(|day| format!("started = 2026-11-{day:02}"))
        .collect();
    let apart: Vec<String> = (1..10)
        .map(|day| format!("started = 2026-11-{:02}", 2 * day))
        .collect();
    for (text, expected) in [
        (
            "started > 2026-11-20 and target = x",
            &[("2026-11-21", "")][..],
        ),
        (
            "since 2026-11-20 and until 2026-11-22",
            &[("2026-11-20", "2026-11-22")],
        ),
        (
            "since 2026-11-01 and since 2026-11-05 and (until 2026-11-22 and until 2026-11-09)",
            &[("2026-11-05", "2026-11-09")],
        ),
        (
            "started = 2026-11-25 or started = 2026-11-20",
            &[("2026-11-20", "2026-11-21"), ("2026-11-25", "2026-11-26")],
        ),
        (
            "(started = 2026-11-25 or started = 2026-11-20) and until 2026-11-23",
            &[("2026-11-20", "2026-11-21")],
        ),
        (
            "started = 2026-11-20 or started = 2026-11-21",
            &[("2026-11-20", "2026-11-22")],
        ),
        ("started = 2026-11-20 and started = 2026-11-21", &[]),
        ("since 2026-11-20 or target = x", ALL),
        ("not started < 2026-11-20", &[("2026-11-20", "")]),
        (
            "not (until 2026-11-20 or target = x)",
            &[("2026-11-20", "")],
        ),
        ("not (until 2026-11-20 and target = x)", ALL),
        (
            "started != 2026-11-20",
            &[("", "2026-11-20"), ("2026-11-21", "")],
        ),
        ("not started != 2026-11-20", &[("2026-11-20", "2026-11-21")]),
        (&many.join(" or "), &[("2026-11-01", "2026-11-20")]),
        (&apart.join(" or "), &[("2026-11-02", "2026-11-19")]),
    ] {
        let day = |day: &str| {
            let day: NaiveDate = day.parse().ok()?;
            Some(day.and_hms_opt(0, 0, 0).unwrap().and_utc())
        };
        let expected = expected.iter().map(|(since, until)| Window {
            since: day(since),
            until: day(until),
        });
        let expected: Vec<Window> = expected.collect();
        assert_eq!(parse(text).windows(), expected, "{text}");
    }
}
