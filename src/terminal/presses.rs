//! Keys and the mouse of a person at a terminal, by name: a library reads them, whatever protocol the terminal speaks.
//!
//! Nothing here gives bytes on: a session's keys are read by [`super::Keys`]. What is no key is passed over.

use std::time::Duration;

use crossterm::event::{
    Event, EventStream, KeyCode, KeyEvent, KeyEventKind, KeyModifiers, MouseButton, MouseEvent,
    MouseEventKind,
};
use futures_util::StreamExt as _;

use super::press::{Key, Press};
use super::{stdin_is_terminal, system};

/// How often it is looked whether the terminal is still there: the library reads one that is gone over and over again, and
/// tells nobody.
const LOOK: Duration = Duration::from_secs(2);

/// The presses of the person at the terminal, which should be raw. Only one may be open.
#[derive(Debug)]
pub struct Presses {
    events: EventStream,
    terminal: Option<system::Source>,
}

impl Presses {
    /// Begins to read: stdin where that is a terminal, else the controlling one. Must be called inside the runtime.
    #[must_use]
    pub fn open() -> Self {
        let terminal = match stdin_is_terminal() {
            true => system::stdin(),
            false => system::tty(),
        };
        Self {
            events: EventStream::new(),
            terminal: terminal.ok(),
        }
    }

    /// The next one; `None` when the terminal is gone. Nothing is lost when the future is dropped.
    pub async fn next(&mut self) -> Option<Press> {
        loop {
            tokio::select! {
                event = self.events.next() => {
                    if let Some(press) = named(event?.ok()?) {
                        return Some(press);
                    }
                }
                () = tokio::time::sleep(LOOK) => {
                    if self.terminal.as_ref().is_some_and(system::is_hung_up) {
                        return None;
                    }
                }
            }
        }
    }
}

fn named(event: Event) -> Option<Press> {
    match event {
        Event::Key(key) if key.kind != KeyEventKind::Release => named_key(key),
        Event::Mouse(mouse) => named_mouse(mouse),
        _ => None,
    }
}

fn named_key(event: KeyEvent) -> Option<Press> {
    let held = |modifier| event.modifiers.contains(modifier);
    let key = match event.code {
        KeyCode::Char(c) => Key::Char(c),
        KeyCode::Left => Key::Left,
        KeyCode::Right => Key::Right,
        KeyCode::Up => Key::Up,
        KeyCode::Down => Key::Down,
        KeyCode::Home => Key::Home,
        KeyCode::End => Key::End,
        KeyCode::PageUp => Key::PageUp,
        KeyCode::PageDown => Key::PageDown,
        KeyCode::Enter => Key::Enter,
        KeyCode::Tab | KeyCode::BackTab => Key::Tab,
        KeyCode::Backspace => Key::Backspace,
        KeyCode::Delete => Key::Delete,
        KeyCode::Esc => Key::Escape,
        KeyCode::F(number) => Key::Function(number),
        _ => return None,
    };
    let shift = match key {
        // The character says it already.
        Key::Char(_) => false,
        _ => held(KeyModifiers::SHIFT) || event.code == KeyCode::BackTab,
    };
    Some(Press::Key {
        key,
        shift,
        control: held(KeyModifiers::CONTROL),
        alt: held(KeyModifiers::ALT),
    })
}

fn named_mouse(event: MouseEvent) -> Option<Press> {
    match event.kind {
        MouseEventKind::Down(MouseButton::Left) | MouseEventKind::Drag(MouseButton::Left) => {
            Some(Press::Mouse {
                col: event.column,
                row: event.row,
            })
        }
        MouseEventKind::ScrollUp => Some(Press::Wheel { up: true }),
        MouseEventKind::ScrollDown => Some(Press::Wheel { up: false }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(code: KeyCode, modifiers: KeyModifiers) -> Option<Press> {
        named(Event::Key(KeyEvent::new(code, modifiers)))
    }

    #[test]
    fn keys_have_names_whatever_is_held() {
        let quit = key(KeyCode::Char('c'), KeyModifiers::CONTROL);
        assert!(matches!(
            quit,
            Some(Press::Key {
                key: Key::Char('c'),
                control: true,
                ..
            })
        ));
        // Newer protocols tell of the Shift that made a capital.
        let capital = key(KeyCode::Char('G'), KeyModifiers::SHIFT);
        assert_eq!(capital, Some(Press::plain(Key::Char('G'))));
        let far = key(KeyCode::Right, KeyModifiers::SHIFT);
        assert!(matches!(far, Some(Press::Key { shift: true, .. })));
        assert_eq!(key(KeyCode::CapsLock, KeyModifiers::NONE), None);
        let mut released = KeyEvent::new(KeyCode::Char('q'), KeyModifiers::NONE);
        released.kind = KeyEventKind::Release;
        assert_eq!(named(Event::Key(released)), None);
    }
}
