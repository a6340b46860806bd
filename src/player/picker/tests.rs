//! The picker as a machine: what is typed narrows it, and nobody loses their place.
//!
//! Nothing here looks at how it is drawn but where text must be harmless.

use chrono::DateTime;

use super::draw::rows;
use super::*;
use crate::terminal::Key;

fn item(n: usize) -> Item {
    let mut item = Item::new(format!("ada-{n:02}"), format!("/store/{n}"));
    item.target = format!("i-{n:02}");
    item.operator = "arn:aws:sts::1:assumed-role/Admin/ada".into();
    item.reason = format!("ticket {}", n % 2);
    let started = format!("2026-11-{:02}T10:00:00Z", 1 + n % 28);
    item.started = DateTime::parse_from_rfc3339(&started).ok();
    item.complete()
}

fn picker(items: impl IntoIterator<Item = usize>) -> Picker {
    let mut picker = Picker::new("/store".into());
    picker.handle_news(News::Items(items.into_iter().map(item).collect()));
    picker.draw();
    picker
}

fn press(picker: &mut Picker, key: Key) {
    picker.handle_press(&Press::plain(key));
}

fn type_text(picker: &mut Picker, text: &str) {
    for char in text.chars() {
        press(picker, Key::Char(char));
    }
}

fn control(picker: &mut Picker, key: char) {
    picker.handle_press(&Press::Key {
        key: Key::Char(key),
        shift: false,
        control: true,
        alt: false,
    });
}

fn selected(picker: &Picker) -> Option<&str> {
    picker.selected().map(|item| item.id.as_str())
}

fn asks(picker: &mut Picker) -> Vec<Ask> {
    std::iter::from_fn(|| picker.poll_ask()).collect()
}

#[test]
fn typing_narrows_and_erasing_widens() {
    let mut picker = picker(0..20);
    assert_eq!(selected(&picker), Some("ada-19"), "the newest");
    type_text(&mut picker, "reason:0 i-1q");
    assert_eq!(selected(&picker), None);
    press(&mut picker, Key::Backspace);
    assert_eq!(selected(&picker), Some("ada-18"));
    assert_eq!(picker.list.found.len(), 5);
    control(&mut picker, 'w');
    assert_eq!(picker.list.typed, "reason:0 ");
    press(&mut picker, Key::Escape);
    assert_eq!(
        (picker.list.typed.as_str(), picker.list.found.len()),
        ("", 20)
    );
    press(&mut picker, Key::Escape);
    assert!(asks(&mut picker).contains(&Ask::Quit));
}

#[test]
fn what_is_selected_stays_so_when_others_come_and_go() {
    let mut picker = picker([3, 7]);
    picker.handle_news(News::Items(vec![item(9)]));
    assert_eq!(selected(&picker), Some("ada-09"), "nobody has moved yet");
    press(&mut picker, Key::Down);
    assert_eq!(selected(&picker), Some("ada-07"));
    picker.handle_news(News::Items((10..25).chain([5]).map(item).collect()));
    assert_eq!(selected(&picker), Some("ada-07"));
    picker.handle_news(News::Gone(vec!["ada-09".into(), "ada-24".into()]));
    assert_eq!(selected(&picker), Some("ada-07"));
    type_text(&mut picker, "i-1");
    type_text(&mut picker, "\u{7f}");
    control(&mut picker, 'u');
    assert_eq!(
        selected(&picker),
        Some("ada-07"),
        "it was only out of sight"
    );
    picker.handle_news(News::Gone(vec!["ada-07".into()]));
    assert!(selected(&picker).is_some());
}

#[test]
fn a_last_screen_is_asked_for_once_and_again_when_it_was_given_up() {
    let mut picker = picker([1, 2]);
    assert_eq!(asks(&mut picker), [Ask::Look(item(2))]);
    picker.handle_news(News::Items(vec![item(2)]));
    assert_eq!(asks(&mut picker), []);
    press(&mut picker, Key::Down);
    assert_eq!(asks(&mut picker), [Ask::Look(item(1))]);
    picker.handle_still("ada-01", Err("sealed".into()));
    assert_eq!(asks(&mut picker), []);
    // The first was given up for the second.
    press(&mut picker, Key::Up);
    assert_eq!(asks(&mut picker), [Ask::Look(item(2))]);
    picker.handle_still("ada-02", Ok(Grid::new(3, 1)));
    press(&mut picker, Key::Down);
    assert_eq!(asks(&mut picker), [], "what is known is known");
    picker.handle_window(Size { cols: 80, rows: 8 });
    picker.draw();
    picker.handle_news(News::Items(vec![item(5)]));
    press(&mut picker, Key::Home);
    assert_eq!(asks(&mut picker), [], "there is no room for it");
}

#[test]
fn several_are_marked_and_played_in_their_order() {
    let mut picker = picker(0..5);
    press(&mut picker, Key::Enter);
    assert_eq!(picker.poll_ask(), Some(Ask::Play(vec![item(4)])));
    press(&mut picker, Key::End);
    press(&mut picker, Key::Tab);
    press(&mut picker, Key::Home);
    press(&mut picker, Key::Tab);
    press(&mut picker, Key::Tab);
    press(&mut picker, Key::Up);
    press(&mut picker, Key::Tab);
    type_text(&mut picker, "q");
    assert_eq!(picker.list.typed, "q", "text here");
    control(&mut picker, 'u');
    press(&mut picker, Key::Enter);
    assert_eq!(picker.poll_ask(), Some(Ask::Play(vec![item(0), item(4)])));
    control(&mut picker, 'c');
    assert_eq!(picker.poll_ask(), Some(Ask::Quit));
}

#[test]
fn whatever_is_told_and_whatever_the_window_it_is_drawn_harmlessly() {
    let mut hostile = item(1);
    hostile.reason = "\u{1b}[2J\u{202e}evil\n\u{9b}1m漢字".into();
    hostile.target = "\u{1b}]0;title\u{7}".into();
    hostile.operator = "\r\n".into();
    let mut picker = picker([2, 3]);
    picker.handle_news(News::Items(vec![hostile.complete()]));
    picker.say("\u{1b}[H");
    let mut still = Grid::new(500, 300);
    still.write(299, 0, 500, "the last row", Default::default());
    picker.handle_still("ada-03", Ok(still));
    for (cols, rows) in [
        (0, 0),
        (1, 1),
        (2, 2),
        (10, 3),
        (80, 24),
        (129, 16),
        (200, 60),
    ] {
        picker.handle_window(Size { cols, rows });
        let (grid, _) = picker.draw().unwrap();
        assert_eq!((grid.cols(), grid.rows()), (cols.into(), rows.into()));
        for row in 0..grid.rows() {
            for cell in grid.row(row) {
                assert!(!cell.char.is_control() && cell.char != '\u{202e}');
            }
        }
        if rows >= 24 {
            let shown = super::draw::rows(&grid).join("\n");
            assert!(shown.contains("the last row"), "{shown}");
        }
    }
    let (grid, _) = {
        picker.handle_window(Size { cols: 80, rows: 24 });
        picker.draw().unwrap()
    };
    assert!(
        rows(&grid)[0].ends_with("3 listing…"),
        "{:?}",
        rows(&grid)[0]
    );
    assert!(picker.draw().is_none(), "nothing has changed");
}
