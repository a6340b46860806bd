//! Playback under a clock of its own. No sleeps, no files: a list of events stands for the recording.

#![allow(clippy::disallowed_methods, reason = "an origin for made-up times")]

use super::*;

const SIZE: Size = Size { cols: 20, rows: 4 };

/// A playback together with the driver's part: events by hand, time by hand.
struct Bench {
    playback: Playback,
    events: Vec<Event>,
    /// Which event comes next.
    at: usize,
    /// A screen that the recording holds.
    screen: Option<Event>,
    start: Instant,
    now: Instant,
    drawn: Vec<(Duration, String)>,
    repositions: Vec<Option<Duration>>,
    finished: bool,
    interactive: bool,
}

impl Bench {
    fn new(events: Vec<Event>, options: Options) -> Self {
        Self::with(events, options, true)
    }

    fn with(events: Vec<Event>, options: Options, interactive: bool) -> Self {
        let start = Instant::now();
        let mut bench = Self {
            playback: Playback::new(start, SIZE, None, interactive, options),
            events,
            at: 0,
            screen: None,
            start,
            now: start,
            drawn: Vec::new(),
            repositions: Vec::new(),
            finished: false,
            interactive,
        };
        bench.settle();
        bench
    }

    fn settle(&mut self) {
        loop {
            while let Some(action) = self.playback.poll_action() {
                match action {
                    Action::Draw(text) => self.drawn.push((self.now - self.start, text)),
                    Action::Reposition(Reposition { after, to }) => {
                        self.repositions.push(after);
                        if let Some(screen) = &self.screen
                            && screen.at <= to
                            && after.is_none_or(|after| screen.at > after)
                        {
                            self.at = self.events.partition_point(|event| event.at <= screen.at);
                            let Data::Output(text) = &screen.data else {
                                unreachable!()
                            };
                            self.playback.handle_screen(screen.at, SIZE, text);
                            continue;
                        }
                        // As a container does: somewhere before, not exactly there.
                        self.at = after.map_or(0, |after| {
                            self.events
                                .partition_point(|event| event.at <= after)
                                .saturating_sub(2)
                        });
                    }
                    Action::Finish | Action::Quit => self.finished = true,
                }
            }
            if !self.playback.wants_event() {
                return;
            }
            match self.events.get(self.at).cloned() {
                Some(event) => {
                    self.at += 1;
                    self.playback.handle_event(self.now, event);
                }
                None => self.playback.handle_end(self.now),
            }
        }
    }

    /// Lets time pass as the driver does: from wake-up to wake-up, each `late` too late.
    fn run_late(&mut self, until: Duration, late: Duration) {
        while let Some(timeout) = self.playback.poll_timeout() {
            if self.finished || timeout > self.start + until {
                break;
            }
            self.now = self.now.max(timeout) + late;
            self.playback.handle_timeout(self.now);
            self.settle();
        }
        if !self.finished {
            self.now = self.now.max(self.start + until);
        }
    }

    fn run(&mut self, until: u64) {
        self.run_late(Duration::from_millis(until), Duration::ZERO);
    }

    fn press(&mut self, keys: &str) {
        self.playback.handle_typed(self.now, keys.as_bytes());
        self.settle();
    }

    /// What the canvas shows, first row.
    fn shows(&self) -> String {
        let redraw = self.playback.canvas.as_ref().unwrap().redraw(None);
        let mut terminal = avt::Terminal::new(20, 4).unwrap();
        terminal.feed(redraw.as_str());
        terminal
            .screen()
            .text()
            .first()
            .cloned()
            .unwrap_or_default()
    }

    /// What a terminal shows that was sent all that was drawn, first row.
    fn seen(&self) -> String {
        let mut terminal = avt::Terminal::new(20, 4).unwrap();
        for (_, text) in &self.drawn {
            terminal.feed(text.as_str());
        }
        assert!(self.interactive);
        terminal
            .screen()
            .text()
            .first()
            .cloned()
            .unwrap_or_default()
    }

    fn position(&self) -> u64 {
        u64::try_from(self.playback.position(self.now).as_millis()).unwrap()
    }

    fn times(&self) -> Vec<u64> {
        let times = self.drawn.iter().map(|(at, _)| at.as_millis());
        times.map(|at| u64::try_from(at).unwrap()).collect()
    }
}

fn ms(at: u64) -> Duration {
    Duration::from_millis(at)
}

fn output(at: u64, text: &str) -> Event {
    Event {
        at: ms(at),
        data: Data::Output(text.to_owned()),
    }
}

fn marker(at: u64) -> Event {
    Event {
        at: ms(at),
        data: Data::Marker(String::new()),
    }
}

/// One letter a second, from `a` at 1 s on.
fn letters(count: u8) -> Vec<Event> {
    (1..=count)
        .map(|n| output(u64::from(n) * 1000, &char::from(b'a' + n - 1).to_string()))
        .collect()
}

#[test]
fn output_is_drawn_at_its_time() {
    let mut bench = Bench::new(letters(3), Options::default());
    bench.run(10_000);
    assert_eq!(bench.times(), [1000, 2000, 3000]);
    assert!(bench.finished);
    assert_eq!(bench.seen(), "abc");
}

#[test]
fn wake_ups_that_come_late_do_not_add_up() {
    let events = (1..=1000).map(|n| output(n * 10, "x")).collect();
    let mut bench = Bench::new(events, Options::default());
    bench.run_late(ms(60_000), ms(4));
    assert_eq!(bench.drawn.last().unwrap().0, ms(10_004));
}

#[test]
fn speed_and_idle_limit_shorten_the_waits() {
    let events = vec![
        output(1000, "a"),
        output(3_601_000, "b"),
        output(3_601_500, "c"),
    ];
    let options = Options {
        speed: 2.0,
        idle_time_limit: Some(ms(2000)),
        ..Options::default()
    };
    let mut bench = Bench::new(events, options);
    bench.run(10_000);
    assert_eq!(bench.times(), [500, 1500, 1750]);
}

#[test]
fn what_shows_nothing_does_not_stretch_a_pause() {
    let mut events = vec![output(0, "a")];
    events.extend((1..100).map(|n| Event {
        at: ms(n * 900),
        data: Data::Input("x".into()),
    }));
    events.push(output(90_000, "b"));
    let options = Options {
        idle_time_limit: Some(ms(1000)),
        ..Options::default()
    };
    let mut bench = Bench::new(events, options);
    bench.run(10_000);
    assert_eq!(bench.times(), [0, 1000]);
}

#[test]
fn the_limit_of_the_recording_counts_unless_another_is_given() {
    for (given, expected) in [(None, 500), (Some(ms(100)), 100)] {
        let start = Instant::now();
        let options = Options {
            idle_time_limit: given,
            ..Options::default()
        };
        let mut playback = Playback::new(start, SIZE, Some(ms(500)), false, options);
        playback.handle_event(start, output(60_000, "a"));
        assert_eq!(playback.poll_timeout(), Some(start + ms(expected)));
    }
}

#[test]
fn without_waiting_everything_is_due_at_once() {
    let options = Options {
        no_wait: true,
        ..Options::default()
    };
    let bench = Bench::with(letters(3), options, false);
    assert!(bench.finished);
    assert_eq!(bench.times(), [0, 0, 0]);
}

#[test]
fn a_pause_lasts_until_the_key_comes_again() {
    let mut bench = Bench::new(letters(3), Options::default());
    bench.run(1400);
    bench.press(" ");
    assert_eq!(bench.playback.poll_timeout(), None);
    bench.run(60_000);
    assert_eq!(bench.position(), 1400);
    bench.press(" ");
    bench.run(70_000);
    assert_eq!(bench.times(), [1000, 60_600, 61_600]);
}

#[test]
fn a_step_shows_one_output_and_stays_paused() {
    let mut events = letters(3);
    events.insert(1, marker(1500));
    let mut bench = Bench::new(events, Options::default());
    bench.press(" ");
    bench.press("..");
    assert_eq!(bench.seen(), "ab");
    assert_eq!(bench.position(), 2000);
    bench.press("...");
    assert_eq!(bench.seen(), "abc");
    assert!(!bench.finished, "paused at the end");
    bench.press(" ");
    assert!(bench.finished);
}

#[test]
fn keys_change_the_speed_from_where_playback_is() {
    let mut bench = Bench::new(letters(4), Options::default());
    bench.run(1500);
    bench.press("+");
    bench.run(2250);
    bench.press("--");
    bench.run(60_000);
    assert_eq!(bench.times(), [1000, 1750, 2250, 4250]);
}

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
