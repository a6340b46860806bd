//! Conditions of any shape, held against plain models.
//!
//! Nothing here is about one condition that somebody would write.

use proptest::prelude::*;

use super::*;

/// A moment in the days about which the tests ask, and sometimes to the nanosecond.
fn moment() -> impl Strategy<Value = DateTime<Utc>> {
    (
        0..30_i64 * 86_400,
        prop_oneof![Just(0), 0..1_000_000_000_u32],
    )
        .prop_map(|(seconds, nanos)| {
            DateTime::from_timestamp(1_793_000_000 + seconds, nanos).unwrap()
        })
}

fn comparison() -> impl Strategy<Value = Comparison> {
    prop::sample::select(&[
        Comparison::Equal,
        Comparison::Less,
        Comparison::AtMost,
        Comparison::More,
        Comparison::AtLeast,
    ])
}

fn pattern() -> impl Strategy<Value = Pattern> {
    let texts = (
        prop::collection::vec("\\PC{0,4}|[\"'\\\\* /()\n]{0,3}", 1..4),
        any::<bool>(),
    );
    let texts = texts.prop_map(|(pieces, is_whole)| Pattern::Text { pieces, is_whole });
    let sources = ("([a-z/\" ()|*]|\\\\[d.\\\\]){1,6}", any::<bool>());
    let regexes = sources.prop_filter_map("no regular expression", |(source, any_case)| {
        Pattern::regex(&source, any_case).ok()
    });
    prop_oneof![texts, regexes]
}

fn term() -> impl Strategy<Value = Term> {
    prop_oneof![
        (prop::sample::select(&Text::ALL), pattern())
            .prop_map(|(text, like)| Term::Text(text, like)),
        (
            prop::sample::select(&Number::ALL),
            comparison(),
            any::<u32>(),
            any::<bool>()
        )
            .prop_map(|(number, comparison, value, is_short)| {
                let value = match is_short || number == Number::Exit {
                    true => i64::from(value % 10_000),
                    false => i64::from(value),
                };
                let most = match number {
                    Number::Exit | Number::Commands => i64::from(i32::MAX),
                    Number::Risk => 6,
                    _ => i64::MAX,
                };
                Term::Number(number, comparison, value.min(most))
            }),
        moment().prop_map(Term::Since),
        moment().prop_map(Term::Until),
        prop::sample::select(&Kind::ALL).prop_map(Term::Kind),
        prop::sample::select(&State::ALL).prop_map(Term::State),
        prop::sample::select(&["cut", "left", "not-opened"][..])
            .prop_map(|word| Term::Ended(word.to_owned())),
        prop::sample::select(&Flag::ALL).prop_map(Term::Flag),
    ]
}

/// Conditions over what `leaves` gives.
fn conditions(leaves: impl Strategy<Value = Term> + 'static) -> impl Strategy<Value = Condition> {
    let leaves = leaves.prop_map(Condition::Is);
    leaves.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 2..4).prop_map(Condition::All),
            prop::collection::vec(inner.clone(), 2..4).prop_map(Condition::Any),
            inner.prop_map(|part| Condition::Not(Box::new(part))),
        ]
    })
}

/// Leaves of which a model knows the answer: the target, an account that may be unknown, and the time.
fn plain_term() -> impl Strategy<Value = Term> {
    let digit = || prop::sample::select(&["0", "1"][..]).prop_map(Pattern::part);
    prop_oneof![
        digit().prop_map(|like| Term::Text(Text::Target, like)),
        digit().prop_map(|like| Term::Text(Text::Account, like)),
        moment().prop_map(Term::Since),
        moment().prop_map(Term::Until),
    ]
}

/// By all values that what is not known may have: known where they agree.
fn model(condition: &Condition, target: &str, account: &str, at: Option<DateTime<Utc>>) -> bool {
    match condition {
        Condition::All(parts) => parts.iter().all(|part| model(part, target, account, at)),
        Condition::Any(parts) => parts.iter().any(|part| model(part, target, account, at)),
        Condition::Not(part) => !model(part, target, account, at),
        Condition::Is(Term::Text(Text::Target, like)) => like.matches(target),
        Condition::Is(Term::Text(_, like)) => like.matches(account),
        Condition::Is(Term::Since(since)) => at.is_some_and(|at| at >= *since),
        Condition::Is(Term::Until(until)) => at.is_some_and(|at| at < *until),
        Condition::Is(other) => panic!("{other} is not in the model"),
    }
}

proptest! {
    #[test]
    fn what_is_printed_reads_as_the_same(condition in conditions(term())) {
        let text = condition.to_string();
        if text.len() <= LONGEST {
            prop_assert_eq!(Condition::parse(&text, &clock), Ok(condition), "{}", text);
        }
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in "\\PC{0,40}") {
        let _ = Condition::parse(&text, &clock);
    }

    #[test]
    fn no_heap_of_its_own_words_makes_the_reader_panic(
        words in prop::collection::vec(
            prop::sample::select(&[
                "target", "started", "duration", "exit", "kind", "since", "not", "!", "and", "or", "(", ")", "=", "!=",
                "~", "<", ">=", "7d", "2026-11-20", "\"a b\"", "'", "/x/i", "/", "\\", "é", "\u{2028}", "99999999999999999999d", "*",
            ][..]),
            0..14,
        ),
        spaces: bool,
    ) {
        let text = words.join(if spaces { " " } else { "" });
        if let Ok(condition) = Condition::parse(&text, &clock) {
            let printed = condition.to_string();
            prop_assert_eq!(Condition::parse(&printed, &clock), Ok(condition), "{}", printed);
        }
    }

    #[test]
    fn and_or_and_not_are_what_they_are(
        condition in conditions(plain_term()),
        target in "[01]{0,1}",
        account in prop::option::of("[01]{0,1}"),
        at in moment(),
    ) {
        let manifest = Manifest {
            target: target.clone(),
            account: account.clone(),
            started_at: Some(at.to_rfc3339()),
            ..Manifest::default()
        };
        let judged = condition.judge(&Facts::of(&manifest));
        match (account, judged) {
            (Some(account), judged) => {
                prop_assert_eq!(judged, Some(model(&condition, &target, &account, Some(at))));
            }
            // Whatever it were.
            (None, Some(judged)) => for account in ["", "0", "1", "01"] {
                prop_assert_eq!(judged, model(&condition, &target, account, Some(at)), "{}", account);
            },
            (None, None) => {}
        }
    }

    #[test]
    fn no_session_outside_of_the_windows_is_let_through(
        condition in conditions(plain_term()),
        target in "[01]{0,1}",
        at in moment(),
    ) {
        let manifest = Manifest {
            target,
            started_at: Some(at.to_rfc3339()),
            ..Manifest::default()
        };
        let windows = condition.windows();
        prop_assert!(windows.is_sorted_by(|one, next| one.until.is_some() && one.until < next.since));
        if !windows.iter().any(|window| window.holds(at)) {
            prop_assert_ne!(condition.judge(&Facts::of(&manifest)), Some(true));
        }
    }

    #[test]
    fn a_glob_is_the_regular_expression_that_it_stands_for(
        pieces in prop::collection::vec("[ab]{0,2}", 1..5),
        is_whole: bool,
        text in "[ab]{0,8}",
    ) {
        let source = pieces.join(".*");
        let source = if is_whole { format!("^(?:{source})$") } else { source };
        let expected = regex::Regex::new(&source).unwrap().is_match(&text);
        prop_assert_eq!(Pattern::Text { pieces, is_whole }.matches(&text), expected);
    }
}
