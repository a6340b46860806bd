//! A whole recording read through the machine.
//!
//! Nothing here writes anything, and a recording that breaks off gives what it has.

use formats::asciicast::{self, Reader};
use formats::derived::Line;
use formats::lines::LineSource;

use super::deriver::{Deriver, Ending};

/// Reads a recording to its end, or to where it cannot be read any more, which is told. `line` is given each line as it ends.
pub(crate) fn derive<L: LineSource>(
    reader: &mut Reader<L>,
    mut line: impl FnMut(Line),
) -> (Ending, Option<asciicast::Error>) {
    let mut deriver = Deriver::new(reader.header());
    let failed = loop {
        match reader.next_event() {
            Ok(Some(event)) => deriver.event(event.at, &event.data),
            Ok(None) => break None,
            Err(error) => break Some(error),
        }
        deriver.take().into_iter().for_each(&mut line);
    };
    let mut ending = deriver.finish();
    ending.lines.drain(..).for_each(line);
    (ending, failed)
}
