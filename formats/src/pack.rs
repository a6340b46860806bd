//! The index of a pack: which sessions of a day stand together in a few larger files, so that many are read as few.
//!
//! Nothing here is evidence. A pack is made of manifests, lines and commands, and whoever doubts it makes it again; no time and
//! no name of a person is in it, so that the same sessions give the same bytes.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// What this version writes in [`Index::format`].
pub const FORMAT: u32 = 1;
/// The longest index taken: of a quarter of a million sessions.
pub const MAX_INDEX: usize = 64 * 1024 * 1024;
/// A file of a pack is vouched for in pieces of so many bytes, so that a part of it can be read and checked by itself.
pub const PIECE: usize = 64 * 1024;

/// One of the files of a pack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// A row a session.
    Sessions,
    /// A row a command.
    Commands,
    /// A row a line.
    Lines,
    /// Which trigrams stand in which row groups of the lines.
    Grams,
}

impl Part {
    /// All of them, in the order in which they are stored.
    pub const ALL: [Self; 4] = [Self::Sessions, Self::Commands, Self::Lines, Self::Grams];

    /// The folder below `packs/`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Sessions => "sessions",
            Self::Commands => "commands",
            Self::Lines => "lines",
            Self::Grams => "grams",
        }
    }

    /// How its name ends.
    #[must_use]
    pub fn ending(self) -> &'static str {
        match self {
            Self::Grams => ".grams",
            Self::Sessions | Self::Commands | Self::Lines => ".parquet",
        }
    }
}

/// What a pack holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Index {
    /// [`FORMAT`]; a reader refuses a later one.
    pub format: u32,
    /// The day of its sessions, `2026-11-23`.
    pub day: String,
    /// Which of that day's packs it is, counted from 1.
    pub number: u32,
    /// What made it: `ssm-rec` and a version.
    pub made_by: String,
    /// By which rules its lines and commands were made.
    pub extractor: u32,
    /// A row a session.
    pub sessions: File,
    /// A row a command.
    pub commands: File,
    /// A row a line.
    pub lines: File,
    /// Which trigrams stand in which row groups of the lines.
    pub grams: File,
    /// The sessions, in the order of the rows.
    pub covers: Vec<Covered>,
}

/// A file of a pack.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct File {
    /// SHA-256 of its bytes, 64 hexadecimal digits.
    pub digest: String,
    /// How many they are.
    pub bytes: u64,
    /// Rows; of the grams, how many there are.
    pub count: u64,
    /// Of each [`PIECE`] the first 16 bytes of its SHA-256, 32 hexadecimal digits.
    pub pieces: Vec<String>,
}

/// A session in a pack.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Covered {
    /// Its id.
    pub session: String,
    /// SHA-256 of its manifest's bytes, which vouches for its lines and commands. 64 hexadecimal digits.
    pub manifest: String,
    /// Rows of its lines.
    pub lines: u64,
    /// Rows of its commands.
    pub commands: u64,
    /// Only some may read it: its lines and commands are in no pack.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub sealed: bool,
}

impl Index {
    /// One of the files.
    #[must_use]
    pub fn file(&self, part: Part) -> &File {
        match part {
            Part::Sessions => &self.sessions,
            Part::Commands => &self.commands,
            Part::Lines => &self.lines,
            Part::Grams => &self.grams,
        }
    }

    /// The bytes that are stored and signed: JSON in one line, without a line end.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        // Neither a map with other keys than text nor a number that is none is in it.
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// Reads an index.
    ///
    /// # Errors
    /// It is none, too long, of a later format, or does not agree with itself.
    pub fn parse(json: &[u8]) -> Result<Self, Error> {
        if json.len() > MAX_INDEX {
            return Err(Error::TooLong(json.len()));
        }
        let index: Self = match serde_json::from_slice(json) {
            Ok(index) => index,
            // One of a later format may have another shape.
            Err(error) => {
                return Err(match serde_json::from_slice(json) {
                    Ok(Format { format }) if format > FORMAT => Error::Format(format),
                    _ => Error::Json(error),
                });
            }
        };
        if index.format != FORMAT {
            return Err(Error::Format(index.format));
        }
        let lines = index.covers.iter().map(|covered| covered.lines);
        let commands = index.covers.iter().map(|covered| covered.commands);
        for (part, counted, told) in [
            (
                Part::Sessions,
                Some(index.covers.len() as u64),
                &index.sessions,
            ),
            (Part::Commands, sum(commands), &index.commands),
            (Part::Lines, sum(lines), &index.lines),
        ] {
            if counted != Some(told.count) {
                return Err(Error::Count(part.name()));
            }
        }
        for part in Part::ALL {
            let file = index.file(part);
            if file.pieces.len() as u64 != file.bytes.div_ceil(PIECE as u64) {
                return Err(Error::Count(part.name()));
            }
        }
        Ok(index)
    }
}

fn sum(mut counts: impl Iterator<Item = u64>) -> Option<u64> {
    counts.try_fold(0_u64, u64::checked_add)
}

#[derive(Deserialize)]
struct Format {
    #[serde(default)]
    format: u32,
}

/// Tells of a file while it is written.
#[derive(Debug, Default)]
pub struct Telling {
    whole: Sha256,
    piece: Sha256,
    in_piece: usize,
    file: File,
}

impl Telling {
    /// The next bytes of it.
    pub fn update(&mut self, mut bytes: &[u8]) {
        self.whole.update(bytes);
        self.file.bytes += bytes.len() as u64;
        while !bytes.is_empty() {
            let (now, later) = bytes.split_at(bytes.len().min(PIECE - self.in_piece));
            self.piece.update(now);
            self.in_piece += now.len();
            bytes = later;
            if self.in_piece == PIECE {
                self.end_piece();
            }
        }
    }

    /// What an index tells of it; `count` is of its rows.
    #[must_use]
    pub fn finish(mut self, count: u64) -> File {
        if self.in_piece > 0 {
            self.end_piece();
        }
        File {
            digest: hex(&self.whole.finalize()),
            count,
            ..self.file
        }
    }

    fn end_piece(&mut self) {
        self.in_piece = 0;
        self.file
            .pieces
            .push(hex(&self.piece.finalize_reset()[..16]));
    }
}

/// What stands for a manifest in [`Covered::manifest`].
#[must_use]
pub fn digest(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// What stands for a piece in [`File::pieces`].
#[must_use]
pub fn of_piece(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes)[..16])
}

fn hex(digest: &[u8]) -> String {
    use std::fmt::Write;
    let mut text = String::with_capacity(digest.len() * 2);
    for byte in digest {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// Why something is no index of a pack.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// In bytes.
    #[error("index of {0} bytes is longer than the limit of {MAX_INDEX}")]
    TooLong(usize),
    /// Not JSON, or not of the right shape.
    #[error("index does not read: {0}")]
    Json(serde_json::Error),
    /// From a later version of ssm-rec, or no index at all.
    #[error("index has format {0}, only {FORMAT} is known")]
    Format(u32),
    /// What it says of a file does not agree with what it says of sessions.
    #[error("index does not agree with itself about its {0}")]
    Count(&'static str),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index() -> Index {
        Index {
            format: FORMAT,
            day: "2026-11-23".into(),
            number: 1,
            lines: File {
                count: 3,
                ..File::default()
            },
            sessions: File {
                count: 2,
                ..File::default()
            },
            covers: vec![
                Covered {
                    session: "b".into(),
                    lines: 3,
                    ..Covered::default()
                },
                Covered {
                    session: "a".into(),
                    sealed: true,
                    ..Covered::default()
                },
            ],
            ..Index::default()
        }
    }

    #[test]
    fn an_index_is_read_as_it_was_written() {
        assert_eq!(Index::parse(&index().encode()).unwrap(), index());
    }

    #[test]
    fn what_does_not_agree_with_itself_or_is_of_another_format_is_refused() {
        let hides = Index {
            covers: vec![Covered::default()],
            ..index()
        };
        let short = Index {
            grams: File {
                bytes: PIECE as u64 + 1,
                pieces: vec![String::new()],
                ..File::default()
            },
            ..index()
        };
        let later = Index {
            format: FORMAT + 1,
            ..index()
        };
        for (index, expected) in [
            (hides, "index does not agree with itself about its sessions"),
            (short, "index does not agree with itself about its grams"),
            (later, "index has format 2, only 1 is known"),
        ] {
            assert_eq!(
                Index::parse(&index.encode()).unwrap_err().to_string(),
                expected
            );
        }
        let text = String::from_utf8(index().encode()).unwrap();
        // One reader would take the first, another the last.
        let doubled = text.replacen("\"number\":1", "\"number\":1,\"number\":2", 1);
        assert!(matches!(
            Index::parse(doubled.as_bytes()),
            Err(Error::Json(_))
        ));
        let reshaped = text.replacen("\"format\":1", "\"format\":2", 1);
        let reshaped = reshaped.replacen("\"covers\":[", "\"covers\":[7,", 1);
        assert!(matches!(
            Index::parse(reshaped.as_bytes()),
            Err(Error::Format(2))
        ));
    }

    #[test]
    fn pieces_are_the_same_however_a_file_is_written() {
        let bytes: Vec<u8> = (0..PIECE * 2 + 5).map(|at| (at % 251) as u8).collect();
        let mut whole = Telling::default();
        whole.update(&bytes);
        let mut parts = Telling::default();
        bytes.chunks(1000).for_each(|part| parts.update(part));
        let file = whole.finish(7);
        assert_eq!(file, parts.finish(7));
        let pieces: Vec<String> = bytes.chunks(PIECE).map(of_piece).collect();
        assert_eq!((file.pieces, file.bytes), (pieces, bytes.len() as u64));
    }
}
