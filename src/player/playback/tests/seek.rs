//! Seeking: the screen at a time, back and forth, to markers, and from moments that were kept.
//!
//! Nothing here waits or draws.

use super::*;

#[test]
fn seeking_forward_shows_the_screen_there_and_goes_on() {
    let mut bench = Bench::new(letters(20), Options::default());
    bench.run(1500);
    bench.press("→");
    assert_eq!(bench.position(), 6500);
    assert_eq!(bench.repositions, [], "the canvas is already on the way");
    assert_eq!(bench.seen(), "abcdef");
    bench.run(2000);
    assert_eq!(bench.seen(), "abcdefg");
}

#[test]
fn seeking_back_rebuilds_the_screen() {
    let mut events = letters(9);
    events.insert(7, output(7500, "\x1b[2J\x1b[H"));
    let mut bench = Bench::new(events, Options::default());
    bench.run(8200);
    assert_eq!(bench.seen(), "h");
    bench.press("←");
    assert_eq!(bench.position(), 3200);
    assert_eq!(bench.repositions, [None]);
    assert_eq!(bench.seen(), "abc");
    bench.press("←←");
    assert_eq!(bench.position(), 0);
    assert_eq!(bench.seen(), "");
    bench.run(8200 + 1000);
    assert_eq!(bench.seen(), "a");
}

#[test]
fn seeking_while_paused_stays_paused() {
    let mut bench = Bench::new(letters(20), Options::default());
    bench.run(8500);
    bench.press(" ←");
    assert_eq!(bench.position(), 3500);
    bench.run(60_000);
    assert_eq!(bench.seen(), "abc");
    bench.press("↑");
    assert!(!bench.finished, "beyond the end and paused");
    assert_eq!(bench.seen(), "abcdefghijklmnopqrst");
}

#[test]
fn seeking_beyond_the_end_ends() {
    let mut bench = Bench::new(letters(3), Options::default());
    bench.press("↑");
    assert!(bench.finished);
    assert_eq!(bench.seen(), "abc");
}

#[test]
fn a_seek_into_a_pause_that_is_cut_waits_no_longer_than_the_limit() {
    let options = Options {
        idle_time_limit: Some(ms(2000)),
        ..Options::default()
    };
    let mut bench = Bench::new(vec![output(0, "a"), output(60_000, "b")], options);
    bench.press("→");
    bench.run(60_000);
    assert_eq!(
        bench.drawn.last().unwrap().0,
        ms(0),
        "at 5 s of 60 s no wait is left of 2 s"
    );
    assert_eq!(bench.seen(), "ab");
}

#[test]
fn playback_can_begin_in_the_middle() {
    let options = Options {
        from: ms(2500),
        ..Options::default()
    };
    let mut bench = Bench::new(letters(4), options.clone());
    assert_eq!(bench.seen(), "ab");
    bench.run(10_000);
    assert_eq!(bench.times()[2..], [500, 1500]);
    let mut bench = Bench::with(letters(4), options, false);
    bench.run(10_000);
    let texts: Vec<&str> = bench.drawn.iter().map(|(_, text)| text.as_str()).collect();
    assert_eq!(texts, ["c", "d"]);
}

#[test]
fn markers_stop_playback_when_asked() {
    let mut events = letters(4);
    events.insert(2, marker(2500));
    let options = Options {
        pause_on_markers: true,
        ..Options::default()
    };
    let mut bench = Bench::new(events, options);
    bench.run(60_000);
    assert_eq!(bench.seen(), "ab");
    assert_eq!(bench.position(), 2500);
    bench.press(" ");
    bench.run(70_000);
    assert_eq!(bench.seen(), "abcd");
    assert!(bench.finished);
}

#[test]
fn brackets_go_from_marker_to_marker() {
    let mut events = letters(9);
    for at in [2500, 5500, 7500] {
        let index = events.partition_point(|event| event.at < ms(at));
        events.insert(index, marker(at));
    }
    let mut bench = Bench::new(events, Options::default());
    bench.press(" ]");
    assert_eq!((bench.position(), bench.seen().as_str()), (2500, "ab"));
    bench.press("]]");
    assert_eq!((bench.position(), bench.seen().as_str()), (7500, "abcdefg"));
    bench.press("[");
    assert_eq!((bench.position(), bench.seen().as_str()), (5500, "abcde"));
    bench.press("[");
    bench.press("[");
    assert_eq!((bench.position(), bench.seen().as_str()), (0, ""));
    // While playing there is time to go back by two.
    bench.press("] ");
    bench.run(300);
    bench.press("[");
    assert_eq!((bench.position(), bench.seen().as_str()), (0, ""));
    bench.press(" ]]]]");
    assert_eq!(bench.seen(), "abcdefghi");
    assert!(!bench.finished);
}

#[test]
fn a_loop_begins_again_with_an_empty_screen() {
    let options = Options {
        repeat: true,
        ..Options::default()
    };
    let mut bench = Bench::new(letters(2), options.clone());
    bench.run(5500);
    assert_eq!(bench.seen(), "a");
    assert!(!bench.finished);
    let empty = Bench::new(Vec::new(), options);
    assert!(empty.finished, "nothing is not repeated for ever");
}

#[test]
fn going_back_in_a_long_recording_begins_at_a_snapshot() {
    let line = format!("{}\r\n", "x".repeat(9_998));
    let mut events: Vec<Event> = (1..=1000_u64)
        .map(|n| output(n * 1000, &format!("{line}\x1b[H{n} \x1b[B")))
        .collect();
    // Events of one time belong together: a snapshot never lies between them.
    events.extend((0..1000).map(|_| output(1_000_000, &line)));
    events.push(output(1_001_000, "end"));
    let options = Options {
        from: ms(1_000_500),
        ..Options::default()
    };
    let mut bench = Bench::new(events, options);
    bench.press("↓↓");
    let after = bench.repositions.last().unwrap().unwrap();
    assert!(after > ms(700_000) && after < ms(880_500), "{after:?}");
    assert_eq!(bench.position(), 880_500);
    assert!(bench.seen().starts_with("880 "), "{}", bench.seen());
    assert!(bench.playback.snapshots.kept.len() > 5);
}

#[test]
fn times_that_nobody_lives_to_see_do_not_overflow() {
    let events = vec![Event {
        at: Duration::MAX,
        data: Data::Output("a".into()),
    }];
    let options = Options {
        speed: 1e-300,
        ..Options::default()
    };
    let mut bench = Bench::new(events, options);
    bench.run(1000);
    bench.press("+-↑.");
    assert_eq!(bench.seen(), "a");
}

#[test]
fn a_screen_in_the_recording_saves_the_way_to_it() {
    let events = (1..=120)
        .map(|n| output(n * 1000, &format!("{}\r", n % 10)))
        .collect();
    let mut bench = Bench::new(events, Options::default());
    let mut known = Canvas::new(SIZE);
    known.feed("\x1b[5Cknown\r");
    bench.screens = vec![(50, known.snapshot())];
    bench.run(1500);
    bench.press("↑");
    assert_eq!(bench.repositions, [None]);
    assert_eq!(
        (bench.position(), bench.seen().as_str()),
        (61_500, "1    known")
    );
    bench.run(2000);
    assert_eq!(
        (bench.position(), bench.seen().as_str()),
        (62_000, "2    known")
    );
    bench.press("↓");
    assert_eq!((bench.position(), bench.seen().as_str()), (2000, "2"));
}

#[test]
fn a_step_back_undoes_one_output_also_among_those_of_one_time() {
    let mut events = letters(3);
    events.extend([output(3000, "x"), output(3000, "y"), marker(3500)]);
    let options = Options {
        quit_at_end: false,
        ..Options::default()
    };
    let mut bench = Bench::new(events, options);
    bench.run(3700);
    for expected in ["abcx", "abc", "ab", "a", "", ""] {
        bench.press(",");
        assert_eq!(bench.seen(), expected);
        assert!(bench.playback.is_paused());
    }
    bench.press("..,");
    assert_eq!((bench.seen().as_str(), bench.position()), ("a", 1000));
}

#[test]
fn a_step_back_from_a_screen_of_the_recording_finds_the_output_before_it() {
    let mut bench = Bench::new(letters(20), Options::default());
    let mut known = Canvas::new(SIZE);
    known.feed("abcdefghij");
    bench.screens = vec![(10, known.snapshot())];
    bench.press(" ");
    bench.ask(Control::To(ms(10_500)));
    assert_eq!(bench.seen(), "abcdefghij");
    bench.press(",");
    assert_eq!(
        (bench.seen().as_str(), bench.position()),
        ("abcdefghi", 9000)
    );
    bench.press("..,");
    assert_eq!(bench.seen(), "abcdefghij");
}

#[test]
fn the_end_is_stayed_at_unless_told_otherwise_and_space_begins_anew() {
    let options = Options {
        quit_at_end: false,
        ..Options::default()
    };
    let mut bench = Bench::new(letters(3), options);
    bench.run(60_000);
    assert!(!bench.finished && bench.playback.is_at_end());
    bench.press(",");
    assert_eq!(bench.seen(), "ab");
    bench.press("G");
    assert!(bench.playback.is_at_end() && bench.playback.is_paused());
    bench.press(" ");
    assert_eq!(bench.seen(), "");
    bench.run(61_500);
    assert_eq!(bench.seen(), "a");
}

#[test]
fn a_pause_is_skipped_and_cut_or_not_from_where_one_is() {
    let events = vec![
        output(0, "a"),
        output(3_600_000, "b"),
        output(3_601_000, "c"),
    ];
    let mut bench = Bench::new(events, Options::default());
    bench.run(1000);
    bench.press(">");
    assert_eq!(bench.seen(), "ab");
    bench.ask(Control::To(ms(10_000)));
    assert_eq!(bench.position(), 10_000);
    bench.press("i");
    assert_eq!(bench.playback.skipped(), Some(ms(3_598_000)));
    assert_eq!(bench.seen(), "ab", "no more of it is left than is kept");
    bench.ask(Control::To(ms(1000)));
    bench.press("i");
    assert_eq!(bench.playback.skipped(), None);
    assert_eq!((bench.position(), bench.seen().as_str()), (1000, "a"));
}

#[test]
fn a_session_that_runs_is_followed_left_and_caught_up_with() {
    let options = Options {
        follow: true,
        quit_at_end: false,
        ..Options::default()
    };
    let mut bench = Bench::new(Vec::new(), options);
    bench = Bench {
        runs: true,
        playback: Playback::new(
            bench.start,
            SIZE,
            None,
            true,
            Options {
                follow: true,
                quit_at_end: false,
                ..Options::default()
            },
        ),
        ..bench
    };
    bench.events = letters(5);
    bench.settle();
    assert!(bench.playback.is_live());
    assert_eq!(bench.seen(), "abcde");
    bench.events.push(output(60_000, "f"));
    bench.settle();
    assert_eq!(bench.seen(), "abcdef", "whatever time it tells");
    bench.press(" ");
    bench.events.push(output(61_000, "g"));
    bench.settle();
    bench.press("←");
    assert_eq!(bench.seen(), "abcde");
    bench.press("G");
    assert_eq!(bench.seen(), "abcdefg");
    assert!(bench.playback.is_live());
    bench.runs = false;
    bench.settle();
    assert!(bench.playback.is_at_end());
}

#[test]
fn a_text_is_gone_to_where_it_stands_on_the_screen() {
    let mut events = letters(5);
    events.push(output(5100, "\x1b[2J\x1b[Hlook "));
    events.push(output(5200, "here"));
    events.push(output(5300, "\x1b[2J\x1b[Hgone"));
    let mut bench = Bench::new(events, Options::default());
    bench.ask(Control::Show(Shown {
        from: ms(5000),
        until: ms(5500),
        pattern: crate::player::scan::Pattern::new("look here").unwrap(),
    }));
    assert_eq!(bench.seen(), "look here");
    assert!(bench.playback.is_paused());
}
