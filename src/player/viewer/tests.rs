//! A reviewer at the viewer: presses in, cells and wishes out. A list of events stands for the recording.
//!
//! Nothing here looks at a terminal, and no time passes by itself.

#![allow(clippy::disallowed_methods, reason = "an origin for made-up times")]

use formats::asciicast::{Data, Event};

use super::*;
use crate::player::playback::Options;
use crate::player::scan::Marker;
use crate::terminal::{Key, Press};

const SIZE: Size = Size { cols: 40, rows: 10 };

struct Desk {
    viewer: Viewer,
    events: Vec<Event>,
    at: usize,
    now: Instant,
    asked: Vec<Ask>,
}

impl Desk {
    fn new(events: Vec<Event>) -> Self {
        let now = Instant::now();
        let options = Options {
            quit_at_end: false,
            ..Options::default()
        };
        let playback = Playback::new(now, SIZE, None, true, options);
        let facts = Facts {
            name: "me-0a1b".into(),
            target: "i-0abc".into(),
            bar: true,
            is_scanned: true,
            ..Facts::default()
        };
        let mut viewer = Viewer::new(playback, facts, Vec::new());
        viewer.handle_window(Size { cols: 60, rows: 14 });
        let mut desk = Self {
            viewer,
            events,
            at: 0,
            now,
            asked: Vec::new(),
        };
        desk.settle();
        desk
    }

    fn settle(&mut self) {
        loop {
            while let Some(ask) = self.viewer.poll_ask() {
                if let Ask::Reposition(_) = ask {
                    self.at = 0;
                }
                self.asked.push(ask);
            }
            if !self.viewer.wants_event() {
                return;
            }
            match self.events.get(self.at).cloned() {
                Some(event) => {
                    let number = self.at as u64;
                    self.at += 1;
                    self.viewer
                        .handle_event(self.now, Numbered { number, event });
                }
                None => self.viewer.handle_end(self.now),
            }
        }
    }

    fn run(&mut self, seconds: u64) {
        self.now += Duration::from_secs(seconds);
        self.viewer.handle_timeout(self.now);
        self.settle();
    }

    fn press(&mut self, keys: &str) {
        for key in keys.chars() {
            let key = match key {
                '\r' => Key::Enter,
                '\x1b' => Key::Escape,
                key => Key::Char(key),
            };
            self.viewer.handle_press(self.now, &Press::plain(key));
            self.settle();
        }
    }

    fn rows(&mut self) -> Vec<String> {
        self.now += BEAT;
        self.viewer.is_due = true;
        let (grid, _) = self.viewer.draw(self.now).unwrap();
        let row = |row| {
            grid.row(row)
                .iter()
                .map(|cell| cell.char)
                .collect::<String>()
        };
        (0..grid.rows())
            .map(|number| row(number).trim_end().to_owned())
            .collect()
    }

    fn bar(&mut self) -> String {
        self.rows().pop().unwrap()
    }
}

/// A letter a second.
fn letters(count: u8) -> Vec<Event> {
    let letter = |n: u8| Event {
        at: Duration::from_secs(u64::from(n)),
        data: Data::Output(char::from(b'a' + n - 1).to_string()),
    };
    (1..=count).map(letter).collect()
}

#[test]
fn a_key_leaves_unless_it_is_text_or_closes_something() {
    let mut desk = Desk::new(letters(9));
    for (keys, expected) in [
        ("", true),
        ("/", false),
        ("q", false),
        ("\x1b", true),
        ("h", false),
        ("/", false),
        ("\x1b", false),
        ("q", true),
    ] {
        desk.press(keys);
        assert_eq!(desk.viewer.may_leave(), expected, "{keys:?}");
    }
}

#[test]
fn the_bar_says_where_one_is_and_what_is_known() {
    let mut desk = Desk::new(letters(9));
    desk.run(3);
    assert_eq!(desk.rows()[0].trim_end_matches(['│', ' ']), "abc");
    assert!(desk.bar().starts_with("▶ 00:03"), "{}", desk.bar());
    assert!(desk.bar().ends_with("me-0a1b  i-0abc"), "{}", desk.bar());
    let overview = Overview {
        duration: Some(Duration::from_secs(9)),
        markers: vec![Marker {
            at: Duration::from_secs(5),
            label: "five".into(),
        }],
        ..Overview::default()
    };
    desk.viewer.handle_overview(&overview);
    desk.press(" ]");
    assert_eq!(desk.bar(), "marker: five");
    desk.press(":3\r\x1b++");
    assert!(
        desk.bar().starts_with("‖ 00:03 / 00:09 4x"),
        "{}",
        desk.bar()
    );
    let proof = |standing| Proof {
        standing,
        told: "what it is".into(),
        from: None,
    };
    desk.viewer.handle_proof(desk.now, proof(Standing::Proved));
    assert!(desk.bar().contains("what it is"));
    desk.viewer.handle_proof(desk.now, proof(Standing::Altered));
    assert!(desk.bar().starts_with("ALTERED"));
}

#[test]
fn what_is_played_is_the_time_line_where_nobody_reads_it_beside() {
    let mut desk = Desk::new(letters(9));
    desk.viewer.seen = Some(Seen::default());
    desk.at = 0;
    desk.press("g");
    desk.run(4);
    assert!(desk.bar().starts_with("▶ 00:04 / 00:05"), "{}", desk.bar());
}

#[test]
fn a_letter_means_what_is_asked_for() {
    let mut desk = Desk::new(letters(9));
    desk.run(2);
    // Text, and not keys.
    desk.press("mquit q\r");
    let kept = |ask: &Ask| match ask {
        Ask::Keep(note) => Some(note.text.clone()),
        _ => None,
    };
    assert_eq!(desk.asked.iter().find_map(kept).unwrap(), "quit q");
    assert!(!desk.asked.iter().any(|ask| matches!(ask, Ask::Quit)));
    desk.press("h");
    assert!(desk.rows()[0].contains("keys"));
    desk.press("q");
    assert!(!desk.rows()[0].contains("keys"));
    desk.press("q");
    assert!(matches!(desk.asked.last(), Some(Ask::Quit)));
}

#[test]
fn a_time_is_gone_to_as_it_is_typed() {
    let mut desk = Desk::new(letters(9));
    desk.press(" :5\r");
    assert_eq!(desk.rows()[0].trim_end_matches(['│', ' ']), "abcde");
    desk.press(":-2s\r");
    assert_eq!(desk.rows()[0].trim_end_matches(['│', ' ']), "abc");
    desk.press(":nonsense\r");
    assert!(desk.bar().starts_with("not a time"), "{}", desk.bar());
    desk.press("\x1by");
    let copied = |ask: &Ask| match ask {
        Ask::Copy(text) => Some(text.clone()),
        _ => None,
    };
    assert_eq!(desk.asked.iter().find_map(copied).unwrap(), "me-0a1b@00:03");
}

#[test]
fn frames_are_far_enough_apart_and_none_is_drawn_for_nothing() {
    let mut desk = Desk::new(letters(9));
    desk.run(1);
    assert!(desk.viewer.draw(desk.now).is_some());
    desk.viewer.handle_window(Size { cols: 60, rows: 12 });
    assert!(desk.viewer.draw(desk.now).is_none(), "not yet");
    let due = desk.viewer.poll_timeout(desk.now).unwrap();
    assert!(due <= desk.now + BEAT);
    assert!(desk.viewer.draw(desk.now + BEAT).is_some());
    desk.viewer
        .handle_press(desk.now, &Press::plain(Key::Char('t')));
    assert!(
        desk.viewer.draw(desk.now + BEAT).is_some(),
        "what was pressed is shown at once"
    );
    desk.press(" ");
    assert!(desk.viewer.draw(desk.now + 2 * BEAT).is_some());
    assert_eq!(
        desk.viewer.poll_timeout(desk.now),
        None,
        "paused: nothing is due"
    );
}

#[test]
fn on_the_way_to_a_place_nothing_is_due_but_events() {
    let mut desk = Desk::new(letters(9));
    desk.run(3);
    desk.rows();
    let back = Press::plain(Key::Char(','));
    desk.viewer.handle_press(desk.now, &back);
    assert!(desk.viewer.wants_event());
    // Whoever waits for this and for events at once must come to the events.
    assert_eq!(desk.viewer.poll_timeout(desk.now), None);
    assert!(desk.viewer.draw(desk.now + BEAT).is_none());
    desk.settle();
    assert!(desk.viewer.draw(desk.now + BEAT).is_some());
}

#[test]
fn keys_of_ones_own_do_what_they_stand_for_except_where_one_writes() {
    let mut desk = Desk::new(letters(9));
    desk.viewer.facts.keys = ["p=space", "x=/"].map(|key| key.parse().unwrap()).to_vec();
    desk.run(3);
    desk.press("p");
    assert!(desk.viewer.playback().is_paused());
    desk.press("x");
    desk.press("xp");
    assert!(desk.bar().contains("xp"), "{:?}", desk.bar());
    desk.press("\x1bh");
    assert!(desk.rows().iter().any(|row| row.contains("p=space")));
}

#[test]
fn a_click_on_the_time_line_leads_there_and_one_elsewhere_does_not() {
    let mut desk = Desk::new(letters(9));
    desk.viewer.handle_overview(&Overview {
        duration: Some(Duration::from_secs(9)),
        ..Overview::default()
    });
    desk.press(" ");
    desk.rows();
    for (row, expected) in [(3, ""), (12, "abcdefghi"), (13, "abcdefghi")] {
        let click = Press::Mouse { col: 59, row };
        desk.viewer.handle_press(desk.now, &click);
        desk.settle();
        assert_eq!(
            desk.rows()[0].trim_end_matches(['│', ' ']),
            expected,
            "{row}"
        );
    }
}

#[test]
fn a_full_screen_is_seen_from_its_top_after_a_jump_and_by_its_cursor_when_it_plays() {
    let row = |n: u64| Event {
        at: Duration::from_secs(n),
        data: Data::Output(format!("\x1b[?1049h\x1b[{n};1Hrow {n}")),
    };
    let mut desk = Desk::new((1..=10).map(row).collect());
    desk.viewer.handle_window(Size { cols: 60, rows: 9 });
    desk.press(" :9\r");
    assert!(desk.rows()[0].starts_with("row 1"));
    desk.press(".");
    assert!(desk.rows()[7].starts_with("row 10"));
}

#[test]
fn windows_of_any_size_are_drawn() {
    let mut desk = Desk::new(letters(9));
    desk.run(9);
    for (cols, rows) in [(0, 0), (1, 1), (3, 2), (200, 60), (7, 5), (30, 10)] {
        desk.viewer.handle_window(Size { cols, rows });
        for keys in ["", "h", "q/x", "\x1b", "T", "zz", "HJKL", "\x1b"] {
            desk.press(keys);
            assert_eq!(
                desk.rows().len(),
                usize::from(rows),
                "{cols}x{rows} {keys:?}"
            );
        }
    }
}

#[test]
fn while_a_place_is_looked_for_no_frame_is_due_before_its_events() {
    let output = |at| Event {
        at: Duration::from_secs(at),
        data: Data::Output("x".into()),
    };
    let mut desk = Desk::new((1..100).map(output).collect());
    desk.viewer
        .handle_press(desk.now, &Press::plain(Key::Char(' ')));
    assert!(desk.viewer.draw(desk.now).is_some());
    desk.now += Duration::from_secs(10);
    desk.viewer
        .handle_press(desk.now, &Press::plain(Key::Right));
    assert!(desk.viewer.playback().is_seeking());
    assert!(desk.viewer.draw(desk.now).is_none());
    assert_eq!(desk.viewer.poll_timeout(desk.now), None);
    desk.settle();
    assert!(desk.viewer.draw(desk.now).is_some());
}
