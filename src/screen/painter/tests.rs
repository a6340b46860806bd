//! What is sent, as an emulated terminal shows it.
//!
//! Nothing here looks into the painter: the terminal knows nothing of the grid.

use proptest::prelude::*;

use super::*;
use crate::screen::{Emulator, Size};

const SIZE: Size = Size { cols: 16, rows: 8 };

/// Characters of every width, and some that are none.
const CHARS: [char; 12] = [
    ' ', 'a', 'b', '漢', '字', 'é', '│', '🚀', '✂', '\u{1b}', '\u{202e}', 'z',
];

#[derive(Clone, Debug)]
enum Step {
    Put(usize, usize, usize, usize),
    Scroll(Range<usize>, isize),
    Forget,
}

fn style(number: usize) -> Style {
    match number % 5 {
        0 => Style::PLAIN,
        1 => Style::color(1).bold(),
        2 => Style::color(1),
        3 => Style {
            background: Some(Color::Indexed(200)),
            underline: true,
            ..Style::PLAIN
        },
        _ => Style::PLAIN.inverse().faint(),
    }
}

fn shown(terminal: &Emulator) -> Vec<Vec<(char, u8, Style)>> {
    let lines = terminal.screen().visible_lines();
    let cells = lines.map(|line| {
        let cells = line.cells().iter();
        let cells = cells.map(|cell| (cell.char(), cell.width(), Style::from(cell.pen())));
        cells.filter(|(_, width, _)| *width > 0).collect()
    });
    cells.collect()
}

fn wanted(grid: &Grid) -> Vec<Vec<(char, u8, Style)>> {
    let cells = (0..grid.rows()).map(|row| {
        let cells = grid.row(row).iter();
        let cells = cells.map(|cell| (cell.char, cell.width, cell.style));
        cells.filter(|(_, width, _)| *width > 0).collect()
    });
    cells.collect()
}

fn check(painter: &mut Painter, terminal: &mut Emulator, grid: &Grid, cursor: (usize, usize)) {
    terminal.feed(&painter.paint(grid, Some(cursor)));
    assert_eq!(shown(terminal), wanted(grid));
    let place = terminal.cursor();
    assert_eq!((place.row, place.col), cursor);
    assert!(place.visible);
    assert_eq!(painter.paint(grid, Some(cursor)), "");
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let (rows, cols) = (usize::from(SIZE.rows), usize::from(SIZE.cols));
    let put = (0..rows, 0..cols, 0..CHARS.len(), 0..5usize)
        .prop_map(|(row, col, char, style)| Step::Put(row, col, char, style));
    let scroll = (0..rows, 1..=rows, -3..=3isize)
        .prop_map(move |(from, length, up)| Step::Scroll(from..(from + length).min(rows), up));
    prop::collection::vec(
        prop_oneof![20 => put, 2 => scroll, 1 => Just(Step::Forget)],
        1..120,
    )
}

proptest! {
    #[test]
    fn a_terminal_shows_the_grid_whatever_it_showed_before(
        steps in steps(),
        every in 1..20usize,
        cursor in (0..usize::from(SIZE.rows), 0..usize::from(SIZE.cols)),
    ) {
        let mut grid = Grid::new(SIZE.cols.into(), SIZE.rows.into());
        let mut painter = Painter::default();
        let mut terminal = Emulator::new(SIZE);
        terminal.feed("\x1b[31;4mleft over\x1b[2;5r\x1b[?25l");
        for (number, step) in steps.into_iter().enumerate() {
            match step {
                Step::Put(row, col, char, number) => {
                    let char = CHARS[char];
                    let width = char.width().unwrap_or(1);
                    grid.put(row, col, char, u8::try_from(width).unwrap(), style(number));
                }
                Step::Scroll(rows, up) => grid.scroll(rows, up),
                Step::Forget => painter.forget(),
            }
            if number % every == 0 {
                check(&mut painter, &mut terminal, &grid, cursor);
            }
        }
        check(&mut painter, &mut terminal, &grid, cursor);
    }
}

#[test]
fn a_page_that_scrolls_costs_a_line_and_not_a_page() {
    let mut grid = Grid::new(80, 24);
    let text = |n: usize| format!("line {n} of an output that goes on and on, as they do");
    for row in 0..23 {
        grid.write(row, 0, 80, &text(row), Style::PLAIN);
    }
    grid.write(
        23,
        0,
        80,
        "a bar that stays where it is",
        Style::PLAIN.inverse(),
    );
    let mut painter = Painter::default();
    let mut terminal = Emulator::new(Size { cols: 80, rows: 24 });
    terminal.feed(&painter.paint(&grid, None));
    for line in 23..40 {
        grid.scroll(0..23, 1);
        grid.write(22, 0, 80, &text(line), Style::PLAIN);
        let painted = painter.paint(&grid, None);
        assert!(painted.len() < text(line).len() + 40, "{painted:?}");
        terminal.feed(&painted);
        assert_eq!(shown(&terminal), wanted(&grid));
    }
}

#[test]
fn nothing_that_is_put_can_be_more_than_text() {
    let mut grid = Grid::new(40, 1);
    grid.write(
        0,
        0,
        40,
        "a\x1b]52;c;x\x07\u{9b}31m\u{202e}b\x7f\u{feff}",
        Style::PLAIN,
    );
    let painted = Painter::default().paint(&grid, None);
    let text = painted.strip_prefix("\x1b[r\x1b[m\x1b[H\x1b[2J").unwrap();
    let text = text.strip_suffix("\x1b[?25l").unwrap();
    assert!(
        !text.contains(|c: char| c.is_control() || c == '\u{202e}'),
        "{text:?}"
    );
}
