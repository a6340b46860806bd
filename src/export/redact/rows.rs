//! Rows of the emulated screen as the lines that they belong to, and which character drew each of their cells.
//!
//! Nothing here is looked for, and nothing is drawn.

use avt::{Color, Line, Terminal};

/// The lines that the rows from `first` to `last` belong to, no more than so many rows `beside`, the number of the
/// character that drew each one, and how many cells were looked at.
pub(super) fn lines(
    screen: &Terminal,
    first: isize,
    last: isize,
    beside: usize,
) -> (String, Vec<(usize, u64)>, usize) {
    let rows = screen.size().1;
    let all: Vec<&Line> = if first > 0 {
        screen.screen().visible_lines().collect()
    } else {
        screen.screen().all_lines().collect()
    };
    let above = (all.len() - rows) as isize;
    let place = |row: isize| (row + above).clamp(0, all.len() as isize - 1) as usize;
    let (mut from, mut to) = (place(first), place(last));
    let (least, most) = (from.saturating_sub(beside), to.saturating_add(beside));
    while from > least && goes_on(all[from - 1]) {
        from -= 1;
    }
    while to < most && to + 1 < all.len() && goes_on(all[to]) {
        to += 1;
    }
    let mut text = String::new();
    let mut sources = Vec::new();
    let mut looked_at = 0;
    for line in &all[from..=to] {
        let goes_on = goes_on(line);
        let cells = line.cells();
        looked_at += cells.len();
        let end = if goes_on {
            cells.len()
        } else {
            cells
                .iter()
                .rposition(|cell| cell.char() != ' ' || cell.pen().foreground().is_some())
                .map_or(0, |last| last + 1)
        };
        for cell in cells[..end].iter().filter(|cell| cell.width() > 0) {
            if let (Some(Color::RGB(low)), Some(Color::RGB(high))) =
                (cell.pen().foreground(), cell.pen().background())
            {
                let number = [low.r, low.g, low.b, high.r, high.g, high.b]
                    .iter()
                    .rev()
                    .fold(0, |number, part| number << 8 | u64::from(*part));
                sources.push((text.len(), number));
            }
            text.push(cell.char());
        }
        if !goes_on {
            text.push('\n');
        }
    }
    (text, sources, looked_at)
}

/// Whether the next row is taken for the same line: the terminal wrapped it, or a program that wraps by itself filled
/// the row to its end.
fn goes_on(line: &Line) -> bool {
    line.is_wrapped() || line.cells().last().is_some_and(|cell| cell.char() != ' ')
}
