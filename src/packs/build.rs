//! A pack is made: sessions of one day, one after the other, into its four files and its index.
//!
//! Nothing here reads a store, and nothing of a session that does not read goes into a pack. Memory is a row group, and the
//! grams of a segment.

use std::fs;
use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};

use chrono::NaiveDate;
use formats::derived::{Command, ReadLine};
use formats::lines::LineSource;
use formats::manifest::Manifest;
use formats::pack::{self, Covered, FORMAT, File, Index, Part, Telling};
use formats::recording::{self, Ending};
use formats::sealed::NoKey;
use parquet::errors::ParquetError;

use super::grams::GramsWriter;
use super::rows::{COMMANDS, LINES, Of, SESSIONS};
use super::table::TableWriter;
use crate::store::ReadSeek;

/// Text in a row group: what a search reads at least, where a gram is common. Less would cost others, and us, more to open than
/// to read.
const TEXT_IN_GROUP: usize = 1024 * 1024;
/// Rows of any group.
const ROWS_IN_GROUP: usize = 64 * 1024;
/// Sessions in a row group: their manifests are a few KiB each.
const SESSIONS_IN_GROUP: usize = 1024;

/// What is derived from a session, as its objects hold it.
pub(crate) struct Contents<'a> {
    pub(crate) lines: &'a mut dyn ReadSeek,
    pub(crate) commands: &'a mut dyn ReadSeek,
}

/// A pack under way.
pub(crate) struct Builder {
    folder: tempfile::TempDir,
    sessions: TableWriter<Sink>,
    commands: TableWriter<Sink>,
    lines: TableWriter<Sink>,
    grams: GramsWriter<Sink>,
    covers: Vec<Covered>,
    text: u64,
}

/// A pack that is made, in files that go with this.
#[derive(Debug)]
pub(crate) struct Made {
    folder: tempfile::TempDir,
    index: Index,
}

impl Made {
    /// What it holds.
    pub(crate) fn index(&self) -> &Index {
        &self.index
    }

    /// The same, with the word of another version for what made it.
    pub(crate) fn made_by(mut self, made_by: &str) -> Self {
        made_by.clone_into(&mut self.index.made_by);
        self
    }

    /// One of its files.
    pub(crate) fn path(&self, part: Part) -> PathBuf {
        path(self.folder.path(), part)
    }
}

impl Builder {
    /// A pack without sessions.
    pub(crate) fn new() -> Result<Self, Error> {
        let folder = tempfile::tempdir()?;
        let sink = |part| Sink::new(&path(folder.path(), part));
        Ok(Self {
            sessions: TableWriter::new(sink(Part::Sessions)?, "sessions", &SESSIONS)?,
            commands: TableWriter::new(sink(Part::Commands)?, "commands", &COMMANDS)?,
            lines: TableWriter::new(sink(Part::Lines)?, "lines", &LINES)?,
            grams: GramsWriter::new(sink(Part::Grams)?)?,
            covers: Vec::new(),
            text: 0,
            folder,
        })
    }

    /// Bytes of text of lines and commands in it.
    pub(crate) fn text(&self) -> u64 {
        self.text
    }

    /// Adds a session: newest first. Of one that only some may read, `contents` is nothing.
    ///
    /// # Errors
    /// With [`Error::Session`] it does not read, and is not in the pack; otherwise the pack is lost.
    pub(crate) fn session(
        &mut self,
        manifest: &[u8],
        contents: Option<Contents<'_>>,
    ) -> Result<(), Error> {
        let json = std::str::from_utf8(manifest).map_err(odd)?;
        let parsed = Manifest::parse(manifest.trim_ascii()).map_err(odd)?;
        let mut covered = Covered {
            session: parsed.session_id.clone(),
            manifest: pack::digest(manifest),
            sealed: contents.is_none(),
            ..Covered::default()
        };
        let of = Of::new(&parsed);
        if let Some(contents) = contents {
            // All of it reads before anything of it is written.
            covered.lines = each(
                contents.lines,
                |_| Ok(()),
                |line| ReadLine::parse(line).is_some(),
            )?;
            covered.commands = each(
                contents.commands,
                |_| Ok(()),
                |line| Command::parse(line).is_some(),
            )?;
            self.write(&of, contents).map_err(|error| match error {
                // Rows of it are written, which must not be without it.
                Error::Session(error) => Error::Write(io::Error::other(error)),
                other => other,
            })?;
        }
        let exit = parsed.exit.as_ref().map(|exit| exit.kind.to_string());
        let counts = (covered.lines, covered.commands);
        self.sessions
            .row(of.session(json, exit.as_deref(), counts))?;
        if self.sessions.in_group().0 >= SESSIONS_IN_GROUP {
            self.sessions.end_group()?;
        }
        self.covers.push(covered);
        Ok(())
    }

    /// The rows of its lines and commands.
    fn write(&mut self, of: &Of<'_>, contents: Contents<'_>) -> Result<(), Error> {
        let mut number = 0;
        each(
            contents.lines,
            |line| {
                if let Some(line) = ReadLine::parse(line) {
                    self.line(of, number, &line)?;
                    number += 1;
                }
                Ok(())
            },
            |_| true,
        )?;
        each(
            contents.commands,
            |line| match Command::parse(line) {
                Some(command) => self.command(of, &command),
                None => Ok(()),
            },
            |_| true,
        )?;
        Ok(())
    }

    fn line(&mut self, of: &Of<'_>, number: u64, line: &ReadLine<'_>) -> Result<(), Error> {
        self.lines.row(of.line(number, line))?;
        self.grams.line(&line.text);
        self.text += line.text.len() as u64;
        let (rows, text) = self.lines.in_group();
        if rows >= ROWS_IN_GROUP || text >= TEXT_IN_GROUP {
            self.lines.end_group()?;
            self.grams.end_group()?;
        }
        Ok(())
    }

    fn command(&mut self, of: &Of<'_>, command: &Command) -> Result<(), Error> {
        let context = command.context.join("/");
        let claims = (!command.claims.is_empty()).then(|| serde_json::to_string(&command.claims));
        let claims = claims.transpose().map_err(io::Error::from)?;
        self.commands
            .row(of.command(command, &context, claims.as_deref()))?;
        self.text += command.text.len() as u64;
        let (rows, text) = self.commands.in_group();
        if rows >= ROWS_IN_GROUP || text >= TEXT_IN_GROUP {
            self.commands.end_group()?;
        }
        Ok(())
    }

    /// The pack of a day, and which of that day's it is.
    pub(crate) fn finish(
        mut self,
        date: NaiveDate,
        number: u32,
        extractor: u32,
    ) -> Result<Made, Error> {
        if self.lines.in_group().0 > 0 {
            self.grams.end_group()?;
        }
        let (grams, of_grams) = self.grams.finish()?;
        let table = |table: TableWriter<Sink>| -> Result<File, Error> {
            let rows = table.rows();
            Ok(table.finish()?.finish(rows)?)
        };
        let index = Index {
            format: FORMAT,
            day: date.to_string(),
            number,
            made_by: made_by(),
            extractor,
            sessions: table(self.sessions)?,
            commands: table(self.commands)?,
            lines: table(self.lines)?,
            grams: grams.finish(of_grams)?,
            covers: self.covers,
        };
        Ok(Made {
            folder: self.folder,
            index,
        })
    }
}

/// Passes on every line of an object that `is_one`; tells how many there are.
fn each(
    object: &mut dyn ReadSeek,
    mut pass: impl FnMut(&[u8]) -> Result<(), Error>,
    is_one: impl Fn(&[u8]) -> bool,
) -> Result<u64, Error> {
    object.rewind().map_err(odd)?;
    let mut lines = recording::Reader::open_with(object, &NoKey).map_err(odd)?;
    let mut count = 0;
    while let Some(line) = lines.next_line().map_err(odd)? {
        count += u64::from(is_one(line));
        pass(line)?;
    }
    match lines.ending() {
        Some(Ending::Damaged { .. }) => {
            Err(odd(io::Error::new(ErrorKind::InvalidData, "it is damaged")))
        }
        _ => Ok(count),
    }
}

fn odd(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::Session(Box::new(error))
}

fn path(folder: &Path, part: Part) -> PathBuf {
    folder.join(format!("{}{}", part.name(), part.ending()))
}

/// How files are written: another number, other bytes of the same sessions.
const FILES: u32 = 2;

/// What this version calls itself in an index.
pub(crate) fn made_by() -> String {
    format!("ssm-rec {}, files {FILES}", env!("CARGO_PKG_VERSION"))
}

/// A file, and what its index tells of it.
struct Sink {
    file: BufWriter<fs::File>,
    telling: Telling,
}

impl Sink {
    fn new(path: &Path) -> io::Result<Self> {
        Ok(Self {
            file: BufWriter::new(fs::File::create_new(path)?),
            telling: Telling::default(),
        })
    }

    fn finish(mut self, count: u64) -> io::Result<File> {
        self.file.flush()?;
        Ok(self.telling.finish(count))
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.telling.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Why a pack cannot be made, or a session is not in it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// A session does not read.
    #[error("the session does not read")]
    Session(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The pack cannot be written.
    #[error("cannot write the pack")]
    Write(#[from] io::Error),
    /// A table cannot be written.
    #[error("cannot write a table of the pack")]
    Table(#[from] ParquetError),
}
