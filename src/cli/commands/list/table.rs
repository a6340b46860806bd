//! A list as a table that fits the terminal.
//!
//! Nothing here reads an entry but by its columns.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::column::Column;
use crate::review::catalog::Entry;

/// The columns that go in a narrow terminal, where nobody has said which are wanted: most session ids begin with the
/// operator's name.
const DISPENSABLE: [Column; 3] = [Column::Commands, Column::Operator, Column::Size];
const GAP: usize = 2;

/// A row for each entry below a head; nothing for none. Where the columns are `fixed`, none is left out.
pub(super) fn table(
    entries: &[Entry],
    columns: &[Column],
    fixed: bool,
    width: Option<usize>,
) -> String {
    if entries.is_empty() {
        return String::new();
    }
    let head = columns.iter().map(|column| column.name().to_uppercase());
    let mut rows = vec![head.collect::<Vec<String>>()];
    rows.extend(entries.iter().map(|entry| {
        let cells = columns.iter().map(|column| column.cell(entry));
        cells.collect()
    }));
    let widths = (0..columns.len()).map(|at| {
        let widths = rows.iter().map(|row| row[at].width());
        widths.max().unwrap_or_default()
    });
    let widths: Vec<usize> = widths.collect();
    let layout = layout(columns, &widths, fixed, width.unwrap_or(usize::MAX));
    let mut text = String::new();
    for cells in rows {
        let mut line = String::new();
        for (number, &(at, width)) in layout.iter().enumerate() {
            let cell = fit(&cells[at], width);
            let padding = " ".repeat(width.saturating_sub(cell.width()));
            if number > 0 {
                line.push_str(&" ".repeat(GAP));
            }
            match columns[at].is_number() {
                true => line.extend([padding, cell]),
                false => line.extend([cell, padding]),
            }
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// Chooses columns and makes them narrower until a row is at most `limit` wide, as far as that goes: the number of each, and
/// its width.
fn layout(columns: &[Column], natural: &[usize], fixed: bool, limit: usize) -> Vec<(usize, usize)> {
    let mut chosen: Vec<usize> = (0..columns.len()).collect();
    let mut dispensable = DISPENSABLE.iter().filter(|_| !fixed);
    loop {
        let mut widths: Vec<(usize, usize)> = chosen.iter().map(|&at| (at, natural[at])).collect();
        let gaps = GAP * chosen.len().saturating_sub(1);
        let mut total = widths.iter().map(|(_, width)| width).sum::<usize>() + gaps;
        while total > limit {
            // The widest gives way first, so that no column is cut while a wider one stands.
            let widest = widths
                .iter_mut()
                .filter(|(at, width)| {
                    let least = columns[*at].least_width();
                    least.is_some_and(|least| *width > least)
                })
                .max_by_key(|(_, width)| *width);
            let Some((_, width)) = widest else {
                break;
            };
            *width -= 1;
            total -= 1;
        }
        match dispensable.next() {
            Some(dropped) if total > limit => chosen.retain(|&at| columns[at] != *dropped),
            _ => return widths,
        }
    }
}

/// At most `width` cells of `text`, with a mark where it was cut.
fn fit(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut out = String::new();
    let mut used = 1;
    for c in text.chars() {
        used += c.width().unwrap_or(0);
        if used > width {
            break;
        }
        out.push(c);
    }
    out.push('…');
    out
}
