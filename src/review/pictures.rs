//! Whether the pictures of the screen in a recording are what its text draws, compared as screens and not as bytes.
//!
//! Each stretch from one picture to the next stands alone, so that they are drawn side by side. Nothing here is told before
//! it was drawn once more from the very beginning: a picture may leave out what is only seen later.

use std::collections::BTreeSet;
use std::io::{self, Read, Seek, SeekFrom};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use formats::asciicast::{self, Code, Data, LineFeeds};
use formats::recording::{self, Fault, FaultKind, Point, Seekable, Snapshot};
use formats::sealed::Unlock;

use crate::screen::{Emulator, Size};

/// The handshake takes a few messages.
const BEFORE_OUTPUT: usize = 64;

/// The first picture that the text does not draw; `None` when there is none. As many threads as `threads` draw.
///
/// # Errors
/// The source cannot be read, or its text is none.
pub fn check<R: Read + Seek + Send>(
    source: R,
    unlock: &(dyn Unlock + Sync),
    threads: usize,
) -> Result<Option<Fault>, Error> {
    let source = Mutex::new(source);
    let mut reader = open(&source, unlock)?;
    let pictured = reader.lines().pictured();
    let mut stretches = Vec::with_capacity(pictured.len());
    let mut from = 0;
    for (to, _) in &pictured {
        stretches.push((from, *to));
        from = *to;
    }
    let line_feeds = line_feeds(&mut reader)?;
    let doubtful = doubtful(&source, unlock, &stretches, (&line_feeds, threads))?;
    if doubtful.is_empty() {
        return Ok(None);
    }
    let Some((frame, point)) = confirmed(&mut reader, &doubtful, line_feeds.clone())? else {
        return Ok(None);
    };
    // Earlier clients drew the text of commands without a terminal as it came.
    if line_feeds.are_line_ends() {
        let all = stretches.iter().map(|(_, to)| *to).collect();
        if confirmed(&mut reader, &all, LineFeeds::default())?.is_none() {
            return Ok(None);
        }
    }
    let at = pictured.iter().find(|(pictured, _)| *pictured == frame);
    let at = at.map_or(0, |(_, at)| *at);
    Ok(Some(Fault {
        frame: Some(frame as u64),
        bytes: at..at + 8,
        from: point.map(|point| point.at).unwrap_or_default(),
        to: None,
        kind: FaultKind::Picture,
    }))
}

type Reader<'a, R> = asciicast::Reader<Seekable<Shared<'a, R>>>;

fn open<'a, R: Read + Seek>(
    source: &'a Mutex<R>,
    unlock: &(dyn Unlock + Sync),
) -> Result<Reader<'a, R>, Error> {
    let lines = Seekable::open_with(Shared { source, at: 0 }, unlock)?;
    Ok(asciicast::Reader::open(lines)?)
}

/// What line feeds mean, by the header and by the messages before the first output.
fn line_feeds<R: Read + Seek>(reader: &mut Reader<'_, R>) -> Result<LineFeeds, Error> {
    let mut line_feeds = LineFeeds::of(reader.header());
    for _ in 0..BEFORE_OUTPUT {
        match reader.next_event()?.map(|event| event.data) {
            Some(Data::Message(message)) => line_feeds.message(&message),
            Some(Data::Output(_)) | None => break,
            Some(_) => {}
        }
    }
    Ok(line_feeds)
}

/// The pictures that do not follow from those before them.
fn doubtful<R: Read + Seek + Send>(
    source: &Mutex<R>,
    unlock: &(dyn Unlock + Sync),
    stretches: &[(usize, usize)],
    (line_feeds, threads): (&LineFeeds, usize),
) -> Result<BTreeSet<usize>, Error> {
    let next = AtomicUsize::new(0);
    let draw = || -> Result<Vec<usize>, Error> {
        let mut doubtful = Vec::new();
        let mut reader = None;
        while let Some(&(from, to)) = stretches.get(next.fetch_add(1, Ordering::Relaxed)) {
            let reader = match &mut reader {
                Some(reader) => reader,
                none => none.insert(open(source, unlock)?),
            };
            if !follows(reader, line_feeds.clone(), from, to)? {
                doubtful.push(to);
            }
        }
        Ok(doubtful)
    };
    let threads = threads.clamp(1, stretches.len().max(1));
    let found: Vec<Result<Vec<usize>, Error>> = thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(draw)).collect();
        let mut found = vec![draw()];
        for other in others {
            found.push(other.join().unwrap_or(Err(Error::BrokenOff)));
        }
        found
    });
    let mut all = BTreeSet::new();
    for found in found {
        all.extend(found?);
    }
    Ok(all)
}

/// Whether the picture before frame `to` is what the one before frame `from` and the text between them draw.
fn follows<R: Read + Seek>(
    reader: &mut Reader<'_, R>,
    mut line_feeds: LineFeeds,
    from: usize,
    to: usize,
) -> Result<bool, Error> {
    let mut screen = match (from, reader.seek_frame(from)?) {
        (0, _) => Emulator::for_pictures(reader.header().term.size()),
        (
            _,
            Some(Point {
                snapshot: Some(picture),
                ..
            }),
        ) => drawn(&picture),
        // It is told of where it is the end of a stretch; what follows it follows from the text alone.
        _ => return Ok(false),
    };
    draw(reader, &mut screen, &mut line_feeds, to)?;
    let point = reader.seek_frame(to)?;
    Ok(point
        .and_then(|point| point.snapshot)
        .is_some_and(|picture| is_same(&screen, &picture)))
}

/// Draws from the beginning on, up to the first of these pictures that is another.
fn confirmed<R: Read + Seek>(
    reader: &mut Reader<'_, R>,
    doubtful: &BTreeSet<usize>,
    mut line_feeds: LineFeeds,
) -> Result<Option<(usize, Option<Point>)>, Error> {
    let mut screen = Emulator::for_pictures(reader.header().term.size());
    let mut from = 0;
    for &to in doubtful {
        reader.seek_frame(from)?;
        draw(reader, &mut screen, &mut line_feeds, to)?;
        let point = reader.seek_frame(to)?;
        let picture = point.as_ref().and_then(|point| point.snapshot.as_ref());
        if !picture.is_some_and(|picture| is_same(&screen, picture)) {
            return Ok(Some((to, point)));
        }
        from = to;
    }
    Ok(None)
}

/// Shows the text before frame `to`.
fn draw<R: Read + Seek>(
    reader: &mut Reader<'_, R>,
    screen: &mut Emulator,
    line_feeds: &mut LineFeeds,
    to: usize,
) -> Result<(), Error> {
    let mut data = Vec::new();
    loop {
        data.clear();
        let Some(event) = reader.next_into(&mut data)? else {
            return Ok(());
        };
        if reader.lines().frame() >= to {
            return Ok(());
        }
        let text = std::str::from_utf8(&data).unwrap_or_default();
        match event.code {
            Code::Output => screen.feed(&line_feeds.shown(text)),
            Code::Resize => {
                if let Some((cols, rows)) = text.split_once('x')
                    && let (Ok(cols), Ok(rows)) = (cols.parse(), rows.parse())
                {
                    screen.resize(Size { cols, rows });
                }
            }
            _ => {}
        }
    }
}

fn drawn(picture: &Snapshot) -> Emulator {
    let (cols, rows) = (picture.cols, picture.rows);
    let mut screen = Emulator::for_pictures(Size { cols, rows });
    screen.feed(&picture.text);
    screen
}

/// What is seen and what decides how it goes on: cells, cursor, modes, both buffers.
fn is_same(screen: &Emulator, picture: &Snapshot) -> bool {
    let picture = drawn(picture);
    screen.extent() == picture.extent() && screen.dump() == picture.dump()
}

/// One source, read by several readers, each at its own place.
struct Shared<'a, R> {
    source: &'a Mutex<R>,
    at: u64,
}

impl<R: Read + Seek> Read for Shared<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut source = self.source.lock().unwrap_or_else(PoisonError::into_inner);
        source.seek(SeekFrom::Start(self.at))?;
        let read = source.read(buffer)?;
        self.at += read as u64;
        Ok(read)
    }
}

impl<R: Seek> Seek for Shared<'_, R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.at = match to {
            SeekFrom::Start(at) => at,
            SeekFrom::Current(by) => self
                .at
                .checked_add_signed(by)
                .ok_or(io::ErrorKind::InvalidInput)?,
            SeekFrom::End(_) => {
                let mut source = self.source.lock().unwrap_or_else(PoisonError::into_inner);
                source.seek(to)?
            }
        };
        Ok(self.at)
    }
}

/// Why the pictures could not be compared.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The container does not read.
    #[error(transparent)]
    Recording(#[from] recording::Error),
    /// Its text does not.
    #[error(transparent)]
    Asciicast(#[from] asciicast::Error),
    /// A thread is gone.
    #[error("the comparison of pictures broke off")]
    BrokenOff,
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;
    use std::time::Duration;

    use formats::asciicast::{Header, Session, Term};
    use formats::manifest::Manifest;
    use formats::recording::{Options, Writer};
    use formats::sealed::{KEY, Key, NoKey, SALT, Seal};

    use super::*;

    const SIZE: Size = Size { cols: 40, rows: 6 };

    /// A recording with a picture behind every tenth event, each as `picture` makes it of the true screen.
    fn recording(texts: &[&str], picture: impl Fn(usize, &Emulator) -> (Size, String)) -> Vec<u8> {
        written(texts, picture, None, None)
    }

    fn written(
        texts: &[&str],
        picture: impl Fn(usize, &Emulator) -> (Size, String),
        seal: Option<Seal>,
        document: Option<&str>,
    ) -> Vec<u8> {
        let ssm = document.map(|document| Session {
            document: Some(document.to_owned()),
            ..Session::default()
        });
        let header = Header {
            ssm,
            term: Term {
                cols: SIZE.cols,
                rows: SIZE.rows,
                ..Term::default()
            },
            ..Header::default()
        };
        let options = Options::default();
        let mut writer = match seal {
            Some(seal) => Writer::sealed(Vec::new(), &header, options, seal).unwrap(),
            None => Writer::new(Vec::new(), &header, options).unwrap(),
        };
        let mut screen = Emulator::new(SIZE);
        for (number, text) in texts.iter().enumerate() {
            let at = Duration::from_millis(number as u64);
            match text.strip_prefix("resize ") {
                Some(size) => {
                    let (cols, rows) = size.split_once('x').unwrap();
                    let (cols, rows) = (cols.parse().unwrap(), rows.parse().unwrap());
                    let size = Size { cols, rows };
                    writer.event(at, &Data::Resize(size)).unwrap();
                    screen.resize(size);
                }
                None => {
                    writer.output(at, text).unwrap();
                    screen.feed(text);
                }
            }
            if number % 10 == 9 {
                let (size, text) = picture(number / 10, &screen);
                writer.snapshot(size, &text).unwrap();
            }
        }
        writer.output(Duration::from_secs(1), "end").unwrap();
        writer.finish(Manifest::default(), |_| None).unwrap().0
    }

    fn right(_: usize, screen: &Emulator) -> (Size, String) {
        (screen.extent(), screen.dump())
    }

    fn found(bytes: &[u8]) -> Option<u64> {
        let one = check(Cursor::new(bytes), &NoKey, 1).unwrap();
        let side_by_side = check(Cursor::new(bytes), &NoKey, 3).unwrap();
        assert_eq!(one, side_by_side);
        one.map(|fault| {
            assert_eq!(fault.kind, FaultKind::Picture);
            fault.frame.unwrap()
        })
    }

    fn texts() -> Vec<&'static str> {
        let some = [
            "one\r\n",
            "\x1b[31mred ",
            "\x1b[2;5H",
            "wide 漢字\r\n",
            "\x1b[?1049h",
            "\x1b[38;2;1;2",
            ";3mcut in a sequence",
            "resize 30x8",
            "\x1b[3;6r\x1b[?6h",
            "x\u{1b}7",
            "\x1b[?1049l",
            "1234567890123456789012345678901234567890",
            "resize 50x10",
            "\x1b[?25l\x1b(0qqq\x1b(B",
        ];
        some.into_iter().cycle().take(60).collect()
    }

    #[test]
    fn pictures_that_the_text_draws_are_right_however_they_are_written() {
        let texts = texts();
        assert_eq!(found(&recording(&texts, right)), None);
        // The same screens in other words.
        let otherwise = |_: usize, screen: &Emulator| {
            let text = format!("rubbish\x1bc{}", screen.dump());
            (screen.extent(), text)
        };
        assert_eq!(found(&recording(&texts, otherwise)), None);
        assert_eq!(found(&recording(&texts[..5], right)), None, "none at all");
    }

    #[test]
    fn a_picture_that_the_text_does_not_draw_is_found_wherever_it_stands() {
        let texts = texts();
        for wrong in 0..6 {
            let forge = |change: &dyn Fn(&Emulator) -> (Size, String)| {
                let bytes = recording(&texts, |number, screen| match number == wrong {
                    true => change(screen),
                    false => right(number, screen),
                });
                assert_eq!(found(&bytes), Some(wrong as u64 + 1));
            };
            forge(&|screen| (screen.extent(), "$ uptime\r\n".to_owned()));
            forge(&|screen| (screen.extent(), screen.dump() + "\x1b[1;1H"));
            forge(&|screen| (screen.extent(), screen.dump() + "\x1b[44m"));
            forge(&|screen| {
                let mut size = screen.extent();
                size.rows += 1;
                (size, screen.dump())
            });
        }
    }

    #[test]
    fn pictures_of_an_encrypted_recording_are_drawn_again_with_its_key() {
        let texts = texts();
        let key = Key::new([1; KEY]);
        let seal = || Seal {
            key: key.clone(),
            salt: [2; SALT],
            wrapped: Vec::new(),
            recipients: Vec::new(),
        };
        let look = |bytes: Vec<u8>| check(Cursor::new(bytes), &key, 2).unwrap();
        assert_eq!(look(written(&texts, right, Some(seal()), None)), None);
        let forged = |number: usize, screen: &Emulator| match number {
            2 => (screen.extent(), "$ uptime\r\n".to_owned()),
            _ => right(number, screen),
        };
        let fault = look(written(&texts, forged, Some(seal()), None)).unwrap();
        assert_eq!((fault.frame, fault.kind), (Some(3), FaultKind::Picture));
    }
    #[test]
    fn pictures_of_a_command_without_a_terminal_are_right_as_lines_and_as_they_once_were() {
        let texts = ["a\nb\n"; 30];
        let document = Some("AWS-StartNonInteractiveCommand");
        let lines = |number: usize, _: &Emulator| {
            let mut screen = Emulator::new(SIZE);
            screen.feed(&"a\r\nb\r\n".repeat(10 * (number + 1)));
            right(number, &screen)
        };
        assert_eq!(found(&written(&texts, lines, None, document)), None);
        assert_eq!(found(&written(&texts, right, None, document)), None);
        let forged = |number: usize, screen: &Emulator| match number {
            1 => (SIZE, "$ uptime\r\n".to_owned()),
            _ => lines(number, screen),
        };
        assert_eq!(found(&written(&texts, forged, None, document)), Some(2));
        // A shell's are not lines.
        let shell = Some("SSM-SessionManagerRunShell");
        assert_eq!(found(&written(&texts, lines, None, shell)), Some(1));
    }
}
