//! The audit as a table of cases: what is told, what is held, and the one state that comes of it.
//!
//! Nothing here has a clock, a store or a service.

use formats::continuity::Continuity;

use super::*;

fn at(text: &str) -> DateTime<Utc> {
    format!("2026-11-{text}Z").parse().unwrap()
}

/// November, asked at its end.
fn rules() -> Rules {
    Rules {
        now: at("30T12:00:00"),
        since: at("01T00:00:00"),
        until: at("30T12:00:00"),
        grace: TimeDelta::hours(24),
        skew: TimeDelta::minutes(5),
    }
}

fn asked() -> Asked {
    Asked {
        witness: Witness::Service,
        name: "default".into(),
        account: Some("123456789012".into()),
        region: Some("eu-central-1".into()),
        from: rules().since,
        until: rules().now,
        sessions: 0,
        failure: None,
    }
}

/// A session of an hour.
fn told(id: &str, start: DateTime<Utc>) -> Happened {
    Happened {
        session_id: id.into(),
        target: Some("i-1".into()),
        owner: Some("arn:aws:iam::123456789012:user/alice".into()),
        document: Some("SSM-SessionManagerRunShell".into()),
        region: Some("eu-central-1".into()),
        account: Some("123456789012".into()),
        start: Some(start),
        end: Some(start + TimeDelta::hours(1)),
        status: Status::Over,
        witnesses: [Witness::Service].into(),
        ..Happened::default()
    }
}

/// What the store has of it.
fn held(id: &str, start: DateTime<Utc>) -> Held {
    let closed = start + TimeDelta::hours(1);
    Held {
        session_id: id.into(),
        came: Some(closed),
        signature: Seal::Trusted("alice".into()),
        says: Some(Says {
            target: "i-1".into(),
            operator: Some("arn:aws:iam::123456789012:user/alice".into()),
            region: Some("eu-central-1".into()),
            account: Some("123456789012".into()),
            user: Some("alice".into()),
            host: Some("laptop".into()),
            started: Some(start),
            closed: Some(closed),
            digest: format!("digest of {id}"),
            ..Says::default()
        }),
        ..Held::default()
    }
}

fn says(held: &mut Held) -> &mut Says {
    held.says.as_mut().unwrap()
}

fn account(told: &[Happened], held: &[Held]) -> Account {
    audit(
        rules(),
        told.to_vec(),
        held.to_vec(),
        vec![asked()],
        Vec::new(),
    )
}

/// The state and the marks of the only session.
fn check(told: &[Happened], held: &[Held], state: &str, marks: &[&str]) {
    let account = account(told, held);
    let [one] = account.sessions.as_slice() else {
        panic!("{:?}", account.sessions);
    };
    let names: Vec<&str> = one.marks.iter().map(Mark::name).collect();
    assert_eq!((one.coverage.name(), names.as_slice()), (state, marks));
}

#[test]
fn each_session_is_in_one_state() {
    let then = at("10T08:00:00");
    let late = at("30T08:00:00");
    let with = |change: &dyn Fn(&mut Happened)| {
        let mut one = told("s", then);
        change(&mut one);
        one
    };
    let there = |what| Held {
        what,
        ..held("s", then)
    };
    check(&[told("s", then)], &[held("s", then)], "recorded", &[]);
    check(&[told("s", then)], &[], "not_recorded", &[]);
    check(&[told("s", late)], &[], "pending", &[]);
    check(
        &[with(&|one| one.status = Status::Failed)],
        &[],
        "never_opened",
        &[],
    );
    check(
        &[with(&|one| (one.status, one.end) = (Status::Active, None))],
        &[],
        "pending",
        &[],
    );
    let waits = || Held {
        what: What::InSpool,
        ..held("s", late)
    };
    check(&[told("s", late)], &[waits()], "pending", &[]);
    check(&[], &[waits()], "pending", &[]);
    check(&[], &[there(What::InSpool)], "pending", &["waits_long"]);
    check(&[], &[held("s", then)], "not_in_history", &[]);
    let missing = there(What::WithoutRecording);
    check(
        &[told("s", then)],
        &[missing],
        "gone",
        &["recording_missing"],
    );
    let missing = there(What::WithoutManifest);
    check(
        &[told("s", then)],
        &[missing],
        "recorded",
        &["manifest_missing"],
    );
    let seen = with(&|one| one.was_recorded = Some(at("12T00:00:00")));
    check(&[seen], &[], "gone", &[]);
    // One that tells no start is not passed over.
    let odd = with(&|one| (one.start, one.end) = (None, None));
    check(&[odd], &[], "not_recorded", &[]);
    // Nobody knows that it ended, and it was taken up again not long ago.
    let resumed = with(&|one| {
        one.end = None;
        one.touched.insert(Touch {
            at: late,
            ended: false,
            by: None,
        });
    });
    check(&[resumed], &[], "pending", &[]);
}

#[test]
fn whoever_was_not_asked_contradicts_nobody() {
    let then = at("10T08:00:00");
    let mut elsewhere = held("s", then);
    says(&mut elsewhere).region = Some("us-east-1".into());
    check(&[], &[elsewhere], "not_asked", &[]);
    let mut other = held("s", then);
    says(&mut other).account = Some("210987654321".into());
    check(&[], &[other], "not_asked", &[]);
    let refused = Asked {
        failure: Some("access denied".into()),
        ..asked()
    };
    let account = audit(
        rules(),
        [],
        vec![held("s", then)],
        vec![refused],
        Vec::new(),
    );
    assert_eq!(account.sessions[0].coverage, Coverage::NotAsked);
    assert!(!account.is_complete() && !account.has_holes());
}

#[test]
fn two_who_tell_of_a_session_tell_of_one() {
    let then = at("10T08:00:00");
    let trail = Happened {
        witnesses: [Witness::Trail].into(),
        reason: Some("ticket-1".into()),
        end: None,
        status: Status::Unknown,
        ..told("s", then)
    };
    let account = account(&[trail, told("s", then)], &[]);
    let [one] = account.sessions.as_slice() else {
        panic!("{account:?}")
    };
    let happened = one.happened.as_ref().unwrap();
    assert_eq!(happened.reason.as_deref(), Some("ticket-1"));
    assert_eq!(happened.status, Status::Over);
    assert_eq!(happened.witnesses.len(), 2);
}

#[test]
fn what_is_less_than_whole_is_marked_and_what_contradicts_is_grave() {
    type Case<'a> = (&'a [&'a str], bool, &'a dyn Fn(&mut Held));
    let then = at("10T08:00:00");
    let minutes = |minutes| Some(TimeDelta::minutes(minutes));
    let cases: [Case<'_>; 18] = [
        (&[], false, &|_| {}),
        (&["cut"], false, &|one| {
            (says(one).is_cut, says(one).is_recovered) = (true, true)
        }),
        (&["recovered"], false, &|one| says(one).is_recovered = true),
        (&["unrecorded_part"], false, &|one| {
            says(one).unrecorded_from_us = Some(7)
        }),
        (&["unsigned"], false, &|one| one.signature = Seal::None),
        (&["signature_not_allowed"], true, &|one| {
            one.signature = Seal::NotAllowed("x".into())
        }),
        (&["signature_wrong"], true, &|one| {
            one.signature = Seal::Wrong("x".into())
        }),
        (&["misplaced"], true, &|one| {
            one.misplaced = Some("it is another's".into())
        }),
        (&["contradicts_history"], true, &|one| {
            says(one).target = "i-2".into()
        }),
        (&["contradicts_history"], true, &|one| {
            says(one).operator = Some("bob".into())
        }),
        (&["contradicts_history"], true, &|one| {
            says(one).document = Some("other".into())
        }),
        // A clock that is two minutes off is nothing, and one that is told of is counted out.
        (&[], false, &|one| {
            says(one).started = Some(at("10T08:02:00"))
        }),
        (&["clock"], false, &|one| {
            says(one).started = Some(at("10T09:00:00"));
            says(one).closed = Some(at("10T10:00:00"));
            says(one).clock_offset = minutes(60);
        }),
        (&["contradicts_history"], true, &|one| {
            says(one).started = Some(at("10T08:06:00"))
        }),
        (&["came_early"], true, &|one| {
            one.came = Some(at("10T07:54:00"))
        }),
        (&[], false, &|one| one.came = Some(at("10T07:56:00"))),
        (&["came_late"], false, &|one| {
            one.came = Some(at("12T09:00:01"))
        }),
        (&[], false, &|one| one.came = Some(at("12T08:59:00"))),
    ];
    for (marks, is_grave, change) in cases {
        let mut one = held("s", then);
        change(&mut one);
        let one = [one];
        check(&[told("s", then)], &one, "recorded", marks);
        assert_eq!(
            account(&[told("s", then)], &one).has_holes(),
            is_grave,
            "{marks:?}"
        );
    }
}

#[test]
fn a_container_of_a_task_is_what_a_trail_says_of_the_task() {
    let then = at("10T08:00:00");
    let mut one = held("s", then);
    says(&mut one).target = "ecs:fleet_0a1b_0a1b-0001".into();
    for (target, marks) in [
        ("ecs:fleet_0a1b", [].as_slice()),
        ("ecs:fleet_0a1", ["contradicts_history"].as_slice()),
    ] {
        let told = Happened {
            target: Some(target.into()),
            ..told("s", then)
        };
        check(&[told], &[one.clone()], "recorded", marks);
    }
}

#[test]
fn a_second_recording_of_a_session_is_told_of_too() {
    let then = at("10T08:00:00");
    let second = Held {
        misplaced: Some("elsewhere".into()),
        ..held("s", then)
    };
    let account = account(&[told("s", then)], &[held("s", then), second]);
    assert_eq!(account.sessions.len(), 2);
    assert!(account.has_holes());
}

#[test]
fn days_of_which_nobody_tells_make_an_audit_incomplete() {
    let until = |until| Asked { until, ..asked() };
    let from = |from| Asked { from, ..asked() };
    let complete =
        |asked: Vec<Asked>| audit(rules(), [], Vec::new(), asked, Vec::new()).is_complete();
    assert!(complete(vec![asked()]));
    assert!(!complete(vec![]));
    assert!(!complete(vec![from(at("05T00:00:00"))]));
    assert!(complete(vec![
        from(at("05T00:00:00")),
        until(at("06T00:00:00"))
    ]));
    assert!(!complete(vec![
        from(at("05T00:00:00")),
        until(at("04T00:00:00"))
    ]));
    // What is younger than the grace time is pending anyway.
    assert!(complete(vec![until(at("30T11:00:00"))]));
    let other = Asked {
        region: Some("us-east-1".into()),
        ..from(at("05T00:00:00"))
    };
    assert!(!complete(vec![asked(), other]));
    assert!(
        !audit(
            rules(),
            [],
            Vec::new(),
            vec![asked()],
            vec!["cannot be read".into()]
        )
        .is_complete()
    );
}

#[test]
fn a_manifest_that_the_store_does_not_give_makes_an_audit_incomplete_and_accuses_nobody() {
    let then = at("10T08:00:00");
    let unreached = Held {
        unreached: Some("access denied".into()),
        says: None,
        signature: Seal::None,
        ..held("s", then)
    };
    let account = account(&[told("s", then)], &[unreached]);
    assert_eq!(account.sessions[0].coverage, Coverage::Recorded);
    assert!(!account.is_complete() && !account.has_holes());
    assert_eq!(account.problems, [": access denied"]);
}

/// A row of one client, one manifest an hour.
fn row(numbers: &[u64]) -> Vec<Held> {
    let held = numbers.iter().map(|number| {
        let hours = TimeDelta::hours(i64::try_from(*number).unwrap());
        let mut one = held(&format!("s-{number}"), at("10T00:00:00") + hours);
        says(&mut one).continuity = Some(Continuity {
            client: "a".into(),
            counter: *number,
            previous: (*number > 1).then(|| format!("digest of s-{}", number - 1)),
            after: None,
        });
        one
    });
    held.collect()
}

fn kinds(held: &[Held]) -> Vec<&'static str> {
    let account = account(&[], held);
    account.breaks.iter().map(|one| one.kind.name()).collect()
}

fn place(held: &mut Held) -> &mut Continuity {
    says(held).continuity.as_mut().unwrap()
}

#[test]
fn a_row_without_breaks_begins_anywhere() {
    assert_eq!(kinds(&row(&[1, 2, 3])), [""; 0]);
    assert_eq!(kinds(&row(&[7, 8, 9])), [""; 0]);
    // Two that ended at the same time follow the same one.
    let mut both = row(&[4, 5, 6, 7]);
    place(&mut both[2]).previous = Some("digest of s-4".into());
    place(&mut both[2]).after = Some(4);
    assert_eq!(kinds(&both), [""; 0]);
}

#[test]
fn a_number_that_is_missing_is_a_hole_with_both_neighbours() {
    let account = account(&[], &row(&[3, 4, 7]));
    let [one] = account.breaks.as_slice() else {
        panic!("{:?}", account.breaks)
    };
    assert_eq!(one.kind, BreakKind::Missing { first: 5, last: 6 });
    assert_eq!(
        (
            one.before.session_id.as_str(),
            one.after.session_id.as_str()
        ),
        ("s-4", "s-7")
    );
    assert_eq!(one.before.host.as_deref(), Some("laptop"));
    assert!(account.has_holes());
}

#[test]
fn a_number_that_may_still_wait_somewhere_is_no_hole() {
    let mut waiting = row(&[3, 5]);
    says(&mut waiting[1]).closed = Some(at("30T11:00:00"));
    let account = account(&[], &waiting);
    assert_eq!(
        account.breaks[0].kind,
        BreakKind::Waiting { first: 4, last: 4 }
    );
    assert!(!account.breaks[0].kind.is_hole());
}

#[test]
fn a_number_may_be_that_of_a_manifest_that_the_store_did_not_give() {
    let mut held = row(&[3, 5]);
    held.push(Held {
        unreached: Some("access denied".into()),
        says: None,
        ..held[0].clone()
    });
    held[2].session_id = "s-4".into();
    assert_eq!(kinds(&held), ["waiting"]);
}

#[test]
fn a_manifest_that_the_next_one_does_not_name_was_altered() {
    let mut altered = row(&[3, 4, 5]);
    says(&mut altered[1]).digest = "another".into();
    assert_eq!(kinds(&altered), ["altered"]);
}

#[test]
fn a_number_that_is_there_twice_is_a_fork() {
    let mut forked = row(&[3, 4, 4]);
    forked[2].session_id = "s-other".into();
    assert_eq!(kinds(&forked), ["fork"]);
    // The same one in store and spool is one.
    let mut twice = row(&[3, 4, 4]);
    twice[2].what = What::InSpool;
    assert_eq!(kinds(&twice), [""; 0]);
}

#[test]
fn a_machine_that_begins_to_count_anew_or_no_more_is_told_of() {
    let mut anew = row(&[3, 4]);
    let mut first = held("s-new", at("12T00:00:00"));
    says(&mut first).continuity = Some(Continuity {
        client: "b".into(),
        counter: 1,
        ..Continuity::default()
    });
    anew.push(first);
    assert_eq!(kinds(&anew), ["anew"]);
    let mut uncounted = row(&[3, 4]);
    uncounted.push(held("s-none", at("12T00:00:00")));
    assert_eq!(kinds(&uncounted), ["uncounted"]);
    // Before it began to count it could not.
    let mut before = row(&[1, 2]);
    before.push(held("s-none", at("05T00:00:00")));
    assert_eq!(kinds(&before), [""; 0]);
}
