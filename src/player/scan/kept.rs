//! Lines that were derived once, kept for every search behind it: in a temporary file without a name, as a store would have
//! them.
//!
//! Nothing here is kept of a recording that only some may read. Who reads what is still being written waits for the rest.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use formats::derived::Line;
use formats::recording::DerivedWriter;

use crate::player::Ended;

/// The lines of a recording, if they are kept.
#[derive(Debug, Default)]
pub(super) struct Kept {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
enum State {
    /// It is not known yet whether there are any.
    #[default]
    Unknown,
    /// There are, so many bytes by now; how the recording ends, when there are no more.
    Lines {
        file: File,
        length: u64,
        ended: Option<Ended>,
    },
    /// There are none, or no more.
    GivenUp,
}

impl Kept {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.lock());
        self.changed.notify_all();
    }

    /// There will be none.
    pub(super) fn give_up(&self) {
        self.set(|state| *state = State::GivenUp);
    }

    /// Begins to keep lines.
    pub(super) fn begin(self: &Arc<Self>) -> io::Result<Keeper> {
        let file = tempfile::tempfile()?;
        self.set(|state| {
            *state = State::Lines {
                file,
                length: 0,
                ended: None,
            };
        });
        let tail = Tail(Arc::clone(self));
        Ok(Keeper {
            writer: Some(DerivedWriter::new(tail, "", None)?),
            kept: Arc::clone(self),
        })
    }

    /// Reads the lines from the first on, when it is known whether there are any.
    pub(super) fn read(self: &Arc<Self>) -> Option<Reading> {
        let mut state = self.lock();
        loop {
            match &*state {
                State::Unknown => {}
                State::Lines { .. } => break,
                State::GivenUp => return None,
            }
            state = self.wait(state);
        }
        Some(Reading {
            kept: Arc::clone(self),
            at: 0,
        })
    }

    /// How the recording ends, once all lines are here.
    pub(super) fn ended(&self) -> Option<Ended> {
        match &*self.lock() {
            State::Lines { ended, .. } => ended.clone(),
            State::Unknown | State::GivenUp => None,
        }
    }

    fn wait<'a>(&self, state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        let waited = self.changed.wait(state);
        waited.unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes lines. Dropped before its end, what it has written is given up.
pub(super) struct Keeper {
    writer: Option<DerivedWriter<Tail>>,
    kept: Arc<Kept>,
}

impl Keeper {
    pub(super) fn lines(&mut self, lines: &[Line]) -> io::Result<()> {
        let Some(writer) = &mut self.writer else {
            return Ok(());
        };
        lines.iter().try_for_each(|line| writer.line(line))
    }

    /// There are no more.
    pub(super) fn finish(mut self, how: Ended) {
        let Some(Ok(_)) = self.writer.take().map(DerivedWriter::finish) else {
            return;
        };
        self.kept.set(|state| {
            if let State::Lines { ended, .. } = state {
                *ended = Some(how);
            }
        });
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        if self.kept.ended().is_none() {
            self.kept.give_up();
        }
    }
}

/// The end of the file.
struct Tail(Arc<Kept>);

impl Write for Tail {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut written = Err(given_up());
        self.0.set(|state| {
            if let State::Lines { file, length, .. } = state {
                written = file
                    .seek(SeekFrom::Start(*length))
                    .and_then(|_| file.write(bytes));
                *length += written.as_ref().map_or(0, |written| *written as u64);
            }
        });
        written
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Reads from the first line on.
pub(super) struct Reading {
    kept: Arc<Kept>,
    at: u64,
}

impl Read for Reading {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut state = self.kept.lock();
        loop {
            match &mut *state {
                State::Lines { file, length, .. } if self.at < *length => {
                    let left = usize::try_from(*length - self.at).unwrap_or(usize::MAX);
                    let room = buffer.len().min(left);
                    file.seek(SeekFrom::Start(self.at))?;
                    let read = file.read(&mut buffer[..room])?;
                    self.at += read as u64;
                    return Ok(read);
                }
                State::Lines { ended: Some(_), .. } => return Ok(0),
                State::Lines { .. } => {}
                State::Unknown | State::GivenUp => return Err(given_up()),
            }
            state = self.kept.wait(state);
        }
    }
}

fn given_up() -> io::Error {
    io::Error::other("the lines are kept no longer")
}

#[cfg(test)]
mod tests {
    use super::*;
    use formats::lines::LineSource;
    use formats::recording;
    use std::thread;

    fn line(n: u64) -> Line {
        Line {
            first: n,
            text: format!("line {n}"),
            ..Line::default()
        }
    }

    /// How many lines somebody reads who begins now, and whether there is an end behind them.
    fn reading(kept: &Arc<Kept>) -> thread::JoinHandle<(u64, bool)> {
        let kept = Arc::clone(kept);
        thread::spawn(move || {
            let Some(Ok(mut lines)) = kept.read().map(recording::Reader::open) else {
                return (0, false);
            };
            let mut count = 0;
            while let Ok(Some(_)) = lines.next_line() {
                count += 1;
            }
            (count, kept.ended().is_some())
        })
    }

    #[test]
    fn lines_are_read_by_everybody_while_they_are_written() {
        let kept = Arc::new(Kept::default());
        let before = reading(&kept);
        let mut keeper = kept.begin().unwrap();
        for n in 0..50 {
            let lines: Vec<Line> = (0..1000).map(|m| line(n * 1000 + m)).collect();
            keeper.lines(&lines).unwrap();
        }
        let meanwhile = reading(&kept);
        keeper.finish(Ended::CutShort);
        let behind = reading(&kept);
        for reading in [before, meanwhile, behind] {
            assert_eq!(reading.join().unwrap(), (50_000, true));
        }
        assert_eq!(kept.ended(), Some(Ended::CutShort));
    }

    #[test]
    fn what_is_given_up_keeps_nobody_waiting() {
        let kept = Arc::new(Kept::default());
        let before = reading(&kept);
        kept.give_up();
        assert_eq!(before.join().unwrap(), (0, false));
        let kept = Arc::new(Kept::default());
        let mut keeper = kept.begin().unwrap();
        let lines: Vec<Line> = (0..20_000).map(line).collect();
        keeper.lines(&lines).unwrap();
        let meanwhile = reading(&kept);
        drop(keeper);
        assert!(!meanwhile.join().unwrap().1);
        assert_eq!(reading(&kept).join().unwrap(), (0, false));
    }
}
