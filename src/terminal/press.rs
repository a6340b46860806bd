//! What a person at a terminal does, by name.
//!
//! Nothing here knows how a terminal tells of it.

/// What a person does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Press {
    /// A key, with what is held beside it. Shift is told of keys that are no characters.
    Key {
        /// Which.
        key: Key,
        /// With Shift.
        shift: bool,
        /// With Ctrl.
        control: bool,
        /// With Alt.
        alt: bool,
    },
    /// The mouse was pressed, or is drawn: column and row from 0.
    Mouse {
        /// From 0.
        col: u16,
        /// From 0.
        row: u16,
    },
    /// The wheel, up or down.
    Wheel {
        /// Away from the person.
        up: bool,
    },
}

/// A key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// What it writes.
    Char(char),
    /// An arrow.
    Left,
    /// An arrow.
    Right,
    /// An arrow.
    Up,
    /// An arrow.
    Down,
    /// To the beginning.
    Home,
    /// To the end.
    End,
    /// A page back.
    PageUp,
    /// A page on.
    PageDown,
    /// Return.
    Enter,
    /// Tabulator.
    Tab,
    /// Erases to the left.
    Backspace,
    /// Erases to the right.
    Delete,
    /// Escape.
    Escape,
    /// F1 and so on.
    Function(u8),
}

impl Press {
    /// A key with nothing held.
    #[must_use]
    pub fn plain(key: Key) -> Self {
        Self::Key {
            key,
            shift: false,
            control: false,
            alt: false,
        }
    }
}
