//! Where a pattern stands on a screen now, to be shown there.
//!
//! Nothing here draws. A line that is wrapped is one line, as it is for the search.

use std::ops::Range;

use avt::Screen;

use super::Pattern;

/// A part of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// From 0, at the top.
    pub row: usize,
    /// From 0; a wide character has two.
    pub cols: Range<usize>,
}

impl Pattern {
    /// All places of the visible screen where it stands, from the top; one that is wrapped has a place in each row.
    #[must_use]
    pub fn places(&self, screen: &Screen<'_>) -> Vec<Place> {
        let mut places = Vec::new();
        let mut line = Line::default();
        for (row, cells) in screen.visible_lines().enumerate() {
            for (col, cell) in cells.cells().iter().enumerate() {
                if cell.width() > 0 {
                    line.push(cell.char(), row, col..col + usize::from(cell.width()));
                }
            }
            if !cells.is_wrapped() {
                line.end(self, &mut places);
            }
        }
        line.end(self, &mut places);
        places
    }
}

/// A line that may be wrapped.
#[derive(Default)]
struct Line {
    text: String,
    /// Where each character begins in the text, and where it stands on the screen.
    cells: Vec<(usize, usize, Range<usize>)>,
}

impl Line {
    fn push(&mut self, c: char, row: usize, cols: Range<usize>) {
        self.cells.push((self.text.len(), row, cols));
        self.text.push(c);
    }

    /// Looks for the pattern in the line, which ends here.
    fn end(&mut self, pattern: &Pattern, places: &mut Vec<Place>) {
        for found in pattern.regex().find_iter(self.text.trim_end()) {
            let first = self.cells.partition_point(|(at, ..)| *at < found.start());
            let cells = self.cells[first..].iter();
            let mut begun: Option<Place> = None;
            for (_, row, cols) in cells.take_while(|(at, ..)| *at < found.end()) {
                match &mut begun {
                    Some(place) if place.row == *row => place.cols.end = cols.end,
                    other => places.extend(other.replace(Place {
                        row: *row,
                        cols: cols.clone(),
                    })),
                }
            }
            places.extend(begun);
        }
        self.text.clear();
        self.cells.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::screen::{Emulator, Size};

    fn check(output: &str, pattern: &str, expected: &[(usize, Range<usize>)]) {
        let mut screen = Emulator::new(Size { cols: 10, rows: 4 });
        screen.feed(output);
        let places = Pattern::new(pattern).unwrap().places(&screen.screen());
        let places: Vec<_> = places
            .into_iter()
            .map(|place| (place.row, place.cols))
            .collect();
        assert_eq!(places, expected, "{output:?} {pattern}");
    }

    #[test]
    fn a_pattern_is_found_where_it_stands() {
        check("one two\r\ntwo", "two", &[(0, 4..7), (1, 0..3)]);
        check("aXaxb", "x", &[(0, 1..2), (0, 3..4)]);
        check("12345678abcde fgh", "ab.*e", &[(0, 8..10), (1, 0..3)]);
        check("漢字 x", "字|x", &[(0, 2..4), (0, 5..6)]);
        check("end  \r\nx", "end$", &[(0, 0..3)]);
        check("one", "a*", &[]);
        check("1\r\n2\r\n3\r\n4\r\n5", "1|5", &[(3, 0..1)]);
    }
}
