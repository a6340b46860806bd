//! Recordings of every kind that holds no screens, played from files with an index of their points beside them.
//!
//! Nothing here tells what a screen should look like: it is what stands there after playing from the start.

use std::fs::File;
use std::io::{Cursor, Read, Write};
use std::time::Instant;

use formats::asciicast::{self, Data, Event, Header, Session};
use formats::recording::{Options as Format, Writer};
use formats::sealed::NoKey;
use formats::tee::{Content, TeedMessage};
use formats::{MessageType, PayloadType};
use proptest::prelude::*;

use super::*;
use crate::player::Recording;
use crate::player::canvas::Canvas;
use crate::player::playback::{Action, Control, Options, Playback, Reposition};
use crate::player::source::{Input, Item, Source};

const SIZE: Size = Size { cols: 30, rows: 6 };
/// What a program sends; some of it in two halves.
const TEXTS: [&str; 12] = [
    "plain ",
    "line\r\n",
    "\r\n\r\n\r\n",
    "\x1b[31mred",
    "\x1b[0m",
    "\x1b[2J\x1b[H",
    "\x1b[?1049h",
    "\x1b[?1049l",
    "漢字",
    "half \x1b[3",
    "3mhalf",
    "01234567890123456789",
];

#[derive(Clone, Copy, Debug)]
enum Kind {
    Version1,
    Version2,
    Version3,
    /// As one comes that was packed by gzip.
    Stream,
    /// Of somebody else, in one frame or in many.
    Zstd,
    Frames,
    /// Of ours, with its end lost.
    Cut,
    /// The same as it comes through a network.
    CutStream,
}

const KINDS: [Kind; 8] = [
    Kind::Version1,
    Kind::Version2,
    Kind::Version3,
    Kind::Stream,
    Kind::Zstd,
    Kind::Frames,
    Kind::Cut,
    Kind::CutStream,
];

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn events() -> impl Strategy<Value = Vec<(u64, usize)>> {
    prop::collection::vec((0..4_usize, 0..TEXTS.len() + 3), 1..200).prop_map(|parts| {
        let mut at = 0;
        let parts = parts.into_iter().map(|(wait, kind)| {
            at += [0, 0, 40, 3000][wait];
            (at, kind)
        });
        parts.collect()
    })
}

fn string(text: &str) -> String {
    serde_json::to_string(text).unwrap()
}

/// The bytes of a file.
fn file(kind: Kind, events: &[(u64, usize)]) -> Vec<u8> {
    let line = |time: u64, what: usize| {
        let time = time as f64 / 1000.0;
        match TEXTS.get(what) {
            Some(text) => format!("[{time}, \"o\", {}]\n", string(text)),
            None if what == TEXTS.len() => format!("[{time}, \"r\", \"20x5\"]\n"),
            None if what == TEXTS.len() + 1 => format!("[{time}, \"m\", \"\"]\n"),
            None => format!("[{time}, \"i\", \"x\"]\n"),
        }
    };
    let mut last = 0;
    let mut since = |at: u64| at - std::mem::replace(&mut last, at);
    let mut text = String::new();
    match kind {
        Kind::Version1 => {
            let output = events.iter().map(|(at, what)| {
                let text = TEXTS.get(*what).copied().unwrap_or_default();
                format!("[{}, {}]", since(*at) as f64 / 1000.0, string(text))
            });
            text = format!(
                "{{\"version\":1,\"width\":30,\"height\":6,\"duration\":1,\n\"stdout\":[{}]}}\n",
                output.collect::<Vec<_>>().join(",\n")
            );
        }
        Kind::Version2 => {
            text.push_str("{\"version\":2,\"width\":30,\"height\":6}\n");
            events
                .iter()
                .for_each(|(at, what)| text += &line(*at, *what));
        }
        _ => {
            text.push_str("{\"version\":3,\"term\":{\"cols\":30,\"rows\":6}}\n");
            for (n, (at, what)) in events.iter().enumerate() {
                if n % 7 == 3 {
                    text.push_str("# a comment\n\n");
                }
                text += &line(since(*at), *what);
            }
        }
    }
    match kind {
        Kind::Version1 | Kind::Version2 | Kind::Version3 | Kind::Stream => text.into_bytes(),
        Kind::Zstd => zstd::encode_all(text.as_bytes(), 1).unwrap(),
        Kind::Frames => {
            let frames = text.as_bytes().chunks(100);
            frames
                .flat_map(|frame| zstd::encode_all(frame, 1).unwrap())
                .collect()
        }
        Kind::Cut | Kind::CutStream => {
            let mut header = Header {
                ssm: Some(Session::default()),
                ..Header::default()
            };
            (header.term.cols, header.term.rows) = (SIZE.cols, SIZE.rows);
            let mut writer = Writer::new(Vec::new(), &header, Format::default()).unwrap();
            for (n, (at, what)) in events.iter().enumerate() {
                match TEXTS.get(*what) {
                    Some(text) => writer.output(ms(*at), text).unwrap(),
                    None => writer.message(ms(*at), &message(n)).unwrap(),
                }
                if n % 50 == 49 {
                    writer.close_frame().unwrap();
                }
            }
            writer.flush().unwrap();
            std::mem::take(writer.sink_mut())
        }
    }
}

/// One that counts on from those before it.
fn message(n: usize) -> TeedMessage {
    TeedMessage {
        message_type: Some(MessageType::OutputStreamData),
        sequence_number: i64::try_from(n).unwrap(),
        payload_type: PayloadType::OUTPUT,
        clock_ms: 0,
        length: 0,
        content: Content::Here(Vec::new().into()),
    }
}

fn input(kind: Kind, file: &File) -> Input {
    let mut bytes = Vec::new();
    let mut again = file.try_clone().unwrap();
    std::io::Seek::rewind(&mut again).unwrap();
    again.read_to_end(&mut bytes).unwrap();
    let bytes = Cursor::new(bytes);
    match kind {
        Kind::Stream | Kind::CutStream => Input::Stream(Box::new(bytes)),
        _ => Input::Seekable(Box::new(bytes)),
    }
}

/// All events, as they are played.
fn read(bytes: &[u8]) -> Vec<Event> {
    let lines = formats::recording::Reader::open(bytes).unwrap();
    let reader = asciicast::Reader::open(lines).unwrap();
    reader.map(Result::unwrap).collect()
}

struct Player {
    playback: Playback,
    source: Source,
    waiting: std::collections::VecDeque<Item>,
    now: Instant,
}

#[expect(
    clippy::disallowed_methods,
    reason = "the clock stands still from there on"
)]
impl Player {
    fn new(kind: Kind, file: &File, limits: Limits) -> Self {
        let again = input(kind, file);
        let recording = Recording::open(input(kind, file), Arc::new(NoKey)).unwrap();
        let recording = recording.with_limited_index(move || Ok(again), limits);
        let size = recording.header().term.size();
        let now = Instant::now();
        let options = Options {
            quit_at_end: false,
            ..Options::default()
        };
        Self {
            playback: Playback::new(now, size, None, true, options),
            source: Source::start(recording).unwrap(),
            waiting: std::collections::VecDeque::new(),
            now,
        }
    }

    fn index(&self) -> &Index {
        self.source.index.as_ref().expect("it holds no screens")
    }

    fn build(&self) {
        while !self.index().is_built() {
            thread::sleep(ms(1));
        }
    }

    async fn settle(&mut self) {
        loop {
            while let Some(action) = self.playback.poll_action() {
                if let Action::Reposition(to) = action {
                    self.source.reposition(to);
                    self.waiting.clear();
                }
            }
            if !self.playback.wants_event() {
                return;
            }
            if self.waiting.is_empty() {
                self.waiting.extend(self.source.next().await);
            }
            match self.waiting.pop_front() {
                Some(Item::Event(event)) => self.playback.handle_event(self.now, event),
                Some(Item::Screen {
                    at,
                    next,
                    size,
                    text,
                }) => self.playback.handle_screen(at, next, size, &text),
                Some(Item::UpToDate) | None => {}
                Some(Item::End(_)) => self.playback.handle_end(self.now),
            }
        }
    }

    async fn ask(&mut self, control: Control) {
        self.playback.handle_control(self.now, control);
        self.settle().await;
    }
}

fn cells(canvas: &Canvas) -> (Vec<String>, (usize, usize)) {
    let terminal = canvas.terminal();
    let rows = terminal.screen().visible_lines();
    let rows = rows.map(|line| format!("{:?}", line.cells())).collect();
    let cursor = terminal.cursor();
    (rows, (cursor.row, cursor.col))
}

#[derive(Clone, Debug)]
enum Step {
    To(u64),
    Back,
    On,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        3 => (0..200_000_u64).prop_map(Step::To),
        2 => Just(Step::Back),
        1 => Just(Step::On),
    ];
    prop::collection::vec(step, 1..20)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn every_point_shows_what_playing_from_the_start_shows(
        kind in prop::sample::select(&KINDS[..]),
        events in events(),
        steps in steps(),
        waits in prop::bool::weighted(0.8),
        limits in (prop::sample::select(vec![0_usize, 500, 1 << 20]), 1000..20_000_usize, 50..2000_usize, 1..500_u64),
    ) {
        let (text, points, piece, every) = limits;
        let bytes = file(kind, &events);
        let mut on_disk = tempfile::tempfile().unwrap();
        on_disk.write_all(&bytes).unwrap();
        let all = read(&bytes);
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let mut player = Player::new(kind, &on_disk, Limits { text, points, piece, every });
            if waits {
                player.build();
                prop_assert!(player.index().bytes() <= text + points);
            }
            player.ask(Control::Pause).await;
            for step in steps {
                match step {
                    Step::To(at) => player.ask(Control::To(ms(at))).await,
                    Step::Back => player.ask(Control::StepBack).await,
                    Step::On => player.ask(Control::Step).await,
                }
                prop_assert!(!player.playback.is_seeking(), "every place is reached");
                let next = usize::try_from(player.playback.place().next).unwrap();
                let mut expected = Canvas::new(SIZE);
                for event in &all[..next] {
                    match &event.data {
                        Data::Output(text) => expected.feed(text),
                        Data::Resize(size) => expected.resize(*size),
                        _ => {}
                    }
                }
                let shown = player.playback.canvas().unwrap();
                prop_assert_eq!(cells(shown), cells(&expected), "{} events", next);
                if let Step::To(at) = step {
                    let reached = all[..next].iter().all(|event| event.at <= ms(at));
                    let is_all = all[next..].iter().all(|event| {
                        event.at > ms(at) || matches!(event.data, Data::Input(_) | Data::Message(_))
                    });
                    prop_assert!(reached && is_all, "{} events by {} ms", next, at);
                }
            }
            Ok(())
        })?;
    }
}

#[tokio::test]
async fn a_far_point_is_reached_by_a_screen_that_is_near_to_it() {
    let events: Vec<_> = (0..5000).map(|n| (n * 100, n as usize % 3)).collect();
    for kind in KINDS {
        let bytes = file(kind, &events);
        let mut on_disk = tempfile::tempfile().unwrap();
        on_disk.write_all(&bytes).unwrap();
        let limits = Limits {
            every: 1000,
            piece: 5000,
            ..Limits::default()
        };
        let mut player = Player::new(kind, &on_disk, limits);
        player.build();
        player.source.reposition(Reposition {
            after: None,
            to: ms(400_000),
        });
        let items = player.source.next().await;
        let Some(Item::Screen { at, next, .. }) = items.first() else {
            panic!("{kind:?}: {:?}", items.first());
        };
        assert!(
            (3800..=4000).contains(next) && *at < ms(400_000),
            "{kind:?}: {next}"
        );
    }
}

#[test]
fn what_is_held_has_a_limit_and_reaches_the_end_all_the_same() {
    // Screens that hardly pack.
    let mut state = 1_u64;
    let mut random = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        state >> 33
    };
    let mut text = String::from("{\"version\":3,\"term\":{\"cols\":100,\"rows\":50}}\n");
    while text.len() < 4_000_000 {
        text.push_str(&format!(
            "[0.1, \"o\", \"\\u001b[{}m{:x}\"]\n",
            30 + random() % 8,
            random()
        ));
    }
    let limits = Limits {
        text: 500_000,
        points: 300_000,
        piece: 20_000,
        every: 1000,
    };
    for is_stream in [false, true] {
        let again = Again {
            open: match is_stream {
                true => Box::new({
                    let text = text.clone();
                    || Ok(Input::Stream(Box::new(Cursor::new(text))))
                }),
                false => Box::new({
                    let text = text.clone();
                    || Ok(Input::Seekable(Box::new(Cursor::new(text))))
                }),
            },
            unlock: Arc::new(NoKey),
        };
        let index = Index::new(limits);
        building::build(again, LineFeeds::default(), &index).unwrap();
        assert!(index.bytes() <= limits.text + limits.points);
        let points = index.points();
        assert!(points.len() > 10, "{}", points.len());
        let apart = points.windows(2).map(|two| two[1].offset - two[0].offset);
        let most = apart.max().unwrap();
        let behind = text.len() as u64 - points.last().unwrap().offset;
        assert!(most < 800_000 && behind < 800_000, "{most} {behind}");
        assert!(index.keeps(100_000) == is_stream);
        assert!(!index.keeps(3_900_000));
    }
    let whole = Limits::default();
    assert!(
        whole.text + whole.points <= 56 * 1024 * 1024,
        "with room to build it in"
    );
}

#[test]
fn an_index_of_a_huge_screen_has_no_points_from_there_on() {
    for (cols, expected) in [(100, true), (1000, false)] {
        let output = format!("[1,\"o\",\"{}\"]\n", "x".repeat(1000));
        let resize = format!("[0,\"r\",\"{cols}x500\"]\n");
        let text = format!(
            "{{\"version\":2,\"width\":9,\"height\":9}}\n{}{resize}{}",
            output.repeat(100),
            output.repeat(200)
        );
        let again = Again {
            open: Box::new(move || Ok(Input::Seekable(Box::new(Cursor::new(text.into_bytes()))))),
            unlock: Arc::new(NoKey),
        };
        let index = Index::new(Limits::default());
        building::build(again, LineFeeds::default(), &index).unwrap();
        let points = index.points();
        assert_eq!(points.iter().any(|point| point.number > 101), expected);
        assert!(points.iter().any(|point| point.number < 101));
    }
}

#[test]
fn what_is_behind_a_long_line_is_not_kept() {
    let line = |length| format!("[1,\"o\",\"{}\"]\n", "x".repeat(length));
    let text = format!(
        "{{\"version\":2,\"width\":9,\"height\":9}}\n{}{}{}",
        line(10),
        line(formats::lines::LONG_LINE),
        line(10)
    );
    let again = Again {
        open: Box::new(move || Ok(Input::Stream(Box::new(Cursor::new(text.into_bytes()))))),
        unlock: Arc::new(NoKey),
    };
    let index = Index::new(Limits::default());
    building::build(again, LineFeeds::default(), &index).unwrap();
    assert!(index.is_built() && index.ended().is_none() && !index.keeps(10));
    assert!(index.bytes() < 64 * 1024);
}
