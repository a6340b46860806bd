//! Playback under a clock of its own. No sleeps, no files: a list of events stands for the recording.

#![allow(clippy::disallowed_methods, reason = "an origin for made-up times")]

mod seek;

use super::*;
use crate::screen::Emulator;

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
        let mut terminal = Emulator::new(SIZE);
        terminal.feed(&redraw);
        terminal
            .screen()
            .text()
            .first()
            .cloned()
            .unwrap_or_default()
    }

    /// What a terminal shows that was sent all that was drawn, first row.
    fn seen(&self) -> String {
        let mut terminal = Emulator::new(SIZE);
        for (_, text) in &self.drawn {
            terminal.feed(text);
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
fn in_a_window_of_another_size_plain_text_is_passed_on_and_the_rest_is_drawn() {
    for (cols, rows) in [(40, 10), (20, 2), (10, 4), (8, 3)] {
        let window = Size { cols, rows };
        let events = vec![
            output(10, "$ ls\r\na\r\n"),
            output(20, "\x1b[?1049h\x1b[H1\x1b[2;1H2\x1b[3;1H3\x1b[4;1H:"),
            output(30, "\r\x1b[K4\r\n:"),
            output(40, "\x1b[1;3HTOP"),
            output(5000, ""),
        ];
        let mut bench = Bench::new(events, Options::default());
        bench.playback.handle_window(Some(window), false);
        bench.run(4000);
        assert_eq!(bench.drawn[0].1, "$ ls\r\na\r\n");
        // Not a picture for each event.
        assert!(bench.drawn.len() <= 3, "{:?}", bench.drawn);
        let mut real = Emulator::new(window);
        bench.drawn.iter().for_each(|(_, text)| real.feed(text));
        let expected = ["2 TOP", "3", "4", ":"];
        let height = usize::from(rows).min(4);
        assert_eq!(
            real.screen().text()[..height],
            expected[..height],
            "{window:?}"
        );
    }
}

#[test]
fn line_feeds_of_a_command_without_a_terminal_begin_lines_in_terminals_alone() {
    for (interactive, expected) in [(true, "a\r\nb\r\n"), (false, "a\nb\n")] {
        let start = Instant::now();
        let header = formats::asciicast::Header::default();
        let mut playback = Playback::new(start, SIZE, None, interactive, Options::default())
            .with_line_feeds(LineFeeds::of(&header));
        playback.handle_event(start, output(0, "a\nb\n"));
        assert_eq!(playback.poll_action(), Some(Action::Draw(expected.into())));
    }
}
