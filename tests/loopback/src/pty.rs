//! A program in a real terminal: types into it, waits for what it shows, resizes it, tells how it ended.
//!
//! Nothing here knows ssm-rec; every wait has a limit and fails with what was on the screen.

use std::collections::VecDeque;
use std::io::{Read, Write};
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use rustix::process::{Pid, Signal, kill_process};

/// How long a wait may take: generous, since machines are shared; a passing test never waits this long.
const PATIENCE: Duration = Duration::from_secs(60);

/// A program running in a terminal of its own.
pub struct Pty {
    master: Box<dyn MasterPty + Send>,
    child: Box<dyn Child + Send + std::marker::Sync>,
    keyboard: Box<dyn Write + Send>,
    shown: Arc<Shown>,
    /// Up to where [`Pty::wait_for`] has looked.
    seen: usize,
    /// What a person sees, and of how much that is shown.
    window: avt::Terminal,
    drawn: usize,
}

#[derive(Default)]
struct Shown {
    state: Mutex<(Vec<u8>, bool)>,
    more: Condvar,
}

impl Shown {
    fn lock(&self) -> MutexGuard<'_, (Vec<u8>, bool)> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Starts `program` in a terminal of 80 x 24 with exactly the environment given.
///
/// # Panics
/// The system has no terminal to give or the program does not start.
#[must_use]
pub fn spawn(program: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Pty {
    spawn_in((80, 24), program, arguments, environment)
}

/// The same in a terminal of so many columns and rows.
///
/// # Panics
/// As [`spawn`] does.
#[must_use]
pub fn spawn_in(
    (cols, rows): (u16, u16),
    program: &Path,
    arguments: &[&str],
    environment: &[(&str, &str)],
) -> Pty {
    let mut command = CommandBuilder::new(program);
    command.args(arguments);
    command.env_clear();
    for (name, value) in environment {
        command.env(name, value);
    }
    let pair = native_pty_system()
        .openpty(size(cols, rows))
        .expect("a terminal");
    let child = pair
        .slave
        .spawn_command(command)
        .expect("the program starts");
    drop(pair.slave);
    let mut reader = pair.master.try_clone_reader().expect("a reader");
    let keyboard = pair.master.take_writer().expect("a writer");
    let shown = Arc::new(Shown::default());
    std::thread::spawn({
        let shown = Arc::clone(&shown);
        move || {
            let mut buffer = vec![0; 64 * 1024];
            while let Ok(length) = reader.read(&mut buffer) {
                if length == 0 {
                    break;
                }
                shown.lock().0.extend_from_slice(&buffer[..length]);
                shown.more.notify_all();
            }
            shown.lock().1 = true;
            shown.more.notify_all();
        }
    });
    Pty {
        master: pair.master,
        child,
        keyboard,
        shown,
        seen: 0,
        window: avt::Terminal::new(cols.into(), rows.into()).expect("both sides are at least one"),
        drawn: 0,
    }
}

impl Pty {
    /// Types `keys`.
    ///
    /// # Panics
    /// The terminal is gone.
    pub fn type_keys(&mut self, keys: impl AsRef<[u8]>) {
        self.keyboard
            .write_all(keys.as_ref())
            .and_then(|()| self.keyboard.flush())
            .expect("the terminal takes keys");
    }

    /// Waits until `text` is shown, after where the last wait ended.
    ///
    /// # Panics
    /// It is not shown in time, or the program ends first.
    pub fn wait_for(&mut self, text: &str) {
        let until = Instant::now() + PATIENCE;
        let needle: VecDeque<u8> = text.bytes().collect();
        let mut state = self.shown.lock();
        loop {
            let found = state.0[self.seen..]
                .windows(needle.len())
                .position(|window| needle == window);
            if let Some(at) = found {
                self.seen += at + needle.len();
                return;
            }
            let left = until.saturating_duration_since(Instant::now());
            assert!(
                !state.1 && !left.is_zero(),
                "{text:?} was not shown; on the screen: {:?}",
                String::from_utf8_lossy(end_of(&state.0[self.seen..]))
            );
            state = self
                .shown
                .more
                .wait_timeout(state, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }

    /// Waits until nothing has been shown for so long; gives when the last of it was, and nothing where there was none.
    pub fn wait_until_quiet(&mut self, since: usize, quiet: Duration) -> Option<Instant> {
        let (mut length, mut last) = (since, None);
        let mut state = self.shown.lock();
        loop {
            if state.0.len() != length {
                (length, last) = (state.0.len(), Some(Instant::now()));
            }
            let patience = if last.is_some() { quiet } else { PATIENCE };
            let (next, waited) = self
                .shown
                .more
                .wait_timeout(state, patience)
                .unwrap_or_else(PoisonError::into_inner);
            state = next;
            if waited.timed_out() && state.0.len() == length {
                return last;
            }
        }
    }

    /// How many bytes that is which was shown so far.
    #[must_use]
    pub fn shown_so_far(&self) -> usize {
        self.shown.lock().0.len()
    }

    /// Everything shown so far.
    #[must_use]
    pub fn shown(&self) -> Vec<u8> {
        self.shown.lock().0.clone()
    }

    /// The rows of the window, as a person sees them now, without the blanks at their ends.
    pub fn rows(&mut self) -> Vec<String> {
        let shown = self.shown();
        // Half a character is waited for.
        let new = &shown[self.drawn..];
        let whole = match std::str::from_utf8(new) {
            Ok(text) => text,
            Err(error) => std::str::from_utf8(&new[..error.valid_up_to()]).unwrap_or_default(),
        };
        self.window.feed(whole);
        self.drawn += whole.len();
        let rows = self.window.screen().text();
        rows.into_iter()
            .map(|row| row.trim_end().to_owned())
            .collect()
    }

    /// Waits until the window looks so.
    ///
    /// # Panics
    /// It does not in time.
    pub fn wait_until(&mut self, what: &str, is_so: impl Fn(&[String]) -> bool) {
        let until = Instant::now() + PATIENCE;
        loop {
            let rows = self.rows();
            if is_so(&rows) {
                return;
            }
            assert!(
                Instant::now() < until && !(self.shown.lock().1 && self.rows() == rows),
                "{what}: {rows:#?}"
            );
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Gives the terminal another size, and clears it: what a wait sees after that, the program
    /// drew for this size. What reflows here could be taken for it, and keys be typed too early.
    ///
    /// # Panics
    /// The terminal is gone.
    pub fn resize(&mut self, cols: u16, rows: u16) {
        self.rows();
        self.window.resize(cols.into(), rows.into());
        self.window.feed("\x1b[2J");
        self.master
            .resize(size(cols, rows))
            .expect("the terminal takes a size");
    }

    /// The program's process id.
    ///
    /// # Panics
    /// The program has ended.
    #[must_use]
    pub fn process_id(&self) -> u32 {
        self.child.process_id().expect("the program runs")
    }

    /// Whether the terminal edits lines, as before a program made it raw.
    #[cfg(unix)]
    #[must_use]
    pub fn is_cooked(&self) -> bool {
        let modes = format!("{:?}", self.master.get_termios());
        modes.contains("ICANON")
    }

    /// Waits until the program ends and everything it wrote was read; gives its exit status.
    ///
    /// # Panics
    /// It does not end in time.
    pub fn wait(&mut self) -> u32 {
        let until = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self
                .child
                .try_wait()
                .expect("the program can be waited for")
            {
                let mut state = self.shown.lock();
                while !state.1 && Instant::now() < until {
                    state = self
                        .shown
                        .more
                        .wait_timeout(state, Duration::from_millis(100))
                        .unwrap_or_else(PoisonError::into_inner)
                        .0;
                }
                return status.exit_code();
            }
            let shown = self.shown();
            assert!(
                Instant::now() < until,
                "the program did not end; on the screen: {:?}",
                String::from_utf8_lossy(end_of(&shown))
            );
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Ends the program at once, as a power cut would.
    ///
    /// # Panics
    /// The system refuses.
    pub fn kill(&mut self) {
        let id = i32::try_from(self.process_id())
            .ok()
            .and_then(Pid::from_raw)
            .expect("a process id");
        kill_process(id, Signal::KILL).expect("the program can be killed");
    }
}

impl Drop for Pty {
    fn drop(&mut self) {
        // A test that failed must not leave its program running.
        let _ = self.child.kill();
    }
}

/// What a person would still see of it.
fn end_of(shown: &[u8]) -> &[u8] {
    &shown[shown.len().saturating_sub(4000)..]
}

fn size(cols: u16, rows: u16) -> PtySize {
    PtySize {
        rows,
        cols,
        pixel_width: 0,
        pixel_height: 0,
    }
}
