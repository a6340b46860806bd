//! The recorder: agent messages and times in, a finished recording out.
//!
//! Nothing here waits for the disk, and nothing is left out silently: what cannot be written is an error at once, so
//! that the session can end before anything is shown that is not recorded.

mod derived;
mod disk;
mod follower;
mod input;
pub(crate) mod objects;
mod screens;

use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use formats::asciicast::{Data, Header};
use formats::continuity::Continuity;
use formats::manifest::Manifest;
use formats::payload::Size;
use formats::recording::{self, Unsigned, Writer};
use formats::sealed::Seal;
use formats::tee::{Content, TeedMessage};
use formats::utf8::Utf8Joiner;
use formats::{AgentMessage, PayloadType};

pub use derived::Files;
use disk::Disk;
pub use disk::{Flushed, Sync};
pub use input::Input;

use disk::Gauge;
use follower::Follower;
use input::Echo;
use objects::Told;

use crate::rules::Session;

/// How long an event may wait in the compressor. The promise is one second; the rest is for a busy machine.
const FLUSH_AFTER: Duration = Duration::from_millis(800);
/// What must still fit on the disk after the last event: what the compressor and a chunk that is not sealed yet hold back
/// at their worst, the link, the manifest.
const TAIL: u64 = 640 * 1024;
/// What closing the open zstd frame adds to the tables at the end.
const TAIL_PER_FRAME: u64 = 64;

/// What a recording of this session holds beyond what every recording holds.
#[derive(Clone, Debug)]
pub struct Options {
    /// Which keys.
    pub input: Input,
    /// When written bytes are forced to the disk itself.
    pub sync: Sync,
    /// The zstd level for bulk output; while there is time, a higher one is used.
    pub level: i32,
    /// For whom the recording is sealed, when not everyone may read it.
    pub seal: Option<Seal>,
    /// Where lines and commands are written meanwhile, if they are to be.
    pub derived: Option<Files>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            input: Input::default(),
            sync: Sync::default(),
            level: recording::Options::default().level,
            seal: None,
            derived: None,
        }
    }
}

/// A recording under way.
pub struct Recorder {
    writer: Writer<Disk>,
    gauge: Gauge,
    origin: Instant,
    started_at_ms: i64,
    shown: Joiners,
    typed: Utf8Joiner,
    input: Input,
    echo: Echo,
    flush_at: Option<Instant>,
    follower: Follower,
    is_sealed: bool,
}

/// A recording that lacks its manifest alone. Dropped, it stays as one that was cut.
pub struct Ended(Unsigned<Disk>);

impl Ended {
    /// The exact bytes of the manifest, to be signed.
    #[must_use]
    pub fn to_sign(&self) -> &[u8] {
        self.0.to_sign()
    }

    /// Gives the manifest its place in the row of its client's, before it is signed.
    pub fn place(&mut self, continuity: Option<Continuity>) {
        self.0.place(continuity);
    }

    /// Writes the manifest with the signature over it, if there is one, and waits for the disk.
    ///
    /// # Errors
    /// It could not be written; the recording stays as one that was cut.
    pub fn finish(self, signature: Option<String>) -> Result<Manifest, Error> {
        let (disk, manifest) = self.0.finish(signature)?;
        disk.finish()?;
        Ok(manifest)
    }
}

/// Output and standard error are streams of their own: a character cut in one is not continued in the other.
#[derive(Debug, Default)]
struct Joiners {
    output: Utf8Joiner,
    std_err: Utf8Joiner,
}

impl Joiners {
    fn of(&mut self, payload_type: PayloadType) -> &mut Utf8Joiner {
        if payload_type == PayloadType::STD_ERR {
            &mut self.std_err
        } else {
            &mut self.output
        }
    }
}

impl Recorder {
    /// Opens the file and writes the header. Event times count from `origin`, which is `started_at_ms` on the wall clock.
    ///
    /// # Errors
    /// The file cannot be made, or there is no room on the disk.
    pub fn create(
        path: &Path,
        header: &Header,
        origin: Instant,
        started_at_ms: i64,
        options: Options,
    ) -> Result<Self, Error> {
        let mut container = recording::Options {
            level: options.level,
            ..recording::Options::default()
        };
        container.slow_level = container.slow_level.max(options.level);
        let disk = Disk::create(path, TAIL, options.sync)?;
        let key = options.seal.as_ref().map(|seal| seal.key.clone());
        Ok(Self {
            follower: Follower::new(path, disk.gauge().flushed(), key, options.derived),
            gauge: disk.gauge(),
            is_sealed: options.seal.is_some(),
            writer: match options.seal {
                Some(seal) => Writer::sealed(disk, header, container, seal)?,
                None => Writer::new(disk, header, container)?,
            },
            origin,
            started_at_ms,
            shown: Joiners::default(),
            typed: Utf8Joiner::default(),
            input: options.input,
            echo: Echo::default(),
            flush_at: Some(origin),
        })
    }

    /// Resolves when the disk has kept up and has room for more. To be awaited before the next message is taken; the
    /// future borrows nothing, so that keys can be recorded meanwhile.
    ///
    /// # Errors
    /// The disk is full or broken: the session must end.
    pub fn room(&self) -> impl Future<Output = Result<(), Error>> + Send + use<> {
        let (gauge, tail) = (self.gauge.clone(), self.tail());
        async move { Ok(gauge.room(tail).await?) }
    }

    /// Whether [`Recorder::room`] would resolve at once.
    ///
    /// # Errors
    /// As [`Recorder::room`].
    pub fn has_room(&self) -> Result<bool, Error> {
        Ok(self.gauge.has_room(self.tail())?)
    }

    /// Tells from any thread how much of the file can be read by itself, to its very end.
    #[must_use]
    pub fn flushed(&self) -> Flushed {
        self.gauge.flushed()
    }

    /// Records a message whose payload is about to be shown.
    ///
    /// # Errors
    /// The event could not be written; do not show it.
    pub fn output(&mut self, at: Instant, message: &AgentMessage) -> Result<(), Error> {
        let since = self.since(at);
        let joined = self.shown.of(message.payload_type).join(&message.payload);
        let content = if joined.is_exact {
            Content::Next
        } else {
            Content::Here(message.payload.clone())
        };
        self.writer.message(
            since,
            &TeedMessage::of(message, content, self.started_at_ms, since),
        )?;
        if !joined.text.is_empty() {
            self.writer.output(since, &joined.text)?;
        }
        if self.input == Input::Echoed {
            self.echo.shown(&joined.text);
            self.write_input(since)?;
        }
        self.wrote(at)
    }

    /// Records a message that shows nothing, with its payload.
    ///
    /// # Errors
    /// The event could not be written.
    pub fn message(&mut self, at: Instant, message: &AgentMessage) -> Result<(), Error> {
        self.tee(at, message, Content::Here(message.payload.clone()))
    }

    /// Records a message that had come before and was dropped.
    ///
    /// # Errors
    /// The event could not be written.
    pub fn duplicate(&mut self, at: Instant, message: &AgentMessage) -> Result<(), Error> {
        self.tee(at, message, Content::Duplicate)
    }

    /// Records a message without its payload: the data of a port session, in either direction.
    ///
    /// # Errors
    /// The event could not be written.
    pub fn omitted(&mut self, at: Instant, message: &AgentMessage) -> Result<(), Error> {
        self.tee(at, message, Content::Omitted)
    }

    /// Records bytes that were no agent message.
    ///
    /// # Errors
    /// The event could not be written.
    pub fn malformed(&mut self, at: Instant, bytes: bytes::Bytes) -> Result<(), Error> {
        let since = self.since(at);
        self.writer.message(since, &TeedMessage::malformed(bytes))?;
        self.wrote(at)
    }

    /// Records what was typed, as far as the recording is to hold it.
    ///
    /// # Errors
    /// The event could not be written.
    pub fn input(&mut self, at: Instant, keys: &[u8]) -> Result<(), Error> {
        let text = self.typed.join(keys).text.into_owned();
        match self.input {
            Input::Off => return Ok(()),
            Input::Echoed => self.echo.typed(at, &text),
            Input::All if text.is_empty() => return Ok(()),
            Input::All => return self.event(at, &Data::Input(text)),
        }
        self.write_input(self.since(at))?;
        self.wrote(at)
    }

    /// Records a new size of the terminal.
    ///
    /// # Errors
    /// The event could not be written.
    pub fn resize(&mut self, at: Instant, size: Size) -> Result<(), Error> {
        self.event(at, &Data::Resize(size))
    }

    /// Records a marker: a gap, a connection, the person's own note.
    ///
    /// # Errors
    /// The event could not be written.
    pub fn marker(&mut self, at: Instant, label: &str) -> Result<(), Error> {
        self.event(at, &Data::Marker(label.to_owned()))
    }

    /// Records the remote command's exit status.
    ///
    /// # Errors
    /// The event could not be written.
    pub fn exit(&mut self, at: Instant, status: i32) -> Result<(), Error> {
        self.event(at, &Data::Exit(status))
    }

    /// When to call [`Recorder::handle_timeout`]; to be asked again after every call above.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        [self.flush_at, self.echo.poll_timeout()]
            .into_iter()
            .flatten()
            .min()
    }

    /// Flushes what has waited long enough.
    ///
    /// # Errors
    /// It could not be written.
    pub fn handle_timeout(&mut self, now: Instant) -> Result<(), Error> {
        self.echo.handle_timeout(now);
        if self.write_input(self.since(now))? {
            self.flush_at.get_or_insert(now + FLUSH_AFTER);
        }
        if self.flush_at.is_some_and(|due| due <= now) {
            self.writer.flush()?;
            self.writer.sink_mut().sync();
            self.follower.flushed(self.writer.compressed_size());
            self.flush_at = None;
        }
        Ok(())
    }

    /// Writes what is left of the session, which tells what is to be signed. What is derived from it may take as long as
    /// `patience`, and is left out then.
    ///
    /// # Errors
    /// It could not be written; what was flushed before is still readable.
    pub fn end(
        mut self,
        at: Instant,
        manifest: Manifest,
        patience: Duration,
    ) -> Result<Ended, Error> {
        let since = self.since(at);
        self.echo.finish();
        self.write_input(since)?;
        for joiner in [&mut self.shown.output, &mut self.shown.std_err] {
            if let Some(text) = joiner.finish() {
                self.writer.output(since, text)?;
            }
        }
        // A session that ended in silence lasted until now: players and exports of every kind take the time from events.
        if self.writer.last_event() < since {
            self.writer.output(since, "")?;
        }
        self.writer.flush()?;
        self.writer.sink_mut().sync();
        let told = self
            .follower
            .finish(self.writer.compressed_size(), patience);
        let manifest = match told {
            Some(Told { derived, rules }) => Manifest {
                derived: Some(derived),
                rules: rules.map(|rules| {
                    let verdict = rules.finish(&Session::of(&manifest));
                    verdict.claim(self.is_sealed)
                }),
                ..manifest
            },
            None => manifest,
        };
        let mut unsigned = self.writer.end(manifest)?;
        // The signature may be long in coming; until then the recording is as safe as during the session.
        unsigned.sink_mut().sync();
        Ok(Ended(unsigned))
    }

    fn tail(&self) -> u64 {
        TAIL + self.writer.tables_size() + TAIL_PER_FRAME
    }

    fn since(&self, at: Instant) -> Duration {
        at.saturating_duration_since(self.origin)
    }

    fn tee(&mut self, at: Instant, message: &AgentMessage, content: Content) -> Result<(), Error> {
        let since = self.since(at);
        self.writer.message(
            since,
            &TeedMessage::of(message, content, self.started_at_ms, since),
        )?;
        self.wrote(at)
    }

    fn event(&mut self, at: Instant, data: &Data) -> Result<(), Error> {
        self.writer.event(self.since(at), data)?;
        self.wrote(at)
    }

    /// Writes input that has met its echo. Tells whether there was any.
    fn write_input(&mut self, since: Duration) -> Result<bool, Error> {
        let Some(text) = self.echo.poll() else {
            return Ok(false);
        };
        self.writer.event(since, &Data::Input(text))?;
        Ok(true)
    }

    fn wrote(&mut self, at: Instant) -> Result<(), Error> {
        self.follower.border(self.writer.border());
        for picture in self.follower.take() {
            match self
                .writer
                .late_snapshot(picture.frame, picture.size, &picture.text)
            {
                // A screen of this size is not worth its bytes.
                Ok(()) | Err(recording::Error::Snapshot(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        let due = *self.flush_at.get_or_insert(at + FLUSH_AFTER);
        if due <= at {
            self.handle_timeout(at)
        } else {
            Ok(())
        }
    }
}

/// Why the recording cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file cannot be made, written or given room.
    #[error("the recording cannot be written")]
    Disk(#[from] io::Error),
    /// The container refuses.
    #[error("the recording cannot be written")]
    Container(#[from] recording::Error),
}

#[cfg(test)]
mod tests;
