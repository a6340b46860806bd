//! Walks of every kind through recordings of every kind: what stands on the screen is what stands there after playing
//! from the start to the same point.
//!
//! Nothing here tells what a screen should look like.

use proptest::prelude::*;

use super::*;

/// What a program sends; some of it in two halves.
const TEXTS: [&str; 16] = [
    "plain ",
    "line\r\n",
    "\r\n\r\n\r\n",
    "\x1b[31mred",
    "\x1b[0m",
    "\x1b[2J\x1b[H",
    "\x1b[?1049h",
    "\x1b[?1049l",
    "\x1b[2;3r",
    "\x1b[r",
    "漢字",
    "half \x1b[3",
    "3mhalf",
    "\x1b7\x1b[H*\x1b8",
    "01234567890123456789",
    "\x1b[A\x1b[K",
];

#[derive(Clone, Debug)]
enum Step {
    Wait(u64),
    Control(&'static str),
    To(u64),
    Show(u64, &'static str),
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let event = (0..4_u64, 0..22_usize, 1..30_u16, 1..8_u16);
    prop::collection::vec(event, 1..80).prop_map(|parts| {
        let mut at = 0;
        let events = parts.into_iter().map(|(wait, kind, cols, rows)| {
            at += [0, 0, 40, 3000][wait as usize];
            match kind {
                0..16 => output(at, TEXTS[kind]),
                16 => Event {
                    at: ms(at),
                    data: Data::Resize(Size { cols, rows }),
                },
                17 => marker(at),
                18 => Event {
                    at: ms(at),
                    data: Data::Input("x".into()),
                },
                _ => output(at, "text"),
            }
        });
        events.collect()
    })
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    const KEYS: [&str; 16] = [
        " ", ".", ",", ",,", "..", "→", "←", "↑", "↓", "[", "]", "+", "-", "G", ">", "i",
    ];
    let step = prop_oneof![
        2 => (0..5000_u64).prop_map(Step::Wait),
        6 => prop::sample::select(&KEYS[..]).prop_map(Step::Control),
        3 => (0..150_000_u64).prop_map(Step::To),
        1 => (0..150_000_u64, prop::sample::select(&["line", "red", "half", "x"][..]))
            .prop_map(|(at, text)| Step::Show(at, text)),
    ];
    prop::collection::vec(step, 1..25)
}

/// The screen after the first events.
fn played(events: &[Event]) -> Canvas {
    let mut canvas = Canvas::new(SIZE);
    for event in events {
        match &event.data {
            Data::Output(text) => canvas.feed(text),
            Data::Resize(size) => canvas.resize(*size),
            _ => {}
        }
    }
    canvas
}

fn cells(canvas: &Canvas) -> (String, Vec<String>, (usize, usize)) {
    let terminal = canvas.terminal();
    let rows = terminal.screen().visible_lines();
    let rows = rows.map(|line| format!("{:?}", line.cells())).collect();
    let cursor = terminal.cursor();
    (
        format!("{:?}", canvas.size()),
        rows,
        (cursor.row, cursor.col),
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn a_walk_leads_to_the_same_screen_as_playing(
        events in events(),
        steps in steps(),
        every in 3..40_usize,
        quit_at_end in any::<bool>(),
    ) {
        let options = Options { quit_at_end, ..Options::default() };
        let mut bench = Bench::new(Vec::new(), options.clone());
        let numbers = (1..=events.len()).filter(|number| number % every == 0);
        let screens = numbers.map(|number| (number, played(&events[..number]).snapshot()));
        bench = Bench {
            playback: Playback::new(bench.start, SIZE, None, true, options),
            finished: false,
            screens: screens.collect(),
            events,
            ..bench
        };
        bench.settle();
        for step in steps {
            if bench.finished {
                break;
            }
            match step {
                Step::Wait(by) => {
                    let until = (bench.now - bench.start) + ms(by);
                    bench.run_late(until, Duration::ZERO);
                }
                Step::Control(keys) => bench.press(keys),
                Step::To(at) => bench.ask(Control::To(ms(at))),
                Step::Show(at, text) => bench.ask(Control::Show(Shown {
                    from: ms(at),
                    until: ms(at + 5000),
                    pattern: crate::player::scan::Pattern::new(text).unwrap(),
                })),
            }
            prop_assert!(!bench.playback.is_seeking(), "every place is reached");
            let next = usize::try_from(bench.playback.place().next).unwrap();
            let expected = played(&bench.events[..next]);
            prop_assert_eq!(cells(bench.playback.canvas().unwrap()), cells(&expected), "{} events", next);
        }
    }
}
