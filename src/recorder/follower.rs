//! The thread behind a recording: it reads the file that is being written, for pictures of the terminal and for what is derived.
//!
//! Nothing here is waited for while the session runs. The thread takes a fraction of one processor, holds no output back in
//! memory, and never sees a key. What it has not got to by the end is left without a picture; lines and commands it is given
//! some time for, and goes without where that is not enough.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use formats::asciicast;
use formats::lines::{self, LineSource};
use formats::recording::{self, Ending};
use formats::sealed::{Key, NoKey, Unlock};

use super::derived::{Files, Ready};
use super::disk::Flushed;
use super::objects::Told;
use super::screens::{Picture, Screens, TEXT_BETWEEN};

/// How much of the file is read at once.
const PIECE: usize = 64 * 1024;
/// After each piece the thread rests for as many times as long as it worked: a quarter of one processor is enough for any
/// person, and bulk output has the rest for itself.
const REST: u32 = if cfg!(test) { 0 } else { 3 };
/// Further behind it does not rest, in bytes of the file: some seconds of the agent's pace.
const MOST_BEHIND: u64 = 4 * 1024 * 1024;
/// How long the disk may take to write what it was given before it is looked for again.
const BEAT: Duration = Duration::from_millis(50);
/// The same at the end, where somebody waits.
const LAST_BEAT: Duration = Duration::from_millis(1);
/// Who waits no longer at the end has lines and commands, and no rules unless they are ready.
const FOR_RULES: Duration = Duration::from_millis(200);

/// What is made of one recording as it grows.
#[derive(Debug)]
pub(super) struct Follower {
    path: PathBuf,
    flushed: Flushed,
    key: Option<Key>,
    /// Where what is derived goes; until the thread has it.
    files: Option<Files>,
    /// Rules that look at it; until the thread has them.
    rules: Option<Ready>,
    flushes: u64,
    /// The frame that was open when it was last asked.
    frame: u64,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
    has_failed: bool,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    wake: Condvar,
    /// Wakes whoever waits for the end.
    done: Condvar,
    has_pictures: AtomicBool,
    is_over: AtomicBool,
}

#[derive(Debug, Default)]
struct State {
    /// Where data frames begin: number, and text before. Only those that are wanted.
    borders: VecDeque<(u64, u64)>,
    /// Text before the last of them.
    last: u64,
    /// The file's length up to the last flush.
    expected: u64,
    /// Nothing is written behind that.
    is_ending: bool,
    is_done: bool,
    derived: Option<Told>,
    pictures: Vec<Picture>,
    #[cfg(test)]
    made: usize,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Relaxed)
    }

    fn is_ending(&self) -> bool {
        self.state().is_ending
    }

    /// The frames that begin behind so much text and want a picture.
    fn due(&self, at: u64) -> Vec<u64> {
        let mut state = self.state();
        let mut due = Vec::new();
        while let Some(&(frame, text)) = state.borders.front().filter(|(_, text)| *text <= at) {
            state.borders.pop_front();
            if text == at {
                due.push(frame);
            }
        }
        due
    }

    fn add(&self, picture: Picture) {
        let mut state = self.state();
        state.pictures.push(picture);
        #[cfg(test)]
        {
            state.made += 1;
        }
        self.has_pictures.store(true, Ordering::Release);
    }

    fn end(&self, derived: Option<Told>) {
        let mut state = self.state();
        state.derived = derived;
        state.is_done = true;
        self.done.notify_one();
    }
}

impl Follower {
    pub(super) fn new(
        path: &Path,
        flushed: Flushed,
        key: Option<Key>,
        files: Option<Files>,
    ) -> Self {
        Self {
            rules: None,
            flushes: 0,
            path: path.to_owned(),
            flushed,
            key,
            files,
            frame: 0,
            shared: Arc::default(),
            thread: None,
            has_failed: false,
        }
    }

    /// Takes note of where the open data frame begins; for every event.
    pub(super) fn border(&mut self, (frame, text): (u64, u64)) {
        if frame == self.frame {
            return;
        }
        self.frame = frame;
        let mut state = self.shared.state();
        if text >= state.last + TEXT_BETWEEN {
            state.last = text;
            state.borders.push_back((frame, text));
        }
    }

    /// Takes note of a flush, up to this length of the file. A session that shows little never has a thread for it.
    pub(super) fn flushed(&mut self, length: u64) {
        let wanted = {
            let mut state = self.shared.state();
            state.expected = length;
            !state.borders.is_empty()
        };
        self.flushes += 1;
        // The beginning of a session has other things to do.
        if self.flushes > 1 {
            self.make_rules_ready();
        }
        if wanted {
            self.start();
        }
        self.shared.wake.notify_one();
    }

    /// Rules take some milliseconds, for which nobody who leaves a session waits.
    fn make_rules_ready(&mut self) {
        let said = self.files.as_mut().and_then(|files| files.rules.take());
        if let Some(said) = said {
            self.rules = Ready::begin(said);
        }
    }

    fn go_without_rules(&mut self) {
        self.rules = None;
        if let Some(files) = &mut self.files {
            files.rules = None;
        }
    }

    fn start(&mut self) {
        if self.thread.is_some() || self.has_failed {
            return;
        }
        let (path, flushed, key) = (self.path.clone(), self.flushed.clone(), self.key.clone());
        self.make_rules_ready();
        let (files, rules) = (self.files.take(), self.rules.take());
        let shared = Arc::clone(&self.shared);
        let thread = std::thread::Builder::new().name("follower".to_owned());
        let spawned = thread.spawn(move || {
            let paths = files.as_ref().map(Files::paths);
            // Without pictures a recording is as good, and only slower to seek in; lines are derived by whoever wants them.
            let derived = follow(
                &path,
                flushed,
                key,
                files.map(|files| (files, rules)),
                &shared,
            )
            .unwrap_or(None);
            if derived.is_none() {
                for path in paths.into_iter().flatten() {
                    let _ = std::fs::remove_file(path);
                }
            }
            shared.end(derived);
        });
        self.thread = spawned.ok();
        self.has_failed = self.thread.is_none();
    }

    /// The file is whole but for its manifest, and so long: what is derived from it, if that is wanted and does not take more
    /// than `patience`.
    pub(super) fn finish(&mut self, length: u64, patience: Duration) -> Option<Told> {
        if self.thread.is_none() && self.files.is_none() {
            return None;
        }
        {
            let mut state = self.shared.state();
            state.expected = length;
            state.is_ending = true;
        }
        if patience < FOR_RULES && !self.rules.as_ref().is_some_and(Ready::is_there) {
            self.go_without_rules();
        }
        self.start();
        self.thread.as_ref()?;
        self.shared.wake.notify_one();
        let waited = self
            .shared
            .done
            .wait_timeout_while(self.shared.state(), patience, |state| !state.is_done);
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        state.derived.take()
    }

    /// The pictures that were made since.
    pub(super) fn take(&self) -> Vec<Picture> {
        match self.shared.has_pictures.swap(false, Ordering::Acquire) {
            true => std::mem::take(&mut self.shared.state().pictures),
            false => Vec::new(),
        }
    }
}

#[cfg(test)]
impl Follower {
    /// How many pictures there were so far.
    pub(super) fn made(&self) -> usize {
        self.shared.state().made
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.shared.is_over.store(true, Ordering::Relaxed);
        {
            // So that the thread either sees it or is already waiting for the notice.
            let _state = self.shared.state();
            self.shared.wake.notify_one();
        }
        if let Some(thread) = self.thread.take() {
            // It looks at each event whether it is over.
            let _ = thread.join();
        }
    }
}

/// The file as it grows: waits at its end, and rests after each piece.
struct Growing<'a> {
    file: File,
    at: u64,
    flushed: Flushed,
    shared: &'a Shared,
    /// When the last piece was handed out.
    since: Option<Instant>,
}

impl Growing<'_> {
    fn sleep(&self, duration: Duration) {
        let state = self.shared.state();
        if !self.shared.is_over() {
            drop(
                self.shared
                    .wake
                    .wait_timeout(state, duration)
                    .unwrap_or_else(PoisonError::into_inner),
            );
        }
    }
}

impl Read for Growing<'_> {
    #[expect(
        clippy::disallowed_methods,
        reason = "how long to rest is measured by the work that was done"
    )]
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let is_behind = |flushed: u64| flushed.saturating_sub(self.at) > MOST_BEHIND;
        if let Some(since) = self
            .since
            .take()
            .filter(|_| !is_behind(self.flushed.bytes()))
        {
            let until = Instant::now() + since.elapsed() * REST;
            while !self.shared.is_over() && !self.shared.is_ending() && Instant::now() < until {
                self.sleep(until.saturating_duration_since(Instant::now()));
            }
        }
        loop {
            if self.shared.is_over() {
                return Ok(0);
            }
            let there = self.flushed.bytes().saturating_sub(self.at);
            if there > 0 {
                let most = usize::try_from(there).map_or(PIECE, |there| there.min(PIECE));
                let most = most.min(buffer.len());
                let read = self.file.read(&mut buffer[..most])?;
                self.at += read as u64;
                self.since = Some(Instant::now());
                return Ok(read);
            }
            let state = self.shared.state();
            if state.is_ending && state.expected <= self.at {
                return Ok(0);
            } else if state.expected > self.at {
                let beat = if state.is_ending { LAST_BEAT } else { BEAT };
                drop(state);
                self.sleep(beat);
            } else if !self.shared.is_over() {
                drop(
                    self.shared
                        .wake
                        .wait(state)
                        .unwrap_or_else(PoisonError::into_inner),
                );
            }
        }
    }
}

/// Lines, and how much text they were.
struct Counted<L> {
    lines: L,
    text: u64,
}

impl<R: Read> Counted<recording::Reader<R>> {
    /// Whether nothing before the end is in the way.
    fn is_whole(&self) -> bool {
        !matches!(self.lines.ending(), Some(Ending::Damaged { .. }))
    }
}

impl<L: LineSource> LineSource for Counted<L> {
    fn next_line(&mut self) -> Result<Option<&[u8]>, lines::Error> {
        let line = self.lines.next_line()?;
        if let Some(line) = line {
            self.text += line.len() as u64 + 1;
        }
        Ok(line)
    }

    fn take_line(&mut self) -> Vec<u8> {
        self.lines.take_line()
    }
}

fn follow(
    path: &Path,
    flushed: Flushed,
    key: Option<Key>,
    files: Option<(Files, Option<Ready>)>,
    shared: &Shared,
) -> Result<Option<Told>, recording::Error> {
    let growing = Growing {
        file: File::open(path)?,
        at: 0,
        flushed,
        shared,
        since: None,
    };
    let unlock: &dyn Unlock = match &key {
        Some(key) => key,
        None => &NoKey,
    };
    let lines = recording::Reader::open_with(growing, unlock)?;
    let Ok(mut reader) = asciicast::Reader::open(Counted { lines, text: 0 }) else {
        return Ok(None);
    };
    let mut screens = Screens::of(reader.header());
    let mut objects = match files {
        Some((files, rules)) => {
            let rules = rules.and_then(Ready::get);
            Some(files.begin(reader.header(), rules)?)
        }
        None => None,
    };
    while screens.is_some() || objects.is_some() {
        let event = match reader.next_event() {
            Ok(Some(event)) if !shared.is_over() => event,
            // All that was written was read.
            Ok(None) if shared.is_ending() && !shared.is_over() && reader.lines().is_whole() => {
                break;
            }
            _ => return Ok(None),
        };
        if let Some(pictures) = &mut screens
            && pictures.event(&event).is_none()
        {
            screens = None;
        }
        for frame in shared.due(reader.lines().text) {
            if let Some(picture) = screens.as_mut().and_then(|screens| screens.picture(frame)) {
                shared.add(picture);
            }
        }
        if let Some(objects) = &mut objects {
            objects.event(&event)?;
        }
    }
    Ok(match objects {
        Some(objects) => Some(objects.finish()?.told()),
        None => None,
    })
}
