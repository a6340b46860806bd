//! Playback under a clock of its own. No sleeps, no files: a list of events stands for the recording.

#![allow(clippy::disallowed_methods, reason = "an origin for made-up times")]

mod seek;
mod walks;

use formats::tee::Content;
use formats::{MessageType, PayloadType};

use super::*;
use crate::player::canvas::Snapshot;

const SIZE: Size = Size { cols: 20, rows: 4 };

/// A playback together with the driver's part: events by hand, time by hand.
struct Bench {
    playback: Playback,
    events: Vec<Event>,
    /// Which event comes next.
    at: usize,
    /// Screens that the recording holds: each for the moment before an event of this number.
    screens: Vec<(usize, Snapshot)>,
    start: Instant,
    now: Instant,
    /// When something changed on the canvas, or was passed on.
    drawn: Vec<(Duration, String)>,
    repositions: Vec<Option<Duration>>,
    finished: bool,
    /// The session runs still: there may be more.
    runs: bool,
}

impl Bench {
    fn new(events: Vec<Event>, options: Options) -> Self {
        Self::with(events, options, true)
    }

    fn with(events: Vec<Event>, options: Options, is_drawn: bool) -> Self {
        let start = Instant::now();
        let mut bench = Self {
            playback: Playback::new(start, SIZE, None, is_drawn, options),
            events,
            at: 0,
            screens: Vec::new(),
            start,
            now: start,
            drawn: Vec::new(),
            repositions: Vec::new(),
            finished: false,
            runs: false,
        };
        bench.playback.take_changed();
        bench.settle();
        bench
    }

    fn settle(&mut self) {
        loop {
            if self.playback.take_changed() {
                self.drawn.push((self.now - self.start, String::new()));
            }
            while let Some(action) = self.playback.poll_action() {
                match action {
                    Action::Pass(text) => self.drawn.push((self.now - self.start, text)),
                    Action::Reposition(Reposition { after, to }) => {
                        self.repositions.push(after);
                        self.reposition(after, to);
                    }
                    Action::Finish => self.finished = true,
                }
            }
            if !self.playback.wants_event() {
                return;
            }
            match self.events.get(self.at).cloned() {
                Some(event) => {
                    let number = self.at as u64;
                    self.at += 1;
                    let numbered = Numbered { number, event };
                    self.playback.handle_event(self.now, numbered);
                }
                None if self.runs => {
                    self.playback.handle_up_to_date(self.now);
                    if self.playback.poll_action().is_none() {
                        return;
                    }
                }
                None => self.playback.handle_end(self.now),
            }
        }
    }

    fn reposition(&mut self, after: Option<Duration>, to: Duration) {
        let at_of = |number: usize| self.events[number - 1].at;
        let screen = self.screens.iter().rev().find(|(number, _)| {
            at_of(*number) < to && after.is_none_or(|after| at_of(*number) > after)
        });
        if let Some((number, screen)) = screen.cloned() {
            self.at = number;
            let (size, text) = screen.parts();
            let at = at_of(number);
            self.playback.handle_screen(at, number as u64, size, text);
            return;
        }
        // As a container does: somewhere before, not exactly there.
        self.at = after.map_or(0, |after| {
            self.events
                .partition_point(|event| event.at <= after)
                .saturating_sub(2)
        });
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

    fn ask(&mut self, control: Control) {
        self.playback.handle_control(self.now, control);
        self.settle();
    }

    /// Keys, as the viewer has them; arrows for 5 seconds and for a minute.
    fn press(&mut self, keys: &str) {
        for key in keys.chars() {
            self.playback.handle_control(
                self.now,
                match key {
                    ' ' => Control::Pause,
                    '.' => Control::Step,
                    ',' => Control::StepBack,
                    '[' => Control::PreviousMarker,
                    ']' => Control::NextMarker,
                    '+' => Control::Faster,
                    '-' => Control::Slower,
                    '→' => Control::Forward(ms(5000)),
                    '←' => Control::Back(ms(5000)),
                    '↑' => Control::Forward(ms(60_000)),
                    '↓' => Control::Back(ms(60_000)),
                    'G' => Control::End,
                    '>' => Control::Skip,
                    'i' => Control::Idle,
                    other => unreachable!("{other:?}"),
                },
            );
        }
        self.settle();
    }

    /// What the canvas shows, first row.
    fn seen(&self) -> String {
        let rows = self.playback.canvas().unwrap().terminal().screen().text();
        rows.first().cloned().unwrap_or_default()
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
fn an_hour_at_a_hundred_times_its_speed_ends_within_one_percent() {
    let events = (1..=36_000).map(|n| output(n * 100, "x")).collect();
    let options = Options {
        speed: 100.0,
        ..Options::default()
    };
    let mut bench = Bench::new(events, options);
    // The driver's wake-ups are a millisecond coarse, and later where a frame is drawn.
    bench.run_late(ms(60_000), ms(3));
    assert!(bench.finished);
    let took = bench.now - bench.start;
    assert!((ms(36_000)..ms(36_360)).contains(&took), "{took:?}");
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
        let event = output(60_000, "a");
        playback.handle_event(start, Numbered { number: 0, event });
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
fn line_feeds_of_a_command_without_a_terminal_begin_lines_in_terminals_alone() {
    for (is_drawn, expected) in [(true, ""), (false, "a\nb\n")] {
        let start = Instant::now();
        let header = formats::asciicast::Header::default();
        let mut playback = Playback::new(start, SIZE, None, is_drawn, Options::default())
            .with_line_feeds(LineFeeds::of(&header));
        let event = output(0, "a\nb\n");
        playback.handle_event(start, Numbered { number: 0, event });
        match playback.canvas() {
            Some(canvas) => assert_eq!(canvas.terminal().screen().text()[..2], ["a", "b"]),
            None => {
                let passed = Action::Pass(expected.into());
                assert_eq!(playback.poll_action(), Some(passed));
            }
        }
    }
}

#[test]
fn of_messages_no_more_is_kept_than_is_listed() {
    let message = |name: &str, length: usize| Event {
        at: Duration::ZERO,
        data: Data::Message(TeedMessage {
            message_type: Some(MessageType::Other(name.into())),
            sequence_number: 7,
            payload_type: PayloadType::OUTPUT,
            clock_ms: 3,
            length,
            content: Content::Here("x".repeat(length).into()),
        }),
    };
    let events = vec![message(&"é".repeat(100), 100_000), message("short", 3)];
    let bench = Bench::new(events, Options::default());
    let messages = bench.playback.messages();
    let names = messages
        .iter()
        .map(|(_, message)| match &message.message_type {
            Some(MessageType::Other(name)) => &**name,
            other => panic!("{other:?}"),
        });
    assert!(names.eq([&*"é".repeat(16), "short"]));
    for ((_, message), length) in messages.iter().zip([100_000, 3]) {
        assert_eq!((message.length, message.sequence_number), (length, 7));
        assert!(matches!(&message.content, Content::Here(bytes) if bytes.is_empty()));
    }
}
