//! Which character of the stream drew a cell of the emulated screen: the cell itself tells, so that whatever moves, wraps or
//! overwrites cells, a text that is found on the screen leads back to the characters that put it there.
//!
//! Nothing here prints, and nothing is kept of how a cell looked.

use avt::parser::{SgrOp, SgrOps};
use avt::{Cell, Color};

/// Letters of ASCII are drawn as characters of the planes for private use, which are as wide and hold seventeen bits: the
/// letter, and the lowest of its number. So the pen, which holds the others, changes once in as many letters.
const FIRST: u32 = 0xF_0000;
const LOW: u32 = 10;
const LETTERS: u64 = 1 << LOW;

/// What the pen of the screen holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pen {
    /// What the numbers of some letters have in common.
    Letters(u64),
    /// The number of one character of any kind.
    One(u64),
}

impl Pen {
    /// For the letter of this number, and so many from it on.
    pub(super) fn of_letters(number: u64) -> (Self, usize) {
        let room = LETTERS - number % LETTERS;
        (Self::Letters(number >> LOW), room as usize)
    }

    /// What makes the screen's pen this one, whatever it was.
    pub(super) fn ops(self) -> SgrOps {
        let (number, weight) = match self {
            Self::Letters(number) => (number, SgrOp::SetBoldIntensity),
            Self::One(number) => (number, SgrOp::ResetIntensity),
        };
        let part = |shift: u32| (number >> shift) as u8;
        let low = SgrOp::SetForegroundColor(Color::rgb(part(0), part(8), part(16)));
        let high = SgrOp::SetBackgroundColor(Color::rgb(part(24), part(32), part(40)));
        SgrOps::from(&[weight, low, high][..])
    }
}

/// What makes the screen's pen one that no character holds.
pub(super) fn no_pen() -> SgrOps {
    SgrOps::from(&[SgrOp::Reset][..])
}

/// What is drawn for letters, the first of which has this number, with [`Pen::of_letters`].
pub(super) fn drawn(letters: &str, number: u64) -> impl Iterator<Item = char> {
    let numbers = (number % LETTERS) as u32..;
    letters.bytes().zip(numbers).map(|(letter, number)| {
        let drawn = char::from_u32(FIRST + (u32::from(letter) << LOW) + number);
        drawn.unwrap_or(char::from(letter))
    })
}

/// The character that stands in a cell.
pub(super) fn char_of(cell: &Cell) -> char {
    letter(cell).map_or(cell.char(), |(letter, _)| letter)
}

/// The number of the character that drew a cell; none where none did.
pub(super) fn number_of(cell: &Cell) -> Option<u64> {
    let (Some(Color::RGB(low)), Some(Color::RGB(high))) =
        (cell.pen().foreground(), cell.pen().background())
    else {
        return None;
    };
    let number = u64::from_le_bytes([low.r, low.g, low.b, high.r, high.g, high.b, 0, 0]);
    match letter(cell) {
        Some((_, low)) => Some(number << LOW | low),
        // What scrolls in has the pen as well.
        None => (!cell.pen().is_bold()).then_some(number),
    }
}

/// The letter that a cell stands for, and the lowest bits of its number. One that is repeated may have lost its pen.
fn letter(cell: &Cell) -> Option<(char, u64)> {
    let code = u32::from(cell.char()).checked_sub(FIRST)?;
    if !cell.pen().is_bold() && cell.pen().foreground().is_some() {
        return None;
    }
    let letter = u8::try_from(code >> LOW).ok()?;
    Some((letter.into(), u64::from(code) % LETTERS))
}

#[cfg(test)]
mod tests {
    use avt::Terminal;
    use avt::parser::Function;

    use super::*;

    #[test]
    fn each_letter_is_one_cell_that_tells_it_and_its_number() {
        let letters: String = (' '..='~').collect();
        for number in (0..3 * LETTERS).chain([0xfedc_ba98_7654, (1 << 57) - 1000]) {
            let mut screen = Terminal::new(letters.len() + 1, 1).unwrap();
            let (mut rest, mut next) = (letters.as_str(), number);
            while !rest.is_empty() {
                let (pen, room) = Pen::of_letters(next);
                let (some, behind) = rest.split_at(rest.len().min(room));
                screen.execute(Function::Sgr(pen.ops()));
                screen.execute(drawn(some, next).map(Function::Print));
                next += some.len() as u64;
                rest = behind;
            }
            assert_eq!(screen.cursor().col, letters.len());
            let cells = screen.screen().line(0).unwrap().cells();
            let told: String = cells[..letters.len()].iter().map(char_of).collect();
            assert_eq!(told, letters);
            let numbers = cells.iter().map_while(number_of);
            assert!(numbers.eq(number..number + letters.len() as u64));
        }
    }

    #[test]
    fn other_characters_are_as_they_are() {
        for c in ['é', '漢', '\u{f0041}', '\u{10ffff}'] {
            let mut screen = Terminal::new(4, 1).unwrap();
            let number = 0x0000_8765_4321_0fed;
            screen.execute([Function::Sgr(Pen::One(number).ops()), Function::Print(c)]);
            let cell = &screen.screen().line(0).unwrap().cells()[0];
            assert_eq!((char_of(cell), number_of(cell)), (c, Some(number)));
        }
    }
}
