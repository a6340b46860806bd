//! Seeking: the screen at a time, back and forth, to markers, and from moments that were kept.
//!
//! Nothing here waits or draws.

use super::*;

#[test]
fn seeking_forward_shows_the_screen_there_and_goes_on() {
    let mut bench = Bench::new(letters(20), Options::default());
    bench.run(1500);
    bench.press("\x1b[C");
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
    bench.press("\x1b[D");
    assert_eq!(bench.position(), 3200);
    assert_eq!(bench.repositions, [None]);
    assert_eq!(bench.seen(), "abc");
    bench.press("\x1b[D\x1b[D");
    assert_eq!(bench.position(), 0);
    assert_eq!(bench.seen(), "");
    bench.run(8200 + 1000);
    assert_eq!(bench.seen(), "a");
}

#[test]
fn seeking_while_paused_stays_paused() {
    let mut bench = Bench::new(letters(20), Options::default());
    bench.run(8500);
    bench.press(" \x1b[D");
    assert_eq!(bench.position(), 3500);
    bench.run(60_000);
    assert_eq!(bench.seen(), "abc");
    bench.press("\x1b[A");
    assert!(!bench.finished, "beyond the end and paused");
    assert_eq!(bench.seen(), "abcdefghijklmnopqrst");
}

#[test]
fn seeking_beyond_the_end_ends() {
    let mut bench = Bench::new(letters(3), Options::default());
    bench.press("\x1b[A");
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
    bench.press("\x1b[C");
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
    assert_eq!(bench.times(), [0, 500, 1500]);
    // Nobody looks: nothing of before is written.
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
    bench.press("q");
    assert!(bench.finished);
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
    bench.press("\x1b[B\x1b[B");
    let after = bench.repositions.last().unwrap().unwrap();
    assert!(after > ms(700_000) && after < ms(880_500), "{after:?}");
    assert_eq!(bench.position(), 880_500);
    assert!(bench.shows().starts_with("880 "), "{}", bench.shows());
    assert!(bench.playback.snapshots.kept.len() > 5);
}

#[test]
fn a_resize_belongs_to_the_picture_and_not_to_the_real_terminal() {
    let events = vec![
        output(0, "a"),
        Event {
            at: ms(10),
            data: Data::Resize(Size { cols: 40, rows: 9 }),
        },
        output(20, "b"),
    ];
    let mut bench = Bench::new(events, Options::default());
    bench.run(1000);
    let texts: Vec<&str> = bench.drawn.iter().map(|(_, text)| text.as_str()).collect();
    assert_eq!(texts, ["a", "b"]);
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
    bench.press("+-\x1b[A.");
    assert_eq!(bench.seen(), "a");
}

#[test]
fn a_screen_in_the_recording_saves_the_way_to_it() {
    let events = (1..=120)
        .map(|n| output(n * 1000, &format!("{}\r", n % 10)))
        .collect();
    let mut bench = Bench::new(events, Options::default());
    bench.screen = Some(output(50_000, "\x1b[5Cknown\r"));
    bench.run(1500);
    bench.press("\x1b[A");
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
    bench.press("\x1b[B");
    assert_eq!((bench.position(), bench.seen().as_str()), (2000, "2"));
}
