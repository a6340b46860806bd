//! The recorder: agent messages and times in, a finished recording out.
//!
//! Nothing here waits for the disk, and nothing is left out silently: what cannot be written is an error at once, so
//! that the session can end before anything is shown that is not recorded.

mod disk;
mod input;
mod screens;

use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use formats::asciicast::{Data, Header};
use formats::manifest::Manifest;
use formats::payload::Size;
use formats::recording::{self, Unsigned, Writer};
use formats::sealed::Seal;
use formats::tee::{Content, TeedMessage};
use formats::utf8::Utf8Joiner;
use formats::{AgentMessage, PayloadType};

use disk::Disk;
pub use disk::{Flushed, Sync};
pub use input::Input;

use disk::Gauge;
use input::Echo;
use screens::Screens;

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
}

impl Default for Options {
    fn default() -> Self {
        Self {
            input: Input::default(),
            sync: Sync::default(),
            level: recording::Options::default().level,
            seal: None,
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
    screens: Screens,
}

/// A recording that lacks its manifest alone. Dropped, it stays as one that was cut.
pub struct Ended(Unsigned<Disk>);

impl Ended {
    /// The exact bytes of the manifest, to be signed.
    #[must_use]
    pub fn to_sign(&self) -> &[u8] {
        self.0.to_sign()
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
            screens: Screens::new(path, disk.gauge().flushed(), key),
            gauge: disk.gauge(),
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
            self.screens.flushed(self.writer.compressed_size());
            self.flush_at = None;
        }
        Ok(())
    }

    /// Writes what is left of the session, which tells what is to be signed.
    ///
    /// # Errors
    /// It could not be written; what was flushed before is still readable.
    pub fn end(mut self, at: Instant, manifest: Manifest) -> Result<Ended, Error> {
        let since = self.since(at);
        self.echo.finish();
        self.write_input(since)?;
        for joiner in [&mut self.shown.output, &mut self.shown.std_err] {
            if let Some(text) = joiner.finish() {
                self.writer.output(since, text)?;
            }
        }
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
        self.screens.border(self.writer.border());
        for picture in self.screens.take() {
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
#[allow(
    clippy::disallowed_methods,
    reason = "a fake clock needs one true instant to start from"
)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use formats::asciicast::Term;
    use formats::{Flags, MessageType};
    use uuid::Uuid;

    struct Bench {
        folder: tempfile::TempDir,
        recorder: Recorder,
        now: Instant,
        sent: i64,
    }

    impl Bench {
        fn new(input: Input) -> Self {
            let folder = tempfile::tempdir().unwrap();
            let header = Header {
                term: Term {
                    cols: 80,
                    rows: 24,
                    ..Term::default()
                },
                ..Header::default()
            };
            let now = Instant::now();
            let path = folder.path().join("a.cast.zst");
            let options = Options {
                input,
                sync: Sync::End,
                ..Options::default()
            };
            let recorder =
                Recorder::create(&path, &header, now, 1_700_000_000_000, options).unwrap();
            Self {
                folder,
                recorder,
                now,
                sent: 0,
            }
        }

        fn show(&mut self, payload: &'static [u8]) {
            let message = AgentMessage {
                message_type: MessageType::OutputStreamData,
                schema_version: 1,
                created_date: 1_700_000_000_123,
                sequence_number: self.sent,
                flags: Flags::NONE,
                message_id: Uuid::from_u128(1),
                payload_type: PayloadType::OUTPUT,
                payload: Bytes::from_static(payload),
            };
            self.sent += 1;
            self.recorder.output(self.now, &message).unwrap();
        }

        /// The events as text, without times.
        fn text(&self) -> String {
            // The thread writes as soon as it is woken; a sound file is there within moments.
            std::thread::sleep(Duration::from_millis(50));
            let file = std::fs::read(self.folder.path().join("a.cast.zst")).unwrap();
            let mut text = String::new();
            let mut decoder = zstd::stream::read::Decoder::new(&file[..]).unwrap();
            // A file that is still growing ends in the middle of a frame.
            let _ = std::io::Read::read_to_string(&mut decoder, &mut text);
            text.lines()
                .skip(1)
                .filter_map(|line| line.split_once(", "))
                .map(|(_, event)| format!("{event}\n"))
                .collect()
        }

        /// Pictures that were made, taken or not.
        fn pictures(&self) -> usize {
            self.recorder.screens.made()
        }

        fn finish(self) -> String {
            let Self {
                folder,
                recorder,
                now,
                sent,
            } = self;
            let manifest = recorder
                .end(now, Manifest::default())
                .and_then(|ended| ended.finish(None))
                .unwrap();
            assert_eq!(manifest.counts.messages, u64::try_from(sent).unwrap());
            let file = std::fs::read(folder.path().join("a.cast.zst")).unwrap();
            let text = String::from_utf8(zstd::decode_all(&file[..]).unwrap()).unwrap();
            text.lines()
                .skip(1)
                .filter_map(|line| line.split_once(", "))
                .map(|(_, event)| format!("{event}\n"))
                .collect()
        }
    }

    #[test]
    fn output_leaves_its_message_and_its_text() {
        let mut bench = Bench::new(Input::Off);
        bench.show(b"caf\xc3");
        bench.show(b"\xa9\n");
        bench.show(b"plain");
        assert_eq!(
            bench.finish(),
            "\"f\", \"output_stream_data 0 1 +123 4 base64:Y2Fmww==\"]\n\"o\", \"caf\"]\n\
             \"f\", \"output_stream_data + 1 +123 2 base64:qQo=\"]\n\"o\", \"é\\n\"]\n\
             \"f\", \"output_stream_data + 1 +123 5\"]\n\"o\", \"plain\"]\n"
        );
    }

    #[test]
    fn an_event_is_on_the_disk_within_a_second() {
        let mut bench = Bench::new(Input::Off);
        bench.recorder.handle_timeout(bench.now).unwrap();
        bench.show(b"soon");
        let due = bench.recorder.poll_timeout().unwrap();
        assert!(due <= bench.now + Duration::from_secs(1));
        assert!(!bench.text().contains("soon"));
        bench.recorder.handle_timeout(due).unwrap();
        assert!(bench.text().contains("soon"));
        assert_eq!(bench.recorder.poll_timeout(), None);
    }

    /// Much more than stands between two pictures, each line with its number in a color of its own.
    #[test]
    fn a_long_recording_holds_what_the_screen_was() {
        use formats::asciicast::{Data, Reader};
        use formats::recording::Seekable;
        let mut bench = Bench::new(Input::Off);
        let mut line = 0;
        let mut text = String::new();
        for _ in 0..16 {
            for _ in 0..256 {
                text.clear();
                while text.len() < 1000 {
                    line += 1;
                    text.push_str(&format!("\x1b[3{}mline {line}\x1b[0m\r\n", line % 8));
                }
                bench.show(Box::leak(text.clone().into_boxed_str()).as_bytes());
            }
            bench.now += Duration::from_secs(2);
            bench.recorder.handle_timeout(bench.now).unwrap();
        }
        // The pictures are made beside; each is taken when something is recorded after it.
        let started = Instant::now();
        while bench.pictures() < 3 {
            assert!(started.elapsed() < Duration::from_secs(120), "no pictures");
            std::thread::sleep(Duration::from_millis(20));
            bench.show(b".");
        }
        // They are written before the next frame.
        let text: &'static str = Box::leak(text.into_boxed_str());
        for _ in 0..2000 {
            bench.show(text.as_bytes());
        }
        let path = bench.folder.path().join("a.cast.zst");
        let Bench {
            folder,
            recorder,
            now,
            ..
        } = bench;
        recorder
            .end(now, Manifest::default())
            .and_then(|ended| ended.finish(None))
            .unwrap();
        let open = || {
            let file = std::fs::File::open(&path).unwrap();
            Reader::open(Seekable::open(file).unwrap()).unwrap()
        };
        let mut found = 0;
        for second in (2..32).step_by(2) {
            let to = Duration::from_secs(second);
            let mut reader = open();
            let Some(screen) = reader.seek_screen(to).unwrap().unwrap().snapshot else {
                continue;
            };
            found += 1;
            let feed = |terminal: &mut avt::Terminal, reader: Reader<_>| {
                for event in reader.map(Result::unwrap).take_while(|event| event.at < to) {
                    if let Data::Output(text) = event.data {
                        terminal.feed(text.as_str());
                    }
                }
            };
            let mut quick = avt::Terminal::new(screen.cols.into(), screen.rows.into()).unwrap();
            quick.feed(screen.text.as_str());
            feed(&mut quick, reader);
            let mut right = avt::Terminal::new(80, 24).unwrap();
            feed(&mut right, open());
            assert_eq!(quick.dump(), right.dump(), "{second}");
        }
        assert!(found >= 3, "{found}");
        drop(folder);
    }

    #[test]
    fn keys_are_recorded_only_as_far_as_asked() {
        for (input, recorded) in [
            (Input::Off, ""),
            (Input::Echoed, "\"i\", \"l\"]\n\"i\", \"•••\"]\n"),
            (Input::All, "\"i\", \"l\"]\n\"i\", \"secret\"]\n"),
        ] {
            let mut bench = Bench::new(input);
            bench.recorder.input(bench.now, b"l").unwrap();
            bench.show(b"l");
            bench.recorder.input(bench.now, b"secret").unwrap();
            let text: String = bench
                .finish()
                .lines()
                .filter(|line| line.starts_with("\"i\""))
                .map(|line| format!("{line}\n"))
                .collect();
            assert_eq!(text, recorded);
        }
    }
}
