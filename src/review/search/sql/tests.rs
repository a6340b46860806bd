//! What is said in SQL, held against the words themselves, and values that would be more than values.
//!
//! Nothing here runs a statement; `formats/sql` does, with the engines of others.

use chrono::{DateTime, Days, NaiveDate, Utc};
use proptest::prelude::*;

use super::days::{Run, runs};
use super::literal::literal;
use super::*;
use crate::review::condition::{Condition, When};
use crate::review::search::{Around, Case, Meaning, Pattern};

fn question(pattern: &str, meaning: Meaning, places: &[Where], wanted: Wanted) -> Question {
    let pattern = Pattern::meaning(pattern, meaning).unwrap();
    Question::new(pattern, places, Around::default(), wanted)
}

fn lines(pattern: &str) -> Question {
    question(pattern, Meaning::default(), &[Where::Lines], Wanted::Texts)
}

/// Local time is UTC, and it is the end of November.
fn clock(when: When) -> Option<DateTime<Utc>> {
    let now: DateTime<Utc> = "2026-11-29T12:00:00Z".parse().unwrap();
    match when {
        When::At(time) => Some(time),
        When::Local(time, _) => Some(time.and_utc()),
        When::Ago(ago) => now.checked_sub_signed(chrono::TimeDelta::from_std(ago).unwrap()),
    }
}

fn filter(expression: &str) -> Filter {
    let condition = match expression {
        "" => Condition::default(),
        expression => Condition::parse(expression, &clock).unwrap(),
    };
    Filter {
        session: None,
        condition,
    }
}

/// What stands behind WHERE in the table of sessions.
fn of_sessions(expression: &str) -> String {
    let statement = statement(&filter(expression), &lines("x")).unwrap();
    let (_, behind) = statement.split_once("FROM sessions\n  WHERE ").unwrap();
    let (condition, _) = behind.split_once("\n), found").unwrap();
    condition.replace("\n    AND ", "\n")
}

#[test]
fn a_search_of_lines_is_one_statement() {
    let expected = "\
WITH asked AS (
  SELECT session, year, month, day, started, operator, local_user, target, reason
  FROM sessions
  WHERE year = 2026 AND month = 11 AND day BETWEEN 28 AND 29
    AND started >= TIMESTAMP '2026-11-28 00:00:00.000'
    AND started < TIMESTAMP '2026-11-30 00:00:00.000'
    AND (strpos(lower(target), 'i-0abc') > 0 OR coalesce(strpos(lower(json_extract_scalar(manifest, '$.target_name')), 'i-0abc') > 0, false))
), found AS (
  SELECT session, year, month, day, 'lines' AS place, number, first_ms, last_ms, other, text
  FROM lines
  WHERE year = 2026 AND month = 11 AND day BETWEEN 28 AND 29
    AND strpos(text, 'Permission denied') > 0
)
SELECT session, started, operator, local_user, target, reason, place, number, first_ms, last_ms, other, text
FROM found JOIN asked USING (session, year, month, day)
ORDER BY started DESC NULLS LAST, session, CASE place WHEN 'reasons' THEN 0 WHEN 'commands' THEN 1 ELSE 2 END, number
";
    let filter = filter("since 2026-11-28 and until 2026-11-30 and target ~ I-0ABC");
    let statement = statement(&filter, &lines("Permission denied")).unwrap();
    assert_eq!(statement, expected);
}

#[test]
fn what_is_searched_in_several_texts_is_put_together() {
    let expected = "\
WITH asked AS (
  SELECT session, year, month, day, started, operator, local_user, target, reason
  FROM sessions
  WHERE starts_with(session, 'al')
), found AS (
  SELECT session, year, month, day, 'reasons' AS place, 0 AS number, 0 AS first_ms, 0 AS last_ms, false AS other, reason AS text
  FROM asked
  WHERE reason <> ''
    AND regexp_like(reason, '(?i)r[mn]')
  UNION ALL
  SELECT session, year, month, day, 'commands' AS place, number - 1 AS number, start_ms AS first_ms, coalesce(end_ms, start_ms) AS last_ms, false AS other, text
  FROM commands
  WHERE regexp_like(text, '(?i)r[mn]')
  UNION ALL
  SELECT session, year, month, day, 'lines' AS place, number, first_ms, last_ms, other, text
  FROM lines
  WHERE regexp_like(text, '(?i)r[mn]')
)
SELECT session, started, count(*) AS matches
FROM found JOIN asked USING (session, year, month, day)
GROUP BY session, started
ORDER BY started DESC NULLS LAST, session
";
    let meaning = Meaning {
        case: Case::Smart,
        ..Meaning::default()
    };
    let places = [Where::Lines, Where::Commands, Where::Reasons];
    let of_some = Filter {
        session: Some("al".to_owned()),
        ..Filter::default()
    };
    let count = question("r[mn]", meaning, &places, Wanted::Count);
    assert_eq!(statement(&of_some, &count).unwrap(), expected);

    let whether = question("r[mn]", meaning, &places, Wanted::Whether);
    let expected = expected.replace("started, count(*) AS matches", "started");
    assert_eq!(statement(&of_some, &whether).unwrap(), expected);
}

#[test]
fn every_filter_is_one_of_the_table_of_sessions() {
    for (expression, expected) in [
        (
            "target = 'i-0A'",
            "(lower(target) = 'i-0a' \
             OR coalesce(lower(json_extract_scalar(manifest, '$.target_name')) = 'i-0a', false))",
        ),
        ("region = eu-1", "lower(region) = 'eu-1'"),
        (
            "document = 'i-*50%_\\\\'",
            "lower(coalesce(document, '')) LIKE 'i-%50\\%\\_\\\\' ESCAPE '\\'",
        ),
        ("session ~ 'a*b'", "lower(session) LIKE '%a%b%' ESCAPE '\\'"),
        (
            "reason ~ \"it's\"",
            "strpos(lower(coalesce(reason, '')), 'it''s') > 0",
        ),
        ("host ~ /^a.c$/i", r"regexp_like(local_host, '(?i)^a.c\z')"),
        ("not account = 1", "NOT (lower(account) = '1')"),
        (
            "operator ~ al",
            "(coalesce(strpos(lower(operator), 'al') > 0, strpos(lower(local_user), 'al') > 0) \
             OR coalesce(strpos(lower(local_user), 'al') > 0, strpos(lower(operator), 'al') > 0))",
        ),
        ("duration >= 10m", "duration_ms >= 600000"),
        (
            "duration > 10m",
            "CAST(json_extract_scalar(manifest, '$.duration_us') AS bigint) > 600000000",
        ),
        (
            "size > 1MB",
            "CAST(json_extract_scalar(manifest, '$.sizes.compressed') AS bigint) > 1000000",
        ),
        ("exit != 0", "NOT (exit_status = 0)"),
        ("exit = cut", "exit_kind = 'cut'"),
        (
            "commands < 3",
            "CASE WHEN explained IS NOT NULL THEN commands END < 3",
        ),
        ("encrypted or recovered", "(sealed OR recovered)"),
        ("unrecorded", "unrecorded_from_ms IS NOT NULL"),
    ] {
        let told = of_sessions(expression);
        assert_eq!(told, expected, "{expression}");
    }
    // Commands are read of the same days.
    let days = "((year = 2026 AND month = 11 AND day BETWEEN 29 AND 31) \
                OR (year = 2026 AND month = 12) OR (year >= 2027))";
    let rm = format!(
        "{days}\nsession IN (SELECT session FROM commands WHERE {days} AND strpos(lower(text), 'rm') > 0)\n\
         started >= TIMESTAMP '2026-11-29 00:00:00.000'"
    );
    assert_eq!(of_sessions("command ~ rm and since 2026-11-29"), rm);
    let kind = of_sessions("kind = ssh");
    assert!(
        kind.starts_with("CASE WHEN ") && kind.ends_with(" END = 'ssh'"),
        "{kind}"
    );
}

#[test]
fn what_the_tables_do_not_tell_is_refused_by_name() {
    for (expression, expected) in [
        ("signed-by ~ alice", Unsaid::Field("signed-by")),
        ("not (target = x or state = stored)", Unsaid::Field("state")),
    ] {
        let refused = statement(&filter(expression), &lines("x")).unwrap_err();
        assert_eq!(refused, expected);
    }
    let typed = question("x", Meaning::default(), &[Where::Input], Wanted::Texts);
    assert_eq!(statement(&Filter::default(), &typed), Err(Unsaid::Input));
    let around = Around {
        before: 1,
        behind: 0,
    };
    let around = Question::new(
        Pattern::new("x").unwrap(),
        &[Where::Lines],
        around,
        Wanted::Texts,
    );
    assert_eq!(statement(&Filter::default(), &around), Err(Unsaid::Around));
}

#[test]
fn an_expression_means_the_same_there_or_is_refused() {
    let told = |expression: &str, meaning| {
        let question = question(expression, meaning, &[Where::Lines], Wanted::Texts);
        let statement = statement(&Filter::default(), &question)?;
        let (_, behind) = statement.split_once("FROM lines\n  WHERE ").unwrap();
        Ok(behind.split_once("\n)").unwrap().0.to_owned())
    };
    let exact = Meaning::default();
    for (expression, expected) in [
        ("a.c", "regexp_like(text, 'a.c')"),
        (r"a\.c", "strpos(text, 'a.c') > 0"),
        (r"^a|b$", r"regexp_like(text, '^a|b\z')"),
        (r"(?m)^a$", r"regexp_like(text, '(?m)^a$')"),
        ("a*+", "regexp_like(text, '(?:a*)+')"),
        ("a{0,3}?", "regexp_like(text, 'a{0,3}?')"),
        ("(?<name>a)(?i-s:b)", "regexp_like(text, '(a)(?i-s:b)')"),
        (r"[[:alpha:]'&&\]-]", "refused"),
        (
            r"[[:alpha:]'\]\-~]",
            r"regexp_like(text, '[A-Za-z''\]\-\~]')",
        ),
        (r"[^[:^digit:]\s]", r"regexp_like(text, '[^[^0-9]\s]')"),
        (
            r"\b{start}\pL\p{Lu}\P{N}",
            r"regexp_like(text, '(?<!\w)(?=\w)\p{L}\p{Lu}\P{N}')",
        ),
        (r"\x1b\[3\d", r"regexp_like(text, '\x{1b}\[3\d')"),
        ("(?x) a b # c", "regexp_like(text, 'ab')"),
        (r"\p{Greek}", "refused"),
        ("(?U)a*", "refused"),
        ("(?R)^a", "refused"),
    ] {
        let told = told(expression, exact).unwrap_or_else(|_: Unsaid| "refused".to_owned());
        assert_eq!(told, expected, "{expression}");
    }
    for (text, case, is_word, expected) in [
        ("a.c", Case::Exact, false, "strpos(text, 'a.c') > 0"),
        ("a.c", Case::Any, false, r"regexp_like(text, '(?i)a\.c')"),
        (
            "rm",
            Case::Exact,
            true,
            r"regexp_like(text, '(?<!\w)(?:rm)(?!\w)')",
        ),
        (
            "\u{1b}'\\",
            Case::Exact,
            false,
            r"strpos(text, U&'\001B''\\') > 0",
        ),
    ] {
        let meaning = Meaning {
            case,
            is_text: true,
            is_word,
        };
        assert_eq!(told(text, meaning).unwrap(), expected, "{text:?}");
    }
}

/// What a literal at the beginning of some SQL says, and what stands behind it, as SQL's own grammar has it.
fn read(sql: &str) -> Option<(String, &str)> {
    let (has_numbers, mut rest) = match sql.strip_prefix("U&'") {
        Some(rest) => (true, rest),
        None => (false, sql.strip_prefix('\'')?),
    };
    let mut text = String::new();
    loop {
        let c = rest.chars().next()?;
        rest = &rest[c.len_utf8()..];
        match c {
            '\'' => match rest.strip_prefix('\'') {
                Some(behind) => rest = behind,
                None => return Some((text, rest)),
            },
            '\\' if has_numbers => {
                let (from, digits) = match rest.as_bytes().first()? {
                    b'\\' => {
                        rest = &rest[1..];
                        text.push('\\');
                        continue;
                    }
                    b'+' => (1, 6),
                    _ => (0, 4),
                };
                let number = u32::from_str_radix(rest.get(from..from + digits)?, 16).ok()?;
                text.push(char::from_u32(number)?);
                rest = &rest[from + digits..];
                continue;
            }
            _ => {}
        }
        text.push(c);
    }
}

/// The statement with each literal taken for a sign; nothing of it is left open.
fn skeleton(sql: &str) -> String {
    let mut out = String::new();
    let mut rest = sql;
    while let Some(at) = rest.find(['\'', 'U']) {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        if rest.starts_with('\'') || rest.starts_with("U&'") {
            let (_, behind) = read(rest).unwrap();
            out.push('?');
            rest = behind;
        } else {
            out.push('U');
            rest = &rest[1..];
        }
    }
    out + rest
}

fn hostile() -> impl Strategy<Value = String> {
    prop_oneof![any::<String>(), r"['\\;\-/*%_\n\x00-\x1f a-cU&x]{1,20}"]
        .prop_filter("an empty pattern is none", |text| !text.is_empty())
}

proptest! {
    #[test]
    fn a_literal_says_what_it_was_made_of_and_ends_there(text in hostile(), behind in hostile()) {
        let behind = behind.trim_start_matches('\'');
        let sql = format!("{}{behind}", literal(&text));
        prop_assert_eq!(read(&sql), Some((text.clone(), behind)));
        prop_assert!(literal(&text).chars().all(crate::words::is_harmless));
    }

    #[test]
    fn no_value_gets_out_of_its_quotes(value in hostile(), regex in hostile()) {
        use crate::review::condition::{Pattern as Like, Term, Text};
        let made = |value: &str, expression: &str| {
            let texts = [Text::Target, Text::Reason, Text::Operator, Text::Command];
            let mut all: Vec<_> = texts.into_iter().map(|text| Condition::Is(Term::Text(text, Like::part(value)))).collect();
            all.push(Condition::Is(Term::Ended(value.to_owned())));
            let pieces = vec![value.to_owned(), value.to_owned()];
            all.push(Condition::Is(Term::Text(Text::Host, Like::Text { pieces, is_whole: true })));
            if let Ok(regex) = Like::regex(expression, true) {
                all.push(Condition::Is(Term::Text(Text::User, regex)));
            }
            let filter = Filter { session: Some(value.to_owned()), condition: Condition::all(all) };
            let meaning = Meaning { is_text: true, ..Meaning::default() };
            statement(&filter, &question(value, meaning, &Where::ALL[..3], Wanted::Texts))
        };
        // Whatever is no expression, or none that can be said, is not the question here.
        let said = made(&value, &regex).map_or_else(|_| made(&value, "("), Ok).unwrap();
        let has_regex = said.contains("regexp_like(local_user");
        let plain = made("x", if has_regex { "y" } else { "(" }).unwrap();
        prop_assert_eq!(skeleton(&said), skeleton(&plain));
    }

    #[test]
    fn runs_of_days_are_the_days_of_their_stretch(from in 0_u64..1200, length in 0_u64..900, day in 0_u64..2400) {
        let start = NaiveDate::from_ymd_opt(2023, 6, 1).unwrap();
        let nth = |days| start.checked_add_days(Days::new(days)).unwrap();
        let (first, last, day) = (nth(from), nth(from + length), nth(day));
        let holds = |run: &Run| {
            use chrono::Datelike as _;
            match *run {
                Run::Years(from, to) => from.is_none_or(|from| from <= day.year()) && to.is_none_or(|to| day.year() <= to),
                Run::Months(year, from, to) => year == day.year() && (from..=to).contains(&day.month()),
                Run::Days(year, month, from, to) => (year, month) == (day.year(), day.month()) && (from..=to).contains(&day.day()),
            }
        };
        for (first, last) in [(Some(first), Some(last)), (Some(first), None), (None, Some(last)), (None, None)] {
            let runs = runs(first, last);
            let is_in = first.is_none_or(|first| first <= day) && last.is_none_or(|last| day <= last);
            prop_assert_eq!(runs.iter().filter(|run| holds(run)).count(), usize::from(is_in), "{:?}", runs);
            prop_assert!(runs.len() <= 5);
        }
    }
}

#[test]
fn days_that_no_folder_has_are_none() {
    let of = |expression: &str| days::predicate(&filter(expression).days());
    assert_eq!(of("target = x"), None);
    assert_eq!(
        of("since 2026-11-02 and until 2026-11-01").as_deref(),
        Some("false")
    );
    assert_eq!(
        of("until 2026-01-01 or since 2026-12-01").as_deref(),
        Some("((year <= 2025) OR (year = 2026 AND month = 12) OR (year >= 2027))")
    );
}
